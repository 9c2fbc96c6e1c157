"""Real formulas that no one here invented, with reference values to twenty digits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgrad

Corpus = Callable[[str], list[dict[str, Any]]]


def doubles(value: Any) -> np.ndarray:
    return np.array(value, dtype=np.float64).ravel()


def relative_error(found: Any, reference: np.ndarray) -> float:
    """The norm of the error over the norm of the reference, or over 1e-300 where that is less."""
    error = np.linalg.norm(doubles(found) - reference)
    return float(error / max(float(np.linalg.norm(reference)), 1e-300))


def worst_error(row: dict[str, Any]) -> float:
    """Over the points of a row, of the value and of the gradient as one vector."""
    compiled = symgrad.value_and_grad(row["formula"])
    worst = 0.0
    for point in row["points"]:
        names = [name for name in compiled.inputs if name in point["grad"]]
        value, gradient = compiled(**{name: point["at"][name] for name in compiled.inputs})
        gradient = gradient if isinstance(gradient, dict) else {compiled.inputs[0]: gradient}
        found = np.concatenate([[], *(doubles(gradient[name]) for name in names)])
        wanted = np.concatenate([[], *(doubles(point["grad"][name]) for name in names)])
        value_error = relative_error(value, doubles(point["value"]))
        plain = point.get("rel_f64", 0.0), point.get("jax_grad_rel", 0.0)
        errors = (value_error - 8 * plain[0], relative_error(found, wanted) - 8 * plain[1])
        worst = max(worst, *errors)
    return worst


@pytest.mark.parametrize("name", ["feynman", "fpbench"])
def test_value_and_gradient_are_right(name: str, corpus: Corpus) -> None:
    """To 1e-12, or a few times the error of plain doubles where cancellation is inherent."""
    failed = {
        row["name"]: error for row in corpus(name) if not (error := worst_error(row)) <= 1e-12
    }
    assert not failed


@pytest.mark.parametrize("name", ["feynman", "fpbench"])
def test_files_hold_the_same_code(name: str, corpus: Corpus) -> None:
    """The generated file of every formula runs on its own and gives what the call gives."""
    for row in corpus(name)[::4]:
        compiled = symgrad.value_and_grad(row["formula"])
        module: dict[str, Any] = {}
        exec(compiled.source, module)
        inputs = [np.asarray(row["points"][0]["at"][name]) for name in compiled.inputs]
        called, filed = compiled(*inputs), module["value_and_grad"](*inputs)
        assert np.array_equal(doubles(called[0]), doubles(filed[0]), equal_nan=True)
