"""Pictures of graphs, with matplotlib: boxes in layers, the way forward and the way back."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from symgrad.compiled import Compiled
from symgrad.errors import MissingExtraError, SymgradError, told, visible
from symgrad.extras import needed
from symgrad.seeing.diagram import Arrow, Box, Diagram, diagram, shortened
from symgrad.seeing.layering import Edge, Point, layered

MOST = 300
"""Operations in a picture: a person cannot follow more."""

_MARGIN = 0.25
_LINE = 0.16
_PAD = 0.08
_ADVANCE = 0.602 / 72
"""The width of a letter in inches for each point of the size of DejaVu Sans Mono."""
_TITLE, _SMALL = 8.0, 7.0
_APART = 0.045
"""How far the way forward and the way back stand from each other."""
_PORT = 0.16
_PLAIN = {"text.hinting": "none", "text.usetex": False}
"""Letters as wide as they are, so that they fit into their boxes."""
_SHARP = 160.0
_MOST_PIXELS = 2e7
_HEADING, _WIDEST = 8, 100
"""Lines above the picture, and letters in each."""
_FORMATS = ("svg", "png", "pdf")

_VALUE, _GRADIENT, _WIRE = "#1d4f91", "#b5301f", "#5a6270"


class _Style(NamedTuple):
    """How a kind of box looks, and what the legend calls it."""

    fill: str
    edge: str
    thick: float
    told: str


_STYLES = {
    "input": _Style("#e4eefb", "#2c5fa8", 1.0, "input"),
    "operation": _Style("#ffffff", "#7a828e", 0.8, "operation"),
    "shared": _Style("#eaf6ec", "#2f7d4a", 1.5, "used more than once"),
    "result": _Style("#fff1cc", "#b07d12", 1.5, "value of the formula"),
}


def draw_graph(
    compiled: Compiled, path: str | os.PathLike[str], at: Mapping[str, Any] | None
) -> None:
    """Write the picture of a formula's graph to a file; its ending says in which format.

    Raises
    ------
    SymgradError
        The graph is too large for a picture, the format is unknown, or an input is wrong.
    """
    try:
        name = os.fsdecode(path)
    except TypeError:
        hint = 'Write it as a text, as in draw("graph.svg").'
        raise SymgradError(f"{told(path)} is no name of a file", hint=hint) from None
    ending = name.rpartition(".")[2].lower()
    if ending not in _FORMATS:
        raise SymgradError(
            f"a picture is no {ending or 'file without an ending'}" if "." in name
            else "the name of a picture says its format",
            hint="Let it end in .svg, .png or .pdf.",
        )  # fmt: skip
    picture = painted(compiled, at, ending)
    try:
        Path(name).write_bytes(picture)
    except OSError as error:
        raise SymgradError(f"{name} cannot be written: {error.strerror}") from None


def painted(compiled: Compiled, at: Mapping[str, Any] | None, ending: str) -> bytes:
    """The picture as the content of a file; the same for the same formula and point."""
    matplotlib = needed("matplotlib", "a picture", "draw")
    drawn = diagram(compiled, at, MOST, "the picture of")
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "symgrad", **_PLAIN}):
        figure = _Picture(drawn).figure
        file = io.BytesIO()
        dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending)
        wide, tall = figure.get_size_inches()
        dpi = min(_SHARP, math.sqrt(_MOST_PIXELS / (wide * tall)))
        figure.savefig(file, format=ending, dpi=dpi, metadata=dates)
    return file.getvalue()


def picture(compiled: Compiled, at: Mapping[str, Any] | None = None) -> str | None:
    """The picture as an element of HTML, or None where there is no matplotlib to draw it."""
    try:
        svg = painted(compiled, at, "svg").decode()
    except MissingExtraError:
        return None
    return svg[svg.index("<svg") :]


@dataclass(slots=True)
class _Picture:
    """A picture under way: y grows downwards, and lengths are inches."""

    drawn: Diagram
    figure: Any = None
    axes: Any = None
    left: float = 0.0
    top: float = 0.0

    def __post_init__(self) -> None:
        figures = needed("matplotlib.figure", "a picture", "draw")
        boxes, arrows = self.drawn.boxes, self.drawn.arrows
        sizes = _sizes(self.drawn)
        zone = 0.3 if self.drawn.has_values else 0.0
        placed = layered(sizes, [_edge(a, sizes) for a in arrows], (0.35, 0.4 + zone))
        legend = _legend(self.drawn)
        heading = _heading(self.drawn.statements)
        longest = max(_text(line, _TITLE) for line in heading)
        wide = max(placed.width, longest, _length(legend)) + 2 * _MARGIN
        self.left = (wide - placed.width) / 2
        self.top = _MARGIN + (len(heading) + 1) * _LINE
        tall = self.top + placed.height + 2.2 * _LINE + _MARGIN
        self.figure = figures.Figure(figsize=(wide, tall), facecolor="white")
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, wide)
        self.axes.set_ylim(tall, 0)
        self.axes.axis("off")
        for row, line in enumerate(heading):
            self.write(
                _MARGIN, _MARGIN + (row + 0.5) * _LINE, line, _TITLE, "#222222", "left", True
            )
        for arrow, route in zip(arrows, placed.routes, strict=True):
            self.arrow(arrow, [(x + self.left, y + self.top) for x, y in route], zone)
        for box, centre, size in zip(boxes, placed.centres, sizes, strict=True):
            self.box(box, (centre[0] + self.left, centre[1] + self.top), size)
        self.legend(legend, tall - _MARGIN - _LINE / 2)

    def write(
        self, x: float, y: float, text: str, size: float, colour: str, align: str = "center",
        bold: bool = False,
    ) -> None:  # fmt: skip
        """A line of text, in which nothing is markup."""
        self.axes.text(
            x, y, text, fontsize=size, color=colour, ha=align, va="center", zorder=4,
            family="DejaVu Sans Mono", weight="bold" if bold else "normal", parse_math=False,
        )  # fmt: skip

    def box(self, box: Box, centre: Point, size: tuple[float, float]) -> None:
        """A node with its title, its value and its gradient."""
        patches = needed("matplotlib.patches", "a picture", "draw")
        (x, y), (wide, tall), style = centre, size, _STYLES[box.kind]
        self.axes.add_artist(
            patches.FancyBboxPatch(
                (x - wide / 2 + 0.04, y - tall / 2 + 0.04), wide - 0.08, tall - 0.08,
                boxstyle="round,pad=0.04", facecolor=style.fill, edgecolor=style.edge,
                linewidth=style.thick, zorder=3,
            )
        )  # fmt: skip
        lines = _lines(box)
        first = y - (len(lines) - 1) / 2 * _LINE
        for place, (text, size_of, colour, bold) in enumerate(lines):
            self.write(x, first + place * _LINE, text, size_of, colour, bold=bold)

    def arrow(self, arrow: Arrow, route: Sequence[Point], zone: float) -> None:
        """The value's way to what uses it, and beside it the gradient's way back."""
        side = -1 if arrow.count > 1 and arrow.position == 0 else 1
        apart = _APART * side if arrow.told else 0.0
        self.wire([(x - apart, y) for x, y in route], zone, _WIRE, down=True)
        if arrow.told:
            self.wire([(x + apart, y) for x, y in route], zone, _GRADIENT, down=False)
            x, y = route[-1]
            self.write(
                x + apart + side * 0.05, y - zone / 2, arrow.told, _SMALL, _GRADIENT,
                "left" if side > 0 else "right",
            )  # fmt: skip

    def wire(self, route: Sequence[Point], zone: float, colour: str, down: bool) -> None:
        """A line through some points, with an arrowhead at its end or its beginning."""
        paths = needed("matplotlib.path", "a picture", "draw")
        patches = needed("matplotlib.patches", "a picture", "draw")
        points, codes = [route[0]], [paths.Path.MOVETO]
        ends = [*route[1:-1], (route[-1][0], route[-1][1] - zone)]
        for place, (x, y) in enumerate(ends):
            before = points[-1]
            if place % 2 == 0:
                middle = (before[1] + y) / 2
                points += [(before[0], middle), (x, middle), (x, y)]
                codes += [paths.Path.CURVE4] * 3
            else:
                points.append((x, y))
                codes.append(paths.Path.LINETO)
        points.append(route[-1])
        codes.append(paths.Path.LINETO)
        dashes = "solid" if down else (0, (4, 2))
        self.axes.add_artist(
            patches.PathPatch(
                paths.Path(points, codes), fill=False, edgecolor=colour, linewidth=0.9,
                linestyle=dashes, zorder=2,
            )
        )  # fmt: skip
        (x, y), long = (route[-1], -0.075) if down else (route[0], 0.075)
        head = [(x, y), (x - 0.032, y + long), (x + 0.032, y + long)]
        self.axes.add_artist(patches.Polygon(head, closed=True, color=colour, lw=0, zorder=3))

    def legend(self, entries: Sequence[tuple[str, str]], y: float) -> None:
        """What the colours mean."""
        patches = needed("matplotlib.patches", "a picture", "draw")
        x = _MARGIN
        for key, meaning in entries:
            if key in _STYLES:
                style = _STYLES[key]
                self.axes.add_artist(
                    patches.Rectangle(
                        (x, y - 0.05), 0.2, 0.1, facecolor=style.fill, edgecolor=style.edge,
                        linewidth=style.thick,
                    )
                )  # fmt: skip
            else:
                dashes = "solid" if key == "forward" else (0, (4, 2))
                colour = _WIRE if key == "forward" else _GRADIENT
                self.axes.plot([x, x + 0.2], [y, y], color=colour, linestyle=dashes, linewidth=1.2)
            text = _GRADIENT if key == "reverse" else _VALUE if key == "forward" else "#444444"
            self.write(x + 0.26, y, meaning, _SMALL, text, "left")
            x += _entry(meaning)


def _heading(statements: Sequence[str]) -> list[str]:
    """The formula, a statement a line; of many statements the first ones and the last."""
    lines = [shortened(" ".join(visible(text).split()), _WIDEST) for text in statements]
    return lines if len(lines) <= _HEADING else [*lines[: _HEADING - 2], "…", lines[-1]]


def _lines(box: Box) -> list[tuple[str, float, str, bool]]:
    """The lines of a box: text, size, colour, whether bold."""
    title, *known = box.lines
    colours = [_VALUE] * (box.value is not None) + [_GRADIENT] * (box.gradient is not None)
    lines = [(title, _TITLE, "#222222", not box.operation)]
    lines += [(text, _SMALL, colour, False) for text, colour in zip(known, colours, strict=True)]
    return lines


def _text(text: str, size: float) -> float:
    """The width of a text."""
    return len(text) * size * _ADVANCE


def _sizes(drawn: Diagram) -> list[tuple[float, float]]:
    """Width and height of each box, with room above it for what it hands back."""
    labels = [0.0] * len(drawn.boxes)
    for arrow in drawn.arrows:
        wide = _text(arrow.told, _SMALL)
        labels[arrow.head] = max(labels[arrow.head], 2 * (wide + 0.12 + _PORT * (arrow.count > 1)))
    room = min(0.26 if drawn.has_values else 0.1, 6 / max([1, *(box.uses for box in drawn.boxes)]))
    return [
        (
            max(
                max(_text(t, s) for t, s, *_ in _lines(box)) + 2.5 * _PAD,
                0.5,
                label,
                room * box.uses,
            ),
            len(_lines(box)) * _LINE + 2 * _PAD,
        )
        for box, label in zip(drawn.boxes, labels, strict=True)
    ]


def _edge(arrow: Arrow, sizes: Sequence[tuple[float, float]]) -> Edge:
    """An arrow that ends beside the others of its box, in the order of the operands."""
    wide = sizes[arrow.head][0]
    step = min(2 * _PORT, 0.8 * wide / arrow.count)
    return Edge(arrow.tail, arrow.head, (arrow.position - (arrow.count - 1) / 2) * step / wide)


def _legend(drawn: Diagram) -> list[tuple[str, str]]:
    """The kinds of boxes and of lines that occur."""
    kinds = [kind for kind in _STYLES if any(box.kind == kind for box in drawn.boxes)]
    entries = [(kind, _STYLES[kind].told) for kind in kinds]
    if drawn.has_values:
        entries += [("forward", "forward: values"), ("reverse", "reverse: gradients ∂")]
    return entries


def _entry(told: str) -> float:
    return 0.45 + _text(told, _SMALL)


def _length(legend: Sequence[tuple[str, str]]) -> float:
    return sum(_entry(told) for _, told in legend)
