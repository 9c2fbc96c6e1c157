"""Rules that hold for vectors, or where operands have one shape or as many axes: where they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.template import Wild
from symgrad.rewriting.matching import match
from symgrad.rewriting.rulebook import parse_rules
from symgrad.rewriting.rules import Bindings, Rule, built
from symgrad.shapes import Inference
from symgrad.shaping.misfit import Shape


def where_alike(graph: Graph, found: Inference, section: str) -> Graph:
    """The graph with the rules of a section that asks for shapes, once at each operation."""
    of_root = _by_root(section, frozenset([node.op for node in graph.nodes]))
    if not of_root:
        return graph
    matching = {
        node: there
        for node in graph.nodes
        if node.op in of_root
        if (there := [rule for rule in of_root[node.op] if _may_match(rule, node)])
    }
    if not matching:
        return graph
    fits = _FIT[section]

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        for rule in matching.get(node, ()):
            bound = match(rule, node)
            if bound is not None and fits(rule, bound, found):
                return built(rule, {**bound, **_made(bound, made)}, build, node)
        return None

    for node in graph.nodes:
        found.visit(node)
    return rebuilt(graph, replace, nodes=matching)


@lru_cache(maxsize=256)
def _by_root(section: str, ops: frozenset[str]) -> Mapping[str, Sequence[Rule]]:
    """The rules of a section for a graph of these operations: most graphs have none."""
    of_root: dict[str, list[Rule]] = {}
    for rule in parse_rules((section,), ops):
        of_root.setdefault(rule.root.op, []).append(rule)
    return of_root


def _may_match(rule: Rule, node: Node) -> bool:
    """Whether what stands below a node can be a pattern's: most graphs hold none of it."""
    wanted = [arg.op for arg in rule.root.args if arg.op not in ("input", "constant")]
    below = [arg.op for arg in node.args]
    return all(op in below for op in wanted) and match(rule, node) is not None


def _made(bound: Bindings, made: Mapping[Node, Node]) -> Bindings:
    """What the names stand for in the graph that is being built."""
    return {name: made[node] for name, node in bound.items() if isinstance(node, Node)}


def _of_one_shape(rule: Rule, bound: Bindings, found: Inference) -> bool:
    """Whether all that is not guarded to be a number has one shape, and it is known."""
    shapes = _shapes(rule, bound, found)
    return (
        shapes[0] is not None and None not in shapes[0] and shapes.count(shapes[0]) == len(shapes)
    )


def _of_one_axis(rule: Rule, bound: Bindings, found: Inference) -> bool:
    """Whether all that is not guarded to be a number is a vector."""
    return all(shape is not None and len(shape) == 1 for shape in _shapes(rule, bound, found))


def _shapes(rule: Rule, bound: Bindings, found: Inference) -> list[Shape | None]:
    """The shapes of all that is not guarded to be a number."""
    return [
        found.shapes.get(node)
        for name, node in bound.items()
        if isinstance(node, Node) and name not in rule.predicates
    ]


def _meets_one_axis(rule: Rule, bound: Bindings, found: Inference) -> bool:
    """Whether an axis is the same one in all that is reduced along it.

    Counted from the end it is, as that is how operands are lined up; else where all of them have
    as many axes.
    """
    axis = bound["axis"].value
    if axis is None or all(a < 0 for a in (axis if isinstance(axis, tuple) else (axis,))):
        return True
    below: dict[Node, frozenset[Node]] = {}
    ranks = set()
    for node in rule.pattern.nodes:
        named = [below[arg] for arg in node.args]
        below[node] = frozenset([node]) if node.op == "input" else frozenset().union(*named)
        if any(isinstance(value, Wild) for value in node.attributes):
            shapes = [found.shapes.get(bound[str(name.value)]) for name in below[node]]
            ranks.add(None if None in shapes else max(len(shape or ()) for shape in shapes))
    return len(ranks) == 1 and None not in ranks


def _is_of_one_order(rule: Rule, bound: Bindings, found: Inference) -> bool:
    """Whether z is a number; where weights are summed up, too, they have the shape of the rest."""
    others = [found.shapes.get(node) for name, node in bound.items() if name in "wx"]
    is_reduced = any(node.op in ("sum", "mean") for node in rule.pattern.nodes)
    return not is_reduced or (found.shapes.get(bound["z"]) == () and len(set(others)) == 1)


_FIT: Mapping[str, Callable[[Rule, Bindings, Inference], bool]] = {
    "vectors": _of_one_axis,
    "level": _meets_one_axis,
    "alike": _of_one_shape,
    "orders": _is_of_one_order,
}
"""By section, what must hold of what the names of a rule stand for."""

ASKING_FOR_SHAPES = tuple(_FIT)
"""The sections that hold under such a condition, in the order in which they are applied."""
