"""Formulas at the points where they cancel: values and derivatives against mpmath."""

import math
from time import process_time

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.rewriting.gathering import gathered
from tests.reference import evaluate

TABLE = builtin_functions()
NEAR = (0.0, 1e-300, 1e-20, 1e-9, -1e-5, 1e-3, 0.03, -0.3, 0.9)

# By the point at which they cancel.
FORMULAS = {
    0.0: """sin(x)/x  x-sin(x)  (1-cos(x))/x**2  (exp(x)-1)/x  x/expm1(x)  log1p(x)/x  x/sin(x)
        tanh(x)/x  x/tan(x)  1/x-1/tanh(x)  1/(exp(x)-1)-1/x  (exp(x)-1-x)/x**2  log(cos(x))
        x-tan(x)  arctan(x)/x  arcsin(x)/x  x-log1p(x)  exp(x)-1-x-x**2/2  sqrt(1+x)-sqrt(1-x)
        1-sqrt(1-x**2)  log(sin(x)/x)  (x-sin(x))/x**3  erf(x)/x  sinh(3*x)/x
        1/sin(x)**2-1/x**2  exp(sin(x)/x)  x/(1-exp(-x))  (sqrt(1+x)-1)/x  (cosh(x)-1)/x**2
        -sin(2*x)/x  ((1+x)**5-1)/x""",
    1.0: "log(x)/(x-1)  (x-1)/log(x)  x*log(x)-x+1  x-1-log(x)  (x**3-1)/(x-1)  sin(x-1)/(x-1)",
    2.0: "(x**2-4)/(x-2)",
}
CASES = [(f, point) for point, formulas in FORMULAS.items() for f in formulas.split()]


def truths(formula: str, x: float) -> tuple[mpf, mpf, mpf]:
    """Value and two derivatives, from values around the point."""
    graph = lower(formula, TABLE).graph
    with mp.workdps(200 - 12 * int(np.log10(abs(x) or 1.0))):
        step = mpf(10) ** -40 * (abs(mpf(x)) or 1)
        a, b, c, d = (evaluate(graph, {"x": x + k * step})[0] for k in (-2, -1, 1, 2))
        middle = (4 * (b + c) - a - d) / 6
        slope = (8 * (c - b) - d + a) / (12 * step)
        return middle, slope, (d + a - b - c) / (3 * step**2)


def is_near(found: float, truth: mpf, tolerance: float) -> bool:
    return bool(abs(found - truth) <= tolerance * abs(truth) + mpf(10) ** -38)


@pytest.mark.parametrize(("formula", "point"), CASES)
def test_values_and_derivatives(formula: str, point: float) -> None:
    value, slope = symgrad.value_and_grad(formula)(np.array([point + x for x in NEAR]))
    second = symgrad.grad(formula, order=2)
    for n, x in enumerate(point + x for x in NEAR):
        wanted = truths(formula, x)
        assert is_near(float(value[n]), wanted[0], 1e-13), (x, value[n], wanted[0])
        assert is_near(float(slope[n]), wanted[1], 1e-12), (x, slope[n], wanted[1])
        bend = second(x)
        assert is_near(bend, wanted[2], 2e-10), (x, bend, wanted[2])


@pytest.mark.parametrize(
    "formula",
    ["sin(x)*x", "x - 1", "exp(x) + x", "log(x)", "1/x + x", "x**3 - x", "sin(x)/y", "x/(1 + x)",
     "tanh(x) - y", "x*exp(-x)", "sqrt(1 + x**2)/(2 + x)", "cos(x)/x"],
)  # fmt: skip
def test_what_does_not_cancel_stays_as_it_is(formula: str) -> None:
    assert "_polynomial" not in symgrad.value_and_grad(formula).source


def test_exact_leaves_it_out() -> None:
    assert np.isnan(symgrad.function("sin(x)/x", exact=True)(0.0))


def test_any_node_may_be_the_variable() -> None:
    value, slopes = symgrad.value_and_grad("sum(sin(a*x)/(a*x))")(2.0, [0.0, 1e-9])
    assert float(value) == 2.0
    assert slopes["x"].tolist() == pytest.approx([0.0, -4e-9 / 3])


def test_a_guard_made_by_hand_works_as_meant() -> None:
    guarded = "where(abs(x) < 1e-4, 1 - x**2/6, sin(x)/x)"
    assert symgrad.value_and_grad(guarded)(0.0) == (1.0, 0.0)
    assert symgrad.grad(guarded, order=2)(0.0) == pytest.approx(-1 / 3)


