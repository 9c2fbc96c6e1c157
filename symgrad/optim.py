"""Update rules for parameters: gradient descent, momentum, RMSProp, Adam.

A rule is a value that never changes. What it has to remember from one step to the next is a
`State`, handed out by `start` and by each `step`:

>>> rule = GradientDescent(learning_rate=0.5)
>>> params = {"x": 3.0}
>>> state = rule.start(params)
>>> params, state = rule.step(params, {"x": 2.0}, state)
>>> params, state.count
({'x': 2.0}, 1)

Parameters are a dict from names to numbers or arrays of any shape, gradients a dict of the same
names and shapes. A step writes into none of them: it returns new ones of the same shape and type,
float32 for float32 and a Python float for a Python float. Integers become float64. What is narrower
than float32 is updated in float32 and rounded once, as the squares of half-precision gradients
vanish.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from symgrad.errors import InputError, LimitError, did_you_mean, told
from symgrad.limits import Limits, in_bytes
from symgrad.running.contents import as_array

Floats = NDArray[np.floating[Any]]
Memory = tuple[Floats, ...]
Parameters = dict[str, Any]
"""Numbers and arrays by name."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What a rule remembers: how many steps were made, and its running averages by parameter."""

    count: int
    averages: Mapping[str, Memory]


class Rule(ABC):
    """What the rules share; a subclass says how far a step goes.

    A rule of one's own names how many averages it keeps for each parameter, and gives the change:

    >>> class SignDescent(Rule):
    ...     def change(self, gradient, averages, count):
    ...         return -0.25 * np.sign(gradient), averages
    >>> rule = SignDescent()
    >>> rule.step({"x": 1.0}, {"x": -8.0}, rule.start({"x": 1.0}))[0]
    {'x': 1.25}
    """

    averages: ClassVar[int] = 0
    """How many arrays, zero before the first step, are kept for each parameter."""

    @abstractmethod
    def change(self, gradient: Floats, averages: Memory, count: int) -> tuple[Floats, Memory]:
        """What to add to one parameter, and its averages after the step.

        All arrays have the parameter's shape and must not be written into. `count` is 1 at the
        first step.
        """

    def start(self, params: Mapping[str, Any]) -> State:
        """The state before the first step.

        Raises
        ------
        InputError
            A parameter is not a real number or an array of them.
        """
        widened = {name: _widened(value) for name, value in as_parameters(params).items()}
        zeros = {name: np.zeros_like(value) for name, value in widened.items()}
        return State(0, {name: (zero,) * self.averages for name, zero in zeros.items()})

    def step(
        self, params: Mapping[str, Any], grads: Mapping[str, Any], state: State
    ) -> tuple[Parameters, State]:
        """The parameters and the state after one step; what overflows becomes inf or nan.

        Raises
        ------
        InputError
            A parameter or gradient is not real, names or shapes differ, or the state is not one
            that this kind of rule started for these parameters.
        """
        if not isinstance(state, State):
            raise InputError(
                f"the state must be one that start or step gave, not {type(state).__name__}",
                hint="Write params, state = rule.step(params, grads, state).",
            )
        current = as_parameters(params)
        _check_names("gradient", grads, current)
        _check_names("state", state.averages, current)
        moved: Parameters = {}
        averages: dict[str, Memory] = {}
        count = state.count + 1
        with np.errstate(all="ignore"):
            for name, value in current.items():
                wide = _widened(value)
                gradient = _gradient(name, grads[name], wide)
                memory = state.averages[name]
                self._check_memory(name, memory, wide)
                change, kept = self.change(gradient, memory, count)
                # A learning rate that is a NumPy number widens all that it meets.
                averages[name] = tuple(np.asarray(part, wide.dtype) for part in kept)
                moved[name] = _like(value, wide + change)
        return moved, State(count, averages)

    def _check_memory(self, name: str, memory: Memory, value: Floats) -> None:
        if len(memory) != self.averages or any(part.shape != value.shape for part in memory):
            raise InputError(
                f"the state does not fit the parameter {name}",
                hint=f"Begin with the state that {type(self).__name__}'s start gives for it.",
            )


@dataclass(frozen=True)
class GradientDescent(Rule):
    """A step against the gradient: x − rate·g.

    Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", C. R. Acad.
    Sci. Paris 25 (1847); with mini-batches, Robbins and Monro, "A stochastic approximation method",
    Ann. Math. Stat. 22 (1951).

    >>> rule = GradientDescent(learning_rate=0.1)
    >>> rule.step({"x": 1.0}, {"x": 5.0}, rule.start({"x": 1.0}))[0]
    {'x': 0.5}

    Raises InputError where the learning rate is not positive and finite.
    """

    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        _check_positive(learning_rate=self.learning_rate)

    def change(self, gradient: Floats, averages: Memory, count: int) -> tuple[Floats, Memory]:
        """Minus the gradient, times the rate."""
        return -self.learning_rate * gradient, averages


