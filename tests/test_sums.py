"""Sums of products are products of matrices, and what stands still is taken out of them."""

import re

import numpy as np
import pytest

import symgrad
from tests.blocks import close, in_blocks, programs, same_bits

RNG = np.random.default_rng(8)
N, K, D = 19, 3, 4
GIVEN = {
    "X": RNG.normal(size=(N, D)), "Y": RNG.normal(size=(N, D)), "v": RNG.normal(size=N),
    "w": RNG.normal(size=D), "A": RNG.normal(size=(K, D)), "B": RNG.normal(size=(N, K, D)),
    "G": RNG.normal(size=(N, K)), "c": 0.7,
}  # fmt: skip

CASES: tuple[tuple[str, str, str], ...] = (
    # the formula, a call in its loop, and a ufunc of which there is none
    ("sum(X * Y)", "_dot(X, Y)", "multiply"),
    ("mean(sum(X * Y, axis=-1))", "_dot(X, Y)", "multiply"),
    ("sum(X * v[:, None], axis=0)", '_contract("ab,a->b", X, v)', "multiply"),
    ("sum(X * w, axis=1)", '_contract("ab,b->a", X, w', "multiply"),
    ("sum(B * A, axis=-1)", '_contract("abc,bc->ab", B, A', "multiply"),
    ("sum(2 * B * A * G[..., None], axis=0)", '_contract("abc,ab->bc", t', "sum"),
    ("sum(2 * A * (B * G[..., None]), axis=0)", '_contract("abc,ab->bc", B, G,', "multiply(B"),
    ("sum(-c * X * Y, axis=0)", "multiply(c, X", "negative"),
    ("sum(B * A * c, axis=(0, 1))", "multiply(B, A", "einsum"),
    ("sum(X * exp(w), axis=0)", "X.sum(axis=0,", "multiply(X"),
)


@pytest.mark.parametrize(("formula", "call", "absent"), CASES, ids=[c[0] for c in CASES])
def test_sums(formula: str, call: str, absent: str) -> None:
    given = {name: GIVEN[name] for name in symgrad.function(formula).inputs}
    expected = symgrad.value_and_grad(formula)(**given)
    value = symgrad.function(formula)(**given)
    with in_blocks(block=2**14):
        compiled = symgrad.function(formula)
        assert close(compiled(**given), value)
        assert close(symgrad.value_and_grad(formula)(**given), expected)
    (text,) = programs(compiled)
    (loop,) = re.findall(r"^def all_rows_\w+\(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    loop = loop.replace("_rows", "")
    assert call in loop
    assert f"{absent}(" not in loop


def test_what_is_multiplied_first_still_is() -> None:
    """The product of X and Y alone overflows, or is 0."""
    for scale, size in ((1e-200, 1e170), (1e200, 1e-170)):
        X, c = np.full((N, D), size), np.full(D, scale)
        with in_blocks(block=2**14):
            value = symgrad.function("sum(c * X * Y, axis=0)")(c=c, X=X, Y=X)
        np.testing.assert_allclose(value, N * (scale * size * size), rtol=1e-12)


def test_numbers_that_overflow_are_summed_as_they_stand() -> None:
    """What others use, too, is computed as the formula says."""
    formula = "P = X * Y; sum(P) + sum(P**2)"
    expected = symgrad.value_and_grad(formula)(GIVEN["X"], GIVEN["Y"])
    with in_blocks():
        assert close(symgrad.value_and_grad(formula)(GIVEN["X"], GIVEN["Y"]), expected)


SCALED = (
    # the formula, and the products in its loop
    ("(x - y)**3 / (1 + x**2 + y**2)", 8),
    ("exp(x**2 - y**2)", 5),
    ("(x**2 + y**2 + z**2)**1.5", 9),
    ("2*x*exp(z) + -2*y*exp(z) - 2*x*y", 10),
    ("-2*x*exp(z) - 2*y*exp(z)", 6),
)


@pytest.mark.parametrize(("formula", "products"), SCALED)
def test_a_factor_is_scaled_once_for_all_products(formula: str, products: int) -> None:
    """By a power of two, which changes no digit; with the sign that others can do without."""
    plain = symgrad.value_and_grad(formula)
    given = [GIVEN["v"] + place for place in range(len(plain.inputs))]
    expected = plain(*given)
    with in_blocks():
        compiled = symgrad.value_and_grad(formula)
        assert same_bits(compiled(*given), expected)
    assert programs(compiled)[0].count("multiply(") == products


def test_what_is_spread_meets_an_array_late() -> None:
    """No array is filled with a number: there is none in the loops, and none between them."""
    x, y = RNG.normal(size=50), RNG.normal(size=50)
    for formula in ("x * y / sum(x * y)", "softmax(x * y)", "sum(x * y) / x + y"):
        expected = symgrad.value_and_grad(formula, wrt=("x", "y"))(x, y)
        with in_blocks():
            compiled = symgrad.value_and_grad(formula, wrt=("x", "y"))
            assert close(compiled(x, y), expected), formula
        (text,) = programs(compiled)
        assert "_filled" not in text, formula
