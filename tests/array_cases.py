"""How the cases of array formulas are written: a formula, and what its inputs are like.

A formula means what NumPy does with the same text, so a case's reference is the text itself, read
by Python over the names of `array_cases_names`. Where Python reads it otherwise, as it does lists,
a case brings a reference of its own. Inputs are drawn from the formula's text, so that a case is
the same in every run, whatever stands beside it.
"""

from __future__ import annotations

import ast
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

from tests.array_cases_names import NAMES

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Reference = Callable[..., Any]
Draw = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Spec:
    """What an input is like: how it is drawn, and whether it has derivatives."""

    label: str
    draw: Draw
    smooth: bool = True


def spread(shape: Shape, rng: np.random.Generator) -> Array:
    """Values of both signs that keep away from zero and from each other: no kinks, no ties."""
    count = int(np.prod(shape))
    places = rng.permutation(count) - count // 2 + 0.5 + rng.uniform(-0.2, 0.2, count)
    return np.asarray(places * max(3 / max(count, 1), 0.1)).reshape(shape)


def real(*shape: int) -> Spec:
    """Any numbers."""
    return Spec(f"{shape}", lambda rng: spread(shape, rng))


def positive(*shape: int) -> Spec:
    """Numbers from 0.4 to 2.5."""
    return Spec(f"positive {shape}", lambda rng: np.exp(spread(shape, rng) * 0.5))


def unit(*shape: int) -> Spec:
    """Numbers between 0 and 1."""
    return Spec(f"unit {shape}", lambda rng: 1 / (1 + np.exp(-spread(shape, rng))))


def simplex(*shape: int) -> Spec:
    """Positive numbers that add up to one along the last axis."""

    def draw(rng: np.random.Generator) -> Array:
        weights = np.exp(spread(shape, rng))
        return np.asarray(weights / weights.sum(-1, keepdims=True))

    return Spec(f"simplex {shape}", draw)


def well(*shape: int) -> Spec:
    """Well-conditioned matrices of positive determinant, and not symmetric."""

    def draw(rng: np.random.Generator) -> Array:
        return np.asarray(0.4 * spread(shape, rng) + 2 * np.eye(shape[-2], shape[-1]))

    return Spec(f"well {shape}", draw)


def definite(*shape: int) -> Spec:
    """Symmetric positive definite matrices, of eigenvalues that differ."""

    def draw(rng: np.random.Generator) -> Array:
        root = spread(shape, rng)
        return root @ root.mT / 2 + np.diag(np.arange(1.0, shape[-1] + 1))

    return Spec(f"definite {shape}", draw)


def ascending(count: int) -> Spec:
    """A vector in ascending order."""
    return Spec(f"ascending ({count},)", lambda rng: np.sort(spread((count,), rng)))


def integers(low: int, high: int, *shape: int) -> Spec:
    """Integers from low to high - 1."""
    label = f"{low}..{high - 1} {shape}"
    return Spec(label, lambda rng: rng.integers(low, high, shape), smooth=False)


def mask(*shape: int) -> Spec:
    """True and false, both there where there is room for both."""

    def draw(rng: np.random.Generator) -> Array:
        order = rng.permutation(int(np.prod(shape)))
        return np.asarray(order % 2 == 0).reshape(shape)

    return Spec(f"mask {shape}", draw, smooth=False)


def given(value: Any) -> Spec:
    """One value; a list becomes an array, a number stays a number of Python."""
    fixed = np.array(value) if isinstance(value, list) else value
    smooth = np.asarray(fixed).dtype.kind == "f"
    return Spec(
        f"{value}", lambda rng: np.copy(fixed) if isinstance(value, list) else fixed, smooth
    )


@dataclass(frozen=True, eq=False)
class Case:
    """A formula, its inputs, and what NumPy says that it is.

    `smooth` names the inputs to differentiate by. `single` is false where float32 inputs stand
    beside integers that count as doubles.
    """

    formula: str
    specs: Mapping[str, Spec]
    given_reference: Reference | None
    smooth: tuple[str, ...]
    single: bool
    label: str = field(init=False)

    def __post_init__(self) -> None:
        inputs = ", ".join(f"{name}: {spec.label}" for name, spec in self.specs.items())
        object.__setattr__(self, "label", f"{self.formula} | {inputs}")

    def inputs(self) -> dict[str, Any]:
        """The inputs, drawn afresh: the same ones in each call."""
        return {
            name: spec.draw(np.random.default_rng(zlib.crc32(f"{self.label} {name}".encode())))
            for name, spec in self.specs.items()
        }

    def reference(self, inputs: Mapping[str, Any]) -> Any:
        """What NumPy makes of the inputs."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            if self.given_reference is not None:
                return self.given_reference(**inputs)
            before, last = _code(self.formula)
            names = {**NAMES, **inputs}
            exec(before, names)
            return eval(last, names)

    def seeded(self) -> str:
        """The formula times an input `cotangent` of the value's shape."""
        before, separator, last = self.formula.rpartition(";")
        return f"{before}{separator} cotangent * ({last.strip()})".strip()

    def cotangent(self) -> Array:
        """A factor for each element of the value, no two alike."""
        rng = np.random.default_rng(zlib.crc32(self.label.encode()))
        return spread(np.shape(self.reference(self.inputs())), rng)


@cache
def _code(formula: str) -> tuple[CodeType, CodeType]:
    """The statements before the last one, and the last one's expression."""
    *before, last = ast.parse(formula).body
    assert isinstance(last, ast.Expr)
    first = compile(ast.Module(before, []), formula, "exec")
    return first, compile(ast.Expression(last.value), formula, "eval")


def case(
    formula: str,
    /,
    reference: Reference | None = None,
    smooth: str | None = None,
    single: bool = True,
    **inputs: Spec | Shape,
) -> Case:
    """A case; an input that is a shape holds any real numbers.

    `smooth` has the names to differentiate by, with spaces between them; without it they are all
    inputs that have derivatives, and "" is none.
    """
    specs = {n: s if isinstance(s, Spec) else real(*s) for n, s in inputs.items()}
    wrt = [n for n, s in specs.items() if s.smooth] if smooth is None else smooth.split()
    return Case(formula, specs, reference, tuple(wrt), single)


def differences(case: Case, inputs: Mapping[str, Any], cotangent: Array) -> dict[str, Array]:
    """The gradient of the sum of the value times a cotangent, by central differences.

    The six-point formula of order six of Fornberg, "Generation of finite difference formulas on
    arbitrarily spaced grids", Math. Comp. 51 (1988), table 1.
    """
    step = 1e-3
    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    found: dict[str, Array] = {}
    for name in case.smooth:
        point = np.array(inputs[name], dtype=np.float64)
        slopes = np.zeros(point.size)
        for k in range(point.size):
            for distance, weight in weights.items():
                for sign in (1, -1):
                    moved = point.copy()
                    moved.reshape(-1)[k] += sign * distance * step
                    value = case.reference({**inputs, name: moved})
                    slopes[k] += sign * weight * np.sum(cotangent * value) / step
        found[name] = slopes.reshape(point.shape)
    return found
