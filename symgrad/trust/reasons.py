"""Why an operation on some numbers is not finite, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.language.spelling import ATOM, INFIX, SIGN, Text

_DIVIDES = "a division by 0"
_NEGATIVE = "a negative number"
_ROOT = "a root of a negative number"
_POLE = "a pole"


def _at_whole_numbers(x: float) -> str:
    return _POLE if x <= 0 and x % 1 == 0 else ""


_SINGULAR: Mapping[str, Callable[..., str]] = {
    "divide": lambda x, y: _DIVIDES if y == 0 else "",
    "power": lambda x, y: (
        _DIVIDES if x == 0 and y < 0 else _ROOT if x < 0 and math.isfinite(y) and y % 1 else ""
    ),
    "sqrt": lambda x: _NEGATIVE if x < 0 else "",
    **dict.fromkeys(("log", "log2", "log10"), lambda x: _NEGATIVE if x < 0 else ""),
    "log1p": lambda x: "a number below -1" if x < -1 else "",
    "xlogy": lambda x, y: "" if y > 0 else "a logarithm of 0" if y == 0 else _NEGATIVE,
    "arctanh": lambda x: _POLE if abs(x) == 1 else "",
    "gammaln": _at_whole_numbers,
    "digamma": _at_whole_numbers,
    "zeta": lambda s, x: _at_whole_numbers(x),
    "floor_divide": lambda x, y: _DIVIDES if y == 0 else "",
    "remainder": lambda x, y: _DIVIDES if y == 0 else "",
    "fmod": lambda x, y: _DIVIDES if y == 0 else "",
}
"""By operation: what is wrong with its operands."""

_PRODUCTS = frozenset("_at _mm _vdot vdot _einsum _outer _dot matmul".split())


def number(value: float) -> str:
    """In six digits."""
    return f"{value:.6g}"


def reason(op: str, operands: Sequence[float], value: float) -> str:
    """Why an operation on numbers is not finite.

    >>> reason("log", [0.0], -math.inf), reason("divide", [1.0, 0.0], math.inf)
    ('log of 0', '1 / 0, a division by 0')
    >>> reason("exp", [800.0], math.inf), reason("multiply", [0.0, -math.inf], math.nan)
    ('exp(800) overflows', '0 * -inf')
    """
    texts = [Text(number(x), SIGN if x < 0 else ATOM) for x in operands]
    singular = _SINGULAR[op](*operands) if op in _SINGULAR else ""
    finite = all(map(math.isfinite, operands))
    if op in INFIX:
        written = INFIX[op].write(texts).code
    elif len(operands) == 1 and (singular or (op.startswith("log") and finite)):
        written = f"{op} of {texts[0].code}"
    elif op.startswith("_"):
        # A form that the compiler found: its name and its operands are not the user's.
        if finite:
            return "it overflows" if math.isinf(value) else "inf - inf, 0 * inf or 0 / 0 inside"
        return f"of {', '.join(text.code for text in texts)}"
    else:
        written = f"{op}({', '.join(text.code for text in texts)})"
    if singular:
        return f"{written}, {singular}"
    if not finite:
        return written
    if math.isnan(value):
        return f"{written} is not a real number"
    return written if op.startswith("log") else f"{written} overflows"


def reason_overall(
    op: str, piece: str, operands: Sequence[np.ndarray[Any, Any]], value: float
) -> str:
    """The same for an operation on whole arrays, which stands in a piece of the formula.

    >>> reason_overall("prod", "prod(x)", [np.array([1e200, 1e200])], math.inf)
    'prod of finite numbers overflows'
    >>> reason_overall("_at", "x @ y", [np.array([0.0]), np.array([math.inf])], math.nan)
    'a sum of products of numbers that are not all finite'
    """
    name = op.lstrip("_")
    if op in _PRODUCTS:
        name = "a sum of products"
    elif name not in piece:
        name = "a result"
    if not all(operand.size for operand in operands):
        return f"{name} of an empty array"
    if not all(np.isfinite(operand).all() for operand in operands):
        return f"{name} of numbers that are not all finite"
    return f"{name} of finite numbers {'overflows' if math.isinf(value) else 'is no number'}"
