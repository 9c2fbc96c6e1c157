"""What derivatives cost, in operations: `benchmarks/counts.py`, held to its limits."""

import statistics
from collections.abc import Mapping

import numpy as np
import pytest

from benchmarks.counts import LIMITS, MEDIAN_GRADIENT, Counted, counted, table
from benchmarks.formulas import WELL_KNOWN, Formula, sets
from benchmarks.operations import weight

STRIDES = {"fpbench": 3, "optim": 3}
"""Of large sets, every so many formulas."""

BEYOND: Mapping[tuple[str, str], float] = {
    # Each power of two inputs has two slopes, four second ones, and none of them shares a factor.
    ("Hill equation", "hvp"): 10.7,
    ("pow-xx-at-0", "jvp"): 3.4,
    # Over a common denominator, and divided by it again and again, so that no power overflows.
    ("Michaelis-Menten rate", "jvp"): 3.4,
    ("Michaelis-Menten rate", "hvp"): 12.0,
    ("x_by_xy", "hvp"): 11.5,
    ("arctan-yx-x0", "jvp"): 3.5,
}
"""Formulas that take more than the limit, and how much."""

SETS = {title: formulas[:: STRIDES.get(title, 1)] for title, formulas in sets().items()}


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Counted]]:
    return {title: [counted(f) for f in formulas] for title, formulas in SETS.items()}


def test_every_formula_keeps_the_limits(rows: dict[str, list[Counted]]) -> None:
    over = {
        (row.name, what): row.ratio(what)
        for found in rows.values()
        for row in found
        for what, limit in LIMITS.items()
        if row.ratio(what) > BEYOND.get((row.name, what), limit)
    }
    assert not over


def test_the_median_gradient(rows: dict[str, list[Counted]]) -> None:
    everything = [row.ratio("gradient") for found in rows.values() for row in found]
    assert statistics.median(everything) <= MEDIAN_GRADIENT


# Counted by hand from the generated code: calls and operations of the value, of value and gradient,
# of value and tangent's product, and of the Hessian's product.
BY_HAND = [
    ("x * y * z", (2, 4, 8, 9), (2, 4, 8, 9)),
    ("x / y", (1, 4, 4, 10), (1, 4, 4, 10)),
    ("exp(x**2)**2", (3, 5, 7, 11), (3, 5, 7, 11)),
    ("where(x > 0, x**2, sin(x))", (4, 7, 9, 8), (2, 4, 6, 4)),
    ("log(exp(x) + exp(y))", (1, 9, 10, 14), (4, 12, 13, 14)),
    ("clip(x, 0, 1)", (1, 11, 22, 0), (2, 3, 6, 0)),
]


@pytest.mark.parametrize(("text", "calls", "operations"), BY_HAND, ids=[t for t, *_ in BY_HAND])
def test_counts_by_hand(text: str, calls: tuple[int, ...], operations: tuple[int, ...]) -> None:
    row = counted(Formula("by hand", text, {"x": 0.5, "y": 0.75, "z": 2.0}))
    costs = (row.own, *row.derived.values())
    assert tuple(cost.calls for cost in costs) == calls
    assert tuple(cost.operations for cost in costs) == operations


def test_flops_grow_with_sizes() -> None:
    for rows, columns in ((5, 3), (50, 30)):
        inputs = {"X": np.ones((rows, columns)), "w": np.ones(columns)}
        row = counted(Formula("product", "X @ w", inputs, ("w",)))
        assert row.own.flops == 2 * rows * columns
        assert row.ratio("gradient", "flops") == row.ratio("gradient") == 2


def test_functions_count_as_what_they_stand_for() -> None:
    names = {"sin": 1, "hypot": 4, "softplus": 3, "power": 3, "where": 0, "tanh": 6, "clip": 2}
    assert {name: weight(name) for name in names} == names


def test_a_table_names_the_worst() -> None:
    rows = [counted(formula) for formula in WELL_KNOWN[:3]]
    lines = table(rows)
    for line, what in zip(lines, LIMITS, strict=True):
        worst = max(rows, key=lambda row: row.ratio(what))
        assert line.split()[0] == what
        assert line.endswith(worst.name)
