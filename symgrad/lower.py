"""Tree to graph: names are resolved, functions applied, conditions and numbers told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from symgrad.errors import (
    ArgumentError,
    DefinitionError,
    Span,
)
from symgrad.functions import CONSTANTS, LITERALS, Function, FunctionTable, builtin_functions
from symgrad.graph import Builder, Graph, Node, Value
from symgrad.language.attributes import check_attribute
from symgrad.language.calls import bind, unknown_function
from symgrad.language.compositions import BUILDERS
from symgrad.language.indexing import attribute_of, indexed, shape_template, stacked
from symgrad.language.items import Item, Items, Literal, ShapeOf, attribute, integer, paired
from symgrad.language.replaying import called, replayed
from symgrad.language.tree import Tree, postorder
from symgrad.language.variables import SHORT, LocalFunction, local_function

_COMPARISONS = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
}


class Lowerer:
    """Lowers trees into one builder, in an environment of names."""

    is_trusted = True  # Whether it stands in the tables, and is no formula of a user.

    def __init__(
        self,
        text: str,
        table: FunctionTable,
        conditions: Iterable[str] = (),
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self.text = text
        self.table = table
        self.builder = Builder()
        self.conditions = {self.builder.node("input", value=name) for name in conditions}
        self.names: dict[str, Item] = {str(node.value): node for node in self.conditions}
        self.names.update({n: Literal(v) for n, v in (attributes or {}).items()})
        self.functions: dict[str, LocalFunction] = {}
        self.inputs: dict[str, Span] = {}
        self.defining = ""
        self.bodies: list[LocalFunction] = []
        self.open: set[Node] = set()
        self._looked_at = 0
        self._numeric: set[str] = set()  # Operations that were seen to give numbers.
        self.expanded = 0
        self.variables = 0

    def lower(self, root: Tree) -> Item:
        """What a tree stands for. Operands wait on a stack, as in a pocket calculator."""
        stack: list[Item] = []
        for tree in postorder(root):
            count = len(tree.args)
            args = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(self._HANDLERS.get(tree.op, Lowerer._operator)(self, tree, args))
        return stack[0]

    def _number(self, tree: Tree, args: Sequence[Item]) -> Item:
        return self.builder.constant(tree.value)

    def _literal(self, tree: Tree, args: Sequence[Item]) -> Item:
        return Literal(tree.value)

    def _name(self, tree: Tree, args: Sequence[Item]) -> Item:
        name = tree.value
        if name in self.names:
            return self.names[name]
        if name in CONSTANTS:
            return self.builder.constant(CONSTANTS[name])
        if name in LITERALS:
            value = LITERALS[name]
            return Literal(None) if value is None else self.builder.constant(value)
        self.inputs.setdefault(name, tree.span)
        return self.builder.node("input", value=name, span=tree.span)

    def _operator(self, tree: Tree, args: Sequence[Item]) -> Item:
        if tree.op == "negative":
            operand = args[0]
            if isinstance(operand, Literal) and isinstance(operand.value, int | float):
                return Literal(-operand.value)
            if tree.args[0].op == "number":
                return self.builder.constant(-tree.args[0].value)
        return self.apply(self.table[tree.op], args, tree.span)

    def _conditional(self, tree: Tree, args: Sequence[Item]) -> Item:
        then, condition, otherwise = args
        if isinstance(condition, Literal):
            return then if condition.value else otherwise
        return self.apply(self.table["where"], (condition, then, otherwise), tree.span)

    def _compare(self, tree: Tree, args: Sequence[Item]) -> Item:
        """`a < b < c` is `(a < b) & (b < c)`. Attributes are compared on the spot."""
        if tree.value == ("==",) and any(isinstance(arg, Literal) for arg in args):
            left, right = (attribute(a, "what is compared", self.text, tree.span) for a in args)
            return Literal(type(left) is type(right) and left == right)
        parts = [
            self.apply(self.table[_COMPARISONS[sign]], (left, right), tree.span)
            for sign, left, right in zip(tree.value, args, args[1:], strict=False)
        ]
        result = parts[0]
        for part in parts[1:]:
            result = self.apply(self.table["logical_and"], (result, part), tree.span)
        return result

    def _index(self, tree: Tree, args: Sequence[Item]) -> Item:
        return indexed(self, args[0], tree.value, args[1:], tree.span)

    def _attribute(self, tree: Tree, args: Sequence[Item]) -> Item:
        return attribute_of(self, args[0], tree.value, tree.span)

    def _items(self, tree: Tree, args: Sequence[Item]) -> Item:
        return Items(tree.op, tuple(args))

    def _call(self, tree: Tree, args: Sequence[Item]) -> Item:
        callee = tree.value
        local = self.functions.get(callee.name)
        if local is not None:
            bound = bind(local.names, {}, tree, args, self.text)
            return self._call_local(local, [bound[name] for name in local.names], tree.span)
        name = callee.name if callee.name in self.table else SHORT.get(callee.name, callee.name)
        if name not in self.table or self._is_hidden(name):
            if callee.name == self.defining:
                raise DefinitionError(
                    f"{callee.name} is defined by itself", self.text, callee.span,
                    "Recursion is not part of the language.",
                )  # fmt: skip
            known = {*self.names, *self.inputs}
            names = [*self.table, *self.functions]
            raise unknown_function(tree, self.text, known, names)
        function = self.table[name]
        defaults = {p.name: p.default for p in function.parameters if p.default is not None}
        rest = next((p.name for p in function.parameters if p.kind == "rest"), "")
        last = function.parameters[-1] if function.parameters else None
        spread = last is not None and (last.kind == "shape" or last.name == "axes")
        if spread and not callee.keywords and len(args) > len(function.names):
            rest = function.names[-1]
        bound = bind(function.names, defaults, tree, args, self.text, rest)
        bound = self._with_defaults(function, bound, tree.span)
        return self.apply(function, [bound[name] for name in function.names], tree.span)

    def _is_hidden(self, name: str) -> bool:
        """Whether a formula cannot call a function: only rules see to what such a one asks for."""
        own = name.startswith("_") and self.table[name] is builtin_functions().find(name)
        return own and not self.is_trusted and not self.table[name].is_elementwise

    def _with_defaults(
        self, function: Function, bound: dict[str, Item], span: Span | None
    ) -> dict[str, Item]:
        for parameter in function.parameters:
            if parameter.name not in bound and parameter.default is not None:
                inner = Lowerer(function.text, self.table)
                value = inner.lower(parameter.default)
                if isinstance(value, Node):
                    value = self.builder.inline(inner.builder.graph((value,)), {}, span)
                bound[parameter.name] = value
        return bound

    _HANDLERS: Mapping[str, Callable[[Lowerer, Tree, Sequence[Item]], Item]] = {
        "number": _number,
        "literal": _literal,
        "name": _name,
        "conditional": _conditional,
        "compare": _compare,
        "index": _index,
        "attribute": _attribute,
        "tuple": _items,
        "list": _items,
        "call": _call,
    }

    def make(self, name: str, *items: Item, span: Span | None = None) -> Node:
        """A function of the language on operands and attributes, in the order of its head."""
        function = self.table[name]
        bound = dict(zip(function.names, items, strict=False))
        bound = self._with_defaults(function, bound, span)
        made = self.apply(function, [bound[n] for n in function.names], span)
        return self.number(made, span) if not isinstance(made, Node) else made

    def apply(self, function: Function, items: Sequence[Item], span: Span | None) -> Item:
        """A function on operands and attributes: an operation, or what takes its place."""
        if function.is_plain and len(items) == len(function.parameters):
            numbers = tuple([
                item if isinstance(item, Node) and item.op in self._numeric
                else self.number(item, span)
                for item in items
            ])  # fmt: skip
            return self.builder.intern(function.name, numbers, None, span)
        operands: dict[str, Node] = {}
        attributes: dict[str, Any] = {}
        raw: dict[str, Any] = {}
        chain: list[Node] = []
        for parameter, item in zip(function.parameters, items, strict=True):
            name = parameter.name
            if parameter.kind == "static":
                instead = _OF_TWO.get(function.name, "")
                attributes[name] = attribute(item, name, self.text, span, instead)
                check_attribute(function.name, name, attributes[name], self.text, span)
                raw[name] = attributes[name]
            elif function.is_built:
                raw[name] = item
            elif parameter.kind == "shape":
                attributes[name], more = shape_template(self, item, name, span)
                chain.extend(more)
            elif parameter.kind == "bool":
                operands[name] = self.condition(item, span)
            elif parameter.kind == "integer":
                operands[name] = integer(self, item, span)
            else:
                operands[name] = self.number(item, span)
        if function.is_built:
            return BUILDERS[function.name](self, raw, span)
        if function.is_operation:
            fillings = paired(self.builder, *chain)
            args = (*operands.values(), *(() if fillings is None else (fillings,)))
            value = tuple(attributes.values()) if function.attributes else None
            return self.builder.node(function.name, *args, value=value, span=span)
        body = definition(function, self.table, attributes=attributes)
        if any(node.op == "derivative" for node in body.nodes):
            places = body.inputs()
            names = tuple(places)
            local = local_function(names, [places[n] for n in names], body.nodes, body.outputs[0])
            return replayed(self, local, [operands[n] for n in names], span)
        return self.builder.inline(body, operands, span)

    def is_condition(self, node: Node) -> bool:
        """Whether a node is true or false, rather than a number."""
        while node.op in _PASSES_ON:
            node = node.args[0]
        if node.op == "constant":
            return isinstance(node.value, bool)
        if node.op == "input":
            return node in self.conditions
        function = self.table.find(node.op)
        return function is not None and function.kind == "bool"

    def condition(self, item: Item, span: Span | None = None) -> Node:
        """An item as a condition: a number holds where it is not 0."""
        node = item if isinstance(item, Node) else self.number(item, span)
        if self.is_condition(node):
            return node
        return self.builder.node("not_equal", node, self.builder.constant(0.0), span=node.span)

    def number(self, item: Item, span: Span | None = None) -> Node:
        """An item as a number: a condition is 1 where it holds and 0 elsewhere; a list is stacked.

        Lists in lists are the next axis; inner ones are made first.
        """
        if isinstance(item, Node):
            return self._single(item, span)
        under_way: list[tuple[Items, list[Node]]] = []
        current: Item = item
        while True:
            listed = current if isinstance(current, Items) and current.kind == "list" else None
            if listed is not None and listed.items:
                under_way.append((listed, []))
            else:
                empty = listed is not None
                done = stacked(self, (), 0, span) if empty else self._single(current, span)
                while under_way:
                    items, made = under_way[-1]
                    made.append(done)
                    if len(made) < len(items.items):
                        break
                    under_way.pop()
                    done = stacked(self, made, 0, span)
                else:
                    return done
            items, made = under_way[-1]
            current = items.items[len(made)]

    def _single(self, item: Item, span: Span | None) -> Node:
        if isinstance(item, Node):
            if not self.is_condition(item):
                if item.args and item.op not in _PASSES_ON:
                    self._numeric.add(item.op)
                return item
            return self.builder.node("indicator", item, span=item.span)
        if isinstance(item, Literal) and isinstance(item.value, bool | int | float):
            return self.builder.constant(float(item.value))
        raise _no_number(item, self.text, span)

    def _call_local(self, function: LocalFunction, args: Sequence[Item], span: Span) -> Node:
        operands = [self.number(arg, span) for arg in args]
        waits = bool(self.open) and not self.open_nodes().isdisjoint(operands)
        return called(self, function, operands, waits, span)

    def open_nodes(self) -> set[Node]:
        """The parameters of the function that is defined, and what depends on them."""
        for node in self.builder.nodes[self._looked_at :]:
            if not self.open.isdisjoint(node.args):
                self.open.add(node)
        self._looked_at = len(self.builder.nodes)
        return self.open


_OF_TWO = {
    "diff": "derivative(u, x) for the derivative of u by x",
    "derivative": "derivative(u, x, 2), or derivative(derivative(u, x), y) for a mixed one",
    "max": "maximum(x, y) for the larger of two",
    "min": "minimum(x, y) for the smaller of two",
    **{
        name: f"{name}([x, y]): the arrays in a list" for name in ("concatenate", "concat", "stack")
    },
}
"""What is meant by those that give an operand for an attribute."""

_PASSES_ON = frozenset(("index", "expand_dims", "squeeze", "transpose", "matrix_transpose"))
"""Operations that keep a condition a condition."""


def _no_number(item: Item, text: str, span: Span | None) -> ArgumentError:
    if isinstance(item, ShapeOf):
        return ArgumentError("a shape is not a number", text, span, "Write x.shape[0].")
    if isinstance(item, Items):
        hint = "Pick one, as in qr(A)[0], or assign them: Q, R = qr(A)."
        if not item.items or not isinstance(item.items[0], Node):
            hint = "Write [a, b] for an array."
        return ArgumentError("several values stand where one is expected", text, span, hint)
    assert isinstance(item, Literal)
    what = "a text" if isinstance(item.value, str) else str(item.value)
    return ArgumentError(f"{what} is not a number", text, span, "Write a number or a name here.")


def lower_rule(
    tree: Tree,
    text: str,
    table: FunctionTable,
    conditions: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
) -> Graph:
    """A definition, a derivative or one side of a rewrite, as a graph over its names.

    Names in `conditions` stand for conditions, those in `attributes` for what they are there, all
    others for numbers.
    """
    lowerer = Lowerer(text, table, conditions, attributes)
    item = lowerer.lower(tree)
    return lowerer.builder.graph((item if isinstance(item, Node) else lowerer.number(item),))


def _conditions_of(function: Function) -> list[str]:
    return [p.name for p in function.parameters if p.kind == "bool"]


def attributes_of(function: Function, value: Value) -> dict[str, Any]:
    """The attributes of a node by name."""
    return dict(zip(function.attributes, value if isinstance(value, tuple) else (), strict=False))


def definition(
    function: Function,
    table: FunctionTable,
    which: int = 0,
    attributes: Mapping[str, Any] | None = None,
) -> Graph:
    """A definition of a function as a graph over its operands."""
    given = attributes or {}
    values = tuple((type(v), v) for v in given.values())
    key = ("definition", function.name, which % len(function.definitions), values)
    graph: Graph | None = table.recent.get(key)
    if graph is None:
        tree = function.definitions[which]
        graph = lower_rule(tree, function.text, table, _conditions_of(function), given)
        table.recent[key] = graph
    return graph


def derivative(
    function: Function, table: FunctionTable, position: int, value: Value = None
) -> Graph | None:
    """A stated derivative as a graph over the operands, `out` and `g`; None where it is 0.

    `value` is that of the node, with its attributes.
    """
    if function.derivative_is(position, "0"):
        return None
    key = ("derivative", function.name, position, value)
    graph: Graph | None = table.recent.get(key)
    if graph is None:
        tree = function.derivatives[position]
        given = attributes_of(function, value)
        graph = lower_rule(tree, function.text, table, _conditions_of(function), given)
        table.recent[key] = graph
    return graph
