"""Derivatives in the shapes that are known: sums where operands were broadcast, and nothing else.

What the reverse pass leaves to run time - which axes an input was broadcast along, whether an
operand is a vector - is decided here, from the shapes of one call or of the declarations. A plan
made for one batch size holds for all, as only numbers of axes and axes of size 1 are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.items import unpaired
from symgrad.misfit import Shape, axes_of
from symgrad.shapes import Inference
from symgrad.sizes import source

Made = Mapping[Node, Node]


class Specialiser:
    """Replaces operations one by one; it knows the shape of all that it makes."""

    def __init__(self, found: Inference) -> None:
        self._found = found

    def __call__(self, build: Builder, node: Node, args: list[Node], made: Made) -> Node | None:
        """The replacement of a node, or None."""
        shapes = [self._found.shapes.get(part) for arg in args for part in unpaired(arg)]
        handler = _HANDLERS.get(node.op)
        if handler is not None and None not in shapes:
            result: Node | None = handler(self, build, node, args, shapes)
            if result is not None:
                return result
        return self._note(build.node(node.op, *args, value=node.value, span=node.span))

    def make(self, build: Builder, op: str, *args: Node, value: Any = None) -> Node:
        """An operation whose shape is noted."""
        return self._note(build.node(op, *args, value=value))

    def _note(self, node: Node) -> Node:
        if node not in self._found.shapes:
            self._found.visit(node)
        return node

    def shape(self, node: Node) -> Shape:
        """The shape of a node that was made."""
        found = self._found.shapes[node]
        assert found is not None
        return found


def _unbroadcast(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    g, like = shapes[:2]
    if None in g or None in like:
        return None
    new = len(g) - len(like)
    result = args[0]
    if new > 0:
        result = s.make(build, "sum", result, value=(0 if new == 1 else tuple(range(new)), False))
    summed = tuple(place for place, size in enumerate(like) if size == 1 and g[place + new] != 1)
    if summed:
        result = s.make(
            build, "sum", result, value=(summed[0] if len(summed) == 1 else summed, True)
        )
    return result


def _broadcast(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    if args[0].is_constant or None in shapes[0] or shapes[0] != shapes[1]:
        return None
    return args[0]


def _count(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """Sizes are read off the inputs, where they come from there."""
    if len(node.attributes) != 1:
        return None
    axes = axes_of(node.attributes[0], len(shapes[0]))
    found = [source(args[0], axis, s.shape) for axis in axes]
    arrays = {array for array, _ in found}
    if not found or arrays == {args[0]} or len(arrays) > 1:
        return None
    (array,) = arrays
    places = tuple(place for _, place in found)
    if len(set(places)) < len(places):
        return None
    whole = sorted(places) == list(range(len(s.shape(array))))
    axis = None if whole and len(places) > 1 else places if len(places) > 1 else places[0]
    return s.make(build, node.op, array, value=(axis,))


def _reshape_like(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """Nothing, or axes of size 1 added or taken away, wherever that is all there is to it."""
    have, want = shapes[:2]
    if None in have or None in want:
        return None
    if have == want:
        return args[0]
    if [n for n in have if n != 1] != [n for n in want if n != 1]:
        return None
    if len(have) == len(want) + 1:
        place = next(p for p in range(len(have)) if have[:p] + have[p + 1 :] == want)
        axis = place - len(have) if place >= len(have) - 2 else place
        return _squeezed(s, build, args[0], axis)
    if len(want) == len(have) + 1:
        place = next(p for p in range(len(want)) if want[:p] + want[p + 1 :] == have)
        axis = place - len(want) if place >= len(want) - 2 else place
        return s.make(build, "expand_dims", args[0], value=(axis,))
    return None


def _line(node: Node, axis: int) -> Node | None:
    """The vector that a row or a column is made of."""
    if node.op == "expand_dims" and node.value == (axis,):
        return node.args[0]
    return None


def _transposed(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """A column transposed is a row; a matrix transposed is written .T."""
    inner = args[0]
    if inner.op == "_transpose" and len(shapes[0]) == 2:
        return inner.args[0]
    for axis, other in ((-1, -2), (-2, -1)):
        vector = _line(inner, axis)
        if vector is not None and len(s.shape(vector)) == 1:
            return s.make(build, "expand_dims", vector, value=(other,))
    return s.make(build, "_transpose", inner) if len(shapes[0]) == 2 else None


def _product(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """A column times a row is an outer product."""
    for one, other in ((args[0], args[1]), (args[1], args[0])):
        factor = _constant_below(one)
        if factor is not None and s.shape(one) == (1, 1):
            return s.make(build, "multiply", factor, other) if factor.value != 1 else other
    column, row = _line(args[0], -1), _line(args[1], -2)
    if column is None or row is None or {len(s.shape(column)), len(s.shape(row))} != {1}:
        return None
    return s.make(build, "_outer", column, row)


def _constant_below(node: Node) -> Node | None:
    """The constant that was only given axes."""
    while node.op in ("expand_dims", "_reshape_like", "broadcast"):
        node = node.args[0]
    return node if node.is_constant else None


def _keep(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """One condition for all numbers goes below the new axes, where products can see them."""
    if shapes[0] != () or args[1].op != "expand_dims":
        return None
    inner = s.make(build, "keep", args[0], args[1].args[0])
    return s.make(build, "expand_dims", inner, value=args[1].value)


def _squeeze(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    (axis,) = node.attributes
    return _squeezed(s, build, args[0], axis) if isinstance(axis, int) else None


def _squeezed(s: Specialiser, build: Builder, x: Node, axis: int) -> Node:
    """A product with a row or a column that was a vector is one with the vector."""
    at = axis - len(s.shape(x)) if axis >= 0 else axis
    if x.op in ("_mm", "_solve") and at in (-1, -2):
        left, right = x.args
        vector = _line(right, -1) if at == -1 else _line(left, -2) if x.op == "_mm" else None
        if vector is not None and len(s.shape(vector)) == 1:
            operands = (left, vector) if at == -1 else (vector, right)
            return s.make(build, "_at" if x.op == "_mm" else "_solve_vector", *operands)
    if x.op == "_at" and at == -1 and len(s.shape(x)) == 1:
        row = _line(x.args[0], -2)
        if row is not None and len(s.shape(row)) == 1:
            return s.make(build, "_at", row, x.args[1])
        column = _line(x.args[1], -1)
        if column is not None and len(s.shape(column)) == 1:
            return s.make(build, "_at", x.args[0], column)
    if x.op in ("sum", "mean") and isinstance(x.value, tuple) and x.value[1] is True:
        kept = x.value[0]
        if isinstance(kept, int) and kept % len(s.shape(x)) == axis % len(s.shape(x)):
            return s.make(build, x.op, x.args[0], value=(kept, False))
    if x.op == "expand_dims" and x.value in ((axis,), (at,)):
        return x.args[0]
    return s.make(build, "squeeze", x, value=(axis,))


_HANDLERS = {
    "size": _count,
    "_count": _count,
    "unbroadcast": _unbroadcast,
    "broadcast": _broadcast,
    "_reshape_like": _reshape_like,
    "matrix_transpose": _transposed,
    "_mm": _product,
    "squeeze": _squeeze,
    "keep": _keep,
}


def specialise(graph: Graph, found: Inference) -> Graph:
    """The graph for known shapes; `found` has those of its inputs."""
    for node in graph.nodes:
        if node not in found.shapes:
            found.visit(node)
    return rebuilt(graph, Specialiser(found))
