"""Gradients of array formulas, held against other differentiators where they are installed.

A formula means what NumPy does with the same text. So a peer that brings a NumPy of its own
differentiates the text itself: Python reads it over the peer's names.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import symgrad
from tests.array_cases import Case, case, definite, given, integers, mask, positive, unit, well

PEERS: tuple[str, ...] = tuple(name for name in ("autograd", "jax") if find_spec(name))

CAUSAL = [[True, False, False], [True, True, False], [True, True, True]]

FORMULAS: tuple[Case, ...] = (
    # Elementwise, with broadcasting.
    case("tanh(x * y + z)", x=(3, 1, 2), y=(4, 1), z=(2,)),
    case("exp(sin(x)) / (2 + cos(y))", x=(4,), y=(3, 1)),
    case("x**y", x=positive(2, 3), y=(3,)),
    case("log1p(exp(x - y)) * arctan(y)", x=(3, 2), y=(2,)),
    case("where(m, log(x), y)", m=mask(3, 2), x=positive(3, 2), y=(3, 2)),
    case("maximum(x, y) * minimum(x, 2 * y)", x=(4, 3), y=(3,)),
    case("logaddexp(x, y) * sqrt(z)", x=(3,), y=(2, 1), z=positive()),
    case("arctan2(y, x) + sinh(x)", x=(4,), y=(4,)),
    # Reductions.
    case("sum(x**2, axis=0) * mean(x)", x=(3, 4)),
    case("prod(x, axis=1)", x=(3, 4)),
    case("var(x, axis=0) + std(x, axis=0)", x=(5, 3)),
    case("std(x, ddof=1)", x=(4,)),
    case("x - mean(x, axis=-1, keepdims=True)", x=(2, 3, 4)),
    case("max(x, axis=1) - min(x, axis=1)", x=(4, 3)),
    case("cumsum(exp(x), axis=0)", x=(4, 2)),
    case("logsumexp(x, axis=1)", x=(4, 3)),
    case("exp(x - logsumexp(x, axis=-1, keepdims=True))", x=(2, 3)),
    case("norm(x, axis=1)", x=(4, 3)),
    case("norm(x) * x", x=(4,)),
    case("sum(abs(x), axis=-1)", x=(4, 3)),
    case("(x**2).sum(axis=1).mean()", x=(4, 3)),
    # Products.
    case("A @ B", A=(3, 4), B=(4, 2)),
    case("A @ x", A=(2, 3, 4), x=(4,)),
    case("A @ B", A=(2, 1, 3, 4), B=(3, 4, 2)),
    case("x @ A @ y", x=(3,), A=(3, 2), y=(2,)),
    case("A @ A.T @ A", A=(3, 2)),
    case("dot(x, A)", x=(4,), A=(4, 3)),
    case("outer(x, y)", x=(3,), y=(4,)),
    case("inner(A, B)", A=(2, 3), B=(4, 3)),
    case("tensordot(x, y, axes=2)", x=(2, 3, 4), y=(3, 4, 2)),
    case("einsum('bij,bjk->bik', A, B)", A=(2, 3, 4), B=(2, 4, 2)),
    case("einsum('ij,jk,kl->il', A, B, C)", A=(2, 3), B=(3, 4), C=(4, 2)),
    case("einsum('ni,ij,nj->n', X, A, X)", X=(4, 3), A=(3, 3)),
    case("trace(A @ B)", A=(3, 4), B=(4, 3)),
    # Linear algebra.
    case("inv(A)", A=well(3, 3)),
    case("solve(A, B)", A=well(3, 3), B=(3, 2)),
    case("det(A)", A=well(4, 4)),
    case("slogdet(A)[1]", A=well(3, 3)),
    case("y @ solve(K + a * eye(3), y)", K=definite(3, 3), a=positive(), y=(3,)),
    # Indexing and structure.
    case("x[1:] - x[:-1]", x=(6,)),
    case("x[::2, 1] * x[0, -1]", x=(5, 3)),
    case("x[i]", x=(4, 2), i=integers(0, 4, 7)),
    case("x[i] * x[j]", x=(5,), i=integers(0, 5, 3, 2), j=integers(0, 5, 2)),
    case("x[:, None, :] - y", x=(3, 2), y=(4, 2)),
    case("x[m]**2", x=(6,), m=mask(6)),
    case("reshape(x, (3, -1)) @ y", x=(6,), y=(2,)),
    case("concatenate([x, y**2], axis=1)", x=(3, 2), y=(3, 1)),
    case("stack([x, x * y], axis=-1)", x=(3,), y=(3,)),
    case("moveaxis(x, 0, -1) * y", x=(2, 3, 4), y=(2,)),
    case("roll(x, 1, axis=0) + x[:, ::-1]", x=(3, 4)),
    case("diff(x) / diff(y)", x=(6,), y=given([0.0, 0.5, 1.5, 2.0, 4.0, 4.5])),
    case("repeat(x, 2, axis=0) * tile(y, 2)", x=(3, 2), y=(1,)),
    case("broadcast_to(x, (4, 3)) * y", x=(1, 3), y=(4, 1)),
    case("tril(A) @ triu(B)", A=(3, 3), B=(3, 3)),
    case("diag(x) + diag(A)", x=(3,), A=(3, 3)),
    case("sort(x) * arange(5)", x=(5,)),
    # Models.
    case("mean((X @ w + b - y)**2)", X=(6, 3), w=(3,), b=(), y=(6,)),
    case("h = tanh(X @ W + b); mean((h @ V - y)**2)", X=(5, 3), W=(3, 4), b=(4,), V=(4,), y=(5,)),
    case("z = X @ w; mean(log(1 + exp(z)) - t * z)", X=(5, 3), w=(3,), t=unit(5)),
    case("Z = X @ W; mean(logsumexp(Z, axis=1) - Z[arange(len(k)), k])",
         X=(5, 3), W=(3, 4), k=integers(0, 4, 5)),
    case("s = where(m, Q @ K.T, -100); p = exp(s - max(s, axis=1, keepdims=True));"
         " p / sum(p, axis=1, keepdims=True) @ V",
         m=given(CAUSAL), Q=(3, 2), K=(3, 2), V=(3, 2)),
    case("d = sum((X[:, None] - M)**2, axis=-1); sum(logsumexp(a - d / 2, axis=1))",
         X=(5, 2), M=(3, 2), a=(3,)),
    case("K = exp(-(x[:, None] - x)**2 / 2) + 0.1 * eye(len(x));"
         " y @ solve(K, y) + slogdet(K)[1]", x=(4,), y=(4,)),
    case("u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1] - 4 * u[1:-1, 1:-1]", u=(4, 5)),
    case("sum(100 * (x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", x=(6,)),
    case("z = relu(X @ W); z / sqrt(1 + sum(z**2, axis=1, keepdims=True))", X=(4, 3), W=(3, 2)),
)  # fmt: skip


def names_of(peer: str) -> dict[str, Any]:
    """The peer's NumPy, with what it keeps in the modules of linear algebra and of SciPy."""
    if peer == "jax":
        import_module("jax").config.update("jax_enable_x64", True)
    numpy = import_module(f"{peer}.numpy")
    linalg = import_module(f"{peer}.numpy.linalg")
    special = import_module(f"{peer}.scipy.special")
    return {
        **vars(numpy),
        **{name: getattr(linalg, name) for name in ("norm", "inv", "solve", "det", "slogdet")},
        "logsumexp": special.logsumexp,
        "relu": lambda x: numpy.where(x > 0, x, 0.0),
    }


