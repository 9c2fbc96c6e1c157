"""What stands at each arrow of the compiler, as text to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from symgrad.api import functions, value_and_grad
from symgrad.functions import Function
from symgrad.graph import Graph
from symgrad.pipeline import stages
from symgrad.syntax import Statement, Tree, parse

_HEAD = 120
_TAIL = 40
_WIDTH = 160
_DEEPEST = _WIDTH // 2

_ABOUT = {
    "text": "The formula, as it was typed.",
    "parse": "The text becomes a tree: the operands of an operation stand indented below it.",
    "lower": "The tree becomes a graph: one operation a line, and what occurs twice is made once.",
    "stabilise": "Rewrites take operations that lose accuracy or overflow for others that do not.",
    "reverse": "The chain rule runs from the value back to the inputs. Each operation hands on its\n"
    "cotangent g, the derivative of the value with respect to its result out, by its rule:",
    "simplify": "Rewrites shorten what the reverse pass wrote and share what the value has computed.",
    "emit": "The graph becomes Python again: what is used once stands where it is used.",
}
_UNCHANGED = "Nothing changes here."


def explain(formula: str, wrt: str | Sequence[str] | None = None) -> str:
    """What the compiler makes of a formula, stage by stage.

    Of a stage that is very long, the middle is left out.

    Parameters
    ----------
    formula:
        Text in the formula language.
    wrt:
        The inputs to differentiate by, as for `grad`.

    >>> print(explain("log(x * y)", wrt="x").partition("== simplify ==")[2])
    <BLANKLINE>
    Rewrites shorten what the reverse pass wrote and share what the value has computed.
    <BLANKLINE>
        v1 = multiply(x, y)
        v2 = log(v1)
        v3 = divide(y, v1)
        v4 = unbroadcast(v3, x)
    <BLANKLINE>
        value = v2
        d/dx  = v4
    <BLANKLINE>
    == emit ==
    The graph becomes Python again: what is used once stands where it is used.
    <BLANKLINE>
        def value_and_grad(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
            \"""The value of the formula, and its derivative with respect to x.\"""
            x, y = _floats(x, y)
            t1 = x * y
            value = np.log(t1)
            # reverse
            return value, _sum_to(y / t1, x)

    Raises
    ------
    SymgradError
        The formula or `wrt` is wrong; the message shows where.
    """
    compiled = value_and_grad(formula, wrt)
    parts = [
        _section("text", formula.strip().splitlines()),
        _section("parse", _tree_lines(parse(formula))),
    ]
    before = None
    for name, derived in stages(formula, compiled.wrt, functions()):
        shown = str(derived.graph)
        rules = _rules(derived.graph) if name == "reverse" else []
        lines = _graph_lines(shown, compiled.wrt) if shown != before else [_UNCHANGED]
        parts.append(_section(name, rules, lines) if rules else _section(name, lines))
        before = shown
    parts.append(_section("emit", _function_in(compiled.source).splitlines()))
    return "\n\n".join(parts)
