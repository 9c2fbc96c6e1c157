"""Which numbers are wrong: judged to 50 digits, or by numerical differentiation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.trust.numerical import SAFETY, Estimate, agrees, numerical_derivative
from symgrad.trust.ulps import index_text, shown, ulps

if TYPE_CHECKING:
    from symgrad.trust.truth import Truth

Array = np.ndarray[Any, Any]

UNSUSPICIOUS = 4.0
"""An error in ulps that needs no explanation."""

_MUCH = 100.0
"""How much larger than their sum terms are that cancel in it."""

_EXPLAINED = 8
"""How many errors are explained, of those that need it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A number that is wrong: what it is called, its element, what it is and what it should be.

    `by` tells what it was held against: "50 digits", "numerically", "alone" (what `function`
    gives), or "shape".
    """

    name: str
    element: str
    got: float
    want: float
    by: str
    details: str = ""

    def __str__(self) -> str:
        if self.by == "shape":
            return f"{self.name}{self.details}"
        told = f"to {self.by}" if self.by == "50 digits" else self.by
        want = f"{self.want:.9g}" if self.by == "numerically" else repr(self.want)
        return f"{self.name}{self.element} is {self.got!r}, and {told} {want}{self.details}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """For some elements the error, None where it is not known, and the faults among them."""

    errors: tuple[float | None, ...]
    faults: tuple[Fault, ...]


def by_digits(
    name: str,
    got: Array,
    places: Sequence[int],
    truth: Truth,
    run: Callable[[Truth, Sequence[int]], Array],
    roundings: float,
    noise: Callable[[], Array],
    cancelling: Array | None = None,
) -> Judgement:
    """Hold some elements against what `run` finds of the truth, in ulps.

    A number is wrong if it is off by more than `roundings` of itself, of what it moves by where the
    inputs are rounded, and of much larger terms, as in `cancelling`, whose sum it is. What it
    moves by is found for the largest errors, which others are then like. What should be 0 has no
    size of its own, and a matrix is decomposed as one near to it: there it is `noise`, how far
    apart results are at points next to each other.
    """
    wanted = run(truth, places)
    numbers = [float(got.flat[place]) for place in places]
    errors = [
        ulps(number, want) if want == want else None
        for number, want in zip(numbers, wanted, strict=True)
    ]
    faults: list[tuple[float, Fault]] = []
    large = [(error, k) for k, error in enumerate(errors) if error and error > UNSUSPICIOUS]
    large = sorted(large, reverse=True)[:_EXPLAINED]
    if large:
        among = [places[k] for _, k in large]
        moves = [
            np.abs(run(moved, among) - wanted[[k for _, k in large]]) for moved in truth.moved()
        ]
        for rank, (error, k) in enumerate(large):
            want = wanted[k]
            found = [float(move[rank]) for move in moves if move[rank] == move[rank]]
            moved, unit = max(found, default=0.0), math.ulp(min(abs(float(want)), 1e308))
            terms = 0.0 if cancelling is None else float(cancelling.flat[places[k]])
            lost = math.ulp(terms) / unit if terms > _MUCH * abs(float(want)) else 0.0
            if truth.of_matrices or float(want) == 0:
                apart = float(noise().flat[places[k]])
                if abs(numbers[k] - float(want)) <= roundings * UNSUSPICIOUS * apart:
                    continue
            allowed = roundings * (UNSUSPICIOUS * (1 + lost) + 2 * moved / unit)
            if error > allowed:
                details = f": {shown(error)} ulps, where rounding explains {shown(allowed)}"
                element = index_text(got.shape, places[k])
                fault = Fault(name, element, numbers[k], float(want), "50 digits", details)
                faults.append((error, fault))
    return Judgement(tuple(errors), _worst_first(faults))


def _worst_first(faults: list[tuple[float, Fault]]) -> tuple[Fault, ...]:
    return tuple(fault for _, fault in sorted(faults, key=lambda pair: -pair[0]))


def numerically(
    name: str,
    got: Array,
    places: Sequence[int],
    f: Callable[..., Any],
    inputs: Mapping[str, Array],
    wrt: str,
    rtol: float,
    rounding: Callable[[], Array],
) -> Judgement:
    """Hold some elements of a derivative against numerical differentiation of `f(**inputs)`.

    Errors are relative differences. Where the derivative may as well be 0, `rounding` tells how
    large a number is that stands for it.
    """
    errors: list[float | None] = []
    faults: list[tuple[float, Fault]] = []
    for place in places:
        estimate = numerical_derivative(_moving(f, inputs, wrt, place), inputs[wrt].flat[place])
        number = float(got.flat[place])
        verdict = agrees(number, estimate, rtol=rtol)
        errors.append(_distance(number, estimate) if verdict.conclusive else None)
        if verdict.refuted and not is_rounding(number, estimate, rounding, place):
            details = f" with an error of {estimate.error:.1e}"
            element = index_text(got.shape, place)
            fault = Fault(name, element, number, estimate.value, "numerically", details)
            faults.append((_distance(number, estimate), fault))
    return Judgement(tuple(errors), _worst_first(faults))


def is_rounding(
    number: float, estimate: Estimate, rounding: Callable[[], Array], place: int = 0
) -> bool:
    """Whether a derivative may be 0, and what was computed is no more than rounding leaves."""
    may_be_0 = abs(estimate.value) <= SAFETY * estimate.error
    return may_be_0 and abs(number) <= float(rounding().flat[place])


def _moving(
    f: Callable[..., Any], inputs: Mapping[str, Array], wrt: str, place: int
) -> Callable[[float], Any]:
    def at(number: float) -> Any:
        moved = inputs[wrt].copy()
        moved.flat[place] = number
        return f(**{**inputs, wrt: moved[()]})

    return at


def _distance(number: float, estimate: Estimate) -> float:
    """A relative difference."""
    size = max(abs(number), abs(estimate.value))
    if math.isnan(number) or math.isinf(size):
        return math.inf
    return abs(number - estimate.value) / size if size else 0.0
