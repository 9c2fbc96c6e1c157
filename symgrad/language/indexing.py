"""Indices, lists, shapes and attributes: what a formula writes with brackets and dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symgrad.errors import ArgumentError, Span
from symgrad.graph import Node
from symgrad.language.items import (
    Item,
    Items,
    Literal,
    Maker,
    ShapeOf,
    constant_of,
    integer,
    paired,
    plain_number,
)
from symgrad.language.template import HOLE, Slice

_ALL = Slice(None, None, None)


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The key that takes a part along one axis and all of the others."""
    if axis >= 0:
        return (_ALL,) * axis + (part,)
    return (Ellipsis, part) + (_ALL,) * (-axis - 1)


def indexed(
    maker: Maker, base: Item, key: tuple[Any, ...], items: Sequence[Item], span: Span
) -> Item:
    """`base[key]`, where the key's holes are filled by the items."""
    if isinstance(base, Items) and base.kind == "tuple":
        return _picked(maker, base, key, items, span)
    if isinstance(base, ShapeOf):
        axis = _whole(maker, items[0], span) if key == (HOLE,) else None
        if axis is None:
            raise ArgumentError(
                "a shape is read one axis at a time", maker.text, span, "Write x.shape[0]."
            )
        return maker.builder.node("size", base.node, value=(axis,), span=span)
    node = maker.number(base, span)
    filling = iter(items)
    operands: list[Node] = []
    parts = [_part(maker, part, filling, operands, span) for part in key]
    if all(part is None or part is Ellipsis or part == _ALL for part in parts):
        return _with_new_axes(maker, node, parts, span)
    chain = paired(maker.builder, *operands)
    args = (node,) if chain is None else (node, chain)
    return maker.builder.node("index", *args, value=tuple(parts), span=span)


def _with_new_axes(maker: Maker, node: Node, parts: list[Any], span: Span) -> Node:
    """`x[:, None]`: nothing is picked."""
    dots = parts.index(Ellipsis) if Ellipsis in parts else len(parts)
    front = tuple(place for place, part in enumerate(parts[:dots]) if part is None)
    after = parts[dots + 1 :]
    back = tuple(place - len(after) for place, part in enumerate(after) if part is None)
    for axes in (back, front):
        if axes:
            node = maker.builder.node("expand_dims", node, value=(axes,), span=span)
    return node


def _part(maker: Maker, part: Any, filling: Any, operands: list[Node], span: Span) -> Any:
    if isinstance(part, Slice):
        return Slice(
            *[
                _entry(maker, next(filling), operands, span) if p is HOLE else None
                for p in part.parts
            ]
        )
    return part if part is Ellipsis else _entry(maker, next(filling), operands, span)


def _entry(maker: Maker, item: Item, operands: list[Node], span: Span) -> Any:
    """An expression of a key: a plain integer, None, or a hole and its operand."""
    if isinstance(item, Literal) and not isinstance(item.value, str):
        return item.value
    whole = _whole(maker, item, span)
    if whole is not None:
        return whole
    operands.append(integer(maker, item, span))
    return HOLE


def _whole(maker: Maker, item: Item, span: Span) -> int | None:
    """The integer that an item is, if it is a number that is written out."""
    number = constant_of(item) if isinstance(item, Node) else None
    if not isinstance(number, float) or not isinstance(item, Node):
        return None
    value = plain_number(number)
    if isinstance(value, float):
        hint = "Write v[0], v[-1] or v[0, 1]."
        large = abs(value) >= 1e15
        what = "too large" if large else "not a whole number"
        raise ArgumentError(f"the index is {what}", maker.text, item.span or span, hint)
    return value


def _picked(
    maker: Maker, base: Items, key: tuple[Any, ...], items: Sequence[Item], span: Span
) -> Item:
    """One of several values."""
    which = _whole(maker, items[0], span) if key == (HOLE,) else None
    size = len(base.items)
    if which is None or not -size <= which < size:
        raise ArgumentError(
            f"one of {size} values is picked by a number that is written out",
            maker.text, span, f"Write [0] to [{size - 1}].",
        )  # fmt: skip
    return base.items[which]


def stacked(maker: Maker, items: Sequence[Item], axis: int, span: Span | None) -> Node:
    """Things of one shape along a new axis."""
    if not items:
        return maker.builder.node("_zeros", value=((0,),), span=span)
    layers = [
        maker.builder.node("expand_dims", maker.number(i, span), value=(axis,), span=span)
        for i in items
    ]
    return chained(maker, layers, axis, span)


def chained(maker: Maker, layers: Sequence[Node], axis: int, span: Span | None) -> Node:
    """Arrays joined along an axis, as a chain."""
    result = layers[0]
    for layer in layers[1:]:
        result = maker.builder.node("concatenate", result, layer, value=(axis,), span=span)
    return result


def shape_items(maker: Maker, shape: ShapeOf, count: int, span: Span) -> Items:
    """`n, d = x.shape`: the sizes of all axes, of which there must be that many."""
    sizes = [
        maker.builder.node("size", shape.node, value=(axis, count), span=span)
        for axis in range(count)
    ]
    return Items("tuple", tuple(sizes))


def attribute_of(maker: Maker, base: Item, name: str, span: Span) -> Item:
    """`x.T`, `x.mT`, `x.shape`, `x.ndim` or `x.size`."""
    if name == "shape":
        return ShapeOf(maker.number(base, span))
    if name not in _ATTRIBUTES:
        hint = "Attributes are T, mT, shape, ndim and size."
        raise ArgumentError(f"there is no attribute {name}", maker.text, span, hint)
    return maker.make(_ATTRIBUTES[name], base, span=span)


_ATTRIBUTES = {"T": "transpose", "mT": "matrix_transpose", "ndim": "ndim", "size": "size"}


def shape_template(
    maker: Maker, item: Item, what: str, span: Span | None
) -> tuple[tuple[Any, ...], list[Node]]:
    """A shape as a template and the operands that fill its holes."""
    if isinstance(item, Literal) and isinstance(item.value, int):
        return (item.value,), []
    if isinstance(item, Literal) and isinstance(item.value, tuple):
        return item.value, []
    parts: list[Any] = []
    operands: list[Node] = []
    for entry in item.items if isinstance(item, Items) else (item,):
        truth = isinstance(entry, Node) and maker.is_condition(entry)
        if truth or isinstance(entry, Items | ShapeOf | Literal):
            hint = "Write a number or a tuple of numbers, as (n, 3)."
            raise ArgumentError(f"{what} is not a shape", maker.text, span, hint)
        parts.append(_entry(maker, entry, operands, span or (0, 0)))
    return tuple(parts), operands
