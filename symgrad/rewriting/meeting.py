"""Two factors that a rule makes one of stand together, as in `C * expm1(n*log1p(r)) / r`.

A product of factors and divisors may be taken in any order. Rules see two operands, so that a
factor that stands between keeps them from what they are for. Here each factor meets each divisor,
and each other factor: the first two for which there is a rule become what that makes of them, and
the rest of the product stays as it is written. Rules that know one of the two alone are left out:
they hold for any product, which needs no order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce

from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, ancestors, rebuilt
from symgrad.rewrite import index_of
from symgrad.rewriting.matching import Index, Kinds, match
from symgrad.rewriting.rules import Bindings, Rule, built

_CHAINED = frozenset(("multiply", "divide", "negative"))
_MOST_FACTORS = 8

Factors = list[tuple[int, Node]]
"""What is multiplied, with 1, and what is divided by, with -1."""


def met(graph: Graph, table: FunctionTable, sections: tuple[str, ...]) -> Graph:
    """The graph with two factors as one, in products of more than two, where a rule says so."""
    roots = _whole_products(graph)
    if not roots:
        return graph
    index = index_of(table, sections, frozenset([node.op for node in graph.nodes]) | _CHAINED)
    chosen: dict[Node, _Meeting] = {}
    for root in roots:
        sign, factors = _factors(root)
        found = _meeting(factors, index) if 2 < len(factors) <= _MOST_FACTORS else None
        if found is not None:
            chosen[root] = sign, factors, *found
    if not chosen:
        return graph

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        return _written(build, node, chosen[node], made) if node in chosen else None

    return rebuilt(graph, replace, nodes=chosen)


_Meeting = tuple[int, Factors, tuple[int, int], Rule, Bindings]
"""A product: its sign, its factors, the places of the two that meet, and the rule for them."""


def _whole_products(graph: Graph) -> list[Node]:
    """Products and quotients that are no part of another one alone."""
    found = [node for node in graph.nodes if node.op in _CHAINED]
    parts = {arg for node in found for arg in node.args}
    needed = {arg for node in graph.nodes if node.op not in _CHAINED for arg in node.args}
    needed.update(graph.outputs)
    return [node for node in found if node in needed or node not in parts]


def _factors(root: Node) -> tuple[int, Factors]:
    """The sign of a product, and its factors from the left; of a long one, more than may be.

    A product of which a factor is a function stays whole, as in sin(k*t)/(k*t).
    """
    sign, found = _opened(root, frozenset())
    functions = [factor for _, factor in found if factor.op not in _CHAINED]
    arguments = {arg.args[0] if arg.op == "negative" else arg for f in functions for arg in f.args}
    whole = frozenset(arg for arg in arguments if arg.op in _CHAINED and arg is not root)
    return _opened(root, whole) if whole else (sign, found)


def _opened(root: Node, whole: frozenset[Node]) -> tuple[int, Factors]:
    sign = 1
    found: Factors = []
    waiting = [(1, root)]
    while waiting:
        if len(found) + len(waiting) > _MOST_FACTORS:
            return sign, found + waiting  # It is not gone through.
        side, node = waiting.pop()
        if node.op == "negative":
            sign = -sign
            waiting.append((side, node.args[0]))
        elif node.op in _CHAINED and node not in whole:
            below = -side if node.op == "divide" else side
            waiting += [(below, node.args[1]), (side, node.args[0])]
        else:
            found.append((side, node))
    return sign, found


def _meeting(factors: Factors, index: Index) -> tuple[tuple[int, int], Rule, Bindings] | None:
    kinds: Kinds = {}
    for places in _pairs(factors):
        (side, first), (other, second) = factors[places[0]], factors[places[1]]
        if first.is_constant or second.is_constant:
            continue
        pair = Node("divide" if side > other else "multiply", (first, second))
        for rule in index.candidates(pair, kinds):
            bound = match(rule, pair) if _is_for_two(rule) else None
            if bound is not None:
                return places, rule, bound
    return None


def _pairs(factors: Factors) -> Iterator[tuple[int, int]]:
    """Places of a factor and a divisor, and of two factors."""
    above = [place for place, (side, _) in enumerate(factors) if side > 0]
    below = [place for place, (side, _) in enumerate(factors) if side < 0]
    yield from ((a, b) for a in above for b in below)
    yield from ((a, b) for a in above for b in above if a < b)


def _is_for_two(rule: Rule) -> bool:
    """Whether each operand of a pattern is an operation, or stands in the other one, too.

    A moment is for where its argument is small, as `grouping` sees to it that it is.
    """
    first, second = rule.root.args
    return not any(op == "_exp_moment" for op, *_ in rule.plan.steps) and all(
        one.args or one in ancestors(rule.matched.nodes, [two]) - {two}
        for one, two in ((first, second), (second, first))
    )


def _written(build: Builder, node: Node, found: _Meeting, made: Mapping[Node, Node]) -> Node:
    sign, factors, places, rule, bound = found
    here = {name: made[n] if isinstance(n, Node) else n for name, n in bound.items()}
    one = built(rule, here, build, node)
    above = [one]
    below: list[Node] = []
    for place, (side, factor) in enumerate(factors):
        if place not in places:
            (above if side > 0 else below).append(made[factor])
    above = above[1:] + above[:1]
    result = reduce(lambda a, b: build.node("multiply", a, b, span=node.span), above)
    if below:
        divisor = reduce(lambda a, b: build.node("multiply", a, b, span=node.span), below)
        result = build.node("divide", result, divisor, span=node.span)
    return build.node("negative", result, span=node.span) if sign < 0 else result
