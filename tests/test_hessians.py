"""Hessians of real formulas, column by column, against differences in many digits."""

from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import symgrad
from symgrad.language.formula import lower
from symgrad.shaping.leaves import is_elementwise
from tests.conftest import Corpus
from tests.reference import TABLE, evaluate

DIGITS = 60


def hessian(formula: str, wrt: tuple[str, ...], inputs: dict[str, Any]) -> np.ndarray:
    """The Hessian by all elements of the inputs in `wrt`, one after the other."""
    sizes = [np.size(inputs[name]) for name in wrt]
    rows = [
        np.concatenate([np.reshape(block, (size, -1)) for block in row], axis=1)
        for size, row in zip(sizes, symgrad.hessian(formula, wrt)(**inputs), strict=True)
    ]
    return np.concatenate(rows)


def of_numbers(formula: str, wrt: tuple[str, ...], inputs: dict[str, Any]) -> np.ndarray:
    """Differences of the value, in so many digits that a step forward is as good as two."""
    graph = lower(formula, TABLE).graph
    count = range(len(wrt))
    with mpmath.workdps(DIGITS):
        step = mpf(10) ** (-DIGITS // 3)

        def at(*moved: int) -> Any:
            point = {name: mpf(float(value)) for name, value in inputs.items()}
            for place in moved:
                point[wrt[place]] += step
            return evaluate(graph, point)[0]

        here, ahead = at(), [at(i) for i in count]
        rows = [
            [float((at(i, j) - ahead[i] - ahead[j] + here) / step**2) for j in count[i:]]
            for i in count
        ]
    found = np.zeros((len(wrt), len(wrt)))
    for i, row in enumerate(rows):
        found[i, i:] = found[i:, i] = row
    return found


def of_arrays(formula: str, wrt: tuple[str, ...], inputs: dict[str, Any]) -> np.ndarray:
    """Differences of the gradient, in the longest type that NumPy has."""
    gradient = symgrad.grad(formula, wrt)
    long = {name: np.asarray(value, np.longdouble) for name, value in inputs.items()}
    step = np.finfo(np.longdouble).eps ** (1 / np.longdouble(3))
    columns = []
    for name in wrt:
        for place in np.ndindex(long[name].shape):
            move = np.zeros_like(long[name])
            move[place] = step
            ahead, behind = (gradient(**{**long, name: long[name] + m}) for m in (move, -move))
            pairs = zip(ahead, behind, strict=True)
            columns.append(np.concatenate([np.ravel((a - b) / (2 * step)) for a, b in pairs]))
    return np.transpose(np.asarray(columns, float))


def error(row: dict[str, Any]) -> float:
    """That of the Hessian at a point of a row, in units of what is allowed.

    That is 1e-12 of its norm, a few times what plain doubles lose in the gradient, or what
    differences of the longest type lose.
    """
    lowered = lower(row["formula"], TABLE)
    point = row["points"][:2][-1]
    given = {**(row.get("data") or {}), **point["at"]}
    inputs = {name: np.asarray(given[name], float) for name in lowered.inputs}
    wrt = tuple(name for name in row["vars"] if name in inputs)
    numbers = all(n.op == "input" or is_elementwise(n.op) for n in lowered.graph.nodes)
    numbers = numbers and not any(np.ndim(value) for value in inputs.values())
    wanted = (of_numbers if numbers else of_arrays)(row["formula"], wrt, inputs)
    found = hessian(row["formula"], wrt, inputs)
    steps = 0.0 if numbers else 500 * float(np.finfo(np.longdouble).eps) ** (2 / 3)
    allowed = max(1e-12, 32 * (point.get("jax_grad_rel") or 0.0), steps)
    return float(np.linalg.norm(found - wanted) / (allowed * np.linalg.norm(wanted) + 1e-18))


@pytest.mark.parametrize("name", ["feynman", "optim", "large"])
def test_hessians(name: str, corpus: Corpus) -> None:
    rows = [row for row in corpus(name) if lower(row["formula"], TABLE).inputs][::2]
    failed = {row["name"]: e for row in rows if not (e := error(row)) <= 1}
    assert not failed


def test_mixed_derivatives_of_a_power_whose_exponent_is_0() -> None:
    """The slope x**(y - 1) * y is 0 there, and still grows with y."""
    for inputs in ({"x": 2.0, "y": 0.0}, {"x": 0.5, "y": 0.0}, {"x": 3.0, "y": 1.0}):
        found = hessian("x**y", ("x", "y"), inputs)
        wanted = of_numbers("x**y", ("x", "y"), inputs)
        np.testing.assert_allclose(found, wanted, rtol=1e-14, atol=1e-18)
