"""Sparse Jacobians and Hessians against dense ones, with the number of products they take."""

import pickle
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import symgrad

RNG = np.random.default_rng(11)
N = 12
X, Y = RNG.normal(size=N), RNG.normal(size=N)
INDEX = np.array([3, 0, 0, 7, 11, 5, 2, 2, 9, 1])
BLOCKS = RNG.normal(size=(4, 3, 3))

JACOBIANS = [
    ("elementwise", "sin(x) * y", ("x",), {"x": X, "y": Y}, 1),
    ("two inputs", "sin(x) * y", ("x", "y"), {"x": X, "y": Y}, 1),
    ("banded", "x[1:]**2 - x[:-1]", "x", {"x": X}, 2),
    ("banded, cyclic", "(roll(x, 1) - 2*x + roll(x, -1))**2", "x", {"x": X}, 3),
    ("gathered", "tanh(x[i])", "x", {"x": X, "i": INDEX}, 1),
    ("arrow", "concatenate([[sum(x**2)], x[0]*x[1:]])", "x", {"x": X}, 3),
    ("blocks", "einsum('bij,bj->bi', A, x)", "x", {"A": BLOCKS, "x": RNG.normal(size=(4, 3))}, 3),
    ("softmax of rows", "softmax(x)", "x", {"x": RNG.normal(size=(5, 3))}, 3),
    ("one row", "sum(x**3)", "x", {"x": X}, 1),
    ("one column", "a * sin(x)", "a", {"a": 2.0, "x": X}, 1),
    ("nothing", "sin(y) + 0*sum(floor(x))", "x", {"x": X, "y": Y}, 0),
]
HESSIANS = [
    ("diagonal", "sum(x**4)", "x", {"x": X}, 1),
    ("chained", "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x", {"x": X}, 3),
    ("second differences", "sum(diff(x, 2)**4)", "x", {"x": X}, 5),
    ("arrow", "sum(x[0]**2 * x[1:]**2)", "x", {"x": X}, 2),
    ("blocks", "sum(prod(x, axis=1)**2)", "x", {"x": RNG.normal(size=(4, 3))}, 3),
    ("two inputs", "sum(x**2 * exp(y))", ("x", "y"), {"x": X, "y": Y}, 2),
    ("dense", "sum(x)**4", "x", {"x": X[:4]}, 4),
    ("all inputs", "sum((x - a)**2 * y)", None, {"x": X, "a": 1.5, "y": Y}, 3),
]


def as_list(found: Any) -> list[Any]:
    if isinstance(found, dict):
        return [part for row in found.values() for part in as_list(row)]
    return [part for row in found for part in as_list(row)] if isinstance(found, tuple) else [found]


@pytest.mark.parametrize(
    ("verb", "formula", "wrt", "inputs", "passes"),
    [(symgrad.jacobian, *row[1:]) for row in JACOBIANS]
    + [(symgrad.hessian, *row[1:]) for row in HESSIANS],
    ids=[row[0] for row in JACOBIANS] + [f"hessian, {row[0]}" for row in HESSIANS],
)
def test_blocks_and_passes(
    verb: Any, formula: str, wrt: Any, inputs: dict[str, Any], passes: int
) -> None:
    sparse, dense = verb(formula, wrt, sparse=True), verb(formula, wrt)
    found, wanted = sparse(**inputs), dense(**inputs)
    assert type(found) is type(wanted) or not isinstance(wanted, tuple | dict)
    for block, whole in zip(as_list(found), as_list(wanted), strict=True):
        assert isinstance(block, scipy.sparse.csr_array)
        right = np.reshape(whole, block.shape)
        np.testing.assert_allclose(block.toarray(), right, rtol=1e-12, atol=1e-12)
    assert sparse.compression(**inputs).passes == passes


def test_a_long_chain_takes_three_products() -> None:
    formula = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
    hessian = symgrad.hessian(formula, sparse=True)
    x = np.linspace(-1.0, 2.0, 10_000)
    found = hessian(x)
    assert hessian.compression(x).passes == 3
    assert found.nnz == 29_998
    middle = 2 + 1200 * x[1:-1] ** 2 - 400 * x[2:] + 200
    np.testing.assert_allclose(found.diagonal()[1:-1], middle, rtol=1e-10)
    np.testing.assert_allclose(found.diagonal(1), -400 * x[:-1], rtol=1e-10)


def test_indices_change_the_pattern() -> None:
    jacobian = symgrad.jacobian("x[i]", "x", sparse=True)
    for index in ([0, 2], [1, 1]):
        found = jacobian(x=np.ones(3), i=np.array(index))
        assert np.array_equal(found.toarray(), np.eye(3)[index])


def test_values_do_not() -> None:
    jacobian = symgrad.jacobian("x * y", "x", sparse=True)
    assert jacobian(x=np.zeros(3), y=np.zeros(3)).nnz == 3
    assert jacobian(x=np.ones(3), y=np.ones(3)).nnz == 3


def test_it_is_a_value_like_others() -> None:
    jacobian = symgrad.jacobian("x**2 * y", ("x", "y"), sparse=True)
    again = pickle.loads(pickle.dumps(jacobian))
    assert again == jacobian
    assert hash(again) == hash(jacobian)
    assert jacobian != symgrad.jacobian("x**2 * y", "x", sparse=True)
    assert repr(jacobian) == "symgrad.jacobian('x**2 * y', wrt=('x', 'y'), sparse=True)"
    assert (jacobian.formula, jacobian.inputs, jacobian.wrt) == ("x**2 * y", ("x", "y"), ("x", "y"))


def test_the_file_holds_the_products(tmp_path: Any) -> None:
    jacobian = symgrad.jacobian("x: (n,)\nx[1:] * x[:-1]", sparse=True)
    jacobian.save(tmp_path / "products.py", name="products")
    module: dict[str, Any] = {}
    exec((tmp_path / "products.py").read_text(), module)
    found = module["products"](np.eye(3), np.arange(3.0))
    assert np.array_equal(found.T, [[1.0, 0.0, 0.0], [0.0, 2.0, 1.0]])


def test_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(symgrad.InputError, match="the input y is missing"):
        symgrad.jacobian("x * y", "x", sparse=True)(x=1.0)
    with pytest.raises(symgrad.DerivativeError, match="need not be symmetric"):
        symgrad.hessian("stop_gradient(x) * x", "x", sparse=True)
    with pytest.raises(symgrad.InputError, match=r"broadcast"):
        symgrad.jacobian("x * y", "x", sparse=True)(x=np.ones(2), y=np.ones(3))
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(symgrad.MissingExtraError, match="sparse matrices need SciPy"):
        symgrad.jacobian("x * y", "x", sparse=True)(x=np.ones(2), y=np.ones(2))
