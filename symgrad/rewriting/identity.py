"""Whether something is what an expression says, however it is written: by values at a few points.

`-(a - m)**2 / (2*s**2)` is `-y**2 / 2` for y = (m - a) / s. Both are computed from the same random
numbers in the place of what is no arithmetic: two rational functions that agree at some random
points are the same (Schwartz, Fast probabilistic algorithms for verification of polynomial
identities, 1980). The points are the same in each run.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from random import Random

from symgrad.graph import Graph, Node

_ARITHMETIC: Mapping[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "power": operator.pow,
    "sqrt": math.sqrt,
}
_POINTS = 3
_MOST_NODES = 60
_NEAR = 1e-12


def is_same(node: Node, expression: Graph, bound: Mapping[str, Node]) -> bool:
    """Whether a node is an expression in what names stand for."""
    rows = [(each, each.args) for each in expression.nodes if each.op != "input"]
    roots = {each: bound[name] for name, each in expression.inputs().items()}
    order = _in_order([node, *roots.values()])
    if order is None:
        return False
    for seed in range(_POINTS):
        values = _computed(order, Random(seed))
        try:
            within = {each: values[root] for each, root in roots.items()}
            for each, args in rows:
                within[each] = _value(each, [within[arg] for arg in args])
            left, right = values[node], within[expression.outputs[0]]
        except (KeyError, ArithmeticError, ValueError, TypeError):
            return False
        if not abs(left - right) <= _NEAR * abs(right):
            return False
    return True


def _in_order(roots: list[Node]) -> list[Node] | None:
    """Some nodes and what they are computed from by arithmetic, operands first; None for much."""
    found: dict[Node, None] = {}
    waiting = [(root, False) for root in roots]
    while waiting:
        node, is_done = waiting.pop()
        if node in found:
            continue
        if is_done or node.op not in _ARITHMETIC:
            found[node] = None
        else:
            waiting += [(node, True), *[(arg, False) for arg in node.args]]
        if len(found) > _MOST_NODES:
            return None
    return list(found)


def _computed(order: list[Node], random: Random) -> dict[Node, float]:
    """A number for each; none where it has no value."""
    values: dict[Node, float] = {}
    for node in order:
        drawn = random.uniform(0.5, 2.0)
        try:
            values[node] = _value(node, [values[arg] for arg in node.args], drawn)
        except (KeyError, ArithmeticError, ValueError, TypeError):
            if node.op in _ARITHMETIC:
                # A root of what is negative there, or a power: as good as anything else.
                values[node] = drawn
    return values


def _value(node: Node, args: list[float], drawn: float = math.nan) -> float:
    if node.op == "constant":
        return float(node.value) if isinstance(node.value, float) else math.nan
    if node.op not in _ARITHMETIC:
        return drawn
    found = _ARITHMETIC[node.op](*args)
    if isinstance(found, complex):
        raise ValueError
    return found
