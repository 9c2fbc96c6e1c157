"""Shapes through a graph, and the errors that point into the formula."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from symgrad.errors import InputError, Span
from symgrad.graph import Graph, Node, ancestors

Shape = tuple[int, ...]

_LIKE_SECOND = frozenset(("place", "broadcast", "unbroadcast", "cast"))
_LONGEST_NAME = 30


def check_shapes(graph: Graph, shapes: Mapping[str, Shape], text: str) -> None:
    """Raise for the first operation of a graph's value whose operands do not fit together.

    The derivatives fit where the value does.

    Parameters
    ----------
    graph:
        Its first output is the value.
    shapes:
        The shape of each input by name.
    text:
        The formula, for the error.

    Raises
    ------
    InputError
        Two operands do not broadcast, or an index is out of range; it shows where, and the shapes.
    """
    found: dict[Node, Shape] = {}
    needed = ancestors(graph.nodes, graph.outputs[:1])
    for node in graph.nodes:
        if node not in needed:
            continue
        operands = [found[arg] for arg in node.args]
        if node.op == "input":
            found[node] = shapes[str(node.value)]
        elif node.op == "index":
            found[node] = _indexed(node, operands[0], text)
        elif node.op in _LIKE_SECOND:
            found[node] = operands[1]
        elif len(operands) == 2 and operands[0] != operands[1]:
            found[node] = _broadcast(node, operands, graph, text)
        else:
            found[node] = operands[0] if operands else ()


def _broadcast(node: Node, operands: list[Shape], graph: Graph, text: str) -> Shape:
    try:
        return np.broadcast_shapes(*operands)
    except ValueError:
        names = _operand_names(node, graph, text)
        pairs = [f"{name} has shape {shape}" for name, shape in zip(names, operands, strict=True)]
        hint = f"Here {' and '.join(pairs)}."
        raise InputError("shapes do not broadcast together", text, node.span, hint) from None


def _indexed(node: Node, shape: Shape, text: str) -> Shape:
    assert isinstance(node.value, tuple)
    if len(node.value) > len(shape):
        count = "1 index" if len(node.value) == 1 else f"{len(node.value)} indices"
        message = f"{count} for an operand of shape {shape}"
        raise InputError(message, text, node.span, "Give one index per axis at most.")
    for axis, (position, size) in enumerate(zip(node.value, shape, strict=False)):
        if not -size <= position < size:
            raise InputError(
                f"index {position} is out of range for axis {axis} of size {size}",
                text, node.span, "Indices count from 0; negative ones from the end.",
            )  # fmt: skip
    return shape[len(node.value) :]


def _operand_names(node: Node, graph: Graph, text: str) -> list[str]:
    """What the user calls the operands: by name, or as they stand in the formula."""
    names: list[str] = []
    for arg in node.args:
        written = text[slice(*arg.span)] if arg.span and _inside(arg.span, node.span) else ""
        if arg.op == "input":
            names.append(str(arg.value))
        elif arg in graph.labels:
            names.append(graph.labels[arg])
        elif 0 < len(written) <= _LONGEST_NAME and written.isprintable():
            names.append(written)
        else:
            names.append("the other operand")
    return ["one operand", names[1]] if names[0] == names[1] else names


def _inside(inner: Span, outer: Span | None) -> bool:
    """Whether one piece of the formula is a true part of another."""
    return outer is not None and inner != outer and outer[0] <= inner[0] and inner[1] <= outer[1]
