"""A rule: a pattern, what takes its place, under which guards, and what either side costs."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from symgrad.errors import DefinitionError
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, Value, rebuilt
from symgrad.language.template import Wild
from symgrad.language.tree import Rewrite, Tree
from symgrad.lower import definition, lower_rule
from symgrad.syntax import parse_rewrite

CONDITIONS = ("p", "q")
"""The names that stand for conditions in rewrites.sg; all others stand for numbers."""

COST: Mapping[str, float] = {
    "input": 0,
    "constant": 0,
    "broadcast": 0,
    "join": 0,
    "abs": 1,
    "negative": 1,
    "logical_not": 1,
    "logical_and": 1,
    "logical_or": 1,
    "multiply": 2,
    "divide": 2.2,
    "add": 2.5,
    "subtract": 2.5,
    "sqrt": 3,
    "sum": 4,
    "matrix_transpose": 1,
    "_transpose": 1,
    "indicator": 3,
    "keep": 4,
    "sign": 1,
    "hypot": 2,
    "max": 2,
    "mean": 9,
    "_count": 0.5,
    "exp2": 5,
    "sigmoid": 3.5,
    "_exp_moment": 3.5,
    "_over_expm1": 7.95,
    "_sin_share": 4.5,
    "_versine": 5,
    "_steady_square": 0.9,
    "_steady_root": 2.5,
    "_weighted_hypot": 4,
    "_lse_rest": 1,
    "_hypot_gap": 3,
    "_hypot_excess": 2.9,
    "_square_gap": 3,
    "_over_square": 4,
    "_sqrt_product": 4,
    "_softsign": 4,
    "_share": 4,
    "_square_over": 3,
    "_midpoint": 4,
    "_student_tail": 5,
    "_over_hypot": 3,
    "_over_one_hypot": 4,
    "_versine_of": 4,
    "_log_ratio3": 5,
    "_log_times_power": 5,
    "_over_square_gap": 4,
    "_over_sum": 4,
    "_saturation": 4,
    "_sqrt_ratio": 4,
    "_root_rise": 4.5,
    "_times_root": 4,
    "_sqrt_step": 5,
    "_sqrt_gap": 7,
    "_root_gap": 5,
    "_log1p_square": 2,
    "_hypot_over": 4,
    "_ratio_gap": 4,
    "_sin_gap": 14,
    "_cos_gap": 14,
    "_exp_gap": 14,
    "_arctan_gap": 14,
    "_arctan_step": 14,
    "_quartic_gap": 8,
    "_times_abs_root": 5,
    "_times_hypot_gap": 4,
    "_power_step": 7,
    "_flat_exp": 5,
    "_log1p_over": 1.9,
    "_compounded": 4,
    "_log_logistic_density": 5,
    "_sigmoid_less": 5.5,
    "_versine_complement": 5,
    "_times_sqrt_product": 5,
    "softplus": 4.5,
    "log2": 8,
    "log10": 8,
}
"""What an operation costs. Every other one costs 6, and a square 1. A rule lowers the sum over its
two sides, or keeps it and brings signs and constant factors nearer to the root: rewriting ends."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a wild attribute of a pattern stands for."""

    value: Any


Bindings = dict[str, Any]
"""What the names of a pattern stand for: nodes, and an `Attribute` for each wild one."""


WILD = {name: Wild(name) for name in ("axis", "keepdims")}
"""The names that stand for attributes in rewrites.sg."""


def filled_in(value: tuple[Any, ...], bound: Bindings) -> tuple[Any, ...]:
    """The attributes of a step, with what the pattern bound for the wild ones."""
    return tuple([bound[v.name].value if isinstance(v, Wild) else v for v in value])


@dataclass(frozen=True, slots=True)
class Plan:
    """How a replacement is built: each step's operation, where its operands stand, its value.

    What the names stand for comes first, then what the steps made; at `last` is the result.
    """

    names: tuple[str, ...]
    steps: tuple[tuple[str, tuple[int, ...], Value], ...]
    last: int
    is_wild: bool


def plan_of(graph: Graph) -> Plan:
    """How a graph is built on what its inputs stand for."""
    inputs = [node for node in graph.nodes if node.op == "input"]
    others = [node for node in graph.nodes if node.op != "input"]
    places = {node: place for place, node in enumerate([*inputs, *others])}
    steps = [(n.op, tuple([places[a] for a in n.args]), n.value) for n in others]
    is_wild = any(isinstance(v, Wild) for n in others for v in n.attributes)
    names = tuple([str(node.value) for node in inputs])
    return Plan(names, tuple(steps), places[graph.outputs[0]], is_wild)


