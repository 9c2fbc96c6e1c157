"""The driver: formula text to the graph of its value and derivatives, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from symgrad.collector import paused
from symgrad.differentiation.derivatives import has_derivatives, take_derivatives
from symgrad.differentiation.products import PROGRAMS, Differentiator, blocks, seeds
from symgrad.differentiation.specialise import specialise
from symgrad.differentiation.work import work
from symgrad.errors import DerivativeError, InputError, did_you_mean
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node
from symgrad.language.declarations import Declaration
from symgrad.language.formula import Lowered, lower
from symgrad.language.labels import ROWS
from symgrad.rewriting.guards import guard
from symgrad.shapes import Inference, check_shapes
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.misfit import Misfit, Shape, product
from symgrad.shaping.resolve import UndeclaredError, resolve
from symgrad.shaping.selection import select_early, shares_among_the_others
from symgrad.simplify import simplify, stabilise


@dataclass(frozen=True, slots=True)
class Derived:
    """A formula's graph with its value and one derivative per name in `wrt` as outputs.

    `what` tells which derivatives they are: those of the reverse pass, an order, a product.
    """

    inputs: tuple[str, ...]
    wrt: tuple[str, ...]
    graph: Graph
    indices: frozenset[str] = frozenset()
    shapes: Mapping[str, Declaration] = field(default_factory=dict)
    elementwise: bool = True
    what: str = "reverse"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the inputs: shapes, kinds and numbers by name, and what sizes are called."""

    shapes: Mapping[str, Shape]
    kinds: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)

    def check(self, graph: Graph, text: str) -> Inference:
        """The shapes in the graph of a value; an InputError where they do not fit."""
        return check_shapes(graph, self.shapes, text, self.kinds, self.numbers, self.names)

    def flat(self) -> Known | None:
        """The same for arrays of one axis, where all are of one shape with several."""
        shapes = {shape for shape in self.shapes.values() if shape}
        if len(shapes) != 1 or len(*shapes) < 2 or self.kinds or self.numbers:
            return None
        rows = (product(*shapes),)
        return Known({name: rows if shape else () for name, shape in self.shapes.items()})

    def infer(self) -> Inference:
        """An inference that starts from this."""
        return self.more({})

    def more(self, shapes: Mapping[str, Shape]) -> Inference:
        """An inference that knows the shapes of some more inputs."""
        return Inference({**self.shapes, **shapes}, self.kinds, self.numbers, self.names)


def stages(
    text: str,
    wrt: Sequence[str] | None,
    table: FunctionTable,
    exact: bool = False,
    known: Known | None = None,
    lowered: Lowered | None = None,
    what: str = "reverse",
) -> Iterator[tuple[str, Derived]]:
    """The stages of a compilation, by name, as they come out; some only for known shapes."""
    lowered = lowered or lower(text, table)
    indices = index_inputs(lowered.graph)
    chosen = differentiated(lowered, wrt, text, table)
    known = known or declared(lowered)
    partly = known or partly_declared(lowered)
    graph = lowered.graph
    if known:
        known = with_seeds(known, lowered, what, chosen, text)
    elif what in PROGRAMS:
        raise UndeclaredError(
            "the code of a Jacobian or a Hessian depends on how many axes the inputs have",
            text, (0, len(text)), _declaration(lowered),
        )  # fmt: skip

    ops = {node.op for node in graph.nodes}
    elementwise = all(op in ("input", "index") or is_elementwise(op) for op in ops)

    def more(shapes: Mapping[str, Shape]) -> Inference | None:
        return known.more(shapes) if known else None

    inputs = (*seeds(what, chosen), *lowered.inputs)
    by = ("value",) if what.startswith("jvp") else chosen

    def stage(name: str) -> tuple[str, Derived]:
        return name, Derived(inputs, by, graph, indices, lowered.shapes, elementwise, what)

    yield stage("lower")
    if partly is None and elementwise and ops.isdisjoint(_LOOKED_INTO):
        found = Inference({})  # Operands of which nothing is known broadcast together.
    else:
        found = (partly or Known({})).check(graph, text)
    graph = resolve(graph, found, table, text)
    indices |= index_inputs(graph)
    if has_derivatives(graph):
        graph = take_derivatives(graph, found, more, table, exact, text)
        yield stage("derivative")
    graph = select_early(graph, found)
    if known:
        yield stage("resolve")
    graph = stabilise(graph, table, exact, known.infer() if known else None)
    if known and not exact:
        graph = shares_among_the_others(graph, known.infer())
    yield stage("stabilise")
    graph = guard(graph, chosen, table, text, known.infer() if known else None)

    def tape(shapes: Known | None) -> Differentiator:
        return Differentiator(table, exact, text, lambda: shapes.infer() if shapes else None)

    if what in PROGRAMS and known:
        graph = _batched(graph, lowered, what, chosen, known, tape)
        yield stage("batch")
    else:
        graph = tape(known).differentiate(graph, chosen, what)
        yield stage("reverse")
    graph = simplify(graph, table, exact)
    yield stage("simplify")
    if partly:
        graph = specialise(graph, (known or partly).infer(), table, exact, text)
        yield stage("specialise")


def _declaration(lowered: Lowered) -> str:
    names = [name for name in lowered.inputs if name not in lowered.shapes]
    shown = "; ".join(
        f"{name}: (n,)" if at == 0 else f"{name}: ()" for at, name in enumerate(names)
    )
    return f"Call it, or declare shapes at the head of the formula, as in: {shown}."


