"""Choices of what is finite are left out where a result tells whether that was right."""

from typing import Any

import numpy as np
import pytest

import symgrad
from tests.blocks import close, in_blocks, programs

RNG = np.random.default_rng(4)
X = RNG.normal(size=(23, 3))
T = np.eye(3)[RNG.integers(0, 3, 23)]
ROWS: tuple[tuple[float, float, float], ...] = (
    (np.inf, 0.0, 1.0),
    (-np.inf, -np.inf, -np.inf),
    (-np.inf, 2.0, -np.inf),
    (np.nan, 1.0, 2.0),
    (np.inf, -np.inf, np.inf),
    (800.0, -800.0, 0.0),
)
TELLING = (
    "sum(logsumexp(X, axis=1))",
    "cross_entropy(X, T)",
    "sum(T * softmax(X))",
    "sum(logsumexp(2*X, axis=1) * T[:, 0]) - 3*logsumexp(w)",
    "mean(logsumexp(relu(X) @ A, axis=1))",
)
SILENT = ("sum(where(T[:, 0] > 0, logsumexp(X, axis=1), 0))", "sum(logsumexp(X, axis=1) > 0)")


def inputs(formula: str, row: tuple[float, float, float] | None = None) -> dict[str, Any]:
    given = {"X": X.copy(), "T": T, "w": X[:, 0].copy(), "A": X[:3]}
    if row is not None:
        given["X"][7] = row
    return {name: given[name] for name in symgrad.function(formula).inputs}


def choices(compiled: symgrad.Compiled) -> list[bool]:
    return ["isfinite" in text for text in programs(compiled)]


@pytest.mark.parametrize("kind", ["value_and_grad", "grad"])
@pytest.mark.parametrize("formula", TELLING)
def test_numbers_that_are_not_finite_change_nothing(formula: str, kind: str) -> None:
    compile_it = getattr(symgrad, kind)
    plain = [compile_it(formula, wrt="X")(**inputs(formula, row)) for row in (None, *ROWS)]
    with in_blocks():
        compiled = compile_it(formula, wrt="X")
        for row, expected in zip((None, *ROWS), plain, strict=True):
            assert close(compiled(**inputs(formula, row)), expected), row
    assert all("buffers" in text for text in programs(compiled))


@pytest.mark.parametrize("formula", TELLING)
def test_choices_are_made_only_where_something_is_not_finite(formula: str) -> None:
    with in_blocks():
        compiled = symgrad.value_and_grad(formula, wrt="X")
        compiled(**inputs(formula))
        assert choices(compiled) == [False]
        compiled(**inputs(formula, (np.nan, 0.0, 0.0)))
        assert choices(compiled) == [False, True]


@pytest.mark.parametrize("formula", SILENT)
def test_choices_stay_where_a_nan_may_be_lost(formula: str) -> None:
    with in_blocks():
        compiled = symgrad.value_and_grad(formula, wrt="X")
        compiled(**inputs(formula))
    assert choices(compiled) == [True]


def test_one_choice_may_stay_and_another_not() -> None:
    formula = "sum(logsumexp(X, axis=1)) + sum(where(w > 0, logsumexp(2*X, axis=1), 0))"
    with in_blocks():
        compiled = symgrad.value_and_grad(formula, wrt="X")
        found = [compiled(**inputs(formula, row)) for row in (None, *ROWS)]
    plain = [
        symgrad.value_and_grad(formula, wrt="X")(**inputs(formula, row)) for row in (None, *ROWS)
    ]
    hoping, careful = [text.count("isfinite(") for text in programs(compiled)]
    assert 0 < hoping < careful
    assert all(close(one, other) for one, other in zip(found, plain, strict=True))
