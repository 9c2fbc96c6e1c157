"""Products with the Jacobian and the Hessian, and higher orders: the reverse pass, applied again.

The reverse pass gives `vjp(g)`, which is linear in the cotangent g. Differentiated once more, by
g, it gives the forward product `jvp(v)`, and g drops out: no rules for a forward mode are needed.
The gradient's product with a vector, differentiated, is the product of the Hessian with it
(Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from importlib import import_module
from math import inf, log
from typing import TYPE_CHECKING, Any

from symgrad.differentiation.leibniz import MANY, derivative_of_order
from symgrad.differentiation.specialise import specialise
from symgrad.errors import InputError, LimitError
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, builder_of, part_of, rebuilt
from symgrad.language.labels import ROWS
from symgrad.limits import time_left
from symgrad.reverse import reverse
from symgrad.shapes import Inference
from symgrad.simplify import shorten, simplify

if TYPE_CHECKING:
    from symgrad.differentiation.batch import Block

Infer = Callable[[], Inference | None]

_SEEDS: Mapping[str, str] = {"jvp": "tangent", "hvp": "vector"}
COTANGENT = "cotangent of value"
"""Names with spaces: no input of a formula is called so."""

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "jacobian": ("vjp", "jvp"),
    "hessian": ("hvp",),
    "hessian_diag": ("hvp",),
    "vjp rows": ("vjp",),
    "jvp rows": ("jvp",),
    "hvp rows": ("hvp",),
}
"""What is made of products for many vectors at once, and the kinds that it may be made of: those
for all unit vectors, and those for as many as are given, along a first axis."""


def seeds(kind: str, wrt: Sequence[str]) -> tuple[str, ...]:
    """The inputs that come before those of the formula: a cotangent, or one vector per name."""
    single = kind.removesuffix(ROWS)
    ending = kind[len(single) :]
    if single == "vjp":
        return (COTANGENT + ending,)
    return tuple(f"{n} {_SEEDS[single]}{ending}" for n in wrt) if single in _SEEDS else ()


def takes_vectors(what: str) -> bool:
    """Whether vectors come before the inputs, even where there are none of them."""
    return what.removesuffix(ROWS) in ("vjp", *_SEEDS)


def owners(kind: str, wrt: Sequence[str]) -> dict[str, str | None]:
    """For each seed the input whose shape it has, or None for the value's."""
    if kind == "vjp":
        return {COTANGENT: None}
    return dict(zip(seeds(kind, wrt), wrt, strict=True))


def blocks(
    graph: Graph,
    what: str,
    kind: str,
    wrt: Sequence[str],
    found: Inference,
    symmetric: bool = True,
) -> Graph:
    """The value and the blocks of a Jacobian or a Hessian, from the graph of products."""
    batch = import_module("symgrad.differentiation.batch")  # It is loaded for blocks alone.
    names = seeds(kind, wrt)
    count = len(wrt)
    wanted: list[Block] = []
    if what.endswith(ROWS):
        outputs = range(1, len(graph.outputs))
        wanted = [batch.Block("", k, "given") for k in outputs]
    elif kind == "vjp":
        wanted = [batch.Block(names[0], k + 1) for k in range(count)]
    elif kind == "jvp":
        wanted = [batch.Block(name, 1, "turned") for name in names]
    elif what == "hessian_diag":
        wanted = [batch.Block(name, k + 1, "diagonal") for k, name in enumerate(names)]
    else:
        for i, name in enumerate(names):
            for j in range(count):
                mirrored = symmetric and j < i
                layout = "mirrored" if mirrored else "dense"
                wanted.append(batch.Block(name, j + 1, layout, j * count + i + 1))
    made: Graph = batch.Batches(graph, owners(kind, wrt), found).graph(wanted)
    return made


