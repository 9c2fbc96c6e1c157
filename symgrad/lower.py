"""Tree to graph: names are resolved, functions applied, conditions and numbers told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symgrad.errors import (
    ArgumentError,
    DefinitionError,
    NameRuleError,
    Span,
    SymgradError,
    UnknownFunctionError,
    did_you_mean,
)
from symgrad.functions import CONSTANTS, Function, FunctionTable
from symgrad.graph import Builder, Graph, Node, descendants
from symgrad.syntax import Statement, Tree, parse, postorder, target_of

_COMPARISONS = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
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

    def __init__(self, text: str, table: FunctionTable, builder: Builder) -> None:
        self.text = text
        self.table = table
        self.builder = builder
        self.names: dict[str, Node] = {}
        self.functions: dict[str, _LocalFunction] = {}
        self.inputs: dict[str, Span] = {}

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
            bound = self._bind(callee.name, local.names, {}, tree, args)
            return self._call_local(local, bound, tree.span)
        if callee.name not in self.table:
            raise self._unknown_function(tree)
        function = self.table[callee.name]
        defaults = {p.name: p.default for p in function.parameters if p.default is not None}
        bound = self._bind(callee.name, function.names, defaults, tree, args)
        return self.apply(function, bound, tree.span)

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
        if node.op == "constant":
            return isinstance(node.value, bool)
        return node.op in self.table and self.table[node.op].kind == "bool"

    def condition(self, node: Node) -> Node:
        if self.is_condition(node):
            return node
        return self.builder.node("not_equal", node, self.builder.constant(0.0), span=node.span)

    def number(self, node: Node) -> Node:
        if not self.is_condition(node):
            return node
        return self.builder.node("indicator", node, span=node.span)

    def _bind(
        self,
        name: str,
        parameters: Sequence[str],
        defaults: Mapping[str, Tree],
        tree: Tree,
        args: Sequence[Node],
    ) -> list[Node]:
        """The arguments of a call in the order of the parameters."""
        head = f"{name}({', '.join(parameters)})"
        keywords = tree.value.keywords
        positional = len(args) - len(keywords)
        if positional > len(parameters):
            surplus = tree.args[len(parameters)]
            message = f"{name} takes {_count(len(parameters))}, not {len(args)}"
            raise ArgumentError(message, self.text, surplus.span, f"It is {head}.")
        given = dict(zip(parameters, args[:positional], strict=False))
        for word, arg, node in zip(
            keywords, tree.args[positional:], args[positional:], strict=True
        ):
            if word not in parameters or word in given:
                why = "has no parameter" if word not in parameters else "is given twice"
                message = f"{name} {why} {word}" if word not in parameters else f"{word} {why}"
                raise ArgumentError(message, self.text, arg.span, f"It is {head}.")
            given[word] = node
        missing = [p for p in parameters if p not in given and p not in defaults]
        if missing:
            message = f"{name} needs {_count(len(parameters) - len(defaults))}: {missing[0]} is missing"
            raise ArgumentError(message, self.text, tree.span, f"It is {head}.")
        return [given[p] if p in given else self.lower(defaults[p]) for p in parameters]

    def _unknown_function(self, tree: Tree) -> SymgradError:
        name, span = tree.value.name, tree.value.span
        if name in self.names or name in self.inputs or name in CONSTANTS:
            hint = f"{name} is a variable: write {name} * (...) to multiply."
        else:
            hint = did_you_mean(name, [*self.table, *self.functions])
        hint = hint or "symgrad functions lists what the language knows."
        return UnknownFunctionError(f"unknown function {name}", self.text, span, hint)

    def assign(self, statement: Statement) -> None:
        """`name = expression` or `f(x) = expression`."""
        name, parameters = target_of(statement, self.text)
        if parameters is not None:
            self._define(name, parameters, statement)
            return
        span = statement.target.span if statement.target else statement.span
        if name in CONSTANTS:
            message = f"{name} is a constant and cannot be assigned"
            raise NameRuleError(message, self.text, span, "Choose another name.")
        node = self.lower(statement.body)
        if name in self.inputs:
            message = f"{name} is assigned after it was used as an input"
            raise NameRuleError(
                message, self.text, span, "Choose another name for the assigned value."
            )
        self.names[name] = node

    def _define(self, name: str, parameters: tuple[str, ...], statement: Statement) -> None:
        for tree in postorder(statement.body):
            if tree.op == "call" and tree.value.name == name and name not in self.table:
                raise DefinitionError(
                    f"{name} is defined by itself", self.text, tree.value.span,
                    "Recursion is not part of the language.",
                )  # fmt: skip
        reserved = [p for p in parameters if p in CONSTANTS]
        if reserved:
            span = statement.target.span if statement.target else statement.span
            message = f"{reserved[0]} is a constant and cannot be a parameter"
            raise NameRuleError(message, self.text, span, "Choose another name.")
        outer = dict(self.names)
        start = len(self.builder.nodes)
        placeholders = [
            self.builder.node("parameter", value=f"{start} {p}", span=statement.span)
            for p in parameters
        ]
        self.names.update(zip(parameters, placeholders, strict=True))
        result = self.lower(statement.body)
        self.names = outer
        created = self.builder.nodes[start:]
        inside = descendants(created, placeholders)
        steps = tuple(n for n in created if n in inside and n.op != "parameter")
        self.functions[name] = _LocalFunction(tuple(placeholders), parameters, steps, result)

    def _call_local(self, function: _LocalFunction, args: Sequence[Node], span: Span) -> Node:
        made = dict(
            zip(function.parameters, [self.number(a) for a in args], strict=True)
        )
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
    statements = parse(text)
    lowerer = Lowerer(text, table, Builder())
    for statement in statements[:-1]:
        if statement.target is None:
            raise NameRuleError(
                "the value of this statement is not used", text, statement.span,
                "Assign it to a name, or go on with the line before by ending that with an operator.",
            )  # fmt: skip
        lowerer.assign(statement)
    last = statements[-1]
    if last.target is not None:
        lowerer.assign(last)
        name, parameters = target_of(last, text)
        if parameters is not None:
            raise NameRuleError(
                f"the formula ends with the definition of {name}", text, last.span,
                f"Add an expression that uses it, as {name}({', '.join(parameters)}).",
            )  # fmt: skip
        value = lowerer.names[name]
    else:
        value = lowerer.lower(last.body)
    labels = {node: name for name, node in lowerer.names.items() if node.args}
    graph = lowerer.builder.graph((lowerer.number(value),), labels)
    return Lowered(graph, tuple(lowerer.inputs))


def lower_rule(
    tree: Tree, text: str, table: FunctionTable, conditions: Sequence[str] = ()
) -> Graph:
    """A definition, a derivative or one side of a rewrite, as a graph over its names.

    Names in `conditions` stand for conditions; all others for numbers.
    """
    lowerer = Lowerer(text, table, Builder())
    for name in conditions:
        lowerer.names[name] = lowerer.builder.node("input", value=name)
    lowerer.is_condition = _with_conditions(lowerer, set(conditions))  # type: ignore[method-assign]
    return lowerer.builder.graph((lowerer.lower(tree),))


def _with_conditions(lowerer: Lowerer, names: set[str]) -> Callable[[Node], bool]:
    plain = Lowerer.is_condition

    def is_condition(node: Node) -> bool:
        return (node.op == "input" and node.value in names) or plain(lowerer, node)

    return is_condition


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
