"""The benchmark of compiling: what it measures, and how it is shown."""

import pytest

from benchmarks import compile_time
from symgrad import function


def test_sums_of_random_terms() -> None:
    text = compile_time.terms(200)
    assert text == compile_time.terms(200)
    assert text != compile_time.terms(200, seed=2)
    assert len(function(text).inputs) == compile_time.INPUTS


def test_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_time, "SMALL", {"x*y": {"y": 2.0}, "exp(x**2)**2": {}})
    for what, count in (("small", 2), ("10", 1)):
        row = compile_time.measured_here("symgrad", what)
        assert len(row["seconds"]) == count
        assert all(0 < seconds < 60 for seconds in row["seconds"])
        assert row["peak"] > 1e6


def test_small_formulas_are_python_of_words_that_each_peer_is_given() -> None:
    assert len(compile_time.SMALL) >= 12
    for text, inputs in compile_time.SMALL.items():
        names = compile(text, text, "eval").co_names
        assert set(names) <= {*compile_time.WORDS, *inputs}, text


def test_the_table_tells_what_failed_and_what_is_missing() -> None:
    found = {
        "missing": ["casadi", "jax"],
        "symgrad": {"1000": {"seconds": [0.5], "peak": 2e6}},
        "sympy": {"1000": {"failed": "RecursionError"}},
        "start": {"seconds": 0.25, "ratio": 2.0},
    }
    lines = compile_time.table(found)
    assert lines[1].split() == ["symgrad", "1000", "0.5000", "500.0", "2"]
    assert lines[2].split() == ["sympy", "1000", "RecursionError"]
    assert lines[3] == "start of Python to first gradient: 0.250 s, 2.00 times import numpy"
    assert lines[4] == "not installed: casadi, jax"
