"""What a piece of a formula may stand for besides a node: an attribute, a tuple, a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

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


_ARITHMETIC: Mapping[str, Callable[..., float]] = {
    "negative": lambda x: -x,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
}
"""What may be done with attributes in a rule."""


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
    if isinstance(item, Node) and item.op == "constant":
        value = item.value
        return plain_number(value) if type(value) is float else value
    if isinstance(item, Node) and item.op in _ARITHMETIC:
        values = [arg.value for arg in item.args if isinstance(arg.value, float)]
        if len(values) == len(item.args):
            return plain_number(_ARITHMETIC[item.op](*values))
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
