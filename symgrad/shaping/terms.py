"""Arrays with batch axes before their own, where axes that move together are kept as one.

The cotangents of all elements of a result are one array with the result's axes in front: at first
the identity. It is never built. A `Term` says that a batch axis is tied to an axis of the array:
whatever is not on the diagonal of the two is zero, and the array holds the diagonal alone. What is
elementwise keeps a tie, and a sum over a tied axis makes it a batch axis of its own, without any
work. So an elementwise map costs one pass, and so does a parameter that all samples share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_letters
from typing import Any

from symgrad.graph import Builder, Node
from symgrad.language.contraction import joined
from symgrad.language.items import paired
from symgrad.language.template import HOLE
from symgrad.shapes import Inference
from symgrad.shaping.misfit import Shape

Labels = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """An array, what its axes are, and which batch axes are tied to which of its own.

    A label from 0 on is that of a batch axis; -1 is the array's own last axis, -2 the one before.
    Along an axis that has no label, or has size 1, the array is the same everywhere.
    """

    node: Node
    labels: Labels
    ties: tuple[tuple[int, int], ...] = ()

    @property
    def free(self) -> Labels:
        """The batch axes that the array itself has, in order."""
        return tuple(sorted(label for label in self.labels if label >= 0))

    @property
    def axes(self) -> Labels:
        """The axes of its own, in order."""
        return tuple(sorted(label for label in self.labels if label < 0))


class Workshop:
    """Makes nodes whose shapes are known, and terms of them; `batch` has the sizes of its axes."""

    def __init__(self, build: Builder, found: Inference, batch: Sequence[Node] = ()) -> None:
        self.build = build
        self.found = found
        self.batch = tuple(batch)

    def make(self, op: str, *args: Node, value: Any = None) -> Node:
        """An operation, with its shape."""
        node = self.build.node(op, *args, value=value)
        if node not in self.found.shapes:
            self.found.visit(node)
        return node

    def shape(self, node: Node) -> Shape:
        """The shape of a node; at least its number of axes is known."""
        found = self.found.shapes[node]
        assert found is not None
        return found

    def size(self, node: Node, axis: int) -> Node:
        """The size of an axis, which is negative."""
        return self.make("size", node, value=(axis + len(self.shape(node)),))

    def sizes(self, labels: Sequence[int], like: Node) -> list[Node]:
        """The sizes of axes: those of the batch, and those of an array."""
        return [self.batch[a] if a >= 0 else self.size(like, a) for a in labels]

    def shaped(self, op: str, *args: Node, sizes: Sequence[Node]) -> Node:
        """An operation that takes a shape: sizes of 1 are written out."""
        holes = tuple(1 if self.found.number(size) == 1 else HOLE for size in sizes)
        chain = paired(self.build, *(s for s, hole in zip(sizes, holes, strict=True) if hole != 1))
        return self.make(op, *args, *(() if chain is None else (chain,)), value=(holes,))

    def filled(self, value: float, labels: Sequence[int], like: Node) -> Node:
        """An array of one number."""
        ones = self.shaped("_zeros" if value == 0 else "_ones", sizes=self.sizes(labels, like))
        if value in (0, 1):
            return ones
        return self.make("multiply", ones, self.make("constant", value=value))

    def moved(self, node: Node, order: Sequence[int]) -> Node:
        """With its axes in another order."""
        rank = len(order)
        if list(order) == list(range(rank)):
            return node
        if rank == 2:
            return self.make("_transpose", node)
        if list(order) == [*range(rank - 2), rank - 1, rank - 2]:
            return self.make("matrix_transpose", node)
        return self.make("permute_dims", node, value=(tuple(order),))

    def tight(self, term: Term) -> Term:
        """Without its axes of size 1."""
        shape = self.shape(term.node)
        gone = [place for place, size in enumerate(shape) if size == 1]
        if not gone:
            return term
        node = term.node
        if node.op == "expand_dims" and len(self.shape(node.args[0])) == len(shape) - len(gone):
            node = node.args[0]
        else:
            axis = tuple(place - len(shape) for place in gone)
            node = self.make("squeeze", node, value=(axis[0] if len(axis) == 1 else axis,))
        labels = tuple(label for at, label in enumerate(term.labels) if at not in gone)
        return replace(term, node=node, labels=labels)

    def aligned(self, term: Term, layout: Sequence[int]) -> Node:
        """The array with its axes in the order of a layout, of size 1 where it has none.

        Those that come before its first axis are left out.
        """
        order = [label for label in layout if label in term.labels]
        node = self.moved(term.node, [term.labels.index(label) for label in order])
        if not order:
            return node
        rest = list(layout)[list(layout).index(order[0]) :]
        new = tuple(at - len(rest) for at, label in enumerate(rest) if label not in order)
        return self.make("expand_dims", node, value=(new,)) if new else node

    def full(self, term: Term, layout: Sequence[int], like: Node) -> Node:
        """The array with every axis of a layout in its size; `like` has those of its own."""
        if term.node.is_constant:
            assert isinstance(term.node.value, float)
            return self.filled(term.node.value, layout, like)
        node = self.aligned(self.tight(term), layout)
        have = self.shape(node)
        sizes = self.sizes(layout, like)
        loose = len(have) < len(layout) or any(
            size == 1 and self.found.number(wanted) != 1
            for size, wanted in zip(have, sizes, strict=True)
        )
        if not loose:
            return node
        return self.shaped("_broadcast_to", node, sizes=sizes)

    def untied(self, term: Term, like: Node, which: Sequence[int] | None = None) -> Term:
        """With zeros off the diagonals of ties: all, or those of some batch axes."""
        loosed = [tie for tie in term.ties if which is None or tie[0] in which]
        if not loosed:
            return term
        kept = tuple(tie for tie in term.ties if tie not in loosed)
        term = self.tight(term)
        tied = dict(loosed)
        axes = tuple(sorted({*term.axes, *tied.values()}))
        free = tuple(sorted({*term.free, *tied}))
        layout = (*free, *axes)
        if len(layout) == 2:
            return Term(self._diagonal_matrix(term, axes, like), layout, kept)
        letter = dict(zip((*term.free, *axes), ascii_letters, strict=False))
        whole = [letter[axis] for axis in axes]
        batch = {b: letter[a] for b, a in tied.items()} | {b: letter[b] for b in term.free}
        subscripts = "".join([batch[b] for b in free] + whole)
        inner = (*term.free, *axes)
        result = "".join(letter[label] for label in inner)
        zeros = self.filled(0.0, layout, like)
        value = (joined(subscripts, result),)
        node = self.make("_undiagonals", self.aligned(term, inner), zeros, value=value)
        return Term(node, layout, kept)

    def _diagonal_matrix(self, term: Term, axes: Labels, like: Node) -> Node:
        if not term.node.is_constant:
            return self.make("_diag_matrix", self.full(term, axes, like), value=(0,))
        sizes = self.sizes(axes, like)
        eye = self.make("eye", *sizes, value=((HOLE,), None, 0))
        return eye if term.node.value == 1 else self.make("multiply", term.node, eye)

    def added(self, terms: Sequence[Term], more: Sequence[Term], op: str = "add") -> list[Term]:
        """The sum of two lists of terms: those with the same ties become one."""
        result = list(terms)
        for term in more:
            place = next((at for at, t in enumerate(result) if t.ties == term.ties), None)
            if place is None:
                result.append(term if op == "add" else self._negative(term))
                continue
            other = result[place]
            layout = self.layout(other, term)
            for whole in (other.labels, term.labels):
                if set(whole) == set(layout):
                    layout = whole
                    break
            sum_of = [self.aligned(t, layout) for t in (other, term)]
            node = self.make(op, *sum_of)
            labels = layout[len(layout) - len(self.shape(node)) :]
            result[place] = Term(node, tuple(labels), term.ties)
        return result

    def _negative(self, term: Term) -> Term:
        return replace(term, node=self.make("negative", term.node))

    def layout(self, *terms: Term, rank: int = 0) -> Labels:
        """Batch axes, then as many axes of their own as terms and an operand of that rank need."""
        free = sorted({label for term in terms for label in term.free})
        depth = max([rank, *(-axis for term in terms for axis in term.axes)])
        return (*free, *range(-depth, 0))


@dataclass(frozen=True, slots=True)
class Site:
    """An operation that is done on a term: which operand that is, and all of them without a batch.

    The operands and the result without a batch are there for their values and shapes.
    """

    node: Node
    place: int
    args: tuple[Node, ...]
    out: Node

    @property
    def x(self) -> Node:
        """What the term is a batch of."""
        return self.args[self.place]
