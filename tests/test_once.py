"""Work that is written in two ways and done once."""

import re

import pytest

import symgrad
from symgrad.graph import Builder
from symgrad.rewriting.once import in_one_order, reduced_once
from symgrad.testing import assert_gradient_correct

X = [[0.5, 1.5, 2.0], [1.0, -1.0, 1.0]]
TWICE = [
    ("logsumexp(x, axis=1) - y", ("max",), [0.25, 4.0]),
    ("max(x, axis=1) * y - max(x, axis=1, keepdims=True)[:, 0]", ("max",), [0.25, 4.0]),
    ("mean(x, axis=0) / mean(x, axis=0, keepdims=True) @ y", ("mean",), [1.0, 2.0, 3.0]),
]
"""Formulas of x and y, what their gradients reduce by only once, and values for y."""


@pytest.mark.parametrize(("formula", "once", "y"), TWICE)
def test_reductions_are_computed_once(formula: str, once: tuple[str, ...], y: list[float]) -> None:
    assert assert_gradient_correct(formula, {"x": X, "y": y})
    source = symgrad.grad(formula).source
    start = source.index("def grad(")
    text = source[start : source.index("def value_and_grad(")]
    for name in once:
        assert len(re.findall(rf"\b{name}\(", text)) == 1, text


def test_what_is_reduced_in_both_ways_ends_in_one_reduction() -> None:
    build = Builder()
    x = build.node("input", value="x")
    bare = build.node("max", x, value=(1, False))
    kept = build.node("max", x, value=(1, True))
    spread = build.node("expand_dims", bare, value=(1,))
    first, second = build.node("equal", x, spread), build.node("equal", x, kept)
    graph = reduced_once(build.graph((build.node("add", first, second), bare)))
    assert [node.op for node in graph.nodes].count("max") == 1
    assert [node.op for node in graph.nodes].count("equal") == 1


def test_sums_and_products_in_either_order_are_one() -> None:
    build = Builder()
    x, y = build.node("input", value="x"), build.node("input", value="y")
    both = build.node("subtract", build.node("add", x, y), build.node("add", y, x))
    graph = in_one_order(build.graph((both,)))
    assert [node.op for node in graph.nodes].count("add") == 1
