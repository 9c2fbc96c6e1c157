"""Expressions of SymPy as formulas: how they are written, and what is refused."""

from typing import Any

import numpy as np
import pytest
import sympy

import symgrad
from symgrad.errors import InputError
from symgrad.exchange.sympy_table import CALLED, MADE

x, y, z = sympy.symbols("x y z")
n, d = sympy.symbols("n d")
A, w = sympy.MatrixSymbol("A", n, d), sympy.MatrixSymbol("w", d, 1)
B = sympy.MatrixSymbol("B", 3, 3)
LONG = x * y * z + x * z + sympy.exp(x) + y

WRITTEN = [
    (sympy.sqrt(x**2 + 1) * sympy.exp(-y) / 3, "sqrt(x**2 + 1) * exp(-y) / 3"),
    (sympy.Piecewise((x, x > 0), (y, y <= 1), (1, True)), "where(x > 0, x, where(y <= 1, y, 1))"),
    (sympy.Piecewise((x, x > 0)), "where(x > 0, x, nan)"),
    (x - y - 2 * z, "x - y - 2 * z"),
    (-x / 3 + y, "-x / 3 + y"),
    (-2 * x * y, "-2 * x * y"),
    (x**-2, "1 / x**2"),
    (1 / sympy.sqrt(x), "1 / sqrt(x)"),
    (x / (y * z), "x / (y * z)"),
    (sympy.Rational(-2, 3), "-2 / 3"),
    (x ** sympy.Rational(1, 3), "x**(1 / 3)"),
    ((x**y) ** z, "(x**y)**z"),
    (sympy.Max(x, y, z), "maximum(maximum(x, y), z)"),
    (sympy.E * sympy.pi, "exp(1) * pi"),
    (sympy.oo * sympy.sign(x), "inf * sign(x)"),
    (sympy.nan, "nan"),
    (sympy.And(x > 0, sympy.Or(y < 1, sympy.Ne(z, 2))), "x > 0 and (y < 1 or z != 2)"),
    (sympy.Function("softplus")(x), "softplus(x)"),
    (sympy.Derivative(x**2 * y, (x, 2), evaluate=False), "derivative(x**2 * y, x, 2)"),
    (sympy.digamma(x) + sympy.polygamma(2, x), "digamma(x) + -2 * zeta(3, x)"),
    (sympy.EulerGamma * x, "0.5772156649015329 * x"),
    (2 * A * w, "A: (n, d)\nw: (d, 1)\n2 * (A @ w)"),
    (A.T * A[0, 1], "A: (n, d)\nA[0, 1] * A.T"),
    (sympy.Determinant(B) * sympy.Trace(B**-1), "B: (3, 3)\ndet(B) * trace(inv(B))"),
    (sympy.Matrix([[x, 1], [0, x * y]]), "[[x, 1], [0, x * y]]"),
    (sympy.Symbol("x_{1}") * sympy.Symbol("pi"), "# pi_ is pi\n# x_1 is x_{1}\npi_ * x_1"),
    (sympy.Symbol("x", real=True) + 2 * x, None),
    (sympy.diff(sympy.Abs(x), x), "sign(x)"),
    (sympy.Integer(10) ** 400 * x, "inf * x"),
    (sympy.Rational(10**30, 10**31 + 1), "0.1"),
    (LONG**2 + sympy.sin(LONG), "t1 = x * y * z + x * z + y + exp(x)\nt1**2 + sin(t1)"),
]


@pytest.mark.parametrize(("expression", "text"), WRITTEN, ids=range(len(WRITTEN)))
def test_how_it_is_written(expression: Any, text: str | None) -> None:
    written = symgrad.from_sympy(expression)
    symgrad.function(written)
    if text is None:
        assert len(symgrad.function(written).inputs) == 2
    else:
        assert written == text


OF_MATRICES = {"Inverse", "Determinant", "Trace", "Identity", "ZeroMatrix", "OneMatrix"}
OPERANDS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("Max", "Min", "Mod", "atan2", "beta", "Heaviside"), (x, y)),
    **dict.fromkeys(("ITE", "Xor"), (x > 1, y > 1, x > 2)),
    "Not": (x > 1,),
    "zeta": (2.5, x),
}


@pytest.mark.parametrize("name", sorted({*CALLED, *MADE} - OF_MATRICES - {"ImmutableDenseMatrix"}))
def test_every_function_of_the_table_is_right(name: str) -> None:
    """Held against SymPy's own numbers."""
    rng = np.random.default_rng(0)
    expression = getattr(sympy, name)(*OPERANDS.get(name, (x,)))
    formula = symgrad.function(symgrad.from_sympy(expression))
    judged = 0
    for low, high in ((0.1, 0.9), (1.1, 4.0), (-2.9, -0.1)):
        at = {"x": rng.uniform(low, high), "y": rng.uniform(0.2, 3.0)}
        there = expression.subs(at)
        there = there if there.is_Boolean else sympy.N(there)
        if there in (sympy.true, sympy.false) or (there.is_real and there.is_finite):
            expected = float(bool(there) if there.is_Boolean else there)
            got = formula(**{word: at[word] for word in formula.inputs})
            judged += 1
            if name != "loggamma" or at["x"] > 0:
                assert got == pytest.approx(expected, rel=1e-9), at
    assert judged


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            x + sympy.I * y,
            "ImaginaryUnit has no counterpart in formulas\n  x + I*y\n      ^\n"
            "Formulas are of real numbers.",
        ),
        (
            sympy.Integral(x, x) + 1,
            "Integral has no counterpart in formulas\n  Integral(x, x) + 1\n  ^^^^^^^^^^^^^^\n"
            "Compute it first: expr.doit().",
        ),
        (
            sympy.Function("nu")(x),
            "nu has no counterpart in formulas\n  nu(x)\n  ^^^^^\n"
            "symgrad functions lists what the language knows.",
        ),
        ("x + 1", "'x + 1' is no expression of SymPy\nGive one expression, as sympy.sin(x)."),
        (None, "None is no expression of SymPy\nGive one expression, as sympy.sin(x)."),
    ],
)
def test_what_is_refused(expression: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        symgrad.from_sympy(expression)
    assert str(caught.value) == message


def test_derivatives_of_an_expression_are_those_of_sympy() -> None:
    expression = sympy.exp(x * sympy.sin(y)) / (1 + x**2) ** sympy.Rational(3, 2)
    slopes = symgrad.grad(symgrad.from_sympy(expression), wrt=("x", "y"))(x=0.3, y=1.2)
    wanted = [float(expression.diff(s).subs({x: 0.3, y: 1.2})) for s in (x, y)]
    assert slopes == pytest.approx(wanted, rel=1e-13)


def test_matrices_compute() -> None:
    formula = symgrad.function(symgrad.from_sympy((A * w).T * (A * w)))
    first, second = np.arange(6.0).reshape(2, 3), np.ones((3, 1))
    assert formula(A=first, w=second) == pytest.approx(np.array([[153.0]]))


def test_a_shared_part_is_written_once() -> None:
    shared = x + 1
    for _ in range(60):
        shared = sympy.sin(shared) * sympy.cos(shared)
    assert len(symgrad.from_sympy(shared)) < 3000
