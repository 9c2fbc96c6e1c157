"""The collector is paused while graphs are built, and left as it was."""

import gc
from collections.abc import Iterator

import pytest

import symgrad
from symgrad.collector import paused


@pytest.fixture
def collector_off() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_it_is_paused_inside_and_running_after() -> None:
    with paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_inside_leaves_it_running() -> None:
    with pytest.raises(symgrad.SymgradError):
        symgrad.grad("x +")
    with pytest.raises(ZeroDivisionError), paused():
        _ = 1 / 0
    assert gc.isenabled()


@pytest.mark.usefixtures("collector_off")
def test_who_switched_it_off_finds_it_off() -> None:
    compiled = symgrad.grad("x**2")
    assert compiled(3.0) == 6.0
    assert compiled.source
    assert not gc.isenabled()
