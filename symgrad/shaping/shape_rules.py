"""The shape of an operation's result, from those of its operands, as NumPy has it.

A size of None is not known before the formula runs. What does not fit raises a `Misfit`, which says
so in words; shapes.py adds the place and the user's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgrad.graph import Node
from symgrad.language.contraction import parted
from symgrad.shaping.misfit import Misfit, Rule, Shape, Size, axes_of, axis_of, broadcast, product
from symgrad.shaping.shape_moves import MOVES


def _reduced(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    shape, axis, keepdims = shapes[0], node.attributes[0], node.attributes[-1]
    axes = axes_of(axis, len(shape))
    if node.op in ("max", "min", "argmax", "argmin") and 0 in [shape[a] for a in axes]:
        raise Misfit(f"{node.op} of nothing: a reduced axis has size 0")
    if keepdims:
        return tuple(1 if a in axes else size for a, size in enumerate(shape))
    return tuple(size for a, size in enumerate(shape) if a not in axes)


def _one_axis(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    """Reduced along one axis, or along all."""
    axis = node.attributes[0]
    axes = axes_of(axis, len(shapes[0]))
    return tuple(size for a, size in enumerate(shapes[0]) if a not in axes)


def _matrix_product(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = shapes[:2]
    if len(a) < 2 or len(b) < 2:
        raise Misfit("a matrix product needs arrays, not numbers", "Write * for numbers.")
    if a[-1] != b[-2] and None not in (a[-1], b[-2]):
        raise Misfit(f"the inner dimensions of the matrix product disagree: {a[-1]} and {b[-2]}")
    return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1])


def _solved(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = shapes[:2]
    square(a)
    if len(b) < 2 or (a[-1] != b[-2] and None not in (a[-1], b[-2])):
        raise Misfit("the right-hand side does not have as many rows as the matrix")
    return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1])


def _matmul(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    """NumPy's product of operands of which either may be a vector."""
    a, b = shapes[:2]
    left = (1, *a) if len(a) == 1 else a
    right = (*b, 1) if len(b) == 1 else b
    result = list(_matrix_product(node, (left, right), fillings))
    if len(a) == 1:
        del result[-2]
    return tuple(result[:-1] if len(b) == 1 else result)


