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
        floor. There may still be poles, and points where a root or a logarithm ends.

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
    names = public if functions is None else list(functions)
    chosen = [table[name] for name in names]
    calls = [call for f in chosen if not (smooth and is_kinked(f)) for call in calls_of(f)]
    operators = SMOOTH_OPERATORS if smooth else SMOOTH_OPERATORS + KINKED_OPERATORS
    return _programs(max_size, operators, calls)


@st.composite
def _programs(draw: st.DrawFn, max_size: int, operators: Pieces, calls: Pieces) -> str:
    """Statements over one stock of inputs; what they define is there for those that follow."""
    leaves = [*CONSTANTS, *_inputs_to_read(draw) * len(CONSTANTS)]
    own: list[Spelling] = []
    free = list(FUNCTION_NAMES)
    text = draw(st.sampled_from(("", "", "\n", "# f(x) = (\r")))
    for _ in range(draw(st.integers(0, 3))):
        name, parameters = _target(draw, free)
        held = [Spelling(p) for p in parameters] * len(leaves)
        body = _expression(draw, max_size, (leaves + held, operators, calls, own))
        if parameters:
            text += f"{name}({', '.join(parameters)}) = {body}"
            slots = [f"{{{n}}}" for n in range(len(parameters))]
            own.append(Spelling(f"{name}({', '.join(slots)})", ATOM, (TERNARY,) * len(slots)))
            free.remove(name)
            calls = [s for s in calls if not s.template.startswith((f"{name}(", f"{name} ("))]
        else:
            text += f"{name} = {body}"
            leaves += [Spelling(name)] * len(CONSTANTS)
        text += draw(st.sampled_from(SEPARATORS))
    text += _expression(draw, max_size, (leaves, operators, calls, own))
    return text + draw(st.sampled_from(("", "", "\n", " # end")))


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


def _expression(draw: st.DrawFn, max_size: int, kinds: tuple[Pieces, ...]) -> str:
    """An expression of pieces of any kind, and once it is large, of the first kind alone.

    One number says the kind and the piece: to draw them one by one takes twice as long.
    """
    kinds = tuple(kind for kind in kinds if kind)
    pieces: list[Spelling] = []
    holes = 1
    while holes:
        allowed = kinds if len(pieces) < max_size else kinds[:1]
        which, kind = divmod(draw(st.integers(0, 2**20 - 1)), len(allowed))
        piece = allowed[kind][which % len(allowed[kind])]
        pieces.append(piece)
        holes += len(piece.operands) - 1
    stack: list[Text] = []
    for piece in reversed(pieces):
        stack.append(piece.write([stack.pop() for _ in piece.operands]))
    return stack[0].code
