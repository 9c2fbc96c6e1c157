"""Loss curves, drawn with what there is: Matplotlib or a few lines of SVG; and as text."""

from collections.abc import Mapping
from html import escape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

BARS = "▁▂▃▄▅▆▇█"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Those of Okabe and Ito, Color universal design (2008), which colour-blind readers tell apart."""

GREY = "#333333"

WIDTH, HEIGHT, MARGIN = 640, 400, 60


def sparkline(curve: Curve, width: int = 40) -> str:
    """A curve as a line of text, on a logarithmic scale from its least to its largest value.

    Of more points than `width`, as many are shown, evenly spread from the first to the last.
    """
    shown = np.linspace(0, len(curve) - 1, min(width, len(curve))).round().astype(int)
    heights = np.log10(curve[shown])
    span = np.ptp(heights)
    share = (heights - heights.min()) / span if span else np.zeros(len(shown))
    return "".join(BARS[round(part * (len(BARS) - 1))] for part in share)


def draw(curves: Mapping[str, Curve], folder: Path, name: str) -> Path:
    """Draw curves of positive values over epochs into a file, and say which.

    It is `name`.png where Matplotlib is installed, else `name`.svg.
    """
    if find_spec("matplotlib") is None:
        path = folder / f"{name}.svg"
        path.write_text(svg(curves), encoding="utf-8")
    else:
        path = folder / f"{name}.png"
        png(curves, path)
    return path


def png(curves: Mapping[str, Curve], path: Path) -> None:
    """Draw curves with Matplotlib; a figure of its own leaves its global state alone."""
    figure = import_module("matplotlib.figure").Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    for row, (label, curve) in enumerate(curves.items()):
        colour = COLOURS[row % len(COLOURS)]
        axes.semilogy(np.arange(1, len(curve) + 1), curve, color=colour, label=label)
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend()
    figure.savefig(path, dpi=150)


def svg(curves: Mapping[str, Curve]) -> str:
    """Curves as the text of an SVG image: axes, powers of ten, a line and a name for each curve."""
    epochs = max(len(curve) for curve in curves.values())
    logs = {label: np.log10(curve) for label, curve in curves.items()}
    low = int(np.floor(min(log.min() for log in logs.values())))
    high = max(int(np.ceil(max(log.max() for log in logs.values()))), low + 1)

    def across(epoch: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (epoch - 1) / max(epochs - 1, 1)

    def down(log: float) -> float:
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (log - low) / (high - low)

    parts = [
        text(WIDTH / 2, HEIGHT - 15, "epoch", GREY, "middle"),
        text(MARGIN, MARGIN / 2, "loss", GREY, "middle"),
    ]
    for power in range(low, high + 1):
        y = down(power)
        parts += [
            line([(MARGIN, y), (WIDTH - MARGIN, y)], "#cccccc"),
            text(MARGIN - 8, y + 4, f"{10.0**power:g}", GREY, "end"),
        ]
    parts += [
        text(across(epoch), HEIGHT - MARGIN + 20, f"{epoch}", GREY, "middle")
        for epoch in dict.fromkeys((1, epochs))
    ]
    for row, (label, log) in enumerate(logs.items()):
        colour = COLOURS[row % len(COLOURS)]
        points = [(across(epoch), down(value)) for epoch, value in enumerate(log, 1)]
        parts += [
            line(points, colour),
            text(WIDTH - MARGIN, MARGIN + 18 * row, label, colour, "end"),
        ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="13">'
    )
    ground = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([head, ground, *parts, "</svg>", ""])


def line(points: list[tuple[float, float]], colour: str) -> str:
    """An SVG line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def text(x: float, y: float, words: str, colour: str, anchor: str) -> str:
    """SVG text that begins, ends or has its middle at a point."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}">{escape(words)}</text>'
