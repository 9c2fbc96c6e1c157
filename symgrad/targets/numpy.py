"""The code that people read and keep: NumPy on arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from symgrad.language.spelling import (
    ATOM,
    BIT_AND,
    BIT_OR,
    INFIX,
    PRODUCT,
    SIGN,
    TERNARY,
    Spelling,
    Text,
    call,
    call2,
)
from symgrad.targets import Library, Target
from symgrad.targets.arrays import ARRAY_HELPERS, ARRAYS

_UNARY = """abs sign floor ceil trunc rint sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan
arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh isnan isinf isfinite signbit""".split()
_BINARY = """maximum minimum floor_divide fmod remainder copysign logaddexp hypot
arctan2""".split()
_SPECIAL = "erf erfc ndtr gammaln digamma".split()


def constant(value: float | bool, as_float: bool) -> Text:
    """A number, written as a whole one where it is small and whole, unless `as_float`."""
    if isinstance(value, bool):
        return Text(str(value))
    if math.isnan(value):
        return Text("np.nan")
    sign = SIGN if math.copysign(1, value) < 0 else ATOM
    if math.isinf(value):
        return Text("np.inf" if value > 0 else "-np.inf", sign)
    whole = value == int(value) and abs(value) < 1e6 and math.copysign(1, value) == (
        -1 if value < 0 else 1
    )  # fmt: skip
    digits = repr(value).replace("e+", "e")
    return Text(str(int(value)) if whole and not as_float else digits, sign)


_KNOWN: Mapping[float, Text] = {
    **{k * math.pi: Text(f"{k} * np.pi", PRODUCT) for k in (2, 3, 4, 6, 8, -2, -3, -4, -6, -8)},
    **{math.pi / k: Text(f"np.pi / {k}", PRODUCT) for k in (2, 3, 4, 6, 8, 180)},
    math.pi: Text("np.pi"),
    -math.pi: Text("-np.pi", SIGN),
}
"""Numbers that a reader knows by name."""


_THIRDS: Mapping[float, Text] = {
    n / d: Text(f"{n} / {d}", PRODUCT)
    for d in (3, 6, 7, 9, 12)
    for n in range(1 - 2 * d, 2 * d)
    if math.gcd(n, d) == 1
}
"""Quotients of small whole numbers that no decimal is equal to; Python divides when it compiles."""


def _known(value: float | bool, as_float: bool) -> Text:
    return _KNOWN.get(value) or _THIRDS.get(value) or constant(value, as_float)


SPELLINGS = {
    "_of_total": Spelling("_of_total({0}, {1}, {2})"),
    **INFIX,
    **{name: call(f"np.{name}") for name in _UNARY},
    **{name: call2(f"np.{name}") for name in _BINARY},
    **{name: call(f"special.{name}") for name in _SPECIAL},
    "zeta": call2("special.zeta"),
    "_log_ndtr": call("special.log_ndtr"),
    "_over_erfcx": Spelling("{0} / special.erfcx({1})", PRODUCT, (PRODUCT, TERNARY)),
    "_flat_exp": call("np.exp"),
    "_hypot": call2("_hypot"),
    "_logaddexp": call2("_logaddexp"),
    "_weighed_log": call2("_weighed_log"),
    "logical_and": Spelling("{0} & {1}", BIT_AND, (BIT_AND, SIGN)),
    "logical_or": Spelling("{0} | {1}", BIT_OR, (BIT_OR, BIT_AND)),
    "logical_not": Spelling("~{0}", SIGN, (SIGN,)),
    "keep": Spelling("np.where({0}, {1}, 0.0)", float_constants=True),
    "where": Spelling("np.where({0}, {1}, {2})", ATOM, (TERNARY,) * 3, float_constants=True),
    "clip": Spelling("np.clip({0}, {1}, {2})", ATOM, (TERNARY,) * 3),
    "copy": Spelling("{0}.copy()", ATOM, (ATOM,)),
    "cast": Spelling("{0}.astype({1}.dtype)", ATOM, (ATOM, ATOM)),
    "broadcast": Spelling("np.broadcast_to({0}, {1}.shape)", ATOM, (TERNARY, ATOM)),
    "broadcast of a constant": Spelling("np.full_like({1}, {0})", ATOM, (TERNARY, TERNARY)),
    "broadcast of 0": Spelling("np.zeros_like({1})", ATOM, (TERNARY, TERNARY)),
    "broadcast of 1": Spelling("np.ones_like({1})", ATOM, (TERNARY, TERNARY)),
    "unbroadcast": call2("_sum_to"),
    "unbroadcast of a broadcast": Spelling(
        "_sum_to({0}, {2}, {1}.shape)", ATOM, (TERNARY, ATOM, TERNARY)
    ),
    "join": Spelling("np.broadcast({all})"),
    **ARRAYS,
}

HELPERS: dict[str, str] = {
    "_floats": '''\
def _floats(*inputs: ArrayLike) -> list[np.ndarray]:
    """The inputs as arrays of one floating-point type; plain numbers take that of the arrays."""
    arrays = [np.asarray(value) for value in inputs]
    for array in arrays:
        if array.dtype.kind not in "fiub":
            raise TypeError(f"an input must hold real numbers, not {array.dtype}")
    types = [
        array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
        for value, array in zip(inputs, arrays)
        if type(value) not in (bool, int, float) and array.dtype.kind != "b"
    ]
    dtype = np.result_type(*types) if types else np.float64
    return [array.astype(dtype, copy=False) for array in arrays]
''',
    "_hypot": '''\
def _hypot(x: Array, y: Array) -> Array:
    """The root of a sum of two squares; by NumPy where these leave the range of floats."""
    found = np.sqrt(x * x + y * y)
    floats = np.finfo(found.dtype)
    outside = ~((found > (floats.tiny / floats.eps) ** 0.5) & (found < floats.max**0.5))
    return np.where(outside, np.hypot(x, y), found)[()] if np.any(outside) else found
''',
    "_weighed_log": '''\
def _weighed_log(weight: Array, logarithm: Array) -> Array:
    """The product; 0 where the weight is 0, even if the logarithm is infinite."""
    counts = (weight != 0) | np.isnan(logarithm)
    return np.where(counts, weight * logarithm, 0.0)[()]
''',
    "_logaddexp": '''\
def _logaddexp(x: Array, y: Array) -> Array:
    """The logarithm of a sum of two exponentials."""
    apart = np.where(x == y, 0.0, np.abs(x - y))
    return np.maximum(x, y) + np.log1p(np.exp(-apart))
''',
    "_sum_to": '''\
def _sum_to(g: Array, like: Array, shape: tuple[int, ...] | None = None) -> Array:
    """Sum a cotangent, of the value's shape, over the axes along which an input was broadcast."""
    if shape is not None:
        g = np.broadcast_to(g, shape)
    elif g.shape == like.shape:
        return g
    new = g.ndim - like.ndim
    axes = tuple(
        axis
        for axis in range(g.ndim)
        if axis < new or like.shape[axis - new] != g.shape[axis]
    )
    return g.sum(axes, dtype=like.dtype).reshape(like.shape)
