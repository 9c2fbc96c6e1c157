"""Products inside a block of rows use one thread; afterwards all is as it was."""

import threading

import numpy as np
import pytest

import symgrad
from symgrad.running import blas
from tests.blocks import in_blocks


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A library that is told to use 4 threads, and what it is told afterwards."""
    told = [4]
    monkeypatch.setattr(blas, "_settings", lambda: ((lambda: told[-1]), told.append))
    return told


def test_one_thread_inside(several: list[int]) -> None:
    with blas.one_thread(), blas.one_thread():
        assert blas.threads() == 1
    assert several == [4, 1, 4]


def test_after_an_error(several: list[int]) -> None:
    with pytest.raises(KeyError), blas.one_thread():
        raise KeyError
    assert several[-1] == 4


def test_calls_that_overlap(several: list[int]) -> None:
    """The number comes back when the last one is done."""
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with blas.one_thread():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=stay)
    with blas.one_thread():
        thread.start()
        inside.wait(60)
    assert blas.threads() == 1
    leave.set()
    thread.join()
    assert several == [4, 1, 4]


def test_products_in_blocks(several: list[int]) -> None:
    with in_blocks(threads=2):
        found = symgrad.grad("sum((X @ W)**2)", wrt="W")(np.ones((9, 2)), np.ones((2, 3)))
    assert np.array_equal(found, np.full((2, 3), 36.0))
    assert several == [4, 1, 4]
    with in_blocks(threads=2):
        symgrad.grad("sum(x**2)")(np.ones(9))
    assert several == [4, 1, 4]


def test_numpys_own_library() -> None:
    before = blas.threads()
    with blas.one_thread():
        assert blas.threads() in (1, None)
    assert blas.threads() == before
