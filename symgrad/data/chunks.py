"""A formula on chunks of rows: what each chunk gives, and how what they give is added.

A chunk runs the same code as a block of a large array. What the chunks add to a sum is added in
pairs, then pairs of pairs, so that a result depends on the chunks alone, and not on who computes
them, in which order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from symgrad.call import Caller
from symgrad.data.sources import template
from symgrad.errors import CoupledError, InputError, Span, SymgradError
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node, ancestors
from symgrad.limits import Limits
from symgrad.pipeline import Known, index_inputs
from symgrad.running.blas import one_thread
from symgrad.running.blocked import Program, Sized
from symgrad.running.faults import FAULTS, fault
from symgrad.running.results import plain
from symgrad.writing.elements import BOOL, DOUBLE
from symgrad.writing.rows import SUM, coupling
from symgrad.writing.segments import Code

Array = np.ndarray[Any, Any]
Part = TypeVar("Part")

_TYPES = (np.dtype(np.float64), np.dtype(np.float32))

_LOOKED_UP = "A few numbers m at k: sum(where(k[:, None] == arange(len(m)), m, 0), axis=1).\n"
"""What to write where each row looks something up."""


@dataclass(frozen=True, slots=True)
class Chunkable:
    """A compiled formula as chunks need it; `again(*options)` compiles it once more, elsewhere."""

    text: str
    lowered: Graph
    table: FunctionTable
    limits: Limits
    caller: Caller
    program: Callable[[Known, tuple[str, int]], Program | None]
    again: Callable[..., Any]
    options: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of an input; `number` says that it is a number of Python."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    number: bool = False

    def template(self) -> Array:
        """An array like it that takes no memory."""
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)


class Chunked:
    """A formula for inputs of given shapes and types, of which one has rows along an axis.

    Parameters
    ----------
    given, numbers:
        The inputs, and those numbers among them that serve as an index or a size.
    rows:
        The input whose rows they are, and the axis.

    Attributes
    ----------
    axes:
        For each input that has these rows, along which axis.
    outputs:
        For each result in order: its node, the segment that gives it, and its place there.

    Raises
    ------
    CoupledError
        Something in the formula needs all rows at once.
    InputError
        An input does not fit.
    """

    def __init__(
        self,
        formula: Chunkable,
        given: Sequence[Given],
        numbers: Mapping[str, int],
        rows: tuple[str, int],
    ) -> None:
        self.formula = formula
        self.given = {one.name: one for one in given}
        templates = {one.name: one.template() for one in given}
        for name, number in numbers.items():
            templates[name] = np.asarray(number)
        self._templates = templates
        known = formula.caller.known(templates)
        formula.caller.fitted(known)
        program = formula.program(known, rows)
        if program is None:
            whole = (0, len(formula.text))
            raise self._coupled("this is not computed in rows", whole, rows[0])
        node = coupling(program.plan)
        if node is not None:
            span = _span(node, program)
            message = f"{formula.text[slice(*span)]:.60} needs all rows of its operands at once"
            looks_up = node.op == "index" and node.args[0] not in program.plan.rows
            raise self._coupled(message, span, rows[0], _LOOKED_UP if looks_up else "")
        self.program = program
        self.sized = Sized(program, known.infer())
        self.given_type = self._type()
        self.dtype = _TYPES[0] if program.own_type else self.given_type
        self.axes = {
            str(node.value): program.plan.rows[node]
            for node in program.inputs
            if node in program.plan.rows
        }
        self._place()

    def _coupled(self, message: str, span: Span, name: str, instead: str = "") -> CoupledError:
        hint = "Chunks of rows cannot give that. Where it fits in memory, pass"
        hint = f"{instead}{hint} np.asarray({name})."
        return CoupledError(message, self.formula.text, span, hint)

    def _type(self) -> np.dtype[Any]:
        """The type that all is computed in."""
        arrays = self._arrays({})
        types = {array.dtype for array in arrays if array.dtype.kind == "f"}
        dtype = types.pop() if types else _TYPES[0]
        if dtype not in _TYPES:
            raise InputError(
                f"data in chunks is computed in float64 or float32, not in {dtype}",
                hint="Pass the inputs as one of these: x.astype(np.float64).",
            )
        return dtype

    def _place(self) -> None:
        """Where each segment finds what it needs of others."""
        plan, kinds = self.program.plan, self.program.plan.kinds
        self.totals: list[list[Node]] = []
        self.rows_of: list[list[Node]] = []
        for code in self.program.codes:
            results, loops = code.segment.results, code.segment.loops
            self.rows_of.append([n for n in results if loops and kinds[n] != SUM])
            self.totals.append([n for n in results if not loops or kinds[n] == SUM])
        made = {node: at for at, nodes in enumerate(self.totals) for node in nodes}
        needs = [code.segment.needs for code in self.program.codes]
        self.earlier = [sorted({made[n] for n in nodes if n in made}) for nodes in needs]
        self.inputs = [
            [
                str(node.value)
                for node in code.segment.needs
                if node.op == "input" and (code.segment.loops or node not in plan.rows)
            ]
            for code in self.program.codes
        ]
        places = {
            node: (at, place)
            for nodes in (self.totals, self.rows_of)
            for at, part in enumerate(nodes)
            for place, node in enumerate(part)
        }
        self.outputs = [(node, *places.get(node, (-1, 0))) for node in plan.graph.outputs]

    def loops(self, at: int) -> bool:
        """Whether a segment runs on chunks of rows."""
        return self.program.codes[at].segment.loops

    def has_rows(self, node: Node) -> bool:
        """Whether a result comes in chunks, as the rows do."""
        return any(node in nodes for nodes in self.rows_of)

    def type_of(self, node: Node) -> np.dtype[Any]:
        """The type in which a result is computed."""
        return np.dtype(np.bool_) if self.program.types.get(node) == BOOL else self.dtype

    def as_result(self, node: Node, value: Any) -> Array:
        """What was computed for a result, in the type that it has as one."""
        return np.asanyarray(value, self.result_type(node))

    def result_type(self, node: Node) -> np.dtype[Any]:
        """The type of a result: that of the inputs, though some were computed in doubles."""
        kind = self.program.types.get(node)
        return self.type_of(node) if kind in (BOOL, DOUBLE) else self.given_type

    def shape(self, node: Node, count: int) -> tuple[int, ...]:
        """The shape of a result for a number of rows."""
        axis = self.program.plan.rows[node]
        shape = self.sized.shapes[node]
        return (*shape[:axis], count, *shape[axis + 1 :])

    def run(
        self,
        at: int,
        values: Mapping[str, Any],
        totals: Sequence[Sequence[Any]],
        span: tuple[int, int] = (0, 0),
        into: Sequence[Array] | None = None,
    ) -> tuple[list[Any], list[Array]]:
        """What a segment gives: totals, or what a chunk adds to them; and what has rows.

        `values` are the inputs that it needs, those with rows cut to the chunk, whose rows go from
        and to those in `span`; `totals` are those of the `earlier` segments. What has rows is
        written to `into`.
        """
        code = self.program.codes[at]
        try:
            with np.errstate(all="ignore"), one_thread():
                return self._run(code, at, values, totals, span, into)
        except FAULTS as error:
            raise self._fault(values, error) from None

    def _run(
        self,
        code: Code,
        at: int,
        values: Mapping[str, Any],
        totals: Sequence[Sequence[Any]],
        span: tuple[int, int],
        into: Sequence[Array] | None,
    ) -> tuple[list[Any], list[Array]]:
        known: dict[Node, Any] = dict(
            zip(self.program.inputs, self._arrays(values, self.dtype), strict=True)
        )
        known.update(self.sized.numbers)
        for segment, found in zip(self.earlier[at], totals, strict=True):
            for node, value in zip(self.totals[segment], found, strict=True):
                axis = self.program.plan.rows.get(node) if code.segment.loops else None
                rows = (*[slice(None)] * (axis or 0), slice(*span))
                known[node] = _settled(value if axis is None else value[rows])
        taken = [known[node] for node in code.segment.needs]
        if not code.segment.loops:
            return list(self.program.functions(self.dtype)[code.name](*taken)), []
        count = span[1] - span[0]
        made = dict(zip(self.rows_of[at], into or [], strict=False))
        for node in self.rows_of[at][len(made) :]:
            made[node] = np.empty(self.shape(node, count), self.type_of(node))
        found = self.sized.loop(code, self.dtype)(taken, made, [(0, count)])
        results = dict(zip(code.segment.results, found, strict=True))
        return [results[node] for node in self.totals[at]], list(made.values())

    def _arrays(self, values: Mapping[str, Any], dtype: Any = None) -> list[Array]:
        """The inputs as arrays of one type; those that are not given are told by one number."""
        given = []
        for name, one in self.given.items():
            value = values.get(name, np.zeros((), one.dtype))
            given.append(np.asarray(value).item() if one.number else _settled(value))
        arrays: list[Array] = self.program.functions(_TYPES[0])["arrays"](*given)
        kinds = [array.dtype.kind for array in arrays]
        return [
            array.astype(dtype, copy=False) if dtype is not None and kind == "f" else array
            for array, kind in zip(arrays, kinds, strict=True)
        ]

    def _fault(self, values: Mapping[str, Any], error: Exception) -> SymgradError:
        given = self._templates | dict(values)
        return fault(self.formula.lowered, given, self.formula.text, self.formula.table, error)

    def added(self, at: int, first: Sequence[Any], second: Sequence[Any]) -> list[Array]:
        """What two chunks, or two sets of them, add to the totals; in new memory."""
        copies = [np.array(part) for part in first]
        return self.sized.loop(self.program.codes[at], self.dtype).added(copies, second)

    def number(self, node: Node) -> Any:
        """A result that is made of sizes alone."""
        return np.asarray(self.sized.numbers[node], np.float64)

    def laid_out(self, results: Sequence[Any]) -> Any:
        """Results as the caller wants them."""
        return plain(self.program.functions(_TYPES[0])["laid_out"](*results), False)


def _settled(value: Any) -> Array:
    """An array whose memory is laid out in the one way, wherever it came from.

    Matrix products choose their way by that, and so their last bits; and what was sent from one
    process to another may lie in memory as it likes.
    """
    return np.require(value, None, ["C_CONTIGUOUS", "ALIGNED"])


def _span(node: Node, program: Program) -> Span:
    """The place of an operation, or of the next one that was written by the user."""
    if node.span is not None:
        return node.span
    graph = program.plan.graph
    before = ancestors(graph.nodes, [node])
    spans = [n.span for n in graph.nodes if n in before and n.span is not None]
    return spans[-1] if spans else (0, 0)


def chunked(
    formula: Chunkable, inputs: Mapping[str, Any], arrays: Mapping[str, Array],
    candidates: Sequence[tuple[str, int]], make: Callable[..., Chunked] = Chunked,
) -> Chunked:  # fmt: skip
    """The formula in chunks along the first candidate, an input and its axis, that serves."""
    numbers = formula.caller.known(arrays).numbers
    given = tuple(
        Given(name, array.shape, array.dtype.str, type(inputs[name]) in (bool, int, float))
        for name, array in arrays.items()
    )
    first: InputError | None = None
    for rows in candidates:
        try:
            return make(formula, given, numbers, rows)
        except InputError as error:
            first = first or error
    if first is None:
        name = next(iter(inputs))
        raise InputError(f"{name} has no rows to cut into chunks", formula.text)
    raise first


def described(formula: Chunkable, inputs: Mapping[str, Any], sources: Mapping[str, Any]
) -> dict[str, Array]:  # fmt: skip
    """The inputs as arrays: those of sources take no memory. All are checked to be numbers."""
    shown = {n: template(v) if n in sources else v for n, v in inputs.items()}
    arrays = formula.caller.bound((), shown)
    for name in index_inputs(formula.lowered):
        value = sources.get(name)
        if value is not None and (value.dtype.kind == "f" or not value.shape):
            raise InputError(
                f"the input {name} serves as an index or a size, and is not in memory",
                formula.text,
                hint="Pass a number of Python, or store whole numbers as integers.",
            )
    return arrays


class Tree(Generic[Part]):
    """Adds numbered parts in pairs, then pairs of pairs: what is added depends on their number.

    Parts may come in any order, from any thread. As many are kept as the tree is deep, and as are
    ahead of others.
    """

    def __init__(self, count: int, add: Callable[[Part, Part], Part]) -> None:
        self._count = count
        self._add = add
        self._waiting: dict[tuple[int, int], Part] = {}
        self._lock = threading.Lock()

    def put(self, number: int, part: Part) -> None:
        """Add a part."""
        level, count = 0, self._count
        while count > 1:
            if number ^ 1 < count:
                with self._lock:
                    other = self._waiting.pop((level, number ^ 1), None)
                    if other is None:
                        self._waiting[level, number] = part
                        return
                part = self._add(other, part) if number & 1 else self._add(part, other)
            level, number, count = level + 1, number >> 1, -(-count // 2)
        self._waiting[level, 0] = part

    @property
    def total(self) -> Part:
        """The sum, once all parts are there."""
        (part,) = self._waiting.values()
        return part
