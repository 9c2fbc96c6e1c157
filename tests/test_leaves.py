"""Nodes with the same leaves have the same shape, whatever the shapes of the inputs are."""

import numpy as np
import pytest

from symgrad.functions import builtin_functions
from symgrad.graph import Node
from symgrad.language.formula import lower
from symgrad.shapes import Inference
from symgrad.shaping.leaves import (
    LIKE_FIRST,
    LIKE_SECOND,
    OWN,
    REDUCTIONS,
    Leaves,
    is_elementwise,
    is_number,
)

TABLE = builtin_functions()


def found(formula: str) -> tuple[Node, dict[str, Node], Leaves]:
    graph = lower(formula, TABLE).graph
    return graph.outputs[0], graph.inputs(), Leaves(graph.nodes)


@pytest.mark.parametrize(
    ("formula", "like"),
    [
        ("sin(x) + 1", "x"),
        ("x*y", "xy"),
        ("x*y - x", "xy"),
        ("where(x > 0, y, 1)", "xy"),
        ("sum(x)*y", "y"),
        ("cumsum(x, 0) + 0*y", "xy"),
        ("x - max(x, 0, True)", "x"),
        ("exp(x - mean(x, 1, True)) / y", "xy"),
        ("x.shape[0] * 2", ""),
        ("3", ""),
        ("softmax(x)", "x"),
    ],
)
def test_which_inputs_decide_the_shape(formula: str, like: str) -> None:
    node, inputs, leaves = found(formula)
    expected = 0
    for name in like:
        expected |= leaves[inputs[name]]
    assert leaves[node] == expected


@pytest.mark.parametrize("formula", ["x[0]", "x.T", "sum(x, 0)", "x @ y", "[x, y]", "inv(x)[0]"])
def test_shapes_that_nothing_else_has(formula: str) -> None:
    node, inputs, leaves = found(formula)
    mask = leaves[node]
    assert mask != 0
    assert not any(mask & leaves[inputs[name]] for name in inputs)


def test_what_one_is_told() -> None:
    node, inputs, leaves = found("x[0] + y")
    leaves.assign(node, inputs["x"])
    assert leaves[node] == leaves[inputs["x"]]
    leaves.assign(node, None)
    assert leaves[node] == 0


@pytest.mark.parametrize(
    ("op", "value", "number"),
    [
        ("sum", (None, False), True),
        ("sum", (None, True), False),
        ("sum", (0, False), False),
        ("size", (0,), True),
        ("ndim", None, True),
        ("_count", ((0, 1),), True),
        ("add", None, False),
    ],
)
def test_reductions_to_a_number(op: str, value: object, number: bool) -> None:
    assert is_number(Node(op, (), value)) is number


def test_elementwise_rows_are_those_whose_operands_broadcast() -> None:
    """What the table says of a row and what is said here agree."""
    for name in TABLE:
        function = TABLE[name]
        if function.is_operation and function.operands and function.is_elementwise:
            assert is_elementwise(name), name


def test_no_operation_has_two_kinds_of_shape() -> None:
    kinds = [OWN, REDUCTIONS, LIKE_FIRST, LIKE_SECOND]
    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))


@pytest.mark.parametrize("shapes", [((2, 2), (2, 2)), ((2, 2), (1, 2)), ((3, 3), (3, 3))])
def test_the_same_leaves_are_the_same_shape(shapes: tuple[tuple[int, ...], ...]) -> None:
    formula = "a = x - max(x, 0, True); b = x*y; (a + b*2 - y) @ x + (sin(a*y) + b) @ y.T"
    graph = lower(formula, TABLE).graph
    inference = Inference(dict(zip("xy", shapes, strict=True)))
    leaves = Leaves(graph.nodes)
    seen: dict[int, object] = {}
    for node in graph.nodes:
        inference.visit(node)
        shape = np.empty(inference.shapes[node] or ()).shape
        assert seen.setdefault(leaves[node], shape) == shape, node.op
