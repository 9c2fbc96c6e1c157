"""Names and numbers in LaTeX, and parentheses that grow with what is in them."""

import math

import pytest

from symgrad.seeing.tex import ATOM, SUM, Tex, escaped, fenced, name, number


@pytest.mark.parametrize(
    ("variable", "tex"),
    [
        ("x", "x"),
        ("alpha", r"\alpha"),
        ("α", r"\alpha"),
        ("Ω", r"\Omega"),
        ("Α", "Α"),
        ("lambda", r"\lambda"),
        ("x_1", "x_{1}"),
        ("x1", "x_{1}"),
        ("W_12", "W_{12}"),
        ("beta2", r"\beta_{2}"),
        ("theta_max", r"\theta_{\mathrm{max}}"),
        ("x_i_j", "x_{i, j}"),
        ("rate", r"\mathrm{rate}"),
        ("log2x", r"\mathrm{log2x}"),
        ("layer1", r"\mathrm{layer1}"),
        ("_", r"\_"),
        ("_x", "x"),
    ],
)
def test_names(variable: str, tex: str) -> None:
    assert name(variable) == tex


@pytest.mark.parametrize(
    ("value", "tex"),
    [
        (2.0, "2"),
        (-2.5, "-2.5"),
        (-0.0, "-0"),
        (1e-7, "10^{-7}"),
        (2.5e30, r"2.5 \cdot 10^{30}"),
        (-1e22, "-10^{22}"),
        (math.inf, r"\infty"),
        (-math.inf, r"-\infty"),
        (math.nan, r"\mathrm{nan}"),
        (True, r"\mathrm{True}"),
        (2 * math.pi, r"2 \, \pi"),
        (1 / math.sqrt(2 * math.pi), r"\frac{1}{\sqrt{2 \, \pi}}"),
        (-math.log(2), r"-\log(2)"),
    ],
)
def test_numbers(value: float, tex: str) -> None:
    assert number(value).code == tex


def test_parentheses_stand_where_they_must_and_grow_where_that_helps() -> None:
    assert Tex("a + b", SUM).within(SUM) == "a + b"
    assert Tex("a + b", SUM).within(ATOM) == "(a + b)"
    assert fenced(r"\frac{a}{b}") == r"\left(\frac{a}{b}\right)"


def test_no_text_is_a_command() -> None:
    assert escaped(r"$\input{x}#_%&^~") == (
        r"\$\backslash input\{x\}\#\_\%\&\wedge \sim "
    )  # fmt: skip
