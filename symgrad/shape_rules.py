"""The shape of an operation's result, from those of its operands, as NumPy has it.

A size of None is not known before the formula runs. What does not fit raises a `Misfit`, which says
so in words; shapes.py adds the place and the user's names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symgrad.contraction import parted
from symgrad.graph import Node
from symgrad.template import Slice, filled

Size = int | None
Shape = tuple[Size, ...]


class Misfit(Exception):  # noqa: N818 - it never reaches a user
    """Operands that do not fit, in words."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


Rule = Callable[[Node, Sequence[Shape], Sequence[Size]], Shape]
"""Takes a node, the shapes of its operands and the numbers that fill its holes."""


def broadcast(*shapes: Shape) -> Shape:
    """What shapes broadcast to."""
    rank = max(map(len, shapes), default=0)
    result: list[Size] = []
    for place in range(-rank, 0):
        sizes = [s[place] for s in shapes if -place <= len(s)]
        known = {size for size in sizes if size is not None and size != 1}
        if len(known) > 1:
            raise Misfit("shapes do not broadcast together")
        result.append(known.pop() if known else None if None in sizes else 1)
    return tuple(result)


def product(sizes: Sequence[Size]) -> Size:
    """How many elements there are."""
    return None if None in sizes else math.prod(s for s in sizes if s is not None)


