"""Pictures of what was measured: cost against size on logarithmic axes, one line a library."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import geometric_mean
from typing import Any

Rows = Sequence[Mapping[str, Any]]
Lines = Mapping[str, Mapping[float, float]]
"""By library, seconds by size."""

_GREY = "#808080"
"""Text that can be read on light and on dark pages alike; what lies behind it shows through."""

_COLOURS: Mapping[str, str] = {
    "symgrad": "#e4572e",
    "symgrad numba": "#f2a488",
    "JAX": "#2a9d8f",
    "torch": "#a06cd5",
    "numba": "#4c8bf5",
    "SymPy": "#8f9a2e",
    "PyTensor": "#c99700",
    "CasADi": "#5b8c5a",
    "autograd": "#d66ba0",
    "by hand": "#808080",
    "in blocks": "#4f5d75",
}
_SPELT: Mapping[str, str] = {
    "casadi": "CasADi",
    "sympy": "SymPy",
    "jax": "JAX",
    "pytensor": "PyTensor",
}


def lines(benchmark: str, rows: Rows) -> Lines:
    """The seconds of each library by size; the geometric mean where a size was measured often."""
    times: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name, size, seconds in _points(benchmark, rows):
        times[name][size].append(seconds)
    return {
        name: {size: geometric_mean(found) for size, found in sorted(sizes.items())}
        for name, sizes in times.items()
    }


def _points(benchmark: str, rows: Rows) -> Iterator[tuple[str, float, float]]:
    for row in rows:
        if benchmark == "compile":
            if str(row.get("what", "")).isdecimal() and "seconds" in row:
                name = str(row["library"])
                yield _SPELT.get(name, name), float(row["what"]), geometric_mean(row["seconds"])
        elif row.get("size" if benchmark == "arrays" else "rows"):
            size = float(row["size" if benchmark == "arrays" else "rows"])
            for name, seconds in row["seconds"].items():
                yield name, size, seconds


PANELS: Mapping[str, tuple[str, str]] = {
    "arrays": ("value and gradients of a formula", "elements"),
    "models": ("gradient of a 64–90–10 network", "rows"),
    "compile": ("text to first gradient", "terms"),
}
"""By benchmark: what is drawn, and what its sizes count."""


def draw(found: Mapping[str, Rows], path: Path) -> None:
    """Draw the benchmarks that have sizes side by side, as SVG or PNG by the path's ending.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        Nothing that was measured has sizes.
    """
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    drawn = {name: lines(name, found[name]) for name in PANELS if name in found}
    drawn = {name: panel for name, panel in drawn.items() if panel}
    if not drawn:
        raise ValueError(f"cost against size is drawn for {', '.join(PANELS)}")
    style: dict[Any, Any] = {
        "svg.fonttype": "none", "svg.hashsalt": "symgrad", "font.size": 9,
        **dict.fromkeys(
            ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _GREY
        ),
    }  # fmt: skip
    with plt.rc_context(style):
        width = 3.3 * len(drawn)
        figure, axes = plt.subplots(1, len(drawn), figsize=(width, 3.4), squeeze=False)
        for place, (name, panel) in zip(axes[0], drawn.items(), strict=True):
            _panel(place, name, panel)
        axes[0][0].set_ylabel("seconds a call")
        figure.tight_layout()
        figure.savefig(path, transparent=True, dpi=160, metadata=_METADATA.get(path.suffix))
        plt.close(figure)


_METADATA: Mapping[str, Mapping[str, None]] = {".svg": {"Date": None, "Creator": None}}
"""Without a date, the same numbers give the same file."""


def _panel(place: Any, name: str, panel: Lines) -> None:
    title, sizes = PANELS[name]
    for library, times in panel.items():
        own = library == "symgrad"
        place.loglog(
            list(times), list(times.values()), label=library, color=_COLOURS.get(library, _GREY),
            marker="o", markersize=4 if own else 3, linewidth=2.4 if own else 1.2,
            zorder=3 if own else 2,
        )  # fmt: skip
    place.set_title(title, fontsize=9)
    place.set_xlabel(sizes)
    place.minorticks_off()
    place.grid(True, color=_GREY, alpha=0.25, linewidth=0.5)
    place.patch.set_alpha(0)
    place.legend(frameon=False, fontsize=7, labelcolor=_GREY)
