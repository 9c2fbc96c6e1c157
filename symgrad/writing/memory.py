"""How much memory a call would take, told from the shapes of its inputs before anything runs.

Generated code gives a name to what is used twice, and a name is kept until the function returns.
Of what is used once, only what is under way exists at any time, and now and then a part of a long
line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.graph import Graph, Node
from symgrad.language.template import HOLE
from symgrad.limits import paced
from symgrad.rewriting.finish import VIEWS
from symgrad.schedule import begun
from symgrad.shapes import CONDITIONS, Inference
from symgrad.shaping.misfit import Misfit, Shape, product

_DOUBLE = 8
_LINE = 8
"""About as many operations stand in a line of generated code, whose result may get a name."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The bytes that a call takes, and the largest array: its node and its shape."""

    needed: int
    largest: Node | None = None
    shape: Shape = ()


def bytes_of(node: Node, shape: Shape | None, itemsize: int) -> int:
    """The bytes of a node's result, as far as its shape is known."""
    count = None if shape is None else product(shape)
    return (count or 0) * (1 if node.op in CONDITIONS else itemsize)


def estimate(graph: Graph, found: Inference, itemsize: int = _DOUBLE) -> Estimate:
    """The memory of a graph's arrays besides the inputs; `found` has the shapes of those."""
    uses = graph.uses()
    uses.update(node for node in graph.outputs for _ in range(2))
    absorbed = begun(graph, uses)
    placed = {node for node in graph.nodes if node.op == "place"}
    look = paced()
    kept = passing = most = 0
    largest: Node | None = None
    for node in graph.nodes:
        look()
        if node not in found.shapes:
            try:
                found.visit(node)
            except Misfit:
                found.shapes[node] = None
        if node.op == "add" and placed.issuperset(node.args):
            placed.add(node)
            continue
        if node in absorbed or node.op in ("input", "constant", "pair", "join") or _is_view(node):
            continue
        size = bytes_of(node, found.shapes[node], itemsize)
        if uses[node] > 1:
            kept += size
        else:
            passing += size
        if size > most:
            most, largest = size, node
    shape = None if largest is None else found.shapes[largest]
    return Estimate(kept + max(passing // _LINE, most), largest, shape or ())


def _is_view(node: Node) -> bool:
    """Whether a result shares the memory of its operand."""
    if node.op == "index":
        return HOLE not in node.attributes
    return node.op in VIEWS and not (node.op == "broadcast" and node.args[0].is_constant)


def largest_of(nodes: Sequence[Node], found: Inference, itemsize: int = _DOUBLE) -> int:
    """The bytes of the largest among some nodes."""
    return max((bytes_of(n, found.shapes.get(n), itemsize) for n in nodes), default=0)
