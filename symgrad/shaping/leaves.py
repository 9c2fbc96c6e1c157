"""Which nodes are known to have the same shape, whatever the shapes of the inputs are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from symgrad.graph import Node

OWN = frozenset(
    """input index _reshape squeeze expand_dims _broadcast_to _transpose
    permute_dims matrix_transpose swapaxes moveaxis concatenate tile _repeat pad
    take_along_axis _zeros _ones eye _counting _segment_sum _convolve _correlate diagonal
    _diagonals _diag_matrix _rerow _unrow _recolumn _uncolumn _mm _solve _einsum det _slogdet_sign
    _slogdet_log logdet _eigenvalues svdvals _svd_u _svd_vh _qr_q _qr_r pinv _merged _middle
    _item _slogdet _eigh _svd _qr _at _outer _vdot _solve_vector
    dot inner kron tensordot diag _norm_of_order cross_entropy""".split()
)
"""Operations whose results have a shape of their own. That of all others is, unless it is named
here, what their operands broadcast to."""

REDUCTIONS = frozenset(
    """sum mean var std max min argmax argmin logsumexp _lse_rest _offset _log_total _norm _harmonic
    _order_norm _prod _prod_power _log_prod _any_chance _count size ndim _equal_parts""".split()
)
"""Those with an axis and keepdims in their value: without either they give a number."""

LIKE_FIRST = frozenset(
    """pair integer copy cast flip roll sort argsort _delay _scan _cumsum _cumprod tril triu
    stop_gradient softmax log_softmax _shares normalize _deviation _evened _cumlogsumexp
    inv _cofactors _cholesky _eigenvectors_of _others""".split()
)
LIKE_SECOND = frozenset(
    """place broadcast unbroadcast _reshape_like _untile _unrepeat _unpad _undiagonal
    _undiagonals _unmerged _unmiddle _put_along_axis _searchsorted""".split()
)


_SPECIAL = OWN | REDUCTIONS | LIKE_FIRST | LIKE_SECOND


def is_elementwise(op: str) -> bool:
    """Whether the operands of an operation broadcast together to its result."""
    return op not in _SPECIAL


def all_elementwise(nodes: Iterable[Node]) -> bool:
    """Whether each of the nodes is an input or an elementwise operation."""
    return all(op == "input" or is_elementwise(op) for op in {node.op for node in nodes})


def is_number(node: Node) -> bool:
    """Whether a reduction gives one number."""
    if node.op in ("size", "ndim", "_count", "_equal_parts"):
        return True
    value = node.value if isinstance(node.value, tuple) else (None, False)
    kept = len(value) > 1 and value[-1] is True
    return node.op in REDUCTIONS and value[0] is None and not kept


_MOST_BITS = 2048
_BEYOND = 1 << _MOST_BITS


class Leaves:
    """For each node the set of leaves, as bits, whose shapes broadcast to its shape.

    A leaf is a node whose shape is its own: an input, or the result of an operation that is not
    elementwise; reductions of one shape along the same axes share one. Two nodes with the same
    leaves have the same shape, whatever the shapes of the inputs are. What a reduction keeps as
    axes of size 1 adds nothing to what it was reduced from. The list of nodes may grow between
    look-ups. Sets that would need too many bits are not told apart in full: such a node counts as a
    leaf, which is safe, as nothing has its shape then.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._masks: dict[Node, int] = {}
        self._known: dict[Node, int] = {}
        self._within: dict[int, int] = {}
        self._reduced: dict[tuple[int, Any, bool], int] = {}
        self._axes: dict[int, Any] = {}
        self._kept = 0
        self._leaves = 0
        self._seen = 0

    def __getitem__(self, node: Node) -> int:
        if self._seen < len(self._nodes):
            self._look()
        known = self._known.get(node)
        return self._masks[node] if known is None else known

    def follow(self, nodes: Sequence[Node]) -> None:
        """Look at another list of nodes from now on; those that both have keep their leaves."""
        self._nodes, self._seen = nodes, 0

    def _look(self) -> None:
        """Tell the leaves of the nodes that are new."""
        masks, known = self._masks, self._known
        for node in self._nodes[self._seen :]:
            if node in masks:
                continue
            args = node.args
            if known or not 0 < len(args) < 3 or node.op in _SPECIAL:
                self._add(node)
            elif len(args) == 1:
                masks[node] = masks[args[0]]
            else:
                one, other = masks[args[0]], masks[args[1]]
                alike = one == other or not other
                masks[node] = one if alike else self._union(one, other) if one else other
        self._seen = len(self._nodes)

    def assign(self, node: Node, like: Node | None) -> None:
        """From now on, a node is known to have the shape of another, or to add nothing to one."""
        self._known[node] = 0 if like is None else self[like]

    def _add(self, node: Node) -> None:
        mask = 0
        op = node.op
        if op not in _SPECIAL:
            for arg in node.args:
                one = self._of(arg) if self._known else self._masks[arg]
                if one != mask and one:
                    mask = self._union(mask, one) if mask else one
        elif op in LIKE_SECOND:
            mask = self._of(node.args[1])
        elif op in LIKE_FIRST:
            mask = self._of(node.args[0])
        elif op in REDUCTIONS and not is_number(node):
            axis, *_, keepdims = (*node.attributes, False)[: max(len(node.attributes), 2)]
            mask = self._over(self._of(node.args[0]), axis, keepdims is True)
        elif op == "squeeze" and self._axes.get(kept := self._of(node.args[0])) == node.attributes:
            mask = self._over(self._within[kept], node.attributes[0], False)
        elif op in OWN:
            mask = self._leaf()
        self._masks[node] = mask

    def _over(self, whole: int, axis: Any, keepdims: bool) -> int:
        """The leaf of what is reduced: the same for all that is reduced from one shape alike."""
        mask = self._reduced.get((whole, axis, keepdims))
        if mask is None or whole >= _BEYOND:
            mask = self._reduced[whole, axis, keepdims] = self._leaf()
            if keepdims is True and mask < _BEYOND:
                self._within[mask] = whole
                self._axes[mask] = (axis,)
                self._kept |= mask
        return mask

    def _leaf(self) -> int:
        """A new leaf: a bit, or beyond the bits a number that is part of no other one."""
        number = self._leaves
        self._leaves += 1
        if number < _MOST_BITS:
            return 1 << number
        return ((number << 64) | (~number & 0xFFFF_FFFF_FFFF_FFFF)) << _MOST_BITS

    def together(self, one: int, other: int) -> int:
        """The leaves of what operands with some leaves broadcast to."""
        return self._union(one, other) if one and other and one != other else one or other

    def _union(self, one: int, other: int) -> int:
        """Of two sets that differ."""
        if one >= _BEYOND or other >= _BEYOND:
            return self._leaf()
        mask = one | other
        kept = mask & self._kept
        while kept:
            bit = kept & -kept
            kept ^= bit
            whole = self._within[bit]
            if mask & whole == whole:
                mask &= ~bit
        return mask

    def _of(self, node: Node) -> int:
        known = self._known.get(node)
        return self._masks[node] if known is None else known
