"""Tree to graph: what names mean, what conditions come to, and sizes."""

import math
from collections import Counter
from typing import Any

import pytest

from symgrad.errors import LimitError, SymgradError
from symgrad.functions import builtin_functions
from symgrad.graph import Node
from symgrad.language.formula import Lowered, lower
from symgrad.limits import Limits
from symgrad.lower import lower_rule
from symgrad.syntax import parse
from tests.evaluation import numpy_outputs
from tests.transcript import transcript

TABLE = builtin_functions()


def lowered(formula: str) -> Lowered:
    return lower(formula, TABLE)


def value(formula: str, **inputs: Any) -> Any:
    (result,) = numpy_outputs(lowered(formula).graph, inputs)
    return result


def operations(formula: str) -> Counter[str]:
    """The operations of a formula's graph, each written out over the inputs."""
    written: dict[Node, str] = {}
    for node in lowered(formula).graph.nodes:
        operands = ", ".join(written[arg] for arg in node.args)
        written[node] = f"{node.op} {node.value} ({operands})"
    return Counter(written.values())


@pytest.mark.parametrize(("formula", "shown"), transcript("lowering"))
def test_what_is_refused(formula: str, shown: str) -> None:
    with pytest.raises(SymgradError) as caught:
        lowered(formula)
    assert f"{type(caught.value).__name__}: {caught.value}" == shown


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("a = 2; a = a + 1; a = a*a; a", 9.0),
        ("a = 2; b = a; a = 3; a + 10*b", 23.0),
        ("a = 2; f(x) = a*x; a = 100; f(3)", 6.0),
        ("f(a) = 10*a; a = 2; f(3) + a", 32.0),
        ("a = 2; f(a) = 10*a; f(3) + a", 32.0),
        ("f(x) = x + 1; f(x) = 2*f(x); f(10)", 22.0),
        ("f(x) = x + 1; g(x) = 2*f(x); f(x) = 0; g(10)", 22.0),
        ("sqrt(x) = x + 1; sqrt(10)", 11.0),
        ("sqrt(x) = 2*sqrt(x); sqrt(9)", 6.0),
        ("abs(x) = 7; where(-1 < 0, abs(2), 0) + sqrt(4)", 9.0),
        ("log(x) = x; log1p(0)", 0.0),
        ("f = 2; f(x) = f*x; f(f)", 4.0),
        ("sin = 3; sin*sin(0)", 0.0),
        ("f(x, y) = x - y; f(y=1, x=3) + 10*f(5, y=2)", 32.0),
        ("f() = 3; f()*f()", 9.0),
        ("f(x) = x**2; f(f(f(2)))", 256.0),
        ("f(x) = 1; g(x) = x; f(2) + g(3)", 4.0),
        ("f(x) = x > 2; where(f(3), 1, 2) + 10*f(1)", 1.0),
        ("f(c) = where(c, 1, 2); f(3 > 2) + 10*f(0)", 21.0),
        ("a = 3", 3.0),
        ("(a) = 3; a", 3.0),
        ("g = 2; out = 3; none = 4; g*out*none", 24.0),
    ],
)
def test_what_names_mean(formula: str, result: float) -> None:
    assert lowered(formula).inputs == ()
    assert value(formula) == result


@pytest.mark.parametrize(
    ("formula", "inputs"),
    [
        ("y*x + y", "y x"),
        ("b if c else a", "b c a"),
        ("where(c, b, a)", "c b a"),
        ("clip(max=m, x=x, min=n)", "m x n"),
        ("z**y**x", "z y x"),
        ("a < b < c", "a b c"),
        ("f(t) = b*t; f(a) + c", "b a c"),
        ("f(t) = b*t; a = c; a", "b c"),
        ("a = b; c", "b c"),
        ("x[1] + y", "x y"),
        ("pi + π + inf + nan + e + sin + not", "e sin not"),
        ("leaky_relu(x)", "x"),
        ("0*x", "x"),
    ],
)
def test_inputs_stand_in_the_order_of_first_use(formula: str, inputs: str) -> None:
    assert lowered(formula).inputs == tuple(inputs.split())


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("(x > 0) + (x > 1) + (x > 9)", 2.0),
        ("2*(x == 3)", 2.0),
        ("-(x > 0)", -1.0),
        ("(x > 0)**2 / 4", 0.25),
        ("sqrt(x > 0)", 1.0),
        ("x > 0", 1.0),
        ("not x", 0.0),
        ("~(x - 3)", 1.0),
        ("x and 0", 0.0),
        ("x & (x - 4)", 1.0),
        ("0 or x - 3", 0.0),
        ("0 < x < 4", 1.0),
        ("0 < x < 3", 0.0),
        ("4 > x == 3 != 2 <= 2", 1.0),
        ("(1 < x) < 2", 1.0),
        ("10 if x else 20", 10.0),
        ("10 if x - 3 else 20", 20.0),
        ("1 if x < 0 else 2 if x < 5 else 3", 2.0),
        ("where(x > 2, x > 1, x)", 1.0),
        ("where(nan, 1, 2)", 1.0),
        ("isnan(x / 0) + isinf(x / 0)", 1.0),
    ],
)
def test_conditions_and_numbers(formula: str, result: float) -> None:
    assert value(formula + " + 0*x", x=3.0) == result
    assert value(formula if "x" in formula else formula + " + 0*x", x=3.0) == result


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x^2", "x**2"),
        ("a and b or not c", "a & b | ~c"),
        ("b + c + (b if c else a)", "b + c + where(c, b, a)"),
        ("where(c, b, a)", "where(y=a, c=c, x=b)"),
        ("a < b <= c", "a < b and b <= c"),
        ("s = x + y; s*s", "(x + y)*(x + y)"),
        ("f(u) = u*exp(u); f(x) + f(y)", "x*exp(x) + y*exp(y)"),
        ("leaky_relu(x, slope=0.01)", "leaky_relu(x)"),
        ("1e400 - 1E+400 + 00012 + 1. + .5", "inf - inf + 12 + 1 + 0.5"),
        ("-2", "-2.0"),
    ],
)
def test_two_ways_to_write_it(one: str, other: str) -> None:
    assert operations(one) == operations(other)


