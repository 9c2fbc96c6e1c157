"""C99 with its library of mathematics and nothing else."""

from __future__ import annotations

import math
import re

from symgrad.language.spelling import (
    AND,
    ATOM,
    COMPARE,
    INFIX,
    NOT,
    OR,
    SIGN,
    TERNARY,
    Spelling,
    Text,
    call,
    call2,
)
from symgrad.targets import Target
from symgrad.targets.c_arrays import HELPERS as ARRAYS
from symgrad.targets.coefficients import DIGAMMA, ZETA, as_code

_SAME = """sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh floor ceil trunc
rint isnan isinf isfinite erf erfc""".split()
_RENAMED = {
    "abs": "fabs",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "gammaln": "log_gamma",
    "ndtr": "ndtr",
    "_flat_exp": "exp",
    "sign": "sign",
    "digamma": "digamma",
    "_log_ndtr": "log_ndtr",
}
_OF_TWO = "maximum minimum fmod floor_divide copysign hypot zeta".split()


def constant(value: float | bool, as_float: bool) -> Text:
    """A double, in as few digits as tell it from all others; truth values are 1 and 0."""
    if isinstance(value, bool):
        return Text(str(int(value)))
    if math.isnan(value):
        return Text("NAN")
    sign = SIGN if math.copysign(1, value) < 0 else ATOM
    if math.isinf(value):
        return Text("INFINITY" if value > 0 else "-INFINITY", sign)
    return Text(repr(value), sign)


SPELLINGS = {
    **{name: spelling for name, spelling in INFIX.items() if name != "power"},
    **{name: call(name) for name in _SAME},
    **{name: call(spelt) for name, spelt in _RENAMED.items()},
    **{name: call2(name) for name in _OF_TWO},
    "power": call2("pow"),
    "arctan2": call2("atan2"),
    "remainder": call2("python_remainder"),
    "signbit": Spelling("signbit({0}) != 0", COMPARE, (TERNARY,)),
    "_over_erfcx": call2("over_erfcx"),
    "_polynomial": Spelling("polynomial({0}, {n0}, (const double[]){{{i0}}})", arity=1),
    "_exp_moment": Spelling("exp_moment({0}, {v0})", arity=1),
    "indicator": Spelling("{0} ? 1.0 : 0.0", TERNARY, (OR,)),
    "broadcast": Spelling("{0}", TERNARY, (TERNARY, TERNARY)),
    "stop_gradient": Spelling("{0}", TERNARY, (TERNARY,)),
    "logical_and": Spelling("{0} && {1}", AND, (NOT, NOT)),
    "logical_or": Spelling("{0} || {1}", OR, (NOT, NOT)),
    "logical_not": Spelling("!{0}", SIGN, (ATOM,)),
    "keep": Spelling("{0} ? {1} : 0.0", TERNARY, (OR, OR), float_constants=True),
    "where": Spelling("{0} ? {1} : {2}", TERNARY, (OR, OR, OR), float_constants=True),
}

C = TARGET = Target("c", SPELLINGS, constant, {})

FOLDS = {"sum": ("add", 0.0), "_prod": ("multiply", 1.0), "_norm": ("hypot", 0.0)} | {
    "max": ("maximum", -math.inf),
    "min": ("minimum", math.inf),
}
"""Reductions: the operation that takes one element more, and where it begins."""

SCANS = {"_cumsum": "add", "_cumprod": "multiply"}
"""What takes the element before in, along an axis."""

MOVES = frozenset(
    """index expand_dims squeeze _transpose matrix_transpose permute_dims swapaxes moveaxis flip
    roll _reshape _reshape_like _broadcast_to broadcast _rerow _unrow _recolumn _uncolumn diagonal
    _diagonals _diag_matrix tril triu tile _repeat pad _unpad _undiagonal _undiagonals _merged
    _unmerged take_along_axis _delay concatenate stack""".split()
)
"""Operations that only bring elements to other places, and fill what is left."""

