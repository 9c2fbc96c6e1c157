"""A second reading of the language, with NumPy and SciPy, to hold the compiler against.

How far rounding may take two right answers apart is measured: the same code runs again on `Shaken`
arrays, whose operations are each off by a few ulps.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from symgrad.functions import builtin_functions
from symgrad.language.template import filled
from symgrad.language.tree import Tree, postorder
from symgrad.syntax import parse

EPS = 2.0**-52


class Shaken(np.ndarray):
    """An array whose operations err, at random, by `eps` in each operand and result."""

    eps = EPS
    rng = np.random.default_rng(0)
    was_infinite = False

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        result = shaken(getattr(ufunc, method)(*map(shaken, args), **options))
        Shaken.was_infinite |= not np.isfinite(result).all()
        return result.view(Shaken)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        plain = [np.asarray(a) if isinstance(a, Shaken) else a for a in args]
        return shaken(function(*plain, **options)).view(Shaken)


def shaken(value: Any) -> np.ndarray:
    """Small whole numbers stay, so that a square stays a square and a jump at them is seen."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return array
    whole = (array == np.rint(array)) & (np.abs(array) < 2**20)
    factor = 1 + Shaken.eps * Shaken.rng.uniform(-2, 2, array.shape)
    return np.where(whole, array, array * factor)


def keep(c: Any, x: Any) -> Any:
    return np.where(c, x, 0.0)


def student_t(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    gammas = special.gammaln((df + 1) / 2) - special.gammaln(df / 2)
    tail = (df + 1) / 2 * np.log1p(((x - loc) / scale) ** 2 / df)
    return gammas - np.log(df * np.pi) / 2 - np.log(scale) - tail


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "pow": np.power,
    "keep": keep,
    "indicator": lambda c: keep(c, 1.0),
    "where": np.where,
    "round": np.rint,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "floor_divide": lambda x, y: np.floor(np.divide(x, y)),
    "mod": np.remainder,
    "sinc": lambda x: np.where(x == 0, 1.0, np.sin(np.pi * np.fmod(x, 2)) / (np.pi * x)),
    "fix": np.trunc,
    "sigmoid": special.expit,
    "expit": special.expit,
    "logit": special.logit,
    "log_expit": special.log_expit,
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu": lambda x, slope=0.01: np.where(x > 0, x, slope * x),
    "elu": lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "gelu": lambda x: x * special.ndtr(x),
    "silu": lambda x: x * special.expit(x),
    "swish": lambda x: x * special.expit(x),
    "xlogy": special.xlogy,
    "xlog1py": special.xlog1py,
    "erf": special.erf,
    "erfc": special.erfc,
    "ndtr": special.ndtr,
    "gammaln": special.gammaln,
    "digamma": special.digamma,
    "zeta": special.zeta,
    "log_cosh": lambda x: np.logaddexp(x, -x) - np.log(2.0),
    "normal_logpdf": lambda x, mu=0.0, sigma=1.0: (
        -(((x - mu) / sigma) ** 2) / 2 - np.log(sigma) - np.log(2 * np.pi) / 2
    ),
    "student_t_logpdf": student_t,
    "gamma_logpdf": lambda x, shape, scale=1.0: (
        special.xlogy(shape - 1, x / scale) - x / scale - special.gammaln(shape) - np.log(scale)
    ),
    "beta_logpdf": lambda x, a, b: (
        special.xlogy(a - 1, x)
        + special.xlog1py(b - 1, -x)
        - special.gammaln(a)
        - special.gammaln(b)
        + special.gammaln(a + b)
    ),
    "poisson_logpmf": lambda k, rate: special.xlogy(k, rate) - rate - special.gammaln(k + 1),
    "bernoulli_logpmf": lambda k, p: special.xlogy(k, p) + special.xlog1py(1 - k, -p),
}
COMPARISONS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
CONSTANTS = {"pi": np.pi, "π": np.pi, "inf": np.inf, "nan": np.nan}
CONDITIONS = {
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), (0, 1)),
    **dict.fromkeys(("logical_not", "keep", "indicator", "where"), (0,)),
}


def number(value: Any) -> Any:
    return np.asarray(value) * 1.0 if np.asarray(value).dtype.kind == "b" else value


def condition(value: Any) -> Any:
    return value if np.asarray(value).dtype.kind == "b" else np.not_equal(value, 0)


def parameters_of(name: str) -> tuple[str, ...]:
    return builtin_functions()[name].names


def operate(name: str, args: list[Any]) -> Any:
    """A function of the language on values; the operators go by its names too."""
    where = CONDITIONS.get(name, ())
    args = [condition(a) if n in where else number(a) for n, a in enumerate(args)]
    return FUNCTIONS.get(name, getattr(np, name, None))(*args)


def evaluate(formula: str, values: Mapping[str, Any]) -> Any:
    """The value of a formula, read a second time. Local functions see the names of their place."""
    scope: dict[str, Any] = {**CONSTANTS, **values}
    own: dict[str, Callable[..., Any]] = {}
    value: Any = None
    for statement in parse(formula):
        target = statement.target
        if target is not None and target.op == "call":
            names = [arg.value for arg in target.args]
            own[target.value.name] = local(statement.body, names, dict(scope), dict(own))
            continue
        value = read(statement.body, scope, own)
        if target is not None:
            scope[target.value] = value
    return number(value)


def local(body: Tree, names: list[str], scope: dict[str, Any], own: dict[str, Any]) -> Any:
    def call(*args: Any) -> Any:
        return read(body, {**scope, **dict(zip(names, map(number, args), strict=True))}, own)

    return call


def read(root: Tree, scope: Mapping[str, Any], own: Mapping[str, Any]) -> Any:
    stack: list[Any] = []
    for tree in postorder(root):
        args = stack[len(stack) - len(tree.args) :]
        del stack[len(stack) - len(tree.args) :]
        stack.append(one(tree, args, scope, own))
    return stack[0]


def one(tree: Tree, args: list[Any], scope: Mapping[str, Any], own: Mapping[str, Any]) -> Any:
    if tree.op == "number":
        return np.asarray(tree.value).view(Shaken)
    if tree.op == "name":
        return scope[tree.value]
    if tree.op == "index":
        places = (int(np.asarray(place)) for place in args[1:])
        return args[0][filled(tree.value, places)]
    if tree.op == "compare":
        pairs = zip(tree.value, map(number, args), map(number, args[1:]), strict=False)
        return functools.reduce(np.logical_and, [COMPARISONS[s](a, b) for s, a, b in pairs])
    if tree.op == "conditional":
        return operate("where", [args[1], args[0], args[2]])
    if tree.op != "call":
        return operate(tree.op, args)
    name, words = tree.value.name, tree.value.keywords
    if name in own:
        return own[name](*args)
    placed = dict(zip(parameters_of(name), args[: len(args) - len(words)], strict=False))
    placed |= dict(zip(words, args[len(args) - len(words) :], strict=True))
    return operate(name, [placed[p] for p in parameters_of(name) if p in placed])


def exceptions(formula: str, values: Mapping[str, Any]) -> set[str]:
    """What floating-point arithmetic complains of on the way to the value."""
    found: set[str] = set()
    Shaken.eps, Shaken.was_infinite = 0.0, False
    with np.errstate(all="call", call=lambda complaint, flag: found.add(complaint)):
        evaluate(formula, as_shaken(values))
    return found | ({"infinite"} if Shaken.was_infinite else set())


def as_shaken(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(value).view(Shaken) for name, value in values.items()}
