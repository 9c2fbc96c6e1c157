"""Formulas compiled by the C compiler and called from Python."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import InputError, MissingExtraError, SymgradError
from symgrad.running.native import NativeFunction

BOWL = "(1 - x)**2 + 100*(y - x**2)**2"
LINE = "X: (3, 2); w: (2,); b: scalar; mean((X @ w + b)**2)"
X = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.25]])
W = np.array([0.5, -1.5])


def native(made: Any) -> NativeFunction:
    try:
        found: NativeFunction = made.compile_c()
    except MissingExtraError as missing:
        pytest.skip(missing.message)
    return found


@pytest.mark.parametrize(
    ("made", "points"),
    [
        (symgrad.function(BOWL), [(0.5, 0.75), (2, True), (np.arange(3.0), 0.5)]),
        (symgrad.grad(BOWL), [(0.5, 0.75), ([1.0, 2.0], [[0.5], [1.5], [3.0]])]),
        (symgrad.value_and_grad(BOWL, ("y",)), [(0.5, 0.75), (np.ones((2, 0)), 1.0)]),
        (symgrad.grad("exp(x) / log(x)", order=2), [(2.0,), (np.array([0.0, 1.0, 800.0]),)]),
        (symgrad.value_and_grad(LINE), [(X, W, 0.5), (X.tolist(), W, np.float32(2))]),
        (symgrad.vjp(LINE, "w"), [(2.0, X, W, 0.5)]),
        (symgrad.jvp(LINE, ("w", "b")), [((W, 1.0), X, W, 0.5)]),
        (symgrad.hvp(LINE, "w"), [(W, X, W, 0.5)]),
        (symgrad.hessian(LINE, ("w", "b")), [(X, W, 0.5)]),
        (symgrad.jacobian("w: (2,); w**3 * w[0]"), [(W,)]),
    ],
)
def test_a_call_is_that_of_numpy(made: Any, points: list[tuple[Any, ...]]) -> None:
    function = native(made)
    for point in points:
        compare(function(*point), made(*point))


def compare(found: Any, wanted: Any) -> None:
    waiting = [(found, wanted)]
    while waiting:
        one, other = waiting.pop()
        assert type(one) is type(other)
        if isinstance(one, dict):
            assert list(one) == list(other)
            waiting += zip(one.values(), other.values(), strict=True)
        elif isinstance(one, tuple):
            waiting += zip(one, other, strict=True)
        else:
            assert np.shape(one) == np.shape(other)
            np.testing.assert_allclose(one, other, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f(X, W), "the input b is missing"),
        (lambda f: f(X, W, 1.0, z=2.0), "z is not an input"),
        (lambda f: f(X.T, W, 1.0), "X is declared as (3, 2) and has shape (2, 3)"),
        (lambda f: f(X, "text", 1.0), "the input w holds text"),
    ],
)
def test_a_wrong_call_is_an_error(call: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        call(native(symgrad.grad(LINE)))
    assert message in str(caught.value)


def test_shapes_that_do_not_broadcast_are_an_error() -> None:
    with pytest.raises(InputError, match="shapes do not broadcast together"):
        native(symgrad.grad("x*y"))(np.ones(2), np.ones(3))


def test_a_missing_compiler_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(MissingExtraError, match="there is no C compiler"):
        symgrad.grad("x**2").compile_c()


def test_a_compiler_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "false")
    with pytest.raises(SymgradError, match="the C compiler false failed"):
        symgrad.grad("x**2").compile_c()


def test_the_code_is_there_to_read() -> None:
    function = native(symgrad.grad("x**2"))
    assert "double value(double x)" in function.source
    assert "double value(double x);" in function.header
    assert repr(function) == "symgrad.grad('x**2').compile_c()"
    assert math.isclose(function(3.0), 6.0)
