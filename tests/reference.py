"""What the rows of functions.sg are worth: their values and derivatives in mpmath, to many digits.

A row with a definition means what its definition says; the rest are primitives, for which PRIMITIVES
names a function of mpmath. Derivatives are differences of such values, so that no rule of
differentiation stands on both sides of a comparison.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import mpmath
from mpmath import mp, mpf

from symgrad.functions import builtin_functions
from symgrad.graph import Graph, Node
from symgrad.lower import definition

Number = mpf | bool
Point = tuple[float, ...]

AGREED = mpf(10) ** -22
"""Two evaluations at different precisions that agree to this, relatively, are right to this."""

EXTRA_DIGITS = (0, 20, 350)
"""Digits beyond those that the steps need; with the last, a tail as small as the least double shows."""


def _sign(x: mpf) -> mpf:
    return mpf((x > 0) - (x < 0))


def _fmod(x: mpf, y: mpf) -> mpf:
    return x - y * (mpmath.floor(x / y) if (x < 0) == (y < 0) else mpmath.ceil(x / y))


def _polygamma(n: mpf, x: mpf) -> mpf:
    return mpmath.psi(int(n), x) if n == int(n) and n >= 0 else mpmath.nan


def _power(x: mpf, y: mpf) -> mpf:
    return mpmath.power(x, int(y) if y == int(y) else y)


PRIMITIVES: Mapping[str, Callable[..., Number]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "negative": lambda x: -x,
    "power": _power,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "equal": lambda x, y: x == y,
    "not_equal": lambda x, y: x != y,
    "logical_and": lambda p, q: p and q,
    "logical_or": lambda p, q: p or q,
    "logical_not": lambda p: not p,
    "isnan": mpmath.isnan,
    "isinf": mpmath.isinf,
    "isfinite": mpmath.isfinite,
    "signbit": lambda x: x < 0,
    "keep": lambda c, x: x if c else mpf(0),
    "abs": abs,
    "sign": _sign,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "trunc": lambda x: mpmath.floor(x) if x > 0 else mpmath.ceil(x),
    "rint": mpmath.nint,
    "maximum": max,
    "minimum": min,
    "fmod": _fmod,
    "remainder": lambda x, y: x - y * mpmath.floor(x / y),
    "copysign": lambda x, y: abs(x) if y >= 0 else -abs(x),
    "sqrt": mpmath.sqrt,
    "cbrt": lambda x: _sign(x) * mpmath.cbrt(abs(x)),
    "exp": mpmath.exp,
    "exp2": lambda x: mpf(2) ** x,
    "log": mpmath.log,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "arctan2": mpmath.atan2,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh,
    "erf": mpmath.erf,
    "erfc": lambda x: mpmath.erfc(x) if abs(x) < 10**6 else 1 - _sign(x),
    "gammaln": lambda x: mpmath.loggamma(x).real,
    "digamma": mpmath.digamma,
    "polygamma": _polygamma,
}

STRUCTURE = ("broadcast", "unbroadcast", "join", "copy", "indicator")
"""Operations that leave a number as it is."""


def evaluate(graph: Graph, inputs: Mapping[str, Number]) -> list[Number]:
    """The outputs of a graph in mpmath, at its present precision; nan where there is no real value."""
    values: dict[Node, Number] = {}
    for node in graph.nodes:
        if node.op == "input":
            values[node] = inputs[str(node.value)]
        elif node.op == "constant":
            values[node] = _constant(node.value)
        else:
            values[node] = apply(node.op, [values[arg] for arg in node.args])
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
    if name in PRIMITIVES:
        if name not in ("keep", "isnan", "not_equal") and any(mpmath.isnan(arg) for arg in args):
            return mpmath.nan
        try:
            value = PRIMITIVES[name](*args)
        except (ZeroDivisionError, ValueError):
            return mpmath.nan
        return mpmath.nan if isinstance(value, mpmath.mpc) else value
    function = builtin_functions()[name]
    assert function.definitions, (
        f"{name} has no definition: name its mpmath function in PRIMITIVES in tests/reference.py"
    )
    return evaluate(definition(function, builtin_functions()), dict(zip(function.names, args)))[0]


@dataclass(frozen=True)
class Truth:
    """A function at a point: value, partial derivatives and second ones; None where there is none."""

    value: mpf
    partials: tuple[mpf | None, ...]
    seconds: tuple[tuple[mpf | None, ...], ...]


def truth(graph: Graph, names: Sequence[str], point: Point) -> Truth:
    """The value of a graph and its derivatives, by differences at a precision that bears them.

    Precision is raised until two evaluations agree. The steps are much smaller than the distance from
    any double to its neighbours, so that a kink lies at the point itself or is not met at all.
    """
    count = len(point)
    scales = [min(abs(x), 1.0) for x in point]
    smallest = min((scale for scale in scales if scale), default=1.0)
    scales = [scale or smallest for scale in scales]
    digits = 120 + 2 * int(math.log10(max(1.0, *map(abs, point))) - math.log10(smallest))
    found: list[list[mpf]] = []
    for extra in EXTRA_DIGITS:
        with mp.workdps(digits + extra):
            exponent = 30 + len(found)
            found.append(_differences(graph, names, point, [s / mpf(10)**exponent for s in scales]))
        if len(found) > 1 and all(map(_settled, *found[-2:])) and all(found[-1][: 1 + count]):
            break
    settled = [b if _settled(a, b) else None for a, b in zip(*found[-2:])]
    rows = tuple(tuple(settled[1 + count + i * count :][:count]) for i in range(count))
    return Truth(found[-1][0], tuple(settled[1 : 1 + count]), rows)


def _settled(a: mpf, b: mpf) -> bool:
    return bool(mpmath.isnan(a) and mpmath.isnan(b)) or bool(abs(a - b) <= AGREED * abs(b))


def _differences(graph, names, point, steps):
    origin = [mpf(x) for x in point]

    def at(*moves):
        moved = list(origin)
        for axis, direction in moves:
            moved[axis] += direction * steps[axis]
        value = evaluate(graph, dict(zip(names, moved, strict=True)))[0]
        return mpf(value)

    here = at()
    axes = range(len(point))
    ahead, behind = [at((i, 1)) for i in axes], [at((i, -1)) for i in axes]
    firsts = []
    for i in axes:
        right, left = (ahead[i] - here) / steps[i], (here - behind[i]) / steps[i]
        smooth = abs(right - left) <= max(mpf(10) ** -20, max(abs(right), abs(left)) / 10**6)
        firsts.append((right + left) / 2 if smooth else mpmath.nan)
    seconds = []
    for i in axes:
        for j in axes:
            if i == j:
                seconds.append((ahead[i] - 2 * here + behind[i]) / steps[i] ** 2)
            else:
                corners = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
                seconds.append(corners / (4 * steps[i] * steps[j]))
    return [here, *firsts, *seconds]