class Rule:
    """A pattern, what takes its place, and the name of the predicate that guards a name.

    What takes its place is made when the pattern is first found: most patterns never are. Numbers
    in a pattern, such as sqrt(2), are matched as the constants that they are in a graph. `same` are
    names that stand for an expression in others, however that is written.
    """

    def __init__(
        self,
        text: str,
        pattern: Graph,
        replace: Callable[[], Graph],
        predicates: Mapping[str, str],
        same: Mapping[str, Graph] = MappingProxyType({}),
    ) -> None:
        self.text = text
        self.pattern = pattern
        self.matched = _with_numbers(pattern)
        self.root = self.matched.outputs[0]
        self.predicates = predicates
        self.same = same
        self.numbers = frozenset(
            node
            for node in pattern.nodes
            if node.is_constant
            or (node.op == "input" and predicates.get(str(node.value), "varying") not in OPEN)
        )
        """What only a constant can be."""
        self.weighed = frozenset(n for n in pattern.nodes if not self.numbers.isdisjoint(n.args))
        self._replace = replace

    @cached_property
    def operations(self) -> frozenset[str]:
        """Those in the pattern: where one of them does not occur, nothing matches."""
        return frozenset([node.op for node in self.matched.nodes if node.args])

    @cached_property
    def replacement(self) -> Graph:
        """What takes the place of the pattern."""
        return self._replace()

    @cached_property
    def meant(self) -> Graph:
        """The pattern, with the expressions that names stand for."""
        if not self.same:
            return self.pattern
        build = Builder()
        bound = {name: build.node("input", value=name) for name in self.pattern.inputs()}
        bound.update({name: build.inline(graph, bound) for name, graph in self.same.items()})
        return build.graph([build.inline(self.pattern, bound)])

    @cached_property
    def plan(self) -> Plan:
        """How that is built."""
        return plan_of(self.replacement)


def _with_numbers(pattern: Graph) -> Graph:
    """A pattern with a constant for each root or product of constants."""
    if not any(
        node.op in _FOLDED and all(a.is_constant for a in node.args) for node in pattern.nodes
    ):
        return pattern

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if not all(_is_constant(arg) for arg in args):
            return None
        return build.constant(_FOLDED[node.op](*map(_number, args)))

    return rebuilt(pattern, replace, _FOLDED)


_FOLDED: Mapping[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "log": math.log,
    "multiply": operator.mul,
    "divide": operator.truediv,
}


def _is_constant(node: Node) -> bool:
    return node.op == "constant" and not isinstance(node.value, bool)


def _number(node: Node) -> float:
    return node.value if isinstance(node.value, float) else math.nan


def _size(node: Node) -> float:
    return abs(_number(node))


_ROOTS = frozenset(("sqrt", "_sqrt_product", "_sqrt_ratio"))

PREDICATES: Mapping[str, Callable[[Node], bool]] = {
    "constant": _is_constant,
    "varying": lambda n: not _is_constant(n),
    "given": lambda n: _is_constant(n) or n.op == "input",
    "free": lambda n: n.op == "input",
    "number": lambda n: _is_constant(n) or n.op in ("size", "_count"),
    "rootless": lambda n: not any(each.op in _ROOTS for each in (n, *n.args)),
    "positive": lambda n: _is_constant(n) and _number(n) > 0,
    "even": lambda n: _is_constant(n) and _number(n) % 2 == 0,
    "odd": lambda n: _is_constant(n) and _number(n) % 2 == 1,
    "broken": lambda n: _is_constant(n) and _number(n) % 1 > 0,
    "negative": lambda n: isinstance(n.value, float) and n.op == "constant" and n.value < 0,
    "moderate": lambda n: _is_constant(n) and 2.0**-32 <= _size(n) <= 2.0**32,
    "true": lambda n: n.op == "constant" and n.value is True,
    "dyadic": lambda n: _is_constant(n) and math.frexp(_size(n))[0] == 0.5,
    "false": lambda n: n.op == "constant" and n.value is False,
}


OPEN = ("varying", "given", "free", "number", "rootless")
"""The predicates that hold for more than constants."""

