"""Sparse Hessians and Jacobians: how many products they take, and how long, as they grow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

import symgrad
from benchmarks.report import Report

SIZES = (100, 1_000, 10_000, 100_000)
ROUNDS = 5

CASES: Mapping[str, tuple[Any, str]] = {
    "chained Rosenbrock": (
        symgrad.hessian,
        "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)",
    ),
    "second differences": (symgrad.hessian, "sum((x[2:] - 2*x[1:-1] + x[:-2])**4)"),
    "one with all others": (symgrad.hessian, "sum(x[0]**2 * x[1:]**2)"),
    "Broyden's equations": (
        symgrad.jacobian,
        "(3 - 2*x[1:-1])*x[1:-1] - x[:-2] - 2*x[2:] + 1",
    ),
}
"""A sparse matrix for each name: what makes it, and the formula."""


def report() -> Report:
    """A table of sparse matrices as they grow: products and times."""
    lines = [
        f"{'matrix':20} {'variables':>9} {'elements':>9} {'products':>8} {'first':>9} {'later':>9}",
    ]
    rows: list[dict[str, Any]] = []
    for name, (verb, formula) in CASES.items():
        for size in SIZES:
            sparse = verb(formula, "x", sparse=True)
            x = np.linspace(0.5, 1.5, size)
            call = partial(sparse, x)
            first = _seconds(call)
            found = sparse(x)
            later = min(_seconds(call) for _ in range(ROUNDS))
            passes = sparse.compression(x).passes
            rows.append(
                {
                    "matrix": name,
                    "variables": size,
                    "products": passes,
                    "first": first,
                    "later": later,
                }
            )
            lines.append(
                f"{name:20} {size:9,} {found.nnz:9,} {passes:8} "
                f"{first * 1e3:6.1f} ms {later * 1e3:6.2f} ms"
            )
    return Report("\n".join(lines), rows)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
