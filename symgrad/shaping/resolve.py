"""Functions whose meaning depends on how many axes there are, resolved where that is known.

`dot` is a product of numbers, of matrices or a contraction; `diag` makes a matrix or takes a
diagonal. In NumPy that is decided at run time; here before the reverse pass, so that derivatives
are those of what is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import ascii_letters

from symgrad.errors import InputError
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.contraction import DOTS, einsum, parted
from symgrad.language.items import paired, unpaired
from symgrad.language.template import HOLE
from symgrad.lower import attributes_of, definition
from symgrad.shapes import Inference
from symgrad.shaping.misfit import Misfit, Shape

Shapes = Mapping[Node, Shape | None]


class Context:
    """What a resolver needs besides the node: the builder, the table, the ranks."""

    def __init__(
        self,
        build: Builder,
        table: FunctionTable,
        node: Node,
        args: Sequence[Node],
        shapes: Sequence[Shape],
    ):
        self.build = build
        self.table = table
        self.node = node
        self.args = args
        self.shapes = shapes

    def use(self, name: str, *args: Node) -> Node:
        """The definition of a function on operands, with the node's own attributes."""
        function = self.table[name]
        given = attributes_of(function, self.node.value)
        body = definition(function, self.table, attributes=given)
        bound = dict(zip(function.operands, args or self.args, strict=True))
        return self.build.inline(body, bound, self.node.span)

    def contract(self, left: str, right: str, out: str) -> Node:
        """A sum of products over labelled axes."""
        subscripts = f"{left},{right}->{out}"
        return einsum(self.build, subscripts, self.args, "", self.node.span)


def _dot(on: Context, ranks: list[int]) -> Node:
    a, b = ranks
    if a == 0 or b == 0:
        return on.build.node("multiply", *on.args, span=on.node.span)
    if b <= 2:
        return on.use("matmul")
    left, right = ascii_letters[:a], ascii_letters[a : a + b]
    right = right[:-2] + left[-1] + right[-1]
    return on.contract(left, right, left[:-1] + right[:-2] + right[-1])


def _inner(on: Context, ranks: list[int]) -> Node:
    a, b = ranks
    if a == 0 or b == 0:
        return on.build.node("multiply", *on.args, span=on.node.span)
    left, right = ascii_letters[:a], ascii_letters[a : a + b - 1] + ascii_letters[a - 1]
    return on.contract(left, right, left[:-1] + right[:-1])


def _tensordot(on: Context, ranks: list[int]) -> Node:
    a, b = ranks
    (axes,) = on.node.attributes
    if isinstance(axes, int):
        if not 0 <= axes <= min(a, b):
            raise Misfit(f"there are not {axes} axes to sum over")
        first, second = tuple(range(a - axes, a)), tuple(range(axes))
    else:
        first, second = ((x,) if isinstance(x, int) else tuple(x) for x in axes)
    left = list(ascii_letters[:a])
    right = list(ascii_letters[a : a + b])
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    out = [c for c in left if c not in right] + [c for c in right if c not in left]
    return on.contract("".join(left), "".join(right), "".join(out))


def _kron(on: Context, ranks: list[int]) -> Node:
    """Interleaved axes, then each pair made one."""
    rank = max(ranks)
    build, span = on.build, on.node.span
    if rank == 0:
        return build.node("multiply", *on.args, span=span)
    spread = []
    for arg, have, odd in zip(on.args, ranks, (1, 0), strict=True):
        lead = tuple(range(rank - have))
        whole = build.node("expand_dims", arg, value=(lead,), span=span) if lead else arg
        places = tuple(2 * place + odd for place in range(rank))
        spread.append(build.node("expand_dims", whole, value=(places,), span=span))
    product = build.node("multiply", *spread, span=span)
    sizes = []
    for place in range(rank):
        a, b = (
            build.node("size", arg, value=(place - rank,)) if have >= rank - place else None
            for arg, have in zip(on.args, ranks, strict=True)
        )
        sizes.append(build.node("multiply", a, b) if a and b else a or b)
    chain = paired(build, *(size for size in sizes if size is not None))
    assert chain is not None
    return build.node("_reshape", product, chain, value=((HOLE,) * rank,), span=span)


def _diag(on: Context, ranks: list[int]) -> Node:
    (k,) = on.node.attributes
    if ranks[0] == 1:
        return on.build.node("_diag_matrix", *on.args, value=(k,), span=on.node.span)
    return on.build.node("diagonal", *on.args, value=(k, 0, 1), span=on.node.span)


def _norm_of_order(on: Context, ranks: list[int]) -> Node:
    order, axis, keepdims = on.node.attributes
    axes = tuple(range(ranks[0])) if axis is None else axis
    if not isinstance(axes, tuple) or len(axes) != 2:
        if not isinstance(order, int | float):
            raise Misfit(f"there is no norm of order {order!r} for vectors")
        return on.use("_vector_norm")
    x, span = on.args[0], on.node.span
    if order not in (1, -1, 2, -2, float("inf"), float("-inf"), "nuc"):
        raise Misfit(f"there is no norm of order {order!r} for matrices")
    moved = on.build.node("moveaxis", x, value=(axes, (-2, -1)), span=span) if ranks[0] > 2 else x
    body = definition(on.table["_matrix_norm"], on.table, attributes={"ord": order})
    norm = on.build.inline(body, {"x": moved}, span)
    if not keepdims:
        return norm
    kept = tuple(sorted(a % ranks[0] for a in axes))
    return on.build.node("expand_dims", norm, value=(kept,), span=span)


