"""Formulas and derivatives in LaTeX, for many formulas of real use."""

import pytest

import symgrad
from tests.latex_checks import faults

NETWORK = "X: (n, d); W: (d, k); b: (k,); T: (n, k)\nh = relu(X @ W + b)\ncross_entropy(h, T)"
CASES = [
    (
        symgrad.grad("exp(x**2)**2"),
        [
            r"f &= \left(e^{x^{2}}\right)^{2}",
            r"\frac{\mathrm{d} f}{\mathrm{d} x} &= 4 \, x \, \left(e^{x^{2}}\right)^{2}",
        ],
    ),
    (
        symgrad.grad("log(1 + exp(x))"),
        [r"f &= \log(1 + e^{x})", r"\frac{\mathrm{d} f}{\mathrm{d} x} &= \sigma(x)"],
    ),
    (symgrad.function("x*y"), [r"f &= x \, y"]),
    (
        symgrad.vjp("x*y"),
        [r"f &= x \, y", r"\bar{x} &= \bar{f} \, y", r"\bar{y} &= \bar{f} \, x"],
    ),
    (
        symgrad.jvp("x*y", wrt="x"),
        [r"f &= x \, y", r"\dot{f} &= \dot{x} \, y"],
    ),
    (
        symgrad.hvp("x*y"),
        [
            r"f &= x \, y",
            r"(\nabla^{2} f \, v)_{x} &= v_{y}",
            r"(\nabla^{2} f \, v)_{y} &= v_{x}",
        ],
    ),
    (
        symgrad.jacobian("x: (n,); w: (n,); x*w**2", "w"),
        [
            r"x &\in \mathbb{R}^{n}",
            r"w &\in \mathbb{R}^{n}",
            r"f &= x \, w^{2}",
            r"\frac{\partial f}{\partial w} &= \operatorname{diag}(2 \, w \, x)",
        ],
    ),
    (symgrad.jacobian("x*y"), [r"f &= x \, y"]),
    (
        symgrad.grad("x*y", "y"),
        [r"f &= x \, y", r"\frac{\partial f}{\partial y} &= x"],
    ),
    (
        symgrad.grad("sin(x)", order=2),
        [r"f &= \sin(x)", r"\frac{\mathrm{d}^{2} f}{\mathrm{d} x^{2}} &= -\sin(x)"],
    ),
    (symgrad.function("sum(x**2)"), [r"f &= \sum x^{2}"]),
    (
        symgrad.grad("X: (n, d); w: (d,); y: (n,); sum((X @ w - y)**2)", "w"),
        [
            r"X &\in \mathbb{R}^{n \times d}",
            r"w &\in \mathbb{R}^{d}",
            r"y &\in \mathbb{R}^{n}",
            r"f &= \sum (X \, w - y)^{2}",
            r"\frac{\partial f}{\partial w} &= X^{\top} \, (2 \, (X \, w - y))",
        ],
    ),
]


@pytest.mark.parametrize(("compiled", "lines"), CASES, ids=lambda case: str(case)[:30])
def test_lines(compiled: symgrad.Compiled, lines: list[str]) -> None:
    shown = compiled.to_latex()
    wanted = " \\\\\n".join(lines)
    assert shown == f"\\begin{{aligned}}\n{wanted}\n\\end{{aligned}}"


FORMULAS = [
    "(1-x)**2 + 100*(y-x**2)**2 + exp(sin(x*y))",
    NETWORK,
    "mean((X @ w + b - y)**2)",
    "where(x > 0, log(x), clip(y, 0, 1))",
    "norm(A @ x - b)**2 + lambda*norm(x, 1)",
    "A: (n, n); b: (n,); logdet(A) + b @ solve(A, b) + trace(inv(A))",
    "x: (n,); sum(x[1:]*x[:-1]) + max(x) + var(x) + median(x)",
    "alpha*x**0.5/(beta_max + learning_rate*x)",
    "gelu(x) + erf(x) + gammaln(x) + arctan2(x, y)",
    "D(sin(x)*y, x) + stop_gradient(x)",
    "x > 1",
    "2 + 3",
    "x: (n,); sum(softmax(x) * cumsum(x))",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_well_formed(formula: str) -> None:
    for verb in (symgrad.value_and_grad, symgrad.vjp, symgrad.jvp, symgrad.jacobian):
        assert faults(verb(formula).to_latex()) == []


def test_formulas_of_real_use(corpus) -> None:  # type: ignore[no-untyped-def]
    for row in corpus("feynman")[::5]:
        assert faults(symgrad.grad(row["formula"]).to_latex()) == []


def test_too_long_to_be_looked_at() -> None:
    formula = "+".join(f"sin({k}*x)" for k in range(300))
    with pytest.raises(symgrad.LimitError, match="the LaTeX of a formula of 899 operations"):
        symgrad.function(formula).to_latex()
