"""Where rows lie that one loop keeps for another: in the memory of results that come later."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.graph import Node, ancestors
from symgrad.rewriting.finish import VIEWS
from symgrad.targets.blocked import IN_PLACE
from symgrad.writing.elements import DOUBLE, FLOAT
from symgrad.writing.loops import multiplies_matrices
from symgrad.writing.rows import Plan, Segment

_SHARING = VIEWS | {"pair", "join", "place"}


def homes(plan: Plan, types: Mapping[Node, str]) -> dict[Node, Node]:
    """For what has rows and is kept for later segments, a result in whose memory it may lie.

    That result is computed after its last use; or in the same loop, from all that uses it there, so
    that it is written afterwards, or over it element by element.
    """
    made = {node: at for at, part in enumerate(plan.segments) for node in part.results}
    used = {node: at for at, part in enumerate(plan.segments) for node in part.needs}
    alike = {
        node: (plan.labels(node), plan.rows[node])
        for node, at in made.items()
        if plan.segments[at].loops and node in plan.rows and types[node] in (FLOAT, DOUBLE)
    }
    outputs = [node for node in dict.fromkeys(plan.graph.outputs) if node in alike]
    turns = not multiplies_matrices(plan)
    found: dict[Node, Node] = {}
    for node, (labels, axis) in alike.items():
        shown = any(node in user.args and user.op in _SHARING for user in plan.graph.nodes)
        if node in outputs or node not in used or shown or (turns and axis < len(labels) - 1):
            continue
        for home in outputs:
            guests = [guest for guest, other in found.items() if other is home]
            apart = all(_follows(node, guest, made, used, plan) for guest in guests)
            free = _follows(home, node, made, used, plan)
            if alike[home] == (labels, axis) and free and apart:
                found[node] = home
                break
    return found


def _follows(
    later: Node, node: Node, made: Mapping[Node, int], used: Mapping[Node, int], plan: Plan
) -> bool:
    """Whether a result is computed after the last use of another one, or over it."""
    last = plan.segments[used[node]]
    return used[node] < made[later] or (later in last.results and _over(later, node, last))


def _over(home: Node, node: Node, segment: Segment) -> bool:
    """Whether a result is written after the last use of what a segment needs, or over it.

    A choice is not: what is chosen from may lie where the result goes before all of it is there.
    """
    below = ancestors(segment.nodes, [home])
    users = [user for user in segment.nodes if node in user.args]
    home = home.args[0] if home.op == "cast" else home
    choice = home.op == "add" and any(operand.op == "keep" for operand in home.args)
    in_place = home.op in IN_PLACE and not choice
    return segment.loops and in_place and below.issuperset(users)
