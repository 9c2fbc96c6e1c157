"""Numerical differentiation that knows how far to trust itself: the judge of the compiled gradients.

A gradient test needs more than a number to compare with. Where the numerical derivative is off by more than it admits,
a right gradient looks wrong; where it admits too much, a wrong gradient looks right. So every value here comes with an
error, and a point where no step size settles on a value (a kink, a jump, an overflow, noise) says so by an error of inf.

The method is Richardson extrapolation of central differences with Ridders' choice of the tableau entry: Lyness and Moler,
"Van der Monde systems and numerical differentiation", Numer. Math. 8 (1966); Ridders, "Accurate computation of F'(x) and
F'(x) F''(x)", Adv. Eng. Software 4 (1982). Ridders takes the entry that differs least from its two parents. Six guards
stand beside that difference, one for each way in which an extrapolation is wrong and yet looks settled:

- rounding: the rounding of f and of its argument, carried through the tableau with the weights of the extrapolation;
- kinks: central differences of abs at 0 agree perfectly on 0, so the gap between the two one-sided derivatives, which
  the same samples give, is extrapolated too and counts as error;
- slow convergence: differences that do not shrink with the step as those of a smooth function do (noise, aliasing,
  a power between 1 and 2) count in full, with the tail that they promise;
- scale: steps proportional to x and steps of a fixed size are both tried, and the smallest error wins;
- contradiction: where another step size settles on a different value, the gap between the two is the error;
- resolution: what is not known to three digits, of itself or of the slopes in sight, is not known.

What no sampling can see stays unseen: structure narrower than the finest step (2**-26 of the scale) and lower than the
noise. All arithmetic is in float64, to which inputs are promoted: differences of float32 values keep no digits worth
comparing. A function that answers in float32 is taken at that precision, and the error grows to match.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEVELS = 26
"""Halvings of the step: beyond this, rounding leaves fewer than half the digits."""

ORDER = 6
"""Extrapolations at most: h**2 to h**12 are eliminated; rounding gains more than truncation loses after that."""

GOLDEN = (math.sqrt(5) - 1) / 2
"""Steps that halve exactly see a period of f as a slope, at every level alike: each is off by an irrational part."""

SLOW = 0.6
"""Ratio of successive differences: 1/4 where f is smooth, 1/2 where its derivative has a kink."""

SLOW_TAIL = 8.0
"""What a geometric series of ratio 0.875 still has to come, in units of its last term."""

RESOLVED = 1e-3
"""The coarsest error, as a part of the value, with which a value says anything."""

CONFIDENT = 1e-4
"""The relative error at which a second value is evidence against the first."""

ABSOLUTE = 1e-6
"""The error that is small enough whatever the value: derivatives that are zero have no relative error."""

SAFETY = 10.0
"""How many errors apart an estimate and a derivative may be: the error is an estimate, not a bound."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative with its absolute error; where nothing is known, nan with an error of inf."""

    value: float
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Derivatives with their absolute errors: two float64 arrays of the input's shape."""

    value: Floats
    error: Floats


class Verdict(NamedTuple):
    """Where a derivative agrees with its estimate, and where the estimate is good enough to tell: two arrays of bools.

    `agree` holds only where `conclusive` does. A verdict has no truth value, since inconclusive is neither.
    """

    agree: Bools
    conclusive: Bools

    @property
    def refuted(self) -> Bools:
        """Where the derivative is wrong: the estimate can tell, and says no."""
        return self.conclusive & ~self.agree

    def __bool__(self) -> bool:
        raise TypeError("a verdict is neither true nor false: ask .agree, .conclusive or .refuted")


def numerical_derivative(
    f: Callable[[float], float], x: float, *, step: float | None = None
) -> Estimate:
    """The derivative of a function of one float at `x`, with its error.

    `step` is the largest step that is tried, for a function that is defined only close to `x`, or whose scale is neither
    1 nor that of `x`. `f` is called with Python floats at up to 105 points; at a point where its value is not finite, or
    where it raises ArithmeticError (or, away from `x`, ValueError, as the math module does), it counts as undefined, and
    the steps that reach that point are out. The method is described at the head of this module.

    Raises ValueError if `step` is not positive and finite.

    >>> import math
    >>> estimate = numerical_derivative(math.exp, 1.0)
    >>> abs(estimate.value - math.e) <= estimate.error < 1e-11
    True
    >>> numerical_derivative(abs, 0.0)
    Estimate(value=nan, error=inf)
    """
    if step is not None and not 0 < step < math.inf:
        raise ValueError(f"the step must be positive and finite, not {step!r}")
    point = float(x)
    probe = _Probe(lambda _, moved: f(moved))
    value, error = _differentiate(probe, np.array([point]), step)
    return Estimate(float(value[0]), float(error[0]))


