"""Attributes of operations: plain values, with holes where a number is known only at run time.

`x[1:, None, i]` has the key `(Slice(1, None, None), None, HOLE)`, and `i` is an operand. A shape is
a tuple of integers and holes in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


class Hole:
    """The place of a number or an index array that is an operand."""

    def __repr__(self) -> str:
        return "_"


HOLE = Hole()


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice; unlike Python's it can be hashed and can have holes."""

    start: Any
    stop: Any
    step: Any

    @property
    def parts(self) -> tuple[Any, Any, Any]:
        """Start, stop and step."""
        return self.start, self.stop, self.step


@dataclass(frozen=True, slots=True)
class Wild:
    """An attribute in a rule that stands for any value."""

    name: str

    def __bool__(self) -> bool:
        raise TypeError(f"{self.name} is known only where the rule applies")


def holes(value: Any) -> int:
    """How many holes an attribute has."""
    items = value if isinstance(value, tuple) else (value,)
    return sum(part is HOLE for item in items for part in _parts(item))


def _parts(item: Any) -> tuple[Any, ...]:
    return item.parts if isinstance(item, Slice) else (item,)


def filled(value: Any, fillings: Iterator[Any]) -> Any:
    """The attribute with its holes filled, in order.

    >>> filled((Slice(HOLE, None, None), HOLE), iter([1, 2]))
    (Slice(start=1, stop=None, step=None), 2)
    """
    if not isinstance(value, tuple):
        return next(fillings) if value is HOLE else value
    done: list[Any] = []
    for item in value:
        parts = [next(fillings) if part is HOLE else part for part in _parts(item)]
        done.append(Slice(*parts) if isinstance(item, Slice) else parts[0])
    return tuple(done)


def written(value: Any, text: Callable[[Any], str] = repr) -> str:
    """A key as it stands between brackets.

    >>> written((Slice(None, 3, None), None, Ellipsis, -1))
    ':3, None, ..., -1'
    """
    items = value if isinstance(value, tuple) else (value,)
    return ", ".join(_written(item, text) for item in items)


def _written(item: Any, text: Callable[[Any], str]) -> str:
    if item is Ellipsis:
        return "..."
    if not isinstance(item, Slice):
        return text(item)
    start, stop, step = ("" if part is None else text(part) for part in item.parts)
    return f"{start}:{stop}" + (f":{step}" if step else "")
