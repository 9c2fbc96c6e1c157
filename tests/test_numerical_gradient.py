"""Numerical gradients of functions of arrays, verdicts on derivatives, and wrong inputs."""

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from symgrad.errors import DerivativeError, InputError, SymgradError
from symgrad.trust.numerical import (
    Estimate,
    Estimates,
    Verdict,
    agrees,
    numerical_derivative,
    numerical_gradient,
)

Real = Callable[[float], float]


def test_gradient_of_a_sum_has_the_inputs_shapes() -> None:
    x, y = np.array([[0.5], [1.5]]), np.array([1.0, 2.0, -3.0])
    found = numerical_gradient(
        lambda x, y, a: a * np.sin(x) * y**2, {"x": x, "y": y, "a": 3.0}, ["x", "y", "a"]
    )
    exact = {
        "x": 3 * np.cos(x) * 14,
        "y": 2 * y * 3 * np.sin(x).sum(),
        "a": np.asarray(np.sin(x).sum() * 14),
    }
    assert list(found) == ["x", "y", "a"]
    for name, estimates in found.items():
        assert isinstance(estimates, Estimates)
        assert estimates.value.shape == estimates.error.shape == exact[name].shape
        assert estimates.value.dtype == estimates.error.dtype == np.float64
        assert agrees(exact[name], estimates).agree.all()
        assert (estimates.error <= 1e-9 * np.abs(exact[name])).all()


@pytest.mark.parametrize(
    "x",
    [
        2,
        True,
        1.5,
        np.float32(1.5),
        np.int64(3),
        np.array(2.5),
        [1, 2],
        [[1.0, 2.0], [3.0, 4.0]],
        (0.5, 0.25),
        np.arange(1, 9, dtype=np.float32).reshape(2, 2, 2),
        np.array([True, False]),
        np.arange(6.0)[::-2],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        [],
        np.empty((2, 0)),
    ],
)
def test_inputs_of_every_kind_are_promoted(x: Any) -> None:
    estimates = numerical_gradient(lambda x: x * x, {"x": x}, ["x"])["x"]
    exact = 2 * np.asarray(x, dtype=np.float64)
    assert agrees(exact, estimates).agree.all()
    assert isinstance(estimates.value, np.ndarray)


def test_each_element_is_judged_alone() -> None:
    estimates = numerical_gradient(lambda x: np.abs(x), {"x": [-2.0, 0.0, 3.0]}, ["x"])["x"]
    verdict = agrees([-1.0, 5.0, -1.0], estimates)
    assert verdict.agree.tolist() == [True, False, False]
    assert verdict.conclusive.tolist() == [True, False, True]
    assert verdict.refuted.tolist() == [False, False, True]


def test_each_element_has_steps_of_its_own_scale() -> None:
    x = np.array([1e-12, 1e-3, 1.0, 1e8])
    estimates = numerical_gradient(lambda x: np.log(x), {"x": x}, ["x"])["x"]
    verdict = agrees(1 / x, estimates)
    assert verdict.agree.all()


def test_only_what_is_asked_for_is_differentiated() -> None:
    seen: set[float] = set()

    def f(x: float, y: float) -> float:
        seen.add(float(y))
        return x * y

    assert list(numerical_gradient(f, {"x": 1.0, "y": 2.0}, ["x"])) == ["x"]
    assert seen == {2.0}
    assert numerical_gradient(f, {"x": 1.0, "y": 2.0}, []) == {}


def test_inputs_are_copied_and_protected() -> None:
    x = np.array([1.0, 2.0])
    numerical_gradient(lambda x: x**2, {"x": x}, ["x"])
    assert x.tolist() == [1.0, 2.0]
    assert x.flags.writeable

    def careless(x: Any, y: Any) -> Any:
        y *= 2
        return x * y

    for wrt in ("x", "y"):
        with pytest.raises(ValueError, match="read-only"):
            numerical_gradient(careless, {"x": 1.0, "y": x}, [wrt])


def test_any_name_is_a_good_name() -> None:
    names = ["self", "f", "inputs", "wrt", "lambda", "name", "π", "element", "point"]

    def f(**values: float) -> float:
        return math.fsum(values.values())

    found = numerical_gradient(f, dict.fromkeys(names, 0.5), names)
    assert all(agrees(1.0, found[name]).agree for name in names)


def test_results_are_summed_without_loss() -> None:
    def f(x: Any) -> Any:
        return np.array([1e16, x, -1e16])

    assert abs(numerical_gradient(f, {"x": 0.7}, ["x"])["x"].value - 1) < 1e-9


def test_rounding_is_that_of_the_terms_and_not_of_their_sum() -> None:
    def f(x: Any) -> Any:
        return np.array([1e16 + x, -1e16])

    estimate = numerical_gradient(f, {"x": 0.7}, ["x"])["x"]
    assert not agrees(0.0, estimate).conclusive


def test_infinite_terms_of_both_signs_are_undefined() -> None:
    estimates = numerical_gradient(lambda x: [math.inf, -math.inf, x], {"x": 0.7}, ["x"])["x"]
    assert estimates.error == math.inf


