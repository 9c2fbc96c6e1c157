"""The function table: functions.sg, read lazily, and what users add to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from symgrad.errors import DefinitionError
from symgrad.language.parser import grammar_folder
from symgrad.language.tree import Parameter, Row, Tree, postorder
from symgrad.limits import plain_text
from symgrad.syntax import parse_row

CONSTANTS: Mapping[str, float] = {
    "pi": 3.141592653589793,
    "π": 3.141592653589793,
    "inf": float("inf"),
    "nan": float("nan"),
}
"""Numbers with a name. They and LITERALS are the only names with a meaning of their own."""

LITERALS: Mapping[str, bool | None] = {"None": None, "True": True, "False": False}
"""Names that stand for an attribute, as in `sum(x, axis=None)`."""

KINDS = frozenset("number bool array integer static shape rest".split())
"""What a parameter may be: a number that broadcasts with the others; a condition; an array that is
taken as a whole; whole numbers, which are not differentiated; an attribute that is written out; a
shape, of which some numbers may be known only at run time; all arguments that are left."""

_ATTRIBUTES = frozenset(("static", "shape"))

# Operations of the graph that are no functions: a function of that name would be taken for one.
_STRUCTURAL = frozenset(
    """input constant parameter index place broadcast unbroadcast join copy cast pair
    integer _at _outer _vdot _solve_vector _hypot _logaddexp""".split()
)

_INDICES = re.compile(r"\[[^\]]*\]")
_HEAD = re.compile(r"\s*([A-Za-z_Α-Ωα-ω][A-Za-z0-9_Α-Ωα-ω]*)\s*\(")


class Function:
    """A function of the language: its signature, its definitions, its derivatives.

    Attributes
    ----------
    name, parameters:
        As in its head; a parameter has a name, a kind ("number" or "bool") and maybe a default.
    kind:
        What it gives: "number" or "bool".
    definitions:
        What it means, as trees over its parameters.
    derivatives:
        A tree per parameter over the parameters, `out` and `g`; none where it is only a definition.
    """

    def __init__(self, row: Row) -> None:
        self.name = row.name
        self.parameters: tuple[Parameter, ...] = row.parameters
        self.kind = row.kind
        self.definitions: tuple[Tree, ...] = row.definitions
        self.derivatives: tuple[Tree, ...] = row.derivatives
        self.text = row.text
        _check(self)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return tuple(p.name for p in self.parameters)

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """The names of those parameters that are operands in the graph, rather than attributes."""
        return tuple(p.name for p in self.parameters if p.kind not in _ATTRIBUTES)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The names of the others: a node's value holds them in this order."""
        return tuple(p.name for p in self.parameters if p.kind in _ATTRIBUTES)

    @cached_property
    def is_elementwise(self) -> bool:
        """Whether it takes numbers and broadcasts them."""
        plain = all(p.kind in ("number", "bool") for p in self.parameters)
        return plain and not self.is_built

    @cached_property
    def is_operation(self) -> bool:
        """Whether it is an operation of the graph, rather than replaced by its definition."""
        return bool(self.derivatives) and not self.is_built

    @cached_property
    def is_plain(self) -> bool:
        """Whether it is an operation of which all parameters are numbers."""
        return self.is_operation and all(p.kind == "number" for p in self.parameters)

    @cached_property
    def is_built(self) -> bool:
        """Whether symgrad/arrays.py makes it of other operations."""
        return bool(self.derivatives) and self.derivative_is(0, "built")

    @cached_property
    def is_structural(self) -> bool:
        """Whether symgrad/differentiation/structural.py has its adjoint."""
        return bool(self.derivatives) and self.derivative_is(0, "structural")

    @property
    def signature(self) -> str:
        """Its head as it was written: `clip(x, min, max)`."""
        first = (self.definitions or self.derivatives)[0]
        return self.text[: first.span[0]].rstrip(" \t=:")

    def derivative_is(self, position: int, word: str) -> bool:
        """Whether a derivative is just this name or number: `none`, or `0`."""
        tree = self.derivatives[position]
        if word == "0":
            return tree.op == "number" and tree.value == 0
        return tree.op == "name" and bool(tree.value == word)

    def is_word(self, tree: Tree) -> bool:
        """Whether a derivative is a word that says where it is, or that there is none."""
        return tree in self.derivatives and tree.op == "name" and tree.value in _WORDS


_WORDS = frozenset("none structural built".split())


