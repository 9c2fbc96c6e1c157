"""Attributes with holes: counted, filled, given to NumPy, written."""

from typing import Any

import numpy as np
import pytest

from symgrad.language.template import HOLE, Slice, filled, holes, written
from tests.keys import key_of

ALL = Slice(None, None, None)

CASES: list[tuple[Any, list[Any], Any, str]] = [
    # attribute, fillings, the attribute filled, as it is written then
    (3, [], 3, "3"),
    (HOLE, [3], 3, "3"),
    ((), [], (), ""),
    ((HOLE, 2, HOLE), [1, 3], (1, 2, 3), "1, 2, 3"),
    ((ALL, None, Ellipsis), [], (ALL, None, Ellipsis), ":, None, ..."),
    ((Slice(HOLE, None, None),), [-1], (Slice(-1, None, None),), "-1:"),
    ((Slice(None, HOLE, HOLE), HOLE), [4, 2, 0], (Slice(None, 4, 2), 0), ":4:2, 0"),
    ((Slice(None, None, -1), HOLE), [5], (Slice(None, None, -1), 5), "::-1, 5"),
]


@pytest.mark.parametrize(("attribute", "fillings", "done", "text"), CASES)
def test_filling(attribute: Any, fillings: list[Any], done: Any, text: str) -> None:
    assert holes(attribute) == len(fillings)
    rest = iter([*fillings, "left"])
    assert filled(attribute, rest) == done
    assert next(rest) == "left"
    assert holes(done) == 0
    assert written(done) == text


@pytest.mark.parametrize(("attribute", "fillings"), [(a, f) for a, f, _, _ in CASES if f])
def test_too_few_fillings(attribute: Any, fillings: list[Any]) -> None:
    with pytest.raises(StopIteration):
        filled(attribute, iter(fillings[:-1]))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ((1,), "1"),
        (2, "2"),
        ((ALL, 0), ":, 0"),
        ((Slice(None, None, -1), Ellipsis), "::-1, ..."),
        ((Slice(1, 3, None), None, Slice(0, None, 2)), "1:3, None, 0::2"),
    ],
)
def test_a_key_is_the_one_that_is_written(key: Any, text: str) -> None:
    table = np.arange(60).reshape(4, 5, 3)
    assert written(key) == text
    assert np.array_equal(table[key_of(key)], eval(f"table[{text}]"))


def test_how_the_parts_are_written_is_a_choice() -> None:
    assert written((Slice(HOLE, None, HOLE), HOLE), lambda part: f"<{part}>") == "<_>::<_>, <_>"


def test_keys_are_told_apart_and_can_be_kept() -> None:
    assert len({ALL, Slice(None, None, None), Slice(0, None, None), Slice(HOLE, None, None)}) == 3
