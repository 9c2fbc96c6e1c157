"""The code for large arrays: a formula's graph in loops over one axis, where that pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symgrad.blocked import Program
from symgrad.document import legal, prepared, reserved, returned
from symgrad.element_types import BOOL, DOUBLE, FLOAT, types_of
from symgrad.emit import argument_names
from symgrad.finish import faster
from symgrad.floats import PROVIDED
from symgrad.functions import FunctionTable
from symgrad.graph import Node
from symgrad.layout import Layout
from symgrad.load import load
from symgrad.loops import Source
from symgrad.naming import Names
from symgrad.pipeline import Derived, Known
from symgrad.rows import Plan, in_loops, without_means
from symgrad.targets.blocked import FUNCTIONS, NAMESPACE, namespace
from symgrad.targets.numpy import HELPERS, LIBRARY, NUMPY

_OWN = "arrays laid_out start stop step buffers row block _number".split()
"""Names that the code has uses of its own for."""

_NOT_ON_ROWS = frozenset("place _zeros _ones eye _counting input _reshape _broadcast_to".split())


def planned(
    derived: Derived,
    kind: str,
    table: FunctionTable,
    known: Known,
    chosen: tuple[str, int] | None = None,
) -> tuple[Plan | None, dict[Node, str]]:
    """The plan for known shapes, if there is one, and what the elements of each node are.

    With an input and its axis `chosen`, that axis is looped over however little that is.
    """
    ready = legal(derived, table, NUMPY)
    graph, both = prepared(replace(ready, graph=faster(ready.graph)), kind, table)
    graph = without_means(graph)
    types = types_of(graph, derived.indices)

    def supported(node: Node) -> bool:
        return types[node] in (FLOAT, DOUBLE, BOOL) and node.op not in _NOT_ON_ROWS

    plan = None if both else in_loops(graph, known.infer(), supported, chosen)
    return plan, types


def program(
    derived: Derived,
    kind: str,
    layout: Layout,
    table: FunctionTable,
    known: Known,
    chosen: tuple[str, int] | None = None,
) -> Program | None:
    """The program for inputs of which the shapes are known; it serves all that broadcast alike.

    None where no axis can be found over which most of the work is a map or a sum.
    """
    plan, types = planned(derived, kind, table, known, chosen)
    if plan is None:
        return None
    graph = plan.graph
    names = Names([*reserved(LIBRARY), *NAMESPACE, *FUNCTIONS, *_OWN])
    arguments = argument_names(derived.inputs, names)
    wanted = {
        "value": ["value"],
        "grad": layout.labels,
        "value_and_grad": ["value", *layout.labels],
    }
    source = Source(plan, types, table, names, arguments, wanted[kind])
    floats = [name for name in derived.inputs if name not in derived.indices]
    lines = [f"def arrays({', '.join(arguments.values())}):"]
    if floats:
        given = ", ".join(arguments[name] for name in floats)
        lines.append(f"    {given}{',' if len(floats) == 1 else ''} = _floats({given})")
    lines += [
        f"    {arguments[name]} = _whole({arguments[name]})"
        for name in derived.inputs
        if name in derived.indices
    ]
    nodes = graph.inputs()
    used = [name for name in derived.inputs if name in nodes]
    lines.append(f"    return [{', '.join(arguments[name] for name in used)}]")
    results = wanted[kind]
    lines += ["", "", f"def laid_out({', '.join(results)}):", returned(kind, layout, results)]
    code = "\n".join([*lines, "", "", source.text])
    needed = [name for name in HELPERS if f"{name}(" in code and name not in PROVIDED]
    helpers = [HELPERS[name] for name in needed]
    head = ["from __future__ import annotations", "", "import numpy as np", *source.head, ""]
    if "special." in code:
        head.insert(3, "from scipy import special")
    text = "\n".join([*head, "", "\n\n".join([code, *helpers])])

    def loaded(dtype: Any) -> Mapping[str, Any]:
        return load(text, "arrays", {**namespace(dtype), **PROVIDED}).__globals__

    return Program(
        plan,
        tuple(source.codes),
        loaded,
        types,
        tuple(nodes[name] for name in used),
        DOUBLE in types.values(),
        text,
    )
