"""Nodes made once, in topological order, and the questions that passes ask of them."""

import math

import pytest

from symgrad.errors import LimitError
from symgrad.graph import Builder, ancestors, descendants
from symgrad.limits import Limits
from symgrad.shaping.leaves import Leaves


def test_equal_operations_are_one_node() -> None:
    build = Builder()
    x = build.node("input", value="x")
    assert build.node("sin", x) is build.node("sin", x)
    assert build.node("input", value="x") is x


def test_constants_are_told_apart_by_type_and_bits() -> None:
    build = Builder()
    values = [0.0, -0.0, 1.0, True, False, math.nan, math.inf]
    nodes = [build.constant(value) for value in values]
    assert len(set(nodes)) == len(values)
    assert build.constant(math.nan) is nodes[5]
    assert build.constant(1) is nodes[2]


def test_a_place_in_the_text_does_not_tell_nodes_apart() -> None:
    build = Builder()
    first = build.node("input", value="x", span=(0, 1))
    assert build.node("input", value="x", span=(4, 5)) is first
    assert first.span == (0, 1)


def test_known_finds_and_never_makes() -> None:
    build = Builder()
    x = build.node("input", value="x")
    assert build.known("sin", x) is None
    made = build.node("sin", x)
    assert build.known("sin", x) is made
    assert len(build.nodes) == 2


def test_a_graph_holds_what_its_outputs_need_in_order() -> None:
    build = Builder()
    x = build.node("input", value="x")
    unused = build.node("cos", x)
    square = build.node("multiply", x, x)
    result = build.node("exp", square)
    graph = build.graph([result], {square: "s", unused: "u"})
    assert graph.nodes == (x, square, result)
    assert graph.labels == {square: "s"}
    assert graph.inputs() == {"x": x}
    assert str(graph) == "v1 = multiply(x, x)  # s\nv2 = exp(v1)\nreturn v2"
    assert repr(graph) == "<Graph: 3 nodes, 1 outputs>"


def test_inline_makes_a_graph_again_on_other_inputs() -> None:
    body = Builder()
    a, b = (body.node("input", value=name) for name in "ab")
    product = body.graph([body.node("multiply", a, b)])
    build = Builder()
    x = build.node("input", value="x")
    assert build.inline(product, {"a": x, "b": x}) is build.node("multiply", x, x)


def test_ancestors_and_descendants() -> None:
    build = Builder()
    x, y = (build.node("input", value=name) for name in "xy")
    sine = build.node("sin", x)
    total = build.node("add", sine, y)
    assert ancestors(build.nodes, [sine]) == {x, sine}
    assert descendants(build.nodes, [x]) == {x, sine, total}


def test_leaves_follow_shapes() -> None:
    build = Builder()
    leaves = Leaves(build.nodes)
    x, y = (build.node("input", value=name) for name in "xy")
    total = build.node("add", x, y)
    assert leaves[total] == leaves[x] | leaves[y]
    assert leaves[build.constant(2.0)] == 0
    assert leaves[build.node("unbroadcast", total, x)] == leaves[x]
    picked = build.node("index", x, value=(0,))
    assert leaves[picked] not in (leaves[x], leaves[y], leaves[total])


def test_a_graph_without_end_is_refused() -> None:
    with Limits(nodes=3):
        build = Builder()
    node = build.node("sin", build.node("sin", build.node("input", value="x")))
    with pytest.raises(LimitError, match="needs more than 3 operations"):
        build.node("sin", node)


def test_a_deep_chain_is_printed_and_pruned_without_recursion() -> None:
    build = Builder()
    node = build.node("input", value="x")
    for _ in range(50_000):
        node = build.node("sin", node)
    graph = build.graph([node])
    assert len(graph.nodes) == 50_001
    assert str(graph).endswith("return v50000")
