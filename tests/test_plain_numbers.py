"""Plain numbers: the first call runs the steps, later ones the code; test_targets compares their
bits."""

from typing import Any

import pytest

import symgrad


@pytest.mark.parametrize("kind", [symgrad.function, symgrad.grad, symgrad.value_and_grad])
@pytest.mark.parametrize("options", [{}, {"wrt": "x"}, {"wrt": ("y", "x")}])
def test_results_are_laid_out_as_in_the_code(kind: Any, options: Any) -> None:
    if kind is not symgrad.function:
        compiled = kind("x**2 * sin(y)", **options)
        assert compiled(2.0, 3.0) == compiled(2.0, 3.0) == compiled(2.0, 3.0)
        assert len(compiled.kernels) == 1
    assert symgrad.function("2")() == symgrad.hessian("x*y", ("x", "y"))(1.0, 2.0)[0][1] + 1.0


def test_a_branch_that_is_not_taken_may_raise() -> None:
    compiled = symgrad.grad("where(x < 1, x, exp(exp(x)))")
    assert compiled(0.5) == 1.0
    compiled = symgrad.grad("where(x > 700, 2*x, exp(x))", "x")
    assert [compiled(800.0), compiled(800.0)] == [2.0, 2.0]
    assert "np." not in "".join(compiled.kernels)
