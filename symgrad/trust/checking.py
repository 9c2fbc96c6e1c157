"""Whether the value and the derivatives of a formula are right at a point, and to how many ulps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from symgrad.api import function, functions, grad, value_and_grad, vjp
from symgrad.compiled import Compiled
from symgrad.errors import InputError, MissingExtraError, told
from symgrad.language.formula import Lowered, lower
from symgrad.pipeline import derive, index_inputs
from symgrad.running.evaluate import known_of, resolved
from symgrad.shaping.leaves import all_elementwise
from symgrad.trust.findings import Check, Row
from symgrad.trust.held import held_function
from symgrad.trust.judge import (
    UNSUSPICIOUS,
    Array,
    Fault,
    Judgement,
    by_digits,
    is_rounding,
    numerically,
)
from symgrad.trust.numerical import agrees, numerical_derivative
from symgrad.trust.ulps import index_text
from symgrad.writing.document import outputs_for

if TYPE_CHECKING:
    from symgrad.trust.truth import Truth

_MOST_WORK = 2_000_000
"""Operations with many digits that one quantity may take, about: some seconds."""

_POWERS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_DRAWS = 4
_NEIGHBOURS = 6
_WITHOUT = "No ulps: "
_VISIBLE = 0.005
"""The least error in ulps that is not shown as 0."""


def check(
    formula: str,
    at: Mapping[str, ArrayLike],
    wrt: str | Sequence[str] | None = None,
    *,
    order: int = 1,
    exact: bool = False,
    digits: bool | None = None,
    elements: int | None = 32,
    rtol: float = 1e-7,
) -> Check:
    """Hold the value and the derivatives of a formula against independent computations.

    Derivatives are held against numerical differentiation, which knows its error; and with mpmath
    all is computed to 50 digits, where derivatives are differences of values. An error is a fault
    if it is larger than rounding explains: some ulps, and more where the rounding of the inputs
    moves the result. A derivative that does not exist, as at a kink, is not judged.

    Parameters
    ----------
    formula, wrt, order, exact:
        As for `grad`. With an order, all derivatives up to it are checked.
    at:
        The inputs by name: numbers, or arrays of shapes that fit together. They are taken as
        float64, and what serves as an index as it is.
    digits:
        Whether to compute to 50 digits; None does where mpmath is installed.
    elements:
        How many elements of each array are judged one by one, evenly spread; None for all. Where
        that leaves some out, a sum over all derivatives, each with a weight, is judged as well.
    rtol:
        The relative difference from numerical differentiation that is let pass in any case.

    >>> found = check("log(1 + exp(x)) * y", at={"x": 800.0, "y": 2.0}, digits=False)
    >>> found.ok, [row.name for row in found.rows]
    (True, ['value', 'd/dx', 'd/dy'])

    Raises
    ------
    MissingExtraError
        `digits=True`, and mpmath is not installed.
    SymgradError
        The formula, `wrt` or an input is wrong.
    """
    check_mapping("at", at, '{"x": 0.5}')
    if elements is not None and (type(elements) is not int or elements < 1):
        raise InputError(f"elements must be a positive whole number or None, not {told(elements)}")
    return _Checker(formula, at, wrt, order, exact, elements, rtol).check(digits)


def check_mapping(what: str, given: object, example: str) -> None:
    """Raise an InputError for inputs that are not given by name."""
    if not isinstance(given, Mapping):
        hint = f"Write it by name: {example}."
        raise InputError(f"{what} must be a dict, not {type(given).__name__}", hint=hint)
    strange = next((key for key in given if not isinstance(key, str)), None)
    if strange is not None:
        hint = f"Write it by name: {example}."
        raise InputError(f"{what} has the key {told(strange)}, which is no name", hint=hint)


def arrays_of(lowered: Lowered, at: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Inputs as float64, but for those that serve as indices, which are whole numbers or a mask."""
    given = {name: np.asarray(at[name]) for name in lowered.inputs}
    indices = index_inputs(resolved(lowered.graph, given, functions()))
    return {name: _converted(array, name in indices) for name, array in given.items()}


def _converted(array: Array, is_index: bool) -> Array:
    if not is_index:
        return array.astype(np.float64)
    return array.astype(np.intp) if array.dtype.kind == "f" else array


