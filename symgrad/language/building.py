"""What the parser calls: tokens and pieces become the tree, without a second walk."""

# The methods of TreeBuilder are the rules of the grammar, which says what they are.

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile
from typing import Any

from symgrad.errors import Span
from symgrad.language.parser import Token
from symgrad.language.template import HOLE, Slice
from symgrad.language.tree import Callee, Parameter, Statement, Tree


def _from_token(token: Token) -> Span:
    return token.start_pos, token.end_pos


def _operation(op: str) -> Any:
    def build(children: list[Any]) -> Tree:
        """Operands are trees; a sign's own token only tells where the text begins."""
        first, last = children[0], children[-1]
        start = first.span[0] if isinstance(first, Tree) else first.start_pos
        args = (last,) if len(children) == 1 or not isinstance(first, Tree) else (first, last)
        return Tree(op, args, None, (start, last.span[1]))

    return build


_OPERATORS = (
    "logical_or logical_and logical_not add subtract multiply divide matmul negative positive power"
).split()


class TreeBuilder:
    """The parser calls these as it reduces; their names are the grammar's rules."""

    def __init__(self) -> None:
        for op in _OPERATORS:
            setattr(self, op, _operation(op))
        # As methods these two would hide the types.
        self.list = self.bracketed_list
        self.tuple = self.bare_tuple

    def number(self, children: list[Token]) -> Tree:
        return Tree("number", (), float(children[0].value), _from_token(children[0]))

    def name(self, children: list[Token]) -> Tree:
        return Tree("name", (), children[0].value, _from_token(children[0]))

    def group(self, children: list[Any]) -> Tree:
        opening, inside, closing = children
        inside.span = (opening.start_pos, closing.end_pos)
        tree: Tree = inside
        return tree

    def conditional(self, children: list[Tree]) -> Tree:
        return Tree("conditional", tuple(children), None, _around(children))

    def compare(self, children: list[Any]) -> Tree:
        args = tuple(children[::2])
        return Tree("compare", args, tuple([sign.value for sign in children[1::2]]), _around(args))

    def keyword(self, children: list[Any]) -> Tree:
        return Tree("keyword", (children[1],), children[0].value, _from_token(children[0]))

    def call(self, children: list[Any]) -> Tree:
        name, closing = children[0], children[-1]
        arguments = [c for c in children[1:-1] if c is not None]
        named = [a for a in arguments if a.op == "keyword"]
        after_first = dropwhile(lambda a: a.op != "keyword", arguments)
        for late in (a for a in after_first if a.op != "keyword"):
            message = "an argument without a name follows one with a name"
            raise RefusalError(message, late.span, "Write the arguments without names first.")
        args = tuple(a.args[0] if a.op == "keyword" else a for a in arguments)
        keywords, spans = tuple(a.value for a in named), tuple(a.span for a in named)
        callee = Callee(name.value, _from_token(name), keywords, spans)
        return Tree("call", args, callee, (name.start_pos, closing.end_pos))

    def method(self, children: list[Any]) -> Tree:
        """`x.sum(axis=0)` is `sum(x, axis=0)`."""
        base, name, *arguments, closing = children
        root = base.args[0] if base.op == "attribute" else base
        if root.op == "name" and root.value in _MODULES and base.value not in _ATTRIBUTES:
            message = f"functions are called without {root.value}"
            raise RefusalError(message, base.span, f"Write {name.value}(...).")
        if name.value == "not":
            raise RefusalError("no function can be called not", _from_token(name), "Write not x.")
        tree = self.call([name, base, *arguments, closing])
        tree.span = (base.span[0], closing.end_pos)
        return tree

    def string(self, children: list[Token]) -> Tree:
        return Tree("literal", (), children[0].value[1:-1], _from_token(children[0]))

    def attribute(self, children: list[Any]) -> Tree:
        base, name = children
        if base.op == "name" and base.value in _MODULES and name.value in _CONSTANTS:
            message = f"constants stand without {base.value}"
            span = (base.span[0], name.end_pos)
            raise RefusalError(message, span, f"Write {_CONSTANTS[name.value]}.")
        return Tree("attribute", (base,), name.value, (base.span[0], name.end_pos))

    def bracketed(self, children: list[Any]) -> Tree:
        opening, *items, closing = children
        return self._items("tuple", opening, items, closing)

    def bracketed_list(self, children: list[Any]) -> Tree:
        opening, *items, closing = children
        return self._items("list", opening, items, closing)

    def _items(self, op: str, opening: Token, items: list[Any], closing: Token) -> Tree:
        args = tuple(item for item in items if isinstance(item, Tree))
        return Tree(op, args, None, (_from_token(opening)[0], _from_token(closing)[1]))

    def bare_tuple(self, children: list[Tree]) -> Tree:
        return Tree("tuple", tuple(children), None, _around(children))

    def ellipsis(self, children: list[Token]) -> _Item:
        return _Item(Ellipsis, ())

    def slice(self, children: list[Any]) -> _Item:
        """Expressions with colons between them, either of which may be missing."""
        parts: list[Tree | None] = [None, None, None]
        place = 0
        for child in children:
            if isinstance(child, Tree):
                parts[place] = child
            elif child is not None:
                place += 1
        written = tuple(part for part in parts if part is not None)
        return _Item(Slice(*[HOLE if part else None for part in parts]), written)

    def index(self, children: list[Any]) -> Tree:
        """The base and all expressions of the key are operands; the value is the key with holes."""
        base, _opening, *items, closing = children
        found = [i for i in items if isinstance(i, (Tree, _Item))]
        parts = [_Item(HOLE, (i,)) if isinstance(i, Tree) else i for i in found]
        key = tuple(part.key for part in parts)
        args = (base, *(tree for part in parts for tree in part.trees))
        return Tree("index", args, key, (base.span[0], closing.end_pos))

    def assignment(self, children: list[Tree]) -> Statement:
        return Statement(children[0], children[1], _around(children))

    def declaration(self, children: list[Any]) -> Statement:
        name, colon, shape = children
        place = (colon.start_pos, colon.end_pos)
        if name.op == "number":
            hint = "Write arange(n) for a range, x[1:3] to pick elements."
            raise RefusalError("':' cannot stand here", place, hint)
        if shape.op == "list":
            raise RefusalError("a shape stands in parentheses", shape.span, "Write X: (n, d).")
        return Statement(name, shape, _around([name, shape]), declares=True)

    def statement(self, children: list[Tree]) -> Statement:
        return Statement(None, children[0], children[0].span)

    def program(self, children: list[Statement | None]) -> tuple[Statement, ...]:
        return tuple(c for c in children if c is not None)

    def parameter(self, children: list[Any]) -> Parameter:
        name, _colon, kind, default = children
        return Parameter(name.value, kind.value if kind else "number", default)

    def head(self, children: list[Any]) -> tuple[str, tuple[Parameter, ...], str]:
        name, kind = children[0], children[-1]
        parameters = tuple(c for c in children[1:] if isinstance(c, Parameter))
        return name.value, parameters, kind.value if kind else "number"

    def definition(self, children: list[Tree]) -> Tree:
        return children[0]

    def derivatives(self, children: list[Tree]) -> tuple[Tree, ...]:
        return tuple(children[1:])

    def row(self, children: list[Any]) -> list[Any]:
        return children

    def rewrite(self, children: list[Any]) -> list[Any]:
        return children


_MODULES = frozenset("np numpy jnp math torch tf scipy sp symgrad".split())

# A variable may have the name of a module, and then has these.
_ATTRIBUTES = frozenset("T mT".split())

_CONSTANTS = {"pi": "pi", "inf": "inf", "nan": "nan", "e": "exp(1)", "newaxis": "None"}


class _Item:
    """A part of a key that is no plain expression: its template and the expressions in it."""

    def __init__(self, key: Any, trees: Sequence[Tree]) -> None:
        self.key = key
        self.trees = trees


class RefusalError(Exception):
    """A place that the grammar admits and the language does not."""

    def __init__(self, message: str, span: Span, hint: str) -> None:
        super().__init__(message, span, hint)
        self.message = message
        self.span = span
        self.hint = hint


def _around(parts: Any) -> Span:
    return parts[0].span[0], parts[-1].span[1]
