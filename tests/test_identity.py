"""Whether something is what an expression says."""

import pytest

from symgrad.functions import builtin_functions
from symgrad.graph import Graph, Node
from symgrad.language.formula import lower
from symgrad.rewriting.identity import is_same

TABLE = builtin_functions()


def graph_of(formula: str) -> Graph:
    return lower(formula, TABLE).graph


def compared(left: str, right: str, expression: str = "-y**2/2") -> bool:
    """Whether the first of two formulas is an expression in the second, y."""
    both = graph_of(f"hypot({left}, {right})")
    first, second = both.outputs[0].args
    return is_same(first, graph_of(expression), {"y": second})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("-x**2/2", "x"),
        ("-x*x*0.5", "-x"),
        ("-(a-m)**2/(2*s**2)", "(m-a)/s"),
        ("-0.5*(log(x)-m)**2/s/s", "(log(x)-m)/s"),
        ("-x/2", "sqrt(x)"),
        ("-(x/sqrt(2))**2", "x"),
    ],
)
def test_other_ways_to_write_it(left: str, right: str) -> None:
    assert compared(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x**2/2", "x"),
        ("-x**2/2", "y"),
        ("-x**2/2", "abs(y)"),
        ("-x**2/2.0000001", "x"),
        ("-(x+a)**2/2", "x"),
        ("sin(x)", "x"),
        ("x/0", "x"),
        ("-x**2/2", "1/0"),
    ],
)
def test_what_is_something_else(left: str, right: str) -> None:
    assert not compared(left, right)


def test_what_is_large_is_not_looked_at() -> None:
    long = "+".join(f"x{k}" for k in range(100))
    assert not compared(f"-({long})**2/2", long)


def test_a_deep_chain_is_no_matter() -> None:
    x = Node("input", (), "x")
    for _ in range(100_000):
        x = Node("negative", (x,))
    assert not is_same(x, graph_of("-y**2/2"), {"y": x})
