"""Trees that are made of parts: written out and read again they are the same."""

import math

import pytest

from symgrad.language import making
from symgrad.language.printer import unparse, unparse_statements
from symgrad.syntax import parse

x, y, minus = making.name("x"), making.name("y"), making.number(-2)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (making.number(2), "2"),
        (making.number(-0.1), "-0.1"),
        (making.number(math.inf), "inf"),
        (making.number(-math.inf), "-inf"),
        (making.number(math.nan), "nan"),
        (making.operation("power", making.operation("add", x, y), minus), "(x + y)**-2"),
        (making.call("clip", [x, y, y], ["min", "max"]), "clip(x, min=y, max=y)"),
        (making.compared(["<", "<="], [x, y, x]), "x < y <= x"),
        (making.negated(making.operation("multiply", y, x)), "-y * x"),
        (making.listed([x, making.listed([y])]), "[x, [y]]"),
        (making.in_turn(lambda a, b: making.operation("subtract", a, b), [x, y, x]), "x - y - x"),
    ],
)  # fmt: skip
def test_trees_are_written(tree: making.Tree, text: str) -> None:
    assert unparse(tree) == text
    assert unparse(parse(text)[0].body) == text


def test_statements_are_written() -> None:
    statements = [
        making.declared("A", [making.name("n"), making.number(2)]),
        making.assigned(x, making.operation("matmul", making.name("A"), y)),
        making.valued(making.call("sum", [x])),
    ]
    text = unparse_statements(statements)
    assert text == "A: (n, 2)\nx = A @ y\nsum(x)"
    assert unparse_statements(parse(text)) == text


@pytest.mark.parametrize(
    ("word", "fits"),
    [
        ("x", "x"),
        ("x_{12}", "x_12"),
        (r"\alpha_0", "alpha_0"),
        ("x'", "x_"),
        ("2nd", "x2nd"),
        ("nan", "nan_"),
        ("not", "not_"),
        ("é", "x"),
        ("a b", "a_b"),
        ("lambda", "lambda"),
        ("y", "y_2"),
    ],
)
def test_names_are_made_to_fit(word: str, fits: str) -> None:
    assert making.fitting(word, {"y"}) == fits
    assert parse(fits)[0].body.value == fits
