"""Formulas computed to many digits, with mpmath: what results in doubles are held against.

The code that is run is the one that NumPy runs. What differs are the arrays: `Digits` holds numbers
of mpmath, and answers NumPy's functions by `PRIMITIVES`. A function that is not in that table is
computed by its definition in functions.sg.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from symgrad.errors import MissingExtraError, SymgradError
from symgrad.functions import FunctionTable
from symgrad.graph import Graph
from symgrad.language.spelling import Spelling, Text, call, call2
from symgrad.running.evaluate import Evaluator, evaluator
from symgrad.targets.numpy import NUMPY
from symgrad.trust.matrices import MATRICES, flat, sign

_LARGEST_EXPONENT = 10**12
"""Beyond this, an exponential is not known: numbers would get exponents that fill the memory."""

_LARGEST_SIZE = 20_000
"""In bits: whole parts and periods of larger numbers are not known."""


def _trunc(mp: Any, x: Any) -> Any:
    return mp.floor(x) if x > 0 else mp.ceil(x)


def _divide(mp: Any, x: Any, y: Any) -> Any:
    if y != 0:
        return x / y
    return mp.nan if x == 0 else sign(mp, x) * mp.inf


def _power(mp: Any, x: Any, y: Any) -> Any:
    if x == 0 and y < 0:
        return mp.inf
    if x not in (0, 1, mp.inf, -mp.inf) and mp.isfinite(y):
        _bounded(y * mp.log(abs(x), 2))
    return mp.power(x, int(y) if mp.isint(y) else y)


def _exponential(name: str) -> Callable[..., Any]:
    def of(mp: Any, x: Any) -> Any:
        return getattr(mp, name)(_bounded(x))

    return of


def _periodic(name: str) -> Callable[..., Any]:
    def of(mp: Any, x: Any) -> Any:
        return getattr(mp, name)(_sized(mp, x))

    return of


def _bounded(x: Any) -> Any:
    if _LARGEST_EXPONENT < abs(x) < math.inf:
        raise ValueError("an exponent that is too large")
    return x


def _sized(mp: Any, x: Any) -> Any:
    if x and mp.isfinite(x) and mp.mag(x) > _LARGEST_SIZE:
        raise ValueError("a number that is too large")
    return x


def _zeta(mp: Any, s: Any, x: Any) -> Any:
    """Mpmath walks from a negative x to the positive ones in steps of 1."""
    order = int(s) - 1
    psi = mp.psi(order, x) if x > -1000 else mp.nan
    return (-1) ** int(s) * psi / mp.factorial(order)


PRIMITIVES: Mapping[str, Callable[..., Any]] = {
    "divide": _divide,
    "power": _power,
    "isnan": lambda mp, x: mp.isnan(x),
    "isinf": lambda mp, x: mp.isinf(x),
    "isfinite": lambda mp, x: mp.isfinite(x),
    "signbit": lambda mp, x: x < 0,
    "abs": lambda mp, x: abs(x),
    "sign": sign,
    "floor": lambda mp, x: mp.floor(_sized(mp, x)),
    "ceil": lambda mp, x: mp.ceil(_sized(mp, x)),
    "trunc": lambda mp, x: _trunc(mp, _sized(mp, x)),
    "rint": lambda mp, x: mp.nint(_sized(mp, x)),
    "maximum": lambda mp, x, y: max(x, y),
    "minimum": lambda mp, x, y: min(x, y),
    "floor_divide": lambda mp, x, y: mp.floor(_sized(mp, x / y)),
    "fmod": lambda mp, x, y: x - y * _trunc(mp, _sized(mp, x / y)),
    "remainder": lambda mp, x, y: x - y * mp.floor(_sized(mp, x / y)),
    "copysign": lambda mp, x, y: abs(x) if y >= 0 else -abs(x),
    "sqrt": lambda mp, x: mp.sqrt(x),
    "cbrt": lambda mp, x: sign(mp, x) * mp.cbrt(abs(x)),
    "exp": _exponential("exp"),
    "expm1": _exponential("expm1"),
    "exp2": lambda mp, x: mp.mpf(2) ** _bounded(x),
    "log": lambda mp, x: mp.log(x),
    "log1p": lambda mp, x: mp.log1p(x),
    "log2": lambda mp, x: mp.log(x) / mp.log(2),
    "log10": lambda mp, x: mp.log(x) / mp.log(10),
    "sin": _periodic("sin"),
    "cos": _periodic("cos"),
    "tan": _periodic("tan"),
    "arcsin": lambda mp, x: mp.asin(x),
    "arccos": lambda mp, x: mp.acos(x),
    "arctan": lambda mp, x: mp.atan(x),
    "arctan2": lambda mp, y, x: mp.atan2(y, x),
    "sinh": _exponential("sinh"),
    "cosh": _exponential("cosh"),
    "tanh": lambda mp, x: mp.tanh(x) if abs(x) < 10**6 else sign(mp, x),
    "arcsinh": lambda mp, x: mp.asinh(x),
    "arccosh": lambda mp, x: mp.acosh(x),
    "arctanh": lambda mp, x: mp.atanh(x),
    "erf": lambda mp, x: mp.erf(x),
    # mpmath converts the square of the argument to a double.
    "erfc": lambda mp, x: mp.erfc(x) if abs(x) < 10**6 else 1 - sign(mp, x),
    "gammaln": lambda mp, x: mp.loggamma(x).real,
    "digamma": lambda mp, x: mp.digamma(x),
    "zeta": _zeta,
}
"""By function: what it is in mpmath, whose context comes first."""

_CONDITIONS = frozenset("isnan isinf isfinite signbit".split())
_UFUNCS = {"absolute": "abs", "psi": "digamma"}
"""What NumPy and SciPy call a function, where that is not our name for it."""


_LEFT_OUT = """_norm mean _item _slogdet _eigh _svd _qr _solve_vector
    logaddexp hypot ndtr clip""".split()
"""What NumPy has, and numbers of mpmath have not: definitions take its place."""


class Digits(np.ndarray):
    """An array of numbers of mpmath; whatever is computed from it is one as well."""

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        plain = [_plain(arg) for arg in args]
        if "out" in options:
            options["out"] = tuple(map(_plain, options["out"]))
        options.pop("dtype", None)
        name = _UFUNCS.get(ufunc.__name__, ufunc.__name__)
        run = _vectorised(name) if name in PRIMITIVES else ufunc
        result = getattr(run, method)(*plain, **options)
        return _wrapped(result, name in _CONDITIONS)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return _wrapped(function(*map(_plain, args), **options))

    def __getitem__(self, key: Any) -> Any:
        whole = tuple(map(_key, key)) if isinstance(key, tuple) else _key(key)
        return _wrapped(np.asarray(self)[whole])


def _plain(value: Any) -> Any:
    """Arrays without their class, also in lists."""
    if isinstance(value, Digits):
        return np.asarray(value)
    if isinstance(value, list | tuple):
        return type(value)([np.asarray(v) if isinstance(v, Digits) else v for v in value])
    return value


def _key(part: Any) -> Any:
    """A part of an index; the ends of a slice may have been computed."""
    if isinstance(part, slice):
        ends = (part.start, part.stop, part.step)
        return slice(*[int(end) if isinstance(end, Digits) else end for end in ends])
    return part


def _wrapped(result: Any, condition: bool = False) -> Any:
    if result is None or isinstance(result, tuple):
        return result
    array = np.asarray(result)
    if condition or array.dtype.kind == "b":
        return array.astype(bool)
    return array.view(Digits) if array.dtype.kind == "O" else array


_local = threading.local()


def context() -> Any:
    """The thread's own context of mpmath.

    Raises
    ------
    MissingExtraError
        mpmath is not installed.
    """
    if not hasattr(_local, "mp"):
        try:
            from mpmath.ctx_mp import MPContext
        except ImportError:
            raise MissingExtraError(
                "50 digits need mpmath", hint="Install it with: pip install 'symgrad[accuracy]'"
            ) from None
        _local.mp = MPContext()
    return _local.mp


@contextmanager
def precision(digits: int) -> Iterator[Any]:
    """The context, with as many digits until the end of a with statement."""
    mp = context()
    before, mp.dps = mp.dps, digits
    try:
        yield mp
    finally:
        mp.dps = before


def digits(values: Any) -> Any:
    """Numbers as an array of mpmath's.

    The double next to π stands for π itself. There is no -0 in mpmath: a number below all doubles
    takes its place.
    """
    mp = context()
    if isinstance(values, Digits):
        return values
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        array = array.astype(object)

    def number(value: Any) -> Any:
        if value == 0 and math.copysign(1, value) < 0:
            return -(mp.mpf(10) ** -400)
        return +mp.pi if value == math.pi else mp.mpf(value)

    with np.errstate(invalid="ignore"):
        return np.asarray(np.frompyfunc(number, 1, 1)(array), object).view(Digits)


def computed(name: str, args: Sequence[Any], mp: Any) -> Any:
    """A primitive at numbers of mpmath; nan where it has no real value, or none that is known."""
    numbers = [arg if isinstance(arg, mp.mpf) else mp.mpf(arg) for arg in args]
    if name not in _CONDITIONS and any(map(mp.isnan, numbers)):
        return mp.nan
    try:
        value = PRIMITIVES[name](mp, *numbers)
    except (ArithmeticError, ValueError, mp.NoConvergence):
        return mp.nan
    return mp.nan if isinstance(value, mp.mpc) else value


@cache
def _vectorised(name: str) -> Any:
    count = PRIMITIVES[name].__code__.co_argcount - 1

    def run(*args: Any) -> Any:
        return computed(name, args, context())

    return np.frompyfunc(run, count, 1, identity=None)


def _each_matrix(name: str) -> Callable[[Any], Any]:
    function, rank = MATRICES[name]

    def run(arrays: Any) -> Any:
        mp = context()
        array = np.asarray(digits(arrays))
        shape = array.shape[:-2]
        found = []
        for place in np.ndindex(shape):
            try:
                result = function(mp, mp.matrix(array[place].tolist()))
            except (ArithmeticError, ValueError, IndexError):
                result = None
            found.append(flat(mp, result, array.shape, name))
        size = {0: (), 1: (min(array.shape[-2:]),), 2: array.shape[-2:]}[rank]
        size = size[::-1] if name == "pinv" else size
        return np.array(list(chain(*found)), object).reshape(shape + size).view(Digits)

    return run


def _solve(a: Any, b: Any) -> Any:
    """Mpmath solves by elimination, as does the inverse; at these digits either will do."""
    return _each_matrix("inv")(a) @ digits(b)


def _padded(x: Any, width: Any) -> Any:
    pairs = np.broadcast_to(np.asarray(width), (x.ndim, 2)).tolist()
    sizes = [sum(pair) + size for pair, size in zip(pairs, x.shape, strict=True)]
    full = digits(np.zeros(sizes))
    inner = [slice(pair[0], pair[0] + size) for pair, size in zip(pairs, x.shape, strict=True)]
    full[tuple(inner)] = x
    return full


def _sizes(shape: Any) -> Any:
    if isinstance(shape, tuple):
        return tuple(map(int, shape))
    return np.asarray(shape).astype(int)[()]


_MADE = "_zeros _ones eye _counting size _count ndim _segment_sum".split()
"""What gives plain numbers, which would be doubles in all that follows."""


def _spelling(name: str) -> Spelling:
    """NumPy's way to write an operation, with sizes as plain integers."""
    spelling = NUMPY.spellings[name]
    template = re.sub(r"\{(shape|s0|only)\}", r"_digits_sizes({\1})", spelling.template)
    if name in _MADE:
        template = f"_digits({template})"
    return replace(spelling, template=template)


