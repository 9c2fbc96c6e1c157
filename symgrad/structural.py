"""The adjoints that the formula language cannot say: those of the structural operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symgrad.graph import Builder, Node

# Each takes a cotangent in the very shape of its node, and gives terms in those of the operands.
Adjoint = Callable[[Builder, Node, Node], tuple[Node | None, ...]]


def _index(build: Builder, node: Node, g: Node) -> tuple[Node | None, ...]:
    return (build.node("place", g, node.args[0], value=node.value),)


def _place(build: Builder, node: Node, g: Node) -> tuple[Node | None, ...]:
    return build.node("index", g, value=node.value), None


def _broadcast(build: Builder, node: Node, g: Node) -> tuple[Node | None, ...]:
    return build.node("unbroadcast", g, node.args[0]), None


def _unbroadcast(build: Builder, node: Node, g: Node) -> tuple[Node | None, ...]:
    return build.node("broadcast", g, node.args[0]), None


def _copy(build: Builder, node: Node, g: Node) -> tuple[Node | None, ...]:
    return (g,)


ADJOINTS: Mapping[str, Adjoint] = {
    "index": _index,
    "place": _place,
    "broadcast": _broadcast,
    "unbroadcast": _unbroadcast,
    "copy": _copy,
}
