"""What a notebook shows of a compiled formula: mathematics, code, and its graph."""

from __future__ import annotations

from symgrad.compiled import Compiled
from symgrad.errors import SymgradError, visible
from symgrad.seeing.diagram import shortened
from symgrad.seeing.latex import to_latex
from symgrad.seeing.pages import Block, Code, Display, Figure, Folded, Listing, Paragraph, as_html
from symgrad.seeing.painting import picture

_LONGEST = 200
_MOST_DRAWN = 60
_MOST_NODES = 1_000
_MOST_LINES = 400


def notebook_html(compiled: Compiled) -> str:
    """A fragment of HTML with the formula, its derivatives, the source and the graph.

    The graph needs matplotlib and is left out without it; so is all that would be too large to look
    at. Nothing in it is loaded from elsewhere, and no text of the formula is markup.
    """
    blocks: list[Block] = [Paragraph([Code(shortened(visible(repr(compiled)), _LONGEST))])]
    try:
        blocks.append(Display("", to_latex(compiled)))
    except SymgradError as error:
        blocks.append(Paragraph([error.message]))
    count = len(compiled.lowered.nodes)
    if count > _MOST_NODES:
        return as_html(blocks)
    try:
        lines = compiled.source.splitlines()
        more = ["..."] if len(lines) > _MOST_LINES else []
        blocks.append(Folded("Source", Listing("\n".join([*lines[:_MOST_LINES], *more]))))
    except SymgradError as error:
        blocks.append(Folded("Source", Listing(str(error))))
    drawn = None if count > _MOST_DRAWN else picture(compiled)
    if drawn is not None:
        blocks.append(Folded("Graph", Figure(drawn)))
    return as_html(blocks)
