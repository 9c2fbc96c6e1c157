"""The passes that keep a graph short and stable, as the driver names them."""

from __future__ import annotations

from collections import Counter

from symgrad.errors import SymgradError
from symgrad.functions import FunctionTable
from symgrad.graph import STRUCTURAL, Builder, Graph, Leaves, Node, ancestors, complementary
from symgrad.lower import definition
from symgrad.rewrite import rewrite


def stabilise(graph: Graph, table: FunctionTable, exact: bool = False) -> Graph:
    """Rewrite a formula's graph before it is differentiated; `exact` keeps to bit-identical rules."""
    return rewrite(graph, table, _sections(exact))


def simplify(graph: Graph, table: FunctionTable, exact: bool = False) -> Graph:
    """Rewrite the graph of a value and its derivatives, and write its products in reading order."""
    graph = rewrite(graph, table, _sections(exact), ("tidy",), graph.outputs[0])
    return _in_reading_order(_without_idle_broadcasts(graph))


def _sections(exact: bool) -> tuple[str, ...]:
    return ("exact",) if exact else ("exact", "stable")


def _without_idle_broadcasts(graph: Graph) -> Graph:
    """Drop a broadcast where another operand has the shape already, or where it changes nothing."""
    build = Builder()
    leaves = Leaves(build.nodes)
    made: dict[Node, Node] = {}
    for node in graph.nodes:
        args = [made[arg] for arg in node.args]
        if node.op == "broadcast" and leaves[args[0]] == leaves[args[1]]:
            made[node] = args[0]
            continue
        if len(args) == 2 and node.op not in STRUCTURAL:
            for arg, other in ((0, 1), (1, 0)):
                idle = args[arg].op == "broadcast"
                if idle and leaves[args[arg]] | leaves[args[other]] == leaves[args[other]]:
                    args[arg] = args[arg].args[0]
        made[node] = build.node(node.op, *args, value=node.value, span=node.span)
    labels = {made[n]: name for n, name in graph.labels.items()}
    return build.graph([made[n] for n in graph.outputs], labels)


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


def legalise(graph: Graph, known: frozenset[str], table: FunctionTable, target: str) -> Graph:
    """The graph in the operations that a target knows, tidied; its first output is the value.

    Raises
    ------
    SymgradError
        An operation is neither known to the target nor defined by others.
    """
    expanded = expand(graph, known, table, target)
    value = expanded.outputs[0]
    return _in_reading_order(rewrite(expanded, table, ("exact",), ("tidy",), value))


def expand(graph: Graph, known: frozenset[str], table: FunctionTable, target: str) -> Graph:
    """Replace every operation that a target does not know by its last definition."""
    while not all(node.op in known for node in graph.nodes):
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
    return graph


_MOST_JOINED = 32
"""NumPy joins the shapes of at most this many operands in one call, in every version."""


def shapes_from_inputs(graph: Graph, kind: str) -> Graph:
    """Where derivatives use the value's shape alone, take that from the inputs, not the value."""
    derivatives = ancestors(graph.nodes, graph.outputs[1:])
    uses = [n for n in graph.nodes if n in derivatives and n.op == "broadcast"]
    roots = {n.args[1] for n in uses if n.args[1].args}
    computed = {
        arg
        for node in graph.nodes
        if node in derivatives
        for arg in (node.args[:1] if node.op == "broadcast" else node.args)
    } | set(graph.outputs[1:] if kind == "grad" else graph.outputs)
    build = Builder()
    made: dict[Node, Node] = {}
    leaves: dict[Node, tuple[Node, ...]] = {}
    for node in graph.nodes:
        args = [made[arg] for arg in node.args]
        if node.op == "broadcast" and node.args[1] in roots - computed:
            like = _joined(build, [made[leaf] for leaf in leaves[node.args[1]]])
            args[1] = like or args[1]
        made[node] = build.node(node.op, *args, value=node.value, span=node.span)
        if node.op in ("input", "index"):
            leaves[node] = (node,)
        elif roots:
            below = [leaf for arg in node.args for leaf in leaves[arg]]
            leaves[node] = tuple(dict.fromkeys(below))[: _MOST_JOINED + 1]
    labels = {made[n]: name for n, name in graph.labels.items()}
    return build.graph([made[n] for n in graph.outputs], labels)


