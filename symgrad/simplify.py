"""The passes that keep a graph short and stable, as the driver names them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import partial

from symgrad.errors import SymgradError
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, ancestors, rebuilt
from symgrad.lower import attributes_of, definition
from symgrad.rewrite import rewrite
from symgrad.rewriting.alike import ASKING_FOR_SHAPES, where_alike
from symgrad.rewriting.cancellation import without_cancellation
from symgrad.rewriting.gathering import gathered
from symgrad.rewriting.grouping import grouped
from symgrad.rewriting.meeting import met
from symgrad.shapes import CONDITIONS, Inference
from symgrad.shaping.leaves import Leaves, all_elementwise, is_elementwise


def stabilise(
    graph: Graph, table: FunctionTable, exact: bool = False, found: Inference | None = None
) -> Graph:
    """Rewrite a graph before it is differentiated; with `exact`, by bit-identical rules only.

    Some rules ask for operands of one shape, which `found` may know of the inputs.
    """
    if exact:
        return rewrite(graph, table, always(exact))
    sections = (*always(exact), "before")
    graph = rewrite(graph, table, sections)
    for section in ASKING_FOR_SHAPES:
        alike = where_alike(graph, found or Inference({}), section)
        graph = graph if alike is graph else rewrite(alike, table, sections)
    graph = _together(graph, table, sections)
    if all_elementwise(graph.nodes):
        sections = (*sections, "single")
    graph = rewrite(graph, table, (*sections, "last"))
    together = gathered(grouped(graph, table), table)
    if together is not graph:
        together = rewrite(together, table, (*sections, "last"))
    return _once_expanded(without_cancellation(together, table), table)


def _together(graph: Graph, table: FunctionTable, sections: tuple[str, ...]) -> Graph:
    """The graph with factors as one that have a rule, wherever in a product they stand."""
    for _ in range(_MOST_MEETINGS):
        found = met(graph, table, sections)
        if found is graph:
            break
        graph = rewrite(found, table, sections)
    return graph


_MOST_MEETINGS = 8


def _once_expanded(graph: Graph, table: FunctionTable) -> Graph:
    """The graph with the rules that wait for the series."""
    if not any(node.op == "_norm" for node in graph.nodes):
        return graph
    return rewrite(graph, table, (*always(False), "expanded"))


def shorten(graph: Graph, table: FunctionTable, exact: bool = False) -> Graph:
    """Rewrite a value and its derivatives before they are differentiated again."""
    return rewrite(graph, table, always(exact))


def simplify(graph: Graph, table: FunctionTable, exact: bool = False) -> Graph:
    """Rewrite the graph of a value and its derivatives, and write its products in reading order."""
    sections = always(exact) if exact else (*always(exact), "expanded", "after")
    graph = rewrite(graph, table, sections, ("tidy",), graph.outputs[:1])
    leaves = Leaves(())
    graph = _shapes_from_the_first(without_idle_broadcasts(graph, leaves), leaves)
    return _as_read(graph)


def always(exact: bool) -> tuple[str, ...]:
    """The sections of rewrites.sg that hold before and after a graph is differentiated."""
    return ("exact",) if exact else ("exact", "stable")


def without_idle_broadcasts(graph: Graph, leaves: Leaves | None = None) -> Graph:
    """Drop a broadcast where another operand has the shape already, or where it changes nothing.

    What `leaves` are found to be are so for what follows, too.
    """
    broadcasts = {node for node in graph.nodes if node.op == "broadcast"}
    if not broadcasts:
        return graph
    beside = {node for node in graph.nodes if not broadcasts.isdisjoint(node.args)}
    leaves = Leaves(()) if leaves is None else leaves
    follows: list[Builder] = []

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        is_broadcast = node.op == "broadcast"
        if not is_broadcast and not any(arg.op == "broadcast" for arg in args):
            return None
        if not follows:
            follows.append(build)
            leaves.follow(build.nodes)
        if is_broadcast and args[0].op == "broadcast":
            args[0] = args[0].args[0]
        if is_broadcast and leaves[args[0]] == leaves[args[1]]:
            return args[0]
        if len(args) == 2 and is_elementwise(node.op):
            for arg, other in ((0, 1), (1, 0)):
                if args[arg].op != "broadcast":
                    continue
                inner, like = args[arg].args
                rest, whole = leaves[args[other]], leaves[args[arg]]
                covered = rest | whole == whole
                if node.op == "multiply" and covered and _is_number(inner, 1):
                    alone = rest == whole
                    return args[other] if alone else build.node("broadcast", args[other], like)
                if leaves.together(leaves[inner], rest) == leaves.together(whole, rest):
                    args[arg] = inner
        return None

    return rebuilt(graph, replace, nodes=broadcasts | beside)


def _is_number(node: Node, number: float) -> bool:
    return node.is_constant and node.value == number


_SHAPE_ONLY = {"size": 0, "_count": 0, "broadcast": 1, "unbroadcast": 1, "_reshape_like": 1}
"""Operations that only look at the shape of an operand, and at which one."""


_NO_NUMBERS = CONDITIONS | {"pair"}


def _asks_for_shape(node: Node) -> bool:
    return node.op in _SHAPE_ONLY and len(node.args) > _SHAPE_ONLY[node.op]


def _shapes_from_the_first(graph: Graph, leaves: Leaves) -> Graph:
    """Where only a shape is asked for, ask the first thing that has it: an input, if one does.

    Not a condition, though: the type of what is asked is often taken as well.
    """
    if not any(node.op in _SHAPE_ONLY for node in graph.nodes):
        return graph
    shaped = {n.args[_SHAPE_ONLY[n.op]] for n in graph.nodes if _asks_for_shape(n)}
    if all(node.op == "input" for node in shaped):
        return graph
    leaves.follow(graph.nodes)
    missing = {leaves[node] for node in shaped}
    first: dict[int, Node] = {}
    for node in graph.nodes:
        if not missing:
            break
        if not node.is_constant and node.op not in _NO_NUMBERS and leaves[node] in missing:
            first[leaves[node]] = node
            missing.remove(leaves[node])
    places = {node: place for place, node in enumerate(graph.nodes)}

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        place = _SHAPE_ONLY[node.op]
        if _asks_for_shape(node) and leaves[node.args[place]]:
            found = first.get(leaves[node.args[place]], node)
            if places[found] < places[node]:
                args[place] = made[found]
        return None

    return rebuilt(graph, replace, _SHAPE_ONLY)


def _as_read(graph: Graph, values: int = 1) -> Graph:
    """Products in derivatives, with their signs and their factors as a person writes them."""
    value, uses = ancestors(graph.nodes, graph.outputs[:values]), graph.uses()
    turned = _with_shared_signs(graph, value, uses)
    if turned is not graph:
        value, uses = ancestors(turned.nodes, turned.outputs[:values]), turned.uses()
    return _in_reading_order(turned, value, uses)


def _with_shared_signs(graph: Graph, value: Set[Node], uses: Mapping[Node, int]) -> Graph:
    """In derivatives, `-(t * x)` and `-(t * y)` become `u * x` and `u * y`, with u = -t.

    That is where all uses of t are such products. Then -t may be a negated product itself: later
    nodes come first.
    """
    negatives = [node for node in graph.nodes if node.op == "negative"]
    if not negatives:
        return graph
    below: dict[Node, list[Node]] = {}
    for node in negatives:
        factors = node.args[0]
        if node not in value and uses[factors] == 1 and factors not in graph.outputs:
            _note_factors(below, factors)
    if not below:
        return graph
    turned: dict[Node, Node] = {}
    for node in reversed(graph.nodes):
        products = [product for product in below.get(node, ()) if product not in turned]
        kept = node in graph.outputs
        if len(products) == uses[node] > 1 and not kept and node not in value and node.args:
            turned |= dict.fromkeys(products, node)
            _note_factors(below, node)
    if not turned:
        return graph
    return rebuilt(graph, partial(_turn, turned, {}), {"negative", *(n.op for n in turned)})


def _note_factors(below: dict[Node, list[Node]], product: Node) -> None:
    if product.op in ("multiply", "divide"):
        for factor in dict.fromkeys(product.args):
            below.setdefault(factor, []).append(product)


def _turn(
    turned: Mapping[Node, Node],
    negative: dict[Node, Node],
    build: Builder,
    node: Node,
    args: list[Node],
    made: Mapping[Node, Node],
) -> Node | None:
    """Where a product has a factor to turn, its negative is the product with that."""
    if node.op == "negative":
        return negative.get(node.args[0])
    factor = turned.get(node)
    if factor is not None:
        minus = negative.get(factor) or build.node("negative", made[factor])
        place = node.args.index(factor)
        negative[node] = build.node(node.op, *args[:place], minus, *args[place + 1 :])
    return None


def _in_reading_order(graph: Graph, value: Set[Node], uses: Mapping[Node, int]) -> Graph:
    """In derivatives, `c * (t * x)` becomes `c * x * t`: numbers first, then inputs."""

    def is_moved(product: Node) -> bool:
        return product.op in ("multiply", "divide") and product not in value and uses[product] == 1

    scaled = {
        node
        for node in graph.nodes
        if node.op == "multiply"
        and _is_scaled(node)
        and node not in value
        and (node.args[1].op == "constant" or is_moved(node.args[1]))
    }

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node not in scaled:
            return None
        factor, product = node.args if node.args[0].op == "constant" else node.args[::-1]
        spine: list[tuple[str, Node]] = []
        while is_moved(product):
            left, right = product.args
            if product.op == "multiply" and right.op == "input" and left.op != "input":
                left, right = right, left
            spine.append((product.op, right))
            product = left
        result = build.node("multiply", made[factor], made[product])
        for op, right in reversed(spine):
            result = build.node(op, result, made[right])
        return result

    return rebuilt(graph, replace, nodes=scaled)


def _is_scaled(product: Node) -> bool:
    """Whether one factor is a number, and the other is not."""
    left, right = product.args
    return (left.op == "constant") is not (right.op == "constant")


def legalise(
    graph: Graph,
    known: frozenset[str],
    table: FunctionTable,
    target: str,
    text: str = "",
    touched: bool = False,
    values: int = 1,
) -> Graph:
    """The graph in the operations that a target knows, tidied; its first outputs are the value.

    A graph that was `touched` is tidied though the target knows all that is in it; of another one,
    what has nothing to do with what was replaced stays as it is. `values` are the outputs that are
    the value, or parts of it.

    Raises
    ------
    SymgradError
        An operation is neither known to the target nor defined by others.
    """
    expanded = expand(graph, known, table, target, text)
    if touched:
        return tidied(expanded, table, values)
    return graph if expanded is graph else tidied(expanded, table, values, frozenset(graph.nodes))


def tidied(
    graph: Graph, table: FunctionTable, values: int = 1, settled: frozenset[Node] = frozenset()
) -> Graph:
    """A graph of which operations were replaced, without what that left to simplify.

    Nodes that are `settled` stay as they are unless their operands change.
    """
    graph = rewrite(graph, table, ("exact",), ("tidy",), graph.outputs[:values], settled)
    return _as_read(without_idle_broadcasts(graph), values)


def expand(
    graph: Graph,
    known: frozenset[str],
    table: FunctionTable,
    target: str,
    text: str = "",
    which: int = -1,
) -> Graph:
    """Replace every operation that a target does not know by its last definition, or another.

    `text` is the formula, for the error where there is none.
    """

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        function = table.find(node.op)
        if function is None or not function.definitions:
            raise lacking(target, node, text)
        body = definition(function, table, which, attributes_of(function, node.value))
        return build.inline(body, dict(zip(function.operands, args, strict=False)), node.span)

    while strange := {node.op for node in graph.nodes} - known:
        graph = rebuilt(graph, replace, strange)
    return graph


def lacking(target: str, node: Node, text: str, hint: str = "") -> SymgradError:
    """The error for an operation that a target cannot have, at its place in the formula."""
    name = _SAID.get(node.op, node.op)
    if name in _UNSAID or name.startswith("_"):
        piece = text[slice(*node.span)] if node.span is not None else ""
        name = f"{' '.join(piece.split()):.60}" or name.lstrip("_")
    return SymgradError(f"the target {target} has no {name}", text, node.span, hint)


_SAID = {
    **dict.fromkeys("_mm _at _outer _rerow _unrow _recolumn _uncolumn".split(), "matmul"),
    **dict.fromkeys(("_diagonals", "_undiagonals"), "einsum that takes a diagonal"),
    "_solve_vector": "solve",
    "_cofactors": "det",
    "_middle": "median",
    "_correlate": "convolve",
    "_over_erfcx": "erfcx",
}
"""What users call that some operations are made for."""

_UNSAID = frozenset(("index", "integer", "size"))
"""What users do not call; others begin with an underscore."""
