"""The same work once, where only the order of operands or what a result is laid out as differs."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.graph import Builder, Graph, Node, rebuilt

_COMMUTE = ("add", "multiply")


def in_one_order(graph: Graph) -> Graph:
    """Sums and products once, in whichever order their operands stand: the result is the same."""
    places = [(n.op, frozenset(n.args)) for n in graph.nodes if n.op in _COMMUTE]
    if len(set(places)) == len(places):
        return graph
    seen: dict[tuple[str, frozenset[Node]], Node] = {}

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        key = node.op, frozenset(args)
        if key not in seen:
            seen[key] = build.node(node.op, *args, span=node.span)
        return seen[key]

    return rebuilt(graph, replace, _COMMUTE)


def reduced_once(graph: Graph) -> Graph:
    """What is reduced with its axes kept and without them, reduced once.

    What is computed from either becomes one thing, too, and may be reduced in turn.
    """
    while twice := _in_both_ways(graph):
        graph = _with_axes_kept(graph, twice)
    return graph


def _in_both_ways(graph: Graph) -> set[Node]:
    """Reductions without axes that are kept elsewhere."""
    along = [node for node in graph.nodes if node.op in _ALONG and node.attributes[0] is not None]
    kept = {(n.op, n.args, n.attributes[0]) for n in along if n.attributes[1]}
    bare = [node for node in along if not node.attributes[1]]
    return {node for node in bare if (node.op, node.args, node.attributes[0]) in kept}


def _with_axes_kept(graph: Graph, reductions: set[Node]) -> Graph:
    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op == "expand_dims":
            again = args[0].op == "squeeze" and args[0].value == node.value
            return args[0].args[0] if again else None
        if node not in reductions:
            return None
        axis = node.attributes[0]
        whole = build.node(node.op, *args, value=(axis, True), span=node.span)
        return build.node("squeeze", whole, value=(axis,), span=node.span)

    return rebuilt(graph, replace, (*_ALONG, "expand_dims"))


_ALONG = ("sum", "mean", "max", "min")
