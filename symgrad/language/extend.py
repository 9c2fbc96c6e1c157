"""Adding a function to the language: the checks on a user's line that need the other functions."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from typing import Any

from symgrad.errors import DefinitionError
from symgrad.functions import Function, FunctionTable
from symgrad.graph import Graph, Node
from symgrad.language.items import Literal, attribute
from symgrad.language.tree import Tree, postorder
from symgrad.lower import Lowerer, definition, derivative


def extend(table: FunctionTable, lines: Iterable[str]) -> FunctionTable:
    """A table with the functions of some more lines, each of which may call the others.

    Raises
    ------
    DefinitionError
        A line is not a definition, is defined by itself, lacks a definition or a derivative, mixes
        conditions with numbers, or has a derivative that is not linear in `g`.
    SymgradError
        A line calls a function that does not exist, or with the wrong arguments.
    """
    for line in lines:
        table = table.extended(line)
    for name in _callees_first(table):
        _check(table[name], table)
    return table


def _callees_first(table: FunctionTable) -> list[str]:
    """The functions that users added, each after those that its definition calls.

    In this order a definition finds what it needs made already, however long the chain of calls is.
    """
    lines = set(table.added)
    added = [name for name in table if table.line(name) in lines]
    calls = {name: [c.value.name for c in _calls(table[name])] for name in added}
    try:
        order = TopologicalSorter(calls).static_order()
        return [name for name in order if name in calls]
    except CycleError as error:
        callee, caller = error.args[1][:2]
        call = next(c for c in _calls(table[caller]) if c.value.name == callee)
        raise DefinitionError(
            f"{caller} is defined by itself, by way of {callee}", table[caller].text, call.span,
            "Recursion is not part of the language.",
        ) from None  # fmt: skip


def _calls(function: Function) -> list[Tree]:
    return [t for root in function.definitions for t in postorder(root) if t.op == "call"]


def _check(function: Function, table: FunctionTable) -> None:
    text = function.text
    if not function.definitions:
        raise DefinitionError(
            f"{function.name} has no definition", text, (0, len(text)),
            "Write name(x) = definition : derivative.",
        )  # fmt: skip
    if function.derivatives and not function.is_elementwise:
        raise DefinitionError(
            "the derivative of a function of arrays is taken from its definition",
            text, function.derivatives[0].span, "Leave out what stands after the definition.",
        )  # fmt: skip
    sample = _sample_attributes(function, table)
    for which, tree in enumerate(function.definitions):
        body = definition(function, table, which, sample)
        if function.derivatives:
            _check_plain(body, text, tree)
        gives = _kind(body.outputs[0], function, table)
        if gives != function.kind:
            hint = "Write name(x) -> bool = definition." if gives == "bool" else "Drop -> bool."
            raise DefinitionError(f"the definition gives a {gives}", text, tree.span, hint)
    for position, tree in enumerate(function.derivatives):
        if function.derivative_is(position, "none"):
            continue
        graph = derivative(function, table, position, tuple(sample.values()) or None)
        if graph is None:
            continue
        _check_plain(graph, text, tree)
        if _kind(graph.outputs[0], function, table) == "bool":
            hint = "Write where(condition, 1, 0)."
            raise DefinitionError("the derivative is a condition", text, tree.span, hint)
        if "g" in graph.inputs() and not is_linear(graph, "g"):
            hint = "Without g it is multiplied by the cotangent for you."
            raise DefinitionError("the derivative is not linear in g", text, tree.span, hint)


def _check_plain(graph: Graph, text: str, tree: Tree) -> None:
    """What is stated of an operation is used where derivatives have been taken already."""
    if any(node.op == "derivative" for node in graph.nodes):
        raise DefinitionError(
            "derivative(...) cannot stand in a line that states a derivative", text, tree.span,
            "Leave out what stands after the colon.",
        )  # fmt: skip


def _kind(node: Node, function: Function, table: FunctionTable) -> str:
    """Whether a node is a "number" or a "bool"."""
    if node.op == "input":
        return next((p.kind for p in function.parameters if p.name == node.value), "number")
    if node.op == "constant":
        return "bool" if isinstance(node.value, bool) else "number"
    return table[node.op].kind if node.op in table else "number"


def is_linear(graph: Graph, name: str) -> bool:
    """Whether a graph is seen to be linear in one of its inputs, for all values of the others.

    It is proved from sums, products, quotients, signs and masks alone; `x * g * g / g` is refused.
    """
    linear: set[Node] = set()
    zero: set[Node] = set()
    for node in graph.nodes:
        if node.op == "input" and node.value == name:
            linear.add(node)
        elif node.value == 0 if node.op == "constant" else _keeps(node, zero):
            zero.add(node)
        elif not linear.isdisjoint(node.args):
            if not _stays_linear(node, linear, zero):
                return False
            linear.add(node)
    return graph.outputs[0] in linear


def _keeps(node: Node, nodes: set[Node]) -> bool:
    return node.op == "keep" and node.args[1] in nodes


def _sample_attributes(function: Function, table: FunctionTable) -> dict[str, Any]:
    """The defaults of a function's attributes; None, as an axis is by default, where there is none.

    What a definition or a derivative is made of may depend on attributes; it is checked for these.
    """
    defaults = {p.name: p.default for p in function.parameters}
    found: dict[str, Any] = {}
    for name in function.attributes:
        default = defaults[name]
        item = Literal(None) if default is None else Lowerer(function.text, table).lower(default)
        found[name] = attribute(item, name, function.text, None)
    return found


_LINEAR = frozenset(
    """negative indicator sum mean broadcast unbroadcast _reshape _reshape_like squeeze expand_dims
    _transpose matrix_transpose permute_dims swapaxes moveaxis flip roll index place
    take_along_axis _put_along_axis tile _untile _repeat _unrepeat pad _unpad _cumsum _delay tril
    triu diagonal _undiagonal _diagonals _undiagonals _diag_matrix _merged _unmerged _broadcast_to
    _rerow _unrow _recolumn _uncolumn _segment_sum""".split()
)
"""Operations that are linear in their first operand."""

_BILINEAR = frozenset("multiply _mm _einsum _convolve _correlate dot inner kron tensordot".split())


def _stays_linear(node: Node, linear: set[Node], zero: set[Node]) -> bool:
    """Whether an operation on something linear is linear again."""
    which = [arg in linear for arg in node.args]
    if node.op in ("add", "subtract", "concatenate"):
        return all(arg in linear or arg in zero for arg in node.args)
    if node.op in _BILINEAR:
        return which != [True, True]
    if node.op in _LINEAR:
        return which[0] and not any(which[1:])
    second = {"keep": True, "_solve": True, "divide": False}.get(node.op)
    return which == [not second, second] if second is not None else False
