"""The memory in which blocks are computed, kept by each thread from call to call."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
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


class _Arena(threading.local):
    """The memory of a thread for buffers, and its last views, kept from call to call."""

    memory: Array | None = None
    layout: Layout | None = None
    views: Mapping[int, tuple[Array, ...]] = MappingProxyType({})


_arena = _Arena()


def _aligned(size: int) -> Array:
    """Bytes that begin where a line of the cache does: products of matrices round by that."""
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size]


class Buffers:
    """The buffers of a loop while a thread works on it: parts of one piece of memory."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._views: dict[int, tuple[Array, ...]] = {}
        self._memory: Array | None = None

    def __enter__(self) -> Callable[[slice], Sequence[Array]]:
        kept, _arena.memory = _arena.memory, None
        if kept is None or kept.size < self._layout.bytes:
            kept = _aligned(self._layout.bytes)
        elif _arena.layout is self._layout:
            self._views.update(_arena.views)
        self._memory = kept
        return self._buffers

    def __exit__(self, *about: object) -> None:
        memory, self._memory = self._memory, None
        if memory is not None and memory.size <= _KEPT:
            _arena.layout, _arena.views = self._layout, self._views
            _arena.memory = memory

    def _buffers(self, block: slice) -> Sequence[Array]:
        size = block.stop - block.start
        found = self._views.get(size)
        if found is None:
            assert self._memory is not None
            found = self._views[size] = self._layout.views(self._memory, size)
        return found
