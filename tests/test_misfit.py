"""Shapes known in part: what they broadcast to, and axes counted from the front."""

from typing import Any

import numpy as np
import pytest

from symgrad.shaping.misfit import Misfit, Shape, axes_of, axis_of, broadcast, product

KNOWN = [
    ((3,), (2, 3)), ((3, 1), (1, 4)), ((), (2,)), ((0, 1), (1, 5)), ((1,), (1, 1)), ((2, 3),), (),
    ((2, 1, 3), (4, 1), (1,)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", KNOWN)
def test_known_shapes_broadcast_as_in_numpy(shapes: tuple[Shape, ...]) -> None:
    assert broadcast(*shapes) == np.broadcast_shapes(*shapes)


@pytest.mark.parametrize(
    ("shapes", "result"),
    [
        (((None,), (3,)), (3,)),
        (((None,), (1,)), (None,)),
        (((None,), (None,)), (None,)),
        (((None, 2), (4, 1, 1)), (4, None, 2)),
        (((None,), ()), (None,)),
    ],
)
def test_a_size_that_is_not_known_fits_every_other(
    shapes: tuple[Shape, ...], result: Shape
) -> None:
    assert broadcast(*shapes) == result


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((0,), (3,)), ((2, 3), (2, 1, 4)), ((2,), (0,))])
def test_what_does_not_broadcast(shapes: tuple[Shape, ...]) -> None:
    with pytest.raises(Misfit, match="shapes do not broadcast together"):
        broadcast(*shapes)


@pytest.mark.parametrize(
    ("sizes", "count"),
    [((), 1), ((2, 3), 6), ((2, 0), 0), ((2, None), None), ((0, None), None)],
)
def test_how_many_elements(sizes: Shape, count: int | None) -> None:
    assert product(sizes) == count


@pytest.mark.parametrize(
    ("axis", "rank", "axes"),
    [
        (0, 1, (0,)),
        (-1, 3, (2,)),
        ((0, -1), 3, (0, 2)),
        ((-1, 0), 2, (1, 0)),
        (None, 3, (0, 1, 2)),
        (None, 0, ()),
        ((), 2, ()),
    ],
)
def test_axes(axis: Any, rank: int, axes: tuple[int, ...]) -> None:
    assert axes_of(axis, rank) == axes
    if isinstance(axis, int):
        assert axis_of(axis, rank) == axes[0]


COUNT = "Axes count from 0; negative ones from the end."
NUMBER = "It is one number: leave axis out, or pass an array."
WRONG = [
    (2, 2, "axis 2 does not exist: there are 2 axes", COUNT),
    (-2, 1, "axis -2 does not exist: there is 1 axis", COUNT),
    (0, 0, "axis 0 does not exist: there are no axes", NUMBER),
    ((0, 5), 2, "axis 5 does not exist: there are 2 axes",
     COUNT),
    ((0, -2), 2, "an axis is named twice", ""),
    (0.5, 2, "an axis is a whole number, not 0.5", ""),
    (True, 2, "an axis is a whole number, not True", ""),
    (("a",), 2, "an axis is a whole number, not 'a'", ""),
]  # fmt: skip


@pytest.mark.parametrize(("axis", "rank", "message", "hint"), WRONG)
def test_axes_that_there_are_not(axis: Any, rank: int, message: str, hint: str) -> None:
    with pytest.raises(Misfit) as caught:
        axes_of(axis, rank)
    assert (caught.value.message, caught.value.hint) == (message, hint)