@dataclass(frozen=True)
class Momentum(Rule):
    """A ball that rolls with friction: v ← m·v − rate·g, x ← x + v.

    Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput. Math.
    Math. Phys. 4 (1964). With `nesterov`, the gradient is that of a point further along the roll:
    Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)",
    Soviet Math. Dokl. 27 (1983), as Bengio, Boulanger-Lewandowski and Pascanu, "Advances in
    optimizing recurrent networks" (2013), write it: parameters always stand at the point ahead,
    x ← x + m·v − rate·g with v after its update.

    >>> rule = Momentum(learning_rate=0.1, momentum=0.5)
    >>> params, state = rule.step({"x": 1.0}, {"x": 5.0}, rule.start({"x": 1.0}))
    >>> rule.step(params, {"x": 0.0}, state)[0]
    {'x': 0.25}

    Raises InputError where the learning rate is not positive and finite, `momentum` is not in
    [0, 1), or `nesterov` is no bool.
    """

    averages: ClassVar[int] = 1

    learning_rate: float = 0.01
    momentum: float = 0.9
    nesterov: bool = False

    def __post_init__(self) -> None:
        _check_positive(learning_rate=self.learning_rate)
        _check_fraction(momentum=self.momentum)
        if not isinstance(self.nesterov, bool):
            raise InputError(
                f"nesterov must be True or False, not {told(self.nesterov)}",
                hint="Momentum(learning_rate, momentum, nesterov) takes them in this order.",
            )

    def change(self, gradient: Floats, averages: Memory, count: int) -> tuple[Floats, Memory]:
        """The velocity; with `nesterov`, the next step's share of it already."""
        push = -self.learning_rate * gradient
        velocity = self.momentum * averages[0] + push
        step = self.momentum * velocity + push if self.nesterov else velocity
        return step, (velocity,)


@dataclass(frozen=True)
class RMSProp(Rule):
    """Each gradient divided by its own recent size: s ← d·s + (1−d)·g², x ← x − rate·g/(√s + ε).

    Hinton, Srivastava and Swersky, "Neural networks for machine learning", lecture 6e (2012).

    >>> rule = RMSProp(learning_rate=0.1, decay=0.75)
    >>> params, state = rule.step({"x": 1.0}, {"x": 5.0}, rule.start({"x": 1.0}))
    >>> round(params["x"], 6)
    0.8

    Raises InputError where the learning rate or `epsilon` is not positive and finite, or `decay`
    is not in [0, 1).
    """

    averages: ClassVar[int] = 1

    learning_rate: float = 0.001
    decay: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _check_positive(learning_rate=self.learning_rate, epsilon=self.epsilon)
        _check_fraction(decay=self.decay)

    def change(self, gradient: Floats, averages: Memory, count: int) -> tuple[Floats, Memory]:
        """Minus the gradient over the root of the average of its squares, times the rate."""
        square = self.decay * averages[0] + (1 - self.decay) * gradient**2
        return -self.learning_rate * gradient / (np.sqrt(square) + self.epsilon), (square,)


@dataclass(frozen=True)
class Adam(Rule):
    """The average gradient divided by its recent size: m ← β₁·m + (1−β₁)·g, s ← β₂·s + (1−β₂)·g².

    The averages begin at zero, and so m̂ = m/(1−β₁ᵗ) and ŝ = s/(1−β₂ᵗ) at step t are without bias;
    x ← x − rate·m̂/(√ŝ + ε). Kingma and Ba, "Adam: a method for stochastic optimization", ICLR
    2015, algorithm 1, with the defaults given there. The first step moves each parameter by the
    learning rate, whatever the size of its gradient:

    >>> rule = Adam(learning_rate=0.1)
    >>> params, state = rule.step({"x": 1.0}, {"x": 5.0}, rule.start({"x": 1.0}))
    >>> round(params["x"], 6)
    0.9

    Raises InputError where the learning rate or `epsilon` is not positive and finite, or one of
    `beta1` and `beta2` is not in [0, 1).
    """

    averages: ClassVar[int] = 2

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _check_positive(learning_rate=self.learning_rate, epsilon=self.epsilon)
        _check_fraction(beta1=self.beta1, beta2=self.beta2)

    def change(self, gradient: Floats, averages: Memory, count: int) -> tuple[Floats, Memory]:
        """Minus the mean gradient over the root of the mean square, both unbiased."""
        mean = self.beta1 * averages[0] + (1 - self.beta1) * gradient
        square = self.beta2 * averages[1] + (1 - self.beta2) * gradient**2
        size = np.sqrt(square / (1 - self.beta2**count)) + self.epsilon
        return -self.learning_rate / (1 - self.beta1**count) * mean / size, (mean, square)


