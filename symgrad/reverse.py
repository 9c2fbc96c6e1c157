"""The reverse pass: a graph and its inputs to the graph of its derivatives.

Griewank and Walther, Evaluating Derivatives, SIAM 2008, chapter 3. Two things are done here once,
so that no rule needs to:

- Masks stay outermost. A cotangent `keep(c, g)` goes through a rule as `g`, and the mask is put
  around what comes out, so a partial that is infinite where the mask does not hold never meets a
  zero.
- Broadcasting is undone where it must be. A cotangent is an expression that broadcasts to the shape
  of the node it came from, its root, and is summed down where it reaches an input, or meets a
  cotangent from another root.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.differentiation.growth import Growth
from symgrad.differentiation.nonzero import always_holds
from symgrad.differentiation.structural import ADJOINTS, MAPS, PARTIALS, no_terms
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, complementary
from symgrad.language.labels import cotangent_of, is_cotangent, unnamed
from symgrad.rewriting.quotients import Quotients
from symgrad.rewriting.stated import term_of
from symgrad.shapes import Inference
from symgrad.shaping.leaves import LIKE_SECOND, REDUCTIONS, Leaves, is_elementwise

Cotangent = tuple[Node, Node]
"""A cotangent's expression, and the node to whose shape it broadcasts."""


def reverse(
    graph: Graph,
    wrt: Sequence[str],
    table: FunctionTable,
    text: str = "",
    found: Inference | None = None,
    exact: bool = False,
) -> Graph:
    """The value of a graph and its derivatives, in one graph that shares their operations.

    Its outputs are the value and then, for each name in `wrt`, the derivative of the value's sum,
    in the shape of the input. With `exact`, quotients are differentiated as they stand.

    Raises
    ------
    DerivativeError
        A function on the way has no derivative.
    """
    tape = Tape(graph, wrt, table, text, found, exact)
    return tape.results(tape.sweep())


_MOVES = MAPS - REDUCTIONS - {"squeeze"}
"""Operations that only move elements; a column that becomes a vector is told by its axis."""


