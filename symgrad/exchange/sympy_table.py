"""What SymPy's classes are called in formulas, or what they are made of there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symgrad.language.making import call, compared, in_turn, listed, name, number, operation
from symgrad.language.tree import Tree

CALLED: Mapping[str, str] = {
    **{word: word for word in "exp log sin cos tan sinh cosh tanh sign floor erf erfc".split()},
    **{word: word for word in "digamma".split()},
    "Abs": "abs",
    "ceiling": "ceil",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "loggamma": "gammaln",
    "Mod": "remainder",
    "Determinant": "det",
    "Trace": "trace",
}
"""Functions that the language has too, by SymPy's names."""

SIGNS: Mapping[str, str] = {
    "StrictLessThan": "<",
    "LessThan": "<=",
    "StrictGreaterThan": ">",
    "GreaterThan": ">=",
    "Equality": "==",
    "Unequality": "!=",
}

JOINED: Mapping[str, str] = {
    "And": "logical_and",
    "Or": "logical_or",
    "MatAdd": "add",
    "HadamardProduct": "multiply",
}
"""Operators that join two operands; SymPy's take any number."""


def _over(function: str) -> Callable[[Tree], Tree]:
    return lambda x: operation("divide", number(1), call(function, [x]))


def _of_inverse(function: str) -> Callable[[Tree], Tree]:
    return lambda x: call(function, [operation("divide", number(1), x)])


def _sinc(x: Tree) -> Tree:
    return call("sinc", [operation("divide", x, name("pi"))])


def _gamma(x: Tree) -> Tree:
    """Left of 0 by its reflection, as in the NIST Handbook, 5.5.3."""
    beyond = _gamma_of_positive(operation("subtract", number(1), x))
    wave = call("sin", [operation("multiply", name("pi"), x)])
    left = operation("divide", name("pi"), operation("multiply", wave, beyond))
    return call("where", [_is_positive(x), _gamma_of_positive(x), left])


def _gamma_of_positive(x: Tree) -> Tree:
    return call("exp", [call("gammaln", [x])])


def _one_more(x: Tree) -> Tree:
    return operation("add", x, number(1))


def _beta(x: Tree, y: Tree) -> Tree:
    product = operation("multiply", _gamma(x), _gamma(y))
    other = operation("divide", product, _gamma(operation("add", x, y)))
    both = operation("logical_and", _is_positive(x), _is_positive(y))
    return call("where", [both, _beta_of_positive(x, y), other])


def _beta_of_positive(x: Tree, y: Tree) -> Tree:
    both = operation("add", call("gammaln", [x]), call("gammaln", [y]))
    whole = call("gammaln", [operation("add", x, y)])
    return call("exp", [operation("subtract", both, whole)])


def _is_positive(x: Tree) -> Tree:
    return compared([">"], [x, number(0)])


OF_POSITIVE: Mapping[str, Callable[..., Tree]] = {
    "gamma": _gamma_of_positive,
    "factorial": lambda x: _gamma_of_positive(_one_more(x)),
    "beta": _beta_of_positive,
}
"""What is short where SymPy knows that all operands are positive, or at least not negative."""

MADE: Mapping[str, Callable[..., Tree]] = {
    "sec": _over("cos"),
    "csc": _over("sin"),
    "cot": _over("tan"),
    "sech": _over("cosh"),
    "csch": _over("sinh"),
    "coth": _over("tanh"),
    "asec": _of_inverse("arccos"),
    "acsc": _of_inverse("arcsin"),
    "acot": _of_inverse("arctan"),
    "asech": _of_inverse("arccosh"),
    "acsch": _of_inverse("arcsinh"),
    "acoth": _of_inverse("arctanh"),
    "sinc": _sinc,
    "gamma": _gamma,
    "factorial": lambda x: _gamma(_one_more(x)),
    "beta": _beta,
    "frac": lambda x: operation("subtract", x, call("floor", [x])),
    "Heaviside": lambda x, h: call("heaviside", [x, h]),
    "Max": lambda *xs: in_turn(lambda x, y: call("maximum", [x, y]), xs),
    "Min": lambda *xs: in_turn(lambda x, y: call("minimum", [x, y]), xs),
    "zeta": lambda s, *x: call("zeta", [s, *(x or [number(1)])]),
    "Not": lambda p: operation("logical_not", p),
    "ITE": lambda p, x, y: call("where", [p, x, y]),
    "Xor": lambda *ps: in_turn(lambda p, q: call("logical_xor", [p, q]), ps),
    "Identity": lambda n: call("eye", [n]),
    "ZeroMatrix": lambda n, m: call("zeros", [Tree("tuple", (n, m), None, (0, 0))]),
    "OneMatrix": lambda n, m: call("ones", [Tree("tuple", (n, m), None, (0, 0))]),
    "ImmutableDenseMatrix": lambda *rows: listed(rows),
    "Inverse": lambda a, power: call("inv", [a]),
    "re": lambda x: x,
    "conjugate": lambda x: x,
}
"""What is made of other functions; the language is one of real numbers."""
