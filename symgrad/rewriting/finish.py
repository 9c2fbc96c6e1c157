"""The last passes before code: where shapes come from, and what results are to their caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial, reduce

from symgrad.errors import Span
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, Value, ancestors, builder_of, complementary, rebuilt
from symgrad.language.items import paired, unpaired
from symgrad.language.spelling import INFIX
from symgrad.language.template import holes
from symgrad.rewriting.once import in_one_order
from symgrad.shaping.leaves import REDUCTIONS, is_elementwise

_MOST_JOINED = 32
"""NumPy joins the shapes of at most this many operands in one call, in every version."""

_SHAPED_BY = {"pair": 0, "place": 1, "unbroadcast": 1}
"""Operations that have the shape of one operand."""

_LIKE = frozenset("broadcast unbroadcast place".split())

VIEWS = frozenset(
    """index broadcast expand_dims squeeze _transpose matrix_transpose permute_dims swapaxes
    moveaxis flip diagonal _diagonals _reshape _reshape_like _broadcast_to _rerow _unrow _recolumn
    _uncolumn stop_gradient integer""".split()
)
"""Operations whose result may share memory with their first operand."""

_CREATED = frozenset("_zeros _ones eye _counting".split())
_WHOLE = frozenset("argmax argmin argsort _searchsorted integer".split())
_UNTYPED = _WHOLE | _CREATED
"""Operations whose result has a type of its own."""

_OF_TWO = frozenset(
    """_mm _at _outer _vdot _solve _solve_vector concatenate _einsum _convolve _correlate
    _scan""".split()
)
"""Operations on whole arrays whose type depends on that of both operands."""


def without_shapes(graph: Graph) -> Graph:
    """The graph for numbers alone, where nothing is broadcast."""
    return rebuilt(graph, lambda build, node, args, made: args[0], ("broadcast", "unbroadcast"))


def squares_as_products(graph: Graph) -> Graph:
    """`x * x` for `x**2`: rounded once, as NumPy's square is, and faster in Python than a power."""

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        return _product(build, args[0], 2.0, node.span) if args[1].value == 2 else None

    return rebuilt(graph, replace, ("power",))


def powers_as_products(graph: Graph) -> Graph:
    """Products for squares, cubes and fourth powers, as in the code for arrays: see `faster`."""

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        power = args[1].value
        return _product(build, args[0], power, node.span) if power in _SMALL_POWERS else None

    return rebuilt(graph, replace, ("power",))


def powers_by_squares(graph: Graph) -> Graph:
    """Cubes and fourth powers by squares, as a person writes them who knows how slow powers are.

    The square of an array is a product: files and calls give the same bits.
    """

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if args[1].value not in _SMALL_POWERS[1:]:
            return None
        square = build.node("power", args[0], build.constant(2.0))
        if args[1].value == _SMALL_POWERS[1]:
            return build.node("multiply", square, args[0], span=node.span)
        return build.node("power", square, build.constant(2.0), span=node.span)

    return rebuilt(graph, replace, ("power",))


_SMALL_POWERS = (2.0, 3.0, 4.0)


def _product(build: Builder, base: Node, power: Value, span: Span | None = None) -> Node:
    """A small power, by at most two products."""
    square = build.node("multiply", base, base, span=span)
    if power == _SMALL_POWERS[0]:
        return square
    return build.node("multiply", square, base if power == _SMALL_POWERS[1] else square, span=span)


