"""What the nodes of a graph are called: the formula's own names, and what the reverse pass adds.

A label is a name of the formula, as `residual`; or it stands for a value that has no name, as `.7`;
or for the cotangent of one of these, as `d residual` and `d .7`. The names in code are made from
labels at the very end, when it is known which values get one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

_COTANGENT = "d "
ROWS = " rows"
"""The end of the name of an input with many seeds, and of products with such."""

UNNAMED = "."


def is_own(label: str) -> bool:
    """Whether the formula itself gave this name."""
    return not label.startswith((_COTANGENT, UNNAMED))


def is_cotangent(label: str) -> bool:
    """Whether this is the cotangent of a value."""
    return label.startswith(_COTANGENT)


def cotangent_of(label: str) -> str:
    """The label of a cotangent."""
    return _COTANGENT + label


def of_cotangent(label: str) -> str:
    """The label of what this is the cotangent of."""
    return label.removeprefix(_COTANGENT)


def unnamed(labels: Iterable[str]) -> Iterator[str]:
    """Labels for values without a name, other than these."""
    numbers = (int(label[1:]) for label in labels if label.startswith(UNNAMED))
    return (f"{UNNAMED}{number}" for number in count(max(numbers, default=0) + 1))


def derivative_name(name: str) -> str:
    """What the derivative by something is called: `dx`; `d_dx` and `d_log_x` can be read.

    >>> [derivative_name(name) for name in ("W1", "dx", "log_x")]
    ['dW1', 'd_dx', 'd_log_x']
    """
    return f"d_{name}" if name.startswith("d") or "_" in name.strip("_") else f"d{name}"


def other_derivative_name(name: str) -> str:
    """What a derivative is called where the formula has its name: `grad_x` for `dx`; else nothing.

    >>> [other_derivative_name(name) for name in ("dx", "value", "dx_dy")]
    ['grad_x', '', '']
    """
    return f"grad_{name[1:]}" if name.startswith("d") and "_" not in name else ""


def shown(label: str) -> str:
    """A label for readers of graphs: empty where the formula has no name for the value."""
    if is_own(label):
        return label
    base = of_cotangent(label)
    return derivative_name(base) if is_own(base) else ""
