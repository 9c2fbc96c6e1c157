"""The short way to arrays of one type gives what the long one gives."""

from typing import Any

import numpy as np
import pytest

from symgrad.running.floats import _convert, floats

X = np.linspace(0, 1, 5)


@pytest.mark.parametrize(
    "given",
    [
        (X, X[::2]),
        (X, 2.0),
        (X, np.float64(2.0)),
        (X.astype(np.float32), 2),
        (X.astype(np.float32), X),
        (X > 0, np.arange(5)),
        (X.astype(">f8"), X),
        ([1, 2], True),
        (np.ma.masked_array(X), X),
    ],
    ids=range(9),
)
def test_both_ways(given: tuple[Any, ...]) -> None:
    found, expected = floats(*given), _convert()(*given)
    assert [type(x) for x in found] == [np.ndarray] * len(given)
    assert [x.dtype for x in found] == [x.dtype for x in expected]
    assert all(np.array_equal(x, y) for x, y in zip(found, expected, strict=True))


def test_arrays_of_doubles_are_handed_on() -> None:
    assert all(x is X for x in floats(X, X))


def test_what_is_no_number() -> None:
    with pytest.raises(TypeError, match="real numbers"):
        floats(X, np.array(["a"]))