def as_parameters(params: Mapping[str, Any]) -> Parameters:
    """Parameters with all integers as float64 and nested lists as arrays; floats as they are.

    >>> as_parameters({"a": 1, "w": [2, 3]})
    {'a': 1.0, 'w': array([2., 3.])}

    Raises
    ------
    InputError
        A parameter is not a real number or an array of them.
    LimitError
        An array is larger than the memory that `symgrad.Limits` allows, and each is copied.
    """
    if not isinstance(params, Mapping):
        raise InputError(
            f"parameters must be a dict, not {type(params).__name__}",
            hint='Write them by name: {"a": 1.0, "w": w}.',
        )
    for name, value in params.items():
        _check_size(name, value)
    return {name: _floating(f"the parameter {name}", value) for name, value in params.items()}


def _check_size(name: str, value: Any) -> None:
    """Refuse an array that only pretends to be in memory, as one that was broadcast does."""
    size, limits = getattr(value, "size", 1), Limits.current()
    if isinstance(size, int) and 8 * size > limits.memory:
        raise LimitError(
            f"the parameter {name} would take about {in_bytes(8 * size)} of memory, "
            f"and the limit is {in_bytes(limits.memory)}",
            hint="symgrad.Limits(memory=...) sets the limit, in bytes.",
        )


def _floating(what: str, value: Any) -> Any:
    """A Python float, a NumPy scalar or an array, of a type that has fractions."""
    try:
        array = as_array(value)
        if array.dtype.kind in "iub":
            array = array.astype(np.float64)
    except (MemoryError, OverflowError, TypeError, ValueError):
        array = np.asarray(None)
    if array.dtype.kind != "f":
        raise InputError(
            f"{what} is not a real number or an array of them: {told(value)}",
            hint="Pass a number, an array, or nested lists with rows of equal length.",
        )
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return float(array)
    return array[()] if isinstance(value, np.generic) else array


def _widened(value: Any) -> Floats:
    array: Floats = np.asarray(value)
    return array.astype(np.result_type(array.dtype, np.float32), copy=False)


def _like(value: Any, result: Floats) -> Any:
    """A result in the type that a parameter had."""
    if isinstance(value, float) and not isinstance(value, np.generic):
        return float(result)
    array = np.asarray(result, dtype=value.dtype)
    return array[()] if isinstance(value, np.generic) else array


def _gradient(name: str, given: Any, value: Floats) -> Floats:
    """A gradient in the type in which its parameter is updated."""
    gradient = np.asarray(_floating(f"the gradient of {name}", given))
    if gradient.shape != value.shape:
        raise InputError(
            f"the gradient of {name} has shape {gradient.shape}, the parameter {value.shape}",
            hint="A gradient has the shape of its parameter.",
        )
    return gradient.astype(value.dtype, copy=False)


def _check_names(what: str, given: Mapping[str, Any], params: Parameters) -> None:
    if not isinstance(given, Mapping):
        raise InputError(
            f"the {what} must be a dict, not {type(given).__name__}",
            hint="For a tuple of gradients, write dict(zip(params, gradients)).",
        )
    for name in given:
        if name not in params:
            hint = did_you_mean(str(name), params) or f"The parameters are: {', '.join(params)}."
            raise InputError(f"the {what} has {name}, which is no parameter", hint=hint)
    for name in params:
        if name not in given:
            raise InputError(
                f"the {what} lacks the parameter {name}", hint="Each parameter needs its own."
            )


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not (_is_number(value) and 0 < value < math.inf):
            raise InputError(
                f"{name} must be positive and finite, not {told(value)}",
                hint="Usual are 0.1 to 0.0001." if name == "learning_rate" else "Usual is 1e-8.",
            )


def _check_fraction(**values: float) -> None:
    for name, value in values.items():
        if not (_is_number(value) and 0 <= value < 1):
            raise InputError(
                f"{name} must be at least 0 and less than 1, not {told(value)}",
                hint="Usual are 0.9 to 0.999.",
            )


def _is_number(value: object) -> bool:
    kinds = int | float | np.integer | np.floating
    return isinstance(value, kinds) and not isinstance(value, bool)
