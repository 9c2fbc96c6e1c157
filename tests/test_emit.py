"""Statements: what is inlined, what gets a name, and which name."""

import ast

import pytest

from symgrad.emit import Body, argument_names, emit
from symgrad.functions import builtin_functions
from symgrad.pipeline import derive
from symgrad.rewriting.finish import without_shapes
from symgrad.schedule import schedule
from symgrad.targets.scalar import SCALAR
from symgrad.writing.naming import Names

TABLE = builtin_functions()


def emitted(formula: str, *wrt: str, taken: tuple[str, ...] = ()) -> Body:
    """Scalar code: the emitter's own doing, without the shapes that NumPy code is about."""
    derived = derive(formula, wrt, TABLE)
    graph = without_shapes(derived.graph)
    names = Names(taken)
    arguments = argument_names(derived.inputs, names)
    plan = schedule(graph, SCALAR, TABLE, graph.outputs[0])
    return emit(plan, SCALAR, arguments, names, ["value", *[f"d{name}" for name in wrt]])


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("(x + y)*z", "(x + y) * z"),
        ("x - (y - z)", "x - (y - z)"),
        ("x/(y*z)", "x / (y * z)"),
        ("-x**2", "-(x**2)"),
        ("(-x)**2 * y", "x**2 * y"),
        ("x**-2", "x**-2"),
        ("2**-x", "pow(2, -x)"),
        ("-(x*y)", "-x * y"),
        ("-(x + y)", "-(x + y)"),
        ("x*0.5", "x * 0.5"),
        ("x + 1e6", "x + 1000000.0"),
        ("x + 3", "x + 3"),
        ("x + inf", "x + inf"),
        ("5", "5.0"),
        ("where(x > 0, 3, 2)", "3.0 if x > 0 else 2.0"),
        ("where((x > 0) & (y > 0) | (x < y), x, y)",
         "x if x > 0 and y > 0 or x < y else y"),
    ],
)  # fmt: skip
def test_expressions(formula: str, result: str) -> None:
    assert emitted(formula) == Body((), (result,))


def test_what_is_used_twice_is_computed_once() -> None:
    assert emitted("exp(x) + exp(x)**2") == Body(("exp_x = exp(x)",), ("exp_x + exp_x**2",))


def test_names_of_the_formula_survive() -> None:
    body = emitted("residual = y - a*x; residual**2", "a")
    assert body == Body(("residual = y - a * x",), ("residual**2", "-2 * x * residual"))


def test_the_reverse_pass_is_marked() -> None:
    body = emitted("s = sin(x*y); s**2 + s", "x", "y")
    assert body.statements == (
        "xy = x * y",
        "s = sin(xy)",
        "# reverse",
        "dxy = (1 + 2 * s) * cos(xy)",
    )
    assert body.results == ("s**2 + s", "dxy * y", "dxy * x")


def test_lines_stay_short() -> None:
    formula = " + ".join(f"sin(number{i}*other{i})*cos(number{i})" for i in range(40))
    body = emitted(formula)
    assert max(map(len, body.statements)) <= 88
    assert max(map(len, body.results)) <= 88


@pytest.mark.parametrize("formula", ["sin(" * 3000 + "x" + ")" * 3000, "+".join(["x*y"] * 3000)])
def test_python_can_compile_what_is_deep_or_wide(formula: str) -> None:
    body = emitted(formula, "x")
    ast.parse("\n".join([*body.statements, *body.results]))


def test_python_keywords_and_taken_names_are_avoided() -> None:
    names = Names(["np"])
    arguments = argument_names(["lambda", "np", "np_", "None", "self", "__debug__", "λ"], names)
    assert list(arguments.values()) == [
        "lambda_", "np_", "np__", "None_", "self", "__debug___", "λ",
    ]  # fmt: skip


def test_temporaries_keep_clear_of_the_users_names() -> None:
    body = emitted("t1 = x*y; z = t1 + exp(t1*t2)*sin(t1*t2); z*exp_x*exp(x)*cos(exp(x))")
    assigned = [line.split(" = ")[0] for line in body.statements if " = " in line]
    assert len(set(assigned)) == len(assigned)
    assert not {"x", "y", "t2", "exp_x"} & set(assigned)


def test_numbered_names_are_found_at_once() -> None:
    names = Names(["r2"])
    assert [names.numbered("r") for _ in range(3)] == ["r", "r3", "r4"]
