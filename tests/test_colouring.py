"""Few products, and the whole matrix read off them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from symgrad.running.colouring import Compression, compress

Array = np.ndarray[Any, Any]


def banded(n: int, width: int) -> Any:
    offsets = range(-width, width + 1)
    return sparse.diags_array([np.ones(n - abs(k)) for k in offsets], offsets=list(offsets))


def arrow(n: int, head: int) -> Any:
    matrix = np.eye(n)
    matrix[head] = matrix[:, head] = 1
    return matrix


def bordered(n: int, rows: int, columns: int) -> Array:
    matrix = np.eye(n)
    matrix[:rows] = matrix[:, n - columns :] = 1
    return matrix


def grid(n: int) -> Any:
    line, one = banded(n, 1), sparse.eye_array(n)
    return (sparse.kron(line, one) + sparse.kron(one, line)) != 0


def blocks(count: int, size: int) -> Any:
    return sparse.block_diag([np.ones((size, size))] * count)


def recovered(matrix: Any, symmetric: bool = False) -> tuple[Compression, Any]:
    """A matrix again, from its products."""
    found = compress(matrix, symmetric)
    forward = (matrix @ found.tangents.T).T
    reverse = (matrix.T @ found.cotangents.T).T
    return found, found.matrix(forward, reverse)


def filled(pattern: Any, symmetric: bool = False) -> Any:
    """Random values in a pattern."""
    matrix = sparse.csr_array(pattern, dtype=float)
    matrix.data = np.random.default_rng(1).uniform(1, 2, matrix.nnz)
    return (matrix + matrix.T).tocsr() if symmetric else matrix


JACOBIANS = [
    ("diagonal", banded(20, 0), (1, 0)),
    ("tridiagonal", banded(20, 1), (3, 0)),
    ("banded", banded(20, 3), (7, 0)),
    ("arrow", arrow(20, 0), (2, 1)),
    ("arrow from below", arrow(20, 19), (2, 1)),
    ("two dense rows, three dense columns", bordered(30, 2, 3), (3, 3)),
    ("dense rows", bordered(30, 2, 0), (1, 2)),
    ("dense columns", bordered(30, 0, 2), (2, 1)),
    ("blocks", blocks(5, 4), (4, 0)),
    ("dense", np.ones((6, 6)), (6, 0)),
    ("tall", np.ones((9, 2)), (2, 0)),
    ("wide", np.ones((2, 9)), (0, 2)),
    ("one column", np.ones((9, 1)), (1, 0)),
    ("grid", grid(20), (5, 0)),
    ("empty", np.zeros((3, 4)), (0, 0)),
    ("without rows", np.zeros((0, 4)), (0, 0)),
    ("without columns", np.zeros((4, 0)), (0, 0)),
]


@pytest.mark.parametrize(("pattern", "passes"), [case[1:] for case in JACOBIANS],
                         ids=[case[0] for case in JACOBIANS])  # fmt: skip
def test_jacobians(pattern: Any, passes: tuple[int, int]) -> None:
    matrix = filled(pattern)
    found, again = recovered(matrix)
    m, n = matrix.shape
    assert (len(found.tangents), len(found.cotangents)) == passes
    assert found.passes == sum(passes)
    assert found.tangents.shape[1] == n
    assert found.cotangents.shape[1] == m
    assert np.array_equal(again.toarray(), matrix.toarray())


HESSIANS = [
    ("diagonal", banded(20, 0), 1),
    ("two in a row", banded(2, 1), 2),
    ("three in a row", banded(3, 1), 2),
    ("tridiagonal", banded(20, 1), 3),
    ("banded", banded(40, 3), 7),
    ("arrow", arrow(20, 0), 2),
    ("arrow from below", arrow(20, 19), 2),
    ("arrow in the middle", arrow(20, 9), 2),
    ("two dense rows", np.maximum(bordered(30, 2, 0), bordered(30, 2, 0).T), 3),
    ("blocks", blocks(5, 4), 4),
    ("dense", np.ones((6, 6)), 6),
    ("grid", grid(20), 5),
    ("empty", np.zeros((4, 4)), 0),
    ("of nothing", np.zeros((0, 0)), 0),
]


@pytest.mark.parametrize(("pattern", "passes"), [case[1:] for case in HESSIANS],
                         ids=[case[0] for case in HESSIANS])  # fmt: skip
def test_hessians(pattern: Any, passes: int) -> None:
    matrix = filled(pattern, symmetric=True)
    found, again = recovered(matrix, symmetric=True)
    assert (len(found.tangents), len(found.cotangents)) == (passes, 0)
    assert np.array_equal(again.toarray(), matrix.toarray())


@pytest.mark.parametrize(
    ("pattern", "most"),
    [(banded(10_000, 5), 11), (arrow(3_000, 0), 3), (arrow(3_000, 2_999), 3), (grid(100), 6)],
)
@pytest.mark.parametrize("symmetric", [False, True])
def test_large_ones_take_no_more(pattern: Any, most: int, symmetric: bool) -> None:
    matrix = filled(pattern, symmetric)
    found, again = recovered(matrix, symmetric)
    assert found.passes <= most
    assert np.array_equal(again.data, matrix.data)


@st.composite
def patterns(draw: Callable[..., Any], square: bool) -> Array:
    m = draw(st.integers(0, 9))
    n = m if square else draw(st.integers(0, 9))
    places = st.tuples(st.integers(0, max(m - 1, 0)), st.integers(0, max(n - 1, 0)))
    pattern = np.zeros((m, n), bool)
    for place in draw(st.lists(places, max_size=25)) if m and n else ():
        pattern[place] = True
    return pattern


@settings(deadline=None, max_examples=60)
@given(patterns(square=False))
def test_any_jacobian(pattern: Array) -> None:
    matrix = filled(pattern)
    found, again = recovered(matrix)
    assert np.array_equal(again.toarray(), matrix.toarray())
    assert found.passes <= min(
        len(pattern.any(axis=0).nonzero()[0]), len(pattern.any(axis=1).nonzero()[0])
    )


@settings(deadline=None, max_examples=60)
@given(patterns(square=True))
def test_any_hessian(pattern: Array) -> None:
    matrix = filled(pattern, symmetric=True)
    found, again = recovered(matrix, symmetric=True)
    np.testing.assert_allclose(again.toarray(), matrix.toarray(), rtol=1e-15)
    assert found.passes <= int((pattern | pattern.T).any(axis=0).sum())


def test_elements_that_are_zero_are_kept() -> None:
    pattern = sparse.csr_array(([True] * 4, ([0, 0, 1, 2], [0, 2, 1, 2])), shape=(3, 3))
    found = compress(pattern)
    again = found.matrix(np.zeros((found.passes, 3)), np.zeros((0, 3)))
    assert again.nnz == 4
    assert again.indices.tolist() == [0, 2, 1, 2]


def test_the_pattern_of_one_side_is_enough() -> None:
    """What the pattern has above the diagonal is read where the matrix has it, on either side."""
    matrix = filled(arrow(8, 0), symmetric=True)
    found = compress(sparse.triu(matrix), symmetric=True)
    again = found.matrix((matrix @ found.tangents.T).T, np.zeros((0, 8)))
    assert found.passes == 2
    assert np.array_equal(again.toarray(), np.triu(matrix.toarray()))


def test_values_and_repeated_elements_of_the_pattern_do_not_count() -> None:
    twice = sparse.coo_array(([0.0, 5.0, 1.0], ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    found = compress(twice)
    again = found.matrix(np.array([[3.0, 4.0]]), np.zeros((0, 2)))
    assert again.toarray().tolist() == [[3.0, 0.0], [0.0, 4.0]]


def test_the_matrix_has_the_type_of_the_products() -> None:
    found = compress(np.ones((3, 2)))
    assert found.matrix(np.ones((2, 3), np.float32), np.zeros((0, 2))).dtype == np.float32
    assert compress(np.ones((2, 3))).matrix(np.zeros((0, 2)), np.ones((2, 3), int)).dtype == int
