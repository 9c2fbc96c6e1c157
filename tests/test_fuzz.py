"""A short run of the fuzzer, and what longer ones found."""

from typing import Any

import numpy as np
import pytest

import symgrad
from tests.fuzz import TARGETS, compile_any, described, parse_any, random_run

RUNS = {"parser": 4_000, "compiler": 700}


@pytest.mark.parametrize("target", TARGETS)
def test_a_bounded_run_finds_nothing(target: str) -> None:
    tried, good, found = random_run(target, seed=20, runs=RUNS[target])
    shown = [f"{kind}: {described(target, data)}" for kind, (data, _) in found.items()]
    assert not shown, "\n".join(shown)
    assert tried == RUNS[target]
    assert tried // 10 < good < tried


def test_a_finding_is_kept_with_the_bytes_that_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes) -> bool:
        raise KeyError("a fault")

    monkeypatch.setitem(TARGETS, "parser", fail)
    tried, good, found = random_run("parser", seed=0, runs=5)
    assert (tried, good, len(found)) == (5, 0, 1)
    ((kind, (data, message)),) = found.items()
    assert kind.startswith("KeyError ")
    assert "a fault" in message
    assert described("parser", data).startswith("parse(")


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 300])
def test_any_bytes_are_a_case(data: bytes) -> None:
    parse_any(data)
    compile_any(data)


@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")
def test_the_mean_of_nothing_is_nan() -> None:
    """NumPy warns of it, as it does of its own accord."""
    value, slopes = symgrad.value_and_grad("mean(ones([x - B])) + y")(x=3, B=3, y=1.0)
    assert np.isnan(value)
    assert slopes == 1.0 or slopes == {"y": 1.0}


MATRIX = np.array([[2.0, 0.5], [0.5, 3.0]])

# A formula, its inputs, and what it gives; a text is what the error begins with.
FOUND: list[tuple[str, dict[str, Any], Any]] = [
    ("1e-300.size + x", {"x": 0.5}, 1.5),
    ("x.size.size + x", {"x": [0.5]}, [1.5]),
    ("std(2) + x", {"x": 0.5}, 0.5),
    ("median(0.5)*x", {"x": -2}, -1.0),
    ("outer(2, x).size * x", {"x": 0.5}, 0.5),
    ("mean(x)", {"x": -2}, -2.0),
    ("det([[x.size]]) * x", {"x": 0.5}, 0.5),
    ("[ndtr(0), (stop_gradient(0.5) + 0.5)] + x", {"x": 0.5}, [1.0, 1.5]),
    ("x: scalar; kron(x, True)", {"x": 0.5}, 0.5),
    ("x + ones(2).size", {"x": 0.5}, 2.5),
    ("x * y.size", {"x": -2, "y": -2}, -2.0),
    ("[A.shape[0]] + x", {"A": MATRIX, "x": np.array([1, 2])}, [3.0, 4.0]),
    ("X: (n,); X * n + 3", {"X": [0, 1, 2]}, [3.0, 6.0, 9.0]),
    ("gamma_logpdf(x, True)", {"x": 2}, -2.0),
    ("where(k > 0, z[k], x)", {"k": True, "z": [[1.0, 2.0]], "x": 0.5}, [[[1.0, 2.0]]]),
    ("permute_dims(A, None)", {"A": MATRIX}, MATRIX.T),
    ("x[:k]", {"x": [1.0, 2.0], "k": [1, 2]}, "the bounds of a slice are single whole numbers"),
    ("A[A]", {"A": MATRIX}, "a value that arises here cannot be used"),
    ("triu(x)", {"x": [1.0, 2.0]}, "this needs a matrix; the operand has shape (2,)"),
]


@pytest.mark.parametrize(("formula", "inputs", "expected"), FOUND)
def test_what_the_fuzzer_found(formula: str, inputs: dict[str, Any], expected: Any) -> None:
    compiled = symgrad.value_and_grad(formula)
    if isinstance(expected, str):
        with pytest.raises(symgrad.InputError) as caught:
            compiled(**inputs)
        assert str(caught.value).startswith(expected)
        return
    value, derivatives = compiled(**inputs)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    by_name = derivatives if isinstance(derivatives, dict) else {compiled.wrt[0]: derivatives}
    for name, derivative in by_name.items():
        assert np.asarray(derivative).dtype == np.float64
        assert np.shape(derivative) == np.shape(inputs[name])
    compile(compiled.source, "generated", "exec")
