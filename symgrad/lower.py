"""Tree to graph: names are resolved, functions applied, conditions and numbers told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from symgrad.errors import (
    ArgumentError,
    DefinitionError,
    LimitError,
    NameRuleError,
    Span,
    SymgradError,
    UnknownFunctionError,
    did_you_mean,
)
from symgrad.functions import CONSTANTS, Function, FunctionTable
from symgrad.graph import Builder, Graph, Node, descendants
from symgrad.printer import unparse
from symgrad.syntax import Statement, Tree, parse, postorder, target_of

_COMPARISONS = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
}

MAX_EXPANDED = 1_000_000
"""How many operations the calls of a formula's own functions may come to, all together."""

# What other languages call a function, and what to write here.
_ELSEWHERE = {
    "ln": "log(x)",
    "lg": "log10(x)",
    "sgn": "sign(x)",
    "sec": "1 / cos(x)",
    "csc": "1 / sin(x)",
    "cot": "1 / tan(x)",
    "ctg": "1 / tan(x)",
    "tg": "tan(x)",
    "max": "maximum(a, b)",
    "min": "minimum(a, b)",
    "gamma": "exp(gammaln(x))",
    "lgamma": "gammaln(x)",
    "loggamma": "gammaln(x)",
    "factorial": "exp(gammaln(n + 1))",
    "if": "where(c, a, b)",
    "ifelse": "where(c, a, b)",
    "piecewise": "where(c, a, b)",
    "normcdf": "ndtr(x)",
    "normal_cdf": "ndtr(x)",
}


@dataclass(frozen=True, slots=True)
class Lowered:
    """A formula as a graph, and the names it reads from outside, in the order of first use."""

    graph: Graph
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _LocalFunction:
    """A function that the formula defines: the nodes that depend on its parameters."""

    parameters: tuple[Node, ...]
    names: tuple[str, ...]
    steps: tuple[Node, ...]
    result: Node


