"""Statements: what names mean from one to the next, and what a formula may end with."""

import numpy as np
import pytest

import symgrad
from symgrad.errors import NameRuleError
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower

TABLE = builtin_functions()

INPUTS = [
    ("x*y + x", ("x", "y")),
    ("a = y; b = x; b", ("y", "x")),
    ("f(u) = u*c; f(x)", ("c", "x")),
    ("X: (n, d); n*sum(X)", ("X",)),
    ("b: scalar; a + b", ("b", "a")),
    ("Q, R = qr(A); Q + R", ("A",)),
]


@pytest.mark.parametrize(("formula", "inputs"), INPUTS)
def test_inputs_in_the_order_of_their_first_use(formula: str, inputs: tuple[str, ...]) -> None:
    assert lower(formula, TABLE).inputs == inputs


A = np.array([[2.0, 1.0], [0.0, 3.0]])
VALUES = [
    ("f(x) = 2*x; f(f(3))", 12.0),
    ("f(x) = x + 1; f(x) = f(x)**2; f(2)", 9.0),
    ("c = 2; f(x) = c*x; c = 5; f(1) + c", 7.0),
    ("sum(x) = 7; sum(A)", 7.0),
    ("f(M) = trace(M @ M); f(A)", 13.0),
    ("f(v) = v[0] + v[-1]; f(A[0])", 3.0),
    ("f(x, y) = [x, y]; f(1, 2)[1]", 2.0),
    ("n, d = A.shape; n + 10*d", 22.0),
    ("s, l = slogdet(A); s*exp(l)", 6.0),
    ("u, v, w = split([1, 2, 3], 3); (u + 10*v + 100*w)[0]", 321.0),
    ("p = A[0, 0] > 1; p + p", 2.0),
    ("a = 3; b = a", 3.0),
]


@pytest.mark.parametrize(("formula", "value"), VALUES)
def test_values(formula: str, value: float) -> None:
    function = symgrad.function(formula)
    assert function(**({"A": A} if "A" in function.inputs else {})) == pytest.approx(value)


LAST = "Add an expression that uses "
OTHER = "Choose another name."
REFUSED = [
    ("pi = 3; pi", "pi is a constant and cannot be assigned\n  pi = 3; pi\n  ^^\n" + OTHER),
    ("None = 3; 1", "None is a constant and cannot be assigned\n  None = 3; 1\n  ^^^^\n" + OTHER),
    ("f(True) = 3; 1",
     "True is a constant and cannot be a parameter\n  f(True) = 3; 1\n    ^^^^\n" + OTHER),
    ("y = x; x = 2; x", "x is assigned after it was used as an input\n  y = x; x = 2; x\n"
     "         ^\nChoose another name for what is assigned."),
    ("x = x + 1; x", "x has no value yet in its own definition\n  x = x + 1; x\n      ^\n"
     "Choose another name for what is assigned."),
    ("x; y", "the value of this statement is not used\n  x; y\n  ^\n"
     "Assign it to a name; a line goes on in the next if it ends with an operator."),
    ("f(x, y) = x", "the formula ends with the definition of f\n  f(x, y) = x\n  ^^^^^^^\n"
     + LAST + "it, as f(x, y)."),
    ("Q, R = qr(A)", "the formula ends with several values\n  Q, R = qr(A)\n  ^^^^\n"
     + LAST + "them."),
    ("a, b, c = qr(A); a", "3 names for 2 values\n  a, b, c = qr(A); a\n  ^^^^^^^^^^^^^^^\n"
     "Name each value once."),
    ("a, b = x; a", "2 names for 1 value\n  a, b = x; a\n  ^^^^^^^^\nName each value once."),
    ("Q, A = qr(A); Q", "this cannot be assigned\n  Q, A = qr(A); Q\n     ^\n" + OTHER),
    ("Q, x[0] = qr(A); Q", "this cannot be assigned\n  Q, x[0] = qr(A); Q\n     ^^^^\n" + OTHER),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "complaint"), REFUSED)
def test_what_is_refused(formula: str, complaint: str) -> None:
    with pytest.raises(NameRuleError) as caught:
        lower(formula, TABLE)
    assert str(caught.value) == complaint


def test_the_users_names_stay_with_the_graph() -> None:
    graph = lower("a = x @ y; b = a + 1; b*a", TABLE).graph
    assert sorted(graph.labels.values()) == ["a", "b"]


def test_only_what_the_value_needs_is_in_the_graph() -> None:
    assert str(lower("a = sin(x); f(y) = cos(y); 2*x", TABLE).graph) == (
        "v1 = multiply(2.0, x)\nreturn v1"
    )
