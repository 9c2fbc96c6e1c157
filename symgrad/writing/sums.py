"""Sums of products without the array of products, for code whose shapes are known.

What stands still along the axes that are summed is taken out of the sum, and a sum of products of
two arrays is one of matrices: NumPy passes over it once, and fast. So `sum(-2*e*(g*r), axis=0)`,
with a number for each column in e, becomes `-2*e` times the product of g and r.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from string import ascii_lowercase

from symgrad.differentiation.specialise import contracted as of_all
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.contraction import joined
from symgrad.pipeline import Derived, Known
from symgrad.shapes import CONDITIONS, Inference
from symgrad.shaping.misfit import Misfit, Shape, axes_of
from symgrad.writing.rows import NUMBERS, visit_all

_PRODUCTS = frozenset(("multiply", "negative"))
_ARITHMETIC = frozenset(("add", "subtract", "multiply", "divide"))
_SPREAD = _ARITHMETIC | {"_at", "_vdot"}

Terms = dict[str, Node]
"""Arrays by the letters of those of their axes that are not of size 1, lined up at the end."""


def contracted(graph: Graph, found: Inference) -> Graph:
    """The graph with sums of products as products of matrices; `found` has the inputs' shapes."""
    shapes = Shapes(found)
    graph = rebuilt(graph, partial(_spread_late, shapes), _SPREAD)
    return rebuilt(graph, _Sums(graph, shapes), ("sum",))


def with_products(derived: Derived, known: Known) -> Derived:
    """A formula with its sums of all products of two arrays as products of these."""
    found = known.infer()
    visit_all(derived.graph, found)
    return replace(derived, graph=of_all(derived.graph, found))


@dataclass(frozen=True, slots=True)
class _Sum:
    """What is summed along which axes, and the letters of all of its axes."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]

    def letters(self, shape: tuple[int, ...]) -> str:
        """The letters of an operand's axes, but for those of size 1."""
        first = len(self.shape) - len(shape)
        return "".join(ascii_lowercase[first + at] for at, n in enumerate(shape) if n != 1)

    @property
    def gone(self) -> str:
        """The letters that are summed over."""
        return "".join(ascii_lowercase[at] for at in self.axes)


class Shapes:
    """The shapes of nodes, of those too that were made just now."""

    def __init__(self, found: Inference) -> None:
        self._found = found

    def __call__(self, node: Node) -> tuple[int, ...] | None:
        """A shape of which all is known."""
        waiting, shapes = [node], self._found.shapes
        while waiting:
            last = waiting[-1]
            missing = [arg for arg in last.args if arg not in shapes]
            waiting.extend(missing)
            if not missing:
                waiting.pop()
                if last not in shapes:
                    try:
                        self._found.visit(last)
                    except Misfit:
                        shapes[last] = None
        return _known(shapes[node])


def _spread_late(
    shapes: Shapes, build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
) -> Node | None:
    """What is spread over a shape stays as small as it is until it meets an array of that shape.

    Ones change nothing but the shape; what is the same everywhere is taken out of a product.
    """
    whole = shapes(node)
    if whole is None:
        return None
    if node.op not in _ARITHMETIC:
        return None if whole else _same_everywhere(shapes, build, args)
    if node.op == "multiply":
        for one, other in (args, args[::-1]):
            if _is_ones(one) and shapes(other) == whole:
                return other
    like = None
    for place, arg in enumerate(args):
        if arg.op == "broadcast" and shapes(arg) == whole:
            args[place], like = arg.args
    if like is None or whole in map(shapes, args):
        return None
    return build.node("broadcast", build.node(node.op, *args, span=node.span), like)


def _same_everywhere(shapes: Shapes, build: Builder, args: list[Node]) -> Node | None:
    """The sum of the products of a number, spread over a shape, and an array."""
    for spread, other in (args, args[::-1]):
        inner = spread.args[0] if spread.op == "broadcast" else spread
        shape = shapes(inner)
        if inner is not spread and shape is not None and math.prod(shape) == 1:
            parts = [build.node("sum", part, value=(None, False)) for part in (inner, other)]
            return build.node("multiply", *parts)
    return None


