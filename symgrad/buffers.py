"""The memory that loops work in: a piece of it for each thread, kept from call to call."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_LINE = 64

_KEPT = 2**26
"""Bytes of buffers that a thread keeps, at most."""

_KEPT_VIEWS = 64
"""Layouts of a thread's memory that are remembered."""

Slot = tuple[tuple[int, ...], int | None, bool]
"""The shape of a buffer, which of its axes are the rows, and whether it holds conditions."""


class Layout:
    """Where the buffers of a loop stand in memory: each begins where a line of the cache does."""

    def __init__(self, slots: Sequence[Slot], dtype: Any) -> None:
        self._places: list[tuple[int, tuple[int, ...], int | None, Any]] = []
        end = 0
        for shape, axis, condition in slots:
            item = np.dtype(np.bool_ if condition else dtype)
            self._places.append((end, shape, axis, item))
            end += -(-math.prod(shape) * item.itemsize // _LINE) * _LINE
        self.bytes = end

    def views(self, memory: Array, rows: int) -> tuple[Array, ...]:
        """The buffers for so many rows."""
        found = []
        for start, shape, axis, item in self._places:
            cut = tuple([rows if at == axis else n for at, n in enumerate(shape)])
            stop = start + math.prod(cut) * item.itemsize
            found.append(memory[start:stop].view(item).reshape(cut))
        return tuple(found)


class _Memory:
    """A piece of memory, and the buffers in it that were asked for."""

    def __init__(self, size: int) -> None:
        self.bytes = _aligned(size)
        self._views: dict[tuple[Layout, int], tuple[Array, ...]] = {}

    def views(self, layout: Layout, rows: int) -> tuple[Array, ...]:
        """The buffers of a loop for so many rows."""
        found = self._views.get((layout, rows))
        if found is None:
            if len(self._views) >= _KEPT_VIEWS:
                self._views.clear()
            found = self._views[layout, rows] = layout.views(self.bytes, rows)
        return found


def _aligned(size: int) -> Array:
    """Bytes that begin where a line of the cache does: products of matrices round by that."""
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size]


class _Arena(threading.local):
    """The memory of a thread, kept from call to call."""

    memory: _Memory | None = None


_arena = _Arena()


class Buffers:
    """The buffers of a loop while a thread works on it: inside, they are given for some rows."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._memory: _Memory | None = None

    def __enter__(self) -> Callable[[int], Sequence[Array]]:
        kept, _arena.memory = _arena.memory, None
        if kept is None or kept.bytes.size < self._layout.bytes:
            kept = _Memory(self._layout.bytes)
        self._memory = kept
        return self._buffers

    def __exit__(self, *about: object) -> None:
        memory, self._memory = self._memory, None
        if memory is not None and memory.bytes.size <= _KEPT:
            _arena.memory = memory

    def _buffers(self, rows: int) -> Sequence[Array]:
        assert self._memory is not None
        return self._memory.views(self._layout, rows)
