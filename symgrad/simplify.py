"""The passes that keep a graph short and stable, as the driver names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from symgrad.errors import SymgradError
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, ancestors
from symgrad.lower import definition
from symgrad.rewrite import read_rules, rewrite


def stabilise(graph: Graph, table: FunctionTable, exact: bool = False) -> Graph:
    """Rewrite a formula's graph before it is differentiated; `exact` keeps to bit-identical rules."""
    return rewrite(graph, _rules(table, exact))


def simplify(graph: Graph, table: FunctionTable, exact: bool = False) -> Graph:
    """Rewrite the graph of a value and its derivatives, and write its products in reading order."""
    tidy = read_rules(table, "tidy")
    return _in_reading_order(rewrite(graph, _rules(table, exact), tidy, graph.outputs[0]))


def _rules(table: FunctionTable, exact: bool) -> tuple:  # type: ignore[type-arg]
    rules = read_rules(table, "exact")
    return rules if exact else rules + read_rules(table, "stable")


def _in_reading_order(graph: Graph) -> Graph:
    """In derivatives, `c * (t * x)` becomes `c * x * t`: numbers first, then inputs, no parentheses."""
    value = ancestors(graph.nodes, graph.outputs[:1])
    uses = Counter(arg for node in graph.nodes for arg in node.args)
    build = Builder()
    made: dict[Node, Node] = {}
    for node in graph.nodes:
        args = [made[arg] for arg in node.args]
        if node not in value and node.op == "multiply":
            left, right = node.args
            if right.is_constant:
                left, right = right, left
            if left.is_constant and not right.is_constant:
                made[node] = _spread(build, left, right, made, value, uses)
                continue
        made[node] = build.node(node.op, *args, value=node.value, span=node.span)
    labels = {made[n]: name for n, name in graph.labels.items()}
    return build.graph([made[n] for n in graph.outputs], labels)


def _spread(
    build: Builder,
    factor: Node,
    product: Node,
    made: dict[Node, Node],
    value: set[Node],
    uses: Counter[Node],
) -> Node:
    """A factor times a product, with the factor at the product's far left."""
    spine: list[tuple[str, Node]] = []
    while product.op in ("multiply", "divide") and product not in value and uses[product] == 1:
        left, right = product.args
        if product.op == "multiply" and right.op == "input" and left.op != "input":
            left, right = right, left
        spine.append((product.op, right))
        product = left
    result = build.node("multiply", made[factor], made[product])
    for op, right in reversed(spine):
        result = build.node(op, result, made[right])
    return result


def legalise(
    graph: Graph, known: Sequence[str] | frozenset[str], table: FunctionTable, target: str
) -> Graph:
    """Replace every operation that a target does not know by its last definition.

    Raises
    ------
    SymgradError
        An operation is neither known to the target nor defined by others.
    """
    while True:
        foreign = [n for n in graph.nodes if n.op not in known]
        if not foreign:
            return rewrite(graph, read_rules(table, "exact"))
        build = Builder()
        made: dict[Node, Node] = {}
        for node in graph.nodes:
            args = [made[arg] for arg in node.args]
            if node.op in known:
                made[node] = build.node(node.op, *args, value=node.value, span=node.span)
                continue
            function = table.get(node.op)
            if function is None or not function.definitions:
                raise SymgradError(f"the target {target} has no {node.op}")
            body = definition(function, table, -1)
            made[node] = build.inline(body, dict(zip(function.names, args, strict=True)), node.span)
        labels = {made[n]: name for n, name in graph.labels.items()}
        graph = build.graph([made[n] for n in graph.outputs], labels)


def finish(graph: Graph) -> Graph:
    """Make results own their memory and have the type of the inputs.

    An output that is an input, a view or another output is copied. One whose numbers come from a
    choice between constants alone would be float64 whatever the inputs are, and is cast.
    """
    build = Builder()
    for node in graph.nodes:
        build.adopt(node)
    untyped = _untyped(graph)
    inputs = list(graph.inputs().values())
    sources: set[Node] = set()
    outputs: list[Node] = []
    for output in graph.outputs:
        source = output
        while source.op == "unbroadcast":
            source = source.args[0]
        view = source.op in ("input", "index") or (
            source.op == "broadcast" and not source.args[0].is_constant
        )
        if output in untyped and inputs:
            outputs.append(build.node("cast", output, inputs[0]))
        elif view or (source in sources and not source.is_constant):
            outputs.append(build.node("copy", output))
        else:
            outputs.append(output)
        sources.add(source)
    return build.graph(outputs, graph.labels)


def _untyped(graph: Graph) -> set[Node]:
    """Nodes that are float64 whatever the inputs: choices between constants, and what uses them."""
    untyped: set[Node] = set()
    for node in graph.nodes:
        typed = [a for a in node.args if not a.is_constant]
        if node.op == "keep":
            if node.args[1].is_constant or node.args[1] in untyped:
                untyped.add(node)
        elif node.op not in ("place", "index") and any(a in untyped for a in typed):
            untyped.add(node)
    return untyped
