"""What is flat at infinity, at arguments that overflow: slopes are 0, and never 0 by mistake."""

import math

import numpy as np
import pytest

import symgrad
from symgrad.differentiation import growth
from symgrad.functions import builtin_functions

FLAT = """sigmoid({}) tanh({}) erf({}) erfc({}) ndtr({}) arctan({}) exp(-({})) exp2(-({}))
1-exp(-({})) softplus(-({})) log_expit({}) logaddexp(y,-({})) logaddexp(-({}),y) y/({}) 1/(y+({}))
({})**-2 y/sqrt(1+({})**2) sin(1/({})) tanh(y+({})) cos(y*tanh({}))""".split()
GROWING = [
    ("exp(x)", 1000.0),
    ("sinh(x)", 1000.0),
    ("cosh(x)", -1000.0),
    ("exp(x**2)", 40.0),
    ("x*exp(x)", 800.0),
    ("exp(exp(x))", 8.0),
    ("10**x", 400.0),
    ("y*exp(2*x)", 700.0),
    ("expm1(x)", 900.0),
    ("sqrt(exp(3*x)+1)", 900.0),
    ("y+exp(x)", 900.0),
]


@pytest.mark.parametrize("flat", FLAT)
@pytest.mark.parametrize(("growing", "x"), GROWING)
def test_slopes_vanish_where_the_argument_overflows(flat: str, growing: str, x: float) -> None:
    formula = flat.format(growing)
    assert symgrad.grad(formula, wrt="x")(x=x, **({"y": 0.5} if "y" in formula else {})) == 0


@pytest.mark.parametrize("growing", ["exp(x)", "x*exp(x)"])
@pytest.mark.parametrize("flat", ["tanh({})", "erf({})", "1/(2+{})", "arctan({})"])
def test_arrays_and_second_derivatives(flat: str, growing: str) -> None:
    formula = flat.format(growing)
    slopes = symgrad.grad(formula)(np.array([0.5, 1000.0]))
    assert slopes[1] == 0
    assert slopes[0] == pytest.approx(symgrad.grad(formula)(0.5)) != 0
    assert symgrad.grad(f"derivative({formula}, x)")(1000.0) == 0


@pytest.mark.parametrize(
    ("formula", "x", "slope"),
    [
        ("arctan(1/x)", 1e-200, -1.0),
        ("sigmoid(log(x))", 0.0, 1.0),
        ("tanh(log(1/x))", 0.0, 0.0),
        ("arcsinh(2*exp(x))", 700.0, 1.0),
        ("log(2 + exp(x))", 1000.0, 1.0),
        ("2*exp(x)/(1 + exp(x))", 1000.0, 0.0),
        ("1/(1 + 1/x)", 1e-200, 1.0),
    ],
)
def test_poles_and_logarithms_keep_their_slopes(formula: str, x: float, slope: float) -> None:
    found = symgrad.grad(formula)(x)
    assert math.isnan(found) or found == pytest.approx(slope)


def test_a_term_of_a_sum_keeps_its_slope_where_it_has_one() -> None:
    f = symgrad.grad("tanh(a*exp(x) + c)", wrt=("x", "c"))
    assert f(a=1.0, x=1000.0, c=0.5) == (0.0, 0.0)
    assert f(a=0.0, x=1.0, c=0.5)[1] == pytest.approx(1 / math.cosh(0.5) ** 2)


def test_what_is_not_a_number_stays_so() -> None:
    assert math.isnan(symgrad.grad("tanh(exp(x))")(math.nan))


@pytest.mark.parametrize(
    "formula",
    ["tanh(a*x + b)", "1/(a + x**2)", "exp(-x**2/a)", "sigmoid(x**3)", "exp(x)*tanh(a*x)"],
)
def test_what_does_not_grow_so_needs_no_mask(formula: str) -> None:
    assert "np.where(" not in symgrad.grad(formula).source


def test_what_is_named_are_operations() -> None:
    table = builtin_functions()
    named = {op for op, _ in growth._FLAT} | growth._EXPONENTIAL | growth._BOUNDED | growth._PASSING
    structural = {"index", "broadcast"}
    assert [op for op in named - structural if op not in table or table.is_composite(op)] == []


def test_as_it_stands_there_are_none() -> None:
    assert "np.where(" not in symgrad.grad("tanh(exp(x))", exact=True).source
