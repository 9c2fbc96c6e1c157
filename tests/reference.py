"""What the rows of functions.sg are worth: their values and derivatives in mpmath, to many digits.

A row with a definition means what its first definition says; the rest are primitives, for which
PRIMITIVES names a function of mpmath, most of them those of digits.py. Derivatives are differences
of such values, so that no rule of differentiation stands on both sides of a comparison.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations, product

import mpmath
import numpy as np
from mpmath import mp, mpf

from symgrad.functions import Function, builtin_functions
from symgrad.graph import Graph, Node
from symgrad.language.formula import lower
from symgrad.lower import definition
from symgrad.targets.numpy import NUMPY
from symgrad.trust import digits

Number = mpf | bool
Point = tuple[float, ...]

TABLE = builtin_functions()

ROWS = {name: row for name, row in TABLE.items() if row.is_elementwise}
"""The functions that broadcast; those of whole arrays are tested in test_arrays.py."""


# A division by 0 has no value here: it ends in a ZeroDivisionError, which is nan.
PRIMITIVES: Mapping[str, Callable[..., Number]] = {
    **{name: partial(of, mp) for name, of in digits.PRIMITIVES.items()},
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "negative": lambda x: -x,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "equal": lambda x, y: x == y,
    "not_equal": lambda x, y: x != y,
    "logical_and": lambda p, q: p and q,
    "logical_or": lambda p, q: p or q,
    "logical_not": lambda p: not p,
    "keep": lambda c, x: x if c else mpf(0),
    # Integrals to infinity go far beyond the bounds of digits.py.
    "exp": mpmath.exp,
    "expm1": lambda x: mpmath.exp(x) - 1,
    "_over_erfcx": lambda c, x: c / (mpmath.exp(x * x) * mpmath.erfc(x)),
    "_polynomial": lambda x, coefficients: mpmath.polyval(list(coefficients), x),
    "_exp_moment": lambda x, n: mpmath.hyp1f1(n + 1, n + 2, x) / (n + 1),
}

WITH_ATTRIBUTES = ("_polynomial", "_exp_moment")

STRUCTURE = ("broadcast", "unbroadcast", "join", "copy", "indicator")
"""Operations that leave a number as it is."""

TAKES_NAN = frozenset(
    """keep isnan isinf isfinite not_equal equal less less_equal greater greater_equal
    logical_not logical_and logical_or""".split()
)


def evaluate(graph: Graph, inputs: Mapping[str, Number]) -> list[Number]:
    """The outputs of a graph, at mpmath's present precision; nan where there is no real value."""
    values: dict[Node, Number] = {}
    for node in graph.nodes:
        if node.op == "input":
            values[node] = inputs[str(node.value)]
        elif node.op == "constant":
            values[node] = _constant(node.value)
        else:
            attributes = node.attributes if node.op in WITH_ATTRIBUTES else ()
            values[node] = apply(node.op, [*(values[arg] for arg in node.args), *attributes])
    return [values[node] for node in graph.outputs]


def _constant(value: object) -> Number:
    if isinstance(value, bool):
        return value
    assert isinstance(value, float)
    return +mpmath.pi if value == math.pi else mpf(value)


def apply(name: str, args: Sequence[Number]) -> Number:
    """A function of the language, on numbers of mpmath."""
    if name in STRUCTURE:
        return mpf(args[0])
    if name not in PRIMITIVES:
        function = TABLE[name]
        assert function.definitions, (
            f"{name} has no definition: name its mpmath function in PRIMITIVES, tests/reference.py"
        )
        inputs = dict(zip(function.names, args, strict=True))
        return evaluate(definition(function, TABLE), inputs)[0]
    if name not in TAKES_NAN and any(mpmath.isnan(arg) for arg in args):
        return mpmath.nan
    try:
        value = PRIMITIVES[name](*args)
    except (ZeroDivisionError, ValueError):
        return mpmath.nan
    return mpmath.nan if isinstance(value, mpmath.mpc) else value


