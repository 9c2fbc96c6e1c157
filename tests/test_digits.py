"""Formulas to many digits: the code of NumPy on numbers of mpmath."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.running.evaluate import resolved
from symgrad.trust.digits import MATRICES, PRIMITIVES, Digits, context, digits, in_digits, precision
from tests.test_arrays import CASES

TABLE = builtin_functions()


def value(formula: str, inputs: dict[str, Any], places: int = 50) -> Any:
    lowered = lower(formula, TABLE)
    graph = resolved(lowered.graph, inputs, TABLE)
    run = in_digits(graph, lowered.inputs, TABLE)
    assert run is not None
    with precision(places):
        return run({n: x if x.dtype.kind in "iub" else digits(x) for n, x in inputs.items()})[0]


@pytest.mark.parametrize(
    ("formula", "x", "expected"),
    [
        ("exp(x)", 1.0, "2.7182818284590452353602874713526624977572470937"),
        ("pi * x", 1.0, "3.1415926535897932384626433832795028841971693994"),
        ("1/3 + 0*x", 1.0, "0.33333333333333333333333333333333333333333333333"),
        ("sum(x) / 7", 1.0, "0.14285714285714285714285714285714285714285714286"),
        ("x**(1/2)", 2.0, "1.4142135623730950488016887242096980785696718754"),
        ("mean([x, 1, 1])", 0.0, "0.66666666666666666666666666666666666666666666667"),
        ("size([x, x]) / 3 + x", 0.0, "0.66666666666666666666666666666666666666666666667"),
    ],
)
def test_digits_are_right(formula: str, x: float, expected: str) -> None:
    found = value(formula, {"x": np.array(x)}, 80)
    with precision(60):
        assert abs(np.asarray(found).item() / context().mpf(expected) - 1) < 1e-45


@pytest.mark.parametrize("formula", ["log(-x)", "x/0 - x/0", "exp(x*1e13)", "sin(exp(x*1e6))"])
def test_what_has_no_value_is_nan(formula: str) -> None:
    assert np.isnan(float(value(formula, {"x": np.array(1.0)})))


UNKNOWN = ("eigh(", "qr(")
SAMPLE = [case for case in CASES[::25] if not any(word in case.formula for word in UNKNOWN)]


def test_formulas_of_arrays_have_the_values_of_doubles() -> None:
    assert len(SAMPLE) > 40
    for case in SAMPLE:
        inputs = {n: np.asarray(x) for n, x in case.inputs().items()}
        wanted = symgrad.function(case.formula)(**inputs)
        if np.size(wanted):
            found = np.asarray(value(case.formula, inputs)).astype(float)
            np.testing.assert_allclose(found, wanted, 1e-11, 1e-11, err_msg=case.label)


@pytest.mark.parametrize("name", MATRICES)
def test_functions_of_matrices(name: str) -> None:
    matrix = np.array([[2.0, 0.5, 0.25], [0.5, 3.0, -1.0], [0.25, -1.0, 1.5]])
    formula = {
        "_slogdet_sign": "slogdet(A)[0]",
        "_slogdet_log": "slogdet(A)[1]",
        "_cholesky": "cholesky(A)",
        "_eigenvalues": "eigvalsh(A)",
    }.get(name, f"{name}(A)")
    found = np.asarray(value(formula, {"A": np.stack([matrix, 2 * matrix])}))
    for one, given in zip(found, (matrix, 2 * matrix), strict=True):
        np.testing.assert_allclose(
            np.asarray(one, float), symgrad.function(formula)(given), rtol=1e-13, atol=1e-14
        )


def test_what_mpmath_lacks_is_told() -> None:
    lowered = lower("qr(A)[1]", TABLE)
    graph = resolved(lowered.graph, {"A": np.eye(2)}, TABLE)
    assert in_digits(graph, lowered.inputs, TABLE) is None


def test_every_primitive_is_a_function_of_the_language() -> None:
    assert set(PRIMITIVES) <= set(TABLE)


def test_precision_is_given_back() -> None:
    before = context().dps
    with precision(70) as inner:
        assert inner.dps == 70
    assert context().dps == before


def test_arrays_stay_what_they_are() -> None:
    x = digits([1.0, 2.0, 3.0])
    for made in (
        x + 1,
        x[0],
        x[1:],
        x.sum(),
        np.where(x > 1, x, 0.0),
        x.max(),
        -x,
        x.reshape(3, 1),
    ):
        assert isinstance(made, Digits)
    assert (x > 1).dtype == bool
    assert not isinstance(x > 1, Digits)


def test_without_mpmath_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['mpmath'] = None; import symgrad\n"
        "for run in (lambda: symgrad.accuracy('x', {'x': (0, 1)}),\n"
        "            lambda: symgrad.check('x', {'x': 1.0}, digits=True)):\n"
        "    try: run()\n"
        "    except symgrad.MissingExtraError as error: print(error)\n"
        "print(symgrad.check('x', {'x': 1.0}))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    named = "50 digits need mpmath\nInstall it with: pip install 'symgrad[accuracy]'\n"
    assert run.stderr == ""
    assert run.stdout.startswith(2 * named)
    assert "No ulps: they need mpmath: pip install 'symgrad[accuracy]'\n" in run.stdout
