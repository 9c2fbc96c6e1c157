"""A row per operation: all are well formed, and all are known to be read by others."""

import warnings

import pytest
from matplotlib.mathtext import MathTextParser

from symgrad.api import functions
from symgrad.functions import Function, builtin_functions
from symgrad.seeing.tex_spellings import LATEX, cases
from symgrad.seeing.tex_tree import TreeWriter
from symgrad.syntax import parse
from tests.latex_checks import faults

ROWS = sorted(builtin_functions())
GIVEN = {"static": "0", "shape": "(2, n)"}


def latex(text: str) -> str:
    return TreeWriter((), functions()).write(parse(text)[0].body).code


def called(function: Function) -> str:
    arguments = [
        GIVEN.get(parameter.kind, letter)
        for letter, parameter in zip("abcxyz", function.parameters, strict=False)
    ]
    return f"{function.name}({', '.join(arguments)})"


def test_every_row_of_the_function_table_is_well_formed() -> None:
    wrong = {row: faults(latex(called(builtin_functions()[row]))) for row in ROWS}
    assert {row: found for row, found in wrong.items() if found} == {}


def test_matplotlib_reads_all_but_distinctions_of_cases() -> None:
    """Its own parser of a part of LaTeX, as a reader that is not ours."""
    parser = MathTextParser("path")
    unread = []
    for row in ROWS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parser.parse(f"${latex(called(builtin_functions()[row]))}$")
        except ValueError:
            unread.append(row)
    assert unread == ["keep", "where"]


def test_every_spelling_is_that_of_an_operation() -> None:
    graph = {"broadcast", "unbroadcast", "integer", "_at", "_outer", "_vdot", "_solve_vector"}
    assert set(LATEX) - set(builtin_functions()) - graph == {"D", "ln"}


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        ("a + b*c", r"a + b \, c"),
        ("(a + b)*c", r"(a + b) \, c"),
        ("a*(b*c)", r"a \, b \, c"),
        ("a - (b - c)", "a - (b - c)"),
        ("a + -b", "a - b"),
        ("a - -b", "a - (-b)"),
        ("-a*b", r"-a \, b"),
        ("-(a + b)", "-(a + b)"),
        ("x*2", r"x \cdot 2"),
        ("2*3", r"2 \cdot 3"),
        ("2*x", r"2 \, x"),
        ("a/b/c", r"\frac{a}{b \, c}"),
        ("a/b/b", r"\frac{a}{b^{2}}"),
        ("-a/b", r"-\frac{a}{b}"),
        ("a/b*c", r"\frac{a}{b} \, c"),
        ("(a/b)**2", r"\left(\frac{a}{b}\right)^{2}"),
        ("x**-1", "x^{-1}"),
        ("(-x)**2", "(-x)^{2}"),
        ("2**3**x", "2^{3^{x}}"),
        ("sin(x)**2", r"\sin^{2}(x)"),
        ("sin(x)**y", r"\sin(x)^{y}"),
        ("exp(x)**2", r"(e^{x})^{2}"),
        ("exp(a/b)", r"e^{\frac{a}{b}}"),
        ("exp(exp(x))", r"\exp(e^{x})"),
        ("sqrt(x)**3", r"\left(\sqrt{x}\right)^{3}"),
        ("abs(x)*y", r"\left|x\right| \, y"),
        ("hypot(a + b, c)", r"\sqrt{(a + b)^{2} + c^{2}}"),
        ("log1p(-x)", r"\log(1 - x)"),
        ("sum(x)*y", r"\left(\sum x\right) \, y"),
        ("sum(x + y)", r"\sum (x + y)"),
        ("sum(x) + y", r"\sum x + y"),
        ("sum(x, axis=0)", r"\sum_{\mathrm{axis}\,0} x"),
        ("x.max(axis=-1)", r"\max_{\mathrm{axis}\,-1}(x)"),
        ("norm(x, 1)", r"\left\| x \right\|_{1}"),
        ("norm(A, 'fro')", r"\left\| A \right\|_{F}"),
        ("A @ b", r"A \, b"),
        ("A @ (b + c)", r"A \, (b + c)"),
        ("(A @ b) * c", r"A \, b \odot c"),
        ("2*(A @ b)", r"2 \, A \, b"),
        ("A.T @ b", r"A^{\top} \, b"),
        ("inv(A + B)", "(A + B)^{-1}"),
        ("solve(A, b)", r"A^{-1} \, b"),
        ("outer(a, b)", r"a \, b^{\top}"),
        ("eye(3) + zeros((2, n))", r"I_{3} + \mathbf{0}_{(2, n)}"),
        ("x[1:, i] + x[...]", r"x_{1:, i} + x_{\dots}"),
        ("x_1[0]", "x_{1}[0]"),
        ("[[1, 2], [3, x]]", r"\begin{pmatrix} 1 & 2 \\ 3 & x \end{pmatrix}"),
        ("a < b <= c", r"a < b \leq c"),
        ("not (p or q) and r", r"\neg (p \vee q) \wedge r"),
        ("D(u, x, 2)", r"\frac{\partial^{2}}{\partial x^{2}} u"),
        ("softmax(x, axis=0)", r"\operatorname{softmax}_{\mathrm{axis}\,0}(x)"),
        ("leaky_relu(x, 0.1)", r"\operatorname{leaky\_relu}(x, 0.1)"),
        ("clip(x, min=0, max=1)", r"\operatorname{clip}(x, 0, 1)"),
    ],
)
def test_spellings(formula: str, tex: str) -> None:
    assert latex(formula) == tex
    assert faults(tex) == []


def test_cases_within_cases_are_further_cases() -> None:
    assert latex("a if p else b if q else c") == cases([("a", "p"), ("b", "q"), ("c", "")]).code
