"""Functions whose meaning depends on ranks: each as NumPy has it, with its derivatives."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import InputError
from symgrad.functions import builtin_functions
from symgrad.pipeline import derive
from symgrad.shaping.resolve import NEED_RANKS, UndeclaredError

TABLE = builtin_functions()
RNG = np.random.default_rng(7)


def one_hot(labels: Any, count: int) -> Any:
    return np.eye(count)[labels]


def cross_entropy(logits: Any, target: Any) -> Any:
    shifted = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -np.mean((target * shifted).sum(-1))


LABELS = np.array([2, 0, 1])
CASES: list[tuple[str, list[tuple[int, ...]], Any]] = [
    ("dot(a, b)", [(), (2, 3)], np.dot),
    ("dot(a, b)", [(3,), (3,)], np.dot),
    ("dot(a, b)", [(2, 3), (3,)], np.dot),
    ("dot(a, b)", [(2, 3), (3, 4)], np.dot),
    ("dot(a, b)", [(2, 3), (2, 3, 4)], np.dot),
    ("inner(a, b)", [(3,), ()], np.inner),
    ("inner(a, b)", [(2, 3), (4, 3)], np.inner),
    ("inner(a, b)", [(2, 1, 3), (3,)], np.inner),
    ("tensordot(a, b)", [(4, 2, 3), (2, 3, 2)], np.tensordot),
    ("tensordot(a, b, 0)", [(2,), (3,)], lambda a, b: np.tensordot(a, b, 0)),
    ("tensordot(a, b, ((0, -1), (1, 0)))", [(2, 4, 3), (3, 2)],
     lambda a, b: np.tensordot(a, b, ((0, -1), (1, 0)))),
    ("kron(a, b)", [(2, 3), (3, 2)], np.kron),
    ("kron(a, b)", [(2,), (2, 3)], np.kron),
    ("kron(a, b)", [(2,), (3,)], np.kron),
    ("diag(a)", [(3,)], np.diag),
    ("diag(a)", [(2, 3)], np.diag),
    ("diag(a, -1)", [(3, 3)], lambda a: np.diag(a, -1)),
    ("diag(a, 2)", [(2,)], lambda a: np.diag(a, 2)),
    *[(f"norm(a, {o}, axis=1)", [(2, 3)], lambda a, o=o: np.linalg.norm(a, o, axis=1))
      for o in (1, 2, 3)],
    ("norm(a, inf)", [(3,)], lambda a: np.linalg.norm(a, np.inf)),
    *[(f"norm(a, {o})", [(3, 2)], lambda a, o=o: np.linalg.norm(a, o)) for o in (1, -1, 2, -2)],
    *[(f"norm(a, {o})", [(3, 2)], lambda a, o=o: np.linalg.norm(a, float(o)))
      for o in ("inf", "-inf")],
    ("norm(a, 'nuc')", [(3, 2)], lambda a: np.linalg.norm(a, "nuc")),
    ("norm(a, 1, (0, 2))", [(3, 2, 4)], lambda a: np.linalg.norm(a, 1, (0, 2))),
    ("norm(a, 1, (2, 0), True)", [(3, 2, 4)], lambda a: np.linalg.norm(a, 1, (2, 0), True)),
    ("cross_entropy(a, [2, 0, 1])", [(3, 4)], lambda a: cross_entropy(a, one_hot(LABELS, 4))),
    ("cross_entropy(a, b)", [(3, 4), (3, 4)], cross_entropy),
    ("ndim(a) * a", [(2, 3)], lambda a: 2 * a),
    ("a.T @ b", [(3,), (3, 2)], lambda a, b: a @ b),
    ("a.T * b", [(3, 2, 4), (4, 2, 3)], lambda a, b: a.T * b),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "shapes", "reference"), CASES)
def test_values_and_derivatives(formula: str, shapes: Any, reference: Any) -> None:
    """A derivative is held against central differences in one direction."""
    arrays = [RNG.normal(size=shape) for shape in shapes]
    names = "ab"[: len(shapes)]
    value, slopes = symgrad.value_and_grad(formula, wrt=[*names])(*arrays)
    np.testing.assert_allclose(value, reference(*arrays), rtol=1e-12)
    directions = [RNG.normal(size=shape) for shape in shapes]
    h = 1e-5
    ends = [
        np.sum(reference(*(x + s * h * d for x, d in zip(arrays, directions, strict=True))))
        for s in (1, -1)
    ]
    found = sum(float(np.sum(s * d)) for s, d in zip(slopes, directions, strict=True))
    assert [np.shape(s) for s in slopes] == shapes
    assert found == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("formula", "needs"),
    [("dot(a, b)", True), ("a @ b", False), ("norm(a)", False), ("norm(a, 1)", True),
     ("a.ndim", False), ("a.T", False), ("diag(a)", True)],
)  # fmt: skip
def test_what_needs_ranks(formula: str, needs: bool) -> None:
    with pytest.raises(UndeclaredError) if needs else nullcontext():
        derive(formula, None, TABLE)


def test_code_without_ranks() -> None:
    with pytest.raises(InputError) as caught:
        symgrad.grad("2 * dot(a, b)").source  # noqa: B018
    assert str(caught.value) == (
        "what dot means depends on how many axes its operands have\n  2 * dot(a, b)\n"
        "      ^^^^^^^^^\nDeclare the inputs at the head of the formula, as X: (n, d); w: (d,)."
    )


def test_one_formula_serves_all_ranks() -> None:
    product = symgrad.function("dot(a, b)")
    assert product(2.0, 3.0) == 6.0
    assert product([1.0, 2.0], [3.0, 4.0]) == 11.0
    assert product(np.eye(2), [3.0, 4.0]).tolist() == [3.0, 4.0]


def test_what_needs_ranks_is_tried_here() -> None:
    tried = " ".join(formula for formula, _, _ in CASES)
    assert all(f"{name.strip('_').removesuffix('_of_order')}(" in tried for name in NEED_RANKS)
