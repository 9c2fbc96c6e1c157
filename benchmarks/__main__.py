"""The command `python -m benchmarks [NAME ...]`: the benchmarks that are named, or all of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import (
    compile_time,
    counts,
    data,
    libraries,
    models,
    pictures,
    sparse,
    speed,
)
from benchmarks.alone import Alone, together
from benchmarks.report import Report, machine, versions
from benchmarks.timing import Measure

SIDE_BY_SIDE: Mapping[str, Callable[[Measure], Report]] = {
    "numbers": speed.numbers,
    "arrays": speed.arrays,
    "models": models.report,
}
"""Those in which competitors take turns, in one process or each in its own."""

BENCHMARKS: Mapping[str, Callable[[], Report]] = {
    "compile": compile_time.report,
    "counts": counts.report,
    "sparse": sparse.report,
    "data": data.report,
    "libraries": libraries.report,
}
"""The others. The docstring of each begins with what it gives."""


def listing() -> str:
    """The names, a line each."""
    reports = {**SIDE_BY_SIDE, **BENCHMARKS}
    lines = (
        f"  {name:10} {(report.__doc__ or '').partition(chr(10))[0]}"
        for name, report in reports.items()
    )
    return "\n".join(("benchmarks:", *lines))


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for, and write it as data where that was asked for too."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="What derivatives cost, side by side with those of others that are installed.",
        epilog=listing(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a benchmark; without one, all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here, too")
    parser.add_argument(
        "--alone", action="store_true", help="measure each library in a process of its own"
    )
    parser.add_argument(
        "--picture", type=Path, action="append", metavar="FILE", default=[],
        help="draw what was measured, cost against size, as SVG or PNG",
    )  # fmt: skip
    parser.add_argument(
        "--read", type=Path, metavar="FILE", help="draw what is in this JSON; measure nothing"
    )
    options = parser.parse_args(arguments)
    names = [*SIDE_BY_SIDE, *BENCHMARKS]
    unknown = [name for name in options.names if name not in names]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}\n{listing()}")
    if options.read:
        rows = json.loads(options.read.read_text(encoding="utf-8"))["benchmarks"]
    else:
        rows = measured(options.names or names, options.alone)
    if options.json:
        found_here = {"machine": machine(), "versions": versions(), "benchmarks": rows}
        options.json.write_text(json.dumps(found_here, indent=1) + "\n", encoding="utf-8")
    for path in options.picture:
        pictures.draw(rows, path)
    return 0


def measured(names: Sequence[str], alone: bool) -> dict[str, list[Mapping[str, object]]]:
    """The rows of benchmarks by name, whose tables are printed as they come."""
    found = {}
    with Alone() as apart:
        measure = apart if alone else together
        for name in names:
            timed = SIDE_BY_SIDE.get(name)
            report = timed(measure) if timed else BENCHMARKS[name]()
            print(f"{report}\n", flush=True)
            found[name] = list(report.rows)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
