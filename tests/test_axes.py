"""Axes that run along together have one label."""

import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.graph import Graph
from symgrad.pipeline import Known, derive
from symgrad.shaping.axes import Axes, label_axes
from symgrad.targets.numpy import NUMPY
from symgrad.writing.document import legal, prepared

TABLE = builtin_functions()
SIZES = {"n": 7, "m": 5, "d": 3, "k": 2}
# Sizes of inputs by letter, and for each letter the axes that must be one: input and place.
CASES = (
    ("sum((X @ w + b - y)**2)", {"X": "nd", "w": "d", "b": "", "y": "n"}),
    ("sum(relu(X @ V) @ U, axis=0)", {"X": "nd", "V": "dm", "U": "mk"}),
    ("sum(exp(-(x[:, None] - z[None, :])**2) * y[:, None])", {"x": "n", "z": "m", "y": "n"}),
    ("sum(einsum('ij,kj->ik', A, B) * C)", {"A": "nd", "B": "md", "C": "nm"}),
    ("sum(X.T * Z)", {"X": "nd", "Z": "dn"}),
    ("sum(logsumexp(X + c, axis=1) * y)", {"X": "nd", "c": "d", "y": "n"}),
    ("cross_entropy(X @ V, T)", {"X": "nd", "V": "dk", "T": "nk"}),
    ("sum(X[:, 0] * y)", {"X": "nd", "y": "n"}),
    ("sum(outer(x, y) * A)", {"x": "n", "y": "m", "A": "nm"}),
    ("sum(swapaxes(A, 0, 2)[0] * B)", {"A": "nmd", "B": "mn"}),
)


def labelled(formula: str, shapes: dict[str, tuple[int, ...]], kind: str) -> tuple[Graph, Axes]:
    known = Known(shapes)
    derived = legal(derive(formula, None, TABLE, known=known), TABLE, NUMPY)
    graph, _ = prepared(derived, kind, TABLE)
    found = known.infer()
    for node in graph.nodes:
        found.visit(node)
    return graph, label_axes(graph, found.shapes)


@pytest.mark.parametrize(("formula", "letters"), CASES, ids=[formula for formula, _ in CASES])
def test_one_label_for_each_letter(formula: str, letters: dict[str, str]) -> None:
    shapes = {name: tuple(SIZES[letter] for letter in word) for name, word in letters.items()}
    graph, axes = labelled(formula, shapes, "value_and_grad")
    found: dict[str, set[object]] = {letter: set() for word in letters.values() for letter in word}
    for name, node in graph.inputs().items():
        for letter, label in zip(letters[name], axes.labels[node], strict=True):
            found[letter].add(label)
    assert all(len(labels) == 1 for labels in found.values()), found
    assert len({min(labels, key=str) for labels in found.values()}) == len(found)
    wrong = [node.op for node in graph.nodes if len(axes.labels[node]) != len(shape_of(axes, node))]
    assert not wrong


def shape_of(axes: Axes, node: object) -> tuple[object, ...]:
    return tuple(1 if a is None else axes.sizes[a] for a in axes.labels[node])  # type: ignore[index]


# What sorts, slices or solves along an axis needs all of it.
@pytest.mark.parametrize(
    ("formula", "shape", "mixed", "summed"),
    [
        ("x[1:]", (7,), 1, 0),
        ("sort(x)", (7,), 1, 0),
        ("cumsum(A, axis=1)", (7, 3), 1, 0),
        ("softmax(A, axis=0)", (7, 3), 0, 1),
        ("sum(A, axis=0)", (7, 3), 0, 1),
        ("A.T + 1", (7, 3), 0, 0),
        ("prod(A, axis=1)", (7, 3), 1, 0),
        ("reshape(A, (3, 7))", (7, 3), 2, 0),
    ],
)
def test_what_needs_a_whole_axis(
    formula: str, shape: tuple[int, ...], mixed: int, summed: int
) -> None:
    name = formula[-2] if False else ("x" if len(shape) == 1 else "A")
    graph, axes = labelled(formula, {name: shape}, "value")
    own = {label for label in axes.labels[graph.inputs()[name]] if label is not None}
    used = [frozenset().union(*parts.values()) & own for parts in (axes.mixed, axes.summed)]
    assert [len(labels) for labels in used] == [mixed, summed]


def test_axes_of_size_1_have_none() -> None:
    graph, axes = labelled("a + B", {"a": (1, 3), "B": (7, 3)}, "value")
    assert axes.labels[graph.inputs()["a"]][0] is None
    assert symgrad.function("a + B")([[1.0, 2.0]], [[1.0, 2.0]]).shape == (1, 2)