_SPELLINGS: Mapping[str, Spelling] = {
    **{name: _spelling(name) for name in NUMPY.spellings if name not in _LEFT_OUT},
    **{name: call(f"_digits_{name}") for name in MATRICES},
    "divide": call2("np.divide"),
    "power": call2("np.power"),
    "_solve": call2("_digits_solve"),
    "pad": replace(NUMPY.spellings["pad"], template="_digits_pad({0}, {v0})"),
}


def _constant(value: float | bool, as_float: bool) -> Text:
    if isinstance(value, bool):
        return Text(str(value))
    return Text(f"_digits(float({str(value)!r}))")


_TARGET = replace(NUMPY, name="digits", spellings=_SPELLINGS, constant=_constant)

_KNOWN: Mapping[str, object] = {
    "_digits": digits,
    "_digits_solve": _solve,
    "_digits_pad": _padded,
    "_digits_sizes": _sizes,
    **{f"_digits_{name}": _each_matrix(name) for name in MATRICES},
}


def in_digits(graph: Graph, inputs: Sequence[str], table: FunctionTable) -> Evaluator | None:
    """A resolved graph's outputs for inputs as `Digits`; None where mpmath has not all of it."""
    context()
    try:
        return evaluator(graph, graph.outputs, inputs, table, _TARGET, _KNOWN)
    except SymgradError:
        return None
