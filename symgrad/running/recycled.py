"""Memory for results, used again once the caller has let go of them.

The system hands memory out page by page, and takes it back, at a third of the cost of computing
what goes there. So some of it is remembered: what nobody else refers to any more is free for the
next results.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_LEAST = 2**15
"""Bytes from which on the system may give memory page by page: smaller pieces add up."""

MOST = 2**25
"""Bytes that are remembered in all, at most."""

_TRIED = 8
"""Pieces of memory that are looked at before there is a new one."""


PAGE = 4096
"""Bytes, where what is large begins. Processors take twice the time to write across the ends of
lines of the cache, and half as much again where what they read next looks, by its place in a page,
like what they have just written."""


def _own() -> int:
    """How many references memory has that nobody but the one who looks refers to."""
    remembered = deque([aligned(1)])
    memory, _ = kept = remembered.popleft()
    count = sys.getrefcount(memory)
    remembered.append(kept)
    return count


def aligned(size: int) -> tuple[Array, int]:
    """Memory, and the place in it from which on so many bytes begin where a page does."""
    memory = np.empty(size + PAGE, np.uint8)
    return memory, -memory.ctypes.data % PAGE


_OWN = _own()
_COUNTS = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether references are counted, and at once."""

_memory: dict[int, deque[tuple[Array, int]]] = {}
"""By size, with the place in it where results begin: those used last stand last."""


def maker(shape: tuple[int, ...], dtype: Any) -> Callable[[], Array]:
    """Makes arrays with nothing in them yet, as `np.empty` does.

    If possible they are where the last ones were, which may be in the cache yet.
    """
    item = np.dtype(dtype)
    size = math.prod(shape) * item.itemsize
    if not (_COUNTS and _LEAST <= size <= MOST):
        return partial(np.empty, shape, item)

    def make() -> Array:
        for _ in range(_TRIED):
            try:
                kept = _memory[size]
                memory, start = piece = kept.pop()
            except LookupError:  # There is none, or another thread has taken it.
                break
            if sys.getrefcount(memory) == _OWN:
                kept.append(piece)
                return np.ndarray(shape, item, memory, start)
            kept.appendleft(piece)
        memory, start = piece = aligned(size)
        _forget(MOST - size)
        _memory.setdefault(size, deque()).append(piece)
        return np.ndarray(shape, item, memory, start)

    return make


def _forget(most: int) -> None:
    """Remember no more than so many bytes; the sizes that came first go first."""
    left = sum([size * len(kept) for size, kept in list(_memory.items())]) - most
    for size, kept in list(_memory.items()):
        while left > 0 and kept:
            try:
                kept.popleft()
            except IndexError:
                break
            left -= size
        if not kept:
            _memory.pop(size, None)
