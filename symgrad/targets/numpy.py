"""The code that people read and keep: NumPy on arrays."""

from __future__ import annotations

import math

from symgrad.spelling import (
    ATOM,
    BIT_AND,
    BIT_OR,
    INFIX,
    SIGN,
    TERNARY,
    Spelling,
    Text,
    call,
    call2,
)
from symgrad.targets import Target

_UNARY = """abs sign floor ceil trunc rint sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan
arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh isnan isinf isfinite signbit""".split()
_BINARY = "maximum minimum fmod remainder copysign logaddexp hypot arctan2".split()
_SPECIAL = "erf erfc ndtr gammaln digamma".split()


def constant(value: float | bool, as_float: bool) -> Text:
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
    return Text(str(int(value)) if whole and not as_float else repr(value), sign)


SPELLINGS = {
    **INFIX,
    **{name: call(f"np.{name}") for name in _UNARY},
    **{name: call2(f"np.{name}") for name in _BINARY},
    **{name: call(f"special.{name}") for name in _SPECIAL},
    "polygamma": call2("special.polygamma"),
    "logical_and": Spelling("{0} & {1}", BIT_AND, (BIT_AND, SIGN)),
    "logical_or": Spelling("{0} | {1}", BIT_OR, (BIT_OR, BIT_AND)),
    "logical_not": Spelling("~{0}", SIGN, (SIGN,)),
    "keep": Spelling("np.where({0}, {1}, 0.0)", float_constants=True),
    "where": Spelling("np.where({0}, {1}, {2})", ATOM, (TERNARY,) * 3, float_constants=True),
    "clip": Spelling("np.clip({0}, {1}, {2})", ATOM, (TERNARY,) * 3),
    "copy": Spelling("{0}.copy()", ATOM, (ATOM,)),
    "cast": Spelling("{0}.astype({1}.dtype)", ATOM, (ATOM, ATOM)),
    "place": Spelling("_place({0}, {1}, ({value},))"),
    "index": Spelling("{0}[{value}]", ATOM, (ATOM,)),
    "broadcast": Spelling("np.broadcast_to({0}, {1}.shape)", ATOM, (TERNARY, ATOM)),
    "full": Spelling("np.full_like({1}, {0})", ATOM, (TERNARY, TERNARY)),
    "zeros": Spelling("np.zeros_like({1})", ATOM, (TERNARY, TERNARY)),
    "ones": Spelling("np.ones_like({1})", ATOM, (TERNARY, TERNARY)),
    "unbroadcast": call2("_sum_to"),
    "unbroadcast_from": Spelling("_sum_to({0}, {2}, {1}.shape)", ATOM, (TERNARY, ATOM, TERNARY)),
    "join": Spelling("np.broadcast({all})"),
}

NUMPY = Target("numpy", SPELLINGS, constant, dict.fromkeys([*_SPECIAL, "polygamma"], "scipy"))
