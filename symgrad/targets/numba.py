"""Numba: NumPy's functions on single numbers, compiled, in a loop over threads."""

from __future__ import annotations

from symgrad.language.spelling import AND, ATOM, NOT, OR, SIGN, TERNARY, Spelling, call, call2
from symgrad.targets import Target
from symgrad.targets.arrays import ARRAYS
from symgrad.targets.coefficients import DIGAMMA, ZETA, as_code
from symgrad.targets.numba_functions import FAST, FAST_BELOW, FAST_HELPERS
from symgrad.targets.numpy import HELPERS as NUMPY_HELPERS
from symgrad.targets.numpy import SPELLINGS as NUMPY_SPELLINGS
from symgrad.targets.numpy import constant

_OF_ARRAYS = """copy cast broadcast unbroadcast join clip""".split()

SPELLINGS = {
    **{
        name: spelling
        for name, spelling in NUMPY_SPELLINGS.items()
        if name.split()[0] not in {*ARRAYS, *_OF_ARRAYS} and "special." not in spelling.template
    },
    "hypot": call2("_hypot"),
    "log1p": call("_log1p"),
    "erf": call("math.erf"),
    "erfc": call("math.erfc"),
    "ndtr": call("_ndtr"),
    "gammaln": call("_log_gamma"),
    "digamma": call("_digamma"),
    "zeta": call2("_zeta"),
    "_log_ndtr": call("_log_ndtr"),
    "_over_erfcx": call2("_over_erfcx"),
    "floor_divide": call2("_floor_divide"),
    "_polynomial": Spelling("_polynomial({0}, {v0})", arity=1),
    "_exp_moment": Spelling("_exp_moment({0}, {v0})", arity=1),
    "stop_gradient": Spelling("{0}", TERNARY, (TERNARY,)),
    "logical_and": Spelling("{0} and {1}", AND, (AND, NOT)),
    "logical_or": Spelling("{0} or {1}", OR, (OR, AND)),
    "logical_not": Spelling("not {0}", NOT, (NOT,)),
    "keep": Spelling("{1} if {0} else 0.0", TERNARY, (OR, OR), float_constants=True),
    "where": Spelling("{1} if {0} else {2}", TERNARY, (OR, OR, OR), float_constants=True),
    "sign": call("np.sign"),
    "negative": Spelling("-{0}", SIGN, (SIGN,)),
}

TARGET = Target("numba", SPELLINGS, constant, {})

FAST_TARGET = Target(
    "numba",
    {
        **SPELLINGS,
        **{name: call(own) for name, own in (FAST | FAST_BELOW).items()},
        "_quotient": Spelling("_quotient({0}, {1}, {2})", ATOM, (TERNARY,) * 3),
    },
    constant,
    {},
)
"""The same with functions that compilers make vector instructions of."""

_JIT = '@numba.njit(error_model="numpy")\n'

