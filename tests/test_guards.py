"""What a mask drops after a product, a softmax or a reduction has no part in any derivative."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.api import functions
from symgrad.graph import Graph
from symgrad.language.formula import lower
from symgrad.rewriting.guards import guard

NAMES = re.compile(r"(?<![\w.])[a-zA-Z](?![\w(])")
RNG = np.random.default_rng(5)
INPUTS: dict[str, Any] = {
    "m": np.array([True, False, True]),
    "M": np.array([[True, True], [False, False], [True, False]]),
    "k": np.array([0, 1, 0]),
    "w": RNG.normal(size=2),
    "W": RNG.normal(size=(2, 2)),
    "y": RNG.normal(size=3),
    "X": RNG.normal(size=(3, 2)),
    "T": RNG.normal(size=(4, 3, 2)),
    "S": RNG.normal(size=(3, 2, 2)) / 4 + 2 * np.eye(2),
}

# Rows of X and T are dropped as m says.
FORMULAS = (
    "sum(where(m, X @ w, 0))",
    "sum(where(m, y - X @ w, 0)**2)",
    "sum(where(m, w @ X.T, 0)**2)",
    "sum(where(m[:, None], X @ W, 0)**2)",
    "sum(where(m[:, None] & m, X @ X.T, 0)**2)",
    "sum(where(m, T @ w, 0)**2)",
    "sum(where(m[:, None], T @ W, 0)**2)",
    "sum(where(m, dot(X, w), 0)**2)",
    "sum(where(m, inner(X, w), 0)**2)",
    "sum(where(m[:, None], einsum('ij,jk->ik', X, W), 0)**2)",
    "sum(where(m, einsum('ji,kj->ki', W, X) @ w, 0)**2)",
    "sum(where(m, einsum('ij,ij->i', X, X), 0)**2)",
    "sum(where(m, einsum('...i,i->...', X, w), 0)**2)",
    "sum(where(m, einsum('...i,i->...', T, w), 0)**2)",
    "sum(where(m, einsum('...i,...i->...', T, T), 0)**2)",
    "sum(where(m, solve(eye(2) + W / 8, X.T), 0)**2)",
    "sum(where(m, sum((X @ W) * X, axis=1), 0)**2)",
    "sum(where(m[:, None], outer(X[:, 0], w), 0)**2)",
    # A mask that drops a whole row, and some elements of others.
    "sum(where(M, X @ W, 0)**2)",
    "sum(where(M, softmax(X), 0)**2)",
    "sum(where(M, cumprod(X, axis=1), 0)**2)",
    # Products and other operations in front of the one that is masked.
    "sum(where(m, (X @ W) @ w, 0)**2)",
    "sum(where(m, tanh(X @ W) @ w, 0)**2)",
    "sum(where(m, relu(X @ W) @ w, 0)**2)",
    "sum(where(m, exp(X) @ w, 0)**2)",
    "sum(where(m, concatenate([X @ w[:, None], X], axis=1) @ [1, 2, 3], 0)**2)",
    "mean(where(m, -log(sigmoid(X @ w)), 0))",
    # Rows of other operations.
    "sum(where(m[:, None], softmax(X), 0)**2)",
    "sum(where(m[:, None], softmax(X @ W), 0)**2)",
    "sum(where(m, logsumexp(X @ W, axis=1), 0)**2)",
    "sum(where(m[:, None], log_softmax(X @ W), 0)**2)",
    "sum(where(m, categorical_logpmf(k, X @ W), 0))",
    "sum(where(m[:, None], layer_norm(X), 0)**2)",
    "sum(where(m[:, None], layer_norm(X @ W), 0)[:, 0])",
    "sum(where(m[:, None], normalize(X), 0)[:, 0])",
    "sum(where(m, std(X, axis=1), 0)**2)",
    "sum(where(m, var(X, axis=1), 0)**2)",
    "sum(where(m[:, None], cumprod(X, axis=1), 0)**2)",
    # Masks within masks, and two uses.
    "sum(where(m, where(y > 0, X @ w, exp(X @ w)), 0)**2)",
    "z = X @ w; sum(where(m, z, 0)) + sum(where(m & (y > 0), z**2, 0))",
    # Masks as indices.
    "sum((y - X @ w)[m]**2)",
    "sum((y - X @ w)[m & (y < 9)]**2)",
    "sum(softmax(X @ W)[m & (y < 9)]**2)",
    "sum(softmax(X @ W)[m]**2)",
    "sum((T @ W)[:, m]**2)",
    "sum((X @ W)[M]**2)",
    # Whole matrices.
    "sum(where(m, det(S), 0)**2)",
    "sum(where(m, logdet(S), 0)**2)",
    "sum(where(m[:, None, None], inv(S), 0)**2)",
    "sum(where(m[:, None], solve(S, X[:, :, None])[:, :, 0], 0)**2)",
    "sum(where(m, sum(solve(S, w), axis=1), 0)**2)",
    "sum(where(m[:, None, None], cholesky(S @ S.mT), 0)**2)",
    "sum(where(m, sum(log(eigvalsh(S + S.mT)), axis=1), 0))",
    "sum(where(m, eigh(S + S.mT)[1][:, 0, 0], 0))",
    "sum(where(m[:, None, None], qr(S)[1], 0)**2)",
    "sum(where(m[:, None, None], pinv(S), 0)**2)",
    "sum(where(m[:, None, None], matrix_power(S, 3), 0)**2)",
    "sum(where(m, sum(S @ S, axis=(1, 2)), 0)**2)",
    # Masks on what an index took, and on what is combined with numbers that broadcast.
    "sum(where(m, X[:, 0] * X[:, 1], 0)**2)",
    "sum(where(m[:, None], (X - w)**2, 0))",
    "sum(where(m, sum((X[:, None, :] - w)**2, axis=(1, 2)), 0))",
    "sum(where(m, log((X @ w)**2), 0))",
)

DROPPED: dict[str, Any] = {"X": 1, "S": 1, "T": np.s_[:, 1]}
"""By input, what its part in the rows that the masks drop is."""


def dropped(formula: str, number: float) -> dict[str, Any]:
    """The inputs of a formula, with a number in what is masked away."""
    names = sorted(set(NAMES.findall(re.sub(r"'[^']*'", "", formula))) & INPUTS.keys())
    inputs = {name: INPUTS[name].copy() for name in names}
    for name, place in DROPPED.items():
        if name in inputs:
            inputs[name][place] = number
    return inputs


@pytest.mark.parametrize("formula", FORMULAS)
def test_what_is_dropped_is_not_felt(formula: str) -> None:
    """In the value, the gradient, and the products with the Jacobian and the Hessian."""
    usual = dropped(formula, 0.75)
    wrt = tuple(name for name in usual if name in "wWXTS")
    vectors = tuple(np.cos(usual[name] + 1) for name in wrt)
    seed = vectors if len(wrt) > 1 else vectors[0]
    compiled = symgrad.value_and_grad(formula, wrt=wrt)
    jvp, hvp = symgrad.jvp(formula, wrt=wrt), symgrad.hvp(formula, wrt=wrt)

    def results(inputs: dict[str, Any]) -> list[Any]:
        value, slopes = compiled(**inputs)
        return [value, *slopes, *jvp(seed, **inputs), *hvp(seed, **inputs)]

    expected = results(usual)
    for number in (np.nan, np.inf, -np.inf):
        inputs = dropped(formula, number)
        for found, wanted in zip(results(inputs), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)
        for name, slope in zip(wrt, compiled(**inputs)[1], strict=True):
            if name in DROPPED:
                np.testing.assert_array_equal(slope[DROPPED[name]], 0)


@pytest.mark.parametrize(
    "formula",
    [
        "sum(where(m, X @ w, 0)**2)",
        "sum(where(M, X @ W, 0)**2)",
        "sum(where(m[:, None], softmax(X), 0)**2)",
    ],
)
def test_the_code_for_any_shapes_masks_too(formula: str) -> None:
    module: dict[str, Any] = {}
    wrt = tuple(name for name in dropped(formula, 0.0) if name in "wWX")
    exec(symgrad.value_and_grad(formula, wrt=wrt).source, module)
    names = lower(formula, functions()).inputs
    found, expected = (
        module["grad"](*[dropped(formula, number)[name] for name in names])
        for number in (np.nan, 0.75)
    )
    for slope, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(slope, wanted, rtol=1e-14)


@pytest.mark.parametrize(
    ("formula", "gradient"),
    [
        # The number is used elsewhere, or the condition looks at it: nan is the truth.
        ("z = X @ w; sum(where(m, z, 0)) + sum(z)", np.nan),
        ("z = X @ w; sum(where(m, z, 2 * z))", np.nan),
        ("sum(where(not m, X @ w, 0))", np.nan),
        ("sum((X @ w)[k])", np.nan),
    ],
)
def test_what_is_needed_is_felt(formula: str, gradient: float) -> None:
    slope = symgrad.grad(formula, wrt="w")(**dropped(formula, np.nan))
    np.testing.assert_array_equal(slope, np.full(2, gradient))


def guarded(formula: str, *wrt: str) -> tuple[Graph, Graph]:
    graph = lower(formula, functions()).graph
    return graph, guard(graph, wrt, functions(), formula)


@pytest.mark.parametrize(
    ("formula", "wrt"),
    [
        ("sum((X @ w)**2)", "w"),
        ("sum(where(m, log(x), 0))", "x"),
        ("sum(where(m, x, 0) + sum(X @ w))", "w"),
        ("sum(where(m, X @ w, 0) * y)", "y"),
        ("sum(where(m, X @ w, -(X @ w)))", "w"),
        ("sum((X @ w)[1:]**2)", "w"),
        ("sum(where(m, mean(X, axis=1), 0))", "X"),
    ],
)
def test_nothing_else_changes(formula: str, wrt: str) -> None:
    before, after = guarded(formula, wrt)
    assert str(after) == str(before)


@pytest.mark.parametrize(
    ("formula", "elsewhere"),
    [
        ("where(det(S) > 1e-9, logdet(S), -1)", -1.0),
        ("sum(where(det(S) > 1e-9, inv(S), 0))", 0.0),
        ("sum(solve(S, w)) if det(S) > 1e-9 else 2", 2.0),
        ("sum(where(det(S) > 1e-9, cholesky(S), 0))", 0.0),
    ],
)
def test_a_singular_matrix_behind_a_guard(formula: str, elsewhere: float) -> None:
    names = symgrad.function(formula).inputs
    singular, regular = (
        {n: {"S": S, "w": np.ones(2)}[n] for n in names} for S in (np.zeros((2, 2)), np.eye(2))
    )
    assert symgrad.function(formula)(**singular) == elsewhere
    value, slope = symgrad.value_and_grad(formula, "S")(**singular)
    assert value == elsewhere
    np.testing.assert_array_equal(slope, np.zeros((2, 2)))
    bare = re.sub(r"where\(det\(S\) > 1e-9, (.*), .*?\)", r"\1", formula.split(" if ")[0])
    slope = symgrad.grad(formula, "S")(**regular)
    np.testing.assert_array_equal(slope, symgrad.grad(bare, "S")(**regular))


def test_the_rows_are_masked_once() -> None:
    source = symgrad.grad(
        "m: (n,); y: (n,); X: (n, k); w: (k,); sum(where(m, y - X @ w, 0)**2)", wrt="w"
    ).source
    body = source[source.index("def grad") : source.index("@np", source.index("def grad"))]
    assert body.count("np.where(m[..., None] != 0, X, 0.0)") == 1
    assert body.count("@") == 2


@pytest.mark.parametrize(
    "formula",
    [
        "sum(where(isfinite(X @ w), X @ w, 0))",
        "z = X @ w + 1; sum(where(isnan(z), 0, z**2))",
        "z = tile(X @ w, 2); mean(where(isfinite(z), exp(z), 0))",
        "z = pad(X @ w, 1); sum(where(isfinite(z), z**2, 0))",
    ],
)
def test_a_condition_that_asks_for_numbers(formula: str) -> None:
    """The product with the nan is left out, and differences of the rest agree with the slope."""
    X, w = np.array([[1.0, 2.0], [np.nan, 1.0]]), np.array([0.5, 0.25])
    slope = symgrad.grad(formula, wrt="w")(X=X, w=w)
    f, step = symgrad.function(formula), 1e-6
    moved = [(f(X=X, w=w + d) - f(X=X, w=w - d)) / (2 * step) for d in step * np.eye(2)]
    np.testing.assert_allclose(slope, moved, rtol=1e-8)