def _joined(build: Builder, leaves: list[Node]) -> Node | None:
    if not leaves or len(leaves) > _MOST_JOINED:
        return None
    like = leaves[0]
    for leaf in leaves[1:]:
        like = build.node("join", like, leaf)
    return like


def without_shapes(graph: Graph) -> Graph:
    """The graph for numbers alone, where nothing is broadcast."""
    build = Builder()
    made: dict[Node, Node] = {}
    for node in graph.nodes:
        if node.op in ("broadcast", "unbroadcast"):
            made[node] = made[node.args[0]]
        else:
            args = [made[arg] for arg in node.args]
            made[node] = build.node(node.op, *args, value=node.value, span=node.span)
    labels = {made[n]: name for n, name in graph.labels.items()}
    return build.graph([made[n] for n in graph.outputs], labels)


def typed_fills(graph: Graph, table: FunctionTable) -> Graph:
    """Give constants the inputs' type where they fill the shape of something that has another.

    That is a condition, or joined shapes, which are no array. A sum over such a fill asks only for
    its shape.
    """
    summed = {n.args[0] for n in graph.nodes if n.op == "unbroadcast"}
    summed -= {arg for n in graph.nodes if n.op != "unbroadcast" for arg in n.args}
    summed -= set(graph.outputs)
    build = Builder()
    made: dict[Node, Node] = {}
    leaf: dict[Node, Node] = {}
    for node in graph.nodes:
        args = [made[arg] for arg in node.args]
        shaped = node.args[1:] if node.op in ("unbroadcast", "place") else node.args
        below = [leaf[arg] for arg in shaped if arg in leaf]
        if node.op in ("input", "index"):
            leaf[node] = node
        elif below:
            leaf[node] = below[0]
        if node.op == "broadcast" and node.args[0].is_constant and node not in summed:
            like = node.args[1]
            if like.op == "join" or (like.op in table and table[like.op].kind == "bool"):
                args[0] = build.node("broadcast", args[0], made[leaf[like]])
        made[node] = build.node(node.op, *args, value=node.value, span=node.span)
    labels = {made[n]: name for n, name in graph.labels.items()}
    return build.graph([made[n] for n in graph.outputs], labels)


def finish(graph: Graph) -> Graph:
    """Make results own their memory and have the type of the inputs.

    An output that is an input, a view or another output is copied. One whose numbers come from a
    choice between constants alone would be float64 whatever the inputs are, and is cast. A sum over
    what was broadcast does both by itself.
    """
    build = Builder()
    for node in graph.nodes:
        build.adopt(node)
    untyped = _untyped(graph)
    inputs = list(graph.inputs().values())
    sources: set[Node] = set()
    outputs: list[Node] = []
    for output in graph.outputs:
        source = output.args[0] if output.op == "unbroadcast" else output
        if source is not output and source.op == "broadcast":
            outputs.append(output)
        elif output in untyped and inputs:
            outputs.append(build.node("cast", output, inputs[0]))
        elif source in sources or source.op in ("input", "index") or _is_view(source):
            outputs.append(build.node("copy", output))
        else:
            outputs.append(output)
        sources.add(source)
    return build.graph(outputs, graph.labels)


def _is_view(node: Node) -> bool:
    return node.op == "broadcast" and not node.args[0].is_constant


def _untyped(graph: Graph) -> set[Node]:
    """Nodes that are float64 whatever the inputs: choices between constants, and what uses them."""
    uses = Counter(arg for node in graph.nodes for arg in node.args)
    untyped: set[Node] = set()
    for node in graph.nodes:
        if node.op == "keep":
            if node.args[1].is_constant or node.args[1] in untyped:
                untyped.add(node)
        elif node.op not in ("place", "index") and not untyped.isdisjoint(node.args):
            if not _is_choice_with_typed(node, untyped, uses):
                untyped.add(node)
    return untyped


def _is_choice_with_typed(node: Node, untyped: set[Node], uses: Counter[Node]) -> bool:
    """Whether a sum is one np.where of a constant and of something that has the inputs' type."""
    if node.op != "add" or not all(a.op == "keep" and uses[a] == 1 for a in node.args):
        return False
    left, right = node.args
    odd = [a for a in node.args if a in untyped]
    one = len(odd) == 1 and odd[0].args[1].is_constant
    return one and complementary(left.args[0], right.args[0])
