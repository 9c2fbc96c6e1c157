"""The shapes of reductions, products and decompositions, against NumPy's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symgrad.functions import builtin_functions
from symgrad.graph import Node
from symgrad.shaping.leaves import LIKE_FIRST, LIKE_SECOND, OWN, REDUCTIONS
from symgrad.shaping.misfit import Misfit, Shape
from symgrad.shaping.shape_rules import RULES, square

NumPy = Callable[..., Any]


def shape_of(op: str, value: Any, *shapes: Shape) -> Shape:
    return RULES[op](Node(op, (), value), shapes, ())


LIKE_NUMPY: list[tuple[str, Any, list[Shape], NumPy]] = [
    ("sum", (None, False), [(2, 3)], lambda x: x.sum()),
    ("sum", (0, False), [(2, 3)], lambda x: x.sum(0)),
    ("mean", (-1, True), [(2, 3)], lambda x: x.mean(-1, keepdims=True)),
    ("var", ((0, -1), 1, False), [(2, 3, 4)], lambda x: x.var((0, -1))),
    ("max", (None, True), [(2, 3)], lambda x: x.max(keepdims=True)),
    ("sum", (0, False), [(0, 3)], lambda x: x.sum(0)),
    ("max", (1, False), [(0, 3)], lambda x: x.max(1)),
    ("argmin", (0, False), [(2, 3)], lambda x: x.argmin(0)),
    ("_mm", None, [(2, 3), (3, 4)], lambda a, b: a @ b),
    ("_mm", None, [(5, 1, 2, 3), (6, 3, 4)], lambda a, b: a @ b),
    ("_solve", None, [(3, 3), (3, 2)], lambda a, b: np.linalg.solve(a + np.eye(3), b)),
    ("inv", None, [(2, 3, 3)], lambda a: np.linalg.inv(a + np.eye(3))),
    ("det", None, [(2, 3, 3)], np.linalg.det),
    ("_eigenvalues", None, [(2, 3, 3)], np.linalg.eigvalsh),
    ("svdvals", None, [(2, 3, 4)], np.linalg.svdvals),
    ("_svd_u", None, [(4, 3)], lambda a: np.linalg.svd(a, full_matrices=False)[0]),
    ("_svd_vh", None, [(4, 3)], lambda a: np.linalg.svd(a, full_matrices=False)[2]),
    ("_qr_q", None, [(4, 3)], lambda a: np.linalg.qr(a)[0]),
    ("_qr_r", None, [(3, 4)], lambda a: np.linalg.qr(a)[1]),
    ("pinv", None, [(4, 3)], np.linalg.pinv),
    ("_einsum", ("ij,jk->ik",), [(2, 3), (3, 4)], lambda a, b: np.einsum("ij,jk->ik", a, b)),
    ("_einsum", ("...i,ij->...j",), [(5, 2, 3), (3, 4)],
     lambda a, b: np.einsum("...i,ij->...j", a, b)),
    ("_einsum", ("...,...->...",), [(2, 1), (3,)], lambda a, b: np.einsum("...,...->...", a, b)),
    ("_einsum", ("ij,ij->ij",), [(2, 1), (2, 3)], lambda a, b: np.einsum("ij,ij->ij", a, b)),
    ("_diagonals", ("iij->ij",), [(3, 3, 2)], lambda a: np.einsum("iij->ij", a)),
    ("diagonal", (1, 0, 1), [(2, 3)], lambda a: np.diagonal(a, 1)),
    ("diagonal", (-1, 0, 2), [(4, 2, 3)], lambda a: np.diagonal(a, -1, 0, 2)),
    ("diagonal", (9, 0, 1), [(2, 3)], lambda a: np.diagonal(a, 9)),
    ("_diag_matrix", (-2,), [(3,)], lambda a: np.diag(a, -2)),
    ("diag", (0,), [(2, 3)], np.diag),
    ("diag", (1,), [(3,)], lambda a: np.diag(a, 1)),
    ("_convolve", None, [(4,), (2,)], np.convolve),
    ("_correlate", None, [(5,), (2,)], lambda a, v: np.correlate(a, v, "valid")),
    ("dot", None, [(2, 3), (5, 3, 4)], np.dot),
    ("dot", None, [(3,), (3,)], np.dot),
    ("dot", None, [(), (2, 3)], np.dot),
    ("inner", None, [(2, 3), (4, 3)], np.inner),
    ("tensordot", (1,), [(2, 3), (3, 4)], lambda a, b: np.tensordot(a, b, 1)),
    ("tensordot", (((0, 1), (1, 0)),), [(2, 3), (3, 2, 4)],
     lambda a, b: np.tensordot(a, b, ((0, 1), (1, 0)))),
    ("kron", None, [(2, 3), (4, 5)], np.kron),
    ("kron", None, [(3,), (4, 5)], np.kron),
    ("_norm_of_order", (3, 1, True), [(2, 3)], lambda x: np.linalg.norm(x, 3, 1, True)),
    ("_norm_of_order", (1, None, False), [(2, 3)], lambda x: np.linalg.norm(x, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("op", "value", "shapes", "numpy"), LIKE_NUMPY)
def test_shapes_are_those_of_numpy(op: str, value: Any, shapes: list[Shape], numpy: NumPy) -> None:
    assert shape_of(op, value, *shapes) == np.shape(numpy(*map(np.ones, shapes)))


@pytest.mark.parametrize(
    ("op", "value", "shapes", "result"),
    [
        ("sum", (0, False), [(None, 3)], (3,)),
        ("_mm", None, [(None, 3), (None, 4)], (None, 4)),
        ("inv", None, [(None, 3)], (None, 3)),
        ("svdvals", None, [(None, 3)], (None,)),
        ("diagonal", (0, 0, 1), [(None, 3)], (None,)),
        ("_convolve", None, [(None,), (2,)], (None,)),
        ("cross_entropy", None, [(4, 3), (4,)], ()),
        ("cross_entropy", None, [(4, 3), (4, 3)], ()),
        ("_rerow", None, [(3,), (3,)], (1, 3)),
        ("_rerow", None, [(2, 3), (2, 3)], (2, 3)),
        ("_uncolumn", None, [(2, 1), (3,)], (2,)),
    ],
)
def test_what_is_not_known_stays_open(
    op: str, value: Any, shapes: list[Shape], result: Shape
) -> None:
    assert shape_of(op, value, *shapes) == result


WRONG: list[tuple[str, Any, list[Shape], str]] = [
    ("max", (0, False), [(0, 3)], "max of nothing: a reduced axis has size 0"),
    ("sum", (2, False), [(2, 3)], "axis 2 does not exist: there are 2 axes"),
    ("_mm", None, [(2, 3), (4, 5)],
     "the inner dimensions of the matrix product disagree: 3 and 4"),
    ("_mm", None, [(3,), (3, 2)], "a matrix product needs arrays, not numbers"),
    ("_mm", None, [(2, 1, 1), (3, 1, 1)], "shapes do not broadcast together"),
    ("_solve", None, [(2, 2), (3, 1)],
     "the right-hand side does not have as many rows as the matrix"),
    ("_solve", None, [(2, 3), (2, 1)], "this needs a square matrix"),
    ("inv", None, [(3,)], "this needs a square matrix"),
    ("svdvals", None, [(3,)], "this needs a matrix; the operand has shape (3,)"),
    ("_einsum", ("ij,j->i",), [(2, 3), (4,)], "the subscript j stands for different sizes"),
    ("_einsum", ("ij,j->i",), [(2,), (4,)],
     "the subscripts ij are not for an array of shape (2,)"),
    ("_diagonals", ("ii->i",), [(2, 3)], "the subscript i stands for different sizes"),
    ("diagonal", (0, 0, 1), [(3,)], "a diagonal needs a matrix; the operand has shape (3,)"),
    ("diag", (0,), [(2, 2, 2)], "diag takes a vector or a matrix"),
    ("_convolve", None, [(2, 2), (2,)], "only arrays with one axis are convolved"),
    ("_convolve", None, [(0,), (2,)], "an empty array cannot be convolved"),
    ("dot", None, [(2, 3), (2, 4)], "the axes that are summed over disagree: 3 and 2"),
    ("tensordot", (1,), [(2, 3), (2, 4)], "the axes that are summed over disagree"),
    ("cross_entropy", None, [(4, 3), ()],
     "the target is neither one-hot nor labels for the logits"),
    ("_norm_of_order", (1, None, False), [(2, 3, 4)],
     "a norm of this order is one of vectors or matrices"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "value", "shapes", "message"), WRONG)
def test_what_does_not_fit(op: str, value: Any, shapes: list[Shape], message: str) -> None:
    with pytest.raises(Misfit) as caught:
        shape_of(op, value, *shapes)
    assert caught.value.message == message


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (0, 0), (None, 3), (3, None)])
def test_square(shape: Shape) -> None:
    assert square(shape) == shape


def test_every_row_that_is_an_operation_of_arrays_has_a_rule() -> None:
    """Those without are elementwise, or exist only until they are resolved."""
    table, special = builtin_functions(), OWN | REDUCTIONS | LIKE_FIRST | LIKE_SECOND
    rows = {name for name in table if table[name].is_operation and name in special}
    assert rows - RULES.keys() == {"_item", "_slogdet", "_eigh", "_svd", "_qr"}
