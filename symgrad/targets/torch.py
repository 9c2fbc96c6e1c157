"""PyTorch: functions of tensors, for torch.func.vmap and torch.compile, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symgrad.language.spelling import ATOM, PRODUCT, TERNARY, Spelling, call, call2
from symgrad.targets import Library, Target
from symgrad.targets.array_api import SPELLINGS as API_SPELLINGS
from symgrad.targets.array_api import constant
from symgrad.targets.functional import HELPERS as FUNCTIONAL
from symgrad.targets.functional import named
from symgrad.targets.numpy import SPELLINGS as NUMPY_SPELLINGS

_OF_TENSORS = "maximum minimum copysign logaddexp hypot arctan2 floor_divide remainder".split()
_SPECIAL = "erf erfc gammaln digamma".split()
_AXIS = (("axis", ()), ("keepdims", False))
_REDUCTIONS = "sum mean argmax argmin".split()
_TEMPLATES: Mapping[str, str] = {
    **{name: f"torch.{name}({{0}}{{kw}})" for name in _REDUCTIONS},
    "max": "_extreme(torch.amax, {0}{kw})",
    "min": "_extreme(torch.amin, {0}{kw})",
    "_cumsum": "torch.cumsum({0}, {v0})",
    "_cumprod": "torch.cumprod({0}, {v0})",
    "_prod": "_prod({0}, {v0})",
    "argsort": "torch.argsort({0}, dim={v0}, stable=True)",
    "permute_dims": "torch.permute({0}, {v0})",
    "swapaxes": "torch.swapaxes({0}, {v0}, {v1})",
    "moveaxis": "torch.movedim({0}, {v0}, {v1})",
    "flip": "_flip({0}, {v0})",
    "roll": "torch.roll({0}, {only}, {v1})",
    "_repeat": "_repeat({0}, {only}, {v1})",
    "diagonal": "torch.diagonal({0}, {v0}, {v1}, {v2})",
    "_diag_matrix": "torch.diag({0}, {v0})",
    "tril": "torch.tril({0}, {v0})",
    "triu": "torch.triu({0}, {v0})",
    "index": "_part({0}, np.s_[{key}])",
}

SPELLINGS: Mapping[str, Spelling] = {
    **{
        name: replace(spelling, template=spelling.template.replace("xp.", "torch."))
        for name, spelling in API_SPELLINGS.items()
    },
    **{name: Spelling(f"torch.{name}(*_both({{0}}, {{1}}))") for name in _OF_TENSORS},
    **{name: call(f"torch.special.{name}") for name in _SPECIAL},
    **{
        name: Spelling(template, keywords=_AXIS if "kw" in template else (), arity=1)
        for name, template in _TEMPLATES.items()
    },
    "zeta": Spelling("torch.special.zeta(*_both({0}, {1}))"),
    "_cholesky": call("torch.linalg.cholesky"),
    "_log_ndtr": call("torch.special.log_ndtr"),
    "_over_erfcx": Spelling("{0} / torch.special.erfcx({1})", PRODUCT, (PRODUCT, TERNARY)),
    "sign": call("_sign"),
    "exp2": call("torch.exp2"),
    "fmod": Spelling("torch.fmod(*_both({0}, {1}))"),
    "keep": Spelling("_where({0}, {1}, 0.0)", float_constants=True),
    "where": Spelling("_where({0}, {1}, {2})", ATOM, (TERNARY,) * 3, float_constants=True),
    "copy": Spelling("{0}.clone()", ATOM, (ATOM,)),
    "cast": Spelling("{0}.to({1}.dtype)", ATOM, (ATOM, ATOM)),
    "matrix_transpose": Spelling("{0}.mT", ATOM, (ATOM,)),
    "take_along_axis": Spelling("torch.take_along_dim({0}, {1}, {v0})", arity=2),
    "eye": Spelling("_eye({s0}, {v1}, {v2}{dtype})", arity=0),
    "_einsum": Spelling("torch.einsum({v0}, {0}, {1})", arity=2),
    "_diagonals": Spelling("torch.einsum({v0}, {0})", arity=1),
    "expand_dims": NUMPY_SPELLINGS["expand_dims"],
    "_solve_vector": call2("torch.linalg.solve"),
}

_CALLED = {
    "torch.astype(": "_astype(",
    "torch.permute_dims(": "torch.permute(",
    "torch.moveaxis(": "torch.movedim(",
    "torch.broadcast_arrays(": "torch.broadcast_tensors(",
}
_RENAMED = named(FUNCTIONAL, "torch")
for _old, _new in _CALLED.items():
    _RENAMED = {name: text.replace(_old, _new) for name, text in _RENAMED.items()}

HELPERS: dict[str, str] = {
    **_RENAMED,
    "_floats": '''\
def _floats(*inputs: ArrayLike) -> list[Array]:
    """The inputs as tensors of one floating-point type; plain numbers take that of the tensors."""
    types = [v.dtype for v in inputs if isinstance(v, torch.Tensor) and v.is_floating_point()]
    dtype = types[0] if types else torch.float64
    for other in types[1:]:
        dtype = torch.promote_types(dtype, other)
    devices = [v.device for v in inputs if isinstance(v, torch.Tensor)]
    device = devices[0] if devices else None
    return [torch.as_tensor(value, dtype=dtype, device=device) for value in inputs]
''',
    "_astype": '''\
def _astype(x: Array, dtype: torch.dtype) -> Array:
    """A tensor in another type."""
    return x.to(dtype)
''',
    "_norm": '''\
def _norm(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """The square root of the sum of squares, scaled by the largest, so that none overflows."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    top = (torch.amax if x.numel() else torch.sum)(torch.abs(x), axes, True)
    top = torch.where((top > 0) & torch.isfinite(top), top, torch.ones_like(top))
    scaled = torch.sqrt(torch.sum((x / top) ** 2, axes, True)) * top
    return scaled if keepdims else _squeeze(scaled, axes)
