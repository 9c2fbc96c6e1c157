"""What functions of matrices are to many digits, with mpmath."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def sign(mp: Any, x: Any) -> Any:
    """1, 0 or -1."""
    return mp.mpf((x > 0) - (x < 0))


def _determinant(mp: Any, a: Any) -> Any:
    """By elimination; mpmath's own fails where a column of what is left is 0."""
    rows, found = a.tolist(), mp.mpf(1)
    while rows:
        first = max(range(len(rows)), key=lambda k: abs(rows[k][0]))
        pivot = rows.pop(first)
        if not pivot[0]:
            return mp.mpf(0)
        found *= -pivot[0] if first % 2 else pivot[0]
        rows = [
            [x - row[0] / pivot[0] * p for x, p in zip(row[1:], pivot[1:], strict=True)]
            for row in rows
        ]
    return found


def _singular_values(mp: Any, a: Any) -> Any:
    return mp.svd_r(a, compute_uv=False)


def _pseudo_inverse(mp: Any, a: Any) -> Any:
    u, s, v = mp.svd_r(a)
    scaled = mp.diag([1 / x if x > mp.eps * max(s) * 100 else mp.mpf(0) for x in s])
    return v.T * scaled * u.T


MATRICES: Mapping[str, tuple[Callable[..., Any], int]] = {
    "inv": (lambda mp, a: mp.inverse(a), 2),
    "det": (_determinant, 0),
    "_slogdet_sign": (lambda mp, a: sign(mp, _determinant(mp, a)), 0),
    "_slogdet_log": (lambda mp, a: mp.log(abs(_determinant(mp, a))), 0),
    "_cholesky": (lambda mp, a: mp.cholesky(a), 2),
    "_eigenvalues": (lambda mp, a: mp.eigsy(a, eigvals_only=True), 1),
    "svdvals": (_singular_values, 1),
    "pinv": (_pseudo_inverse, 2),
}
"""By function of a matrix: what it is in mpmath, and how many axes the result has."""


def flat(mp: Any, result: Any, shape: Sequence[int], name: str) -> list[Any]:
    """The numbers of a matrix, a vector or one number, in rows."""
    if result is None:
        count = {0: 1, 1: min(shape[-2:]), 2: shape[-2] * shape[-1]}[MATRICES[name][1]]
        return [mp.nan] * count
    if not hasattr(result, "rows"):
        return [result]
    flat = [result[i, j] for i in range(result.rows) for j in range(result.cols)]
    return sorted(flat, reverse=True) if name == "svdvals" else flat