def axis_of(axis: int, rank: int, what: str = "axis") -> int:
    """An axis counted from the front."""
    if not isinstance(axis, int) or isinstance(axis, bool):
        raise Misfit(f"{what} must be a whole number, not {axis!r}")
    if not -rank <= axis < rank:
        axes = "no axes" if rank == 0 else "1 axis" if rank == 1 else f"{rank} axes"
        raise Misfit(f"{what} {axis} does not exist: there are {axes}", "Axes count from 0; negative ones from the end.")  # fmt: skip
    return axis % rank


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Several axes, or all for None, counted from the front."""
    if axis is None:
        return tuple(range(rank))
    axes = tuple(axis_of(a, rank) for a in (axis if isinstance(axis, tuple) else (axis,)))
    if len(set(axes)) < len(axes):
        raise Misfit("an axis is named twice")
    return axes


def _reduced(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    shape, axis, keepdims = shapes[0], _value(node)[0], _value(node)[-1]
    axes = axes_of(axis, len(shape))
    if node.op in ("max", "min", "argmax", "argmin") and 0 in [shape[a] for a in axes]:
        raise Misfit(f"{node.op} of nothing: a reduced axis has size 0 in shape {shape}")
    if keepdims:
        return tuple(1 if a in axes else size for a, size in enumerate(shape))
    return tuple(size for a, size in enumerate(shape) if a not in axes)


def _value(node: Node) -> tuple[Any, ...]:
    assert isinstance(node.value, tuple)
    return node.value


def _one_axis(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    """Reduced along one axis, or along all."""
    axis = _value(node)[0]
    axes = axes_of(axis, len(shapes[0]))
    return tuple(size for a, size in enumerate(shapes[0]) if a not in axes)


def expanded(shape: Shape, axis: Any) -> Shape:
    """With new axes of size 1, at places in the result."""
    places = axis if isinstance(axis, tuple) else (axis,)
    axes = axes_of(places, len(shape) + len(places))
    sizes = iter(shape)
    return tuple(1 if a in axes else next(sizes) for a in range(len(shape) + len(axes)))


def _squeezed(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    (shape, *_), (axis,) = shapes, _value(node)
    if axis is None:
        return tuple(size for size in shape if size != 1)
    axes = axes_of(axis, len(shape))
    wrong = [shape[a] for a in axes if shape[a] not in (1, None)]
    if wrong:
        raise Misfit(f"an axis of size {wrong[0]} cannot be squeezed away")
    return tuple(size for a, size in enumerate(shape) if a not in axes)


def _expanded(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return expanded(shapes[0], _value(node)[0])


def _reversed(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return shapes[0][::-1]


def _swapped(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = (-2, -1) if node.op == "matrix_transpose" else _value(node)
    shape = list(shapes[0])
    if node.op == "matrix_transpose" and len(shape) < 2:
        raise Misfit(f"a matrix has at least 2 axes; this has shape {tuple(shape)}")
    a, b = axis_of(a, len(shape)), axis_of(b, len(shape))
    shape[a], shape[b] = shape[b], shape[a]
    return tuple(shape)


def _permuted(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    axes = _value(node)[0]
    if not isinstance(axes, tuple) or len(axes) != len(shapes[0]):
        raise Misfit(f"the permutation {axes} is not for an array of shape {shapes[0]}")
    return tuple(shapes[0][a] for a in axes_of(axes, len(shapes[0])))


def _moved(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    source, destination = _value(node)
    rank = len(shapes[0])
    sources, goals = axes_of(source, rank), axes_of(destination, rank)
    if len(sources) != len(goals):
        raise Misfit("source and destination have different lengths")
    order = [a for a in range(rank) if a not in sources]
    for goal, start in sorted(zip(goals, sources, strict=True)):
        order.insert(goal, start)
    return tuple(shapes[0][a] for a in order)


def _reshaped(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    sizes = list(filled(_value(node)[0], iter(fillings)))
    count = product(shapes[0])
    if sizes.count(-1) > 1 or any(s is not None and s < -1 for s in sizes):
        raise Misfit(f"{tuple(sizes)} is not a shape")
    rest = product([s for s in sizes if s != -1])
    if -1 in sizes:
        known = count is not None and rest is not None
        if known and (rest == 0 or count % rest):
            raise Misfit(f"{count} elements of shape {shapes[0]} do not fill the shape {tuple(sizes)}")  # fmt: skip
        sizes[sizes.index(-1)] = count // rest if known else None  # type: ignore[operator]
    elif count is not None and rest is not None and count != rest:
        raise Misfit(f"{count} elements of shape {shapes[0]} do not fill the shape {tuple(sizes)}")
    return tuple(sizes)


def _broadcast_to(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    wanted: Shape = filled(_value(node)[0], iter(fillings))
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
    sizes: Shape = filled(_value(node)[0], iter(fillings))
    if any(s is not None and s < 0 for s in sizes):
        raise Misfit("a size is negative")
    if node.op == "eye":
        columns = _value(node)[1]
        return sizes[0], sizes[0] if columns is None else columns
    return sizes


def _concatenated(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = shapes[:2]
    axis = _value(node)[0]
    if len(a) != len(b):
        raise Misfit("arrays with different numbers of axes cannot be joined")
    place = axis_of(axis, len(a))
    for at, (s, t) in enumerate(zip(a, b, strict=True)):
        if at != place and s != t and None not in (s, t):
            raise Misfit("arrays differ in an axis along which they are not joined")
    x, y = a[place], b[place]
    joined = None if x is None or y is None else x + y
    return (*a[:place], joined, *a[place + 1 :])


def _matrix_product(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = shapes[:2]
    if len(a) < 2 or len(b) < 2:
        raise Misfit("a matrix product needs arrays, not numbers", "Write * for numbers.")
    if a[-1] != b[-2] and None not in (a[-1], b[-2]):
        raise Misfit(f"the inner dimensions of the matrix product disagree: {a[-1]} and {b[-2]}")
    return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1])


def _solved(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = shapes[:2]
    square(a)
    if len(b) < 2 or (a[-1] != b[-2] and None not in (a[-1], b[-2])):
        raise Misfit("the right-hand side does not have as many rows as the matrix")
    return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1])


def _matmul(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    """NumPy's product of operands of which either may be a vector."""
    a, b = shapes[:2]
    left = (1, *a) if len(a) == 1 else a
    right = (*b, 1) if len(b) == 1 else b
    result = list(_matrix_product(node, (left, right), fillings))
    if len(a) == 1:
        del result[-2]
    return tuple(result[:-1] if len(b) == 1 else result)


