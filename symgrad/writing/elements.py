"""What the elements of a graph's arrays are: of the inputs' type, or of one of their own."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.graph import Graph, Node
from symgrad.language.items import unpaired
from symgrad.rewriting.finish import VIEWS, is_typed
from symgrad.shapes import CONDITIONS
from symgrad.writing.rows import NUMBERS

FLOAT, DOUBLE, BOOL, WHOLE, WEAK = "float", "double", "bool", "whole", "weak"

_WHOLE = frozenset("argmax argmin argsort _searchsorted integer _counting".split())
_BY_SECOND = frozenset("keep place _reshape_like cast".split())


def types_of(graph: Graph, indices: frozenset[str]) -> dict[Node, str]:
    """What the elements of each node are: of the inputs' type, or of one of their own."""
    types: dict[Node, str] = {}
    for node in graph.nodes:
        parts = [types[part] for arg in node.args for part in unpaired(arg)]
        if node.op == "input":
            types[node] = WHOLE if node.value in indices else FLOAT
        elif node.is_constant or node.op in NUMBERS:
            types[node] = WEAK
        elif node.op in CONDITIONS:
            types[node] = BOOL
        elif node.op in _WHOLE:
            types[node] = WHOLE
        elif node.op in ("_zeros", "_ones", "eye"):
            types[node] = FLOAT if is_typed(node) else DOUBLE
        elif node.op in _BY_SECOND:
            types[node] = DOUBLE if parts[1] == WEAK else parts[node.op != "_reshape_like"]
        elif node.op == "broadcast" and parts[0] == WEAK:
            types[node] = parts[1] if node.args[0].is_constant else DOUBLE
        elif node.op in VIEWS or node.op in ("pair", "join"):
            types[node] = parts[0]
        else:
            types[node] = _widest(parts)
    return types


def _widest(parts: Sequence[str]) -> str:
    order = [DOUBLE, FLOAT, WHOLE, BOOL, WEAK]
    found = next((kind for kind in order if kind in parts), DOUBLE)
    return WHOLE if found == BOOL else found
