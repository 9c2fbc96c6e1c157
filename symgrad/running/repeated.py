"""Calls with arrays like those of an earlier call: what was found out is not looked at again."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from symgrad.limits import Limits, limits_for
from symgrad.running.crew import threads
from symgrad.running.faults import FAULTS
from symgrad.running.floats import DOUBLE, all_doubles
from symgrad.running.results import plain
from symgrad.running.runner import Runner
from symgrad.writing.memory import Estimate

_WHOLE = np.dtype(np.int64)
_REMEMBERED = 256
"""Choices of shapes that are remembered, at most."""

Known = tuple[Callable[..., Any], Estimate]


class Repeated:
    """Runs the code that was chosen for such arrays, where nothing else has to be looked at.

    Arrays are of doubles or whole numbers, and floats may stand beside them. Of `inputs`, those
    that are `serving` as indices are arrays of whole numbers.
    """

    def __init__(self, inputs: Sequence[str], serving: Container[str], limits: Limits) -> None:
        self._serving = [place for place, name in enumerate(inputs) if name in serving]
        self._limits = limits
        self._known: dict[object, Known] = {}

    def __call__(self, args: Sequence[Any]) -> Any:
        """The results; None where there was no such call, or where the longer way has to tell what
        goes wrong."""
        key = _key(args)
        known = None if key is None else self._known.get(key)
        if known is None:
            return None
        kernel, memory = known
        limits = limits_for(self._limits)
        if memory.needed > limits.memory:
            return None
        try:
            if not isinstance(kernel, Runner):
                return plain(kernel(*args), False)
            most = threads(limits.threads) if kernel.shares else 1
            if type(kernel) is Runner and all_doubles(args):
                return kernel.on_doubles(args, most)
            return plain(kernel(*args, threads=most), False)
        except (MemoryError, *FAULTS):
            return None

    def remember(self, args: Sequence[Any], known: Known) -> None:
        """Run this code for such arrays from now on, where the arrays tell enough."""
        key = _key(args)
        serving = [args[place] for place in self._serving]
        if key is None or not all(type(v) is np.ndarray and v.dtype is _WHOLE for v in serving):
            return
        if all(value.ndim for value in serving):
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = known


def _key(args: Sequence[Any]) -> tuple[object, ...] | None:
    """The shapes of arrays of doubles and whole numbers, and of floats beside them; None for all
    that has to be looked at, and for numbers alone."""
    key: list[object] = []
    arrays = False
    for value in args:
        kind = type(value)
        if kind is np.ndarray:
            if value.dtype is not DOUBLE:
                if value.dtype is not _WHOLE:
                    return None
                key.append(_WHOLE)
            key.append(value.shape)
            arrays = True
        elif kind is float or kind is np.float64:
            key.append(())
        else:
            return None
    return tuple(key) if arrays else None