def _outer(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return product(shapes[0]), product(shapes[1])


def _dot(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = shapes[:2]
    if not a or not b:
        return broadcast(a, b)
    axis = -1 if node.op == "inner" or len(b) == 1 else -2
    if a[-1] != b[axis] and None not in (a[-1], b[axis]):
        raise Misfit(f"the axes that are summed over disagree: {a[-1]} and {b[axis]}")
    rest = list(b)
    del rest[axis]
    return (*a[:-1], *rest)


def _tensordot(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    (a, b), axes = shapes[:2], _value(node)[0]
    if isinstance(axes, int):
        first, second = tuple(range(len(a) - axes, len(a))), tuple(range(axes))
    else:
        first, second = (axes_of(x, len(s)) for x, s in zip(axes, (a, b), strict=True))
    if [a[i] for i in first] != [b[j] for j in second]:
        raise Misfit("the axes that are summed over disagree")
    left = [size for i, size in enumerate(a) if i not in first]
    return (*left, *[size for j, size in enumerate(b) if j not in second])


def _kron(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    rank = max(map(len, shapes))
    a, b = ((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes)
    return tuple(product(pair) for pair in zip(a, b, strict=True))


def _diag(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    if len(shapes[0]) == 1:
        return _diag_matrix(node, shapes, fillings)
    if len(shapes[0]) != 2:
        raise Misfit("diag takes a vector or a matrix")
    (m, n), k = shapes[0], _value(node)[0]
    return (None if m is None or n is None else max(0, min(m + min(k, 0), n - max(k, 0))),)


def _norm_of_order(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    _, axis, keepdims = _value(node)
    axes = axes_of(axis, len(shapes[0]))
    if len(axes) > 2:
        raise Misfit("a norm of this order is one of vectors or matrices", "Name the axis.")
    sizes = enumerate(shapes[0])
    return tuple(1 if a in axes else n for a, n in sizes if keepdims or a not in axes)


def _scalar(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    logits, target = shapes[:2]
    if len(logits) not in (len(target), len(target) + 1):
        raise Misfit("the target is neither one-hot nor labels for the logits")
    broadcast(logits if len(logits) == len(target) else logits[:-1], target)
    return ()


def square(shape: Shape) -> Shape:
    """The shape of a square matrix, or of a stack of them."""
    if len(shape) < 2 or (shape[-1] != shape[-2] and None not in shape[-2:]):
        raise Misfit(f"this needs a square matrix; the operand has shape {shape}")
    return shape


def _of_square(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return square(shapes[0])


def _per_matrix(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return square(shapes[0])[:-2]


def _per_column(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return square(shapes[0])[:-1]


def _decomposed(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    """Parts of the reduced singular value and QR decompositions."""
    shape = shapes[0]
    if len(shape) < 2:
        raise Misfit(f"this needs a matrix; the operand has shape {shape}")
    *batch, m, n = shape
    k = None if m is None or n is None else min(m, n)
    tail = {
        "svdvals": (k,), "_svd_u": (m, k), "_svd_vh": (k, n), "_qr_q": (m, k), "_qr_r": (k, n),
        "pinv": (n, m), "_cofactors": (m, n),
    }[node.op]  # fmt: skip
    return (*batch, *tail)


def _einsum(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    *terms, out = parted(_value(node)[0])
    found: dict[str, Shape] = {}
    for term, shape in zip(terms, shapes, strict=False):
        dots = len(shape) - len(term) + 1 if "…" in term else 0
        if len(shape) != len(term) - ("…" in term) + dots or dots < 0:
            raise Misfit(f"the subscripts {term} are not for an array of shape {shape}")
        place = 0
        for label in term:
            step = dots if label == "…" else 1
            part = shape[place : place + step]
            place += step
            try:
                found[label] = broadcast(found.get(label, (1,) * 0 if step != 1 else (1,)), part)
            except Misfit:
                raise Misfit(f"the subscript {label} stands for different sizes") from None
    return tuple(size for label in out for size in found[label])


def _along_indices(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    x, indices = shapes[:2]
    axis = axis_of(_value(node)[0], len(x))
    if len(indices) != len(x):
        raise Misfit("the indices do not have as many axes as the array")
    rest = broadcast(x[:axis] + (1,) + x[axis + 1 :], indices[:axis] + (1,) + indices[axis + 1 :])
    return (*rest[:axis], indices[axis], *rest[axis + 1 :])


def _repeated(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    repeats, axis = _value(node)
    (count, *more), shape = filled(repeats, iter(fillings)), list(shapes[0])
    place = axis_of(axis, len(shape))
    size = shape[place]
    if more:
        count = (count + sum(more)) / (size or 1)
    shape[place] = None if size is None or count is None else int(size * count)
    return tuple(shape)


def _tiled(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    counts: Shape = filled(_value(node)[0], iter(fillings))
    rank = max(len(counts), len(shapes[0]))
    shape = (1,) * (rank - len(shapes[0])) + tuple(shapes[0])
    counts = (1,) * (rank - len(counts)) + counts
    pairs = zip(shape, counts, strict=True)
    return tuple(None if s is None or c is None else s * c for s, c in pairs)


def _padded(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    widths = pad_widths(_value(node)[0], len(shapes[0]))
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


def _diagonal(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    offset, axis1, axis2 = _value(node)
    rank = len(shapes[0])
    if rank < 2:
        raise Misfit(f"a diagonal needs a matrix; the operand has shape {shapes[0]}")
    a, b = axis_of(axis1, rank), axis_of(axis2, rank)
    m, n = shapes[0][a], shapes[0][b]
    size = None
    if m is not None and n is not None:
        size = max(0, min(m + min(offset, 0), n - max(offset, 0)))
    return (*[s for at, s in enumerate(shapes[0]) if at not in (a, b)], size)


def _diag_matrix(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    size = shapes[0][0]
    side = None if size is None else size + abs(_value(node)[0])
    return side, side


def _convolved(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, v = shapes[:2]
    if len(a) != 1 or len(v) != 1:
        raise Misfit("only arrays with one axis are convolved")
    if a[0] is None or v[0] is None:
        return (None,)
    if 0 in (a[0], v[0]):
        raise Misfit("an empty array cannot be convolved")
    return (a[0] + v[0] - 1,) if node.op == "_convolve" else (a[0] - v[0] + 1,)


def _segments(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    x, ids = shapes[0], shapes[1]
    if len(ids) != 1 or not x or (x[0] != ids[0] and None not in (x[0], ids[0])):
        raise Misfit("there must be one segment number for each row")
    return (*filled(_value(node)[0], iter(fillings)), *x[1:])


def _merged(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    axes = axes_of(_value(node)[0], len(shapes[0]))
    kept = [s for a, s in enumerate(shapes[0]) if a not in axes]
    return (*kept, product([shapes[0][a] for a in axes]))


def _row_or_column(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    x, like = shapes[:2]
    if len(like) != 1:
        return x
    return {
        "_rerow": (*x[:-1], 1, *x[-1:]),
        "_unrow": (*x[:-2], *x[-1:]),
        "_recolumn": (*x, 1),
        "_uncolumn": x[:-1],
    }[node.op]


def _first(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return shapes[0]


def _along(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    """Unchanged, with axes that must exist."""
    values = node.value if isinstance(node.value, tuple) else ()
    axis = values[1] if node.op == "roll" else values[0]
    axes_of(axis, len(shapes[0]))
    return shapes[0]


def _second(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return shapes[1]


def _number(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    if node.op == "size" and len(_value(node)) == 2 and len(shapes[0]) != _value(node)[1]:
        message = f"a shape of {len(shapes[0])} axes is taken apart into {_value(node)[1]}"
        raise Misfit(message)
    if node.op == "size" and _value(node)[0] is not None:
        axes_of(_value(node)[0], len(shapes[0]))
    return ()


def of_key(key: tuple[Any, ...], shape: Shape, fillings: Sequence[Any]) -> Shape:
    """The shape of `x[key]`; a filling is an integer, or the shape of an index array or mask.

    A mask is given as a pair of its shape and of how many elements it takes.
    """
    parts = list(filled(key, iter(fillings)))
    taken = sum(_takes(p) for p in parts)
    if taken > len(shape):
        count = "1 index" if taken == 1 else f"{taken} indices"
        raise Misfit(f"{count} for an operand of shape {shape}", "Give one index per axis at most.")
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [Slice(None, None, None)] * (len(shape) - taken)
    else:
        parts += [Slice(None, None, None)] * (len(shape) - taken)
    result: list[Size] = []
    arrays: list[Shape] = []
    places: list[int] = []
    axis = 0
    for number, part in enumerate(parts):
        if part is None:
            result.append(1)
            continue
        if isinstance(part, Slice):
            result.append(_sliced(part, shape[axis]))
        elif isinstance(part, IndexArray):
            _check_mask(part, shape, axis)
            arrays.append(part.result)
            places.append(number)
            if len(places) == 1:
                at_result = len(result)
        else:
            size = shape[axis]
            if isinstance(part, int) and size is not None and not -size <= part < size:
                raise Misfit(
                    f"index {part} is out of range for axis {axis} of size {size}",
                    "Indices count from 0; negative ones from the end.",
                )
            if places or any(isinstance(p, IndexArray) for p in parts):
                arrays.append(())
                places.append(number)
                if len(places) == 1:
                    at_result = len(result)
        axis += _takes(part)
    if not arrays:
        return tuple(result)
    together = places == list(range(places[0], places[0] + len(places)))
    at = at_result if together else 0
    return (*result[:at], *broadcast(*arrays), *result[at:])


class IndexArray:
    """An array in a key: the axes it takes, its own shape, and what it adds to the result."""

    def __init__(self, shape: Shape, is_mask: bool, count: Size = None) -> None:
        self.mask_shape = shape if is_mask else None
        self.takes = len(shape) if is_mask else 1
        self.result: Shape = (count,) if is_mask else shape


def _check_mask(part: IndexArray, shape: Shape, axis: int) -> None:
    if part.mask_shape is None:
        return
    covered = shape[axis : axis + part.takes]
    for s, t in zip(part.mask_shape, covered, strict=True):
        if s != t and None not in (s, t):
            raise Misfit(f"a mask of shape {part.mask_shape} is not for an array of shape {shape}")


def _takes(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0 if part is None or part is Ellipsis else 1
    return part.takes if isinstance(part, IndexArray) else 1


def _sliced(part: Slice, size: Size) -> Size:
    if part == Slice(None, None, None):
        return size
    if size is None or UNKNOWN in part.parts:
        return None
    if part.step == 0:
        raise Misfit("the step of a slice is 0")
    return len(range(*slice(*part.parts).indices(size)))


class Unknown:
    """An integer in a key that is not known yet."""


UNKNOWN = Unknown()

RULES: Mapping[str, Rule] = {
    **dict.fromkeys("sum mean var std max min argmax argmin logsumexp _norm".split(), _reduced),
    "_prod": _one_axis,
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
    "_mm": _matrix_product,
    "_solve": _solved,
    "_solve_vector": _matmul,
    "_at": _matmul,
    "_outer": _outer,
    "dot": _dot,
    "inner": _dot,
    "tensordot": _tensordot,
    "kron": _kron,
    "diag": _diag,
    "_norm_of_order": _norm_of_order,
    "cross_entropy": _scalar,
    **dict.fromkeys("inv _cholesky _eigenvectors_of".split(), _of_square),
    **dict.fromkeys("det logdet _slogdet_sign _slogdet_log".split(), _per_matrix),
    "_eigenvalues": _per_column,
    **dict.fromkeys("svdvals _svd_u _svd_vh _qr_q _qr_r pinv _cofactors".split(), _decomposed),
    "_einsum": _einsum,
    "_diagonals": _einsum,
    "take_along_axis": _along_indices,
    "_repeat": _repeated,
    "tile": _tiled,
    "pad": _padded,
    "diagonal": _diagonal,
    "_diag_matrix": _diag_matrix,
    "_convolve": _convolved,
    "_correlate": _convolved,
    "_segment_sum": _segments,
    "_merged": _merged,
    **dict.fromkeys("_rerow _unrow _recolumn _uncolumn".split(), _row_or_column),
    **dict.fromkeys("size ndim _count _equal_parts".split(), _number),
    **dict.fromkeys("flip roll sort argsort _delay _cumsum _cumprod softmax".split(), _along),
    **dict.fromkeys("pair integer copy stop_gradient tril triu _scan".split(), _first),
    **dict.fromkeys(
        """place broadcast unbroadcast cast _reshape_like _untile _unpad _undiagonal _undiagonals
        _unrepeat _unmerged _put_along_axis _searchsorted""".split(),
        _second,
    ),
}
"""Of the operations that do not broadcast their operands."""
