"""What a piece of a formula may stand for besides a node: an attribute, a tuple, a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from symgrad.errors import ArgumentError, Span
from symgrad.graph import Builder, Node


@dataclass(frozen=True, slots=True)
class Literal:
    """An attribute that is written out: None, True, a text; in a rule also a number or a tuple."""

    value: Any


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple or a list of things; a function may give a tuple, too."""

    kind: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class ShapeOf:
    """`x.shape`."""

    node: Node


Item = Node | Literal | Items | ShapeOf


class Maker(Protocol):
    """What makes nodes of items: the lowerer, as those see it that stand left of it."""

    text: str
    builder: Builder

    def number(self, item: Item, span: Span | None = None) -> Node:
        """An item as a number or an array of numbers."""

    def is_condition(self, node: Node) -> bool:
        """Whether a node is true or false, rather than a number."""

    def make(self, name: str, *items: Item, span: Span | None = None) -> Node:
        """A function of the language on operands and attributes, in the order of its head."""


_ARITHMETIC = frozenset("negative add subtract multiply divide power floor_divide".split())
"""What may be done with numbers that are written out; NumPy has these names, too."""


def constant_of(node: Node) -> float | bool | None:
    """The number that a node is, or that arithmetic makes of such; None for any other."""
    found: dict[Node, Any] = {}
    waiting = [node]
    while waiting:
        at = waiting[-1]
        if at.op == "constant":
            found[at] = at.value
        elif at.op not in _ARITHMETIC:
            return None
        elif all(arg in found for arg in at.args):
            with np.errstate(all="ignore"):
                made = getattr(np, at.op)(*[float(found[arg]) for arg in at.args])
            found[at] = float(made)
        else:
            waiting.extend(arg for arg in at.args if arg not in found)
            continue
        waiting.pop()
    value: float | bool = found[node]
    return value


def plain_number(value: float) -> float | int:
    """A number as it is written: whole ones as integers."""
    return int(value) if value == value and abs(value) < 1e15 and value == int(value) else value


def attribute(item: Item, what: str, text: str, span: Span | None, instead: str = "") -> Any:
    """The Python value of an item that must be written out.

    Raises
    ------
    ArgumentError
        It is computed, or read from an input.
    """
    parts = item.items if isinstance(item, Items) else (item,)
    if instead and any(isinstance(p, Node) and p.op != "constant" for p in parts):
        raise ArgumentError(f"{what} must be written out", text, span, f"Write {instead}.")
    found = [
        tuple(_plain(p, what, text, span) for p in part.items)
        if isinstance(part, Items)
        else _plain(part, what, text, span)
        for part in parts
    ]
    return tuple(found) if isinstance(item, Items) else found[0]


def _plain(item: Item, what: str, text: str, span: Span | None) -> Any:
    if isinstance(item, Literal):
        return item.value
    value = constant_of(item) if isinstance(item, Node) else None
    if value is not None:
        return plain_number(value) if type(value) is float else value
    hint = "Write a number, a tuple of numbers, None, True, False or a text in quotes."
    raise ArgumentError(f"{what} must be written out", text, span, hint)


_WHOLE = frozenset("constant size ndim argsort argmax argmin _searchsorted arange integer".split())
_WHOLE_OF_WHOLE = frozenset(
    """add subtract multiply negative floor_divide remainder maximum minimum flip sort
    expand_dims""".split()
)


def is_whole(node: Node) -> bool:
    """Whether a node is seen to be whole numbers."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found.value, float) and not found.value.is_integer():
            return False
        if found.op in _WHOLE_OF_WHOLE:
            waiting.extend(found.args)
        elif found.op not in _WHOLE:
            return False
    return True


def integer(maker: Maker, item: Item, span: Span | None = None) -> Node:
    """An item as whole numbers, or as a mask where it is a condition."""
    node = item if isinstance(item, Node) else maker.number(item, span)
    if maker.is_condition(node) or is_whole(node):
        return node
    return maker.builder.node("integer", node, span=span or node.span)


def paired(builder: Builder, *nodes: Node) -> Node | None:
    """Several nodes as one operand; None for none."""
    chain: Node | None = None
    for node in nodes:
        chain = node if chain is None else builder.node("pair", chain, node)
    return chain


def operands_of(node: Node) -> Sequence[Node]:
    """The operands of a node, those that stand as pairs one by one."""
    for arg in node.args:
        if arg.op == "pair":
            return [part for arg in node.args for part in unpaired(arg)]
    return node.args


def unpaired(node: Node) -> tuple[Node, ...]:
    """The nodes that an operand stands for."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part.op == "pair":
            waiting.extend(reversed(part.args))
        else:
            found.append(part)
    return tuple(found)
