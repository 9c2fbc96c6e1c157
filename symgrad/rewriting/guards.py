"""Masks reach what enters products: a number that is masked away later has no part in them.

`keep(c, X @ w)` has the derivative `X.T @ keep(c, g)` by w, in which a nan in a row of X that c
drops meets a zero. So the rows are dropped before, as in `keep(c, keep(c[:, None], X) @ w)`: the
value is the same, and so are all derivatives, to any order. It is the double where by which people
guard a function, done for whole arrays.

A node is needed where some use needs it: masks are carried from the results towards the inputs,
and moved as a cotangent moves. What stands in a condition is needed everywhere; but where the
condition only asks whether it is finite, as in `where(isfinite(X @ w), X @ w, 0)`, it is computed
apart, with nothing masked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

from symgrad.differentiation.structural import MAPS
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node, complementary
from symgrad.language.contraction import DOTS, parted
from symgrad.language.template import HOLE, Slice
from symgrad.reverse import Tape
from symgrad.shapes import CONDITIONS, Inference
from symgrad.shaping.leaves import REDUCTIONS, is_elementwise
from symgrad.shaping.misfit import Shape, axes_of

Need = tuple[Node, Node] | None
"""Where a node is needed: a condition, and the node to whose shape it broadcasts; or everywhere."""

_LINED_UP = frozenset("_rerow _unrow _recolumn _uncolumn".split())
_MOVES = (MAPS - {"sum", "mean"}) | _LINED_UP | {"pad", "tile", "_repeat"}
_ASKING = frozenset("isnan isinf isfinite".split())
_ALL = Slice(None, None, None)
_OF_SHAPE = frozenset(("broadcast", "unbroadcast", "_reshape_like")) | _LINED_UP
"""Operations that look at the shape alone of their second operand."""


def guard(
    graph: Graph,
    wrt: Sequence[str],
    table: FunctionTable,
    text: str = "",
    found: Inference | None = None,
) -> Graph:
    """The graph with masks around what enters products and other operations on whole arrays."""
    ops = {node.op for node in graph.nodes}
    if ops.isdisjoint(("keep", "index")) or ops.isdisjoint(_GUARDED):
        return graph
    return _Guards(graph, wrt, table, text, found).graph()


class _Guards:
    """The needs of all nodes."""

    def __init__(
        self,
        graph: Graph,
        wrt: Sequence[str],
        table: FunctionTable,
        text: str,
        found: Inference | None,
    ) -> None:
        self.source = graph
        self.tape = Tape(graph, wrt, table, text, found)
        self.build = self.tape.build
        self._found = found
        self._visited = len(self.build.nodes)
        self._needs: dict[Node, Need] = dict.fromkeys(graph.outputs)
        self._entering: dict[tuple[Node, int], Node] = {}

    def graph(self) -> Graph:
        """The graph, made again with its masks."""
        for node in reversed(self.source.nodes):
            if node in self._needs and node.op not in _ASKING:
                self.build.place = node.span
                needs = self._of_operands(node, self._needs[node])
                for position, (operand, need) in enumerate(zip_longest(node.args, needs)):
                    if position == 0 or node.op not in _OF_SHAPE:
                        self._offer(operand, need)
        made: dict[Node, Node] = {}
        for node in self.source.nodes:
            args = [made[arg] if node.op not in _ASKING else arg for arg in node.args]
            for position, arg in enumerate(args):
                condition = self._entering.get((node, position))
                if condition is not None:
                    args[position] = self.build.node("keep", condition, arg, span=arg.span)
            unchanged = all(a is b for a, b in zip(args, node.args, strict=True))
            again = self.build.node(node.op, *args, value=node.value, span=node.span)
            made[node] = node if unchanged else again
        labels = {made[node]: name for node, name in self.source.labels.items()}
        return self.build.graph([made[node] for node in self.source.outputs], labels)

    def _offer(self, node: Node, need: Need) -> None:
        """One more use."""
        if node not in self._needs:
            self._needs[node] = need
            return
        before = self._needs[node]
        if before is None or need is None or complementary(before[0], need[0]):
            self._needs[node] = None
        elif before != need:
            p, q = (self._condition(self.settled(node, n)) for n in (before, need))
            self._needs[node] = (self.build.node("logical_or", p, q), node)

    def _of_operands(self, node: Node, need: Need) -> list[Need]:
        """Where operands are needed; those that are left out are needed everywhere."""
        if node.op == "keep":
            condition = node.args[0]
            if need is None:
                return [None, (condition, node)]
            return [None, (self.build.node("logical_and", condition, need[0]), need[1])]
        if node.op == "index" and need is None:
            return [self._picked(node)]
        if need is None or node not in self.tape.active:
            return []
        if is_elementwise(node.op):
            return [need] * len(node.args)
        if node.op in _MOVES or (node.op == "index" and len(node.args) == 1):
            terms = self.tape.terms(node, self.settled(node, need, moved=True))
        elif node.op in _ENTERING:
            terms = list(_ENTERING[node.op](self, node, need))
        else:
            return []
        found: list[Need] = []
        for position, (operand, held) in enumerate(zip(node.args, terms, strict=False)):
            found.append(None if held is None else (self._condition(held), operand))
            if held is not None and node.op in _GUARDED:
                self._entering[node, position] = self._condition(held)
        return found

    def _picked(self, node: Node) -> Need:
        """Where an index by a mask finds elements, if it is known to be one."""
        x, shape = node.args[0], self.shape(node.args[0])
        parts = tuple(part for part in node.attributes if part != _ALL)
        if shape is None or self._found is None or parts != (HOLE,) or len(node.args) != 2:
            return None
        mask = node.args[1]
        picks = self.shape(mask)
        if picks is None or not self._found.is_mask(mask):
            return None
        if mask.op == "integer":
            mask = mask.args[0]
        if mask.op in CONDITIONS:
            mask = self.build.node("indicator", mask)
        after = len(shape) - len(picks) - node.attributes.index(HOLE)
        new = tuple(range(-after, 0))
        held = self.build.node("expand_dims", mask, value=(new,)) if new else mask
        return self._condition(held), x

    def settled(self, node: Node, need: tuple[Node, Node], moved: bool = False) -> Node:
        """A need as a number with the axes of its node; any but 0 where it is only moved."""
        condition, root = need
        held = self.build.node("indicator", condition)
        if moved and condition.op == "not_equal" and condition.args[1].value == 0:
            held = condition.args[0]
        have, shape = self.shape(held), self.shape(node)
        if have and shape and len(have) == len(shape) and shape == self.shape(root):
            return held
        return self.tape.settle(node, self.build.node("indicator", condition), root)

    def shape(self, node: Node) -> Shape | None:
        """The shape of a node, as far as it is known."""
        if self._found is None:
            return None
        for made in self.build.nodes[self._visited :]:
            if made not in self._found.shapes:
                self._found.visit(made)
        self._visited = len(self.build.nodes)
        return self._found.shapes.get(node)

    def along(self, held: Node, axis: int | tuple[int, ...] | None) -> Node:
        """What is not 0 if something along an axis is not."""
        shape = self.shape(held)
        if shape is not None and {shape[a] for a in axes_of(axis, len(shape))} <= {1}:
            return held
        return self.build.node("sum", held, value=(axis, True))

    def _condition(self, held: Node) -> Node:
        if held.op == "indicator":
            return held.args[0]
        return self.build.node("not_equal", held, self.build.constant(0.0))


def _of_product(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    """Rows of the first factor, and columns of the second one; not where all are one."""
    held = guards.settled(node, need)
    shape = guards.shape(held)
    rows, columns = (None, None) if shape is None else shape[-2:]
    first = None if rows == 1 else guards.along(held, -1)
    return first, None if columns == 1 else guards.along(held, -2)


def _of_solution(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    """Columns of the right sides: each has a solution of its own."""
    return None, _of_product(guards, node, need)[1]


def _of_rows(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    return (guards.along(guards.settled(node, need), node.attributes[0]),)


def _of_reduction(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    held = guards.settled(node, need)
    axis = node.attributes[0]
    if axis is not None and node.attributes[-1] is not True:
        held = guards.build.node("expand_dims", held, value=(axis,))
    return (held,)


def _without_dots(terms: list[str], shapes: Sequence[Shape | None]) -> list[str]:
    """Subscripts with a label for each axis that the dots stand for, where none broadcasts."""
    spans = [
        () if DOTS not in term or shape is None else _spanned(term, shape)
        for term, shape in zip(terms, shapes, strict=False)
    ]
    dotted = [span for term, span in zip(terms, spans, strict=False) if DOTS in term]
    if any(span != dotted[0] for span in dotted):
        return terms
    labels = "".join(chr(ord("α") + place) for place in range(len(dotted[0])))
    return [term.replace(DOTS, labels) for term in terms]


def _spanned(term: str, shape: Shape) -> Shape:
    start = term.index(DOTS)
    return shape[start : len(shape) - (len(term) - start - 1)]


def _of_contraction(
    guards: _Guards, node: Node, need: tuple[Node, Node]
) -> tuple[Node | None, ...]:
    """What of each factor meets something that is needed: labels of the other one are summed."""
    terms = parted(node.attributes[0])
    if any(DOTS in term for term in terms):
        terms = _without_dots(terms, [guards.shape(arg) for arg in node.args])
    left, right, out = terms
    if DOTS in out + left + right or len({*out}) < len(out):
        return None, None
    held = guards.settled(node, need)
    found: list[Node | None] = []
    for labels in (left, right):
        gone = tuple(place for place, label in enumerate(out) if label not in labels)
        some = guards.build.node("sum", held, value=(gone, False)) if gone else held
        order = [label for label in out if label in labels]
        turned = tuple(order.index(label) for label in labels if label in order)
        if turned != tuple(range(len(turned))):
            some = guards.build.node("permute_dims", some, value=(turned,))
        new = tuple(place for place, label in enumerate(labels) if label not in order)
        found.append(guards.build.node("expand_dims", some, value=(new,)) if new else some)
    return tuple(found)


_COUNTS = frozenset("argmin argmax _count size ndim _equal_parts".split())
_ENTERING: Mapping[str, Callable[..., tuple[Node | None, ...]]] = {
    "_mm": _of_product,
    "_solve": _of_solution,
    "_einsum": _of_contraction,
    "softmax": _of_rows,
    "log_softmax": _of_rows,
    "normalize": _of_rows,
    "_shares": _of_rows,
    "_cumprod": _of_rows,
    "_cumsum": _of_rows,
    "take_along_axis": _of_rows,
    **dict.fromkeys(REDUCTIONS - _COUNTS, _of_reduction),
}
"""By operation on whole arrays: for each operand, what is not 0 where it is needed."""

_GUARDED = frozenset(_ENTERING) - {"sum", "mean", "_cumsum", "take_along_axis"}
"""Those that are not linear, and products, whose adjoints look at what entered."""
