"""One program serves all sizes that broadcast alike, in blocks or as one of them; the text of what
ran is there to read."""

import numpy as np
import pytest

import symgrad
from symgrad.writing.rows import LOCALS
from tests.blocks import close, in_blocks, programs


def test_one_program_for_all_sizes() -> None:
    formula = "mean((X @ w - y)**2)"
    rng = np.random.default_rng(0)
    with in_blocks(block=16):
        compiled = symgrad.value_and_grad(formula, wrt="w")
        for n, d in ((5, 2), (40, 3), (8, 8), (9, 4)):
            given = {"X": rng.normal(size=(n, d)), "w": rng.normal(size=d), "y": rng.normal(size=n)}
            residual = given["X"] @ given["w"] - given["y"]
            expected = np.mean(residual**2), 2 * given["X"].T @ residual / n
            assert close(compiled(**given), expected)
    assert [("all_rows_" in text) for text in programs(compiled)] == [True, False]


@pytest.mark.parametrize("name", [*LOCALS, *"tck", "value", "arrays", "_hypot", "_sum_first"])
def test_inputs_may_be_called_as_the_code_calls_its_own(name: str) -> None:
    y, number = np.linspace(1.0, 2.0, 40), np.array(1.5)
    for formula, given in (
        (f"r = y - mean(y); sum(r**2 * exp(y)) / {name}", number),
        (f"sum(exp({name} * y), axis=0) * hypot({name}, y)", y[::-1]),
    ):
        expected = symgrad.value_and_grad(formula)(**{"y": y, name: given})
        with in_blocks():
            assert close(symgrad.value_and_grad(formula)(**{"y": y, name: given}), expected)


def test_kernels_that_ran() -> None:
    compiled = symgrad.grad("x**2 * y")
    assert compiled.kernels == ()
    compiled(1.0, 2.0)
    assert len(compiled.kernels) == 1
    compiled(np.ones(3), 2.0)
    assert [text.count("def grad(") for text in compiled.kernels] == [1, 1]
    compiled(np.ones(2**15), 2.0)
    numbers, arrays, blocks = compiled.kernels
    assert ["np." in text for text in (numbers, arrays)] == [False, True]
    assert "buffers" in blocks


def test_sizes_that_make_a_divisor_of_0() -> None:
    """Python's numbers, which sizes are, would raise: the plain code has NumPy's answer."""
    x = np.arange(12.0).reshape(6, 2)
    formula = "sum(X) / (X.shape[1] - 2)"
    with in_blocks():
        assert symgrad.function(formula)(x) == np.inf
