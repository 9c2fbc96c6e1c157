"""Python's cyclic garbage collector, paused where graphs are built."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock


class _Pause:
    """A wish that the collector rest. One that is forgotten, by an error at a bad moment, ends."""

    def __init__(self) -> None:
        with _changing:
            if not _pauses and gc.isenabled():
                _stopped.add(True)
                gc.disable()
            _pauses.add(id(self))

    def end(self) -> None:
        """The last pause that ends starts the collector again, if it was running."""
        with _changing:
            _pauses.discard(id(self))
            if not _pauses and _stopped:
                gc.enable()
                _stopped.clear()

    __del__ = end


_changing = RLock()
_pauses: set[int] = set()
_stopped: set[bool] = set()


@contextmanager
def paused() -> Iterator[None]:
    """Pause the collector, and leave it as it was.

    A graph has no cycles, and the collector looks through all of a growing one again and again in
    vain: at 100,000 terms that is two fifths of the time to compile. Where threads overlap, it
    starts again when the last of them is done.

    >>> with paused():
    ...     gc.isenabled()
    False
    """
    pause = _Pause()
    try:
        yield
    finally:
        pause.end()
