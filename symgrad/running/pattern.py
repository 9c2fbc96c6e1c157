"""Which elements of a result depend on which elements of the inputs, by the formula alone.

One pass over the graph: each node that depends on the inputs has a sparse matrix of truth values,
a row for each of its elements and a column for each element of the inputs. Rules for operations
stand in dependence.py; what only moves elements has none: it is run itself, on the numbers of the
elements. See Griewank and Walther, Evaluating Derivatives, SIAM 2008, section 7.1.

What is found covers the derivatives that the rules give, at all values of the inputs: a comparison,
a mask and what is rounded have none, whatever they depend on.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.differentiation.structural import ADJOINTS, PARTIALS
from symgrad.extras import scipy_sparse
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, ancestors
from symgrad.language.items import paired, unpaired
from symgrad.pipeline import index_inputs
from symgrad.running.evaluate import evaluate, known_of
from symgrad.shaping.dependence import (
    RULES,
    Array,
    Rows,
    Rule,
    Shape,
    dense,
    elementwise,
    mixed,
    numbered,
    selected,
    summed,
)
from symgrad.shaping.leaves import LIKE_SECOND, is_elementwise
from symgrad.shaping.misfit import axes_of

MOVES = frozenset(
    """index _reshape _reshape_like squeeze expand_dims broadcast _broadcast_to _transpose
    permute_dims matrix_transpose swapaxes moveaxis flip roll tile _repeat take_along_axis pad
    _unpad tril triu diagonal _undiagonal _diagonals _undiagonals _diag_matrix _merged _unmerged
    _rerow _unrow _recolumn _uncolumn""".split()
)
"""Operations whose elements are elements of the first operand, or 0."""

SUMS_OF_MOVES = frozenset(
    "place unbroadcast _put_along_axis _untile _unrepeat _segment_sum".split()
)
"""Those that add elements up where their adjoint, a move, takes them from."""

WITHOUT = frozenset("integer join _zeros _ones eye _counting".split())
"""Operations that have no derivative, without a row in the table that says so."""

_ALONG = frozenset(("take_along_axis", "_put_along_axis"))
_SHAPED_LIKE = LIKE_SECOND | frozenset("_rerow _unrow _recolumn _uncolumn".split())
_SIZES = frozenset(("size", "ndim", "_count"))


def pattern(
    graph: Graph,
    outputs: Sequence[Node],
    wrt: Sequence[str],
    inputs: Mapping[str, Any],
    table: FunctionTable,
) -> Any:
    """Which elements of some nodes depend on which elements of some inputs.

    >>> import numpy as np
    >>> from symgrad.functions import builtin_functions
    >>> from symgrad.pipeline import Known, derive
    >>> table = builtin_functions()
    >>> graph = derive("x[1:] * x[:-1]", ("x",), table, known=Known({"x": (3,)})).graph
    >>> found = pattern(graph, graph.outputs[:1], ("x",), {"x": np.ones(3)}, table)
    >>> found.toarray().astype(int)
    array([[1, 1, 0],
           [0, 1, 1]])

    Parameters
    ----------
    graph, outputs:
        A graph that was made for the shapes of the inputs, and some of its nodes.
    wrt:
        The names of the inputs to look for.
    inputs:
        All inputs of the graph, by name. Of those that serve as indices, masks and sizes, the
        values count; of all others, the shapes.
    table:
        The functions that the graph was made with.

    Returns
    -------
    A `scipy.sparse.csr_array` of truth values, with a row for each element of each output and a
    column for each element of each input in `wrt`, both in order, in C order.

    Raises
    ------
    MissingExtraError
        SciPy is not installed.
    """
    sparse = scipy_sparse()
    arrays = {name: np.asarray(value) for name, value in inputs.items()}
    active = _active(graph, outputs, wrt, table)
    run = _Run(graph, outputs, wrt, arrays, table, active)
    waiting = Counter(arg for node in active for arg in set(operands(node, table)))
    waiting.update(outputs)
    found: dict[Node, Rows] = {}
    for node in active:
        args = set(operands(node, table))
        parts = [found.get(arg) if arg in args else None for arg in node.args]
        found[node] = run.rows_of(node, parts)
        for arg in args & found.keys():
            waiting[arg] -= 1
            if not waiting[arg]:
                del found[arg]
    rows = [found[node] if node in found else run.nothing(node) for node in outputs]
    whole = sparse.vstack(rows, format="csr", dtype=bool)
    whole.sort_indices()
    return whole


def steering(graph: Graph, wrt: Sequence[str], inputs: Mapping[str, Any]) -> frozenset[str]:
    """The inputs whose values a pattern depends on: of all others only the shapes count.

    They are those that serve as indices, masks or sizes. Where the size of something follows from
    other numbers, as that of `x[x > 0]` does, they are all.
    """
    moves = [node for node in graph.nodes if node.op in MOVES or node.op in SUMS_OF_MOVES]
    whole = _whole(graph, wrt, inputs)
    fixed = _fixed(graph, whole)
    if not all(fixed.issuperset(fillings(n)) for n in moves if n.op not in _ALONG):
        return frozenset(inputs)
    needed = ancestors(graph.nodes, [part for node in moves for part in fillings(node)])
    return frozenset(str(n.value) for n in needed if n.op == "input" and n.value in whole)


def operands(node: Node, table: FunctionTable) -> tuple[Node, ...]:
    """The operands that derivatives go to."""
    if node.op in WITHOUT:
        return ()
    one = node.op in MOVES or node.op in SUMS_OF_MOVES or node.op in LIKE_SECOND
    args = node.args[:1] if one else node.args
    if node.op not in table:
        return args
    function = table[node.op]
    stated = len(function.derivatives)
    return tuple(
        arg for k, arg in enumerate(args) if k >= stated or not function.derivative_is(k, "0")
    )


def rule_of(op: str, table: FunctionTable) -> Rule:
    """The rule of an operation that is no move; `dense` where nothing is known of it."""
    plain = op not in table or op in PARTIALS or table[op].is_elementwise
    return RULES.get(op, elementwise if plain and is_elementwise(op) else dense)


def fillings(node: Node) -> tuple[Node, ...]:
    """The operands of a move that are indices, masks or sizes."""
    parts = [part for arg in node.args for part in unpaired(arg)]
    return tuple(parts[2 if node.op in _SHAPED_LIKE else 1 :])


def _active(
    graph: Graph, outputs: Sequence[Node], wrt: Sequence[str], table: FunctionTable
) -> list[Node]:
    """The nodes between the inputs and the outputs."""
    needed = set(outputs)
    for node in reversed(graph.nodes):
        if node in needed:
            needed.update(operands(node, table))
    reached = {node for name, node in graph.inputs().items() if name in wrt}
    for node in graph.nodes:
        if not reached.isdisjoint(operands(node, table)):
            reached.add(node)
    return [node for node in graph.nodes if node in needed and node in reached]


class _Run:
    """What one pass knows: shapes, and for each move where its elements come from."""

    def __init__(
        self,
        graph: Graph,
        outputs: Sequence[Node],
        wrt: Sequence[str],
        arrays: Mapping[str, Array],
        table: FunctionTable,
        active: Sequence[Node],
    ) -> None:
        self._table = table
        self._starts: dict[str, int] = {}
        self._width = 0
        for name in wrt:
            self._starts[name] = self._width
            self._width += arrays[name].size
        self._shapes = _shapes(graph, outputs, arrays, table)
        moves = [n for n in active if n.op in MOVES or n.op in SUMS_OF_MOVES]
        fixed = _fixed(graph, _whole(graph, wrt, arrays))
        self._loose = {node for node in moves if not fixed.issuperset(fillings(node))}
        wanted = list(dict.fromkeys(part for node in moves for part in fillings(node)))
        values = _values(graph, wanted, arrays, table)
        self._moved = _moved(moves, self._shapes, values, table)

    def nothing(self, node: Node) -> Rows:
        """The rows of a node that depends on nothing."""
        size = math.prod(self._shapes[node])
        return scipy_sparse().csr_array((size, self._width), dtype=bool)

    def rows_of(self, node: Node, parts: Sequence[Rows | None]) -> Rows:
        """The rows of a node from those of its operands."""
        if node.op == "input":
            return self._identity(node)
        shapes = [self._shapes[arg] for arg in node.args]
        if node in self._moved:
            return self._by_moves(node, parts[0], shapes[0])
        total: Rows = None
        for rows in rule_of(node.op, self._table)(node, parts, shapes, self._shapes[node]):
            total = rows if total is None or total is rows else total + rows
        return total

    def _identity(self, node: Node) -> Rows:
        size, start = math.prod(self._shapes[node]), self._starts[str(node.value)]
        data = (np.ones(size, bool), np.arange(start, start + size), np.arange(size + 1))
        return scipy_sparse().csr_array(data, shape=(size, self._width))

    def _by_moves(self, node: Node, rows: Rows, shape: Shape) -> Rows:
        """What is moved by numbers that are not fixed may come from, or go to, anywhere."""
        result, places = self._shapes[node], self._moved[node]
        moved = result if node.op in SUMS_OF_MOVES else shape
        axes = axes_of(node.attributes[0] if node.op in _ALONG else None, len(moved))
        if node.op in SUMS_OF_MOVES:
            rows = summed(rows, np.broadcast_to(places, shape), math.prod(result))
        if node in self._loose:
            rows = mixed(rows, moved, axes)
        return rows if node.op in SUMS_OF_MOVES else selected(rows, places)


def _whole(graph: Graph, wrt: Sequence[str], inputs: Mapping[str, Any]) -> set[str]:
    """The inputs that serve as indices, masks or sizes, or may do so."""
    given = {name for name, value in inputs.items() if np.asarray(value).dtype.kind in "biu"}
    return (given | index_inputs(graph)) - set(wrt)


def _fixed(graph: Graph, names: set[str]) -> set[Node]:
    """The nodes whose values are the same for all values of the other inputs."""
    fixed: set[Node] = set()
    for node in graph.nodes:
        parts = (*node.args[:1], *fillings(node)) if node.op in LIKE_SECOND else node.args
        if node.op == "input":
            same = str(node.value) in names
        else:
            same = node.op in _SIZES or fixed.issuperset(parts)
        if same:
            fixed.add(node)
    return fixed


def _values(
    graph: Graph, nodes: Sequence[Node], arrays: Mapping[str, Array], table: FunctionTable
) -> dict[Node, Array]:
    """The values of nodes, whole ones as integers where they are to be indices."""
    if not nodes:
        return {}
    indices = index_inputs(graph)
    floats = {
        name: array.astype(float) if name not in indices and array.dtype.kind in "iu" else array
        for name, array in arrays.items()
    }
    values = map(np.asarray, evaluate(graph, nodes, floats, table))
    return dict(zip(nodes, values, strict=True))


def _shapes(
    graph: Graph, outputs: Sequence[Node], arrays: Mapping[str, Array], table: FunctionTable
) -> dict[Node, Shape]:
    """The shapes of all that the outputs need; those that follow from values are computed."""
    found = known_of(graph, arrays).infer()
    needed = ancestors(graph.nodes, outputs)
    nodes = [node for node in graph.nodes if node in needed]
    for node in nodes:
        found.visit(node)
    unknown = [node for node in nodes if None in _or_unknown(found.shapes[node])]
    computed = [node for node in unknown if node.op not in _NO_ARRAYS]
    for node, value in _values(graph, computed, arrays, table).items():
        found.shapes[node] = value.shape
    for node in unknown:
        if node.op in _NO_ARRAYS:
            found.visit(node)
    return {node: tuple(map(int, _or_unknown(found.shapes[node]))) for node in nodes}


_NO_ARRAYS = frozenset(("pair", "join"))


def _or_unknown(shape: Any) -> tuple[Any, ...]:
    return (None,) if shape is None else shape


def _moved(
    moves: Sequence[Node],
    shapes: Mapping[Node, Shape],
    values: Mapping[Node, Array],
    table: FunctionTable,
) -> dict[Node, Array]:
    """For each move the numbers of the elements that it takes, from 1, and 0 for none.

    For a sum of moves they are the numbers of the elements to which its operand is added. All are
    found by the code that the moves have in a compiled formula, run on numbered elements.
    """
    build = Builder()
    inputs: dict[str, Array] = {}
    names: dict[object, str] = {}

    def given(key: object, value: Array) -> Node:
        name = names.setdefault(key, f"v{len(names)}")
        inputs[name] = value
        return build.node("input", value=name)

    def elements(node: Node) -> Node:
        return given(shapes[node], numbered(shapes[node]))

    probes: list[Node] = []
    for node in moves:
        filling = set(fillings(node))
        args = [elements(node.args[0])]
        for arg in node.args[1:]:
            chain = paired(
                build,
                *[
                    given(part, _as_index(values[part])) if part in filling else elements(part)
                    for part in unpaired(arg)
                ],
            )
            assert chain is not None
            args.append(chain)
        probe: Node | None = build.node(node.op, *args, value=node.value)
        if node.op in SUMS_OF_MOVES:
            assert probe is not None
            probe = ADJOINTS[node.op](build, probe, elements(node))[0]
        assert probe is not None
        probes.append(probe)
    if not probes:
        return {}
    graph = Graph(tuple(build.nodes), tuple(probes))
    found = evaluate(graph, probes, inputs, table)
    return {node: np.asarray(places) for node, places in zip(moves, found, strict=True)}


def _as_index(value: Array) -> Array:
    return value if value.dtype == bool else value.astype(np.intp)
