"""The memory that loops work in: a piece of it for each thread, kept from call to call."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad.running.recycled import PAGE, aligned

Array = np.ndarray[Any, Any]

_LINE = 64
_LARGE = 4 * PAGE
"""Bytes from which on a buffer begins where a page does; smaller ones where a line does."""

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
    """Where the buffers of a loop stand in memory, which begins where a page does."""

    def __init__(self, slots: Sequence[Slot], dtype: Any) -> None:
        self._places: list[tuple[int, Slot, Any]] = []
        end = 0
        for slot in slots:
            item = np.dtype(np.bool_ if slot.condition else dtype)
            size = math.prod(slot.shape) * item.itemsize
            unit = _LINE if size < _LARGE else PAGE
            end = -(-end // unit) * unit
            self._places.append((end, slot, item))
            end += size
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
        memory, start = aligned(size)
        self._bytes = memory[start : start + size]
        self._views: dict[tuple[Layout, int], tuple[Array, ...]] = {}

    def views(self, layout: Layout, rows: int) -> tuple[Array, ...]:
        """The buffers of a loop for so many rows."""
        found = self._views.get((layout, rows))
        if found is None:
            if len(self._views) >= _KEPT_VIEWS:
                self._views.clear()
            found = self._views[layout, rows] = layout.views(self._bytes, rows)
        return found


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
