"""Formulas as expressions of SymPy, and back: values and derivatives stay what they are."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import sympy

import symgrad
from symgrad.errors import InputError, MissingExtraError
from symgrad.functions import builtin_functions
from tests.conftest import Corpus

INTERVALS = ((0.05, 0.95), (1.1, 6.0), (-0.9, -0.1), (-3.0, 3.0))
WITHOUT_SLOPE = {"zeta(s, x)": ("x",)}
Point = Mapping[str, np.ndarray[Any, Any]]

x, y = sympy.symbols("x y", real=True)


def rows() -> Iterator[str]:
    """Every public function of numbers, as a call with its parameters."""
    for name, row in builtin_functions().items():
        if not name.startswith("_") and row.is_elementwise:
            given = [p.name if p.kind == "number" else f"{p.name} > 0.5" for p in row.parameters]
            yield f"{name}({', '.join(given)})"


def drawn(names: tuple[str, ...]) -> Point:
    """Every other point lies between 0 and 1 alone, where most functions have values."""
    rng = np.random.default_rng(1)
    ends = [INTERVALS[k // 6] if k % 2 else INTERVALS[0] for k in range(24)]
    return {name: np.array([rng.uniform(*pair) for pair in ends]) for name in names}


def run(formula: str, point: Point) -> np.ndarray[Any, Any]:
    compiled = symgrad.function(formula)
    return np.broadcast_to(compiled(**{n: point[n] for n in compiled.inputs}), (24,))


@pytest.mark.parametrize("formula", [*rows()])
def test_there_and_back(formula: str) -> None:
    value = symgrad.function(formula)
    point = drawn(value.inputs)
    expected = run(formula, point)
    finite = np.isfinite(expected)
    assert finite.any()
    again = run(symgrad.from_sympy(value.to_sympy()), point)
    assert again[finite] == pytest.approx(expected[finite], rel=1e-9, abs=1e-12)
    if not builtin_functions()[formula.partition("(")[0]].derivatives:
        return
    slope = symgrad.grad(formula, WITHOUT_SLOPE.get(formula, value.inputs))
    expressions = slope.to_sympy()
    for name, expression, wanted in zip(slope.wrt, expressions, slope(**point), strict=True):
        found = run(symgrad.from_sympy(expression), point)
        known = np.isfinite(wanted)
        assert found[known] == pytest.approx(wanted[known], rel=1e-8, abs=1e-11), name


def test_formulas_of_physics_there_and_back(corpus: Corpus) -> None:
    for row in corpus("feynman")[::3]:
        again = symgrad.value_and_grad(
            symgrad.from_sympy(symgrad.to_sympy(row["formula"])), [*row["vars"]]
        )
        for point in row["points"]:
            value, slopes = again(**point["at"])
            assert value == pytest.approx(float(point["value"]), rel=1e-9), row["name"]
            wanted = [float(point["grad"][name]) for name in row["vars"]]
            assert slopes == pytest.approx(wanted, rel=1e-7, abs=1e-12), row["name"]


@pytest.mark.parametrize(
    ("formula", "expression"),
    [
        ("exp(-x**2 / 2) / sqrt(2*pi)", sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)),
        ("log(1 + exp(x))", sympy.log(1 + sympy.exp(x))),
        ("0.5*x + 0.1", x / 2 + sympy.Float(0.1)),
        ("x if x > 0 else y", sympy.Piecewise((x, x > 0), (y, True))),
        ("f(t) = t**2; f(x) + f(y)", x**2 + y**2),
        ("softplus(x)", sympy.log(1 + sympy.exp(x))),
        ("maximum(x, y) * abs(x)", sympy.Max(x, y) * sympy.Abs(x)),
        ("D(x**3 * y, x)", 3 * x**2 * y),
        ("0 < x < 1", sympy.Piecewise((1, (x > 0) & (x < 1)), (0, True))),
        ("x > 1 or not y == 2", sympy.Piecewise((1, (x > 1) | sympy.Ne(y, 2)), (0, True))),
        ("-inf * sign(x)", -sympy.oo * sympy.sign(x)),
    ],
)  # fmt: skip
def test_what_it_is_in_sympy(formula: str, expression: Any) -> None:
    assert symgrad.to_sympy(formula) == expression


def test_derivatives_stand_as_a_call_returns_them() -> None:
    assert symgrad.grad("x**2").to_sympy() == 2 * x
    assert symgrad.grad("x*y").to_sympy() == {"x": y, "y": x}
    assert symgrad.grad("x*y", wrt=("y",)).to_sympy() == (x,)
    assert symgrad.value_and_grad("x*y", wrt="y").to_sympy() == (x * y, x)


def test_symbols_may_be_given() -> None:
    t = sympy.Symbol("t", positive=True)
    assert symgrad.to_sympy("sqrt(x**2) + y", {"x": t}) == t + y
    assert symgrad.to_sympy("x + y", {"x": 2, "y": t**2}) == 2 + t**2


def test_what_is_told_is_exact() -> None:
    assert symgrad.to_sympy("1/3") == sympy.Rational(1, 3)
    assert symgrad.to_sympy("0.1").equals(sympy.Float(0.1))
    assert float(symgrad.to_sympy("0.1 + 0*x")) == 0.1
    assert symgrad.to_sympy("2*pi") == 2 * sympy.pi
    assert math.isinf(float(symgrad.to_sympy("1e400")))


@pytest.mark.parametrize(
    ("formula", "place"),
    [
        ("2*sum(x)", "\n    ^^^^^^\n"),
        ("x + A @ w", "\n      ^^^^^\n"),
        ("stop_gradient(x)", "\n  ^^^^^^^^^^^^^^^^\n"),
        ("x[0]", "\n  ^^^^\n"),
    ],
)
def test_arrays_are_refused(formula: str, place: str) -> None:
    with pytest.raises(InputError, match="has no counterpart among SymPy's") as caught:
        symgrad.to_sympy(formula)
    assert place in str(caught.value)


def test_what_sympy_refuses_is_shown() -> None:
    with pytest.raises(InputError, match="SymPy does not take this: Invalid comparison") as caught:
        symgrad.to_sympy("x if sqrt(-1) > 3 else y")
    assert str(caught.value).endswith("\n       ^^^^^^^^^^^^")
    deep = "sin(" * 1500 + "x" + ")" * 1500
    with pytest.raises(InputError, match="nested too deeply"):
        symgrad.to_sympy(deep)


def test_products_are_refused() -> None:
    with pytest.raises(InputError, match="is no value or gradient"):
        symgrad.hvp("x**2").to_sympy()


def test_without_sympy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sympy", None)
    for verb in (symgrad.to_sympy, symgrad.from_sympy):
        with pytest.raises(MissingExtraError, match=r"pip install 'symgrad\[sympy\]'"):
            verb("x")
