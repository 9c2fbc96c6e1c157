"""Einstein summation: what subscripts say, and the order in which operands are contracted."""

import numpy as np
import pytest

import symgrad
from symgrad.errors import ArgumentError
from symgrad.functions import builtin_functions
from symgrad.language.contraction import DOTS, joined, parted, read_subscripts
from symgrad.language.formula import lower


@pytest.mark.parametrize(
    ("subscripts", "count", "labels"),
    [
        ("ij,jk->ik", 2, ["ij", "jk", "ik"]),
        (" i j , j k -> i k ", 2, ["ij", "jk", "ik"]),
        ("ij,jk", 2, ["ij", "jk", "ik"]),
        ("ba", 1, ["ba", "ab"]),
        ("ii", 1, ["ii", ""]),
        ("i,i", 2, ["i", "i", ""]),
        ("i->", 1, ["i", ""]),
        ("...i,...i->...", 2, [DOTS + "i", DOTS + "i", DOTS]),
        ("...ij,jk", 2, [DOTS + "ij", "jk", DOTS + "ik"]),
        (",->", 2, ["", "", ""]),
        ("aB,Bc->ac", 2, ["aB", "Bc", "ac"]),
    ],
)
def test_reading(subscripts: str, count: int, labels: list[str]) -> None:
    assert read_subscripts(subscripts, count, "", None) == labels


@pytest.mark.parametrize(
    ("subscripts", "count", "message"),
    [
        (3, 1, "the subscripts are a text in quotes"),
        ("i1->i", 1, "subscripts are letters, commas and one arrow"),
        ("ij->i->j", 1, "subscripts are letters, commas and one arrow"),
        ("é", 1, "subscripts are letters, commas and one arrow"),
        ("ij,jk", 1, "the subscripts are for 2 operands, not 1"),
        ("ij->ik", 1, "the subscript k of the result is that of no operand"),
        ("i->...", 1, f"the subscript {DOTS} of the result is that of no operand"),
        ("ij->ii", 1, "a subscript of the result is given twice"),
    ],
)
def test_what_is_no_summation(subscripts: object, count: int, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_subscripts(subscripts, count, "", None)
    assert str(caught.value) == f"{message}\nWrite einsum('ij,jk->ik', A, B)."


@pytest.mark.parametrize("labels", [["ij", "jk", "ik"], [DOTS + "i", DOTS], ["", "", ""]])
def test_what_is_joined_is_parted_again(labels: list[str]) -> None:
    assert parted(joined(*labels)) == labels
    assert DOTS not in joined(*labels)


# Diagonals first, then sums that need no product, then two operands at a time, the cheapest first.
ORDERS = [
    ("einsum('ij->ji', A)", "v1 = permute_dims(A, ((1, 0),))"),
    ("einsum('ij->ij', A)", "return A"),
    ("einsum('ii', A)", "v1 = _diagonals(A, ('ii->i',))\nv2 = sum(v1, ((0,), False))"),
    ("einsum('...i->...', A)", "v1 = sum(A, ((-1,), False))"),
    ("einsum('i...->...', A)", "v1 = sum(A, ((0,), False))"),
    ("einsum('i,j->', A, B)",
     "v1 = sum(A, ((0,), False))\nv2 = sum(B, ((0,), False))\nv3 = _einsum(v1, v2, (',->',))"),
    ("einsum('ij,jk,k->i', A, B, C)",
     "v1 = _einsum(B, C, ('jk,k->j',))\nv2 = _einsum(A, v1, ('ij,j->i',))"),
    ("einsum('i,ij,jk->k', A, B, C)",
     "v1 = _einsum(A, B, ('i,ij->j',))\nv2 = _einsum(C, v1, ('jk,j->k',))"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "steps"), ORDERS)
def test_the_order_of_contractions(formula: str, steps: str) -> None:
    assert str(lower(formula, builtin_functions()).graph).startswith(steps)


SUMMATIONS = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("ij,jk", [(2, 3), (3, 4)]),
    ("ijk->kij", [(2, 3, 4)]),
    ("iij->j", [(3, 3, 2)]),
    ("ii,jj", [(3, 3), (2, 2)]),
    ("i,j,k->kji", [(2,), (3,), (4,)]),
    ("ij,jk,kl,lm->im", [(2, 3), (3, 4), (4, 2), (2, 3)]),
    ("ij,ik,il->jkl", [(3, 2), (3, 2), (3, 2)]),
    ("ij,jk,ki->", [(2, 3), (3, 4), (4, 2)]),
    ("...i,i->...", [(4, 2, 3), (3,)]),
    ("...ij,...jk->...ik", [(5, 2, 3), (1, 3, 4)]),
    ("i...,i...->...", [(3, 2), (3, 2)]),
    ("...,...->...", [(3, 1), (2,)]),
    ("b...i,...->b...", [(2, 4, 3), (4,)]),
    ("ij,ij->ij", [(2, 3), (1, 3)]),
    ("ij,ij->j", [(2, 1), (1, 3)]),
    ("ij,ij->", [(1, 3), (2, 3)]),
    ("j,j->", [(1,), (3,)]),
    ("ij,jk->ki", [(2, 3), (1, 4)]),
    ("...j,...j->...", [(4, 2, 1), (2, 3)]),
    ("ijk,kij->", [(2, 3, 4), (4, 2, 3)]),
    ("ij,jk->ik", [(0, 3), (3, 4)]),
    ("ij,jk->ik", [(2, 0), (0, 4)]),
]


@pytest.mark.parametrize(("subscripts", "shapes"), SUMMATIONS)
def test_summations_and_their_gradients(subscripts: str, shapes: list[tuple[int, ...]]) -> None:
    """The sum of a product is linear in each operand, so that the slope is a difference."""
    rng = np.random.default_rng(len(subscripts))
    operands = [rng.normal(size=shape) for shape in shapes]
    names = "ABCD"[: len(shapes)]
    call = symgrad.value_and_grad(f"einsum('{subscripts}', {', '.join(names)})", wrt=[*names])
    value, slopes = call(*operands)
    np.testing.assert_allclose(value, np.einsum(subscripts, *operands), rtol=1e-12, atol=1e-12)
    for place, (slope, operand) in enumerate(zip(slopes, operands, strict=True)):
        assert slope.shape == operand.shape
        direction = rng.normal(size=operand.shape)
        moved = [*operands[:place], direction, *operands[place + 1 :]]
        expected = np.einsum(subscripts, *moved).sum()
        np.testing.assert_allclose((slope * direction).sum(), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("subscripts", ["j,j->", "...j,...j->..."])
def test_second_derivatives_where_an_axis_of_size_1_meets_a_longer_one(subscripts: str) -> None:
    x = np.array([0.3, 0.7, -1.1])
    formula = f"einsum('{subscripts}', sum(x**2, keepdims=True), x)"
    expected = 2 * np.eye(3) * x.sum() + 2 * x[:, None] + 2 * x
    np.testing.assert_allclose(symgrad.hessian(formula)(x), expected, rtol=1e-14)
    np.testing.assert_allclose(symgrad.hvp(formula)(x, x), expected @ x, rtol=1e-14)
