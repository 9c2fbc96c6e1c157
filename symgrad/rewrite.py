"""The rewriter: rewrites.sg, and functions.sg read backwards, applied to a graph in one loop."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from symgrad.errors import DefinitionError, Span
from symgrad.functions import FunctionTable, table_lines
from symgrad.graph import Builder, Graph, Node, Value, ancestors
from symgrad.lower import definition, lower_rule
from symgrad.parser import grammar_folder
from symgrad.syntax import Rewrite, Tree, parse_rewrite

SECTIONS = ("exact", "stable", "tidy")
CONDITIONS = ("p", "q")
COMMUTATIVE = frozenset(
    "add multiply equal not_equal logical_and logical_or maximum minimum hypot logaddexp".split()
)

COST: Mapping[str, float] = {
    "input": 0,
    "constant": 0,
    "negative": 1,
    "logical_not": 1,
    "logical_and": 1,
    "logical_or": 1,
    "add": 2,
    "subtract": 2,
    "multiply": 2,
    "divide": 3,
    "power": 3,
    "sqrt": 3,
    "keep": 4,
    "indicator": 4,
}
"""What an operation costs; every other one costs 8. A rule must lower the sum over its two sides, or
keep it and bring signs and constant factors nearer to the root."""

Bindings = dict[str, Node]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A pattern, what takes its place, and the conditions for it."""

    text: str
    pattern: Graph
    replacement: Graph
    guards: tuple[Callable[[Bindings, Builder], bool], ...] = ()


def _is_constant(node: Node) -> bool:
    return node.op == "constant" and not isinstance(node.value, bool)


def _size(node: Node) -> float:
    return abs(node.value) if isinstance(node.value, float) else math.nan


_PREDICATES: Mapping[str, Callable[[Node], bool]] = {
    "constant": _is_constant,
    "negative": lambda n: isinstance(n.value, float) and n.op == "constant" and n.value < 0,
    "moderate": lambda n: _is_constant(n) and 2.0**-32 <= _size(n) <= 2.0**32,
    "even": lambda n: _is_constant(n) and _size(n) % 2 == 0,
    "true": lambda n: n.op == "constant" and n.value is True,
    "dyadic": lambda n: _is_constant(n) and math.frexp(_size(n))[0] == 0.5,
    "false": lambda n: n.op == "constant" and n.value is False,
}


def _guard(tree: Tree, rule: Rewrite, table: FunctionTable) -> Callable[[Bindings, Builder], bool]:
    name = tree.value.name if tree.op == "call" else ""
    if name == "computed":
        wanted = lower_rule(tree.args[0], rule.text, table, CONDITIONS)
        return lambda bound, builder: _find(wanted, bound, builder) is not None
    if name not in _PREDICATES or tree.args[0].op != "name":
        raise DefinitionError("this is not a guard", rule.text, tree.span)
    holds, variable = _PREDICATES[name], tree.args[0].value
    return lambda bound, builder: holds(bound[variable])


def _find(wanted: Graph, bound: Bindings, builder: Builder) -> Node | None:
    """The node of an expression over bound names, where the builder has made it already."""
    made: dict[Node, Node] = {}
    for node in wanted.nodes:
        if node.op == "input":
            made[node] = bound[str(node.value)]
        elif node.op == "constant":
            made[node] = builder.node("constant", value=node.value)
        else:
            known = builder.known(node.op, *(made[a] for a in node.args))
            if known is None:
                return None
            made[node] = known
    return made[wanted.outputs[0]]


def read_rules(table: FunctionTable, section: str) -> tuple[Rule, ...]:
    """The rules of one section of rewrites.sg, in order."""
    key = ("rules", section)
    rules: tuple[Rule, ...] | None = table.cache.get(key)
    if rules is None:
        text = (grammar_folder() / "rewrites.sg").read_text(encoding="utf-8")
        blocks = dict(re.findall(r"(?ms)^\[(\w+)\]\n(.*?)(?=^\[|\Z)", text))
        rules = tuple(make_rule(line, table) for line in table_lines(blocks[section]))
        if section == "stable":
            rules += tuple(_backwards(table))
        table.cache[key] = rules
    return rules


