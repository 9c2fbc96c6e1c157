"""Values and derivatives to many digits, and what is not known."""

from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.trust.truth import Truth

TABLE = builtin_functions()


def truth(formula: str, **inputs: Any) -> Truth:
    arrays = {
        name: np.asarray(x) if np.asarray(x).dtype.kind in "iub" else np.asarray(x, float)
        for name, x in inputs.items()
    }
    return Truth(lower(formula, TABLE), arrays, TABLE)


def near(found: Any, wanted: Any) -> bool:
    with mp.workdps(60):
        return bool(abs(mpf(found) - mpf(wanted)) <= abs(mpf(wanted)) * mpf(10) ** -20)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_of_each_order(order: int) -> None:
    points = [0.5, -3.0, 40.0]
    found = truth("exp(2*x)", x=points).derivative("x", order, range(3))
    with mp.workdps(60):
        wanted = [2**order * mp.exp(2 * mpf(point)) for point in points]
    assert all(map(near, found, wanted))


def test_arrays_as_a_whole() -> None:
    x = np.array([1.0, 2.0, -0.5])
    found = truth("sum(x)**3 * y", x=x, y=2.0)
    assert near(found.value().item(), 2 * mpf(2.5) ** 3)
    assert all(near(slope, 6 * 6.25) for slope in found.derivative("x", 1, [0, 2]))
    assert near(found.derivative("y", 1, [0])[0], mpf(2.5) ** 3)
    assert near(found.along("x", 1, np.array([1.0, 0.0, 2.0])), 3 * 6 * 6.25)
    # The derivative of the sum of the gradient's elements: 3 * 12 * s.
    assert near(found.derivative("x", 2, [1])[0], 36 * 2.5)


def test_what_is_broadcast_is_summed() -> None:
    found = truth("a*x", a=2.0, x=[[1.0, 2.0], [3.0, 4.5]])
    assert near(found.derivative("a", 1, [0])[0], 10.5)
    assert all(near(slope, 2) for slope in found.derivative("x", 1, range(4)))


@pytest.mark.parametrize(
    ("formula", "x"),
    [("abs(x)", 0.0), ("sqrt(x)", 0.0), ("floor(x)", 2.0), ("log(x)", -1.0), ("x*abs(x)/x", 0.0)],
)
def test_what_does_not_exist_is_nan(formula: str, x: float) -> None:
    slope = truth(formula, x=x).derivative("x", 1, [0])[0]
    assert slope != slope


@pytest.mark.parametrize(
    ("formula", "x", "wanted"),
    [
        (
            "log(1 + exp(x))",
            -700.0,
            "9.85967654375977085670537294784946510511560018140094171058646678e-305",
        ),
        ("x", 1e-310, "1"),
    ],
)
def test_tails_are_not_lost(formula: str, x: float, wanted: str) -> None:
    assert near(truth(formula, x=x).derivative("x", 1, [0])[0], wanted)


def test_a_derivative_that_is_zero_is_zero() -> None:
    assert truth("x*exp(-x)", x=1.0).derivative("x", 1, [0])[0] == 0
    assert truth("sum(x)*exp(-sum(x))", x=[0.5, 0.5]).derivative("x", 1, [1])[0] == 0


def test_indices_are_not_moved() -> None:
    found = truth("sum(x[k]**2)", x=[1.0, 2.0, 3.0], k=np.array([0, 0, 2]))
    slopes = found.derivative("x", 1, range(3))
    assert near(slopes[0], 4)
    assert slopes[1] == 0
    assert near(slopes[2], 6)


def test_inputs_are_moved_by_half_an_ulp() -> None:
    start = truth("1e10 * x", x=3.0)
    moved = [abs(other.value().item() - start.value().item()) for other in start.moved()]
    assert all(near(distance, mpf(3e10) * mpf(2) ** -53) for distance in moved)


def test_the_same_formula_at_other_inputs() -> None:
    start = truth("x**2", x=[1.0, 2.0])
    assert list(start.at({"x": np.array([3.0, 4.0])}).value()) == [9, 16]
    assert list(start.value()) == [1, 4]


def test_work_counts_products_of_matrices() -> None:
    small, large = (truth("A @ B", A=np.ones((n, n)), B=np.ones((n, n))).work for n in (10, 20))
    assert 6 < large / small < 9
