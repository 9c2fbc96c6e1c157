"""What a call would take is known before it runs, and refused where it is too much."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.shapes import Inference
from symgrad.writing.memory import estimate

x = np.ones(1000)

# A formula, its inputs, and the largest array as the error tells it.
TOO_LARGE: list[tuple[str, dict[str, Any], str]] = [
    ("zeros((10**6, 10**6)) + x", {"x": 1.0}, "(1000000, 1000000)"),
    ("ones((n, n)) * x", {"x": 1.0, "n": 10**6}, "(1000000, 1000000)"),
    ("sum(outer(ones(10**6), ones(10**6)) + x)", {"x": 1.0}, "(1000000, 1000000)"),
    ("arange(10**14) * x", {"x": 1.0}, "(100000000000000,)"),
    ("eye(10**7) * x", {"x": 1.0}, "(10000000, 10000000)"),
    ("tile(x, 10**9)", {"x": x}, "(1000000000000,)"),
    ("tile(x, (10**9, 10**9))", {"x": x}, "(1000000000, 1000000000000)"),
    ("repeat(x, 10**12)", {"x": x}, "(1000000000000000,)"),
    ("pad(x, 10**13)", {"x": x}, "(20000000001000,)"),
    ("x[:, None, None, None] * x[:, None, None] * x[:, None] * x", {"x": x}, "(1000, 1000, 1000"),
    ("kron(kron(x, x), kron(x, x))", {"x": x}, "(1000000, 1000000)"),
    ("segment_sum(x, k, 10**13)", {"x": x, "k": np.zeros(1000, int)}, "(10000000000000,)"),
    ("broadcast_to(x, (10**9, 1000)) + 1", {"x": x}, "(1000000000, 1000)"),
    ("zeros(x.size ** 5) + 1", {"x": x}, "(1000000000000000,)"),
    ("take(x, zeros(10**12))", {"x": x}, "(1000000000000,)"),
]


@pytest.mark.parametrize(("formula", "inputs", "shape"), TOO_LARGE)
@pytest.mark.parametrize("verb", [symgrad.function, symgrad.value_and_grad])
def test_what_is_too_large(verb: Any, formula: str, inputs: dict[str, Any], shape: str) -> None:
    with pytest.raises(symgrad.LimitError) as caught:
        verb(formula)(**inputs)
    message, *_, hint = str(caught.value).split("\n")
    assert message.startswith("this call would take about ")
    assert message.endswith(", and the limit is 2 GiB")
    assert shape in hint
    assert hint.endswith("symgrad.Limits(memory=...) sets the limit, in bytes.")


def test_the_error_points_at_the_largest_array() -> None:
    with pytest.raises(symgrad.LimitError) as caught:
        symgrad.function("x + zeros((10**6, 10**6))")(1.0)
    assert str(caught.value).split("\n")[1:3] == [
        "  x + zeros((10**6, 10**6))",
        "      " + "^" * 21,
    ]


def bytes_for(formula: str, **shapes: tuple[int, ...]) -> int:
    graph = lower(formula, builtin_functions()).graph
    return estimate(graph, Inference(shapes)).needed


def test_what_is_counted() -> None:
    n = 1000
    assert bytes_for("sin(x)", x=(n,)) == 8 * n + 8 * n
    assert bytes_for("x.T[::2, None]", x=(n, n)) == 0
    chain = "+".join(["x"] * 100)
    assert 8 * n < bytes_for(chain, x=(n,)) < 30 * 8 * n
    assert bytes_for("concatenate([" + ", ".join(["x"] * 100) + "])", x=(n,)) == 2 * 8 * n * 100


def test_large_inputs_are_no_reason_to_refuse() -> None:
    with symgrad.Limits(memory=1e6):
        assert symgrad.function("x[0] + sum(x)")(np.ones(1_000_000)) == 1_000_001.0


@pytest.mark.parametrize("verb", [symgrad.function, symgrad.grad])
def test_memory_that_is_not_there_is_told(verb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = verb("exp(x) * sin(x)")
    before = compiled([1.0])

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as without:
        without.setattr(np, "exp", fail)
        with pytest.raises(symgrad.OutOfMemoryError, match="not enough memory for the arrays"):
            compiled([1.0])
    assert compiled([1.0]) == before
