"""Where a size comes from: an axis of an input, rather than of something computed."""

from __future__ import annotations

from collections.abc import Callable

from symgrad.graph import Node
from symgrad.shaping.leaves import REDUCTIONS, is_elementwise
from symgrad.shaping.misfit import Shape, axes_of

ShapeOf = Callable[[Node], Shape]
Axis = tuple[Node, int]
"""An array and one of its axes, counted from the front."""


def source(node: Node, axis: int, shape_of: ShapeOf) -> Axis:
    """The first array that has the axis of a node, as far as it can be followed back."""
    while True:
        before = _before(node, axis, shape_of)
        if before is None:
            return node, axis
        node, axis = before


def _before(node: Node, axis: int, shape_of: ShapeOf) -> Axis | None:
    """The operand that an axis comes from; None where it begins here."""
    rank = len(shape_of(node))
    if node.op == "input" or not node.args:
        return None
    if is_elementwise(node.op):
        for arg in node.args:
            place = axis - rank + len(shape_of(arg))
            if place >= 0 and shape_of(arg)[place] != 1:
                return arg, place
        return None
    first = node.args[0]
    have = len(shape_of(first))
    if node.op in REDUCTIONS or node.op == "squeeze":
        kept = node.op != "squeeze" and node.attributes[-1] is True
        gone = axes_of(node.attributes[0], have)
        if node.op == "squeeze" and node.attributes[0] is None:
            gone = tuple(a for a, size in enumerate(shape_of(first)) if size == 1)
        if kept:
            return None if axis in gone else (first, axis)
        return first, [a for a in range(have) if a not in gone][axis]
    if node.op == "expand_dims":
        added = node.attributes[0]
        new = axes_of(added if isinstance(added, tuple) else (added,), rank)
        return (
            None if axis in new else (first, [a for a in range(rank) if a not in new].index(axis))
        )
    if node.op in ("_mm", "_at") and (axis < rank - 2 or rank != have):
        return None if node.op == "_mm" or have != 2 or rank != 1 else (first, 0)
    if node.op in ("_mm", "_at"):
        other = node.args[1]
        return (first, axis) if axis == rank - 2 else (other, len(shape_of(other)) - 1)
    if node.op in ("_transpose", "matrix_transpose") and have == 2:
        return first, 1 - axis
    return None