def faster(graph: Graph) -> Graph:
    """Cheaper operations for arrays, which may differ in the last bit.

    NumPy's power takes a hundred times as long as a product where numbers are negative, its hypot
    and logaddexp ten times as long as what they are made of. A square is the same number either
    way, and is found at once. Whether x is above a number is seen in the larger of both, too, which
    is needed longer than x is.
    """
    extremes = {(_BEYOND[n.op], n.args): n for n in graph.nodes if n.op in _BEYOND}

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op in _BEYOND.values():
            extreme = extremes.get((node.op, node.args))
            if extreme is None or not args[1].is_constant:
                return None
            return build.node(node.op, build.node(extreme.op, *args), args[1], span=node.span)
        if node.op in _SYMMETRIC:
            first, second = args if args[0].is_constant else args[::-1]
            pair = (first, second) if first.is_constant else args
            return build.node(_SYMMETRIC[node.op], *pair)
        power = args[1].value
        return _product(build, args[0], power) if power in _SMALL_POWERS else None

    return in_one_order(rebuilt(graph, replace, ("power", *_SYMMETRIC, *_BEYOND.values())))


_BEYOND: Mapping[str, str] = {"maximum": "greater", "minimum": "less"}
"""By a choice between two numbers, what tells that the first one was chosen."""

_SYMMETRIC: Mapping[str, str] = {"hypot": "_hypot", "logaddexp": "_logaddexp"}
"""Functions in which the operands may change places, and what is faster."""


def masks_on_parts(graph: Graph) -> Graph:
    """A mask on what is placed among zeros, if it was placed there likewise, on that alone."""

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        condition, placed = args
        if condition.op != "not_equal" or condition.args[1].value != 0:
            return None
        mask, zero = condition.args
        alike = (mask.args[1:], mask.value) == (placed.args[1:], placed.value)
        if not (mask.op == placed.op == "place" and alike) or any(map(holes, placed.attributes)):
            return None
        held, inner = mask.args[0], placed.args[0]
        held = held.args[0] if held.op == "broadcast" else held
        one = held.op == "keep" and held.args[1].value == 1
        held = held.args[0] if one else build.node("not_equal", held, zero)
        if inner.op != "keep" or inner.args[0] is not held:
            inner = build.node("keep", held, inner)
        return build.node("place", inner, *placed.args[1:], value=placed.value, span=node.span)

    placing = any(node.op == "place" for node in graph.nodes)
    return rebuilt(graph, replace, ("keep",)) if placing else graph


def shapes_from_inputs(graph: Graph, kind: str) -> Graph:
    """Where derivatives use a shape alone, take that from the value or inputs, not from a step.

    The value's own is taken where the value is returned as well and has that shape.
    """
    derivatives = ancestors(graph.nodes, graph.outputs[1:])
    needed = [node for node in graph.nodes if node in derivatives]
    roots = {n.args[1] for n in needed if n.op == "broadcast" and n.args[1].args}
    computed = set(graph.outputs[1:] if kind == "grad" else graph.outputs)
    for node in needed:
        computed.update(node.args[:1] if node.op == "broadcast" else node.args)
    idle = roots - computed
    leaves: dict[Node, tuple[Node, ...]] = {}

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op in _SHAPED_BY:
            leaves[node] = leaves.get(node.args[_SHAPED_BY[node.op]], ())
        elif node.op == "input" or not (is_elementwise(node.op) or node.op in _LIKE):
            leaves[node] = (node,)
        elif idle:
            below = [leaf for arg in node.args for leaf in leaves[arg]]
            leaves[node] = tuple(dict.fromkeys(below))[: _MOST_JOINED + 1]
        if node.op == "broadcast" and node.args[1] in idle:
            root, value = node.args[1], graph.outputs[0]
            there = kind == "value_and_grad" and node is not value and value in leaves
            if there and {*leaves[root]} == {*leaves[value]}:
                args[1] = made[value]
            else:
                args[1] = _joined(build, [made[leaf] for leaf in leaves[root]]) or args[1]
        if node.op == "unbroadcast" and args[0].op == "broadcast" and args[0].args[1] is args[1]:
            return args[0]
        if node.op == "unbroadcast" and args[0].op == "unbroadcast":
            between = args[0].args[1]
            if between.op == "join":  # No array, but shapes that lie between the two.
                return build.node("unbroadcast", args[0].args[0], args[1], span=node.span)
        return None

    return rebuilt(graph, replace)


