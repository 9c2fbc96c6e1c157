"""Numerical differentiation that knows how far to trust itself: the judge of compiled gradients.

A gradient test needs more than a number to compare with. Where a numerical derivative is off by
more than it admits, a right gradient looks wrong; where it admits too much, a wrong gradient looks
right. So every value here comes with an error, and a point where no step settles on a value (a
kink, a jump, an overflow, noise) says so with an error too large to conclude from, mostly inf.

The method is Richardson extrapolation of central differences, with Ridders' choice of the entry of
the tableau that differs least from its parents: Lyness and Moler, "Van der Monde systems and
numerical differentiation", Numer. Math. 8 (1966); Ridders, "Accurate computation of F'(x) and
F'(x) F''(x)", Adv. Eng. Software 4 (1982). That difference alone is too sure of itself. Six guards
stand beside it, one for each way in which an extrapolation is wrong and yet looks settled:

- rounding: what it may add at an entry's shortest step, twice over, which is as much as the weights
  of the extrapolation can make of it;
- noise: differences that do not shrink with the step, as those of a smooth function do, count as
  noise for all longer steps, and noise above half the digits (waves and stairs that are finer than
  the steps look like that) makes a derivative unknown;
- kinks: central differences of abs at 0 agree perfectly on 0, so the gap between the one-sided
  derivatives, which the same samples give, is extrapolated too and counts as error;
- scale: steps in proportion to x and steps in proportion to 1 are tried, the smallest error wins;
- contradiction: where another step settles on a different value, the gap is the error;
- resolution: what is not known to three digits, of itself or of the slopes in sight, is unknown.

No sampling sees structure that is both narrower than the finest step (2**-26 of the scale) and
lower than half the digits of f. A function that cancels all but three of its digits looks like a
staircase, flat where it stands: `(x + 1e13) - 1e13`.

Inputs are promoted to float64, because differences of float32 values keep hardly any digits. A
function that answers in float32 is taken at that precision, and the error grows to match.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symgrad.errors import DerivativeError, InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEVELS = 26
"""Halvings of the step: beyond this, rounding leaves fewer than half the digits."""

ORDER = 6
"""Extrapolations at most: where h**12 is eliminated, the next term is below rounding."""

GOLDEN = (math.sqrt(5) - 1) / 2
"""The most irrational number, so that no two steps stand in step with a period of f."""

NOISY = 2.0**26
"""Noise in units of rounding that leaves fewer than half the digits: it may be a structure of f."""

RESOLVED = 1e-3
"""The coarsest error, as a part of the value, with which a value says anything."""

ABSOLUTE = 1e-6
"""The error that says enough whatever the value: a derivative of zero has no relative error."""

_MANY = 10_000
"""Of so many numbers the sum is taken in extended precision, where exact sums take too long."""

SAFETY = 10.0
"""How many errors apart an estimate and the truth may be: an error is no strict bound."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative and its absolute error; nan with an error of inf where nothing is known."""

    value: float
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Derivatives and their absolute errors: two float64 arrays of the input's shape."""

    value: Floats
    error: Floats


class Verdict(NamedTuple):
    """Where a derivative agrees with its estimate, and where the estimate is able to tell.

    Two arrays of bools; `agree` holds only where `conclusive` does. A verdict itself is neither
    true nor false, and `bool` of it raises TypeError.
    """

    agree: Bools
    conclusive: Bools

    @property
    def refuted(self) -> Bools:
        """Where the derivative is wrong: the estimate is able to tell, and does not agree."""
        return self.conclusive & ~self.agree

    def __bool__(self) -> bool:
        raise TypeError("a verdict has no truth value: ask .agree, .conclusive or .refuted")