def test_literals_are_doubles() -> None:
    constants = [
        n.value for n in lowered("9**9**9 - 7/2 + 1e400 - -0 * x").graph.nodes if n.is_constant
    ]
    assert [(type(c), c) for c in constants] == [
        (float, c) for c in (9.0, 7.0, 2.0, math.inf, -0.0)
    ]
    assert math.copysign(1, constants[-1]) == -1


def test_values_keep_the_names_that_the_formula_gives() -> None:
    graph = lowered("s = x + y; t = x; s**2").graph
    assert "v1 = add(x, y)  # s" in str(graph)
    assert list(graph.labels.values()) == ["s"]


def test_a_rule_knows_which_names_are_conditions() -> None:
    (statement,) = parse("keep(p & q, x)")
    graph = lower_rule(statement.body, "", TABLE, ("p", "q"))
    assert str(graph) == "v1 = logical_and(p, q)\nv2 = keep(v1, x)\nreturn v2"


SIZE = 20_000


@pytest.mark.parametrize(
    ("formula", "count"),
    [
        ("x+" * SIZE + "x", SIZE),
        ("(" * SIZE + "x" + ")" * SIZE, 0),
        ("-" * SIZE + "x", SIZE),
        ("not " * SIZE + "x", SIZE + 2),
        ("sin(" * SIZE + "x" + ")" * SIZE, SIZE),
        ("x<" * SIZE + "x", SIZE + 1),
        ("f(t) = t + x;" + "f(" * SIZE + "x" + ")" * SIZE, SIZE),
        ("a0 = x\n" + "".join(f"a{n} = a{n - 1} + 1\n" for n in range(1, SIZE)), SIZE - 1),
        ("a0 = x + x;" + "".join(f"a{n} = a{n - 1} + a{n - 1};" for n in range(1, 1000)), 1000),
        (
            "f0(t) = t;"
            + "".join(f"f{n}(t) = f{n - 1}(t) + 1;" for n in range(1, 300))
            + "f299(x)",
            299,
        ),
    ],
    ids="sum group minus not calls compare own-calls assignments let-chain own-functions".split(),
)
def test_size_is_bounded_by_memory_alone(formula: str, count: int) -> None:
    graph = lowered(formula).graph
    assert sum(bool(node.args) for node in graph.nodes) == count


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("f{n}(x) = f{m}(f{m}(x));", "f16(x)"),
        ("f{n}(x) = f{m}(x + 1)*f{m}(x + 2);", "f15(x + 1)"),
    ],
)
def test_functions_that_double_end_in_an_error(link: str, place: str) -> None:
    links = "".join(link.format(n=n, m=n - 1) for n in range(1, 60))
    with Limits(nodes=100_000), pytest.raises(LimitError) as caught:
        lowered("f0(x) = sin(x) + 1;" + links + "f59(x)")
    message, line, carets, hint = str(caught.value).split("\n")
    assert message == "the calls of functions come to more than 100,000 operations"
    assert line[carets.index("^") : len(carets)] == place
    assert hint.startswith("Functions that call functions can double at each level.")


def test_a_chain_of_functions_takes_as_many_operations_as_it_has() -> None:
    """A call in a body is not made of operations before that body is."""
    links = "; ".join(f"f{n}(t) = sin(f{n - 1}(t + {n}))" for n in range(1, 300))
    with Limits(nodes=3_000):
        graph = lowered(f"f0(t) = t; {links}; f299(x)").graph
    assert sum(bool(node.args) for node in graph.nodes) == 2 * 299


def test_calls_of_a_function_share_what_does_not_depend_on_its_arguments() -> None:
    graph = lowered("f(t) = t + sin(x)*cos(x); f(1) + f(2) + f(3)").graph
    assert sum(node.op in ("sin", "cos", "multiply") for node in graph.nodes) == 3
