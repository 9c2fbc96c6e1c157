"""How NumPy writes what is done with whole arrays, and the helpers where it has no word for it."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.language.spelling import ATOM, POWER, PRODUCT, SIGN, TERNARY, Spelling, call, call2

_AXIS = (("axis", None), ("keepdims", False))


def _reduction(name: str, method: str = "") -> Spelling:
    return Spelling(f"{name}({{0}}{{kw}})", keywords=_AXIS, method=method, arity=1)


def _with(template: str, arity: int = 1, *keywords: tuple[str, object]) -> Spelling:
    return Spelling(template, keywords=keywords, arity=arity)


ARRAYS: Mapping[str, Spelling] = {
    "index": Spelling("{0}[{key}]", ATOM, (ATOM,), arity=1),
    "integer": Spelling("_whole({0})"),
    "sum": _reduction("np.sum", "sum"),
    "mean": _reduction("np.mean", "mean"),
    "max": _reduction("np.max", "max"),
    "min": _reduction("np.min", "min"),
    "argmax": _reduction("np.argmax", "argmax"),
    "argmin": _reduction("np.argmin", "argmin"),
    "_norm": _reduction("_norm"),
    "_log_total": _reduction("_log_total"),
    "_evened": _with("_evened({0}, {1}, {v0})", 2),
    "_prod": _with("np.prod({0}{kw})", 1, ("axis", None)),
    "size": Spelling("{count}", ATOM, (ATOM,), arity=1),
    "_count": Spelling("{count}", ATOM, (ATOM,), arity=1),
    "sqrt of a size": Spelling("{0}**0.5", POWER, (ATOM,)),
    "divide by a size": call2("_ratio"),
    "_equal_parts": Spelling("{0} // {v0}", PRODUCT, (PRODUCT,), arity=1),
    "ndim": Spelling("{0}.ndim", ATOM, (ATOM,)),
    "argsort": _with("np.argsort({0}{kw})", 1, ("axis", -1)),
    "_middle": call("_middle"),
    "_unmiddle": call2("_unmiddle"),
    "_merged": _with("_merged({0}, {v0})"),
    "_unmerged": _with("_unmerged({0}, {1}, {v0})", 2),
    "_polynomial": _with("_polynomial({0}, {v0})"),
    "_exp_moment": _with("_exp_moment({0}, {v0})"),
    "_delay": _with("_delay({0}, {v0}, {v1})"),
    "_scan": _with("_scan({0}, {1}, {v0})", 2),
    "_cumsum": _with("np.cumsum({0}, axis={v0})"),
    "_cumlogsumexp": _with("np.logaddexp.accumulate({0}, axis={v0})"),
    "_cumprod": _with("np.cumprod({0}, axis={v0})"),
    "_reshape": Spelling("{0}.reshape({shape})", ATOM, (ATOM,), arity=1),
    "_reshape_like": Spelling("{0}.reshape({1}.shape)", ATOM, (ATOM, ATOM)),
    "squeeze": _with("np.squeeze({0}{kw})", 1, ("axis", None)),
    "expand_dims": Spelling("{0}[{axes}]", ATOM, (ATOM,), arity=1),
    "expand_dims as a call": _with("np.expand_dims({0}, {v0})"),
    "_broadcast_to": Spelling("np.broadcast_to({0}, {shape})", arity=1),
    "_transpose": Spelling("{0}.T", ATOM, (ATOM,)),
    "matrix_transpose": Spelling("np.swapaxes({0}, -1, -2)"),
    "permute_dims": _with("np.transpose({0}, {v0})"),
    "swapaxes": _with("np.swapaxes({0}, {v0}, {v1})"),
    "moveaxis": _with("np.moveaxis({0}, {v0}, {v1})"),
    "flip": _with("np.flip({0}{kw})", 1, ("axis", None)),
    "roll": _with("np.roll({0}, {only}{kw})", 1, ("", ()), ("axis", None)),
    "concatenate": Spelling(
        "np.concatenate([{all}]{kw})", keywords=(("axis", 0),), float_constants=True
    ),
    "stack": Spelling("np.stack([{all}]{kw})", keywords=(("axis", 0),), float_constants=True),
    "tile": _with("np.tile({0}, {only})"),
    "_untile": _with("_untile({0}, {1}, {only})", 2),
    "_repeat": _with("np.repeat({0}, {only}, axis={v1})"),
    "_unrepeat": _with("_unrepeat({0}, {1}, {only}, {v1})", 2),
    "pad": _with("np.pad({0}, {v0})"),
    "_unpad": _with("_unpad({0}, {1}, {v0})", 2),
    "take_along_axis": _with("np.take_along_axis({0}, {1}, axis={v0})", 2),
    "_put_along_axis": _with("_put_along_axis({0}, {1}, {2}, {v0})", 3),
    "_zeros": Spelling("np.zeros({shape}{dtype})", arity=0),
    "_ones": Spelling("np.ones({shape}{dtype})", arity=0),
    "eye": Spelling("np.eye({s0}{kw}{dtype})", keywords=(("", ()), ("M", None), ("k", 0)), arity=0),
    "_counting": Spelling("np.arange({s0})", arity=0),
    "_segment_sum": Spelling("_segment_sum({0}, {1}, {s0})", arity=2),
    "_searchsorted": call2("np.searchsorted"),
    "_convolve": call2("np.convolve"),
    "_correlate": Spelling('np.correlate({0}, {1}, "valid")'),
    "tril": _with("np.tril({0}{kw})", 1, ("k", 0)),
    "triu": _with("np.triu({0}{kw})", 1, ("k", 0)),
    "diagonal": _with("np.diagonal({0}{kw})", 1, ("offset", 0), ("axis1", 0), ("axis2", 1)),
    "_undiagonal": _with("_undiagonal({0}, {1}, {v0}, {v1}, {v2})", 2),
    "_diagonals": _with("np.einsum({v0}, {0})"),
    "_undiagonals": _with("_undiagonals({0}, {1}, {v0})", 2),
    "_diag_matrix": _with("np.diag({0}{kw})", 1, ("k", 0)),
    "stop_gradient": Spelling("{0}", TERNARY, (TERNARY,)),
    "_mm": Spelling("{0} @ {1}", PRODUCT, (PRODUCT, SIGN)),
    "_at": Spelling("{0} @ {1}", PRODUCT, (PRODUCT, SIGN)),
    "_outer": call2("np.outer"),
    "_vdot": call2("np.vdot"),
    "_rerow": call2("_rerow"),
    "_unrow": call2("_unrow"),
    "_recolumn": call2("_recolumn"),
    "_uncolumn": call2("_uncolumn"),
    "matmul": Spelling("{0} @ {1}", PRODUCT, (PRODUCT, SIGN)),
    "_matmul_da": Spelling("_matmul_da({0}, {1}, {2})"),
    "_matmul_db": Spelling("_matmul_db({0}, {1}, {2})"),
    "_einsum": _with("np.einsum({v0}, {0}, {1})", 2),
    "inv": call("np.linalg.inv"),
    "_solve": call2("np.linalg.solve"),
    "_solve_vector": call2("np.linalg.solve"),
    "det": call("np.linalg.det"),
    "_cofactors": call("_cofactors"),
    "_item": Spelling("{0}[{v0}]", ATOM, (ATOM,), arity=1),
    "_slogdet": call("np.linalg.slogdet"),
    "_eigh": call("np.linalg.eigh"),
    "_svd": Spelling("np.linalg.svd({0}, full_matrices=False)"),
    "_qr": call("np.linalg.qr"),
    "_cholesky": call("np.linalg.cholesky"),
    "pinv": call("np.linalg.pinv"),
}

ARRAY_HELPERS: dict[str, str] = {
    "_exp_moment": '''\
def _exp_moment(x: Array, n: int) -> Array:
    """The integral of t**n * exp(x*t) over t from 0 to 1, by a series where x is small."""
    near, term, far = 1 / (n + 1), 1.0, np.expm1(x) / x
    for k in range(1, 20):
        term = term * x / k
        near = near + term / (n + 1 + k)
    for k in range(1, n + 1):
        far = (np.exp(x) - k * far) / x
    return np.where(np.abs(x) < 1, near, far)[()]
''',
    "_ratio": '''\
def _ratio(number: float, size: float) -> float:
    """A number divided by a size; where that is 0, as NumPy divides."""
    return number / size if size else number * np.inf
''',
    "_whole": '''\
def _whole(values: ArrayLike) -> np.ndarray:
    """Numbers as indices or sizes: whole ones as they are, truth values as a mask."""
    array = np.asarray(values)
    if array.dtype.kind not in "iub":
        whole = array.astype(np.intp)
        if not np.array_equal(whole, array):
            raise TypeError("an index or a size must be a whole number")
        array = whole
    return array[()]
''',
    "_norm": '''\
def _norm(
    x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
) -> Array:
    """The square root of the sum of squares, scaled where squares leave the range of floats."""

    def root(x: Array, keepdims: bool) -> Array:
        if isinstance(axis, tuple):
            return np.sqrt(np.sum(x**2, axis=axis, keepdims=keepdims))
        return np.linalg.norm(x, axis=axis, keepdims=keepdims)

    found = root(x, keepdims)
    floats = np.finfo(x.dtype)
    if np.all((found > (floats.tiny / floats.eps) ** 0.5) & (found < floats.max)):
        return found
    top = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    top = np.where((top > 0) & np.isfinite(top), top, np.ones_like(top))
    scaled = root(x / top, True) * top
    return scaled if keepdims else np.squeeze(scaled, axis)[()]
''',
    "_log_total": '''\
def _log_total(
    x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
) -> Array:
    """The logarithm of a sum with a 1; next to that, what is smaller is added up alone."""
    total = np.sum(x, axis=axis, keepdims=keepdims)
    near = (total >= 1) & (total < 1.00001)
    if not np.any(near):
        return np.log(total)
    rest = np.sum(np.where(x < 1, x, 0), axis=axis, keepdims=keepdims)
    return np.where(near, np.log1p(rest), np.log(total))[()]
''',
    "_evened": '''\
def _evened(x: Array, shares: Array, axis: int | tuple[int, ...] | None) -> Array:
    """Numbers with the sum 0: what that of a share next to 1 has lost, the others tell."""
    near = shares > 0.999
    if not np.any(near):
        return x
    return x - np.where(near, np.sum(x, axis=axis, keepdims=True), 0)
''',
    "_middle": '''\
def _middle(s: Array) -> Array:
    """The middle of sorted numbers along the last axis: of two, the mean; of none, nan."""
    n = s.shape[-1]
    return (
        (s[..., (n - 1) // 2] + s[..., n // 2]) / 2
        if n
        else np.full(s.shape[:-1], np.nan)
    )
''',
    "_unmiddle": '''\
def _unmiddle(y: Array, s: Array) -> Array:
    """Zeros in the shape of sorted numbers, with y shared by those in the middle."""
    full, n = np.zeros_like(s), s.shape[-1]
    for k in ((n - 1) // 2, n // 2) if n else ():
        full[..., k] += y / 2
    return full
''',
    "_merged": '''\
def _merged(x: Array, axis: int | tuple[int, ...] | None) -> Array:
    """Some axes, or all for None, made one, which is the last."""
    axes = (
        tuple(range(x.ndim))
        if axis is None
        else axis
        if isinstance(axis, tuple)
        else (axis,)
    )
    moved = np.moveaxis(x, axes, range(-len(axes), 0))
    size = int(np.prod([x.shape[a] for a in axes]))
    return moved.reshape((*moved.shape[: x.ndim - len(axes)], size))
''',
    "_unmerged": '''\
def _unmerged(y: Array, x: Array, axis: int | tuple[int, ...] | None) -> Array:
    """Axes that were made one, apart again, as in x."""
    axes = (
        tuple(range(x.ndim))
        if axis is None
        else axis
        if isinstance(axis, tuple)
        else (axis,)
    )
    sizes = tuple(x.shape[a] for a in axes)
    return np.moveaxis(y.reshape((*y.shape[:-1], *sizes)), range(-len(axes), 0), axes)
''',
    "_delay": '''\
def _delay(x: Array, axis: int, fill: float) -> Array:
    """The elements one place later along an axis, after a first one that is given."""
    late = np.full_like(x, fill)
    np.moveaxis(late, axis, 0)[1:] = np.moveaxis(x, axis, 0)[:-1]
    return late
''',
    "_scan": '''\
def _scan(a: Array, b: Array, axis: int) -> Array:
    """The recurrence s[k] = a[k] * s[k-1] + b[k] along an axis."""
    a, s = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0).copy()
    for k in range(1, len(s)):
        s[k] += a[k] * s[k - 1]
    return np.moveaxis(s, 0, axis)
''',
    "_cofactors": '''\
def _cofactors(a: Array) -> Array:
    """The derivative of a determinant, det(a) * inv(a).T, where a is singular, too."""
    u, s, vh = np.linalg.svd(a)
    others = np.ones_like(s)
    others[..., 1:] = np.cumprod(s[..., :-1], axis=-1)
    others[..., :-1] *= np.cumprod(s[..., :0:-1], axis=-1)[..., ::-1]
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * (u * others[..., None, :] @ vh)
''',
    "_untile": '''\
def _untile(y: Array, x: Array, reps: int | tuple[int, ...]) -> Array:
    """The sum over the copies of x in a tiled array."""
    rank = max(x.ndim, np.size(reps))
    counts = (1,) * (rank - np.size(reps)) + (
        reps if isinstance(reps, tuple) else (reps,)
    )
    sizes = (1,) * (rank - x.ndim) + x.shape
    apart = y.reshape([n for pair in zip(counts, sizes) for n in pair])
    return apart.sum(axis=tuple(range(0, 2 * rank, 2))).reshape(x.shape)
''',
    "_unrepeat": '''\
def _unrepeat(y: Array, x: Array, repeats: ArrayLike, axis: int) -> Array:
    """The sum over the copies of each element of x along an axis."""
    full = np.zeros_like(x)
    source = np.repeat(np.arange(x.shape[axis]), repeats)
    np.add.at(np.moveaxis(full, axis, 0), source, np.moveaxis(y, axis, 0))
    return full
''',
    "_unpad": '''\
def _unpad(y: Array, x: Array, width: int | tuple) -> Array:
    """The part of a padded array that was x."""
    before = np.broadcast_to(np.asarray(width), (x.ndim, 2))[:, 0]
    return y[tuple(slice(start, start + size) for start, size in zip(before, x.shape))]
''',
    "_put_along_axis": '''\
def _put_along_axis(y: Array, x: Array, indices: np.ndarray, axis: int) -> Array:
    """Zeros in the shape of x, with y added at indices along an axis."""
    full = np.zeros_like(x)
    if indices.shape[axis] == 1:  # then no element is meant twice
        np.put_along_axis(full, indices, y, axis)
        return full
    places = list(np.ogrid[tuple(map(slice, indices.shape))])
    places[axis] = indices
    np.add.at(full, tuple(places), y)
    return full
''',
    "_segment_sum": '''\
def _segment_sum(x: Array, ids: np.ndarray, n: int) -> Array:
    """The sum of the rows of each segment."""
    total = np.zeros((n, *x.shape[1:]), x.dtype)
    np.add.at(total, ids, x)
    return total
''',
    "_undiagonal": '''\
def _undiagonal(y: Array, x: Array, offset: int, axis1: int, axis2: int) -> Array:
    """Zeros in the shape of x, with y on a diagonal."""
    full = np.zeros_like(x)
    rows = np.moveaxis(full, (axis1, axis2), (-2, -1))
    k = np.arange(y.shape[-1])
    rows[..., k + max(-offset, 0), k + max(offset, 0)] = y
    return full
''',
    "_undiagonals": '''\
def _undiagonals(y: Array, x: Array, subscripts: str) -> Array:
    """Zeros in the shape of x, with y on the diagonal that the subscripts take."""
    full = np.zeros_like(x)
    np.einsum(subscripts, full)[...] = y
    return full
''',
    "_matmul_da": '''\
def _matmul_da(g: Array, a: Array, b: Array) -> Array:
    """The derivative of sum(g * (a @ b)) by a, whatever the ranks are."""
    rows = _rerow(_recolumn(g, b), a)
    return _unrow(_sum_to(rows @ np.swapaxes(_recolumn(b, b), -1, -2), _rerow(a, a)), a)
''',
    "_matmul_db": '''\
def _matmul_db(g: Array, a: Array, b: Array) -> Array:
    """The derivative of sum(g * (a @ b)) by b, whatever the ranks are."""
    columns = _rerow(_recolumn(g, b), a)
    return _uncolumn(
        _sum_to(np.swapaxes(_rerow(a, a), -1, -2) @ columns, _recolumn(b, b)), b
    )
''',
    "_rerow": '''\
def _rerow(x: Array, a: Array) -> Array:
    """A product of matrices gets the axis of rows, which a does not have if it is a vector."""
    return np.expand_dims(x, -2) if a.ndim == 1 else x
''',
    "_unrow": '''\
def _unrow(x: Array, a: Array) -> Array:
    """A product of matrices loses the axis of rows if a is a vector."""
    return np.squeeze(x, -2) if a.ndim == 1 else x
''',
    "_recolumn": '''\
def _recolumn(x: Array, b: Array) -> Array:
    """A product of matrices gets the axis of columns, which b does not have if it is a vector."""
    return np.expand_dims(x, -1) if b.ndim == 1 else x
''',
    "_uncolumn": '''\
def _uncolumn(x: Array, b: Array) -> Array:
    """A product of matrices loses the axis of columns if b is a vector."""
    return np.squeeze(x, -1) if b.ndim == 1 else x
''',
}
"""By name: what a generated file carries along where its code calls it."""