SCATTERS = {
    "place": "index",
    "_untile": "tile",
    "_unrepeat": "_repeat",
    "_put_along_axis": "take_along_axis",
}
"""What adds to the places from which another operation takes."""

PRODUCTS = frozenset("_mm _at matmul _outer _vdot _einsum".split())
"""Sums of products over an axis that two arrays share."""

KEYWORDS = """auto break case char const continue default do double else enum extern float for goto
if inline int long register restrict return short signed sizeof static struct switch typedef union
unsigned void volatile while _Bool _Complex _Imaginary asm bool true false""".split()

LIBRARY = """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2
expm1 fabs fdim floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10
log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round
scalbln scalbn sin sinh sqrt tan tanh tgamma trunc fpclassify isfinite isinf isnan isnormal signbit
isgreater isgreaterequal isless islessequal islessgreater isunordered INFINITY NAN HUGE_VAL NULL I
size_t ptrdiff_t errno signgam abs main""".split()
"""What the headers that are included call their own."""

HELPERS: dict[str, str] = {
    **ARRAYS,
    "sign": """\
static double sign(double x)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? 0.0 : x;
}
""",
    "maximum": """\
static double maximum(double x, double y)
{
    return x >= y || isnan(x) ? x : y;
}
""",
    "minimum": """\
static double minimum(double x, double y)
{
    return x <= y || isnan(x) ? x : y;
}
""",
    "python_remainder": """\
/* The remainder that has the sign of y. */
static double python_remainder(double x, double y)
{
    const double rest = fmod(x, y);
    if (rest == 0.0)
        return copysign(0.0, y);
    return (rest < 0.0) != (y < 0.0) ? rest + y : rest;
}
""",
    "floor_divide": """\
/* The largest whole number not above x / y. */
static double floor_divide(double x, double y)
{
    const double rest = fmod(x, y);
    const double under = rest != 0.0 && (rest < 0.0) != (y < 0.0) ? 1.0 : 0.0;
    const double whole = (x - rest) / y - under;
    if (y == 0.0)
        return x / y;
    if (whole == 0.0)
        return copysign(0.0, x / y);
    return whole - floor(whole) > 0.5 ? floor(whole) + 1.0 : floor(whole);
}
""",
    "polynomial": """\
/* A polynomial by Horner's rule, from the coefficient of the highest power on. */
static double polynomial(double x, int count, const double *coefficients)
{
    double total = coefficients[0];
    for (int k = 1; k < count; k++)
        total = total * x + coefficients[k];
    return total;
}
""",
    "exp_moment": """\
/* The integral of t**n * exp(x*t) over t from 0 to 1, by a series where x is small. */
static double exp_moment(double x, int n)
{
    double total = 1.0 / (n + 1), term = 1.0;
    if (fabs(x) < 1.0) {
        for (int k = 1; k < 20; k++) {
            term = term * x / k;
            total += term / (n + 1 + k);
        }
        return total;
    }
    total = expm1(x) / x;
    for (int k = 1; k <= n; k++)
        total = (exp(x) - k * total) / x;
    return total;
}
""",
    "digamma": """\
/* The derivative of lgamma: a recurrence to where a series is known. */
static double digamma(double x)
{
    /* What is left of it between 1 and 2 without its root, as a polynomial in 2*x - 3. */
    static const double rest[] = {
@digamma};
    double total = 0.0;
    if (isnan(x) || x == INFINITY)
        return x;
    if (x == 0.0)
        return copysign(INFINITY, -x);
    if (x < 0.0) {
        const double turn = fmod(x, 1.0);
        if (turn == 0.0 || isinf(x))
            return NAN;
        if (turn < -0.25 && turn > -0.75)
            return digamma(1.0 - x) - 3.141592653589793 * tan(3.141592653589793 * (-0.5 - turn));
        return digamma(1.0 - x) - 3.141592653589793 / tan(3.141592653589793 * turn);
    }
    if (x >= 10.0) {
        const double t = 1.0 / (x * x);
        total = t * (1.0 / 12 - t * (1.0 / 120 - t * (1.0 / 252 - t * (1.0 / 240
            - t * (1.0 / 132 - t * (691.0 / 32760 - t * (1.0 / 12 - t * (3617.0 / 8160))))))));
        return log(x) - 0.5 / x - total;
    }
    for (; x > 2.0; x -= 1.0)
        total += 1.0 / (x - 1.0);
    for (; x < 1.0; x += 1.0)
        total -= 1.0 / x;
    x -= 1.4616321449683622;
    return total + (x - 9.549995429965697e-17) * polynomial(2.0 * x - 0.0767357100632756, 23, rest);
}
""".replace("@digamma", as_code(DIGAMMA, " " * 8)),
    "zeta": """\
/* The sum of (x + k)**-s over k = 0, 1, ..., by the formula of Euler and Maclaurin. */
static double zeta(double s, double x)
{
    /* (2*k)! over the numbers of Bernoulli. */
    static const double weights[] = {
@zeta};
    double total, power, factor = 1.0;
    if (s == 1.0 || (s > 1.0 && x <= 0.0 && x == floor(x)))
        return INFINITY;
    if (!(s > 1.0) || (x <= 0.0 && s != floor(s)))
        return NAN;
    if (x > 1e8)
        return (1.0 / (s - 1.0) + 1.0 / (2.0 * x)) * pow(x, 1.0 - s);
    total = power = pow(x, -s);
    for (int k = 0; k < 9 || x <= 9.0; k++) {
        x += 1.0;
        power = pow(x, -s);
        total += power;
        if (fabs(power / total) < 1.1e-16)
            return total;
    }
    total += power * x / (s - 1.0) - 0.5 * power;
    for (int k = 0; k < 12; k++) {
        factor *= s + 2 * k;
        power /= x;
        total += factor * power / weights[k];
        factor *= s + 2 * k + 1;
        power /= x;
    }
    return total;
}
""".replace("@zeta", as_code(ZETA, " " * 8)),
    "over_erfcx": """\
/* c / (exp(x**2) * erfc(x)); the square is carried to twice the digits. */
static double over_erfcx(double c, double x)
{
    if (x < -27.0)
        return c / INFINITY;
    if (x < 12.0) {
        const double square = x * x;
        return c / (exp(square) * erfc(x) * (1.0 + fma(x, x, -square)));
    } else {
        const double t = 0.5 / x / x;
        double series = 1.0;
        for (int k = 23; k > 0; k -= 2)
            series = 1.0 - k * t * series;
        return c * x * 1.772453850905516 / series;
    }
}
""",
    "log_gamma": """\
/* Of the absolute value, as lgamma; at minus infinity as SciPy has it. */
static double log_gamma(double x)
{
    return x == -INFINITY ? x : lgamma(x);
}
""",
    "ndtr": """\
/* The normal distribution's integral up to x; what rounding takes from x / sqrt(2) is put back. */
static double ndtr(double x)
{
    const double y = x * -0.7071067811865476;
    const double rest = fma(x, -0.7071067811865476, -y) + x * 4.833646656726457e-17;
    return 0.5 * (erfc(y) - (fabs(y) < 27.0 ? 1.1283791670955126 * exp(-y * y) * rest : 0.0));
}
""",
    "log_ndtr": """\
/* The logarithm of the normal distribution's integral up to x. */
static double log_ndtr(double x)
{
    if (x < -1.0)
        return -log(over_erfcx(2.0, -x * 0.7071067811865476)) - 0.5 * x * x;
    return log1p(-0.5 * erfc(x * 0.7071067811865476));
}
""",
}
"""By name: functions that a file carries along where its code calls them; each stands after those
that it calls itself."""

WORD = re.compile(r"[A-Za-z_]\w*")
