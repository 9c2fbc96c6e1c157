"""How linear algebra, and what looks along an axis, is written in C: by functions of the file.

Each works on one matrix or one row, which it finds by a pointer. Arrays are laid out for it where
they lie otherwise, and loops run over the axes in front.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from symgrad.graph import Node
from symgrad.language.template import HOLE
from symgrad.schedule import Step
from symgrad.shaping.misfit import axes_of
from symgrad.writing.loop_code import Loops, Rule, View
from symgrad.writing.offsets import Offsets, own

Shape = tuple[int, ...]
Made = TypeVar("Made")


def _stacked(on: Loops, node: Node, core: int, stack: Shape) -> str:
    """Where the matrix or the row of an array begins that stands in a stack, as an argument."""
    shape = on.shapes[node]
    begins = _begins(shape, core, stack)
    return _from(on.flat(node), on.place_of(begins))


def _begins(shape: Shape, core: int, stack: Shape) -> Offsets:
    """The offset of each matrix of an array, spread over a stack."""
    front, size = shape[: len(shape) - core], int(np.prod(shape[len(shape) - core :]))
    return np.broadcast_to(own(front) * size, stack)


def _from(name: str, place: str) -> str:
    return name if place == "0" else f"&{name}[{place}]"


def _result(on: Loops, node: Node) -> str:
    """An array for a result whose elements a function writes; a number is an array of one."""
    shape = on.shapes[node]
    given = on.places.get(node)
    name = given or on.room(shape)
    on.look(node, View(name, own(shape)))
    return name


def _once(on: Loops, a: Node, make: Callable[[Loops, Node], Made]) -> Made:
    """What several operations need of one array: made once, or before and after `reverse`."""
    keys = [(a, make, False), (a, make, on.lines is on.backward)]
    found: Made | None = next((on.kept[key] for key in keys if key in on.kept), None)
    if found is None:
        found = on.kept[keys[1]] = make(on, a)
    return found


def _factors(on: Loops, a: Node) -> tuple[str, str]:
    """The triangles of a matrix or a stack of them, and the order of its rows."""
    shape = on.shapes[a]
    n, stack = shape[-1], shape[:-2]
    lu, order = on.room(shape), on.room((*stack, n + 1), "int")
    on.loop(shape, f"{lu}[{on.subscript(shape)}] = {on.text(a).code};")
    at = _from(lu, on.place_of(own(stack) * n * n))
    rows = _from(order, on.place_of(own(stack) * (n + 1)))
    on.loop(stack, f"triangles({n}, {at}, {rows});")
    return lu, order


def _in_parts(
    on: Loops, a: Node, function: str, sizes: Sequence[Shape], given: str, turned: bool = False
) -> list[View]:
    """A matrix or a stack of them taken apart: room for a copy, which is the first, and others."""
    shape, stack = on.shapes[a], on.shapes[a][:-2]
    shapes = [(*stack, *size) for size in sizes]
    rooms = [on.room(size) for size in shapes]
    places = own(shapes[0])
    places = places.swapaxes(-1, -2) if turned else places
    on.loop(shape, f"{rooms[0]}[{on.place_of(places)}] = {on.text(a).code};")
    starts = [
        _from(room, on.place_of(own(stack) * int(np.prod(size))))
        for room, size in zip(rooms, sizes, strict=True)
    ]
    on.loop(stack, f"{function}({given}, {', '.join(starts)});")
    return [View(room, own(size)) for room, size in zip(rooms, shapes, strict=True)]


def _eigen(on: Loops, a: Node) -> list[View]:
    n = on.shapes[a][-1]
    return _in_parts(on, a, "eigen", [(n, n), (n,), (n, n)], f"{n}")[1:]


def _singular(on: Loops, a: Node) -> list[View]:
    """Of a matrix that is wider than high, its transpose is taken apart."""
    m, n = sorted(on.shapes[a][-2:], reverse=True)
    wide = on.shapes[a][-1] > on.shapes[a][-2]
    u, s, v = _in_parts(on, a, "singular", [(m, n), (n,), (n, n)], f"{m}, {n}", wide)
    u, v = (v, u) if wide else (u, v)
    return [u, s, View(v.buffer, v.offsets.swapaxes(-1, -2))]


def _orthogonal(on: Loops, a: Node) -> list[View]:
    m, n = on.shapes[a][-2:]
    k = min(m, n)
    sizes = [(m, n), (k,), (m, k), (k, n)]
    return _in_parts(on, a, "orthogonal", sizes, f"{m}, {n}")[2:]


_PARTS: Mapping[str, tuple[Callable[[Loops, Node], list[View]], int]] = {
    "_eigenvalues": (_eigen, 0),
    "_eigenvectors_of": (_eigen, 1),
    "_svd_u": (_singular, 0),
    "svdvals": (_singular, 1),
    "_svd_vh": (_singular, 2),
    "_qr_q": (_orthogonal, 0),
    "_qr_r": (_orthogonal, 1),
}
"""What takes a matrix apart, and which of the parts it is."""


def _part(on: Loops, step: Step) -> None:
    make, which = _PARTS[step.node.op]
    on.look(step.node, _once(on, step.operands[0], make)[which])


def _solve(on: Loops, step: Step) -> None:
    node, (a, b) = step.node, step.operands
    n, shape = on.shapes[a][-1], on.shapes[node]
    columns = 1 if node.op == "_solve_vector" else shape[-1]
    core = 1 if node.op == "_solve_vector" else 2
    stack = shape[: len(shape) - core]
    lu, order = _once(on, a, _factors)
    given = _stacked(on, b, core, stack)
    name = _result(on, node)
    begins = _begins(on.shapes[a], 2, stack)
    rows = _from(order, on.place_of(begins // max(n * n, 1) * (n + 1)))
    there = _from(name, on.place_of(own(stack) * n * columns))
    matrix = _from(lu, on.place_of(begins))
    on.loop(stack, f"solved({n}, {columns}, {matrix}, {rows}, {given}, {there});")


def _inverse(on: Loops, step: Step) -> None:
    node, (a,) = step.node, step.operands
    shape = on.shapes[node]
    n, stack = shape[-1], shape[:-2]
    lu, order = _once(on, a, _factors)
    same = on.room((n, n))
    i, j = on.variables(2)
    on.loop((n, n), f"{same}[{on.subscript((n, n))}] = {i} == {j} ? 1.0 : 0.0;" if n != 1 else (
        f"{same}[0] = 1.0;"))  # fmt: skip
    name = _result(on, node)
    matrix = on.place_of(own(stack) * n * n)
    rows = _from(order, on.place_of(own(stack) * (n + 1)))
    given = f"{_from(lu, matrix)}, {rows}, {same}, {_from(name, matrix)}"
    on.loop(stack, f"solved({n}, {n}, {given});")


def _determinant(on: Loops, step: Step) -> None:
    """From the diagonal of the triangles: a product, or its sign, or a sum of logarithms."""
    node, (a,) = step.node, step.operands
    shape = on.shapes[a]
    n, stack = shape[-1], shape[:-2]
    lu, order = _once(on, a, _factors)
    here = f"{order}[{on.place_of(own(stack) * (n + 1) + n)}]"
    start = "0.0" if node.op == "_slogdet_log" else here
    name = _result(on, node)
    there = f"{name}[{on.subscript(stack)}]"
    on.loop(stack, f"{there} = {start};")
    if not n:
        return
    (k,) = on.further(1)
    diagonal = own(stack)[..., None] * n * n + np.arange(n) * (n + 1)
    names = [*on.variables(len(stack)), k]
    element = f"{lu}[{on.place_of(diagonal, names)}]"
    line = {
        "det": f"{there} *= {element};",
        "_slogdet_sign": f"{there} *= sign({element});",
        "_slogdet_log": f"{there} += log(fabs({element}));",
    }[node.op]
    on.loop((*stack, n), line, names)


def _by_matrix(on: Loops, step: Step, function: str, *work: Shape) -> None:
    """A function of a matrix and of its size, with room for its work, for each in a stack."""
    node, (a,) = step.node, step.operands
    shape = on.shapes[a]
    core = len(on.shapes[node]) - (len(shape) - 2)
    given = _stacked(on, a, 2, shape[:-2])
    rooms = [on.room(size) for size in work]
    name = _result(on, node)
    there = _from(name, on.place_of(_begins(on.shapes[node], core, shape[:-2])))
    on.loop(shape[:-2], f"{function}({', '.join([str(shape[-1]), given, *rooms, there])});")


def _cholesky(on: Loops, step: Step) -> None:
    _by_matrix(on, step, "cholesky")


def _cofactors(on: Loops, step: Step) -> None:
    n = on.shapes[step.operands[0]][-1]
    _by_matrix(on, step, "cofactors", (n, n))


def _rows_last(on: Loops, node: Node, axis: int | None) -> tuple[str, Shape, int]:
    """An array with an axis laid out last, or with all as one: its name, the others, the size."""
    shape = on.shapes[node]
    if axis is None:
        return on.flat(node), (), int(np.prod(shape))
    axis %= len(shape)
    others, size = (*shape[:axis], *shape[axis + 1 :]), shape[axis]
    if axis == len(shape) - 1:
        return on.flat(node), others, size
    name = on.room(shape)
    places = np.moveaxis(own((*others, size)), -1, axis)
    on.loop(shape, f"{name}[{on.place_of(places)}] = {on.text(node).code};")
    return name, others, size


def _extreme(on: Loops, step: Step) -> None:
    """The place of the largest or the smallest element along an axis."""
    node, (x,) = step.node, step.operands
    axis = node.attributes[0]
    source, others, size = _rows_last(on, x, axis)
    sign = "1.0" if node.op == "argmax" else "-1.0"
    name = _result(on, node)
    row = _from(source, on.place_of(own(others) * size))
    on.loop(others, f"{name}[{on.subscript(others)}] = largest({size}, {row}, {sign});")


def _order(on: Loops, step: Step) -> None:
    """The places of elements in their order along an axis."""
    node, (x,) = step.node, step.operands
    shape = on.shapes[x]
    axis = axes_of(node.attributes[0], len(shape))[0] if shape else None
    source, others, size = _rows_last(on, x, axis)
    name = on.room(shape)
    begins = on.place_of(own(others) * size)
    on.loop(others, f"in_order({size}, {_from(source, begins)}, {_from(name, begins)});")
    places = own((*others, size)) if axis is not None else own(shape)
    on.look(node, View(name, places if axis is None else np.moveaxis(places, -1, axis)))


def _searchsorted(on: Loops, step: Step) -> None:
    node, (a, x) = step.node, step.operands
    shape = on.shapes[node]
    source, size = on.flat(a), on.shapes[a][0]
    code = on.text(x).code
    on.declare(node)
    on.loop(shape, f"{on.texts[node].code} = below({size}, {source}, {code});")


def _middle(on: Loops, step: Step) -> None:
    """The middle of sorted rows: of two elements, the mean."""
    node, (s,) = step.node, step.operands
    shape, view = on.shapes[s], on.view(step.operands[0])
    n = shape[-1]
    low, high = (view.at(on.place_of(view.offsets[..., k])) for k in ((n - 1) // 2, n // 2))
    on.declare(node)
    on.loop(shape[:-1], f"{on.texts[node].code} = ({low} + {high}) / 2.0;")


def _unmiddle(on: Loops, step: Step) -> None:
    node, (y, s) = step.node, step.operands
    n = on.shapes[s][-1]
    view = on.view(y)
    given = view.at(on.place_of(view.offsets))
    on.declare(node, "0.0")
    there = on.views[node]
    for k in ((n - 1) // 2, n // 2):
        place = there.at(on.place_of(there.offsets[..., k]))
        on.loop(on.shapes[node][:-1], f"{place} += {given} / 2.0;")


def _convolve(on: Loops, step: Step) -> None:
    """Sums of products along antidiagonals, or diagonals, of all products of two vectors."""
    node, (a, b) = step.node, step.operands
    views = [on.view(a), on.view(b)]
    n, m = on.shapes[a][0], on.shapes[b][0]
    if node.op == "_convolve":
        first, second = np.meshgrid(np.arange(n), np.arange(m), indexing="ij")
        places = [first, second, first + second]
    else:
        first, second = np.meshgrid(np.arange(n - m + 1), np.arange(m), indexing="ij")
        places = [first + second, second, first]
    on.declare(node, "0.0")
    names = on.further(2)
    x, y, out = (
        view.at(on.place_of(view.offsets[at], names))
        for view, at in zip([*views, on.views[node]], places, strict=True)
    )
    on.loop(first.shape, f"{out} += {x} * {y};", names)


def _segments(on: Loops, step: Step) -> None:
    """Rows, each added to that of its segment."""
    node, (x, ids, *_) = step.node, step.operands
    shape = on.shapes[node]
    code = on.text(x)
    on.declare(node, "0.0")
    found = on.found(node, "index", (HOLE,), shape, [ids])
    on.add_at(on.views[node], found, code.code)


ALGEBRA: Mapping[str, Rule] = {
    **dict.fromkeys(_PARTS, _part),
    **dict.fromkeys(("_solve", "_solve_vector"), _solve),
    **dict.fromkeys(("det", "_slogdet_sign", "_slogdet_log"), _determinant),
    **dict.fromkeys(("argmax", "argmin"), _extreme),
    **dict.fromkeys(("_convolve", "_correlate"), _convolve),
    "inv": _inverse,
    "_cofactors": _cofactors,
    "_cholesky": _cholesky,
    "argsort": _order,
    "_searchsorted": _searchsorted,
    "_middle": _middle,
    "_unmiddle": _unmiddle,
    "_segment_sum": _segments,
}
