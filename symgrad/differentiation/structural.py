"""The adjoints that the formula language cannot say: those of the structural operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symgrad.graph import Builder, Node
from symgrad.language.contraction import DOTS, joined, parted
from symgrad.language.items import paired, unpaired
from symgrad.language.template import HOLE, Slice

Terms = tuple[Node | None, ...]

# Each takes a cotangent in the very shape of its node, and gives terms in those of the operands.
Adjoint = Callable[[Builder, Node, Node], Terms]


def _index(build: Builder, node: Node, g: Node) -> Terms:
    like = paired(build, *node.args)
    assert like is not None
    return build.node("place", g, like, value=node.value), *_nothing(node)


def _nothing(node: Node) -> Terms:
    return (None,) * (len(node.args) - 1)


def _place(build: Builder, node: Node, g: Node) -> Terms:
    _, *fillings = unpaired(node.args[1])
    chain = paired(build, *fillings)
    args = (g,) if chain is None else (g, chain)
    return build.node("index", *args, value=node.value), None


def _broadcast(build: Builder, node: Node, g: Node) -> Terms:
    return build.node("unbroadcast", g, node.args[0]), None


def _unbroadcast(build: Builder, node: Node, g: Node) -> Terms:
    return build.node("broadcast", g, node.args[0]), None


def _copy(build: Builder, node: Node, g: Node) -> Terms:
    return (g,)


def no_terms(build: Builder, node: Node, g: Node) -> Terms:
    """For what has no derivative by any operand."""
    return (None,) * len(node.args)


def _sum(build: Builder, node: Node, g: Node) -> Terms:
    """What broadcasts to the operand is enough: its root is the operand."""
    return (_spread(build, node, g),)


def _spread(build: Builder, node: Node, g: Node) -> Node:
    axis, keepdims = node.attributes
    if g.op == "broadcast" and g.args[0].is_constant:
        return g.args[0]
    if keepdims or axis is None:
        return g
    return build.node("expand_dims", g, value=(axis,))


def _mean(build: Builder, node: Node, g: Node) -> Terms:
    count = build.node("_count", node.args[0], value=node.attributes[:1])
    if g.op == "broadcast" and g.args[0].is_constant:
        return (build.node("divide", g.args[0], count),)
    return (_spread(build, node, build.node("divide", g, count)),)


def _permute_dims(build: Builder, node: Node, g: Node) -> Terms:
    (axes,) = node.attributes
    if axes is None:
        return (build.node("permute_dims", g, value=(None,)),)
    axes = axes if isinstance(axes, tuple) else (axes,)
    count = len(axes)
    inverse = tuple(sorted(range(count), key=lambda place: axes[place] % count))
    return (build.node("permute_dims", g, value=(inverse,)),)


def _concatenate(build: Builder, node: Node, g: Node) -> Terms:
    """The first and the last part of the cotangent."""
    (axis,) = node.attributes
    known = _layers(build, node.args[0], axis)
    at = HOLE if known is None else known
    sizes = [build.node("size", node.args[0], value=(axis,))] if known is None else []
    end = known + 1 if known is not None and _is_layer(node.args[1], axis) else None
    parts = (Slice(None, at, None), Slice(at, end, None))
    keys = [
        (Slice(None, None, None),) * axis + (part,)
        if axis >= 0
        else (Ellipsis, part) + (Slice(None, None, None),) * (-axis - 1)
        for part in parts
    ]
    return tuple(build.node("index", g, *sizes, value=key) for key in keys)


def _layers(build: Builder, node: Node, axis: int) -> int | None:
    """How many things were stacked, if each got its axis for that; None if that is not seen.

    A chain is walked once: what was found for its parts is remembered.
    """
    notes = build.notes
    chain: list[Node] = []
    while node.op == "concatenate" and node.attributes == (axis,) and ("layers", node) not in notes:
        chain.append(node)
        node = node.args[0]
    count: int | None = notes.get(("layers", node), 1 if _is_layer(node, axis) else None)
    for longer in reversed(chain):
        if count is not None:
            count = count + 1 if _is_layer(longer.args[1], axis) else None
        notes["layers", longer] = count
    return count


def _is_layer(node: Node, axis: int) -> bool:
    return node.op == "expand_dims" and node.attributes[0] in (axis, (axis,))


def _take_along_axis(build: Builder, node: Node, g: Node) -> Terms:
    like = build.node("pair", *node.args)
    return build.node("_put_along_axis", g, like, value=node.value), None


def _put_along_axis(build: Builder, node: Node, g: Node) -> Terms:
    _, indices = unpaired(node.args[1])
    return build.node("take_along_axis", g, indices, value=node.value), None


def _einsum(build: Builder, node: Node, g: Node) -> Terms:
    (subscripts,) = node.attributes
    la, lb, out = parted(subscripts)
    a, b = node.args
    if not out and set(la) == set(lb) and len(set(la)) == len(la) == len(lb):
        # Times a number: nothing is contracted.
        da = build.node("multiply", g, _in_order(build, b, lb, la))
        db = build.node("multiply", g, _in_order(build, a, la, lb))
    else:
        da = build.node("_einsum", g, b, value=(joined(out, lb, _with_dots(la, lb + out)),))
        db = build.node("_einsum", a, g, value=(joined(la, out, _with_dots(lb, la + out)),))
        if not set(la).isdisjoint(lb):
            # Of a label that both have, the axis of the other one may be of size 1.
            da, db = _in_full(build, da, a), _in_full(build, db, b)
    return build.node("unbroadcast", da, a), build.node("unbroadcast", db, b)


def _in_full(build: Builder, x: Node, like: Node) -> Node:
    """An array along all axes of another one."""
    return build.node("multiply", x, build.node("broadcast", build.constant(1.0), like))


def _in_order(build: Builder, x: Node, have: str, want: str) -> Node:
    """An array with its axes in another order, by their labels."""
    if have == want:
        return x
    return build.node("permute_dims", x, value=(tuple(have.index(label) for label in want),))


def _roll(build: Builder, node: Node, g: Node) -> Terms:
    """Rolled back."""
    shift, axis = node.attributes
    fillings = [part for arg in node.args[1:] for part in unpaired(arg)]
    chain = paired(build, *(build.node("negative", part) for part in fillings))
    back = tuple(s if s is HOLE else -s for s in shift)
    args = (g,) if chain is None else (g, chain)
    return build.node("roll", *args, value=(back, axis)), *_nothing(node)


def _undone_by(op: str) -> Adjoint:
    """An operation that makes copies; the other one sums over them, in the shape of the operand."""

    def adjoint(build: Builder, node: Node, g: Node) -> Terms:
        like = paired(build, *node.args)
        assert like is not None
        return build.node(op, g, like, value=node.value), *_nothing(node)

    return adjoint


def _redone_by(op: str) -> Adjoint:
    def adjoint(build: Builder, node: Node, g: Node) -> Terms:
        chain = paired(build, *unpaired(node.args[1])[1:])
        args = (g,) if chain is None else (g, chain)
        return build.node(op, *args, value=node.value), None

    return adjoint


def _with_dots(term: str, others: str) -> str:
    """NumPy sums over no ellipsis: it is kept, and summed when the operand is un-broadcast."""
    return DOTS + term if DOTS in others and DOTS not in term else term


def _segment_sum(build: Builder, node: Node, g: Node) -> Terms:
    ids = unpaired(node.args[1])[0]
    return build.node("index", g, ids, value=(HOLE,)), None


ADJOINTS: Mapping[str, Adjoint] = {
    "index": _index,
    "place": _place,
    "broadcast": _broadcast,
    "unbroadcast": _unbroadcast,
    "copy": _copy,
    "pair": no_terms,
    "integer": no_terms,
    "sum": _sum,
    "mean": _mean,
    "permute_dims": _permute_dims,
    "concatenate": _concatenate,
    "take_along_axis": _take_along_axis,
    "_put_along_axis": _put_along_axis,
    "_einsum": _einsum,
    "_segment_sum": _segment_sum,
    "roll": _roll,
    "tile": _undone_by("_untile"),
    "_untile": _redone_by("tile"),
    "_repeat": _undone_by("_unrepeat"),
    "_unrepeat": _redone_by("_repeat"),
    "_zeros": no_terms,
    "_ones": no_terms,
    "eye": no_terms,
    "_counting": no_terms,
}

MAPS = frozenset(
    """sum mean concatenate _reshape _reshape_like expand_dims squeeze _transpose
    matrix_transpose permute_dims swapaxes moveaxis flip roll""".split()
)
"""Operations whose adjoint only moves or repeats numbers: a mask goes through it unchanged."""


def _polynomial_slope(build: Builder, node: Node) -> Node:
    (coefficients,) = node.attributes
    degree = len(coefficients) - 1
    slope = tuple(c * (degree - place) for place, c in enumerate(coefficients[:-1]))
    if len(slope) == 1:
        return build.constant(slope[0])
    return build.node("_polynomial", *node.args, value=(slope,))


def _next_moment(build: Builder, node: Node) -> Node:
    return build.node(node.op, *node.args, value=(node.attributes[0] + 1,))


PARTIALS: Mapping[str, Callable[[Builder, Node], Node]] = {
    "_polynomial": _polynomial_slope,
    "_exp_moment": _next_moment,
}
"""By operation on numbers: its partial derivative."""
