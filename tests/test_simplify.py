"""The passes that keep a graph short: reading order, shapes, memory, types, targets."""

import numpy as np
import pytest

from symgrad.errors import SymgradError
from symgrad.functions import builtin_functions
from symgrad.graph import Builder, Graph
from symgrad.pipeline import derive
from symgrad.simplify import (
    expand,
    finish,
    legalise,
    shapes_from_inputs,
    stabilise,
    without_shapes,
)
from symgrad.targets import Target
from symgrad.targets.numpy import NUMPY
from symgrad.targets.scalar import SCALAR
from tests.evaluation import numpy_outputs

TABLE = builtin_functions()


def derived(formula: str, *wrt: str) -> Graph:
    return derive(formula, wrt or None, TABLE).graph


@pytest.mark.parametrize(
    ("formula", "lines"),
    [
        ("exp(x**2)**2", "v1 = power(x, 2.0)|v2 = exp(v1)|v3 = power(v2, 2.0)"
         "|v4 = multiply(4.0, x)|v5 = multiply(v4, v3)|return v3, v5"),
        ("x**3", "v1 = power(x, 3.0)|v2 = power(x, 2.0)|v3 = multiply(3.0, v2)|return v1, v3"),
        ("1/x", "v1 = divide(1.0, x)|v2 = divide(v1, x)|v3 = negative(v2)|return v1, v3"),
        ("log(x)", "v1 = log(x)|v2 = divide(1.0, x)|return v1, v2"),
    ],
)  # fmt: skip
def test_derivatives_in_their_shortest_form(formula: str, lines: str) -> None:
    assert str(derived(formula)) == lines.replace("|", "\n")


def test_zero_adjoints_are_absent_and_dead_code_is_gone() -> None:
    graph = derived("floor(x)*3 + y", "y")
    assert {node.op for node in graph.nodes} <= {
        "input", "constant", "floor", "multiply", "add", "broadcast", "unbroadcast",
    }  # fmt: skip


def test_the_value_is_what_the_formula_alone_gives() -> None:
    """Differentiating must not change the value by a bit."""
    formula = "a = x*y*2; (a/3 - x)*0.1*a - 2*(3*x)"
    alone = stabilise(derive(formula, (), TABLE).graph, TABLE)
    point = {"x": np.float64(0.3), "y": np.float64(0.7)}
    assert numpy_outputs(alone, point)[0] == numpy_outputs(derived(formula), point)[0]


@pytest.mark.parametrize("target", [NUMPY, SCALAR], ids=["numpy", "scalar"])
def test_legalise_leaves_what_the_target_spells(target: Target) -> None:
    graph = derived("softplus(x) + sigmoid(x) + heaviside(x, 0.5) + logit(x) + sinc(x)")
    graph = graph if target is NUMPY else without_shapes(graph)
    legal = legalise(graph, target.known, TABLE, target.name)
    assert {node.op for node in legal.nodes} <= target.known


def test_an_operation_that_a_target_lacks_is_named() -> None:
    with pytest.raises(SymgradError, match="^the target scalar has no digamma$"):
        expand(without_shapes(derived("gammaln(x)")), SCALAR.known, TABLE, "scalar")


def test_numbers_alone_need_no_shapes() -> None:
    graph = without_shapes(derived("a*x + b"))
    assert {node.op for node in graph.nodes} == {"input", "constant", "multiply", "add"}


def test_shapes_come_from_the_inputs_where_the_value_is_not_computed() -> None:
    graph = shapes_from_inputs(derived("a*exp(x) + b", "b"), "grad")
    (broadcast,) = [node for node in graph.nodes if node.op == "broadcast"]
    assert broadcast.args[1].op == "join"
    graph = shapes_from_inputs(derived("a*exp(x) + b", "b"), "value_and_grad")
    (broadcast,) = [node for node in graph.nodes if node.op == "broadcast"]
    assert broadcast.args[1] is graph.outputs[0]


def finished(formula: str, *wrt: str) -> list[str]:
    legal = legalise(derived(formula, *wrt), NUMPY.known, TABLE, "numpy")
    return [output.op for output in finish(legal).outputs]


def test_outputs_that_are_inputs_or_one_another_are_copied() -> None:
    assert finished("x") == ["copy", "broadcast"]
    assert finished("exp(x)") == ["exp", "copy"]
    assert finished("sin(x + y)") == ["sin", "unbroadcast", "copy"]


def test_choices_between_constants_take_the_type_of_the_inputs() -> None:
    assert finished("where(x > 0, 1, 2)") == ["cast", "broadcast"]
    assert finished("relu(x)")[1] == "cast"
    assert finished("where(x > 0, x, 2)")[0] == "add"


def test_passes_return_new_graphs() -> None:
    build = Builder()
    x = build.node("input", value="x")
    graph = build.graph([build.node("log", build.node("exp", x))])
    before = str(graph)
    assert str(stabilise(graph, TABLE)) == "return x"
    assert str(graph) == before
