"""Derivatives of high order at once: those of mpmath, and of differentiating again and again."""

from typing import Any

import mpmath
import numpy as np
import pytest

import symgrad
from symgrad.differentiation import derivatives, products
from symgrad.differentiation.leibniz import derivative_of_order
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower

TABLE = builtin_functions()
HIGH: list[tuple[str, Any]] = [
    ("exp(sin(x)*x)", lambda x: mpmath.exp(mpmath.sin(x) * x)),
    ("sin(x)/(1 + x**2)", lambda x: mpmath.sin(x) / (1 + x**2)),
    ("x**2.5 * tanh(x)", lambda x: x ** mpmath.mpf(2.5) * mpmath.tanh(x)),
    ("where(x > 0, log(1 + exp(x)) - cos(x), nan)", lambda x: (
        mpmath.log(1 + mpmath.exp(x)) - mpmath.cos(x))),
]  # fmt: skip
FORMULAS = """
x**3*y - exp(x*y)/(1 + x)
where(x > y, exp(x*y), x**3*y)
maximum(x**3, y*x) * exp(x)
clip(x, -1, 1)**3 * exp(y*x)
hypot(x, y) + x**y
abs(x)**3*y + floor(x)*x
exp(y)
""".strip().splitlines()
SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((), ()), ((3,), ()), ((), (3,)), ((3, 1), (1, 4)), ((2, 1), (2, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "truth"), HIGH, ids=[formula for formula, _ in HIGH])
def test_high_orders_are_those_of_mpmath(formula: str, truth: Any) -> None:
    with mpmath.workdps(50):
        coefficients = mpmath.taylor(truth, mpmath.mpf("0.75"), 14)
        for order in (9, 14):
            found = symgrad.grad(formula, order=order)
            wanted = float(coefficients[order] * mpmath.factorial(order))
            assert found(0.75) == pytest.approx(wanted, rel=1e-12)
            assert len(found.graph.nodes) < 4 * order**2


@pytest.mark.parametrize("formula", FORMULAS)
def test_they_are_those_of_one_after_the_other(
    formula: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = np.random.default_rng(3)
    given = [{"x": choose.uniform(0.3, 2, x), "y": choose.uniform(0.5, 2, y)} for x, y in SHAPES]
    given += [{"x": np.array(700.0), "y": np.array(1.5)}, {"x": np.array(0.0), "y": np.array(2.0)}]
    for order in (2, 4):
        found = []
        for many in (10**9, 0):
            monkeypatch.setattr(products, "MANY", many)
            again = symgrad.grad(formula + " + 0*x" + " " * (many == 0), "x", order=order)
            found.append([again(**inputs) for inputs in given])
        for one, other in zip(*found, strict=True):
            assert np.shape(one) == np.shape(other)
            np.testing.assert_allclose(other, one, rtol=1e-11, atol=1e-12)


INSIDE = [
    *(f"D({formula} + 0*x, x, 3)" for formula in FORMULAS),
    "u = exp(x*y)*x; D(u, x, 2) - D(u, x, 4)*y",
    "D(D(x**5*y**3*exp(x*y), x, 3), y, 2)",
    "r = x*y; D(exp(r*x)*r, r, 3)",
    "D(sum(x**4*y), x, 2) + D(y**3, x, 2)",
]


@pytest.mark.parametrize("formula", INSIDE)
def test_those_in_a_formula_are_those_of_one_after_the_other(
    formula: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = np.random.default_rng(4)
    shapes = SHAPES if "sum" not in formula else SHAPES[:1]
    given = [{"x": choose.uniform(0.3, 2, x), "y": choose.uniform(0.5, 2, y)} for x, y in shapes]
    found = []
    for many in (10**9, 0):
        monkeypatch.setattr(derivatives, "MANY", many)
        taken = symgrad.function(formula + " " * (many == 0))
        found.append([taken(**{n: inputs[n] for n in taken.inputs}) for inputs in given])
    for one, other in zip(*found, strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(other, one, rtol=1e-11, atol=1e-12)


def test_a_high_order_in_a_formula() -> None:
    found = symgrad.function("D(exp(sin(x)*x), x, 16)")
    assert found(0.75) == pytest.approx(symgrad.grad("exp(sin(x)*x)", order=16)(0.75), rel=1e-13)
    assert len(found.graph.nodes) < 1_000


def test_what_needs_another_way_is_left_to_it() -> None:
    for formula in ("sum(x**3)", "zeta(x, 2.0)", "x[0]"):
        assert derivative_of_order(lower(formula, TABLE).graph, "x", 3, TABLE, False) is None
