"""The walk over a tree: operands first, in the order of the text, at any depth."""

import pytest

from symgrad.language.tree import postorder
from symgrad.syntax import parse


@pytest.mark.parametrize(
    ("text", "walk"),
    [
        ("x", ["x"]),
        ("a + b * c", ["a", "b", "c", "b * c", "a + b * c"]),
        ("f(a, k=b)", ["a", "b", "f(a, k=b)"]),
        ("x[i:, None, j]", ["x", "i", "None", "j", "x[i:, None, j]"]),
        ("[a, (b, c)].T", ["a", "b", "c", "(b, c)", "[a, (b, c)]", "[a, (b, c)].T"]),
        ("x.sum(axis=0)", ["x", "0", "x.sum(axis=0)"]),
        ("a if p else 'b'", ["a", "p", "'b'", "a if p else 'b'"]),
        ("()", ["()"]),
        ("a < b < c", ["a", "b", "c", "a < b < c"]),
    ],
)
def test_operands_come_first(text: str, walk: list[str]) -> None:
    (statement,) = parse(text)
    assert [text[slice(*tree.span)] for tree in postorder(statement.body)] == walk


@pytest.mark.parametrize("unit", ["-", "[", "f(", "x**", "x if y else "])
def test_depth(unit: str) -> None:
    depth = 10_000
    closing = {"[": "]", "f(": ")"}.get(unit, "")
    (statement,) = parse(unit * depth + "x" + closing * depth)
    last = list(postorder(statement.body))[-1]
    assert last is statement.body
