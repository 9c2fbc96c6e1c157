"""The rewriter: rules matched and applied to a graph in one loop over its nodes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.errors import Span
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Changes, Graph, Node, Value, ancestors
from symgrad.language.items import is_whole
from symgrad.rewriting.matching import Index, Kinds, match
from symgrad.rewriting.rulebook import parse_rules
from symgrad.rewriting.rules import Bindings, Rule, filled_in
from symgrad.shaping.slices import shortened

_Replacement = tuple[Node, Rule, Bindings, list[Node]]
"""A node, the rule that matches there, what its names stand for, and what is built of it so far."""


def index_of(table: FunctionTable, sections: tuple[str, ...], ops: frozenset[str]) -> Index:
    """The rules of some sections that can match where these operations occur, and maybe more.

    What was found for one formula serves for others: as long as no rule is new, they share an
    index. Rules that need operations which a graph lacks match nothing there.
    """
    key = ("index", sections, ops)
    index: Index | None = table.recent.get(key)
    if index is None:
        index = table.cache.get(("index", sections))
        rules = parse_rules(sections, ops, index.rules if index else ())
        if index is None or len(rules) > len(index.rules):
            index = table.cache["index", sections] = Index(rules, index)
        table.recent[key] = index
    return index


class Rewriter:
    """Builds nodes in their simplest form under the rules of some sections, and folds constants."""

    def __init__(
        self, table: FunctionTable, sections: tuple[str, ...], ops: Iterable[str] = ()
    ) -> None:
        self.builder = Builder()
        self._table = table
        self._simplest: dict[Node, Node] = {}
        self._under_way: list[_Replacement] = []
        self._seen: set[str] = set(ops)
        self._kinds: Kinds = {}
        self._of_rest: dict[frozenset[str], tuple[Index | None, Kinds]] = {}
        self.use(sections)

    def use(self, sections: tuple[str, ...]) -> None:
        """From here on, the rules of these sections; what was built before stays as it is."""
        self._sections = sections
        self._in_force = frozenset(sections)
        self._joined: dict[frozenset[str], frozenset[str]] = {}
        self._index = self._index_of(sections)
        self._kinds.clear()
        self._of_rest.clear()

    def _index_of(self, sections: tuple[str, ...]) -> Index:
        return index_of(self._table, sections, frozenset(self._seen))

    def node(self, op: str, *args: Node, value: Value = None, span: Span | None = None) -> Node:
        """The simplest form of an operation on operands that are in their simplest form."""
        return self.simplest(op, args, value, span)

    def simplest(self, op: str, args: tuple[Node, ...], value: Value, span: Span | None) -> Node:
        """The same as `node`, for loops over many."""
        node = self._fold(op, args, value, span)
        return self._simplest.get(node) or self._settled(node) or self._replaced(node)

    def _settled(self, node: Node) -> Node | None:
        """A node that no rule replaces; None for another, with its replacement begun."""
        if node.op not in self._seen:
            self._seen.add(node.op)
            self.use(self._sections)
        for rule in self._index.candidates(node, self._kinds):
            bound = match(rule, node)
            if bound is not None:
                made = [bound[name] for name in rule.plan.names]
                self._under_way.append((node, rule, bound, made))
                return None
        self._simplest[node] = node
        before = node.settled
        node.settled = self._with_those_in_force(before) if before else self._in_force
        return node

    def _with_those_in_force(self, settled: frozenset[str]) -> frozenset[str]:
        """Sections that a node was in its simplest form under, and those in force: one for all."""
        found = self._joined.get(settled)
        if found is None:
            found = self._joined[settled] = settled | self._in_force
        return found

    def _replaced(self, node: Node) -> Node:
        """The replacement that was begun for a node.

        It is built step by step, and each of its steps may be replaced in turn: the replacements
        under way stand on a stack.
        """
        under_way, simplest = self._under_way, self._simplest
        bottom = len(under_way)
        while True:
            target, rule, bound, made = under_way[-1]
            plan = rule.plan
            for op, places, value in plan.steps[len(made) - len(plan.names) :]:
                if plan.is_wild and isinstance(value, tuple):
                    value = filled_in(value, bound)
                args = tuple([made[place] for place in places])
                step = self._fold(op, args, value, target.span)
                done = simplest.get(step) or self._settled(step)
                if done is None:
                    break  # Its own replacement is the next one under way.
                made.append(done)
            else:
                done = simplest[target] = made[plan.last]
                under_way.pop()
                if len(under_way) < bottom:
                    return done
                under_way[-1][-1].append(done)

    def again(self, node: Node, stays: bool = False) -> Node:
        """The simplest form of a node of the graph whose operands are as they were.

        It may be told that it `stays`, or be in that form under some sections, maybe others.
        """
        if not stays and not (node.settled and self._stays(node)):
            op, args = node.op, node.args
            if op in _FOLDED or (args and args[0].op == args[-1].op == "constant"):
                return self.simplest(op, args, node.value, node.span)
            taken = self.builder.take(node)
            return self._simplest.get(taken) or self._settled(taken) or self._replaced(taken)
        taken = self.builder.take(node)
        return self._simplest.setdefault(taken, taken)

    def _stays(self, node: Node) -> bool:
        """Whether a node that was in its simplest form before is in it under those in force."""
        index, kinds = self._of_rest.get(node.settled) or self._begin_rest(node.settled)
        if index is None:
            return True
        if index.candidates(node, kinds):
            return False
        node.settled = self._with_those_in_force(node.settled)
        return True

    def begin(self, nodes: Sequence[Node], settled: Container[Node] = ()) -> int:
        """Take nodes of a graph, operands first, as long as they stay; how many those are."""
        changes = (
            n
            for n, node in enumerate(nodes)
            if node not in settled and not (node.settled and self._stays(node))
        )
        count = next(changes, len(nodes))
        self.builder.nodes.extend(nodes[:count])
        self._simplest.update(zip(nodes[:count], nodes[:count], strict=True))
        return count

    def _begin_rest(self, settled: frozenset[str]) -> tuple[Index | None, Kinds]:
        """The rules of those sections in force that are not among some others; None for none."""
        sections = tuple([section for section in self._sections if section not in settled])
        found = self._of_rest[settled] = self._index_of(sections) if sections else None, {}
        return found

    def _fold(self, op: str, args: tuple[Node, ...], value: Value, span: Span | None) -> Node:
        """An operation, or the constant that it is. Names of operations are NumPy's."""
        if args and args[0].op == args[-1].op == "constant":
            folded = _computed(op, [arg.value for arg in args])
            if folded is not None:
                return self.builder.node("constant", value=folded, span=span)
        if op not in _FOLDED:
            return self.builder.intern(op, args, value, span)
        if op == "indicator" and args[0].is_constant:
            return self.builder.constant(float(bool(args[0].value)))
        if op == "integer" and is_whole(args[0]):
            return args[0]
        shorter = shortened(op, args, value) if op in _PARTS else None
        while shorter is not None:
            op = "index" if op == "squeeze" else op
            args, value = shorter
            shorter = shortened(op, args, value)
        if op in _LINE_UP and _is_matrix(args[1]):
            return args[0]
        if op == "power" and args[1].is_constant and args[1].value == 0:
            op, args = "broadcast", (self.builder.constant(1.0), args[0])
        elif op == "keep" and args[0].is_constant and args[0].value is False:
            op, args = "broadcast", (self.builder.constant(0.0), args[1])
        if op in ("broadcast", "join") and (args[1].is_constant or args[0] is args[1]):
            return args[0]
        if op == "join" and args[0].is_constant:
            return args[1]
        turned = self.builder.known(op, args[1], args[0]) if op in _SYMMETRIC else None
        return turned or self.builder.node(op, *args, value=value, span=span)


