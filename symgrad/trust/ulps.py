"""How far a double is from a number, in units of the last place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from symgrad.trust.digits import context

_LARGEST = float(np.finfo(np.float64).max)


def ulps(got: float, want: Any) -> float:
    """The distance from a double to a number of mpmath, in units of the number's last place.

    Infinity stands for all that is too large for a double. An answer of nan is infinitely far.
    """
    if math.isnan(got):
        return math.inf
    mp = context()
    beyond = mp.mpf(_LARGEST) * (1 + mp.mpf(2) ** -54)
    near = max(-beyond, min(beyond, want))
    if math.isinf(got) and abs(near) < beyond:
        return math.inf
    clipped = max(-beyond, min(beyond, mp.mpf(got)))
    unit = math.ulp(min(_LARGEST, abs(float(near))))
    return float(abs(clipped - near) / unit)


def shown(error: float) -> str:
    """An error in few characters.

    >>> [shown(e) for e in (1e-90, 0.43, 12.3, 4567.0, 123456.0, math.inf)]
    ['0', '0.43', '12', '4567', '1.2e+05', 'inf']
    """
    if error < 0.005:
        return "0"
    if error < 10:
        return f"{error:.2g}"
    return f"{error:.0f}" if error < 1e5 else f"{error:.1e}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines: the first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([f"{first:{widths[0]}}", *cells]).rstrip())
    return lines


def index_text(shape: tuple[int, ...], element: int) -> str:
    """Where an element stands, as it is written after a name.

    >>> index_text((2, 3), 4), index_text((), 0)
    ('[1, 1]', '')
    """
    place = [int(k) for k in np.unravel_index(element, shape)] if shape else []
    return str(place) if place else ""