def test_float32_stays_float32() -> None:
    value, slope = symgrad.value_and_grad("sin(x)/x")(np.float32([0.0, 1e-4, 2.0]))
    assert value.dtype == slope.dtype == np.float32
    assert slope[1] == np.float32(-1e-4 / 3)


def test_third_derivatives() -> None:
    with mp.workdps(40):
        wanted = mpmath.taylor(lambda t: t / mpmath.expm1(t) if t else 1, 0, 4)[4] * 24
    assert symgrad.grad("x/expm1(x)", order=4)(0.0) == pytest.approx(float(wanted), rel=1e-9)


@pytest.mark.parametrize(
    ("formula", "derivatives"),
    [
        ("cos(sqrt(x))", (1.0, -1 / 2, 1 / 12)),
        ("sin(sqrt(x))/sqrt(x)", (1.0, -1 / 6, 1 / 60)),
        ("tanh(sqrt(x))/sqrt(x)", (1.0, -1 / 3, 4 / 15)),
        ("sin(sqrt(x))**2", (0.0, 1.0, -2 / 3)),
    ],
)
def test_what_is_even_in_a_root_is_smooth(
    formula: str, derivatives: tuple[float, float, float]
) -> None:
    found = [*symgrad.value_and_grad(formula)(0.0), symgrad.grad(formula, order=2)(0.0)]
    np.testing.assert_allclose(found, derivatives, rtol=1e-15)
    assert np.isnan(symgrad.function(formula)(-0.25))


def test_what_is_near_a_pole_may_stand_before_the_ratio_to_it() -> None:
    formula = "log(x)/x + x**-1 + arcsin(x) + exp(1000*x) + sqrt(-x)"
    assert np.isnan(symgrad.value_and_grad(formula)(0.5)[0])
    value, slope = symgrad.value_and_grad("log(x)/x + x**-1 + arctan(x)")(4.0)
    assert value == pytest.approx(math.log(4) / 4 + 0.25 + math.atan(4), rel=1e-15)
    assert slope == pytest.approx((1 - math.log(4)) / 16 - 1 / 16 + 1 / 17, rel=1e-15)


PRODUCTS = """
a*expm1(x**2*t)/x**2
a*log1p(x**2*t)/x**2
a*sin(x**2*t)/x**2
a*tanh(x**2*t)/x**2
a*x**2/sinh(x**2*t)
a*(1-exp(-x**2*t))/x
a*(1-exp(-x**2*t))/x**3
a*(1-exp(-t/x**2))*x**2
a*(1-exp(-x/t))/(x/t)
a*(1-cos(x*t))/x**2
a*(1-cos(x**2*t))/x**2
sin(x*a)*sin(x*t)/x**2
sin(x*a)**2/x
tanh(x*a)*expm1(-x*t)/(x*t)
a*log1p(x/(a*t))*a/x
a*erf(x**5)/x**2
sin(x**3)/x
expm1(-x**10)/x**2
""".split()


@pytest.mark.parametrize("formula", PRODUCTS)
@pytest.mark.parametrize("x", [0.1, 0.7, 0.95, 3.0])
def test_products_are_what_is_written_where_nothing_cancels(formula: str, x: float) -> None:
    at = {name: value for name, value in {"a": 1.3, "x": x, "t": 0.9}.items() if name in formula}
    names = tuple(at)
    value, slopes = symgrad.value_and_grad(formula, names)(**at)
    written, exact = symgrad.value_and_grad(formula, names, exact=True)(**at)
    np.testing.assert_allclose([value, *slopes], [written, *exact], rtol=1e-8)


def test_long_sums_of_which_each_part_is_used_are_looked_at_in_linear_time() -> None:
    """Each state of a recurrence is a sum of all steps before it."""

    def seconds(steps: int) -> float:
        links = "; ".join(f"y{k + 1} = y{k} + sin(y{k})*a" for k in range(steps))
        graph = lower(f"y0 = x; {links}; y{steps}**2", TABLE).graph
        times = []
        for _ in range(3):
            start = process_time()
            assert gathered(graph, TABLE) is graph
            times.append(process_time() - start)
        return min(times)

    assert seconds(4_000) < 30 * seconds(500)