class Lowerer:
    """Lowers trees into one builder, in an environment of names."""

    def __init__(self, text: str, table: FunctionTable, conditions: Iterable[str] = ()) -> None:
        self.text = text
        self.table = table
        self.builder = Builder()
        self.conditions = {self.builder.node("input", value=name) for name in conditions}
        self.names: dict[str, Node] = {str(node.value): node for node in self.conditions}
        self.functions: dict[str, _LocalFunction] = {}
        self.inputs: dict[str, Span] = {}
        self.defining = ""
        self.expanded = 0

    def lower(self, root: Tree) -> Node:
        """The node of a tree. Operands wait on a stack, as in a pocket calculator."""
        stack: list[Node] = []
        for tree in postorder(root):
            count = len(tree.args)
            args = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(self._HANDLERS.get(tree.op, Lowerer._operator)(self, tree, args))
        return stack[0]

    def _number(self, tree: Tree, args: Sequence[Node]) -> Node:
        return self.builder.constant(tree.value)

    def _name(self, tree: Tree, args: Sequence[Node]) -> Node:
        name = tree.value
        if name in self.names:
            return self.names[name]
        if name in CONSTANTS:
            return self.builder.constant(CONSTANTS[name])
        self.inputs.setdefault(name, tree.span)
        return self.builder.node("input", value=name, span=tree.span)

    def _operator(self, tree: Tree, args: Sequence[Node]) -> Node:
        if tree.op == "negative" and tree.args[0].op == "number":
            return self.builder.constant(-tree.args[0].value)
        return self.apply(self.table[tree.op], args, tree.span)

    def _conditional(self, tree: Tree, args: Sequence[Node]) -> Node:
        then, condition, otherwise = args
        return self.apply(self.table["where"], (condition, then, otherwise), tree.span)

    def _compare(self, tree: Tree, args: Sequence[Node]) -> Node:
        """`a < b < c` is `(a < b) & (b < c)`."""
        parts = [
            self.apply(self.table[_COMPARISONS[sign]], (left, right), tree.span)
            for sign, left, right in zip(tree.value, args, args[1:], strict=False)
        ]
        result = parts[0]
        for part in parts[1:]:
            result = self.builder.node("logical_and", result, part, span=tree.span)
        return result

    def _index(self, tree: Tree, args: Sequence[Node]) -> Node:
        return self.builder.node("index", self.number(args[0]), value=tree.value, span=tree.span)

    def _call(self, tree: Tree, args: Sequence[Node]) -> Node:
        callee = tree.value
        local = self.functions.get(callee.name)
        if local is not None:
            bound = self._bind(local.names, {}, tree, args)
            return self._call_local(local, [bound[name] for name in local.names], tree.span)
        if callee.name not in self.table:
            raise self._unknown_function(tree)
        function = self.table[callee.name]
        defaults = {p.name: p.default for p in function.parameters if p.default is not None}
        bound = self._bind(function.names, defaults, tree, args)
        for name in [name for name in defaults if name not in bound]:
            constant = lower_rule(defaults[name], function.text, self.table)
            bound[name] = self.builder.inline(constant, {}, tree.span)
        return self.apply(function, [bound[name] for name in function.names], tree.span)

    _HANDLERS: Mapping[str, Callable[[Lowerer, Tree, Sequence[Node]], Node]] = {
        "number": _number,
        "name": _name,
        "conditional": _conditional,
        "compare": _compare,
        "index": _index,
        "call": _call,
    }

    def apply(self, function: Function, args: Sequence[Node], span: Span | None) -> Node:
        """A function on operands: an operation, or its definition."""
        operands = [
            self.condition(arg) if parameter.kind == "bool" else self.number(arg)
            for parameter, arg in zip(function.parameters, args, strict=True)
        ]
        if function.is_operation:
            return self.builder.node(function.name, *operands, span=span)
        body = definition(function, self.table)
        return self.builder.inline(body, dict(zip(function.names, operands, strict=True)), span)

    def is_condition(self, node: Node) -> bool:
        """Whether a node is true or false, rather than a number."""
        if node.op == "constant":
            return isinstance(node.value, bool)
        if node.op == "input":
            return node in self.conditions
        return node.op in self.table and self.table[node.op].kind == "bool"

    def condition(self, node: Node) -> Node:
        """A node as a condition: a number holds where it is not 0."""
        if self.is_condition(node):
            return node
        return self.builder.node("not_equal", node, self.builder.constant(0.0), span=node.span)

    def number(self, node: Node) -> Node:
        """A node as a number: a condition is 1 where it holds and 0 elsewhere."""
        if not self.is_condition(node):
            return node
        return self.builder.node("indicator", node, span=node.span)

    def _bind(
        self,
        parameters: Sequence[str],
        defaults: Mapping[str, Tree],
        tree: Tree,
        args: Sequence[Node],
    ) -> dict[str, Node]:
        """The arguments of a call by parameter; those with a default may be absent."""
        callee = tree.value
        head = [f"{p}={unparse(defaults[p])}" if p in defaults else p for p in parameters]
        hint = f"It is {callee.name}({', '.join(head)})."
        positional = len(args) - len(callee.keywords)
        if positional > len(parameters):
            surplus = tree.args[len(parameters)]
            most = "at most " if defaults else ""
            message = f"{callee.name} takes {most}{_count(len(parameters))}, not {len(args)}"
            raise ArgumentError(message, self.text, surplus.span, hint)
        known = set(parameters)
        bound = dict(zip(parameters, args[:positional], strict=False))
        named = zip(callee.keywords, args[positional:], callee.keyword_spans, strict=True)
        for word, node, span in named:
            if word not in known:
                message = f"{callee.name} has no parameter {word}"
                raise ArgumentError(message, self.text, span, hint)
            if word in bound:
                raise ArgumentError(f"{word} is given twice", self.text, span, hint)
            bound[word] = node
        missing = [p for p in parameters if p not in bound and p not in defaults]
        if missing:
            least = "at least " if defaults else ""
            count = _count(len(parameters) - len(defaults))
            message = f"{callee.name} needs {least}{count}: {missing[0]} is missing"
            raise ArgumentError(message, self.text, tree.span, hint)
        return bound

    def _unknown_function(self, tree: Tree) -> SymgradError:
        name, span = tree.value.name, tree.value.span
        if name == self.defining:
            hint = "Recursion is not part of the language."
            return DefinitionError(f"{name} is defined by itself", self.text, span, hint)
        if name in self.names or name in self.inputs or name in CONSTANTS:
            hint = f"{name} is a number: write {name} * (...) to multiply."
        elif name in _ELSEWHERE:
            hint = f"Write {_ELSEWHERE[name]}."
        else:
            hint = did_you_mean(name, [*self.table, *self.functions])
        hint = hint or f"Define it before it is called, or write {name} * (...) to multiply."
        return UnknownFunctionError(f"unknown function {name}", self.text, span, hint)

    def assign(self, statement: Statement) -> None:
        """`name = expression` or `f(x) = expression`: what the name means from here on."""
        name, parameters = target_of(statement, self.text)
        assert statement.target is not None
        if parameters is not None:
            self._define(name, parameters, statement.target, statement.body)
            return
        span = statement.target.span
        if name in CONSTANTS:
            message = f"{name} is a constant and cannot be assigned"
            raise NameRuleError(message, self.text, span, "Choose another name.")
        was_input = name in self.inputs
        node = self.lower(statement.body)
        if name in self.inputs:
            if was_input:
                message = f"{name} is assigned after it was used as an input"
            else:
                message, span = f"{name} has no value yet in its own definition", self.inputs[name]
            hint = "Choose another name for what is assigned."
            raise NameRuleError(message, self.text, span, hint)
        self.names[name] = node

    def _define(self, name: str, parameters: tuple[str, ...], target: Tree, body: Tree) -> None:
        """Lower the body once, over placeholders; in it the name means what it meant before."""
        for parameter, place in zip(parameters, target.args, strict=True):
            if parameter in CONSTANTS:
                message = f"{parameter} is a constant and cannot be a parameter"
                raise NameRuleError(message, self.text, place.span, "Choose another name.")
        start = len(self.builder.nodes)
        placeholders = [
            self.builder.node("parameter", value=f"{start} {p}", span=place.span)
            for p, place in zip(parameters, target.args, strict=True)
        ]
        shadowed = {p: self.names.get(p) for p in parameters}
        self.names.update(zip(parameters, placeholders, strict=True))
        self.defining = name
        result = self.lower(body)
        self.defining = ""
        for parameter, node in shadowed.items():
            if node is None:
                del self.names[parameter]
            else:
                self.names[parameter] = node
        created = self.builder.nodes[start:]
        inside = descendants(created, placeholders)
        steps = tuple(n for n in created if n in inside and n.op != "parameter")
        self.functions[name] = _LocalFunction(tuple(placeholders), parameters, steps, result)

    def _call_local(self, function: _LocalFunction, args: Sequence[Node], span: Span) -> Node:
        self.expanded += len(function.steps)
        if self.expanded > MAX_EXPANDED:
            raise LimitError(
                f"the calls of functions come to more than {MAX_EXPANDED:,} operations",
                self.text, span, "Functions that call functions can double at each level.",
            )  # fmt: skip
        numbers = [self.number(arg) for arg in args]
        made = dict(zip(function.parameters, numbers, strict=True))
        for step in function.steps:
            operands = tuple(made.get(arg, arg) for arg in step.args)
            made[step] = self.builder.node(step.op, *operands, value=step.value, span=span)
        return made.get(function.result, function.result)


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number} arguments"


