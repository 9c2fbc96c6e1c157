"""The rewriter: rules matched and applied to a graph in one loop over its nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from symgrad.errors import Span
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, Value, ancestors
from symgrad.items import is_whole
from symgrad.rules import OPEN, PREDICATES, Attribute, Bindings, Rule, as_node, parse_rules
from symgrad.slices import shortened
from symgrad.template import Wild

COMMUTATIVE = frozenset(
    "add multiply equal not_equal logical_and logical_or maximum minimum hypot logaddexp".split()
)


_Trial = tuple[tuple[tuple[Node, Node], ...], Bindings]
"""Pairs of a pattern's node and a graph's node still to be compared; what names stand for."""


_Kind = tuple[str, ...]
"""An operation and those of its operands; for a constant, what is told of it."""


def match(rule: Rule, node: Node) -> Bindings | None:
    """What the names of a pattern stand for at a node, or None. Commuted operands are tried too."""
    trials: list[_Trial] = [(((rule.pattern.outputs[0], node),), {})]
    while trials:
        pending, bound = trials.pop()
        if not pending:
            return bound
        (wanted, found), rest = pending[0], pending[1:]
        if wanted.op == "input":
            name = str(wanted.value)
            guard = rule.predicates.get(name)
            if guard is not None and not PREDICATES[guard](found):
                continue
            if bound.setdefault(name, found) is found:
                trials.append((rest, bound))
        elif wanted.op == "constant":
            if found.op == "constant" and _same(wanted.value, found.value):
                trials.append((rest, bound))
        elif wanted.op == found.op and len(wanted.args) == len(found.args):
            if not _same_attributes(wanted.value, found.value, bound):
                continue
            first = tuple(zip(wanted.args, found.args, strict=True))
            if wanted.op in COMMUTATIVE and found.args[0] is not found.args[1]:
                swapped = tuple(zip(wanted.args, reversed(found.args), strict=True))
                trials.append((swapped + rest, dict(bound)))
            trials.append((first + rest, bound))
    return None


def _same_attributes(wanted: Value, found: Value, bound: Bindings) -> bool:
    """Whether attributes agree; wild ones are bound, and later filled in."""
    if wanted == found:
        return True
    if not isinstance(wanted, tuple) or not isinstance(found, tuple) or len(wanted) != len(found):
        return False
    for want, have in zip(wanted, found, strict=True):
        if isinstance(want, Wild):
            want = bound.setdefault(want.name, Attribute(have)).value
        if type(want) is not type(have) or want != have:
            return False
    return True


def _same(a: Value, b: Value) -> bool:
    return type(a) is type(b) and a == b


class Index:
    """Rules by the operation at their root and what stands two levels below it."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._roots: dict[str, list[Rule]] = {}
        self._numbers: set[tuple[type, Value]] = set()
        for rule in rules:
            self._roots.setdefault(rule.pattern.outputs[0].op, []).append(rule)
            numbers = (node for node in rule.pattern.nodes if node.is_constant)
            self._numbers.update((type(node.value), node.value) for node in numbers)
        self._candidates: dict[object, tuple[Rule, ...]] = {}

    def candidates(self, node: Node, kinds: dict[Node, _Kind]) -> tuple[Rule, ...]:
        """The rules that a look at a node and what is below it does not rule out, in order.

        `kinds` remembers what is told of constants.
        """
        rules = self._roots.get(node.op)
        if not rules:
            return ()
        args = node.args
        alike = len(args) == 2 and args[0] is args[1]
        below = tuple(
            [
                (arg.op, *[a.op for a in arg.args])
                if arg.op != "constant"
                else kinds.get(arg) or self._kind(arg, kinds)
                for arg in args
            ]
        )
        shape = (node.op, alike, below)
        found = self._candidates.get(shape)
        if found is None:
            found = tuple(rule for rule in rules if _may_match(rule, below, alike))
            self._candidates[shape] = found
        return found

    def _kind(self, node: Node, kinds: dict[Node, _Kind]) -> _Kind:
        """What is told of a constant: the guards that it passes, and its value if rules name it."""
        passed = [name for name, passes in PREDICATES.items() if passes(node)]
        if (type(node.value), node.value) in self._numbers:
            passed.append(repr(node.value))
        kinds[node] = kind = ("constant", *passed)
        return kind


