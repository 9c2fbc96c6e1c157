"""What went wrong while a formula ran, and where in it: singular matrices, indices, nan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symgrad.errors import InputError, Span
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node
from symgrad.language.items import unpaired
from symgrad.language.template import HOLE
from symgrad.running.evaluate import evaluate, resolved

Inputs = Mapping[str, Any]

FAULTS = (
    np.linalg.LinAlgError,
    IndexError,
    ValueError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
)
"""What NumPy raises where a value does not do."""

_DECOMPOSED = "cannot be decomposed"
_TREATMENTS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    **dict.fromkeys(("inv", "_solve", "solve"), (np.linalg.inv, "cannot be inverted")),
    **dict.fromkeys(("logdet", "_slogdet_log"), (np.linalg.inv, "cannot be inverted")),
    "_cholesky": (np.linalg.cholesky, "has no Cholesky decomposition"),
    **dict.fromkeys(("_eigenvalues", "_eigenvectors_of"), (np.linalg.eigh, _DECOMPOSED)),
    **dict.fromkeys(
        ("svdvals", "_svd_u", "pinv", "_cofactors", "det"), (np.linalg.svd, _DECOMPOSED)
    ),
    **dict.fromkeys(("_qr_q", "_qr_r"), (lambda a: np.linalg.inv(np.linalg.qr(a)[1]), _DECOMPOSED)),
}
"""By operation: what NumPy does with its first operand, and what it means if that fails."""


def fault(
    graph: Graph, inputs: Inputs, text: str, table: FunctionTable, error: Exception
) -> InputError:
    """The error for what NumPy raised, with its place in the formula."""
    find = _singular if isinstance(error, np.linalg.LinAlgError) else _out_of_range
    try:
        found = find(resolved(graph, inputs, table), inputs, text, table)
    except FAULTS:
        found = None
    if found is not None:
        return found
    what = "is singular or not finite" if find is _singular else f"cannot be used: {error!s:.100}"
    return InputError(f"a value that arises here {what}", text, (0, len(text)))


def _singular(graph: Graph, inputs: Inputs, text: str, table: FunctionTable) -> InputError | None:
    """The first matrix that cannot be treated."""
    for node in graph.nodes:
        if node.op not in _TREATMENTS:
            continue
        treat, what = _TREATMENTS[node.op]
        (matrix,) = evaluate(graph, [node.args[0]], inputs, table)
        try:
            treat(matrix)
        except np.linalg.LinAlgError as error:
            name = _matrix_name(node.args[0], text)
            why, hint = _reason(matrix, error)
            return InputError(f"{name} {what}: {why}", text, node.span, hint)
    return None


def _reason(matrix: Any, error: Exception) -> tuple[str, str]:
    if not np.isfinite(matrix).all():
        return "it holds nan or infinities", "Check the inputs that it is made of."
    if "definite" in str(error):
        return "it is not positive definite", "Add a small multiple of eye(n)."
    return "it is singular", "Use pinv, or add a small multiple of eye(n)."


def _matrix_name(node: Node, text: str) -> str:
    """What the user calls a matrix; its symmetric part is called like the matrix itself."""
    if node.op == "divide" and node.args[0].op == "add":
        node = node.args[0].args[0]
    if node.op == "input":
        return f"the matrix {node.value}"
    if node.span is not None and node.span[1] - node.span[0] <= 40:
        return f"the matrix {text[slice(*node.span)]}"
    return "the matrix"


def _out_of_range(
    graph: Graph, inputs: Inputs, text: str, table: FunctionTable
) -> InputError | None:
    """The first index array that reaches beyond its axis."""
    for node in graph.nodes:
        if node.op not in ("index", "take_along_axis", "_segment_sum"):
            continue
        base, *indices = (part for arg in node.args for part in unpaired(arg))
        values = evaluate(graph, [base, *indices], inputs, table)
        axis = _bad_axis(node, values)
        if axis is None:
            continue
        size, index = axis
        return InputError(
            f"index {index} is out of range for an axis of size {size}",
            text, node.span, "Indices count from 0; negative ones from the end.",
        )  # fmt: skip
    return None


def _bad_axis(node: Node, values: list[Any]) -> tuple[int, int] | None:
    """The size of the axis and the first index that is beyond it."""
    base, *indices = map(np.asarray, values)
    for which, index in enumerate(indices):
        if index.dtype.kind == "b" or not index.size:
            continue
        if node.op == "_segment_sum":
            sizes = [int(values[2])] if len(values) > 2 else [int(node.attributes[0][0])]
        elif node.op == "take_along_axis":
            sizes = [base.shape[node.attributes[0]]]
        else:
            sizes = _indexed_sizes(node, base, which)
        for size in sizes:
            beyond = index[(index < -size) | (index >= size)]
            if beyond.size:
                return size, int(np.ravel(beyond)[0])
    return None


def _indexed_sizes(node: Node, base: Any, which: int) -> list[int]:
    """The size of the axis that an index array is for; the smallest, where that is not plain."""
    places = [p for p, part in enumerate(node.attributes) if part is HOLE]
    plain = Ellipsis not in node.attributes and None not in node.attributes
    if plain and which < len(places):
        return [base.shape[places[which]]]
    return [min(base.shape)]


def first_not_finite(
    graph: Graph, inputs: Inputs, text: str, table: FunctionTable
) -> tuple[str, Span] | None:
    """The first thing in a formula that is nan or infinite though what it is made of is finite."""
    graph = resolved(graph, inputs, table)
    nodes = [node for node in graph.nodes if node.op != "pair"]
    values = dict(zip(nodes, evaluate(graph, nodes, inputs, table), strict=True))
    for node in nodes:
        value = np.asarray(values[node])
        if value.dtype.kind != "f" or np.isfinite(value).all() or node.span is None:
            continue
        kind = "nan" if np.isnan(value).any() else "infinite"
        piece = text[slice(*node.span)]
        what = f"the input {node.value}" if node.op == "input" else piece
        return f"{what} is {kind}", node.span
    return None
