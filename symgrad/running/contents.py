"""What an array that was passed holds, in words, where that is no real numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NUMBERS = frozenset((float, int, bool))
_KINDS = {
    "c": "complex numbers",
    "U": "text",
    "S": "bytes",
    "T": "text",
    "M": "dates",
    "m": "times",
}


_PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__")


def as_array(value: object) -> np.ndarray[Any, Any]:
    """What was passed, as an array.

    What only has items, and is of no kind that Python knows to end, is not walked through.
    """
    kind = type(value)
    has_items = hasattr(kind, "__getitem__") and not isinstance(value, Sequence | Mapping)
    if has_items and not any(hasattr(kind, protocol) for protocol in _PROTOCOLS):
        try:
            memoryview(value)  # type: ignore[arg-type]  # whether it is one is what is asked
        except TypeError:
            raise TypeError(f"{kind.__name__} is neither a list nor an array") from None
    return np.asarray(float(value) if isinstance(value, int) and kind is int else value)


def all_numbers(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array of objects holds numbers of Python alone."""
    return NUMBERS.issuperset(map(type, array.flat))


def is_masked(value: object) -> bool:
    """Whether it is an array with masked elements. NumPy loads such arrays when first asked."""
    return (
        isinstance(value, np.ndarray)
        and isinstance(value, np.ma.MaskedArray)
        and bool(np.ma.is_masked(value))
    )


def contents(array: np.ndarray[Any, Any]) -> str:
    """What an array holds that is not real numbers."""
    if array.dtype.kind == "O" and array.size:
        strange = next((v for v in array.flat if type(v) not in NUMBERS), array.flat[0])
        return f"objects of type {type(strange).__name__}"
    return _KINDS.get(array.dtype.kind, f"values of type {array.dtype}")
