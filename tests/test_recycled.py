"""Memory of results is used again when they are gone, and never before."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.running import recycled

SHAPE = (100, 200)


@pytest.fixture(autouse=True)
def nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycled, "_memory", {})


def made(shape: tuple[int, ...], dtype: Any) -> Any:
    return recycled.maker(shape, dtype)()


def address(array: Any) -> int:
    found: int = array.ctypes.data
    return found


def test_what_is_gone_is_used_again() -> None:
    first = made(SHAPE, np.float64)
    place = address(first)
    del first
    again = made((20_000,), np.float64)
    assert address(again) == place
    assert again.shape == (20_000,)
    assert again.flags.c_contiguous


@pytest.mark.parametrize("hold", [lambda a: a, lambda a: a[1:3].T, memoryview, lambda a: [a]])
def test_what_is_held_is_not(hold: Any) -> None:
    held = hold(made(SHAPE, np.float64))
    assert len({address(made(SHAPE, np.float64)), address(np.asarray(held))}) == 2


def test_other_sizes() -> None:
    del_me = made(SHAPE, np.float64)
    del del_me
    assert made((100, 201), np.float64).shape == (100, 201)
    assert made((3,), np.float32).dtype == np.float32


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycled, "MOST", 2**20)
    held = [made((2**16,), np.float64) for _ in range(5)]
    held += [made((2**12 + k,), np.float64) for k in range(9)]
    assert sum(size * len(kept) for size, kept in recycled._memory.items()) <= 2**20
    assert len({address(array) for array in held}) == 14
    assert made((2**18,), np.float64).base is None


def test_results_stay_as_they_were() -> None:
    f, x = symgrad.grad("x**2"), np.linspace(0.0, 1.0, 2**16)
    first = f(x)
    second = f(3 * x)
    assert np.array_equal(first, 2 * x)
    assert np.array_equal(second, 6 * x)
