"""The tree of a formula: its classes, and the walk over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from symgrad.errors import Span

Value = Any


@dataclass(slots=True, eq=False, repr=False)
class Tree:
    """A piece of a formula.

    `op` is "number", "name", "literal", "call", "compare", "conditional", "index", "attribute",
    "tuple", "list", or the name of the function that an operator stands for (`+` is "add"). `value`
    is the number, the name, the text, the `Callee`, the comparison operators, the attribute's name,
    or the key with a hole for every expression in it, which are operands.
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
    """A statement: an expression, or with `target` the assignment or the definition of it.

    One that `declares` says what shape the input `target` has.
    """

    target: Tree | None
    body: Tree
    span: Span
    declares: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function of the language; `kind` is one of functions.KINDS."""

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


def postorder(root: Tree) -> Iterator[Tree]:
    """Every tree below a root, operands before what uses them, in the order of the text."""
    found: list[Tree] = []
    stack = [root]
    while stack:
        tree = stack.pop()
        found.append(tree)
        stack.extend(tree.args)
    return reversed(found)
