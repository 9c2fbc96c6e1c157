"""Where a nan or an infinity begins: the caret, the element and the reason."""

import math
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.trust.reasons import reason

FINITE = "The value and all derivatives are finite."
CASES: list[tuple[str, dict[str, Any], str]] = [
    (
        "1 + y*exp(x)",
        {"x": 800.0, "y": 0.0},
        "The value is not finite. It begins here:\n"
        "  1 + y*exp(x)\n"
        "        ^^^^^^\n"
        "exp(x) is inf: exp(800) overflows\n"
        "and goes on here:\n"
        "  1 + y*exp(x)\n"
        "      ^^^^^^^^\n"
        "y*exp(x) is nan: 0 * inf",
    ),
    (
        "y * sqrt(x)",
        {"x": 0.0, "y": 2.0},
        "d/dx is not finite. It begins here:\n"
        "  y * sqrt(x)\n"
        "      ^^^^^^^\n"
        "the derivative of sqrt(x) is inf: 2 / 0, a division by 0",
    ),
    (
        "sqrt(x**4 * y) + y",
        {"x": 0.0, "y": 2.0},
        "d/dx is not finite. It begins here:\n"
        "  sqrt(x**4 * y) + y\n"
        "       ^^^^\n"
        "the derivative of x**4 is inf: 4 / 0, a division by 0\n"
        "and goes on here:\n"
        "  sqrt(x**4 * y) + y\n"
        "       ^^^^\n"
        "the derivative of x**4 is nan: inf * 0",
    ),
    (
        "exp(x) - exp(y)",
        {"x": 800.0, "y": 900.0},
        "The value is not finite. It begins here:\n"
        "  exp(x) - exp(y)\n"
        "  ^^^^^^^^^^^^^^^\n"
        "exp(x) - exp(y) is -inf: it overflows",
    ),
    (
        "x / (y - z)",
        {"x": [1.0, 2.0], "y": [1.0, 2.0], "z": 2},
        "The value at [1] is not finite. It begins here:\n"
        "  x / (y - z)\n"
        "  ^^^^^^^^^^^\n"
        "x / (y - z) is inf at [1]: 2 / 0, a division by 0",
    ),
    (
        "h = relu(X @ W)\nmean(tanh(h) + c)",
        {"X": [[1.0, 2.0], [3.0, math.nan]], "W": np.ones((2, 3)), "c": 1.0},
        "The value is not finite. It begins here:\n"
        "  line 1: h = relu(X @ W)\n"
        "                   ^\n"
        "the input X is nan at [1, 1]",
    ),
    (
        "sum(log(abs(x)[1:]))",
        {"x": [1000.0, 0.0, 1.0]},
        "The value is not finite. It begins here:\n"
        "  sum(log(abs(x)[1:]))\n"
        "      ^^^^^^^^^^^^^^^\n"
        "log(abs(x)[1:]) is -inf at [0]: log of 0",
    ),
    (
        "prod(x) + y",
        {"x": [1e200, 1e200], "y": 1.0},
        "The value is not finite. It begins here:\n"
        "  prod(x) + y\n"
        "  ^^^^^^^\n"
        "prod(x) is inf: prod of finite numbers overflows",
    ),
    (
        "1 + mean(x)",
        {"x": []},
        "The value is not finite. It begins here:\n"
        "  1 + mean(x)\n"
        "      ^^^^^^^\n"
        "mean(x) is nan: mean of an empty array",
    ),
    (
        "x + 1/0",
        {"x": 1.0},
        "The value is not finite. It begins here:\n  x + 1/0\n      ^^^\n1/0 is inf",
    ),
    (
        "gammaln(x) + 1",
        {"x": -1.0},
        "The value is not finite. It begins here:\n"
        "  gammaln(x) + 1\n  ^^^^^^^^^^\n"
        "gammaln(x) is inf: gammaln of -1, a pole",
    ),
    (
        "norm(x)**2",
        {"x": [1e200, 1.0]},
        "The value is not finite. It begins here:\n"
        "  norm(x)**2\n  ^^^^^^^^^^\n"
        "norm(x)**2 is inf: 1e+200 ** 2 overflows",
    ),
    (
        "interp(x, [0, 1], [0, inf])",
        {"x": 0.5},
        "The value is not finite. It begins here:\n"
        "  interp(x, [0, 1], [0, inf])\n  ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "interp(x, [0, 1], [0, inf]) is inf",
    ),
    (
        "-sum(t*log(p))",
        {"t": [1.0], "p": [0.0]},
        "The value is not finite. It begins here:\n"
        "  -sum(t*log(p))\n       ^^^^^^^^\n"
        "t*log(p) is -inf at [0]: xlogy(1, 0), a logarithm of 0",
    ),
    (
        "where(x > 0, x, nan)",
        {"x": -1.0},
        "The value is not finite. It begins here:\n"
        "  where(x > 0, x, nan)\n  ^^^^^^^^^^^^^^^^^^^^\n"
        "where(x > 0, x, nan) is nan",
    ),
    (
        "sum(x*y)",
        {"x": [1.0, math.inf], "y": [1.0, 0.0]},
        "The value is not finite. It begins here:\n  sum(x*y)\n      ^\n"
        "the input x is inf at [1]\nand goes on here:\n  sum(x*y)\n  ^^^^^^^^\n"
        "sum(x*y) is nan: a sum of products of numbers that are not all finite",
    ),
    ("exp(x)/(1 + exp(x))", {"x": 800.0}, FINITE),
    ("where(x > 0, log(x), x)", {"x": [0.0, 1.0]}, FINITE),
    ("cross_entropy(L, t)", {"L": np.ones((2, 3)), "t": [0, 2]}, FINITE),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "at", "told"), CASES, ids=[case[0] for case in CASES])
