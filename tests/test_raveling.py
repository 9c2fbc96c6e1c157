"""Formulas as functions of one vector, and the solvers of SciPy that take them in a line each."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import curve_fit, least_squares, minimize, root
from scipy.sparse.linalg import spsolve

import symgrad

CHAIN = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
TIMES = np.linspace(0.0, 3.0, 40)
DECAY = 2 * np.exp(-1.3 * TIMES) + 0.5
NIST = Path(__file__).resolve().parents[2] / "shared" / "data" / "nist.json"


@pytest.mark.parametrize(
    ("method", "options"),
    [("BFGS", {"jac": True}), ("Newton-CG", {"hessp": True}), ("trust-exact", {"hess": True})],
)
def test_minimize(method: str, options: dict[str, Any]) -> None:
    fun, x0, unpack = symgrad.ravel(CHAIN, {"x": np.zeros(5)})
    if "jac" in options:
        found = minimize(fun, x0, jac=True, method=method)
    else:
        second = {name: getattr(fun, name) for name in options}
        found = minimize(fun.value, x0, jac=fun.jac, method=method, tol=1e-9, **second)
    np.testing.assert_allclose(unpack(found.x)["x"], np.ones(5), atol=1e-3)


def test_sparse_hessians_of_many_variables() -> None:
    fun, x0, _ = symgrad.ravel(CHAIN, {"x": np.full(2_000, 0.9)}, sparse=True)
    x = x0
    for _ in range(20):
        x = x - spsolve(fun.hess(x), fun.jac(x).toarray()[0])
    np.testing.assert_allclose(x, 1.0, atol=1e-12)


def test_least_squares() -> None:
    start = {"a": 1.0, "b": 1.0, "c": 0}
    fun, x0, unpack = symgrad.ravel("a*exp(-b*t) + c - y", start, {"t": TIMES, "y": DECAY})
    found = unpack(least_squares(fun.value, x0, jac=fun.jac).x)
    assert found == pytest.approx({"a": 2.0, "b": 1.3, "c": 0.5})
    assert fun.jac(x0).shape == (40, 3)


def test_curve_fit() -> None:
    start = {"a": 1.0, "b": 1.0, "c": 0.0}
    fun, x0, _ = symgrad.ravel("a*exp(-b*t) + c", start, first="t")
    found, _ = curve_fit(fun.value, TIMES, DECAY, p0=x0, jac=fun.jac)
    np.testing.assert_allclose(found, [2.0, 1.3, 0.5])
    assert np.array_equal(fun.value(TIMES, x0), fun.value(TIMES, *x0))


def test_root() -> None:
    fun, x0, _ = symgrad.ravel("[x + (x - y)**3/2 - 1, (y - x)**3/2 + y]", {"x": 0, "y": 0})
    for found in (root(fun, x0, jac=True), root(fun.value, x0, jac=fun.jac)):
        np.testing.assert_allclose(found.x, [0.8411639, 0.1588361], atol=1e-6)


def test_solve_ivp() -> None:
    """A stiff oscillator; time comes first, and the formula does not use it."""
    start = {"x": 2.0, "v": 0.0}
    fun, y0, _ = symgrad.ravel("[v, mu*(1 - x**2)*v - x]", start, {"mu": 100.0}, first="t")
    by_us = solve_ivp(fun.value, (0.0, 50.0), y0, method="Radau", jac=fun.jac, rtol=1e-8)
    by_differences = solve_ivp(fun.value, (0.0, 50.0), y0, method="Radau", rtol=1e-8)
    np.testing.assert_allclose(by_us.y[:, -1], by_differences.y[:, -1], rtol=1e-5)


@pytest.mark.skipif(not NIST.exists(), reason="the certified regressions lie beside a checkout")
@pytest.mark.parametrize("start", ["start1", "start2"])
def test_certified_regressions(start: str) -> None:
    for row in json.loads(NIST.read_text("utf-8")):
        names = [f"b{place + 1}" for place in range(len(row["certified"]))]
        data = {name: np.array(values) for name, values in row["data"].items()}
        model = f"{row['formula']} - {row['response']}"
        fun, x0, _ = symgrad.ravel(model, dict(zip(names, row[start], strict=True)), data)
        tolerances = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-15)
        found = least_squares(fun.value, x0, jac=fun.jac, method="lm", max_nfev=9_000, **tolerances)
        certified = [float(text) for text in row["certified_hp"]]
        np.testing.assert_allclose(found.x, certified, rtol=1e-6, err_msg=row["name"])


SHAPES = {"w": np.arange(4.0).reshape(2, 2), "b": 0.5, "v": [1, 2]}


def test_parameters_of_any_shape() -> None:
    formula = "tanh(X @ w + b) @ v"
    X = np.array([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]])
    fun, x0, unpack = symgrad.ravel(formula, SHAPES, {"X": X})
    assert np.array_equal(x0, [0, 1, 2, 3, 0.5, 1, 2])
    parts = unpack(x0)
    assert parts["b"] == 0.5
    assert type(parts["b"]) is float
    assert np.array_equal(parts["w"], SHAPES["w"])
    assert np.array_equal(unpack.pack(parts), x0)
    value, jacobian = fun(x0)
    assert np.array_equal(value, fun.value(x0))
    assert np.array_equal(jacobian, fun.jac(x0))
    step = 1e-6
    for place in range(len(x0)):
        moved = x0 + step * (np.arange(len(x0)) == place)
        differences = (fun.value(moved) - value) / step
        np.testing.assert_allclose(jacobian[:, place], differences, atol=1e-5)


def test_second_derivatives_are_of_the_sum() -> None:
    formula = "sum((X @ w)**2) * b + sum(v**3)"
    data = {"X": np.array([[0.1, 0.2], [0.3, -0.4]])}
    fun, x0, _ = symgrad.ravel(formula, SHAPES, data)
    hessian = fun.hess(x0)
    assert np.array_equal(hessian, hessian.T)
    for place, row in enumerate(np.eye(len(x0))):
        np.testing.assert_allclose(fun.hessp(x0, row), hessian[:, place], atol=1e-14)
    sparse, _, _ = symgrad.ravel(formula, SHAPES, data, sparse=True)
    np.testing.assert_allclose(sparse.hess(x0).toarray(), hessian, atol=1e-14)
    np.testing.assert_allclose(sparse.jac(x0).toarray()[0], fun.jac(x0), atol=1e-14)
    assert sparse(x0)[0] == fun.value(x0)


def test_a_compiled_formula_keeps_its_functions() -> None:
    symgrad.define("raveled(x) = x**2 + x")
    fun, x0, _ = symgrad.ravel(symgrad.function("raveled(a)"), {"a": 3.0})
    assert fun(x0)[1].tolist() == [7.0]
    assert repr(fun) == "<'raveled(a)' of a as one vector>"


MISTAKES = [
    (
        lambda: symgrad.ravel("a*x", {"a": 1.0}),
        "the input x is in neither data nor start\n  a*x\n  ^^^\n"
        "What is known belongs in data, what is to be fitted in start.",
    ),
    (
        lambda: symgrad.ravel("a*x", {"a": 1.0}, {"x": 1.0}, first="a"),
        "a comes first, and stands in start or data as well\n"
        "The solver passes it: leave it out of the others.",
    ),
    (
        lambda: symgrad.ravel("alpha*x", {"alpa": 1.0}, {"x": 1.0}),
        "start has alpa, which is not an input of the formula\n  alpha*x\n  ^^^^^^^\n"
        "Did you mean alpha?",
    ),
    (
        lambda: symgrad.ravel("a + b", {"a": 1.0, "b": 2.0}).fun([1.0]),
        "the parameters are not one vector of 2 numbers\n"
        "They are, in order: a, b, each in the shape of start.",
    ),
    (
        lambda: symgrad.ravel("a + b", {"a": 1.0, "b": 2.0}).unpack.pack({"a": 1.0}),
        "these are not the parameters of start: a\nThey are: a, b.",
    ),
    (
        lambda: symgrad.ravel("sum(a)", {"a": [1.0, 2.0]}).unpack.pack({"a": [1.0, 2.0, 3.0]}),
        "the parameter a has shape (3,), and in start (2,)",
    ),
    (
        lambda: symgrad.ravel("a*t", {"a": 1.0}, first="t").fun(),
        "t comes first, and then the parameters",
    ),
]


@pytest.mark.parametrize(
    ("attempt", "message"), MISTAKES, ids=[m.split("\n")[0] for _, m in MISTAKES]
)
def test_mistakes(attempt: Any, message: str) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        attempt()
    assert str(caught.value).startswith(message[:60])
