"""A page of an explanation, and its three forms: text, Markdown with LaTeX, and HTML."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from symgrad.seeing.mathml import mathml

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Code:
    """A piece in the formula language."""

    text: str


@dataclass(frozen=True, slots=True)
class Math:
    """A piece of mathematics, in the formula language and in LaTeX."""

    text: str
    tex: str


Piece = str | Code | Math
Line = Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading."""

    line: Line
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    line: Line


@dataclass(frozen=True, slots=True)
class Display:
    """A formula on lines of its own."""

    text: str
    tex: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines that stay as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below their heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Step:
    """A numbered step, and the lines below it."""

    number: int
    line: Line
    below: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Folded:
    """What is shown on demand, below a line that says what it is."""

    summary: str
    block: Listing | Figure


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, as SVG; only HTML shows it."""

    svg: str


Block = Heading | Paragraph | Display | Listing | Table | Step | Folded | Figure


def as_text(blocks: Sequence[Block]) -> str:
    """Plain text.

    >>> print(as_text([Heading(["Result"]), Step(1, ["x = ", Math("2", "2")], [["so it is"]])]))
    Result
    ------
    <BLANKLINE>
    1. x = 2
       so it is
    """
    return "\n\n".join(filter(None, map(_block_text, blocks)))


def _block_text(block: Block) -> str:
    match block:
        case Heading(line, level):
            text = _plain(line)
            return f"{text}\n{('=' if level == 1 else '-') * len(text)}"
        case Paragraph(line):
            return textwrap.fill(_plain(line), _WIDTH, break_long_words=False)
        case Display(text, _):
            return textwrap.indent(text, "    ")
        case Listing(text):
            return text
        case Table(_, rows):
            return _table_text(rows)
        case Step(number, line, below):
            lead = f"{number}. "
            return "\n".join([lead + _plain(line), *(" " * len(lead) + _plain(x) for x in below)])
    return ""


def _table_text(rows: Sequence[Sequence[Line]]) -> str:
    cells = [[_plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        ("    " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))).rstrip()
        for row in cells
    )


def _plain(line: Line) -> str:
    return "".join(piece if isinstance(piece, str) else piece.text for piece in line)


def as_markdown(blocks: Sequence[Block]) -> str:
    r"""Markdown, with LaTeX between dollars.

    >>> print(as_markdown([Paragraph(["a * b is ", Math("1/2", r"\frac{1}{2}")])]))
    a \* b is $\frac{1}{2}$
    """
    return "\n\n".join(filter(None, map(_block_markdown, blocks)))


def _block_markdown(block: Block) -> str:
    match block:
        case Heading(line, level):
            return f"{'#' * level} {_marked(line)}"
        case Paragraph(line):
            return _marked(line)
        case Display(_, tex):
            return f"$$\n{tex}\n$$"
        case Listing(text):
            fence = "`" * (max(map(len, re.findall("`+", text)), default=2) + 1)
            return f"{fence}\n{text}\n{fence}"
        case Table(heads, rows):
            lines = [heads, ["---"] * len(heads)]
            shown = [[_marked(cell).replace("|", r"\|") for cell in row] for row in rows]
            return "\n".join(f"| {' | '.join(line)} |" for line in [*lines, *shown])
        case Step(number, line, below):
            lead = f"{number}. "
            return "\n".join(
                [lead + _marked(line), *(f"{' ' * len(lead)}- {_marked(x)}" for x in below)]
            )
    return ""


_MARKUP = str.maketrans({character: f"\\{character}" for character in r"\`*_{}[]<>#+-!|$~"})


def _marked(line: Line) -> str:
    return "".join(map(_piece_markdown, line))


def _piece_markdown(piece: Piece) -> str:
    if isinstance(piece, str):
        return piece.translate(_MARKUP).replace("\\-", "-").replace("\\+", "+")
    if isinstance(piece, Math):
        return f"${piece.tex}$"
    fence = "``" if "`" in piece.text else "`"
    return f"{fence}{piece.text}{fence}"


_STYLE = """\
.symgrad-page{font:15px/1.5 system-ui,sans-serif;max-width:60em;color:#222;background:#fff;
padding:.5em 1em}
.symgrad-page code{font:13px/1.4 ui-monospace,monospace;background:#f3f4f6;padding:.1em .3em;
border-radius:3px}
.symgrad-page pre{background:#f3f4f6;padding:.6em .8em;border-radius:4px;overflow-x:auto}
.symgrad-page pre code{padding:0}
.symgrad-page table{border-collapse:collapse;margin:.5em 0}
.symgrad-page td,.symgrad-page th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:left}
.symgrad-page summary{cursor:pointer;color:#1d4f91}
.symgrad-page svg{max-width:100%;height:auto}
.symgrad-page li{margin:.5em 0}.symgrad-page li ul{margin:.2em 0;list-style:none;padding-left:1em}
"""


def as_html(blocks: Sequence[Block], title: str = "") -> str:
    """A fragment of HTML that needs nothing else; with a title, a whole page.

    >>> as_html([Paragraph(["1 < ", Code("<b>")])]).splitlines()[-2]
    '<p>1 &lt; <code>&lt;b&gt;</code></p>'
    """
    body = "\n".join(_block_html(block) for block in blocks)
    inner = f'<div class="symgrad-page">\n<style>\n{_STYLE}</style>\n{body}\n</div>'
    if not title:
        return inner
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n{inner}\n</body>\n</html>"
    )


def _block_html(block: Block) -> str:
    match block:
        case Heading(line, level):
            return f"<h{level}>{_tagged(line)}</h{level}>"
        case Paragraph(line):
            return f"<p>{_tagged(line)}</p>"
        case Display(_, tex):
            return mathml(tex, block=True)
        case Listing(text):
            return _preformatted(text)
        case Table(heads, rows):
            head = "".join(f"<th>{escape(text)}</th>" for text in heads)
            body = [
                f"<tr>{''.join(f'<td>{_tagged(cell)}</td>' for cell in row)}</tr>" for row in rows
            ]
            return "\n".join(["<table>", f"<tr>{head}</tr>", *body, "</table>"])
        case Step(number, line, below):
            items = "".join(f"<li>{_tagged(x)}</li>" for x in below)
            inner = f"<ul>{items}</ul>" if below else ""
            return f'<ol start="{number}"><li>{_tagged(line)}{inner}</li></ol>'
        case Folded(summary, block):
            inner = block.svg if isinstance(block, Figure) else _preformatted(block.text)
            return f"<details><summary>{escape(summary)}</summary>{inner}</details>"
        case Figure(svg):
            return svg


def _preformatted(text: str) -> str:
    return f"<pre><code>{escape(text)}</code></pre>"


def _tagged(line: Line) -> str:
    return "".join(map(_piece_html, line))


def _piece_html(piece: Piece) -> str:
    if isinstance(piece, str):
        return escape(piece)
    return mathml(piece.tex) if isinstance(piece, Math) else f"<code>{escape(piece.text)}</code>"
