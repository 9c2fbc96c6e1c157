"""How accurate a formula and its derivatives are over a box: the worst and the median error."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symgrad.api import functions, value_and_grad
from symgrad.errors import InputError, SymgradError, did_you_mean, told
from symgrad.functions import FunctionTable
from symgrad.language.formula import Lowered, lower
from symgrad.limits import Limits, memory_error
from symgrad.pipeline import index_inputs
from symgrad.reverse import reverse
from symgrad.running.evaluate import Evaluator, evaluator, known_of, resolved
from symgrad.shaping.leaves import all_elementwise
from symgrad.trust.checking import check_mapping, parts_of
from symgrad.trust.ulps import index_text, shown, table, ulps

if TYPE_CHECKING:
    from symgrad.trust.truth import Truth

Array = np.ndarray[Any, Any]
Box = Mapping[str, tuple[float, float]]

_SPECIAL = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, math.pi, -math.pi)
_FEWER = 50
"""Where each sample is computed on its own, one in so many is taken by default."""

_BATCH = 50
"""How many points are computed at once."""

_ELEMENTS = 4
"""How many elements of each array are judged in a sample."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Errors:
    """The errors of a quantity, in ulps: a float64 for each number that is known of it.

    Attributes
    ----------
    name:
        "value", or "d/dx".
    ulps, naive:
        Those of symgrad's code, and of the formula as it stands, with the plain chain rule.
    points:
        The inputs there, by name: float64, as many.
    places:
        What an error is the error of, where a sample has several: "x[2] in sample 7".
    """

    name: str
    ulps: Array
    naive: Array
    points: Mapping[str, Array]
    places: tuple[str, ...]

    def worst(self, naive: bool = False) -> tuple[float, str]:
        """The largest error, and where it is."""
        errors = self.naive if naive else self.ulps
        if not errors.size:
            return math.nan, ""
        place = int(np.argmax(errors))
        at = ", ".join(f"{name}={array[place]:.6g}" for name, array in self.points.items())
        return float(errors[place]), at or self.places[place]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Accuracy:
    """What `accuracy` found; printed, it is a table. `errors` has all of it."""

    formula: str
    box: Box
    samples: int
    errors: tuple[Errors, ...]

    def __repr__(self) -> str:
        head = ["ulps", "known", "median", "worst", "at", "naively: median", "worst", "at"]
        rows = [head, *map(_cells, self.errors)]
        return "\n".join(table(rows))

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw the errors over each input, into a file whose ending tells its format.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        SymgradError
            The file cannot be written, or there is nothing to draw.
        """
        from symgrad.trust.drawing import draw_errors

        try:
            draw_errors(self.formula, self.errors, path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SymgradError(f"{os.fspath(path)} cannot be written: {reason}") from None


def _cells(errors: Errors) -> list[str]:
    cells = [errors.name, str(errors.ulps.size)]
    for found, naive in ((errors.ulps, False), (errors.naive, True)):
        worst, at = errors.worst(naive)
        median = shown(float(np.median(found))) if found.size else "-"
        cells += [median, shown(worst) if found.size else "-", at]
    return cells


class _Error(NamedTuple):
    """An error of symgrad and of the formula as it stands, with its draw and its element."""

    ours: float
    naive: float
    number: int
    place: int
    element: str


def accuracy(
    formula: str,
    box: Box,
    wrt: str | Sequence[str] | None = None,
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    samples: int | None = None,
    seed: int = 0,
    exact: bool = False,
) -> Accuracy:
    """Find how many ulps the value and the derivatives of a formula are off, anywhere in a box.

    Results are held against 50 digits, and beside them stand those of the formula as it is written,
    evaluated with NumPy, and differentiated by the chain rule without any rewriting.

    Parameters
    ----------
    formula, wrt, exact:
        As for `grad`.
    box:
        For each input, the least and the largest number. Points are spread evenly and over all
        magnitudes, and are at special numbers and next to them.
    shapes:
        Of inputs that are arrays. Where a formula takes arrays as a whole, a few elements of each
        sample are judged. A sample that the formula refuses, a singular matrix, is left out.
    samples:
        How many points, by default 1000, or 20 where the formula takes arrays as a whole.
    seed:
        Of the random points.

    >>> found = accuracy("log(1 + exp(x))", box={"x": (-50, 50)}, samples=100)
    >>> errors = found.errors[1]
    >>> errors.name, errors.worst()[0] < 2, errors.worst(naive=True)[0] < 4
    ('d/dx', True, True)

    Raises
    ------
    MissingExtraError
        mpmath is not installed.
    SymgradError
        The formula, `wrt` or the box is wrong, or mpmath lacks a function of the formula.
    """
    table_ = functions()
    compiled = value_and_grad(formula, wrt, exact=exact)
    lowered = lower(formula, table_)
    _check_box(formula, lowered, box)
    sizes = _sizes(lowered, shapes or {})
    plain = all_elementwise(lowered.graph.nodes)
    together = plain and not any(sizes.values())
    count = samples if samples is not None else 1000 if together else 1000 // _FEWER
    if type(count) is not int or count < 1:
        raise InputError(f"samples must be a positive whole number, not {told(count)}")
    limits, needed = Limits.current(), 8 * count * sum(math.prod(s) for s in sizes.values())
    if needed > limits.memory:
        raise memory_error(needed, limits, formula, (0, len(formula)), "Take fewer samples.")
    rng = np.random.default_rng(seed)
    if together:
        points = {name: _points(box[name], count, rng) for name in lowered.inputs}
        draws = _batches(points, count)
    else:
        draws = [
            {n: _points(box[n], math.prod(s), rng, False).reshape(s) for n, s in sizes.items()}
            for _ in range(count)
        ]
    return Accuracy(
        formula, dict(box), count, _surveyed(formula, compiled, lowered, table_, draws, together)
    )


def _sizes(lowered: Lowered, shapes: Mapping[str, Sequence[float]]) -> dict[str, tuple[int, ...]]:
    """The shape of each input; of those that are not named, that of a number."""
    check_mapping("shapes", shapes, '{"x": (3,)}')
    found: dict[str, tuple[int, ...]] = dict.fromkeys(lowered.inputs, ())
    for name, shape in shapes.items():
        if name not in found:
            known = f"The inputs are: {', '.join(lowered.inputs) or 'none'}."
            hint = did_you_mean(str(name), lowered.inputs) or known
            raise InputError(f"shapes: {name} is not an input of the formula", hint=hint)
        try:
            found[name] = tuple(map(int, shape))
        except (TypeError, ValueError, OverflowError):
            found[name] = (-1,)
        if min(found[name], default=0) < 0 or list(found[name]) != list(shape):
            raise InputError(f"shapes: {name} has the shape {told(shape)}", hint="Write (3, 2).")
    return found


def _check_box(formula: str, lowered: Lowered, box: Box) -> None:
    known = f"The inputs are: {', '.join(lowered.inputs) or 'none'}."
    check_mapping("box", box, '{"x": (-50, 50)}')
    for name, ends in box.items():
        if name not in lowered.inputs:
            hint = did_you_mean(str(name), lowered.inputs) or known
            raise InputError(f"box: {name} is not an input of the formula", hint=hint)
        try:
            low, high = map(float, ends)
        except (TypeError, ValueError, OverflowError):
            low, high = math.nan, math.nan
        if not -math.inf < low <= high < math.inf:
            hint = "Write the least and the largest number, as (-50, 50)."
            raise InputError(f"box: {name} is from {told(ends)}", hint=hint)
    indices = index_inputs(lowered.graph)
    for name in lowered.inputs:
        if name in indices:
            message = f"{name} serves as an index, a mask or a size, and cannot be drawn from a box"
            span = lowered.graph.inputs()[name].span
            raise InputError(message, formula, span, "Write numbers in its place.")
        if name not in box:
            span = lowered.graph.inputs()[name].span
            hint = f'Add "{name}": (least, largest).'
            raise InputError(f"the box lacks the input {name}", formula, span, hint)


def _points(
    ends: tuple[float, float], count: int, rng: np.random.Generator, special: bool = True
) -> Array:
    """Numbers of an interval: evenly, over all magnitudes, special ones and their neighbours."""
    low, high = map(float, ends)
    even = low + (high - low) * rng.random(count)
    least, largest = max(low, -high, 0.0), max(abs(low), abs(high))
    decades = np.where(rng.random(count) < 0.8, 20, 300)
    if least:
        decades = np.minimum(decades, math.log10(largest) - math.log10(least))
    sizes = largest * 10.0 ** (-decades * rng.random(count))
    negative = (rng.random(count) < 0.5) & (low < 0) | (high <= 0)
    scaled = np.where(negative, -sizes, sizes)
    marks = np.array([*_SPECIAL, low, high])
    marks = np.concatenate([marks, np.nextafter(marks, -np.inf), np.nextafter(marks, np.inf)])
    kind = rng.random(count)
    chosen = np.where(kind < 0.5, even, scaled)
    if special:
        chosen = np.where(kind > 0.9, rng.choice(marks, count), chosen)
    return np.where((chosen >= low) & (chosen <= high), chosen, even)


def _surveyed(
    formula: str,
    compiled: Any,
    lowered: Lowered,
    table_: FunctionTable,
    draws: Sequence[Mapping[str, Array]],
    together: bool,
) -> tuple[Errors, ...]:
    from symgrad.trust.truth import Truth

    results: dict[int, tuple[Any, Any]] = {}
    refused: list[InputError] = []
    for number, inputs in enumerate(draws):
        try:
            results[number] = parts_of(compiled(**inputs))
        except InputError as error:
            refused.append(error)
    if not results:
        raise refused[0]
    first = next(iter(results))
    start = Truth(lowered, draws[first], table_)
    if not start.is_known:
        raise SymgradError("mpmath lacks a function that the formula calls", formula)
    naive = _naive(formula, lowered, draws[first], compiled.wrt, table_)
    names = ("value", *compiled.wrt)
    found: list[list[_Error]] = [[] for _ in names]
    for number, (value, slopes) in results.items():
        inputs = draws[number]
        both = zip([value, *slopes], naive(inputs), strict=True)
        truth = start.at(inputs) if number != first else start
        for name, errors, (ours, theirs) in zip(names, found, both, strict=True):
            places = range(np.size(ours) if together else min(np.size(ours), _ELEMENTS))
            for place, want in zip(places, _wanted(truth, name, places), strict=True):
                if want == want:
                    pair = [ulps(float(np.ravel(x)[place]), want) for x in (ours, theirs)]
                    element = index_text(np.shape(ours), place)
                    errors.append(_Error(pair[0], pair[1], number, place, element))
    return tuple(
        _errors(name if name == "value" else f"d/d{name}", errors, draws if together else ())
        for name, errors in zip(names, found, strict=True)
    )


def _errors(label: str, found: Sequence[_Error], draws: Sequence[Mapping[str, Array]]) -> Errors:
    """With points, where each error has one of its own."""
    names = draws[0] if draws else ()
    return Errors(
        label,
        np.array([error.ours for error in found], float),
        np.array([error.naive for error in found], float),
        {n: np.array([draws[e.number][n][e.place] for e in found], float) for n in names},
        tuple(f"{error.element} in sample {error.number}".strip() for error in found),
    )


def _batches(points: Mapping[str, Array], count: int) -> list[dict[str, Array]]:
    """Points in parts, by the size of their smallest number, which the precision depends on."""
    least = np.min([np.where(x == 0, 1, np.abs(x)) for x in points.values()], axis=0, initial=1)
    order = np.argsort(np.broadcast_to(least, count), kind="stable")
    starts = range(0, count, _BATCH)
    return [{n: x[order[k : k + _BATCH]] for n, x in points.items()} for k in starts]


def _wanted(truth: Truth, name: str, places: Sequence[int]) -> Array:
    if name == "value":
        return np.ravel(truth.value())[list(places)]
    return truth.derivative(name, 1, places)


def _naive(
    formula: str,
    lowered: Lowered,
    inputs: Mapping[str, Array],
    wrt: Sequence[str],
    table_: FunctionTable,
) -> Evaluator:
    """The formula as it stands, and the reverse pass through it, with nothing rewritten."""
    graph = resolved(lowered.graph, inputs, table_)
    found = known_of(lowered.graph, inputs).infer()
    derived = reverse(graph, wrt, table_, formula, found)
    return evaluator(derived, derived.outputs, list(lowered.inputs), table_)
