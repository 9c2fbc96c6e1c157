"""Masks that are seen to hold whatever the inputs are: what is not 0 has no point to keep out."""

from __future__ import annotations

from symgrad.graph import Node


def always_holds(mask: Node) -> bool:
    """Whether the mask of a rule is seen to hold whatever the inputs are."""
    waiting = [mask]
    while waiting:
        p = waiting.pop()
        if p.op == "logical_or":
            waiting.extend(p.args)
        elif p.op == "not_equal" and p.args[1].value == 0 and is_never_zero(p.args[0]):
            return True
    return False


_NEVER_NEGATIVE = frozenset("exp abs sqrt cosh sigmoid softplus hypot".split())


def is_never_zero(x: Node) -> bool:
    """Whether it is a constant other than 0, or a positive one plus what is never negative."""
    if x.is_constant:
        return x.value != 0
    terms, found = [x], False
    while terms:
        term = terms.pop()
        if term.op == "add":
            terms.extend(term.args)
        elif _is_positive(term):
            found = True
        elif term.op not in _NEVER_NEGATIVE and not _is_square(term):
            return False
    return found


def _is_positive(x: Node) -> bool:
    """Whether it is a positive constant, or larger than one whatever the inputs are."""
    beside = x.op == "hypot" and any(side.is_constant and side.value for side in x.args)
    return beside or x.op == "cosh" or (isinstance(x.value, float) and x.value > 0)


def _is_square(x: Node) -> bool:
    return x.op == "power" and x.args[1].value == 2
