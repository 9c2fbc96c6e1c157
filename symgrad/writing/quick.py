"""Calls on plain numbers with nothing around them but a look at their types.

The code for numbers of Python takes a fraction of a microsecond; binding arguments generically
takes longer than that. So an object that is called with numbers gets a class of its own, whose
`__call__` is that code. All other calls, and those that the math module refuses, go the long way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symgrad.load import load
from symgrad.targets.scalar import NAMESPACE

LONGEST = 20_000
"""Above this many characters the code takes so long that what is around it does not count."""

ABSENT = object()
"""Stands for an argument that was not passed by position."""

OWN_NAMES = frozenset("self more named type float _ABSENT _REFUSED".split())
"""The names of the method that are no names of inputs."""

REFUSED = (OverflowError, ValueError, ZeroDivisionError)
"""What the math module raises where NumPy has an answer."""


def quick(source: str) -> Callable[..., Any] | None:
    """A method `__call__` from the text of a function of numbers; None where it would not help.

    What it does not do itself it hands to `self._slowly(arguments, more, named)`.
    """
    head, _, body = source.partition("\n")
    names = head[head.index("(") + 1 : head.rindex(")")].split(", ")
    if len(source) > LONGEST or names == [""]:
        return None
    tests = " and ".join(f"type({name}) is float" for name in names)
    lines = [
        f"def __call__(self, {', '.join(f'{name}=_ABSENT' for name in names)}, /, *more, **named):",
        f"    if {tests} and not (more or named):",
        "        try:",
        *("        " + line for line in body.splitlines() if line),
        "        except _REFUSED:",
        "            pass",
        f"    return self._slowly(({', '.join(names)},), more, named)",
        "",
    ]
    names_seen = {**NAMESPACE, "_ABSENT": ABSENT, "_REFUSED": REFUSED}
    return load("\n".join(lines), "__call__", names_seen)
