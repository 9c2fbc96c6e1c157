"""The functions that are made of other operations when a formula is lowered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from symgrad.errors import ArgumentError, LimitError, Span
from symgrad.graph import Node
from symgrad.language.contraction import einsum
from symgrad.language.indexing import along, chained, indexed, shape_template, stacked
from symgrad.language.items import Item, Items, Literal, Maker, ShapeOf, integer, paired
from symgrad.language.template import HOLE, Slice
from symgrad.language.variables import derivative_of
from symgrad.limits import Limits

Bound = Mapping[str, Any]
"""Arguments by parameter: Python values for attributes, items for the others."""


def _listed(maker: Maker, item: Item, name: str, span: Span | None) -> tuple[Item, ...]:
    if not isinstance(item, Items):
        hint = f"Write {name}([a, b])."
        raise ArgumentError(f"{name} takes a list of arrays", maker.text, span, hint)
    return item.items


def _concatenate(maker: Maker, bound: Bound, span: Span | None) -> Item:
    parts = _listed(maker, bound["arrays"], "concatenate", span)
    layers = [maker.number(part, span) for part in parts]
    axis = bound["axis"]
    if axis is None:
        layers = [maker.number(maker.make("ravel", layer, span=span)) for layer in layers]
    if not layers:
        raise ArgumentError("there is nothing to concatenate", maker.text, span)
    return chained(maker, layers, axis or 0, span)


def _stack(maker: Maker, bound: Bound, span: Span | None) -> Item:
    return stacked(maker, _listed(maker, bound["arrays"], "stack", span), bound["axis"], span)


def _split(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """Equal parts, or parts between the given places."""
    x, sections, axis = maker.number(bound["x"], span), bound["sections"], bound["axis"]
    build = maker.builder
    if isinstance(sections, int):
        _check_count(maker, sections, "parts", span)
        size = build.node("size", x, value=(axis,), span=span)
        step = build.node("_equal_parts", size, value=(sections,), span=span)
        parts = []
        for which in range(sections):
            ends = [build.constant(float(n)) for n in (which, which + 1)]
            bounds = [build.node("multiply", end, step, span=span) for end in ends]
            key = along(axis, Slice(HOLE, HOLE, None))
            chain = build.node("pair", *bounds)
            parts.append(build.node("index", x, chain, value=key, span=span))
        return Items("tuple", tuple(parts))
    places = (None, *sections, None)
    keys = [along(axis, Slice(a, b, None)) for a, b in pairwise(places)]
    return Items("tuple", tuple(build.node("index", x, value=key, span=span) for key in keys))


def _check_count(maker: Maker, count: int, what: str, span: Span | None) -> None:
    """Refuse what needs too many operations before it takes the time to make them."""
    most = Limits.current().nodes
    if 3 * count > most:
        raise LimitError(
            f"{count:,} {what} need more than {most:,} operations", maker.text, span,
            "symgrad.Limits(nodes=...) sets the limit.",
        )  # fmt: skip


def _take(maker: Maker, bound: Bound, span: Span | None) -> Item:
    x, axis = maker.number(bound["x"], span), bound["axis"]
    if axis is None:
        x, axis = maker.number(maker.make("ravel", x, span=span)), 0
    return indexed(maker, x, along(axis, HOLE), [bound["indices"]], span or (0, 0))


def _diff(maker: Maker, bound: Bound, span: Span | None) -> Item:
    x, axis = maker.number(bound["x"], span), bound["axis"]
    build = maker.builder
    if bound["n"] < 0:
        message = "differences are taken a number of times that is not negative"
        raise ArgumentError(message, maker.text, span, "Write diff(x, 2).")
    _check_count(maker, bound["n"], "differences", span)
    for _ in range(bound["n"]):
        later = build.node("index", x, value=along(axis, Slice(1, None, None)), span=span)
        sooner = build.node("index", x, value=along(axis, Slice(None, -1, None)), span=span)
        x = build.node("subtract", later, sooner, span=span)
    return x


def _matrix_power(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """By repeated squaring."""
    n = bound["n"]
    a: Item = bound["A"]
    if n < 0:
        a = maker.make("inv", a, span=span)
    if n == 0:
        size = maker.builder.node("size", maker.number(a, span), value=(-1,), span=span)
        return maker.make("eye", size, span=span)
    result: Item | None = None
    for bit in bin(abs(n))[:1:-1]:
        if bit == "1":
            result = a if result is None else maker.make("matmul", result, a, span=span)
        a = maker.make("matmul", a, a, span=span)
    assert result is not None
    return result


def _meshgrid(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """Each array along an axis of its own, repeated along those of the others."""
    arrays = [maker.number(maker.make("ravel", a, span=span)) for a in bound["arrays"].items]
    if not arrays:
        raise ArgumentError("meshgrid takes one array at least", maker.text, span)
    order = list(range(len(arrays)))
    if bound["indexing"] == "xy":
        order[:2] = order[1::-1]
    sizes = {
        axis: maker.builder.node("size", array, value=(0,), span=span)
        for array, axis in zip(arrays, order, strict=True)
    }
    chain = paired(maker.builder, *(sizes[axis] for axis in sorted(sizes)))
    assert chain is not None
    made = []
    for array, axis in zip(arrays, order, strict=True):
        others = tuple(other for other in range(len(arrays)) if other != axis)
        spread = maker.builder.node("expand_dims", array, value=(others,), span=span)
        shape = (HOLE,) * len(arrays)
        made.append(maker.builder.node("_broadcast_to", spread, chain, value=(shape,), span=span))
    return Items("tuple", tuple(made))


def _several(*names: str) -> Builder:
    def build(maker: Maker, bound: Bound, span: Span | None) -> Item:
        (argument,) = bound.values()
        return Items("tuple", tuple(maker.make(name, argument, span=span) for name in names))

    return build


def _arange(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """Start + step * (0, 1, ...): the numbers may be computed."""
    start, stop, step = bound["start"], bound["stop"], bound["step"]
    if isinstance(stop, Literal):
        start, stop = maker.builder.constant(0.0), start
    length = maker.make("subtract", stop, start, span=span)
    count = maker.make("ceil", maker.make("divide", length, step, span=span), span=span)
    folded = _folded_count(stop, start, step)
    if folded == math.inf:
        raise ArgumentError("the range has no end", maker.text, span, "Write arange(10).")
    template, operands = shape_template(
        maker, count if folded is None else Literal(folded), "the length", span
    )
    chain = paired(maker.builder, *operands)
    steps = maker.builder.node("_counting", *(() if chain is None else (chain,)), value=(template,))
    scaled = maker.make("multiply", steps, step, span=span)
    return maker.make("add", scaled, start, span=span)


def _folded_count(stop: Item, start: Item, step: Item) -> float | None:
    nodes = [n for n in (stop, start, step) if isinstance(n, Node) and n.op == "constant"]
    values = [n.value for n in nodes if isinstance(n.value, float)]
    if len(values) < 3 or values[2] == 0:
        return None
    count = (values[0] - values[1]) / values[2]
    return max(0, math.ceil(count)) if math.isfinite(count) else math.inf


def _einsum(maker: Maker, bound: Bound, span: Span | None) -> Item:
    operands = [maker.number(item, span) for item in bound["operands"].items]
    return einsum(maker.builder, bound["subscripts"], operands, maker.text, span)


def _shape_like(name: str) -> Builder:
    """A function of a shape; `x.shape` in its place is read off the array."""

    def build(maker: Maker, bound: Bound, span: Span | None) -> Item:
        shape = bound["shape"]
        *before, _ = bound.values()
        if isinstance(shape, ShapeOf):
            return maker.make(f"_{name}_like", *before, shape.node, span=span)
        template, operands = shape_template(maker, shape, "this", span)
        nodes = [maker.number(item, span) for item in before]
        chain = paired(maker.builder, *operands)
        args = nodes if chain is None else [*nodes, chain]
        return maker.builder.node(f"_{name}", *args, value=(template,), span=span)

    return build


def _segment_sum(maker: Maker, bound: Bound, span: Span | None) -> Item:
    x, ids = maker.number(bound["x"], span), integer(maker, bound["ids"], span)
    template, operands = shape_template(maker, bound["n"], "n", span)
    chain = paired(maker.builder, ids, *operands)
    assert chain is not None
    return maker.builder.node("_segment_sum", x, chain, value=(template,), span=span)


def _like(op: str) -> Builder:
    """A structural operation of two operands."""

    def build(maker: Maker, bound: Bound, span: Span | None) -> Item:
        x, y = (maker.number(item, span) for item in bound.values())
        return maker.builder.node(op, x, y, span=span)

    return build


def _spread(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """The result of a reduction, in a shape that broadcasts against what was reduced."""
    y, axis = maker.number(bound["y"], span), bound["axis"]
    if bound["keepdims"] or axis is None:
        return y
    return maker.builder.node("expand_dims", y, value=(axis,), span=span)


def _unspread(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """A result with its reduced axes kept, in the shape of the reduction."""
    y, axis = maker.number(bound["y"], span), bound["axis"]
    if bound["keepdims"]:
        return y
    if axis is None:
        return maker.builder.node("_reshape", y, value=((),), span=span)
    return maker.builder.node("squeeze", y, value=(axis,), span=span)


def _kept(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """A result of a reduction of x, with the reduced axes where they are asked for."""
    y, x = maker.number(bound["y"], span), maker.number(bound["x"], span)
    axis, keepdims = bound["axis"], bound["keepdims"]
    if not keepdims:
        return y
    if axis is None:
        like = maker.builder.node("sum", x, value=(None, True), span=span)
        return maker.builder.node("broadcast", y, like, span=span)
    return maker.builder.node("expand_dims", y, value=(axis,), span=span)


def _repeat(maker: Maker, bound: Bound, span: Span | None) -> Item:
    x, axis = maker.number(bound["x"], span), bound["axis"]
    if axis is None:
        x, axis = maker.number(maker.make("ravel", x, span=span)), 0
    template, operands = shape_template(maker, bound["repeats"], "repeats", span)
    chain = paired(maker.builder, *operands)
    args = (x,) if chain is None else (x, chain)
    return maker.builder.node("_repeat", *args, value=(template, axis), span=span)


def _prod(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """Along one axis; several are made one first."""
    x, axis = maker.number(bound["x"], span), bound["axis"]
    along_one = axis if isinstance(axis, int) else -1
    if along_one is not axis:
        x = maker.builder.node("_merged", x, value=(axis,), span=span)
    product = maker.builder.node("_prod", x, value=(along_one,), span=span)
    return _kept(maker, {**bound, "y": product}, span)


def _trapezoid(maker: Maker, bound: Bound, span: Span | None) -> Item:
    y, axis = maker.number(bound["y"], span), bound["axis"]
    build = maker.builder
    keys = [along(axis, Slice(a, b, None)) for a, b in ((1, None), (None, -1))]
    later, sooner = (build.node("index", y, value=key, span=span) for key in keys)
    width: Item = bound["dx"]
    if not isinstance(bound["x"], Literal):
        width = _diff(maker, {"x": bound["x"], "n": 1, "axis": bound["axis"]}, span)
    area = maker.make("multiply", width, maker.make("add", later, sooner, span=span), span=span)
    total = build.node("sum", area, value=(axis, False), span=span)
    return maker.make("divide", total, build.constant(2.0), span=span)


def _convolve(maker: Maker, bound: Bound, span: Span | None) -> Item:
    """The whole convolution, or the middle part of it that NumPy takes."""
    a, v = maker.number(bound["a"], span), maker.number(bound["v"], span)
    build, mode = maker.builder, bound["mode"]
    if mode not in ("full", "same", "valid"):
        hint = "Write 'full', 'same' or 'valid'."
        raise ArgumentError(f"convolve has no mode {mode!r}", maker.text, span, hint)
    full = build.node("_convolve", a, v, span=span)
    if mode == "full":
        return full
    sizes = [build.node("size", x, value=(0,), span=span) for x in (a, v)]
    one, two = build.constant(1.0), build.constant(2.0)
    longer = build.node("maximum", *sizes, span=span)
    shorter = build.node("minimum", *sizes, span=span)
    before = build.node("subtract", shorter, one, span=span)
    if mode == "same":
        start = build.node("floor_divide", before, two, span=span)
        stop = build.node("add", start, longer, span=span)
    else:
        start, stop = before, longer
    chain = build.node("pair", start, stop)
    return build.node("index", full, chain, value=(Slice(HOLE, HOLE, None),), span=span)


Builder = Callable[[Maker, Bound, Span | None], Item]

BUILDERS: Mapping[str, Builder] = {
    "concatenate": _concatenate,
    "concat": _concatenate,
    "stack": _stack,
    "split": _split,
    "take": _take,
    "diff": _diff,
    "matrix_power": _matrix_power,
    "meshgrid": _meshgrid,
    "slogdet": _several("_slogdet_sign", "_slogdet_log"),
    "eigh": _several("eigvalsh", "_eigenvectors"),
    "qr": _several("_qr_q", "_qr_r"),
    "svd": _several("_svd_u", "svdvals", "_svd_vh"),
    "arange": _arange,
    "einsum": _einsum,
    "reshape": _shape_like("reshape"),
    "broadcast_to": _shape_like("broadcast_to"),
    "zeros": _shape_like("zeros"),
    "ones": _shape_like("ones"),
    "segment_sum": _segment_sum,
    "_broadcast_like": _like("broadcast"),
    "_sum_like": _like("unbroadcast"),
    "_kept": _kept,
    "_spread": _spread,
    "_unspread": _unspread,
    "prod": _prod,
    "repeat": _repeat,
    "trapezoid": _trapezoid,
    "convolve": _convolve,
    "derivative": derivative_of,
}
"""What makes the functions whose line in functions.sg says `built`."""
