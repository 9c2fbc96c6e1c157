"""Compositions of formulas that are hard each on its own, held against mpmath."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from tests.reference import evaluate

TABLE = builtin_functions()

CATALOGUE = """
    log(1+exp(x))  1/(1+exp(-x))  log(1-exp(-abs(x)))  exp(x)-1  log(1+x**2)  1-tanh(x)
    1-tanh(x)**2  x/(1+abs(x))  x/sqrt(1+x**2)  x**2/(4+x**2)  (x-1)/(x+1)  sqrt(1+x**2)-x
    log(x+sqrt(x**2+1))  sin(x)/x  (1-cos(x))/x**2  x/(exp(x)-1)  (1-exp(-x))/x  x-sin(x)  1-cos(x)
    log(cosh(x))  x**2-9  (exp(x)-exp(-x))/2  1/cosh(x)  arctan(1/x)  sqrt(x**2)
    exp(-x**2)  log(x**2)
    x/(1+x**2)  1-(1-x)**3  x**4-1
    x*log(abs(x))
    exp(x)/(2+exp(x))  sqrt(x**2+1e-6)  (1+x**2)**-0.5  log(erfc(x))  0.5*(1+erf(x/sqrt(2)))
""".split()
POINTS = (-300.0, -37.0, -3.25, -0.7, -1e-3, -1e-9, 1e-9, 1e-5, 0.1, 0.9, 1.7, 6.0, 41.5, 800.0)

Real = Callable[[mpf], mpf]
SMALL = mpf(2) ** -51


def real(formula: str) -> Real:
    graph = lower(formula, TABLE).graph
    return lambda x: mpf(evaluate(graph, {"x": x})[0])


def slope(f: Real, x: mpf) -> mpf:
    step = abs(x) * mpf(10) ** -60
    return (f(x + step) - f(x - step)) / (2 * step)


def moved(f: Real, x: mpf) -> mpf:
    """How far a function moves when its argument is rounded."""
    return abs(f(x * (1 + SMALL)) - f(x * (1 - SMALL)))


def is_in_range(x: mpf) -> bool:
    return bool(mpmath.isfinite(x) and mpf(10) ** -250 < abs(x) < mpf(10) ** 250)


def check(outer: str, inner: str, x: float) -> None:
    """Value and slope are as exact as the roundings of x and of the inner value let them be."""
    f, g = real(outer), real(inner)
    with mp.workdps(700):
        at = mpf(x)
        u = g(at)
        if not is_in_range(u):
            return
        value, outward, inward = f(u), slope(f, u), slope(g, at)
        truth = outward * inward
        if not (is_in_range(value) and is_in_range(truth)):
            return
        noise = moved(f, u) + abs(outward) * moved(g, at)
        bend = abs(inward) * moved(lambda t: slope(f, t), u) + abs(outward) * moved(
            lambda t: slope(g, t), at
        )
        bend += abs(slope(lambda t: slope(f, t), u) * inward * moved(g, at))
        formula = outer.replace("exp", "EXP").replace("x", f"({inner})").replace("EXP", "exp")
        for given_x in (x, np.array([x])):
            found, derivative = symgrad.value_and_grad(formula)(given_x)
            error = abs(mpf(float(np.ravel(found)[0])) - value)
            assert error <= 8 * noise + abs(value) * mpf(10) ** -13 + mpf(10) ** -290, formula
            error = abs(mpf(float(np.ravel(derivative)[0])) - truth)
            assert error <= 8 * bend + abs(truth) * mpf(10) ** -11 + mpf(10) ** -240, formula


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@example("log(1+exp(x))", "x/(1+abs(x))", 41.5)
@given(st.sampled_from(CATALOGUE), st.sampled_from(CATALOGUE), st.sampled_from(POINTS))
def test_compositions(outer: str, inner: str, x: float) -> None:
    check(outer, inner, x)


@pytest.mark.parametrize("formula", CATALOGUE)
def test_scaled_and_shifted_arguments(formula: str) -> None:
    for inner, x in (("2*x", 1e-9), ("x/3", 37.0), ("-x", 0.9), ("x-1", 1.5)):
        check(formula, inner, x)
