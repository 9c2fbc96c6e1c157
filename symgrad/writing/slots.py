"""The memory that a loop works in: slots of its own, and what results lie in until they are there.

A result's memory is fetched into the cache anyway, so it costs less than one slot more.
"""

from __future__ import annotations

import math

from symgrad.shaping.axes import Labels
from symgrad.writing.elements import BOOL
from symgrad.writing.naming import Names

Kind = tuple[Labels, str]
"""The labels of an array's axes, and what it holds."""


class Slots:
    """Memory by name, as it is taken and given back; `kinds` and `called` are those of the slots.

    >>> slots = Slots(Names([]))
    >>> kind = ((0,), "float")
    >>> slots.lend("value", kind, 5.5)
    >>> slots.take(kind, 5), slots.take(kind, 1)
    ('value', 't')
    """

    def __init__(self, names: Names) -> None:
        self.kinds: list[Kind] = []
        self.called: list[str] = []
        self._names = names
        self._free: dict[Kind, list[str]] = {}
        self._until: dict[str, float] = {}

    def lend(self, name: str, kind: Kind, until: float) -> None:
        """Let the memory of a result be used, by what is used for the last time before a place."""
        self._until[name] = until
        self.give(kind, name)

    def take(self, kind: Kind, last: float) -> str:
        """Memory for what is used last at a place: what was given back last, if possible."""
        free = self._free.get(kind, [])
        found = next((name for name in reversed(free) if self.fits(name, last)), None)
        if found is not None:
            free.remove(found)
            return found
        name = self._names.numbered("c" if kind[1] == BOOL else "t")
        self.kinds.append(kind)
        self.called.append(name)
        return name

    def give(self, kind: Kind, name: str) -> None:
        """What is in there is used no more."""
        self._free.setdefault(kind, []).append(name)

    def spare(self, kind: Kind, last: float) -> str:
        """Memory that is free again at once, for the one who works there at a place."""
        name = self.take(kind, last)
        self.give(kind, name)
        return name

    def fits(self, name: str, last: float) -> bool:
        """Whether memory is free for what is used last at a place."""
        return last < self._until.get(name, math.inf)