def numerical_derivative(
    f: Callable[[float], float], x: float, *, step: float | None = None
) -> Estimate:
    """The derivative of a function of one float at `x`, with its error.

    `f` is called with Python floats at up to 105 points. Where its value is not finite, or it
    raises ArithmeticError, it counts as undefined, and steps to that point are left out. So it does
    at points other than `x` where it raises ValueError (as the math module does outside a domain)
    or returns something that is not real (as a power of a negative number is).
    `step`, the largest step to try, serves a function whose scale is neither 1 nor that of `x`.
    The method and its sources stand at the head of this module.

    Raises InputError where `x` is not a real number, `step` is not positive and finite, or `f(x)`
    is not real.

    >>> import math
    >>> estimate = numerical_derivative(math.exp, 1.0)
    >>> abs(estimate.value - math.e) <= estimate.error < 1e-11
    True
    >>> numerical_derivative(abs, 0.0)
    Estimate(value=nan, error=inf)
    """
    if step is not None and not 0 < step < math.inf:
        raise InputError(f"step must be positive and finite, not {step!r}")
    point = _real(x, "x")
    if point.shape:
        raise InputError(f"x must be one number, not an array of shape {point.shape}")
    value, error = _differentiate(_Probe(lambda _, moved: f(moved)), point.reshape(1), step)
    return Estimate(float(value[0]), float(error[0]))


def numerical_gradient(
    f: Callable[..., ArrayLike], inputs: Mapping[str, ArrayLike], wrt: Sequence[str]
) -> dict[str, Estimates]:
    """The gradient of the sum of `f(**inputs)`, with its errors, for each input named in `wrt`.

    `inputs` are numbers, nested lists or arrays of any shapes. They are copied as float64; `f`
    gets read-only arrays, and float64 scalars for inputs of no dimensions. It returns a number or
    an array of any shape, which is summed, as a reverse pass seeded with ones does. It is called
    up to 104 times per element; what counts as undefined is told in `numerical_derivative`.

    Raises DerivativeError for a name in `wrt` that is no input, and InputError where an input
    or the value of `f` is not real.

    >>> estimates = numerical_gradient(
    ...     lambda x, y: x**2 * y, {"x": [1.0, 2.0], "y": 3.0}, ["x", "y"]
    ... )
    >>> estimates["x"].value.round(9), round(float(estimates["y"].value), 9)
    (array([ 6., 12.]), 5.0)
    >>> bool((estimates["x"].error < 1e-11).all())
    True
    """
    arrays = {name: _real(value, f"input {name!r}") for name, value in inputs.items()}
    for name in wrt:
        if name not in arrays:
            raise DerivativeError(f"there is no input {name!r} to differentiate with respect to")
    return {name: _partial(f, arrays, name) for name in wrt}


def agrees(derivative: ArrayLike, estimate: Estimate | Estimates, *, rtol: float = 1e-7) -> Verdict:
    """Compare a derivative with its estimate, element by element.

    The two agree where they are at most ten errors and a part `rtol` of the value apart. The
    estimate is conclusive where its error is at most a thousandth of its value, or at most 1e-6.
    A derivative of nan or inf agrees with no estimate.

    Raises InputError where the derivative is not real, or its shape is not the estimate's: a
    derivative has its input's shape, and broadcasting would hide that it has not.

    >>> import math
    >>> estimate = numerical_derivative(math.sin, 0.5)
    >>> bool(agrees(math.cos(0.5), estimate).agree), bool(agrees(0.9, estimate).refuted)
    (True, True)
    >>> kink = agrees(7.0, numerical_derivative(abs, 0.0))
    >>> bool(kink.agree), bool(kink.conclusive), bool(kink.refuted)
    (False, False, False)
    """
    given = _real(derivative, "the derivative")
    value, error = np.asarray(estimate.value), np.asarray(estimate.error)
    if given.shape != value.shape:
        raise InputError(f"the derivative has shape {given.shape}, its estimate {value.shape}")
    with np.errstate(all="ignore"):
        size = np.abs(value)
        conclusive = np.asarray(error <= np.maximum(RESOLVED * size, ABSOLUTE))
        close = np.abs(given - value) <= SAFETY * error + rtol * size
    return Verdict(np.asarray(conclusive & close), conclusive)


