"""A sparse matrix from few products: which columns, or rows, may share one.

Columns that have no row in common are found from one product with a vector of ones and zeros
(Curtis, Powell and Reid, On the estimation of sparse Jacobian matrices, 1974): colour the columns
so that those of one colour have no row in common. Rows are the same for products from the left, and
where a few rows are dense, they are taken from the left and the others from the right (Coleman and
Verma, The efficient computation of sparse Jacobian matrices using automatic differentiation, SIAM
Journal on Scientific Computing 19, 1998). Of a symmetric matrix an
element is read in its row or in its column, and a star colouring of its graph is enough (Coleman
and Moré, Estimation of sparse Hessian matrices and graph coloring problems, 1984; Gebremedhin,
Manne and Pothen, What color is your Jacobian?, SIAM Review 47, 2005).

The colours that a row or a vertex has met are the bits of one integer: a colouring takes as many
steps as the matrix has elements, however dense some of its rows are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from symgrad.extras import scipy_sparse

Ints = np.ndarray[Any, Any]
Lists = list[list[int]]

_MOST_PAIRS = 2_000_000
"""Above this many pairs of columns that meet in a row, their graph is not made."""


@dataclass(frozen=True, eq=False)
class Compression:
    """The products that determine a sparse matrix, and how it is read off them.

    Attributes
    ----------
    pattern:
        Where the matrix may have elements, in shape (m, n).
    tangents:
        Vectors of zeros and ones to multiply the matrix by from the right, in shape (k1, n).
    cotangents:
        Those from the left, in shape (k2, m).
    """

    pattern: Any
    tangents: np.ndarray[Any, Any]
    cotangents: np.ndarray[Any, Any]
    _places: Ints

    @property
    def passes(self) -> int:
        """How many products there are."""
        return len(self.tangents) + len(self.cotangents)

    def matrix(self, forward: Any, reverse: Any) -> Any:
        """The matrix as a `scipy.sparse.csr_array`, with an element wherever the pattern has one.

        Parameters
        ----------
        forward:
            Its products with the tangents, in shape (k1, m).
        reverse:
            Those with the cotangents, in shape (k2, n).
        """
        counted = (forward, len(self.tangents)), (reverse, len(self.cotangents))
        products = [np.ravel(product) for product, count in counted if count]
        found = np.concatenate(products or [np.zeros(0)])[self._places]
        parts = (found, self.pattern.indices.copy(), self.pattern.indptr.copy())
        return scipy_sparse().csr_array(parts, shape=self.pattern.shape)


def compress(pattern: Any, symmetric: bool = False) -> Compression:
    """The products that determine a matrix of a given pattern; few of them, though not the fewest.

    >>> import numpy as np, scipy.sparse
    >>> banded = scipy.sparse.diags_array([np.ones(5), np.ones(6)], offsets=[-1, 0])
    >>> found = compress(banded)
    >>> found.passes, found.tangents.tolist()
    (2, [[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]])
    >>> found.matrix(found.tangents @ banded.T, np.zeros((0, 6))).sum()
    np.float64(11.0)

    Parameters
    ----------
    pattern:
        A sparse array or matrix in shape (m, n). What it holds counts as an element, even a zero.
    symmetric:
        Whether the matrix is symmetric in its values: then all products are from the right, and
        what the pattern has on one side of the diagonal counts for both.

    Raises
    ------
    MissingExtraError
        SciPy is not installed.
    """
    sparse = scipy_sparse()
    whole = sparse.csr_array(pattern, copy=True)
    whole.sum_duplicates()
    whole.data = np.ones(whole.nnz, bool)
    rows, columns = _coordinates(whole)
    m, n = whole.shape
    if symmetric:
        colours = _symmetric(whole)
        read = _alone(whole, colours, rows, columns)
        places = np.where(read, colours[columns] * n + rows, colours[rows] * n + columns)
        return Compression(whole, _seeds(colours), np.zeros((0, m)), places)
    by_column, by_row, ahead = _best(whole, rows, columns)
    tangents = _seeds(by_column)
    ahead_at = by_column[columns] * m + rows
    back_at = len(tangents) * m + by_row[rows] * n + columns
    return Compression(whole, tangents, _seeds(by_row), np.where(ahead, ahead_at, back_at))


def _coordinates(matrix: Any) -> tuple[Ints, Ints]:
    """The row and the column of each element."""
    counts = np.diff(matrix.indptr)
    return np.repeat(np.arange(len(counts)), counts), matrix.indices.astype(np.int64)


def _seeds(colours: Ints) -> np.ndarray[Any, Any]:
    """A vector for each colour, with ones at what has it."""
    seeds = np.zeros((int(colours.max(initial=-1)) + 1, len(colours)))
    (coloured,) = np.nonzero(colours >= 0)
    seeds[colours[coloured], coloured] = 1.0
    return seeds


def _best(whole: Any, rows: Ints, columns: Ints) -> tuple[Ints, Ints, Ints]:
    """Colours of the columns, colours of the rows, and which elements are read by column.

    No row is dense, all rows are, or as many as make the sum of their number and of the elements
    in the fullest other row least; and the same with rows and columns exchanged.
    """
    turned = whole.T.tocsr()
    plans = []
    for matrix, transposed in ((whole, False), (turned, True)):
        counts = np.diff(matrix.indptr)
        order = np.argsort(-counts, kind="stable")
        fullest = np.append(counts[order], 0)
        for dense in {0, int(np.argmin(np.arange(len(fullest)) + fullest))}:
            left = np.zeros(len(counts), bool)
            left[order[:dense]] = True
            plans.append((int(fullest[dense]) + (dense > 0), dense, transposed, left))
    best: tuple[Ints, Ints, bool, Ints] | None = None
    passes = sum(whole.shape) + 1
    for least, _, transposed, left in sorted(plans, key=lambda plan: plan[:3]):
        if least < passes:
            found = _split(turned if transposed else whole, left, passes - 1)
            if found is not None:
                best = (*found, transposed, left)
                passes = int(found[0].max(initial=-1) + found[1].max(initial=-1)) + 2
    assert best is not None
    one, other, transposed, left = best
    return (other, one, left[columns]) if transposed else (one, other, ~left[rows])


def _split(matrix: Any, left: Ints, limit: int) -> tuple[Ints, Ints] | None:
    """Colours for the rows that are taken from the left, and for the columns of the others."""
    rest = scipy_sparse().diags_array(~left, dtype=bool) @ matrix
    dense = scipy_sparse().diags_array(left, dtype=bool) @ matrix
    by_column = _coloured(rest.T.tocsr(), limit)
    if by_column is None:
        return None
    by_row = _coloured(dense.tocsr(), limit - int(by_column.max(initial=-1)) - 1)
    return None if by_row is None else (by_column, by_row)


def _coloured(matrix: Any, limit: int) -> Ints | None:
    """Colours of the rows, so that those of one colour have no column in common."""
    lists = _lists(matrix)
    counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    least, best = int(counts.max(initial=0)), None
    for order in _orders(matrix, counts):
        found = _greedy(lists, matrix.shape[1], order, limit)
        if found is not None:
            best = found
            limit = int(found.max(initial=-1))
        if limit < least:
            break
    return best


def _orders(matrix: Any, counts: Ints) -> Iterator[Sequence[int]]:
    """Orders of the rows: as they are, those first that meet most others, smallest last."""
    yield range(matrix.shape[0])
    met = matrix.astype(np.int64) @ counts
    yield np.argsort(-met, kind="stable").tolist()
    if int(np.sum(counts.astype(np.int64) ** 2)) <= _MOST_PAIRS:
        yield _smallest_last(_lists(_adjacency((matrix @ matrix.T).tocsr())))


def _greedy(lists: Lists, width: int, order: Sequence[int], limit: int) -> Ints | None:
    """The least free colour for each row in turn; None where that needs more than the limit."""
    used = [0] * width
    colours = np.full(len(lists), -1)
    most = 1 << limit if limit >= 0 else 0
    for row in order:
        taken = 0
        for column in lists[row]:
            taken |= used[column]
        colour = ~taken & (taken + 1)
        if lists[row]:
            if colour >= most:
                return None
            for column in lists[row]:
                used[column] |= colour
            colours[row] = colour.bit_length() - 1
    return colours


def _lists(matrix: Any) -> Lists:
    """The columns in each row."""
    ends, indices = matrix.indptr.tolist(), matrix.indices.tolist()
    return [indices[a:b] for a, b in pairwise(ends)]


def _adjacency(matrix: Any) -> Any:
    """The graph of a symmetric pattern, without loops; what is on one side counts for both."""
    rows, columns = _coordinates(matrix)
    off = rows != columns
    data = np.ones(int(off.sum()), bool)
    one = scipy_sparse().csr_array((data, (rows[off], columns[off])), shape=matrix.shape)
    return (one + one.T).tocsr()


def _smallest_last(lists: Lists) -> list[int]:
    """Vertices so that each has fewest neighbours among those before it (Matula and Beck, 1983)."""
    degrees = [len(found) for found in lists]
    buckets: Lists = [[] for _ in range(max(degrees, default=0) + 1)]
    for vertex, degree in enumerate(degrees):
        buckets[degree].append(vertex)
    order: list[int] = []
    lowest = 0
    while len(order) < len(lists):
        while not buckets[lowest]:
            lowest += 1
        vertex = buckets[lowest].pop()
        # A vertex stands in the bucket of each degree that it had; only the last one counts.
        if degrees[vertex] == lowest:
            degrees[vertex] = -1
            order.append(vertex)
            for other in lists[vertex]:
                if degrees[other] > 0:
                    degrees[other] -= 1
                    buckets[degrees[other]].append(other)
            lowest = max(lowest - 1, 0)
    return order[::-1]


def _symmetric(whole: Any) -> Ints:
    """Colours so that each element is alone in its row or its column; without elements none.

    Those of columns that have no row in common are so, too, and sometimes fewer.
    """
    both = (whole + whole.T).tocsr()
    colours = _star_coloured(_adjacency(both))
    colours[np.diff(both.indptr) == 0] = -1
    fewer = _coloured(both, int(colours.max(initial=-1)))
    return colours if fewer is None else fewer


def _star_coloured(graph: Any) -> Ints:
    """Colours of vertices: neighbours differ, and each path of four vertices has three colours."""
    lists = _lists(graph)
    largest = np.argsort(-np.diff(graph.indptr), kind="stable").tolist()
    best: Ints | None = None
    limit = len(lists)
    for order in (lambda: largest, lambda: range(len(lists)), lambda: _smallest_last(lists)):
        found = _star_greedy(lists, order(), limit)
        if found is not None:
            best, limit = found, int(found.max(initial=-1))
        # One colour and two are fewest: without neighbours and with.
        if limit <= (graph.nnz > 0):
            break
    assert best is not None
    return best


def _star_greedy(lists: Lists, order: Sequence[int], limit: int) -> Ints | None:
    """The least colour for each vertex in turn that closes no path of two colours.

    As long as a vertex has no colour, its neighbours get different ones. So such a path could only
    end at the new vertex: v, w, x, y, where x is the centre of a star of w's colour.
    """
    colours = [-1] * len(lists)
    met = [0] * len(lists)  # The colours of a vertex's neighbours.
    centres = [0] * len(lists)  # Those of neighbours that have more neighbours of its own colour.
    first: dict[tuple[int, int], int] = {}
    most = 1 << limit
    for vertex in order:
        taken = 0
        for w in lists[vertex]:
            taken |= met[w] if colours[w] < 0 else centres[w] | 1 << colours[w]
        bit = ~taken & (taken + 1)
        if bit >= most:
            return None
        colours[vertex] = colour = bit.bit_length() - 1
        for x in lists[vertex]:
            if met[x] & bit:
                star = 1 << colours[x]
                centres[vertex] |= star
                centres[first[x, colour]] |= star
            else:
                met[x] |= bit
                first[x, colour] = vertex
    return np.array(colours, dtype=np.int64)


def _alone(whole: Any, colours: Ints, rows: Ints, columns: Ints) -> Ints:
    """Which elements are the only ones of their column's colour in their row."""
    both = np.concatenate([rows, columns]), np.concatenate([columns, rows])
    one = scipy_sparse().csr_array((np.ones(len(both[0]), bool), both), shape=whole.shape)
    near, far = _coordinates(one)
    count = int(colours.max(initial=-1)) + 1
    keys, numbers = np.unique(near * count + colours[far], return_counts=True)
    found: Ints = numbers[np.searchsorted(keys, rows * count + colours[columns])] == 1
    return found
