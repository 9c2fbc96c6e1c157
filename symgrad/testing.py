"""For tests of formulas: strategies for hypothesis, and a judge of gradients.

Formulas are drawn as text. An expression is first a list of pieces in prefix order, each to fill
the first hole, and is then written from its end. So no depth of it needs recursion, and hypothesis
shrinks it by dropping pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from symgrad.api import function, value_and_grad
from symgrad.api import functions as known_functions
from symgrad.errors import MissingExtraError
from symgrad.functions import Function
from symgrad.numerical import agrees, numerical_gradient
from symgrad.spelling import (
    AND,
    ATOM,
    BIT_AND,
    BIT_OR,
    COMPARE,
    INFIX,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    TERNARY,
    Spelling,
    Text,
)
from symgrad.syntax import parse
from symgrad.tree import Tree, postorder

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as st_numpy
except ImportError:
    raise MissingExtraError(
        "symgrad.testing needs hypothesis", hint="Install it with: pip install 'symgrad[test]'"
    ) from None

Pieces = Sequence[Spelling]

INPUT_NAMES = (
    *"x y z θ λ Ω x_1 _ np math e I S self lambda class print sin beta special".split(),
    *"dx dy value t1 out g if else and or inf_ π_ Array _floats".split(),
)
"""Names to read inputs by. Whatever they mean elsewhere, they are free here."""

ASSIGNED_NAMES = "a b t r loss dloss def return as t2 exp grad".split()
FUNCTION_NAMES = "f h f1 φ square yield gamma".split()

SMOOTH_OPERATORS: tuple[Spelling, ...] = (
    *(INFIX[name] for name in "add subtract multiply divide power negative".split()),
    Spelling("+{0}", SIGN, (SIGN,)),
    Spelling("{0} ^ {1}", POWER, (ATOM, SIGN)),
    Spelling("({0})", ATOM, (TERNARY,)),
    Spelling("(\r\n  {0}  # (\n)", ATOM, (TERNARY,)),
    Spelling("{0} *  # );\n{1}", PRODUCT, (PRODUCT, SIGN)),
    Spelling("{0}-\n\t{1}", SUM, (SUM, PRODUCT)),
)
KINKED_OPERATORS: tuple[Spelling, ...] = (
    *(INFIX[n] for n in "less less_equal greater greater_equal equal not_equal".split()),
    Spelling("{0} < {1} <= {2}", COMPARE, (BIT_OR,) * 3),
    Spelling("{0} > {1} != {2} >= {3}", COMPARE, (BIT_OR,) * 4),
    Spelling("{0} and {1}", AND, (AND, NOT)),
    Spelling("{0} or {1}", OR, (OR, AND)),
    Spelling("not {0}", NOT, (NOT,)),
    Spelling("{0} & {1}", BIT_AND, (BIT_AND, SUM)),
    Spelling("{0} | {1}", BIT_OR, (BIT_OR, BIT_AND)),
    Spelling("~{0}", SIGN, (SIGN,)),
    Spelling("{0} if {1} else {2}", TERNARY, (OR, OR, TERNARY)),
)
KINKED_FUNCTIONS = frozenset(
    """abs absolute fabs sign floor ceil trunc rint round fix maximum minimum fmax fmin clip fmod
    remainder mod floor_divide copysign heaviside relu leaky_relu elu selu""".split()
)
"""Functions with a kink or a jump, beside all that take or give a condition."""

CONSTANTS = (
    *map(Spelling, "1 0 2 3 0.5 .25 10 1. 1e3 2.5E-3 0.1 1e-300 1e400 007 6.02e+23 pi π".split()),
    *(Spelling(literal, SIGN) for literal in "-1 -0 -2 -.5".split()),
)
SEPARATORS = (";", "\n", "\r\n", "\r", "; ", "  # a note; (\n", ";;\n\n  ", "\t;\n# x = 1\n")

SPECIAL_VALUES = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, math.pi, 710.0, -745.0, 1e-8, -1e-8, 1e16),
    *(1e154, 1e200, -1e200, 1e308, 1e-160, 1e-308, 5e-324, math.inf, -math.inf, math.nan),
)
"""Where functions change their ways, or overflow, or lose digits."""


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
    calls = [call for f in chosen if not (smooth and _is_kinked(f)) for call in _calls(f)]
    operators = SMOOTH_OPERATORS if smooth else SMOOTH_OPERATORS + KINKED_OPERATORS
    return _programs(max_size, operators, calls)


def numbers(special: bool = False) -> st.SearchStrategy[float]:
    """Numbers of everyday size: 0, or between 0.001 and 8 in size.

    With `special` also nan, infinities, and the numbers where functions overflow or lose digits.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5, deadline=None)
    ... @given(numbers())
    ... def test_size(number):
    ...     assert -8 <= number <= 8
    >>> test_size()
    """
    everyday = st.one_of(
        st.sampled_from((0.5, 1.0, 2.0, -1.0, 0.0)),
        st.integers(-8000, 8000).map(lambda n: n / 1000),
        st.floats(1e-3, 8) | st.floats(-8, -1e-3),
    )
    return everyday | st.sampled_from(SPECIAL_VALUES) if special else everyday


def inputs(
    formula: str,
    shapes: tuple[int, ...] | None = None,
    dtype: DTypeLike = np.float64,
    values: st.SearchStrategy[float] | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    """Values for the inputs of a formula, by name: numbers, and arrays that broadcast together.

    Parameters
    ----------
    formula:
        Text that compiles; other text raises a SymgradError.
    shapes:
        The shape of every input; by default shapes of up to two axes are drawn, empty ones too. An
        input that the formula indexes gets the axes for its indices in front.
    dtype:
        float64, where scalars are numbers of Python, or float32, where they are NumPy's.
    values:
        The numbers in them, by default `numbers()`.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5, deadline=None)
    ... @given(inputs("x*y", shapes=(2, 3)))
    ... def test_shapes(values):
    ...     assert values["x"].shape == values["y"].shape == (2, 3)
    >>> test_shapes()
    """
    names = function(formula).inputs
    elements = numbers() if values is None else values
    return _inputs(names, _index_axes(formula), shapes, np.dtype(dtype), elements)


def assert_gradient_correct(
    formula: str,
    at: Mapping[str, ArrayLike],
    wrt: Iterable[str] | None = None,
    *,
    exact: bool = False,
    rtol: float = 1e-7,
) -> int:
    """Hold the compiled gradient of a formula against numerical differentiation of its value.

    Numerical differentiation knows its error (see `symgrad.numerical`): a disagreement beyond it is a
    fault of the gradient. Where it knows nothing, at a kink or a pole, nothing is said.

    Parameters
    ----------
    formula, exact:
        What to compile, as for `symgrad.grad`.
    at:
        The inputs by name: numbers, or arrays that broadcast together. They are taken as float64.
    wrt:
        The names to differentiate with respect to, by default all inputs.
    rtol:
        The relative difference that is let pass in any case.

    Returns
    -------
    How many derivatives could be judged. It counts the elements of arrays.

    Raises
    ------
    AssertionError
        A derivative is wrong, or lacks its input's shape, or the value is another than that of
        `symgrad.function`. The message shows the formula, the input, both numbers and the error.
    SymgradError
        The formula does not compile, or an input is unusable.

    >>> assert_gradient_correct("sin(x) * y", {"x": [0.5, 1.0], "y": 2.0})
    3
    """
    plain = function(formula, exact=exact)
    names = plain.inputs if wrt is None else tuple(wrt)
    arrays = {name: np.array(value, np.float64) for name, value in at.items()}
    value, derivatives = value_and_grad(formula, names, exact=exact)(**arrays)
    expected = plain(**arrays)
    where = f"{formula!r} at {_shown(at)}"
    assert np.array_equal(value, expected, equal_nan=True), (
        f"{where}: value_and_grad gives the value {value!r}, function {expected!r}"
    )
    estimates = numerical_gradient(plain, arrays, names)
    judged = 0
    for name, derivative in zip(names, derivatives, strict=True):
        shape = np.shape(derivative)
        assert shape == arrays[name].shape, (
            f"{where}: the derivative by {name} has shape {shape}, not {arrays[name].shape}"
        )
        estimate = estimates[name]
        verdict = agrees(derivative, estimate, rtol=rtol)
        for index in np.argwhere(verdict.refuted):
            place = tuple(index.tolist())
            element = f"{name}{list(place)}" if place else name
            given = float(np.asarray(derivative)[place])
            value, error = float(estimate.value[place]), float(estimate.error[place])
            raise AssertionError(
                f"{where}: the derivative by {element} is {given!r}, "
                f"and numerically {value!r} with an error of {error:.1e}"
            )
        judged += int(verdict.conclusive.sum())
    return judged


def _shown(at: Mapping[str, ArrayLike]) -> str:
    return "{" + ", ".join(f"{n!r}: {np.asarray(v).tolist()!r}" for n, v in at.items()) + "}"


def _is_kinked(function: Function) -> bool:
    conditions = [function.kind, *(p.kind for p in function.parameters)]
    return "bool" in conditions or function.name in KINKED_FUNCTIONS


def _calls(function: Function) -> list[Spelling]:
    """The ways to write a call: by position, with keywords, without what has a default.

    A parameter with no derivative gets a number, since an expression could be active.
    """
    slots, operands = [], 0
    for position in range(len(function.parameters)):
        if function.is_operation and function.derivative_is(position, "none"):
            slots.append("1")
        else:
            slots.append(f"{{{operands}}}")
            operands += 1
    named = [f"{n}={slot}" for n, slot in zip(function.names, slots, strict=True)]
    needed = sum(p.default is None for p in function.parameters)
    ways = [slots, [*slots[:-1], named[-1]], [*slots[:1], *reversed(named[1:])], slots[:needed]]
    texts = dict.fromkeys(f"{function.name}({', '.join(way)})" for way in ways)
    texts[f"{function.name} (\n {', '.join(slots)},)"] = None
    return [Spelling(t, ATOM, (TERNARY,) * t.count("{")) for t in texts]


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


def _index_axes(formula: str) -> dict[str, tuple[int, ...]]:
    """For each name that is indexed, the least sizes of the axes that its indices need."""
    axes: dict[str, tuple[int, ...]] = {}
    for statement in parse(formula):
        for tree in postorder(statement.body):
            if tree.op == "index" and tree.args[0].op == "name":
                needed = [_size_for(position) for position in tree.args[1:]]
                known = axes.get(tree.args[0].value, ())
                pairs = zip_longest(needed, known, fillvalue=1)
                axes[tree.args[0].value] = tuple(max(pair) for pair in pairs)
    return axes


def _size_for(position: Tree) -> int:
    """The least size of an axis that has an index."""
    if position.op == "negative":
        return int(position.args[0].value)
    return int(position.value) + 1


@st.composite
def _inputs(
    draw: st.DrawFn,
    names: tuple[str, ...],
    axes: Mapping[str, tuple[int, ...]],
    shape: tuple[int, ...] | None,
    dtype: np.dtype[Any],
    values: st.SearchStrategy[float],
) -> dict[str, Any]:
    shapes: tuple[tuple[int, ...], ...] = (shape or (),) * len(names)
    if shape is None and names:
        drawn = st_numpy.mutually_broadcastable_shapes(
            num_shapes=len(names), min_side=0, max_dims=2, max_side=3
        )
        shapes = draw(drawn).input_shapes
    found: dict[str, Any] = {}
    for name, own in zip(names, shapes, strict=True):
        whole = (*axes.get(name, ()), *own)
        size = math.prod(whole)
        flat = draw(st.lists(values, min_size=size, max_size=size))
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype).reshape(whole)
        found[name] = flat[0] if whole == () and dtype == np.float64 else array[()]
    return found