def numerical_gradient(
    f: Callable[..., ArrayLike], inputs: Mapping[str, ArrayLike], wrt: Sequence[str]
) -> dict[str, Estimates]:
    """The gradient of the sum of `f(**inputs)` with respect to each input that `wrt` names, with its errors.

    `inputs` are numbers, nested lists or arrays of any shapes; they are copied as float64, and `f` gets read-only arrays,
    or float64 numbers for those of no dimensions. `f` returns a number or an array of any shape, which is summed: the
    derivative is that of a reverse pass seeded with ones. It is called up to 104 times per element of the inputs in `wrt`.
    Exceptions and values that are not finite are treated as in `numerical_derivative`.

    Raises KeyError for a name in `wrt` that is no input, and TypeError if `f` returns something that is not real.

    >>> import numpy as np
    >>> estimates = numerical_gradient(lambda x, y: x**2 * y, {"x": [1.0, 2.0], "y": 3.0}, ["x", "y"])
    >>> estimates["x"].value.round(9)
    array([ 6., 12.])
    >>> estimates["y"].value.round(9)
    array(5.)
    >>> bool((estimates["x"].error < 1e-11).all())
    True
    """
    arrays = {name: np.array(value, dtype=np.float64) for name, value in inputs.items()}
    for array in arrays.values():
        array.flags.writeable = False
    return {name: _partial(f, arrays, name) for name in wrt}


def agrees(
    derivative: ArrayLike, estimate: Estimate | Estimates, *, rtol: float = 1e-7
) -> Verdict:
    """Compare a derivative with its estimate, element by element.

    They agree where they are at most ten errors and a part `rtol` of the value apart. The estimate is conclusive where its
    error is at most a thousandth of its value, or at most 1e-6. A derivative of nan or inf does not agree with a conclusive
    estimate.

    Raises ValueError if the shapes differ: a derivative has its input's shape, and broadcasting would hide that it has not.

    >>> import math
    >>> estimate = numerical_derivative(math.sin, 0.5)
    >>> bool(agrees(math.cos(0.5), estimate).agree), bool(agrees(0.9, estimate).refuted)
    (True, True)
    >>> verdict = agrees(7.0, numerical_derivative(abs, 0.0))
    >>> bool(verdict.agree), bool(verdict.conclusive), bool(verdict.refuted)
    (False, False, False)
    """
    given = np.asarray(derivative, dtype=np.float64)
    value = np.asarray(estimate.value, dtype=np.float64)
    error = np.asarray(estimate.error, dtype=np.float64)
    if given.shape != value.shape:
        raise ValueError(f"the derivative has shape {given.shape}, its estimate {value.shape}")
    with np.errstate(all="ignore"):
        size = np.abs(value)
        conclusive = np.asarray(error <= np.maximum(RESOLVED * size, ABSOLUTE))
        close = np.abs(given - value) <= SAFETY * error + rtol * size
    return Verdict(np.asarray(conclusive & close), conclusive)


class _Probe:
    """A function of (which element, moved to where) as two numbers: its sum, and the sum of magnitudes, which says how
    large the rounding errors in it may be."""

    def __init__(self, f: Callable[[int, float], Any]) -> None:
        self.f = f
        self.epsilon = float(np.finfo(np.float64).eps)

    def at_point(self, point: float) -> tuple[float, float]:
        """Here a ValueError is let out: a call that is wrong altogether must not pass for an undefined value."""
        try:
            return self._sample(0, point)
        except ArithmeticError:
            return math.nan, math.nan

    def moved(self, element: int, point: float) -> tuple[float, float]:
        if not math.isfinite(point):
            return math.nan, math.nan
        try:
            return self._sample(element, point)
        except (ArithmeticError, ValueError):
            return math.nan, math.nan

    def _sample(self, element: int, point: float) -> tuple[float, float]:
        result = np.asarray(self.f(element, point))
        if np.issubdtype(result.dtype, np.floating):
            self.epsilon = max(self.epsilon, float(np.finfo(result.dtype).eps))
        values = result.astype(np.float64, casting="same_kind").ravel().tolist()
        return math.fsum(values), math.fsum(map(abs, values))


def _partial(f: Callable[..., ArrayLike], arrays: Mapping[str, Floats], name: str) -> Estimates:
    array = arrays[name]

    def call(element: int, point: float) -> ArrayLike:
        moved = array.copy()
        moved.flat[element] = point
        moved.flags.writeable = False
        passed = {**arrays, name: moved}
        return f(**{key: value[()] for key, value in passed.items()})

    value, error = _differentiate(_Probe(call), array.ravel(), None)
    return Estimates(value.reshape(array.shape), error.reshape(array.shape))


