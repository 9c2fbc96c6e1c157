"""Derivatives through products of matrices and reductions, row by row, or refused."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.differentiation.alignment import _FOLLOW
from symgrad.errors import DerivativeError

RNG = np.random.default_rng(3)
INPUTS: dict[str, Any] = {
    name: RNG.normal(size=shape)
    for name, shape in {
        "x": 4, "y": 4, "X": (4, 3), "Z": (2, 4, 3), "w": 3, "W": (3, 3), "A": (4, 4), "r": (1, 4),
    }.items()
}  # fmt: skip

KEPT = [
    ("tanh(x[:, None]*w + y[:, None]) @ W @ w", "x"),
    ("sum(sin(x[:, None]*w), axis=1)", "x"),
    ("mean(exp(x[:, None]*w), axis=-1, keepdims=True)[:, 0] * x", "x"),
    ("max(x[:, None]*w, 1) + min(x[:, None]*w, 1) + x", "x"),
    ("var(x[:, None]*w, axis=1) + std(x[:, None]*w, axis=1)", "x"),
    ("logsumexp(x[:, None]*w, axis=1) + norm(x[:, None]*w, axis=1)", "x"),
    ("softmax(x[:, None]*w, axis=1)[:, 1] + log_softmax(x[:, None]*w, axis=1)[:, 0]", "x"),
    ("log(sum(w**2 * exp(x[:, None]*w), axis=1)) + 2/sum(1/exp(x[:, None]*w), axis=1)", "x"),
    ("normalize(x[:, None]*w + y[:, None], axis=1)[:, 1]", "x"),
    ("norm(x[:, None]*w, 3, axis=1)", "x"),
    ("cumsum(x[:, None]*w, axis=1)[..., -1]", "x"),
    ("stack((x, x**2), axis=1) @ [1, 2]", "x"),
    ("concatenate((x[None], y[None]*x))[1]", "x"),
    ("(x[None, :] * w[:, None]).T @ w", "x"),
    ("w @ (w[:, None] * x)", "x"),
    ("W[0] @ swapaxes(x[:, None] * w, 0, 1)", "x"),
    ("squeeze(expand_dims(x, (0, 2)), 2)[0] * x", "x"),
    ("einsum('ij,i->i', X, x) * einsum('i,i->i', x, x)", "x"),
    ("einsum('ijk,jk->jk', Z, X)", "X"),
    ("X * sum(Z, axis=0)", "X"),
    ("sum(Z * X, axis=0)", "X"),
    ("sum((A @ Z[0]) * y[:, None], axis=1) * r", "r"),
    ("where(x > 0, tanh(x[:, None]*w) @ w, 0)", "x"),
]


def directly(formula: str, name: str, inputs: dict[str, Any]) -> Any:
    """Each row on its own, moved by a little."""
    h, f = 1e-6, symgrad.function(formula)
    up, down = (f(**{**inputs, name: inputs[name] + s * h}) for s in (1, -1))
    return (up - down) / (2 * h)


@pytest.mark.parametrize(("formula", "name"), KEPT)
def test_rows_that_keep_to_themselves(formula: str, name: str) -> None:
    used = {n: v for n, v in INPUTS.items() if n in symgrad.function(formula).inputs}
    first = symgrad.function(f"D({formula}, {name})")
    found = first(**used)
    expected = directly(formula, name, used)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    second = symgrad.function(f"D({formula}, {name}, 2)")(**used)
    np.testing.assert_allclose(
        second, directly(f"D({formula}, {name})", name, used), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("A @ x[:, None]", "x"), ("A @ x", "x"), ("x @ A", "x"), ("x[:, None] * x", "x"),
        ("x[::-1]", "x"), ("x[1:]", "x"), ("x[[1, 0, 2, 3]]", "x"), ("x - mean(x)", "x"),
        ("cumsum(x)", "x"), ("softmax(x)", "x"), ("x[:, None] * w", "x"), ("A.T * A", "A"),
        ("A + A.T", "A"), ("concatenate((x, y))", "x"), ("sort(x)", "x"), ("roll(x, 1)", "x"),
        ("reshape(A, (2, 8))", "A"), ("einsum('ij,j->i', A, x)", "x"), ("inv(A)", "A"),
        ("X[:, :1] * X", "X"), ("sum(X, axis=1, keepdims=True) * X", "X"), ("outer(x, x)", "x"),
        ("(x[:, None] + x).sum(axis=1)", "x"), ("r[0] * x", "r"), ("X @ w", "X"),
    ],
)  # fmt: skip
def test_rows_that_mix(formula: str, name: str) -> None:
    used = {n: v for n, v in INPUTS.items() if n in symgrad.function(formula).inputs}
    with pytest.raises(DerivativeError, match=f"the elements of {name} mix here"):
        symgrad.function(f"D({formula}, {name})")(**used)


def test_the_laplacian_of_a_network_is_computed_forwards() -> None:
    source = symgrad.function(
        "x: (n,); y: (n,); w: (k,); v: (k,); c: (k,)\n"
        "u = tanh(x[:, None]*w + y[:, None]*v) @ c; D(u, x, 2) + D(u, y, 2)"
    ).source
    value = next(part for part in source.split("\n\n\n") if "def value(" in part)
    assert [word for word in ("ones", "broadcast", ".T") if word in value] == []


def test_every_way_of_an_axis_is_tried_here() -> None:
    seen = " ".join(formula for formula, _ in KEPT)
    called = {op.strip("_") for op in _FOLLOW if op not in WRITTEN}
    assert [name for name in called if f"{name}(" not in seen] == []


WRITTEN = set(
    """index place _mm broadcast unbroadcast _reshape_like matrix_transpose _transpose _shares
    _lse_rest _order_norm _cumlogsumexp _deviation _evened _harmonic _log_total _offset""".split()
)
"""Those that are written otherwise, or arise from a first derivative."""
