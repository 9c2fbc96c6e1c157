"""What has no subscripts, done on terms: NumPy's own operation, with the batch axes in front.

Axes are counted from the end, so that those in front change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symgrad.differentiation.batch_products import contracted
from symgrad.errors import DerivativeError
from symgrad.graph import Node
from symgrad.language.items import paired, unpaired
from symgrad.language.template import HOLE
from symgrad.shaping.shape_moves import pad_widths
from symgrad.shaping.terms import Labels, Site, Term, Workshop

Move = Callable[[Workshop, Site, Node, int, Labels], Node]
"""Makes the operation on an array with so many batch axes in front, of this layout."""


def moved(shop: Workshop, site: Site, term: Term) -> Term:
    """The operation on a term without ties, with all axes of the array."""
    op = site.node.op
    if op not in MOVES:
        raise DerivativeError(f"there is no Jacobian through {op.strip('_')}")
    term = shop.untied(term, site.x)
    layout = (*term.free, *range(-len(shop.shape(site.x)), 0))
    array = shop.full(term, layout, site.x)
    node = MOVES[op](shop, site, array, len(term.free), layout)
    rank = len(shop.shape(site.out))
    return Term(node, (*term.free, *range(-rank, 0)))


def _from_the_end(axis: Any, rank: int) -> Any:
    if axis is None:
        return tuple(range(-rank, 0))
    if isinstance(axis, tuple):
        return tuple(a - rank if a >= 0 else a for a in axis)
    return axis - rank if axis >= 0 else axis


def _lifted(shop: Workshop, node: Node, count: int, layout: Labels) -> Node:
    """An array that is the same for the whole batch, with the batch axes."""
    if not count:
        return node
    rank = len(shop.shape(node))
    return shop.full(Term(node, tuple(range(-rank, 0))), (*layout[:count], *range(-rank, 0)), node)


def _alike(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    """Nothing to change but the axes that are given first."""
    value = site.node.attributes
    if value:
        value = (_from_the_end(value[0], len(layout) - count), *value[1:])
    return shop.make(site.node.op, array, *site.args[1:], value=value or None)


def _as_it_is(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    return shop.make(site.node.op, array, *site.args[1:], value=site.node.value)


def _in_place(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    args = [array if at == site.place else arg for at, arg in enumerate(site.args)]
    return shop.make(site.node.op, *args, value=site.node.value)


def _like(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    """In the shape of the second operand, which gets the batch axes."""
    like, *more = unpaired(site.args[1])
    second = paired(shop.build, _lifted(shop, like, count, layout), *more)
    assert second is not None
    value = site.node.value
    rank = len(shop.shape(like))
    more_axes = len(layout) - count - rank
    if site.node.op == "unbroadcast" and more_axes:
        array = shop.make("sum", array, value=(tuple(range(count, count + more_axes)), False))
    if site.node.op == "_unmerged":
        value = (_from_the_end(site.node.attributes[0], rank),)
    elif site.node.op == "_unrepeat":
        value = (site.node.attributes[0], _from_the_end(site.node.attributes[1], rank))
    elif site.node.op == "_undiagonal":
        offset, a, b = site.node.attributes
        value = (offset, _from_the_end(a, rank), _from_the_end(b, rank))
    elif site.node.op == "_undiagonals":
        value = (site.node.attributes[0].replace("->", "->...").join(["...", ""]),)
    elif site.node.op == "_unpad":
        value = (((0, 0),) * count + tuple(pad_widths(site.node.attributes[0], rank)),)
    return shop.make(site.node.op, array, second, value=value)


def _roll(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    """Without an axis, all of them are rolled as one."""
    shift, axis = site.node.attributes
    rank = len(layout) - count
    if axis is not None or rank == 1:
        axis = -1 if axis is None else _from_the_end(axis, rank)
        return shop.make("roll", array, *site.args[1:], value=(shift, axis))
    every = (tuple(range(-rank, 0)),)
    flat = shop.make("_merged", array, value=every)
    rolled = shop.make("roll", flat, *site.args[1:], value=(shift, -1))
    return shop.make("_unmerged", rolled, array, value=every)


def _diagonal(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    offset, a, b = site.node.attributes
    rank = len(layout) - count
    value = (offset, _from_the_end(a, rank), _from_the_end(b, rank))
    return shop.make("diagonal", array, value=value)


def _repeat(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    repeats, axis = site.node.attributes
    value = (repeats, _from_the_end(axis, len(layout) - count))
    return shop.make("_repeat", array, *site.args[1:], value=value)


def _tile(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    more = len(site.node.attributes[0]) - (len(layout) - count)
    if more > 0 and count:
        array = shop.make("expand_dims", array, value=(tuple(range(count, count + more)),))
    return shop.make("tile", array, *site.args[1:], value=site.node.value)


def _untile(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    like, *more = unpaired(site.args[1])
    rank = len(shop.shape(like))
    lifted = _lifted(shop, like, count, layout)
    new = len(layout) - count - rank
    axes = tuple(range(count, count + new))
    if new and count:
        lifted = shop.make("expand_dims", lifted, value=(axes,))
    second = paired(shop.build, lifted, *more)
    assert second is not None
    whole = shop.make("_untile", array, second, value=site.node.value)
    return shop.make("squeeze", whole, value=(axes,)) if new and count else whole


def _pad(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    widths = tuple(pad_widths(site.node.attributes[0], len(layout) - count))
    return shop.make("pad", array, value=(((0, 0),) * count + widths,))


def _take_along(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    indices = site.args[1]
    if count:
        indices = shop.make("expand_dims", indices, value=(tuple(range(count)),))
    value = (_from_the_end(site.node.attributes[0], len(layout) - count),)
    return shop.make("take_along_axis", array, indices, value=value)


def _put_along(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    like, indices = unpaired(site.args[1])
    value = (_from_the_end(site.node.attributes[0], len(layout) - count),)
    second = paired(
        shop.build, _lifted(shop, like, count, layout), _lifted(shop, indices, count, layout)
    )
    assert second is not None
    return shop.make("_put_along_axis", array, second, value=value)


def _scan(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    value = (_from_the_end(site.node.attributes[0], len(layout) - count),)
    return shop.make("_scan", _lifted(shop, site.args[0], count, layout), array, value=value)


def _solve(shop: Workshop, site: Site, array: Node, count: int, layout: Labels) -> Node:
    """Many right-hand sides that were one vector are the columns of a matrix."""
    matrix = site.args[0]
    if site.node.op == "_solve" or not count:
        return shop.make(site.node.op, matrix, array)
    if count == 1 and len(layout) == 2:
        columns = shop.make("_solve", matrix, shop.moved(array, (1, 0)))
        return shop.moved(columns, (1, 0))
    column = shop.make("expand_dims", array, value=((-1,),))
    return shop.make("squeeze", shop.make("_solve", matrix, column), value=(-1,))


def convolution(shop: Workshop, site: Site, term: Term) -> Term:
    """A product with the matrix of what is convolved with."""
    if not term.free and not term.ties:
        return moved(shop, site, term)
    other = site.args[1 - site.place]
    row = shop.make("expand_dims", _counted(shop, shop.size(site.x, -1)), value=((-1,),))
    column = _counted(shop, shop.size(site.out, -1))
    if site.node.op == "_convolve":
        place = shop.make("subtract", column, row)
    elif site.place == 0:
        place = shop.make("subtract", row, column)
    else:
        place = shop.make("add", row, column)
    size = shop.size(other, -1)
    within = shop.make(
        "logical_and",
        shop.make("greater_equal", place, shop.make("constant", value=0.0)),
        shop.make("less", place, size),
    )
    key = shop.make("integer", shop.make("remainder", place, size))
    picked = shop.make("index", other, key, value=(HOLE,))
    matrix = shop.make("keep", within, picked)
    return contracted(shop, site.x, term, "a", [(matrix, "ab")], "b")


def _counted(shop: Workshop, size: Node) -> Node:
    return shop.make("_counting", size, value=((HOLE,),))


MOVES: Mapping[str, Move] = {
    **dict.fromkeys("flip _cumsum _delay _merged".split(), _alike),
    **dict.fromkeys("_middle tril triu".split(), _as_it_is),
    **dict.fromkeys(
        """_unmerged _unmiddle _unrepeat _unpad _undiagonal _undiagonals _reshape_like
        unbroadcast""".split(),
        _like,
    ),
    "diagonal": _diagonal,
    "roll": _roll,
    "_repeat": _repeat,
    "tile": _tile,
    "_untile": _untile,
    "pad": _pad,
    "take_along_axis": _take_along,
    "_put_along_axis": _put_along,
    "_scan": _scan,
    "_solve": _solve,
    "_solve_vector": _solve,
    **dict.fromkeys(("_convolve", "_correlate"), _in_place),
}
