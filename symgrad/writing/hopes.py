"""Code for numbers that are all finite, and how to tell from its results whether they were.

What a softmax and a logsumexp subtract is the largest number of a row, or 0 where that is infinite
or nan. In the hope that it is finite the choice can be left out: where it is not, the difference
with the row's own largest number is nan. If that nan must reach a result, that result is finite
only if the hope was right, and then nothing has changed, to the last bit. Else all is computed
again, with the choice.
"""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.shapes import Inference
from symgrad.writing.sums import Shapes

_FIRST = frozenset(
    """negative exp expm1 log log1p sqrt tanh sin cos sum _log_total _evened expand_dims squeeze
    _transpose matrix_transpose permute_dims swapaxes _reshape copy cast broadcast
    unbroadcast""".split()
)
_BOTH = frozenset("add subtract multiply divide _weighed_log _mm _at matmul _vdot _einsum".split())
"""Operations whose result holds a nan where their first operand does, or one of both."""


def hopeful(graph: Graph, found: Inference) -> tuple[Graph, tuple[int, ...]]:
    """The graph without choices of what is finite, and which outputs tell whether that was right.

    Choices stay where nothing would tell.
    """
    kept: set[Node] = set()
    while True:
        hopes = _Hopes(graph, Shapes(found), kept)
        if not hopes.decided:
            return graph, ()
        changed = rebuilt(graph, hopes)
        places = {node: place for place, node in reversed(list(enumerate(changed.outputs)))}
        seeds = [node for node in changed.nodes if _is_below_largest(node)]
        witnesses = set()
        silent = set()
        for largest, new in hopes.largest.items():
            reached = _reached(changed, {node for node in seeds if node.args[1] is new})
            told = [place for node, place in places.items() if node in reached]
            witnesses.add(min(told, default=0))
            if not told:
                silent.add(largest)
        if not silent:
            return changed, tuple(sorted(witnesses))
        kept |= silent


class _Hopes:
    """Leaves out what is chosen by conditions that are decided where largest numbers are finite."""

    def __init__(self, graph: Graph, shapes: Shapes, kept: set[Node]) -> None:
        self._shapes = shapes
        self._absent: set[Node] = set()
        self.largest: dict[Node, Node] = {}
        self.decided = {
            node: True for node in graph.nodes if node.op == "isfinite" and node.args[0].op == "max"
        }
        peaks = {
            n for n in graph.nodes if n.op == "keep" and n.args == (n.args[0], *n.args[0].args)
        }
        peaks = {n for n in peaks if n.args[0] in self.decided and n.args[1] not in kept}
        self.decided = {node.args[0]: True for node in peaks}
        below = {
            node.args[0]: node
            for node in graph.nodes
            if node.op == "subtract"
            and node.args[1] in peaks
            and node.args[1].args[1].args[0] is node.args[0]
        }
        chosen = {node.args[1].args[0] for node in below.values()}
        self.decided = {node: True for node in self.decided if node in chosen}
        for node in graph.nodes:
            if node.op == "equal" and node.args[1].is_constant:
                total, number = node.args[0], node.args[1].value
                infinite = number == float("inf") and total in below
                if infinite or (number == 0.0 and _is_total(total, set(below.values()))):
                    self.decided[node] = False
            elif node.op == "logical_not" and node.args[0] in self.decided:
                self.decided[node] = not self.decided[node.args[0]]

    def __call__(
        self, build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op == "keep" and node.args[0] in self.decided:
            if not self.decided[node.args[0]]:
                self._absent.add(node)
            elif self._shapes(node) == self._shapes(node.args[1]):
                if node.args[1].op == "max":
                    self.largest[node.args[1]] = args[1]
                return args[1]
        elif node.op == "add":
            for absent, other, left in zip(node.args, node.args[::-1], args[::-1], strict=True):
                if absent in self._absent and self._shapes(other) == self._shapes(node):
                    return left
        return None


def _is_below_largest(node: Node) -> bool:
    """Whether it is a difference with the largest number of the same array."""
    return (
        node.op == "subtract" and node.args[1].op == "max" and node.args[1].args[0] is node.args[0]
    )


def _is_total(node: Node, below: set[Node]) -> bool:
    """Whether it is a sum of exponentials of which the largest is 1."""
    while node.op in ("expand_dims", "squeeze"):
        node = node.args[0]
    return node.op == "sum" and node.args[0].op == "exp" and node.args[0].args[0] in below


def _reached(graph: Graph, seeds: set[Node]) -> set[Node]:
    """All that is nan somewhere if the seeds are."""
    reached = set(seeds)
    for node in graph.nodes:
        read = node.args if node.op in _BOTH else node.args[:1] if node.op in _FIRST else ()
        if not reached.isdisjoint(read):
            reached.add(node)
    return reached
