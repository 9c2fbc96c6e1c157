"""Statements as lines, and names that stay apart."""

import pytest

from symgrad.api import functions
from symgrad.seeing.tex_tree import TreeWriter
from symgrad.syntax import parse


def lines(formula: str) -> list[str]:
    statements = parse(formula)
    writer = TreeWriter(statements, functions())
    return [writer.statement(statement) for statement in statements]


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("r = x - 1; r**2", ["r &= x - 1", "f &= r^{2}"]),
        ("f(u, v) = u*v; f(x, 2)", [r"f(u, v) &= u \, v", "F &= f(x, 2)"]),
        ("f = 1; F = 2; f*F", ["f &= 1", "F &= 2", r"\mathrm{value} &= f \, F"]),
        ("Q, R = qr(A); Q @ R", [r"Q, R &= \operatorname{qr}(A)", r"f &= Q \, R"]),
        (
            "X: (n, 3); w: (n,); b: scalar; X * b + w",
            [
                r"X &\in \mathbb{R}^{n \times 3}",
                r"w &\in \mathbb{R}^{n}",
                r"b &\in \mathbb{R}",
                r"f &= X \, b + w",
            ],
        ),
        ("x1 + x_1", [r"f &= x_{1} + \mathrm{x\_1}"]),
        ("alpha + α", [r"f &= \alpha + \mathrm{α}"]),
        ("pi * π * inf", [r"f &= \pi \, \pi \, \infty"]),
        ("x.T + x.shape[0]", [r"f &= x^{\top} + \operatorname{shape}(x)_{0}"]),
    ],
)
def test_statements(formula: str, wanted: list[str]) -> None:
    assert lines(formula) == wanted


def test_deep_trees() -> None:
    assert lines("-" * 5_000 + "x")[0].count("-") == 5_000
