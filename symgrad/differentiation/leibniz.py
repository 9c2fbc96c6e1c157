"""Derivatives of high order by one input, all at once: the rule of Leibniz at each operation.

To differentiate a derivative again and again doubles it with each order. Here each operation gets
its derivatives from those of its operands, order by order: a product by the rule of Leibniz, a
quotient by the same rule for what it is multiplied with, and f(u) from f(u)' = f'(u) * u', where
f'(u) is a graph that gets its derivatives in the same way. That takes as many operations as the
square of the order. See Griewank and Walther, Evaluating Derivatives, SIAM 2008, chapter 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import comb

from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node
from symgrad.limits import paced
from symgrad.lower import derivative
from symgrad.reverse import filled, unmask
from symgrad.rewrite import Rewriter
from symgrad.shaping.leaves import LIKE_SECOND, Leaves, is_elementwise
from symgrad.simplify import always

_LINEAR = frozenset("add subtract negative keep broadcast".split())
MANY = 200
"""From so many operations on, a derivative that doubles with each order is too long."""

_STRIDE = 16
"""After how many derivatives of operations to look at the time: each takes some operations."""


def derivative_of_order(
    graph: Graph,
    name: str,
    order: int,
    table: FunctionTable,
    exact: bool,
    summed: bool = True,
) -> Graph | None:
    """The value, and its derivative of some order by the input of that name, in its shape.

    Or that of each element of the value, if it is not `summed`. None where an operation on the way
    is not elementwise, or has no derivatives in the table.
    """
    if not all(n.op in ("input", "broadcast") or is_elementwise(n.op) for n in graph.nodes):
        return None
    orders = _Orders(graph, name, order, table, always(exact))
    return orders.graph(summed) if orders.open_up() else None


class _Orders:
    """The derivatives of all nodes on the way from the input to the value.

    What is found for f(u) to some order needs f'(u) to one order less: `_least` is how many orders
    less than for the value are needed of a node.
    """

    def __init__(
        self,
        graph: Graph,
        name: str,
        order: int,
        table: FunctionTable,
        sections: tuple[str, ...],
    ) -> None:
        self._order, self._table = order, table
        self._rewriter = Rewriter(table, sections, [node.op for node in graph.nodes])
        made: dict[Node, Node] = {}
        for node in graph.nodes:
            made[node] = self._node(node.op, *[made[arg] for arg in node.args], like=node)
        self._labels = {made[node]: label for node, label in graph.labels.items()}
        self._value = made[graph.outputs[0]]
        self._input = self._node("input", like=Node("input", (), name))
        zeros = [None] * (order - 1)
        self._found: dict[Node, list[Node | None]] = {
            self._input: [self._input, self._number(1), *zeros]
        }
        self._least: dict[Node, int] = {self._input: 0}
        self._slopes: dict[Node, Mapping[Node, Node]] = {}

    def _node(self, op: str, *args: Node, like: Node | None = None) -> Node:
        value, span = (None, self._value.span) if like is None else (like.value, like.span)
        return self._rewriter.node(op, *args, value=value, span=span)

    def _number(self, number: float) -> Node:
        return self._rewriter.builder.constant(number)

    def open_up(self) -> bool:
        """Find what needs derivatives, and the slopes f'(u), which need some as well."""
        waiting = [self._value]
        for fewer in range(self._order):
            steps = [node for node in self._on_the_way(waiting) if node not in self._least]
            self._least.update(dict.fromkeys(steps, fewer))
            waiting = []
            for node in steps:
                if node.op not in _LINEAR and node.op not in _RULES:
                    slopes = self._slopes_of(node)
                    if slopes is None:
                        return False
                    self._slopes[node] = slopes
                    waiting += slopes.values()
            if not waiting:
                break
        return True

    def _on_the_way(self, ends: list[Node]) -> list[Node]:
        """What depends on the input and is needed for some nodes, in topological order."""
        needed, active = {*ends}, {self._input}
        nodes = self._rewriter.builder.nodes
        for node in reversed(nodes):
            if node in needed:
                needed.update(node.args)
        for node in nodes:
            if any(arg in active and self._passes(node, k) for k, arg in enumerate(node.args)):
                active.add(node)
        return [node for node in nodes if node in active and node in needed]

    def _passes(self, node: Node, place: int) -> bool:
        if node.op == "join" or (place and node.op in LIKE_SECOND):
            return False
        function = self._table.find(node.op)
        return function is None or not function.derivative_is(place, "0")

    def _slopes_of(self, node: Node) -> Mapping[Node, Node] | None:
        """The partial derivative by each operand that depends on the input."""
        function = self._table.find(node.op)
        if function is None or function.is_structural:
            return None
        slopes: dict[Node, Node] = {}
        for place, arg in enumerate(node.args):
            if arg not in self._least or not self._passes(node, place):
                continue
            rule = derivative(function, self._table, place, node.value)
            if function.derivative_is(place, "none") or rule is None:
                return None
            bound = dict(zip(function.operands, node.args, strict=True))
            slope = self._inlined(rule, {**bound, "out": node, "g": self._number(1)})
            slopes[arg] = slope if arg not in slopes else self._node("add", slopes[arg], slope)
        return slopes

    def _inlined(self, rule: Graph, bound: Mapping[str, Node]) -> Node:
        made: dict[Node, Node] = {}
        for node in rule.nodes:
            if node.op == "input":
                made[node] = bound[str(node.value)]
            else:
                made[node] = self._node(node.op, *[made[arg] for arg in node.args], like=node)
        return made[rule.outputs[0]]

    def graph(self, summed: bool) -> Graph:
        """The value and its derivative in one graph: see `derivative_of_order`."""
        steps = [n for n in self._rewriter.builder.nodes if n in self._least and n.args]
        self._found.update({node: [node] for node in steps})
        look = paced(_STRIDE)
        for k in range(1, self._order + 1):
            for node in steps:
                if self._least[node] + k <= self._order:
                    look()
                    self._found[node].append(self._next(node, k))
        found = self._derivative(self._value, self._order)
        build = self._rewriter.builder
        if not summed:
            return build.graph(
                (self._value, filled(build, found, self._value, self._input, Leaves(build.nodes)))
            )
        if found is None:
            result = build.node("broadcast", self._number(0), self._input)
            return build.graph((self._value, result), self._labels)
        leaves = Leaves(build.nodes)
        if leaves[found] != leaves[self._value]:
            found = build.node("broadcast", found, self._value)
        if leaves[self._input] != leaves[self._value]:
            found = build.node("unbroadcast", found, self._input)
        return build.graph((self._value, found), self._labels)

    def _derivative(self, node: Node, k: int) -> Node | None:
        """The k-th derivative of a node, of those that were found; None for 0."""
        found = self._found.get(node)
        if found is None:
            return None if k else node
        return found[k]

    def _next(self, node: Node, k: int) -> Node | None:
        """The k-th derivative of a node, from those of its operands and its own of lower order."""
        first, *others = node.args
        if node.op == "keep":
            inner = self._derivative(others[0], k)
            return None if inner is None else self._node("keep", first, inner)
        if node.op == "broadcast":
            inner = self._derivative(first, k)
            return None if inner is None else self._node("broadcast", inner, others[0])
        if node.op in _LINEAR:
            return self._combined(node.op, *[self._derivative(arg, k) for arg in node.args])
        if node.op == "multiply":
            return self._leibniz(first, others[0], k, range(k + 1))
        if node.op == "divide":
            rest = self._leibniz(others[0], node, k, range(1, k + 1))
            above = self._combined("subtract", self._derivative(first, k), rest)
            return None if above is None else self._node("divide", above, others[0])
        total = None
        for operand, slope in self._slopes[node].items():
            # The derivative of order k - 1 of the product of the slope with the first derivative.
            for j in range(k):
                term = self._term(
                    comb(k - 1, j),
                    self._derivative(operand, j + 1),
                    self._derivative(slope, k - 1 - j),
                )
                total = self._combined("add", total, term)
        return total

    def _leibniz(self, a: Node, b: Node, k: int, orders: range) -> Node | None:
        """The terms of the k-th derivative of a product with these orders of its first factor."""
        total = None
        for j in orders:
            term = self._term(comb(k, j), self._derivative(a, j), self._derivative(b, k - j))
            total = self._combined("add", total, term)
        return total

    def _term(self, times: int, a: Node | None, b: Node | None) -> Node | None:
        if a is None or b is None:
            return None
        (p, a), (q, b) = unmask(a), unmask(b)
        product = self._node("multiply", a, b)
        if times > 1:
            product = self._node("multiply", self._number(times), product)
        # What a mask leaves out may be infinite in the other factor.
        for mask in dict.fromkeys((q, p)):
            product = product if mask is None else self._node("keep", mask, product)
        return product

    def _combined(self, op: str, *parts: Node | None) -> Node | None:
        """A sum, a difference or a negative, of which some parts may be 0."""
        first, *others = parts
        if not others:
            return None if first is None else self._node(op, first)
        second = others[0]
        if first is None or second is None:
            negated = op == "subtract" and second is not None
            return self._node("negative", second) if negated and second else first or second
        return self._node(op, first, second)


_RULES = frozenset("multiply divide".split())
"""Operations that have a rule of their own."""
