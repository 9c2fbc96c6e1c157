"""Elements are picked before they are computed with, where nothing else needs the others.

`log(x)[k]` becomes `log(x[k])`: the same numbers, fewer of them, and what is left out takes no part
in the derivative, where it could be infinite times 0. The logarithm of a share of a total is picked
last: `log(softmax(x)[k])` becomes `log(softmax(x))[k]`, which is known not to underflow.
"""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.labels import is_own
from symgrad.language.template import Slice
from symgrad.shapes import Inference
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.misfit import Shape

_PICKS = frozenset(("index", "take_along_axis"))


def _is_share(node: Node) -> bool:
    """Whether something computed is divided by its own sum, which is a form to be recognised."""
    above, below = node.args if node.op == "divide" else (node, node)
    shared = bool(above.args) and above in below.args and not is_elementwise(below.op)
    return shared or node.op == "softmax"


def _is_form(node: Node) -> bool:
    """Whether it is recognised with what it is of: a share, a sum of exponentials or squares."""
    inner = node.args[0]
    if node.op == "log" and (_is_share(inner) or inner.op in ("_cumsum", "_cumprod")):
        return True
    if inner.op not in ("sum", "mean"):
        return False
    summed = inner.args[0]
    if node.op == "log":
        return any(each.op == "exp" for each in (summed, *summed.args))
    return node.op in ("sqrt", "power") and (
        (summed.op == "power" and summed.args[1].value == 2)
        or (summed.op == "multiply" and summed.args[0] is summed.args[1])
    )


def _picked_last(build: Builder, node: Node, pick: Node) -> Node | None:
    """A logarithm of what is picked of shares, as what is picked of their logarithms."""
    if pick.op not in _PICKS or not _is_share(node.args[0].args[0]):
        return None
    whole = build.node("log", pick.args[0], span=node.span)
    return build.node(pick.op, whole, *pick.args[1:], value=pick.value, span=pick.span)


def select_early(graph: Graph, found: Inference) -> Graph:
    """The graph with indices moved in front of elementwise operations that only they look at."""
    if not any(node.op in _PICKS for node in graph.nodes):
        return graph
    uses = graph.uses()
    uses.update(graph.outputs)
    labelled = {node for node, label in graph.labels.items() if is_own(label)}

    def passes(node: Node) -> list[bool] | None:
        """Which operands of an operation are to be picked from; None if it must stay in front."""
        alone = uses[node] == 1 and node not in labelled
        if not alone or not node.args or not is_elementwise(node.op) or _is_form(node):
            return None
        shape = found.shapes.get(node)
        if len(node.args) == 1:
            return [True]
        shapes = [() if arg.is_constant else found.shapes.get(arg) for arg in node.args]
        if shape is None or None in shape or any(s not in ((), shape) for s in shapes):
            return None
        if _is_share(node):
            return None
        return [s == shape for s in shapes]

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op == "log":
            return _picked_last(build, node, args[0])
        if node.op not in _PICKS or passes(node.args[0]) is None:
            return None
        rest = args[1:]
        # The operations in front of the index, from the last one on, and which operand goes on.
        chain: list[tuple[Node, int]] = []
        at = node.args[0]
        while (picked := passes(at)) is not None:
            chain.append((at, picked.index(True)))
            at = at.args[picked.index(True)]
        result = build.node(node.op, made[at], *rest, value=node.value, span=node.span)
        for step, place in reversed(chain):
            picked = passes(step) or []
            operands = [
                result
                if position == place
                else build.node(node.op, made[arg], *rest, value=node.value, span=node.span)
                if pick
                else made[arg]
                for position, (arg, pick) in enumerate(zip(step.args, picked, strict=True))
            ]
            result = build.node(step.op, *operands, value=step.value, span=step.span)
        return result

    return rebuilt(graph, replace)


