"""What a block does not need is left out, and no result tells where blocks begin."""

import re
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.targets.block_functions import keep, where
from tests.blocks import close, in_blocks, programs, same_bits

FAR = np.repeat([0.5, 1e200, -3.0, 1e-200, 0.0, -1e9], 8)
MIXED = np.random.default_rng(1).permutation(FAR)

FORMULAS = (
    "log(1 + x**2) * y",
    "x**2 / (1 + x**2) + y",
    "sqrt(x**2 + y**2)",
    "1/x - 1/y",
    "where(x > y, log(x) + sin(y), exp(y) * cos(x))",
    "where(x > 0, where(y > 0, log(x) * y, log(x)), y * tanh(x))",
    "where(x > 0, tanh(y), 0) + where(x > 0, x * tanh(y), 1)",
    "maximum(x * y, 0) + abs(x - y)",
)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("x", [FAR, MIXED, np.abs(FAR), -np.abs(FAR)], ids=range(4))
def test_same_bits_whatever_a_block_needs(formula: str, x: Any) -> None:
    given = {"x": x, "y": np.roll(MIXED, 5)}
    expected = symgrad.value_and_grad(formula, wrt=("x", "y"))(**given)
    for block in (8, 7, 1000):
        with in_blocks(block):
            compiled = symgrad.value_and_grad(formula, wrt=("x", "y"))
            assert same_bits(compiled(**given), expected)
            assert programs(compiled)


@pytest.mark.parametrize("other", ["m", "exp(m*x)", "y", "0"])
def test_what_one_loop_keeps_for_another_outlasts_a_choice_from_it(other: str) -> None:
    x, y = np.abs(np.random.default_rng(2).normal(size=(2, 37)))
    formula = f"m = mean((x - y)**2); where(x < m, {other}, sqrt(x))"
    expected = symgrad.function(formula)(x=x, y=y)
    with in_blocks(threads=2):
        compiled = symgrad.function(formula)
        assert close(compiled(x=x, y=y), expected)


def test_branches_are_left_out_where_no_element_asks() -> None:
    with in_blocks():
        compiled = symgrad.function("where(x > 0, log(x) + sin(x), exp(x))")
        compiled(FAR)
    (text,) = programs(compiled)
    assert re.findall(r"if n.*:|log\(|sin\(|exp\(", text) == [
        "if n:", "log(", "sin(", "if n < c.size:", "exp(",
    ]  # fmt: skip


@pytest.mark.parametrize("case", [[True] * 6, [False] * 6, [True, False, True, True, False, True]])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_choices_in_place(case: list[bool], kind: Any) -> None:
    """The result may be written over any of what is chosen from."""
    condition = np.array(case)
    first = np.array([1.0, -0.0, np.nan, np.inf, 2.5, -3.0], kind)
    second = np.array([-1.0, 0.0, 5.0, np.nan, -np.inf, 7.0], kind)
    expected = np.where(condition, first, second)
    for place in range(3):
        operands = first.copy(), second.copy(), np.empty(6, kind)
        assert same_bits(where(condition, *operands[:2], out=operands[place]), expected)
    assert same_bits(
        where(condition, 2.0, 3.0, out=np.empty(6, kind)), np.where(condition, kind(2), kind(3))
    )
    for values in (first.copy(), first):
        out = np.empty(6, kind) if values is first else values
        kept = np.where(condition, first, kind(0))
        assert same_bits(keep(condition, values, out=out), kept)
