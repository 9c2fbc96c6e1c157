"""What the attributes of functions may be: checked once, by the name of the parameter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from symgrad.errors import ArgumentError, Span
from symgrad.language.template import Wild

MOST_AXES = 64
"""NumPy's arrays have no more axes."""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_axis(value: Any) -> bool:
    return _is_whole(value) and -MOST_AXES <= value < MOST_AXES


def _all(check: Callable[[Any], bool], value: Any) -> bool:
    return isinstance(value, tuple) and all(map(check, value))


def _is_axes(value: Any) -> bool:
    return value is None or _is_axis(value) or _all(_is_axis, value)


def _is_paired_axes(value: Any) -> bool:
    pairs = isinstance(value, tuple) and len(value) == 2
    return _is_axes(value) or (pairs and all(v is not None and _is_axes(v) for v in value))


def _is_width(value: Any) -> bool:
    return _is_whole(value) and value >= 0


def _is_widths(value: Any) -> bool:
    def is_pair(part: Any) -> bool:
        return _is_width(part) or (_all(_is_width, part) and 1 <= len(part) <= 2)

    return _is_width(value) or (_all(is_pair, value) and len(value) > 0)


def _is_real(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and not math.isnan(value))


def _is_order(value: Any) -> bool:
    return value is None or isinstance(value, str) or _is_real(value)


_AXIS = (_is_axes, "a whole number from -64 to 63, a tuple of them, or None", "0")
_ONE_AXIS = (_is_axis, "a whole number from -64 to 63", "0")
_FLAG = (lambda v: isinstance(v, bool), "True or False", "True")
_WHOLE = (_is_whole, "a whole number", "1")

ATTRIBUTES: Mapping[str, tuple[Callable[[Any], bool], str, str]] = {
    **dict.fromkeys(("axis", "source", "destination"), _AXIS),
    "axes": (_is_paired_axes, "a whole number or a tuple of them", "(0, 1)"),
    **dict.fromkeys(("axis1", "axis2"), _ONE_AXIS),
    **dict.fromkeys(("keepdims", "lower", "unit_diagonal"), _FLAG),
    **dict.fromkeys(("k", "offset", "n"), _WHOLE),
    "M": (lambda v: v is None or _is_width(v), "a whole number that is not negative", "3"),
    "ddof": (_is_real, "a number", "1"),
    "ord": (_is_order, "a number or a name", "2"),
    "sections": (
        lambda v: _all(_is_whole, v) or (_is_whole(v) and v > 0),
        "a whole number of parts, or a tuple of places", "3",
    ),
    "pad_width": (_is_widths, "whole numbers that are not negative", "(1, 2)"),
    "indexing": (lambda v: v in ("xy", "ij"), "'xy' or 'ij'", "'ij'"),
}  # fmt: skip
"""By the name of a parameter: which values are right, in words, and one of them."""


_WITHOUT_NONE = frozenset(
    """tensordot expand_dims moveaxis stack diff split trapezoid cross sort argsort
    take_along_axis""".split()
)
"""Functions that need an axis to be named."""


def check_attribute(function: str, name: str, value: Any, text: str, span: Span | None) -> None:
    """Raise an ArgumentError for an attribute that no function could use.

    Whether an axis exists is told later, when it is known how many there are.
    """
    rule = ATTRIBUTES.get(name)
    if rule is None or isinstance(value, Wild):
        return
    is_right, what, example = rule
    if not is_right(value) or (value is None and function in _WITHOUT_NONE):
        raise ArgumentError(f"{name} is {what}", text, span, f"Write {name}={example}.")
