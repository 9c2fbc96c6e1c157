"""Where the elements of an array come from, told by NumPy itself on the numbers of their places.

An operation that only moves elements does to an array of offsets what it does to any other. So the
offsets of its result tell for each element which one it is, and code with loops needs no rule of
its own for slices, transposes, diagonals and their like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from symgrad.language.spelling import Text
from symgrad.language.template import HOLE, Slice
from symgrad.load import load
from symgrad.targets.numpy import HELPERS, NUMPY

Offsets = np.ndarray[Any, np.dtype[np.intp]]

_HEADER = "from __future__ import annotations\nimport numpy as np\n"


def applied(op: str, value: object, operands: Sequence[Any]) -> np.ndarray[Any, Any]:
    """What NumPy makes of an operation on arrays; `value` has its attributes.

    >>> import numpy as np
    >>> applied("flip", (0,), [np.arange(3)])
    array([2, 1, 0])
    """
    attributes = value if isinstance(value, tuple) else None
    with np.errstate(all="ignore"):
        return np.asarray(_code(op, attributes, len(operands))(*operands))


@lru_cache(maxsize=256)
def _code(op: str, attributes: object, count: int) -> Callable[..., Any]:
    names = [f"a{k}" for k in range(count)]
    code = NUMPY.spellings[op].write([Text(name) for name in names], attributes).code
    return load(f"def moved({', '.join(names)}):\n    return {code}\n", "moved", _helpers())


@lru_cache(maxsize=1)
def _helpers() -> dict[str, Any]:
    return load(_HEADER + "\n".join(HELPERS.values()), "_floats").__globals__


def own(shape: Sequence[int]) -> Offsets:
    """The offsets of an array's own elements, row by row."""
    return np.arange(int(np.prod(shape))).reshape(tuple(shape))


def moved(op: str, value: object, operands: Sequence[Any]) -> tuple[Offsets, Offsets]:
    """For each element of a result the operand that it is from, and its offset there.

    An operand whose elements move is given as its shape, a tuple; others are as they are. Where
    nothing is moved to, the operand is -1.

    >>> sources, offsets = moved("tril", (0,), [(2, 2)])
    >>> sources.tolist(), offsets.tolist()
    ([[0, -1], [0, 0]], [[0, 0], [2, 3]])
    """
    first = 1
    given, begins = [], []
    for operand in operands:
        given.append(operand)
        if isinstance(operand, tuple):
            given[-1] = own(operand) + first
            begins.append(first)
            first += given[-1].size
    result = applied(op, value, given).astype(np.intp)
    source = np.searchsorted(begins, result, side="right") - 1
    return source, np.where(source < 0, 0, result - np.array(begins)[source])


def looked_up(
    op: str, value: object, shape: tuple[int, ...], indices: Sequence[Any]
) -> tuple[Offsets, list[tuple[int, Offsets, int, int]]]:
    """Where an index takes elements from, some of whose numbers are told later.

    `indices` are numbers that are known, or shapes of those that are not. For each element it gives
    the offset for indices of 0; and for each index that is not known its place, which of its
    elements counts for which one, and the step and the size of the axis that it is for.

    >>> base, [(which, of, step, size)] = looked_up("index", (HOLE, 1), (3, 2), [(2,)])
    >>> base.tolist(), of.tolist(), step, size
    ([1, 1], [0, 1], 2, 3)
    """
    zeros = [np.zeros(i, np.intp) if isinstance(i, tuple) else i for i in indices]
    found = []
    for place, index in enumerate(indices):
        if not isinstance(index, tuple):
            continue
        axis = value[0] if op == "take_along_axis" and isinstance(value, tuple) else _axis(
            value, place, len(shape), zeros)  # fmt: skip
        axis %= len(shape)
        count = np.arange(int(np.prod(index)))
        wide = count.reshape(-1, *[1] * (len(shape) - axis - 1))
        wide = np.broadcast_to(wide, (*shape[:axis], len(count), *shape[axis + 1 :]))
        given = [*zeros[:place], count.reshape(index), *zeros[place + 1 :]]
        step = int(np.prod(shape[axis + 1 :]))
        found.append((place, applied(op, value, [wide, *given]), step, shape[axis]))
    return applied(op, value, [own(shape), *zeros]), found


def _axis(key: object, place: int, rank: int, indices: Sequence[Any]) -> int:
    """The axis that a hole of a key is for."""
    given = iter(indices)
    taken: list[int] = []
    axis_of: list[int] = []
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts:
        inside = part.parts if isinstance(part, Slice) else (part,)
        arrays = [np.asarray(next(given)) for each in inside if each is HOLE]
        axis_of += [len(taken)] * len(arrays)
        masks = not isinstance(part, Slice) and arrays and arrays[0].dtype.kind == "b"
        taken.append(0 if part in (None, Ellipsis) else arrays[0].ndim if masks else 1)
    if Ellipsis in parts:
        taken[parts.index(Ellipsis)] = rank - sum(taken)
    return sum(taken[: axis_of[place]])


def affine(offsets: Offsets, variables: Sequence[str]) -> str | None:
    """Offsets as a sum over the variables of the axes, as code; None where they are no such sum.

    >>> affine(own((3, 2)).T, ("i", "j"))
    '2 * j + i'
    """
    if not offsets.size:
        return "0"
    base = int(offsets.flat[0])
    found = np.full(offsets.shape, base)
    up: list[tuple[int, str]] = []
    down: list[str] = []
    for axis, (size, variable) in enumerate(zip(offsets.shape, variables, strict=True)):
        step = int(offsets.take(1, axis).flat[0]) - base if size > 1 else 0
        if step:
            found = found + step * np.arange(size).reshape((-1,) + (1,) * (offsets.ndim - axis - 1))
            factor = variable if abs(step) == 1 else f"{abs(step)} * {variable}"
            if step > 0:
                up.append((step, factor))
            else:
                down.append(factor)
    if not np.array_equal(found, offsets):
        return None
    terms = [factor for _, factor in sorted(up, key=lambda term: -term[0])]
    terms += [str(base)] if base or not up else []
    return " - ".join([" + ".join(terms), *down])
