"""Parts of parts, as one part: `x[:3][1:]` is `x[1:3]`, and a slice of one element an index."""

from __future__ import annotations

from typing import Any

from symgrad.graph import Node
from symgrad.language.template import Slice

_ALL = Slice(None, None, None)


def _sliced(key: object) -> tuple[int, Slice] | None:
    """The place of the one slice in a key that takes all else whole; its numbers are written out.

    Both numbers count from the front.
    """
    if not isinstance(key, tuple):
        return None
    parts = [place for place, part in enumerate(key) if part not in (_ALL, Ellipsis)]
    if len(parts) != 1 or not isinstance(key[parts[0]], Slice):
        return None
    part = key[parts[0]]
    numbers = (part.start, part.stop)
    if part.step is not None or not all(n is None or (type(n) is int and n >= 0) for n in numbers):
        return None
    return parts[0], part


def composed(outer: object, inner: object) -> tuple[Any, ...] | None:
    """The key of a part of a part, or None where that is not seen.

    >>> composed((Slice(None, 3, None),), (Slice(1, None, None),))
    (Slice(start=1, stop=3, step=None),)
    """
    first, second = _sliced(outer), _sliced(inner)
    if first is None or second is None or not isinstance(outer, tuple):
        return None
    (place, a), (other, b) = first, second
    if place != other or not isinstance(inner, tuple) or len(outer) != len(inner):
        return None
    if (Ellipsis in outer) != (Ellipsis in inner):
        return None
    base = a.start or 0
    start = base + (b.start or 0)
    stops = [n for n in (a.stop, None if b.stop is None else base + b.stop) if n is not None]
    stop = min(stops) if stops else None
    part = Slice(start or None, stop, None)
    return (*outer[:place], part, *outer[place + 1 :])


def picked(key: object, axis: object) -> tuple[Any, ...] | None:
    """The key with an index, where a slice takes one element of an axis that then is dropped.

    >>> picked((Slice(2, 3, None),), 0)
    (2,)
    """
    found = _sliced(key)
    if isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    if found is None or not isinstance(key, tuple):
        return None
    place, part = found
    start = part.start or 0
    # An axis is counted from the end exactly where an ellipsis stands before its slice.
    counted = place - len(key) if key[0] is Ellipsis else place
    if part.stop != start + 1 or counted != axis:
        return None
    return (*key[:place], start, *key[place + 1 :])


def shortened(op: str, args: tuple[Node, ...], value: Any) -> tuple[tuple[Node, ...], Any] | None:
    """Operands and key of an index or a place that does two steps as one, or None."""
    if op == "index" and len(args) == 1 and args[0].op == "index" and len(args[0].args) == 1:
        key = composed(args[0].value, value)
        return None if key is None else ((args[0].args[0],), key)
    if op == "squeeze" and args[0].op == "index" and len(args[0].args) == 1:
        key = picked(args[0].value, value[0])
        return None if key is None else ((args[0].args[0],), key)
    if op == "place" and args[0].op == "place" and "pair" not in (args[1].op, args[0].args[1].op):
        key = composed(value, args[0].value)
        return None if key is None else ((args[0].args[0], args[1]), key)
    if op == "place" and args[0].op == "expand_dims" and args[1].op != "pair":
        key = picked(value, args[0].attributes[0])
        return None if key is None else ((args[0].args[0], args[1]), key)
    return None
