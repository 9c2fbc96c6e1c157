"""The graph of a formula for other tools: Graphviz, Mermaid and NetworkX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symgrad.compiled import Compiled
from symgrad.errors import visible
from symgrad.extras import needed
from symgrad.seeing.diagram import Arrow, Box, diagram

_MOST_DOT = 5_000
_MOST_MERMAID = 200
"""Mermaid itself refuses more than 500 edges."""
_MOST_NODES = 100_000

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": " "})
_ENTITIES = {character: f"#{ord(character)};" for character in '#"<>&`;{}[]|\\'}

_DOT_STYLES = {
    "input": 'shape=box, style="filled,rounded", fillcolor="#e4eefb", color="#2c5fa8"',
    "operation": 'shape=box, style=rounded, color="#7a828e"',
    "shared": 'shape=box, style="filled,rounded", fillcolor="#eaf6ec", color="#2f7d4a"',
    "result": 'shape=box, style="filled,rounded", fillcolor="#fff1cc", color="#b07d12"',
}
_BACK = 'style=dashed, color="#b5301f", fontcolor="#b5301f", constraint=false'


def to_dot(compiled: Compiled, at: Mapping[str, Any] | None = None) -> str:
    """The graph in the language of Graphviz.

    >>> from symgrad.api import function
    >>> print(to_dot(function("2*x")).splitlines()[-2])
      n0 -> n1;

    Raises
    ------
    SymgradError
        The graph is too large, or an input is wrong.
    """
    drawn = diagram(compiled, at, _MOST_DOT, "the Graphviz text of")
    lines = ["digraph formula {", "  node [fontname=monospace];", "  edge [fontname=monospace];"]
    for place, box in enumerate(drawn.boxes):
        label = "\\n".join(visible(line).translate(_ESCAPES) for line in box.lines)
        lines.append(f'  n{place} [label="{label}", {_DOT_STYLES[box.kind]}];')
    for arrow in drawn.arrows:
        lines.append(f"  n{arrow.tail} -> n{arrow.head};")
        if arrow.told:
            label = visible(arrow.told).translate(_ESCAPES)
            lines.append(f'  n{arrow.head} -> n{arrow.tail} [label="{label}", {_BACK}];')
    return "\n".join([*lines, "}", ""])


def to_mermaid(compiled: Compiled, at: Mapping[str, Any] | None = None) -> str:
    """The graph as a Mermaid flowchart, as Markdown on many sites shows it.

    >>> from symgrad.api import function
    >>> print(to_mermaid(function("2*x")))
    flowchart TD
      n0(["x"])
      n1["v1 = 2 * x"]
      n0 --> n1
      class n1 result
      classDef result stroke-width:3px
    <BLANKLINE>

    Raises
    ------
    SymgradError
        The graph is too large, or an input is wrong.
    """
    drawn = diagram(compiled, at, _MOST_MERMAID, "the Mermaid text of")
    lines = ["flowchart TD"]
    for place, box in enumerate(drawn.boxes):
        label = "<br/>".join(_entities(visible(line)) for line in box.lines)
        left, right = ("[", "]") if box.operation else ("([", "])")
        lines.append(f'  n{place}{left}"{label}"{right}')
    for arrow in drawn.arrows:
        lines.append(f"  n{arrow.tail} --> n{arrow.head}")
        if arrow.told:
            lines.append(f'  n{arrow.head} -. "{_entities(arrow.told)}" .-> n{arrow.tail}')
    lines += [f"  class n{place} result" for place, box in enumerate(drawn.boxes) if box.is_result]
    return "\n".join([*lines, "  classDef result stroke-width:3px", ""])


def to_networkx(compiled: Compiled, at: Mapping[str, Any] | None = None) -> Any:
    """The graph as a `networkx.MultiDiGraph`, whose nodes are called as in pictures.

    A node has the attributes `operation`, `label`, `is_result` and, at a point, the arrays `value`
    and `gradient`; an edge leads from an operand to what uses it, and has the `position` of the
    operand and, at a point, the `gradient` that is handed back.

    Raises
    ------
    MissingExtraError
        NetworkX is not installed.
    SymgradError
        The graph is too large, or an input is wrong.
    """
    networkx = needed("networkx", "a graph of NetworkX", "networkx")
    drawn = diagram(compiled, at, _MOST_NODES, "the NetworkX graph of")
    graph = networkx.MultiDiGraph(formula=compiled.formula)
    for box in drawn.boxes:
        graph.add_node(box.name, **_attributes(box))
    for arrow in drawn.arrows:
        names = drawn.boxes[arrow.tail].name, drawn.boxes[arrow.head].name
        graph.add_edge(*names, **_edge_attributes(arrow))
    return graph


def _attributes(box: Box) -> dict[str, Any]:
    known = {"value": box.value, "gradient": box.gradient}
    plain = {"operation": box.operation, "label": box.title, "is_result": box.is_result}
    return plain | {name: found for name, found in known.items() if found is not None}


def _edge_attributes(arrow: Arrow) -> dict[str, Any]:
    known = {} if arrow.gradient is None else {"gradient": arrow.gradient}
    return {"position": arrow.position, **known}


def _entities(text: str) -> str:
    """Text in which nothing has a meaning for Mermaid or HTML."""
    return "".join(_ENTITIES.get(character, character) for character in text)
