"""Python's cyclic garbage collector, paused where graphs are built."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Pause the collector, and leave it as it was.

    A graph has no cycles, and the collector looks through all of a growing one again and again in
    vain: at 100,000 terms that is two fifths of the time to compile. Where threads overlap, the one
    that found the collector running starts it again.

    >>> with paused():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
