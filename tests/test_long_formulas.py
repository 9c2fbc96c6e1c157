"""Long formulas of physics and chemistry, against derivatives in closed form."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import symgrad
from tests.conftest import Corpus

Row = Mapping[str, Any]


def error(found: Any, wanted: Any) -> float:
    """That of numbers as one vector, in units of the vector's size."""
    have, want = (np.array(numbers, float).ravel() for numbers in (found, wanted))
    return float(np.linalg.norm(have - want) / max(float(np.linalg.norm(want)), 1e-300))


def by_all(row: Row) -> tuple[Any, tuple[str, ...]]:
    """Value and gradient by those variables of a row that its formula uses."""
    inputs = symgrad.function(row["formula"]).inputs
    wrt = tuple(name for name in row["vars"] if name in inputs)
    compiled = symgrad.value_and_grad(row["formula"], wrt)
    return lambda at: compiled(**{name: at[name] for name in inputs}), wrt


def called(formula: str, at: Mapping[str, float]) -> float:
    """The value of a formula that may leave out some of the inputs."""
    compiled = symgrad.function(formula)
    return float(compiled(**{name: at[name] for name in compiled.inputs}))


def test_values_and_gradients(corpus: Corpus) -> None:
    for row in corpus("large"):
        compiled, wrt = by_all(row)
        for point in row["points"]:
            value, gradient = compiled(point["at"])
            plain = 8 * point["jax_grad_rel"]
            assert error(value, point["value"]) <= 1e-12, row["name"]
            wanted = [point["grad"][name] for name in wrt]
            assert error(gradient, wanted) <= 1e-13 + plain, row["name"]


def test_published_derivatives(corpus: Corpus) -> None:
    """What a textbook gives for some of the inputs, compiled as formulas of their own."""
    rows = [row for row in corpus("large") if row["closed_gradient"]]
    for row in rows:
        for name, formula in row["closed_gradient"].items():
            slope = symgrad.grad(row["formula"], name)
            for point in row["points"]:
                wanted = called(formula, point["at"])
                assert error(slope(**point["at"]), wanted) <= 1e-14, (row["name"], name)


def test_a_published_minimum(corpus: Corpus) -> None:
    """There the value is what was published, and the gradient is nothing beside its terms."""
    rows = [row for row in corpus("large") if "minimum_value" in row]
    for row in rows:
        compiled, _ = by_all(row)
        (point,) = [point for point in row["points"] if point.get("published")]
        value, gradient = compiled(point["at"])
        assert value == pytest.approx(float(row["minimum_value"]), rel=1e-12)
        assert np.linalg.norm(gradient) <= 1e-6


def test_a_published_system_of_rates(corpus: Corpus) -> None:
    """A weighted sum of many right-hand sides has the weighted sum of their gradients."""
    rows = [row for row in corpus("large") if "rates" in row]
    for row in rows:
        rates = "; ".join(f"r{place} = {r}" for place, r in enumerate(row["rates"], start=1))
        at = row["points"][-1]["at"]
        value, gradient = 0.0, dict.fromkeys(row["vars"], 0.0)
        for place, side in enumerate(row["rhs"]):
            one = symgrad.value_and_grad(f"{rates}; {side}")
            part, slopes = one(**{name: at[name] for name in one.inputs})
            value += (1 + 0.1 * place) * part
            for name, slope in slopes.items():
                gradient[name] += (1 + 0.1 * place) * slope
        compiled, wrt = by_all(row)
        whole, slopes = compiled(at)
        assert whole == pytest.approx(value, rel=1e-10)
        assert error(slopes, [gradient[name] for name in wrt]) <= 1e-12