def lower(text: str, table: FunctionTable) -> Lowered:
    """Lower a formula to a graph with one output, its value.

    Raises
    ------
    SymgradError
        A child of it for text that is no formula, an unknown function, wrong arguments, or a name
        that is used against the rules.
    """
    lowerer = Lowerer(text, table)
    *before, last = parse(text)
    for statement in before:
        if statement.target is None:
            raise NameRuleError(
                "the value of this statement is not used", text, statement.span,
                "Assign it to a name; a line goes on in the next if it ends with an operator.",
            )  # fmt: skip
        lowerer.assign(statement)
    if last.target is None:
        value = lowerer.lower(last.body)
    else:
        lowerer.assign(last)
        name, parameters = target_of(last, text)
        if parameters is not None:
            raise NameRuleError(
                f"the formula ends with the definition of {name}", text, last.target.span,
                f"Add an expression that uses it, as {name}({', '.join(parameters)}).",
            )  # fmt: skip
        value = lowerer.names[name]
    labels = {node: name for name, node in lowerer.names.items() if node.args}
    graph = lowerer.builder.graph((lowerer.number(value),), labels)
    return Lowered(graph, tuple(lowerer.inputs))


def lower_rule(
    tree: Tree, text: str, table: FunctionTable, conditions: Sequence[str] = ()
) -> Graph:
    """A definition, a derivative or one side of a rewrite, as a graph over its names.

    Names in `conditions` stand for conditions; all others for numbers.
    """
    lowerer = Lowerer(text, table, conditions)
    return lowerer.builder.graph((lowerer.lower(tree),))


def _conditions_of(function: Function) -> list[str]:
    return [p.name for p in function.parameters if p.kind == "bool"]


def definition(function: Function, table: FunctionTable, which: int = 0) -> Graph:
    """A definition of a function as a graph over its parameters."""
    key = ("definition", function.name, which % len(function.definitions))
    graph: Graph | None = table.cache.get(key)
    if graph is None:
        tree = function.definitions[which]
        graph = lower_rule(tree, function.text, table, _conditions_of(function))
        table.cache[key] = graph
    return graph


def derivative(function: Function, table: FunctionTable, position: int) -> Graph | None:
    """A stated derivative as a graph over the parameters, `out` and `g`; None where it is 0."""
    if function.derivative_is(position, "0"):
        return None
    key = ("derivative", function.name, position)
    graph: Graph | None = table.cache.get(key)
    if graph is None:
        tree = function.derivatives[position]
        graph = lower_rule(tree, function.text, table, _conditions_of(function))
        table.cache[key] = graph
    return graph
