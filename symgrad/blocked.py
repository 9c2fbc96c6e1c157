"""Running a plan: large arrays in blocks that fit the cache, shared among threads.

How rows are cut into blocks, and blocks into pieces of work, depends on sizes alone, and what the
pieces add up to is added in a fixed order: results are the same for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from symgrad.axes import Labels
from symgrad.blas import one_thread
from symgrad.buffers import Layout, keep, lent, take
from symgrad.crew import share, threads
from symgrad.element_types import BOOL
from symgrad.graph import Node
from symgrad.into import leaves, overlaps
from symgrad.loops import Code
from symgrad.recycled import empty
from symgrad.rows import COMBINED, NUMBERS, ROWS, SUM, Plan, visit_all
from symgrad.shapes import Inference

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

_STARTS: Mapping[str, float] = {"add": -0.0, "maximum": -math.inf, "minimum": math.inf}
"""What changes nothing that it is combined with, to the last bit."""


@dataclass(frozen=True, slots=True)
class Program:
    """A plan with its code.

    `load` gives the functions for a type of elements: `arrays`, which makes arrays of what is
    passed, `laid_out`, which lays the results out, and those of segments. `own_type` says that some
    numbers are doubles whatever the inputs are: then only doubles are computed in blocks.
    """

    plan: Plan
    codes: tuple[Code, ...]
    load: Callable[[Any], Mapping[str, Any]]
    types: Mapping[Node, str]
    inputs: tuple[Node, ...]
    own_type: bool
    source: str
    _loaded: dict[Any, Mapping[str, Any]] = field(default_factory=dict)

    def functions(self, dtype: Any = float) -> Mapping[str, Any]:
        """Its functions by name, for elements of a type."""
        found = self._loaded.get(dtype)
        if found is None:
            found = self._loaded[dtype] = self.load(dtype)
        return found


class Sized:
    """A program for inputs of given shapes.

    Its loops can be run on any part of the rows: `partial` gives what some rows add to the sums,
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
        products = any(code.multiplies for code in program.codes if code.segment.loops)
        numbers = BLOCK * _FOR_PRODUCTS if products else BLOCK
        blocks = -(-self.rows // max(numbers // self._widest(), 1))
        self.step = -(-self.rows // blocks)
        self.bounds = self._bounds()
        self._layouts: dict[tuple[str, Any], Layout] = {}
        self._looped_parts = {
            code.name: [n for n in code.segment.results if plan.kinds[n] == SUM]
            for code in program.codes
            if code.segment.loops
        }

    def _widest(self) -> int:
        """How many numbers a row has, at most."""
        kinds, rows = self.program.plan.kinds, self.program.plan.rows
        widths = [
            math.prod(shape) // self.rows
            for node, shape in self.shapes.items()
            if node in rows and kinds.get(node) == ROWS
        ]
        return max([1, *widths])

    def _bounds(self) -> list[tuple[int, int]]:
        """Where pieces of work begin and end: at blocks, and as the sizes alone say."""
        kinds = self.program.plan.kinds
        sums = [node for node in self.shapes if kinds.get(node) == SUM]
        taken = 8 * sum(math.prod(self.shapes[node]) for node in sums)
        blocks = -(-self.rows // self.step)
        pieces = min(blocks, MOST_PIECES, max(_MOST_SUMS // max(taken, 1), 1))
        ends = [min(at * blocks // pieces * self.step, self.rows) for at in range(pieces + 1)]
        return list(pairwise(ends))

    def layout(self, code: Code, dtype: Any) -> Layout:
        """How the buffers of a loop lie in memory; it is found out once."""
        found = self._layouts.get((code.name, dtype))
        if found is None:
            items = [np.dtype(np.bool_ if kind == BOOL else dtype) for _, kind in code.slots]
            shapes = [self.block_shape(labels) for labels, _ in code.slots]
            buffers = [(*shape, item) for shape, item in zip(shapes, items, strict=True)]
            found = self._layouts[code.name, dtype] = Layout(buffers)
        return found

    def block_shape(self, labels: Labels) -> tuple[tuple[int, ...], int | None]:
        """The shape of a buffer for a block of rows, and which of its axes are the rows."""
        label = self.program.plan.label
        shape = [1 if a is None else self.step if a == label else self._sizes[a] for a in labels]
        return tuple(shape), labels.index(label) if label in labels else None

    def run(
        self, arrays: Sequence[Any], dtype: Any, into: Mapping[Node, Array], wanted: float
    ) -> list[Any]:
        """The results of the program, in order; those in `into` are written there."""
        known: dict[Node, Any] = dict(zip(self.program.inputs, arrays, strict=True))
        known.update(self.numbers)
        for code in self.program.codes:
            taken = [known[node] for node in code.segment.needs]
            if code.segment.loops:
                known.update(self._looped(code, taken, dtype, into, wanted))
            else:
                made = self.program.functions()[code.name](*taken)
                known.update(zip(code.segment.results, made, strict=True))
        return [known[node] for node in self.program.plan.graph.outputs]

    def _looped(
        self,
        code: Code,
        taken: Sequence[Any],
        dtype: Any,
        into: Mapping[Node, Array],
        wanted: float,
    ) -> dict[Node, Array]:
        rows = self._rows_of(code, dtype, into)
        sums = self._sums_of(code)
        pieces = len(self.bounds)
        helped = pieces >= _LEAST_PIECES and threads(wanted) > 1
        if not (sums or helped or code.multiplies):
            with lent(self.layout(code, dtype)) as buffers:
                self.partial(code, taken, rows, (0, self.rows), dtype, buffers)
            return rows
        parts: list[list[Array]] = [[] for _ in self.bounds]

        def work(numbers: Iterator[int]) -> None:
            with np.errstate(all="ignore"), lent(self.layout(code, dtype)) as buffers:
                for number in numbers:
                    part = self.bounds[number]
                    parts[number] = self.partial(code, taken, rows, part, dtype, buffers)

        with one_thread() if code.multiplies else nullcontext():
            share(pieces, work, threads(wanted) if helped else 1)
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            parts = [self.added(code, *pair) for pair in pairs] + parts[len(parts) // 2 * 2 :]
        return rows | dict(zip(sums, parts[0], strict=True))

    def _sums_of(self, code: Code) -> list[Node]:
        return self._looped_parts[code.name]

    def _rows_of(self, code: Code, dtype: Any, into: Mapping[Node, Array]) -> dict[Node, Array]:
        """Arrays for those results of a loop that have its rows."""
        found = {}
        for node in code.segment.results:
            if self.program.plan.kinds[node] != SUM:
                kind = np.bool_ if self.program.types[node] == BOOL else dtype
                found[node] = into[node] if node in into else empty(self.shapes[node], kind)
        return found

    def partial(
        self,
        code: Code,
        taken: Sequence[Any],
        rows: Mapping[Node, Array],
        part: tuple[int, int],
        dtype: Any,
        buffers: Callable[[slice], Sequence[Array]],
    ) -> list[Array]:
        """The sums over some of the rows; what has rows is written to `rows`, in its place."""
        sums = {
            node: np.full(self.shapes[node], _STARTS[COMBINED[node.op]], dtype)
            for node in self._sums_of(code)
        }
        results = [sums[n] if n in sums else rows[n] for n in code.segment.results]
        functions = self.program.functions(dtype)
        if part == (0, self.rows) and self.rows <= self.step:
            functions[code.block](*buffers(slice(*part)), *taken, *results)
        else:
            functions[code.name](*part, self.step, buffers, *taken, *results)
        return list(sums.values())

    def added(self, code: Code, first: Sequence[Array], second: Sequence[Array]) -> list[Array]:
        """The sums over two parts of the rows, in the memory of the first."""
        combine = [getattr(np, COMBINED[node.op]) for node in self._sums_of(code)]
        return [f(x, y, out=x) for f, x, y in zip(combine, first, second, strict=True)]


class Runner:
    """A program for inputs of given shapes, called like the plain code that it stands in for."""

    def __init__(self, program: Program, found: Inference, plain: Callable[..., Any]) -> None:
        self._sized = Sized(program, found)
        self._arrays = program.functions()["arrays"]
        self._laid_out = program.functions()["laid_out"]
        self._own_type = program.own_type
        self._plain = plain
        self._quick = _AtOnce(self._sized) if self.at_once else None

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

    @property
    def at_once(self) -> bool:
        """Whether it is one map over rows that make a single block."""
        sized, code = self._sized, self._sized.program.codes[0]
        alone = len(sized.program.codes) == 1 and code.segment.loops and sized.rows <= sized.step
        maps = all(sized.program.plan.kinds.get(n) == ROWS for n in code.segment.results)
        return alone and maps and all(n.op == "input" for n in code.segment.needs)

    @np.errstate(all="ignore")
    def __call__(self, *values: Any, threads: float = 1, out: Any = None) -> Any:
        """The results, by as many threads; rows are written to the arrays of `out` if they fit."""
        arrays = self._arrays(*values)
        dtype = _type_of(arrays)
        if dtype is None or (self._own_type and dtype != _DOUBLE):
            return self._plain(*values)
        if out is None and self._quick is not None:
            return self._laid_out(*self._quick(arrays, dtype))
        try:
            into: dict[Node, Array] = {} if out is None else self._into(leaves(out), arrays, dtype)
            results = self._sized.run(arrays, dtype, into, threads)
        except ZeroDivisionError:  # Python's numbers, which sizes are, do not divide by zero.
            return self._plain(*values)
        return self._laid_out(*results)

    @np.errstate(all="ignore")
    def on_doubles(self, arrays: Sequence[Array]) -> Any:
        """The results for arrays of doubles of its shapes; None where it is more than one block."""
        return None if self._quick is None else self._laid_out(*self._quick(arrays, _DOUBLE))

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


_DOUBLE, _SINGLE = np.dtype(np.float64), np.dtype(np.float32)


def _type_of(arrays: Sequence[Array]) -> Any:
    """The one type of all floating-point numbers, double or single; None for others."""
    found = None
    for array in arrays:
        dtype = array.dtype
        if dtype.kind == "f" and dtype is not found:
            if found is not None and dtype != found:
                return None
            found = dtype
    return found if found in (_DOUBLE, _SINGLE) else _DOUBLE if found is None else None


class _AtOnce:
    """A map over rows that make one block, with nothing to be found out at a call."""

    def __init__(self, sized: Sized) -> None:
        program = sized.program
        (self._code,) = program.codes
        self._sized = sized
        self._rows = slice(0, sized.rows)
        results = self._code.segment.results
        self._needs = [program.inputs.index(node) for node in self._code.segment.needs]
        self._outputs = [results.index(node) for node in program.plan.graph.outputs]
        self._results = [(sized.shapes[n], program.types[n] == BOOL) for n in results]
        self._ready: dict[Any, tuple[Callable[..., Any], Layout]] = {}

    def __call__(self, arrays: Sequence[Any], dtype: Any) -> list[Array]:
        """The results of the program, in order."""
        found = self._ready.get(dtype)
        if found is None:
            function = self._sized.program.functions(dtype)[self._code.block]
            found = self._ready[dtype] = function, self._sized.layout(self._code, dtype)
        function, layout = found
        results = [np.empty(shape, bool if is_bool else dtype) for shape, is_bool in self._results]
        buffers = take(layout)
        function(*buffers(self._rows), *[arrays[at] for at in self._needs], *results)
        keep(buffers)
        return [results[at] for at in self._outputs]


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
