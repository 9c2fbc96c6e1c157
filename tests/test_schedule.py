"""Steps: what is folded into one call, special spellings, order, liveness."""

import pytest

from symgrad.functions import builtin_functions
from symgrad.pipeline import derive
from symgrad.rewriting.finish import without_shapes
from symgrad.schedule import Schedule, schedule
from symgrad.targets import Target
from symgrad.targets.numpy import NUMPY
from symgrad.targets.scalar import SCALAR

TABLE = builtin_functions()


def scheduled(formula: str, target: Target = NUMPY, *wrt: str) -> Schedule:
    graph = derive(formula, wrt, TABLE).graph
    graph = graph if target is NUMPY else without_shapes(graph)
    return schedule(graph, target, TABLE, graph.outputs[0])


def spellings(formula: str, target: Target = NUMPY) -> list[str]:
    steps = scheduled(formula, target).steps
    return [s.spelling for s in steps if s.spelling not in ("input", "constant")]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("where(x > 0, x, y)", ["greater", "where"]),
        ("where(x > 0, x, 0)", ["greater", "keep"]),
        ("x if x > y else 2*y", ["greater", "multiply", "where"]),
        ("where(not x > 0, x, y)", ["greater", "where"]),
        ("clip(x, 0, 1)", ["clip"]),
        ("maximum(minimum(x, 1), 0)", ["minimum", "maximum"]),
        ("t = maximum(x, 0); minimum(t, 1) + t", ["maximum", "minimum", "add"]),
    ],
)
def test_what_was_taken_apart_is_one_call_again(formula: str, expected: list[str]) -> None:
    assert spellings(formula) == expected


def test_whole_powers_of_numbers_are_spelt_apart() -> None:
    assert spellings("x**2", SCALAR) == ["power by a whole number"]
    assert spellings("x**2.5", SCALAR) == ["power"]
    assert spellings("x**2", NUMPY) == ["power"]


def test_a_sum_over_a_broadcast_is_one_call() -> None:
    steps = scheduled("x*y", NUMPY, "x").steps
    last = steps[-1]
    assert last.spelling == "unbroadcast of a broadcast"
    assert [node.op for node in last.operands] == ["input", "multiply", "input"]
    assert all(step.spelling != "broadcast" for step in steps)


def test_zeros_and_ones_have_names() -> None:
    assert scheduled("floor(x)", NUMPY, "x").steps[-1].spelling == "broadcast of 0"
    assert scheduled("3*x", NUMPY, "x").steps[-1].spelling == "broadcast of a constant"
    assert scheduled("1*x", NUMPY, "x").steps[-1].spelling == "broadcast of 1"


def test_the_value_comes_first_and_uses_are_counted_after_folding() -> None:
    plan = scheduled("s = sin(x); s*s", NUMPY, "x")
    position = {step.node: number for number, step in enumerate(plan.steps)}
    assert max(position[n] for n in plan.value) < position[plan.outputs[1]]
    sine = next(step.node for step in plan.steps if step.spelling == "sin")
    assert plan.uses[sine] == 2  # in the square, and in its slope
    assert plan.labels[sine] == "s"