def _real(value: object, what: str) -> Floats:
    """A read-only copy as float64."""
    try:
        copy = np.array(value).astype(np.float64, casting="same_kind")
    except (TypeError, ValueError):
        raise InputError(f"{what} must be real numbers, not {type(value).__name__}") from None
    copy.flags.writeable = False
    return copy


class _Probe:
    """A function of an element and its place, sampled as two numbers.

    They are the sum of its value, and the sum of magnitudes, which tells how large rounding
    errors may be; both are nan where the function is undefined.
    """

    def __init__(self, f: Callable[[int, float], Any]) -> None:
        self.f = f
        self.epsilon = float(np.finfo(np.float64).eps)

    def at_rest(self, point: float) -> tuple[float, float]:
        """Lets more out: a wrong call must not pass for a function outside its domain."""
        try:
            return self._sample(0, point)
        except ArithmeticError:
            return math.nan, math.nan

    def moved(self, element: int, point: float) -> tuple[float, float]:
        if not math.isfinite(point):
            return math.nan, math.nan
        try:
            return self._sample(element, point)
        except (ArithmeticError, ValueError, InputError):
            return math.nan, math.nan

    def _sample(self, element: int, point: float) -> tuple[float, float]:
        result = self.f(element, point)
        precision = np.asarray(result).dtype
        if np.issubdtype(precision, np.floating):
            self.epsilon = max(self.epsilon, float(np.finfo(precision).eps))
        array = _real(result, "the function's result")
        if array.size > _MANY:
            found = (array.sum(dtype=np.longdouble), np.abs(array).sum())
            return (
                (float(found[0]), float(found[1]))
                if np.isfinite(found[1])
                else (math.nan, math.nan)
            )
        values = array.ravel().tolist()
        size = math.fsum(map(abs, values))
        return (math.fsum(values), size) if math.isfinite(size) else (math.nan, math.nan)


def _partial(f: Callable[..., ArrayLike], arrays: Mapping[str, Floats], name: str) -> Estimates:
    array = arrays[name]

    def call(element: int, point: float) -> ArrayLike:
        moved = array.copy()
        moved.flat[element] = point
        moved.flags.writeable = False
        return f(**{key: value[()] for key, value in {**arrays, name: moved}.items()})

    value, error = _differentiate(_Probe(call), array.ravel(), None)
    return Estimates(value.reshape(array.shape), error.reshape(array.shape))


def _differentiate(probe: _Probe, points: Floats, step: float | None) -> tuple[Floats, Floats]:
    """Value and error at every point. The axes of all arrays below are ladder, level, point."""
    if points.size == 0:
        return np.empty(0), np.empty(0)
    with np.errstate(all="ignore"):
        steps = _ladders(points, step)
        centre, centre_size = probe.at_rest(float(points[0]))
        right, left, sizes = _samples(probe, points, steps)
        # x + h is rounded, so the step that was made is not quite h.
        right_step, left_step = points + steps - points, points - (points - steps)
        right_slope, left_slope = (right - centre) / right_step, (centre - left) / left_step
        sizes = np.fmax(sizes, centre_size)
        # A flat stretch may be one where large terms swallowed small ones and then cancelled.
        flat = (right == centre) & (left == centre)
        sizes = np.where(flat, np.maximum(sizes.max(axis=(0, 1)), 1), sizes)
        values, errors, trusted = _tableau(
            steps,
            (right - left) / (right_step + left_step),
            right_slope - left_slope,
            2 * probe.epsilon * sizes / steps,
        )
        return _choose(values, errors, trusted, sizes.max(axis=1, keepdims=True) / steps[:, :1])


def _ladders(points: Floats, step: float | None) -> Floats:
    """Falling steps, each about half the one before.

    One ladder starts below `step` where that is given. Else one starts below the point's own size,
    so that no step reaches a singularity at 0, and one below 1.
    """
    sizes = [np.abs(points), np.ones_like(points)]
    if step is not None:
        sizes = [np.full_like(points, step)]
    tops = np.frexp(np.stack(sizes))[1] - 1
    exponents = tops[:, None, :] - np.arange(LEVELS)[:, None]
    return np.asarray(np.ldexp(0.9 + 0.06 * (exponents * GOLDEN % 1), exponents))


