"""Terms of a sum that cancel one another stand together, as in `exp(v) + m**2 - 1 - v`.

The terms of a sum may be taken in any order. Those that depend on the same inputs, and the
constants, are looked at alone: where they have a series about a point at which they cancel, they
are added up first, so that the series takes their place and the other terms lose nothing to them.
Where there is none, sums stay as they are written.
"""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.rewriting.cancellation import series_of
from symgrad.rewriting.ingredients import made_of, take_all

_SUMS = frozenset(("add", "subtract"))
_PLAIN = frozenset("input constant power add subtract multiply negative".split())
_MOST_TERMS = 8

Terms = list[tuple[int, Node]]
"""What is added up, each with its sign."""


def gathered(graph: Graph, table: FunctionTable) -> Graph:
    """The graph with those terms of a sum together that cancel somewhere."""
    chosen: dict[Node, tuple[Terms, Terms]] = {}
    for root in _whole_sums(graph):
        terms = _terms(root)
        own = _cancelling(terms, table) if len(terms) >= 3 else []
        if own:
            chosen[root] = own, [term for term in terms if term not in own]
    if not chosen:
        return graph

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node not in chosen:
            return None
        own, others = chosen[node]
        again = [[(sign, made[term]) for sign, term in terms] for terms in (own, others)]
        return _added_up(build, [(1, _added_up(build, again[0])), *again[1]])

    return rebuilt(graph, replace, _SUMS)


def _whole_sums(graph: Graph) -> list[Node]:
    """Sums that are no part of another sum alone."""
    found = [node for node in graph.nodes if node.op in _SUMS]
    parts = [arg for node in found for arg in node.args if arg.op in _SUMS]
    if not parts:
        return []
    needed = {arg for node in graph.nodes if node.op not in _SUMS for arg in node.args}
    inner = set(parts) - needed - set(graph.outputs)
    return [node for node in found if node not in inner and not _SUMS.isdisjoint(_ops(node))]


def _ops(node: Node) -> list[str]:
    return [arg.op for arg in node.args]


def _terms(root: Node) -> Terms:
    """The terms of a sum, from the left; none of a long one, which is not gone through."""
    found: Terms = []
    waiting = [(1, root)]
    while waiting:
        if len(found) + len(waiting) > _MOST_TERMS:
            return []
        sign, node = waiting.pop()
        if node.op in _SUMS:
            turned = -sign if node.op == "subtract" else sign
            waiting += [(turned, node.args[1]), (sign, node.args[0])]
        elif node.op == "negative":
            waiting.append((-sign, node.args[0]))
        else:
            found.append((sign, node))
    return found


def _cancelling(terms: Terms, table: FunctionTable) -> Terms:
    """The terms that depend on the same inputs and cancel, unless they stand together."""
    under = {term: made_of(term) for _, term in terms}
    groups: dict[frozenset[Node], Terms] = {}
    for sign, term in terms:
        inputs = frozenset([node for node in under[term] if node.op == "input"])
        groups.setdefault(inputs, []).append((sign, term))
    constants = [(sign, term) for sign, term in terms if term.is_constant]
    for inputs, group in groups.items():
        own = [term for term in terms if term in group or term in constants]
        plain = all(node.op in _PLAIN for _, term in group for node in under[term])
        several = len(group) > 1 and len(own) < len(terms) and own != terms[: len(own)]
        if inputs and several and not plain and series_of(_alone(own, under), table) is not None:
            return own
    return []


def _alone(terms: Terms, under: Mapping[Node, dict[Node, None]]) -> Graph:
    """The sum of some terms by itself."""
    build = Builder()
    take_all(build, dict.fromkeys(node for _, term in terms for node in under[term]))
    return build.graph([_added_up(build, terms)])


def _added_up(build: Builder, terms: Terms) -> Node:
    """A sum that begins with a term that is added, if there is one."""
    first = next((k for k, (sign, _) in enumerate(terms) if sign > 0), 0)
    sign, total = terms[first]
    total = total if sign > 0 else build.node("negative", total)
    for sign, term in terms[:first] + terms[first + 1 :]:
        total = build.node("add" if sign > 0 else "subtract", total, term)
    return total