def test_numpy_is_left_as_it_was() -> None:
    with np.errstate(all="raise"):
        before = np.geterr()
        estimate = numerical_derivative(lambda x: np.log(np.float64(x)), 1e-3)
        assert np.geterr() == before
    assert agrees(1e3, estimate).agree


# Verdicts


def test_a_wrong_derivative_is_refuted_and_a_right_one_is_not() -> None:
    estimate = numerical_derivative(math.exp, 1.0)
    for wrong in (0.0, -math.e, math.e * (1 + 1e-6), math.inf, -math.inf, math.nan):
        assert agrees(wrong, estimate).refuted
    for right in (math.e, math.e * (1 + 1e-8)):
        assert agrees(right, estimate).agree


@pytest.mark.parametrize(
    ("derivative", "estimate", "agree", "conclusive"),
    [
        (1.0, Estimate(1.0, 0.0), True, True),
        (1 + 1e-8, Estimate(1.0, 0.0), True, True),
        (1 + 1e-6, Estimate(1.0, 0.0), False, True),
        (1.009, Estimate(1.0, 1e-3), True, True),
        (1.011, Estimate(1.0, 1e-3), False, True),
        (1.0, Estimate(1.0, 2e-3), False, False),
        (2e6, Estimate(2e6, 1e3), True, True),
        (1e-6, Estimate(0.0, 1e-6), True, True),
        (1e-4, Estimate(0.0, 1e-6), False, True),
        (0.0, Estimate(0.0, 2e-6), False, False),
        (0.0, Estimate(0.0, math.inf), False, False),
        (math.inf, Estimate(math.nan, math.inf), False, False),
        (math.inf, Estimate(1.0, math.nan), False, False),
    ],
)
def test_verdicts(derivative: float, estimate: Estimate, agree: bool, conclusive: bool) -> None:
    verdict = agrees(derivative, estimate)
    assert (bool(verdict.agree), bool(verdict.conclusive)) == (agree, conclusive)
    assert bool(verdict.refuted) == (conclusive and not agree)


def test_tolerance_is_relative_to_the_estimate() -> None:
    estimate = Estimate(1e6, 0.0)
    assert agrees(1e6 + 900, estimate, rtol=1e-3).agree
    assert agrees(1e6 + 1100, estimate, rtol=1e-3).refuted


def test_a_verdict_is_not_taken_for_a_yes() -> None:
    verdict = agrees(1.0, Estimate(1.0, 0.0))
    with pytest.raises(TypeError, match=r"ask \.agree, \.conclusive or \.refuted"):
        assert verdict
    assert isinstance(verdict, Verdict)
    agree, conclusive = verdict
    assert agree
    assert conclusive


def test_estimates_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Estimate(1.0, 0.0).value = 2.0  # type: ignore[misc]


ONE = Estimate(1.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (
            InputError,
            lambda: numerical_derivative(math.sin, 1.0, step=0.0),
            "step must be positive and finite, not 0.0",
        ),
        (
            InputError,
            lambda: numerical_derivative(math.sin, 1.0, step=math.nan),
            "step must be positive and finite, not nan",
        ),
        (
            InputError,
            lambda: numerical_derivative(math.sin, 1.0, step=math.inf),
            "step must be positive and finite, not inf",
        ),
        (
            InputError,
            lambda: numerical_derivative(math.sin, np.ones(2)),  # type: ignore[arg-type]
            "x must be one number, not an array of shape (2,)",
        ),
        (
            InputError,
            lambda: numerical_derivative(math.sin, "1"),  # type: ignore[arg-type]
            "x must be real numbers, not str",
        ),
        (
            InputError,
            lambda: numerical_derivative(lambda x: 1j, 1.0),  # type: ignore[arg-type,return-value]
            "the function's result must be real numbers, not complex",
        ),
        (
            InputError,
            lambda: numerical_gradient(np.sin, {"z": np.ones(2) * 1j}, ["z"]),
            "input 'z' must be real numbers, not ndarray",
        ),
        (
            InputError,
            lambda: numerical_gradient(np.sin, {"z": [[1.0], [1.0, 2.0]]}, ["z"]),
            "input 'z' must be real numbers, not list",
        ),
        (
            InputError,
            lambda: numerical_gradient(lambda x: None, {"x": 1.0}, ["x"]),  # type: ignore[arg-type,return-value]
            "the function's result must be real numbers, not NoneType",
        ),
        (
            DerivativeError,
            lambda: numerical_gradient(np.sin, {"x": 1.0}, ["y"]),
            "there is no input 'y' to differentiate with respect to",
        ),
        (
            InputError,
            lambda: agrees([1.0, 1.0], ONE),
            "the derivative has shape (2,), its estimate ()",
        ),
        (
            InputError,
            lambda: agrees(1j, ONE),
            "the derivative must be real numbers, not complex",
        ),
    ],
)
def test_wrong_inputs(kind: type[SymgradError], wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(kind) as caught:
        wrong()
    assert str(caught.value) == message


# Random functions