@dataclass(frozen=True)
class Truth:
    """A function at a point: value, first and second derivatives. None where there is none."""

    point: Point
    value: mpf | None
    partials: tuple[mpf | None, ...]
    seconds: tuple[tuple[mpf | None, ...], ...]

    def tolerance(self, axis: int | None = None, kind: type[np.floating] = np.float64) -> mpf:
        """The error that a right answer may have: the value, or the partial derivative by an input.

        It is that of a few last operations, that of rounding the inputs a little, which grows by
        the condition of what is computed, and that of underflow.
        """
        value, slopes = self.value, self.partials
        if axis is not None:
            value, slopes = self.partials[axis], self.seconds[axis]
        if value is None:
            raise ValueError("what is not known has no tolerance")
        moved = [abs(x * d) for x, d in zip(self.point, slopes, strict=True) if d is not None]
        info = np.finfo(kind)
        rounding = mpf(float(info.eps)) / 2
        return mpf(float(info.smallest_normal)) + rounding * (4 * abs(value) + 3 * sum(moved))


AGREED = mpf(10) ** -22
"""Two evaluations, with different precisions and steps, that agree to this are right."""

FLAT, LEAST = mpf(10) ** -20, mpf(10) ** -340
"""A slope that is 0 but for the step, and a number that is 0 to any double."""


def truth(graph: Graph, names: Sequence[str], point: Point) -> Truth:
    """The value of a graph and its derivatives, by differences at a precision that bears them.

    The steps are much smaller than the distance from a double to its neighbours, so that a kink
    lies at the point itself or is not met at all. A first pair of evaluations bears the steps;
    where it does not agree, or finds a zero, a second pair bears sums with 1, and tails as small
    as any double.
    """
    sizes = [1.0, *[abs(x) for x in point if x]]
    above, below = math.log10(max(sizes)), math.log10(min(sizes))
    scales = [min(abs(x), 1.0) or min(sizes) for x in point]
    digits = 120 + 2 * int(above)
    for start in (digits, digits - 2 * int(below) + 330):
        pair = []
        for more in (0, 1):
            with mp.workdps(start + 20 * more):
                steps = [mpf(scale) / mpf(10) ** (30 + more) for scale in scales]
                pair.append(_differences(graph, names, point, steps))
        found = [b if _agree(a, b) else None for a, b in zip(*pair, strict=True)]
        if all(found):
            break
    count = len(point)
    rows = tuple(tuple(found[start:][:count]) for start in range(1 + count, len(found), count))
    return Truth(point, found[0], tuple(found[1 : 1 + count]), rows)


def _agree(a: mpf, b: mpf) -> bool:
    return bool(abs(a - b) <= max(AGREED * abs(b), LEAST))


def _differences(
    graph: Graph, names: Sequence[str], point: Point, steps: Sequence[mpf]
) -> list[mpf]:
    """Value, partial derivatives and second ones, row by row; nan at a kink."""
    axes = range(len(point))

    def at(*moves: tuple[int, int]) -> mpf:
        moved = [mpf(x) for x in point]
        for axis, direction in moves:
            moved[axis] += direction * steps[axis]
        return mpf(evaluate(graph, dict(zip(names, moved, strict=True)))[0])

    here = at()
    ahead, behind = [at((i, 1)) for i in axes], [at((i, -1)) for i in axes]
    firsts = []
    for i in axes:
        right, left = (ahead[i] - here) / steps[i], (here - behind[i]) / steps[i]
        smooth = abs(right - left) <= max(FLAT, max(abs(right), abs(left)) / 10**6)
        firsts.append((right + left) / 2 if smooth else mpmath.nan)
    seconds = [
        (ahead[i] - 2 * here + behind[i]) / steps[i] ** 2
        if i == j
        else (at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1)))
        / (4 * steps[i] * steps[j])
        for i, j in product(axes, axes)
    ]
    return [here, *firsts, *seconds]


