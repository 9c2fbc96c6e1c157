"""The rewriter: rules matched and applied to a graph in one loop over its nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from symgrad.errors import Span
from symgrad.functions import FunctionTable, Recent
from symgrad.graph import Builder, Changes, Graph, Node, Value, ancestors
from symgrad.items import is_whole
from symgrad.rules import OPEN, PREDICATES, Attribute, Bindings, Rule, as_node, parse_rules
from symgrad.slices import shortened
from symgrad.template import Wild

COMMUTATIVE = frozenset(
    "add multiply equal not_equal logical_and logical_or maximum minimum hypot logaddexp".split()
)


_Trial = tuple[Any, Bindings]
"""Pairs of a pattern's node and a graph's node still to be compared, as a chain of `(pattern's,
graph's, the rest)`; what names stand for."""


_Kind = tuple[Any, ...]
"""An operation and those of its operands; for a constant, what is told of it."""


def match(rule: Rule, node: Node) -> Bindings | None:
    """What the names of a pattern stand for at a node, or None. Commuted operands are tried too."""
    pending: Any = (rule.pattern.outputs[0], node, None)
    bound: Bindings = {}
    others: list[_Trial] = []
    while pending is not None:
        wanted, found, pending = pending
        op = wanted.op
        if op == "input":
            guard = rule.predicates.get(wanted.value)
            holds = guard is None or PREDICATES[guard](found)
            fits = holds and bound.setdefault(wanted.value, found) is found
        elif op == "constant":
            fits = found.op == "constant" and _same(wanted.value, found.value)
        else:
            args, have = wanted.args, found.args
            fits = op == found.op and len(args) == len(have)
            if fits and (wanted.value is not None or found.value is not None):
                fits = _same_attributes(wanted.value, found.value, bound)
            if fits and len(args) == 1:
                pending = (args[0], have[0], pending)
            elif fits:
                if op in COMMUTATIVE and have[0] is not have[1]:
                    swapped = (args[0], have[1], (args[1], have[0], pending))
                    others.append((swapped, dict(bound)))
                pending = (args[0], have[0], (args[1], have[1], pending))
        if not fits:
            if not others:
                return None
            pending, bound = others.pop()
    return bound


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
        self._candidates: dict[object, tuple[Rule, ...]] = Recent()
        self._constants: dict[object, _Kind] = Recent()

    def candidates(self, node: Node, kinds: dict[Node, _Kind]) -> tuple[Rule, ...]:
        """The rules that a look at a node and what is below it does not rule out, in order.

        `kinds` remembers what was told of nodes.
        """
        rules = self._roots.get(node.op)
        if not rules:
            return ()
        args = node.args
        alike = len(args) == 2 and args[0] is args[1]
        below = tuple([kinds.get(arg) or self._kind(arg, kinds) for arg in args])
        shape = (node.op, alike, below)
        found = self._candidates.get(shape)
        if found is None:
            found = tuple(rule for rule in rules if _may_match(rule, below, alike))
            self._candidates[shape] = found
        return found

    def _kind(self, node: Node, kinds: dict[Node, _Kind]) -> _Kind:
        """Its operation, and those of its operands; of a constant, what is told of that."""
        kind: _Kind
        if node.op == "constant":
            kind = self._of_constant(node.value)
        else:
            operands = [
                arg.op if arg.op != "constant" else self._of_constant(arg.value)
                for arg in node.args
            ]
            kind = (node.op, *operands)
        kinds[node] = kind
        return kind

    def _of_constant(self, value: Value) -> _Kind:
        """The guards that a constant passes, and its value if rules name it."""
        key = value.hex() if isinstance(value, float) else value
        kind = self._constants.get(key)
        if kind is None:
            node = Node("constant", (), value)
            passed = [name for name, passes in PREDICATES.items() if passes(node)]
            if (type(value), value) in self._numbers:
                passed.append(repr(value))
            kind = self._constants[key] = ("constant", *passed)
        return kind


class Rewriter:
    """Builds nodes in their simplest form under the rules of some sections, and folds constants."""

    def __init__(self, table: FunctionTable, sections: tuple[str, ...]) -> None:
        self.builder = Builder()
        self._table = table
        self._simplest: dict[Node, Node] = {}
        self._seen: set[str] = set()
        self._kinds: dict[Node, _Kind] = {}
        self._of_rest: dict[frozenset[str], tuple[Index, dict[Node, _Kind]]] = {}
        self.use(sections)

    def use(self, sections: tuple[str, ...]) -> None:
        """From here on, the rules of these sections; what was built before stays as it is."""
        self._sections = sections
        self._in_force = frozenset(sections)
        self._index = self._index_of(sections)
        self._kinds.clear()
        self._of_rest.clear()

    def _index_of(self, sections: tuple[str, ...]) -> Index:
        seen = frozenset(self._seen)
        key = ("index", sections, seen)
        index: Index | None = self._table.recent.get(key)
        if index is None:
            index = Index(parse_rules(self._table, sections, seen))
            self._table.recent[key] = index
        return index

    def meet(self, ops: Iterable[str]) -> None:
        """Make ready for the rules about these operations, all at once."""
        if not self._seen.issuperset(ops):
            self._seen.update(ops)
            self.use(self._sections)

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
                    node.settled |= self._in_force
                else:
                    under_way.append(_Replacement(node, *found))
            while under_way:
                top = under_way[-1]
                if done is not None:
                    top.receive(done)
                    done = None
                if top.wanted is not None:
                    op, value, span = top.wanted.op, top.attributes(), top.target.span
                    args = tuple([top.made[arg] for arg in top.wanted.args])
                    break
                done = self._simplest[top.target] = top.result
                under_way.pop()
            else:
                assert done is not None
                return done

    def again(self, node: Node) -> Node:
        """The simplest form of a node that was in it before under some sections, maybe others.

        Its operands are as they were.
        """
        if not self._in_force <= node.settled:
            rest = self._in_force - node.settled
            index, kinds = self._of_rest.get(rest) or self._begin_rest(rest)
            if index.candidates(node, kinds):
                return self.node(node.op, *node.args, value=node.value, span=node.span)
            node.settled |= rest
        taken = self.builder.take(node)
        return self._simplest.setdefault(taken, taken)

    def _begin_rest(self, rest: frozenset[str]) -> tuple[Index, dict[Node, _Kind]]:
        """The rules of some of the sections in force."""
        sections = tuple([section for section in self._sections if section in rest])
        found = self._of_rest[rest] = self._index_of(sections), {}
        return found

    def _first_match(self, node: Node) -> tuple[Rule, Bindings] | None:
        if node.op not in self._seen:
            self.meet((node.op,))
        for rule in self._index.candidates(node, self._kinds):
            bound = match(rule, node)
            if bound is not None:
                return rule, bound
        return None

    def _fold(self, op: str, args: tuple[Node, ...], value: Value, span: Span | None) -> Node:
        """An operation, or the constant that it is. Names of operations are NumPy's."""
        if args and args[0].op == args[-1].op == "constant":
            ufunc = getattr(np, op, None)
            if isinstance(ufunc, np.ufunc):
                with np.errstate(all="ignore"):
                    result = ufunc(*[arg.value for arg in args])
                folded = bool(result) if isinstance(result, np.bool_) else float(result)
                return self.builder.node("constant", value=folded, span=span)
        if op not in _FOLDED:
            return self.builder.node(op, *args, value=value, span=span)
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
        if op in ("broadcast", "join") and args[1].is_constant:
            return args[0]
        if op == "join" and args[0].is_constant:
            return args[1]
        return self.builder.node(op, *args, value=value, span=span)


