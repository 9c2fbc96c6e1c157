"""Graphs whose stopped parts are held: numbers that stay while the inputs are moved.

To a derivative, what `stop_gradient` wraps is a number, however it was computed. Differences of
values agree with that where it stays what it is at the point itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, part_of, rebuilt
from symgrad.running.evaluate import evaluator

_STOPPED = "stop_gradient"


@dataclass(frozen=True, slots=True)
class Held:
    """A graph with inputs in place of what is stopped, by `names`; `parts` gives their values."""

    graph: Graph
    names: tuple[str, ...]
    parts: Graph


def hold(graph: Graph) -> Held:
    """The graph with its stopped parts as further inputs.

    >>> from symgrad.api import function
    >>> print(hold(function("stop_gradient(x**2) * x").graph).graph)
    v1 = multiply(stopped 0, x)
    return v1
    """
    nodes = [node for node in graph.nodes if node.op == _STOPPED]
    names = {node: f"stopped {number}" for number, node in enumerate(nodes)}

    def as_input(build: Builder, node: Node, _: list[Node], made: Mapping[Node, Node]) -> Node:
        return build.node("input", value=names[node])

    replaced = rebuilt(graph, as_input, frozenset((_STOPPED,)))
    return Held(replaced, tuple(names.values()), part_of(graph.nodes, nodes, {}))


def held_function(
    graph: Graph, inputs: Mapping[str, Any], table: FunctionTable
) -> Callable[..., Any]:
    """The first output of a resolved graph, with its stopped parts as they are at some inputs."""
    held = hold(graph)
    parts = evaluator(held.parts, held.parts.outputs, list(inputs), table)(inputs)
    stopped = dict(zip(held.names, parts, strict=True))
    run = evaluator(held.graph, held.graph.outputs[:1], [*inputs, *held.names], table)
    return lambda **moved: run({**moved, **stopped})[0]
