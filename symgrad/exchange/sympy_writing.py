"""Formulas as expressions of SymPy: `to_sympy`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NoReturn

from symgrad.api import function
from symgrad.compiled import Compiled
from symgrad.differentiation.derivatives import take_derivatives
from symgrad.errors import InputError, told
from symgrad.extras import sympy
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node, complementary
from symgrad.language.formula import lower
from symgrad.limits import plain_text
from symgrad.pipeline import Known
from symgrad.reverse import reverse
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.resolve import resolve
from symgrad.simplify import expand

_PLAIN_DENOMINATOR = 1024

_NAMES: Mapping[str, str] = {
    **{
        name: name for name in "sqrt exp log sin cos tan sinh cosh tanh sign floor erf erfc".split()
    },
    **{name: name for name in "zeta digamma".split()},
    "abs": "Abs",
    "ceil": "ceiling",
    "maximum": "Max",
    "minimum": "Min",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "gammaln": "loggamma",
    "remainder": "Mod",
    "heaviside": "Heaviside",
    "less": "Lt",
    "less_equal": "Le",
    "greater": "Gt",
    "greater_equal": "Ge",
    "equal": "Eq",
    "not_equal": "Ne",
    "logical_and": "And",
    "logical_or": "Or",
    "logical_not": "Not",
}
"""Operations that SymPy has too, by its names."""


def _nearest(s: Any, x: Any) -> Any:
    half = s.Rational(1, 2)
    tie = s.And(s.Eq(x - s.floor(x), half), s.Eq(s.Mod(s.floor(x), 2), 0))
    return s.Piecewise((s.floor(x), tie), (s.floor(x + half), True))


def _towards_zero(s: Any, x: Any) -> Any:
    return s.sign(x) * s.floor(s.Abs(x))


_MADE: Mapping[str, Callable[..., Any]] = {
    "add": lambda s, x, y: x + y,
    "subtract": lambda s, x, y: x - y,
    "multiply": lambda s, x, y: x * y,
    "divide": lambda s, x, y: x / y,
    "negative": lambda s, x: -x,
    "power": lambda s, x, y: x**y,
    "exp2": lambda s, x: s.Integer(2) ** x,
    "log2": lambda s, x: s.log(x, 2),
    "log10": lambda s, x: s.log(x, 10),
    "cbrt": lambda s, x: s.sign(x) * s.Abs(x) ** s.Rational(1, 3),
    "trunc": _towards_zero,
    "rint": _nearest,
    "fmod": lambda s, x, y: x - y * _towards_zero(s, x / y),
    "floor_divide": lambda s, x, y: s.floor(x / y),
    "copysign": lambda s, x, y: s.Piecewise((s.Abs(x), s.Ge(y, 0)), (-s.Abs(x), True)),
    "keep": lambda s, c, x: s.Piecewise((x, c), (0, True)),
    "signbit": lambda s, x: s.Lt(x, 0),
    # Symbols stand for finite real numbers.
    "isnan": lambda s, x: s.false,
    "isinf": lambda s, x: s.false,
    "isfinite": lambda s, x: s.true,
    "broadcast": lambda s, x, like: x,
    "unbroadcast": lambda s, x, like: x,
    "copy": lambda s, x: x,
}
"""Operations that are made of others in SymPy."""

_REFUSALS = (TypeError, ValueError, ArithmeticError, AttributeError, RecursionError)
"""What SymPy raises, as for the comparison of a number that is not real."""

_OTHERS = frozenset(("input", "derivative", "_variable"))
_KNOWN = frozenset((*_NAMES, *_MADE, "input", "constant"))


def to_sympy(formula: str | Compiled, symbols: Mapping[str, Any] | None = None) -> Any:
    """An expression of SymPy for a formula of numbers, or for its derivatives.

    Parameters
    ----------
    formula:
        Text in the formula language, or what `function`, `grad` or `value_and_grad` made of it.
        Derivatives are laid out as a call of it returns them: bare, as a dict or as a tuple.
    symbols:
        What stands for inputs, by name. Others become `sympy.Symbol(name, real=True)`.

    Numbers that are fractions with a small denominator become exact ones, as 0.5, and `pi` becomes
    SymPy's. Conditions become Piecewise. What functions mean is told by their definitions in
    grammar/functions.sg where SymPy lacks them.

    >>> to_sympy("exp(-x**2 / 2) / sqrt(2*pi)")
    sqrt(2)*exp(-x**2/2)/(2*sqrt(pi))
    >>> from symgrad import grad
    >>> to_sympy(grad("x**2 * sin(y)"))
    {'x': 2*x*sin(y), 'y': x**2*cos(y)}

    Raises
    ------
    MissingExtraError
        SymPy is not installed: symgrad[sympy].
    InputError
        The formula takes arrays as a whole, or has an operation that SymPy lacks.
    """
    s = sympy()
    compiled = formula if isinstance(formula, Compiled) else function(formula)
    if compiled.what != "reverse":
        hint = "Take that of symgrad.function or symgrad.grad, and differentiate with sympy.diff."
        raise InputError(f"{told(compiled)} is no value or gradient", hint=hint)
    graph = _derived(plain_text(compiled.formula), compiled.wrt, compiled.table)
    if not isinstance(symbols or {}, Mapping):
        raise InputError("symbols is a dict by name", hint="Write symbols={'x': Symbol('x')}.")
    given = {name: s.sympify(value) for name, value in (symbols or {}).items()}
    made: dict[Node, Any] = {}
    for node in graph.nodes:
        try:
            made[node] = _expression(s, node, made, given)
        except _REFUSALS as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            message = f"SymPy does not take this: {reason}"
            raise InputError(message, compiled.formula, node.span) from None
    value, *slopes = (made[node] for node in graph.outputs)
    if not compiled.wrt:
        return value
    arranged = _arranged(compiled, slopes)
    return arranged if len(compiled.graph.outputs) == len(slopes) else (value, arranged)


def _arranged(compiled: Compiled, slopes: list[Any]) -> Any:
    """Derivatives as a call returns them."""
    if compiled.layout.form == "bare":
        return slopes[0]
    if compiled.layout.form == "tuple":
        return tuple(slopes)
    return dict(zip(compiled.wrt, slopes, strict=True))


def _derived(text: str, wrt: tuple[str, ...], table: FunctionTable) -> Graph:
    """The formula as it stands for numbers, and the plain chain rule through it."""
    lowered = lower(text, table)
    for node in lowered.graph.nodes:
        if node.op not in _OTHERS and not is_elementwise(node.op):
            _refuse(node, text)
    known = Known(dict.fromkeys(lowered.inputs, ()))
    found = known.check(lowered.graph, text)
    graph = resolve(lowered.graph, found, table, text)
    graph = take_derivatives(graph, found, known.more, table, True, text)
    if wrt:
        graph = reverse(graph, wrt, table, text, known.infer())
    # The first definition is the one that says what is meant.
    return expand(graph, _KNOWN, table, "SymPy", which=0)


def _refuse(node: Node, text: str) -> NoReturn:
    shown = text[slice(*node.span)] if node.span else node.op
    raise InputError(
        f"{shown:.40} has no counterpart among SymPy's expressions of numbers", text, node.span,
        "to_sympy takes formulas in which every operation applies to elements.",
    )  # fmt: skip


def _expression(s: Any, node: Node, made: Mapping[Node, Any], given: Mapping[str, Any]) -> Any:
    """A node, of whose operands the expressions are made."""
    args = [made[arg] for arg in node.args]
    if node.op == "input":
        name = str(node.value)
        return given.get(name, s.Symbol(name, real=True))
    if node.op == "constant":
        return _constant(s, node.value)
    if node.op == "add" and [arg.op for arg in node.args] == ["keep", "keep"]:
        (condition, first), (negation, second) = (arg.args for arg in node.args)
        if complementary(condition, negation):
            return s.Piecewise((made[first], made[condition]), (made[second], True))
    if node.op in _NAMES:
        return getattr(s, _NAMES[node.op])(*args)
    return _MADE[node.op](s, *args)


def _constant(s: Any, value: Any) -> Any:
    """Exact where the number is a small fraction; otherwise the double."""
    if isinstance(value, bool):
        return s.true if value else s.false
    if not math.isfinite(value):
        return s.nan if value != value else s.oo if value > 0 else -s.oo
    if abs(value) == math.pi:
        return s.pi if value > 0 else -s.pi
    exact = Fraction(value)
    if exact.denominator <= _PLAIN_DENOMINATOR:
        return s.Rational(exact.numerator, exact.denominator)
    return s.Float(value)
