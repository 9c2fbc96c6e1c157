"""A user's function is checked when it is defined, and the error shows where it is wrong."""

import pytest

import symgrad
from symgrad.compiled import Compiled
from symgrad.errors import DefinitionError
from symgrad.functions import builtin_functions
from symgrad.graph import STRUCTURAL
from symgrad.language.extend import extend, is_linear
from symgrad.lower import lower_rule
from symgrad.pipeline import derive
from symgrad.syntax import parse
from symgrad.targets.numpy import NUMPY
from symgrad.targets.scalar import SCALAR


def refused(*lines: str) -> str:
    with pytest.raises(symgrad.SymgradError) as caught:
        extend(builtin_functions(), lines)
    return f"{type(caught.value).__name__}: {caught.value}"


TAKEN = "Choose another name; inside a formula, name(x) = ... may reuse it."
SHAPE = "Write name(x) = definition : derivative."
NAMES = "Use its parameters; a derivative may use out and g as well."
HEAD = "out is the function's value, g its cotangent; pi, inf and nan are constants."
LINEAR = "Without g it is multiplied by the cotangent for you."
KINDS = "Write c: bool for a condition, -> bool for a function that gives one, else nothing."

# A line, what is wrong with it, the carets below it, and what to write instead.
WRONG = [
    ("sin(x) = x", "sin is a function of the language", "^^^", TAKEN),
    ("where(c) = c", "where is a function of the language", "^^^^^", TAKEN),
    ("f", "this is not the definition of a function", "^", SHAPE),
    ("x = 3", "this is not the definition of a function", "^^^^^", SHAPE),
    ("f(x)", "f has neither a definition nor a derivative", "^^^^", SHAPE),
    ("f(x) : 2", "f has no definition", "^^^^^^^^", SHAPE),
    ("f(x) = z", "z is not a parameter of f", "       ^", NAMES),
    ("f(x) = out", "out is not a parameter of f", "       ^^^", NAMES),
    ("f(x) = none", "none is not a parameter of f", "       ^^^^", NAMES),
    ("f(x) = x : 2*none", "none is not a parameter of f", "             ^^^^", NAMES),
    (
        "f(x) = f(x)",
        "f is defined by itself",
        "       ^^^^",
        "Recursion is not part of the language.",
    ),
    ("f(x, x) = x", "two parameters have the same name", "^^^^^^^^^^^", ""),
    ("f(g) = g", "a parameter cannot be called g", "^^^^^^^^", HEAD),
    ("f(pi) = pi", "a parameter cannot be called pi", "^^^^^^^^^^", HEAD),
    (
        "f(x, y) = x*y : y",
        "f has 2 parameters and 1 derivative",
        "                ^",
        "Write one derivative for each parameter.",
    ),
    (
        "f(x, s=x) = s",
        "the default of s is not a constant",
        "       ^",
        "Write a number.",
    ),
    (
        "f(x=1, y) = x",
        "y has no default and stands after one that has",
        "^^^^^^^^^^^^^",
        "Give it a default, or move it to the left.",
    ),
    ("f(c: int) = 1", "int is not a kind of value", "^^^^^^^^^^^^^", KINDS),
    ("f(x) -> int = x", "int is not a kind of value", "^^^^^^^^^^^^^^^", KINDS),
    (
        "f(x) = x > 0",
        "the definition gives a bool",
        "       ^^^^^",
        "Write name(x) -> bool = definition.",
    ),
    (
        "f(c: bool) = c",
        "the definition gives a bool",
        "             ^",
        "Write name(x) -> bool = definition.",
    ),
    ("f(x) -> bool = x", "the definition gives a number", "               ^", "Drop -> bool."),
    (
        "f(x) = x : x > 0",
        "the derivative is a condition",
        "           ^^^^^",
        "Write where(condition, 1, 0).",
    ),
    ("f(x) = x : g**2", "the derivative is not linear in g", "           ^^^^", LINEAR),
]


