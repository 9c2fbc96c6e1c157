"""The memory that loops work in: a piece of it for each thread, kept from call to call."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_LINE = 64

_KEPT = 2**26
"""Bytes of buffers that a thread keeps, at most."""

_KEPT_VIEWS = 64
"""Layouts of a thread's memory that are remembered."""

_SHORT = 32


@dataclass(frozen=True, slots=True)
class Slot:
    """The shape of a buffer, which of its axes are the rows, and whether it holds conditions.

    With `turned` the rows are last in memory, so that NumPy's inner loops are along them.
    """

    shape: tuple[int, ...]
    axis: int | None
    condition: bool = False
    turned: bool = False


def is_short(shape: tuple[int, ...], axis: int) -> bool:
    """Whether the last axis is so short that loops should rather be along the rows."""
    return axis < len(shape) - 1 and shape[-1] <= _SHORT


def rows_last(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """A shape as it is in memory where the rows are last."""
    return (*shape[:axis], *shape[axis + 1 :], shape[axis])


class Layout:
    """Where the buffers of a loop stand in memory: each begins where a line of the cache does."""

    def __init__(self, slots: Sequence[Slot], dtype: Any) -> None:
        self._places: list[tuple[int, Slot, Any]] = []
        end = 0
        for slot in slots:
            item = np.dtype(np.bool_ if slot.condition else dtype)
            self._places.append((end, slot, item))
            end += -(-math.prod(slot.shape) * item.itemsize // _LINE) * _LINE
        self.bytes = end

    def views(self, memory: Array, rows: int) -> tuple[Array, ...]:
        """The buffers for so many rows."""
        found = []
        for start, slot, item in self._places:
            axis = slot.axis
            cut = tuple([rows if at == axis else n for at, n in enumerate(slot.shape)])
            part = memory[start : start + math.prod(cut) * item.itemsize].view(item)
            if slot.turned and axis is not None:
                found.append(np.moveaxis(part.reshape(rows_last(cut, axis)), -1, axis))
            else:
                found.append(part.reshape(cut))
        return tuple(found)


class Memory:
    """A piece of memory, and the buffers in it that were asked for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._bytes = _aligned(size)
        self._views: dict[tuple[Layout, int], tuple[Array, ...]] = {}

    def views(self, layout: Layout, rows: int) -> tuple[Array, ...]:
        """The buffers of a loop for so many rows."""
        found = self._views.get((layout, rows))
        if found is None:
            if len(self._views) >= _KEPT_VIEWS:
                self._views.clear()
            found = self._views[layout, rows] = layout.views(self._bytes, rows)
        return found


def _aligned(size: int) -> Array:
    """Bytes that begin where a line of the cache does: products of matrices round by that."""
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size]


class _Arena(threading.local):
    """The memory of a thread, kept from call to call."""

    memory: Memory | None = None


_arena = _Arena()


def taken(size: int) -> Memory:
    """The thread's memory, or a larger piece; what is in it is lost."""
    kept, _arena.memory = _arena.memory, None
    return Memory(size) if kept is None or kept.size < size else kept


def given_back(memory: Memory) -> None:
    """Keep memory for the thread's next call."""
    if memory.size <= _KEPT:
        _arena.memory = memory


class Buffers:
    """The buffers of a loop while a thread works on it: inside, they are given for some rows."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._memory: Memory | None = None

    def __enter__(self) -> Callable[[int], Sequence[Array]]:
        self._memory = taken(self._layout.bytes)
        return partial(self._memory.views, self._layout)

    def __exit__(self, *about: object) -> None:
        memory, self._memory = self._memory, None
        if memory is not None:
            given_back(memory)
