"""Sizes are followed back to the axis of an input."""

import pytest

from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.pipeline import Known
from symgrad.shaping.misfit import Shape
from symgrad.shaping.resolve import resolve
from symgrad.shaping.sizes import source

TABLE = builtin_functions()
SHAPES: dict[str, Shape] = {"X": (7, 4), "W": (4, 3), "w": (4,), "b": (3,), "y": (7, 1)}

# A formula, an axis of its value, and the input's axis that it comes from.
SOURCES = [
    ("X", 0, ("X", 0)),
    ("exp(2 * X)", 1, ("X", 1)),
    ("X @ W", 0, ("X", 0)),
    ("X @ W + b", 1, ("W", 1)),
    ("b + X @ W", 1, ("b", 0)),
    ("X @ w", 0, ("X", 0)),
    ("X.T", 0, ("X", 1)),
    ("y + X", 1, ("X", 1)),
    ("sum(X, axis=1)", 0, ("X", 0)),
    ("sum(X, axis=0)", 0, ("X", 1)),
    ("mean(X, axis=1, keepdims=True)", 0, ("X", 0)),
    ("X[:, None] - X", 2, ("X", 1)),
    ("sum((X[:, None] - X)**2, axis=-1)", 0, ("X", 0)),
]


@pytest.mark.parametrize(("formula", "axis", "wanted"), SOURCES)
def test_source(formula: str, axis: int, wanted: tuple[str, int]) -> None:
    graph = lower(formula, TABLE).graph
    known = Known(SHAPES)
    graph = resolve(graph, known.check(graph, formula), TABLE, formula)
    found = known.check(graph, formula)

    def shape_of(node: object) -> Shape:
        shape = found.shapes[node]  # type: ignore[index]
        assert shape is not None
        return shape

    node, place = source(graph.outputs[0], axis, shape_of)
    assert (node.value, place) == wanted


def test_what_is_made_by_an_index_begins_there() -> None:
    graph = lower("X[1:]", TABLE).graph
    found = Known(SHAPES).check(graph, "")
    node, axis = source(graph.outputs[0], 0, lambda n: found.shapes[n] or ())
    assert (node.op, axis) == ("index", 0)
