"""Fitting the parameters of a formula to data, in mini-batches.

>>> x = np.linspace(-1.0, 1.0, 50)
>>> line = {"x": x, "y": 3 * x + 1}
>>> fitted = fit("mean((a*x + b - y)**2)", line, {"a": 0.0, "b": 0.0},
...              optimizer=Adam(learning_rate=0.1), batch_size=10, epochs=100)
>>> print(f"{fitted.parameters['a']:.3f} {fitted.parameters['b']:.3f}")
3.000 1.000
"""

from __future__ import annotations

import importlib
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgrad.api import function, value_and_grad
from symgrad.compiled import Compiled
from symgrad.data.distributed import computed
from symgrad.data.sources import is_source
from symgrad.errors import InputError, MissingExtraError, Span, SymgradError, told
from symgrad.named import check_names
from symgrad.optim import Adam, Parameters, Rule, as_parameters
from symgrad.running.contents import as_array

Report = Callable[[int, float], object]

_SHOWN_ELEMENTS = 4


class NotFiniteError(SymgradError):
    """A loss, gradient or parameter became nan or infinite while a formula was fitted."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fit:
    """What `fit` found.

    Parameters
    ----------
    parameters:
        The parameters after the last step, in the shapes and types of `start`.
    history:
        The mean loss of each epoch: one float64 an epoch.

    >>> Fit({"a": 2.0, "w": np.zeros((64, 10))}, np.array([0.5, 0.25]))
    Fit(loss 0.25 after 2 epochs; a = 2, w: float64 of shape (64, 10))
    """

    parameters: Parameters
    history: NDArray[np.float64]

    @property
    def loss(self) -> float:
        """The mean loss of the last epoch."""
        return float(self.history[-1])

    def __repr__(self) -> str:
        epochs = _counted(len(self.history), "epoch")
        parts = ", ".join(_shown(name, value) for name, value in self.parameters.items())
        return f"Fit(loss {self.loss:.6g} after {epochs}; {parts})"


class _Moment(NamedTuple):
    """When something happened, counted from 1."""

    epoch: int
    batch: int

    def __str__(self) -> str:
        return f"in epoch {self.epoch}, batch {self.batch}"


@dataclass(frozen=True, slots=True)
class _Samples:
    """The data of a fit: what is cut into batches, and what every batch sees whole."""

    arrays: dict[str, Any]
    constants: dict[str, Any]
    count: int
    cut: bool

    def batches(
        self, size: int, draws: np.random.Generator
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each batch of an epoch with its number of samples; one of all is in their own order.

        Where data is not in memory, batches are cut from it, and drawn in a random order.
        """
        if size >= self.count:
            yield self.count, self.arrays
            return
        if self.cut:
            for at in draws.permutation(-(-self.count // size)).tolist():
                batch = {n: array[at * size : (at + 1) * size] for n, array in self.arrays.items()}
                yield min(size, self.count - at * size), batch
            return
        order = draws.permutation(self.count)
        for first in range(0, self.count, size):
            chosen = order[first : first + size]
            yield len(chosen), {name: array[chosen] for name, array in self.arrays.items()}


def fit(
    formula: str | Compiled,
    data: Mapping[str, Any],
    start: Mapping[str, Any],
    *,
    optimizer: Rule | None = None,
    batch_size: int | None = None,
    epochs: int = 100,
    seed: int | np.random.Generator | None = 0,
    progress: bool | Report = False,
) -> Fit:
    """Minimise a formula over its parameters by steps along gradients of mini-batches.

    Parameters
    ----------
    formula:
        The loss, one number: text, or a formula compiled before, whose functions it keeps.
    data:
        The known inputs by name. Arrays and lists have the samples along their first axis, equally
        many in all of them, and keep their type: integers may be labels or indices. Numbers and
        arrays of no dimension are the same for all samples. Dask arrays and files that are read in
        slices are never read as a whole.
    start:
        The parameters by name, with the numbers or arrays to begin from. Integers become floats.
    optimizer:
        A rule of `symgrad.optim`; `Adam()` where there is none. With Adam a step moves each
        parameter by about the learning rate, 0.001 unless it is given.
    batch_size:
        Samples a step; the last batch of an epoch may be shorter. None takes all in each step, in
        their own order, so that an epoch is a step. Of data that is not in memory, a batch is
        samples in a row, and it is the order of the batches that is random.
    epochs:
        How often to go through all samples, each time in a new random order.
    seed:
        Of the random order, for `numpy.random.default_rng`.
    progress:
        True shows a bar, which needs tqdm. A function is called as `progress(epoch, loss)` after
        each epoch, counted from 1.

    The loss of an epoch is the mean over its batches, weighted by their samples, each taken before
    its own step. Where the formula is a mean over samples, so is the history.

    >>> clicks = []
    >>> found = fit("(x - 3)**2", {}, {"x": 0}, optimizer=Adam(0.5), epochs=2,
    ...             progress=lambda epoch, loss: clicks.append((epoch, loss)))
    >>> clicks[0], found.history[0], round(found.parameters["x"], 2)
    ((1, 9.0), np.float64(9.0), 1.0)

    Raises
    ------
    InputError
        A name is missing, unknown, or in both `data` and `start`; arrays hold different numbers of
        samples; the loss is not one number; or an option is out of its range.
    NotFiniteError
        A loss, gradient or parameter is nan or infinite; the message says when, and where in the
        formula it began.
    MissingExtraError
        `progress=True`, and tqdm is not installed.
    SymgradError
        The formula is wrong, or has no derivative by a parameter.
    """
    params, samples = as_parameters(start), _samples(data)
    loss = _compiled(formula, data, params)
    rule = Adam() if optimizer is None else optimizer
    _check_rule(rule)
    epochs = _positive("epochs", epochs)
    size = max(samples.count, 1) if batch_size is None else _positive("batch_size", batch_size)
    if batch_size is not None and not samples.arrays:
        raise InputError(
            "batch_size is given, and data has no array to take batches from",
            hint="Leave batch_size out: each epoch is one step then.",
        )
    draws = _generator(seed)
    state = rule.start(params)
    history: list[float] = []
    with _reporting(progress, epochs) as report:
        for epoch in range(epochs):
            total = 0.0
            for batch, (count, arrays) in enumerate(samples.batches(size, draws)):
                inputs = params | samples.constants | arrays
                value, gradients = computed(loss(**inputs))
                grads = dict(zip(params, gradients, strict=True))
                moment = _Moment(epoch + 1, batch + 1)
                _check_loss(loss, value)
                _check_finite(loss, inputs, value, grads, moment)
                moved, state = rule.step(params, grads, state)
                _check_moved(loss, moved, moment)
                params = moved
                total += float(value) * count
            history.append(total / samples.count)
            report(epoch + 1, float(history[-1]))
    return Fit(params, np.array(history))


def _samples(data: Mapping[str, Any]) -> _Samples:
    if not isinstance(data, Mapping):
        raise InputError(
            f"data must be a dict, not {type(data).__name__}",
            hint='Write it by name: {"x": x, "y": y}.',
        )
    arrays: dict[str, Any] = {}
    constants: dict[str, Any] = {}
    for name, value in data.items():
        array = _array(name, value)
        if array.shape:
            arrays[name] = array
        else:
            constants[name] = value
    first = next(iter(arrays), "")
    for name, array in arrays.items():
        if array.shape[0] != arrays[first].shape[0]:
            count = array.shape[0]
            raise InputError(
                f"{first} has {_counted(arrays[first].shape[0], 'sample')}, {name} has {count}",
                hint="Arrays in data have the samples along their first axis, equally many in all. "
                "What is the same for all samples is a number, or repeated by np.broadcast_to.",
            )
    if first and not arrays[first].shape[0]:
        raise InputError("data has no samples", hint=f"{first} has shape {arrays[first].shape}.")
    cut = any(map(is_source, arrays.values()))
    return _Samples(arrays, constants, arrays[first].shape[0] if first else 1, cut)


def _array(name: str, value: Any) -> Any:
    """Data as an array; what it holds is judged where the formula is called."""
    if is_source(value):
        return value
    try:
        return value if isinstance(value, np.ndarray) else as_array(value)
    except Exception as error:  # noqa: BLE001 - whatever a foreign __array__ raises
        raise InputError(
            f"the data {name} cannot be read as an array: {error!s:.120}",
            hint="Pass a number, an array, or nested lists with rows of equal length.",
        ) from None


def _compiled(formula: str | Compiled, data: Mapping[str, Any], params: Parameters) -> Compiled:
    """The loss with its gradient, once all names are known to be in their place."""
    compiled = formula if isinstance(formula, Compiled) else function(formula)
    text = compiled.formula
    check_names(text, compiled.inputs, params, data)
    wrt = tuple(params)
    if not isinstance(formula, Compiled):
        return value_and_grad(formula, wrt=wrt)
    return Compiled("value_and_grad", text, wrt, formula._exact, formula._table)


def _check_rule(rule: object) -> None:
    if not isinstance(rule, Rule):
        raise InputError(
            f"optimizer must be a rule of symgrad.optim, not {told(rule)}",
            hint="Write optimizer=Adam(learning_rate=0.01).",
        )


def _check_loss(loss: Compiled, value: Any) -> None:
    if np.ndim(value):
        raise InputError(
            f"the loss must be one number, and has shape {np.shape(value)}",
            loss.formula, (0, len(loss.formula)), "Write mean(...) or sum(...) around it.",
        )  # fmt: skip


def _check_finite(
    loss: Compiled, inputs: dict[str, Any], value: Any, grads: Parameters, moment: _Moment
) -> None:
    """Stop at a loss or gradient that is nan or infinite, and say where it began."""
    found = _strange(value)
    what = "the loss"
    if not found:
        name, found = _first_strange(grads)
        what = f"the gradient of {name}"
    if not found:
        return
    message = f"{what} is {found} {moment}"
    afar = any(map(is_source, inputs.values()))
    told = None if afar else _place(loss, inputs)
    if told is not None:
        message += f": {told[0]}"
    given, kind = _first_strange(
        {n: v for n, v in inputs.items() if n in loss.inputs and not is_source(v)}
    )
    if kind:
        hint = f"The input {given} holds {kind} there."
    elif moment == (1, 1):
        hint = "No step was made yet: the formula is not finite at the start that was given."
    else:
        hint = "A smaller learning rate may help, or inputs of smaller size."
    raise NotFiniteError(message, loss.formula, told[1] if told else (0, len(loss.formula)), hint)


def _check_moved(loss: Compiled, params: Parameters, moment: _Moment) -> None:
    name, found = _first_strange(params)
    if found:
        raise NotFiniteError(
            f"the parameter {name} became {found} by the step {moment}",
            loss.formula, (0, len(loss.formula)), "A smaller learning rate may help.",
        )  # fmt: skip


def _place(compiled: Compiled, inputs: Mapping[str, Any]) -> tuple[str, Span] | None:
    """The first part of the formula that is not finite: what it is, and where it stands."""
    return compiled.first_not_finite({name: inputs[name] for name in compiled.inputs})


def _first_strange(values: Mapping[str, Any]) -> tuple[str, str]:
    """The first name whose value is not finite, and what it holds; empty where there is none."""
    told = ((name, _strange(value)) for name, value in values.items())
    return next(((name, kind) for name, kind in told if kind), ("", ""))


def _strange(value: Any) -> str:
    """Nan, inf or -inf where a value holds one, else nothing."""
    if isinstance(value, float) and math.isfinite(value):
        return ""
    array = np.asarray(value)
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    return "nan" if np.isnan(array).any() else "inf" if (array == np.inf).any() else "-inf"


def _positive(name: str, value: Any) -> int:
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise InputError(f"{name} must be a whole number from 1 on, not {told(value)}")
    return int(number)


def _generator(seed: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise InputError(
            f"seed must be a whole number from 0 on, not {told(seed)}",
            hint="None gives another order in every run.",
        ) from None


@contextmanager
def _reporting(progress: bool | Report, epochs: int) -> Iterator[Report]:
    """What to call after each epoch."""
    if callable(progress):
        yield progress
    elif progress is True:
        try:
            tqdm = importlib.import_module("tqdm.auto").tqdm
        except ImportError:
            raise MissingExtraError(
                "progress=True needs tqdm",
                hint="Install it with: pip install 'symgrad[progress]'",
            ) from None
        with tqdm(total=epochs, unit="epoch") as bar:

            def advance(epoch: int, loss: float) -> None:
                bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
                bar.update()

            yield advance
    elif progress is False:
        yield lambda epoch, loss: None
    else:
        raise InputError(
            f"progress must be True, False or a function, not {told(progress)}",
            hint="A function is called as progress(epoch, loss).",
        )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _shown(name: str, value: Any) -> str:
    """A parameter by its elements where they are few, else by its type and shape."""
    array = np.asarray(value)
    if array.ndim > 1 or array.size > _SHOWN_ELEMENTS:
        return f"{name}: {array.dtype} of shape {array.shape}"
    numbers = ", ".join(f"{number:.6g}" for number in array.flat)
    return f"{name} = [{numbers}]" if array.ndim else f"{name} = {numbers}"