def _outer(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return product(shapes[0]), product(shapes[1])


def _dot(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, b = shapes[:2]
    if not a or not b:
        return broadcast(a, b)
    axis = -1 if node.op == "inner" or len(b) == 1 else -2
    if a[-1] != b[axis] and None not in (a[-1], b[axis]):
        raise Misfit(f"the axes that are summed over disagree: {a[-1]} and {b[axis]}")
    rest = list(b)
    del rest[axis]
    return (*a[:-1], *rest)


def _tensordot(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    (a, b), axes = shapes[:2], node.attributes[0]
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(a), len(b)):
            raise Misfit(f"there are not {axes} axes to sum over")
        first, second = tuple(range(len(a) - axes, len(a))), tuple(range(axes))
    else:
        first, second = (axes_of(x, len(s)) for x, s in zip(axes, (a, b), strict=True))
    if [a[i] for i in first] != [b[j] for j in second]:
        raise Misfit("the axes that are summed over disagree")
    left = [size for i, size in enumerate(a) if i not in first]
    return (*left, *[size for j, size in enumerate(b) if j not in second])


def _kron(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    rank = max(map(len, shapes))
    a, b = ((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes)
    return tuple(product(pair) for pair in zip(a, b, strict=True))


def _diag(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    if len(shapes[0]) == 1:
        return _diag_matrix(node, shapes, fillings)
    if len(shapes[0]) != 2:
        raise Misfit("diag takes a vector or a matrix")
    (m, n), k = shapes[0], node.attributes[0]
    return (None if m is None or n is None else max(0, min(m + min(k, 0), n - max(k, 0))),)


def _norm_of_order(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    _, axis, keepdims = node.attributes
    axes = axes_of(axis, len(shapes[0]))
    if len(axes) > 2:
        raise Misfit("a norm of this order is one of vectors or matrices", "Name the axis.")
    sizes = enumerate(shapes[0])
    return tuple(1 if a in axes else n for a, n in sizes if keepdims or a not in axes)


def _derivative(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape | None:
    """None where there is no derivative; derivatives.py says why."""
    try:
        return broadcast(*shapes)
    except Misfit:
        return None


def _scalar(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    logits, target = shapes[:2]
    if len(logits) not in (len(target), len(target) + 1):
        raise Misfit("the target is neither one-hot nor labels for the logits")
    broadcast(logits if len(logits) == len(target) else logits[:-1], target)
    return ()


def square(shape: Shape) -> Shape:
    """The shape of a square matrix, or of a stack of them."""
    if len(shape) < 2 or (shape[-1] != shape[-2] and None not in shape[-2:]):
        raise Misfit("this needs a square matrix")
    return shape


def _of_matrix(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    if len(shapes[0]) < 2:
        raise Misfit(f"this needs a matrix; the operand has shape {shapes[0]}")
    return shapes[0]


def _of_square(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return square(shapes[0])


def _per_matrix(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return square(shapes[0])[:-2]


def _without_last(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return shapes[0][:-1]


def _per_column(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return square(shapes[0])[:-1]


def _decomposed(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return _part_of(node.op, shapes[0])


def _part_of(op: str, shape: Shape) -> Shape:
    """Parts of the reduced singular value and QR decompositions."""
    if len(shape) < 2:
        raise Misfit(f"this needs a matrix; the operand has shape {shape}")
    *batch, m, n = shape
    k = None if m is None or n is None else min(m, n)
    tail = {
        "svdvals": (k,), "_svd_u": (m, k), "_svd_vh": (k, n), "_qr_q": (m, k), "_qr_r": (k, n),
        "pinv": (n, m), "_cofactors": (m, n),
        "_slogdet_sign": (), "_slogdet_log": (), "_eigenvalues": (n,), "_eigenvectors_of": (m, n),
    }[op]  # fmt: skip
    return (*batch, *tail)


_ITEMS = {
    "_slogdet": ("_slogdet_sign", "_slogdet_log"),
    "_eigh": ("_eigenvalues", "_eigenvectors_of"),
    "_svd": ("_svd_u", "svdvals", "_svd_vh"),
    "_qr": ("_qr_q", "_qr_r"),
}


def item_shape(several: str, which: int, shape: Shape) -> Shape:
    """The shape of one of several arrays that are made of a matrix.

    >>> item_shape("_svd", 1, (5, 3, 2))
    (5, 2)
    """
    return _part_of(_ITEMS[several][which], shape)


def _einsum(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    *terms, out = parted(node.attributes[0])
    found: dict[str, Shape] = {}
    for term, shape in zip(terms, shapes, strict=False):
        dots = len(shape) - len(term) + 1 if "…" in term else 0
        if len(shape) != len(term) - ("…" in term) + dots or dots < 0:
            raise Misfit(f"the subscripts {term} are not for an array of shape {shape}")
        place = 0
        for label in term:
            step = dots if label == "…" else 1
            part = shape[place : place + step]
            place += step
            try:
                found[label] = broadcast(found.get(label, (1,) * 0 if step != 1 else (1,)), part)
            except Misfit:
                raise Misfit(f"the subscript {label} stands for different sizes") from None
    return tuple(size for label in out for size in found[label])


def _diagonal(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    offset, axis1, axis2 = node.attributes
    rank = len(shapes[0])
    if rank < 2:
        raise Misfit(f"a diagonal needs a matrix; the operand has shape {shapes[0]}")
    a, b = axis_of(axis1, rank), axis_of(axis2, rank)
    m, n = shapes[0][a], shapes[0][b]
    size = None
    if m is not None and n is not None:
        size = max(0, min(m + min(offset, 0), n - max(offset, 0)))
    return (*[s for at, s in enumerate(shapes[0]) if at not in (a, b)], size)


def _diag_matrix(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    size = shapes[0][0]
    side = None if size is None else size + abs(node.attributes[0])
    return side, side


def _convolved(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    a, v = shapes[:2]
    if len(a) != 1 or len(v) != 1:
        raise Misfit("only arrays with one axis are convolved")
    if a[0] is None or v[0] is None:
        return (None,)
    if 0 in (a[0], v[0]):
        raise Misfit("an empty array cannot be convolved")
    return (a[0] + v[0] - 1,) if node.op == "_convolve" else (a[0] - v[0] + 1,)


def _row_or_column(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    x, like = shapes[:2]
    if len(like) != 1:
        return x
    return {
        "_rerow": (*x[:-1], 1, *x[-1:]),
        "_unrow": (*x[:-2], *x[-1:]),
        "_recolumn": (*x, 1),
        "_uncolumn": x[:-1],
    }[node.op]


def _first(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return shapes[0]


def _second(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    return shapes[1]


def _number(node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]) -> Shape:
    if node.op == "size" and len(node.attributes) == 2 and len(shapes[0]) != node.attributes[1]:
        message = f"a shape of {len(shapes[0])} axes is taken apart into {node.attributes[1]}"
        raise Misfit(message)
    if node.op == "size" and node.attributes[0] is not None:
        axes_of(node.attributes[0], len(shapes[0]))
    return ()


RULES: Mapping[str, Rule] = {
    **MOVES,
    **dict.fromkeys(
        """sum mean var std max min argmax argmin logsumexp _lse_rest _offset _log_total _norm
        _harmonic _order_norm""".split(),
        _reduced,
    ),
    **dict.fromkeys(("_prod", "_prod_power", "_log_prod", "_any_chance"), _one_axis),
    "_mm": _matrix_product,
    "_solve": _solved,
    "_solve_vector": _matmul,
    "_at": _matmul,
    "_outer": _outer,
    "dot": _dot,
    "inner": _dot,
    "tensordot": _tensordot,
    "kron": _kron,
    "diag": _diag,
    "_norm_of_order": _norm_of_order,
    "cross_entropy": _scalar,
    "derivative": _derivative,
    **dict.fromkeys("inv _cholesky _eigenvectors_of".split(), _of_square),
    **dict.fromkeys("tril triu".split(), _of_matrix),
    **dict.fromkeys("det logdet _slogdet_sign _slogdet_log".split(), _per_matrix),
    "_eigenvalues": _per_column,
    "_middle": _without_last,
    **dict.fromkeys("svdvals _svd_u _svd_vh _qr_q _qr_r pinv _cofactors".split(), _decomposed),
    "_einsum": _einsum,
    "_diagonals": _einsum,
    "diagonal": _diagonal,
    "_diag_matrix": _diag_matrix,
    "_convolve": _convolved,
    "_correlate": _convolved,
    **dict.fromkeys("_rerow _unrow _recolumn _uncolumn".split(), _row_or_column),
    **dict.fromkeys("size ndim _count _equal_parts _vdot".split(), _number),
    **dict.fromkeys("pair integer copy cast stop_gradient _scan".split(), _first),
    **dict.fromkeys(
        """place broadcast unbroadcast _reshape_like _untile _unpad _undiagonal _undiagonals
        _unrepeat _unmerged _unmiddle _put_along_axis _searchsorted""".split(),
        _second,
    ),
}
"""Of the operations that do not broadcast their operands."""
