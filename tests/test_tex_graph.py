"""Graphs as equations: what is shared has a line, and names are those of the formula."""

import pytest

import symgrad
from symgrad.api import functions
from symgrad.language.formula import lower
from symgrad.seeing.tex_graph import GraphWriter
from symgrad.seeing.tex_tree import TreeWriter
from symgrad.syntax import parse


def lines(formula: str) -> list[str]:
    lowered = lower(formula, functions())
    trees = TreeWriter(parse(formula), functions())
    return GraphWriter(lowered.graph, trees, functions(), lowered.shapes).lines(["y"])


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("x**2 + x**2", ["y &= x^{2} + x^{2}"]),
        (
            "sin(a + b*c + d)**2 * exp(sin(a + b*c + d))",
            [r"t_{1} &= \sin(a + b \, c + d)", r"y &= t_{1}^{2} \, e^{t_{1}}"],
        ),
        (
            "t_1 + sin(a + b*c + d)*cos(sin(a + b*c + d))",
            [r"t_{2} &= \sin(a + b \, c + d)", r"y &= t_{1} + t_{2} \, \cos(t_{2})"],
        ),
        ("r = a + b; r*exp(r)", [r"y &= r \, e^{r}"]),
        ("where(p > 0, a, b)", [r"y &= \begin{cases} a & \text{if }p > 0 \\ b & \text{otherwise}"
                                r" \end{cases}"]),
        ("clip(x, 0, 1)", [r"y &= \operatorname{clip}(x, 0, 1)"]),
        ("X: (n, d); X / size(X, 0)", [r"y &= \frac{X}{n}"]),
        ("x[1:, i]", ["y &= x_{1:, i}"]),
        ("sum(x, axis=(0, 1))", [r"y &= \sum_{\mathrm{axis}\,(0, 1)} x"]),
        ("std(x, ddof=1)", [r"y &= \operatorname{std}(x, \mathrm{ddof} = 1)"]),
        ("norm(x)", [r"y &= \left\| x \right\|"]),
        ("stack([x, y, z])", [r"y &= \operatorname{stack}(x, y, z)"]),
    ],
)  # fmt: skip
def test_equations(formula: str, wanted: list[str]) -> None:
    assert lines(formula) == wanted


def test_parts_of_rules_are_written_by_their_definitions() -> None:
    """1 - x**2 is a form of its own to the compiler, and its slope is spelled out as well."""
    assert r"\frac{1}{\sqrt{1^{2} - x^{2}}}" in symgrad.grad("arcsin(x)").to_latex()


def test_long_lines_are_cut() -> None:
    formula = " + ".join(f"sin({k}*x)*cos(y + {k})" for k in range(40))
    assert max(map(len, lines(formula))) < 300
