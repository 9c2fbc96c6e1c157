"""The code of loops: buffers are few, and written to again as soon as they are free."""

import re

import numpy as np
import pytest

import symgrad
from tests.blocks import close, in_blocks, programs


def loop_of(compiled: symgrad.Compiled) -> str:
    (text,) = programs(compiled)
    found = re.search(r"^def (?:all_)?rows_\w+\(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0].rstrip()


def test_a_loop_to_read() -> None:
    with in_blocks(block=1):
        compiled = symgrad.value_and_grad("mean((X @ w - y)**2)", wrt="w")
        compiled(np.ones((5, 2)), np.ones(2), np.ones(5))
    assert (
        loop_of(compiled)
        == """\
def rows_1(start, stop, step, buffers, X, w, y, size, t, dw):
    for row in range(start, stop, step):
        end = min(row + step, stop)
        t2, t3 = buffers(end - row)
        X_rows = X[row:end]
        y_rows = y[row:end]
        dot(X_rows, w, t2)
        subtract(t2, y_rows, t2)
        np.add(t, t2 @ t2, out=t)
        multiply(k, t2, t2)
        divide(t2, size, t2)
        dot(X_rows.T, t2, t3)
        np.add(dw, t3, out=dw)"""
    )


def test_one_block_to_read() -> None:
    with in_blocks(block=16):
        compiled = symgrad.value_and_grad("mean((X @ w - y)**2)", wrt="w")
        compiled(np.ones((5, 2)), np.ones(2), np.ones(5))
    assert (
        loop_of(compiled)
        == """\
def all_rows_1(buffers, X, w, y, size):
    t2, = buffers
    dot(X, w, t2)
    subtract(t2, y, t2)
    t = t2 @ t2
    multiply(k, t2, t2)
    divide(t2, size, t2)
    dw = dot(X.T, t2)
    return [t, dw]"""
    )


def test_the_larger_number_tells_which_it_was() -> None:
    """Then what it was chosen from is needed no longer, and its memory is free."""
    with in_blocks():
        compiled = symgrad.value_and_grad("relu(x - y) * y", wrt="x")
        compiled(np.ones(5), np.ones(5))
    assert "_maximum(value, 0, out=dx)\n    multiply(dx, y, value)\n" in loop_of(compiled)
    assert "greater(dx, k, c)\n" in loop_of(compiled)


def test_one_call_for_all_segments_of_a_block() -> None:
    with in_blocks(block=2**14):
        compiled = symgrad.value_and_grad("norm(X @ w - y)", wrt="w")
        compiled(np.ones((5, 2)), np.ones(2), np.ones(5))
    (text,) = programs(compiled)
    assert (
        text[text.index("def at_once") : text.index("def _norm")].rstrip()
        == """\
def at_once(buffers, rows, numbers, X, w, y):
    t, = rows
    all_rows_1(buffers[0], X, w, y, t)
    value, t2, = whole_2(t)
    dw, = all_rows_3(buffers[1], X, t, value, t2)
    return [value, dw]"""
    )


def test_buffers_are_used_again() -> None:
    """A polynomial of any length needs as many as one of its steps; the result's will do."""
    formula = "sin(x)"
    for _ in range(30):
        formula = f"cos({formula}) * x + 1"
    with in_blocks():
        compiled = symgrad.function(formula)
        compiled(np.ones(20))
    assert "= buffers" not in loop_of(compiled)


def test_a_view_keeps_the_memory_that_it_shows() -> None:
    """What a transpose shows must not be written over while it is used."""
    rng = np.random.default_rng(3)
    given = {"A": rng.normal(size=(9, 3)), "B": rng.normal(size=(3, 9))}
    formula = "T = exp(A).T; sin(A).T * cos(B) + T * tanh(B) - (T + B)**2"
    expected = symgrad.grad(formula)(**given)
    with in_blocks():
        found = symgrad.grad(formula)(**given)
    assert all(np.array_equal(found[name], expected[name]) for name in given)


@pytest.mark.parametrize("block", [8, 64])
@pytest.mark.parametrize(
    "formula",
    """norm(x - y) * x[0]; logsumexp(x * y); std(x * y); (x - y) * norm(x - y); softmax(x * y)
    (x - mean(x)) / std(x) * y; sum(y * softmax(x * y)); log_softmax(x / sum(x * y)) * y""".replace(
        "\n", ";"
    ).split(";"),
)
def test_rows_for_later_loops_may_lie_where_results_go(formula: str, block: int) -> None:
    """That results need no more memory is in `test_blocked`."""
    rng = np.random.default_rng(4)
    given = {"x": rng.normal(size=40), "y": rng.normal(size=40)}
    expected = symgrad.value_and_grad(formula, wrt=("x", "y"))(**given)
    with in_blocks(block, threads=2):
        compiled = symgrad.value_and_grad(formula, wrt=("x", "y"))
        assert close(compiled(**given), expected)
        out = np.full_like(expected[0], np.nan), (np.full(40, np.nan), np.full(40, np.nan))
        assert close(compiled(**given, out=out), expected)
