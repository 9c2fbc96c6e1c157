"""Products of matrices in one thread each, while threads of our own share the blocks.

NumPy's products come from a library that has threads of its own. For blocks they are a loss: they
wait for each other, and for ours. OpenBLAS, which NumPy's own packages bring, can be told how many
to use; any other library is left as it is.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from weakref import WeakSet

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


_inside: WeakSet[one_thread] = WeakSet()
_before: dict[str, int] = {}
"""Who wants one thread now, and how many there were before. No lock: a call may be broken off at
any place, and whoever is gone must not count."""


class one_thread:  # noqa: N801 - it is used like a function
    """Inside, products of matrices do not start threads, as far as that can be told.

    >>> with one_thread():
    ...     threads() in (1, None)
    True
    """

    def __enter__(self) -> None:
        settings = _settings()
        _inside.add(self)
        if settings is not None and len(_inside) == 1:
            told, put = settings
            count = told()
            if count != 1:
                _before["count"] = count
                put(1)

    def __exit__(self, *about: object) -> None:
        settings = _settings()
        _inside.discard(self)
        if settings is not None and not _inside:
            count = _before.pop("count", None)
            if count is not None:
                settings[1](count)


def threads() -> int | None:
    """How many threads a product of matrices may use now; None where that is not known."""
    settings = _settings()
    return None if settings is None else settings[0]()
