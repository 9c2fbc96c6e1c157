"""The polynomial that takes a formula's place near a point, made of its series there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import gcd

from symgrad.graph import Builder, Node
from symgrad.rewriting.series import Series

_LONGEST = 24
_NEGLIGIBLE = 2.0**-56
_RADII = tuple(2.0**-n for n in range(8))


@dataclass(frozen=True, slots=True)
class Replacement:
    """The series of a node in a variable, minus the point about which it is one."""

    variable: Node
    point: float
    start: int
    stride: int
    coefficients: tuple[float, ...]
    radius: float
    near: Node | None = None
    """What has to be small, where it is not the distance from the point."""


def replacement_of(variable: Node, point: float, exact: Series) -> Replacement | None:
    """The fewest terms that are enough to second derivatives, within the largest radius.

    A term at least has to be known that is not needed: many may be 0 before it comes.
    """
    terms = [float(term) for term in exact.terms]
    apart = gcd(*[place for place, term in enumerate(terms) if term])
    stride = 1 if any(terms[1::2]) else 2
    for radius in _RADII:
        sizes = [abs(t) * (j + 1) ** 2 * radius**j for j, t in enumerate(terms)]
        count = max(j for j, size in enumerate(sizes) if size > _NEGLIGIBLE * abs(terms[0])) + 1
        if count <= min(len(terms) - max(3, apart), _LONGEST):
            kept = tuple(terms[:count:stride])
            return Replacement(variable, point, exact.start, stride, kept, radius)
    return None


def near_point(
    build: Builder, found: Replacement, variable: Node, small: Node | None = None
) -> tuple[Node, Node]:
    """Whether a variable is near to the point, and the polynomial."""
    distance = variable
    if found.point:
        distance = build.node("subtract", variable, build.constant(found.point))
    radius = build.constant(found.radius)
    size = small if small is not None else build.node("abs", distance)
    near = build.node("less", size, radius)
    inner = distance
    if found.stride == 2:
        inner = _squared(build, distance)
    value: Node = build.constant(found.coefficients[0])
    if len(found.coefficients) > 1:
        value = build.node("_polynomial", inner, value=(found.coefficients[::-1],))
    if found.start:
        lead = distance
        if found.start > 1:
            lead = build.node("power", distance, build.constant(float(found.start)))
        value = build.node("multiply", lead, value)
    return near, value


def _squared(build: Builder, node: Node) -> Node:
    """A square; that of a root is what it is the root of, and has a slope where the root has none.

    So is that of a product with roots, as an angle w * sqrt(1 - z**2) * t is.
    """
    factors = [node]
    while any(factor.op == "multiply" for factor in factors):
        factors = [part for f in factors for part in (f.args if f.op == "multiply" else (f,))]
    if len(factors) > _MOST_FACTORS or not any(factor.op in _ROOTS for factor in factors):
        return build.node("power", node, build.constant(2.0))
    squares = [_square_of(build, factor) for factor in factors]
    return reduce(lambda a, b: build.node("multiply", a, b), squares)


_MOST_FACTORS = 6
_ROOTS = {"sqrt": "", "_sqrt_product": "multiply", "_sqrt_ratio": "divide"}
"""Roots, and what of their operands they are the root of."""


def _square_of(build: Builder, factor: Node) -> Node:
    if factor.op == "sqrt":
        return factor.args[0]
    if factor.op in _ROOTS:
        return build.node(_ROOTS[factor.op], *factor.args)
    return build.node("power", factor, build.constant(2.0))


def choice(
    build: Builder, found: Replacement, variable: Node, far: Node, small: Node | None
) -> Node:
    """The polynomial near the point, and what it stands for elsewhere."""
    near, value = near_point(build, found, variable, small)
    beyond = build.node("logical_not", near)
    return build.node("add", build.node("keep", near, value), build.node("keep", beyond, far))
