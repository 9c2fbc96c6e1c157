"""Shapes through a graph, and the errors that point into the formula."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from symgrad.errors import InputError
from symgrad.graph import Graph, Node

Shape = tuple[int, ...]


def check_shapes(graph: Graph, shapes: Mapping[str, Shape], text: str) -> None:
    """Raise for the first operation whose operands do not fit together.

    Raises
    ------
    InputError
        Two operands do not broadcast, or an index is out of range; it shows the place and the shapes.
    """
    found: dict[Node, Shape] = {}
    for node in graph.nodes:
        operands = [found[arg] for arg in node.args]
        if node.op == "input":
            found[node] = shapes[str(node.value)]
        elif node.op == "index":
            found[node] = _indexed(node, operands[0], text)
        else:
            try:
                found[node] = np.broadcast_shapes(*operands)
            except ValueError:
                raise InputError(
                    "shapes do not broadcast together", text, node.span, _both(node, operands)
                ) from None


def _indexed(node: Node, shape: Shape, text: str) -> Shape:
    assert isinstance(node.value, tuple)
    if len(node.value) > len(shape):
        message = f"{len(node.value)} indices for an operand of shape {shape}"
        raise InputError(message, text, node.span, "Give one index per axis at most.")
    for axis, (position, size) in enumerate(zip(node.value, shape, strict=False)):
        if not -size <= position < size:
            raise InputError(
                f"index {position} is out of range for axis {axis} of size {size}",
                text, node.span, "Indices count from 0; negative ones from the end.",
            )  # fmt: skip
    return shape[len(node.value) :]


def _both(node: Node, operands: list[Shape]) -> str:
    names = ["the left operand", "the right operand"]
    for position, arg in enumerate(node.args):
        if arg.op == "input":
            names[position] = str(arg.value)
    pairs = [f"{name} has shape {shape}" for name, shape in zip(names, operands, strict=False)]
    return f"Here {' and '.join(pairs)}."
