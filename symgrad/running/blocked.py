"""Running a plan: large arrays in blocks that fit the cache, shared among threads.

How rows are cut into blocks, and blocks into pieces of work, depends on sizes alone, and what the
pieces add up to is added in a fixed order: results are the same for any number of threads.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from symgrad.graph import Node
from symgrad.rewriting.finish import VIEWS
from symgrad.running.blas import one_thread
from symgrad.running.buffers import Layout, Slot, given_back, is_short, rows_last, taken
from symgrad.running.pieces import InTurn, RowLoop, nothing
from symgrad.running.recycled import maker
from symgrad.shapes import Inference
from symgrad.shaping.axes import Labels
from symgrad.writing.elements import BOOL
from symgrad.writing.loops import PRODUCTS, multiplies_matrices
from symgrad.writing.rows import COMBINED, NUMBERS, ROWS, SUM, Plan, visit_all
from symgrad.writing.segments import Code

Array = np.ndarray[Any, Any]

BLOCK = 2**15
"""Numbers that an operation on a block has on the average: its buffers stay near the core, and what
is done at a time takes longer than another thread takes to wake up and get its turn in between."""

_MOST_LIVE = 2**21
"""Numbers in all buffers of a block, at most."""

_WIDER = 4
"""How many times as many an array of a block has, at most."""

_EVEN = 4
"""Where there are more blocks, it is a multiple of this: as much to do for each thread."""

_LONG: Mapping[str, int] = {
    **dict.fromkeys("exp exp2 expm1 log log2 log10 log1p tan tanh sinh cosh power".split(), 4),
    **dict.fromkeys("sin cos remainder floor_divide logaddexp _logaddexp".split(), 20),
    **dict.fromkeys("erf erfc ndtr _log_ndtr gammaln digamma zeta".split(), 40),
}
"""How many sums take as long as one of these."""

_MANY = 8
_ALIGNED = (512, 16)
"""Numbers in a page, and in one or two lines of the cache: where blocks of many such begin."""

MOST_PIECES = 64
_MOST_SUMS = 2**25
"""Bytes that the sums of all pieces take together, at most."""

_ALONE = 2**18
_VECTOR = 29
_MATRIX = 2
_ADDED_UP = ("sum", "unbroadcast")
"""Up to so many products of two numbers OpenBLAS starts no thread for a product of matrices, and up
to the 29th part for one with a vector."""


@dataclass(frozen=True, slots=True)
class Written:
    """The code of a plan: `functions` gives those of its segments, by name, and some more.

    `arrays` makes arrays of what is passed, `laid_out` lays the results out. Where all rows are one
    block, `at_once` calls the others: with `rows`, the results that have rows, and with `numbers`.
    `homes` tells in the memory of which results others lie.
    `load` makes them all for elements of a type.
    """

    codes: tuple[Code, ...]
    load: Callable[[Any], Mapping[str, Callable[..., Any]]]
    source: str
    rows: tuple[Node, ...]
    numbers: tuple[Node, ...]
    homes: Mapping[Node, Node]
    _loaded: dict[Any, Mapping[str, Callable[..., Any]]] = field(default_factory=dict)

    def functions(self, dtype: Any) -> Mapping[str, Callable[..., Any]]:
        """The functions for elements of a type."""
        found = self._loaded.get(dtype)
        if found is None:
            found = self._loaded[dtype] = self.load(dtype)
        return found


class Program:
    """A plan with its code, which is written when it is first needed.

    `own_type` says that some numbers are doubles whatever the inputs are: then only doubles are
    computed in blocks. `write` gives the code, for rows in blocks or for all of them at once.
    Where one of the outputs in `witnesses` is not finite, the program that `careful` makes is to be
    run instead.
    """

    def __init__(
        self,
        plan: Plan,
        types: Mapping[Node, str],
        inputs: tuple[Node, ...],
        own_type: bool,
        write: Callable[[bool], Written],
        witnesses: tuple[int, ...] = (),
        careful: Callable[[], Program | None] | None = None,
    ) -> None:
        self.plan = plan
        self.types = types
        self.inputs = inputs
        self.own_type = own_type
        self._write = write
        self._written: dict[bool, Written] = {}
        self.witnesses = witnesses
        self._careful = careful
        self._made: Program | None = None

    @property
    def careful(self) -> Program | None:
        """The program for numbers that may not be finite, where this one is only for others."""
        if self._made is None and self._careful is not None:
            self._made = self._careful()
        return self._made

    def written(self, at_once: bool) -> Written:
        """The code for rows in blocks, or for all rows at once."""
        found = self._written.get(at_once)
        if found is None:
            found = self._written[at_once] = self._write(at_once)
        return found

    @property
    def codes(self) -> tuple[Code, ...]:
        """The segments as code, for rows in blocks."""
        return self.written(at_once=False).codes

    def functions(self, dtype: Any) -> Mapping[str, Callable[..., Any]]:
        """The functions of the code for rows in blocks."""
        return self.written(at_once=False).functions(dtype)

    @property
    def sources(self) -> tuple[str, ...]:
        """The text of all code that was written."""
        own = [written.source for written in self._written.values()]
        return (*own, *(self._made.sources if self._made is not None else ()))


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
        self.step = self._block()
        self.bounds = self._bounds()
        self._turned = not multiplies_matrices(plan)
        self._layouts: dict[tuple[Code, Any], Layout] = {}
        self._loops: dict[tuple[Code, Any], RowLoop] = {}
        self._ways: dict[Any, AllRows | InTurn] = {}

    @property
    def shares(self) -> bool:
        """Whether what is done at a time is long enough for other threads to get their turn."""
        return len(self.bounds) > 1 and self._long() * self.step >= self.rows * (BLOCK // 2)

    @property
    def at_once(self) -> bool:
        """Whether all rows are one block."""
        return self.step >= self.rows

    def _block(self) -> int:
        """How many rows a block has."""
        operations = self._operations()
        widths = [math.prod(shape) // self.rows for shape, _ in operations]
        numbers = max(sum(widths) // max(len(widths), 1), max(widths, default=1) // _WIDER, 1)
        most = BLOCK // numbers
        if len(operations) > _MOST_LIVE // BLOCK:
            most = min(most, _MOST_LIVE // max(self._live(), 1))
        blocks = -(-self.rows // max(most, 1))
        blocks = max(blocks, min(self._long() // BLOCK, _EVEN, self.rows))
        even = _EVEN if blocks > _EVEN else 2
        if blocks > 1:
            blocks = (blocks + even // 2) // even * even
        step = -(-self.rows // blocks)
        unit = next((unit for unit in _ALIGNED if step >= _MANY * unit), 1)
        return -(-step // unit) * unit

    def _live(self) -> int:
        """How many numbers of a row are needed at the same time, at most."""
        plan = self.program.plan
        widths = {n: math.prod(s) // self.rows for n, s in self.shapes.items() if n in plan.rows}
        last = {arg: node for node in plan.graph.nodes for arg in node.args if arg in widths}
        ends = Counter[Node]()
        for node, end in last.items():
            ends[end] += widths[node] if node.op not in VIEWS else 0
        live = most = 0
        for node in plan.graph.nodes:
            live += widths[node] if node in last and node.op not in VIEWS else 0
            most = max(most, live)
            live -= ends[node]
        return most

    def _operations(self) -> list[tuple[tuple[int, ...], str]]:
        """The shape and the name of each operation on rows."""
        kinds = self.program.plan.kinds
        rows = [n for n, kind in kinds.items() if kind == ROWS and n.args and n.op not in VIEWS]
        return [(self.shapes[node], node.op) for node in rows if node in self.shapes]

    def _long(self) -> int:
        """How many sums take as long as an operation on all rows does on the average."""
        work = [math.prod(shape) * _LONG.get(op, 1) for shape, op in self._operations()]
        return sum(work) // max(len(work), 1)

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
        return self.way(dtype)(arrays, into, threads)

    def way(self, dtype: Any) -> AllRows | InTurn:
        """What runs the program for elements of a type."""
        found = self._ways.get(dtype)
        if found is None:
            made = AllRows(self, dtype) if self.at_once else self._in_turn(dtype)
            found = self._ways[dtype] = made
        return found

    def _in_turn(self, dtype: Any) -> InTurn:
        values = [*self.program.inputs, *self.numbers]
        steps = []
        for code in self.program.codes:
            places = [values.index(node) for node in code.segment.needs]
            loops = code.segment.loops
            run = self.loop(code, dtype) if loops else self.program.functions(dtype)[code.name]
            steps.append((run, loops, places))
            values += code.segment.results
        outputs = [values.index(node) for node in self.program.plan.graph.outputs]
        homes = self.program.written(at_once=False).homes
        guests = [(node, home, self.array(home, dtype)) for node, home in homes.items()]
        return InTurn(steps, [*self.numbers.values()], outputs, self.bounds, guests)

    def products(self) -> int:
        """How many products of two numbers the largest product of arrays is made of, at most.

        One with a vector counts for more: libraries share that among threads much earlier.
        """
        labels = self.program.plan.axes.labels
        most = 0
        for node in self.program.plan.graph.nodes:
            if node.op in _ADDED_UP and len(labels.get(node.args[0], ())) >= _MATRIX:
                most = max(most, math.prod(self.shapes[node.args[0]]) * _VECTOR)
            if node.op in PRODUCTS and all(part in labels for part in (node, *node.args)):
                axes = {label for arg in node.args for label in labels[arg]}
                size = math.prod(self._sizes[label] for label in axes if label is not None)
                ranks = [len(labels[part]) for part in (node, *node.args)]
                most = max(most, size if min(ranks) >= _MATRIX else size * _VECTOR)
        return most

    def layout(self, code: Code, dtype: Any) -> Layout:
        """Where the buffers of a loop stand in memory."""
        layout = self._layouts.get((code, dtype))
        if layout is None:
            slots = [self.slot(labels, kind) for labels, kind in code.slots]
            layout = self._layouts[code, dtype] = Layout(slots, dtype)
        return layout

    def loop(self, code: Code, dtype: Any) -> RowLoop:
        """A loop for elements of a type."""
        found = self._loops.get((code, dtype))
        if found is None:
            functions = self.program.functions(dtype)
            makers = {n: self.array(n, dtype) for n in code.segment.results if code.rows(n)}
            sums = [(COMBINED[node.op], self.shapes[node], dtype) for node in code.sums]
            layout = self.layout(code, dtype)
            made = RowLoop(code, functions[code.name], layout, self.step, makers, sums)
            found = self._loops[code, dtype] = made
        return found

    def array(self, node: Node, dtype: Any) -> Callable[[], Array]:
        """Makes arrays for rows; what is only kept for loops is laid out as their buffers are."""
        plan, shape = self.program.plan, self.shapes[node]
        kind = np.dtype(np.bool_ if self.program.types[node] == BOOL else dtype)
        axis = plan.rows[node]
        turned = node not in plan.graph.outputs and self._turned and is_short(shape, axis)
        order = rows_last(shape, axis) if turned else shape
        make = maker(order, kind)
        return (lambda: np.moveaxis(make(), -1, axis)) if turned else make


class AllRows:
    """A program whose rows are all one block, with little to be found out at a call."""

    def __init__(self, sized: Sized, dtype: Any) -> None:
        written = sized.program.written(at_once=True)
        self._function = written.functions(dtype)["at_once"]
        self._layouts = [sized.layout(code, dtype) for code in written.codes if code.segment.loops]
        self._bytes = max([0, *[layout.bytes for layout in self._layouts]])
        self._numbers = [sized.numbers[node] for node in written.numbers]
        self._rows: dict[Node, Callable[[], Any]] = {
            node: nothing if node in written.homes else sized.array(node, dtype)
            for node in written.rows
        }
        at = written.rows.index
        self._guests = [(at(guest), at(home)) for guest, home in written.homes.items()]
        self._count = sized.rows
        self._alone = sized.products() <= _ALONE

    def __call__(
        self, arrays: Sequence[Any], into: Mapping[Node, Array], threads: int = 1
    ) -> list[Any]:
        """The results, in order; those in `into` are written there."""
        rows = [into[node] if node in into else make() for node, make in self._rows.items()]
        for guest, home in self._guests:
            rows[guest] = rows[home]
        memory = taken(self._bytes)
        try:
            buffers = [memory.views(layout, self._count) for layout in self._layouts]
            results: list[Any]
            if self._alone:
                results = self._function(buffers, rows, self._numbers, *arrays)
            else:
                with one_thread():
                    results = self._function(buffers, rows, self._numbers, *arrays)
        finally:
            given_back(memory)
        return results


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