_SYMMETRIC = frozenset(("hypot", "logaddexp"))
"""Costly functions that are bitwise the same with operands exchanged: one call serves for both."""

_PARTS = frozenset(("index", "place", "squeeze"))
_PLAIN: Mapping[str, Callable[..., float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "negative": operator.neg,
}
"""What Python computes as NumPy does, to the bit, and without a warning to silence."""


def _computed(op: str, values: list[Any]) -> float | bool | None:
    """What NumPy's function of a name gives for numbers; None if it has none."""
    plain = _PLAIN.get(op)
    if plain and all(type(value) is float for value in values):
        return plain(*values)
    ufunc = getattr(np, op, None)
    if not isinstance(ufunc, np.ufunc):
        return None
    with np.errstate(all="ignore"):
        result = ufunc(*values)
    return bool(result) if isinstance(result, np.bool_) else float(result)


_LINE_UP = frozenset("_rerow _unrow _recolumn _uncolumn".split())
_FOLDED = (
    frozenset("indicator integer power keep broadcast join".split())
    | _PARTS
    | _LINE_UP
    | _SYMMETRIC
)
"""Operations that may be another one, or an operand, whatever the rules are."""

_MATRICES = frozenset(
    """inv matrix_transpose _solve _cholesky pinv _qr_q _qr_r _svd_u _svd_vh eye tril triu
    _diag_matrix _eigenvectors_of _cofactors""".split()
)


def _is_matrix(node: Node) -> bool:
    """Whether a node is seen to have two axes or more."""
    while node.op in ("negative", "abs", "exp", "stop_gradient"):
        node = node.args[0]
    return node.op in _MATRICES


def rewrite(
    graph: Graph,
    table: FunctionTable,
    sections: tuple[str, ...],
    beyond: tuple[str, ...] = (),
    value: Sequence[Node] = (),
    settled: Container[Node] = (),
) -> Graph:
    """The graph with every operation in its simplest form.

    `sections` of rewrites.sg hold everywhere, those `beyond` only for what `value` does not need.
    Nodes that are `settled` stay as they are unless their operands change.
    """
    rewriter = Rewriter(table, sections, [node.op for node in graph.nodes])
    made = Changes()
    unchanged, get = made.keys().isdisjoint, made.get
    parts: list[Sequence[Node]] = [graph.nodes]
    if beyond:
        first = ancestors(graph.nodes, value)
        parts = [[node for node in graph.nodes if node in first]]
        parts.append([node for node in graph.nodes if node not in first])
    start = rewriter.begin(parts[0], settled)
    if start == len(graph.nodes):
        return graph
    again, simplest = rewriter.again, rewriter.simplest
    for nodes in parts:
        if nodes is not parts[0]:
            start = 0
            rewriter.use(sections + beyond)
        for node in nodes[start:]:
            args = node.args
            if not made or unchanged(args):
                done = again(node, node in settled)
            else:
                args = tuple(map(get, args, args))
                done = simplest(node.op, args, node.value, node.span)
            if done is not node:
                made[node] = done
    labels = {get(node, node): name for node, name in graph.labels.items()}
    return rewriter.builder.graph(tuple(made[n] for n in graph.outputs), labels)
