"""The two passes over a formula as it was written, at a point: values forward, slopes in reverse.

It is the reverse pass of reverse.py that is run, on the graph of the formula before any rewrite,
and what it hands from node to node is kept. Griewank and Walther, Evaluating Derivatives, SIAM
2008, section 3.2, calls such a record the trace.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad.compiled import Compiled
from symgrad.differentiation.structural import PARTIALS
from symgrad.errors import LimitError
from symgrad.graph import Graph, Node
from symgrad.limits import Limits, compiling, memory_error
from symgrad.pipeline import Known, index_inputs
from symgrad.reverse import Cotangent, Tape
from symgrad.running.evaluate import evaluate_each, known_of, resolved
from symgrad.running.faults import FAULTS, fault
from symgrad.shaping.leaves import is_elementwise
from symgrad.trust.checking import check_mapping
from symgrad.writing.memory import bytes_of

Array = np.ndarray[Any, Any]

_SHAPELESS = frozenset(("pair", "join"))
_MOST = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """What a node hands on to one of its operands in the reverse pass.

    Attributes
    ----------
    operand, position:
        Who gets it, and which operand of the node that is.
    slope:
        The partial derivative by it, in the shape of the result; none where the operation is one
        on whole arrays.
    amount:
        The operand's part of its gradient, in its own shape.
    """

    operand: Node
    position: int
    slope: Array | None
    amount: Array


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Both passes.

    Attributes
    ----------
    graph, wrt:
        The formula's graph, and the inputs whose derivatives are taken.
    values:
        The value of each node.
    gradients:
        The derivative of the formula's value, or of the sum of its elements, by each node that the
        reverse pass reaches, in the shape of the node, and in the order in which it reaches them.
    flows:
        What each of these hands on to its operands.
    """

    graph: Graph
    wrt: tuple[str, ...]
    values: Mapping[Node, Array]
    gradients: Mapping[Node, Array]
    flows: Mapping[Node, tuple[Flow, ...]]

    def parts(self, node: Node) -> list[tuple[Node, Flow]]:
        """All that a node gets, and from whom."""
        return [
            (giver, flow)
            for giver, flows in self.flows.items()
            for flow in flows
            if flow.operand is node
        ]


class _Recorder(Tape):
    """A reverse pass that remembers what it handed on."""

    def __init__(self, graph: Graph, wrt: Sequence[str], formula: Compiled, found: Any) -> None:
        super().__init__(graph, wrt, formula.table, formula.formula, found, exact=True)
        self.reached: dict[Node, Cotangent] = {}
        self.terms_of: dict[Node, list[tuple[Node, Node, Node]]] = {}

    def pull_back(self, node: Node, cotangent: Node, root: Node) -> list[tuple[Node, Node, Node]]:
        """The same terms as ever."""
        found = super().pull_back(node, cotangent, root)
        self.reached[node] = (cotangent, root)
        self.terms_of[node] = found
        return found

    def slope(self, node: Node, position: int) -> Node | None:
        """The partial derivative of an operation on numbers."""
        if not is_elementwise(node.op) or node.op in PARTIALS:
            return None
        term = self._term(node, position, self.one)
        return None if term is None else self.settle(node, term, node)


def record(compiled: Compiled, at: Mapping[str, Any]) -> Recording:
    """Run both passes of a compiled formula at a point.

    Raises
    ------
    SymgradError
        An input is wrong, or the formula has too many operations to be looked at one by one.
    """
    formula = compiled.formula
    check_mapping("at", at, '{"x": 0.5}')
    check_size(formula, compiled.lowered, _MOST, "the passes over")
    with compiling(Limits.current()), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        inputs = _inputs(compiled, at)
        try:
            return _recorded(compiled, inputs)
        except FAULTS as error:
            raise fault(compiled.lowered, inputs, formula, compiled.table, error) from None


def check_size(formula: str, graph: Graph, most: int, what: str) -> None:
    """Refuse what nobody could look at."""
    count = sum(bool(node.args) for node in graph.nodes)
    if count > most:
        raise LimitError(
            f"{what} a formula of {count:,} operations would be too large to look at: the limit is"
            f" {most:,}",
            formula, (0, len(formula)), "Take a part of the formula.",
        )  # fmt: skip


def _inputs(compiled: Compiled, at: Mapping[str, Any]) -> dict[str, Array]:
    """The inputs as the compiled formula takes them, once it has found nothing wrong with them."""
    value = compiled.derived("value", None, "reverse")
    value(**at)
    arrays = value.bound((), at)
    indices = index_inputs(resolved(compiled.lowered, arrays, compiled.table))
    return {n: array if n in indices else array.astype(float) for n, array in arrays.items()}


def _recorded(compiled: Compiled, inputs: Mapping[str, Array]) -> Recording:
    table = compiled.table
    graph = resolved(compiled.lowered, inputs, table)
    wrt = tuple(name for name in _wrt(compiled) if name in graph.inputs())
    found = known_of(graph, inputs).infer()
    tape = _Recorder(graph, wrt, compiled, found)
    ended = tape.sweep()
    reached: dict[Node, Cotangent] = {**tape.reached, **_last(ended, tape.reached)}
    gradients = {node: tape.settle(node, *cotangent) for node, cotangent in reached.items()}
    flows = {node: _flows(tape, node, terms) for node, terms in tape.terms_of.items()}
    wanted: dict[Node, None] = dict.fromkeys(n for n in graph.nodes if n.op not in _SHAPELESS)
    wanted.update(dict.fromkeys(gradients.values()))
    for parts in flows.values():
        for _, _, slope, amount in parts:
            wanted.update({amount: None} | ({slope: None} if slope is not None else {}))
    whole = tape.build.graph(list(wanted))
    _check_memory(compiled.formula, whole, known_of(graph, inputs))
    values = evaluate_each(whole, inputs, table)
    return Recording(
        graph,
        wrt,
        {node: values[node] for node in graph.nodes if node in values},
        {node: values[gradient] for node, gradient in gradients.items()},
        {
            node: tuple(
                Flow(operand, position, None if slope is None else values[slope], values[amount])
                for operand, position, slope, amount in parts
            )
            for node, parts in flows.items()
        },
    )


def _last(ended: Mapping[Node, Cotangent], reached: Mapping[Node, Cotangent]) -> dict[Any, Any]:
    """The cotangents of inputs, which hand nothing on."""
    return {node: cotangent for node, cotangent in ended.items() if node not in reached}


def _wrt(compiled: Compiled) -> Sequence[str]:
    """The inputs that derivatives are taken by: all that have any, for a value."""
    return compiled.wrt or compiled.derived("grad", None, "reverse").wrt


def _flows(
    tape: _Recorder, node: Node, terms: Sequence[tuple[Node, Node, Node]]
) -> list[tuple[Node, int, Node | None, Node]]:
    """For each term the operand, its position, the partial derivative, and what it gets."""
    places = list(enumerate(node.args))
    found = []
    for operand, term, root in terms:
        position = next(p for p, arg in places if arg is operand)
        places = [(p, arg) for p, arg in places if p != position]
        amount = tape.settle(operand, term, root)
        found.append((operand, position, tape.slope(node, position), amount))
    return found


def _check_memory(formula: str, graph: Graph, known: Known) -> None:
    """All results are kept at once, to be shown."""
    found = known.infer()
    total = 0
    for node in graph.nodes:
        found.visit(node)
        total += bytes_of(node, found.shapes[node], 8)
    if total > Limits.current().memory:
        shown = "All results are kept, to be shown."
        raise memory_error(total, Limits.current(), formula, (0, len(formula)), shown)