def make_rule(line: str, table: FunctionTable) -> Rule:
    """A rule from its line."""
    parsed = parse_rewrite(line)
    sides = (parsed.pattern, parsed.replacement)
    pattern, replacement = (lower_rule(s, line, table, CONDITIONS) for s in sides)
    unbound = replacement.inputs().keys() - pattern.inputs().keys()
    if unbound:
        raise DefinitionError(
            f"{min(unbound)} stands in the replacement and not in the pattern",
            line,
            parsed.replacement.span,
        )
    guards = tuple(_guard(tree, parsed, table) for tree in parsed.guards)
    return Rule(line, pattern, _in_shape_of(pattern, replacement), guards)


def _in_shape_of(pattern: Graph, replacement: Graph) -> Graph:
    """A replacement that drops operands keeps their part in the shape of the result."""
    builder = Builder()
    for node in replacement.nodes:
        builder.adopt(node)
    result = like = replacement.outputs[0]
    for name in pattern.inputs().keys() - replacement.inputs().keys():
        dropped = builder.node("input", value=name)
        like = dropped if like.is_constant else builder.node("join", like, dropped)
    if like is not result:
        result = builder.node("broadcast", result, like)
    return builder.graph((result,))


def _backwards(table: FunctionTable) -> Iterator[Rule]:
    """A function that is an operation replaces its first definition; the largest are tried first."""
    defined = [table[name] for name in table if "=" in table.line(name)]
    operations = [f for f in defined if f.is_operation and f.definitions]
    for function in sorted(operations, key=lambda f: -cost(definition(f, table))[0]):
        if function.kind == "number":
            name = function.name
            builder = Builder()
            inputs = [builder.node("input", value=n) for n in function.names]
            made = builder.graph((builder.node(name, *inputs),))
            yield Rule(function.text, definition(function, table), made)


def cost(graph: Graph) -> tuple[float, float]:
    """The declared cost of a rule's side: operations, then how deep signs and constants stand."""
    total, depth_cost = 0.0, 0.0
    depth = dict.fromkeys(graph.nodes, 0)
    for node in reversed(graph.nodes):
        total += COST.get(node.op, 8)
        if node.op == "negative" or (node.op == "constant" and _size(node) != 1):
            depth_cost += 1 + depth[node]
        for arg in node.args:
            depth[arg] = max(depth[arg], depth[node] + 1)
    return total, depth_cost


def match(rule: Rule, node: Node, builder: Builder) -> Bindings | None:
    """What the names of a pattern stand for at a node, or None. Commuted operands are tried too."""
    Pending = tuple[tuple[tuple[Node, Node], ...], Bindings]
    trials: list[Pending] = [(((rule.pattern.outputs[0], node),), {})]
    while trials:
        pending, bound = trials.pop()
        if not pending:
            if all(guard(bound, builder) for guard in rule.guards):
                return bound
            continue
        (wanted, found), rest = pending[0], pending[1:]
        if wanted.op == "input":
            name = str(wanted.value)
            if bound.setdefault(name, found) is found:
                trials.append((rest, bound))
        elif wanted.op == "constant":
            if found.op == "constant" and _same(wanted.value, found.value):
                trials.append((rest, bound))
        elif wanted.op == found.op and wanted.value == found.value:
            first = tuple(zip(wanted.args, found.args, strict=True))
            if wanted.op in COMMUTATIVE and found.args[0] is not found.args[1]:
                swapped = tuple(zip(wanted.args, reversed(found.args), strict=True))
                trials.append((swapped + rest, dict(bound)))
            trials.append((first + rest, bound))
    return None


