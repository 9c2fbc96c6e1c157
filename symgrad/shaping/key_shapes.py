"""The shape of `x[key]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symgrad.language.template import Slice, filled
from symgrad.shaping.misfit import Misfit, Shape, Size, broadcast


def of_key(key: tuple[Any, ...], shape: Shape, fillings: Sequence[Any]) -> Shape:
    """The shape of `x[key]`; a filling is an integer, or the shape of an index array or mask.

    A mask is given as a pair of its shape and of how many elements it takes.
    """
    parts = list(filled(key, iter(fillings)))
    taken = sum(_takes(p) for p in parts)
    if taken > len(shape):
        count = "1 index" if taken == 1 else f"{taken} indices"
        raise Misfit(f"{count} for an operand of shape {shape}", "Give one index per axis at most.")
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [Slice(None, None, None)] * (len(shape) - taken)
    else:
        parts += [Slice(None, None, None)] * (len(shape) - taken)
    result: list[Size] = []
    arrays: list[Shape] = []
    places: list[int] = []
    axis = 0
    for number, part in enumerate(parts):
        if part is None:
            result.append(1)
            continue
        if isinstance(part, Slice):
            result.append(_sliced(part, shape[axis]))
        elif isinstance(part, IndexArray):
            _check_mask(part, shape, axis)
            arrays.append(part.result)
            places.append(number)
            if len(places) == 1:
                at_result = len(result)
        else:
            size = shape[axis]
            if isinstance(part, int) and size is not None and not -size <= part < size:
                raise Misfit(
                    f"index {part} is out of range for axis {axis} of size {size}",
                    "Indices count from 0; negative ones from the end.",
                )
            if places or any(isinstance(p, IndexArray) for p in parts):
                arrays.append(())
                places.append(number)
                if len(places) == 1:
                    at_result = len(result)
        axis += _takes(part)
    if not arrays:
        return tuple(result)
    together = places == list(range(places[0], places[0] + len(places)))
    at = at_result if together else 0
    return (*result[:at], *broadcast(*arrays), *result[at:])


class IndexArray:
    """An array in a key: the axes it takes, its own shape, and what it adds to the result."""

    def __init__(self, shape: Shape, is_mask: bool, count: Size = None) -> None:
        self.mask_shape = shape if is_mask else None
        self.takes = len(shape) if is_mask else 1
        self.result: Shape = (count,) if is_mask else shape


def _check_mask(part: IndexArray, shape: Shape, axis: int) -> None:
    if part.mask_shape is None:
        return
    covered = shape[axis : axis + part.takes]
    for s, t in zip(part.mask_shape, covered, strict=True):
        if s != t and None not in (s, t):
            raise Misfit(f"a mask of shape {part.mask_shape} is not for an array of shape {shape}")


def _takes(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    return part.takes if isinstance(part, IndexArray) else 1


def _sliced(part: Slice, size: Size) -> Size:
    if part == Slice(None, None, None):
        return size
    if any(isinstance(p, IndexArray) for p in part.parts):
        raise Misfit("the bounds of a slice are single whole numbers, not arrays")
    if size is None or UNKNOWN in part.parts:
        return None
    if part.step == 0:
        raise Misfit("the step of a slice is 0")
    return len(range(*slice(*part.parts).indices(size)))


class Unknown:
    """An integer in a key that is not known yet."""


UNKNOWN = Unknown()
