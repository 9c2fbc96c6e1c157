"""Shapes that may be known in part, what they broadcast to, and what does not fit, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from symgrad.graph import Node

Size = int | None
Shape = tuple[Size, ...]


Rule = Callable[[Node, Sequence[Shape], Sequence[Size]], Shape | None]
"""Takes a node, the shapes of its operands and the numbers that fill its holes. None: unknown."""


class Misfit(Exception):  # noqa: N818 - it never reaches a user
    """Operands that do not fit, in words."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def broadcast(*shapes: Shape) -> Shape:
    """What shapes broadcast to."""
    rank = max(map(len, shapes), default=0)
    result: list[Size] = []
    for place in range(-rank, 0):
        sizes = [s[place] for s in shapes if -place <= len(s)]
        known = {size for size in sizes if size is not None and size != 1}
        if len(known) > 1:
            raise Misfit("shapes do not broadcast together")
        result.append(known.pop() if known else None if None in sizes else 1)
    return tuple(result)


def product(sizes: Sequence[Size]) -> Size:
    """How many elements there are."""
    return None if None in sizes else math.prod(s for s in sizes if s is not None)


def axis_of(axis: object, rank: int) -> int:
    """An axis counted from the front."""
    if not isinstance(axis, int) or isinstance(axis, bool):
        raise Misfit(f"an axis is a whole number, not {axis!r}")
    if not -rank <= axis < rank:
        axes = "no axes" if rank == 0 else "1 axis" if rank == 1 else f"{rank} axes"
        message = f"axis {axis} does not exist: there {'is' if rank == 1 else 'are'} {axes}"
        hint = "Axes count from 0; negative ones from the end."
        raise Misfit(
            message, hint if rank else "It is one number: leave axis out, or pass an array."
        )
    return axis % rank


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Several axes, or all for None, counted from the front."""
    if axis is None:
        return tuple(range(rank))
    axes = tuple(axis_of(a, rank) for a in (axis if isinstance(axis, tuple) else (axis,)))
    if len(set(axes)) < len(axes):
        raise Misfit("an axis is named twice")
    return axes


def agrees(shape: Shape, wanted: Shape) -> bool:
    """Whether a shape is the wanted one, as far as that is known."""
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(w in (None, s) for s, w in pairs)
