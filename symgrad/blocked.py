"""Running a plan: large arrays in blocks that fit the cache, shared among threads.

How rows are cut into blocks, and blocks into pieces of work, depends on sizes alone, and what the
pieces add up to is added in a fixed order: results are the same for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import pairwise
from typing import Any

import numpy as np

from symgrad.axes import Labels
from symgrad.blas import one_thread
from symgrad.buffers import Buffers, Layout, Slot, is_short, rows_last
from symgrad.crew import share
from symgrad.elements import BOOL
from symgrad.graph import Node
from symgrad.into import leaves, overlaps
from symgrad.loops import PRODUCTS, Code, multiplies, multiplies_matrices
from symgrad.recycled import empty
from symgrad.rows import COMBINED, NUMBERS, ROWS, SUM, Plan, visit_all
from symgrad.shapes import Inference
from symgrad.written import Program

Array = np.ndarray[Any, Any]

BLOCK = 2**14
"""Numbers in the widest array of a block: with all its buffers it stays in the cache of a core."""

_FOR_PRODUCTS = 2
"""How many times as large blocks are where matrices are multiplied."""

_LEAST_PIECES = 4
"""Where there are fewer, other threads would come too late."""

MOST_PIECES = 64
_MOST_SUMS = 2**25
"""Bytes that the sums of all pieces take together, at most."""

_ALONE = 2**18
_VECTOR = 29
_MATRIX = 2
"""Up to so many products of two numbers OpenBLAS starts no thread for a product of matrices, and up
to the 29th part for one with a vector."""

_STARTS: Mapping[str, float] = {"add": -0.0, "maximum": -math.inf, "minimum": math.inf}
"""What changes nothing that it is combined with, to the last bit."""


class Sized:
    """A program for inputs of given shapes.

    Its loops can be run on any part of the rows: `summed` gives what some rows add to the sums,
    `added` adds two of those, and `run` does all of it.
    """

    def __init__(self, program: Program, found: Inference) -> None:
        plan = program.plan
        self.program = program
        visit_all(plan.graph, found)
        shapes = {node: shape for node, shape in found.shapes.items() if shape is not None}
        self.shapes = {node: tuple([n or 0 for n in shape]) for node, shape in shapes.items()}
        self.numbers = _values(plan, found)
        self._sizes: dict[int, int] = {}
        for node, labels in plan.axes.labels.items():
            if node in self.shapes:
                pairs = zip(labels, self.shapes[node], strict=True)
                self._sizes.update((a, size) for a, size in pairs if a is not None)
        self.rows = self._sizes[plan.label]
        products = any(map(multiplies, plan.segments))
        numbers = BLOCK * _FOR_PRODUCTS if products else BLOCK
        blocks = -(-self.rows // max(numbers // self._widest(), 1))
        self.step = -(-self.rows // blocks)
        self.bounds = self._bounds()
        self._turned = not any(map(multiplies_matrices, plan.segments))
        self._layouts: dict[tuple[Code, Any], Layout] = {}
        self._whole: dict[Any, Any] = {}
        self._few = self._products() <= _ALONE

    @property
    def at_once(self) -> bool:
        """Whether all rows are one block."""
        return self.step >= self.rows

    def _widest(self) -> int:
        """How many numbers a row has, at most."""
        kinds, rows = self.program.plan.kinds, self.program.plan.rows
        widths = [
            math.prod(shape) // self.rows
            for node, shape in self.shapes.items()
            if node in rows and kinds.get(node) == ROWS
        ]
        return max([1, *widths])

    def _products(self) -> int:
        """How many products of two numbers the largest product of arrays is made of, at most.

        That with a vector starts threads for fewer of them.
        """
        labels = self.program.plan.axes.labels
        most = self.rows * self._widest() * _VECTOR
        for node in self.program.plan.graph.nodes:
            if node.op in PRODUCTS and all(part in labels for part in (node, *node.args)):
                axes = {label for arg in node.args for label in labels[arg]}
                size = math.prod(self._sizes[label] for label in axes if label is not None)
                vector = min(len(labels[arg]) for arg in node.args) < _MATRIX
                most = max(most, size * _VECTOR if vector else size)
        return most

    def _bounds(self) -> list[tuple[int, int]]:
        """Where pieces of work begin and end: at blocks, and as the sizes alone say."""
        kinds = self.program.plan.kinds
        sums = [node for node in self.shapes if kinds.get(node) == SUM]
        taken = 8 * sum(math.prod(self.shapes[node]) for node in sums)
        blocks = -(-self.rows // self.step)
        pieces = min(blocks, MOST_PIECES, max(_MOST_SUMS // max(taken, 1), 1))
        ends = [min(at * blocks // pieces * self.step, self.rows) for at in range(pieces + 1)]
        return list(pairwise(ends))

    def slot(self, labels: Labels, kind: str) -> Slot:
        """The buffer for a block of rows of something with such axes."""
        label = self.program.plan.label
        sizes = [1 if a is None else self.step if a == label else self._sizes[a] for a in labels]
        shape = tuple(sizes)
        if label not in labels:
            return Slot(shape, None, kind == BOOL)
        axis = labels.index(label)
        return Slot(shape, axis, kind == BOOL, self._turned and is_short(shape, axis))

    def run(
        self, arrays: Sequence[Any], dtype: Any, into: Mapping[Node, Array], threads: int
    ) -> list[Any]:
        """The results of the program, in order; those in `into` are written there."""
        if self.at_once:
            return self._at_once(arrays, dtype, into)
        known: dict[Node, Any] = dict(zip(self.program.inputs, arrays, strict=True))
        known.update(self.numbers)
        for code in self.program.codes:
            taken = [known[node] for node in code.segment.needs]
            if code.segment.loops:
                known.update(self._looped(code, taken, dtype, into, threads))
            else:
                made = self.program.functions[code.name](*taken)
                known.update(zip(code.segment.results, made, strict=True))
        return [known[node] for node in self.program.plan.graph.outputs]

    def _at_once(self, arrays: Sequence[Any], dtype: Any, into: Mapping[Node, Array]) -> list[Any]:
        """The results where all rows are one block, whose sums are not added to anything."""
        found = self._whole.get(dtype)
        if found is None:
            written = self.program.written(at_once=True)
            layouts = [self._layout(c, dtype) for c in written.codes if c.segment.loops]
            numbers = [self.numbers[node] for node in written.numbers]
            function = written.functions["at_once"]
            found = self._whole[dtype] = function, layouts, written.rows, numbers
        function, layouts, nodes, numbers = found
        rows = [self._array(node, dtype, into) for node in nodes]
        with nullcontext() if self._few else one_thread(), Buffers(*layouts) as views:
            results: list[Any] = function(views(self.rows), rows, numbers, *arrays)
        return results

    def _layout(self, code: Code, dtype: Any) -> Layout:
        """Where the buffers of a loop stand in memory."""
        layout = self._layouts.get((code, dtype))
        if layout is None:
            slots = [self.slot(labels, kind) for labels, kind in code.slots]
            layout = self._layouts[code, dtype] = Layout(slots, dtype)
        return layout

    def _looped(
        self, code: Code, taken: Sequence[Any], dtype: Any, into: Mapping[Node, Array], threads: int
    ) -> dict[Node, Array]:
        rows = self._rows_of(code, dtype, into)
        sums = self.summed(code, taken, rows, self.bounds, dtype, threads)
        return rows | dict(zip(code.sums, sums, strict=True))

    def summed(
        self,
        code: Code,
        taken: Sequence[Any],
        rows: Mapping[Node, Array],
        bounds: Sequence[tuple[int, int]],
        dtype: Any,
        threads: int = 1,
    ) -> list[Array]:
        """The sums of a loop over pieces of the rows; what has rows is written to `rows`."""
        parts: list[list[Array]] = [[] for _ in bounds]

        def work(numbers: Iterator[int]) -> None:
            with np.errstate(all="ignore"), Buffers(self._layout(code, dtype)) as buffers:
                for number in numbers:
                    part = bounds[number]
                    parts[number] = self._partial(code, taken, rows, part, dtype, buffers)

        pieces = len(bounds)
        with one_thread() if code.multiplies else nullcontext():
            share(pieces, work, threads if pieces >= _LEAST_PIECES else 1)
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            parts = [self.added(code, *pair) for pair in pairs] + parts[len(parts) // 2 * 2 :]
        return parts[0]

    def _rows_of(self, code: Code, dtype: Any, into: Mapping[Node, Array]) -> dict[Node, Array]:
        """Arrays for those results of a loop that have its rows."""
        rows = [node for node in code.segment.results if code.rows(node)]
        return {node: self._array(node, dtype, into) for node in rows}

    def _array(self, node: Node, dtype: Any, into: Mapping[Node, Array]) -> Array:
        if node in into:
            return into[node]
        return self._empty(node, np.bool_ if self.program.types[node] == BOOL else dtype)

    def _empty(self, node: Node, kind: Any) -> Array:
        """An array for rows; what is only kept for other loops is laid out as their buffers are."""
        plan, shape = self.program.plan, self.shapes[node]
        axis = plan.rows[node]
        if node in plan.graph.outputs or not (self._turned and is_short(shape, axis)):
            return empty(shape, kind)
        return np.moveaxis(empty(rows_last(shape, axis), kind), -1, axis)

    def _partial(
        self,
        code: Code,
        taken: Sequence[Any],
        rows: Mapping[Node, Array],
        part: tuple[int, int],
        dtype: Any,
        buffers: Callable[[int], Sequence[Sequence[Array]]],
    ) -> list[Array]:
        """The sums over some of the rows; what has rows is written to `rows`, in its place."""
        sums = {
            node: np.full(self.shapes[node], _STARTS[COMBINED[node.op]], dtype)
            for node in code.sums
        }
        results = [sums[n] if n in sums else rows[n] for n in code.segment.results]
        function = self.program.functions[code.name]
        function(*part, self.step, buffers, *taken, *results)
        return list(sums.values())

    def added(self, code: Code, first: Sequence[Array], second: Sequence[Array]) -> list[Array]:
        """The sums over two parts of the rows, in the memory of the first."""
        combine = [getattr(np, COMBINED[node.op]) for node in code.sums]
        return [f(x, y, out=x) for f, x, y in zip(combine, first, second, strict=True)]


class Runner:
    """A program for inputs of given shapes, called like the plain code that it stands in for."""

    def __init__(self, program: Program, found: Inference, plain: Callable[..., Any]) -> None:
        self._sized = Sized(program, found)
        self._found = found
        self._careful: Runner | None = None
        if program.witnesses and not all(map(math.prod, self._sized.shapes.values())):
            self._sized = Sized(program.careful or program, found)
        program = self._sized.program
        functions = program.written(self._sized.at_once).functions
        self._arrays = functions["arrays"]
        self._laid_out = functions["laid_out"]
        self._own_type = program.own_type
        self._witnesses = program.witnesses
        self._plain = plain

    @property
    def shares(self) -> bool:
        """Whether there is enough to do for more than one thread."""
        return len(self._sized.bounds) >= _LEAST_PIECES

    @property
    def needed(self) -> int:
        """The bytes of results, of what is kept between loops, and of sums."""
        sized, plan = self._sized, self._sized.program.plan
        whole = {
            node for s in plan.segments for node in (*s.results, *([] if s.loops else s.nodes))
        }
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
            assert program is not None
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


def _is_finite(result: Any) -> bool:
    return math.isfinite(result) if isinstance(result, float) else bool(np.isfinite(result).all())


_DOUBLE, _SINGLE = np.dtype(np.float64), np.dtype(np.float32)


def _values(plan: Plan, found: Inference) -> dict[Node, float]:
    """The numbers that are made of sizes; whole ones are Python's integers."""
    values: dict[Node, float] = {}
    with np.errstate(all="ignore"):
        for node in plan.graph.nodes:
            if node.op in NUMBERS:
                values[node] = found.number(node) or 0
            elif node in plan.numbers:
                operands: list[Any] = [values.get(a, a.value) for a in node.args]
                values[node] = float(getattr(np, node.op)(*[np.float64(v) for v in operands]))
    return {n: int(v) if float(v).is_integer() else v for n, v in values.items()}
