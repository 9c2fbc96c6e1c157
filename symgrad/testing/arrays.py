"""Formulas of arrays, drawn as text whose shapes fit.

A formula is drawn from its result to its inputs: a hole has a shape, of sizes that are names, and
is filled by an operation that has such a result, which leaves holes of the shapes of its operands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from hypothesis import strategies as st

from symgrad.language.spelling import (
    ATOM,
    BIT_OR,
    PRODUCT,
    SIGN,
    SUM,
    TERNARY,
    Spelling,
    Text,
)
from symgrad.testing.pieces import CONSTANTS

Shape = tuple[str, ...]
"""Sizes by name; "1" is itself."""

SIZES = ("n", "m", "k")
INPUT_NAMES = "x y z X Y A B w b θ Λ data np lambda self t1 g value".split()

SMOOTH_FUNCTIONS = "sin cos tanh exp sigmoid softplus arctan square arcsinh expm1 silu".split()
KINKED_FUNCTIONS = "abs relu sign floor leaky_relu".split()
SMOOTH_REDUCTIONS = "sum mean prod var logsumexp norm".split()
KINKED_REDUCTIONS = "max min amax std median".split()
SAME_SHAPE = ("softmax({0})", "log_softmax({0}, axis=0)", "cumsum({0}, axis=-1)", "normalize({0})")
METHODS = "sum mean prod".split()


@dataclass(frozen=True, slots=True)
class Piece:
    """A way to write something of a shape, and the shapes of its operands."""

    spelling: Spelling
    operands: tuple[Shape, ...] = ()


@dataclass(slots=True)
class _Inputs:
    """The inputs of a formula under way, with their shapes."""

    shapes: dict[str, Shape] = field(default_factory=dict)

    def of(self, draw: st.DrawFn, shape: Shape) -> Piece:
        """A number, or an input, new or known, of a shape."""
        if shape == () and draw(st.integers(0, 3)) == 3:
            return Piece(draw(st.sampled_from(CONSTANTS)))
        known = [name for name, own in self.shapes.items() if own == shape]
        new = [name for name in INPUT_NAMES if name not in self.shapes]
        name = draw(st.sampled_from([*known, new[0]]) if new else st.sampled_from(known))
        self.shapes[name] = shape
        return Piece(Spelling(name))


def array_formulas(max_size: int = 8, smooth: bool = False) -> st.SearchStrategy[str]:
    """Formulas of arrays whose shapes fit, as text that compiles, with their inputs declared.

    Reductions, products of matrices, slices, new axes, transposes, broadcasting and linear algebra
    are all drawn. `symgrad.testing.inputs` draws inputs for them.

    Parameters
    ----------
    max_size:
        How many operations each statement has at most.
    smooth:
        Leave out what has a kink or a jump, such as max and abs.

    >>> from hypothesis import given, settings
    >>> from symgrad import function
    >>> @settings(max_examples=5, deadline=None)
    ... @given(array_formulas())
    ... def test_a_formula_has_a_value(formula):
    ...     function(formula)
    >>> test_a_formula_has_a_value()
    """
    return _array_programs(max_size, smooth)


@st.composite
def _array_programs(draw: st.DrawFn, max_size: int, smooth: bool) -> str:
    """Up to two statements, of which the second may use the first, below the declarations."""
    inputs, statements = _Inputs(), []
    own: dict[Shape, str] = {}
    for name in ("h", "")[draw(st.integers(0, 1)) :]:
        rank = draw(st.integers(0, 2))
        shape = tuple(draw(st.sampled_from(SIZES)) for _ in range(rank))
        text = _expression(draw, shape, max_size, smooth, inputs, own)
        if own and not re.search(r"\bh\b", text):
            text = f"sum(h) + ({text})"
        statements.append(f"{name} = {text}" if name else text)
        own = {shape: name}
    head = "; ".join(f"{name}: {_declared(shape)}" for name, shape in inputs.shapes.items())
    return "\n".join([head, *statements] if head else statements)


def _declared(shape: Shape) -> str:
    comma = "," if len(shape) == 1 else ""
    return f"({', '.join(shape)}{comma})" if shape else "scalar"


def _expression(
    draw: st.DrawFn,
    shape: Shape,
    max_size: int,
    smooth: bool,
    inputs: _Inputs,
    own: dict[Shape, str],
) -> str:
    pieces: list[Piece] = []
    holes = [shape]
    while holes:
        wanted = holes.pop()
        chosen, kind = divmod(draw(st.integers(0, 2**20 - 1)), 6)
        if len(pieces) < max_size and kind:
            kinds = _kinds(wanted, smooth)
            ways = kinds[kind % len(kinds)]
            piece = ways[chosen % len(ways)]
        elif wanted in own and chosen % 3:
            piece = Piece(Spelling(own[wanted]))
        else:
            piece = inputs.of(draw, wanted)
        pieces.append(piece)
        holes.extend(reversed(piece.operands))
    stack: list[Text] = []
    for piece in reversed(pieces):
        stack.append(piece.spelling.write([stack.pop() for _ in piece.operands]))
    return stack[0].code


@cache
def _kinds(shape: Shape, smooth: bool) -> list[list[Piece]]:
    """All operations with a result of a shape, kind by kind."""
    kinds = (
        _elementwise(shape, smooth),
        _reductions(shape, smooth),
        _products(shape),
        _moves(shape),
    )
    return [ways for ways in map(list, kinds) if ways]


def _elementwise(shape: Shape, smooth: bool) -> Iterator[Piece]:
    for name in SMOOTH_FUNCTIONS + ([] if smooth else KINKED_FUNCTIONS):
        yield Piece(_call(f"{name}({{0}})"), (shape,))
    others = {shape, (), shape[1:], (*shape[:-1], "1") if shape else ()}
    for other in sorted(others):
        for sign, level, right in (("+", SUM, PRODUCT), ("-", SUM, PRODUCT), ("*", PRODUCT, SIGN)):
            yield Piece(Spelling(f"{{0}} {sign} {{1}}", level, (level, right)), (shape, other))
            yield Piece(Spelling(f"{{0}} {sign} {{1}}", level, (level, right)), (other, shape))
        yield Piece(_call("{0} / (1 + ({1})**2)", PRODUCT, (PRODUCT, TERNARY)), (shape, other))
        if not smooth:
            yield Piece(_call("maximum({0}, {1})", ATOM, (TERNARY,) * 2), (shape, other))
            chosen = _call("where({0} > {1}, {2}, 0)", ATOM, (BIT_OR, BIT_OR, TERNARY))
            yield Piece(chosen, (shape, other, shape))
    if shape:
        for template in SAME_SHAPE:
            yield Piece(_call(template), (shape,))


def _reductions(shape: Shape, smooth: bool) -> Iterator[Piece]:
    names = SMOOTH_REDUCTIONS + ([] if smooth else KINKED_REDUCTIONS)
    for axis in range(len(shape)):
        for name in names:
            kept = f"{{0}} - {name}({{1}}, axis={axis}, keepdims=True)"
            yield Piece(Spelling(kept, SUM, (SUM, TERNARY)), (shape, shape))
    for size in SIZES:
        for axis in range(len(shape) + 1) if len(shape) < 3 else ():
            longer = (*shape[:axis], size, *shape[axis:])
            for name in names:
                where = axis if size == "n" else axis - len(longer)
                yield Piece(_call(f"{name}({{0}}, axis={where})"), (longer,))
        for axis, own in enumerate(shape):
            if own == "1":
                wider = (*shape[:axis], size, *shape[axis + 1 :])
                for name in names:
                    yield Piece(_call(f"{name}({{0}}, axis={axis}, keepdims=True)"), (wider,))
        if shape == ():
            for whole in ((size,), (size, "m")):
                yield from (Piece(_call(f"{name}({{0}})"), (whole,)) for name in names)
                yield from (
                    Piece(Spelling(f"{{0}}.{name}()", ATOM, (ATOM,)), (whole,)) for name in METHODS
                )


def _products(shape: Shape) -> Iterator[Piece]:
    matmul = Spelling("{0} @ {1}", PRODUCT, (PRODUCT, SIGN))
    for size in SIZES:
        match shape:
            case ():
                yield Piece(matmul, ((size,), (size,)))
            case (only,):
                yield Piece(matmul, ((only, size), (size,)))
                yield Piece(matmul, ((size,), (size, only)))
            case (first, last):
                yield Piece(matmul, ((first, size), (size, last)))
                outer = Spelling("{0}[:, None] * {1}[None]", PRODUCT, (ATOM, ATOM))
                yield Piece(outer, ((first,), (last,)))
    if len(shape) == 1 and shape != ("1",):
        plus = f"solve(eye({shape[0]}) + {{0}} @ {{0}}.T, {{1}})"
        yield Piece(Spelling(plus, ATOM, (ATOM, TERNARY)), ((shape[0], "m"), shape))


def _moves(shape: Shape) -> Iterator[Piece]:
    def taken(template: str, *operands: Shape) -> Piece:
        return Piece(Spelling(template, ATOM, (ATOM,) * len(operands)), operands)

    for size in SIZES:
        for template in ("{0}[0]", "{0}[-1]"):
            yield taken(template, (size, *shape))
        yield taken("{0}[..., 0]", (*shape, size))
    if not shape:
        return
    yield taken("{0}[::-1]", shape)
    if shape[0] != "1":
        yield Piece(_call(f"concatenate([{{0}}, {{1}}])[{shape[0]}:]"), (shape, shape))
    yield Piece(_call("sum([{0}, {1}], axis=0)"), (shape, shape))
    yield Piece(_call("flip({0}, axis=0)"), (shape,))
    if len(shape) == 2:
        yield taken("{0}.T", shape[::-1])
        if shape[1] == "1":
            yield taken("{0}[:, None]", shape[:1])
    if shape[0] == "1":
        yield taken("{0}[None]", shape[1:])


def _call(template: str, precedence: int = ATOM, operands: tuple[int, ...] = ()) -> Spelling:
    count = max(template.count(f"{{{k}}}") and k + 1 for k in range(4))
    return Spelling(template, precedence, operands or (TERNARY,) * count)