class Rewriter:
    """Builds nodes in their simplest form under the rules of some sections, and folds constants."""

    def __init__(self, table: FunctionTable, sections: tuple[str, ...]) -> None:
        self.builder = Builder()
        self._table = table
        self._simplest: dict[Node, Node] = {}
        self._seen: set[str] = set()
        self._kinds: dict[Node, _Kind] = {}
        self.use(sections)

    def use(self, sections: tuple[str, ...]) -> None:
        """From here on, the rules of these sections; what was built before stays as it is."""
        self._sections = sections
        seen = frozenset(self._seen)
        key = ("index", sections, seen)
        index: Index | None = self._table.recent.get(key)
        if index is None:
            index = Index(parse_rules(self._table, sections, seen))
            self._table.recent[key] = index
        self._index = index
        self._kinds.clear()

    def node(self, op: str, *args: Node, value: Value = None, span: Span | None = None) -> Node:
        """The simplest form of an operation on operands that are in their simplest form.

        A replacement is built step by step, and each of its steps may be replaced in turn: the
        replacements under way stand on a stack.
        """
        under_way: list[_Replacement] = []
        while True:
            node = self._fold(op, args, value, span)
            done = self._simplest.get(node)
            if done is None:
                found = self._first_match(node)
                if found is None:
                    done = self._simplest[node] = node
                else:
                    under_way.append(_Replacement(node, *found))
            while under_way:
                top = under_way[-1]
                if done is not None:
                    top.receive(done)
                    done = None
                if top.wanted is not None:
                    op, value, span = top.wanted.op, top.attributes(), top.target.span
                    args = tuple(top.made[arg] for arg in top.wanted.args)
                    break
                done = self._simplest[top.target] = top.result
                under_way.pop()
            else:
                assert done is not None
                return done

    def _first_match(self, node: Node) -> tuple[Rule, Bindings] | None:
        if node.op not in self._seen:
            self._seen.add(node.op)
            self.use(self._sections)
        for rule in self._index.candidates(node, self._kinds):
            bound = match(rule, node)
            if bound is not None:
                return rule, bound
        return None

    def _fold(self, op: str, args: tuple[Node, ...], value: Value, span: Span | None) -> Node:
        """An operation, or the constant that it is. Names of operations are NumPy's."""
        if args and all(arg.op == "constant" for arg in args):
            ufunc = getattr(np, op, None)
            if isinstance(ufunc, np.ufunc):
                with np.errstate(all="ignore"):
                    result = ufunc(*[arg.value for arg in args])
                folded = bool(result) if isinstance(result, np.bool_) else float(result)
                return self.builder.node("constant", value=folded, span=span)
        if op == "indicator" and args[0].is_constant:
            return self.builder.constant(float(bool(args[0].value)))
        if op == "integer" and is_whole(args[0]):
            return args[0]
        shorter = shortened(op, args, value) if op in ("index", "place", "squeeze") else None
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
        if op in ("broadcast", "join") and args[1].is_constant:
            return args[0]
        if op == "join" and args[0].is_constant:
            return args[1]
        if op in _SYMMETRIC:
            return self.builder.known(op, args[1], args[0]) or self.builder.node(
                op, *args, span=span
            )
        return self.builder.node(op, *args, value=value, span=span)


_SYMMETRIC = frozenset(("hypot", "logaddexp"))
"""Costly functions that are bitwise the same with operands exchanged: one call serves for both."""

