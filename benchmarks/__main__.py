"""The command `python -m benchmarks [NAME ...]`: the benchmarks that are named, or all of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import compile_time, counts, data, libraries, models, sparse, speed
from benchmarks.report import Report, machine, versions

BENCHMARKS: Mapping[str, Callable[[], Report]] = {
    "numbers": speed.numbers,
    "arrays": speed.arrays,
    "models": models.report,
    "compile": compile_time.report,
    "counts": counts.report,
    "sparse": sparse.report,
    "data": data.report,
    "libraries": libraries.report,
}
"""What can be asked for, by name. The docstring of each begins with what it gives."""


def listing() -> str:
    """The names, a line each."""
    lines = (
        f"  {name:10} {(report.__doc__ or '').partition(chr(10))[0]}"
        for name, report in BENCHMARKS.items()
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
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}\n{listing()}")
    found: dict[str, Report] = {}
    for name in options.names or BENCHMARKS:
        found[name] = BENCHMARKS[name]()
        print(f"{found[name]}\n", flush=True)
    if options.json:
        rows = {name: list(report.rows) for name, report in found.items()}
        found_here = {"machine": machine(), "versions": versions(), "benchmarks": rows}
        options.json.write_text(json.dumps(found_here, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
