"""Elementary functions as code without branches, of which compilers make vector instructions.

Numba calls C's functions on one number after the other where no vector library is there. These here
are within 2.5 ulps. Their arguments are reduced as in W. J. Cody and W. Waite, Software Manual for
the Elementary Functions (1980); the polynomials are of near least error between Chebyshev's points.
"""

from __future__ import annotations

_JIT = '@numba.njit(error_model="numpy", fastmath={"contract"}, forceinline=True)\n'
"""Products and sums may be rounded together, which is all that these gain by the flag."""

FAST_HELPERS: dict[str, str] = {
    name: _JIT + text if text.startswith("def") else text
    for name, text in {
        "_cosh": '''\
def _cosh(x):
    """The hyperbolic cosine; where exp(x) may be infinite it goes by exp(x - 1)."""
    far = abs(x) > 700
    power = _exp(abs(x) - 1 if far else abs(x))
    return (1.3591409142295225 if far else 0.5) * power + 0.5 / power
''',
        "_sinh": '''\
def _sinh(x):
    """The hyperbolic sine; where exp(x) is large it goes by exp(x - 1)."""
    far = abs(x) > 40
    t = _expm1(abs(x) - 1 if far else abs(x))
    found = 1.3591409142295225 * t if far else 0.5 * (t + t / (t + 1))
    return -found if x < 0 else x if x == 0 else found
''',
        "_tanh": '''\
def _tanh(x):
    """The hyperbolic tangent, which is 1 or -1 beyond 20; by its distance to 1 beyond 0.8."""
    t = _expm1(2 * (20.0 if abs(x) > 20 else abs(x)))
    far = t > 4
    part = (2.0 if far else t) / (t + 2)
    found = 1 - part if far else part
    return -found if x < 0 else x if x == 0 else found
''',
        "_expm1": '''\
def _expm1(x):
    """exp(x) - 1 by a polynomial between powers of 2, with what the reduction rounds off."""
    t = 750.0 if x > 750 else -50.0 if x < -50 else x
    n = _whole(t * 1.4426950408889634)
    high, low = t - n * 0.6931471805582987, n * 1.6465949582897082e-12
    r = high - low
    rest = _exp_rest(r) + ((high - r) - low)
    half = _whole(0.5 * n)
    part = _two_to(half)
    found = ((r + rest) * part + (part - _two_to(half - n))) * _two_to(n - half)
    return x if x == 0 else found
''',
        "_exp": '''\
def _exp(x):
    """exp(x) by a polynomial between powers of 2."""
    x = 750.0 if x > 750 else -750.0 if x < -750 else x
    n = _whole(x * 1.4426950408889634)
    r = (x - n * 0.6931471805582987) - n * 1.6465949582897082e-12
    half = _whole(0.5 * n)
    return (1 + (r + _exp_rest(r))) * _two_to(half) * _two_to(n - half)

''',
        "_exp_rest": '''\
def _exp_rest(r):
    """exp(r) - 1 - r between the roots of 1/2 and 2."""
    return r * r * _horner(r, _EXP)


# The same over r**2.
_EXP = (
    2.091477283224809e-09, 2.510533724466521e-08, 2.755727343657049e-07, 2.755725511097889e-06,
    2.480158732571076e-05, 1.9841269875048905e-04, 1.3888888888883703e-03, 8.33333333332607e-03,
    4.166666666666667e-02, 0.1666666666666667, 0.5,
)
''',
        "_log1p_fast": '''\
def _log1p_fast(x):
    """log(1 + x): what 1 + x has lost by rounding is added to its logarithm."""
    u = 1 + x
    lost = x - (u - 1)
    more = _log(u) + (lost / u if abs(lost) < 1 and u > 0 else 0.0)
    return x if u == 1 else more
''',
        "_log": '''\
def _log(x):
    """The logarithm: that of a number near 1 by the series of artanh, and a power of 2."""
    tiny = x < 2.2250738585072014e-308
    bits = np.float64(x * 18014398509481984.0 if tiny else x).view(np.int64)
    over = (bits - 4604544271217802189) >> 52
    f = np.int64(bits - (over << 52)).view(np.float64) - 1
    n = np.int64(over + 4843621399236968448).view(np.float64) - 6755399441055744.0
    n -= 54.0 if tiny else 0.0
    s, square = f / (2 + f), 0.5 * f * f
    rest = s * (square + s * s * _horner(s * s, _LOG)) + n * 1.6465949582897082e-12
    found = n * 0.6931471805582987 - ((square - rest) - f)
    apart = -np.inf if x == 0 else np.nan if x < 0 else x
    return found if 0 < x < np.inf else apart


# What is left of 2*artanh(s) without 2*s, over s**3, as a polynomial in s**2.
_LOG = (
    0.14616576421644387, 0.15331711346672997, 0.18182889433757515, 0.22222211130560726,
    0.28571428626001427, 0.3999999999989945, 0.666666666666667,
)
''',
        "_arctan": '''\
def _arctan(x):
    """The arcus tangent, as an angle to one of 0, an eighth and a quarter of a turn."""
    size = abs(x)
    middle, far = size > 0.4142135623730951, size > 2.414213562373095
    over = -1.0 if far else size - 1 if middle else size
    r = over / (size if far else size + 1 if middle else 1.0)
    rest = 6.123233995736766e-17 if far else 3.061616997868383e-17 if middle else 0.0
    z = r * r
    found = r + (z * r * _horner(z, _ARCTAN) + rest)
    found += 1.5707963267948966 if far else 0.7853981633974483 if middle else 0.0
    return x if x == 0 else -found if x < 0 else found


# What is left of arctan(r) without r, over r**3, as a polynomial in r**2.
_ARCTAN = (
    -0.01917070039374299, 0.03922660551087136, -0.050852748016420944, 0.05858115476299884,
    -0.06664507597561675, 0.07692182917461161, -0.09090904566354399, 0.1111111101496664,
    -0.1428571428466294, 0.19999999999995505, -0.3333333333333333,
)
''',
        "_sin": '''\
def _sin(x):
    """The sine, for at most 100000 in size."""
    quarters, r, rest = _turn(x)
    sine, cosine = _both(r, rest)
    found = cosine if quarters & 1 else sine
    return x if x == 0 else -found if quarters & 2 else found
''',
        "_cos": '''\
def _cos(x):
    """The cosine, for at most 100000 in size."""
    quarters, r, rest = _turn(x)
    sine, cosine = _both(r, rest)
    found = sine if quarters & 1 else cosine
    return -found if (quarters + 1) & 2 else found
''',
        "_tan": '''\
def _tan(x):
    """The tangent, for at most 100000 in size."""
    quarters, r, rest = _turn(x)
    sine, cosine = _both(r, rest)
    found = (-cosine if quarters & 1 else sine) / (sine if quarters & 1 else cosine)
    return x if x == 0 else found
''',
        "_both": '''\
def _both(r, rest):
    """The sine and the cosine of at most an eighth of a turn."""
    z = r * r
    half = 0.5 * z
    w = 1 - half
    sine = r + (z * r * _horner(z, _SIN) + (rest - half * rest))
    return sine, w + (((1 - w) - half) + (z * z * _horner(z, _COS) - r * rest))
''',
        "_turn": '''\
def _turn(x):
    """Quarters of a turn as the lowest bits of a whole number; the rest, and what it lacks."""
    turned = x * 0.6366197723675814 + 6755399441055744.0
    n = turned - 6755399441055744.0
    first, second = x - n * 1.5707963267341256, n * 6.077100506303966e-11
    r = first - second
    rest = ((first - r) - second) - n * 2.0222662487959506e-21
    return np.float64(turned).view(np.int64), r, rest


# What is left of sin(r) without r, over r**3, as a polynomial in r**2.
_SIN = (
    1.5918115263265974e-10, -2.505113165023518e-08, 2.7557316101617874e-06,
    -1.9841269836756774e-04, 8.333333333330948e-03, -0.16666666666666666,
)
# What is left of cos(r) without 1 - r**2/2, over r**4, as a polynomial in r**2.
_COS = (
    -1.1382623647474604e-11, 2.087614614655861e-09, -2.7557317271145144e-07,
    2.480158729876456e-05, -1.3888888888887398e-03, 0.041666666666666664,
)
''',
        "_quotient": '''\
def _quotient(x, y, one_over_y):
    """x / y by the reciprocal, with what that product leaves of x; nan where it is infinite."""
    rough = x * one_over_y
    return rough + one_over_y * (x - rough * y)
''',
        "_two_to": '''\
def _two_to(n):
    """A power of 2 within the range of doubles; the whole number n is moved to the exponent."""
    return np.int64(np.float64(n + 6755399441056767.0).view(np.int64) << 52).view(np.float64)
''',
        "_whole": '''\
def _whole(x):
    """The nearest whole number; a sum that large has no digits behind the point."""
    return (x + 6755399441055744.0) - 6755399441055744.0
''',
        "_horner": '''\
def _horner(x, coefficients):
    """A polynomial, from the coefficient of the highest power on."""
    total = coefficients[0]
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
''',
    }.items()
}
"""What a file carries along where its kernels call it; each stands after what it calls itself."""

FAST = {
    "exp": "_exp", "_flat_exp": "_exp", "expm1": "_expm1", "log": "_log", "log1p": "_log1p_fast",
    "tanh": "_tanh", "cosh": "_cosh", "sinh": "_sinh", "arctan": "_arctan",
}  # fmt: skip
"""Operations that have such a function, for all numbers."""

FAST_BELOW = {"sin": "_sin", "cos": "_cos", "tan": "_tan"}
"""Operations that have one for arguments of at most 100000 in size."""

FAR = 1e5
"""Where their reduction begins to lose digits."""