def _differentiate(probe: _Probe, points: Floats, step: float | None) -> tuple[Floats, Floats]:
    """Values and errors at every point. All arrays below have the axes (ladder, level, point)."""
    if points.size == 0:
        return np.empty(0), np.empty(0)
    with np.errstate(all="ignore"):
        steps = _ladders(points, step)
        centre, centre_size = probe.at_point(float(points[0]))
        right, left, sizes = _samples(probe, points, steps)
        right_step, left_step = points + steps - points, points - (points - steps)
        right_slope, left_slope = (right - centre) / right_step, (centre - left) / left_step
        sizes = np.fmax(sizes, centre_size) + np.finfo(np.float64).tiny
        largest = np.max(np.where(np.isfinite(sizes), sizes, 0), axis=(0, 1))
        sizes = np.where((right == centre) & (left == centre), largest, sizes)
        value, error = _tableau(
            steps,
            (right - left) / (right_step + left_step),
            right_slope - left_slope,
            _rounding(probe.epsilon, points, steps, sizes, right_slope, left_slope),
        )
        slopes = np.nanmax(np.where(np.isfinite(sizes), sizes, 0), axis=1) / steps[:, 0]
        return _choose(value, error, slopes)


def _ladders(points: Floats, step: float | None) -> Floats:
    """Falling steps: from `step` where it is given, else from one that suits the size of each point, and one that suits 1.

    The first step is less than the point's size, so that a singularity at 0 is not crossed.
    """
    sizes = [np.abs(points), np.ones_like(points)]
    if step is not None:
        sizes = [np.full_like(points, step)]
    tops = np.frexp(np.stack(sizes))[1] - 1
    exponents = tops[:, None, :] - np.arange(LEVELS)[:, None]
    return np.ldexp(0.9 + 0.06 * (exponents * GOLDEN % 1), exponents)


def _samples(probe: _Probe, points: Floats, steps: Floats) -> tuple[Floats, Floats, Floats]:
    """f at x + h and at x - h, and the larger sum of magnitudes; nan where h is lost in x."""
    found = np.full((3, *steps.shape), math.nan)
    known: dict[tuple[int, float], tuple[float, float, float]] = {}
    for ladder, level, element in np.ndindex(steps.shape):
        step, point = float(steps[ladder, level, element]), float(points[element])
        if point - step == point or point + step == point:
            continue
        if (element, step) not in known:
            right, right_size = probe.moved(element, point + step)
            left, left_size = probe.moved(element, point - step)
            known[element, step] = right, left, max(right_size, left_size)
        found[:, ladder, level, element] = known[element, step]
    return found[0], found[1], found[2]


def _rounding(
    epsilon: float, points: Floats, steps: Floats, sizes: Floats, right: Floats, left: Floats
) -> Floats:
    """How far rounding may move a central difference: f is off by an ulp or two of its terms' size, and its argument by
    an ulp of its own, which moves f along the slope."""
    slopes = np.maximum(np.abs(right), np.abs(left))
    return epsilon * (2 * sizes / steps + slopes * np.maximum(np.abs(points) / steps, 1))


def _tableau(
    steps: Floats, central: Floats, gap: Floats, rounding: Floats
) -> tuple[Floats, Floats]:
    """Every entry of the extrapolation tableau that has a judgeable history (three steps), with its error.

    `central` has an expansion in even powers of the step, from the derivative on; `gap`, the right one-sided difference
    less the left, one in odd powers, from 0 on where f has a derivative. `values` is read off the first by Neville's
    scheme, with `rounding` carried along; the second, extrapolated in the same way, is the height of the kink.
    """
    change = np.abs(np.diff(central, axis=1))
    before, after = change[:, :-1], change[:, 1:]
    drift = np.where(after > SLOW * before, SLOW_TAIL * after, 0)
    values, errors = [], []
    for order in range(1, ORDER + 1):
        ratio = steps[:, :-order] / steps[:, order:]
        coarse, fine = central[:, :-1], central[:, 1:]
        central = fine + (fine - coarse) / (ratio**2 - 1)
        gap = gap[:, 1:] + (gap[:, 1:] - gap[:, :-1]) / (ratio - 1)
        rounding = (ratio**2 * rounding[:, 1:] + rounding[:, :-1]) / (ratio**2 - 1)
        if order == 1:
            continue
        parents = np.maximum(np.abs(central - coarse), np.abs(central - fine))
        values.append(central)
        errors.append(np.maximum.reduce([parents, np.abs(gap), rounding, drift]))
        drift = np.maximum(drift[:, :-1], drift[:, 1:])
    return np.concatenate(values, axis=1), np.concatenate(errors, axis=1)


def _choose(values: Floats, errors: Floats, slopes: Floats) -> tuple[Floats, Floats]:
    """The entry of smallest error over all ladders, unless another contradicts it or none resolves the slope."""
    known = np.isfinite(values) & np.isfinite(errors)
    known &= errors <= RESOLVED * np.maximum(np.abs(values), slopes[:, None])
    count = values.shape[-1]
    values = np.where(known, values, math.nan).reshape(-1, count)
    errors = np.where(known, errors, math.inf).reshape(-1, count)
    best = np.argmin(errors, axis=0), np.arange(count)
    value, error = values[best], errors[best]
    distance = np.abs(values - value)
    against = distance > SAFETY * (errors + error)
    return value, np.maximum(error, np.max(np.where(against, distance, 0), axis=0))
