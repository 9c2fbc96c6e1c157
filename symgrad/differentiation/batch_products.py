"""What moves axes, sums over them or sums products, done on terms by its subscripts.

A tie whose axis is summed over becomes a batch axis of the result: its two labels become one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase, ascii_uppercase

from symgrad.graph import Node
from symgrad.language.contraction import DOTS, joined, parted
from symgrad.shaping.misfit import Shape, axes_of, axis_of
from symgrad.shaping.terms import Site, Term, Workshop

Lettered = tuple[Node, str]
"""An array and the letters of its axes."""


def product(shop: Workshop, site: Site, term: Term) -> Term:
    """The operation on a term, as its subscripts say."""
    *operands, result = SUBSCRIPTS[site.node.op](site.node, [shop.shape(a) for a in site.args])
    others = [
        (arg, found)
        for at, (arg, found) in enumerate(zip(site.args, operands, strict=True))
        if at != site.place
    ]
    return contracted(shop, site.x, term, operands[site.place], others, result)


def contracted(
    shop: Workshop, x: Node, term: Term, own: str, others: Sequence[Lettered], result: str
) -> Term:
    """The sum of products of a term with at most one other array, over what is not in the result.

    `own` has the letters of the axes of x, which the term is a batch of.
    """
    term = _tied_once(shop, x, term, own)
    letters = {axis - len(own): letter for axis, letter in enumerate(own)}
    letters |= {b: ascii_uppercase[b] for b in term.free}
    summed = [(b, axis) for b, axis in term.ties if letters[axis] not in result]
    kept = {b: letters[axis] for b, axis in term.ties if (b, axis) not in summed}
    free = {b: letters[b] for b in term.free} | {b: letters[axis] for b, axis in summed}
    wanted = "".join(free[b] for b in sorted(free)) + result
    term = shop.tight(term)
    arrays = [diagonal(shop, term.node, "".join(letters[a] for a in term.labels))]
    for other, found in others:
        array = shop.tight(Term(other, tuple(range(-len(found), 0))))
        arrays.append(diagonal(shop, array.node, "".join(found[a] for a in array.labels)))
    present = "".join(found for _, found in arrays)
    for letter in dict.fromkeys(own):
        if letter not in wanted + present:
            node, found = arrays[0]
            count = shop.size(x, own.index(letter) - len(own))
            arrays[0] = shop.make("multiply", node, count), found
    node, found = _summed(shop, arrays, wanted)
    label = {letter: at - len(result) for at, letter in enumerate(result)}
    label |= {letter: b for b, letter in free.items()}
    ties = tuple((b, label[letter]) for b, letter in sorted(kept.items()))
    return Term(node, tuple(label[letter] for letter in found), ties)


def _tied_once(shop: Workshop, x: Node, term: Term, own: str) -> Term:
    """Two ties to axes that have one letter would tie batch axes to one another."""
    seen: set[str] = set()
    for b, axis in term.ties:
        if own[axis] in seen:
            term = shop.untied(term, x, (b,))
        seen.add(own[axis])
    return term


def diagonal(shop: Workshop, node: Node, letters: str) -> Lettered:
    """Where a letter is there twice, the diagonal; of what was transposed, what it was before."""
    if node.op == "_transpose":
        node, letters = node.args[0], letters[::-1]
    once = "".join(dict.fromkeys(letters))
    if once == letters:
        return node, letters
    return shop.make("_diagonals", node, value=(joined(letters, once),)), once


def _summed(shop: Workshop, arrays: list[Lettered], wanted: str) -> Lettered:
    """The product of arrays, summed over the letters that are not wanted."""
    if len(arrays) == 2:
        (a, left), (b, right) = arrays
        a, left = _reduced(shop, a, left, wanted + right)
        b, right = _reduced(shop, b, right, wanted + left)
        summed = set(left) & set(right) - set(wanted)
        if not summed:
            return _multiplied(shop, (a, left), (b, right), wanted)
        if len(summed) == 1 and set(left) & set(right) == summed:
            (letter,) = summed
            if min(len(left), len(right)) <= 2:
                one, other = (a, left), (b, right)
                if _moves(other, one, letter, wanted) < _moves(one, other, letter, wanted):
                    one, other = other, one
                return _matmul(shop, one, other, letter)
        order = "".join(c for c in wanted if c in left + right)
        return shop.make("_einsum", a, b, value=(joined(left, right, order),)), order
    return _reduced(shop, *arrays[0], wanted)


def _multiplied(shop: Workshop, a: Lettered, b: Lettered, wanted: str) -> Lettered:
    """Factors with their axes in the order of the one that has them all, if there is one."""
    every = set(a[1] + b[1])
    order = next((found for _, found in (a, b) if set(found) == every), None)
    if order is None:
        order = "".join(letter for letter in wanted if letter in every)
    factors = [
        shop.aligned(Term(node, tuple(order.index(c) for c in found)), range(len(order)))
        for node, found in (a, b)
    ]
    return shop.make("multiply", *factors), order


def _moves(a: Lettered, b: Lettered, letter: str, wanted: str) -> tuple[int, bool]:
    """How many operands of a product of matrices are to be transposed, and if the result is."""
    (_, left), (_, right) = a, b
    moves = (left[-1] != letter) + (right[max(len(right) - 2, 0)] != letter)
    return moves, left.replace(letter, "")[:1] != wanted[:1]


def _matmul(shop: Workshop, a: Lettered, b: Lettered, letter: str) -> Lettered:
    """Summed over one axis that both have: a product of matrices, or a stack of such."""
    (left, outer), (right, inner) = a, b
    rest = outer.replace(letter, "") + letter
    left = shop.moved(left, [outer.index(c) for c in rest])
    others = inner.replace(letter, "")
    rows = others[:-1] + letter + others[-1:]
    right = shop.moved(right, [inner.index(c) for c in rows])
    node = shop.make("_at", left, right)
    if len(inner) > 2:
        return node, others[:-1] + rest[:-1] + others[-1:]
    return node, rest[:-1] + others


def _reduced(shop: Workshop, node: Node, letters: str, needed: str) -> Lettered:
    """The sum over the axes that nothing else needs."""
    gone = tuple(at for at, letter in enumerate(letters) if letter not in needed)
    if not gone:
        return node, letters
    axis = gone[0] if len(gone) == 1 else gone
    kept = "".join(letter for letter in letters if letter in needed)
    return shop.make("sum", node, value=(axis, False)), kept


def _axes(rank: int) -> str:
    return ascii_lowercase[:rank]


def _reduction(node: Node, shapes: Sequence[Shape]) -> list[str]:
    axis, keepdims = node.attributes
    own = _axes(len(shapes[0]))
    gone = axes_of(axis, len(shapes[0]))
    new = ascii_lowercase[::-1]
    return [own, "".join(new[a] if a in gone else own[a] for a in range(len(shapes[0]))
                         if keepdims or a not in gone)]  # fmt: skip


def _new_axes(node: Node, shapes: Sequence[Shape]) -> list[str]:
    axis = node.attributes[0]
    places = axis if isinstance(axis, tuple) else (axis,)
    rank = len(shapes[0]) + len(places)
    new = axes_of(places, rank)
    own = iter(_axes(len(shapes[0])))
    spare = ascii_lowercase[::-1]
    return [
        _axes(len(shapes[0])),
        "".join(spare[a] if a in new else next(own) for a in range(rank)),
    ]


def _squeezed(node: Node, shapes: Sequence[Shape]) -> list[str]:
    axis, own = node.attributes[0], _axes(len(shapes[0]))
    gone = axes_of(axis, len(own))
    if axis is None:
        gone = tuple(a for a in gone if shapes[0][a] == 1)
    return [own, "".join(letter for a, letter in enumerate(own) if a not in gone)]


def _moved(node: Node, shapes: Sequence[Shape]) -> list[str]:
    own = list(_axes(len(shapes[0])))
    moved = own.copy()
    if node.op == "_transpose":
        moved.reverse()
    elif node.op == "permute_dims":
        axes = node.attributes[0]
        moved = [own[a] for a in (axes if isinstance(axes, tuple) else (axes,))]
    elif node.op == "moveaxis":
        sources, goals = (axes_of(axes, len(shapes[0])) for axes in node.attributes)
        moved = [letter for at, letter in enumerate(own) if at not in sources]
        for goal, start in sorted(zip(goals, sources, strict=True)):
            moved.insert(goal, own[start])
    else:
        a, b = (-2, -1) if node.op == "matrix_transpose" else node.attributes
        moved[a], moved[b] = moved[b], moved[a]
    return ["".join(own), "".join(moved)]


def _diagonals(node: Node, shapes: Sequence[Shape]) -> list[str]:
    return _without_dots(parted(node.attributes[0]), shapes)


def is_main_diagonal(node: Node, shape: Shape) -> bool:
    """Whether a diagonal is where two subscripts are equal."""
    offset, a, b = node.attributes
    return bool(offset == 0 and shape[a] == shape[b] is not None)


def _main_diagonal(node: Node, shapes: Sequence[Shape]) -> list[str]:
    _, a, b = node.attributes
    own = list(_axes(len(shapes[0])))
    first, second = axis_of(a, len(shapes[0])), axis_of(b, len(shapes[0]))
    rest = "".join(letter for at, letter in enumerate(own) if at not in (first, second))
    own[second] = own[first]
    return ["".join(own), rest + own[first]]


def _matrix_product(node: Node, shapes: Sequence[Shape]) -> list[str]:
    a, b = map(len, shapes)
    batch = _axes(max(a, b, 2) - 2)
    left = batch[len(batch) - a + 2 :] + "xz" if a > 1 else "z"
    right = batch[len(batch) - b + 2 :] + "zy" if b > 1 else "z"
    return [left, right, batch + ("x" if a > 1 else "") + ("y" if b > 1 else "")]


def _inner(node: Node, shapes: Sequence[Shape]) -> list[str]:
    return [_axes(len(shapes[0])), _axes(len(shapes[1])), ""]


def _outer(node: Node, shapes: Sequence[Shape]) -> list[str]:
    """A number is a row or a column of one."""
    return ["x"[: len(shapes[0])], "y"[: len(shapes[1])], "xy"]


def _einsum(node: Node, shapes: Sequence[Shape]) -> list[str]:
    return _without_dots(parted(node.attributes[0]), shapes)


def _without_dots(terms: Sequence[str], shapes: Sequence[Shape]) -> list[str]:
    """Letters for an ellipsis, too."""
    taken = "".join(terms)
    spare = [letter for letter in ascii_lowercase + ascii_uppercase[::-1] if letter not in taken]
    counts = [
        len(shape) - len(term) + 1
        for term, shape in zip(terms, shapes, strict=False)
        if DOTS in term
    ]
    dots = "".join(spare[: max(counts, default=0)])
    lengths = [*counts, len(dots)]
    found: list[str] = []
    for term in terms:
        count = lengths.pop(0) if DOTS in term else 0
        found.append(term.replace(DOTS, dots[len(dots) - count :]))
    return found


SUBSCRIPTS: Mapping[str, Callable[[Node, Sequence[Shape]], list[str]]] = {
    "sum": _reduction,
    "expand_dims": _new_axes,
    "squeeze": _squeezed,
    **dict.fromkeys("_transpose matrix_transpose swapaxes permute_dims moveaxis".split(), _moved),
    "_diagonals": _diagonals,
    "diagonal": _main_diagonal,
    "_mm": _matrix_product,
    "_at": _matrix_product,
    "_vdot": _inner,
    "_outer": _outer,
    "_einsum": _einsum,
}
"""The letters of each operand's axes and of the result's."""
