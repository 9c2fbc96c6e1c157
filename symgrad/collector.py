"""Python's cyclic garbage collector, paused where graphs are built."""

from __future__ import annotations

import gc


class paused:  # noqa: N801 - it is used as a function that gives a context
    """Pause the collector, and leave it as it was.

    A graph has no cycles, and the collector looks through all of a growing one again and again in
    vain: at 100,000 terms that is two fifths of the time to compile. Where threads overlap, it
    starts again when the last of them is done. A pause that is forgotten, by an error at a bad
    moment, ends.

    There is no lock that an error at a bad moment could leave closed: each step is one operation
    on a set, and in any order of the steps of several threads the last one to end leaves the
    collector running.

    >>> with paused():
    ...     gc.isenabled()
    False
    """

    def __enter__(self) -> None:
        _pauses.add(id(self))
        if gc.isenabled():
            _stopped.add(id(self))
            gc.disable()

    def end(self, *_: object) -> None:
        """The last pause that ends starts the collector again, if it was running."""
        _pauses.discard(id(self))
        if not _pauses and _stopped:
            before = set(_stopped)
            gc.enable()
            _stopped.difference_update(before)

    __exit__ = __del__ = end


_pauses: set[int] = set()
_stopped: set[int] = set()
"""The pauses that last, and those that found the collector running."""
