"""Operations and values, as pictures and explanations put them."""

import numpy as np
import pytest

from symgrad.api import functions
from symgrad.language.formula import lower
from symgrad.seeing.wording import brief, glance, named, number, said

SAID = [
    ("a - (b - 1)", ["b - 1", "a - v1"]),
    ("(a + b) * -2", ["a + b", "v1 * -2"]),
    ("h = a**2; h / (3 - h)", ["a**2", "3 - h", "h / v1"]),
    ("x[1:, None]", ["x[1:, None]"]),
    ("x[k]", ["k", "x[v1]"]),
    ("sum(x, axis=(0, 1)) + sum(x)", ["sum(x, axis=(0, 1))", "sum(x)", "v1 + v2"]),
    ("std(x, ddof=1)", ["std(x, ddof=1)"]),
    ("x.T", ["x.T"]),
    ("a if p > 0 else b", ["p > 0", "keep(v1, a)", "not v1", "keep(v3, b)", "v2 + v4"]),
    ("v1 + x*y", ["x * y", "v1 + v2"]),
    ("reshape(x, (n, 2))", ["n", "reshape(x, shape=(v1, 2))"]),
]


@pytest.mark.parametrize(("formula", "words"), SAID)
def test_operations_are_said_as_the_language_writes_them(formula: str, words: list[str]) -> None:
    graph = lower(formula, functions()).graph
    names = named(graph)
    assert [said(n, names, functions()) for n in graph.nodes if n in names and n.args] == words


def test_names_are_not_given_twice() -> None:
    graph = lower("v1 = x + v2; v1 * sin(v1)", functions()).graph
    names = list(named(graph).values())
    assert names == ["x", "v2", "v1", "v3", "v4"]


def test_what_a_reader_takes_for_its_operand_has_its_name() -> None:
    graph = lower("x[k]", functions()).graph
    assert list(named(graph, {"integer"}).values()) == ["x", "k", "k", "v1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.0, "0"), (1234567.0, "1.235e+06"), (-3.0, "-3"), (np.nan, "nan"), (np.inf, "inf")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_arrays() -> None:
    cube = np.arange(24.0).reshape(2, 3, 4)
    assert brief(cube, entries=1) == "[[[0, …], [4, …], …], [[12, …], [16, …], …]] (2, 3, 4)"
    assert brief([True, False]) == "[True, False]"
    assert glance(cube, 2) == "[0, 1, …] (2, 3, 4)"
    assert glance(np.zeros((0, 3))) == "[] (0, 3)"
