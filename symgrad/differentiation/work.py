"""How much a graph computes, where the shapes of its arrays are known."""

from __future__ import annotations

import math

from symgrad.differentiation.batch_products import SUBSCRIPTS
from symgrad.graph import Graph
from symgrad.shapes import Inference
from symgrad.shaping.misfit import Misfit

_MOST_AXES = 13
"""Subscripts are letters, from both ends of the alphabet."""


def work(graph: Graph, found: Inference) -> int:
    """The number of elements that are computed; a sum of products counts all of its products.

    Sizes that are not known count as 1. What only moves axes costs nothing. A Misfit where arrays
    have more axes than there are letters for them.
    """
    total = 0
    for node in graph.nodes:
        if node not in found.shapes:
            found.visit(node)
        shape = found.shapes[node]
        if shape is not None and len(shape) > _MOST_AXES:
            message = f"an array with {len(shape)} axes would arise; {_MOST_AXES} is the most"
            raise Misfit(message, "Reshape the inputs to fewer axes.")
        if node.op == "sum" or (len(node.args) == 2 and node.op in SUBSCRIPTS):
            shapes = [found.shapes[arg] or () for arg in node.args]
            *terms, _ = SUBSCRIPTS[node.op](node, shapes)
            sizes: dict[str, int] = {}
            for term, operand in zip(terms, shapes, strict=True):
                for letter, size in zip(term, operand, strict=True):
                    sizes[letter] = max(sizes.get(letter, 1), size or 1)
            total += math.prod(sizes.values())
        elif node.args and node.op not in SUBSCRIPTS:
            total += math.prod(size or 1 for size in shape or ())
    return total
