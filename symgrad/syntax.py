"""Formula text to tree: the tree's classes, `parse`, and the walk over a tree.

Trees are built by lark while it parses and are walked with explicit stacks, so that the depth of a
formula is bounded by memory alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from threading import Lock
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from symgrad.errors import DefinitionError, FormulaSyntaxError, Span
from symgrad.mistakes import diagnose, refuse_hidden_characters
from symgrad.parser import load_parser

Value = Any


@dataclass(slots=True, eq=False, repr=False)
class Tree:
    """A piece of a formula.

    `op` is "number", "name", "call", "compare", "conditional", "index", or the name of the function
    that an operator stands for (`+` is "add"). `value` is the number, the name, the `Callee`, the
    comparison operators or the index.
    """

    op: str
    args: tuple[Tree, ...]
    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Callee:
    """What a call names: the function, and the keywords of its last arguments."""

    name: str
    span: Span
    keywords: tuple[str, ...]
    keyword_spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Statement:
    """A statement: an expression, or with `target` the assignment or the definition of it."""

    target: Tree | None
    body: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function of the language; `kind` is "number" or "bool"."""

    name: str
    kind: str
    default: Tree | None


@dataclass(frozen=True, slots=True)
class Row:
    """A parsed line of functions.sg."""

    name: str
    parameters: tuple[Parameter, ...]
    kind: str
    definitions: tuple[Tree, ...]
    derivatives: tuple[Tree, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A parsed line of rewrites.sg."""

    pattern: Tree
    replacement: Tree
    guards: tuple[Tree, ...]
    text: str


def _from_token(token: Token) -> Span:
    return token.start_pos, token.end_pos  # type: ignore[return-value]


def _operation(op: str) -> Any:
    def build(children: list[Any]) -> Tree:
        """Operands are trees; a sign's own token only tells where the text begins."""
        first, last = children[0], children[-1]
        start = first.span[0] if isinstance(first, Tree) else first.start_pos
        args = (last,) if len(children) == 1 or not isinstance(first, Tree) else (first, last)
        return Tree(op, args, None, (start, last.span[1]))

    return build


_OPERATORS = (
    "logical_or logical_and logical_not add subtract multiply divide negative positive power"
).split()


class _Builder:
    """lark calls these as it reduces; their names are the grammar's rules."""

    def __init__(self) -> None:
        for op in _OPERATORS:
            setattr(self, op, _operation(op))

    def number(self, children: list[Token]) -> Tree:
        return Tree("number", (), float(children[0]), _from_token(children[0]))

    def name(self, children: list[Token]) -> Tree:
        return Tree("name", (), str(children[0]), _from_token(children[0]))

    def group(self, children: list[Any]) -> Tree:
        opening, inside, closing = children
        inside.span = (opening.start_pos, closing.end_pos)
        tree: Tree = inside
        return tree

    def conditional(self, children: list[Tree]) -> Tree:
        return Tree("conditional", tuple(children), None, _around(children))

    def compare(self, children: list[Any]) -> Tree:
        args = tuple(children[::2])
        return Tree("compare", args, tuple(map(str, children[1::2])), _around(args))

    def keyword(self, children: list[Any]) -> Tree:
        return Tree("keyword", (children[1],), str(children[0]), _from_token(children[0]))

    def call(self, children: list[Any]) -> Tree:
        name, closing = children[0], children[-1]
        arguments = [c for c in children[1:-1] if c is not None]
        named = [a for a in arguments if a.op == "keyword"]
        after_first = dropwhile(lambda a: a.op != "keyword", arguments)
        for late in (a for a in after_first if a.op != "keyword"):
            message = "an argument without a name follows one with a name"
            raise _RefusalError(message, late.span, "Write the arguments without names first.")
        args = tuple(a.args[0] if a.op == "keyword" else a for a in arguments)
        keywords, spans = tuple(a.value for a in named), tuple(a.span for a in named)
        callee = Callee(str(name), _from_token(name), keywords, spans)
        return Tree("call", args, callee, (name.start_pos, closing.end_pos))

    def index(self, children: list[Any]) -> Any:
        if isinstance(children[-1], Token) and children[-1].type == "NUMBER":
            return self._position(children)
        base, *positions, closing = children
        values = tuple(p for p in positions if p is not None)
        return Tree("index", (base,), values, (base.span[0], closing.end_pos))

    def _position(self, children: list[Any]) -> int:
        sign, number = children
        if not number.isdecimal() or len(number) > _INDEX_DIGITS:
            what = "too large" if number.isdecimal() else "not a whole number"
            message = f"the index is {what}"
            raise _RefusalError(message, _from_token(number), "Write v[0], v[-1] or v[0, 1].")
        return -int(number) if sign is not None else int(number)

    def assignment(self, children: list[Tree]) -> Statement:
        return Statement(children[0], children[1], _around(children))

    def statement(self, children: list[Tree]) -> Statement:
        return Statement(None, children[0], children[0].span)

    def program(self, children: list[Statement | None]) -> tuple[Statement, ...]:
        return tuple(c for c in children if c is not None)

    def parameter(self, children: list[Any]) -> Parameter:
        name, kind, default = children
        return Parameter(str(name), str(kind or "number"), default)

    def head(self, children: list[Any]) -> tuple[str, tuple[Parameter, ...], str]:
        name, kind = children[0], children[-1]
        parameters = tuple(c for c in children[1:] if isinstance(c, Parameter))
        return str(name), parameters, str(kind or "number")

    def definition(self, children: list[Tree]) -> Tree:
        return children[0]

    def derivatives(self, children: list[Tree]) -> tuple[Tree, ...]:
        return tuple(children)

    def row(self, children: list[Any]) -> list[Any]:
        return children

    def rewrite(self, children: list[Any]) -> list[Any]:
        return children


_INDEX_DIGITS = 15


class _RefusalError(Exception):
    """A place that the grammar admits and the language does not."""

    def __init__(self, message: str, span: Span, hint: str) -> None:
        super().__init__(message, span, hint)
        self.message = message
        self.span = span
        self.hint = hint


def _around(parts: Any) -> Span:
    return parts[0].span[0], parts[-1].span[1]


_CONTINUES = frozenset(
    "PLUS MINUS TILDE STAR SLASH _POWER VBAR AMPERSAND COMPARE EQUAL COMMA "
    "NOT _AND _OR _IF _ELSE".split()
)


class _Lines:
    """Line ends inside parentheses or after an operator do not end a statement."""

    always_accept = ("_SEPARATOR",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth = 0
        before = ""
        for token in stream:
            kind = token.type
            if kind == "_SEPARATOR":
                if token != ";" and (depth or before in _CONTINUES):
                    continue
            elif kind in ("LPAR", "LSQB"):
                depth += 1
            elif kind in ("RPAR", "RBRACKET"):
                depth -= 1
            before = kind
            yield token


_parser: Any = None
_building = Lock()


def _parse(text: str, start: str) -> Any:
    global _parser
    refuse_hidden_characters(text)
    if _parser is None:
        with _building:
            if _parser is None:
                _parser = load_parser(transformer=_Builder(), postlex=_Lines())
    try:
        return _parser.parse(text, start=start)
    except UnexpectedInput as error:
        at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        stopped: Any = error  # lark declares its position to be None
        position = len(text) if at_end else stopped.pos_in_stream
        raise diagnose(text, position, start) from None
    except _RefusalError as error:
        raise FormulaSyntaxError(error.message, text, error.span, error.hint) from None


def parse(text: str) -> tuple[Statement, ...]:
    """Parse a formula into its statements.

    Raises
    ------
    FormulaSyntaxError
        The text is not a formula; the message shows where and what to write instead.

    >>> [statement.body.op for statement in parse("a = x + 1; exp(a)")]
    ['add', 'call']
    """
    statements: tuple[Statement, ...] = _parse(text, "program")
    if not statements:
        raise FormulaSyntaxError("the formula is empty", hint="Write an expression, as x**2 + 1.")
    return statements


def parse_row(text: str) -> Row:
    """Parse a line of functions.sg: `head = definition : derivative, derivative`."""
    head, *rest = _parse(text, "row")
    name, parameters, kind = head
    derivatives = rest.pop() if rest and isinstance(rest[-1], tuple) else ()
    return Row(name, parameters, kind, tuple(rest), derivatives, text)


def parse_rewrite(text: str) -> Rewrite:
    """Parse a line of rewrites.sg: `pattern -> replacement : guard, guard`."""
    pattern, _arrow, replacement, *guards = _parse(text, "rewrite")
    return Rewrite(pattern, replacement, guards[0] if guards else (), text)


def postorder(root: Tree) -> Iterator[Tree]:
    """Every tree below a root, operands before what uses them, in the order of the text."""
    stack: list[tuple[Tree, bool]] = [(root, False)]
    while stack:
        tree, ready = stack.pop()
        if ready or not tree.args:
            yield tree
        else:
            stack.append((tree, True))
            stack.extend((arg, False) for arg in reversed(tree.args))


def target_of(statement: Statement, text: str) -> tuple[str, tuple[str, ...] | None]:
    """The name that a statement assigns, and for a function its parameters.

    Raises
    ------
    FormulaSyntaxError
        What stands left of `=` is neither a name nor a call.
    DefinitionError
        An argument of the call is no plain name, or stands there twice.
    """
    target = statement.target
    assert target is not None
    if target.op == "name":
        return target.value, None
    if target.op != "call":
        raise FormulaSyntaxError(
            "only a name or a function can stand left of '='",
            text,
            target.span,
            "Write name = expression, f(x) = expression, or == to compare.",
        )
    return target.value.name, _parameters(target, text)


def _parameters(target: Tree, text: str) -> tuple[str, ...]:
    if target.value.keywords:
        message, hint = "a parameter has no default here", "Give all arguments in every call."
        raise DefinitionError(message, text, target.value.keyword_spans[0], hint)
    names: dict[str, None] = {}
    for arg in target.args:
        if arg.op != "name":
            message, hint = "a parameter is a plain name", "Write f(x) = expression."
            raise DefinitionError(message, text, arg.span, hint)
        if arg.value in names:
            message, hint = "two parameters have the same name", "Choose another name."
            raise DefinitionError(message, text, arg.span, hint)
        names[arg.value] = None
    return tuple(names)