@pytest.mark.parametrize(("line", "message", "carets", "hint"), WRONG)
def test_lines_that_are_no_definition(line: str, message: str, carets: str, hint: str) -> None:
    expected = f"DefinitionError: {message}\n  {line}\n  {carets}\n{hint}".rstrip()
    assert refused(line) == expected


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            "f(x) = sinn(x)",
            "UnknownFunctionError: unknown function sinn\n  f(x) = sinn(x)\n         ^^^^\n"
            "Did you mean sin or sinh or sinc?",
        ),
        (
            "f(x) = x : cos(x, 2)",
            "ArgumentError: cos takes 1 argument, not 2\n  f(x) = x : cos(x, 2)\n"
            "                    ^\nIt is cos(x).",
        ),
        (
            "f(x) = x +",
            "FormulaSyntaxError: the formula ends where an operand is expected\n  f(x) = x +\n"
            "            ^\nWrite a number, a name or a call.",
        ),
    ],
)
def test_lines_whose_expressions_are_wrong(line: str, complaint: str) -> None:
    assert refused(line) == complaint


def test_recursion_by_way_of_others() -> None:
    assert refused("b(x) = x", "a(x) = b(x) + 1", "b(x) = 2*a(x)") == (
        "DefinitionError: a is defined by itself, by way of b\n"
        "  a(x) = b(x) + 1\n"
        "         ^^^^\n"
        "Recursion is not part of the language."
    )


def test_a_new_signature_must_suit_the_callers() -> None:
    assert refused("b(x) = x", "a(x) = b(x) + 1", "b(x, y) = x*y") == (
        "ArgumentError: b needs 2 arguments: y is missing\n"
        "  a(x) = b(x) + 1\n"
        "         ^^^^\n"
        "It is b(x, y)."
    )


def test_functions_may_come_in_any_order() -> None:
    table = extend(builtin_functions(), ["a(x) = b(x) + 1", "b(x) = x**2"])
    assert derive("a(x)", None, table).inputs == ("x",)


def test_a_long_chain_of_calls_needs_no_deep_stack() -> None:
    lines = [f"f{n}(x) = sin(f{n - 1}(x))" for n in range(400, 0, -1)]
    table = extend(builtin_functions(), [*lines, "f0(x) = x"])
    assert len(derive("f400(x)", (), table).graph.nodes) == 401


def test_the_language_itself_is_left_as_it_was() -> None:
    extend(builtin_functions(), ["f(x) = x"])
    assert "f" not in builtin_functions()
    assert builtin_functions().added == ()


def test_only_the_last_definition_counts() -> None:
    table = extend(builtin_functions(), ["f(x) = x", "h(x) = x", "f(x) = 2*x"])
    assert table.added == ("h(x) = x", "f(x) = 2*x")
    assert table.line("f") == "f(x) = 2*x"


@pytest.mark.parametrize(
    "text",
    [
        "g",
        "-g",
        "x*g",
        "g*out",
        "2*g - g/x",
        "keep(x > 0, g)",
        "where(x > 0, g, 0)",
        "where(x > 0, g, g/2)",
        "g if x > 0 else -g",
        "g*(x + 1) + x*(g - 2*g)",
        "square(x)*g",
    ],
)
def test_what_is_linear_in_g(text: str) -> None:
    (statement,) = parse(text)
    assert is_linear(lower_rule(statement.body, text, builtin_functions()), "g")


@pytest.mark.parametrize(
    "text",
    [
        "g + 1",
        "g - x",
        "g*g",
        "g*g/g",
        "g**2",
        "g**1",
        "x/g",
        "x**g",
        "abs(g)",
        "sin(g)",
        "maximum(g, 0)",
        "where(g > 0, g, 0)",
        "where(x > 0, g, 1)",
        "2 if g > 0 else 1",
        "x",
    ],
)
def test_what_is_not_linear_in_g(text: str) -> None:
    (statement,) = parse(text)
    assert not is_linear(lower_rule(statement.body, text, builtin_functions()), "g")


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in (NUMPY.known | SCALAR.known | STRUCTURAL | {"parameter"})
        if name.isidentifier() and name not in builtin_functions()
    ),
)
def test_no_function_takes_the_name_of_something_else_that_targets_know(name: str) -> None:
    with pytest.raises(DefinitionError, match=f"{name} is reserved"):
        extend(builtin_functions(), [f"{name}(x) = x**2 : 2*x"])


@pytest.mark.parametrize("name", ["full", "asarray", "special", "value", "grad", "np", "t1"])
def test_names_that_generated_code_uses_are_free_for_functions(name: str) -> None:
    table = extend(builtin_functions(), [f"{name}(x) = x**3 : 3*x**2"])
    compiled = Compiled("value_and_grad", f"{name}(2*x) + {name}", None, False, table)
    assert compiled(x=1.0, **{name: 5.0}) == (13.0, {"x": 24.0, name: 1.0})
