"""Derivatives in the shapes that are known: sums where operands were broadcast, and nothing else.

What the reverse pass leaves to run time - which axes an input was broadcast along, whether an
operand is a vector - is decided here, from the shapes of one call or of the declarations. A plan
made for one batch size holds for all, as only numbers of axes and axes of size 1 are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.contraction import parted
from symgrad.language.items import unpaired
from symgrad.shapes import Inference
from symgrad.shaping.leading import without_leading_axes
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.misfit import Shape, axes_of
from symgrad.shaping.sizes import source
from symgrad.shaping.slices import shortened
from symgrad.simplify import simplify

Made = Mapping[Node, Node]


class Specialiser:
    """Replaces operations one by one; it knows the shape of all that it makes."""

    def __init__(self, found: Inference, outputs: tuple[Node, ...]) -> None:
        self._found = found
        self.outputs = outputs

    def __call__(self, build: Builder, node: Node, args: list[Node], made: Made) -> Node | None:
        """The replacement of a node, or None."""
        shapes = [self._found.shapes.get(part) for arg in args for part in unpaired(arg)]
        handler = _HANDLERS.get(node.op)
        if handler is not None and None not in shapes:
            result: Node | None = handler(self, build, node, args, shapes)
            if result is not None:
                constant = _fill(result)
                if constant is not None and node in self.outputs and node.op in _LIKE:
                    return self.make(build, "broadcast", constant, args[-1])
                return result
        if node.op == "unbroadcast" and shapes[1] == () and shapes[0] is None:
            counted = _summed_fill(self, build, args[0])
            if counted is not None:
                return counted
        if is_elementwise(node.op):
            short = _elementwise(self, build, node, args)
            if short is not None:
                return short
        return self._note(build.node(node.op, *args, value=node.value, span=node.span))

    def known(self, node: Node) -> Shape | None:
        """The shape of a node, if all of it is known."""
        found = self._found.shapes.get(node)
        return None if found is None or None in found else found

    def vector(self, node: Node, axis: int) -> Node | None:
        """The vector that a row or a column is made of."""
        if node.op != "expand_dims" or node.attributes != (axis,):
            return None
        return node.args[0] if len(self.shape(node.args[0])) == 1 else None

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


_LIKE = frozenset(("broadcast", "unbroadcast", "_reshape_like"))


def _fill(node: Node) -> Node | None:
    """The constant that fills an array."""
    filled = node.args[0] if node.op == "broadcast" else node
    return filled if filled.is_constant else None


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
    if any(size != 1 and g[place + new] == 1 for place, size in enumerate(like)):
        # An axis that was contracted with one of size 1: all of its elements get the same.
        result = s.make(build, "broadcast", result, args[1])
    return result


def _summed_fill(s: Specialiser, build: Builder, g: Node) -> Node | None:
    """The sum of what a number fills, whatever its shape is: so many times that number."""
    if g.op != "broadcast" or not g.args[0].is_constant:
        return None
    return s.make(build, "multiply", g.args[0], s.make(build, "size", g.args[1], value=(None,)))


def _broadcast(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    if None in shapes[0] or shapes[0] != shapes[1]:
        return None
    return None if args[0].is_constant and node in s.outputs else args[0]


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


def _of_nothing(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """The sum of no exponentials or powers is 0; there is nothing to normalise."""
    axis, keepdims = (*node.attributes, True)[:2]
    if 0 not in [shapes[0][a] for a in axes_of(axis, len(shapes[0]))]:
        return None
    if node.op in ("softmax", "log_softmax", "_shares"):
        return args[0]
    total = s.make(build, "sum", args[0], value=(axis, keepdims))
    if node.op == "_order_norm":
        one = s.make(build, "constant", value=1.0)
        return s.make(build, "power", total, s.make(build, "divide", one, args[1]))
    return s.make(build, "broadcast", s.make(build, "constant", value=-math.inf), total)


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


def _transposed(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """A column transposed is a row; a matrix transposed is written .T."""
    inner = args[0]
    if inner.op == "_transpose" and len(shapes[0]) == 2:
        return inner.args[0]
    for axis, other in ((-1, -2), (-2, -1)):
        vector = s.vector(inner, axis)
        if vector is not None:
            return s.make(build, "expand_dims", vector, value=(other,))
    return s.make(build, "_transpose", inner) if len(shapes[0]) == 2 else None


def _product(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """Products with what was a vector are products of vectors; a column times a row is outer."""
    for one, other in ((args[0], args[1]), (args[1], args[0])):
        factor = _number_below(s, one)
        if factor is not None and s.shape(one) == (1, 1):
            return _scaled(s, build, factor, other)
    column, row = s.vector(args[0], -1), s.vector(args[1], -2)
    if column is not None and row is not None:
        return s.make(build, "_outer", column, row)
    right, left = s.vector(args[1], -1), s.vector(args[0], -2)
    if right is not None and left is not None:
        inner = s.make(build, "_at", left, right)
        return s.make(build, "expand_dims", inner, value=((-2, -1),))
    if right is not None:
        return s.make(build, "expand_dims", s.make(build, "_at", args[0], right), value=(-1,))
    if left is not None:
        return s.make(build, "expand_dims", s.make(build, "_at", left, args[1]), value=(-2,))
    return None


def _solved(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """A right-hand side that was a vector is one."""
    vector = s.vector(args[1], -1)
    if vector is None:
        return None
    solution = s.make(build, "_solve_vector", args[0], vector)
    return s.make(build, "expand_dims", solution, value=(-1,))


def _scaled(s: Specialiser, build: Builder, factor: Node, other: Node) -> Node:
    """A number times an array, below axes that were only added."""
    if factor.value == 1:
        return other
    if other.op == "expand_dims":
        inner = s.make(build, "multiply", factor, other.args[0])
        return s.make(build, "expand_dims", inner, value=other.value)
    return s.make(build, "multiply", factor, other)


def _contraction(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """A sum over one label that both operands have is a product of matrices or vectors."""
    left, right, out = parted(node.attributes[0])
    summed = set(left) & set(right) - set(out)
    if len(summed) != 1 or max(len(left), len(right)) > 2 or set(left) & set(right) != summed:
        return None
    (label,) = summed
    a, b = args
    if len(left) == 2 and left[0] == label:
        a, left = s.make(build, "_transpose", a), left[::-1]
    if len(right) == 2 and right[1] == label:
        b, right = s.make(build, "_transpose", b), right[::-1]
    product = s.make(build, "_at", a, b)
    found = left[:-1] + right[1:]
    if found == out:
        return product
    return s.make(build, "_transpose", product) if found == out[::-1] else None


def _number_below(s: Specialiser, node: Node) -> Node | None:
    """The one number that was only given axes."""
    while node.op in ("expand_dims", "_reshape_like", "broadcast"):
        node = node.args[0]
    return node if node.is_constant or s.shape(node) == () else None


def _keep(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    """One condition for all numbers goes below the new axes, where products can see them."""
    if shapes[0] != () or args[1].op != "expand_dims":
        return None
    inner = s.make(build, "keep", args[0], args[1].args[0])
    return s.make(build, "expand_dims", inner, value=args[1].value)


def _squeeze(s: Specialiser, build: Builder, node: Node, args: list[Node], shapes: Any) -> Any:
    (axis,) = node.attributes
    if isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    return _squeezed(s, build, args[0], axis) if isinstance(axis, int) else None


def _squeezed(s: Specialiser, build: Builder, x: Node, axis: int) -> Node:
    """Without an axis of size 1: that of a sum is not kept to begin with."""
    rank = len(s.shape(x))
    for counted in (axis % rank, axis % rank - rank):
        picked = shortened("squeeze", (x,), (counted,))
        if picked is not None:
            return s.make(build, "index", *picked[0], value=picked[1])
    if x.op == "expand_dims":
        added = x.attributes[0]
        axes = [a % rank for a in (added if isinstance(added, tuple) else (added,))]
        if axis % rank in axes:
            left = tuple(a - rank for a in axes if a != axis % rank)
            # One axis less stands before those that are counted from the end.
            left = tuple(a + 1 if a + rank < axis % rank else a for a in left)
            if not left:
                return x.args[0]
            return s.make(build, "expand_dims", x.args[0], value=(left,))
    if x.op in ("sum", "mean") and x.attributes[1] is True:
        kept = x.attributes[0]
        if isinstance(kept, int) and kept % rank == axis % rank:
            return s.make(build, x.op, x.args[0], value=(kept, False))
    return s.make(build, "squeeze", x, value=(axis,))


def _elementwise(s: Specialiser, build: Builder, node: Node, args: list[Node]) -> Node | None:
    """New axes come last: one number needs none, and two operands need the same ones once.

    A number that fills an array is as good by itself beside what has all axes of the result.
    """
    if len(args) != 2 or None in (s.known(args[0]), s.known(args[1])):
        return None
    if all(arg.op == "expand_dims" and arg.value == args[0].value for arg in args):
        inner = [arg.args[0] for arg in args]
        if len(s.shape(inner[0])) == len(s.shape(inner[1])):
            together = s.make(build, node.op, *inner)
            return s.make(build, "expand_dims", together, value=args[0].value)
    for place, other in ((0, 1), (1, 0)):
        number, shape = _number_below(s, args[place]), s.shape(args[place])
        if node.op == "multiply" and args[place].is_constant and args[place].value == 1:
            return args[other]
        if number in (None, args[place]) or not (number.is_constant or set(shape) <= {1}):
            continue
        if _covers(s.shape(args[other]), shape):
            args[place] = number
            return s.make(build, node.op, *args)
    return None


def _covers(whole: Shape, part: Shape) -> bool:
    """Whether what broadcasts with the other has the shape of the first."""
    aligned = whole[len(whole) - len(part) :]
    return len(part) <= len(whole) and all(
        p == 1 or w != 1 for p, w in zip(part, aligned, strict=True)
    )


_HANDLERS = {
    "logsumexp": _of_nothing,
    "softmax": _of_nothing,
    "log_softmax": _of_nothing,
    "_shares": _of_nothing,
    "_order_norm": _of_nothing,
    "_offset": _of_nothing,
    "size": _count,
    "_count": _count,
    "unbroadcast": _unbroadcast,
    "broadcast": _broadcast,
    "_reshape_like": _reshape_like,
    "matrix_transpose": _transposed,
    "_mm": _product,
    "_solve": _solved,
    "_einsum": _contraction,
    "squeeze": _squeeze,
    "keep": _keep,
}


def specialise(
    graph: Graph, found: Inference, table: FunctionTable, exact: bool = False, text: str = ""
) -> Graph:
    """The graph for known shapes, made short again; `found` has those of its inputs."""
    found.survey(graph.nodes, graph, text)
    graph = rebuilt(graph, Specialiser(found, graph.outputs))
    graph = without_leading_axes(graph, found)
    return simplify(graph if exact else contracted(graph, found), table, exact)


def contracted(graph: Graph, found: Inference) -> Graph:
    """Sums of products that nothing else needs, without the array of products."""
    uses = graph.uses()
    uses.update(graph.outputs)

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op != "sum" or node.args[0].op != "multiply" or uses[node.args[0]] > 1:
            return None
        left, right = (found.shapes.get(arg) for arg in node.args[0].args)
        axis, keepdims = node.attributes
        if keepdims or not left or left != right or None in left:
            return None
        if axis is not None and len(axes_of(axis, len(left))) < len(left):
            return None
        op = "_at" if len(left) == 1 else "_vdot"
        return build.node(op, *args[0].args, span=node.span)

    return rebuilt(graph, replace)
