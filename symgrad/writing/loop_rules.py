"""How operations on whole arrays are written in loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np

from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.items import paired, unpaired
from symgrad.language.spelling import Text
from symgrad.schedule import Step
from symgrad.shaping.misfit import axes_of
from symgrad.targets.c import FOLDS, MOVES, PRODUCTS, SCANS, SCATTERS
from symgrad.writing.loop_algebra import ALGEBRA
from symgrad.writing.loop_code import Loops, Rule, View
from symgrad.writing.offsets import Offsets, own

_LIKE = frozenset(
    """_reshape_like broadcast _rerow _unrow _recolumn _uncolumn _unpad _undiagonal _undiagonals
    _unmerged unbroadcast""".split()
)
_SCANNED = frozenset((*SCANS, "_scan"))
_TAKES = ("index", "take_along_axis")
_SHAPED = _LIKE | set(SCATTERS)
"""Moves whose second operand is only looked at for its shape."""


def without_likes(graph: Graph, shapes: Mapping[Node, tuple[int, ...]]) -> Graph:
    """The graph without operands that are only looked at for their shapes, which are known.

    A scan along an axis of size 1 is what it begins with.
    """

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op in _SHAPED:
            like, *fillings = unpaired(args[1])
            if like.op != "_zeros":
                zeros = build.node("_zeros", value=(shapes[unpaired(node.args[1])[0]],))
                args[1] = paired(build, zeros, *fillings) or zeros
        if node.op in ("size", "_count") and not args[0].is_constant:
            args[0] = build.node("_zeros", value=(shapes[node.args[0]],))
        if (
            node.op in _SCANNED
            and shapes[node][axes_of(node.attributes[0], len(shapes[node]))[0]] < 2
        ):
            return args[-1]
        return None

    return rebuilt(graph, replace)


def _move(on: Loops, step: Step) -> None:
    node, op = step.node, step.spelling
    if op in _TAKES and not all(index in on.numbers for index in step.operands[1:]):
        _take(on, step)
        return
    several = len(step.operands) if op in ("concatenate", "stack") else 1
    operands: list[Any] = [on.shapes[operand] for operand in step.operands[:several]]
    operands.extend(step.operands[several:])
    # What fills the first places of what is delayed is told apart from what moves by being 0.
    value = (node.attributes[0], 0.0) if op == "_delay" else node.value
    sources, offsets = on.moved(node, op, value, operands)
    if several > 1:
        on.declare(node)
        view = on.views[node]
        for k, operand in enumerate(step.operands):
            shape = on.shapes[operand]
            places = np.empty(shape, np.intp)
            places.reshape(-1)[offsets[sources == k]] = own(sources.shape)[sources == k]
            code = on.text(operand).code
            on.loop(shape, f"{view.at(on.place_of(places))} = {code};")
        return
    first = step.operands[0]
    if (sources >= 0).all() and (
        not on.shapes[first] or (first in on.numbers and first not in on.views)
    ):
        on.texts[node] = on.text(first)
        if first in on.is_name:
            on.is_name.add(node)
        return
    view = on.view(first)
    through = view.offsets.reshape(-1)[offsets] if view.offsets.size else offsets
    if (sources >= 0).all():
        on.look(node, View(view.buffer, through, view.is_number))
        return
    fill = node.attributes[1] if op == "_delay" else 0.0
    on.declare(node, on.target.constant(float(fill), True).code)
    kept = np.flatnonzero(sources >= 0)
    code = view.at(on.place_of(through.reshape(-1)[kept]))
    on.loop(kept.shape, f"{on.views[node].at(on.place_of(kept))} = {code};")


def _take(on: Loops, step: Step) -> None:
    """Elements by indices that are told at run time; one that is out of range gives nan."""
    node, first = step.node, step.operands[0]
    source = on.flat(first)
    found = on.found(node, node.op, node.value, on.shapes[first], step.operands[1:])
    on.declare(node)
    there = f"{on.texts[node].code} = "
    on.loop(found.shape, [found.told, f"{there}{found.place} < 0 ? NAN : {source}[{found.place}];"])


def _scatter(on: Loops, step: Step) -> None:
    node, op = step.node, SCATTERS[step.node.op]
    g, _, *others = step.operands
    on.declare(node, "0.0")
    found = on.found(node, op, node.value, on.shapes[node], others)
    on.add_at(on.views[node], found, on.text(g).code)


def _fold(on: Loops, step: Step) -> None:
    node, (operand,) = step.node, step.operands
    op, start = FOLDS[node.op]
    shape = on.shapes[operand]
    axes = axes_of(node.attributes[0], len(shape))
    kept = [1 if axis in axes else size for axis, size in enumerate(shape)]
    code = on.text(operand)
    on.declare(node, on.target.constant(start, True).code)
    there = on.views[node].at(on.place_of(np.broadcast_to(own(kept), shape)))
    on.loop(shape, _updated(on, there, op, code))


def _summed(on: Loops, step: Step) -> None:
    """A sum over the axes along which an array was broadcast, of which there may be none."""
    node, operand = step.node, step.operands[0]
    shape = on.shapes[operand]
    if shape == on.shapes[node]:
        _same(on, step)
        return
    code = on.text(operand).code
    on.declare(node, "0.0")
    places = np.broadcast_to(own(on.shapes[node]), shape)
    on.loop(shape, f"{on.views[node].at(on.place_of(places))} += {code};")


def _updated(on: Loops, there: str, op: str, code: Text) -> str:
    sign = {"add": "+", "multiply": "*"}.get(op)
    if sign:
        return f"{there} {sign}= {code.code};"
    return f"{there} = {on.target.spellings[op].write([Text(there), code]).code};"


def _scan(on: Loops, step: Step) -> None:
    """Along an axis, each element from the one before."""
    node = step.node
    shape, axis = on.shapes[node], axes_of(node.attributes[0], len(on.shapes[node]))[0]
    codes = [on.text(operand) for operand in step.operands]
    on.declare(node)
    here = own(shape)
    variable = on.variables(len(shape))[axis]
    view = on.views[node]
    back = int(np.prod(shape[axis + 1 :]))
    before = Text(view.at(f"{on.place_of(here)} - {back}"))
    if node.op == "_scan":
        product = on.target.spellings["multiply"].write([codes[0], before])
        late = on.target.spellings["add"].write([product, codes[1]])
    else:
        late = on.target.spellings[SCANS[node.op]].write([before, codes[0]])
    start = codes[-1].code
    on.loop(shape, f"{on.texts[node].code} = {variable} > 0 ? {late.code} : {start};")


def _product(on: Loops, step: Step) -> None:
    """A sum of products, over the axes that the result does not have."""
    node = step.node
    left, right, out = _labels(on, step)
    views = [on.view(operand) for operand in step.operands]
    sizes: dict[str, int] = {}
    for labels, view in zip((left, right), views, strict=True):
        for label, size in zip(labels, view.offsets.shape, strict=True):
            if size != 1 or label not in sizes:
                sizes[label] = size
    summed = [label for label in dict.fromkeys(left + right) if label not in out]
    axes = [*out, *summed]
    shape = [sizes[label] for label in axes]
    variables = [*on.variables(len(out)), *on.further(len(summed))]
    factors = []
    for own_labels, view in zip((left, right), views, strict=True):
        whole = _spread(view.offsets, own_labels, axes, shape)
        factors.append(Text(view.at(on.place_of(whole, variables))))
    product = on.target.spellings["multiply"].write(factors)
    if not summed:
        on.texts[node] = product
        return
    on.declare(node, "0.0")
    on.loop(shape, f"{on.texts[node].code} += {product.code};", variables)


def _labels(on: Loops, step: Step) -> tuple[str, str, str]:
    """The axes of both operands and of the result by letters, as einsum has them."""
    op = step.node.op
    a, b = (len(on.shapes[operand]) for operand in step.operands)
    if op == "_einsum":
        ins, out = str(step.node.attributes[0]).split("->")
        left, right = ins.split(",")
        return (
            _written_out(left, a),
            _written_out(right, b),
            _written_out(out, len(on.shapes[step.node])),
        )
    if op == "_outer":
        return "AB"[:a], "CD"[:b], "AB"[:a] + "CD"[:b]
    if op == "_vdot":
        return ascii_uppercase[:a], ascii_uppercase[:b], ""
    stack = "STUVWXYZ"[: max(a, b) - 2] if max(a, b) > 2 else ""
    left = stack[len(stack) - max(a - 2, 0) :] + ("i" if a > 1 else "") + "k"
    right = stack[len(stack) - max(b - 2, 0) :] + "k" + ("j" if b > 1 else "")
    return left, right, stack + ("i" if a > 1 else "") + ("j" if b > 1 else "")


def _written_out(labels: str, rank: int) -> str:
    """The letters of all axes, where an ellipsis stands for some."""
    letters = "STUVWXYZ"
    return labels.replace("...", letters[len(letters) + len(labels) - len("...") - rank :])


def _spread(offsets: Offsets, labels: str, wanted: Sequence[str], shape: Sequence[int]) -> Offsets:
    """Offsets over all axes that a loop runs through."""
    present = [label for label in wanted if label in labels]
    if len(set(labels)) < len(labels):
        offsets = np.einsum(f"{labels}->{''.join(present)}", offsets)
    else:
        offsets = offsets.transpose([labels.index(label) for label in present])
    key = tuple(slice(None) if label in labels else None for label in wanted)
    return np.broadcast_to(offsets[key], tuple(shape))


def _same(on: Loops, step: Step) -> None:
    """What changes nothing in C."""
    operand = step.operands[0]
    on.texts[step.node] = on.text(operand)
    if operand in on.views:
        on.views[step.node] = on.views[operand]
    if operand in on.is_name:
        on.is_name.add(step.node)


RULES: Mapping[str, Rule] = {
    **ALGEBRA,
    **dict.fromkeys(MOVES, _move),
    **{name: _scatter for name in SCATTERS if name != "place"},
    **dict.fromkeys(FOLDS, _fold),
    **dict.fromkeys((*SCANS, "_scan"), _scan),
    **dict.fromkeys(PRODUCTS, _product),
    "unbroadcast": _summed,
    **dict.fromkeys(("stop_gradient", "integer", "copy", "cast"), _same),
}

ARRAYS = frozenset(RULES) | frozenset(
    "place size _count ndim integer pair _zeros _ones eye _counting _equal_parts".split()
)
"""Operations on whole arrays that can be written in loops."""