class Tape:
    """What the pass needs to know of the graph, and the builder of what it adds to it."""

    def __init__(
        self,
        graph: Graph,
        wrt: Sequence[str],
        table: FunctionTable,
        text: str,
        found: Inference | None,
        exact: bool = False,
    ) -> None:
        self.graph = graph
        self.value = graph.outputs[0]
        self.wrt = wrt
        self.table = table
        self.text = text
        self.build = Builder()
        for node in graph.nodes:
            self.build.take(node)
        self.one = self.build.constant(1.0)
        self.inputs = graph.inputs()
        self.active = active = {self.inputs[name] for name in wrt if name in self.inputs}
        passing: dict[tuple[str, int], bool] = {}
        for node in graph.nodes:
            for place, arg in enumerate(node.args):
                if arg in active:
                    passes = passing.get((node.op, place))
                    if passes is None:
                        passes = passing[node.op, place] = self.passes(node, place)
                    if passes:
                        active.add(node)
                        break
        self.labels = self._labelled()
        self._cotangents: dict[Node, str] = {}
        self.mixing: Node | None = None
        """Where the elements of the inputs meet first, if they do on a way to the value."""
        self._leaves = Leaves(self.build.nodes)
        self._quotients = None if exact else Quotients(graph.nodes, self.active)
        self._growth = Growth(() if exact else graph.nodes)
        self._found = found
        if found is not None:
            for node in graph.nodes:
                found.visit(node)

    def passes(self, node: Node, position: int) -> bool:
        """Whether a change of an operand is one of the result, as far as derivatives tell."""
        if position and node.op in LIKE_SECOND:
            return False
        if node.op in ADJOINTS:
            return ADJOINTS[node.op] is not no_terms
        function = self.table.find(node.op)
        if function is None or position >= len(function.operands):
            return False
        return not function.derivative_is(position, "0")

    def _labelled(self) -> dict[Node, str]:
        """The graph's labels, after those of values on the way that have none."""
        on_the_way = (node for node in self.graph.nodes if node.args and node in self.active)
        labels = dict(zip(on_the_way, unnamed(self.graph.labels.values()), strict=False))
        for node, label in self.graph.labels.items():
            labels.pop(node, None)
            labels[node] = label
        return labels

    def _all_labels(self) -> dict[Node, str]:
        """With cotangents: a value of the formula keeps its own label where it serves as one."""
        return {**self._cotangents, **self.labels}

    def sweep(self) -> dict[Node, Cotangent]:
        """From the value back to the inputs: the cotangents of those that got one."""
        cotangents: dict[Node, Cotangent] = {self.value: (self.one, self.value)}
        for node in reversed(self.graph.nodes):
            if node in cotangents and node.args:
                cotangent, root = cotangents.pop(node)
                terms = self.pull_back(node, cotangent, root)
                if terms and not is_elementwise(node.op):
                    self.mixing = node
                for operand, term, term_root in terms:
                    if operand in cotangents:
                        before = cotangents[operand]
                        cotangents[operand] = self.add(operand, before, (term, term_root))
                    else:
                        cotangents[operand] = (term, term_root)
        return cotangents

    def pull_back(self, node: Node, cotangent: Node, root: Node) -> list[tuple[Node, Node, Node]]:
        """For each active operand: the operand, its term of the cotangent, and the term's root."""
        self.build.place = node.span
        label = self.labels.get(node)
        if label is not None and cotangent.args and not is_cotangent(label):
            self._cotangents.setdefault(cotangent, cotangent_of(label))
        mask, inner = unmask(cotangent)
        if node.op == "broadcast" and mask is not None:
            return [(node.args[0], cotangent, root)] if node.args[0] in self.active else []
        if not is_elementwise(node.op):
            return self._pull_back_whole(node, cotangent, root)
        if node.op == "divide" and self._quotients is not None:
            together = self._quotients.partials(self.build, node)
            if together:
                flat = self._growth.mask(self.build, node, 1)
                terms = [(a, keep(self.build, flat, self._product(inner, p))) for a, p in together]
                return [(a, keep(self.build, mask, term), root) for a, term in terms]
        found = []
        for position, operand in enumerate(node.args):
            if operand in self.active:
                term = self._term(node, position, inner)
                if term is not None:
                    term = keep(self.build, self._growth.mask(self.build, node, position), term)
                    held = self._growth.past(mask, node, operand)
                    found.append((operand, keep(self.build, held, term), root))
        return found

    def _pull_back_whole(
        self, node: Node, cotangent: Node, root: Node
    ) -> list[tuple[Node, Node, Node]]:
        """The same for operations on whole arrays: cotangent and terms have the shapes of nodes."""
        leaves = self._leaves
        moves = node.op in MAPS or _takes_none_twice(node)
        is_map = moves and self._same_shape(node, root)
        mask, inner = unmask(cotangent) if is_map else (None, cotangent)
        if mask is None and node.op in REDUCTIONS and self._same_shape(node, root):
            mask, inner = unmask(cotangent)
        if node.op in _MOVES and is_map and inner.is_constant and mask is None:
            # One number for all stays that, wherever the elements go.
            return [
                (operand, inner, operand)
                for position, operand in enumerate(node.args)
                if operand in self.active and self.passes(node, position)
            ]
        one_mask = mask is None or leaves[mask] == 0
        if node.op in ("sum", "mean") and is_map and one_mask and leaves[inner] == 0:
            # One number for all: it broadcasts as it is, as if the axes had been kept.
            g, node = inner, Node(node.op, node.args, (node.attributes[0], True))
        else:
            g = self.settle(node, inner, root)
        terms = self.terms(node, g)
        if mask is not None:
            holding: list[Node | None] = [mask] * len(terms)
            if not one_mask:
                number = self.settle(node, self.build.node("indicator", mask), root)
                holding = [self._condition(moved) for moved in self._moved(node, number)]
            terms = [
                t if t is None else keep(self.build, held, t)
                for t, held in zip(terms, holding, strict=True)
            ]
        found = []
        for operand, term in zip(node.args, terms, strict=False):
            if operand in self.active and term is not None:
                if term is not cotangent:
                    self._leaves.assign(term, None if node.op in ("sum", "mean") else operand)
                found.append((operand, term, operand))
        return found

    def terms(self, node: Node, g: Node) -> list[Node | None]:
        """What the adjoint of an operation on whole arrays makes of a cotangent in its shape."""
        structural = ADJOINTS.get(node.op)
        if structural is not None:
            return list(structural(self.build, node, g))
        operands = self.table[node.op].operands
        return [
            self._term(node, position, g) if operand in self.active else None
            for position, operand in enumerate(node.args[: len(operands)])
        ]

    def _moved(self, node: Node, held: Node) -> list[Node | None]:
        """A mask as a number, moved to where the cotangent of each operand goes."""
        if node.op not in REDUCTIONS or node.op in MAPS:
            return self.terms(node, held)
        axis = node.attributes[0]
        kept = axis is None or node.attributes[-1] is True
        spread = held if kept else self.build.node("expand_dims", held, value=(axis,))
        return [spread, *[held] * (len(node.args) - 1)]

    def _condition(self, mask: Node | None) -> Node | None:
        """Where a mask that was moved as a number holds."""
        if mask is None:
            return None
        return self.build.node("not_equal", mask, self.build.constant(0.0))

    def _term(self, node: Node, position: int, g: Node) -> Node | None:
        """The rule of an operation for one operand, at a cotangent without a mask."""
        if node.op in PARTIALS:
            return self._product(g, PARTIALS[node.op](self.build, node))
        stated = term_of(node, position, self.table, self.text)
        if stated is None:
            return None
        given = (*node.args, node, g)
        made = [given[place] for place in stated.places]
        intern = self.build.intern
        for op, places, value in stated.plan.steps:
            made.append(intern(op, tuple([made[place] for place in places]), value, node.span))
        term = made[stated.plan.last]
        if term.op == "keep" and always_holds(term.args[0]):
            term = term.args[1]
        if stated.is_whole:
            return term
        mask, partial = unmask(term)
        return keep(self.build, mask, self._product(g, partial))

    def _product(self, g: Node, partial: Node) -> Node:
        return partial if g is self.one else self.build.node("multiply", g, partial)

    def add(self, node: Node, a: Cotangent, b: Cotangent) -> Cotangent:
        """The sum of two cotangents of a node. Where neither mask holds, the sum is masked too."""
        root = a[1]
        if a[1] is not b[1]:
            a, b, root = self._within(node, a), self._within(node, b), node
        p, q = unmask(a[0])[0], unmask(b[0])[0]
        total = self.build.node("add", a[0], b[0])
        if p is None or q is None or complementary(p, q):
            return total, root
        either = p if p is q else self.build.node("logical_or", p, q)
        return self.build.node("keep", either, total), root

    def _within(self, node: Node, cotangent: Cotangent) -> Cotangent:
        """A cotangent in the very shape of its node, its mask outermost if that can be."""
        term, root = cotangent
        mask, inner = unmask(term) if self._same_shape(node, root) else (None, term)
        return keep(self.build, mask, self.settle(node, inner, root)), node

    def settle(self, node: Node, cotangent: Node, root: Node) -> Node:
        """A cotangent in the very shape of its node: broadcast to its root, then summed down."""
        leaves = self._leaves
        if leaves[cotangent] != leaves[root]:
            cotangent = self.build.node("broadcast", cotangent, root)
        if not self._same_shape(node, root):
            cotangent = self.build.node("unbroadcast", cotangent, node)
        return cotangent

    def _same_shape(self, node: Node, root: Node) -> bool:
        """Whether a node has the shape of what it broadcast to.

        Where shapes are known, the same number of axes and of axes of size 1 is enough.
        """
        if self._leaves[node] == self._leaves[root]:
            return True
        if self._found is None:
            return False
        shapes = self._found.shapes
        have, want = shapes.get(node), shapes.get(root)
        return have is not None and have == want and None not in have

    def elementwise(self, cotangents: dict[Node, Cotangent]) -> Graph:
        """The value, and the derivative of each of its elements where none of them mix."""
        x = self.inputs.get(self.wrt[0]) or self.build.node("input", value=self.wrt[0])
        slope, root = cotangents.get(x, (None, self.value))
        slope = filled(self.build, slope, root, x, self._leaves)
        return self.build.graph([self.value, slope], self._all_labels())

    def results(self, cotangents: dict[Node, Cotangent]) -> Graph:
        """The value and the derivatives, zero where no cotangent arrived."""
        outputs = [self.value]
        for name in self.wrt:
            node = self.inputs.get(name) or self.build.node("input", value=name)
            if node in cotangents:
                outputs.append(self.settle(node, *cotangents[node]))
            else:
                outputs.append(self.build.node("broadcast", self.build.constant(0.0), node))
        return self.build.graph(outputs, self._all_labels())


def _takes_none_twice(node: Node) -> bool:
    """Whether it is an index that is written out, or puts back what such a one took."""
    return (node.op == "index" and len(node.args) == 1) or (
        node.op == "place" and node.args[1].op != "pair"
    )


def filled(build: Builder, slope: Node | None, value: Node, x: Node, leaves: Leaves) -> Node:
    """The derivative of each element of a value by its own x, in their shape; None is 0."""
    if slope is None:
        none = build.node("_filling", build.constant(0.0), value)
        return build.node("_filling", none, x)
    return slope if leaves[slope] == leaves[value] else build.node("_filling", slope, value)


def unmask(node: Node) -> tuple[Node | None, Node]:
    """The mask of a cotangent, if it has one, and what it keeps."""
    return (node.args[0], node.args[1]) if node.op == "keep" else (None, node)


def keep(build: Builder, mask: Node | None, term: Node) -> Node:
    """A mask around a term; two masks around it become one."""
    if mask is None:
        return term
    inner, kept = unmask(term)
    if inner is not None and inner is not mask:
        mask = build.node("logical_and", mask, inner)
    return build.node("keep", mask, kept)
