"""What the elements of one operation's result depend on, given what those of its operands do.

Dependence is a sparse matrix of truth values: a row for each element of a node, in C order, and a
column for each element of the inputs. A rule takes the rows of the operands, None for one that
depends on nothing, and gives the rows of the result in parts, to be united.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.extras import scipy_sparse
from symgrad.graph import Node
from symgrad.language.contraction import DOTS, parted
from symgrad.shaping.misfit import axes_of, axis_of

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Rows = Any
Rule = Callable[[Node, Sequence[Rows | None], Sequence[Shape], Shape], Iterator[Rows]]
"""Takes a node, the rows and the shapes of its operands, and its own shape."""

LABELS: Mapping[str, str] = {
    "_mm": "…ij,…jk->…ik",
    "_outer": "i,j->ij",
    "_vdot": "i,i->",
    "_solve": "…pq,…jk->…ik",
    **dict.fromkeys("inv pinv _cofactors _cholesky _eigenvectors_of".split(), "…pq->…ij"),
    **dict.fromkeys("_svd_u _svd_vh _qr_q _qr_r".split(), "…pq->…ij"),
    **dict.fromkeys("_eigenvalues svdvals".split(), "…pq->…i"),
    **dict.fromkeys("det logdet _slogdet_log".split(), "…pq->…"),
    "_middle": "…p->…",
    "_unmiddle": "…,…p->…p",
}
"""Axes by name. An element depends on those elements of an operand that stand at its own place
along the axes that both have."""


def numbered(shape: Shape) -> Array:
    """The numbers of the elements of an array, from 1."""
    return np.arange(1, math.prod(shape) + 1).reshape(shape)


def selected(rows: Rows, places: Array) -> Rows:
    """Rows by their numbers from 1; 0 stands for one that is empty."""
    flat = places.ravel()
    if flat.all():
        return rows[flat - 1]
    taken = flat > 0
    ends = np.concatenate([[0], np.cumsum(taken)])
    data = (np.ones(ends[-1], bool), flat[taken] - 1, ends)
    return scipy_sparse().csr_array(data, shape=(flat.size, rows.shape[0])) @ rows


def summed(rows: Rows, targets: Array, size: int) -> Rows:
    """Rows united where they have the same target, a number from 1."""
    flat = targets.ravel() - 1
    data = (np.ones(flat.size, bool), (flat, np.arange(flat.size)))
    return scipy_sparse().csr_array(data, shape=(size, flat.size)) @ rows


def united(rows: Rows, shape: Shape, axes: Sequence[int]) -> Rows:
    """Rows united along axes."""
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return summed(rows, np.broadcast_to(numbered(kept), shape), math.prod(kept))


def mixed(rows: Rows, shape: Shape, axes: Sequence[int]) -> Rows:
    """What depends on all that stands along axes."""
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return spread(united(rows, shape, axes), kept, shape)


def spread(rows: Rows, shape: Shape, wider: Shape) -> Rows:
    """Rows of an array that is broadcast."""
    return rows if shape == wider else selected(rows, np.broadcast_to(numbered(shape), wider))


def elementwise(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    """An element depends on those that it is computed from."""
    for rows, shape in zip(parts, shapes, strict=True):
        if rows is not None:
            yield spread(rows, shape, result)


def dense(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    """An element depends on all of all operands: right for any operation."""
    for rows, shape in zip(parts, shapes, strict=True):
        if rows is not None:
            yield spread(united(rows, shape, range(len(shape))), (), result)


def _reduced(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    if parts[0] is not None:
        yield united(parts[0], shapes[0], axes_of(node.attributes[0], len(shapes[0])))
    for rows, shape in zip(parts[1:], shapes[1:], strict=True):
        if rows is not None:
            yield spread(rows, shape, result)


def _normalised(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    yield mixed(parts[0], shapes[0], axes_of(node.attributes[0], len(shapes[0])))


def _same(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    yield parts[0]


def _delayed(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    yield selected(parts[0], _later(result, axis_of(node.attributes[0], len(result)), 1))


def _running(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    """An element depends on all that stands before it: 2, 4, 8, ... are united in turn."""
    axis = axis_of(node.attributes[0], len(result))
    for rows in parts:
        if rows is not None:
            steps = 1
            while steps < result[axis]:
                rows = rows + selected(rows, _later(result, axis, steps))
                steps *= 2
            yield rows


def _later(shape: Shape, axis: int, steps: int) -> Array:
    """The numbers of the elements some steps before, along an axis."""
    late = np.zeros(shape, np.int64)
    np.moveaxis(late, axis, 0)[steps:] = np.moveaxis(numbered(shape), axis, 0)[:-steps]
    return late


def _concatenated(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    for place, rows in enumerate(parts):
        if rows is not None:
            layers = [numbered(s) * (k == place) for k, s in enumerate(shapes)]
            yield selected(rows, np.concatenate(layers, axis=node.attributes[0]))


def _convolved(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    """An element depends on a window of each operand that is as long as the other one."""
    for rows, (size,), (other,) in zip(parts, shapes, reversed(shapes), strict=True):
        if rows is not None:
            beyond = np.zeros(other - 1, np.int64)
            yield _windowed(rows, np.concatenate([beyond, numbered((size,)), beyond]), other)


def _correlated(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    """One operand slides along the other: of that a window counts, of itself all."""
    if parts[0] is not None:
        yield _windowed(parts[0], numbered(shapes[0]), *shapes[1])
    if parts[1] is not None:
        yield spread(united(parts[1], shapes[1], (0,)), (1,), result)


def _windowed(rows: Rows, places: Array, width: int) -> Rows:
    """Rows united in windows."""
    windows = np.lib.stride_tricks.sliding_window_view(places, width)
    at, _ = np.nonzero(windows)
    data = (np.ones(at.size, bool), (at, windows[windows > 0] - 1))
    return scipy_sparse().csr_array(data, shape=(len(windows), rows.shape[0])) @ rows


def _labelled(
    node: Node, parts: Sequence[Rows | None], shapes: Sequence[Shape], result: Shape
) -> Iterator[Rows]:
    *terms, out = parted(_subscripts(node, shapes))
    goal = _labels(out, len(result))
    for rows, shape, term in zip(parts, shapes, terms, strict=True):
        if rows is not None:
            sizes = shape if DOTS in term or len(shape) == len(term) else (math.prod(shape),)
            labels = _labels(term, len(sizes))
            rest = [axis for axis, label in enumerate(labels) if label not in goal]
            kept = {k: n for k, n in zip(labels, sizes, strict=True) if k in goal}
            order = [list(kept).index(label) for label in goal if label in kept]
            places = numbered(tuple(kept.values())).transpose(order)
            aligned = places.reshape([kept.get(label, 1) for label in goal])
            yield selected(united(rows, sizes, rest), np.broadcast_to(aligned, result))


def _labels(term: str, rank: int) -> list[Any]:
    """The label of each axis; those that an ellipsis stands for are numbered from the last."""
    before, dots, after = term.partition(DOTS)
    middle = range(len(before) + len(after) - rank, 0) if dots else ()
    return [*before, *middle, *after]


def _subscripts(node: Node, shapes: Sequence[Shape]) -> str:
    """Those of an operation; a product with a vector has no axis in its place."""
    if node.op == "_einsum":
        return str(node.attributes[0])
    if node.op not in _OF_VECTORS:
        return LABELS[node.op]
    left, right = (len(shape) > 1 for shape in shapes)
    row = "…ij" if left else "j"
    column, out = "…jk" if right else "j", "…" + "i" * left + "k" * right
    return f"{row},{column}->{out}" if node.op == "_at" else f"…pq,{column}->…i{'k' * right}"


_OF_VECTORS = frozenset(("_at", "_solve_vector"))

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        """sum mean var std max min logsumexp _lse_rest _offset _log_total _norm _harmonic
        _order_norm _prod _prod_power _log_prod _any_chance""".split(),
        _reduced,
    ),
    **dict.fromkeys((*LABELS, *_OF_VECTORS, "_einsum"), _labelled),
    **dict.fromkeys(("_cumsum", "_cumprod", "_cumlogsumexp", "_scan"), _running),
    **dict.fromkeys(("copy", "cast"), _same),
    **dict.fromkeys(
        ("softmax", "log_softmax", "_shares", "normalize", "_deviation", "_evened"), _normalised
    ),
    "_delay": _delayed,
    "concatenate": _concatenated,
    "_convolve": _convolved,
    "_correlate": _correlated,
}
"""Of the operations that are not elementwise and do more than move elements."""
