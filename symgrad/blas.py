"""Products of matrices in one thread each, while threads of our own share the blocks.

NumPy's products come from a library that has threads of its own. For blocks they are a loss: they
wait for each other, and for ours. OpenBLAS, which NumPy's own packages bring, can be told how many
to use; any other library is left as it is.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

_FOLDERS = ("../numpy.libs", ".dylibs", ".libs")
_PREFIXES = ("scipy_openblas", "openblas")
_SUFFIXES = ("64_", "", "_64_")


@cache
def _settings() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Functions that tell and set the number of threads of OpenBLAS, if NumPy has that."""
    home = Path(np.__file__).parent
    libraries = [path for folder in _FOLDERS for path in (home / folder).glob("*openblas*")]
    for library in libraries:
        loaded = importlib.import_module("ctypes").CDLL(str(library.resolve()))
        for name in (f"{p}_{{}}_num_threads{s}" for p in _PREFIXES for s in _SUFFIXES):
            told, put = (getattr(loaded, name.format(verb), None) for verb in ("get", "set"))
            if told is not None and put is not None:
                return told, put
    return None


_lock = threading.Lock()
_inside = [0, 1]
"""How many calls want one thread now, and how many there were before."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, products of matrices do not start threads, as far as that can be told."""
    settings = _settings()
    if settings is None:
        yield
        return
    told, put = settings
    with _lock:
        if not _inside[0]:
            _inside[1] = told()
            if _inside[1] != 1:
                put(1)
        _inside[0] += 1
    try:
        yield
    finally:
        with _lock:
            _inside[0] -= 1
            if not _inside[0] and _inside[1] != 1:
                put(_inside[1])


def threads() -> int | None:
    """How many threads a product of matrices may use now; None where that is not known."""
    settings = _settings()
    return None if settings is None else settings[0]()
