"""Products with the Jacobian and the Hessian, and higher orders: the reverse pass, applied again.

The reverse pass gives `vjp(g)`, which is linear in the cotangent g. Differentiated once more, by
g, it gives the forward product `jvp(v)`, and g drops out: no rules for a forward mode are needed.
The gradient's product with a vector, differentiated, is the product of the Hessian with it
(Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, builder_of, rebuilt
from symgrad.reverse import reverse
from symgrad.shapes import Inference
from symgrad.simplify import simplify

Infer = Callable[[], Inference | None]

_SEEDS: Mapping[str, str] = {"jvp": "tangent", "hvp": "vector"}
_COTANGENT = "cotangent of value"
"""Names with spaces: no input of a formula is called so."""


def seeds(kind: str, wrt: Sequence[str]) -> tuple[str, ...]:
    """The inputs that come before those of the formula: a cotangent, or one vector per name."""
    if kind == "vjp":
        return (_COTANGENT,)
    return tuple(f"{name} {_SEEDS[kind]}" for name in wrt) if kind in _SEEDS else ()


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

    def again(self, graph: Graph, wrt: Sequence[str]) -> Graph:
        """The same for a graph of derivatives, which is made short first."""
        return self.reverse(simplify(graph, self._table, self._exact), wrt)

    def vjp(self, graph: Graph, wrt: Sequence[str]) -> Graph:
        """The value, and the cotangent times its Jacobian."""
        build = builder_of(graph)
        total = _inner(build, [build.node("input", value=_COTANGENT)], graph.outputs)
        return _with_value(self.reverse(build.graph([total], graph.labels), wrt), graph)

    def jvp(self, graph: Graph, wrt: Sequence[str]) -> Graph:
        """The value, and its Jacobian times the tangents."""
        first = self.vjp(graph, wrt)
        build = builder_of(first)
        tangents = [build.node("input", value=name) for name in seeds("jvp", wrt)]
        total = _inner(build, tangents, first.outputs[1:])
        second = self.again(build.graph([total], first.labels), (_COTANGENT,))
        return _without_cotangent(_with_value(second, first))

    def hvp(self, graph: Graph, wrt: Sequence[str]) -> Graph:
        """The gradient's product with the vectors, and its derivatives: the Hessian times them."""
        first = self.reverse(graph, wrt)
        build = builder_of(first)
        vectors = [build.node("input", value=name) for name in seeds("hvp", wrt)]
        total = _inner(build, vectors, first.outputs[1:])
        return self.again(build.graph([total], first.labels), wrt)

    def differentiate(self, graph: Graph, wrt: Sequence[str], what: str) -> Graph:
        """What is asked for: a product by name, or an order as a number."""
        if what.isdecimal():
            return self.order(graph, wrt, int(what))
        derive: Callable[[Graph, Sequence[str]], Graph] = getattr(self, what)
        return derive(graph, wrt)

    def order(self, graph: Graph, wrt: Sequence[str], order: int) -> Graph:
        """The value, and the derivative of that order by one input."""
        found = self.reverse(graph, wrt)
        for _ in range(order - 1):
            slope = builder_of(found).graph(found.outputs[1:], found.labels)
            found = self.again(slope, wrt)
        return _with_value(found, graph)


def _inner(build: Builder, left: Sequence[Node], right: Sequence[Node]) -> Node:
    """The sum of the products of two lists of arrays."""
    total: Node | None = None
    for a, b in zip(left, right, strict=True):
        term = build.node("sum", build.node("multiply", a, b), value=(None, False))
        total = term if total is None else build.node("add", total, term)
    assert total is not None
    return total


def _with_value(derived: Graph, graph: Graph) -> Graph:
    """A graph of derivatives whose first output is the formula's own value."""
    build = builder_of(derived)
    inputs = {name: build.node("input", value=name) for name in graph.inputs()}
    value = build.inline(builder_of(graph).graph(graph.outputs[:1]), inputs)
    return build.graph([value, *derived.outputs[1:]], derived.labels)


def _without_cotangent(graph: Graph) -> Graph:
    """Where only the shape of the cotangent is left, the value has it."""

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op == "input" and node.value == _COTANGENT:
            inputs = {n: build.node("input", value=n) for n in formula.inputs()}
            return build.inline(formula, inputs)
        return None

    formula = builder_of(graph).graph(graph.outputs[:1])
    return rebuilt(graph, replace)
