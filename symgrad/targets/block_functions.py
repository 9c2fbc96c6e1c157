"""Functions that the code for blocks calls where NumPy has none, or a slow one, with `out`.

What they give for an element does not depend on what others there are, nor on where blocks begin.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@cache
def _integer(dtype: Any) -> Any:
    """The type of whole numbers of the same size."""
    return np.dtype(f"i{dtype.itemsize}")


def _bits(values: Any, like: Array) -> Any:
    """Floating-point numbers as whole ones with the same bits."""
    return np.asarray(values, like.dtype).view(_integer(like.dtype))


def keep(condition: Any, values: Any, count: int | None = None, *, out: Array) -> Array:
    """The values where a condition holds, bit by bit, and 0 elsewhere; `out` may be the values.

    Products of whole numbers take the same time whatever the condition is; a choice for each
    element waits for conditions that the processor cannot foresee. Mostly a condition holds
    everywhere: `count` says for how many elements it does.
    """
    if count is None:
        condition = np.asarray(condition)
        count = int(np.count_nonzero(condition))
    if count == condition.size or not count:
        return filled(values if count else 0.0, out)
    bits = out.view(_integer(out.dtype))
    np.multiply(bits if values is out else _bits(values, out), condition, out=bits)
    return out


def where(
    condition: Any, first: Any, second: Any, count: int | None = None, *, out: Array
) -> Array:
    """The first values where a condition holds, else the second, bit by bit; `out` may be either.

    `count` says for how many elements it holds.
    """
    condition = np.asarray(condition)
    count = int(np.count_nonzero(condition)) if count is None else count
    if count == condition.size or not count:
        return filled(first if count else second, out)
    if second is out:
        condition, first, second = np.logical_not(condition), second, first
    other, bits = _bits(second, out), out.view(_integer(out.dtype))
    np.bitwise_xor(_bits(first, out), other, out=bits)
    np.multiply(bits, condition, out=bits)
    np.bitwise_xor(bits, other, out=bits)
    return out


_KEPT = 2**15
"""Numbers in the largest array of one number that is kept."""


@lru_cache(maxsize=16)
def _everywhere(value: float, sign: float, shape: tuple[int, ...], dtype: Any) -> Array:
    found = np.full(shape, value, dtype)
    found.flags.writeable = False
    return found


def _array(value: float, beside: Any, out: Array) -> Any:
    """A number as an array like `out`: NumPy is slow with the larger or smaller of a number."""
    if out.size <= _KEPT and out.flags.c_contiguous:
        return _everywhere(value, math.copysign(1.0, value), out.shape, out.dtype)
    return value if beside is out else filled(value, out)


def maximum(x: Any, y: Any, out: Array) -> Array:
    """The larger numbers."""
    y = _array(y, x, out) if isinstance(y, int | float) else y
    found: Array = np.maximum(x, y, out=out)
    return found


def minimum(x: Any, y: Any, out: Array) -> Array:
    """The smaller numbers."""
    y = _array(y, x, out) if isinstance(y, int | float) else y
    found: Array = np.minimum(x, y, out=out)
    return found


def filled(value: Any, out: Array) -> Array:
    """A number or an array everywhere, if it is not there already."""
    if value is not out:
        np.copyto(out, value)
    return out


_smallest = partial(np.minimum.reduce, axis=None)
_largest = partial(np.maximum.reduce, axis=None)
"""Of all elements; nan where there is one."""


_FEW = 2**12
"""Of so many numbers a sum of squares, which is finite if all are, is found sooner than a largest
one; of more, libraries share it among threads."""


@cache
def _safe(dtype: Any) -> tuple[Any, Any]:
    """Between these, the root of a sum of squares has lost nothing to their range."""
    floats = np.finfo(dtype)
    return (floats.tiny / floats.eps) ** 0.5, floats.max**0.5


def hypot(x: Any, y: Any, *, spare: Array | None = None, out: Array) -> Array:
    """The root of a sum of two squares; by NumPy where these leave the range of floats."""
    if isinstance(x, int | float):
        x, y = y, x
    np.multiply(x, x, out=out)
    np.add(out, y * y if isinstance(y, int | float) else np.multiply(y, y, out=spare), out=out)
    np.sqrt(out, out=out)
    least, most = _safe(out.dtype)
    above = isinstance(y, int | float) and abs(y) > 2 * least
    below = out.size <= _FEW and np.vdot(out, out) < math.inf
    if not ((above or _smallest(out) > least) and (below or _largest(out) < most)):
        inside = np.greater(out, least)
        np.logical_and(inside, out < most, out=inside)
        np.hypot(x, y, out=out, where=np.logical_not(inside, out=inside))
    return out


def logaddexp(x: Any, y: Any, *, spare: Array | None = None, out: Array) -> Array:
    """The logarithm of a sum of two exponentials."""
    if isinstance(x, int | float):
        x, y = y, x
    number = isinstance(y, int | float)
    larger = maximum(x, y, out=np.empty_like(out) if spare is None else spare)
    np.abs(x if number and not y else np.subtract(x, y, out=out), out=out)
    if not (number and math.isfinite(y)) and np.isnan(_largest(out)):
        # Infinite numbers are equal, or one is nan, which the sum brings back.
        np.copyto(out, 0.0, where=np.isnan(out))
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    np.add(larger, out, out=out)
    return out


def weighed_log(weights: Any, logarithms: Any, *, out: Array) -> Array:
    """The products; 0 where a weight is 0 and the logarithm infinite."""
    np.multiply(weights, logarithms, out=out)
    flat = out.reshape(-1)
    if math.isnan(np.dot(flat, flat)):  # One pass, where a sum of few numbers takes several.
        found = np.isnan(logarithms)
        np.logical_or(found, np.not_equal(weights, 0), out=found)
        np.copyto(out, 0.0, where=np.logical_not(found, out=found))
    return out


def log_total(x: Array, axis: Any = None, keepdims: bool = False, *, out: Array) -> Array:
    """The logarithms of sums with a 1; next to that, what is smaller is added up alone."""
    last = axis in (-1, x.ndim - 1)
    total = sum_last(x, out) if last else np.sum(x, axis=axis, keepdims=keepdims, out=out)
    near = None
    if total.size and not _smallest(total) >= _NEAR:
        near = np.logical_and(total >= 1, total < _NEAR)
    np.log(total, out=out)
    if near is not None:
        rest = np.sum(np.where(x < 1, x, 0), axis=axis, keepdims=keepdims)
        np.log1p(rest, out=out, where=near)
    return out


_NEAR = 1.00001


def evened(x: Array, shares: Array, axis: Any, *, out: Array) -> Array:
    """Numbers with the sum 0: what that of a share next to 1 has lost, the others tell."""
    near = shares > _NEXT if shares.size and not _largest(shares) <= _NEXT else None
    if near is None:
        return filled(x, out)
    total = np.sum(x, axis=axis, keepdims=True)
    np.subtract(filled(x, out), total, out=out, where=near)
    return out


_NEXT = 0.999

_SMALL = 256
"""For fewer numbers than that, what is faster is looked for longer than it saves."""

_SHORT = 128
"""Up to this many numbers NumPy adds one after the other, as a product of matrices does."""


@lru_cache(maxsize=16)
def _ones(size: int, dtype: Any) -> Array:
    found = np.ones(size, dtype)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=16)
def _column(size: int, dtype: Any) -> Array:
    return _ones(size, dtype)[:, None]


def sum_last(x: Array, out: Array) -> Array:
    """The sums along the last axis; of short rows as a product, which is one call for all."""
    size, kept = x.shape[-1], out.ndim == x.ndim
    if size <= _SHORT and x.dtype == out.dtype and _whole(x) and _whole(out):
        if x.ndim == 2:
            np.dot(x, _column(size, x.dtype) if kept else _ones(size, x.dtype), out)
            return out
        if x.size > _SMALL:
            np.matmul(x.reshape(-1, size), _ones(size, x.dtype), out=out.reshape(-1))
            return out
    found: Array = np.add.reduce(x, axis=-1, out=out, keepdims=kept)
    return found


def max_last(x: Array, out: Array) -> Array:
    """The largest numbers along the last axis; NumPy is quick with few long rows, not with many."""
    if x.size > _SMALL and x.shape[-1] <= _NARROW and x.ndim == 2 and _whole(out):
        np.maximum.reduce(np.ascontiguousarray(x.T), axis=0, out=out.reshape(-1))
        return out
    found: Array = np.maximum.reduce(x, axis=-1, out=out, keepdims=out.ndim == x.ndim)
    return found


_NARROW = 16


def sum_first(x: Array) -> Any:
    """The sums along the first axis of a matrix, which is a block of rows."""
    return np.dot(_ones(len(x), x.dtype), x) if x.dtype.kind == "f" else x.sum(axis=0)


def rows_last(x: Array, buffer: Array) -> Array:
    """An array, laid out as a buffer is in which the rows are last in memory."""
    if buffer.flags.c_contiguous or x.strides == buffer.strides:
        return x
    np.copyto(buffer, x)
    return buffer


_COLUMNS = 32


def add_at(total: Array, key: Any, values: Any) -> None:
    """Add to elements that may be meant several times, as `np.add.at`.

    Rows of doubles are added column by column, in the same order and so to the same bits, by what
    NumPy counts with; that is some times as fast.
    """
    key = key[0] if isinstance(key, tuple) and len(key) == 1 else key
    rows = isinstance(key, np.ndarray) and key.ndim == 1 and key.dtype.kind in "iu"
    narrow = total.ndim == 2 and total.dtype == np.float64 and total.shape[1] <= _COLUMNS
    if not (rows and narrow and np.shape(values) == (len(key), total.shape[1])):
        np.add.at(total, key, values)
        return
    places = np.where(key < 0, key + len(total), key) if key.size and key.min() < 0 else key
    if key.size and not 0 <= places.min() <= places.max() < len(total):
        np.add.at(total, key, values)
        return
    for column in range(total.shape[1]):
        total[:, column] += np.bincount(places, values[:, column], len(total))


def dot(x: Array, y: Array) -> Any:
    """The sum of the products of all elements, in the order in which they stand in memory."""
    if x.ndim == 2 and not _whole(x) and x.flags.f_contiguous and y.flags.f_contiguous:
        x, y = x.T, y.T
    return np.vdot(x, y)


def _whole(x: Array) -> bool:
    return bool(x.flags.c_contiguous)


_Order = tuple[int, ...]


@cache
def _groups(subscripts: str) -> tuple[tuple[_Order, ...], tuple[int, ...]] | None:
    """How a sum of products is one of matrices, stacked or not; None where it is not.

    These are the orders of the axes of both operands and of the result, and which axis those in a
    stack lack that are vectors: -1 where the second one does, -2 where the first one does.
    """
    left, right, out = subscripts.replace("->", ",").split(",")
    stacks = [label for label in left if label in right and label in out]
    inner = [label for label in left if label in right and label not in out]
    rows = [label for label in left if label not in right]
    columns = [label for label in right if label not in left]
    groups = (stacks, rows, columns, inner)
    used = {label for group in groups for label in group}
    plain = used.issuperset(left + right + out) and set(out) == used.difference(inner)
    once = all(len(set(term)) == len(term) for term in (left, right, out))
    single = len(inner) == 1 and max(map(len, groups)) == 1
    if not (plain and once and single) or (stacks and not rows and not columns):
        return None
    orders = [
        [term.index(label) for label in labels]
        for term, labels in (
            (left, [*stacks, *rows, *inner]),
            (right, [*stacks, *inner, *columns]),
            (out, [*stacks, *rows, *columns]),
        )
    ]
    lacking = (-1,) if stacks and not columns else (-2,) if stacks and not rows else ()
    return tuple(map(tuple, orders)), lacking


def contract(subscripts: str, x: Array, y: Array, out: Array | None = None) -> Array:
    """A sum of products by labels; as a product of matrices, stacked or not, where it is one."""
    found = _groups(subscripts)
    if found is None:
        summed: Array = np.einsum(subscripts, x, y, out=out)
        return summed
    orders, lacking = found
    first, second = x.transpose(orders[0]), y.transpose(orders[1])
    if lacking == (-1,):
        second = second[..., None]
    elif lacking:
        first = first[..., None, :]
    if out is None:
        made = np.matmul(first, second)
        back = [orders[2].index(axis) for axis in range(len(orders[2]))]
        return np.ascontiguousarray(np.squeeze(made, lacking).transpose(back))
    np.matmul(first, second, out=np.expand_dims(out.transpose(orders[2]), lacking))
    return out
