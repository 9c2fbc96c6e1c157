"""Helpers for libraries whose arrays are not written into, in the words of the array API."""

from __future__ import annotations

import re
from collections.abc import Mapping

from symgrad.targets.arrays import ARRAY_HELPERS
from symgrad.targets.moves import MOVES
from symgrad.targets.numpy import HELPERS as NUMPY_HELPERS

HELPERS: dict[str, str] = {
    "_namespace": '''\
def _namespace(*inputs: ArrayLike) -> Any:
    """The library whose arrays the inputs are."""
    arrays = [value for value in inputs if is_array_api_obj(value)]
    return array_namespace(*(arrays or [np.zeros(())]))
''',
    "_floats": '''\
def _floats(*inputs: ArrayLike) -> list[Array]:
    """The inputs as arrays of one floating-point type; plain numbers take that of the arrays."""
    xp = _namespace(*inputs)
    types = [v.dtype for v in inputs if is_array_api_obj(v)]
    types = [t for t in types if xp.isdtype(t, "real floating")] or [xp.float64]
    dtype = xp.result_type(*types)
    return [xp.astype(xp.asarray(value), dtype) for value in inputs]
''',
    "_whole": '''\
def _whole(values: ArrayLike) -> Array:
    """Numbers as indices or sizes: whole ones as they are, truth values as a mask."""
    if isinstance(values, (int, np.integer)):
        return int(values)
    xp = _namespace(values)
    array = xp.asarray(values)
    return array if xp.isdtype(array.dtype, ("bool", "integral")) else xp.astype(array, xp.int64)
''',
    "_sum_to": '''\
def _sum_to(g: Array, like: Array, shape: tuple[int, ...] | None = None) -> Array:
    """Sum a cotangent, of the value's shape, over the axes along which an input was broadcast."""
    xp = _namespace(g, like)
    if shape is not None:
        g = xp.broadcast_to(xp.asarray(g), shape)
    new = g.ndim - like.ndim
    axes = tuple(
        axis
        for axis in range(g.ndim)
        if axis < new or like.shape[axis - new] != g.shape[axis]
    )
    if axes:
        g = xp.sum(g, axis=axes)
    return xp.astype(xp.reshape(g, like.shape), like.dtype)
''',
    "_where": '''\
def _where(p: Array, x: Array, y: Array) -> Array:
    """A choice, of which both may be plain numbers."""
    xp = _namespace(p, x, y)
    arrays = is_array_api_obj(x) or is_array_api_obj(y)
    return xp.where(p, x if arrays else xp.asarray(float(x)), y)
''',
    "_cholesky": '''\
def _cholesky(a: Array) -> Array:
    """The lower triangle of Cholesky; there are libraries that give the upper one."""
    xp = _namespace(a)
    found = xp.linalg.cholesky(a)
    return xp.tril(found) + xp.matrix_transpose(xp.triu(found, k=1))
''',
    "_part": '''\
def _part(x: Array, key: Any) -> Array:
    """The elements at a key; where one entry is an array, the others come first."""
    xp, keys = _namespace(x), key if isinstance(key, tuple) else (key,)
    if Ellipsis not in [k for k in keys if not is_array_api_obj(k)]:
        keys = (*keys, Ellipsis)
    x, keys = _forward(x, keys)
    at = [k for k, entry in enumerate(keys) if is_array_api_obj(entry)]
    if len(at) != 1 or xp.isdtype(keys[at[0]].dtype, "bool"):
        return x[keys if not at else tuple(k for k in keys if k is not Ellipsis)]
    rest = (*keys[: at[0]], slice(None), *keys[at[0] + 1 :])
    after = [k for k in keys[at[0] + 1 :] if k is not None and k is not Ellipsis]
    before = [k for k in keys[: at[0]] if not isinstance(k, int)]
    if any(isinstance(k, int) for k in keys):
        return x[keys[:-1] if keys[-1] is Ellipsis else keys]
    axis, indices = len(before), keys[at[0]]
    taken = x[rest]
    if Ellipsis in before:
        axis = taken.ndim - len(after) - 1
    found = xp.take(taken, xp.reshape(indices, (-1,)), axis=axis)
    return xp.reshape(found, (*found.shape[:axis], *indices.shape, *found.shape[axis + 1 :]))
''',
    "_forward": '''\
def _forward(x: Array, keys: tuple) -> tuple[Array, tuple]:
    """An array and a key whose slices go forwards, as not all libraries take others."""
    xp, axis, new = _namespace(x), 0, []
    taken = sum(k is not None and k is not Ellipsis for k in keys)
    for k in keys:
        if isinstance(k, slice) and isinstance(k.step, int) and k.step < 0:
            n = x.shape[axis]
            first, last, step = k.indices(n)
            x = xp.flip(x, axis=axis)
            k = slice(n - 1 - first, max(n - 1 - last, 0), -step)
        axis = x.ndim - (taken - axis) if k is Ellipsis else axis + (k is not None)
        new.append(k)
    return x, tuple(new)
''',
    "_broadcast": '''\
def _broadcast(x: Array, shape: tuple[int, ...]) -> Array:
    """A number or an array in a shape."""
    xp = _namespace(x)
    return xp.broadcast_to(xp.asarray(x), shape)
''',
    "_joined": '''\
def _joined(*arrays: Array) -> Array:
    """An array of the shape to which several broadcast."""
    xp = _namespace(*arrays)
    return xp.broadcast_arrays(*arrays)[0]
''',
    "_size": '''\
def _size(x: Array, axis: int | tuple[int, ...] | None) -> int:
    """How many elements there are along some axes, or in all."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod([x.shape[a] for a in axes])
''',
    "_ratio": '''\
def _ratio(number: float, size: float) -> float:
    """A number divided by a size; where that is 0, as NumPy divides."""
    return number / size if size else number * math.inf
''',
    "_lesser": '''\
def _lesser(x: int, y: int) -> int:
    """The lesser of two sizes."""
    return min(x, y)
''',
    "_greater": '''\
def _greater(x: int, y: int) -> int:
    """The greater of two sizes."""
    return max(x, y)
''',
    "_polynomial": NUMPY_HELPERS["_polynomial"],
    "_cbrt": '''\
def _cbrt(x: Array) -> Array:
    """The cubic root: a power, and one step of Newton's to all digits."""
    xp = _namespace(x)
    root = xp.sign(x) * xp.abs(x) ** (1 / 3)
    better = root - (root - x / (root * root)) / 3
    return xp.where((x == 0) | ~xp.isfinite(better), root, better)
''',
    "_fmod": '''\
def _fmod(x: Array, y: Array) -> Array:
    """The remainder that has the sign of x."""
    xp = _namespace(x, y)
    like = x if is_array_api_obj(x) else y
    x, y = (v if is_array_api_obj(v) else xp.full_like(like, v) for v in (x, y))
    rest = xp.remainder(xp.abs(x), xp.abs(y))
    rest = xp.where(xp.isinf(y) & xp.isfinite(x), xp.abs(x), rest)
    return xp.where(xp.signbit(x), -rest, rest)
''',
    "_exp_moment": ARRAY_HELPERS["_exp_moment"]
    .replace("np.where(np.abs", "xp.where(xp.abs")
    .replace("np.", "xp.")
    .replace("[()]\n", "\n")
    .replace("    near, term", "    xp = _namespace(x)\n    near, term"),
    "_norm": '''\
def _norm(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """The square root of the sum of squares, scaled by the largest, so that none overflows."""
    xp = _namespace(x)
    reduce = xp.max if math.prod(x.shape) else xp.sum
    top = reduce(xp.abs(x), axis=axis, keepdims=True)
    top = xp.where((top > 0) & xp.isfinite(top), top, xp.ones_like(top))
    scaled = xp.sqrt(xp.sum((x / top) ** 2, axis=axis, keepdims=True)) * top
    return scaled if keepdims else _squeeze(scaled, tuple(range(x.ndim)) if axis is None else axis)
''',
    "_middle": '''\
def _middle(s: Array) -> Array:
    """The middle of sorted numbers along the last axis: of two, the mean."""
    n = s.shape[-1]
    return (s[..., (n - 1) // 2] + s[..., n // 2]) / 2
''',
    "_unmiddle": '''\
def _unmiddle(y: Array, s: Array) -> Array:
    """Zeros in the shape of sorted numbers, with y shared by those in the middle."""
    xp, n = _namespace(y, s), s.shape[-1]
    k = xp.astype(xp.arange(n), s.dtype)
    share = xp.astype(k == (n - 1) // 2, s.dtype) + xp.astype(k == n // 2, s.dtype)
    return xp.where(share > 0, y[..., None] * share / 2, xp.zeros_like(s))
''',
    "_merged": '''\
def _merged(x: Array, axis: int | tuple[int, ...] | None) -> Array:
    """Some axes, or all for None, made one, which is the last."""
    xp = _namespace(x)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    moved = xp.moveaxis(x, axes, tuple(range(-len(axes), 0)))
    return xp.reshape(moved, (*moved.shape[: x.ndim - len(axes)], _size(x, axes)))
''',
    "_unmerged": '''\
def _unmerged(y: Array, x: Array, axis: int | tuple[int, ...] | None) -> Array:
    """Axes that were made one, apart again, as in x."""
    xp = _namespace(y, x)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    apart = xp.reshape(y, (*y.shape[:-1], *(x.shape[a] for a in axes)))
    return xp.moveaxis(apart, tuple(range(-len(axes), 0)), axes)
''',
    "_delay": '''\
def _delay(x: Array, axis: int, fill: float) -> Array:
    """The elements one place later along an axis, after a first one that is given."""
    xp = _namespace(x)
    moved = xp.moveaxis(x, axis, 0)
    late = xp.concat([xp.full_like(moved[:1, ...], fill), moved[:-1, ...]], axis=0)
    return xp.moveaxis(late, 0, axis)
''',
    "_scan": '''\
def _scan(a: Array, b: Array, axis: int) -> Array:
    """The recurrence s[k] = a[k] * s[k-1] + b[k] along an axis."""
    xp = _namespace(a, b)
    a, b = xp.moveaxis(a, axis, 0), xp.moveaxis(b, axis, 0)
    rows = [b[0, ...]]
    for k in range(1, b.shape[0]):
        rows.append(b[k, ...] + a[k, ...] * rows[-1])
    return xp.moveaxis(xp.stack(rows, axis=0), 0, axis)
''',
    "_cumprod": '''\
def _cumprod(x: Array, axis: int) -> Array:
    """The product of all elements up to each along an axis."""
    xp = _namespace(x)
    rows = xp.moveaxis(x, axis, 0)
    begun = xp.concat([rows[:1, ...], xp.zeros_like(rows[1:, ...])], axis=0)
    return _scan(x, xp.moveaxis(begun, 0, axis), axis)
''',
    **MOVES,
    "_einsum": '''\
def _einsum(subscripts: str, a: Array, b: Array) -> Array:
    """A sum of products over labelled axes, of which an operand has each once."""
    xp = _namespace(a, b)
    inputs, out = subscripts.split("->")
    labels = inputs.split(",")
    letters = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    for k, array in enumerate((a, b)):
        rank = array.ndim - len(labels[k].replace("...", ""))
        labels[k] = labels[k].replace("...", "".join(letters[:rank][::-1]))
    ranks = [len(label) for label in labels]
    stack = "".join(c for c in letters[: max(ranks)][::-1] if c in labels[0] + labels[1])
    out = out.replace("...", stack)
    whole = [*out, *dict.fromkeys(c for c in labels[0] + labels[1] if c not in out)]
    factors = []
    for label, array in zip(labels, (a, b)):
        order = tuple(label.index(c) for c in whole if c in label)
        shape = tuple(array.shape[label.index(c)] if c in label else 1 for c in whole)
        factors.append(xp.reshape(xp.permute_dims(array, order), shape))
    product = factors[0] * factors[1]
    summed = tuple(range(len(out), len(whole)))
    return xp.sum(product, axis=summed) if summed else product
''',
}
"""By name: what a file carries along where its code calls it. `xp` is the library."""

_ASKED = re.compile(
    r"^    xp = _namespace\(.*\)\n|(?<=    )xp, | _namespace\([^)]*\),", re.MULTILINE
)
"""How the helpers ask the inputs for their library."""


def named(helpers: Mapping[str, str], module: str) -> dict[str, str]:
    """The helpers for one library alone: by its name, where they would ask the inputs for it.

    >>> named({"f": "return xp.exp(x)"}, "jnp")
    {'f': 'return jnp.exp(x)'}
    """
    return {
        name: _ASKED.sub("", text).replace("xp.", f"{module}.")
        for name, text in helpers.items()
        if name not in _FOR_ANY_LIBRARY
    }


_FOR_ANY_LIBRARY = ("_namespace", "_numbers", "_cholesky", "_take_along")
"""Helpers that find out what a library is, or make up for what some lack."""
