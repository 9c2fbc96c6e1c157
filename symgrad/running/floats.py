"""The inputs of generated code as arrays of one floating-point type, at once where they are that.

A generated file carries the same function as text, for its own readers; calls through symgrad use
this one, which does not look twice at arrays of doubles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from symgrad.load import load
from symgrad.targets.numpy import HELPERS

_HEAD = """\
import numpy as np
from numpy.typing import ArrayLike

"""
DOUBLE = np.dtype(np.float64)
"""NumPy has one object for the type of doubles, whatever array is asked."""


@cache
def _convert() -> Callable[..., list[np.ndarray[Any, Any]]]:
    return load(_HEAD + HELPERS["_floats"], "_floats")


def all_doubles(values: Sequence[Any]) -> bool:
    """Whether all are arrays of doubles."""
    for value in values:  # noqa: SIM110 - a generator takes longer than most of these loops
        if type(value) is not np.ndarray or value.dtype is not DOUBLE:
            return False
    return True


def floats(*inputs: Any) -> Sequence[np.ndarray[Any, Any]]:
    """The inputs as arrays of one floating-point type; plain numbers take that of the arrays."""
    if all_doubles(inputs):
        return inputs
    arrays = []
    for value in inputs:
        kind = type(value)
        if kind is float or kind is np.float64:
            arrays.append(np.array(value))
        elif kind is np.ndarray and value.dtype is DOUBLE:
            arrays.append(value)
        else:
            return _convert()(*inputs)
    return arrays


PROVIDED = {"_floats": floats}
"""What code that runs here need not carry along."""
