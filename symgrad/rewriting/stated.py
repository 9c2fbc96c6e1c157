"""The stated derivative of an operation for one operand, as steps: what the reverse pass builds.

Steps are made once for all uses of an operation. What a derivative computes from an operand alone,
such as `y - 1` in that of a power, is computed once for each constant there.
"""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.differentiation.nonzero import always_holds
from symgrad.errors import DerivativeError
from symgrad.functions import Function, FunctionTable
from symgrad.graph import Builder, Graph, Node
from symgrad.lower import derivative
from symgrad.rewrite import rewrite
from symgrad.rewriting.rules import Plan, plan_of

_OUT, _G = -2, -1


@dataclass(frozen=True, slots=True)
class Term:
    """How the term of a cotangent for one operand is built, and on what.

    Places are those of the operands, then the operation itself and its cotangent. A term is whole
    if it has the cotangent in it; else it is a factor of it. `folds` is an operand with which alone
    something is computed.
    """

    plan: Plan
    places: tuple[int, ...]
    folds: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the cotangent is in it."""
        return _G in self.places


def term_of(node: Node, position: int, table: FunctionTable, text: str) -> Term | None:
    """The term for one operand of an operation; None where it is 0.

    Raises
    ------
    DerivativeError
        It has none.
    """
    key = "term", node.op, position, node.value
    if key not in table.recent:
        table.recent[key] = _stated(node, position, table, text)
    found: Term | None = table.recent[key]
    if found is None or found.folds is None or not node.args[found.folds].is_constant:
        return found
    return _folded(node, position, found.folds, table)


def _stated(node: Node, position: int, table: FunctionTable, text: str) -> Term | None:
    function = table[node.op]
    if function.derivative_is(position, "none"):
        name = function.operands[position]
        raise DerivativeError(
            f"{function.name} has no derivative with respect to its argument {name}",
            text, node.args[position].span or node.span,
            "Make it a constant, or leave it out of wrt.",
        )  # fmt: skip
    graph = derivative(function, table, position, node.value)
    if graph is None:
        return None
    others = [place for place in range(len(function.operands)) if place != position]
    folds = [place for place in others if _computes_with(graph, function.operands[place])]
    return _term(graph, function, folds[0] if folds else None)


def _term(graph: Graph, function: Function, folds: int | None = None) -> Term:
    plan = plan_of(graph)
    places = {name: place for place, name in enumerate(function.operands)}
    places |= {"out": _OUT, "g": _G}
    return Term(plan, tuple([places[name] for name in plan.names]), folds)


def _computes_with(graph: Graph, name: str) -> bool:
    """Whether something is computed from the operand of a name, if from constants besides."""
    plain: set[Node] = set()
    own: set[Node] = set()
    for node in graph.nodes:
        if node.op == "input" and node.value == name:
            own.add(node)
        elif node.op == "constant" or (node.args and plain.issuperset(node.args)):
            plain.add(node)
        elif node.args and not own.isdisjoint(node.args) and (plain | own).issuperset(node.args):
            return True
    return False


def _folded(node: Node, position: int, place: int, table: FunctionTable) -> Term:
    """The term for a constant at some place, with all computed that depends on that alone."""
    constant = node.args[place]
    key = "folded term", node.op, position, node.value, repr(constant.value)
    found: Term | None = table.recent.get(key)
    if found is None:
        function = table[node.op]
        graph = derivative(function, table, position, node.value)
        assert graph is not None
        build = Builder()
        bound = {name: build.node("input", value=name) for name in graph.inputs()}
        bound[function.operands[place]] = build.node("constant", value=constant.value)
        term = build.inline(graph, bound)
        if term.op == "keep" and always_holds(term.args[0]):
            term = term.args[1]
        folded = rewrite(build.graph([term]), table, ("exact",))
        found = table.recent[key] = _term(folded, function)
    return found
