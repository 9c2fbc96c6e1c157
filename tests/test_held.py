"""Parts that are stopped stay numbers while inputs are moved."""

import numpy as np
import pytest

from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.running.evaluate import resolved
from symgrad.trust.held import held_function, hold

TABLE = builtin_functions()


@pytest.mark.parametrize(
    ("formula", "moved"),
    [
        ("stop_gradient(x) * x", 2.0 * 3.0),
        ("stop_gradient(x * stop_gradient(x)) + x", 4.0 + 3.0),
        ("stop_gradient(x)", 2.0),
        ("x**2", 9.0),
    ],
)
def test_parts_stay_as_they_are_at_the_point(formula: str, moved: float) -> None:
    at = {"x": np.float64(2.0)}
    graph = resolved(lower(formula, TABLE).graph, at, TABLE)
    assert held_function(graph, at, TABLE)(x=np.float64(3.0)) == moved
    assert not any(node.op == "stop_gradient" for node in hold(graph).graph.nodes)
