"""Products are divided where it matters: `x*(1 - cos(h))/h**2` is `x*((1 - cos(h))/h**2)`.

What is 0 / 0 at a point stands together then, and has a series there. Where there is none, products
stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.rewriting.cancellation import without_cancellation
from symgrad.rewriting.series import PRODUCTS

_MOST_NODES = 16
_PLAIN = frozenset("input constant power add subtract multiply negative".split())
_QUOTIENTS = ("divide", "_over_expm1", "_over_sinh")
"""Something divided by something, or by a function of it."""


def grouped(graph: Graph, table: FunctionTable) -> Graph:
    """The graph with those factors divided that cancel with the divisor somewhere."""

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        above, below = node.args
        if (above.op != "multiply" and above.op not in PRODUCTS) or below.is_constant:
            return None
        under = _below(below)
        variables = {each for each in under if each.op == "input"}
        own, others = [], []
        for factor in _factors(above) if len(variables) == 1 else ():
            found = _below(factor)
            inputs = {each for each in found if each.op == "input"}
            if inputs == variables:
                own.append(factor)
                under.update(found)
            elif not found or inputs & variables:
                return None
            else:
                others.append(factor)
        plain = node.op == "divide" and all(each.op in _PLAIN for each in under)
        if plain or not own or all(each.is_constant for each in others):
            return None
        alone = _alone(node.op, own, below, under)
        if without_cancellation(alone, table) is alone:
            return None

        def again(factor: Node) -> Node:
            if factor in made or not factor.args:
                return made[factor]
            args = tuple([made[arg] for arg in factor.args])
            return build.intern(factor.op, args, factor.value, factor.span)

        inner, outer = (_product(build, list(map(again, each))) for each in (own, others))
        quotient = build.node(node.op, inner, made[below], span=node.span)
        return build.node("multiply", outer, quotient, span=node.span)

    return rebuilt(graph, replace, _QUOTIENTS)


def _factors(product: Node) -> list[Node]:
    """What a product is made of, from the left; a long one is taken as it stands."""
    factors = [product]
    if product.op in PRODUCTS:
        return [product.args[0], Builder().node(PRODUCTS[product.op], product.args[1])]
    while len(factors) < _MOST_NODES:
        place = next((p for p, f in enumerate(factors) if f.op == "multiply"), None)
        if place is None:
            break
        factors[place : place + 1] = factors[place].args
    return factors


def _product(build: Builder, factors: list[Node]) -> Node:
    return reduce(lambda a, b: build.node("multiply", a, b), factors)


def _alone(op: str, own: list[Node], below: Node, under: Mapping[Node, None]) -> Graph:
    """A quotient by itself."""
    build = Builder()
    placed: set[Node] = set()
    while len(placed) < len(under):
        for node in under:
            if node not in placed and placed.issuperset(node.args):
                placed.add(build.take(node))
    return build.graph([build.node(op, _product(build, own), below)])


def _below(node: Node) -> dict[Node, None]:
    """What something is made of, itself included; nothing where that is much."""
    seen = {node: None}
    waiting = [node]
    while waiting:
        for arg in waiting.pop().args:
            if arg not in seen:
                seen[arg] = None
                waiting.append(arg)
        if len(seen) > _MOST_NODES:
            return {}
    return seen
