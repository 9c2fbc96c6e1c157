"""JAX: functions that jit, vmap and pmap take; in float64 where `jax_enable_x64` is set."""

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

_SPECIAL = "erf erfc gammaln digamma".split()
_ARRAYS: Mapping[str, str] = {
    "squeeze": "jnp.squeeze({0}{kw})",
    "swapaxes": "jnp.swapaxes({0}, {v0}, {v1})",
    "_repeat": "jnp.repeat({0}, {only}, axis={v1})",
    "pad": "jnp.pad({0}, {v0})",
    "_cumsum": "jnp.cumsum({0}, axis={v0})",
    "_cumprod": "jnp.cumprod({0}, axis={v0})",
    "diagonal": "jnp.diagonal({0}{kw})",
    "_diag_matrix": "jnp.diag({0}{kw})",
    "_diagonals": "jnp.einsum({v0}, {0})",
    "_einsum": "jnp.einsum({v0}, {0}, {1})",
}
_KEYWORDS: Mapping[str, tuple[tuple[str, object], ...]] = {
    "squeeze": (("axis", None),),
    "diagonal": (("offset", 0), ("axis1", 0), ("axis2", 1)),
    "_diag_matrix": (("k", 0),),
}
_ARITY = {"_einsum": 2}

SPELLINGS: Mapping[str, Spelling] = {
    **{
        name: replace(spelling, template=spelling.template.replace("xp.", "jnp."))
        for name, spelling in API_SPELLINGS.items()
    },
    **{name: call(f"special.{name}") for name in _SPECIAL},
    **{
        name: Spelling(template, keywords=_KEYWORDS.get(name, ()), arity=_ARITY.get(name, 1))
        for name, template in _ARRAYS.items()
    },
    "ndtr": call("special.ndtr"),
    "zeta": call2("special.zeta"),
    "_log_ndtr": call("special.log_ndtr"),
    "_over_erfcx": Spelling("{0} / _erfcx({1})", PRODUCT, (PRODUCT, TERNARY)),
    "cbrt": call("jnp.cbrt"),
    "_cholesky": call("jnp.linalg.cholesky"),
    "take_along_axis": Spelling("jnp.take_along_axis({0}, {1}, axis={v0})", arity=2),
    "exp2": call("jnp.exp2"),
    "fmod": call2("jnp.fmod"),
    "keep": Spelling("jnp.where({0}, {1}, 0.0)", float_constants=True),
    "where": Spelling("jnp.where({0}, {1}, {2})", ATOM, (TERNARY,) * 3, float_constants=True),
    "_transpose": NUMPY_SPELLINGS["_transpose"],
    "index": NUMPY_SPELLINGS["index"],
    "expand_dims": NUMPY_SPELLINGS["expand_dims"],
    "broadcast": Spelling("jnp.broadcast_to({0}, {1}.shape)", ATOM, (TERNARY, ATOM)),
    "_counting": Spelling("jnp.arange({s0}, dtype=float)", arity=0),
    "_vdot": call2("jnp.vdot"),
    "_outer": call2("jnp.outer"),
    "_convolve": call2("jnp.convolve"),
    "_correlate": Spelling('jnp.correlate({0}, {1}, "valid")'),
}

HELPERS: dict[str, str] = {
    **{n: text for n, text in named(FUNCTIONAL, "jnp").items() if n not in ("_placed", "_part")},
    "_floats": '''\
def _floats(*inputs: ArrayLike) -> list[Array]:
    """The inputs as arrays of one floating-point type; plain numbers take that of the arrays."""
    types = [v.dtype for v in inputs if hasattr(v, "dtype")]
    types = [t for t in types if jnp.issubdtype(t, jnp.floating)]
    dtype = jnp.result_type(*types) if types else jnp.result_type(float)
    return [jnp.asarray(value, dtype) for value in inputs]
''',
    "_whole": '''\
def _whole(values: ArrayLike) -> Array:
    """Numbers as indices or sizes: whole ones as they are, truth values as a mask."""
    if isinstance(values, int):
        return values
    array = jnp.asarray(values)
    return array.astype(int) if jnp.issubdtype(array.dtype, jnp.floating) else array
''',
    "_put_along_axis": '''\
def _put_along_axis(y: Array, x: Array, indices: Array, axis: int) -> Array:
    """Zeros in the shape of x, with y added at indices along an axis."""
    places = list(jnp.indices(indices.shape, sparse=True))
    places[axis] = indices
    return jnp.zeros_like(x).at[tuple(places)].add(y)
''',
    "_segment_sum": '''\
def _segment_sum(x: Array, ids: Array, n: int) -> Array:
    """The sum of the rows of each segment."""
    return jnp.zeros((n, *x.shape[1:]), x.dtype).at[ids].add(x)
''',
    "_erfcx": '''\
def _erfcx(x: Array) -> Array:
    """exp(x**2) * erfc(x), by its asymptotic series where x is large."""
    near = jnp.where(x < 12, x, 0.0)
    t, series = 0.5 / x / x, jnp.ones_like(x)
    for k in range(23, 0, -2):
        series = 1 - k * t * series
    far = series / (x * 1.772453850905516)
    return jnp.where(x < 12, jnp.exp(near * near) * special.erfc(near), far)
''',
}

LIBRARY = Library(
    "\nimport math\n\nimport jax\nimport jax.numpy as jnp\nimport numpy as np\n"
    "from jax.scipy import special\nfrom jax.typing import ArrayLike\n\nArray = jax.Array\n",
    'JAX, which computes in float32 unless jax.config.update("jax_enable_x64", True)',
    ("jnp", "jax", "np", "math", "special", "ArrayLike", "Array"),
    HELPERS,
    zeros="{name} = jnp.zeros_like({like})",
    first="{name} = {name}.at[{key}].set({code})",
    more="{name} = {name}.at[{key}].add({code})",
    several="{name} = {name}.at[{key}].add({code})",
)

TARGET = Target("jax", SPELLINGS, constant, {}, "jnp.asarray({})", LIBRARY)
