"""Parts of arrays, picked from terms and put into them.

What takes a whole axis leaves its ties alone. Index arrays that take several axes are brought to
the end, where NumPy leaves the axes of their result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symgrad.graph import Node
from symgrad.language.items import paired, unpaired
from symgrad.language.template import HOLE, Slice, holes
from symgrad.shaping.terms import Labels, Site, Term, Workshop

_ALL = Slice(None, None, None)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a key, the operands that fill it, and its axes: of the array, and of the result."""

    element: Any
    operands: tuple[Node, ...]
    axes: Labels
    result: Labels

    @property
    def is_whole(self) -> bool:
        return bool(self.element == _ALL)


@dataclass(frozen=True, slots=True)
class _Key:
    """The parts of a key one by one; those of index arrays and of numbers beside them apart."""

    parts: tuple[_Part, ...]
    group: tuple[_Part, ...]
    result: Labels
    together: bool

    def of(self, axes: Sequence[int]) -> list[_Part]:
        """The parts that take some axes, in an order where index arrays stand together."""
        taken = [p for p in (*self.parts, *self.group) if set(p.axes) & set(axes)]
        if self.together or not self.group:
            taken.sort(key=lambda part: part.axes)
        return taken


def index(shop: Workshop, site: Site, term: Term) -> Term:
    """A part of each array of a batch."""
    fillings = [part for arg in site.args[1:] for part in unpaired(arg)]
    key = _taken_apart(shop, site.node.attributes, fillings, site.x, site.out)
    whole = {axis for part in key.parts if part.is_whole for axis in part.axes}
    term = shop.untied(term, site.x, [b for b, axis in term.ties if axis not in whole])
    term = shop.tight(term)
    grouped = {axis for part in key.group for axis in part.axes}
    axes = {*term.axes, *(grouped if grouped & set(term.axes) else ())}
    parts = key.of(sorted(axes))
    layout = (*term.free, *(axis for part in parts for axis in part.axes))
    node = shop.aligned(term, layout)
    if len(shop.shape(node)) < len(layout) or grouped & axes - set(term.axes):
        node = shop.full(term, layout, site.x)
    picks = [part for part in parts if not part.is_whole]
    labels: list[int] = list(term.free)
    for part in parts:
        for label in key.result if part in key.group else part.result:
            if label not in labels:
                labels.append(label)
    if picks:
        node = _picked(shop, node, [_ALL] * len(term.free), parts)
    moved = {axis: part.result[0] for part in key.parts if part.is_whole for axis in part.axes}
    return Term(node, tuple(labels), tuple((b, moved[axis]) for b, axis in term.ties))


def place(shop: Workshop, site: Site, term: Term) -> Term:
    """Zeros with each array of a batch in some part."""
    like, *fillings = unpaired(site.args[1])
    key = _taken_apart(shop, site.node.attributes, fillings, site.out, site.x)
    back = {part.result[0]: part.axes[0] for part in key.parts if part.is_whole}
    term = shop.untied(term, site.x, [b for b, axis in term.ties if axis not in back])
    term = shop.tight(term)
    present = term.axes
    axes = [
        axis
        for part in (*key.parts, *key.group)
        for axis in part.axes
        if not part.is_whole or part.result[0] in present
    ]
    parts = key.of(axes)
    layout = (*term.free, *(axis for part in parts for axis in part.axes))
    rank = len(shop.shape(like))
    zeros = like if layout == tuple(range(-rank, 0)) else shop.filled(0.0, layout, like)
    labels: list[int] = list(term.free)
    for part in parts:
        for label in key.result if part in key.group else part.result:
            if label not in labels:
                labels.append(label)
    node = shop.aligned(term, labels)
    every = [operand for part in parts for operand in part.operands]
    second = paired(shop.build, zeros, *every)
    assert second is not None
    value = (_ALL,) * len(term.free) + tuple(part.element for part in parts)
    placed = shop.make("place", node, second, value=value)
    return Term(placed, layout, tuple((b, back[axis]) for b, axis in term.ties))


def _picked(shop: Workshop, node: Node, front: list[Any], parts: Sequence[_Part]) -> Node:
    operands = [operand for part in parts for operand in part.operands]
    chain = paired(shop.build, *operands)
    args = (node,) if chain is None else (node, chain)
    return shop.make("index", *args, value=(*front, *(part.element for part in parts)))


def _taken_apart(
    shop: Workshop, key: tuple[Any, ...], fillings: Sequence[Node], base: Node, result: Node
) -> _Key:
    """Each part of a key with its axes; `result` has the shape of what the key takes."""
    rank, rank_of_result = len(shop.shape(base)), len(shop.shape(result))
    given = iter(fillings)
    elements: list[tuple[Any, tuple[Node, ...], int, int]] = []
    for element in key:
        operands = tuple(next(given) for _ in range(holes((element,))))
        takes, extent = (0 if element in (None, Ellipsis) else 1), 0
        if element is HOLE:
            extent = len(shop.shape(operands[0]))
            if shop.found.is_mask(operands[0]):
                takes, extent = extent, 1
        elements.append((element, operands, takes, extent))
    rest = [(_ALL, (), 1, 0)] * (rank - sum(takes for _, _, takes, _ in elements))
    dots = next((at for at, e in enumerate(elements) if e[0] is Ellipsis), len(elements))
    elements[dots : dots + 1] = rest
    has_arrays = any(extent for *_, extent in elements)
    in_group = [has_arrays and not isinstance(e, Slice) and e is not None for e, *_ in elements]
    places = [at for at, grouped in enumerate(in_group) if grouped]
    together = not places or places == list(range(places[0], places[-1] + 1))
    width = max((extent for *_, extent in elements), default=0)
    parts: list[_Part] = []
    group: list[_Part] = []
    axis, label = -rank, -rank_of_result
    group_at = label
    if places and not together:
        label += width
    for (element, operands, takes, _), grouped in zip(elements, in_group, strict=True):
        axes = tuple(range(axis, axis + takes))
        axis += takes
        if grouped:
            if together and not group:
                group_at, label = label, label + width
            group.append(_Part(element, operands, axes, ()))
        elif element is None:
            label += 1
        else:
            gives = 1 if isinstance(element, Slice) else 0
            parts.append(_Part(element, operands, axes, tuple(range(label, label + gives))))
            label += gives
    return _Key(tuple(parts), tuple(group), tuple(range(group_at, group_at + width)), together)
