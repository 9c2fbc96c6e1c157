"""Trees of formulas that are made of parts rather than read from text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence

from symgrad.functions import CONSTANTS, LITERALS
from symgrad.language.tree import Callee, Statement, Tree

_NOWHERE = (0, 0)
_UNFIT = re.compile(r"[^A-Za-z0-9_Α-Ωα-ω]+")
_RESERVED = frozenset((*CONSTANTS, *LITERALS, "not"))


def number(value: float) -> Tree:
    """A number; the language writes negative ones, infinities and nan as operations and names."""
    if value == value and math.copysign(1, value) < 0:
        return negated(number_of(-value))
    return number_of(value)


def number_of(value: float) -> Tree:
    """A number that is not negative."""
    if math.isfinite(value):
        return Tree("number", (), value, _NOWHERE)
    return name("inf" if value > 0 else "nan")


def name(text: str) -> Tree:
    """A name."""
    return Tree("name", (), text, _NOWHERE)


def operation(op: str, *operands: Tree) -> Tree:
    """An operator on operands, as `add`."""
    return Tree(op, operands, None, _NOWHERE)


def call(function: str, operands: Sequence[Tree], keywords: Sequence[str] = ()) -> Tree:
    """A call; the keywords are those of the last operands."""
    return Tree("call", tuple(operands), Callee(function, _NOWHERE, tuple(keywords)), _NOWHERE)


def negated(tree: Tree) -> Tree:
    """The negative of an expression: of a product, the sign goes to its first factor."""
    spine: list[Tree] = []
    while tree.op in ("multiply", "divide"):
        spine.append(tree)
        tree = tree.args[0]
    tree = operation("negative", tree)
    for above in reversed(spine):
        tree = operation(above.op, tree, above.args[1])
    return tree


def listed(items: Iterable[Tree]) -> Tree:
    """A list, which is an array."""
    return Tree("list", tuple(items), None, _NOWHERE)


def compared(signs: Sequence[str], operands: Sequence[Tree]) -> Tree:
    """A chain of comparisons."""
    return Tree("compare", tuple(operands), tuple(signs), _NOWHERE)


def assigned(target: Tree, body: Tree) -> Statement:
    """A statement that gives an expression a name."""
    return Statement(target, body, _NOWHERE)


def declared(target: str, shape: Iterable[Tree]) -> Statement:
    """A statement that says what shape an input has."""
    return Statement(name(target), Tree("tuple", tuple(shape), None, _NOWHERE), _NOWHERE, True)


def valued(body: Tree) -> Statement:
    """The last statement, which is the value."""
    return Statement(None, body, _NOWHERE)


def in_turn(op: Callable[[Tree, Tree], Tree], operands: Iterable[Tree]) -> Tree:
    """Operands, joined from left to right."""
    first, *rest = operands
    for operand in rest:
        first = op(first, operand)
    return first


def fitting(word: str, taken: Collection[str] = ()) -> str:
    r"""A name that the language takes, as near to a word as can be, and not taken yet.

    >>> [fitting(word) for word in ("x_{1}", "\\theta'", "1st", "pi", "λ")]
    ['x_1', 'theta_', 'x1st', 'pi_', 'λ']
    >>> fitting("x_1", {"x_1"})
    'x_1_2'
    """
    plain = word if not _UNFIT.search(word) else _UNFIT.sub("_", word).lstrip("_")
    plain = re.sub("__+", "_", plain.removesuffix("_") if word.endswith("}") else plain)
    plain = plain if plain and not plain[0].isdigit() else f"x{plain}"
    plain = f"{plain}_" if plain in _RESERVED else plain
    free, count = plain, 1
    while free in taken:
        count += 1
        free = f"{plain}_{count}"
    return free
