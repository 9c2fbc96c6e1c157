"""The limits: what they refuse, where they hold, and that large formulas pass."""

import math
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import limits
from symgrad.limits import DEFAULT, Limits, checkpoint, compiling


@pytest.fixture
def default_kept() -> Iterator[None]:
    yield
    DEFAULT.make_default()


REFUSED = [
    ({"text": 10}, "x + x + x + x", "the formula has 13 characters, and the limit is 10", "text"),
    ({"nodes": 5}, "sin(cos(exp(x))) * x", "the formula needs more than 5 operations", "nodes"),
    (
        {"nodes": 40},
        "f(x) = sin(x)*cos(x)*exp(x)*x; f(1) + f(2) + f(3) + f(4) + f(x) + f(y)",
        "the formula needs more than 40 operations",
        "nodes",
    ),
    ({"nodes": 200}, "split(x, 90)[0]", "90 parts need more than 200 operations", "nodes"),
    ({"nodes": 200}, "diff(x, 90)", "90 differences need more than 200 operations", "nodes"),
    (
        {"seconds": 1e-9},
        "+".join(f"x**{i}" for i in range(400)),
        "the formula takes more than 1e-09 seconds to compile",
        "seconds",
    ),
]


@pytest.mark.parametrize(("told", "formula", "message", "name"), REFUSED)
def test_what_is_refused(told: dict[str, Any], formula: str, message: str, name: str) -> None:
    symgrad.value_and_grad(formula)
    with Limits(**told), pytest.raises(symgrad.LimitError) as caught:
        symgrad.value_and_grad(formula)
    assert str(caught.value).startswith(message)
    assert f"symgrad.Limits({name}=...) sets the limit" in str(caught.value)


def test_an_order_out_of_reach_is_refused_before_the_time_is_up() -> None:
    """Each order of this one has about twice as many operations; that of sin stays as short."""
    with pytest.raises(symgrad.LimitError, match="order 50 takes more than 30 seconds to compile"):
        symgrad.grad("sum(exp(x*sin(x)))", order=50)
    assert symgrad.grad("sin(x)", order=50)(0.0) == 0.0


def test_a_line_for_define_has_the_same_limit() -> None:
    with Limits(text=10), pytest.raises(symgrad.LimitError, match="has 20 characters"):
        symgrad.define("too_long(x) = x + 1 ")


def test_the_documented_defaults() -> None:
    assert Limits.current() == DEFAULT
    shown = "Limits(text=2000000, nodes=2000000, seconds=30.0, memory=2147483648, threads=inf)"
    assert repr(DEFAULT) == shown


def test_what_is_not_named_is_as_around_it() -> None:
    with Limits(nodes=10):
        assert Limits(text=5) == Limits(text=5, nodes=10)
        with Limits(text=5):
            assert Limits.current().nodes == 10
        assert Limits.current().text == DEFAULT.text
    assert Limits.current() == DEFAULT


@pytest.mark.parametrize("value", [0, -1, math.nan, True, "10", 1j])
def test_a_limit_is_a_positive_number(value: Any) -> None:
    with pytest.raises(symgrad.LimitError, match=r"^the limit nodes is a positive number, not "):
        Limits(nodes=value)


def test_there_may_be_no_limit() -> None:
    unlimited = Limits(text=math.inf, nodes=math.inf, seconds=math.inf, memory=math.inf)
    with unlimited:
        assert symgrad.grad("x**2")([3.0]) == 6.0


def test_a_with_holds_for_its_own_thread() -> None:
    with Limits(nodes=1), ThreadPoolExecutor(1) as threads:
        assert threads.submit(Limits.current).result() == DEFAULT


@pytest.mark.usefixtures("default_kept")
def test_a_default_holds_for_all_threads() -> None:
    Limits(nodes=7).make_default()
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(Limits.current).result().nodes == 7


def test_a_compiled_formula_keeps_its_limits() -> None:
    with Limits(memory=10_000):
        total = symgrad.function("ones((n, n)) * x")
    for compiled in (total, pickle.loads(pickle.dumps(total))):
        assert compiled(n=3, x=1.0).shape == (3, 3)
        with pytest.raises(symgrad.LimitError, match="would take about"):
            compiled(n=1000, x=1.0)
        with Limits(memory=10**9):
            assert compiled(n=1000, x=1.0).shape == (1000, 1000)
        with pytest.raises(symgrad.LimitError):
            compiled(n=1000, x=1.0)


def test_limits_make_no_difference_between_formulas() -> None:
    with Limits(nodes=100):
        assert symgrad.grad("x**2") == symgrad.grad("x**2")


def test_no_text_of_a_million_dots_is_read_twice_over() -> None:
    """Time and memory go with the length: what is refused is refused at the first look."""
    for text in ("9" * 1_000_000, " " * 1_000_000 + "x", "x #" + "a" * 1_000_000, "a" * 1_000_000):
        assert symgrad.function(text).formula == text


def test_pieces_inside_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    monkeypatch.setattr(limits, "thread_time", lambda: now)
    with compiling(Limits(seconds=10)):
        now = 6.0
        with compiling(Limits(seconds=10)):
            checkpoint()
            now = 11.0
            with pytest.raises(symgrad.LimitError, match="more than 10 seconds"):
                checkpoint()
    checkpoint()


def test_a_busy_machine_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the thread's own time that counts."""
    now = 0.0
    monkeypatch.setattr(limits, "monotonic", lambda: now)
    with compiling(Limits(seconds=100)):
        now = 1000.0
        checkpoint()


def test_no_memory_to_compile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("symgrad.compiled.lower", fail)
    with pytest.raises(symgrad.OutOfMemoryError, match="not enough memory to compile") as caught:
        symgrad.grad("x")
    assert isinstance(caught.value, MemoryError)
    assert isinstance(caught.value, symgrad.LimitError)


def test_threads_have_limits_of_their_own() -> None:
    both_inside = threading.Barrier(2)

    def compile_under(nodes: int) -> str:
        with Limits(nodes=nodes):
            both_inside.wait()
            try:
                symgrad.grad("sin(x)*cos(x)*exp(x)")
            except symgrad.LimitError:
                return "refused"
            return "made"

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(compile_under, [3, 1000])) == ["refused", "made"]


def test_a_str_of_another_class_is_read_as_plain_text() -> None:
    class Odd(str):
        def __str__(self) -> str:
            return "import os"

        def __len__(self) -> int:
            return 1

    compiled = symgrad.grad(Odd("x**2"))
    assert type(compiled.formula) is str
    assert compiled(3.0) == 6.0
    assert symgrad.grad(np.str_("x**2"))(3.0) == 6.0