def read(formula: str, names: Mapping[str, Any]) -> Any:
    """What Python makes of the formula's text."""
    before, _, last = formula.rpartition(";")
    scope = dict(names)
    exec(before, scope)
    return eval(last.strip(), scope)


def gradients_of(peer: str, case: Case, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the peer says that the derivatives of the sum are."""
    names, grad = names_of(peer), import_module(peer).grad

    def along(name: str) -> Callable[[Any], Any]:
        return lambda x: names["sum"](read(case.seeded(), {**names, **inputs, name: x}))

    return {name: grad(along(name))(inputs[name]) for name in case.smooth}


@pytest.mark.parametrize("case", [pytest.param(case, id=case.label) for case in FORMULAS])
def test_gradient(case: Case) -> None:
    """Each installed peer gives the same; where there is none, the formula compiles at least."""
    compiled = symgrad.grad(case.seeded(), wrt=case.smooth)
    inputs = {**case.inputs(), "cotangent": case.cotangent()}
    found = dict(zip(case.smooth, compiled(**inputs), strict=True))
    for peer in PEERS:
        with warnings.catch_warnings():
            # A peer's warnings about itself are not ours.
            warnings.simplefilter("ignore")
            expected = gradients_of(peer, case, inputs)
        for name, derivative in found.items():
            assert np.shape(derivative) == np.shape(expected[name]), f"{peer}: {name}"
            scale = float(np.max(np.abs(expected[name]), initial=0))
            np.testing.assert_allclose(
                derivative,
                expected[name],
                rtol=1e-10,
                atol=1e-10 * scale,
                err_msg=f"{peer}: {name}",
            )
