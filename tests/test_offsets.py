"""Where elements come from, as NumPy tells it."""

import numpy as np
import pytest

from symgrad.language.template import HOLE, Slice
from symgrad.writing.offsets import affine, applied, moved, own


@pytest.mark.parametrize(
    ("offsets", "code"),
    [
        (own((3, 2)), "2 * i + j"),
        (own((3, 2)).T, "2 * j + i"),
        (own((4, 3))[1::2, ::-1], "6 * i + 5 - j"),
        (own((2, 1)), "i"),
        (np.broadcast_to(own((3,)), (2, 3)), "j"),
        (own((1, 1)), "0"),
        (own((0, 3)), "0"),
        (np.roll(own((2, 3)), 1), None),
    ],
)
def test_offsets_are_sums_over_the_variables(offsets: np.ndarray, code: str | None) -> None:
    assert affine(offsets, ("i", "j")) == code
    if code is not None and offsets.size:
        found = [
            [eval(code, {"i": i, "j": j}) for j in range(offsets.shape[1])]
            for i in range(len(offsets))
        ]
        assert found == offsets.tolist()


def test_several_operands_are_told_apart() -> None:
    sources, offsets = moved("concatenate", (0,), [(2,), (3,)])
    assert sources.tolist() == [0, 0, 1, 1, 1]
    assert offsets.tolist() == [0, 1, 0, 1, 2]


def test_an_index_takes_numbers_that_are_known() -> None:
    sources, offsets = moved("index", (Slice(1, None, None), HOLE), [(3, 4), np.array([2, 0])])
    assert offsets.tolist() == [[6, 4], [10, 8]]
    assert not sources.any()


def test_an_operation_is_numpys() -> None:
    assert applied("pad", (1,), [np.ones(1)]).tolist() == [0.0, 1.0, 0.0]
