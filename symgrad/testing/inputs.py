"""Values for the inputs of formulas."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from itertools import zip_longest
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import DTypeLike

from symgrad.api import function, functions
from symgrad.language.declarations import Declaration
from symgrad.language.formula import lower
from symgrad.language.tree import Tree, postorder
from symgrad.syntax import parse

Shape = tuple[int, ...]

SPECIAL_VALUES = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, math.pi, 710.0, -745.0, 1e-8, -1e-8, 1e16),
    *(1e154, 1e200, -1e200, 1e308, 1e-160, 1e-308, 5e-324, math.inf, -math.inf, math.nan),
)
"""Where functions change their ways, or overflow, or lose digits."""

_LEAST_SIDE = st.sampled_from((1,) * 9 + (0,))
"""An empty array is worth a look, and nothing of it can be judged."""


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
        input that the formula indexes gets the axes for its indices in front. One that the formula
        declares has that shape, and sizes from 1 to 3 are drawn for the names there, or to 2 where
        an input has three axes or more.
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
    declared = lower(formula, functions()).shapes
    axes = _index_axes(formula, {*names} - {*declared})
    return _inputs(names, axes, declared, shapes, np.dtype(dtype), elements)


def _index_axes(formula: str, free: Container[str]) -> dict[str, tuple[int, ...]]:
    """For each name among `free` that is indexed, the least sizes that its indices need."""
    axes: dict[str, tuple[int, ...]] = {}
    for statement in parse(formula):
        for tree in postorder(statement.body):
            named = tree.op == "index" and tree.args[0].op == "name"
            if named and tree.args[0].value in free:
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
    axes: Mapping[str, Shape],
    declared: Mapping[str, Declaration],
    shape: Shape | None,
    dtype: np.dtype[Any],
    values: st.SearchStrategy[float],
) -> dict[str, Any]:
    shapes: tuple[tuple[int, ...], ...] = (shape or (),) * len(names)
    if shape is None and names:
        drawn = st_numpy.mutually_broadcastable_shapes(
            num_shapes=len(names), min_side=draw(_LEAST_SIDE), max_dims=2, max_side=3
        )
        shapes = draw(drawn).input_shapes
    sizes = {s for d in declared.values() for s in d.sizes if isinstance(s, str)}
    most = 3 if max((len(d.sizes) for d in declared.values()), default=0) < 3 else 2
    size_of = {size: draw(st.integers(1, most)) for size in sorted(sizes)}
    found: dict[str, Any] = {}
    for name, own in zip(names, shapes, strict=True):
        whole: Shape = (*axes.get(name, ()), *own)
        if name in declared:
            whole = tuple(size_of[s] if isinstance(s, str) else s for s in declared[name].sizes)
        size = math.prod(whole)
        flat = draw(st.lists(values, min_size=size, max_size=size))
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype).reshape(whole)
        found[name] = flat[0] if whole == () and dtype == np.float64 else array[()]
    return found
