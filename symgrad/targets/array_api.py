"""The Python array API standard: the namespace is that of the inputs."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.language.spelling import (
    ATOM,
    INFIX,
    POWER,
    PRODUCT,
    SIGN,
    TERNARY,
    Spelling,
    Text,
    call,
    call2,
)
from symgrad.targets import Library, Target
from symgrad.targets.functional import HELPERS
from symgrad.targets.numpy import SPELLINGS as NUMPY_SPELLINGS
from symgrad.targets.numpy import constant as numpy_constant

_SAME = """abs sign floor ceil trunc sqrt exp expm1 log log2 log10 log1p sin cos tan sinh cosh tanh
isnan isinf isfinite signbit""".split()
_RENAMED = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "rint": "round",
    "_flat_exp": "exp",
    "inv": "linalg.inv",
    "det": "linalg.det",
    "_slogdet": "linalg.slogdet",
    "_eigh": "linalg.eigh",
    "_qr": "linalg.qr",
    "pinv": "linalg.pinv",
}
_OF_TWO = {
    **{name: name for name in "maximum minimum copysign logaddexp hypot remainder".split()},
    "floor_divide": "floor_divide",
    "arctan2": "atan2",
    "_searchsorted": "searchsorted",
    "_solve": "linalg.solve",
    "_solve_vector": "linalg.solve",
}
_AXIS = (("axis", None), ("keepdims", False))
_AS_IN_NUMPY = """index integer _norm sqrt_of_a_size _equal_parts ndim _middle _unmiddle _merged
_unmerged _delay _scan _polynomial _exp_moment expand_dims _untile _unrepeat _unpad _put_along_axis
_segment_sum _undiagonal stop_gradient _mm _at matmul _rerow _unrow _recolumn _uncolumn _item
logical_and logical_or logical_not unbroadcast""".split()


def constant(value: float | bool, as_float: bool) -> Text:
    """A number of Python."""
    text = numpy_constant(value, as_float)
    return Text(text.code.replace("np.", "math."), text.precedence)


def _reduction(name: str) -> Spelling:
    return Spelling(f"xp.{name}({{0}}{{kw}})", keywords=_AXIS, arity=1)


def _with(template: str, arity: int = 1, *keywords: tuple[str, object]) -> Spelling:
    return Spelling(template, keywords=keywords, arity=arity)


SPELLINGS: Mapping[str, Spelling] = {
    **INFIX,
    **{name: NUMPY_SPELLINGS[name] for name in _AS_IN_NUMPY if name in NUMPY_SPELLINGS},
    **{name: call(f"xp.{name}") for name in _SAME},
    **{name: call(f"xp.{spelt}") for name, spelt in _RENAMED.items()},
    **{name: call2(f"xp.{spelt}") for name, spelt in _OF_TWO.items()},
    **{name: _reduction(name) for name in "sum mean max min argmax argmin".split()},
    "sqrt of a size": Spelling("{0}**0.5", POWER, (ATOM,)),
    "unbroadcast of a broadcast": NUMPY_SPELLINGS["unbroadcast of a broadcast"],
    "divide by a size": call2("_ratio"),
    "minimum of sizes": call2("_lesser"),
    "maximum of sizes": call2("_greater"),
    "floor_divide of sizes": Spelling("{0} // {1}", PRODUCT, (PRODUCT, SIGN)),
    "cbrt": call("_cbrt"),
    "_cholesky": call("_cholesky"),
    "exp2": Spelling("2.0**{0}", POWER, (SIGN,)),
    "fmod": call2("_fmod"),
    "keep": Spelling("_where({0}, {1}, 0.0)", float_constants=True),
    "where": Spelling("_where({0}, {1}, {2})", ATOM, (TERNARY,) * 3, float_constants=True),
    "copy": Spelling("xp.asarray({0}, copy=True)"),
    "cast": Spelling("xp.astype({0}, {1}.dtype)", ATOM, (TERNARY, ATOM)),
    "broadcast": Spelling("_broadcast({0}, {1}.shape)", ATOM, (TERNARY, ATOM)),
    "expand_dims": _with("_expand({0}, {v0})"),
    "index": Spelling("_part({0}, np.s_[{key}])", arity=1),
    "broadcast of a constant": Spelling("xp.full_like({1}, {0})", ATOM, (TERNARY, TERNARY)),
    "broadcast of 0": Spelling("xp.zeros_like({1})", ATOM, (TERNARY, TERNARY)),
    "broadcast of 1": Spelling("xp.ones_like({1})", ATOM, (TERNARY, TERNARY)),
    "join": Spelling("_joined({all})"),
    "_prod": _with("xp.prod({0}{kw})", 1, ("axis", None)),
    "size": _with("_size({0}, {v0})"),
    "_count": _with("_size({0}, {v0})"),
    "argsort": _with("xp.argsort({0}{kw})", 1, ("axis", -1)),
    "_cumsum": _with("xp.cumulative_sum({0}, axis={v0})"),
    "_cumprod": _with("_cumprod({0}, {v0})"),
    "_reshape": Spelling("xp.reshape({0}, {shape})", arity=1),
    "_reshape_like": Spelling("xp.reshape({0}, {1}.shape)", ATOM, (TERNARY, ATOM)),
    "squeeze": _with("_squeeze({0}, {v0})"),
    "expand_dims as a call": _with("_expand({0}, {v0})"),
    "_broadcast_to": Spelling("xp.broadcast_to({0}, {shape})", arity=1),
    "_transpose": call("_transpose"),
    "matrix_transpose": call("xp.matrix_transpose"),
    "permute_dims": _with("xp.permute_dims({0}, {v0})"),
    "swapaxes": _with("_swapaxes({0}, {v0}, {v1})"),
    "moveaxis": _with("xp.moveaxis({0}, {v0}, {v1})"),
    "flip": _with("xp.flip({0}{kw})", 1, ("axis", None)),
    "roll": _with("xp.roll({0}, {only}{kw})", 1, ("", ()), ("axis", None)),
    "concatenate": Spelling(
        "xp.concat([{all}]{kw})", keywords=(("axis", 0),), float_constants=True
    ),
    "stack": Spelling("xp.stack([{all}]{kw})", keywords=(("axis", 0),), float_constants=True),
    "tile": Spelling("xp.tile({0}, {shape})", arity=1),
    "_repeat": _with("_repeat({0}, {only}, {v1})"),
    "pad": _with("_pad({0}, {v0})"),
    "take_along_axis": _with("_take_along({0}, {1}, {v0})", 2),
    "_zeros": Spelling("xp.zeros({shape}{dtype})", arity=0),
    "_ones": Spelling("xp.ones({shape}{dtype})", arity=0),
    "eye": Spelling(
        "xp.eye(int({s0}){kw}{dtype})", keywords=(("", ()), ("n_cols", None), ("k", 0)), arity=0
    ),
    "_counting": Spelling("xp.arange(int({s0}), dtype=xp.float64)", arity=0),
    "tril": _with("xp.tril({0}{kw})", 1, ("k", 0)),
    "triu": _with("xp.triu({0}{kw})", 1, ("k", 0)),
    "diagonal": _with("_diagonal({0}, {v0}, {v1}, {v2})"),
    "_diag_matrix": _with("_diag_matrix({0}, {v0})"),
    "_diagonals": _with("_diagonals({0}, {v0})"),
    "_undiagonals": _with("_undiagonals({0}, {1}, {v0})", 2),
    "_convolve": call2("_convolve"),
    "_correlate": call2("_correlate"),
    "_outer": Spelling("{0}[:, None] * {1}", PRODUCT, (ATOM, SIGN)),
    "_vdot": Spelling("xp.sum({0} * {1})", ATOM, (PRODUCT, SIGN)),
    "_einsum": _with("_einsum({v0}, {0}, {1})", 2),
    "_svd": Spelling("xp.linalg.svd({0}, full_matrices=False)"),
}

_NAMES = ("xp", "math", "np", "Any", "array_namespace", "Array")

LIBRARY = Library(
    "\nimport math\nfrom typing import Any\n\nimport numpy as np\n"
    "from array_api_compat import array_namespace, is_array_api_obj\n\n"
    "Array = Any\nArrayLike = Any\n",
    "NumPy, array-api-compat and the library of the inputs",
    (*_NAMES, "is_array_api_obj", "ArrayLike"),
    HELPERS,
    opening="xp = _namespace({})",
    zeros="{name} = xp.zeros_like({like})",
    first="{name} = {name} + _placed({code}, {name}, np.s_[{key}])",
    more="{name} = {name} + _placed({code}, {name}, np.s_[{key}])",
    several="{name} = {name} + _placed({code}, {name}, {key})",
)

TARGET = Target("array-api", SPELLINGS, constant, {}, "xp.asarray({}, dtype=xp.float64)", LIBRARY)
