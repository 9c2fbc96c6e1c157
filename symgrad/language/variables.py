"""The variables of derivatives that stand in a formula, as x in `derivative(u, x)`.

Such a variable is independent: a name that a statement gave, and a parameter of a function, are
held apart from all that has the same value. A node "_variable" around the value does that, until
the derivative has been taken.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symgrad.errors import ArgumentError, DerivativeError, Span, did_you_mean
from symgrad.graph import Node
from symgrad.language.items import Item, Items, Maker
from symgrad.language.tree import Statement, Tree, postorder

SHORT: Mapping[str, str] = {"D": "derivative"}
"""Names that mean a function of the language where nothing else is called so."""

MAX_ORDER = 99

_VARIABLES = frozenset(("input", "_variable", "parameter"))


def derivative_of(maker: Maker, bound: Mapping[str, Any], span: Span | None) -> Item:
    """`derivative(expr, x, order)`: a node for each order."""
    x, order = bound["x"], bound["order"]
    check_variable(x, maker.text, span)
    if type(order) is not int or not 1 <= order <= MAX_ORDER:
        message = f"the order of a derivative is a whole number from 1 to {MAX_ORDER}"
        raise ArgumentError(message, maker.text, span, "Write derivative(u, x, 2) for the second.")
    result = maker.number(bound["expr"], span)
    for _ in range(order):
        result = maker.builder.node("derivative", result, x, span=span)
    return result


def check_variable(x: Item, text: str, span: Span | None) -> None:
    """Refuse to differentiate by what is no name of a number."""
    if not isinstance(x, Node) or x.op not in _VARIABLES:
        hint = "Give what is meant a name first, as in r = x**2; derivative(sin(r), r)."
        if isinstance(x, Items):
            hint = "Write one name: derivative(u, x, 2), or derivative(derivative(u, x), y)."
        message = "a derivative is taken by a name that stands for a number or an array"
        raise ArgumentError(message, text, span, hint)


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """A function that the formula defines: its parameters, and the nodes that depend on them.

    Those in `own` are derivatives by a parameter as a variable of its own. A `place` among the
    bodies of the formula is that of a function whose calls may wait, and `size` is how many
    operations it comes to.
    """

    parameters: tuple[Node, ...]
    names: tuple[str, ...]
    steps: tuple[Node, ...]
    result: Node
    own: frozenset[Node]
    place: int | None = None
    size: int = 0


def local_function(
    names: tuple[str, ...], parameters: Sequence[Node], nodes: Iterable[Node], result: Node
) -> LocalFunction:
    """A function from its parameters and the nodes that are made again where it is called."""
    steps = tuple(node for node in nodes if node not in parameters)
    return LocalFunction(tuple(parameters), names, steps, result, _own_variables(steps, parameters))


def _own_variables(steps: Iterable[Node], parameters: Iterable[Node]) -> frozenset[Node]:
    """The derivatives in a function's body by a parameter that stands in what they are of.

    In `f(x, y) = D(x**2*y, x)` the parameter x is a variable of its own. In `slope(u, x) = D(u, x)`
    it is the name of the variable on which the argument u depends.
    """
    own = set()
    of: dict[Node, set[Node]] = {parameter: {parameter} for parameter in parameters}
    for step in steps:
        read = step.args[:1] if step.op == "derivative" else step.args
        of[step] = set().union(*[of.get(arg, set()) for arg in read])
        if step.op == "derivative" and step.args[1] in of[step]:
            own.add(step)
    return frozenset(own)


def differentiated_names(statements: Sequence[Statement], known: Container[str]) -> frozenset[str]:
    """The names by which derivatives are taken anywhere in a formula.

    `known` are the functions of the language. A function that the formula defines may take its
    variable as an argument.
    """
    variables: dict[str, tuple[str, ...]] = {"derivative": ("expr", "x")}
    variables |= {name: variables[long] for name, long in SHORT.items() if name not in known}
    taken = {name: {"x"} for name in variables}
    found: set[str] = set()
    for statement in statements:
        names: set[str] = set()
        for tree in postorder(statement.body):
            if tree.op == "call" and tree.value.name in taken:
                names.update(_variables_of(tree, variables, taken))
        target = statement.target
        if target is not None and target.op == "call":
            parameters = tuple(arg.value if arg.op == "name" else "" for arg in target.args)
            variables[target.value.name] = parameters
            taken[target.value.name] = names.intersection(parameters)
            names.difference_update(parameters)
        found |= names
    return frozenset(found)


def _variables_of(
    call: Tree, parameters: Mapping[str, Sequence[str]], taken: Mapping[str, set[str]]
) -> Iterable[str]:
    callee = call.value
    positional = len(call.args) - len(callee.keywords)
    bound = (*parameters[callee.name][:positional],)
    words = (*bound, *[""] * (positional - len(bound)), *callee.keywords)
    for word, arg in zip(words, call.args, strict=True):
        if word in taken[callee.name] and arg.op == "name":
            yield arg.value


def variable(maker: Maker, name: str, item: Item, number: int, span: Span | None) -> Item:
    """What a name stands for, held apart from all else; conditions and tuples stay as they are."""
    if isinstance(item, Items) and item.kind == "list":
        item = maker.number(item, span)
    return held(maker, name, item, number, span) if isinstance(item, Node) else item


def held(maker: Maker, name: str, node: Node, number: int, span: Span | None) -> Node:
    """A value, held apart from all else that has the same value; a condition stays as it is."""
    if maker.is_condition(node):
        return node
    return maker.builder.node("_variable", node, value=(name, number), span=span)


def check_variables(
    nodes: Sequence[Node], declared: Container[str], functions: Container[str], text: str
) -> None:
    """Refuse a derivative by a name that stands nowhere else, or of a function that is not called.

    Raises
    ------
    DerivativeError
        It shows the name, and which one may be meant.
    """
    for node in nodes:
        if node.op == "derivative" and node.args[0].op == "input":
            name, x = (str(arg.value) for arg in node.args)
            if name in functions and name != x and name not in declared:
                raise DerivativeError(
                    f"{name} is a function here, and not called", text, node.span,
                    f"Write derivative({name}({x}), {x}).",
                )  # fmt: skip
    taken = dict.fromkeys(n.args[1] for n in nodes if n.op == "derivative")
    read = {arg for n in nodes for arg in (n.args[:1] if n.op == "derivative" else n.args)}
    names = [str(n.value) for n in nodes if n.op == "input" and (n in read or n not in taken)]
    for node in taken:
        name = str(node.value)
        if node.op == "input" and node not in read and name not in declared:
            known = f"Its names are: {', '.join(names)}." if names else ""
            raise DerivativeError(
                f"derivative by {name}, which stands nowhere else in the formula", text, node.span,
                did_you_mean(name, names) or known or "Write a name that the formula uses.",
            )  # fmt: skip
