"""Derivatives that stand in a formula become plain operations, the inner ones first.

Where nothing on the way from x to an expression mixes elements, the reverse pass without its sums
gives the derivative of each element. Else the expression is one number, and the pass gives its
gradient; or x is, or rows keep to themselves, and each element has its derivative by the forward
product with 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symgrad.differentiation.alignment import keeps_rows
from symgrad.differentiation.leibniz import MANY, derivative_of_order
from symgrad.differentiation.products import COTANGENT, Differentiator, seeds
from symgrad.errors import DerivativeError, Span
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, part_of, rebuilt
from symgrad.reverse import Tape
from symgrad.shapes import Inference
from symgrad.shaping.leaves import Leaves
from symgrad.shaping.misfit import Shape
from symgrad.shaping.resolve import undeclared
from symgrad.simplify import simplify, stabilise, without_idle_broadcasts

_FREE = "variable of derivative"
"""What takes the place of x; no input of a formula has spaces in its name."""

Infer = Callable[[Mapping[str, Shape]], Inference | None]
"""Gives an inference that knows the shapes of some more inputs; None where too little is known."""


def has_derivatives(graph: Graph) -> bool:
    """Whether a derivative stands in a formula."""
    return any(node.op in ("derivative", "_variable") for node in graph.nodes)


def take_derivatives(
    graph: Graph, found: Inference, infer: Infer, table: FunctionTable, exact: bool, text: str
) -> Graph:
    """The graph without derivatives; `found` has its shapes, and gets those of what is made.

    Raises
    ------
    DerivativeError
        Elements mix on the way from x, so that none has a derivative of its own.
    InputError
        That depends on shapes which are not known.
    """
    named, rows = _named_later(graph), _in_rows(graph)
    at_once: dict[Node, Graph | None] = {}

    def of_last(build: Builder, last: Node, made: Mapping[Node, Node]) -> Graph | None:
        row = rows[last]
        kept = {made[variable] for variable in named[last]}
        part = _freed(build.graph([made[row.of]]), made[last.args[1]], kept)
        part = stabilise(part, table, exact)
        return derivative_of_order(part, _FREE, row.order, table, exact, summed=False)

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op != "derivative":
            return None
        expr, x = args
        kept = {made[variable] for variable in named[node]}
        last = rows[node].last
        if at_once.get(last) is None:
            part = _freed(build.graph([expr]), x, kept)
            if last not in at_once and rows[node].order > 1 and len(part.nodes) > MANY:
                at_once[last] = of_last(build, last, made)
        whole = at_once.get(last)
        if whole is not None:
            return taken(build, whole, x, node) if node is last else None
        part = stabilise(part, table, exact)
        shapes = [found.shapes[arg] for arg in node.args]
        numbers = shapes[0] == (), shapes[1] == () or Leaves(build.nodes)[x] == 0
        names = (COTANGENT, _FREE)
        known = {n: shape for n, shape in zip(names, shapes, strict=True) if shape is not None}
        known |= dict.fromkeys(seeds("jvp", (_FREE,)), ())
        differentiator = Differentiator(table, exact, text, lambda: infer(known))
        inference = infer(known)
        tape = Tape(part, (_FREE,), table, text, inference, exact)
        derived = _derived(tape, inference, numbers, differentiator)
        if derived is None and None in shapes:
            raise undeclared(node, text)
        if derived is None:
            assert tape.mixing is not None
            raise _mixed(x, tape.mixing.span or node.span, text)
        return taken(build, derived, x, node)

    def taken(build: Builder, derived: Graph, x: Node, node: Node) -> Node:
        derived = simplify(derived, table, exact)
        slope = part_of(derived.nodes, derived.outputs[1:], {})
        inputs = {name: build.node("input", value=name) for name in slope.inputs()} | {_FREE: x}
        return build.inline(slope, inputs, node.span)

    graph = without_idle_broadcasts(_plain(rebuilt(graph, replace)))
    found.survey(graph.nodes, graph, text)
    return graph


def _derived(
    tape: Tape, found: Inference | None, numbers: tuple[bool, bool], differentiator: Differentiator
) -> Graph | None:
    """The value and its derivative, or None where it is not seen which of them is meant.

    `numbers` says whether the expression and the variable are known to be single numbers.
    """
    cotangents = tape.sweep()
    if tape.mixing is None:
        return tape.elementwise(cotangents)
    if numbers[0] or Leaves(tape.graph.nodes)[tape.value] == 0:
        return tape.results(cotangents)
    x = tape.inputs[_FREE]
    # Where rows keep to themselves, the sum of the derivatives by all of them has one term.
    if numbers[1] or (found is not None and keeps_rows(tape, x, found.shapes)):
        return _forward(tape.graph, differentiator)
    return None


def _named_later(graph: Graph) -> dict[Node, set[Node]]:
    """For each node the variables by which what is made of it is differentiated."""
    named: dict[Node, set[Node]] = {node: set() for node in graph.nodes}
    for node in reversed(graph.nodes):
        later = named[node]
        if node.op == "derivative":
            later = later | {node.args[1]}
        for arg in node.args if later else ():
            named[arg] |= later
    return named


@dataclass(frozen=True, slots=True)
class _Row:
    """Derivatives by one variable, each of the one before: of what, how often, and the last one."""

    of: Node
    order: int
    last: Node


def _in_rows(graph: Graph) -> dict[Node, _Row]:
    """The row of each derivative as far as to it, and the last one that it serves alone."""
    uses, counted = graph.uses(), dict[Node, tuple[Node, int]]()
    for node in graph.nodes:
        if node.op == "derivative":
            expr, x = node.args
            before = counted[expr] if expr in counted and expr.args[1] is x else (expr, 0)
            counted[node] = before[0], before[1] + 1
    last: dict[Node, Node] = {}
    for node in reversed([*counted]):
        last.setdefault(node, node)
        expr = node.args[0]
        if counted[node][1] > 1 and uses[expr] == 1 and expr not in graph.outputs:
            last[expr] = last[node]
    return {node: _Row(of, order, last[node]) for node, (of, order) in counted.items()}


def _freed(graph: Graph, x: Node, kept: set[Node]) -> Graph:
    """An expression with x as an input of its own; only the variables that are kept stay apart."""

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node is x:
            return build.node("input", value=_FREE)
        return args[0] if node.op == "_variable" and node not in kept else None

    return rebuilt(graph, replace)


def _forward(graph: Graph, differentiator: Differentiator) -> Graph:
    """The value, and the derivative of each of its elements by one number."""
    (tangent,) = seeds("jvp", (_FREE,))

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op == "input" and node.value == tangent:
            return build.constant(1.0)
        filled = args and args[0].op == "broadcast" and args[0].args[0].is_constant
        if node.op == "_reshape_like" and filled:
            return build.node("broadcast", args[0].args[0], args[1], span=node.span)
        return None

    return rebuilt(differentiator.jvp(graph, (_FREE,)), replace)


def _plain(graph: Graph) -> Graph:
    """The graph when all derivatives are taken: variables are what they stand for."""
    leaves: Leaves | None = None

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        nonlocal leaves
        if node.op == "_variable":
            return args[0]
        if node.op != "_filling":
            return None
        leaves = leaves or Leaves(build.nodes)
        x, like = args
        if leaves[x] | leaves[like] == leaves[x]:
            return x
        if leaves[x] | leaves[like] != leaves[like]:
            like = build.node("join", x, like, span=node.span)
        return build.node("broadcast", x, like, span=node.span)

    return rebuilt(graph, replace)


def _mixed(x: Node, span: Span | None, text: str) -> DerivativeError:
    """The error for a derivative of an array by an array that is not taken element by element."""
    name = x.value if x.op == "input" else x.attributes[0]
    return DerivativeError(
        f"the elements of {name} mix here, so that none has a derivative of its own", text, span,
        "Put sum(...) around what is differentiated, for the gradient; symgrad.jacobian gives all.",
    )  # fmt: skip
