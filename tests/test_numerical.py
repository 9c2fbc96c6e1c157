"""Numerical differentiation is honest: its error covers the truth, or it admits to know nothing."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from symgrad.trust.numerical import (
    SAFETY,
    Estimate,
    agrees,
    numerical_derivative,
)

Real = Callable[[float], float]
SINGLE: Any = np.float32

# Each function beside its derivative in mpmath, and points where both are well scaled.
SMOOTH: dict[str, tuple[Real, Callable[[Any], Any], tuple[float, ...]]] = {
    "identity": (lambda x: x, lambda x: mpmath.mpf(1), (0.0, 1e-300, -7.3, 1e300)),
    "square": (lambda x: x**2, lambda x: 2 * x, (1.0, -3.7, 1e-3, 1e9, -1e150)),
    "cube": (lambda x: x**3, lambda x: 3 * x**2, (0.5, -2.0, 1e5, 1e-5)),
    "exp": (np.exp, mpmath.exp, (0.0, 1.0, -1.0, 30.0, -700.0, 700.0)),
    "log": (np.log, lambda x: 1 / x, (1e-300, 1e-9, 0.5, 1.0, 30.0, 1e9)),
    "domain to the left": (lambda x: math.log(0.25 - x), lambda x: 1 / (x - 0.25), (0.0, -0.1)),
    "sin": (np.sin, mpmath.cos, (0.0, 1e-300, 5e-324, -1e-20, 0.5, 3.0, 1e3)),
    "cos": (np.cos, lambda x: -mpmath.sin(x), (0.5, -2.0, 4.0, 1e3)),
    "tan": (np.tan, lambda x: 1 + mpmath.tan(x) ** 2, (0.0, 0.7, 1.4, -30.0)),
    "tanh": (np.tanh, lambda x: mpmath.sech(x) ** 2, (0.0, 0.3, -2.0, 1e-12)),
    "arctan": (np.arctan, lambda x: 1 / (1 + x**2), (0.0, 1.0, -40.0, 1e-8)),
    "sqrt": (np.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x)), (1e-300, 1e-12, 0.25, 2.0, 1e12)),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2, (1e-150, 1e-3, -0.1, 1.0, 1e7)),
    "power": (lambda x: x**2.5, lambda x: 2.5 * x**1.5, (1e-6, 0.5, 3.0, 1e6)),
    "bump": (
        lambda x: math.exp(-(x**2)),
        lambda x: -2 * x * mpmath.exp(-(x**2)),
        (0.5, -1.0, 2.0),
    ),
    "wave": (
        lambda x: math.sin(50 * x) * math.exp(x),
        lambda x: mpmath.exp(x) * (mpmath.sin(50 * x) + 50 * mpmath.cos(50 * x)),
        (0.3, -1.0, 2.0),
    ),
    "erf": (math.erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(x**2)), (0.0, 0.5, -1.5)),
    "lgamma": (math.lgamma, mpmath.digamma, (0.1, 3.5, 20.0)),
    "abs": (abs, mpmath.sign, (1e-300, -1e-20, 1e-9, 0.3, -1e10)),
    "period of one": (lambda x: x % 1.0, lambda x: mpmath.mpf(1), (0.25, 3.3, 1000.3)),
    "swallowed": (lambda x: (1 + x) - 1, lambda x: mpmath.mpf(1), (0.0, 1e-20, 1e-9, 1e-3)),
    "swallowed and scaled": (
        lambda x: 1e12 * ((1 + x) - 1),
        lambda x: mpmath.mpf(10) ** 12,
        (0.0, 1e-20, 1e-9),
    ),
}

# Derivatives that are known, at points where it takes care to find them.
HARD: dict[str, tuple[Real, float, float]] = {
    "cube at 0": (lambda x: x**3, 0.0, 0.0),
    "cube at a tiny point": (lambda x: x**3, 1e-300, 0.0),
    "cosine at 0": (math.cos, 0.0, 0.0),
    "constant": (lambda x: 3.0, 0.7, 0.0),
    "zero": (lambda x: 0.0, 0.0, 0.0),
    "underflow": (np.exp, -800.0, 0.0),
    "saturation": (math.tanh, 1000.0, 0.0),
    "step between jumps": (math.floor, 0.5, 0.0),
    "step near a jump": (math.floor, 1 - 1e-5, 0.0),
    "large step": (math.floor, 1000.5, 0.0),
    "sine at a million": (np.sin, 1e6, 0.93675212753314479),
    "sine at ten milliards": (np.sin, 1e10, 0.87311967592493170),
    "steep sine": (lambda x: math.sin(1e3 * x), 1.0, 562.379076290703),
    "steep tanh": (lambda x: math.tanh(1e6 * x), 0.0, 1e6),
    "kinked derivative": (lambda x: x * abs(x), 0.0, 0.0),
    "one-sided square": (lambda x: max(x, 0.0) ** 2, 0.0, 0.0),
    "power 2.5 of abs": (lambda x: abs(x) ** 2.5, 0.0, 0.0),
    "kink nearby": (lambda x: abs(x - 0.1), 0.1001, 1.0),
    "small kink nearby": (lambda x: x + 1e-7 * abs(x - 0.1), 0.0, 1 - 1e-7),
    "wide bump": (lambda x: math.exp(-(((x - 1) / 1e4) ** 2)), 0.0, 2e-8 * math.exp(-1e-8)),
    "eight digits lost": (lambda x: (x + 1e8) - 1e8, 0.3, 1.0),
    "pole nearby": (lambda x: 1 / x, 1e-5, -1e10),
}

# Points without a derivative, or where float64 cannot show it.
UNKNOWABLE: dict[str, tuple[Real, float]] = {
    "kink of abs": (abs, 0.0),
    "kink on a high base": (lambda x: 1e10 + abs(x), 0.0),
    "kink of relu": (lambda x: max(x, 0.0), 0.0),
    "kink beside the point": (lambda x: abs(x - 1), 1 + 1e-9),
    "end of the domain of sqrt": (np.sqrt, 0.0),
    "end of the domain, by exception": (math.sqrt, 0.0),
    "vertical tangent": (np.cbrt, 0.0),
    "jump": (math.floor, 1.0),
    "jump beside the point": (math.floor, 1 - 1e-12),
    "odd jump": (np.sign, 0.0),
    "lone value": (lambda x: float(x == 0), 0.0),
    "pole": (lambda x: 1 / x, 0.0),
    "even pole": (lambda x: 1 / x**2, 0.0),
    "pole that overflows": (np.reciprocal, 5e-324),
    "overflow": (np.exp, 800.0),
    "overflow by exception": (math.exp, 800.0),
    "overflow on one side": (np.exp, 709.78271289338397),
    "power 1.2 of abs": (lambda x: abs(x) ** 1.2, 0.0),
    "odd power 1.2": (lambda x: math.copysign(abs(x) ** 1.2, x), 0.0),
    "logarithmic approach": (lambda x: x / math.log(abs(x)) if x else 0.0, 0.0),
    "waves shorter than the steps": (lambda x: math.sin(1e9 * x), 1.0),
    "waves far shorter than the steps": (lambda x: math.sin(1e12 * x), 1.0),
    "waves shorter than the spacing of floats": (np.sin, 1e300),
    "waves just shorter than the spacing of floats": (np.sin, 1e17),
    "front narrower than the steps": (lambda x: math.tanh(1e12 * x), 0.0),
    "staircase of rounding": (lambda x: (x + 1e12) - 1e12, 0.3),
    "staircase seen from afar": (math.floor, 1e12 + 0.5),
    "noise in most digits": (lambda x: x + 1e-6 * math.sin(1e15 * x), 0.7),
    "nan at the point": (lambda x: math.nan if x == 1 else x, 1.0),
    "nan beside the point": (lambda x: x if x >= 1 else math.nan, 1.0),
    "nan everywhere": (lambda x: math.nan, 1.0),
    "a point that is nan": (math.sin, math.nan),
    "a point at infinity": (math.atan, math.inf),
}


def covers(estimate: Estimate, exact: Any) -> bool:
    """Whether the truth, in full precision, is within the errors that are allowed for."""
    return bool(abs(estimate.value - exact) <= SAFETY * estimate.error)


@pytest.mark.parametrize(
    ("name", "x"), [(name, x) for name, (_, _, points) in SMOOTH.items() for x in points]
)
def test_smooth_functions_get_an_honest_error_that_is_small(name: str, x: float) -> None:
    f, derivative, _ = SMOOTH[name]
    with mpmath.workdps(50):
        exact = derivative(mpmath.mpf(x))
        estimate = numerical_derivative(f, x)
        assert covers(estimate, exact)
        assert estimate.error <= 1e-9 * abs(exact)


@pytest.mark.parametrize("f", [math.sin, math.exp, math.tanh, math.log, math.sqrt, math.atan])
def test_high_orders_reach_twelve_digits(f: Real) -> None:
    estimate = numerical_derivative(f, 1.5)
    assert estimate.error <= 1e-11 * abs(estimate.value)


@pytest.mark.parametrize("exponent", range(2, 17))
def test_large_arguments_lose_the_digits_that_the_spacing_of_floats_takes(exponent: int) -> None:
    for x in (10.0**exponent * np.linspace(0.5, 1.5, 31)).tolist():
        estimate = numerical_derivative(math.sin, x)
        assert not agrees(math.cos(x), estimate, rtol=0.0).refuted
        assert exponent > 12 or agrees(math.cos(x), estimate).conclusive


@pytest.mark.parametrize("name", HARD)
def test_derivatives_that_are_hard_to_find_are_found(name: str) -> None:
    f, x, exact = HARD[name]
    estimate = numerical_derivative(f, x)
    verdict = agrees(exact, estimate)
    assert verdict.conclusive
    assert verdict.agree
    assert covers(estimate, exact)


@pytest.mark.parametrize("name", UNKNOWABLE)
def test_where_no_derivative_can_be_seen_no_value_agrees(name: str) -> None:
    estimate = numerical_derivative(*UNKNOWABLE[name])
    for value in (estimate.value, 0.0, 1.0, math.inf, math.nan):
        verdict = agrees(value, estimate)
        assert not verdict.agree
        assert not verdict.conclusive
        assert not verdict.refuted
    assert math.isnan(estimate.value) == (estimate.error == math.inf)


@pytest.mark.parametrize("frequency", [10.0**k for k in range(5, 16)])
@pytest.mark.parametrize("height", [1.0, 1e-3, 1e-6])
def test_aliased_waves_never_pass_for_a_slope(frequency: float, height: float) -> None:
    for x in np.linspace(0.1, 3.0, 23).tolist():
        with mpmath.workdps(40):
            exact = 2 * x + height * frequency * mpmath.cos(mpmath.mpf(frequency * x))
        estimate = numerical_derivative(lambda t: height * math.sin(frequency * t) + t**2, x)
        assert not agrees(float(exact), estimate).refuted


@pytest.mark.parametrize("steps", [10.0, 1e3, 1e5, 1e6])
def test_fine_stairs_never_pass_for_a_slope(steps: float) -> None:
    for x in (np.linspace(-3.0, 3.0, 23) + math.pi / 1000).tolist():
        stairs = numerical_derivative(lambda t: math.floor(steps * t), x)
        assert not agrees(0.0, stairs).refuted
        saw = numerical_derivative(lambda t: t - math.floor(steps * t) / steps, x)
        assert not agrees(1.0, saw).refuted


@pytest.mark.parametrize(("noise", "seed"), list(product([1e-12, 1e-9, 1e-6, 1e-3], range(25))))
def test_noise_is_in_the_error(noise: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    estimate = numerical_derivative(lambda x: math.sin(x) + noise * random.uniform(-1, 1), 0.7)
    assert covers(estimate, math.cos(0.7)) or not agrees(0.0, estimate).conclusive
    assert estimate.error >= noise / 10


def test_narrow_functions_are_reached_by_a_step_of_their_own() -> None:
    def narrow(x: float) -> float:
        return math.sin(1e9 * (x - 1)) if abs(x - 1) < 1e-9 else math.nan

    estimate = numerical_derivative(narrow, 1.0, step=1e-10)
    assert agrees(1e9, estimate, rtol=0.0).agree


def test_no_step_is_longer_than_asked_for() -> None:
    visited: list[float] = []

    def f(x: float) -> float:
        visited.append(x)
        return x

    numerical_derivative(f, 5.0, step=0.25)
    assert max(abs(x - 5) for x in visited) <= 0.25


def test_steps_that_are_lost_in_the_point_are_accounted_for() -> None:
    estimate = numerical_derivative(lambda x: 3 * x, 1e10 / 3, step=1e-3)
    assert abs(estimate.value - 3) < 1e-6
    assert covers(estimate, 3)


def test_steps_that_suit_both_scales_are_made_once() -> None:
    visited: list[float] = []

    def f(x: float) -> float:
        visited.append(x)
        return x

    numerical_derivative(f, 1.0)
    assert len(visited) == 2 * 26 + 1


def test_a_singularity_at_zero_is_not_reached() -> None:
    lowest = math.inf

    def f(x: float) -> float:
        nonlocal lowest
        lowest = min(lowest, x)
        return x

    numerical_derivative(f, 1.0)
    assert lowest > 0


@pytest.mark.parametrize("x", [0.0, 0.3, 1e5, 1e-300, 1.7e308])
def test_calls_stay_within_the_documented_number_and_are_finite(x: float) -> None:
    visited: list[float] = []

    def f(at: float) -> float:
        assert type(at) is float
        visited.append(at)
        return at

    numerical_derivative(f, x)
    assert 1 < len(visited) <= 105
    assert all(map(math.isfinite, visited))


def test_single_precision_results_are_taken_at_their_precision() -> None:
    estimate = numerical_derivative(lambda x: SINGLE(math.sin(x)), 0.7)
    assert covers(estimate, math.cos(0.7))
    assert 1e-8 < estimate.error < 1e-4


def test_a_constant_in_single_precision_may_hide_a_slope() -> None:
    estimate = numerical_derivative(lambda x: SINGLE(1e4 + 1e-7 * x), 0.7)
    assert covers(estimate, 1e-7)


def test_what_the_terms_swallow_is_in_the_error() -> None:
    assert covers(numerical_derivative(lambda x: 1 + 1e-20 * x, 0.7), 1e-20)
    assert covers(numerical_derivative(lambda x: math.atan(x) - x, 6e-11), -3.6e-21)
    flat = numerical_derivative(lambda x: math.log(math.tanh(9 * math.log(x))), 2682.0)
    assert covers(flat, 36 / 2682.0**19)
    assert covers(numerical_derivative(np.exp, -740.0), mpmath.exp(-740))


def test_exceptions_at_the_point_itself() -> None:
    unknown = numerical_derivative(lambda x: 1 / x, 0.0)
    assert math.isnan(unknown.value)
    assert unknown.error == math.inf
    with pytest.raises(ValueError, match="math domain error"):
        numerical_derivative(math.log, -1.0)


def test_other_exceptions_are_let_out() -> None:
    def f(x: float) -> float:
        if x != 1:
            raise LookupError("no such point")
        return x

    with pytest.raises(LookupError, match="no such point"):
        numerical_derivative(f, 1.0)


POINTS = st.floats(-10, 10) | st.floats(-1e-6, 1e-6) | st.floats(-1e4, 1e4)
COEFFICIENTS = st.floats(-100, 100, allow_subnormal=False)


@given(st.lists(COEFFICIENTS, min_size=1, max_size=8), POINTS)
def test_random_polynomials(coefficients: list[float], x: float) -> None:
    def horner(numbers: list[Any], at: Any) -> Any:
        return reduce(lambda total, number: total * at + number, reversed(numbers))

    exactly = [k * Fraction(c) for k, c in enumerate(coefficients)][1:] or [Fraction(0)]
    size = horner([abs(c) for c in coefficients], max(abs(x), 1.0))
    exact = horner(exactly, Fraction(x))
    estimate = numerical_derivative(lambda at: horner(coefficients, at), x)
    assert covers(estimate, exact)
    assert estimate.error <= 1e-9 * size + 1e-12


# Functions with their derivatives in mpmath, and where they are defined.
UNARY: Mapping[str, tuple[Any, Any, Any, Callable[[Any], bool]]] = {
    "sin": (np.sin, mpmath.sin, mpmath.cos, lambda x: abs(x) < 1e4),
    "exp": (np.exp, mpmath.exp, mpmath.exp, lambda x: abs(x) < 500),
    "tanh": (np.tanh, mpmath.tanh, lambda x: mpmath.sech(x) ** 2, lambda x: abs(x) < 1e4),
    "log": (np.log, mpmath.log, lambda x: 1 / x, lambda x: x > 0),
    "sqrt": (np.sqrt, mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x)), lambda x: x > 0),
    "abs": (np.abs, mpmath.fabs, mpmath.sign, lambda x: x != 0),
    "square": (np.square, lambda x: x * x, lambda x: 2 * x, lambda x: abs(x) < 1e50),
    "reciprocal": (np.reciprocal, lambda x: 1 / x, lambda x: -1 / x**2, lambda x: x != 0),
    "shift": (lambda x: x + 1, lambda x: x + 1, lambda x: mpmath.mpf(1), lambda x: True),
    "triple": (lambda x: -3 * x, lambda x: -3 * x, lambda x: mpmath.mpf(-3), lambda x: True),
}


@given(st.lists(st.sampled_from(sorted(UNARY)), min_size=1, max_size=6), POINTS)
def test_random_compositions_are_never_confidently_wrong(chain: list[str], x: float) -> None:
    with mpmath.workdps(100):
        value, exact = mpmath.mpf(x), mpmath.mpf(1)
        for name in chain:
            _, function, derivative, defined = UNARY[name]
            assume(defined(value))
            value, exact = function(value), exact * derivative(value)
            assume(abs(value) < 1e100 and abs(exact) < 1e100)

        def f(at: float) -> float:
            return float(reduce(lambda total, name: UNARY[name][0](total), chain, np.float64(at)))

        with np.errstate(all="ignore"):
            computed = f(x)
        # A value that rounding has spoilt belongs to another function than the one meant.
        assume(abs(computed - value) <= 1e-12 * abs(value))
        estimate = numerical_derivative(f, x)
        verdict = agrees(float(exact), estimate)
        assert not verdict.refuted
        if verdict.conclusive and abs(exact) > 1e-3:
            assert agrees(float(exact) * 1.1, estimate).refuted


@given(
    st.floats(-100, 100),
    st.floats(1e-3, 1e3),
    st.floats(-1e3, 1e3),
    st.sampled_from([math.sin, math.cos, math.tanh, math.atan]),
)
def test_kinks_are_seen_on_any_background(
    place: float, height: float, slope: float, smooth: Real
) -> None:
    def f(x: float) -> float:
        return height * abs(x - place) + slope * x + smooth(x)

    estimate = numerical_derivative(f, place)
    assert estimate.error >= height / 10
