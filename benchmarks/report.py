"""What a benchmark found: a table to print, and the same as data."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import symgrad

LIBRARIES = "numpy jax torch casadi sympy numba pytensor autograd".split()


@dataclass(frozen=True, slots=True)
class Report:
    """A benchmark's table, and its rows by column."""

    text: str
    rows: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def __str__(self) -> str:
        return self.text


def versions() -> dict[str, str | None]:
    """The versions of what takes part; None for what is not installed."""
    found: dict[str, str | None] = {
        "symgrad": symgrad.__version__,
        "python": platform.python_version(),
    }
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def machine() -> dict[str, str | int | None]:
    """The processor, how many cores of it there are, and the system."""
    model = platform.processor()
    about = Path("/proc/cpuinfo")
    if about.is_file():
        lines = about.read_text(encoding="utf-8").splitlines()
        named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
        model = next(named, model)
    return {"processor": model, "cores": os.cpu_count(), "system": sys.platform}


def described() -> str:
    """Machine and versions in two lines; the peers that are missing are named."""
    place, found = machine(), versions()
    here = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    missing = ", ".join(name for name, number in found.items() if number is None)
    lines = [f"{place['processor']}, {place['cores']} cores, {place['system']}", here]
    return "\n".join([*lines, f"missing: {missing}"] if missing else lines)


def timed(seconds: float | None) -> str:
    """A time in three digits with its unit."""
    if seconds is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def table(rows: Sequence[Mapping[str, Any]], first: str, names: Sequence[str]) -> str:
    """A line for each row: times by name, and symgrad's as a ratio of the best other's."""
    heads = [first, *names, "of the best"]
    lines = [heads]
    for row in rows:
        times = row["seconds"]
        others = [times[name] for name in names if name in times and name != "symgrad"]
        ratio = f"{times['symgrad'] / min(others):.2f}" if others else "-"
        lines.append([str(row["what"]), *(timed(times.get(name)) for name in names), ratio])
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
