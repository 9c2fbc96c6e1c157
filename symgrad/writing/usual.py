"""A graph for usual numbers in place of one for all, and a condition that tells where it holds.

Code that must be right for every number takes care of overflow, of angles of many turns, and of
denominators that have no reciprocal. Where a loop can go over its elements again with that code, it
may first try quicker one, and look once for a whole chunk whether that was right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial, reduce
from math import inf

from symgrad.graph import Builder, Graph, Node, builder_of, rebuilt
from symgrad.targets.numba_functions import FAR, FAST, FAST_BELOW

_INLINE = frozenset(
    """input constant pair add subtract multiply divide negative abs sqrt keep where less less_equal
    greater greater_equal equal not_equal logical_and logical_or logical_not isnan isinf isfinite
    maximum minimum stop_gradient copysign""".split()
)
"""What needs no call, so that loops over it become vector instructions."""

_HYPOT = ("hypot", "_hypot")

_CHOOSING = frozenset(
    """keep where less less_equal greater greater_equal equal not_equal maximum minimum isnan isinf
    isfinite logical_and logical_or logical_not copysign""".split()
)
"""What may lose a nan."""


def is_fast(graph: Graph) -> bool:
    """Whether all that a graph computes is vector instructions with the fast functions."""
    return all(
        node.op in _INLINE
        or node.op in FAST
        or node.op in FAST_BELOW
        or node.op in _HYPOT
        or (node.op == "power" and _is_whole(node.args[1]))
        for node in graph.nodes
    )


def _is_whole(node: Node) -> bool:
    """Whether a power by it is written as products."""
    value = node.value
    return isinstance(value, float) and value == int(value) and abs(value) <= 16


def for_usual_numbers(graph: Graph, fast: bool = True) -> tuple[Graph, bool]:
    """The graph with roots, reciprocals and reduced angles; whether its last output is a condition.

    That output is true where the others are right. Unless `fast`, angles stay as they are.
    """
    change = _Usual(graph, fast)
    changed = rebuilt(graph, change)
    build, there = builder_of(changed), set(changed.nodes)
    condition: Node | None = None
    if any(node.op == "_quotient" for node in changed.nodes):
        # What such a one cannot tell is nan, and so is what is computed from it.
        total = reduce(partial(build.node, "add"), changed.outputs)
        change.ranges[total] = 0.0, inf
        there.add(total)
    for node, (low, high) in change.ranges.items():
        if node not in there:
            continue
        size = build.node("abs", node)
        sides = [build.node("less", size, build.constant(high))]
        if low > 0:
            sides.append(build.node("greater", size, build.constant(low)))
        for side in sides:
            condition = side if condition is None else build.node("logical_and", condition, side)
    if condition is None:
        return changed, False
    return build.graph([*changed.outputs, condition], changed.labels), True


def _square(build: Builder, node: Node) -> Node:
    if isinstance(node.value, float):
        return build.constant(node.value**2)
    return build.node("multiply", node, node)


def _is_of_huge(condition: Node) -> bool:
    """Whether a condition is that a size is below a number which is rarely met."""
    if condition.op != "less":
        return False
    size, bound = condition.args
    return size.op == "abs" and isinstance(bound.value, float) and bound.value >= 1e6


class _Usual:
    """Replaces what is written for all numbers, and keeps between which sizes it may."""

    def __init__(self, graph: Graph, fast: bool) -> None:
        self._fast = fast
        self.ranges: dict[Node, tuple[float, float]] = {}
        divides = [node for node in graph.nodes if node.op == "divide"]
        counts = Counter(node.args[1] for node in divides)
        chooses = any(node.op in _CHOOSING for node in graph.nodes)
        self._twice = {
            node
            for node in divides
            if node.args[1].op in _HYPOT
            and node.args[0].op == "divide"
            and node.args[0].args[1] is node.args[1]
        }
        self._shared = {
            node
            for node in divides
            if fast and not chooses and counts[node.args[1]] > 1 and node.args[1].op != "constant"
        }

    def __call__(
        self, build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op in FAST_BELOW and self._fast:
            self._limit(args[0], 0.0, FAR)
        elif node.op in _HYPOT:
            total = build.node("add", *[_square(build, arg) for arg in args])
            self._limit(total, 1e-290, 1e300)
            return build.node("sqrt", total, span=node.span)
        elif node.op == "power":
            return self._lower_power(build, args)
        elif node.op == "keep":
            return self._always_kept(build, args)
        elif node.op == "add" and any(arg.value == 0 for arg in args):
            return args[0] if args[1].value == 0 else args[1]
        elif node in self._twice or node in self._shared:
            return self._quotient(build, node, args, made)
        return None

    def _always_kept(self, build: Builder, args: list[Node]) -> Node | None:
        """What is kept where a size is below a huge number, and is usual; or what is not."""
        condition, kept = args
        is_not = condition.op == "logical_not"
        if is_not:
            (condition,) = condition.args
        if not _is_of_huge(condition):
            return None
        size, bound = condition.args
        self._limit(size, 0.0, float(str(bound.value)))
        return build.constant(0.0) if is_not else kept

    def _lower_power(self, build: Builder, args: list[Node]) -> Node | None:
        """A power as a quotient of the next higher one, where that is computed, too."""
        base, exponent = args
        if exponent.op != "subtract" or exponent.args[1].value != 1:
            return None
        higher = build.known("power", base, exponent.args[0])
        if higher is None:
            return None
        self._limit(higher, 1e-290, 1e290)
        self._limit(base, 1e-290, 1e290)
        return build.node("divide", higher, base)

    def _quotient(
        self, build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node:
        """A quotient by what other quotients share."""
        upper, lower = args
        if node in self._twice:
            # What is divided twice by a root is divided by what it is the root of.
            upper, lower = made[node.args[0].args[0]], lower.args[0]
        if node not in self._shared:
            return build.node("divide", upper, lower, span=node.span)
        if node.args[1].op not in _HYPOT:
            self._limit(lower, 1e-300, 1e300)
        reciprocal = build.node("divide", build.constant(1.0), lower)
        if upper.value == 1:
            return reciprocal
        return build.node("_quotient", upper, lower, reciprocal, span=node.span)

    def _limit(self, node: Node, low: float, high: float) -> None:
        lower, upper = self.ranges.get(node, (low, high))
        self.ranges[node] = max(low, lower), min(high, upper)