_LINE_UP = frozenset("_rerow _unrow _recolumn _uncolumn".split())
_MATRICES = frozenset(
    """inv matrix_transpose _solve _cholesky pinv _qr_q _qr_r _svd_u _svd_vh eye tril triu
    _diag_matrix _eigenvectors_of _cofactors""".split()
)


def _is_matrix(node: Node) -> bool:
    """Whether a node is seen to have two axes or more."""
    while node.op in ("negative", "abs", "exp", "stop_gradient"):
        node = node.args[0]
    return node.op in _MATRICES


class _Replacement:
    """A rule's right side, being built in the place of a node."""

    def __init__(self, target: Node, rule: Rule, bound: Bindings) -> None:
        nodes = rule.replacement.nodes
        self.target = target
        self.bound = bound
        self.made = {n: as_node(bound[str(n.value)]) for n in nodes if n.op == "input"}
        self._steps = iter([node for node in nodes if node.op != "input"])
        self._last = rule.replacement.outputs[0]
        self.wanted = next(self._steps, None)

    def attributes(self) -> Value:
        """Those of the wanted operation, with what the pattern bound."""
        assert self.wanted is not None
        value = self.wanted.value
        if not isinstance(value, tuple) or not any(isinstance(v, Wild) for v in value):
            return value
        return tuple(self.bound[v.name].value if isinstance(v, Wild) else v for v in value)

    def receive(self, done: Node) -> None:
        if self.wanted is not None:
            self.made[self.wanted] = done
            self.wanted = next(self._steps, None)

    @property
    def result(self) -> Node:
        return self.made[self._last]


def _may_match(rule: Rule, operands: tuple[_Kind, ...], alike: bool) -> bool:
    """Whether a pattern's operands can be these, in either order where it commutes."""
    root = rule.pattern.outputs[0]
    if len(root.args) == 2 and root.args[0] is root.args[1] and not alike:
        return False
    return any(
        all(_may_be(rule, want, have) for want, have in zip(root.args, order, strict=True))
        for order in _orders(root, operands)
    )


def _may_be(rule: Rule, wanted: Node, found: _Kind) -> bool:
    if wanted.op == "input":
        guard = rule.predicates.get(str(wanted.value))
        return guard is None or (guard in found[1:] if found[0] == "constant" else guard in OPEN)
    if wanted.op == "constant":
        return found[0] == "constant" and repr(wanted.value) in found[1:]
    if wanted.op != found[0] or len(wanted.args) != len(found) - 1:
        return False
    below = [_wanted_op(rule, arg) for arg in wanted.args]
    return any(
        all(want in (None, have) for want, have in zip(below, order, strict=True))
        for order in _orders(wanted, found[1:])
    )


def _orders(wanted: Node, operands: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    return (operands, operands[::-1]) if wanted.op in COMMUTATIVE else (operands,)


def _wanted_op(rule: Rule, node: Node) -> str | None:
    """The operation that a pattern asks for; None for any. Most guards are about constants."""
    if node.op != "input":
        return node.op
    return None if rule.predicates.get(str(node.value), "varying") in OPEN else "constant"


def rewrite(
    graph: Graph,
    table: FunctionTable,
    sections: tuple[str, ...],
    beyond: tuple[str, ...] = (),
    value: Node | None = None,
) -> Graph:
    """The graph with every operation in its simplest form.

    `sections` of rewrites.sg hold everywhere, those `beyond` only for what `value` does not need.
    """
    rewriter = Rewriter(table, sections)
    first = ancestors(graph.nodes, [value]) if value is not None else set(graph.nodes)
    made: dict[Node, Node] = {}
    for nodes in ([n for n in graph.nodes if n in first], graph.nodes):
        for node in nodes:
            if node not in made:
                args = tuple(made[arg] for arg in node.args)
                made[node] = rewriter.node(node.op, *args, value=node.value, span=node.span)
        rewriter.use(sections + beyond)
    labels = {made[node]: name for node, name in graph.labels.items()}
    return rewriter.builder.graph(tuple(made[n] for n in graph.outputs), labels)
