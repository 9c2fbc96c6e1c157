"""The shape of `x[key]` is NumPy's, for every kind of key, and also where sizes are not known."""

from typing import Any

import numpy as np
import pytest

from symgrad.language.template import HOLE, Slice, filled
from symgrad.shaping.key_shapes import UNKNOWN, IndexArray, of_key
from symgrad.shaping.misfit import Misfit, Shape
from tests.keys import key_of

ALL = Slice(None, None, None)

# A key, the shape that it is applied to, and arrays or numbers for its holes.
KEYS: list[tuple[tuple[Any, ...], Shape, list[Any]]] = [
    ((1,), (3, 4), []),
    ((-1, 0), (3, 4), []),
    ((ALL, 2), (3, 4), []),
    ((Ellipsis, 2), (3, 4, 5), []),
    ((None, Ellipsis, None), (3,), []),
    ((None,), (), []),
    ((Ellipsis,), (), []),
    ((Slice(1, None, None),), (3,), []),
    ((Slice(None, None, -2), Slice(5, None, None)), (4, 3), []),
    ((Slice(-2, None, None),), (3,), []),
    ((Slice(2, 1, None),), (3,), []),
    ((HOLE,), (3,), [2]),
    ((HOLE,), (3, 2), [np.array([0, 2, 2, 1])]),
    ((HOLE,), (3, 2), [np.array([[0, 2], [1, 1]])]),
    ((HOLE,), (3, 2), [np.array([], int)]),
    ((HOLE, HOLE), (3, 4), [np.array([0, 2]), np.array([3, 3])]),
    ((HOLE, HOLE), (3, 4), [np.array([[0], [2]]), np.array([3, 3, 1])]),
    ((HOLE, ALL, HOLE), (3, 4, 5), [np.array([0, 2]), np.array([3, 3])]),
    ((ALL, HOLE, HOLE), (3, 4, 5), [np.array([0, 2]), np.array([3, 3])]),
    ((HOLE, 0), (3, 4), [np.array([0, 2])]),
    ((0, ALL, HOLE), (3, 4, 5), [np.array([0, 2])]),
    ((ALL, 0, HOLE), (3, 4, 5), [np.array([0, 2])]),
    ((HOLE, None, HOLE), (3, 4), [np.array([0, 2]), np.array([3, 3])]),
    ((None, HOLE), (3, 4), [np.array([0, 2])]),
    ((Ellipsis, HOLE), (3, 4), [np.array([0, 2])]),
    ((HOLE, Slice(1, None, None)), (3, 4), [np.array([0, 2])]),
    ((Slice(HOLE, HOLE, None),), (7,), [1, 5]),
]


@pytest.mark.parametrize(("key", "shape", "fillings"), KEYS)
def test_shapes_are_those_of_numpy(key: tuple[Any, ...], shape: Shape, fillings: list[Any]) -> None:
    expected = np.empty(shape)[key_of(filled(key, iter(fillings)))].shape
    known = [IndexArray(f.shape, is_mask=False) if np.ndim(f) else f for f in fillings]
    assert of_key(key, shape, known) == expected


def mask(*shape: int | None) -> IndexArray:
    return IndexArray(shape, is_mask=True)


@pytest.mark.parametrize(
    ("key", "shape", "fillings", "result"),
    [
        ((HOLE,), (3, 4), [mask(3)], (None, 4)),
        ((HOLE,), (3, 4), [mask(3, 4)], (None,)),
        ((ALL, HOLE), (3, 4), [mask(4)], (3, None)),
        ((HOLE,), (3, 4), [IndexArray((3,), is_mask=True, count=2)], (2, 4)),
        ((HOLE,), (3,), [UNKNOWN], ()),
        ((Slice(HOLE, None, None),), (3,), [UNKNOWN], (None,)),
        ((1,), (None, 4), [], (4,)),
        ((Slice(1, None, None),), (None,), [], (None,)),
        ((ALL, None), (None,), [], (None, 1)),
    ],
)
def test_what_is_not_known_stays_open(
    key: tuple[Any, ...], shape: Shape, fillings: list[Any], result: Shape
) -> None:
    assert of_key(key, shape, fillings) == result


INDICES = "Indices count from 0; negative ones from the end."
WRONG = [
    ((5,), (3,), [], "index 5 is out of range for axis 0 of size 3", INDICES),
    ((0, -4), (2, 3), [], "index -4 is out of range for axis 1 of size 3", INDICES),
    ((Ellipsis, 3), (2, 3), [], "index 3 is out of range for axis 1 of size 3", INDICES),
    ((HOLE,), (0,), [0], "index 0 is out of range for axis 0 of size 0", INDICES),
    ((0,), (), [], "1 index for an operand of shape ()", "Give one index per axis at most."),
    ((0, 0, 0), (2, 3), [], "3 indices for an operand of shape (2, 3)",
     "Give one index per axis at most."),
    ((Slice(None, None, 0),), (2,), [], "the step of a slice is 0", ""),
    ((HOLE,), (3,), [mask(2)], "a mask of shape (2,) is not for an array of shape (3,)", ""),
    ((HOLE, HOLE), (3, 3), [IndexArray((2,), False), IndexArray((3,), False)],
     "shapes do not broadcast together", ""),
]  # fmt: skip


@pytest.mark.parametrize(("key", "shape", "fillings", "message", "hint"), WRONG)
def test_keys_that_do_not_fit(
    key: tuple[Any, ...], shape: Shape, fillings: list[Any], message: str, hint: str
) -> None:
    with pytest.raises(Misfit) as caught:
        of_key(key, shape, fillings)
    assert (caught.value.message, caught.value.hint) == (message, hint)
