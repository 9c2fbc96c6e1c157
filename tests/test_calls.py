"""Arguments are bound as in Python, and each mistake is shown where it is."""

import pytest

import symgrad
from symgrad.errors import ArgumentError, SymgradError
from symgrad.functions import builtin_functions
from symgrad.graph import Builder
from symgrad.language.calls import bind, count
from symgrad.language.formula import lower
from symgrad.language.items import Items
from symgrad.syntax import parse

BUILD = Builder()
A, B, C = (BUILD.node("input", value=name) for name in "abc")
NUMBER = parse("1")[0].body


def bound(text: str, parameters: str, *, defaults: str = "", collects: str = "") -> object:
    call = parse(text)[0].body
    args = [{"a": A, "b": B, "c": C}[arg.value] for arg in call.args]
    return bind(
        parameters.split(), dict.fromkeys(defaults.split(), NUMBER), call, args, text, collects
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("f(a, b)", {"x": A, "y": B}),
        ("f(a, y=b)", {"x": A, "y": B}),
        ("f(y=b, x=a)", {"x": A, "y": B}),
        ("f(a)", {"x": A}),
    ],
)
def test_arguments_by_place_and_by_name(text: str, found: object) -> None:
    assert bound(text, "x y", defaults="y") == found


@pytest.mark.parametrize(
    ("text", "first", "rest"),
    [("f(a, b, c)", A, (B, C)), ("f(a)", A, ()), ("f(a, b)", A, (B,))],
)
def test_the_rest(text: str, first: object, rest: tuple[object, ...]) -> None:
    assert bound(text, "x more", collects="more") == {"x": first, "more": Items("tuple", rest)}


HINT = "It is f(x, y=1)."
REFUSED = [
    ("f(a, b, c)", f"f takes at most 2 arguments, not 3\n  f(a, b, c)\n          ^\n{HINT}"),
    ("f()", f"f needs at least 1 argument: x is missing\n  f()\n  ^^^\n{HINT}"),
    ("f(a, z=b)", f"f has no parameter z\n  f(a, z=b)\n       ^\n{HINT}"),
    ("f(a, x=b)", f"x is given twice\n  f(a, x=b)\n       ^\n{HINT}"),
]


@pytest.mark.parametrize(("text", "complaint"), REFUSED)
def test_arguments_that_do_not_fit(text: str, complaint: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        bound(text, "x y", defaults="y")
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 arguments"), (1, "1 argument"), (2, "2 arguments")]
)
def test_counting(number: int, words: str) -> None:
    assert count(number) == words


UNKNOWN = [
    ("tr(A)", "Write trace(A)."),
    ("hstack([a, b])", "Write concatenate([a, b], axis=1)."),
    ("vstack([a, b])", "Write concatenate([a, b])."),
    ("average(x)", "Write mean(x)."),
    ("factorial(n)", "Write exp(gammaln(n + 1))."),
    ("integrate(x, x)", "Write trapezoid(y, x) for the integral of samples."),
    ("full((2, 3), c)", "Write c * ones((n, m))."),
    ("array([a, b])", "Write [a, b, c]."),
    ("a = 3; a(2)", "a is a number: write a * (...) to multiply."),
    ("pi(2)", "pi is a number: write pi * (...) to multiply."),
    ("qqq(2)", "Define it before it is called, or write qqq * (...) to multiply."),
    ("reshap(x, 3)", "Did you mean reshape?"),
]


@pytest.mark.parametrize(("formula", "hint"), UNKNOWN)
def test_functions_that_there_are_not(formula: str, hint: str) -> None:
    with pytest.raises(symgrad.errors.UnknownFunctionError) as caught:
        lower(formula, builtin_functions())
    assert str(caught.value).splitlines()[-1] == hint


WRITTEN_OUT = "Write a number, a tuple of numbers, None, True, False or a text in quotes."
OF_ARRAYS = [
    ("sum(x, 0, 1, 2)",
     "sum takes at most 3 arguments, not 4\n  sum(x, 0, 1, 2)\n               ^\n"
     "It is sum(x, axis=None, keepdims=False)."),
    ("sum(x, axis=i)",
     f"axis must be written out\n  sum(x, axis=i)\n  ^^^^^^^^^^^^^^\n{WRITTEN_OUT}"),
    ("x.sum(axis=i)",
     f"axis must be written out\n  x.sum(axis=i)\n  ^^^^^^^^^^^^^\n{WRITTEN_OUT}"),
    ("max(x, y)",
     "axis must be written out\n  max(x, y)\n  ^^^^^^^^^\n"
     "Write maximum(x, y) for the larger of two."),
    ("min(x, y)",
     "axis must be written out\n  min(x, y)\n  ^^^^^^^^^\n"
     "Write minimum(x, y) for the smaller of two."),
    ("var(x, dof=1)",
     "var has no parameter dof\n  var(x, dof=1)\n         ^^^\nDid you mean ddof?"),
    ("solve(A)",
     "solve needs 2 arguments: b is missing\n  solve(A)\n  ^^^^^^^^\nIt is solve(a, b)."),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "complaint"), OF_ARRAYS)
def test_calls_of_array_functions(formula: str, complaint: str) -> None:
    with pytest.raises(SymgradError) as caught:
        lower(formula, builtin_functions())
    assert str(caught.value) == complaint
