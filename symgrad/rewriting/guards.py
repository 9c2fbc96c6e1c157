"""Masks reach what enters products: a number that is masked away later has no part in them.

`keep(c, X @ w)` has the derivative `X.T @ keep(c, g)` by w, in which a nan in a row of X that c
drops meets a zero. So the rows are dropped before, as in `keep(c, keep(c[:, None], X) @ w)`: the
value is the same, and so are all derivatives, to any order. It is the double where by which people
guard a function, done for whole arrays.

A node is needed where some use needs it: masks are carried from the results towards the inputs,
and moved as a cotangent moves. What stands in a condition is needed everywhere; but where the
condition only asks whether it is finite, as in `where(isfinite(X @ w), X @ w, 0)`, it is computed
apart, with nothing masked.

A matrix that is dropped after it was inverted or decomposed might be singular, which is an error:
one that is not takes its place, in values without derivatives, too.
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
_MOVES = (MAPS - {"sum", "mean", "squeeze", "expand_dims"}) | _LINED_UP | {"pad", "tile", "_repeat"}
_AXES_ONLY = _LINED_UP | frozenset(
    "_transpose matrix_transpose permute_dims swapaxes moveaxis".split()
)
"""Moves of axes, whatever sizes these have."""
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
        self._felt = Tape(graph, wrt, table, text, None).active
        self.tape = Tape(graph, tuple(graph.inputs()), table, text, found)
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
                    kept = self.build.node("keep", condition, arg, span=arg.span)
                    if position == 0 and node.op in _ORDINARY:
                        dropped = self.build.node("logical_not", condition)
                        other = self.build.node("keep", dropped, _ORDINARY[node.op](self, arg))
                        kept = self.build.node("add", kept, other, span=arg.span)
                    args[position] = kept
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
        if node.op == "index" and len(node.args) > 1:
            return []
        if node.op in _MOVES | {"index", "squeeze", "expand_dims"} and self.shape(need[0]) == ():
            return [(need[0], operand) for operand in node.args]
        if node.op in _MOVES:
            whole = node.op not in _AXES_ONLY
            terms = self.tape.terms(node, self.settled(node, need, moved=True, whole=whole))
        elif node.op in _ENTERING:
            terms = list(_ENTERING[node.op](self, node, need))
        else:
            return []
        found: list[Need] = []
        for position, (operand, held) in enumerate(zip(node.args, terms, strict=False)):
            found.append(None if held is None else (self._condition(held), operand))
            harms = node.op in _ORDINARY or (node.op in _GUARDED and node in self._felt)
            if held is not None and harms:
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

    def settled(
        self, node: Node, need: tuple[Node, Node], moved: bool = False, whole: bool = False
    ) -> Node:
        """A need as a number with the axes of its node; any but 0 where it is only moved.

        An axis may have size 1 instead, unless the whole shape is asked for.
        """
        condition, root = need
        held = self.build.node("indicator", condition)
        if moved and condition.op == "not_equal" and condition.args[1].value == 0:
            held = condition.args[0]
        have, shape = self.shape(held), self.shape(node)
        if have is not None and shape is not None:
            if len(have) == len(shape) and have and shape == self.shape(root):
                return held
            aligned = zip(reversed(have), reversed(shape), strict=False)
            if not whole and len(have) <= len(shape) and all(s in (1, t) for s, t in aligned):
                # Not broadcast: that would look at what is to be masked.
                new = tuple(range(len(shape) - len(have)))
                return self.build.node("expand_dims", held, value=(new,)) if new else held
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

    def within(self, held: Node, operand: Node, always: bool = False) -> Node | None:
        """What is not 0 where some of it is that meets an element.

        None where that is all of it, unless it is `always` asked for.
        """
        have, shape = self.shape(held), self.shape(operand)
        if have is None or shape is None:
            return held
        extra = len(have) - len(shape)
        gone = tuple(
            axis
            for axis, size in enumerate(have)
            if size != 1 and (axis < extra or shape[axis - extra] == 1)
        )
        if not always and all(size == 1 or axis in gone for axis, size in enumerate(have)):
            return None
        held = self.build.node("sum", held, value=(gone, True)) if gone else held
        new = tuple(range(extra))
        return self.build.node("squeeze", held, value=(new,)) if new else held

    def _condition(self, held: Node) -> Node:
        if held.op == "indicator":
            return held.args[0]
        return self.build.node("not_equal", held, self.build.constant(0.0))


def _of_product(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    """Rows of the first factor, and columns of the second one; not where all are one."""
    held = guards.settled(node, need)
    return tuple(
        guards.within(guards.along(held, axis), operand)
        for operand, axis in zip(node.args, (-1, -2), strict=True)
    )


def _of_solution(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    """Whole matrices, and columns of the right sides: each has a solution of its own."""
    held = guards.settled(node, need)
    columns = guards.along(held, -2)
    matrices = guards.within(guards.along(columns, -1), node.args[0], always=True)
    return matrices, guards.within(columns, node.args[1])


def _of_matrices(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    """Those of which something is needed; `_LOST` axes are no longer there."""
    held = guards.settled(node, need)
    lost = _LOST.get(node.op, ())
    left = tuple({-2, -1} - {*lost}) if len(lost) < 2 else ()
    some = guards.along(held, left if len(left) > 1 else -1) if left else held
    return (guards.build.node("expand_dims", some, value=(lost,)) if lost else some,)


def _of_axes(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    """Axes of size 1 that go, or come: the same ones come, or go."""
    (axis,) = node.attributes
    if axis is None:
        return tuple(guards.tape.terms(node, guards.settled(node, need, moved=True, whole=True)))
    back = "squeeze" if node.op == "expand_dims" else "expand_dims"
    held = guards.settled(node, need, moved=True)
    return (guards.build.node(back, held, value=(axis,)),)


def _of_index(guards: _Guards, node: Node, need: tuple[Node, Node]) -> tuple[Node | None, ...]:
    """What was taken; all along an axis of which one element was, where that is all that is."""
    parts = node.attributes
    taken = tuple(axis for axis, part in enumerate(parts) if isinstance(part, int))
    plain = len(parts) == len(taken) + parts.count(_ALL)
    held = guards.settled(node, need, moved=True, whole=not plain)
    if plain and taken and guards.shape(held) != guards.shape(node):
        return (guards.build.node("expand_dims", held, value=(taken,)),)
    return tuple(guards.tape.terms(node, held))


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


def _identity(guards: _Guards, like: Node) -> Node:
    size = guards.build.node("size", like, value=(-1,))
    return guards.build.node("eye", size, value=((HOLE,), None, 0))


def _triangle(guards: _Guards, like: Node) -> Node:
    """For any shape; of full rank where the columns are no more than the rows."""
    ones = guards.build.node("broadcast", guards.build.constant(1.0), like)
    return guards.build.node("tril", ones, value=(0,))


_LOST: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys("det logdet _slogdet_sign _slogdet_log".split(), (-2, -1)),
    **dict.fromkeys("_eigenvalues svdvals".split(), (-1,)),
}
_ORDINARY: Mapping[str, Callable[[_Guards, Node], Node]] = {
    **dict.fromkeys(
        """det logdet _slogdet_sign _slogdet_log inv _solve _cholesky _eigenvalues
        _eigenvectors_of""".split(),
        _identity,
    ),
    **dict.fromkeys("svdvals _qr_q _qr_r pinv".split(), _triangle),
}
"""Operations on whole matrices, and what takes the place of one that is dropped."""

_COUNTS = frozenset("argmin argmax _count size ndim _equal_parts".split())
_ENTERING: Mapping[str, Callable[..., tuple[Node | None, ...]]] = {
    **dict.fromkeys(_ORDINARY, _of_matrices),
    "_mm": _of_product,
    "_solve": _of_solution,
    "_einsum": _of_contraction,
    **dict.fromkeys(("squeeze", "expand_dims"), _of_axes),
    "index": _of_index,
    **dict.fromkeys(
        """softmax log_softmax normalize _shares _deviation _cumprod _cumsum
        _cumlogsumexp take_along_axis""".split(),
        _of_rows,
    ),
    **dict.fromkeys(REDUCTIONS - _COUNTS, _of_reduction),
}
"""By operation on whole arrays: for each operand, what is not 0 where it is needed."""

_GUARDED = frozenset(_ENTERING) - frozenset(
    "sum mean squeeze expand_dims index _deviation _cumsum take_along_axis".split()
)
"""Those that are not linear, and products, whose adjoints look at what entered."""
