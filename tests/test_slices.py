"""Parts of parts as one part, against NumPy; and what must not be made one."""

import itertools
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.language.template import HOLE, Slice
from symgrad.shaping.slices import composed, picked

ALL = Slice(None, None, None)
X = np.arange(5 * 6 * 7).reshape(5, 6, 7)
NUMBERS = (None, 0, 1, 3, 9)


def taken(array: np.ndarray, key: tuple[Any, ...]) -> np.ndarray:
    plain = tuple(slice(*part.parts) if isinstance(part, Slice) else part for part in key)
    result: np.ndarray = array[plain]
    return result


@pytest.mark.parametrize("before", [(), (ALL,), (Ellipsis,), (Ellipsis, ALL)], ids=str)
def test_slices_of_slices(before: tuple[Any, ...]) -> None:
    for a, b, c, d in itertools.product(NUMBERS, repeat=4):
        outer, inner = (*before, Slice(a, b, None)), (*before, Slice(c, d, None))
        whole = composed(outer, inner)
        assert whole is not None or ALL in (outer[-1], inner[-1])
        if whole is not None:
            assert np.array_equal(taken(X, whole), taken(taken(X, outer), inner))


APART = [
    ((Slice(None, -1, None),), (Slice(1, None, None),)),
    ((Slice(None, 3, None),), (Slice(None, None, 2),)),
    ((Slice(None, HOLE, None),), (Slice(1, None, None),)),
    ((Slice(None, 3, None),), (ALL, Slice(1, None, None))),
    ((Ellipsis, Slice(None, 3, None)), (ALL, Slice(1, None, None))),
    ((2,), (Slice(1, None, None),)),
]


@pytest.mark.parametrize(("outer", "inner"), APART, ids=str)
def test_what_stays_apart(outer: tuple[Any, ...], inner: tuple[Any, ...]) -> None:
    assert composed(outer, inner) is None


@pytest.mark.parametrize(
    ("key", "axis", "wanted"),
    [
        ((Slice(2, 3, None),), 0, (2,)),
        ((Slice(None, 1, None),), (0,), (0,)),
        ((ALL, Slice(4, 5, None)), 1, (ALL, 4)),
        ((Ellipsis, Slice(4, 5, None)), -1, (Ellipsis, 4)),
        ((Slice(2, 4, None),), 0, None),
        ((Slice(2, 3, None),), -1, None),
        ((Slice(2, 3, None),), None, None),
        ((ALL, Slice(4, 5, None)), 0, None),
    ],
    ids=str,
)
def test_slices_of_one_element(key: Any, axis: Any, wanted: Any) -> None:
    assert picked(key, axis) == wanted
    if wanted is not None:
        at = axis[0] if isinstance(axis, tuple) else axis
        assert np.array_equal(taken(X, wanted), np.squeeze(taken(X, key), at))


def test_derivatives_of_a_list_are_its_elements() -> None:
    source = symgrad.vjp("a: (); b: (); c: (); [a*b, b*c, a]", ("a", "b", "c")).source
    body = [line.strip() for line in source.splitlines()]
    assert "dbc = cotangent_of_value[1]" in body
    assert "dc = dbc * b" in body
    assert "_reshape" not in source
    assert "shape[0]" not in source


def test_placed_elements_of_lists() -> None:
    found = symgrad.jacobian("[x**2, x*y, [x, y, 3] @ [1, 2, y]]", ("x", "y"))(2.0, 5.0)
    assert [block.tolist() for block in found] == [[4.0, 5.0, 1.0], [0.0, 2.0, 5.0]]
