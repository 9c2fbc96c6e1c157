"""What calls hand back: NumPy scalars where there is no dimension, or numbers of Python."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np


def plain(result: Any, as_python: bool) -> Any:
    """Results without arrays of no dimension: NumPy scalars, or Python's where those were given."""
    if not as_python and _is_plain(result):
        return result
    return _each(_plain_row, result, as_python)


def _is_plain(result: Any) -> bool:
    """Whether results are so already, as most are."""
    waiting = [result]
    for part in waiting:
        kind = type(part)
        if kind is np.ndarray:
            if not part.ndim:
                return False
        elif kind is tuple:
            waiting += part
        elif kind is dict:
            waiting += part.values()
        elif kind is not np.float64:
            return False
    return True


def _plain_row(part: Any, as_python: bool) -> Any:
    """A value, or derivatives however they are laid out."""
    return _each(_plain_part, part, as_python)


def _plain_part(part: Any, as_python: bool) -> Any:
    """A value, a derivative, or a row of second derivatives."""
    return _each(_plain_number, part, as_python)


def _each(plain_part: Callable[[Any, bool], Any], parts: Any, as_python: bool) -> Any:
    if isinstance(parts, tuple):
        return tuple([p if _is_array(p) else plain_part(p, as_python) for p in parts])
    if isinstance(parts, dict):
        return {n: p if _is_array(p) else plain_part(p, as_python) for n, p in parts.items()}
    return _plain_number(parts, as_python)


def _is_array(part: Any) -> bool:
    return type(part) is np.ndarray and part.ndim > 0


def _plain_number(number: Any, as_python: bool) -> Any:
    if isinstance(number, np.ndarray) and number.ndim == 0:
        number = number[()]
    return number.item() if as_python and isinstance(number, np.generic) else number


def unwarned(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The code for empty arrays: NumPy warns of the mean of nothing, which is nan."""

    def quiet(*values: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return kernel(*values)

    return quiet
