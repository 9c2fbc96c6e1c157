"""Results in arrays that the caller passes as `out`: laid out as the results are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

Refuse = Callable[[str, str], Exception]
"""Makes an error of a message and of a hint."""

_TRIES = 10_000
"""How hard to look whether two arrays share memory."""

_DEEPEST = 16
"""Deeper than any result: a list that holds itself has no end."""


def leaves(part: Any) -> list[Any]:
    """The arrays of a result in order, however they are laid out."""
    return [leaf for _, leaf in _walked(part)]


def _walked(part: Any) -> Iterator[tuple[str, Any]]:
    waiting: list[tuple[str, Any, int]] = [("out", part, 0)]
    while waiting:
        path, item, depth = waiting.pop()
        if depth > _DEEPEST:
            raise RecursionError
        if isinstance(item, tuple | list):
            inside = [(f"{path}[{place}]", each, depth + 1) for place, each in enumerate(item)]
        elif isinstance(item, dict):
            inside = [(f"{path}[{name!r}]", each, depth + 1) for name, each in item.items()]
        else:
            yield path, item
            continue
        waiting.extend(reversed(inside))


def store(result: Any, out: Any, refuse: Refuse) -> None:
    """Copy results to where they are wanted; those that are there already stay.

    Raises
    ------
    Exception
        As `refuse` makes it: `out` is laid out otherwise, or an array in it does not fit.
    """
    hint = "Lay out the arrays as the results are: tuples, dicts by name."
    try:
        found, wanted = dict(_walked(result)), dict(_walked(out))
    except RecursionError:
        raise refuse("out holds itself", hint) from None
    if list(found) != list(wanted) or isinstance(out, list):
        shown = ", ".join(wanted)[:80] or "nothing"
        message = f"out holds {shown}, and the results are {', '.join(found)[:80]}"
        raise refuse(message, hint)
    for path, buffer in wanted.items():
        _check(path, buffer, np.asarray(found[path]), refuse)
    _check_apart(wanted, refuse)
    for path, buffer in wanted.items():
        if not _same_place(found[path], buffer):
            np.copyto(buffer, found[path])


def _same_place(found: Any, buffer: Array) -> bool:
    """Whether a result is in a buffer already, or is that by another name."""
    alike = isinstance(found, np.ndarray) and found.strides == buffer.strides
    return found is buffer or (alike and found.ctypes.data == buffer.ctypes.data)


def _check(path: str, buffer: object, like: Array, refuse: Refuse) -> None:
    hint = f"Pass np.empty({like.shape}, np.{like.dtype})."
    if not isinstance(buffer, np.ndarray):
        raise refuse(f"{path} is no array, but {type(buffer).__name__}", hint)
    if buffer.shape != like.shape:
        raise refuse(f"{path} has shape {buffer.shape}, and the result {like.shape}", hint)
    if buffer.dtype != like.dtype:
        raise refuse(f"{path} holds {buffer.dtype}, and the result {like.dtype}", hint)
    if not buffer.flags.writeable:
        raise refuse(f"{path} cannot be written to", hint)


def _check_apart(buffers: dict[str, Array], refuse: Refuse) -> None:
    """Two results cannot go to the same place."""
    for first, second in overlaps(list(buffers.values()), list(buffers.values())):
        if first < second:
            paths = list(buffers)
            message = f"{paths[first]} and {paths[second]} share memory"
            raise refuse(message, "Pass arrays of their own.")


def overlaps(some: Sequence[Array], others: Sequence[Array]) -> list[tuple[int, int]]:
    """Which of some arrays share memory with which of others, as far as that is told quickly."""
    return [
        (i, j) for i, x in enumerate(some) for j, y in enumerate(others) if x.size and _shared(x, y)
    ]


def _shared(x: Array, y: Array) -> bool:
    if not np.may_share_memory(x, y):
        return False
    try:
        return bool(np.shares_memory(x, y, max_work=_TRIES))  # type: ignore[arg-type]  # the stubs know 0 and -1 alone
    except np.exceptions.TooHardError:
        return False
