"""Which axes of a graph's arrays are one axis: those that run along together, from input to result.

Each axis gets a label. Where operands broadcast, are contracted or stand side by side, their axes
must have one size, and get one label. So the label of the samples of a data set is on all arrays
that have a row for each sample, wherever that axis stands in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from symgrad.graph import Graph, Node
from symgrad.language.contraction import DOTS, parted
from symgrad.language.items import unpaired
from symgrad.language.template import HOLE, Slice
from symgrad.shaping.leaves import LIKE_FIRST, REDUCTIONS, is_elementwise
from symgrad.shaping.misfit import Shape, axes_of, axis_of

Label = int | None
Labels = tuple[Label, ...]
"""A label for each axis; None for one of size 1."""


@dataclass(slots=True)
class Axes:
    """The labels of a graph's nodes, and what operations do to the axes of their operands.

    Attributes
    ----------
    labels:
        By node; a node is missing where its shape is not known.
    summed:
        The labels that an operation sums over, or takes the largest or smallest along.
    mixed:
        The labels along which it does what needs the whole axis: sorting, solving, slicing.
    sizes:
        The size of the axes with a label.
    """

    labels: dict[Node, Labels] = field(default_factory=dict)
    summed: dict[Node, frozenset[int]] = field(default_factory=dict)
    mixed: dict[Node, frozenset[int]] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)


def label_axes(graph: Graph, shapes: Mapping[Node, Shape | None]) -> Axes:
    """The axes of a graph whose shapes are known."""
    walk = _Walk(shapes)
    for node in graph.nodes:
        walk.visit(node)
    return walk.found()


class _Walk:
    """Labels in the making: those that turn out to be one are joined as the walk goes on."""

    def __init__(self, shapes: Mapping[Node, Shape | None]) -> None:
        self.shapes = shapes
        self.parents: list[int] = []
        self.sizes: list[int] = []
        self.labels: dict[Node, Labels] = {}
        self.summed: dict[Node, list[Label]] = {}
        self.mixed: dict[Node, list[Label]] = {}

    def visit(self, node: Node) -> None:
        """Give a node its labels."""
        operands = [part for arg in node.args for part in unpaired(arg)]
        shape = self.shapes.get(node)
        known = [self.labels[o] for o in operands if o in self.labels]
        if node.op in _NUMBERS:
            self.labels[node] = ()
            return
        if shape is None or None in shape or len(known) < len(operands):
            self.mixed[node] = [label for labels in known for label in labels]
            if shape is not None and None not in shape:
                self.labels[node] = self.fresh(shape)
            return
        sizes = tuple(size for size in shape if size is not None)
        rule = _rule_of(node)
        found = rule(self, node, known, sizes) if rule else None
        if found is None:
            self.mixed[node] = [label for labels in known for label in labels]
            found = self.fresh(sizes)
        self.labels[node] = found

    def fresh(self, shape: Sequence[int | None]) -> Labels:
        """New labels for a shape."""
        return tuple([None if size in (1, None) else self._new(size) for size in shape])

    def _new(self, size: int | None) -> int:
        self.parents.append(len(self.parents))
        self.sizes.append(size or 0)
        return len(self.parents) - 1

    def root(self, label: int) -> int:
        """The label that stands for all that were joined with this one."""
        while self.parents[label] != label:
            self.parents[label] = self.parents[self.parents[label]]
            label = self.parents[label]
        return label

    def join(self, labels: Sequence[Label]) -> Label:
        """Make labels one."""
        roots = sorted({self.root(label) for label in labels if label is not None})
        for other in roots[1:]:
            self.parents[other] = roots[0]
        return roots[0] if roots else None

    def together(self, *operands: Labels) -> Labels:
        """The labels of what operands broadcast to."""
        rank = max(map(len, operands), default=0)
        columns = [[o[at] for o in operands if -at <= len(o)] for at in range(-rank, 0)]
        return tuple(map(self.join, columns))

    def found(self) -> Axes:
        """What came out, with one label for each axis."""
        axes = Axes()
        for node, labels in self.labels.items():
            axes.labels[node] = tuple([None if a is None else self.root(a) for a in labels])
        for kept, lists in ((axes.summed, self.summed), (axes.mixed, self.mixed)):
            for node, used in lists.items():
                kept[node] = frozenset(self.root(a) for a in used if a is not None)
        axes.sizes = {a: self.sizes[a] for a in range(len(self.sizes)) if self.root(a) == a}
        return axes


_Rule = Callable[[_Walk, Node, Sequence[Labels], tuple[int, ...]], Labels | None]
"""Takes a node, the labels of its operands and its shape; None where axes are not followed."""

_NUMBERS = frozenset(("size", "_count", "ndim", "_equal_parts"))
_SUMS = frozenset(("sum", "mean", "max", "min", "_norm"))


def _leaf(walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]) -> Labels:
    return walk.fresh(shape)


def _elementwise(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels:
    return walk.together(*operands)


def _same(walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]) -> Labels:
    return operands[0]


def _broadcast(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels:
    walk.together(*operands)
    return operands[1]


def _unbroadcast(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels:
    walk.together(*operands)
    kept = {label for label in operands[1] if label is not None}
    walk.summed[node] = [label for label in operands[0] if label not in kept]
    return operands[1]


def _reduced(walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]) -> Labels:
    axis, keepdims = node.attributes if len(node.attributes) > 1 else (node.attributes[0], False)
    axes = axes_of(axis, len(operands[0]))
    used = walk.summed if node.op in _SUMS else walk.mixed
    used[node] = [operands[0][axis] for axis in axes]
    if keepdims:
        return tuple([None if at in axes else label for at, label in enumerate(operands[0])])
    return tuple([label for at, label in enumerate(operands[0]) if at not in axes])


def _along(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels | None:
    axis = node.attributes[0] if node.attributes else -1
    if axis is None or len(shape) != len(operands[0]):
        return None
    axes = axes_of(axis, len(shape))
    walk.mixed[node] = [labels[axis] for labels in operands for axis in axes if len(labels) > axis]
    kept = [_without(labels, axes) if len(labels) == len(shape) else () for labels in operands]
    rest = iter(walk.together(*kept))
    size = {at: walk.fresh((shape[at],))[0] for at in axes}
    return tuple([size[at] if at in axes else next(rest) for at in range(len(shape))])


def _without(labels: Labels, axes: Sequence[int]) -> Labels:
    return tuple([label for at, label in enumerate(labels) if at not in axes])


def _scattered(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels:
    """Values go to places along an axis of the second operand, which the third one tells."""
    axis = axis_of(node.attributes[0], len(shape))
    values, like, places = operands
    walk.mixed[node] = [values[axis], like[axis], places[axis]]
    walk.together(*[_without(labels, (axis,)) for labels in (values, like, places)])
    return like


def _expanded(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels:
    axes = node.attributes[0] if isinstance(node.attributes[0], tuple) else node.attributes
    new, rest = axes_of(axes, len(shape)), iter(operands[0])
    return tuple([None if at in new else next(rest) for at in range(len(shape))])


def _ones_moved(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels | None:
    """A new shape in which only axes of size 1 came or went."""
    left = [label for label in operands[0] if label is not None]
    if [walk.sizes[walk.root(label)] for label in left] != [size for size in shape if size != 1]:
        return None
    if node.op == "squeeze" and node.attributes[0] is None:
        walk.mixed[node] = [*left]  # It would take away the axis of a single row, too.
    rest = iter(left)
    return tuple([None if size == 1 else next(rest) for size in shape])


def _reversed(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels:
    return operands[0][::-1]


def _swapped(walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]) -> Labels:
    labels = list(operands[0])
    first, second = node.attributes or (-2, -1)
    labels[first], labels[second] = labels[second], labels[first]
    return tuple(labels)


def _moved(walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]) -> Labels:
    source, destination = (axes_of(axes, len(shape)) for axes in node.attributes)
    rest = [label for at, label in enumerate(operands[0]) if at not in source]
    for at, axis in sorted(zip(destination, source, strict=True)):
        rest.insert(at, operands[0][axis])
    return tuple(rest)


def _permuted(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels:
    return tuple([operands[0][axis] for axis in node.attributes[0]])


def _product(walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]) -> Labels:
    """Matrices or vectors: the last axis of one, and of the other the last but one."""
    left, right = operands
    inner = walk.join([left[-1], right[max(len(right) - 2, 0)]])
    walk.summed[node] = [inner]
    stacks = walk.together(left[:-2], right[:-2])
    return (*stacks, *left[-2:-1], *(right[-1:] if len(right) > 1 else ()))


def _outer(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels | None:
    return (*operands[0], *operands[1]) if all(len(o) == 1 for o in operands) else None


def _vdot(walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]) -> Labels:
    walk.summed[node] = list(walk.together(*operands))
    return ()


def _contracted(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels | None:
    *terms, out = parted(node.attributes[0])
    if any(DOTS in term or len(set(term)) < len(term) for term in (*terms, out)):
        return None
    found: dict[str, Label] = {}
    for term, labels in zip(terms, operands, strict=True):
        for letter, label in zip(term, labels, strict=True):
            found[letter] = walk.join([found.get(letter), label])
    walk.summed[node] = [label for letter, label in found.items() if letter not in out]
    return tuple([found[letter] for letter in out])


def _indexed(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels | None:
    """Axes that are taken as a whole keep their labels."""
    taken = _taken(node, len(operands[0]))
    if taken is None:
        return None
    whole = [at for at, part in taken if part == _WHOLE]
    walk.mixed[node] = [label for at, label in enumerate(operands[0]) if at not in whole]
    walk.mixed[node] += [label for labels in operands[1:] for label in labels]
    sizes, labels = iter(shape), []
    for at, part in taken:
        if part is None or isinstance(part, Slice):
            size = next(sizes)
            labels.append(operands[0][at] if part == _WHOLE else walk.fresh((size,))[0])
    return tuple(labels)


def _placed(
    walk: _Walk, node: Node, operands: Sequence[Labels], shape: tuple[int, ...]
) -> Labels | None:
    """Back to where an index took axes from: those that it took as a whole keep their labels."""
    value, like = operands[:2]
    taken = _taken(node, len(like))
    if taken is None:
        return None
    kept = [at for at, part in taken if part is None or isinstance(part, Slice)]
    parts = [part for _, part in taken if part is None or isinstance(part, Slice)]
    if len(kept) != len(value):
        return None
    walk.mixed[node] = [a for a, part in zip(value, parts, strict=True) if part != _WHOLE]
    walk.mixed[node] += [label for labels in operands[2:] for label in labels]
    labels = list(walk.fresh(shape))
    whole = {at: a for at, a, part in zip(kept, value, parts, strict=True) if part == _WHOLE}
    for at in range(len(shape)):
        if at in whole:
            labels[at] = walk.join([whole[at], like[at]])
        else:
            walk.mixed[node] += [labels[at], like[at]]
    return tuple(labels)


_WHOLE = Slice(None, None, None)


def _taken(node: Node, rank: int) -> list[tuple[int, object]] | None:
    """For each entry of a key, the axis it is for (-1 for a new one), and the entry."""
    key = [*node.attributes]
    if any(part is HOLE for part in key):
        return None
    used = sum(part is not None and part is not Ellipsis for part in key)
    at = key.index(Ellipsis) if Ellipsis in key else len(key)
    key[at : at + 1] = [_WHOLE] * (rank - used)
    axes = iter(range(rank))
    return [(-1 if part is None else next(axes), part) for part in key]


_RULES: Mapping[str, _Rule] = {
    **dict.fromkeys("input constant _zeros _ones eye _counting".split(), _leaf),
    **dict.fromkeys("copy cast integer stop_gradient pair".split(), _same),
    **dict.fromkeys(
        """softmax log_softmax _shares normalize _deviation _evened concatenate _cumsum
        _cumprod _cumlogsumexp flip sort""".split(),
        _along,
    ),
    **dict.fromkeys("argsort _delay take_along_axis".split(), _along),
    **dict.fromkeys("_reshape _reshape_like squeeze".split(), _ones_moved),
    **dict.fromkeys("swapaxes matrix_transpose".split(), _swapped),
    **dict.fromkeys("_mm _at matmul".split(), _product),
    "_put_along_axis": _scattered,
    "broadcast": _broadcast,
    "unbroadcast": _unbroadcast,
    "expand_dims": _expanded,
    "_transpose": _reversed,
    "permute_dims": _permuted,
    "moveaxis": _moved,
    "_outer": _outer,
    "_vdot": _vdot,
    "_einsum": _contracted,
    "index": _indexed,
    "place": _placed,
}


def _rule_of(node: Node) -> _Rule | None:
    """Those of all other operations that are not elementwise: none, their axes are not followed."""
    if node.op in _RULES:
        return _RULES[node.op]
    if node.op in REDUCTIONS:
        return _reduced
    if node.op in LIKE_FIRST or not is_elementwise(node.op):
        return None
    return _elementwise
