"""Pictures of errors, with matplotlib."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from symgrad.errors import SymgradError
from symgrad.extras import needed

Array = np.ndarray[Any, Any]

_SERIES = (("naive", "as it stands", "#d0803c", 2), ("ulps", "symgrad", "#2c5fa8", 3))
_LEAST = 0.01
"""What is better than this is drawn here: an axis of magnitudes has no 0."""
_DECADES = 300
"""The top edge is at most this power of ten, so that there are floats above it."""


class Drawn(Protocol):
    """The errors of a quantity, as `Errors` has them."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def ulps(self) -> Array:
        """Those of symgrad."""

    @property
    def naive(self) -> Array:
        """Those of the formula as it stands."""

    @property
    def points(self) -> Mapping[str, Array]:
        """Where they are, by input."""


def draw_errors(formula: str, errors: Sequence[Drawn], path: str | os.PathLike[str]) -> None:
    """A row of panels for each quantity, with its errors over each input."""
    figures = needed("matplotlib.figure", "a picture", "draw")
    inputs = list(errors[0].points) or [""]
    if not any(found.ulps.size for found in errors):
        raise SymgradError("there is nothing to draw: no result is known", formula)
    figure = figures.Figure(
        figsize=(1.5 + 4.5 * len(inputs), 0.8 + 2.4 * len(errors)), layout="constrained"
    )
    figure.suptitle(formula.strip().splitlines()[-1][:80], family="monospace", fontsize=10)
    panels = figure.subplots(len(errors), len(inputs), squeeze=False, sharex="col")
    finite = [e[np.isfinite(e)] for found in errors for e in (found.ulps, found.naive)]
    largest = max((float(e.max()) for e in finite if e.size), default=1.0)
    top = 10.0 ** min(math.ceil(math.log10(max(largest, 10.0))) + 1, _DECADES)
    for row, found in zip(panels, errors, strict=True):
        for panel, name in zip(row, inputs, strict=True):
            at = found.points[name] if name else np.arange(found.ulps.size)
            _draw_panel(panel, found, at, top)
        row[0].set_ylabel(f"{found.name}: error in ulps")
    for panel, name in zip(panels[-1], inputs, strict=True):
        panel.set_xlabel(name or "number judged")
        if name and _spans_magnitudes(np.concatenate([found.points[name] for found in errors])):
            panel.set_xscale("log")
    panels[0, 0].legend(loc="best", fontsize=8, framealpha=0.8)
    figure.savefig(os.fspath(path), dpi=150)


def _spans_magnitudes(at: Array) -> bool:
    """Whether points are all positive and so far apart that most would lie in one spot."""
    return at.size > 0 and bool(0 < at.min() < at.max() / 1000)


def _draw_panel(panel: Any, found: Drawn, at: Array, top: float) -> None:
    """Both series; what is infinitely wrong stands as triangles at the top edge."""
    for attribute, label, colour, layer in _SERIES:
        error = getattr(found, attribute)
        wrong = ~np.isfinite(error)
        style = {"color": colour, "zorder": layer, "linewidths": 0}
        height = np.clip(error[~wrong], _LEAST, top)
        panel.scatter(at[~wrong], height, s=7, alpha=0.6, label=label, **style)
        panel.scatter(at[wrong], np.full(wrong.sum(), top), s=14, marker="^", **style)
    panel.axhline(0.5, color="#888888", linewidth=0.8, zorder=1)
    panel.set_yscale("log")
    panel.set_ylim(_LEAST / 2, top * 2)
    panel.grid(alpha=0.25)
