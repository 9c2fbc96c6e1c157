"""Where a function is flat at infinity, and its argument gets there with slopes that are infinite.

`tanh(exp(x))` is 1 for large x, and its slope is 0: that of tanh falls faster than that of exp
grows. In floats it is 0 times infinity. So where the argument is infinite, the cotangent that comes
back from such a function is masked: whatever it meets on its way to the inputs, the result is 0.

This holds for what grows by an exponential function. There the slope of an argument u is u times
powers of logarithms, and the slope of a flat function falls at least as 1/u**2. It does not hold at
a pole, as the slope of `arctan(1/x)` at 0 is -1; nor where u grows like a logarithm, as
`sigmoid(log(x))` is x/(1 + x), with slope 1 at 0; nor is log itself flat, as `log(exp(x))` tells.
Values that cannot overflow but by a power need no mask, since their slopes overflow later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from symgrad.differentiation.nonzero import is_never_zero
from symgrad.graph import Builder, Node

_BELOW, _ABOVE, _BOTH = -math.inf, math.inf, None
_FLAT: dict[tuple[str, int], float | None] = {
    **dict.fromkeys(((op, 0) for op in "exp exp2 expm1 softplus".split()), _BELOW),
    ("_log_ndtr", 0): _ABOVE,
    **dict.fromkeys(
        (
            (op, 0)
            for op in """sigmoid tanh erf erfc ndtr arctan _sech_squared _tanh_complement
            _logistic_density _over_one_hypot""".split()
        ),
        _BOTH,
    ),
    **dict.fromkeys((("logaddexp", 0), ("logaddexp", 1)), _BELOW),
    **dict.fromkeys((("divide", 1), ("power", 0), ("_over_hypot", 1)), _BOTH),
}
"""By operation and operand: at which end it is flat. A power is, if its exponent is negative."""

_EXPONENTIAL = frozenset("exp exp2 expm1 sinh cosh _flat_exp".split())
_BOUNDED = frozenset("sin cos tanh sigmoid erf erfc ndtr arctan sign _sech_squared".split())
_LINEAR = frozenset("add subtract negative".split())
_PASSING = frozenset(
    """add subtract negative multiply abs sqrt cbrt hypot maximum minimum softplus relu keep sum
    mean index reshape broadcast""".split()
)
_TAME, _GROWING, _POLE, _UNKNOWN = range(4)


class Growth:
    """Which nodes of a graph may overflow by an exponential function, and by nothing else."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        ops = {node.op for node in nodes}
        self._kinds: dict[Node, int] = {}
        self._masks: set[Node] = set()
        if ops.isdisjoint(_EXPONENTIAL) and "power" not in ops:
            return
        if not any((op, place) in _FLAT for op in ops for place in (0, 1)):
            return
        for node in nodes:
            self._kinds[node] = _kind(node, [self._kinds[arg] for arg in node.args])

    def mask(self, build: Builder, node: Node, position: int) -> Node | None:
        """Where a cotangent that goes back to an operand is not 0 for sure, if that is to say."""
        place = node.op, position
        if place not in _FLAT or self._kinds.get(node.args[position]) != _GROWING:
            return None
        if node.op == "power" and not _is_below_zero(node.args[1]):
            return None
        end, operand = _FLAT[place], node.args[position]
        if end is None:
            end, operand = math.inf, build.node("abs", operand)
        mask = build.node("not_equal", operand, build.constant(end))
        self._masks.add(mask)
        return mask

    def past(self, mask: Node | None, node: Node, operand: Node) -> Node | None:
        """What is left of a cotangent's mask on the way to an operand.

        A term that does not overflow needs none where another term of its sum does: its own slopes
        are finite.
        """
        if mask not in self._masks or node.op not in _LINEAR or self._kinds[node] == _TAME:
            return mask
        return None if self._kinds[operand] == _TAME else mask


def _kind(node: Node, below: list[int]) -> int:
    """How a node overflows, from how its operands do."""
    worst = max(below, default=_TAME)
    if node.op in _BOUNDED:
        return _TAME
    if worst == _UNKNOWN:
        return _UNKNOWN
    if node.op in _EXPONENTIAL:
        return _GROWING
    if not node.args or node.op in _PASSING:
        return worst
    if node.op == "divide":
        return worst if is_never_zero(node.args[1]) else _POLE
    if node.op == "power" and node.args[1].is_constant:
        return _POLE if _is_below_zero(node.args[1]) else worst
    if node.op == "power" and is_never_zero(node.args[0]):
        return _GROWING
    return _UNKNOWN


def _is_below_zero(x: Node) -> bool:
    return isinstance(x.value, float) and x.value < 0
