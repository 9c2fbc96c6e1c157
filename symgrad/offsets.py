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

from symgrad.load import load
from symgrad.spelling import Text
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
