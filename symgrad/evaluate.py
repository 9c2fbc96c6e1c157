"""Any nodes of a formula's graph at a point: for the errors that tell where a fault arose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from symgrad.derivatives import take_derivatives
from symgrad.emit import argument_names, emit
from symgrad.finish import plain_indices
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node, builder_of
from symgrad.load import load
from symgrad.naming import Names
from symgrad.pipeline import Known, index_inputs
from symgrad.resolve import resolve
from symgrad.schedule import schedule
from symgrad.simplify import expand
from symgrad.targets import Target
from symgrad.targets.numpy import HELPERS, NUMPY

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
    wanted = builder_of(graph).graph(nodes)
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
