"""Series against mpmath's Taylor coefficients, and what is none."""

from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest
from mpmath import mp

from symgrad.rewriting.series import (
    FUNCTIONS,
    NoSeriesError,
    Series,
    added,
    applied,
    constant,
    divided,
    multiplied,
    raised,
    series,
)

COUNT = 9
T = series([Fraction(0), Fraction(1), *[Fraction(0)] * (COUNT - 2)])
INNER = series([Fraction(0), Fraction(1, 2), Fraction(-3), *[Fraction(0)] * (COUNT - 3)])
BASE: dict[str, int] = {"log": 1, "sqrt": 1, "cbrt": 1}
RENAMED = {
    **{f"arc{name}": f"a{name}" for name in ("sin", "tan", "sinh", "tanh")},
    "arcsinh": "asinh",
    "arctanh": "atanh",
}


def agrees(found: Series, truth: Callable[[mpmath.mpf], mpmath.mpf]) -> bool:
    """Whether the coefficients are those of a function."""
    with mp.workdps(60):
        wanted = mpmath.taylor(truth, 0, len(found.plain()) - 1)
        pairs = zip(found.plain(), wanted, strict=True)
        return all(abs(mp.mpf(a.numerator) / a.denominator - b) < 1e-25 for a, b in pairs)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_a_series(name: str) -> None:
    start = BASE.get(name, 0)
    argument = added(constant(float(start), COUNT), INNER) if start else INNER
    theirs = getattr(mpmath, RENAMED.get(name, name))
    found = applied(name, [argument], None)
    assert agrees(found, lambda t: theirs(start + t / 2 - 3 * t**2))


def test_arithmetic_keeps_track_of_poles_and_of_what_is_known() -> None:
    sine = applied("sin", [T], None)
    pole = divided(constant(1.0, COUNT), T)
    assert (pole.start, pole.terms[0]) == (-1, 1)
    assert multiplied(sine, pole).start == 0
    gap = added(T, sine, -1)
    assert (gap.start, gap.terms[0]) == (3, Fraction(1, 6))
    assert raised(T, -2.0).start == -2
    assert raised(added(constant(1.0, COUNT), T), 0.5).terms[1] == Fraction(1, 2)
    assert agrees(applied("xlog1py", [pole, T], None), lambda t: mpmath.log1p(t) / t if t else 1)


@pytest.mark.parametrize(
    "build",
    [
        lambda: added(T, T, -1),
        lambda: applied("log", [T], None),
        lambda: applied("exp", [constant(1.0, COUNT)], None),
        lambda: applied("floor", [T], None),
        lambda: applied("sin", [raised(T, -1.0)], None),
        lambda: raised(T, 0.5),
        lambda: constant(float("nan"), COUNT),
    ],
)
def test_what_has_no_series(build: Callable[[], Series]) -> None:
    with pytest.raises(NoSeriesError):
        build()