SAME = "same"
"""The guard that a name stands for an expression."""


def _guard(tree: Tree, rule: Rewrite) -> tuple[str, str]:
    """The name that a guard is about, and the predicate."""
    predicate = tree.value.name if tree.op == "call" else ""
    operands = len(tree.args) if predicate in PREDICATES or predicate == SAME else 0
    if operands != 1 + (predicate == SAME) or tree.args[0].op != "name":
        known = ", ".join((*PREDICATES, SAME))
        raise DefinitionError("this is not a guard", rule.text, tree.span, f"Guards are: {known}.")
    return tree.args[0].value, predicate


def built(rule: Rule, bound: Bindings, build: Builder, target: Node) -> Node:
    """What takes the place of a pattern's root, on what its names stand for."""
    plan = rule.plan
    made = [bound[name] for name in plan.names]
    for op, places, value in plan.steps:
        if isinstance(value, tuple):
            value = filled_in(value, bound)
        args = [made[place] for place in places]
        made.append(build.node(op, *args, value=value, span=target.span))
    result: Node = made[plan.last]
    return result


def backward(table: FunctionTable, name: str) -> Rule:
    """A function's first definition, and the function in its place."""
    function = table[name]
    builder = Builder()
    inputs = [builder.node("input", value=n) for n in function.operands]
    wild = {n: Wild(n) for n in function.attributes}
    value = tuple(wild.values()) or None
    made = builder.graph((builder.node(name, *inputs, value=value),))
    return Rule(function.text, definition(function, table, 0, wild), lambda: made, {})


def make_rule(line: str, table: FunctionTable) -> Rule:
    """A rule from its line."""
    parsed = parse_rewrite(line)
    sides = (parsed.pattern, parsed.replacement)
    pattern, replacement = (lower_rule(s, line, table, CONDITIONS, WILD) for s in sides)
    unbound = replacement.inputs().keys() - pattern.inputs().keys()
    if unbound:
        raise DefinitionError(
            f"{min(unbound)} stands in the replacement and not in the pattern",
            line,
            parsed.replacement.span,
        )
    about = [(tree, *_guard(tree, parsed)) for tree in parsed.guards]
    predicates = {name: predicate for _, name, predicate in about if predicate != SAME}
    same = {
        name: lower_rule(tree.args[1], line, table, CONDITIONS, WILD)
        for tree, name, predicate in about
        if predicate == SAME
    }
    given = replacement.inputs().keys() | predicates.keys() | same.keys()
    made = _in_shape_of(replacement, sorted(pattern.inputs().keys() - given))
    return Rule(line, pattern, lambda: made, predicates, same)


def _in_shape_of(replacement: Graph, dropped: list[str]) -> Graph:
    """A replacement, broadcast to the shape that the operands dropped by it give the pattern."""
    builder = Builder()
    for node in replacement.nodes:
        builder.take(node)
    result = like = replacement.outputs[0]
    for name in dropped:
        operand = builder.node("input", value=name)
        like = operand if like.is_constant else builder.node("join", like, operand)
    if like is not result:
        result = builder.node("broadcast", result, like)
    return builder.graph((result,))


def cost(graph: Graph, predicates: Mapping[str, str] = MappingProxyType({})) -> tuple[float, float]:
    """The declared cost of a rule's side: operations, then signs and constants by their depth.

    What is computed from constants alone costs nothing, as it is folded.
    """
    constant: set[Node] = set()
    for node in graph.nodes:
        guarded = node.op == "input" and predicates.get(str(node.value), "varying") not in OPEN
        if guarded or node.op == "constant" or (node.args and constant.issuperset(node.args)):
            constant.add(node)
    total, depth_cost = 0.0, 0.0
    depth = dict.fromkeys(graph.nodes, 0)
    for node in reversed(graph.nodes):
        if node in constant:
            continue
        total += 1 if _is_square(node) else COST.get(node.op, 6)
        depth_cost += 1 + depth[node] if node.op == "negative" else 0
        for arg in node.args:
            depth[arg] = max(depth[arg], depth[node] + 1)
            if arg in constant and _size(arg) != 1:
                depth_cost += 1 + depth[arg] + (predicates.get(str(arg.value)) == "negative")
    return total, depth_cost


def _is_square(node: Node) -> bool:
    return node.op == "power" and node.args[1].op == "constant" and node.args[1].value == 2
