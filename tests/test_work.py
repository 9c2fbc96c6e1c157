"""The work of a graph, counted by hand."""

import pytest

from symgrad.differentiation.work import work
from symgrad.functions import builtin_functions
from symgrad.pipeline import Known, derive

COUNTED = [
    ("x * y", {"x": (3,), "y": ()}, 3),
    ("exp(x * y)", {"x": (3,), "y": (2, 1)}, 12),
    ("sum(x)", {"x": (4, 5)}, 20),
    ("A @ x", {"A": (2, 3), "x": (3,)}, 6),
    ("A @ B", {"A": (2, 3), "B": (3, 4)}, 24),
    ("A.T @ x", {"A": (3, 2), "x": (3,)}, 6),
    ("einsum('ijk,k->ij', A, x)", {"A": (2, 3, 4), "x": (4,)}, 24),
    ("x.T", {"x": (3, 4)}, 0),
]


@pytest.mark.parametrize(("formula", "shapes", "wanted"), COUNTED)
def test_work(formula: str, shapes: dict[str, tuple[int, ...]], wanted: int) -> None:
    known = Known(shapes)
    graph = derive(formula, (), builtin_functions(), known=known).graph
    assert work(graph, known.infer()) == wanted
