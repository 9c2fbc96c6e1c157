"""What breaks off a compilation or a call leaves all as it was: the next one is right."""

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import collector, limits
from symgrad.functions import builtin_functions
from symgrad.limits import DEFAULT, Limits

PACKAGE = str(Path(symgrad.__file__).parent)
FORMULA = "f(t) = log(1 + exp(t)); where(x > 0, f(x) * y[k], A @ x).sum(axis=0)"
INPUTS: dict[str, Any] = {
    "x": np.array([0.5, -1.0]),
    "y": np.array([1.0, 2.0]),
    "k": np.array([1, 0]),
    "A": np.array([[1.0, 2.0], [3.0, 4.0]]),
}


class Interrupted(BaseException):
    """As KeyboardInterrupt is: no `except Exception` stops it."""


@contextmanager
def interrupting(line: int, error: type[BaseException]) -> Iterator[list[int]]:
    """Raise an error at the n-th line of the package, or of generated code, that runs."""
    count = [0]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith((PACKAGE, "<symgrad")):
            return None
        if event == "line":
            count[0] += 1
            if count[0] == line:
                sys.settrace(None)
                raise error
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(before)


def in_order() -> bool:
    """Whether nothing is left behind by what was broken off."""
    left = [collector._pauses, collector._stopped, limits._running()]
    return gc.isenabled() and Limits.current() is DEFAULT and not any(left)


def broken_off(work: Callable[[], object], line: int, error: type[BaseException]) -> bool:
    """Whether some work was broken off at a line, rather than done."""
    try:
        with interrupting(line, error):
            work()
    except (error, symgrad.OutOfMemoryError):
        return True
    return False


def agrees(result: Any, expected: Any) -> bool:
    value, derivatives = result
    return bool(
        np.array_equal(value, expected[0])
        and all(np.array_equal(derivatives[n], expected[1][n]) for n in expected[1])
    )


def lines_of(work: Callable[[], object]) -> int:
    with interrupting(-1, Interrupted) as count:
        work()
    return count[0]


def points(total: int, count: int) -> list[int]:
    """Some lines, close together where things begin and end."""
    spread = np.unique(np.geomspace(1, total, count).astype(int))
    ends = total - np.unique(np.geomspace(1, total, count).astype(int)) + 1
    return sorted({*spread.tolist(), *ends.tolist()})


@pytest.mark.parametrize("error", [Interrupted, MemoryError])
def test_a_compilation_that_is_broken_off(error: type[BaseException]) -> None:
    def compile_and_call() -> Any:
        return symgrad.value_and_grad(FORMULA)(**INPUTS)

    expected = compile_and_call()
    for line in points(lines_of(compile_and_call), 18):
        broken_off(compile_and_call, line, error)
        assert in_order(), line
        assert agrees(compile_and_call(), expected), line


def test_a_cold_start_that_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables that were read in part are read again."""
    expected = symgrad.value_and_grad(FORMULA)(**INPUTS)

    def cold() -> Any:
        builtin_functions.cache_clear()
        monkeypatch.setattr("symgrad.api._table", builtin_functions())
        monkeypatch.setattr("symgrad.syntax._parser", None)
        return symgrad.value_and_grad(FORMULA)(**INPUTS)

    for line in points(lines_of(cold), 3):
        broken_off(cold, line, Interrupted)
        assert in_order(), line
        assert agrees(symgrad.value_and_grad(FORMULA)(**INPUTS), expected), line


@pytest.mark.parametrize("error", [Interrupted, MemoryError])
def test_a_first_call_that_is_broken_off(error: type[BaseException]) -> None:
    expected = symgrad.value_and_grad(FORMULA)(**INPUTS)
    total = lines_of(lambda: symgrad.value_and_grad(FORMULA)(**INPUTS))
    for line in points(total, 8):
        compiled = symgrad.value_and_grad(FORMULA)
        broken_off(lambda compiled=compiled: compiled(**INPUTS), line, error)
        assert in_order(), line
        assert agrees(compiled(**INPUTS), expected), line
        assert compiled.plans == 1


@pytest.mark.parametrize("error", [Interrupted, MemoryError])
def test_every_line_of_a_later_call(error: type[BaseException]) -> None:
    compiled = symgrad.value_and_grad(FORMULA)
    expected = compiled(**INPUTS)
    broken = 0
    for line in range(1, lines_of(lambda: compiled(**INPUTS)) + 1):
        broken += broken_off(lambda: compiled(**INPUTS), line, error)
        assert in_order(), line
        assert agrees(compiled(**INPUTS), expected), line
    assert broken > 50


@pytest.mark.parametrize("error", [Interrupted, MemoryError])
def test_every_line_of_a_definition(error: type[BaseException]) -> None:
    """It is there as a whole, or not at all."""

    def define() -> None:
        symgrad.define("soft(x) = x / (1 + abs(x)) : 1 / (1 + abs(x))**2")

    before = symgrad.api.functions()
    define()
    symgrad.api._table = before
    for line in points(lines_of(define), 12):
        symgrad.api._table = before
        broken_off(define, line, error)
        assert in_order(), line
        if "soft" not in symgrad.api.functions():
            assert symgrad.api.functions() is before
            define()
        assert symgrad.grad("soft(x)")(0.0) == 1.0
    symgrad.api._table = before


# What is raised in a finaliser is only shown.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_line_of_the_collectors_pause() -> None:
    def pause() -> None:
        with collector.paused(), collector.paused():
            assert not gc.isenabled()

    for line in range(1, lines_of(pause) + 1):
        broken_off(pause, line, Interrupted)
        assert in_order(), line


def test_the_collector_starts_again_after_the_last_thread() -> None:
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with collector.paused():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=stay, daemon=True)
    with collector.paused():
        thread.start()
        inside.wait()
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_numpy_that_fails_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = symgrad.value_and_grad(FORMULA)
    expected = compiled(**INPUTS)
    for name in ("where", "exp", "logaddexp", "zeros_like", "broadcast_to", "asarray", "sum"):

        def fail(*_: object, **__: object) -> None:
            raise MemoryError

        with monkeypatch.context() as without:
            without.setattr(np, name, fail)
            with suppress(symgrad.SymgradError):
                compiled(**INPUTS)
        assert agrees(compiled(**INPUTS), expected), name


def test_threads_share_no_memory() -> None:
    compiled = symgrad.value_and_grad("cumsum(exp(x)) * x[::-1] + zeros(x.size)")
    inputs = [np.linspace(0, 1, 500) * k for k in range(8)]
    expected = [compiled(x) for x in inputs]
    wrong: list[int] = []

    def call(k: int) -> None:
        nonlocal wrong
        for _ in range(30):
            value, slope = compiled(inputs[k])
            if not (
                np.array_equal(value, expected[k][0]) and np.array_equal(slope, expected[k][1])
            ):
                wrong.append(k)
            value[:], slope[:] = np.nan, np.nan

    threads = [threading.Thread(target=call, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_memory_that_fails_in_a_small_map(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise MemoryError

    compiled, x = symgrad.function("sin(x) * x"), np.ones(100)
    expected = compiled(x)
    for _ in range(2):
        assert np.array_equal(compiled(x), expected)
    with monkeypatch.context() as broken:
        broken.setattr("symgrad.running.runner.Runner.on_doubles", fail)
        assert np.array_equal(compiled(x), expected)
        broken.setattr("symgrad.running.runner.Runner.__call__", fail)
        with pytest.raises(symgrad.OutOfMemoryError):
            compiled(x)
    assert np.array_equal(compiled(x), expected)
