"""The shapes of what moves, repeats or picks, against NumPy's and against shapes known in part."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symgrad.graph import Node
from symgrad.language.template import HOLE
from symgrad.shaping.misfit import Misfit, Shape, Size
from symgrad.shaping.shape_moves import MOVES, expanded, pad_widths


def shape_of(op: str, value: Any, *shapes: Shape, fillings: tuple[Size, ...] = ()) -> Shape:
    return MOVES[op](Node(op, (), value), shapes, fillings)


NumPy = Callable[..., Any]
LIKE_NUMPY: list[tuple[str, Any, list[Shape], NumPy]] = [
    ("squeeze", (None,), [(1, 3, 1)], lambda x: np.squeeze(x)),
    ("squeeze", (-1,), [(1, 3, 1)], lambda x: np.squeeze(x, -1)),
    ("squeeze", ((0, 2),), [(1, 3, 1)], lambda x: np.squeeze(x, (0, 2))),
    ("expand_dims", (1,), [(3, 4)], lambda x: np.expand_dims(x, 1)),
    ("expand_dims", ((0, -1),), [(3, 4)], lambda x: np.expand_dims(x, (0, -1))),
    ("_transpose", None, [(2, 3, 4)], lambda x: x.T),
    ("matrix_transpose", None, [(2, 3, 4)], lambda x: x.mT),
    ("swapaxes", (0, -1), [(2, 3, 4)], lambda x: np.swapaxes(x, 0, -1)),
    ("permute_dims", ((2, 0, -2),), [(2, 3, 4)], lambda x: np.transpose(x, (2, 0, -2))),
    ("moveaxis", (0, -1), [(2, 3, 4)], lambda x: np.moveaxis(x, 0, -1)),
    ("moveaxis", ((0, 1), (-1, 0)), [(2, 3, 4)], lambda x: np.moveaxis(x, (0, 1), (-1, 0))),
    ("_reshape", ((4, -1),), [(2, 6)], lambda x: x.reshape(4, -1)),
    ("_reshape", ((),), [(1, 1)], lambda x: x.reshape(())),
    ("_reshape", ((0, 5),), [(0, 3)], lambda x: x.reshape(0, 5)),
    ("_broadcast_to", ((2, 3),), [(3,)], lambda x: np.broadcast_to(x, (2, 3))),
    ("_broadcast_to", ((0,),), [(1,)], lambda x: np.broadcast_to(x, (0,))),
    ("concatenate", (0,), [(2, 3), (0, 3)], lambda x, y: np.concatenate([x, y])),
    ("concatenate", (-1,), [(2, 3), (2, 4)], lambda x, y: np.concatenate([x, y], -1)),
    ("tile", ((2,),), [(2, 3)], lambda x: np.tile(x, 2)),
    ("tile", ((2, 1, 3),), [(2, 3)], lambda x: np.tile(x, (2, 1, 3))),
    ("_repeat", ((3,), 1), [(2, 3)], lambda x: np.repeat(x, 3, 1)),
    ("_repeat", ((2, 0, 1), -1), [(2, 3)], lambda x: np.repeat(x, (2, 0, 1), -1)),
    ("pad", (2,), [(2, 3)], lambda x: np.pad(x, 2)),
    ("pad", ((1, 2),), [(2, 3)], lambda x: np.pad(x, (1, 2))),
    ("pad", (((0, 1), (2, 0)),), [(2, 3)], lambda x: np.pad(x, ((0, 1), (2, 0)))),
    ("flip", (None,), [(2, 3)], lambda x: np.flip(x)),
    ("roll", ((1,), 0), [(2, 3)], lambda x: np.roll(x, 1, 0)),
    ("argsort", (-1,), [(2, 3)], lambda x: np.argsort(x)),
    ("_merged", ((0, 2),), [(2, 3, 4)], lambda x: np.moveaxis(x, 1, 0).reshape(3, -1)),
]


@pytest.mark.parametrize(("op", "value", "shapes", "numpy"), LIKE_NUMPY)
def test_shapes_are_those_of_numpy(op: str, value: Any, shapes: list[Shape], numpy: NumPy) -> None:
    assert shape_of(op, value, *shapes) == numpy(*map(np.zeros, shapes)).shape


@pytest.mark.parametrize(
    ("op", "value", "shapes", "fillings", "result"),
    [
        ("_reshape", ((HOLE, -1),), [(6,)], (2,), (2, 3)),
        ("_reshape", ((HOLE, -1),), [(6,)], (None,), (None, None)),
        ("_reshape", ((2, -1),), [(None, 4)], (), (2, None)),
        ("_zeros", ((HOLE, 3),), [], (None,), (None, 3)),
        ("eye", ((HOLE,), None, 0), [], (4,), (4, 4)),
        ("eye", ((2,), 5, 0), [], (), (2, 5)),
        ("concatenate", (0,), [(None, 3), (2, None)], (), (None, 3)),
        ("_repeat", ((HOLE,), 0), [(3,)], (None,), (None,)),
        ("tile", ((HOLE,),), [(3, None)], (2,), (3, None)),
        ("take_along_axis", (1,), [(4, 3), (4, 7)], (), (4, 7)),
        ("take_along_axis", (0,), [(4, 3), (2, 1)], (), (2, 3)),
        ("_segment_sum", ((HOLE,),), [(5, 2), (5,)], (3,), (3, 2)),
        ("_broadcast_to", ((HOLE, 3),), [(3,)], (None,), (None, 3)),
    ],
)
def test_what_is_not_known_stays_open(
    op: str, value: Any, shapes: list[Shape], fillings: tuple[Size, ...], result: Shape
) -> None:
    assert shape_of(op, value, *shapes, fillings=fillings) == result


WRONG: list[tuple[str, Any, list[Shape], str]] = [
    ("squeeze", (0,), [(3, 1)], "an axis of size 3 cannot be squeezed away"),
    ("expand_dims", (3,), [(3,)], "axis 3 does not exist: there are 2 axes"),
    ("matrix_transpose", None, [(3,)], "a matrix has at least 2 axes; this has shape (3,)"),
    ("permute_dims", ((0, 0),), [(2, 3)], "an axis is named twice"),
    ("permute_dims", ((0,),), [(2, 3)], "the permutation (0,) is not for an array of shape (2, 3)"),
    ("moveaxis", ((0, 1), 0), [(2, 3)], "source and destination have different lengths"),
    ("_reshape", ((-1, -1),), [(6,)], "(-1, -1) is not a shape"),
    ("_reshape", ((4, -1),), [(6,)], "6 elements of shape (6,) do not fill the shape (4, -1)"),
    ("_reshape", ((7,),), [(2, 3)], "6 elements of shape (2, 3) do not fill the shape (7,)"),
    ("_broadcast_to", ((2,),), [(3,)], "shape (3,) does not broadcast to (2,)"),
    ("_broadcast_to", ((3,),), [(2, 3)], "shape (2, 3) does not broadcast to (3,)"),
    ("_zeros", ((-1,),), [], "a size is negative"),
    ("concatenate", (0,), [(2,), (2, 3)], "arrays with different numbers of axes cannot be joined"),
    ("concatenate", (0,), [(2, 4), (2, 3)],
     "arrays differ in an axis along which they are not joined"),
    ("take_along_axis", (0,), [(2, 3), (2,)], "the indices do not have as many axes as the array"),
    ("pad", (((1, 1), (2, 2)),), [(3,)], "the pad widths ((1, 1), (2, 2)) are not for 1 axes"),
    ("_segment_sum", ((2,),), [(3,), (2,)], "there must be one segment number for each row"),
    ("roll", ((1,), 2), [(2, 3)], "axis 2 does not exist: there are 2 axes"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "value", "shapes", "message"), WRONG)
def test_what_does_not_fit(op: str, value: Any, shapes: list[Shape], message: str) -> None:
    with pytest.raises(Misfit) as caught:
        shape_of(op, value, *shapes)
    assert caught.value.message == message


def test_new_axes_stand_at_places_in_the_result() -> None:
    assert expanded((2, 3), (0, 2)) == (1, 2, 1, 3)
    assert expanded((2, 3), (0, -1)) == (1, 2, 3, 1)


@pytest.mark.parametrize(
    ("width", "pairs"),
    [
        (3, [(3, 3), (3, 3)]),
        ((1, 2), [(1, 2), (1, 2)]),
        (((1, 2),), [(1, 2), (1, 2)]),
        (((1, 2), (3, 4)), [(1, 2), (3, 4)]),
    ],
)
def test_pad_widths(width: Any, pairs: list[tuple[int, int]]) -> None:
    assert pad_widths(width, 2) == pairs
    assert np.pad(np.zeros((1, 1)), width).shape == tuple(1 + a + b for a, b in pairs)