def _cross_entropy(on: Context, ranks: list[int]) -> Node:
    if ranks[0] == ranks[1]:
        return on.use("_cross_entropy_one_hot")
    logits, target = on.args
    labels = on.build.node("integer", target, span=on.node.span)
    return on.use("_cross_entropy_labels", logits, labels)


def _ndim(on: Context, ranks: list[int]) -> Node:
    return on.build.constant(float(ranks[0]))


def _transpose(on: Context, ranks: list[int]) -> Node:
    if ranks[0] < 2:
        return on.args[0]
    op = "matrix_transpose" if ranks[0] == 2 else "_transpose"
    return on.build.node(op, *on.args, span=on.node.span)


def _line_up(on: Context, ranks: list[int]) -> Node:
    """A vector in a product of matrices is a row or a column."""
    if ranks[1] != 1:
        return on.args[0]
    row = on.node.op in ("_rerow", "_unrow")
    op = "expand_dims" if on.node.op.startswith("_re") else "squeeze"
    return on.build.node(op, on.args[0], value=(-2 if row else -1,), span=on.node.span)


def _stretched(on: Context, ranks: list[int]) -> Node | None:
    """An axis of size 1 that meets a longer one is none: all along that it is the same number.

    The derivative by it is a sum, and that by the longer axis the same number everywhere.
    """
    *terms, out = parted(on.node.attributes[0])
    extra = [
        rank - len(term) + 1 if DOTS in term else 0 for term, rank in zip(terms, ranks, strict=True)
    ]
    fresh = "".join(c for c in ascii_letters if c not in "".join(terms))[: max(extra)]
    whole = [[*t.replace(DOTS, fresh[len(fresh) - n :])] for t, n in zip(terms, extra, strict=True)]
    sizes = [
        dict(zip(term, shape, strict=True)) for term, shape in zip(whole, on.shapes, strict=True)
    ]
    out = out.replace(DOTS, fresh)
    operands = list(on.args)
    for place, other in ((0, 1), (1, 0)):
        ones = [c for c in whole[place] if sizes[place][c] == 1 and sizes[other].get(c, 1) != 1]
        for label in ones:
            axis = whole[place].index(label) - len(whole[place])
            whole[place].remove(label)
            operands[place] = on.build.node("squeeze", operands[place], value=(axis,))
    if operands == list(on.args):
        return None
    left, right = map("".join, whole)
    if left and right:
        return einsum(on.build, f"{left},{right}->{out}", operands, "", on.node.span)
    product = on.build.node("multiply", *operands, span=on.node.span)
    return einsum(on.build, f"{left + right}->{out}", [product], "", on.node.span)


NEED_RANKS: Mapping[str, Callable[[Context, list[int]], Node]] = {
    "dot": _dot,
    "inner": _inner,
    "tensordot": _tensordot,
    "kron": _kron,
    "diag": _diag,
    "_norm_of_order": _norm_of_order,
    "cross_entropy": _cross_entropy,
}
"""What must be resolved before the reverse pass."""

RESOLVERS: Mapping[str, Callable[[Context, list[int]], Node | None]] = {
    **NEED_RANKS,
    "ndim": _ndim,
    "_einsum": _stretched,
    "_transpose": _transpose,
    **dict.fromkeys("_rerow _unrow _recolumn _uncolumn".split(), _line_up),
}


def resolve(graph: Graph, found: Inference, table: FunctionTable, text: str) -> Graph:
    """The graph with every operation decided that depends on ranks which are known.

    Raises
    ------
    InputError
        A rank is unknown without which there is no derivative, or operands do not fit.
    """
    if not any(node.op in RESOLVERS for node in graph.nodes):
        return graph
    for _ in range(_MOST_ROUNDS):
        before = graph
        graph = _resolved_once(before, found, table, text)
        found.survey(graph.nodes, graph, text)
        if graph is before or not any(node.op in RESOLVERS for node in graph.nodes):
            break
    return graph


_MOST_ROUNDS = 3
"""What is resolved may be made of what is to be resolved: `dot` becomes a product of matrices."""


def _resolved_once(graph: Graph, found: Inference, table: FunctionTable, text: str) -> Graph:
    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        resolver = RESOLVERS.get(node.op)
        if resolver is None:
            return None
        shapes = [found.shapes[unpaired(arg)[0]] for arg in node.args]
        if None in shapes:
            if node.op in NEED_RANKS:
                raise undeclared(node, text)
            return None
        known = [shape for shape in shapes if shape is not None]
        try:
            return resolver(Context(build, table, node, args, known), [len(s) for s in known])
        except Misfit as wrong:
            raise found.error(node, wrong, graph, text) from None

    return rebuilt(graph, replace)


class UndeclaredError(InputError):
    """Code is asked for before it is known how many axes there are, on which it depends."""


def undeclared(node: Node, text: str) -> UndeclaredError:
    """The error for such an operation."""
    piece = text[slice(*node.span)].partition("(")[0] if node.span else ""
    name = node.op.lstrip("_") if node.op[0] != "_" or not piece else piece
    return UndeclaredError(
        f"what {name} means depends on how many axes its operands have",
        text, node.span, "Declare the inputs at the head of the formula, as X: (n, d); w: (d,).",
    )  # fmt: skip
