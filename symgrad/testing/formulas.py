"""Formulas of numbers, drawn as text.

An expression is first a list of pieces in prefix order, each to fill the first hole, and is then
written from its end. So no depth of it needs recursion, and hypothesis shrinks it by dropping
pieces.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from symgrad.api import functions as known_functions
from symgrad.language.spelling import ATOM, TERNARY, Spelling, Text
from symgrad.testing.pieces import (
    ASSIGNED_NAMES,
    CONSTANTS,
    FUNCTION_NAMES,
    INPUT_NAMES,
    KINKED_OPERATORS,
    SEPARATORS,
    SMOOTH_OPERATORS,
    Pieces,
    calls_of,
    is_kinked,
)

_Kinds = tuple[tuple[Pieces, ...], tuple[Pieces, ...], tuple[Pieces, ...]]


def formulas(
    max_size: int = 12, functions: Iterable[str] | None = None, smooth: bool = False
) -> st.SearchStrategy[str]:
    """Formulas over the whole language, as text that compiles.

    Statements, local functions, comments, line ends, conditions, calls with keywords and names that
    Python reserves are all drawn. The input v is read by indices, and by indices only.

    Parameters
    ----------
    max_size:
        How many operations each statement has at most.
    functions:
        The functions that may be called: by default all that the language knows now, those of
        `symgrad.define` and those that need SciPy included. An unknown name raises KeyError.
    smooth:
        Leave out what has a kink or a jump: comparisons, conditions, and functions such as abs and
        floor. There may still be poles, and points where a root or a logarithm ends. The others
        are no case for `assert_gradient_correct`: at a jump, the derivative is that of the branch
        that is taken there, and numerical differentiation sees both sides.

    >>> from hypothesis import given, settings
    >>> from symgrad import function
    >>> @settings(max_examples=5, deadline=None)
    ... @given(formulas(functions=["sin", "exp"]))
    ... def test_a_formula_has_a_value(formula):
    ...     function(formula)
    >>> test_a_formula_has_a_value()
    """
    table = known_functions()
    public = [n for n in table if not n.startswith("_") and table[n].is_elementwise]
    chosen = [table[name] for name in (public if functions is None else list(functions))]
    calls = [call for f in chosen if not is_kinked(f) for call in calls_of(f)]
    kinked = [call for f in chosen if not smooth and is_kinked(f) for call in calls_of(f)]
    return _programs(max_size, calls, () if smooth else KINKED_OPERATORS, kinked)


@st.composite
def _programs(
    draw: st.DrawFn, max_size: int, calls: Pieces, conditions: Pieces, kinked: Pieces
) -> str:
    """Statements over one stock of inputs; what they define is there for those that follow.

    Each reads an input, a name or a parameter, so that few values are constant.
    """
    names = _inputs_to_read(draw)
    own: list[Spelling] = []
    free = list(FUNCTION_NAMES)
    text = draw(st.sampled_from(("", "", "\n", "# f(x) = (\r")))
    for _ in range(draw(st.integers(0, 3))):
        name, parameters = _target(draw, free)
        read = [Spelling(p) for p in parameters] or names
        kinds = _kinds(read, calls, own, conditions, kinked)
        body = _expression(draw, max_size, kinds)
        if parameters:
            text += f"{name}({', '.join(parameters)}) = {body}"
            slots = [f"{{{n}}}" for n in range(len(parameters))]
            own.append(Spelling(f"{name}({', '.join(slots)})", ATOM, (TERNARY,) * len(slots)))
            free.remove(name)
            calls = [s for s in calls if not s.template.startswith((f"{name}(", f"{name} ("))]
        else:
            text += f"{name} = {body}"
            names = [*names, Spelling(name)]
        text += draw(st.sampled_from(SEPARATORS))
    text += _expression(draw, max_size, _kinds(names, calls, own, conditions, kinked))
    return text + draw(st.sampled_from(("", "", "\n", " # end")))


def _kinds(names: Pieces, calls: Pieces, own: Pieces, *kinked: Pieces) -> _Kinds:
    """What ends a branch, what goes on with it, and what may do so below the root.

    Calls are drawn more often than operators, and what makes values constant less.
    """
    smooth = tuple(kind for kind in (SMOOTH_OPERATORS, calls, own, calls) if kind)
    inner = tuple(kind for kind in kinked if kind)
    return (names, names, CONSTANTS), smooth, smooth + inner


def _inputs_to_read(draw: st.DrawFn) -> list[Spelling]:
    """A few inputs for one formula; sometimes one more, an array whose elements are read."""
    names = draw(st.lists(st.sampled_from(INPUT_NAMES), min_size=1, max_size=3, unique=True))
    inputs = [Spelling(name) for name in names]
    if draw(st.integers(0, 9)) == 9:
        pattern = draw(st.sampled_from(("{}", "{},-1", "1 , {}")))
        inputs += [Spelling(f"v[{pattern.format(i)}]") for i in (0, -1, 2)]
    return inputs


def _target(draw: st.DrawFn, free: list[str]) -> tuple[str, list[str]]:
    """What stands left of `=`: a name, or a function with its parameters."""
    if draw(st.booleans()):
        return draw(st.sampled_from(ASSIGNED_NAMES)), []
    names = st.sampled_from(("x", "y", "u", "a", "is", "x_1"))
    parameters = st.lists(names, min_size=1, max_size=3, unique=True)
    return draw(st.sampled_from(free)), draw(parameters)


def _expression(draw: st.DrawFn, max_size: int, kinds: _Kinds) -> str:
    """An expression of a drawn size, whose first leaf is a name.

    One number says the kind and the piece: to draw them one by one takes twice as long.
    """
    leaves, roots, inner = kinds
    size = draw(st.integers(0, draw(st.integers(0, max_size))))
    pieces: list[Spelling] = []
    holes, has_leaf = 1, False
    while holes:
        ends = leaves if has_leaf else leaves[:1]
        growing = inner if pieces else roots
        allowed = ends if len(pieces) >= size else growing if holes == 1 else ends + growing
        which, kind = divmod(draw(st.integers(0, 2**20 - 1)), len(allowed))
        pool = allowed[kind]
        piece = pool[which % len(pool)]
        pieces.append(piece)
        has_leaf |= not piece.operands
        holes += len(piece.operands) - 1
    stack: list[Text] = []
    for piece in reversed(pieces):
        stack.append(piece.write([stack.pop() for _ in piece.operands]))
    return stack[0].code
