"""Comments of a formula stand in its code, above the statement that they belong to."""

import ast

import pytest

import symgrad
from symgrad.writing.remarks import as_comments, remarks

CASES = [
    ("r = y - x  # a residual\nr**2", {"r": ("a residual",)}),
    ("# apart\n\n# note\nr = y - x # tail\n# the square\nr**2", {
        "r": ("note", "tail"), "": ("the square",),
    }),
    ("a = 1; b = 2*x # two\nf(x) = x # no value\nf(b) + a # all", {"b": ("two",), "": ("all",)}),
    ("X: (n,) # data\nsum(X)\n# below", {}),
    ("v = [x, # inside\n x**2] # outside\nsum(v)", {"v": ("outside",)}),
    ("x**2", {}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "found"), CASES, ids=range(len(CASES)))
def test_comments_belong_to_statements(formula: str, found: dict[str, tuple[str, ...]]) -> None:
    assert remarks(formula) == found


def test_what_no_eye_sees_stands_as_its_number() -> None:
    hostile = "\x00\x0b\x0c\x1b\x1c\x85\xa0\u200b\u2028\u2029\u202e\u2066\ufeff\U000e0041"
    lines = as_comments([f"a{letter}import os" for letter in hostile])
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert len(lines) == len(hostile)


def test_they_stand_above_the_statement() -> None:
    formula = "residual = y - a*x  # of one observation\n# least squares\nresidual**2"
    body = symgrad.value_and_grad(formula, "a").source.split("def value_and_grad(")[1]
    assert (
        """
    # of one observation
    residual = y - a * x
    # least squares
    value = residual**2
    # reverse
"""
        in body
    )
    value = symgrad.function(formula).source.split("def value(")[1]
    assert "    # least squares\n    return residual**2\n" in value


@pytest.mark.parametrize("remark", ['"""', "\\", "日本語 import os", "long " * 40])
def test_no_comment_leaves_its_lines(remark: str) -> None:
    lines = as_comments([remark])
    assert all(line.startswith("# ") and len(line) <= 84 for line in lines)
    source = symgrad.grad(f"r = x**2 # {remark}\nsin(r)*r").source
    assert [type(node).__name__ for node in ast.parse(source).body][-1] == "FunctionDef"
    assert all(line in source for line in lines)
