"""Value and gradient of a formula, per call: on Python floats, and on arrays as they grow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from math import prod
from typing import Any

import numpy as np

from benchmarks.peers import ON_ARRAYS, ON_NUMBERS, Call, installed
from benchmarks.report import Report, described, table
from benchmarks.timing import ROUNDS, Measure, Work

FORMULAS = (
    "(1 - x)**2 + 100*(y - x**2)**2 + exp(sin(x*y))",
    "x*y + sin(x)*exp(-y**2)",
    "tanh(x*y) / (1 + x**2)",
    "log(1 + x**2) * sqrt(1 + y**2)",
    "(x - y)**3 / (1 + x**2 + y**2)",
)
"""Of two inputs, with functions that every peer has."""

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def work_on_numbers(row: str, name: str) -> Work:
    """What a row asks of a competitor: a formula on two Python floats."""
    return partial(_made("numbers", name, row), 0.7, 1.3)


def work_on_arrays(row: str, name: str) -> Work:
    """What a row, which is a size and a formula, asks of a competitor."""
    size, _, formula = row.partition(" ")
    rng = np.random.default_rng(int(size))
    inputs = rng.uniform(0.5, 1.5, int(size)), rng.uniform(0.5, 1.5, int(size))
    return partial(_made("arrays", name, formula), *inputs)


@cache
def _made(kind: str, name: str, formula: str) -> Call:
    _, make = (ON_NUMBERS if kind == "numbers" else ON_ARRAYS)[name]
    return make(formula, "xy")


def numbers(measure: Measure) -> Report:
    """A table of the times on two Python floats."""
    names = list(installed(ON_NUMBERS))
    rows = [
        {"what": formula, "seconds": measure("numbers", formula, names, ROUNDS)}
        for formula in FORMULAS
    ]
    return Report(f"{described()}\n{table(rows, 'formula', names)}", rows)


def arrays(measure: Measure, sizes: Sequence[int] = SIZES) -> Report:
    """A table of the times on two vectors, and what symgrad takes of each other's on the whole."""
    names = list(installed(ON_ARRAYS))
    rows: list[dict[str, Any]] = []
    for formula in FORMULAS:
        for size in sizes:
            rounds = ROUNDS if size < 1_000_000 else 3
            rows.append(
                {
                    "what": f"{size:>10,} {formula[:40]}",
                    "formula": formula,
                    "size": size,
                    "seconds": measure("arrays", f"{size} {formula}", names, rounds),
                }
            )
    text = f"{described()}\n{table(rows, 'elements, formula', names)}"
    for name in names[1:]:
        ratios = [row["seconds"]["symgrad"] / row["seconds"][name] for row in rows]
        mean = prod(ratios) ** (1 / len(ratios))
        text += f"\nof {name}: geometric mean {mean:.2f}, at most {max(ratios):.2f}"
    return Report(text, rows)
