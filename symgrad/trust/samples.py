"""Inputs at which a formula can be tried: of its shapes, as far as these are known, and finite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from symgrad.compiled import Compiled
from symgrad.errors import InputError
from symgrad.language.formula import Lowered, lower
from symgrad.pipeline import index_inputs
from symgrad.shaping.leaves import all_elementwise
from symgrad.trust.checking import arrays_of, parts_of

Array = np.ndarray[Any, Any]
Point = Mapping[str, Array]
Shapes = Mapping[str, tuple[int, ...]]

_INTERVALS = ((0.2, 0.9), (-2.0, 2.0), (1.1, 3.0), (-0.9, -0.1), (2.0, 6.0), (0.01, 0.1))
_ROTATION: tuple[tuple[int, ...], ...] = ((), (3,), (2, 1), (2, 3))
_MOST_NUMBERS = 10_000
_EACH = 2
"""How many points there are for each way of choosing shapes."""

_EXTREMES = (
    (0.0, 0.0), (1.0, 1.0), (-900.0, 900.0), (300.0, 900.0), (-900.0, -300.0),
    (1e-170, 1e-160), (1e155, 1e160),
)  # fmt: skip
"""Kinks and ties, and where exponentials and squares leave the range of doubles."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Points, and what inputs are like: their shapes, and those that are no real numbers.

    A shape is of sizes, of names of sizes, or None for any that broadcasts with the others.
    """

    points: tuple[Point, ...]
    shapes: Mapping[str, Any]
    fixed: Mapping[str, Array]


def samples(compiled: Compiled, at: Mapping[str, ArrayLike] | None) -> Samples:
    """Points for what gives a value and derivatives.

    An example `at` tells shapes that are not declared, and what serves as an index.

    Raises
    ------
    InputError
        The formula takes arrays whose shapes are not known, or the example is very large.
    """
    formula = compiled.formula
    lowered = lower(formula, compiled.table)
    shapes: dict[str, Any] = dict.fromkeys(lowered.inputs)
    fixed: dict[str, Array] = {}
    if at is not None:
        compiled(**at)
        given = arrays_of(lowered, at)
        fixed = {name: array for name, array in given.items() if array.dtype.kind != "f"}
        _check_size(formula, given)
        shapes = {name: array.shape for name, array in given.items()}
        layouts: list[Shapes] = [shapes]
        first = [given]
    else:
        _check_known(formula, lowered)
        layouts, first = list(_layouts(lowered)), []
    if set(lowered.shapes) == set(lowered.inputs) and not fixed:
        shapes = {name: lowered.shapes[name].sizes for name in lowered.inputs}
    points = [p for layout in layouts for p in [*first, *_finite(compiled, layout, fixed)]]
    extremes = [p for shape in layouts[:2] for p in _points(shape, fixed, _EXTREMES)]
    points += [point for point in extremes if _is_finite(compiled(**point))]
    return Samples(tuple(points), shapes, fixed)


def _check_size(formula: str, given: Point) -> None:
    count = sum(array.size for array in given.values())
    if count > _MOST_NUMBERS:
        message = f"the inputs hold {count:,} numbers, which would all stand in the tests"
        raise InputError(message, formula, None, f"Give fewer than {_MOST_NUMBERS:,}.")


def _check_known(formula: str, lowered: Lowered) -> None:
    indices = index_inputs(lowered.graph)
    elementwise = all_elementwise(lowered.graph.nodes)
    if indices or (not elementwise and set(lowered.shapes) != set(lowered.inputs)):
        unknown = next(iter(indices), "") or next(
            n for n in lowered.inputs if n not in lowered.shapes
        )
        span = lowered.graph.inputs()[unknown].span
        raise InputError(
            f"tests need to know what {unknown} is like", formula, span,
            "Declare all shapes, as X: (n, d), or give an example by --at.",
        )  # fmt: skip


def _layouts(lowered: Lowered) -> Iterator[Shapes]:
    """A few ways to choose the shapes of inputs."""
    if lowered.shapes:
        named = {s: None for d in lowered.shapes.values() for s in d.sizes if isinstance(s, str)}
        for start in (2, 3):
            sizes = {name: start + k % 3 for k, name in enumerate(named)}
            yield {
                name: tuple(sizes[s] if isinstance(s, str) else s for s in d.sizes)
                for name, d in lowered.shapes.items()
            }
        return
    yield dict.fromkeys(lowered.inputs, ())
    for turn in range(len(_ROTATION)):
        yield {
            name: _ROTATION[(k + turn) % len(_ROTATION)] for k, name in enumerate(lowered.inputs)
        }


def _finite(compiled: Any, shapes: Shapes, fixed: Point) -> list[Point]:
    """Points with all results finite, as far as such are found."""
    tried = list(_points(shapes, fixed, _INTERVALS))
    good = [point for point in tried if _is_finite(compiled(**point))]
    return (good or tried)[:_EACH]


def _points(
    shapes: Shapes, fixed: Point, intervals: Sequence[tuple[float, float]]
) -> Iterator[Point]:
    for number, (low, high) in enumerate(intervals):
        rng = np.random.default_rng(number)
        yield {
            name: fixed[name] if name in fixed else _short(low + (high - low) * rng.random(shape))
            for name, shape in shapes.items()
        }


def _short(array: Array) -> Array:
    """Numbers of few digits, which are quick to read."""
    return np.array([float(f"{x:.4g}") for x in np.ravel(array)]).reshape(np.shape(array))


def _is_finite(results: Any) -> bool:
    value, slopes = parts_of(results)
    return all(bool(np.isfinite(part).all()) for part in (value, *slopes))
