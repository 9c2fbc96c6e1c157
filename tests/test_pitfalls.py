"""Points where automatic differentiation is known to fail: every row, on numbers and on arrays."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import symgrad

Corpus = Callable[[str], list[dict[str, Any]]]


def numbers(given: Any) -> np.ndarray:
    """Lists of numbers, in which inf and nan stand as texts."""
    return np.array(np.array(given, dtype=object), dtype=np.float64)


def as_input(given: Any, dtype: str) -> Any:
    array = np.array(given, dtype=object)
    if all(isinstance(each, bool | int) for each in array.ravel()):
        return given if array.ndim == 0 else np.array(given)
    found = numbers(given).astype(dtype)
    return float(found) if found.ndim == 0 and dtype == "float64" else found[()]


def is_right(found: Any, wanted: Any, row: Mapping[str, Any]) -> bool:
    found, wanted = np.asarray(found, np.float64), numbers(wanted)
    with np.errstate(all="ignore"):
        near = np.abs(found - wanted) <= row["rel_tol"] * np.abs(wanted) + row["abs_tol"]
    return bool(np.all(near | (found == wanted) | (np.isnan(found) & np.isnan(wanted))))


def is_accepted(gradient: tuple[Any, ...], allowed: Mapping[str, Any] | None) -> bool:
    """Whether a gradient is one of several that are right."""
    if not allowed:
        return False
    found = np.concatenate([np.ravel(part) for part in gradient])
    low, high = allowed.get("range", (-np.inf, np.inf))
    return (
        bool(np.all((found >= low) & (found <= high)))
        and abs(found.sum() - allowed.get("sum", found.sum())) <= 1e-12
        and bool(np.linalg.norm(found) <= allowed.get("norm", np.inf) + 1e-12)
    )


def hessian(formula: str, name: str, inputs: Mapping[str, Any]) -> np.ndarray:
    if np.ndim(inputs[name]) == 0:
        return np.asarray(symgrad.grad(formula, name, order=2)(**inputs))
    product = symgrad.hvp(formula, name)
    rows = np.eye(np.size(inputs[name])).reshape(-1, *np.shape(inputs[name]))
    return np.stack([product(row, **inputs) for row in rows])


def faults(row: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[str]:
    formula, wrt = row["formula"], tuple(row["wrt"])
    value, gradient = symgrad.value_and_grad(formula, wrt)(**inputs)
    found = []
    if not is_right(value, row["expect_value"], row):
        found.append(f"value {value}")
    right = all(is_right(a, b, row) for a, b in zip(gradient, row["expect_grad"], strict=True))
    if not right and not is_accepted(gradient, row["accept"]):
        found.append(f"gradient {gradient}")
    if row["expect_second"] is not None:
        second = hessian(formula, wrt[0], inputs)
        if not is_right(second, row["expect_second"], row):
            found.append(f"second derivative {second}")
    return found


@pytest.mark.parametrize("kind", ["numbers", "arrays"])
def test_every_row_is_right(kind: str, corpus: Corpus) -> None:
    wrong = {}
    for row in corpus("pitfalls"):
        names = symgrad.function(row["formula"]).inputs
        inputs = {name: as_input(row["vars"][name], row["dtype"]) for name in names}
        if kind == "arrays":
            inputs = {name: np.asarray(value) for name, value in inputs.items()}
        found = faults(row, inputs)
        if found:
            wrong[row["id"], row["formula"]] = found
    assert not wrong
