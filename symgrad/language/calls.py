"""Arguments to parameters, and what is said where a call does not fit its function."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from symgrad.errors import ArgumentError, UnknownFunctionError, did_you_mean
from symgrad.functions import CONSTANTS
from symgrad.language.items import Item, Items
from symgrad.language.printer import unparse
from symgrad.language.tree import Tree

# What other languages call a function, and what to write here.
_ELSEWHERE = {
    "ln": "log(x)",
    "lg": "log10(x)",
    "sgn": "sign(x)",
    "sec": "1 / cos(x)",
    "csc": "1 / sin(x)",
    "cot": "1 / tan(x)",
    "ctg": "1 / tan(x)",
    "tg": "tan(x)",
    "gamma": "exp(gammaln(x))",
    "lgamma": "gammaln(x)",
    "loggamma": "gammaln(x)",
    "factorial": "exp(gammaln(n + 1))",
    "if": "where(c, a, b)",
    "ifelse": "where(c, a, b)",
    "piecewise": "where(c, a, b)",
    "normcdf": "ndtr(x)",
    "normal_cdf": "ndtr(x)",
    "average": "mean(x)",
    "array": "[a, b, c]",
    "tr": "trace(A)",
    "T": "A.T",
    "shape": "x.shape[0]",
    "hstack": "concatenate([a, b], axis=1)",
    "vstack": "concatenate([a, b])",
    "full": "c * ones((n, m))",
    **dict.fromkeys(
        ("Derivative", "deriv", "ddx", "partial", "grad", "gradient", "d", "Dt"),
        "derivative(u, x) for the derivative of u by x",
    ),
    **dict.fromkeys(
        ("integrate", "integral", "Integral", "quad", "trapz", "simpson"),
        "trapezoid(y, x) for the integral of samples",
    ),
    **dict.fromkeys(
        ("limit", "Limit", "lim"),
        "the formula itself, as sin(x)/x at 0: its limits at such points are found",
    ),
}


def bind(
    parameters: Sequence[str],
    defaults: Mapping[str, Tree],
    tree: Tree,
    args: Sequence[Item],
    text: str,
    collects: str = "",
) -> dict[str, Item]:
    """The arguments of a call by parameter; those with a default may be absent.

    `collects` is the parameter that takes all positional arguments that are left.

    Raises
    ------
    ArgumentError
        An argument is missing, superfluous, unknown or given twice.
    """
    callee = tree.value
    head = [_in_head(p, defaults, collects) for p in parameters]
    hint = f"It is {callee.name}({', '.join(head)})."
    positional = len(args) - len(callee.keywords)
    if collects:
        first = parameters.index(collects)
        args = (*args[:first], Items("tuple", tuple(args[first:positional])), *args[positional:])
        positional = first + 1
    if positional > len(parameters):
        surplus = tree.args[len(parameters)]
        most = "at most " if defaults else ""
        message = f"{callee.name} takes {most}{count(len(parameters))}, not {len(args)}"
        raise ArgumentError(message, text, surplus.span, hint)
    known = set(parameters)
    bound = dict(zip(parameters, args[:positional], strict=False))
    named = zip(callee.keywords, args[positional:], callee.keyword_spans, strict=True)
    for word, item, span in named:
        if word not in known:
            message = f"{callee.name} has no parameter {word}"
            raise ArgumentError(message, text, span, did_you_mean(word, known) or hint)
        if word in bound:
            raise ArgumentError(f"{word} is given twice", text, span, hint)
        bound[word] = item
    missing = [p for p in parameters if p not in bound and p not in defaults]
    if missing:
        least = "at least " if defaults else ""
        needed = count(len(parameters) - len(defaults))
        message = f"{callee.name} needs {least}{needed}: {missing[0]} is missing"
        raise ArgumentError(message, text, tree.span, hint)
    return bound


def _in_head(parameter: str, defaults: Mapping[str, Tree], collects: str) -> str:
    if parameter in defaults:
        return f"{parameter}={unparse(defaults[parameter])}"
    return f"*{parameter}" if parameter == collects else parameter


def count(number: int) -> str:
    """A number of arguments, in words."""
    return "1 argument" if number == 1 else f"{number} arguments"


def unknown_function(
    tree: Tree, text: str, names: Collection[str], functions: Iterable[str]
) -> UnknownFunctionError:
    """The error for a call of what is no function; `names` are those that stand for numbers."""
    name, span = tree.value.name, tree.value.span
    if name in names or name in CONSTANTS:
        hint = f"{name} is a number: write {name} * (...) to multiply."
    elif name in _ELSEWHERE:
        hint = f"Write {_ELSEWHERE[name]}."
    else:
        hint = did_you_mean(name, [f for f in functions if not f.startswith("_")])
    hint = hint or f"Define it before it is called, or write {name} * (...) to multiply."
    return UnknownFunctionError(f"unknown function {name}", text, span, hint)
