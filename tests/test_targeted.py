"""What the public verbs give for a target."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import MissingExtraError, SymgradError
from symgrad.running.into import leaves
from symgrad.running.native import NativeFunction
from symgrad.running.targeted import NumbaFunction

MODEL = "X: (n, d); w: (d,); b: scalar; sum(log1p(exp(X @ w + b)))"
X = np.linspace(-1.0, 1.0, 12).reshape(4, 3)
W = np.array([0.5, -0.25, 2.0])


def double(name: str) -> Any:
    """JAX in double precision, or PyTorch."""
    module = pytest.importorskip(name)
    if name == "jax":
        module.config.update("jax_enable_x64", True)
    return module


def test_numpy_is_what_there_is_without_a_target() -> None:
    assert symgrad.grad("x**2", target="numpy") is symgrad.grad("x**2")


@pytest.mark.parametrize("verb", [symgrad.function, symgrad.grad, symgrad.value_and_grad])
def test_an_unknown_target_is_an_error(verb: Callable[..., Any]) -> None:
    with pytest.raises(SymgradError, match="there is no target 'numby'"):
        verb("x**2", target="numby")


def test_a_function_in_c_or_numba_is_called_as_in_numpy() -> None:
    try:
        found = symgrad.grad("a * x**2", target="c")
    except MissingExtraError as missing:
        pytest.skip(missing.message)
    assert isinstance(found, NativeFunction)
    assert found(a=2.0, x=[1.0, 3.0])["a"] == 10.0


def test_numba_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(importlib.import_module("sys").modules, "numba", None)
    with pytest.raises(MissingExtraError) as caught:
        symgrad.grad("x**2", target="numba")
    assert "pip install 'symgrad[numba]'" in str(caught.value)


def test_a_function_of_numba_has_its_code() -> None:
    pytest.importorskip("numba")
    found = symgrad.grad("x**2", target="numba")
    assert isinstance(found, NumbaFunction)
    assert "numba.prange" in found.source
    assert repr(found) == "<symgrad.grad('x**2') for numba>"
    with pytest.raises(symgrad.InputError, match="the input x is missing"):
        found()


@pytest.mark.parametrize("library", ["numpy", "array_api_strict", "dask.array"])
def test_the_array_api_takes_the_library_of_its_inputs(library: str) -> None:
    pytest.importorskip("array_api_compat")
    arrays = pytest.importorskip(library)
    found = symgrad.value_and_grad(MODEL, target="array-api")
    given = [arrays.asarray(X), arrays.asarray(W), 0.5]
    value, slopes = found(*given)
    wanted, steps = symgrad.value_and_grad(MODEL)(X, W, 0.5)
    assert type(slopes["X"]) is type(given[0])
    np.testing.assert_allclose(np.asarray(value), wanted, rtol=1e-14)
    for name, slope in slopes.items():
        np.testing.assert_allclose(np.asarray(slope), steps[name], rtol=1e-13)


ELEMENTS, ROWS = "sin(x) * y", "tanh(X @ w)"
SLOPES = np.linspace(-1.0, 2.0, 4)
GIVEN = {"x": SLOPES, "y": SLOPES**2, "X": X, "w": W}
PRODUCTS = [
    (symgrad.vjp, ELEMENTS, SLOPES),
    (symgrad.jvp, ELEMENTS, (SLOPES, SLOPES + 1)),
    (symgrad.hvp, ELEMENTS, (SLOPES, SLOPES + 1)),
    (symgrad.vjp, ROWS, SLOPES),
    (symgrad.hvp, ROWS, (X + 1, W)),
    (symgrad.jacobian, ROWS, None),
    (symgrad.hessian, ROWS, None),
    (symgrad.hessian_diag, ROWS, None),
]
"""Verbs that give products and blocks, a formula, and the vectors that come first."""


TARGETS = {
    "c": "numpy",
    "numba": "numpy",
    "array-api": "array_api_strict",
    "jax": "jax",
    "torch": "torch",
}


@pytest.mark.parametrize(
    ("target", "verb", "formula", "vector"),
    [
        pytest.param(target, *product, id=f"{target} {product[0].__name__} {product[1]}")
        for target in TARGETS
        for product in (PRODUCTS[1:2] if target == "numba" else PRODUCTS)
    ],
)
def test_products_and_blocks(
    target: str, verb: Callable[..., Any], formula: str, vector: Any
) -> None:
    """As for NumPy; blocks in the shapes of the call, but in C, which has to know them before."""
    library = double(TARGETS[target])
    library = getattr(library, "numpy", library) if target == "jax" else library
    names = symgrad.function(formula).inputs
    given = {name: GIVEN[name] for name in names}
    if target == "c" and formula is ROWS:
        formula = f"X: (4, 3); w: (3,); {formula}"
    first = [] if vector is None else [vector]
    wanted = verb(formula, names)(*first, **given)
    made = [tuple(map(library.asarray, v)) if isinstance(v, tuple) else library.asarray(v)
            for v in first]  # fmt: skip
    inputs = {name: library.asarray(value) for name, value in given.items()}
    found = verb(formula, names, target=target)(*made, **inputs)
    for got, want in zip(leaves(found), leaves(wanted), strict=True):
        np.testing.assert_allclose(np.asarray(got), want, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("verb", "formula", "target", "message"),
    [
        (symgrad.vjp, ROWS, "numba", "the target numba has no matmul"),
        (symgrad.jacobian, ROWS, "numba", "the target numba has no matmul"),
        (symgrad.jacobian, ELEMENTS, "c", "or declare shapes at the head"),
        (symgrad.hessian, ELEMENTS, "numby", "there is no target"),
    ],
)
def test_blocks_that_a_target_lacks(
    verb: Callable[..., Any], formula: str, target: str, message: str
) -> None:
    with pytest.raises(SymgradError) as caught:
        verb(formula, target=target)
    assert message in str(caught.value)


LIBRARY_ERRORS = [
    ("2 * det(A)", "array-api", "dask.array", "dask does not compute det(A)"),
    ("sum(x[x > 0]**2)", "array-api", "dask.array", "dask does not compute x[x > 0]"),
    ("1 + x @ y", "array-api", "numpy", "the inner dimensions of the matrix product disagree"),
    ("x @ y + 1", "torch", "torch", "the inner dimensions of the matrix product disagree"),
    ("2 * sum(inv(A))", "torch", "torch", "torch does not compute inv(A)"),
]
"""What libraries refuse: formulas, targets, whose arrays are given, and what is said."""


@pytest.mark.parametrize(("formula", "target", "library", "message"), LIBRARY_ERRORS)
def test_what_a_library_raises_has_its_place(
    formula: str, target: str, library: str, message: str
) -> None:
    arrays = double(library)
    pytest.importorskip("array_api_compat")
    found = symgrad.grad(formula, target=target)
    given = {"A": np.ones((3, 3)), "x": np.arange(3.0) - 1, "y": np.ones(4)}
    with pytest.raises(SymgradError) as caught:
        found(**{name: arrays.asarray(given[name]) for name in symgrad.function(formula).inputs})
    assert message in str(caught.value)
    assert caught.value.span not in (None, (0, len(formula)))


@pytest.mark.parametrize("target", ["array-api", "torch", "jax"])
def test_a_value_whose_meaning_the_shapes_tell(target: str) -> None:
    library = double(TARGETS[target].split("_")[0]) if target != "array-api" else np
    library = getattr(library, "numpy", library) if target == "jax" else library
    pytest.importorskip("array_api_compat")
    given = library.asarray(X), library.asarray(np.array([0, 2, 1, 0]))
    wanted = symgrad.function("cross_entropy(X, k)")(X, [0, 2, 1, 0])
    found = symgrad.function("cross_entropy(X, k)", target=target)(*given)
    assert float(found) == pytest.approx(wanted, rel=1e-14)


def test_sparse_matrices_are_for_numpy() -> None:
    with pytest.raises(SymgradError, match="the target jax has none"):
        symgrad.jacobian("x**2", sparse=True, target="jax")


def test_jax_compiles_and_maps_the_functions() -> None:
    jax = double("jax")
    found = symgrad.grad(MODEL, "w", target="jax")
    wanted = symgrad.grad(MODEL, "w")(X, W, 0.5)
    np.testing.assert_allclose(jax.jit(found)(X, W, 0.5), wanted, rtol=1e-13)
    rows = jax.vmap(found, in_axes=(None, 0, None))(X, jax.numpy.stack([W, 2 * W]), 0.5)
    np.testing.assert_allclose(rows[0], wanted, rtol=1e-13)


def test_torch_maps_what_moves_axes() -> None:
    torch = double("torch")
    found = symgrad.grad("median(x) * prod(1 + x**2) + sum(cumsum(x))", target="torch")
    rows = torch.asarray(np.stack([W, 2 * W]))
    for row, slope in zip(rows, torch.func.vmap(found)(rows), strict=True):
        np.testing.assert_allclose(slope, found(row), rtol=1e-13)


def test_torch_maps_the_functions() -> None:
    torch = double("torch")
    found = symgrad.grad(MODEL, "w", target="torch")
    wanted = symgrad.grad(MODEL, "w")(X, W, 0.5)
    given = torch.asarray(X), torch.asarray(np.stack([W, 2 * W])), torch.tensor(0.5).double()
    rows = torch.func.vmap(found, in_dims=(None, 0, None))(*given)
    np.testing.assert_allclose(rows[0], wanted, rtol=1e-13)


def test_jax_takes_the_derivative_of_symgrad() -> None:
    jax = double("jax")
    found = symgrad.function("where(x > 0, log(x), x) * y", target="jax", custom=True)
    x, y = jax.numpy.asarray([-1.0, 0.5]), jax.numpy.asarray(3.0)
    total = jax.jit(jax.grad(lambda x, y: (found(x, y) ** 2).sum(), argnums=(0, 1)))
    plain = symgrad.grad("(where(x > 0, log(x), x) * y)**2")([-1.0, 0.5], 3.0)
    for slope, wanted in zip(total(x, y), plain.values(), strict=True):
        np.testing.assert_allclose(slope, wanted, rtol=1e-13)


def test_torch_takes_the_derivative_of_symgrad() -> None:
    torch = double("torch")
    found = symgrad.function("where(x > 0, log(x), x) * y", target="torch", custom=True)
    x = torch.tensor([-1.0, 0.5], dtype=torch.float64, requires_grad=True)
    y = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    (found(x, y) ** 2).sum().backward()
    plain = symgrad.grad("(where(x > 0, log(x), x) * y)**2")([-1.0, 0.5], 3.0)
    for slope, wanted in zip((x.grad, y.grad), plain.values(), strict=True):
        np.testing.assert_allclose(slope, wanted, rtol=1e-13)


def test_only_libraries_that_differentiate_take_a_derivative() -> None:
    with pytest.raises(SymgradError, match="the target c takes no derivative") as caught:
        symgrad.function("x**2", target="c", custom=True)
    assert "Those that do are: jax, torch." in str(caught.value)
