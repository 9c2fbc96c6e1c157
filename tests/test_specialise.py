"""With shapes known, derivatives have no un-broadcasting left, and products no new axes."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.pipeline import derive

TABLE = builtin_functions()

# The formula, the input to differentiate by, and the operations of value and derivative.
GRAPHS = [
    ("X: (n, d); w: (d,); sum(X @ w)", "w", "_at sum broadcast _transpose _at"),
    ("x: (n,); y: scalar; sum(exp(x*y))", "y", "multiply exp sum _at"),
    ("x: (n, d); b: (d,); sum((x + b)**2)", "b", "add power sum multiply sum"),
    ("x: (n, 1); y: (1, d); sum(exp(x*y))", "x", "multiply exp sum multiply sum"),
    ("A: (n, n); b: (n,); b @ solve(A, b)", "b",
     "_solve_vector _at _transpose _solve_vector add"),
    ("A: (n, n); sum(A.T * A)", "A", "_transpose _vdot multiply"),
    ("x: (n,); mean(x**2)", "x", "power mean _count multiply divide"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "wrt", "operations"), GRAPHS)
def test_what_is_left(formula: str, wrt: str, operations: str) -> None:
    graph = derive(formula, (wrt,), TABLE).graph
    found = [node.op for node in graph.nodes if node.op not in ("input", "constant")]
    assert found == operations.split()


@pytest.mark.parametrize(
    ("formula", "shapes"),
    [
        ("x*y", {"x": (2, 3), "y": (3,)}),
        ("x + 2*y", {"x": (2, 1), "y": (1, 3)}),
        ("x / y", {"x": (), "y": (4,)}),
        ("where(x > 0, x, y)", {"x": (3, 1), "y": (4,)}),
        ("x @ y", {"x": (3,), "y": (3,)}),
        ("x @ y", {"x": (2, 3), "y": (3,)}),
        ("x @ y", {"x": (3,), "y": (3, 2)}),
        ("x @ y", {"x": (4, 2, 3), "y": (3, 2)}),
        ("x @ y", {"x": (2, 3), "y": (4, 3, 1)}),
        ("outer(x, y) @ y", {"x": (2,), "y": (3,)}),
        ("solve(x @ x.T + eye(2), y)", {"x": (2, 3), "y": (2,)}),
        ("solve(x @ x.T + eye(2), y)", {"x": (2, 3), "y": (2, 3)}),
        ("mean(x - y, 0) * sum(y, keepdims=True)", {"x": (2, 3), "y": (2, 1)}),
        ("squeeze(expand_dims(x, 0) * y, 0)", {"x": (3,), "y": (1, 3)}),
        ("einsum('ij,j', x, y)", {"x": (2, 3), "y": (3,)}),
        ("x - mean(x, axis=0, keepdims=True) + y[None]", {"x": (2, 3), "y": (3,)}),
        (
            "sum(x, axis=0, keepdims=True) * mean(y, axis=0, keepdims=True)",
            {"x": (2, 3), "y": (4, 3)},
        ),
        ("x * y", {"x": (0, 3), "y": (3,)}),
        ("sum(x, 1) + y", {"x": (2, 0), "y": ()}),
    ],
)
def test_derivatives_are_the_same_with_and_without_declared_shapes(
    formula: str, shapes: dict[str, tuple[int, ...]]
) -> None:
    rng = np.random.default_rng(len(formula))
    inputs = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    declared = "; ".join(f"{name}: {shape}" for name, shape in shapes.items())
    free, bound = (
        symgrad.value_and_grad(text, wrt=[*shapes]) for text in (formula, f"{declared}; {formula}")
    )
    general, special = free(**inputs), bound(**inputs)
    namespace: dict[str, Any] = {}
    exec(free.source, namespace)
    saved = namespace["value_and_grad"](**inputs)
    for found in (special, saved):
        np.testing.assert_allclose(found[0], general[0], rtol=1e-12, atol=1e-14)
        for a, b, shape in zip(found[1], general[1], shapes.values(), strict=True):
            assert np.shape(a) == np.shape(b) == shape
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("formula", "wrt", "lines"),
    [
        (
            "X: (n, d); w: (d,); y: (n,); sum((y - X @ w)**2) + lam*sum(w**2)", "w",
            ["y_minus_Xw = y - X @ w", "dw = g + X.T @ (-2 * y_minus_Xw * lam.size)"],
        ),
        ("p: (n,); t: (n,); sum(p*t)/(sum(p) + eps)", "p", ["pt = p @ t"]),
        (
            "X: (n, d); sum((X - mean(X, axis=0, keepdims=True))**4)", "X",
            ["dr = 4 * (r_squared * r)", "dX = dr - dr.mean(axis=0)"],
        ),
        ("a*b*c + a", "a", ["da = _sum_to(1 + c * b, a, value.shape)"]),
    ],
)  # fmt: skip
def test_what_is_declared_makes_plain_code(formula: str, wrt: str, lines: list[str]) -> None:
    """Inputs without a declaration, here a number, stay arrays of any shape."""
    source = symgrad.value_and_grad(formula, wrt).source
    body = [line.strip() for line in source.partition("def value_and_grad(")[2].splitlines()]
    assert [line for line in lines if line not in body] == [], body


def test_sizes_are_read_off_the_inputs() -> None:
    source = symgrad.grad("X: (n, d); w: (d,); mean(tanh(X @ w)**2)", wrt="w").source
    assert "X.shape[0]" in source


def test_exact_code_keeps_the_products_that_were_written() -> None:
    formula = "x: (n,); y: (n,); sum(x*y)"
    stable, exact = (derive(formula, ("x",), TABLE, exact=e).graph for e in (False, True))
    assert [graph.outputs[0].op for graph in (stable, exact)] == ["_at", "sum"]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
@pytest.mark.parametrize(
    "formula",
    ["log(sum(exp(x)))", "sum(x**4)**0.25", "sum(sum(abs(x)**3, -1)**(1/3))", "sum(x**2)**1.5"],
)
def test_reductions_of_nothing_are_what_is_written(formula: str, shape: tuple[int, ...]) -> None:
    both = [symgrad.value_and_grad(formula, "x", exact=e)(np.ones(shape)) for e in (True, False)]
    (wanted, _), (value, slope) = both
    assert value == wanted
    assert slope.shape == shape