class _Sums:
    """Makes sums anew, in a graph of which it knows how often its nodes are used."""

    def __init__(self, graph: Graph, shapes: Shapes) -> None:
        self._uses = Counter(arg for n in graph.nodes if n.op not in NUMBERS for arg in n.args)
        self._uses.update(graph.outputs)
        self._shape = shapes

    def __call__(
        self, build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        below, axis, keepdims = node.args[0], node.attributes[0], node.attributes[1]
        if self._uses[below] > 1:
            return None
        again = below.op == "sum" and axis is None and not keepdims
        if again:
            below = below.args[0]
        found, shape = None, self._shape(below)
        if shape and not keepdims and self._uses[below] == 1 and below.op in _PRODUCTS:
            total = _Sum(shape, axes_of(axis, len(shape)))
            found = self._parted(build, self._factors(build, below, made, total), total)
        if found is None and again:
            return build.node("sum", made[below], value=(None, False))
        return found

    def _parted(self, build: Builder, factors: list[Node], total: _Sum) -> Node | None:
        """What is taken out of a sum, times what is left of it."""
        outside: list[Node] = []
        inside: Terms = {}
        for factor in factors:
            shape = self._shape(factor)
            if shape is None or factor.op in CONDITIONS:
                return None
            letters = total.letters(shape)
            if set(total.gone).isdisjoint(letters):
                outside.append(self._dropped(build, factor, total))
            elif letters in inside:
                inside[letters] = build.node("multiply", inside[letters], factor)
            else:
                inside[letters] = factor
        if any(letter not in "".join(inside) for letter in total.gone):
            return None
        left = self._contraction(build, inside, total)
        if left is None:
            if not outside:
                return None
            whole = _product(build, list(inside.values()))
            lost = len(total.shape) - len(self._shape(whole) or ())
            axes = tuple(axis - lost for axis in total.axes)
            left = build.node("sum", whole, value=(axes if len(axes) > 1 else axes[0], False))
        found = _product(build, [*outside, left])
        return found if self._shape(found) == self._left(total) else None

    def _left(self, total: _Sum) -> tuple[int, ...]:
        return tuple(n for at, n in enumerate(total.shape) if at not in total.axes)

    def _factors(
        self, build: Builder, node: Node, made: Mapping[Node, Node], total: _Sum
    ) -> list[Node]:
        """The last two factors of a product, and those before them that are taken out of the sum.

        What was multiplied first still is: in `1e-200*x*y` the product of x and y may overflow.
        """
        found: list[Node] = []
        minus = False
        while node.op in _PRODUCTS and self._uses[node] == 1:
            if node.op == "negative":
                minus, node = not minus, node.args[0]
                continue
            outside = [arg for arg in node.args if self._is_outside(arg, total)]
            if len(outside) != 1:
                found += [made[arg] for arg in node.args]
                break
            found += [made[arg] for arg in outside]
            (node,) = (arg for arg in node.args if arg not in outside)
        else:
            found.append(made[node])
        return [build.constant(-1.0), *found] if minus else found

    def _is_outside(self, factor: Node, total: _Sum) -> bool:
        """Whether it stands still along the axes that are summed over."""
        shape = self._shape(factor)
        return shape is not None and set(total.gone).isdisjoint(total.letters(shape))

    def _dropped(self, build: Builder, factor: Node, total: _Sum) -> Node:
        """A factor without the axes that are summed over, which are of size 1 in it."""
        shape = self._shape(factor) or ()
        first = len(total.shape) - len(shape)
        axes = tuple(axis - first for axis in total.axes if axis >= first)
        return self._squeezed(build, factor, axes)

    def _squeezed(self, build: Builder, node: Node, axes: tuple[int, ...]) -> Node:
        if not axes:
            return node
        rank = len(self._shape(node) or ())
        if node.op == "expand_dims" and axes_of(node.attributes[0], rank) == axes:
            return node.args[0]
        return build.node("squeeze", node, value=(axes,))

    def _contraction(self, build: Builder, inside: Terms, total: _Sum) -> Node | None:
        """A sum of products of two as a product of matrices, stacked or not."""
        if len(inside) != 2:
            return self._of_one(build, inside, total)
        (left, x), (right, y) = inside.items()
        out = "".join(
            letter
            for letter in ascii_lowercase[: len(total.shape)]
            if letter in left + right and letter not in total.gone
        )
        groups = ("".join(c for c in out if c in left and c in right), out, total.gone)
        alone = [
            [c for c in out if c in a and c not in b] for a, b in ((left, right), (right, left))
        ]
        if len(groups[0]) > 1 or len(total.gone) > 1 or max(map(len, alone)) > 1:
            return None
        if not all(letter in left and letter in right for letter in total.gone):
            return None
        if len(out) < len(total.shape) - len(total.axes):
            return None
        operands = [self._squeezed(build, node, self._ones(node)) for node in (x, y)]
        if len(left) == len(right) == 1:
            return build.node("_at", *operands)
        return build.node("_einsum", *operands, value=(joined(left, right, out),))

    def _of_one(self, build: Builder, inside: Terms, total: _Sum) -> Node | None:
        """The sum over all elements of a product of arrays of one shape."""
        (node,) = inside.values()
        shape = self._shape(node)
        if node.op != "multiply" or shape is None:
            return None
        same = all(self._shape(arg) == shape for arg in node.args)
        if not same or len(total.axes) < len(total.shape) or len(shape) < len(total.shape):
            return None
        return build.node("_at" if len(shape) == 1 else "_vdot", *node.args)

    def _ones(self, node: Node) -> tuple[int, ...]:
        return tuple(at for at, size in enumerate(self._shape(node) or ()) if size == 1)


def _known(shape: Shape | None) -> tuple[int, ...] | None:
    if shape is None or None in shape:
        return None
    return tuple(size for size in shape if size is not None)


def _product(build: Builder, factors: list[Node]) -> Node:
    """A product from the left, numbers first."""
    found, *rest = sorted(factors, key=lambda factor: not factor.is_constant)
    for factor in rest:
        found = build.node("multiply", found, factor)
    return found


def _is_ones(node: Node) -> bool:
    """Whether an array is 1 everywhere."""
    while node.op in ("broadcast", "expand_dims"):
        node = node.args[0]
    return node.is_constant and node.value == 1.0


def scaled_once(graph: Graph, found: Inference) -> Graph:
    """The graph with `x * (2*t)` and `y * (2*t)` for `(2*x) * t` and `(2*y) * t`.

    Where numbers are powers of two that changes no digit. A sign that differs is left to the sum or
    difference that the product is in.
    """
    shapes, uses = Shapes(found), graph.uses()
    users = {arg: node for node in graph.nodes for arg in node.args}
    groups: dict[tuple[Node, float], list[tuple[Node, Node, float]]] = {}
    for node in graph.nodes:
        for scaled, other in zip(node.args, node.args[::-1], strict=True) if _doubles(node) else ():
            number = _power_of_two(scaled) if uses[scaled] == 1 else 0.0
            if number and shapes(scaled.args[1]) == shapes(other) == shapes(node) is not None:
                groups.setdefault((other, abs(number)), []).append((node, scaled.args[1], number))
    chosen: dict[Node, tuple[Node, Node, float, bool]] = {}
    taken: set[Node] = set()
    for (shared, size), group in groups.items():
        parts = [part for part in group if part[0] not in chosen]
        for sign in (size, -size) if len(parts) > 1 else ():
            turned = [node for node, _, number in parts if number != sign]
            inner = [n for n in turned if uses[n] == 1 and n not in graph.outputs]
            takers = [users[node] for node in inner]
            apart = len(turned) == len({*takers} - taken)
            if apart and all(map(_takes_signs, takers, turned)):
                chosen |= {n: (shared, other, sign, n in turned) for n, other, _ in parts}
                taken.update(takers)
                break

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node in chosen:
            shared, other, sign, _ = chosen[node]
            scaled = build.node("multiply", build.constant(sign), made[shared])
            return build.node("multiply", made[other], scaled, span=node.span)
        turned = [arg in chosen and chosen[arg][3] for arg in node.args]
        if node.op not in _SIGNED or not any(turned):
            return None
        first, second = args[::-1] if turned[0] else args
        return build.node(_SIGNED[node.op], first, second, span=node.span)

    return rebuilt(graph, replace, ("multiply", *_SIGNED)) if chosen else graph


_DYADIC = 0.5
"""What is left of a power of two without its exponent."""

_SIGNED = {"add": "subtract", "subtract": "add"}
"""What a sum or a difference is where its second operand has the other sign."""


def _doubles(node: Node) -> bool:
    return node.op == "multiply" and node.args[0] is not node.args[1]


def _power_of_two(node: Node) -> float:
    """The power of two, of either sign, that something is multiplied with; 0 for none."""
    number = node.args[0].value if _doubles(node) else None
    dyadic = isinstance(number, float) and math.frexp(abs(number))[0] == _DYADIC
    return float(number) if dyadic and isinstance(number, float) else 0.0


def _takes_signs(user: Node, node: Node) -> bool:
    """Whether a sum, or a difference with something as its second operand."""
    both = user.args.count(node) > 1
    return not both and (user.op == "add" or (user.op == "subtract" and user.args[1] is node))