''',
    "_whole": '''\
def _whole(values: ArrayLike) -> Array:
    """Numbers as indices or sizes: whole ones as they are, truth values as a mask."""
    if isinstance(values, int):
        return values
    tensor = torch.as_tensor(values)
    return tensor.to(torch.int64) if tensor.is_floating_point() else tensor
''',
    "_extreme": '''\
def _extreme(
    reduce: Any, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool = False
) -> Array:
    """The largest or the smallest along some axes, or of all elements."""
    return reduce(x, tuple(range(x.ndim)) if axis is None else axis, keepdims)
''',
    "_both": '''\
def _both(x: Array, y: Array) -> tuple[Array, Array]:
    """Two tensors, where one may be a plain number."""
    like = x if isinstance(x, torch.Tensor) else y
    return tuple(
        v if isinstance(v, torch.Tensor) else torch.full_like(like, v) for v in (x, y)
    )
''',
    "_where": '''\
def _where(p: Array, x: Array, y: Array) -> Array:
    """A choice; plain numbers stay doubles until they meet a tensor of another type."""
    x, y = (
        v if isinstance(v, torch.Tensor) else torch.tensor(v, dtype=torch.float64, device=p.device)
        for v in (x, y)
    )
    return torch.where(p, x, y)
''',
    "_sign": '''\
def _sign(x: Array) -> Array:
    """The sign; nan stays nan."""
    return torch.where(torch.isnan(x), x, torch.sign(x))
''',
    "_prod": '''\
def _prod(x: Array, axis: int | None) -> Array:
    """The product along an axis, or of all elements."""
    return torch.prod(x) if axis is None else torch.prod(x, axis)
''',
    "_flip": '''\
def _flip(x: Array, axis: int | tuple[int, ...] | None) -> Array:
    """The elements of some axes in reverse order."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return torch.flip(x, axes)
''',
    "_part": '''\
def _part(x: Array, key: Any) -> Array:
    """The elements at a key, whose slices may go backwards."""
    keys = key if isinstance(key, tuple) else (key,)
    taken = sum(k is not None and k is not Ellipsis for k in keys)
    axis, new = 0, []
    for k in keys:
        if k is Ellipsis:
            axis = x.ndim - (taken - axis)
        elif isinstance(k, slice) and k.step is not None and k.step < 0:
            n = x.shape[axis]
            first, last, step = k.indices(n)
            x = torch.flip(x, (axis,))
            k = slice(n - 1 - first, max(n - 1 - last, 0), -step)
            axis += 1
        elif k is not None:
            axis += 1
        new.append(k)
    return x[tuple(new)]
''',
    "_repeat": '''\
def _repeat(x: Array, repeats: int | tuple[int, ...], axis: int) -> Array:
    """Each element of an axis several times."""
    counts = repeats if isinstance(repeats, int) else torch.tensor(repeats)
    return torch.repeat_interleave(x, counts, axis)
''',
    "_eye": '''\
def _eye(n: int, m: int | None, k: int, dtype: torch.dtype = torch.float64) -> Array:
    """Ones on a diagonal and zeros elsewhere."""
    rows, columns = torch.arange(n)[:, None], torch.arange(n if m is None else m)
    return (columns - rows == k).to(dtype)
''',
    "_segment_sum": '''\
def _segment_sum(x: Array, ids: Array, n: int) -> Array:
    """The sum of the rows of each segment."""
    zeros = torch.zeros((n, *x.shape[1:]), dtype=x.dtype, device=x.device)
    return zeros.index_add(0, ids, x)
''',
    "_placed": '''\
def _placed(g: Array, like: Array, key: Any) -> Array:
    """Zeros in the shape of a tensor, with g added at a key."""
    count = math.prod(like.shape)
    places = torch.arange(count, device=like.device).reshape(like.shape)
    places = _part(places, key)
    rows = torch.broadcast_to(g, places.shape).reshape(-1)
    zeros = torch.zeros(count, dtype=g.dtype, device=like.device)
    return zeros.index_add(0, places.reshape(-1), rows).reshape(like.shape)
''',
    "_put_along_axis": '''\
def _put_along_axis(y: Array, x: Array, indices: Array, axis: int) -> Array:
    """Zeros in the shape of x, with y added at indices along an axis."""
    return torch.zeros_like(x).scatter_add(axis, indices % x.shape[axis], y)
''',
}

LIBRARY = Library(
    "\nimport math\nfrom typing import Any\n\nimport numpy as np\nimport torch\n\n"
    "Array = torch.Tensor\nArrayLike = torch.Tensor | float\n",
    "PyTorch",
    ("torch", "np", "math", "Any", "ArrayLike", "Array"),
    HELPERS,
    zeros="{name} = torch.zeros_like({like})",
    first="{name} = {name} + _placed({code}, {name}, np.s_[{key}])",
    more="{name} = {name} + _placed({code}, {name}, np.s_[{key}])",
    several="{name} = {name} + _placed({code}, {name}, {key})",
)

TARGET = Target("torch", SPELLINGS, constant, {}, "torch.tensor({}, dtype=torch.float64)", LIBRARY)
