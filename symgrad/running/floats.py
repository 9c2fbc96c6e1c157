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
_DOUBLE = np.dtype(np.float64)


@cache
def _convert() -> Callable[..., list[np.ndarray[Any, Any]]]:
    return load(_HEAD + HELPERS["_floats"], "_floats")


def floats(*inputs: Any) -> Sequence[np.ndarray[Any, Any]]:
    """The inputs as arrays of one floating-point type; plain numbers take that of the arrays."""
    for value in inputs:
        if type(value) is not np.ndarray or value.dtype is not _DOUBLE:
            return _convert()(*inputs)
    return inputs


PROVIDED = {"_floats": floats}
"""What code that runs here need not carry along."""