def _joined(build: Builder, leaves: list[Node]) -> Node | None:
    if not leaves or len(leaves) > _MOST_JOINED:
        return None
    like = leaves[0]
    for leaf in leaves[1:]:
        like = build.node("join", like, leaf)
    return like


def typed_fills(graph: Graph, table: FunctionTable) -> Graph:
    """Give constants the inputs' type where they fill the shape of something that has another.

    That is a condition, or joined shapes, which are no array. A sum over such a fill asks only for
    its shape, and a truth value in the shape of a condition is one.
    """
    summed = {n.args[0] for n in graph.nodes if n.op == "unbroadcast"}
    summed -= {arg for n in graph.nodes if n.op != "unbroadcast" for arg in n.args}
    summed -= set(graph.outputs)
    names = list(graph.inputs())
    leaf: dict[Node, Node] = {}
    others: set[Node] = set()

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        shaped = node.args[1:] if node.op in ("unbroadcast", "place") else node.args
        below = [leaf[arg] for arg in shaped if arg in leaf]
        is_own = not (is_elementwise(node.op) or node.op in _LIKE or node.op == "pair")
        moves = node.op == "pair" or (is_own and node.op not in REDUCTIONS)
        is_condition = node.op in table and table[node.op].kind == "bool"
        if is_condition or node.op in _WHOLE or (moves and others & {*node.args[:1]}):
            others.add(node)
        if below and not is_own:
            leaf[node] = below[0]
        elif is_own and node not in others:
            leaf[node] = node
        if node.op == "broadcast" and node.args[0].is_constant and node not in summed:
            like = node.args[1]
            if like.op == "join" or (like in others and not isinstance(args[0].value, bool)):
                args[0] = build.node("broadcast", args[0], typed(build, like, args[1], made))
        if node.op == "unbroadcast" and node.args[1].op == "join":
            args[1] = build.node("broadcast", typed(build, node.args[1], args[1], made), args[1])
        return None

    def typed(build: Builder, like: Node, copied: Node, made: Mapping[Node, Node]) -> Node:
        """Something of the inputs' type that broadcasts to the shape of another."""
        if like in leaf:
            return made[leaf[like]]
        parts = [copied]
        while parts[0].op == "join":
            parts[:1] = parts[0].args
        same = reduce(partial(build.node, "equal"), parts, parts[0])
        number = build.node("keep", same, build.node("constant", value=1.0))
        return build.node("cast", number, build.node("input", value=names[0]))

    return rebuilt(graph, replace)


def plain_indices(graph: Graph, indices: frozenset[str]) -> tuple[Graph, list[str]]:
    """Inputs that are only indices are whole numbers from the start.

    The others that serve as indices, too, are told: there, they become inputs of their own.
    """
    both: dict[str, None] = {}

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op != "integer" or node.args[0].op != "input":
            return None
        name = str(node.args[0].value)
        if name in indices:
            return args[0]
        both[name] = None
        return build.node("input", value=f"{name} as an index")

    return rebuilt(graph, replace), list(both)


_SIZES = frozenset(("size", "_count", "ndim"))
_PLAIN = frozenset((*INFIX, "sqrt"))
"""What gives a number of Python when it is given such."""


def typed_creations(graph: Graph, indices: frozenset[str]) -> Graph:
    """Arrays that are made of nothing get the type of the inputs, as one operand more."""
    inputs = [node for name, node in graph.inputs().items() if name not in indices]
    if not inputs or not any(node.op in _CREATED for node in graph.nodes):
        return graph
    serving = {arg for node in graph.nodes if node.op in ("index", "pair") for arg in node.args[1:]}

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op not in _CREATED - {"_counting"} or node in serving:
            return None
        like = made.get(inputs[0]) or build.node("input", value=inputs[0].value)
        chain = paired(build, *args, like)
        return build.node(node.op, *(() if chain is None else (chain,)), value=node.value)

    return rebuilt(graph, replace)