def test_what_is_told(formula: str, at: dict[str, Any], told: str) -> None:
    found = symgrad.explain_nan(formula, at)
    assert repr(found) == told
    assert bool(found) == ("finite. It" in told)


def test_fields() -> None:
    found = symgrad.explain_nan("sum(y*exp(x))", {"x": [1.0, 800.0], "y": 0.0}, wrt="x")
    assert (found.result, found.span) == ("The value", (6, 12))
    first, second = found.steps
    assert (first.what, first.element, first.value, first.reverse) == (
        "exp(x)",
        (1,),
        math.inf,
        False,
    )
    assert math.isnan(second.value)
    nothing = symgrad.explain_nan("x", {"x": 1.0})
    assert (nothing.steps, nothing.span, nothing.result) == ((), None, "")


def test_exact_code_is_another() -> None:
    at = {"x": 800.0}
    assert not symgrad.explain_nan("log(1 + exp(x))", at)
    found = symgrad.explain_nan("log(1 + exp(x))", at, exact=True)
    assert found.steps[0].why == "exp(800) overflows"


def test_float32_overflows_earlier() -> None:
    assert not symgrad.explain_nan("exp(x)", {"x": 100.0})
    assert symgrad.explain_nan("exp(x)", {"x": np.float32(100.0)})


def test_the_one_bad_element_of_many_is_found() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 8)), rng.random(50)
    W = rng.normal(size=(8, 4))
    X[31] *= 1e200
    found = symgrad.explain_nan("mean((sum((X @ W)**2, axis=1) - y)**2)", {"X": X, "W": W, "y": y})
    first = found.steps[0]
    assert first.element[0] == 31
    assert first.what == "(X @ W)**2"
    assert first.why.endswith("overflows")


def test_two_infinities_that_only_together_are_nan() -> None:
    found = symgrad.explain_nan("sum(1/x)", {"x": [0.0, -0.0, 1.0]})
    first, second = found.steps
    assert (first.what, first.value) == ("1/x", math.inf)
    assert math.isnan(second.value)
    assert second.what == "sum(1/x)"


@pytest.mark.parametrize(
    ("op", "operands", "value", "told"),
    [
        ("log", [0.0], -math.inf, "log of 0"),
        ("log", [-1.0], math.nan, "log of -1, a negative number"),
        ("log1p", [-2.0], math.nan, "log1p of -2, a number below -1"),
        ("sqrt", [-4.0], math.nan, "sqrt of -4, a negative number"),
        ("divide", [0.0, 0.0], math.nan, "0 / 0, a division by 0"),
        ("divide", [math.inf, math.inf], math.nan, "inf / inf"),
        ("power", [0.0, -1.0], math.inf, "0**-1, a division by 0"),
        ("power", [-8.0, 0.5], math.nan, "(-8) ** 0.5, a root of a negative number"),
        ("power", [10.0, 400.0], math.inf, "10**400 overflows"),
        ("multiply", [1e200, 1e200], math.inf, "1e+200 * 1e+200 overflows"),
        ("subtract", [math.inf, math.inf], math.nan, "inf - inf"),
        ("sin", [math.inf], math.nan, "sin(inf)"),
        ("arccos", [2.0], math.nan, "arccos(2) is not a real number"),
        ("logaddexp", [math.inf, 0.0], math.inf, "logaddexp(inf, 0)"),
    ],
)
def test_reasons(op: str, operands: list[float], value: float, told: str) -> None:
    assert reason(op, operands, value) == told


@pytest.mark.parametrize(
    ("formula", "at", "message"),
    [
        ("x", [1.0], 'at must be a dict, not list\nWrite it by name: {"x": 0.5}.'),
        (
            "x + inv(A)",
            {"x": 1.0, "A": np.ones((2, 2))},
            "the matrix A cannot be inverted: it is singular\n  x + inv(A)\n      ^^^^^^\n"
            "Use pinv, or add a small multiple of eye(n).",
        ),
    ],
)
def test_wrong_calls(formula: str, at: Any, message: str) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        symgrad.explain_nan(formula, at)
    assert str(caught.value) == message
