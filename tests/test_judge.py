"""Which numbers are wrong: the two judges, each on its own."""

import math
from typing import Any

import numpy as np
import pytest

from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.trust.judge import Fault, by_digits, numerically
from symgrad.trust.truth import Truth

TABLE = builtin_functions()


def truth(formula: str, x: Any) -> Truth:
    return Truth(lower(formula, TABLE), {"x": np.asarray(x, float)}, TABLE)


def judged(formula: str, x: Any, got: Any, roundings: float = 5.0, noise: float = 0.0) -> Any:
    array = np.asarray(got, float)
    places = range(array.size)
    return by_digits(
        "value", array, places, truth(formula, x),
        lambda t, some: np.ravel(t.value())[list(some)], roundings,
        lambda: np.full(array.shape, noise),
    )  # fmt: skip


def test_errors_are_in_ulps_and_the_worst_fault_is_first() -> None:
    found = judged("x + 1", [1.0, 2.0, 3.0], [2.0, 3.0 + 2**-40, 4.5])
    assert found.errors[0] == 0
    assert found.errors[1] == pytest.approx(2**11)
    assert [fault.element for fault in found.faults] == ["[2]", "[1]"]
    assert str(found.faults[0]).startswith("value[2] is 4.5, and to 50 digits 4.0: ")


def test_the_rounding_of_inputs_explains_an_error() -> None:
    x = 1e10
    assert judged("sin(x)", x, np.sin(x) * (1 + 1e-8)).faults == ()
    assert len(judged("sin(x)", x, np.sin(x) + 1e-2).faults) == 1
    assert len(judged("x + 1", x, x + 1 + 1e-3).faults) == 1


@pytest.mark.parametrize(("got", "faults"), [(1e-15, 0), (0.5, 1), (math.nan, 1), (math.inf, 1)])
def test_what_rounding_leaves_of_0_is_no_fault(got: float, faults: int) -> None:
    assert len(judged("x - x", [3.0], [got], noise=1e-15).faults) == faults
    assert len(judged("x - x + 1", [3.0], [1 + got], noise=1e-15).faults) == int(got != 1e-15)
    assert len(judged("1e-20*x", [3.0], [got], noise=1e-15).faults) == 1


def test_what_is_not_known_is_not_judged() -> None:
    found = judged("log(x)", [-1.0, 1.0], [3.0, 0.0])
    assert found.errors[0] is None
    assert found.faults == ()


def test_nan_where_there_is_a_number_is_a_fault() -> None:
    (fault,) = judged("x*log(1 + x)", [0.0], [np.nan]).faults
    assert str(fault).startswith("value[0] is nan, and to 50 digits 0.0: inf ulps")


def no_noise() -> Any:
    return np.zeros(4)


def test_numerical_differentiation_finds_a_wrong_derivative() -> None:
    x = np.array([[0.5, 1.0], [0.0, 2.0]])
    got = np.array([[1.0, 2.5], [7.0, 4.0]])
    found = numerically("d/dx", got, range(4), lambda x: abs(x) ** 2, {"x": x}, "x", 1e-7, no_noise)
    assert [fault.element for fault in found.faults] == ["[1, 0]", "[0, 1]"]
    assert found.errors[0] < 1e-9
    assert isinstance(found.faults[0], Fault)


def test_what_rounding_leaves_is_no_derivative() -> None:
    def faults(noise: float) -> int:
        return len(numerically(
            "d/dx", np.array(1e-9), [0], lambda x: x * 0, {"x": np.array(3.0)}, "x", 1e-7,
            lambda: np.array(noise),
        ).faults)  # fmt: skip

    assert (faults(1e-10), faults(1e-8)) == (1, 0)


def test_a_kink_is_not_judged() -> None:
    found = numerically(
        "d/dx", np.array(5.0), [0], lambda x: abs(x), {"x": np.array(0.0)}, "x", 1e-7, no_noise
    )
    assert found.errors == (None,)
    assert found.faults == ()


def test_how_faults_are_told() -> None:
    assert str(Fault("d/dx", "[1]", 1.0, 2.0, "alone")) == "d/dx[1] is 1.0, and alone 2.0"
    assert str(Fault("d/dx", "", 0.0, 0.0, "shape", " has shape (1,)")) == "d/dx has shape (1,)"
