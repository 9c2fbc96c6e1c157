"""Declared shapes: what is a declaration, and what is told about inputs that are not so."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import InputError, NameRuleError
from symgrad.functions import builtin_functions
from symgrad.language.declarations import Declaration, check_declared
from symgrad.language.formula import lower

TABLE = builtin_functions()


@pytest.mark.parametrize(
    ("formula", "shapes"),
    [
        ("X: (n, d); w: (d,); b: scalar; X @ w + b", {"X": "(n, d)", "w": "(d,)", "b": "scalar"}),
        ("x: float\nx**2", {"x": "scalar"}),
        ("A: (3, 3); A", {"A": "(3, 3)"}),
        ("A: (n, n, 2); A", {"A": "(n, n, 2)"}),
        ("y*2", {}),
        ("x: (); x", {"x": "scalar"}),
    ],
)
def test_what_is_declared(formula: str, shapes: dict[str, str]) -> None:
    lowered = lower(formula, TABLE)
    assert {name: str(shape) for name, shape in lowered.shapes.items()} == shapes


def test_declared_inputs_come_first_in_the_order_of_their_declarations() -> None:
    assert lower("b: scalar; a: (n,); c*a*b", TABLE).inputs == ("b", "a", "c")


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("X: (n, d); sum(X)/n + d", 6.0),
        ("X: (n, d); reshape(X, (d, n))[0, 0]", 1.0),
        ("X: (n, d); d = 5; sum(X) + d", 8.0),
        ("X: (n, d); n = n + d; sum(X) + n", 7.0),
    ],
)
def test_names_of_sizes_are_names_of_numbers(formula: str, value: float) -> None:
    assert symgrad.function(formula)(np.ones((1, 3))) == value


SHAPE = "Write X: (n, d), w: (d,) or b: scalar."
REFUSED = [
    ("x: n; x", "this is not a shape\n  x: n; x\n     ^\n" + SHAPE),
    ("x: 3; x", "this is not a shape\n  x: 3; x\n     ^\n" + SHAPE),
    (
        "x: (n, 2.5); x",
        "a size is a whole number or a name\n  x: (n, 2.5); x\n         ^^^\n" + SHAPE,
    ),
    ("x: (n, -1); x", "a size is a whole number or a name\n  x: (n, -1); x\n         ^^\n" + SHAPE),
    (
        "x: (n + 1,); x",
        "a size is a whole number or a name\n  x: (n + 1,); x\n      ^^^^^\n" + SHAPE,
    ),
    ("f(x): (n,); x", "only a name can be declared\n  f(x): (n,); x\n  ^^^^\n" + SHAPE),
    (
        "a = 1; x: (n,); a*x",
        "a declaration stands at the head of the formula\n  a = 1; x: (n,); a*x\n         ^^^^^^^\n"
        "Move it before all other statements.",
    ),
    (
        "x: (n,); 3",
        "x is declared and not used\n  x: (n,); 3\n  ^\n"
        "Remove the declaration, or check how the name is written below.",
    ),
    (
        "x: (n,)",
        "the formula ends with a declaration\n  x: (n,)\n  ^^^^^^^\n"
        "Add an expression that uses what is declared.",
    ),
    (
        "x: (n,); x: (m,); x",
        "x is declared twice\n  x: (n,); x: (m,); x\n           ^^^^^^^\nDeclare each input once.",
    ),
]


@pytest.mark.parametrize(("formula", "complaint"), REFUSED)
def test_what_is_no_declaration(formula: str, complaint: str) -> None:
    with pytest.raises(NameRuleError) as caught:
        lower(formula, TABLE)
    assert str(caught.value) == complaint


DECLARED = {"X": Declaration(("n", 3), (0, 1)), "w": Declaration(("n",), (4, 5))}


@pytest.mark.parametrize(
    ("shapes", "complaint"),
    [
        ({"X": (2, 3), "w": (2,)}, None),
        ({"X": (0, 3), "w": (0,)}, None),
        (
            {"X": (2, 4), "w": (2,)},
            "X is declared as (n, 3) and has shape (2, 4)\n  X : w\n  ^\nAn axis must have size 3.",
        ),
        (
            {"X": (2, 3), "w": (1,)},
            "n is 2 in X and 1 in w\n  X : w\n      ^\n"
            "Here X has shape (2, 3) and w has shape (1,).",
        ),
        (
            {"X": (2, 3, 1), "w": (2,)},
            "X is declared as (n, 3) and has shape (2, 3, 1)\n  X : w\n  ^\nIt needs 2 axes.",
        ),
        (
            {"X": (2, 3), "w": ()},
            "w is declared as (n,) and has shape ()\n  X : w\n      ^\nIt needs 1 axis.",
        ),
    ],
)
def test_inputs_are_held_against_their_declarations(
    shapes: dict[str, tuple[int, ...]], complaint: str | None
) -> None:
    if complaint is None:
        check_declared(DECLARED, shapes, "X : w")
        return
    with pytest.raises(InputError) as caught:
        check_declared(DECLARED, shapes, "X : w")
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    "formula",
    [
        "x: (n,); sum(reshape(x, (-1, 2))[:, 0]**2)",
        "x: (n,); a, b = split(x, 2); sum(a * b)",
        "x: (n,); sum(x[:, None] * reshape(x, (1, n)))",
    ],
)
def test_named_sizes_may_be_divisible_by_what_they_are(formula: str) -> None:
    """Their stand-ins, when the formula is compiled, are not."""
    compiled = symgrad.grad(formula)
    module: dict[str, Any] = {}
    exec(compiled.source, module)
    x = np.arange(6.0)
    assert np.array_equal(compiled(x), module["grad"](x))
