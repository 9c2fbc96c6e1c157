"""A program in blocks, called like the plain code that it stands in for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.graph import Node
from symgrad.running.blocked import Program, Sized
from symgrad.running.into import leaves, overlaps
from symgrad.shapes import Inference
from symgrad.writing.loops import multiplies
from symgrad.writing.rows import ROWS, SUM

Array = np.ndarray[Any, Any]

_DOUBLE, _SINGLE = np.dtype(np.float64), np.dtype(np.float32)


_NOWHERE: Mapping[Node, Array] = {}


class Runner:
    """A program for inputs of given shapes, called like the plain code that it stands in for."""

    def __init__(self, program: Program, found: Inference, plain: Callable[..., Any]) -> None:
        self._sized = Sized(program, found)
        self._found = found
        self._careful: Runner | None = None
        if program.witnesses and not all(map(math.prod, self._sized.shapes.values())):
            self._sized = Sized(program.careful or program, found)
        program = self._sized.program
        functions = program.written(self._sized.at_once).functions(_DOUBLE)
        self._arrays = functions["arrays"]
        self._laid_out = functions["laid_out"]
        self._count = len(program.inputs)
        self._own_type = program.own_type
        self._witnesses = program.witnesses
        self._plain = plain
        self._way = self._sized.way(_DOUBLE)
        self.shares = self._sized.shares

    @property
    def is_map(self) -> bool:
        """Whether it is one map over rows that make a single block."""
        sized, program = self._sized, self._sized.program
        if program.witnesses or not sized.at_once or len(program.plan.segments) != 1:
            return False
        (segment,) = program.plan.segments
        maps = all(program.plan.kinds.get(node) == ROWS for node in segment.results)
        plain = segment.loops and not multiplies(segment)
        return plain and maps and all(node.op == "input" for node in segment.needs)

    @np.errstate(all="ignore")
    def on_doubles(self, arrays: Sequence[Array], threads: int) -> Any:
        """The results for arrays of doubles of its shapes; None where it takes more."""
        given = arrays if len(arrays) == self._count else self._arrays(*arrays)
        results = self._way(given, _NOWHERE, threads)
        for place in self._witnesses:
            if not _is_finite(results[place]):
                return None
        return self._laid_out(*results)

    @property
    def needed(self) -> int:
        """The bytes of results, of what is kept between loops, and of sums."""
        sized, plan = self._sized, self._sized.program.plan
        whole = {
            node for s in plan.segments for node in (*s.results, *([] if s.loops else s.nodes))
        }
        whole.difference_update(sized.program.written(sized.at_once).homes)
        kept = sum(math.prod(sized.shapes.get(node, ())) for node in whole)
        sums = sum(math.prod(sized.shapes[n]) for n, kind in plan.kinds.items() if kind == SUM)
        return _DOUBLE.itemsize * (kept + len(sized.bounds) * sums)

    @np.errstate(all="ignore")
    def __call__(self, *values: Any, threads: int = 1, out: Any = None) -> Any:
        """The results, by as many threads; rows are written to the arrays of `out` if they fit."""
        arrays = self._arrays(*values)
        types = {array.dtype for array in arrays if array.dtype.kind == "f"}
        dtype = types.pop() if types else np.dtype(np.float64)
        if types or dtype not in (_DOUBLE, _SINGLE) or (self._own_type and dtype != _DOUBLE):
            return self._plain(*values)
        try:
            into = {} if out is None else self._into(leaves(out), arrays, dtype)
            results = self._sized.run(arrays, dtype, into, threads)
        except ZeroDivisionError:  # Python's numbers, which sizes are, do not divide by zero.
            return self._plain(*values)
        if self._witnesses and not all(_is_finite(results[at]) for at in self._witnesses):
            return self._carefully(*values, threads=threads, out=out)
        return self._laid_out(*results)

    def _carefully(self, *values: Any, threads: int, out: Any) -> Any:
        """The results for numbers that are not all finite."""
        if self._careful is None:
            program = self._sized.program.careful
            if program is None:
                return self._plain(*values)
            self._careful = Runner(program, self._found, self._plain)
        return self._careful(*values, threads=threads, out=out)

    def _into(self, wanted: list[Any], arrays: list[Any], dtype: Any) -> dict[Node, Array]:
        """By node, arrays to write rows to as they are computed: none unless all are in order."""
        sized = self._sized
        outputs = sized.program.plan.graph.outputs
        fit = len(wanted) == len(outputs) and all(
            isinstance(buffer, np.ndarray)
            and (buffer.shape, buffer.dtype) == (sized.shapes[node], dtype)
            and buffer.flags.writeable
            for node, buffer in zip(outputs, wanted, strict=False)
        )
        if not fit or len(overlaps(wanted, wanted)) > len(wanted) or overlaps(wanted, arrays):
            return {}
        return dict(zip(outputs, wanted, strict=True))


class Flattened(Runner):
    """A formula of elements for arrays of one shape with several axes, run as if they had one.

    `plain` and what `otherwise` makes are for arrays as they are: the latter where some do not lie
    in memory in one piece.
    """

    def __init__(
        self,
        program: Program,
        found: Inference,
        plain: Callable[..., Any],
        shape: Sequence[int | None],
        otherwise: Callable[[], Callable[..., Any]],
    ) -> None:
        super().__init__(program, found, lambda *rows: plain(*self._folded(rows)))
        laid_out = self._laid_out
        self._laid_out = lambda *rows: laid_out(*self._folded(rows))
        self._shape = tuple([size or 0 for size in shape])
        self._otherwise = otherwise
        self._other: Callable[..., Any] | None = None

    @property
    def has_rows(self) -> bool:
        """Whether results are rows or numbers: a Jacobian is neither."""
        sized = self._sized
        shapes = [sized.shapes[node] for node in sized.program.plan.graph.outputs]
        return {(sized.rows,), ()}.issuperset(shapes)

    def _folded(self, rows: Sequence[Any]) -> list[Any]:
        return [row.reshape(self._shape) if np.ndim(row) else row for row in rows]

    def __call__(self, *values: Any, threads: int = 1, out: Any = None) -> Any:
        """The results, by as many threads; written to the arrays of `out` if they fit."""
        buffers = [] if out is None else leaves(out)
        arrays = [value for value in (*values, *buffers) if isinstance(value, np.ndarray)]
        if all(array.flags.c_contiguous for array in arrays):
            rows = [np.reshape(value, -1) if np.ndim(value) else value for value in values]
            into = [b.reshape(-1) if isinstance(b, np.ndarray) else b for b in buffers]
            return super().__call__(*rows, threads=threads, out=into or None)
        if self._other is None:
            self._other = self._otherwise()
        if isinstance(self._other, Runner):
            return self._other(*values, threads=threads, out=out)
        return self._other(*values)


def _is_finite(result: Any) -> bool:
    return math.isfinite(result) if isinstance(result, float) else bool(np.isfinite(result).all())
