"""Calls with arrays like those of an earlier call."""

from typing import Any

import numpy as np
import pytest

import symgrad
from tests.blocks import flat

X, K = np.linspace(0.5, 1.5, 7), np.array([0, 2, 2, 1, 0, 1, 1])


@pytest.mark.parametrize(
    ("formula", "inputs"),
    [
        ("sum((a*x + b)**2)", {"a": 0.3, "x": X, "b": -1.25}),
        ("sum(a*exp(-x/b))", {"a": np.float64(0.3), "x": X, "b": 2.0}),
        ("a*x + b", {"a": np.array(0.3), "x": X, "b": 2.0}),
        ("sum(e[k]**2 * x)", {"e": X[:3], "k": K, "x": X}),
        ("sum(x * n)", {"x": X, "n": K}),
        ("max(x) * b - mean(x**2)", {"x": X.reshape(7, 1), "b": 3.0}),
        ("sum(norm(p[1:] - p[:-1], axis=1)) * b", {"p": np.outer(X, X), "b": 3.0}),
    ],
)
def test_later_calls_give_what_the_first_gave(formula: str, inputs: dict[str, Any]) -> None:
    """The same bits and types, by position and by name, whatever other calls come between."""
    compiled = symgrad.value_and_grad(formula)
    args = [inputs[name] for name in compiled.inputs]
    singles = {n: np.asarray(v, np.float32) if n != "k" else v for n, v in inputs.items()}
    first, single = compiled(*args), compiled(**singles)
    for _ in range(4):
        for result, expected in (
            (compiled(*args), first), (compiled(**inputs), first), (compiled(**singles), single),
        ):  # fmt: skip
            for found, wanted in zip(flat(result), flat(expected), strict=True):
                assert type(found) is type(wanted)
                assert found.dtype == wanted.dtype
                np.testing.assert_array_equal(found, wanted)


def test_later_calls_are_refused_as_the_first() -> None:
    compiled = symgrad.value_and_grad("sum(e[k]**2)", wrt="e")
    for _ in range(3):
        compiled(X[:3], K)
    messages = set()
    for _ in range(2):
        with pytest.raises(symgrad.SymgradError) as refused:
            compiled(X[:3], K + 5)
        messages.add(str(refused.value))
        with pytest.raises(symgrad.SymgradError), symgrad.Limits(memory=1):
            compiled(X[:3], K)
        with pytest.raises(symgrad.SymgradError):
            compiled(X[:3], K + 0.5)
    assert len(messages) == 1
