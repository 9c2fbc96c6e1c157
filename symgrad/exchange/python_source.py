"""Where a Python function stands in its source, and what the names in it mean.

Nothing is run: the source is read as a tree, and names are looked up in what the function holds.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import io
import linecache
import math
import textwrap
import tokenize
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from types import FunctionType, ModuleType
from typing import Any, NoReturn

import numpy as np

from symgrad.errors import FormulaSyntaxError, InputError, Span, told

Function = ast.FunctionDef | ast.Lambda

_MODULES = frozenset("np numpy jnp math scipy special sp linalg sc".split())
"""What modules of mathematics are called, where there is a text alone."""

_PACKAGES = frozenset("numpy math scipy jax autograd".split())
_CONSTANTS: Mapping[str, float] = {
    "pi": math.pi,
    "e": math.e,
    "tau": math.tau,
    "inf": math.inf,
    "nan": math.nan,
    "euler_gamma": float(np.euler_gamma),
}
_NO_SOURCE = (
    "A function that was typed at a prompt has none: put it into a file, or give its text,"
    ' as from_function("def f(x): return x**2").'
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name in a function's source means: a "number", "function", "helper" or "module".

    Functions of Python itself are "builtin", those of `math` are "math".
    """

    kind: str
    value: Any = None


@dataclass(eq=False, slots=True)
class Source:
    """A function of a text: its tree, and what is known of the names that it does not assign."""

    text: str
    file: str
    node: Function
    lookup: Callable[[str], Any]
    known: bool = True
    function: Any = None
    label: str = ""
    _starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._starts = [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))]

    @property
    def identity(self) -> object:
        """What tells it apart from others: the function, where there is one."""
        return self if self.function is None else self.function

    @property
    def name(self) -> str:
        """What the function is called."""
        return self.node.name if isinstance(self.node, ast.FunctionDef) else self.label or "f"

    def span(self, node: ast.AST) -> Span:
        """The place of a piece of the tree; Python counts columns in bytes."""
        line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        first, last = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 1)
        return self._offset(line, first), self._offset(end, last)

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[line - 1]
        stop = self._starts[line]
        return start + len(self.text[start:stop].encode()[:column].decode(errors="ignore"))

    def refuse(self, message: str, node: ast.AST, hint: str = "") -> NoReturn:
        """Raise an error that shows a piece of the source."""
        where = f" (in {self.file})" if self.file else ""
        raise FormulaSyntaxError(message + where, self.text, self.span(node), hint)

    def comments(self) -> dict[int, str]:
        """The comments inside the function, by line."""
        first, last = self.node.lineno, self.node.end_lineno or self.node.lineno
        found = {}
        try:
            for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
                if token.type == tokenize.COMMENT and first < token.start[0] <= last:
                    found[token.start[0]] = token.string
        except (tokenize.TokenError, SyntaxError):
            return {}
        return found

    def meaning(self, path: tuple[str, ...]) -> Meaning | None:
        """What `a.b.c` means where `a` is not assigned; None where that is not known."""
        root = self.lookup(path[0])
        if not self.known and root is None:
            return _by_custom(path)
        value = root
        for name in path[1:]:
            if not isinstance(value, ModuleType):
                return None
            value = getattr(value, name, None)
        return _meaning(value, path[-1])


def _by_custom(path: tuple[str, ...]) -> Meaning | None:
    """In a text alone, `np` is NumPy, and functions have their own names."""
    if len(path) == 1:
        kind = "builtin" if hasattr(builtins, path[0]) else "function"
        return Meaning("module" if path[0] in _MODULES else kind, path[0])
    if path[0] not in _MODULES:
        return None
    if path[-1] in _CONSTANTS:
        return Meaning("number", _CONSTANTS[path[-1]])
    return Meaning("math" if path[0] == "math" else "function", path[-1])