def shares_among_the_others(graph: Graph, found: Inference) -> Graph:
    """The graph with the logarithm of a single share of a vector as what the others make of it.

    That of softmax(x)[0] is -softplus(logsumexp(x[1:]) - x[0]): where the share is 1 to rounding,
    its logarithm and its slope are what the others add up to. The largest of them is subtracted
    alone, so that a share of -inf is taken from that and leaves the others theirs.
    """

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op == "log_softmax" and single and 0 not in (found.shapes.get(node) or ()):
            return _of_one_row(build, node, args[0])
        pick, x = _logarithm(node)
        if pick is None or len(pick.args) > 1 or len(pick.attributes) != 1:
            return None
        (place,), shape = pick.attributes, found.shapes.get(x)
        if shape is None or len(shape) != 1 or shape[0] == 1 or not isinstance(place, int):
            return None
        sides = [Slice(None, place, None) if place else None]
        sides.append(Slice(place + 1, None, None) if place != -1 else None)
        parts = [build.node("index", made[x], value=(side,)) for side in sides if side is not None]
        others = parts[0] if len(parts) == 1 else build.node("concatenate", *parts, value=(0,))
        own = build.node("index", made[x], value=(place,), span=pick.span)
        largest = build.node("max", others, value=(None, False), span=node.span)
        rest = build.node("_lse_rest", others, value=(None, False), span=node.span)
        above = build.node("subtract", largest, own, span=node.span)
        excess = build.node("softplus", build.node("add", above, rest), span=node.span)
        return excess if node.op == "add" else build.node("negative", excess, span=node.span)

    if not any(node.op in ("log_softmax", "_lse_rest") for node in graph.nodes):
        return graph
    for node in graph.nodes:
        found.visit(node)
    single = all(_has_one_row(found.shapes.get(each)) for each in graph.inputs().values())
    changed = rebuilt(graph, replace)
    return _rests_first(changed)


def _rests_first(graph: Graph) -> Graph:
    """What the others of a single vector add up to stands first: its slope is added last.

    Of logsumexp(x) - sum(t * x) the slopes by the largest element are 1 and -t, which cancel where
    t is 1, before the small one is added.
    """
    rests = [node for node in graph.nodes if node.op == "_lse_rest"]
    early = set(rests)
    for node in reversed(graph.nodes):
        early.update(node.args if node in early else ())
    build = Builder()
    for chosen in (True, False):
        for node in graph.nodes:
            if (node in early) is chosen:
                build.take(node)
    return build.graph(graph.outputs) if rests else graph


def _of_one_row(build: Builder, node: Node, x: Node) -> Node:
    """All logarithms of shares of a single vector: the largest is what the others add up to.

    In many rows, what is lost there next to 1 is lost in their sum anyway. The rest stands first,
    so that its slope is added last, to what the larger ones leave.
    """
    of_rows = (*node.attributes, True)
    rest = build.node("_lse_rest", x, value=of_rows, span=node.span)
    largest = build.node("max", x, value=of_rows, span=node.span)
    above = build.node("subtract", x, largest, span=node.span)
    return build.node("subtract", above, rest, span=node.span)


def _has_one_row(shape: Shape | None) -> bool:
    return shape is not None and sum(size != 1 for size in shape) < 2


def _logarithm(node: Node) -> tuple[Node | None, Node]:
    """The index of a share and the vector, where a node is its logarithm, or the negative of it.

    That is log_softmax(x)[k], or what the rules make of x[k] - logsumexp(x).
    """
    first = node.args[0] if node.args else node
    if node.op == "index" and first.op == "log_softmax":
        return node, first.args[0]
    if node.op in ("add", "subtract") and first.op == "subtract" and node.args[1].op == "_lse_rest":
        top, pick = first.args if node.op == "add" else first.args[::-1]
        if top.op == "max" and pick.op == "index" and pick.args == top.args == node.args[1].args:
            return pick, top.args[0]
    return None, node
