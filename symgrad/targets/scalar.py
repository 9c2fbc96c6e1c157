"""The code for calls on floats: Python's math module. Where it raises, NumPy's answer is taken."""

from __future__ import annotations

import math

from symgrad.language.spelling import (
    AND,
    ATOM,
    COMPARE,
    INFIX,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SIGN,
    TERNARY,
    Spelling,
    Text,
    call,
    call2,
)
from symgrad.targets import Target
from symgrad.targets.numpy import constant as numpy_constant

_SAME = """sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh isnan isinf
isfinite erf erfc""".split()
_RENAMED = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "gammaln": "lgamma",
}


def constant(value: float | bool, as_float: bool) -> Text:
    """A number, written as a whole one where it is small and whole, unless `as_float`."""
    if isinstance(value, float) and not math.isfinite(value):
        text = numpy_constant(value, as_float)
        return Text(text.code.replace("np.", ""), text.precedence)
    return numpy_constant(value, as_float)


SPELLINGS = {
    **INFIX,
    **{name: call(name) for name in _SAME},
    **{name: call(spelt) for name, spelt in _RENAMED.items()},
    "_flat_exp": call("exp"),
    "_polynomial": Spelling("_polynomial({0}, {v0})", arity=1),
    "_exp_moment": Spelling("_exp_moment({0}, {v0})", arity=1),
    "power": call2("pow"),
    "power by a whole number": Spelling("{0}**{1}", POWER, (ATOM, SIGN)),
    "abs": call("abs"),
    "sign": call("_sign"),
    "floor": call("_floor"),
    "ceil": call("_ceil"),
    "trunc": call("_trunc"),
    "rint": call("_rint"),
    "signbit": Spelling("copysign(1.0, {0}) < 0", COMPARE, (TERNARY,)),
    "maximum": Spelling("_maximum({0}, {1})", float_constants=True),
    "minimum": Spelling("_minimum({0}, {1})", float_constants=True),
    "fmod": call2("fmod"),
    "remainder": Spelling("{0} % {1}", PRODUCT, (PRODUCT, SIGN)),
    "floor_divide": Spelling("{0} // {1}", PRODUCT, (PRODUCT, SIGN)),
    "copysign": call2("copysign"),
    "hypot": call2("hypot"),
    "arctan2": call2("atan2"),
    "logical_and": Spelling("{0} and {1}", AND, (AND, NOT)),
    "logical_or": Spelling("{0} or {1}", OR, (OR, AND)),
    "logical_not": Spelling("not {0}", NOT, (NOT,)),
    "keep": Spelling("{1} if {0} else 0.0", TERNARY, (OR, OR), float_constants=True),
    "where": Spelling("{1} if {0} else {2}", TERNARY, (OR, OR, OR), float_constants=True),
}

SCALAR = Target("scalar", SPELLINGS, constant, {})


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0)) if x == x else x


def _floor(x: float) -> float:
    return math.copysign(float(math.floor(x)), x)


def _ceil(x: float) -> float:
    return math.copysign(float(math.ceil(x)), x)


def _trunc(x: float) -> float:
    return math.copysign(float(math.trunc(x)), x)


def _rint(x: float) -> float:
    return math.copysign(float(round(x)), x)


def _maximum(x: float, y: float) -> float:
    return x if x >= y or x != x else y


def _minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y


def _polynomial(x: float, coefficients: tuple[float, ...]) -> float:
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


def _exp_moment(x: float, n: int) -> float:
    total, term = 1 / (n + 1), 1.0
    if abs(x) < 1:
        for k in range(1, 20):
            term *= x / k
            total += term / (n + 1 + k)
        return total
    total = math.expm1(x) / x
    for k in range(1, n + 1):
        total = (math.exp(x) - k * total) / x
    return total


_HELPERS = (_exp_moment, _polynomial, _sign, _floor, _ceil, _trunc, _rint, _maximum, _minimum)

NAMESPACE: dict[str, object] = {
    **{name: value for name, value in vars(math).items() if not name.startswith("_")},
    **{helper.__name__: helper for helper in _HELPERS},
    "abs": abs,
}
"""What scalar code sees: the math module, with NumPy's answers for nan and zeros added."""
