"""Rules that hold where operands have one shape, applied where the shapes are known."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.rewriting.matching import match
from symgrad.rewriting.rulebook import parse_rules
from symgrad.rewriting.rules import Bindings, Rule, filled_in
from symgrad.shapes import Inference


def where_alike(graph: Graph, found: Inference) -> Graph:
    """The graph with the rules of [alike] applied, once at each operation."""
    rules = parse_rules(("alike",), frozenset(node.op for node in graph.nodes))
    if not rules:
        return graph

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        for rule in rules:
            bound = match(rule, node)
            if bound is not None and _of_one_shape(rule, bound, found):
                return _built(rule, {**bound, **_made(bound, made)}, build, node)
        return None

    for node in graph.nodes:
        found.visit(node)
    return rebuilt(graph, replace)


def _made(bound: Bindings, made: Mapping[Node, Node]) -> Bindings:
    """What the names stand for in the graph that is being built."""
    return {name: made[node] for name, node in bound.items() if isinstance(node, Node)}


def _of_one_shape(rule: Rule, bound: Bindings, found: Inference) -> bool:
    """Whether all that is not guarded to be a number has one shape, and it is known."""
    shapes = [
        found.shapes.get(node)
        for name, node in bound.items()
        if isinstance(node, Node) and name not in rule.predicates
    ]
    return (
        shapes[0] is not None and None not in shapes[0] and shapes.count(shapes[0]) == len(shapes)
    )


def _built(rule: Rule, bound: Bindings, build: Builder, target: Node) -> Node:
    plan = rule.plan
    made = [bound[name] for name in plan.names]
    for op, places, value in plan.steps:
        if isinstance(value, tuple):
            value = filled_in(value, bound)
        args = [made[place] for place in places]
        made.append(build.node(op, *args, value=value, span=target.span))
    result: Node = made[plan.last]
    return result
