"""The command `python -m benchmarks NAME`: one benchmark, or, without a name, the list of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks import counts, sparse

BENCHMARKS: Mapping[str, Callable[[], str]] = {"counts": counts.report, "sparse": sparse.report}
"""What can be asked for, by name. Its module's docstring begins with what it measures."""


def listing() -> str:
    """The names, a line each."""
    lines = ["python -m benchmarks NAME, where NAME is one of:"]
    for name, report in BENCHMARKS.items():
        about = (sys.modules[report.__module__].__doc__ or "").partition("\n")[0]
        lines.append(f"  {name:10} {about}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for; 2 where there is no such benchmark."""
    unknown = [name for name in arguments if name not in BENCHMARKS]
    if unknown or not arguments:
        print(listing())
        return 2 if unknown else 0
    for name in arguments:
        print(BENCHMARKS[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
