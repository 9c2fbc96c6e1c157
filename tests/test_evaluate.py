"""Any part of a formula has its value at a point."""

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.running.evaluate import evaluate, evaluate_each, known_of, resolved

TABLE = builtin_functions()
X = np.array([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    ("formula", "inputs", "wanted"),
    [
        ("X @ w + 1", {"X": X, "w": [1.0, -1.0]}, [0.0, 0.0]),
        ("X[k]", {"X": X, "k": np.array([1, 1])}, [[3.0, 4.0], [3.0, 4.0]]),
        ("X[m] * sum(m)", {"X": X, "m": np.array([True, False])}, [[1.0, 2.0]]),
        ("zeros((n, 2)) + n", {"n": np.array(1)}, [[1.0, 1.0]]),
        ("erf(0 * X[0, 0])", {"X": X}, 0.0),
        ("dot(X, X)[0]", {"X": X}, [7.0, 10.0]),
    ],
)
def test_values(formula: str, inputs: dict[str, object], wanted: object) -> None:
    graph = resolved(lower(formula, TABLE).graph, inputs, TABLE)
    (found,) = evaluate(graph, graph.outputs, inputs, TABLE)
    assert np.array_equal(found, np.asarray(wanted))


def test_every_node_has_one() -> None:
    graph = lower("a = x - 1; log(a)", TABLE).graph
    values = evaluate(graph, graph.nodes, {"x": np.array([1.0, 2.0])}, TABLE)
    named = {node.op: value for node, value in zip(graph.nodes, values, strict=True)}
    assert named["subtract"].tolist() == [0.0, 1.0]
    assert named["log"].tolist() == [-np.inf, 0.0]


def test_what_inputs_tell() -> None:
    graph = lower("x[k] + x[m]", TABLE).graph
    known = known_of(graph, {"x": X, "k": np.array(1), "m": np.array([True, False])})
    assert dict(known.shapes) == {"x": (2, 2), "k": (), "m": (2,)}
    assert dict(known.kinds) == {"k": "i", "m": "b"}
    assert dict(known.numbers) == {"k": 1}


@pytest.mark.parametrize(
    ("formula", "inputs"),
    [
        ("1/0 + x", {"x": 1.0}),
        ("x[k] + sum(x)", {"x": np.arange(3.0), "k": np.array([2, 2])}),
        ("fmax([-1, x], 1) @ eye(2)", {"x": 0.5}),
        ("where(x > 0, x**0.5, y)", {"x": np.array([4.0, -1.0]), "y": 2.0}),
        ("sum(repeat(x, 2) * tile(x, 2))", {"x": np.arange(3.0)}),
    ],
)
def test_an_operation_at_a_time(formula: str, inputs: dict[str, np.ndarray]) -> None:
    """Numbers that are written out meet as they would in NumPy, and pairs are taken apart."""
    graph = resolved(lower(formula, TABLE).graph, inputs, TABLE)
    values = evaluate_each(graph, inputs, TABLE)
    assert set(values) == {node for node in graph.nodes if node.op != "pair"}
    np.testing.assert_allclose(values[graph.outputs[0]], symgrad.function(formula)(**inputs))
