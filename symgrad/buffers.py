"""The memory in which blocks are computed, kept by each thread from call to call."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_LINE = 64
"""Bytes in a line of the cache."""

_KEPT = 2**26
"""Bytes of buffers that a thread keeps, at most."""


class Layout:
    """How the buffers of a loop lie in one piece of memory.

    Each has a shape for the largest block, an axis along which rows run, and a type.
    """

    def __init__(self, buffers: Iterable[tuple[tuple[int, ...], int | None, Any]]) -> None:
        self._parts: list[tuple[int, tuple[int, ...], int | None, Any]] = []
        end = 0
        for shape, axis, item in buffers:
            self._parts.append((end, shape, axis, item))
            end += -(-math.prod(shape) * item.itemsize // _LINE) * _LINE
        self.bytes = end

    def views(self, memory: Array, size: int) -> tuple[Array, ...]:
        """The buffers for a block of so many rows."""
        found: list[Array] = []
        for start, shape, axis, item in self._parts:
            cut = tuple([size if at == axis else n for at, n in enumerate(shape)])
            found.append(np.ndarray(cut, item, memory, start))
        return tuple(found)


def _aligned(size: int) -> Array:
    """Bytes that begin where a line of the cache does: products of matrices round by that."""
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size]


class Buffers:
    """The buffers of a loop while a thread works on it: parts of one piece of memory."""

    def __init__(self) -> None:
        self.memory = _aligned(0)
        self._layout: Layout | None = None
        self._views: dict[int, tuple[Array, ...]] = {}

    def lay_out(self, layout: Layout) -> None:
        """Make them those of a loop."""
        if layout is not self._layout:
            if self.memory.size < layout.bytes:
                self.memory = _aligned(layout.bytes)
            self._layout, self._views = layout, {}

    def __call__(self, block: slice) -> Sequence[Array]:
        """Those for a block of rows."""
        size = block.stop - block.start
        found = self._views.get(size)
        if found is None:
            assert self._layout is not None
            found = self._views[size] = self._layout.views(self.memory, size)
        return found


class _Arena(threading.local):
    """What a thread keeps from call to call."""

    buffers: Buffers | None = None


_arena = _Arena()


def take(layout: Layout) -> Buffers:
    """Buffers that nobody else has until they are handed back with `keep`."""
    found, _arena.buffers = _arena.buffers, None
    if found is None:
        found = Buffers()
    found.lay_out(layout)
    return found


def keep(buffers: Buffers) -> None:
    """Remember buffers for the next loop; where that is forgotten, new ones will be made."""
    if buffers.memory.size <= _KEPT:
        _arena.buffers = buffers


@contextmanager
def lent(layout: Layout) -> Iterator[Buffers]:
    """Buffers while a loop runs."""
    buffers = take(layout)
    yield buffers
    keep(buffers)
