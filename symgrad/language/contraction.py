"""Einstein summation: subscripts are read, and operands contracted two at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, combinations

from symgrad.errors import ArgumentError, Span
from symgrad.graph import Builder, Node
from symgrad.limits import checkpoint

_MOST_OPERANDS = 63
"""NumPy's einsum takes no more."""

DOTS = "…"
"""The ellipsis, as one label."""


def read_subscripts(subscripts: object, count: int, text: str, span: Span | None) -> list[str]:
    """The labels of each operand and of the result.

    Raises
    ------
    ArgumentError
        The subscripts are malformed, or are not for that many operands.
    """
    hint = "Write einsum('ij,jk->ik', A, B)."
    if not isinstance(subscripts, str):
        raise ArgumentError("the subscripts are a text in quotes", text, span, hint)
    left, arrow, right = subscripts.replace(" ", "").replace("...", DOTS).partition("->")
    terms = left.split(",")
    if count > _MOST_OPERANDS:
        message = f"einsum takes at most {_MOST_OPERANDS} operands, not {count}"
        raise ArgumentError(message, text, span, "Contract some of them first.")
    letters = left.replace(",", "") + right
    if not all((c.isalpha() and c.isascii()) or c == DOTS for c in letters):
        raise ArgumentError("subscripts are letters, commas and one arrow", text, span, hint)
    if len(terms) != count:
        message = f"the subscripts are for {len(terms)} operands, not {count}"
        raise ArgumentError(message, text, span, hint)
    every = "".join(terms)
    if not arrow:
        once = sorted(c for c in set(every) if every.count(c) == 1 and c != DOTS)
        right = (DOTS if DOTS in every else "") + "".join(once)
    unknown = [c for c in right if c not in every]
    if unknown:
        message = f"the subscript {unknown[0]} of the result is that of no operand"
        raise ArgumentError(message, text, span, hint)
    if len(set(right)) < len(right):
        raise ArgumentError("a subscript of the result is given twice", text, span, hint)
    return [*terms, right]


def joined(*terms: str) -> str:
    """Labels as NumPy reads them: operands, then the result."""
    *operands, result = (term.replace(DOTS, "...") for term in terms)
    return f"{','.join(operands)}->{result}"


def parted(subscripts: str) -> list[str]:
    """The labels in subscripts with an arrow."""
    return subscripts.replace("...", DOTS).replace("->", ",").split(",")


def einsum(
    build: Builder, subscripts: object, operands: Sequence[Node], text: str, span: Span | None
) -> Node:
    """The summation as a chain of contractions of two, the cheapest first.

    The cost of a contraction is taken as the number of labels in it: sizes are not known here.
    """
    *terms, result = read_subscripts(subscripts, len(operands), text, span)
    pool = list(zip(operands, terms, strict=True))
    pool = [
        _alone(build, node, term, [result, *terms[:i], *terms[i + 1 :]], span)
        for i, (node, term) in enumerate(pool)
    ]
    while len(pool) > 1:
        checkpoint()
        labels = Counter(chain(result, *(set(term) for _, term in pool)))
        terms = [term for _, term in pool]
        first, second = min(
            combinations(range(len(pool)), 2), key=lambda p: _cost(terms[p[0]], terms[p[1]], labels)
        )
        (a, la), (b, lb) = pool[first], pool[second]
        rest = [pair for i, pair in enumerate(pool) if i not in (first, second)]
        kept = set(result).union(*(term for _, term in rest))
        out = result if not rest else _kept(la + lb, kept)
        made = build.node("_einsum", a, b, value=(joined(la, lb, out),), span=span)
        pool = [*rest, (made, out)]
    node, term = pool[0]
    if term == result:
        return node
    axes = tuple(term.index(c) for c in result)
    if DOTS in term:
        return build.node("_diagonals", node, value=(joined(term, result),), span=span)
    return build.node("permute_dims", node, value=(axes,), span=span)


def _kept(labels: str, wanted: set[str]) -> str:
    return "".join(dict.fromkeys(c for c in labels if c in wanted))


def _cost(a: str, b: str, labels: Counter[str]) -> tuple[int, int]:
    """How many labels a contraction has, and how many of them are needed after it."""
    union = set(a) | set(b)
    return len(union), sum(labels[c] > (c in a) + (c in b) for c in union)


def _alone(
    build: Builder, node: Node, term: str, others: Sequence[str], span: Span | None
) -> tuple[Node, str]:
    """Take diagonals where a label stands twice, and sum over labels that nothing else has."""
    if len(set(term)) < len(term):
        out = "".join(dict.fromkeys(term))
        node = build.node("_diagonals", node, value=(joined(term, out),), span=span)
        term = out
    lonely = [c for c in term if not any(c in other for other in others)]
    if lonely:
        dots = term.find(DOTS)
        places = [term.index(c) for c in lonely]
        axes = tuple(p if dots < 0 or p < dots else p - len(term) for p in places)
        node = build.node("sum", node, value=(axes, False), span=span)
        term = "".join(c for c in term if c not in lonely)
    return node, term
