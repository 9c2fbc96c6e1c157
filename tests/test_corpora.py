"""Real formulas that no one here invented, with reference values to twenty digits."""

from typing import Any

import numpy as np
import pytest

import symgrad
from tests.conftest import Corpus


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
    """The generated file of every formula runs on its own and gives what the call gives.

    To the last bit, but where the file calls NumPy's hypot or logaddexp, which are slow on arrays.
    """
    for row in corpus(name)[::4]:
        compiled = symgrad.value_and_grad(row["formula"])
        module: dict[str, Any] = {}
        exec(compiled.source, module)
        inputs = [np.array([row["points"][0]["at"][name]]) for name in compiled.inputs]
        called, filed = compiled(*inputs), module["value_and_grad"](*inputs)
        other = "np.hypot(" in compiled.source or "np.logaddexp(" in compiled.source
        tolerance = 1e-15 if other else 0
        np.testing.assert_allclose(doubles(called[0]), doubles(filed[0]), tolerance)


def as_inputs(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The data of a row that a formula reads, lists as arrays."""
    chosen = {name: data[name] for name in names if name in data}
    return {n: np.array(v) if isinstance(v, list) else v for n, v in chosen.items()}


def together(parts: Any) -> np.ndarray:
    return np.concatenate([[], *(doubles(part) for part in parts)])


def test_matrix_gradients(corpus: Corpus) -> None:
    """Closed forms of The Matrix Cookbook, to 1e-12."""
    failed = {}
    for row in corpus("matrix"):
        wrt = tuple(row["gradients"])
        compiled = symgrad.value_and_grad(row["formula"], wrt)
        value, gradient = compiled(**as_inputs(row["data"], compiled.inputs))
        for name, found in zip(wrt, gradient, strict=True):
            assert np.shape(found) == np.shape(row["grad_values"][name])
        wanted = together(row["grad_values"][name] for name in wrt)
        errors = (
            relative_error(value, doubles(row["value"])),
            relative_error(together(gradient), wanted),
        )
        if max(errors) > 1e-12:
            failed[row["name"]] = errors
    assert not failed


def optimisation_error(row: dict[str, Any]) -> float:
    """The worst error over the points, in units of what is allowed.

    That is 1e-10 of the number itself, or a rounding error of the largest of its kind in the row:
    near a minimum all terms cancel. Ill-conditioned formulas are allowed what plain doubles are.
    """
    inputs = symgrad.function(row["formula"]).inputs
    wrt = tuple(name for name in row["vars"] if name in inputs)
    compiled = symgrad.value_and_grad(row["formula"], wrt)
    pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
    for point in row["points"]:
        given = as_inputs({**(row.get("data") or {}), **point["at"]}, compiled.inputs)
        value, gradient = compiled(**given)
        wanted = together(point["grad"][name] for name in wrt)
        plain = 8 * (point.get("jax_grad_rel") or 0.0)
        pairs.append((doubles(value), doubles(point["value"]), plain))
        pairs.append((together(gradient), wanted, plain))
    worst = 0.0
    for kind in (pairs[::2], pairs[1::2]):
        largest = max(float(np.linalg.norm(wanted)) for _, wanted, _ in kind)
        for found, wanted, plain in kind:
            size = float(np.linalg.norm(wanted))
            allowed = max(1e-10 * size, plain * size, 1e-14 * largest, 1e-300)
            worst = max(worst, float(np.linalg.norm(found - wanted)) / allowed)
    return worst


def test_optimisation_problems(corpus: Corpus) -> None:
    rows = corpus("optim")
    failed = {r["name"]: e for r in rows if not (e := optimisation_error(r)) <= 1}
    assert not failed


def test_adbench(corpus: Corpus) -> None:
    """Gaussian mixtures, bundle adjustment and an LSTM, every way they are written, to 1e-10."""
    for row in corpus("adbench"):
        for key in (key for key in row if key.startswith("formula")):
            compiled = symgrad.value_and_grad(row[key], tuple(row["wrt"]))
            value, gradient = compiled(**as_inputs(row["data"], compiled.inputs))
            if "gradient" in row:
                wanted = row["value"], together(row["gradient"][n] for n in row["wrt"])
            else:
                which = int(key[-1])
                wanted = row["value"][which], doubles(row["jacobian_rows"][which])
            assert relative_error(value, doubles(wanted[0])) <= 1e-12, (row["name"], key)
            assert relative_error(together(gradient), wanted[1]) <= 1e-10, (row["name"], key)