_PARTS = frozenset(("index", "place", "squeeze"))
_LINE_UP = frozenset("_rerow _unrow _recolumn _uncolumn".split())
_FOLDED = frozenset("indicator integer power keep broadcast join".split()) | _PARTS | _LINE_UP
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
    if not wanted.args:
        return _may_be_leaf(rule, wanted, found)
    if wanted.op != found[0] or len(wanted.args) != len(found) - 1:
        return False
    return any(
        all(
            _may_be_leaf(rule, want, have) if not want.args else want.op == have
            for want, have in zip(wanted.args, order, strict=True)
        )
        for order in _orders(wanted, found[1:])
    )


def _may_be_leaf(rule: Rule, wanted: Node, found: str | _Kind) -> bool:
    """Whether a name or a number in a pattern can be what is told of a node."""
    told = found[1:] if not isinstance(found, str) and found[0] == "constant" else None
    if wanted.op == "constant":
        return told is not None and repr(wanted.value) in told
    guard = rule.predicates.get(str(wanted.value))
    return guard is None or (guard in OPEN if told is None else guard in told)


def _orders(wanted: Node, operands: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    return (operands, operands[::-1]) if wanted.op in COMMUTATIVE else (operands,)


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
    rewriter.meet({node.op for node in graph.nodes})
    first = ancestors(graph.nodes, graph.outputs if value is None else [value])
    made = Changes()
    rest = [node for node in graph.nodes if node not in first]
    for nodes in ([node for node in graph.nodes if node in first], rest):
        for node in nodes:
            same = made.keys().isdisjoint(node.args)
            if same and node.settled:
                done = rewriter.again(node)
            else:
                args = node.args if same else [made[arg] for arg in node.args]
                done = rewriter.node(node.op, *args, value=node.value, span=node.span)
            if done is not node:
                made[node] = done
        rewriter.use(sections + beyond)
    labels = {made[node]: name for node, name in graph.labels.items()}
    return rewriter.builder.graph(tuple(made[n] for n in graph.outputs), labels)
