"""Any nodes of a formula's graph at a point: for the errors that tell where a fault arose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np

from symgrad.differentiation.derivatives import take_derivatives
from symgrad.emit import argument_names, emit
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, part_of
from symgrad.language.items import paired, unpaired
from symgrad.load import load
from symgrad.pipeline import Known, index_inputs
from symgrad.rewriting.finish import plain_indices
from symgrad.schedule import schedule
from symgrad.shaping.resolve import resolve
from symgrad.simplify import expand
from symgrad.targets import Target
from symgrad.targets.numpy import HELPERS, NUMPY
from symgrad.writing.naming import Names

Evaluator = Callable[[Mapping[str, Any]], list[Any]]


def known_of(graph: Graph, inputs: Mapping[str, Any]) -> Known:
    """What values of the inputs tell."""
    arrays = {name: np.asarray(value) for name, value in inputs.items()}
    indices = index_inputs(graph)
    return Known(
        {name: array.shape for name, array in arrays.items()},
        {name: arrays[name].dtype.kind for name in indices},
        {n: int(arrays[n]) for n in indices if not arrays[n].shape and arrays[n].dtype.kind != "b"},
    )


def resolved(graph: Graph, inputs: Mapping[str, Any], table: FunctionTable) -> Graph:
    """The graph with everything decided that depends on ranks, and all derivatives taken."""
    known = known_of(graph, inputs)
    found = known.infer()
    for node in graph.nodes:
        found.visit(node)
    graph = resolve(graph, found, table, "")
    return take_derivatives(graph, found, known.more, table, False, "")


def evaluate(
    graph: Graph, nodes: Sequence[Node], inputs: Mapping[str, Any], table: FunctionTable
) -> list[Any]:
    """The values of some nodes of a resolved graph, which fit together at these inputs."""
    return evaluator(graph, nodes, list(inputs), table)(inputs)


def evaluate_each(
    graph: Graph, inputs: Mapping[str, Any], table: FunctionTable
) -> dict[Node, np.ndarray[Any, Any]]:
    """The values of all nodes of a resolved graph, an operation at a time.

    Nothing is folded into anything else, so that each operation meets its operands as they are:
    numbers that are written out as well, which divide like any other.
    """
    values: dict[Node, np.ndarray[Any, Any]] = {}
    for node in graph.nodes:
        if node.op == "input":
            values[node] = np.asarray(inputs[str(node.value)])
        elif node.is_constant:
            values[node] = np.asarray(node.value)
        elif node.op != "pair":
            operands = [values[part] for arg in node.args for part in unpaired(arg)]
            values[node] = np.asarray(_operation(node, table)(operands))
    return values


def _operation(node: Node, table: FunctionTable) -> Callable[[Sequence[Any]], Any]:
    """An operation by itself, as a function of its operands; kept for others like it."""
    counts = tuple(len(list(unpaired(arg))) for arg in node.args)
    key = ("operation", node.op, node.value, tuple(map(type, node.attributes)), counts)
    run: Callable[[Sequence[Any]], Any] | None = table.recent.get(key)
    if run is None:
        run = table.recent[key] = _made_operation(node, counts, table)
    return run


def _made_operation(
    node: Node, counts: Sequence[int], table: FunctionTable
) -> Callable[[Sequence[Any]], Any]:
    build = Builder()
    names = [f"operand {number}" for number in range(sum(counts))]
    parts = iter([build.node("input", value=name) for name in names])
    chains = [paired(build, *islice(parts, count)) for count in counts]
    args = [chain for chain in chains if chain is not None]
    graph = build.graph([build.node(node.op, *args, value=node.value)])
    run = evaluator(graph, graph.outputs, names, table)
    return lambda operands: run(dict(zip(names, operands, strict=True)))[0]


def evaluator(
    graph: Graph,
    nodes: Sequence[Node],
    inputs: Sequence[str],
    table: FunctionTable,
    target: Target = NUMPY,
    known: Mapping[str, object] = MappingProxyType({}),
) -> Evaluator:
    """The same for inputs that are told later, by name.

    The code is NumPy's; another `target` may spell it with functions of its own, which stand in
    `known`.
    """
    indices = index_inputs(graph)
    wanted = part_of(graph.nodes, nodes, {})
    ready, both = plain_indices(expand(wanted, target.known, table, target.name), indices)
    names = Names(["np", "special", *HELPERS, *known])
    arguments = argument_names(list(inputs), names)
    renamed = {f"{name} as an index": names.fresh(f"{name}_index") for name in both}
    plan = schedule(ready, target, table, None)
    results = [f"result{number}" for number in range(len(nodes))]
    body = emit(plan, target, {**arguments, **renamed}, names, results)
    whole = [f"{new} = _whole({arguments[old.split()[0]]})" for old, new in renamed.items()]
    whole += [f"{arguments[name]} = _whole({arguments[name]})" for name in indices]
    lines = [f"def outputs({', '.join(arguments.values())}):"]
    lines += [f"    {statement}" for statement in (*whole, *body.statements)]
    lines += ["    return [" + ", ".join(body.results) + "]"]
    header = "from __future__ import annotations\nimport numpy as np\n"
    special = "from scipy import special\n" if "special." in "\n".join(lines) else ""
    text = header + special + "\n".join([*HELPERS.values(), *lines])
    outputs = load(text, "outputs", known)

    def run(values: Mapping[str, Any]) -> list[Any]:
        with np.errstate(all="ignore"):
            arrays = [np.asanyarray(values[name]) for name in arguments]
            return list(outputs(*arrays))

    return run
