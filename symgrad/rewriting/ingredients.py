"""What something is made of: the nodes below it, and how they stand by themselves."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.graph import Builder, Node

_MOST_NODES = 16


def take_all(build: Builder, under: Mapping[Node, None]) -> None:
    """Take nodes and what they are made of, operands first."""
    placed: set[Node] = set()
    while len(placed) < len(under):
        for node in under:
            if node not in placed and placed.issuperset(node.args):
                placed.add(build.take(node))


def made_of(node: Node) -> dict[Node, None]:
    """What something is made of, itself included; nothing where that is much."""
    seen = {node: None}
    waiting = [node]
    while waiting:
        for arg in waiting.pop().args:
            if arg not in seen:
                seen[arg] = None
                waiting.append(arg)
        if len(seen) > _MOST_NODES:
            return {}
    return seen