ELEMENT_HELPERS: dict[str, str] = {
    "_hypot": '''\
def _hypot(x, y):
    """The root of a sum of two squares; slowly where these leave the range of doubles."""
    total = x * x + y * y
    return np.sqrt(total) if 1e-290 < total < 1e300 else np.hypot(x, y)
''',
    "_polynomial": '''\
def _polynomial(x, coefficients):
    """A polynomial by Horner's rule, from the coefficient of the highest power on."""
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
''',
    "_exp_moment": '''\
def _exp_moment(x, n):
    """The integral of t**n * exp(x*t) over t from 0 to 1, by a series where x is small."""
    total, term = 1.0 / (n + 1), 1.0
    if abs(x) < 1:
        for k in range(1, 20):
            term = term * x / k
            total += term / (n + 1 + k)
        return total
    total = np.expm1(x) / x
    for k in range(1, n + 1):
        total = (np.exp(x) - k * total) / x
    return total
''',
    "_floor_divide": '''\
def _floor_divide(x, y):
    """The largest whole number not above x / y, as its remainder tells it."""
    if y == 0:
        return x / y
    rest = np.fmod(x, y)
    under = 1.0 if rest != 0 and (rest < 0) != (y < 0) else 0.0
    whole = (x - rest) / y - under
    if whole == 0:
        return np.copysign(0.0, x / y)
    down = np.floor(whole)
    return down + 1 if whole - down > 0.5 else down
''',
    "_log_gamma": '''\
def _log_gamma(x):
    """The logarithm of the absolute value of the gamma function."""
    return x if x == -np.inf else math.lgamma(x)
''',
    "_ndtr": '''\
def _ndtr(x):
    """The integral of the normal distribution up to x."""
    return 0.5 * math.erfc(x * -0.7071067811865476)
''',
    "_over_erfcx": '''\
def _over_erfcx(c, x):
    """c / (exp(x**2) * erfc(x)); the square is carried to twice the digits."""
    if x < -27:
        return c / np.inf
    if x < 12:
        square = x * x
        split = 134217729.0 * x
        high = split - (split - x)
        low = x - high
        rest = ((high * high - square) + 2 * high * low) + low * low
        return c / (np.exp(square) * math.erfc(x) * (1 + rest))
    t, series = 0.5 / x / x, 1.0
    for k in range(23, 0, -2):
        series = 1 - k * t * series
    return c * x * 1.772453850905516 / series
''',
    "_log_ndtr": '''\
def _log_ndtr(x):
    """The logarithm of the normal distribution's integral up to x."""
    if x < -1:
        return -np.log(_over_erfcx(2.0, -x * 0.7071067811865476)) - 0.5 * x * x
    return _log1p(-0.5 * math.erfc(x * 0.7071067811865476))
''',
    "_digamma": '''\
def _digamma(x):
    """The derivative of log gamma: a recurrence to where a series is known."""
    if np.isnan(x) or x == np.inf:
        return x
    if x == 0:
        return np.copysign(np.inf, -x)
    total = 0.0
    if x < 0:
        turn = np.fmod(x, 1.0)
        if turn == 0 or np.isinf(x):
            return np.nan
        if -0.75 < turn < -0.25:
            total = -3.141592653589793 * np.tan(3.141592653589793 * (-0.5 - turn))
        else:
            total = -3.141592653589793 / np.tan(3.141592653589793 * turn)
        x = 1 - x
    if x >= 10:
        t = 1 / (x * x)
        terms = (1 / 12, -3617 / 8160, 1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120)
        series = 0.0
        for term in terms[1:]:
            series = series * t + term
        series = series * t + terms[0]
        return total + (np.log(x) - 0.5 / x - series * t)
    while x > 2:
        total += 1 / (x - 1)
        x -= 1
    while x < 1:
        total -= 1 / x
        x += 1
    x -= 1.4616321449683622
    rest = 0.0
    for coefficient in _BETWEEN_1_AND_2:
        rest = rest * (2 * x - 0.0767357100632756) + coefficient
    return total + (x - 9.549995429965697e-17) * rest


_BETWEEN_1_AND_2 = (
@digamma,
)
"""What is left of digamma without its root, as a polynomial in 2*x - 3."""
'''.replace("@digamma", as_code(DIGAMMA, "    ")),
    "_zeta": '''\
def _zeta(order, x):
    """The sum of (x + k)**-order over k = 0, 1, ..., by the formula of Euler and Maclaurin."""
    s = float(order)
    if s == 1 or (s > 1 and x <= 0 and x == np.floor(x)):
        return np.inf
    if not s > 1 or (x <= 0 and s != np.floor(s)):
        return np.nan
    if x > 1e8:
        return (1 / (s - 1) + 1 / (2 * x)) * x ** (1 - s)
    power = total = x**-s
    count = 0
    while count < 9 or x <= 9:
        count += 1
        x += 1
        power = x**-s
        total += power
        if abs(power / total) < 1.1e-16:
            return total
    total += power * x / (s - 1) - 0.5 * power
    factor = 1.0
    for k, weight in enumerate(_BERNOULLI):
        factor *= s + 2 * k
        power /= x
        total += factor * power / weight
        factor *= s + 2 * k + 1
        power /= x
    return total


_BERNOULLI = (
@zeta,
)
"""(2*k)! over the numbers of Bernoulli."""
'''.replace("@zeta", as_code(ZETA, "    ")),
    "_log1p": '''\
def _log1p(x):
    """log(1 + x): what 1 + x has lost by rounding is added to its logarithm."""
    u = 1 + x
    lost = x - (u - 1)
    if u == 1:
        return x
    return np.log(u) + (lost / u if 0 < abs(lost) < 1 else 0.0)
''',
}
"""What a file carries along where its kernels call it; each stands after what it calls itself."""

HELPERS: dict[str, str] = {
    **{name: _JIT + text for name, text in reversed(ELEMENT_HELPERS.items())},
    **dict(reversed(FAST_HELPERS.items())),
    "_total": _JIT
    + '''\
def _total(terms):
    """A sum in eight rows, which vector instructions take at once."""
    size = terms.size - terms.size % 8
    a = b = c = d = e = f = g = h = 0.0
    for k in range(0, size, 8):
        a, b, c, d = a + terms[k], b + terms[k + 1], c + terms[k + 2], d + terms[k + 3]
        e, f, g, h = e + terms[k + 4], f + terms[k + 5], g + terms[k + 6], h + terms[k + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for k in range(size, terms.size):
        total += terms[k]
    return total
''',
    "_sum_to": NUMPY_HELPERS["_sum_to"],
    "_block": '''\
def _block(values: Array, shape: tuple[int, ...], *axes: tuple[int, ...]) -> Array:
    """Derivatives element by element, summed to where they stand among those of two arrays."""
    rows, columns = (
        np.broadcast_to(np.arange(math.prod(own)).reshape(own), shape).reshape(-1) for own in axes
    )
    height, width = map(math.prod, axes)
    block = np.bincount(rows * width + columns, values.ravel(), height * width)
    return block.reshape(axes[0] + axes[1])
''',
    "_rows": '''\
def _rows(*inputs: Array) -> tuple[list[Array], tuple[int, ...]]:
    """Arrays in the shape to which they broadcast, each as one row; and that shape."""
    shape = np.broadcast_shapes(*(array.shape for array in inputs))
    return [np.broadcast_to(array, shape).ravel() for array in inputs], shape
''',
}
