"""Drawn formulas of arrays: what is drawn, that it fits, and that its gradients are right."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.language.tree import postorder
from symgrad.syntax import parse
from symgrad.testing import array_formulas, assert_gradient_correct, inputs

few = settings(
    max_examples=20,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
hunt = settings(
    max_examples=900,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def generic() -> st.SearchStrategy[float]:
    """Numbers off every kink that a formula's own constants make."""
    return st.integers(-2_000_000, 2_000_000).map(lambda n: (n + 0.2718281828) / 1_000_001)


@st.composite
def programs(draw: st.DrawFn, smooth: bool = True, size: int = 8) -> tuple[str, dict[str, Any]]:
    formula = draw(array_formulas(size, smooth=smooth))
    return formula, draw(inputs(formula, values=generic()))


@pytest.fixture(scope="module")
def drawn() -> str:
    found: list[str] = []

    @hunt
    @given(array_formulas())
    def collect(formula: str) -> None:
        found.append(formula)

    collect()
    return "\n".join(found)


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"@", r"\.T\b", r"\[0\]", r"\[-1\]", r"\[\.\.\., 0\]", r"\[::-1\]", r"\[:, None\]"),
        *(r"axis=0", r"axis=-1", r"keepdims=True", r"\.sum\(\)", r"sum\(\[", r"concatenate\("),
        *(r"solve\(eye\(", r"softmax\(", r"cumsum\(", r"where\(", r"logsumexp\(", r"median\("),
        *(r": scalar", r": \(n,\)", r": \(n, m\)", r": \(\w+, \w+, \w+\)", r"^h = "),
    ],
)
def test_every_way_of_writing_is_drawn(pattern: str, drawn: str) -> None:
    assert re.search(pattern, drawn, re.MULTILINE)


@few
@given(array_formulas(smooth=True))
def test_smooth_formulas_have_no_kinks(formula: str) -> None:
    trees = [tree for statement in parse(formula) for tree in postorder(statement.body)]
    called = {tree.value.name for tree in trees if tree.op == "call"}
    kinked = "abs relu sign floor leaky_relu max min amax std median maximum where"
    assert not called & set(kinked.split())


@few
@given(array_formulas(), st.data())
def test_inputs_have_the_declared_shapes(formula: str, data: st.DataObject) -> None:
    values = data.draw(inputs(formula))
    declared = lower(formula, builtin_functions()).shapes
    assert set(values) == set(declared)
    sizes: dict[str, int] = {}
    for name, value in values.items():
        assert np.ndim(value) == len(declared[name].sizes)
        for size, found in zip(declared[name].sizes, np.shape(value), strict=True):
            assert sizes.setdefault(str(size), found) == found
            assert 1 <= found <= 3


@few
@given(programs(smooth=False))
def test_declared_or_not_the_results_are_the_same(program: tuple[str, dict[str, Any]]) -> None:
    formula, values = program
    body = formula.partition("\n")[2]
    names = re.findall(r"\b[nmk]\b", body)
    if not values or names:
        return
    both = symgrad.value_and_grad(formula, list(values))(**values)
    plain = symgrad.value_and_grad(body, list(values))(**values)
    for a, b in zip([both[0], *both[1]], [plain[0], *plain[1]], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * (1 + np.max(np.abs(b), initial=0)))


@settings(few, max_examples=8)
@given(programs(smooth=False, size=4))
def test_gradients_are_right(program: tuple[str, dict[str, Any]]) -> None:
    assert_gradient_correct(*program)


@settings(few, max_examples=6)
@given(programs(size=4))
def test_gradients_are_right_to_many_digits(program: tuple[str, dict[str, Any]]) -> None:
    assert_gradient_correct(*program, digits=True)
