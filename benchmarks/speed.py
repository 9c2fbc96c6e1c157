"""Value and gradient of a formula, per call: on Python floats, and on arrays as they grow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from benchmarks.peers import ON_ARRAYS, ON_NUMBERS, installed
from benchmarks.report import Report, described, table
from benchmarks.timing import seconds_a_call

FORMULAS = (
    "(1 - x)**2 + 100*(y - x**2)**2 + exp(sin(x*y))",
    "x*y + sin(x)*exp(-y**2)",
    "tanh(x*y) / (1 + x**2)",
    "log(1 + x**2) * sqrt(1 + y**2)",
    "(x - y)**3 / (1 + x**2 + y**2)",
)
"""Of two inputs, with functions that every peer has."""

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def numbers() -> Report:
    """A table of the times on two Python floats."""
    makers = installed(ON_NUMBERS)
    rows = []
    for formula in FORMULAS:
        works = {name: partial(make(formula, "xy"), 0.7, 1.3) for name, make in makers.items()}
        rows.append({"what": formula, "seconds": seconds_a_call(works)})
    return Report(f"{described()}\n{table(rows, 'formula', list(makers))}", rows)


def arrays(sizes: Sequence[int] = SIZES) -> Report:
    """A table of the times on two vectors, and what symgrad takes of JAX's on the whole."""
    makers = installed(ON_ARRAYS)
    rows: list[dict[str, Any]] = []
    for formula in FORMULAS:
        calls = {name: make(formula, "xy") for name, make in makers.items()}
        for size in sizes:
            rng = np.random.default_rng(size)
            inputs = rng.uniform(0.5, 1.5, size), rng.uniform(0.5, 1.5, size)
            works = {name: partial(call, *inputs) for name, call in calls.items()}
            rounds = 9 if size < 1_000_000 else 3
            rows.append(
                {
                    "what": f"{size:>10,} {formula[:40]}",
                    "formula": formula,
                    "size": size,
                    "seconds": seconds_a_call(works, rounds),
                }
            )
    text = f"{described()}\n{table(rows, 'elements, formula', list(makers))}"
    for name in makers.keys() - {"symgrad"}:
        ratios = [row["seconds"]["symgrad"] / row["seconds"][name] for row in rows]
        mean = prod(ratios) ** (1 / len(ratios))
        text += f"\nof {name}: geometric mean {mean:.2f}, at most {max(ratios):.2f}"
    return Report(text, rows)
