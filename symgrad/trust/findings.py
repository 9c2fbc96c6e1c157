"""What `check` found, by quantity, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symgrad.trust.judge import Fault
from symgrad.trust.ulps import shown, table


@dataclass(frozen=True, slots=True)
class Row:
    """What was found for the value, or for the derivative by an input.

    Attributes
    ----------
    name, input, order:
        "value" or "d/dx"; the input's name, empty for the value; how often it is differentiated.
    elements, judged:
        How many numbers there are, and how many could be judged.
    ulps, worst:
        The errors of those that 50 digits are known of, and where the largest is, as "[1, 0]".
    numerical:
        The relative differences from numerical differentiation, of those that it can tell of.
    faults:
        Those that are wrong, the worst first.
    """

    name: str
    input: str
    order: int
    elements: int
    judged: int
    ulps: tuple[float, ...] = ()
    worst: str = ""
    numerical: tuple[float, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Check:
    """What `check` found; printed, it is a table. It is true where there is no fault."""

    formula: str
    at: Mapping[str, Any]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether no number is wrong."""
        return not self.faults

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that is wrong."""
        return tuple(fault for row in self.rows for fault in row.faults)

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        head = ["", "elements", "judged", "median ulps", "worst ulps", "at", "numerically"]
        rows = [head, *map(_cells, self.rows)]
        if not any(row.worst for row in self.rows):
            rows = [row[:5] + row[6:] for row in rows]
        told = [f"Fault: {row.faults[0]}{_others(row)}" for row in self.rows if row.faults]
        judged = sum(row.judged for row in self.rows) or not any(r.elements for r in self.rows)
        verdict = ["No fault was found." if judged else "Nothing could be judged."]
        return "\n".join([*table(rows), *self.notes, *(told or verdict)])


def _cells(row: Row) -> list[str]:
    ulps = [shown(float(np.median(row.ulps))), shown(max(row.ulps))] if row.ulps else ["-", "-"]
    numerical = f"{max(row.numerical):.0e}" if row.numerical else "-"
    return [row.name, str(row.elements), str(row.judged), *ulps, row.worst, numerical]


def _others(row: Row) -> str:
    more = len(row.faults) - 1
    return f"; and {more} more" if more else ""