''',
    "_of_total": '''\
def _of_total(x: Array, e: Array, total: Array) -> Array:
    """What share of the total each exponential of x is; of those of infinity, all."""
    shares = e / np.where(total == 0, 1.0, total)
    return shares if np.isfinite(total).all() else np.where(x == np.inf, 1.0, shares)
''',
    "_polynomial": '''\
def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    """A polynomial by Horner's rule, from the coefficient of the highest power on."""
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
''',
    **ARRAY_HELPERS,
}
"""What a generated file carries along where its code calls it."""

LIBRARY = Library(
    "\nimport numpy as np\nfrom numpy.typing import ArrayLike, NDArray\n",
    "NumPy alone",
    ("np", "special", "ArrayLike", "NDArray", "Array"),
    HELPERS,
    '@np.errstate(all="ignore")\n',
)

NUMPY = TARGET = Target(
    "numpy",
    SPELLINGS,
    _known,
    dict.fromkeys([*_SPECIAL, "zeta", "_log_ndtr", "_over_erfcx"], "scipy"),
    "np.float64({})",
    LIBRARY,
)

CALLED = replace(
    NUMPY,
    spellings={
        **SPELLINGS,
        **{
            name: Spelling(f"np.{ufunc}.reduce({{0}}, {{v0}}, None, None, {{v1}})", arity=1)
            for name, ufunc in (("sum", "add"), ("max", "maximum"), ("min", "minimum"))
        },
    },
)
"""The same for code that is called and not read: NumPy's reductions without what is around them."""