def _batched(
    graph: Graph,
    lowered: Lowered,
    what: str,
    wrt: Sequence[str],
    known: Known,
    tape: Callable[[Known], Differentiator],
) -> Graph:
    """The graph of a Jacobian or a Hessian: of the programs for it, that with the least work."""
    plain = replace(known, shapes={name: known.shapes[name] for name in lowered.inputs})
    found: list[tuple[int, int, Graph]] = []
    for place, kind in enumerate(PROGRAMS[what]):
        seeded = with_seeds(plain, lowered, kind, wrt, "")
        program = tape(seeded).program(graph, wrt, kind, seeded.infer())
        symmetric = not any(node.op == "stop_gradient" for node in graph.nodes)
        made = blocks(program, what, kind, wrt, known.infer(), symmetric)
        found.append((work(made, known.infer()), place, made))
    return min(found)[-1]


def derive(
    text: str,
    wrt: Sequence[str] | None,
    table: FunctionTable,
    exact: bool = False,
    known: Known | None = None,
    lowered: Lowered | None = None,
    what: str = "reverse",
) -> Derived:
    """Compile a formula to the graph of its value and derivatives.

    Raises
    ------
    SymgradError
        Of the kind that says what is wrong with the formula or with `wrt`.
    """
    try:
        with paused():
            *_, (_, derived) = stages(text, wrt, table, exact, known, lowered, what)
    except Misfit as wrong:
        raise InputError(wrong.message, text, (0, len(text)), wrong.hint) from None
    return derived


def index_inputs(graph: Graph) -> frozenset[str]:
    """The inputs that only serve as indices, masks or sizes: they have no derivative."""
    if not any(node.op == "integer" for node in graph.nodes):
        return frozenset()
    serving: dict[Node, bool] = {}
    for node in reversed(graph.nodes):
        only = node not in graph.outputs and serving.get(node, False)
        for place, arg in enumerate(node.args):
            serves = node.op == "integer" or (only and node.op in _WHOLE_ARITHMETIC)
            if place or node.op not in _SHAPE_READERS:
                serving[arg] = serving.get(arg, True) and serves
    return frozenset(
        str(node.value) for node in graph.nodes if node.op == "input" and serving.get(node)
    )


_WHOLE_ARITHMETIC = frozenset(
    "add subtract multiply negative floor_divide remainder maximum minimum expand_dims flip".split()
)
_SHAPE_READERS = frozenset(("size", "_count", "ndim"))


def differentiated(
    lowered: Lowered, wrt: Sequence[str] | None, text: str, table: FunctionTable
) -> tuple[str, ...]:
    """The names that derivatives are taken with respect to: all but those of indices for None."""
    graph, known = lowered.graph, declared(lowered)
    if known is not None:
        graph = resolve(graph, known.check(graph, text), table, text)
    indices = index_inputs(graph)
    if wrt is None:
        return tuple(name for name in lowered.inputs if name not in indices)
    check_wrt(wrt, lowered.inputs, text)
    for name in wrt:
        if name in indices:
            span = lowered.graph.inputs()[name].span or (0, len(text))
            raise DerivativeError(
                f"wrt: {name} only serves as an index, a mask or a size", text, span,
                "Whole numbers have no derivative: leave it out of wrt.",
            )  # fmt: skip
    return tuple(wrt)


def with_seeds(known: Known, lowered: Lowered, what: str, wrt: Sequence[str], text: str) -> Known:
    """What is known, with the shapes of a cotangent or of the vectors."""
    names = seeds(what, wrt)
    if not names or names[0] in known.shapes:
        return known
    value = known.check(lowered.graph, text).shapes[lowered.graph.outputs[0]]
    shapes = [value] if what.startswith("vjp") else [known.shapes[name] for name in wrt]
    if what.endswith(ROWS):
        shapes = [None if shape is None else (_FIRST_SIZE - 1, *shape) for shape in shapes]
    more = {name: shape for name, shape in zip(names, shapes, strict=True) if shape is not None}
    return replace(known, shapes={**known.shapes, **more})


_LOOKED_INTO = frozenset(("index", "derivative", "_variable"))
"""Operations on elements, or on a part of them, that ask for shapes."""

_FIRST_SIZE = 10_007
_NEXT_SIZE = 1_009


def declared(lowered: Lowered) -> Known | None:
    """What the declarations say, if every input has one."""
    return partly_declared(lowered) if set(lowered.shapes) == set(lowered.inputs) else None


def partly_declared(lowered: Lowered) -> Known | None:
    """What the declarations say of some inputs: named sizes get sizes that are unlike."""
    if not lowered.shapes:
        return None
    sizes: dict[str, int] = {}
    for shape in lowered.shapes.values():
        for size in shape.sizes:
            if isinstance(size, str):
                sizes.setdefault(size, _FIRST_SIZE + _NEXT_SIZE * len(sizes))
    shapes = {
        name: tuple(sizes[s] if isinstance(s, str) else s for s in shape.sizes)
        for name, shape in lowered.shapes.items()
    }
    return Known(shapes, names={number: name for name, number in sizes.items()})


def check_wrt(wrt: Sequence[str], inputs: Sequence[str], text: str) -> None:
    """Raise a DerivativeError for a name that is not an input, or that is given twice."""
    for position, name in enumerate(wrt):
        if name not in inputs:
            known = ", ".join(inputs) or "none"
            hint = did_you_mean(str(name), inputs) or f"Its inputs are: {known}."
            raise DerivativeError(
                f"wrt: {name} is not an input of the formula", text, (0, len(text)), hint
            )
        if name in wrt[:position]:
            raise DerivativeError(f"wrt: {name} is given twice", hint="Name each input once.")
