"""Power series with exact coefficients: what a formula is near a point, however it cancels there.

A series is t**start * (c0 + c1*t + c2*t**2 + ...), where c0 is not 0. The recurrences for functions
of a series are those of Knuth, The Art of Computer Programming, volume 2, section 4.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Numbers = list[Fraction]


class NoSeriesError(Exception):
    """Not analytic, or not known to be, or its coefficients are no fractions."""


@dataclass(frozen=True, slots=True)
class Series:
    """The power of the first term, which may be negative, and the coefficients from there on."""

    start: int
    terms: tuple[Fraction, ...]

    def plain(self) -> Numbers:
        """The coefficients from the power 0 on, of a series without a pole."""
        if self.start < 0:
            raise NoSeriesError
        return ([Fraction(0)] * self.start + list(self.terms))[: len(self.terms)]


def series(terms: Sequence[Fraction], start: int = 0) -> Series:
    """A series from its coefficients. One that is 0 as far as it is known is none."""
    for place, term in enumerate(terms):
        if term:
            return Series(start + place, tuple(terms[place:]))
    raise NoSeriesError


_LARGEST = 1e6
"""The largest number that is expanded with."""


def constant(value: float, count: int) -> Series:
    """A number that is not 0."""
    if not abs(value) < _LARGEST:
        raise NoSeriesError
    return series([Fraction(value), *[Fraction(0)] * (count - 1)])


def added(a: Series, b: Series, sign: int = 1) -> Series:
    """A sum, or a difference, known as far as both."""
    start = min(a.start, b.start)
    end = min(a.start + len(a.terms), b.start + len(b.terms))
    total = [Fraction(0)] * (end - start)
    for each, factor in ((a, 1), (b, sign)):
        for place, term in enumerate(each.terms, each.start - start):
            if place < len(total):
                total[place] += factor * term
    return series(total, start)


def multiplied(a: Series, b: Series) -> Series:
    """A product."""
    return Series(a.start + b.start, tuple(_times(a.terms, b.terms)))


def divided(a: Series, b: Series) -> Series:
    """A quotient."""
    return Series(a.start - b.start, tuple(_over(a.terms, b.terms)))


def _times(a: Sequence[Fraction], b: Sequence[Fraction]) -> Numbers:
    count = min(len(a), len(b))
    total = [Fraction(0)] * count
    for i, left in enumerate(a[:count]):
        for k in range(i, count) if left else ():
            if b[k - i]:
                total[k] += left * b[k - i]
    return total


def _over(a: Sequence[Fraction], b: Sequence[Fraction]) -> Numbers:
    found: Numbers = []
    for k in range(min(len(a), len(b))):
        known = (found[i] * b[k - i] for i in range(k) if b[k - i] and found[i])
        rest = a[k] - sum(known, Fraction(0))
        found.append(rest / b[0] if rest else rest)
    return found


def _slope(a: Numbers) -> Numbers:
    return [k * term for k, term in enumerate(a)][1:]


def _integral(a: Sequence[Fraction], first: int = 0) -> Numbers:
    return [Fraction(first), *[term / (k + 1) for k, term in enumerate(a)]]


def _needs(x: Numbers, first: int) -> None:
    if x[0] != first:
        raise NoSeriesError


def _exp(x: Numbers) -> Numbers:
    _needs(x, 0)
    found = [Fraction(1)]
    for k in range(1, len(x)):
        found.append(
            sum((i * x[i] * found[k - i] for i in range(1, k + 1) if x[i]), Fraction(0)) / k
        )
    return found


def _power(x: Numbers, y: Fraction) -> Numbers:
    lead = x[0]
    found = [_exact_power(lead, y)]
    for k in range(1, len(x)):
        terms = ((y * i - (k - i)) * x[i] * found[k - i] for i in range(1, k + 1) if x[i])
        found.append(sum(terms, Fraction(0)) / (k * lead))
    return found


def _exact_power(x: Fraction, y: Fraction) -> Fraction:
    """A power of a positive number, where that is a fraction, as the root of 4 is."""
    if x == 1:
        return x
    root = Fraction(round(float(x) ** (1 / y.denominator))) if 0 < x < _LARGEST else Fraction(0)
    if not root or root**y.denominator != x or abs(y.numerator) > _HIGHEST_POWER:
        raise NoSeriesError
    return root**y.numerator


_HIGHEST_POWER = 20


def _log(x: Numbers) -> Numbers:
    _needs(x, 1)
    return _integral(_over(_slope(x), x))


def _waves(x: Numbers, sign: int) -> tuple[Numbers, Numbers]:
    """Sine and cosine for sign -1, the hyperbolic ones for 1."""
    _needs(x, 0)
    sine, cosine = [Fraction(0)], [Fraction(1)]
    for k in range(1, len(x)):
        steps = [(i, i * x[i]) for i in range(1, k + 1) if x[i]]
        by_cosine = sum((s * cosine[k - i] for i, s in steps), Fraction(0))
        by_sine = sum((s * sine[k - i] for i, s in steps), Fraction(0))
        sine.append(by_cosine / k)
        cosine.append(sign * by_sine / k)
    return sine, cosine


def _inverse(x: Numbers, sign: int, power: Fraction) -> Numbers:
    """The integral of (1 + sign * x**2)**power."""
    _needs(x, 0)
    inner = [sign * term for term in _times(x, x)]
    inner[0] += 1
    return _integral(_times(_slope(x), _power(inner, power)))


def _plus_one(x: Numbers, sign: int = 1) -> Numbers:
    return [x[0] + sign, *x[1:]]


def _erf(x: Numbers) -> Numbers:
    _needs(x, 0)
    bell = _exp([-term for term in _times(x, x)])
    return [_TWO_OVER_ROOT_PI * term for term in _integral(_times(_slope(x), bell))]


_HALF = Fraction(1, 2)
_TWO_OVER_ROOT_PI = Fraction("1.128379167095512573896158903121545171688101258657997713688")

FUNCTIONS: Mapping[str, Callable[[Numbers], Numbers]] = {
    "exp": _exp,
    "expm1": lambda x: _plus_one(_exp(x), -1),
    "log": _log,
    "log1p": lambda x: _log(_plus_one(x)),
    "sqrt": lambda x: _power(x, _HALF),
    "cbrt": lambda x: _power(x, Fraction(1, 3)),
    "sin": lambda x: _waves(x, -1)[0],
    "cos": lambda x: _waves(x, -1)[1],
    "tan": lambda x: _over(*_waves(x, -1)),
    "sinh": lambda x: _waves(x, 1)[0],
    "cosh": lambda x: _waves(x, 1)[1],
    "tanh": lambda x: _over(*_waves(x, 1)),
    "erf": _erf,
    "arctan": lambda x: _inverse(x, 1, Fraction(-1)),
    "arctanh": lambda x: _inverse(x, -1, Fraction(-1)),
    "arcsin": lambda x: _inverse(x, -1, -_HALF),
    "arcsinh": lambda x: _inverse(x, 1, -_HALF),
}
"""Functions of one series that has no pole."""


PRODUCTS: Mapping[str, str] = {"xlogy": "log", "xlog1py": "log1p"}
"""Products with a function of the second operand."""


def raised(a: Series, power: float) -> Series:
    """A power with a constant exponent: a whole one, or any of a series that begins with 1."""
    if not abs(power) < _LARGEST:
        raise NoSeriesError
    whole = int(power) if power == int(power) and abs(power) < 20 else None
    if whole is None or (a.start == 0 and a.terms[0] == 1):
        return series(_power(a.plain(), Fraction(power)))
    terms = _power([term / a.terms[0] for term in a.terms], Fraction(whole))
    return Series(a.start * whole, tuple(term * a.terms[0] ** whole for term in terms))


def applied(op: str, args: Sequence[Series], power: float | None) -> Series:
    """An operation on series; `power` is a constant exponent."""
    if op == "power" and power is not None:
        return raised(args[0], power)
    if op in ("add", "subtract"):
        return added(args[0], args[1], 1 if op == "add" else -1)
    if op == "multiply":
        return multiplied(args[0], args[1])
    if op == "divide":
        return divided(args[0], args[1])
    if op == "negative":
        return Series(args[0].start, tuple(-term for term in args[0].terms))
    if op in PRODUCTS:
        return multiplied(args[0], series(FUNCTIONS[PRODUCTS[op]](args[1].plain())))
    if op not in FUNCTIONS:
        raise NoSeriesError
    return series(FUNCTIONS[op](args[0].plain()))