class _Checker:
    def __init__(
        self,
        formula: str,
        at: Mapping[str, ArrayLike],
        wrt: str | Sequence[str] | None,
        order: int,
        exact: bool,
        most: int | None,
        rtol: float,
    ) -> None:
        self.formula, self.at, self.most, self.rtol = formula, dict(at), most, rtol
        self.exact = exact
        first = value_and_grad(formula, wrt, exact=exact)
        self.names = first.wrt
        higher = [grad(formula, wrt, order=k, exact=exact) for k in range(2, order + 1)]
        self.value = function(formula, exact=exact)
        self.value(**at)
        self.lowered = lower(formula, functions())
        self.inputs = arrays_of(self.lowered, at)
        below = [grad(formula, wrt, exact=exact)] if order > 1 else []
        self.first, self.higher = first, higher
        self.before = [self._function(compiled) for compiled in (self.value, *below, *higher)]
        self.results = self._all(self.inputs)
        """The value, the derivatives by each input, and those of higher order by the one input."""
        self.known_noise: list[Array] = []
        self.roundings = 4 + math.sqrt(
            len(self.lowered.graph.nodes) + max((a.size for a in self.inputs.values()), default=1)
        )
        self.notes: list[str] = []
        self.truth: Truth | None = None

    def _function(self, compiled: Compiled) -> Callable[..., Any]:
        """What is differentiated numerically, in which stopped parts do not move."""
        if not any(node.op == "stop_gradient" for node in self.lowered.graph.nodes):
            return compiled
        known = known_of(self.lowered.graph, self.inputs)
        derived = derive(
            self.formula, self.names, functions(), self.exact, known, self.lowered, compiled.what
        )
        kind = "value" if compiled is self.value else "grad"
        return held_function(outputs_for(derived.graph, kind), self.inputs, functions())

    def _all(self, inputs: Mapping[str, Array]) -> list[Any]:
        value, slopes = parts_of(self.first(**inputs))
        return [value, *slopes, *(compiled(**inputs) for compiled in self.higher)]

    def _noise(self, result: int) -> Array:
        """How far apart a result is at points that are some ulps from each other.

        Where elements depend on each other, so do their errors, and that of the worst is told.
        """
        if not self.known_noise:
            draws = np.random.default_rng(0)
            near = [
                self._all({
                    n: a * (1 + draws.integers(-2, 3, a.shape) * 2.0**-52)
                    if a.dtype.kind == "f" else a
                    for n, a in self.inputs.items()
                })
                for _ in range(_NEIGHBOURS)
            ]  # fmt: skip
            apart = [_apart(one) for one in zip(*near, strict=True)]
            if not all_elementwise(self.lowered.graph.nodes):
                apart = [np.full_like(a, np.max(a, initial=0)) for a in apart]
            self.known_noise = apart
        return self.known_noise[result]

    def check(self, digits: bool | None) -> Check:
        if digits is not False:
            self.truth = self._truth(required=digits is True)
        rows = [self._value(self.results[0])]
        for place, got in enumerate(self.results[1:]):
            order = max(1, place - len(self.names) + 2)
            name = self.names[min(place, len(self.names) - 1)]
            # Labels and the like are no numbers to differentiate by.
            if self.inputs[name].dtype.kind == "f":
                rows.append(self._derivative(name, order, got, place + 1))
        return Check(self.formula, self.at, tuple(rows), tuple(self.notes))

    def _truth(self, required: bool) -> Truth | None:
        from symgrad.trust.truth import Truth

        try:
            truth = Truth(self.lowered, self.inputs, functions())
        except MissingExtraError:
            if required:
                raise
            self.notes.append(f"{_WITHOUT}they need mpmath: pip install 'symgrad[accuracy]'")
            return None
        if not truth.is_known:
            self.notes.append(f"{_WITHOUT}mpmath lacks a function that the formula calls.")
        elif truth.work * 2 > _MOST_WORK:
            self.notes.append(f"{_WITHOUT}arrays so large would take too long; check a part.")
        else:
            return truth
        return None

    def _value(self, value: Any) -> Row:
        """The value, which must also be what `function` gives, whose code masks and sums less."""
        got = np.asarray(value, np.float64)
        alone = np.asarray(self.value(**self.inputs), np.float64)
        faults: list[Fault] = []
        with np.errstate(invalid="ignore"):
            near = np.abs(got - alone) <= UNSUSPICIOUS * self.roundings * np.spacing(np.abs(alone))
        differ = (got != alone) & ~near & ~(np.isnan(got) & np.isnan(alone))
        if differ.any():
            place = int(np.argmax(differ))
            element, both = (
                index_text(got.shape, place),
                (float(got.flat[place]), alone.flat[place]),
            )
            faults = [Fault("value", element, both[0], float(both[1]), "alone")]
        places = _chosen(got.size, self.most)
        found = Judgement((None,) * len(places), ())
        if self.truth is not None:
            found = by_digits(
                "value", got, places, self.truth,
                lambda truth, some: np.ravel(truth.value())[some], self.roundings,
                lambda: self._noise(0),
            )  # fmt: skip
        return _row("value", "", 0, got, places, found, (), (*faults, *found.faults))

    def _derivative(self, name: str, order: int, derivative: Any, result: int) -> Row:
        raised = str(order).translate(_POWERS) if order > 1 else ""
        label = f"d{raised}/d{name}{raised}"
        got, shape = np.asarray(derivative, np.float64), self.inputs[name].shape
        if got.shape != shape:
            told = f" has shape {got.shape}, not {shape}"
            fault = Fault(label, "", math.nan, math.nan, "shape", told)
            return Row(label, name, order, got.size, 0, faults=(fault,))
        places = _chosen(got.size, self.most)
        found = Judgement((None,) * len(places), ())
        truth = self.truth
        if truth is not None:
            # The value, twice, on three sides; and again where an error must be explained.
            most = max(1, _MOST_WORK // (truth.work * 6 * order))
            exactly = _chosen(len(places), None if truth.is_elementwise else most)
            sparse = by_digits(
                label, got, [places[k] for k in exactly], truth,
                lambda truth, some: truth.derivative(name, order, some), self.roundings,
                lambda: self._noise(result),
                self._cancelling(name) if order == 1 else None,
            )  # fmt: skip
            errors = dict(zip(exactly, sparse.errors, strict=True))
            found = Judgement(tuple(errors.get(k) for k in range(len(places))), sparse.faults)
        estimated = numerically(
            label, got, places, self.before[order - 1], self.inputs, name, self.rtol,
            lambda: self.roundings * self._noise(result),
        )  # fmt: skip
        # 50 digits tell what rounding explains, which numerical differentiation does not know.
        known = {
            index_text(shape, p) for p, e in zip(places, found.errors, strict=True) if e is not None
        }
        explained = known - {fault.element for fault in found.faults}
        numerical = [fault for fault in estimated.faults if fault.element not in explained]
        faults = [*found.faults, *numerical]
        if len(places) < got.size:
            faults += self._in_all(label, name, order, got, result)
        return _row(label, name, order, got, places, found, estimated.errors, tuple(faults))

    def _cancelling(self, name: str) -> Array | None:
        """How large the terms of a derivative are, which add up over the elements of the value."""
        value, draws = np.asarray(self.results[0]), np.random.default_rng(0)
        if value.size < 2:
            return None
        product = vjp(self.formula, name, exact=self.exact)
        found = [product(draws.normal(size=value.shape), **self.inputs)[1] for _ in range(_DRAWS)]
        largest: Array = np.max(np.abs(found), axis=0)
        return largest

    def _in_all(self, label: str, name: str, order: int, got: Array, result: int) -> list[Fault]:
        """A sum of all derivatives, weighted so that nothing cancels and each one counts."""
        weights = np.copysign(2.0 ** np.random.default_rng(0).integers(-2, 1, got.shape), got)
        given, f = self.inputs[name], self.before[order - 1]
        total = float(np.sum(weights * got))
        estimate = numerical_derivative(
            lambda t: f(**{**self.inputs, name: given + t * weights}), 0.0
        )

        def rounding() -> Array:
            noise = self._noise(result)
            return np.asarray(self.roundings * np.sum(np.abs(weights) * noise, keepdims=True))

        refuted = agrees(total, estimate, rtol=self.rtol).refuted
        if not refuted or is_rounding(total, estimate, rounding):
            return []
        details = f" with an error of {estimate.error:.1e}"
        named = f"the weighted sum of all {label}"
        return [Fault(named, "", total, estimate.value, "numerically", details)]


def parts_of(results: Any) -> tuple[Any, list[Any]]:
    """The value, and the derivatives however they are laid out."""
    value, slopes = results
    if isinstance(slopes, dict):
        return value, list(slopes.values())
    return value, list(slopes) if isinstance(slopes, tuple) else [slopes]


def _apart(found: Sequence[Array]) -> Array:
    """By element, the largest difference of some results."""
    with np.errstate(all="ignore"):
        gap = np.ptp(np.array(found), axis=0)
    return np.asarray(np.where(np.isfinite(gap), gap, 0.0))


def _chosen(size: int, most: int | None) -> list[int]:
    """The numbers of some elements, evenly spread."""
    if most is None or size <= most:
        return list(range(size))
    return sorted({round(k) for k in np.linspace(0, size - 1, most).tolist()})


def _row(
    label: str,
    name: str,
    order: int,
    got: Array,
    places: Sequence[int],
    found: Judgement,
    numerical: Sequence[float | None],
    faults: tuple[Fault, ...],
) -> Row:
    ulps = [error for error in found.errors if error is not None]
    worst = ""
    if got.size > 1 and max(ulps, default=0) >= _VISIBLE:
        worst = index_text(got.shape, places[found.errors.index(max(ulps))])
    told = [error for error in numerical if error is not None]
    pairs = zip(found.errors, numerical or found.errors, strict=True)
    judged = sum(a is not None or b is not None for a, b in pairs)
    return Row(label, name, order, got.size, judged, tuple(ulps), worst, tuple(told), faults)