def _same(a: Value, b: Value) -> bool:
    return type(a) is type(b) and (a == b)


class Rewriter:
    """Builds nodes in their simplest form under a list of rules, and folds constants."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.builder = Builder()
        self._simplest: dict[Node, Node] = {}
        self.use(rules)

    def use(self, rules: tuple[Rule, ...]) -> None:
        """From here on, these rules; what was built before stays as it is."""
        self._roots: dict[str, list[Rule]] = {}
        for rule in rules:
            self._roots.setdefault(rule.pattern.outputs[0].op, []).append(rule)
        self._candidates: dict[object, tuple[Rule, ...]] = {}

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
                    op, value, span = top.wanted.op, top.wanted.value, top.target.span
                    args = tuple(top.made[arg] for arg in top.wanted.args)
                    break
                done = self._simplest[top.target] = top.result
                under_way.pop()
            else:
                assert done is not None
                return done

    def _first_match(self, node: Node) -> tuple[Rule, Bindings] | None:
        rules = self._roots.get(node.op)
        if not rules:
            return None
        shape = (node.op, *[arg.op for arg in node.args])
        candidates = self._candidates.get(shape)
        if candidates is None:
            candidates = tuple(r for r in rules if _may_match(r.pattern.outputs[0], shape[1:]))
            self._candidates[shape] = candidates
        for rule in candidates:
            bound = match(rule, node, self.builder)
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
        if op == "power" and args[1].op == "constant" and args[1].value == 0:
            return self.builder.node("broadcast", self.builder.constant(1.0), args[0], span=span)
        if op == "keep" and args[0].op == "constant" and args[0].value is False:
            return self.builder.node("broadcast", self.builder.constant(0.0), args[1], span=span)
        if op == "broadcast" and args[1].op == "constant":
            return args[0]
        return self.builder.node(op, *args, value=value, span=span)


class _Replacement:
    """A rule's right side, being built in the place of a node."""

    def __init__(self, target: Node, rule: Rule, bound: Bindings) -> None:
        nodes = rule.replacement.nodes
        self.target = target
        self.made = {node: bound[str(node.value)] for node in nodes if node.op == "input"}
        self._steps = iter([node for node in nodes if node.op != "input"])
        self._last = rule.replacement.outputs[0]
        self.wanted = next(self._steps, None)

    def receive(self, done: Node) -> None:
        if self.wanted is not None:
            self.made[self.wanted] = done
            self.wanted = next(self._steps, None)

    @property
    def result(self) -> Node:
        return self.made[self._last]


def _may_match(pattern: Node, operand_ops: tuple[str, ...]) -> bool:
    """Whether a pattern's operands can be these operations, in either order where it commutes."""
    wanted = [None if arg.op == "input" else arg.op for arg in pattern.args]
    orders = [list(operand_ops)]
    if pattern.op in COMMUTATIVE:
        orders.append(orders[0][::-1])
    return any(all(w in (None, o) for w, o in zip(wanted, order, strict=True)) for order in orders)


def rewrite(
    graph: Graph, rules: tuple[Rule, ...], tidy: tuple[Rule, ...] = (), value: Node | None = None
) -> Graph:
    """The graph with every operation in its simplest form.

    The rules in `tidy` are used as well for what `value` does not need.
    """
    rewriter = Rewriter(rules)
    first = ancestors(graph.nodes, [value]) if value is not None else set(graph.nodes)
    made: dict[Node, Node] = {}
    for nodes in ([n for n in graph.nodes if n in first], graph.nodes):
        for node in nodes:
            if node not in made:
                args = tuple(made[arg] for arg in node.args)
                made[node] = rewriter.node(node.op, *args, value=node.value, span=node.span)
        rewriter.use(rules + tidy)
    labels = {made[node]: name for node, name in graph.labels.items()}
    return rewriter.builder.graph(tuple(made[n] for n in graph.outputs), labels)
