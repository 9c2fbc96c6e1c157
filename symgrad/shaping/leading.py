"""Axes of size 1 in front, which broadcasting adds by itself."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.shapes import Inference
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.misfit import Shape, axes_of


def without_leading_axes(graph: Graph, found: Inference) -> Graph:
    """Axes of size 1 in front, which broadcasting adds by itself, are not made.

    They are new axes, or those that a reduction keeps, of what meets arrays of all axes alone.
    """
    users: dict[Node, list[Node]] = {}
    for node in graph.nodes:
        for arg in node.args:
            users.setdefault(arg, []).append(node)
    shapes = found.shapes
    leading = {n for n in graph.nodes if n not in graph.outputs and _has_leading_axes(n, shapes)}

    def met(node: Node, user: Node) -> bool:
        """Whether a use of it has an operand with as many axes."""
        others = [arg for arg in user.args if arg is not node and arg not in leading]
        known = [shape for other in others if (shape := shapes.get(other)) is not None]
        rank = len(shapes[node] or ())
        return is_elementwise(user.op) and any(len(shape) >= rank for shape in known)

    idle = {node for node in leading if all(met(node, user) for user in users.get(node, ()))}
    if not idle:
        return graph

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node not in idle:
            return None
        if node.op == "expand_dims":
            return args[0]
        return build.node(node.op, *args, value=(*node.attributes[:-1], False), span=node.span)

    graph = rebuilt(graph, replace, {node.op for node in idle})
    for node in graph.nodes:
        if node not in shapes:
            found.visit(node)
    return graph


_KEEPING = frozenset("sum mean min var std _norm".split())
"""Reductions that say last whether they keep axes. What shares its sum with softmax is none."""


def _has_leading_axes(node: Node, shapes: Mapping[Node, Shape | None]) -> bool:
    """Whether what has axes of size 1 in front would otherwise be the same without them."""
    whole = shapes.get(node)
    inner = shapes.get(node.args[0]) if node.args else None
    if whole is None or inner is None:
        return False
    if node.op == "expand_dims":
        added = len(whole) - len(inner)
        return whole == (1,) * added + inner
    if node.op not in _KEEPING or node.attributes[-1] is not True or node.attributes[0] is None:
        return False
    axes = axes_of(node.attributes[0], len(inner))
    return sorted(axes) == list(range(len(axes)))