def finish(graph: Graph, indices: frozenset[str] = frozenset()) -> Graph:
    """Make results own their memory and have the type of the inputs.

    An output that is an input, a view or another output is copied. One whose numbers come from a
    choice between constants alone would be float64 whatever the inputs are, and is cast. A sum over
    what was broadcast does both by itself.
    """
    build = builder_of(graph)
    untyped, plain = _untyped(graph, indices)
    inputs = [node for name, node in graph.inputs().items() if name not in indices]
    sources: set[Node] = set()
    outputs: list[Node] = []
    for output in graph.outputs:
        source = output.args[0] if output.op == "unbroadcast" else output
        if source is not output and source.op == "broadcast":
            outputs.append(output)
            continue
        if output.op == "broadcast" and output.args[1].value in indices and inputs:
            outputs.append(build.node("cast", output, inputs[0]))
            continue
        base, repeats = source, False
        while base.op in VIEWS and not (base.op == "broadcast" and base.args[0].is_constant):
            repeats |= base.op in ("broadcast", "_broadcast_to")
            base = base.args[0]
        if output in untyped and inputs:
            outputs.append(build.node("cast", output, inputs[0]))
        elif (base in sources and base not in plain) or base.op == "input" or repeats:
            copied = build.node("copy", output)
            outputs.append(build.node("copy", copied) if copied in outputs else copied)
        else:
            outputs.append(output)
        sources.add(base)
    return build.graph(outputs, graph.labels)


def is_typed(node: Node) -> bool:
    """Whether an array that is made of nothing was given a type."""
    if node.op not in _CREATED:
        return False
    operands = [part for arg in node.args for part in unpaired(arg)]
    return len(operands) > holes(node.attributes[0])


def _untyped(graph: Graph, indices: frozenset[str]) -> tuple[set[Node], set[Node]]:
    """Nodes that are float64 whatever the inputs are, and what uses them; and numbers of Python.

    They are choices between constants, functions of sizes, which NumPy takes for doubles, and
    SciPy's functions of constants, which are not folded.
    """
    uses = graph.uses()
    untyped: set[Node] = set()
    plain: set[Node] = set()
    for node in graph.nodes:
        constant = bool(node.args) and plain.issuperset(node.args)
        typed = is_typed(node) or _is_choice_with_typed(node, untyped, uses)
        if node.is_constant or node.op in _SIZES or (constant and node.op in _PLAIN):
            plain.add(node)
        elif constant or node.value in indices or (node.op in _UNTYPED and not typed):
            untyped.add(node)
        elif node.op == "keep":
            if node.args[1] in untyped or node.args[1] in plain:
                untyped.add(node)
        elif (not untyped.isdisjoint(_typed_by(node)) and not typed) or _is_of_sizes(node, plain):
            untyped.add(node)
    untyped |= {node for node in plain.intersection(graph.outputs) if not node.is_constant}
    return untyped, plain


def _typed_by(node: Node) -> tuple[Node, ...]:
    """The operands that the type of a result depends on."""
    if node.op in ("place", "size", "ndim", "_count", "cast"):
        return ()
    if is_elementwise(node.op) or node.op in _OF_TWO:
        return node.args
    if node.op == "broadcast" and node.args[0].is_constant:
        return node.args[1:]
    return node.args[:1]


def _is_of_sizes(node: Node, plain: set[Node]) -> bool:
    """Whether an array is made of sizes, which are whole numbers to NumPy."""
    parts = () if is_elementwise(node.op) else _typed_by(node)
    return plain.issuperset(parts) and not all(part.is_constant for part in parts)


def _is_choice_with_typed(node: Node, untyped: set[Node], uses: Counter[Node]) -> bool:
    """Whether a sum is one np.where of a constant and of something that has the inputs' type."""
    if node.op != "add" or not all(a.op == "keep" and uses[a] == 1 for a in node.args):
        return False
    left, right = node.args
    odd = [a for a in node.args if a in untyped]
    one = len(odd) == 1 and odd[0].args[1].is_constant
    return one and complementary(left.args[0], right.args[0])