def _samples(probe: _Probe, points: Floats, steps: Floats) -> tuple[Floats, Floats, Floats]:
    """Values to the right and to the left, and the larger sum of magnitudes.

    The two ladders of a point share the steps that are the same.
    """
    found = np.full((3, *steps.shape), math.nan)
    known: dict[tuple[int, float], tuple[float, float, float]] = {}
    for ladder, level, element in np.ndindex(steps.shape):
        step, point = float(steps[ladder, level, element]), float(points[element])
        if (element, step) not in known:
            right, right_size = probe.moved(element, point + step)
            left, left_size = probe.moved(element, point - step)
            known[element, step] = right, left, max(right_size, left_size)
        found[:, ladder, level, element] = known[element, step]
    return found[0], found[1], found[2]


def _tableau(
    steps: Floats, central: Floats, gap: Floats, rounding: Floats
) -> tuple[Floats, Floats, Bools]:
    """Entries of the extrapolation tableau from two steps on, their errors, and which to trust.

    In powers of the step, `central` (the central difference) is the derivative and even powers;
    `gap` (the right difference less the left) is the height of the kink and odd powers. Neville's
    scheme takes both to a step of 0. The longest step of an entry sees most of the noise.
    """
    noise = np.fmax(_noise(steps, central), _noise(steps, gap))
    trusted = noise <= NOISY * rounding
    noise = 2 * np.fmax(noise, rounding)
    values, errors, trust = [], [], []
    for order in range(1, ORDER + 1):
        ratio = steps[:, :-order] / steps[:, order:]
        coarse, fine = central[:, :-1], central[:, 1:]
        central = fine + (fine - coarse) / (ratio**2 - 1)
        gap = gap[:, 1:] + (gap[:, 1:] - gap[:, :-1]) / (ratio - 1)
        parent = np.abs(central - coarse)
        values.append(central)
        errors.append(np.maximum.reduce([parent, np.abs(gap), noise[:, order:]]))
        trust.append(trusted[:, :-order])
    return np.hstack(values), np.hstack(errors), np.hstack(trust)


def _noise(steps: Floats, slopes: Floats) -> Floats:
    """How far noise in f may move a slope at each step.

    Where slopes at shorter and shorter steps no longer settle, they show the noise. It is as high,
    though hidden, at all longer steps.
    """
    change = np.abs(np.diff(slopes, axis=1))
    before, after = change[:, :-1], change[:, 1:]
    height = np.where(after > before, after * steps[:, 2:], 0)
    height = np.maximum.accumulate(height[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.pad(height, ((0, 0), (2, 0), (0, 0)), mode="edge") / steps)


def _choose(
    values: Floats, errors: Floats, trusted: Bools, slopes: Floats
) -> tuple[Floats, Floats]:
    """The trusted entry of smallest error, with the gap to whichever entry contradicts it.

    `slopes` is the size of f over the longest step, by ladder: against it, an error in a
    derivative that is 0 is judged.
    """
    known = errors <= RESOLVED * np.maximum(np.abs(values), slopes)
    entries = (-1, values.shape[-1])
    values = np.where(known, values, math.nan).reshape(entries)
    errors = np.where(known, errors, math.inf).reshape(entries)
    candidates = np.where(trusted.reshape(entries), errors, math.inf)
    best = np.argmin(candidates, axis=0)[None]
    error = np.take_along_axis(candidates, best, axis=0)
    value = np.where(np.isfinite(error), np.take_along_axis(values, best, axis=0), math.nan)
    distance = np.abs(values - value)
    against = np.where(distance > SAFETY * (errors + error), distance, 0)
    return value[0], np.maximum(error[0], against.max(axis=0))
