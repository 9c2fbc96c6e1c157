"""Tree to formula text, with the fewest parentheses that keep the tree as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from symgrad.language.spelling import (
    AND,
    ATOM,
    BIT_OR,
    COMPARE,
    INFIX,
    NOT,
    OR,
    PRODUCT,
    SIGN,
    TERNARY,
    Spelling,
)
from symgrad.language.template import Slice
from symgrad.language.tree import Statement, Tree

OPERATORS: Mapping[str, Spelling] = {
    **INFIX,
    "negative": Spelling("-{0}", SIGN, (SIGN,)),
    "positive": Spelling("+{0}", SIGN, (SIGN,)),
    "matmul": Spelling("{0} @ {1}", PRODUCT, (PRODUCT, SIGN)),
    "logical_not": Spelling("not {0}", NOT, (NOT,)),
    "logical_and": Spelling("{0} and {1}", AND, (AND, NOT)),
    "logical_or": Spelling("{0} or {1}", OR, (OR, AND)),
    "conditional": Spelling("{0} if {1} else {2}", TERNARY, (OR, OR, TERNARY)),
}
"""How the operators of the language are written."""

# What is still to be written: text, or a tree and how tightly it must hold together.
_Piece = str | tuple[Tree, int]


def unparse(tree: Tree) -> str:
    """The text of an expression: parsed, it gives the same tree.

    >>> from symgrad.syntax import parse
    >>> unparse(parse("((x) + (1.0))**2 / (-(y))")[0].body)
    '(x + 1)**2 / -y'
    """
    written: list[str] = []
    waiting: list[_Piece] = [(tree, TERNARY)]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, str):
            written += [piece] if piece else []
        else:
            # `not` is the operator before what cannot go on with the name, as `not[x]` does.
            bare = piece[0].op in ("list", "literal") and written[-1:] == ["not "]
            waiting.extend(reversed(_pieces(*piece) if not bare else ["(", *_pieces(*piece), ")"]))
    return "".join(written)


def unparse_statements(statements: Iterable[Statement]) -> str:
    """The text of a whole formula, a statement a line.

    >>> from symgrad.syntax import parse
    >>> print(unparse_statements(parse("f(x) = x^2; f(3) if y > 0 else f(y)")))
    f(x) = x**2
    f(3) if y > 0 else f(y)
    """
    return "\n".join(map(_statement, statements))


def _statement(statement: Statement) -> str:
    target, body = statement.target, unparse(statement.body)
    if target is None:
        return body
    if statement.declares:
        return f"{unparse(target)}: {body}"
    several = target.op == "tuple" and len(target.args) > 1
    return f"{', '.join(map(unparse, target.args)) if several else unparse(target)} = {body}"


def _pieces(tree: Tree, wanted: int) -> list[_Piece]:
    """A tree's own text and its operands, in parentheses where the surroundings bind tighter."""
    precedence, pieces = _spelled(tree)
    return pieces if precedence >= wanted else ["(", *pieces, ")"]


def _spelled(tree: Tree) -> tuple[int, list[_Piece]]:
    match tree.op:
        case "number":
            return ATOM, [_number(tree.value)]
        case "name":
            # As a bare word before an operand it would be the operator.
            return ATOM, ["(not)" if tree.value == "not" else tree.value]
        case "call":
            return ATOM, [f"{tree.value.name}(", *_arguments(tree), ")"]
        case "index":
            return ATOM, [(tree.args[0], ATOM), "[", *_key(tree), "]"]
        case "literal":
            quote = '"' if "'" in tree.value else "'"
            return ATOM, [f"{quote}{tree.value}{quote}"]
        case "attribute":
            base: list[_Piece] = [(tree.args[0], ATOM)]
            # The dot would become the number's own.
            base = ["(", *base, ")"] if tree.args[0].op == "number" else base
            return ATOM, [*base, f".{tree.value}"]
        case "list":
            return ATOM, ["[", *_listed(tree), "]"]
        case "tuple":
            return ATOM, ["(", *_listed(tree), ",)" if len(tree.args) == 1 else ")"]
        case "compare":
            return COMPARE, list(_compared(tree))
        case _:
            spelling = OPERATORS[tree.op]
            return spelling.precedence, [
                part if isinstance(part, str) else (tree.args[part], spelling.operands[part])
                for part in _parts(spelling.template)
            ]


def _number(value: float) -> str:
    """The shortest text that is read as the same double; no literal but an overflow is infinite."""
    return "1e400" if value == float("inf") else repr(value).removesuffix(".0")


def _arguments(tree: Tree) -> Iterator[_Piece]:
    keywords = tree.value.keywords
    positional = len(tree.args) - len(keywords)
    for position, arg in enumerate(tree.args):
        yield ", " if position else ""
        yield f"{keywords[position - positional]}=" if position >= positional else ""
        yield arg, TERNARY


def _listed(tree: Tree) -> Iterator[_Piece]:
    for position, arg in enumerate(tree.args):
        yield ", " if position else ""
        yield arg, TERNARY


def _key(tree: Tree) -> Iterator[_Piece]:
    """A key, with the expressions in its holes."""
    rest = iter(tree.args[1:])
    for position, part in enumerate(tree.value):
        yield ", " if position else ""
        if part is Ellipsis:
            yield "..."
        elif isinstance(part, Slice):
            for place, end in enumerate(part.parts):
                if place and (place == 1 or end is not None):
                    yield ":"
                if end is not None:
                    yield next(rest), TERNARY
        else:
            yield next(rest), TERNARY


def _compared(tree: Tree) -> Iterator[_Piece]:
    for sign, arg in zip(("", *tree.value), tree.args, strict=True):
        yield f" {sign} " if sign else ""
        yield arg, BIT_OR


@cache
def _parts(template: str) -> list[str | int]:
    """A template as its texts and, between them, the numbers of its slots."""
    parts = re.split(r"\{(\d)\}", template)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]
