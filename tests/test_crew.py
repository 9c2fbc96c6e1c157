"""Pieces of work are done once each, by whoever comes; what goes wrong is told to the caller."""

import threading
from collections.abc import Iterator

import pytest

from symgrad.errors import LimitError
from symgrad.running import crew


@pytest.mark.parametrize("wanted", [1, 2, 3, 8])
@pytest.mark.parametrize("pieces", [0, 1, 2, 50])
def test_every_piece_once(wanted: int, pieces: int) -> None:
    done: list[int] = []

    def work(numbers: Iterator[int]) -> None:
        done.extend(numbers)

    crew.share(pieces, work, wanted)
    assert sorted(done) == list(range(pieces))


def test_others_help() -> None:
    """Two pieces that wait for one another need two threads."""
    both = threading.Barrier(2, timeout=60)
    names: set[str] = set()

    def work(numbers: Iterator[int]) -> None:
        for _ in numbers:
            both.wait()
            names.add(threading.current_thread().name)

    crew.share(2, work, 2)
    assert len(names) == 2


@pytest.mark.parametrize("where", ["here", "there"])
def test_an_error_stops_all_and_is_raised(where: str) -> None:
    both = threading.Barrier(2, timeout=60)
    here = threading.current_thread()
    done: list[int] = []

    def work(numbers: Iterator[int]) -> None:
        for number in numbers:
            if number < 2:
                both.wait()
            if (threading.current_thread() is here) == (where == "here"):
                raise KeyboardInterrupt
            done.append(number)

    with pytest.raises(KeyboardInterrupt):
        crew.share(10**6, work, 2)
    assert len(done) < 10**6
    test_every_piece_once(3, 50)


def test_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMGRAD_NUM_THREADS", "3")
    assert crew.threads() == 3
    assert crew.threads(2) == 2
    monkeypatch.delenv("SYMGRAD_NUM_THREADS")
    assert crew.threads() >= 1


@pytest.mark.parametrize("told", ["0", "-1", "two", "1.5"])
def test_a_number_that_is_none(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMGRAD_NUM_THREADS", told)
    with pytest.raises(LimitError, match="SYMGRAD_NUM_THREADS is a positive whole number"):
        crew.threads()
