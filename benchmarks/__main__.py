"""The command `python -m benchmarks NAME`: one benchmark, or, without a name, the list of them.

`--json` before the names prints what was measured as JSON, for those that have it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import compile_time, counts, sparse

BENCHMARKS: Mapping[str, Callable[[], str]] = {
    "compile": compile_time.report,
    "counts": counts.report,
    "sparse": sparse.report,
}
"""What can be asked for, by name. Its module's docstring begins with what it measures."""

DATA: Mapping[str, Callable[[], Mapping[str, Any]]] = {"compile": compile_time.data}
"""What is measured, for JSON."""


def listing() -> str:
    """The names, a line each."""
    lines = ["python -m benchmarks NAME, where NAME is one of:"]
    for name, report in BENCHMARKS.items():
        about = (sys.modules[report.__module__].__doc__ or "").partition("\n")[0]
        lines.append(f"  {name:10} {about}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for; 2 where there is no such benchmark."""
    as_json = "--json" in arguments[:1]
    names = arguments[1:] if as_json else arguments
    unknown = [name for name in names if name not in (DATA if as_json else BENCHMARKS)]
    if unknown or not names:
        print(listing())
        return 2 if unknown else 0
    if as_json:
        print(json.dumps({name: DATA[name]() for name in names}, indent=1))
    for name in names if not as_json else ():
        print(BENCHMARKS[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
