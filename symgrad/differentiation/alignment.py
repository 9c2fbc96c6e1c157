"""Whether a row of an expression depends on the same row of a variable alone.

A network that is applied to n points gives n numbers, each of one point, though products of
matrices lie between. Each axis of the variable is followed through the operations; where it is
never summed over, sorted along or mixed with itself, rows keep to themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symgrad.graph import Node
from symgrad.language.contraction import DOTS, parted
from symgrad.language.template import HOLE, Slice
from symgrad.reverse import Tape
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.misfit import Shape, axes_of

Follow = Callable[[Node, int, int, Sequence[Shape]], int | None]
"""Takes an operation, which operand is meant, the place of an axis in it and the operands' shapes.
Gives the place of the axis in the result; None where rows mix. Axes count from the end, so that
broadcasting leaves them where they are."""


def _stays(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    return place


def _reduced(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    rank, keepdims = len(shapes[0]), node.attributes[-1]
    axes = [axis - rank for axis in axes_of(node.attributes[0], rank)]
    if place in axes:
        return None
    return place if keepdims else place + sum(axis > place for axis in axes)


def _along(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    rank = len(shapes[0])
    return None if place + rank in axes_of(node.attributes[0], rank) else place


def _expanded(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    axes = node.attributes[0] if isinstance(node.attributes[0], tuple) else node.attributes
    rank = len(shapes[0]) + len(axes)
    left = [a for a in range(rank) if a not in axes_of(axes, rank)]
    return left[place] - rank


def _squeezed(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    shape, axis = shapes[0], node.attributes[0]
    rank = len(shape)
    gone = [a for a in range(rank) if shape[a] == 1] if axis is None else axes_of(axis, rank)
    return place + sum(a - rank > place for a in gone)


def _swapped(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    rank = len(shapes[0])
    pair = [axis % rank - rank for axis in (node.attributes or (-2, -1))]
    return pair[1 - pair.index(place)] if place in pair else place


def _reversed(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    return -1 - place - len(shapes[0])


def _summed_down(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    """Axes that the second operand lacks, or has with size 1, are summed over."""
    x, like = shapes[:2]
    return place if -place <= len(like) and like[place] == x[place] else None


def _reshaped(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    """Where only axes of size 1 come or go."""
    x, like = ([a - len(s) for a, size in enumerate(s) if size != 1] for s in shapes[:2])
    if [shapes[0][a] for a in x] != [shapes[1][a] for a in like]:
        return None
    return like[x.index(place)]


def _product(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    """The last axis of the first operand and the last but one of the second are summed over."""
    return None if place == (-1, -2)[operand] else place


def _contracted(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    *terms, out = parted(node.attributes[0])
    label = terms[operand][place] if DOTS not in terms[operand] + out else ""
    return out.index(label) - len(out) if label and label in out else None


def _indexed(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    """Other axes may go or come; the axis itself is taken as a whole."""
    if any(shape != () for shape in shapes[1:]):
        return None
    key, rank = [*node.attributes], len(shapes[0])
    used = sum(part is not None and part is not Ellipsis for part in key)
    rest = [Slice(None, None, None)] * (rank - used)
    at = key.index(Ellipsis) if Ellipsis in key else len(key)
    key[at : at + 1] = rest
    taken = [part for part in key if part is not None]
    if taken[place] != Slice(None, None, None):
        return None
    before = [n for n, part in enumerate(key) if part is not None][place]
    return -sum(part is None or isinstance(part, Slice) for part in key[before:])


def _placed(node: Node, operand: int, place: int, shapes: Sequence[Shape]) -> int | None:
    """Back to where an index took the axis from."""
    like = shapes[1]
    if HOLE in node.attributes:
        return None
    ways = [axis - len(like) for axis in range(len(like))]
    return next((way for way in ways if _indexed(node, 0, way, [like]) == place), None)


_FOLLOW: Mapping[str, Follow] = {
    **dict.fromkeys(
        """sum mean var std max min logsumexp _lse_rest _offset _log_total _norm _harmonic
        _order_norm""".split(),
        _reduced,
    ),
    **dict.fromkeys(
        """softmax log_softmax _shares normalize _deviation _evened concatenate _cumsum
        _cumlogsumexp""".split(),
        _along,
    ),
    "broadcast": _stays,
    "expand_dims": _expanded,
    "squeeze": _squeezed,
    "unbroadcast": _summed_down,
    "_reshape_like": _reshaped,
    **dict.fromkeys("swapaxes matrix_transpose".split(), _swapped),
    "_transpose": _reversed,
    "_mm": _product,
    "_einsum": _contracted,
    "index": _indexed,
    "place": _placed,
}
"""Where axes go in operations that are not elementwise. In all others they mix."""


def keeps_rows(tape: Tape, x: Node, shapes: Mapping[Node, Shape | None]) -> bool:
    """Whether each element of a value depends on that element of x to which it broadcasts.

    `shapes` has the shapes of all nodes. It is False where that is not seen.
    """
    shape, value = shapes[x], tape.value
    if shape is None or len(shapes[value] or ()) < len(shape):
        return False
    wanted = tuple(axis - len(shape) for axis, size in enumerate(shape) if size != 1)
    places: dict[Node, tuple[int, ...]] = {x: wanted}
    for node in tape.graph.nodes:
        if node in tape.active and node is not x:
            moving = [n for n, arg in enumerate(node.args) if arg in places]
            moving = [n for n in moving if tape.passes(node, n)]
            found = _followed(node, moving, places, shapes)
            if found is None:
                return False
            places[node] = found
    return places[value] == wanted


def _followed(
    node: Node,
    moving: Sequence[int],
    places: Mapping[Node, tuple[int, ...]],
    shapes: Mapping[Node, Shape | None],
) -> tuple[int, ...] | None:
    """Where the axes are in a result: the same for all operands that have them."""
    follow = _stays if is_elementwise(node.op) else _FOLLOW.get(node.op)
    known = [shape for arg in node.args if (shape := shapes.get(arg)) is not None]
    sure = len(known) == len(node.args) and not any(None in shape for shape in known)
    if follow is None or not sure:
        return None
    ways = {
        tuple([follow(node, operand, place, known) for place in places[node.args[operand]]])
        for operand in moving
    }
    way = ways.pop() if len(ways) == 1 else (None,)
    found = tuple([place for place in way if place is not None])
    return found if len(found) == len(way) else None