class Differentiator:
    """The reverse pass for one formula, to be applied several times."""

    def __init__(self, table: FunctionTable, exact: bool, text: str, infer: Infer) -> None:
        self._table = table
        self._exact = exact
        self._text = text
        self._infer = infer

    def reverse(self, graph: Graph, wrt: Sequence[str]) -> Graph:
        """The derivatives of a graph's first output."""
        found = self._infer()
        return reverse(graph, wrt, self._table, self._text, found, self._exact)

    def short(self, graph: Graph) -> Graph:
        """A value and its derivatives, ready to be differentiated again."""
        return shorten(graph, self._table, self._exact)

    def vjp(self, graph: Graph, wrt: Sequence[str]) -> Graph:
        """The value, and the cotangent times its Jacobian."""
        build = builder_of(graph)
        total = _inner(build, [build.node("input", value=COTANGENT)], graph.outputs)
        return _with_value(self.reverse(build.graph([total], graph.labels), wrt), graph)

    def jvp(self, graph: Graph, wrt: Sequence[str]) -> Graph:
        """The value, and its Jacobian times the tangents."""
        first = self.short(self.vjp(graph, wrt))
        build = builder_of(first)
        tangents = [build.node("input", value=name) for name in seeds("jvp", wrt)]
        total = _inner(build, tangents, first.outputs[1:])
        second = self.reverse(build.graph([total], first.labels), (COTANGENT,))
        return _without_cotangent(_with_value(second, first))

    def hvp(self, graph: Graph, wrt: Sequence[str]) -> Graph:
        """The gradient's product with the vectors, and its derivatives: the Hessian times them."""
        first = self.short(self.reverse(graph, wrt))
        build = builder_of(first)
        vectors = [build.node("input", value=name) for name in seeds("hvp", wrt)]
        total = _inner(build, vectors, first.outputs[1:])
        return _with_value(self.reverse(build.graph([total], first.labels), wrt), graph)

    def differentiate(self, graph: Graph, wrt: Sequence[str], what: str) -> Graph:
        """What is asked for: a product by name, or an order as a number."""
        if what.isdecimal():
            return self.order(graph, wrt, int(what))
        derive: Callable[[Graph, Sequence[str]], Graph] = getattr(self, what)
        return derive(graph, wrt)

    def program(self, graph: Graph, wrt: Sequence[str], kind: str, found: Inference) -> Graph:
        """The graph of products for one vector, made short for the shapes that are known."""
        derived = simplify(self.differentiate(graph, wrt, kind), self._table, self._exact)
        return specialise(derived, found, self._table, self._exact, self._text)

    def order(self, graph: Graph, wrt: Sequence[str], order: int) -> Graph:
        """The value, and the derivative of that order by one input."""
        found = self.reverse(graph, wrt)
        outlook = _Outlook(order, self._text)
        for done in range(1, order):
            short = self.short(found)
            slope = part_of(short.nodes, short.outputs[1:], short.labels)
            if len(slope.nodes) > MANY:
                at_once = derivative_of_order(graph, wrt[0], order, self._table, self._exact)
                if at_once is not None:
                    return at_once
            outlook.check(done, len(slope.nodes))
            found = self.reverse(slope, wrt)
        return _with_value(found, graph)


_TELLING = 500
"""From so many operations on, their growth tells of what is to come."""


class _Outlook:
    """Whether derivatives that grow as they do can come to an end in the time that is left.

    Most formulas double with each order. What grows as a power of the order is foreseen as it
    comes, and what grows faster is underestimated: nothing is refused that could be done.
    """

    def __init__(self, order: int, text: str) -> None:
        self._order, self._text = order, text
        self._size, (self._left, _) = 0, time_left()

    def check(self, done: int, size: int) -> None:
        """Raise a LimitError if there is no hope, after the derivative of some order."""
        left, seconds = time_left()
        if left < inf and size > max(_TELLING, self._size) and self._size:
            power = log(size / self._size) / log(done / (done - 1))
            ahead = sum((k / done) ** power for k in range(done + 1, self._order + 1))
            if (self._left - left) * ahead > left:
                raise LimitError(
                    f"the derivative of order {self._order} takes more than {seconds:g} seconds "
                    f"to compile: that of order {done} has {size:,} operations already",
                    self._text, (0, len(self._text)),
                    "Ask for a lower order. symgrad.Limits(seconds=...) sets the limit.",
                )  # fmt: skip
        self._size, self._left = size, left


def _inner(build: Builder, left: Sequence[Node], right: Sequence[Node]) -> Node:
    """The sum of the products of two lists of arrays."""
    products = [build.node("multiply", a, b) for a, b in zip(left, right, strict=True)]
    terms = [build.node("sum", product, value=(None, False)) for product in products]
    return reduce(partial(build.node, "add"), terms) if terms else build.constant(0.0)


def _with_value(derived: Graph, graph: Graph) -> Graph:
    """A graph of derivatives whose first output is the formula's own value."""
    build = builder_of(derived)
    inputs = {name: build.node("input", value=name) for name in graph.inputs()}
    value = build.inline(part_of(graph.nodes, graph.outputs[:1], {}), inputs)
    return build.graph([value, *derived.outputs[1:]], derived.labels)


def _without_cotangent(graph: Graph) -> Graph:
    """Where only the shape of the cotangent is left, the value has it."""

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op == "input" and node.value == COTANGENT:
            inputs = {n: build.node("input", value=n) for n in formula.inputs()}
            return build.inline(formula, inputs)
        return None

    formula = part_of(graph.nodes, graph.outputs[:1], {})
    return rebuilt(graph, replace)


def apart(args: tuple[Any, ...], what: str, seeds: Sequence[str], text: str) -> tuple[Any, ...]:
    """Arguments in the order of the inputs: the first may be a tuple of one vector for each name.

    Raises
    ------
    InputError
        It is not, or has another length.
    """
    if not (args and takes_vectors(what)) or len(seeds) == 1:
        return args
    if not isinstance(args[0], tuple | list) or len(args[0]) != len(seeds):
        message = f"{len(seeds)} vectors come first, as one tuple"
        hint = f"They are, in order: {', '.join(seeds)}."
        raise InputError(message, text, (0, len(text)), hint)
    return (*args[0], *args[1:])
