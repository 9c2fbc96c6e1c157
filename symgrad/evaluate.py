"""Any nodes of a formula's graph at a point: for the errors that tell where a fault arose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.derivatives import take_derivatives
from symgrad.emit import Names, argument_names, emit
from symgrad.finish import plain_indices
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node, builder_of
from symgrad.load import load
from symgrad.pipeline import Known, index_inputs
from symgrad.resolve import resolve
from symgrad.schedule import schedule
from symgrad.simplify import expand
from symgrad.targets.numpy import HELPERS, NUMPY


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
    indices = index_inputs(graph)
    wanted = builder_of(graph).graph(nodes)
    ready, both = plain_indices(expand(wanted, NUMPY.known, table, NUMPY.name), indices)
    names = Names(["np", "special", *HELPERS])
    arguments = argument_names(list(inputs), names)
    renamed = {f"{name} as an index": names.fresh(f"{name}_index") for name in both}
    plan = schedule(ready, NUMPY, table, None)
    results = [f"result{number}" for number in range(len(nodes))]
    body = emit(plan, NUMPY, {**arguments, **renamed}, names, results)
    whole = [f"{new} = _whole({arguments[old.split()[0]]})" for old, new in renamed.items()]
    whole += [f"{arguments[name]} = _whole({arguments[name]})" for name in indices]
    lines = [f"def outputs({', '.join(arguments.values())}):"]
    lines += [f"    {statement}" for statement in (*whole, *body.statements)]
    lines += ["    return [" + ", ".join(body.results) + "]"]
    header = "from __future__ import annotations\nimport numpy as np\n"
    special = "from scipy import special\n" if "special." in "\n".join(lines) else ""
    text = header + special + "\n".join([*HELPERS.values(), *lines])
    with np.errstate(all="ignore"):
        values: list[Any] = load(text, "outputs")(*map(np.asarray, inputs.values()))
    return values
