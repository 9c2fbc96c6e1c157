"""Elements are picked before they are computed with, where nothing else needs the others."""

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.pipeline import Known
from symgrad.shaping.misfit import Shape
from symgrad.shaping.selection import select_early

TABLE = builtin_functions()
SHAPES: dict[str, Shape] = {"x": (4,), "y": (4,), "a": (), "X": (3, 4), "k": (2,)}

MOVED = [
    ("log(x)[0]", "v1 = index(x, (0,))\nv2 = log(v1)\nreturn v2"),
    ("(a * x)[1:]", None),
    ("(x - y)[k]", None),
    ("exp(-x)[:2]", None),
    ("take_along_axis(sin(x), k, 0)", None),
]
KEPT = [
    "y = exp(x); y[0] + sum(y)",  # the others are needed
    "y = exp(x); y[1:] - y[:-1]",  # two would compute it twice
    "(X + x)[0]",  # x has no such axis
    "cumsum(x)[1]",
]


def selected(formula: str) -> str:
    graph = lower(formula, TABLE).graph
    found = Known(SHAPES, {"k": "i"}).check(graph, formula)
    return str(select_early(graph, found))


@pytest.mark.parametrize(("formula", "wanted"), MOVED)
def test_an_index_goes_first(formula: str, wanted: str | None) -> None:
    shown = selected(formula)
    last = shown.splitlines()[-2]
    assert "index(" not in last
    assert "take_along_axis(" not in last
    assert wanted is None or shown == wanted


@pytest.mark.parametrize("formula", KEPT)
def test_an_index_stays(formula: str) -> None:
    assert selected(formula) == str(lower(formula, TABLE).graph)


@pytest.mark.parametrize("formula", ["log(softmax(x)[1])", "log((exp(x)/sum(exp(x)))[1:])"])
def test_the_logarithm_of_a_share_is_picked_last(formula: str) -> None:
    assert "index(" in selected(formula).splitlines()[-2]


@pytest.mark.parametrize(
    "formula", ["log_softmax(x)[0]", "log(softmax(x)[0])", "x[0] - logsumexp(x)"]
)
def test_a_share_of_nothing_leaves_the_others_theirs(formula: str) -> None:
    value, slopes = symgrad.value_and_grad(formula)(np.array([-np.inf, 1.0, 2.0]))
    share = 1 / (1 + np.exp(1.0))
    assert value == -np.inf
    np.testing.assert_allclose(slopes, [1.0, -share, share - 1], rtol=1e-14)
    value, slopes = symgrad.value_and_grad(formula)(np.array([3.0]))
    assert (value, slopes) == (0.0, [0.0])
