"""Points to try formulas at: numbers of several scales, and shapes that all of them take."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from symgrad.compiled import Compiled
from symgrad.errors import InputError, SymgradError
from symgrad.graph import Graph
from symgrad.language.formula import Lowered
from symgrad.pipeline import Known
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.misfit import Shape

Array = np.ndarray[Any, Any]
Point = Mapping[str, Array]
Shapes = Mapping[str, tuple[int, ...]]

_INTERVALS = np.array(
    [(-2.0, 2.0), (0.05, 0.95), (1.0, 5.0), (-1e-3, 1e-3), (-40.0, 40.0), (-1e3, 1e3)]
)
_SPECIAL = (0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, math.pi, -0.0)
_SIZES = (3, 4, 2, 5)
_GUESSED = 3
_MOST_GUESSED = 6
_EACH_END = 2
_MOST_DRAWS = 40


def is_plain(graph: Graph) -> bool:
    """Whether every operation applies to elements."""
    return all(node.op == "input" or is_elementwise(node.op) for node in graph.nodes)


def single_points(names: Sequence[str], count: int, seed: int) -> Iterator[Point]:
    """Arrays of which each element is a point of its own; special numbers come last."""
    rng = np.random.default_rng(seed)
    steps = np.arange(count) * 2 * len(_INTERVALS) // count
    mixed = steps >= len(_INTERVALS)
    drawn = {}
    for name in names:
        chosen = np.where(mixed, rng.integers(0, len(_INTERVALS), count), steps)
        drawn[name] = _between(_INTERVALS[chosen], rng.random(count))
    yield drawn
    pairs = np.array(list(product(_SPECIAL, repeat=min(len(names), 2))))
    order = rng.permutation(len(pairs)) if len(names) > 1 else np.arange(len(pairs))
    yield {name: pairs[np.roll(order, k // 2), k % 2] for k, name in enumerate(names)}


def whole_points(
    layouts: Sequence[Shapes], indices: Collection[str], count: int, seed: int
) -> Iterator[Point]:
    """Inputs of some shapes, all from one interval; special numbers come last."""
    rng = np.random.default_rng(seed)
    largest = max((math.prod(s) for layout in layouts for s in layout.values()), default=1)
    rounds = max(2 * len(_INTERVALS), min(_MOST_DRAWS, count // max(largest, 1)))
    for number in range(rounds):
        ends = _INTERVALS[number % len(_INTERVALS)]
        layout = layouts[number % len(layouts)]
        yield {n: _drawn(n in indices, s, ends, rng) for n, s in layout.items()}
    for layout in layouts:
        for special in _SPECIAL[:3]:
            plain = {n: np.full(s, special) for n, s in layout.items()}
            yield {n: a.astype(int) % 2 if n in indices else a for n, a in plain.items()}


def _drawn(is_index: bool, shape: tuple[int, ...], ends: Array, rng: np.random.Generator) -> Array:
    return rng.integers(0, 2, shape) if is_index else _between(ends, rng.random(shape))


def _between(ends: Array, parts: Array) -> Array:
    """Numbers at parts of the way between ends, with few digits, so that they are easy to read."""
    exact = ends[..., 0] + (ends[..., 1] - ends[..., 0]) * parts
    return np.array([float(f"{x:.4g}") for x in np.ravel(exact)]).reshape(np.shape(exact))


def layouts_of(
    lowered: Sequence[Lowered],
    compiled: Sequence[Compiled],
    inputs: Sequence[str],
    told: Shapes,
    indices: Collection[str],
) -> list[Shapes]:
    """Some choices of shapes that all formulas take: as declared, as told, or found by trying.

    Those come first for which the values have the same shape, and others only if there are none.

    Raises
    ------
    InputError
        The shapes do not fit, or none were found.
    """
    fixed = _declared(lowered) | {name: tuple(shape) for name, shape in told.items()}
    free = [name for name in inputs if name not in fixed]
    if not free:
        for low, own in zip(lowered, compiled, strict=True):
            _value_shape(low, own.formula, fixed)
    guesses = product(range(3), repeat=len(free)) if len(free) <= _MOST_GUESSED else iter(())
    alike: list[Shapes] = []
    others: list[Shapes] = []
    for ranks in sorted(guesses, key=lambda ranks: (sum(ranks), ranks)):
        guess = {n: (_GUESSED,) * rank for n, rank in zip(free, ranks, strict=True)}
        shapes = {name: (fixed | guess)[name] for name in inputs}
        try:
            values = {
                _value_shape(low, own.formula, shapes)
                for low, own in zip(lowered, compiled, strict=True)
            }
        except SymgradError:
            continue
        (alike if len(values) == 1 else others).append(shapes)
    rng = np.random.default_rng(0)
    for found in (alike, others):
        ends = [*found[:_EACH_END], *found[_EACH_END:][-_EACH_END:]]
        runs = [
            shapes
            for shapes in ends
            if not free or _runs(compiled, {n: _drawn(n in indices, s, _INTERVALS[1], rng)
                                            for n, s in shapes.items()})
        ]  # fmt: skip
        if runs:
            return runs
    raise _unknown(lowered, compiled, (free or inputs)[0])


def _declared(lowered: Sequence[Lowered]) -> dict[str, tuple[int, ...]]:
    sizes: dict[str, int] = {}
    shapes = {}
    for low in reversed(lowered):
        for name, declared in low.shapes.items():
            for size in declared.sizes:
                if isinstance(size, str):
                    sizes.setdefault(size, _SIZES[len(sizes) % len(_SIZES)])
            shapes[name] = tuple(sizes[s] if isinstance(s, str) else s for s in declared.sizes)
    return shapes


def _value_shape(low: Lowered, text: str, shapes: Shapes) -> Shape | None:
    known = Known({name: shapes[name] for name in low.inputs})
    shape: Shape | None = known.check(low.graph, text).shapes[low.graph.outputs[0]]
    return shape


def _runs(compiled: Sequence[Compiled], point: Point) -> bool:
    try:
        for each in compiled:
            each(**{name: point[name] for name in each.inputs})
    except SymgradError:
        return False
    return True


def _unknown(lowered: Sequence[Lowered], compiled: Sequence[Compiled], name: str) -> InputError:
    low, own = next(p for p in zip(lowered, compiled, strict=True) if name in p[0].inputs)
    span = low.graph.inputs()[name].span
    hint = f"Declare them, as {name}: (n, d), or give some: {name}=(4, 3)."
    return InputError(f"the shapes are not known that {name} may have", own.formula, span, hint)
