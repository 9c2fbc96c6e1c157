"""The adjoints that are not lines of functions.sg, against sums written out by hand."""

import numpy as np
import pytest

from symgrad.functions import builtin_functions
from symgrad.graph import STRUCTURAL, Builder, Node
from symgrad.reverse import reverse
from symgrad.structural import ADJOINTS
from tests.evaluation import numpy_outputs

Y = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
X = np.array([10.0, 20.0, 30.0])


def test_every_structural_operation_that_a_derivative_can_meet_has_an_adjoint() -> None:
    assert STRUCTURAL - {"cast"} == ADJOINTS.keys()


def value_of(op: str, build: Builder) -> Node:
    """Sine of a structural operation on x**2, times y: its derivative by x needs the adjoint."""
    x, y = (build.node("input", value=name) for name in "xy")
    square = build.node("power", x, build.constant(2.0))
    made = {
        "index": lambda: build.node("index", square, value=(1,)),
        "place": lambda: build.node(
            "place", build.node("index", square, value=(1,)), x, value=(2,)
        ),
        "broadcast": lambda: build.node("broadcast", square, y),
        "unbroadcast": lambda: build.node("unbroadcast", build.node("multiply", square, y), x),
        "copy": lambda: build.node("copy", square),
    }[op]()
    return build.node("sin", made)


EXPECTED = {
    "index": np.array([0.0, np.cos(X[1] ** 2) * 2 * X[1], 0.0]),
    "place": np.array([0.0, np.cos(X[1] ** 2) * 2 * X[1], 0.0]),
    "broadcast": 2 * np.cos(X**2) * 2 * X,
    "unbroadcast": np.cos((X**2 * Y).sum(axis=0)) * Y.sum(axis=0) * 2 * X,
    "copy": np.cos(X**2) * 2 * X,
}


@pytest.mark.parametrize("op", EXPECTED)
def test_adjoints(op: str) -> None:
    build = Builder()
    graph = reverse(build.graph([value_of(op, build)]), ["x"], builtin_functions())
    assert numpy_outputs(graph, {"x": X, "y": Y})[1] == pytest.approx(EXPECTED[op], rel=1e-14)