def _check(function: Function) -> None:
    """The rules for a line; what needs the other functions is checked where it is lowered."""
    text, names = function.text, function.names
    whole = (0, len(text))
    if not function.definitions and not function.derivatives:
        raise DefinitionError(
            f"{function.name} has neither a definition nor a derivative", text, whole,
            "Write name(x) = definition : derivative.",
        )  # fmt: skip
    _check_head(function)
    told = function.is_built or function.is_structural or not function.derivatives
    if not told and len(function.derivatives) != len(function.operands):
        sides = (
            _count(len(function.operands), "parameter"),
            _count(len(function.derivatives), "derivative"),
        )
        raise DefinitionError(
            f"{function.name} has {' and '.join(sides)}",
            text, function.derivatives[-1].span, "Write one derivative for each parameter.",
        )  # fmt: skip
    for trees, extra in ((function.definitions, ()), (function.derivatives, ("out", "g"))):
        for tree in trees:
            _check_names(function, tree, {*names, *extra, *CONSTANTS, *LITERALS})


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _check_head(function: Function) -> None:
    text, names = function.text, function.names
    whole = (0, len(text))
    if len(set(names)) < len(names):
        raise DefinitionError("two parameters have the same name", text, whole)
    reserved = [n for n in names if n in ("out", "g", "none") or n in CONSTANTS]
    if reserved:
        raise DefinitionError(
            f"a parameter cannot be called {reserved[0]}", text, whole,
            "out is the function's value, g its cotangent; pi, inf and nan are constants.",
        )  # fmt: skip
    unknown = {function.kind, *(p.kind for p in function.parameters)} - KINDS
    if unknown:
        raise DefinitionError(
            f"{min(unknown)} is not a kind of value", text, whole,
            "Write c: bool for a condition, -> bool for a function that gives one, else nothing.",
        )  # fmt: skip
    optional = False
    for parameter in function.parameters:
        if parameter.default is None and optional:
            raise DefinitionError(
                f"{parameter.name} has no default and stands after one that has", text, whole,
                "Give it a default, or move it to the left.",
            )  # fmt: skip
        optional = parameter.default is not None
        for tree in postorder(parameter.default) if parameter.default else ():
            if tree.op == "call" or (
                tree.op == "name" and tree.value not in (*CONSTANTS, *LITERALS)
            ):
                raise DefinitionError(
                    f"the default of {parameter.name} is not a constant", text, tree.span,
                    "Write a number.",
                )  # fmt: skip


def _check_names(function: Function, root: Tree, allowed: set[str]) -> None:
    for tree in postorder(root):
        if tree.op == "name" and tree.value not in allowed and not function.is_word(tree):
            raise DefinitionError(
                f"{tree.value} is not a parameter of {function.name}", function.text, tree.span,
                "Use its parameters; a derivative may use out and g as well.",
            )  # fmt: skip
        if tree.op == "call" and tree.value.name == function.name and root in function.definitions:
            raise DefinitionError(
                f"{function.name} is defined by itself", function.text, tree.span,
                "Recursion is not part of the language.",
            )  # fmt: skip


_MOST_RECENT = 2_000


class Recent(dict[Any, Any]):
    """A cache that is emptied when it is full: all that is in it can be made again."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if len(self) >= _MOST_RECENT:
            self.clear()
        super().__setitem__(key, value)


class FunctionTable(Mapping[str, Function]):
    """Functions by name. Lines are parsed when their function is first used.

    A table never changes; `extended` gives a new one. `cache` is for what others derive from it,
    `recent` for what depends on the formulas as well, and is not kept for ever.
    """

    def __init__(self, lines: Mapping[str, str], added: tuple[str, ...] = ()) -> None:
        self._lines = lines
        self._functions: dict[str, Function] = {}
        self.added = added
        self.cache: dict[Any, Any] = {}
        self.recent: Recent = Recent()

    def __getitem__(self, name: str) -> Function:
        function = self._functions.get(name)
        if function is None:
            function = self._functions[name] = Function(parse_row(self._lines[name]))
        return function

    def find(self, name: str) -> Function | None:
        """As `get`, without an exception where there is none."""
        return self._functions.get(name) or (self[name] if name in self._lines else None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def line(self, name: str) -> str:
        """The line of a function, as it was written."""
        return self._lines[name]

    def is_composite(self, name: str) -> bool:
        """Whether a function is only a definition; found without parsing its line."""
        _, _, body = self._lines.get(name, "").partition(")")
        return "=" in body and ":" not in _INDICES.sub("", body)

    def extended(self, line: object) -> FunctionTable:
        """A table with one more function, or with another definition of one that a user added.

        Raises
        ------
        DefinitionError
            The line is no definition, or its function is one of the language's own.
        """
        line = plain_text(line) if isinstance(line, str) else ""
        if not _HEAD.match(line):
            raise DefinitionError(
                "this is not the definition of a function", line, (0, len(line)),
                "Write name(x) = definition : derivative.",
            )  # fmt: skip
        line = line.strip()
        function = Function(parse_row(line))
        if function.name in builtin_functions() or function.name in _STRUCTURAL:
            what = (
                "is reserved" if function.name in _STRUCTURAL else "is a function of the language"
            )
            raise DefinitionError(
                f"{function.name} {what}", line, (0, len(function.name)),
                "Choose another name; inside a formula, name(x) = ... may reuse it.",
            )  # fmt: skip
        kept = tuple(text for text in self.added if _name_of(text) != function.name)
        lines = {**self._lines, function.name: line}
        table = FunctionTable(lines, (*kept, line))
        table._functions = {**self._functions, function.name: function}
        return table


def _name_of(line: str) -> str:
    found = _HEAD.match(line)
    return found[1] if found else ""


def table_lines(text: str) -> list[str]:
    """The lines of a table file without comments; an indented line goes on from the one before."""
    joined = re.sub(r"\n[ \t]+(?=\S)", " ", re.sub(r"(?m)^#.*\n?", "", text))
    return [line.strip() for line in joined.split("\n") if line.strip()]


@cache
def builtin_functions() -> FunctionTable:
    """The functions of the language itself."""
    text = (grammar_folder() / "functions.sg").read_text(encoding="utf-8")
    return FunctionTable({_name_of(line): line for line in table_lines(text)})


def builtin_sections() -> list[tuple[str, list[str]]]:
    """The headings of functions.sg with the names below them, for listings."""
    text = (grammar_folder() / "functions.sg").read_text(encoding="utf-8")
    sections: list[tuple[str, list[str]]] = []
    for block in re.split(r"\n\n", text):
        heading, _, lines = block.partition("\n")
        names = [_name_of(line) for line in table_lines(lines)]
        if heading.startswith("# ") and names:
            sections.append((heading[2:], names))
    return sections