def _meaning(value: Any, name: str) -> Meaning | None:
    if isinstance(value, Source):
        return Meaning("helper", value)
    if isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        truth = isinstance(value, bool | np.bool_)
        return Meaning("number", bool(value) if truth else float(value))
    if isinstance(value, ModuleType):
        return Meaning("module", value.__name__)
    if isinstance(value, np.ufunc):
        return Meaning("function", name if getattr(np, name, None) is value else value.__name__)
    package = str(getattr(value, "__module__", "") or "").partition(".")[0]
    if package in _PACKAGES or package == "builtins":
        kind = {"builtins": "builtin", "math": "math"}.get(package, "function")
        return Meaning(kind, getattr(value, "__name__", name))
    return Meaning("helper", value) if isinstance(value, FunctionType) else None


def source_of(fn: Any) -> Source:
    """The source of a function, or of the last function in a text.

    Raises
    ------
    InputError
        It is no function, or its source cannot be found.
    """
    return _in_text(fn) if isinstance(fn, str) else _of_function(fn)


def _in_text(text: str) -> Source:
    text = textwrap.dedent(text).strip("\n") + "\n"
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, column = getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1
        start = sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])
        place = (start + column - 1, start + column)
        reason = getattr(error, "msg", None) or "it is nested too deeply"
        raise FormulaSyntaxError(f"this is no Python: {reason}", text, place) from None
    defined: dict[str, Any] = {}
    found: list[Source] = []
    for statement in module.body:
        node: Any = statement.value if isinstance(statement, ast.Assign | ast.Expr) else statement
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            found.append(Source(text, "", node, defined.get, known=False))
            named = statement.targets[0] if isinstance(statement, ast.Assign) else None
            name = named.id if isinstance(named, ast.Name) else found[-1].name
            found[-1].label = name
            defined[name] = found[-1]
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            with suppress(ValueError, TypeError):
                defined[statement.targets[0].id] = ast.literal_eval(statement.value)
    if not found:
        hint = 'Write it as "def f(x): return x**2".'
        raise InputError("there is no function in the text", hint=hint)
    return found[-1]


def _of_function(fn: Any) -> Source:
    plain = inspect.unwrap(fn) if callable(fn) else fn
    plain = getattr(plain, "__func__", plain)
    if not isinstance(plain, FunctionType):
        hint = "Give a def or a lambda; functions of NumPy are called by name in a formula."
        raise InputError(f"{told(fn)} is no function written in Python", hint=hint)
    file = plain.__code__.co_filename
    text = "".join(linecache.getlines(file, plain.__globals__))
    if not text:
        raise InputError(f"the source of {plain.__name__} cannot be found", hint=_NO_SOURCE)
    try:
        node = _node_of(plain, ast.parse(text))
    except (SyntaxError, ValueError):
        node = None
    if node is None:
        hint = "The file may have changed since it was imported: import it again."
        raise InputError(f"the source of {plain.__name__} is not what stands in {file}", hint=hint)
    names = dict(zip(plain.__code__.co_freevars, plain.__closure__ or (), strict=True))

    def lookup(name: str) -> Any:
        if name in names:
            try:
                return names[name].cell_contents
            except ValueError:
                return None
        return plain.__globals__.get(name, getattr(builtins, name, None))

    return Source(text, file, node, lookup, function=plain)


def _node_of(fn: FunctionType, module: ast.Module) -> Function | None:
    """The piece of a file's tree that a function was made from; lambdas may share a line."""
    code = fn.__code__
    found: list[Function] = []
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name == fn.__name__:
            lines = [node.lineno, *(d.lineno for d in node.decorator_list)]
            found += [node] * (min(lines) == code.co_firstlineno)
        elif isinstance(node, ast.Lambda) and fn.__name__ == "<lambda>":
            found += [node] * (node.lineno == code.co_firstlineno)
    if len(found) < 2:
        return found[0] if found else None
    places = [place for place in code.co_positions() if place[2] is not None]
    for node in found:
        body = node.body if isinstance(node, ast.Lambda) else node.body[-1]
        if (
            places
            and (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in places
        ):
            return node
    return None
