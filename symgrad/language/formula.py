"""A whole formula to a graph: declarations, assignments and local functions, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symgrad.errors import NameRuleError, Span
from symgrad.functions import CONSTANTS, LITERALS, FunctionTable
from symgrad.graph import Graph, Node
from symgrad.language.declarations import Declaration, declared_shape
from symgrad.language.indexing import shape_items
from symgrad.language.items import Item, Items, ShapeOf
from symgrad.language.replaying import placed
from symgrad.language.tree import Statement, Tree
from symgrad.language.variables import (
    SHORT,
    check_variables,
    differentiated_names,
    local_function,
    variable,
)
from symgrad.lower import Lowerer
from symgrad.syntax import parse, target_of


@dataclass(frozen=True, slots=True)
class Lowered:
    """A formula as a graph, the names it reads from outside, and the shapes declared for them."""

    graph: Graph
    inputs: tuple[str, ...]
    shapes: Mapping[str, Declaration] = field(default_factory=dict)


class FormulaLowerer(Lowerer):
    """Lowers statements; what they name is known to those that follow."""

    is_trusted = False

    def __init__(self, text: str, table: FunctionTable, differentiated: frozenset[str]) -> None:
        super().__init__(text, table)
        self.shapes: dict[str, Declaration] = {}
        self._differentiated = differentiated

    def declare(self, statement: Statement, at_head: bool) -> None:
        """`X: (n, d)`: an input and its shape."""
        name, shape = declared_shape(statement, self.text, at_head)
        if name in self.names:
            raise NameRuleError(
                f"{name} is the name of a size already", self.text, shape.name_span,
                "Give the size or the input another name.",
            )  # fmt: skip
        if name in self.inputs or name in CONSTANTS or name in LITERALS:
            raise NameRuleError(
                f"{name} is declared twice" if name in self.inputs else f"{name} is a constant",
                self.text, statement.span, "Declare each input once.",
            )  # fmt: skip
        self.inputs[name] = statement.span
        self.shapes[name] = shape
        node = self.builder.node("input", value=name, span=shape.name_span)
        for axis, size in enumerate(shape.sizes):
            if isinstance(size, str) and size in self.inputs:
                raise NameRuleError(
                    f"{size} is the name of an input already", self.text, statement.span,
                    "Give the size or the input another name.",
                )  # fmt: skip
            if isinstance(size, str):
                self.names.setdefault(size, self.builder.node("size", node, value=(axis,)))

    def check_declared(self, graph: Graph) -> None:
        """Refuse declared inputs that nothing reads."""
        used = graph.inputs()
        for name, shape in self.shapes.items():
            if name not in used:
                raise NameRuleError(
                    f"{name} is declared and not used", self.text, shape.name_span,
                    "Remove the declaration, or check how the name is written below.",
                )  # fmt: skip

    def value(self, last: Statement) -> Node:
        """The value of the last statement."""
        if last.declares:
            raise NameRuleError(
                "the formula ends with a declaration", self.text, last.span,
                "Add an expression that uses what is declared.",
            )  # fmt: skip
        if last.target is None:
            return self.number(self.lower(last.body), last.body.span)
        self.assign(last)
        if last.target.op == "tuple":
            raise NameRuleError(
                "the formula ends with several values", self.text, last.target.span,
                "Add an expression that uses them.",
            )  # fmt: skip
        name, parameters = target_of(last, self.text)
        if parameters is not None:
            raise NameRuleError(
                f"the formula ends with the definition of {name}", self.text, last.target.span,
                f"Add an expression that uses it, as {name}({', '.join(parameters)}).",
            )  # fmt: skip
        return self.number(self.names[name], last.body.span)

    def assign(self, statement: Statement) -> None:
        """`name = expression` or `f(x) = expression`: what the name means from here on."""
        assert statement.target is not None
        if statement.target.op == "tuple":
            self._assign_several(statement)
            return
        name, parameters = target_of(statement, self.text)
        if parameters is not None:
            self._define(name, parameters, statement.target, statement.body)
            return
        span = statement.target.span
        if name in CONSTANTS or name in LITERALS:
            message = f"{name} is a constant and cannot be assigned"
            raise NameRuleError(message, self.text, span, "Choose another name.")
        was_input = name in self.inputs
        item = self.lower(statement.body)
        if name in self.inputs:
            if was_input:
                message = f"{name} is assigned after it was used as an input"
            else:
                message, span = f"{name} has no value yet in its own definition", self.inputs[name]
            hint = "Choose another name for what is assigned."
            raise NameRuleError(message, self.text, span, hint)
        self._name_it(name, item, span)

    def _name_it(self, name: str, item: Item, span: Span) -> None:
        if name in self._differentiated:
            self.variables += 1
            item = variable(self, name, item, self.variables, span)
        self.names[name] = item

    def _assign_several(self, statement: Statement) -> None:
        """`Q, R = qr(A)`."""
        assert statement.target is not None
        targets = statement.target.args
        item = self.lower(statement.body)
        if isinstance(item, ShapeOf):
            item = shape_items(self, item, len(targets), statement.body.span)
        if not isinstance(item, Items) or len(item.items) != len(targets):
            found = len(item.items) if isinstance(item, Items) else 1
            message = f"{len(targets)} names for {found} value{'s' if found > 1 else ''}"
            raise NameRuleError(message, self.text, statement.span, "Name each value once.")
        for target, part in zip(targets, item.items, strict=True):
            if target.op != "name" or target.value in {*CONSTANTS, *LITERALS, *self.inputs}:
                message = "this cannot be assigned"
                raise NameRuleError(message, self.text, target.span, "Choose another name.")
            self._name_it(target.value, part, target.span)

    def _define(self, name: str, parameters: tuple[str, ...], target: Tree, body: Tree) -> None:
        """Lower the body once, over placeholders; in it the name means what it meant before."""
        for parameter, place in zip(parameters, target.args, strict=True):
            if parameter in CONSTANTS or parameter in LITERALS:
                message = f"{parameter} is a constant and cannot be a parameter"
                raise NameRuleError(message, self.text, place.span, "Choose another name.")
        start = len(self.builder.nodes)
        placeholders = [
            self.builder.node("parameter", value=f"{start} {p}", span=place.span)
            for p, place in zip(parameters, target.args, strict=True)
        ]
        self.open.update(placeholders)
        shadowed = {p: self.names.get(p) for p in parameters}
        self.names.update(zip(parameters, placeholders, strict=True))
        self.defining = name
        item = self.lower(body)
        result = item if isinstance(item, Node) else self.number(item, body.span)
        self.defining = ""
        for parameter, before in shadowed.items():
            if before is None:
                del self.names[parameter]
            else:
                self.names[parameter] = before
        inside = self.open_nodes()
        steps = [node for node in self.builder.nodes[start:] if node in inside]
        function = local_function(parameters, placeholders, steps, result)
        self.functions[name] = placed(self, function, self.table)
        self.open.clear()


def lower(text: str, table: FunctionTable) -> Lowered:
    """Lower a formula to a graph with one output, its value.

    Raises
    ------
    SymgradError
        A child of it for text that is no formula, an unknown function, wrong arguments, or a name
        that is used against the rules.
    """
    statements = parse(text)
    *before, last = statements
    derived = any(name in text for name in ("derivative", *SHORT))
    names = differentiated_names(statements, table) if derived else frozenset()
    lowerer = FormulaLowerer(text, table, names)
    for place, statement in enumerate(before):
        if statement.declares:
            lowerer.declare(statement, at_head=all(s.declares for s in before[:place]))
        elif statement.target is None:
            raise NameRuleError(
                "the value of this statement is not used", text, statement.span,
                "Assign it to a name; a line goes on in the next if it ends with an operator.",
            )  # fmt: skip
        else:
            lowerer.assign(statement)
    value = lowerer.value(last)
    labels = {n: name for name, n in lowerer.names.items() if isinstance(n, Node) and n.args}
    graph = lowerer.builder.graph((value,), labels)
    lowerer.check_declared(graph)
    if any(node.op == "derivative" for node in lowerer.builder.nodes):
        functions = {*table, *lowerer.functions}
        check_variables(lowerer.builder.nodes, lowerer.shapes, functions, text)
    return Lowered(graph, tuple(lowerer.inputs), lowerer.shapes)
