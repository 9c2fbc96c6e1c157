"""Formula text to tree: `parse`.

Trees are built while the text is parsed and are walked with explicit stacks, so that the depth of a
formula is bounded by memory alone.
"""

from __future__ import annotations

from importlib import import_module
from threading import Lock
from typing import Any

from symgrad.errors import DefinitionError, FormulaSyntaxError
from symgrad.language.building import RefusalError, TreeBuilder
from symgrad.language.parser import Parser, StoppedError, load_tables
from symgrad.language.tree import Rewrite, Row, Statement, Tree
from symgrad.limits import plain_text

_parser: Any = None
_building = Lock()


def _mistakes() -> Any:
    """What finds mistakes is loaded where there may be one."""
    return import_module("symgrad.language.mistakes")


def _parse(text: str, start: str) -> Any:
    global _parser
    text = plain_text(text)
    if not (text.isascii() and text.isprintable()):
        _mistakes().refuse_hidden_characters(text)
    if _parser is None:
        with _building:
            if _parser is None:
                _parser = Parser(load_tables(), TreeBuilder())
    try:
        return _parser.parse(text, start)
    except StoppedError as error:
        raise _mistakes().diagnose(text, error.position, start) from None
    except RefusalError as error:
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
