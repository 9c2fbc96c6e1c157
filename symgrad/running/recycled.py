"""Memory for large results, used again once the caller has let go of them.

The system hands out large arrays page by page, at a third of the cost of computing them. So some
of that memory is remembered: what nobody else refers to any more is free for the next results.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_LEAST = 2**17
"""Bytes from which on the system would give memory page by page."""

MOST = 2**25
"""Bytes that are remembered in all, at most."""


def _own() -> int:
    """How many references memory has that nobody but the one who looks refers to."""
    remembered = deque([np.empty(1, np.uint8)])
    memory = remembered.popleft()
    return sys.getrefcount(memory)


_OWN = _own()
_COUNTS = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether references are counted, and at once."""

_memory: deque[Array] = deque()


def empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array with nothing in it yet, as `np.empty` gives."""
    item = np.dtype(dtype)
    size = math.prod(shape) * item.itemsize
    if not (_COUNTS and _LEAST <= size <= MOST):
        return np.empty(shape, item)
    memory = _free(size)
    if memory is None:
        memory = np.empty(size, np.uint8)
        while _memory and sum([kept.size for kept in list(_memory)]) > MOST - size:
            _memory.popleft()
    _memory.append(memory)
    return np.ndarray(shape, item, memory)


def _free(size: int) -> Array | None:
    """Memory of a size among what is remembered and free."""
    for _ in range(len(_memory)):
        try:
            memory = _memory.popleft()
        except IndexError:  # Another thread has taken it.
            break
        if memory.size == size and sys.getrefcount(memory) == _OWN:
            return memory
        _memory.append(memory)
    return None
