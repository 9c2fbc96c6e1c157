"""The shapes of what only moves, repeats or picks numbers, as NumPy has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symgrad.graph import Node
from symgrad.language.template import filled
from symgrad.shaping.misfit import Misfit, Rule, Shape, Size, axes_of, axis_of, broadcast, product


def expanded(shape: Shape, axis: Any) -> Shape:
    """With new axes of size 1, at places in the result."""
    places = axis if isinstance(axis, tuple) else (axis,)
    axes = axes_of(places, len(shape) + len(places))
    sizes = iter(shape)
    return tuple(1 if a in axes else next(sizes) for a in range(len(shape) + len(axes)))


def _squeezed(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    (shape, *_), (axis,) = shapes, node.attributes
    if axis is None:
        return tuple(size for size in shape if size != 1)
    axes = axes_of(axis, len(shape))
    wrong = [shape[a] for a in axes if shape[a] not in (1, None)]
    if wrong:
        raise Misfit(f"an axis of size {wrong[0]} cannot be squeezed away")
    return tuple(size for a, size in enumerate(shape) if a not in axes)


def _expanded(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return expanded(shapes[0], node.attributes[0])


def _reversed(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return shapes[0][::-1]


def _swapped(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = (-2, -1) if node.op == "matrix_transpose" else node.attributes
    shape = list(shapes[0])
    if node.op == "matrix_transpose" and len(shape) < 2:
        raise Misfit(f"a matrix has at least 2 axes; this has shape {tuple(shape)}")
    a, b = axis_of(a, len(shape)), axis_of(b, len(shape))
    shape[a], shape[b] = shape[b], shape[a]
    return tuple(shape)


def _permuted(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    axes = node.attributes[0]
    if axes is None:
        return shapes[0][::-1]
    if not isinstance(axes, tuple) or len(axes) != len(shapes[0]):
        raise Misfit(f"the permutation {axes} is not for an array of shape {shapes[0]}")
    return tuple(shapes[0][a] for a in axes_of(axes, len(shapes[0])))


def _moved(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    source, destination = node.attributes
    rank = len(shapes[0])
    sources, goals = axes_of(source, rank), axes_of(destination, rank)
    if len(sources) != len(goals):
        raise Misfit("source and destination have different lengths")
    order = [a for a in range(rank) if a not in sources]
    for goal, start in sorted(zip(goals, sources, strict=True)):
        order.insert(goal, start)
    return tuple(shapes[0][a] for a in order)


def _reshaped(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    sizes = list(filled(node.attributes[0], iter(fillings)))
    count = product(shapes[0])
    if sizes.count(-1) > 1 or any(s is not None and s < -1 for s in sizes):
        raise Misfit(f"{tuple(sizes)} is not a shape")
    rest = product([s for s in sizes if s != -1])
    if -1 in sizes:
        if count is not None and rest is not None and (rest == 0 or count % rest):
            message = f"{count} elements of shape {shapes[0]} do not fill the shape {tuple(sizes)}"
            raise Misfit(message)
        sizes[sizes.index(-1)] = None if count is None or rest is None else count // rest
    elif count is not None and rest is not None and count != rest:
        raise Misfit(f"{count} elements of shape {shapes[0]} do not fill the shape {tuple(sizes)}")
    return tuple(sizes)


def _broadcast_to(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    wanted: Shape = filled(node.attributes[0], iter(fillings))
    try:
        fits = broadcast(shapes[0], wanted)
    except Misfit:
        fits = ()
    if len(fits) != len(wanted) or any(
        f is not None and w is not None and f != w for f, w in zip(fits, wanted, strict=True)
    ):
        raise Misfit(f"shape {shapes[0]} does not broadcast to {wanted}")
    return wanted


def _filled_shape(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    sizes: Shape = filled(node.attributes[0], iter(fillings))
    if any(s is not None and s < 0 for s in sizes):
        raise Misfit("a size is negative")
    if node.op == "eye":
        columns = node.attributes[1]
        return sizes[0], sizes[0] if columns is None else columns
    return sizes


def _concatenated(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = shapes[:2]
    axis = node.attributes[0]
    if len(a) != len(b):
        raise Misfit("arrays with different numbers of axes cannot be joined")
    place = axis_of(axis, len(a))
    for at, (s, t) in enumerate(zip(a, b, strict=True)):
        if at != place and s != t and None not in (s, t):
            raise Misfit("arrays differ in an axis along which they are not joined")
    x, y = a[place], b[place]
    joined = None if x is None or y is None else x + y
    return (*a[:place], joined, *a[place + 1 :])


def _along_indices(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    x, indices = shapes[:2]
    axis = axis_of(node.attributes[0], len(x))
    if len(indices) != len(x):
        raise Misfit("the indices do not have as many axes as the array")
    rest = broadcast((*x[:axis], 1, *x[axis + 1 :]), (*indices[:axis], 1, *indices[axis + 1 :]))
    return (*rest[:axis], indices[axis], *rest[axis + 1 :])


def _repeated(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    repeats, axis = node.attributes
    (count, *more), shape = filled(repeats, iter(fillings)), list(shapes[0])
    place = axis_of(axis, len(shape))
    size = shape[place]
    if any(n is not None and n < 0 for n in (count, *more)):
        raise Misfit("a number of repeats is negative")
    if more:
        count = (count + sum(more)) / (size or 1)
    shape[place] = None if size is None or count is None else int(size * count)
    return tuple(shape)


def _tiled(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    counts: Shape = filled(node.attributes[0], iter(fillings))
    rank = max(len(counts), len(shapes[0]))
    shape = (1,) * (rank - len(shapes[0])) + tuple(shapes[0])
    counts = (1,) * (rank - len(counts)) + counts
    pairs = zip(shape, counts, strict=True)
    return tuple(None if s is None or c is None else s * c for s, c in pairs)


def _padded(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    widths = pad_widths(node.attributes[0], len(shapes[0]))
    return tuple(
        None if s is None else s + before + after
        for s, (before, after) in zip(shapes[0], widths, strict=True)
    )


def pad_widths(width: Any, rank: int) -> list[tuple[int, int]]:
    """What np.pad makes of its width."""
    if isinstance(width, int):
        return [(width, width)] * rank
    if len(width) == 2 and all(isinstance(w, int) for w in width):
        return [(width[0], width[1])] * rank
    pairs = [(w, w) if isinstance(w, int) else tuple(w) for w in width]
    if len(pairs) == 1:
        pairs *= rank
    if len(pairs) != rank:
        raise Misfit(f"the pad widths {width} are not for {rank} axes")
    return [(a, b) for a, b in pairs]


def _segments(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    x, ids = shapes[0], shapes[1]
    if len(ids) != 1 or not x or (x[0] != ids[0] and None not in (x[0], ids[0])):
        raise Misfit("there must be one segment number for each row")
    return (*filled(node.attributes[0], iter(fillings)), *x[1:])


def _merged(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    axes = axes_of(node.attributes[0], len(shapes[0]))
    kept = [s for a, s in enumerate(shapes[0]) if a not in axes]
    return (*kept, product([shapes[0][a] for a in axes]))


def _along(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    """Unchanged, with axes that must exist."""
    values = node.value if isinstance(node.value, tuple) else ()
    axis = values[1] if node.op == "roll" else values[0]
    axes_of(axis, len(shapes[0]))
    return shapes[0]


MOVES: Mapping[str, Rule] = {
    "squeeze": _squeezed,
    "expand_dims": _expanded,
    "_transpose": _reversed,
    "matrix_transpose": _swapped,
    "swapaxes": _swapped,
    "permute_dims": _permuted,
    "moveaxis": _moved,
    "_reshape": _reshaped,
    "_broadcast_to": _broadcast_to,
    "_zeros": _filled_shape,
    "_ones": _filled_shape,
    "eye": _filled_shape,
    "_counting": _filled_shape,
    "concatenate": _concatenated,
    "take_along_axis": _along_indices,
    "_repeat": _repeated,
    "tile": _tiled,
    "pad": _padded,
    "_segment_sum": _segments,
    "_merged": _merged,
    **dict.fromkeys(
        """flip roll sort argsort _delay _cumsum _cumprod softmax log_softmax _shares
        normalize _deviation _evened _cumlogsumexp""".split(),
        _along,
    ),
}
"""Of the operations that move, repeat or pick."""
