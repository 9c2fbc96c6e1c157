"""Which matrix it was that NumPy could not treat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symgrad.errors import InputError, Span
from symgrad.graph import Graph, Node

MATRIX_FUNCTIONS: Mapping[str, str] = {
    "inv": "be inverted",
    "_solve": "be solved with",
    "_cholesky": "be decomposed by cholesky",
    "_eigenvalues": "be decomposed",
    "_eigenvectors_of": "be decomposed",
    "svdvals": "be decomposed",
    "_cofactors": "be decomposed",
    "pinv": "be inverted",
    "_slogdet_log": "be inverted",
    "logdet": "be inverted",
}


def singular(graph: Graph, inputs: Mapping[str, Any], text: str, error: Exception) -> InputError:
    """The error for a matrix that NumPy could not treat, with its place in the formula."""
    places = [node for node in graph.nodes if node.op in MATRIX_FUNCTIONS]
    reason = "it is not positive definite" if "definite" in str(error) else "it is singular"
    if "converge" in str(error):
        reason = "it holds nan or infinities"
    if not places:
        return InputError(f"a matrix cannot be treated: {reason}", text, (0, len(text)))
    node = places[0]
    span: Span | None = node.span
    name = matrix_name(node.args[0], text)
    message = f"{name} cannot {MATRIX_FUNCTIONS[node.op]}: {reason}"
    hint = "Use pinv, or add a small multiple of eye(n)."
    return InputError(message, text, span, hint)


def matrix_name(node: Node, text: str) -> str:
    """What the user calls a matrix."""
    if node.op == "input":
        return f"the matrix {node.value}"
    if node.span is not None and node.span[1] - node.span[0] <= 40:
        return f"the matrix {text[slice(*node.span)]}"
    return "the matrix"