# Most points are float32 numbers, so that they serve for both types.
_SIZES = (
    *(5e-324, 1e-310, 1e-160, 2.0**-30, 0.0078125, 0.2421875, 0.390625, 0.4375, 0.5 + 2**-20),
    *(1 - 2**-53, 1.0, 1 + 2**-52, 1.4375, 3.140625, 10.25, 19.5, 37.5, 100.5, 355.5, 700.5, 745.0),
    *(2.0**27 + 32, 1e155, 1e300),
)
ONE = [(0.0,), *[(sign * size,) for size in _SIZES for sign in (1, -1)]]
TWO = [
    *product(
        (-1000.0, -2.0, -0.59375, 2.0**-30, 0.296875, 1.0, 2.0, 30.25),
        (-1000.0, -0.40625, 2.0**-30, 1.0, 2.0, 30.25),
    ),
    *[(0.0, 0.0), (0.0, 2.5), (-3.0, 0.0), (0.75, 2.0**-27), (700.5, 701.25), (-2.0, -0.4)],
    *[(1e300, 2e300), (1e160, 2e140), (2.0, 1e160), (1e160, -1e160), (1e16, 1e16 + 2)],
    *[(1e-300, 3e-300), (3e-308, 2.5e-308), (1e-310, 2.0), (2.0, 1e-310), (-1e-160, 1e160)],
]
THREE = [(2.5, 0.5, 31.0), *permutations((0.0, -0.5, 2.5, -31.0, 1e200), 3)]
FOUR = list(product((-31.0, 0.5, 2.5), (0.5, 1.0, 2.0), (0.0, -0.5), (0.25, 2.5)))
ORDERS = (2, 5)
SMALLEST_NORMAL = float(np.finfo(np.float64).smallest_normal)


_STRIDES = {1: 4, 2: 11, 3: 7, 4: 5}
"""By the number of inputs. Some of the points are moderate."""


@dataclass(frozen=True)
class Case:
    """A call of a row with its own parameters; it may be differentiated by all its inputs."""

    name: str
    formula: str
    inputs: tuple[str, ...]

    def __str__(self) -> str:
        return self.formula

    @property
    def points(self) -> list[Point]:
        found = {1: ONE, 2: TWO, 3: THREE, 4: FOUR}[len(self.inputs)]
        if self.name.startswith("_"):
            # Forms that rules bring in, of which there are many.
            found = found[:: _STRIDES[len(self.inputs)]]
        if self.name in NUMPY.extras:
            # SciPy's answers stop at numbers whose reciprocal overflows.
            found = [p for p in found if all(x == 0 or abs(x) >= SMALLEST_NORMAL for x in p)]
        return found

    @property
    def graph(self) -> Graph:
        return lower(self.formula, TABLE).graph

    @property
    def truths(self) -> list[Truth]:
        """The row at its points. What is the same for several rows is computed once."""
        key = f"{self.inputs} {len(self.points)} {self.graph}"
        if key not in _truths:
            _truths[key] = [truth(self.graph, self.inputs, point) for point in self.points]
        return _truths[key]


_truths: dict[str, list[Truth]] = {}


def cases(function: Function) -> list[Case]:
    """A row's call. A parameter without a derivative takes whole numbers, in a call for each."""
    stated = function.derivatives
    fixed = {
        n for i, n in enumerate(function.names) if stated and function.derivative_is(i, "none")
    }
    inputs = tuple(n for n in function.names if n not in fixed)
    calls = [
        ", ".join(str(order) if name in fixed else name for name in function.names)
        for order in (ORDERS if fixed else ORDERS[:1])
    ]
    return [Case(function.name, f"{function.name}({call})", inputs) for call in calls]


NUMBERS = [
    f
    for f in ROWS.values()
    if f.kind == "number"
    and not f.name.endswith(("pdf", "pmf"))
    and (not f.name.startswith("_") or (f.is_operation and f.definitions))
]
"""All rows that give numbers, without those that are parts of others, and accurate only there.

Logarithms of densities are sums of large terms that cancel; test_arrays.py compares them to SciPy.
"""

CASES = [case for function in NUMBERS for case in cases(function)]


def error(got: float, want: mpf, kind: type[np.floating] = np.float64) -> mpf:
    """How far an answer is off, where inf stands for the first number that is too large."""
    if math.isnan(got):
        return mpmath.inf
    info = np.finfo(kind)
    beyond = mpf(float(info.max)) * (1 + mpf(float(info.eps)) / 2)
    return abs(max(-beyond, min(beyond, mpf(got))) - max(-beyond, min(beyond, want)))
