"""Helpers that bring elements to other places, and back, in the words of the array API."""

from __future__ import annotations

from symgrad.targets.arrays import ARRAY_HELPERS

MOVES: dict[str, str] = {
    "_squeeze": '''\
def _squeeze(x: Array, axis: int | tuple[int, ...] | None) -> Array:
    """An array without some axes of size 1, or without all such for None."""
    xp = _namespace(x)
    axes = [a for a, n in enumerate(x.shape) if n == 1] if axis is None else axis
    axes = [a % x.ndim for a in (axes if isinstance(axes, (tuple, list)) else [axes])]
    return xp.reshape(x, tuple(n for a, n in enumerate(x.shape) if a not in axes))
''',
    "_expand": '''\
def _expand(x: Array, axis: int | tuple[int, ...]) -> Array:
    """An array with new axes of size 1."""
    xp = _namespace(x)
    x, axes = xp.asarray(x), axis if isinstance(axis, tuple) else (axis,)
    rank = x.ndim + len(axes)
    new, rest = [a % rank for a in axes], iter(x.shape)
    return xp.reshape(x, tuple(1 if a in new else next(rest) for a in range(rank)))
''',
    "_transpose": '''\
def _transpose(x: Array) -> Array:
    """The axes in reverse order."""
    xp = _namespace(x)
    return xp.permute_dims(x, tuple(range(x.ndim))[::-1])
''',
    "_swapaxes": '''\
def _swapaxes(x: Array, first: int, second: int) -> Array:
    """Two axes in each other's place."""
    xp, order = _namespace(x), list(range(x.ndim))
    order[first], order[second] = order[second], order[first]
    return xp.permute_dims(x, tuple(order))
''',
    "_untile": '''\
def _untile(y: Array, x: Array, reps: int | tuple[int, ...]) -> Array:
    """The sum over the copies of x in a tiled array."""
    xp = _namespace(y, x)
    counts = reps if isinstance(reps, tuple) else (reps,)
    rank = max(x.ndim, len(counts))
    counts = (1,) * (rank - len(counts)) + counts
    sizes = (1,) * (rank - x.ndim) + tuple(x.shape)
    apart = xp.reshape(y, tuple(n for pair in zip(counts, sizes) for n in pair))
    return xp.reshape(xp.sum(apart, axis=tuple(range(0, 2 * rank, 2))), x.shape)
''',
    "_repeat": '''\
def _repeat(x: Array, repeats: int | tuple[int, ...], axis: int) -> Array:
    """Each element of an axis several times."""
    xp = _namespace(x)
    source = np.repeat(np.arange(x.shape[axis]), repeats).tolist()
    return xp.take(x, xp.asarray(source), axis=axis)
''',
    "_unrepeat": '''\
def _unrepeat(y: Array, x: Array, repeats: int | tuple[int, ...], axis: int) -> Array:
    """The sum over the copies of each element of x along an axis."""
    xp = _namespace(y, x)
    source = np.repeat(np.arange(x.shape[axis]), repeats)
    rows = xp.moveaxis(y, axis, 0)
    return xp.moveaxis(_segment_sum(rows, xp.asarray(source.tolist()), x.shape[axis]), 0, axis)
''',
    "_pad": '''\
def _pad(x: Array, width: int | tuple) -> Array:
    """An array with zeros around it."""
    xp = _namespace(x)
    widths = np.broadcast_to(np.asarray(width), (x.ndim, 2)).tolist()
    for axis, (before, after) in enumerate(widths):
        sides = [
            xp.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), dtype=x.dtype)
            for n in (before, after)
        ]
        x = xp.concat([sides[0], x, sides[1]], axis=axis)
    return x
''',
    "_unpad": '''\
def _unpad(y: Array, x: Array, width: int | tuple) -> Array:
    """The part of a padded array that was x."""
    before = np.broadcast_to(np.asarray(width), (x.ndim, 2))[:, 0].tolist()
    return y[tuple(slice(start, start + size) for start, size in zip(before, x.shape))]
''',
    "_placed": '''\
def _placed(g: Array, like: Array, key: Any) -> Array:
    """Zeros in the shape of an array, with g added at a key."""
    xp, count = _namespace(g, like), math.prod(like.shape)
    keys = [_numbers(k) for k in (key if isinstance(key, tuple) else (key,))]
    parts = [part for k in keys if isinstance(k, slice) for part in (k.start, k.stop)]
    kinds = [isinstance(k, slice) or k is Ellipsis for k in keys]
    kinds += [part is None or isinstance(part, int) for part in parts]
    kinds += [k.step is None for k in keys if isinstance(k, slice)]
    if False not in kinds:
        at = keys.index(Ellipsis) if Ellipsis in keys else len(keys)
        rest = [slice(None)] * (like.ndim - len(keys) + (at < len(keys)))
        ends = [k.indices(n) for k, n in zip(keys[:at] + rest + keys[at + 1 :], like.shape)]
        ends = [(first, max(last, first)) for first, last, _ in ends]
        g = xp.broadcast_to(xp.asarray(g), tuple(last - first for first, last in ends))
        return _pad(g, tuple((first, n - last) for (first, last), n in zip(ends, like.shape)))
    places = np.arange(count).reshape(tuple(like.shape))[tuple(keys)]
    rows = xp.reshape(xp.broadcast_to(xp.asarray(g), places.shape), (-1,))
    places = places.reshape(-1)
    if len(np.unique(places)) < len(places):
        return xp.reshape(_segment_sum(rows, xp.asarray(places.tolist()), count), like.shape)
    source = np.full(count, len(places))
    source[places] = np.arange(len(places))
    rows = xp.concat([rows, xp.zeros((1,), dtype=rows.dtype)])
    return xp.reshape(xp.take(rows, xp.asarray(source), axis=0), like.shape)
''',
    "_numbers": '''\
def _numbers(key: Any) -> Any:
    """An index as NumPy takes it."""
    return np.asarray(key) if is_array_api_obj(key) else key
''',
    "_take_along": '''\
def _take_along(x: Array, indices: Array, axis: int) -> Array:
    """Elements at indices along an axis; by sums over masks where the library takes none."""
    xp = _namespace(x, indices)
    if hasattr(xp, "take_along_axis"):
        return xp.take_along_axis(x, indices, axis=axis)
    x, indices = xp.moveaxis(x, axis, -1), xp.moveaxis(indices, axis, -1)
    n = x.shape[-1]
    if n > 512:
        raise TypeError(f"there is no take_along_axis, and {n} masks are too many")
    there = indices[..., None] % n == xp.arange(n)
    return xp.moveaxis(xp.sum(xp.where(there, x[..., None, :], 0.0), axis=-1), -1, axis)
''',
    "_put_along_axis": '''\
def _put_along_axis(y: Array, x: Array, indices: Array, axis: int) -> Array:
    """Zeros in the shape of x, with y added at indices along an axis."""
    xp = _namespace(y, x)
    y, indices = xp.moveaxis(y, axis, -1), xp.moveaxis(indices, axis, -1)
    n = x.shape[axis]
    there = indices[..., None] % n == xp.arange(n)
    return xp.moveaxis(xp.sum(xp.where(there, y[..., None], 0.0), axis=-2), -1, axis)
''',
    "_segment_sum": '''\
def _segment_sum(x: Array, ids: Array, n: int) -> Array:
    """The sum of the rows of each segment."""
    xp = _namespace(x, ids)
    there = xp.reshape(ids, (1, -1)) == xp.reshape(xp.arange(int(n)), (-1, 1))
    there = xp.reshape(there, (*there.shape, *(1,) * (x.ndim - 1)))
    return xp.sum(xp.where(there, x[None, ...], 0.0), axis=1)
''',
    "_diagonal": '''\
def _diagonal(x: Array, offset: int, axis1: int, axis2: int) -> Array:
    """A diagonal of the matrices that two axes make, as the last axis."""
    xp = _namespace(x)
    return xp.linalg.diagonal(xp.moveaxis(x, (axis1, axis2), (-2, -1)), offset=offset)
''',
    "_undiagonal": '''\
def _undiagonal(y: Array, x: Array, offset: int, axis1: int, axis2: int) -> Array:
    """Zeros in the shape of x, with y on a diagonal."""
    xp = _namespace(y, x)
    rows, columns = x.shape[axis1], x.shape[axis2]
    above, left = max(-offset, 0), max(offset, 0)
    pads = ((0, 0),) * (y.ndim - 1) + ((above, rows - above - y.shape[-1]),)
    column = _pad(y, pads)[..., None]
    there = xp.arange(columns)[None, :] - xp.arange(rows)[:, None] == offset
    full = xp.where(there, xp.broadcast_to(column, (*column.shape[:-1], columns)), 0.0)
    return xp.moveaxis(full, (-2, -1), (axis1, axis2))
''',
    "_diagonals": '''\
def _diagonals(x: Array, subscripts: str) -> Array:
    """The elements for which axes of the same label have the same index."""
    xp, (given, out) = _namespace(x), subscripts.split("->")
    stack = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: x.ndim - len(given.replace("...", ""))]
    labels, out = list(given.replace("...", stack)), out.replace("...", stack)
    for label in out:
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            x = xp.linalg.diagonal(xp.moveaxis(x, (first, second), (-2, -1)))
            labels = [k for k in labels if k != label] + [label] * (labels.count(label) - 1)
    return xp.permute_dims(x, tuple(labels.index(label) for label in out))
''',
    "_undiagonals": '''\
def _undiagonals(y: Array, x: Array, subscripts: str) -> Array:
    """Zeros in the shape of x, with y on the diagonal that the subscripts take."""
    xp, (labels, out) = _namespace(y, x), subscripts.split("->")
    stack = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: x.ndim - len(labels.replace("...", ""))]
    labels, out = labels.replace("...", stack), out.replace("...", stack)
    first = [labels.index(label) == axis for axis, label in enumerate(labels)]
    order = tuple(out.index(k) for k, new in zip(labels, first) if new)
    sizes = iter(y.shape[axis] for axis in order)
    shape = tuple(next(sizes) if new else 1 for new in first)
    full, indices = xp.reshape(xp.permute_dims(y, order), shape), []
    for axis, n in enumerate(x.shape):
        indices.append(xp.reshape(xp.arange(n), (n, *(1,) * (x.ndim - axis - 1))))
    for axis, label in enumerate(labels):
        if not first[axis]:
            full = xp.where(indices[axis] == indices[labels.index(label)], full, 0.0)
    return xp.broadcast_to(full, x.shape)
''',
    "_convolve": '''\
def _convolve(x: Array, y: Array) -> Array:
    """The discrete convolution of two vectors: sums of products along antidiagonals."""
    xp, n = _namespace(x, y), x.shape[0] + y.shape[0] - 1
    rows = xp.broadcast_to(x[:, None] * y[None, :], (x.shape[0], y.shape[0]))
    rows = xp.reshape(_pad(rows, ((0, 0), (0, x.shape[0]))), (-1,))
    return xp.sum(xp.reshape(rows[: x.shape[0] * n], (x.shape[0], n)), axis=0)
''',
    "_correlate": '''\
def _correlate(x: Array, y: Array) -> Array:
    """The sums of products of a vector with another at each place where that fits into it."""
    xp, n = _namespace(x, y), x.shape[0] - y.shape[0] + 1
    rows = xp.stack([x[k : k + n] for k in range(y.shape[0])], axis=0)
    return xp.sum(rows * y[:, None], axis=0)
''',
    "_diag_matrix": '''\
def _diag_matrix(x: Array, k: int) -> Array:
    """A square matrix with a diagonal and zeros elsewhere."""
    xp, n = _namespace(x), x.shape[0] + abs(k)
    return _undiagonal(x, xp.zeros((n, n), dtype=x.dtype), k, 0, 1)
''',
    "_rerow": ARRAY_HELPERS["_rerow"].replace("np.expand_dims(x, -2)", "_expand(x, -2)"),
    "_unrow": ARRAY_HELPERS["_unrow"].replace("np.squeeze(x, -2)", "_squeeze(x, -2)"),
    "_recolumn": ARRAY_HELPERS["_recolumn"].replace("np.expand_dims(x, -1)", "_expand(x, -1)"),
    "_uncolumn": ARRAY_HELPERS["_uncolumn"].replace("np.squeeze(x, -1)", "_squeeze(x, -1)"),
}
"""By name, as in `functional`."""
