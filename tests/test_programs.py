"""One program serves all sizes that broadcast alike, in blocks or as one of them; the text of what
ran is there to read."""

import numpy as np

import symgrad
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
