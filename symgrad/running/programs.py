"""The code for large arrays: a formula's graph in loops over one axis, where that pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from symgrad.emit import argument_names
from symgrad.functions import FunctionTable
from symgrad.graph import Node
from symgrad.language.template import holes
from symgrad.load import load
from symgrad.pipeline import Derived, Known
from symgrad.rewriting.finish import faster
from symgrad.running.blocked import Program, Written
from symgrad.running.floats import PROVIDED
from symgrad.targets.blocked import FUNCTIONS, NAMESPACE, namespace
from symgrad.targets.numpy import HELPERS, LIBRARY, NUMPY
from symgrad.writing.document import legal, prepared, reserved, returned
from symgrad.writing.elements import BOOL, DOUBLE, FLOAT, types_of
from symgrad.writing.hopes import hopeful
from symgrad.writing.layout import Layout
from symgrad.writing.naming import Names
from symgrad.writing.rows import LOCALS, Plan, in_loops, without_means
from symgrad.writing.segments import Source
from symgrad.writing.sums import contracted, scaled_once

_NOT_ON_ROWS = frozenset("_zeros _ones eye _counting input _reshape _broadcast_to".split())


def planned(
    derived: Derived,
    kind: str,
    table: FunctionTable,
    known: Known,
    chosen: tuple[str, int] | None = None,
    hoping: bool = False,
) -> tuple[Plan | None, dict[Node, str], tuple[int, ...]]:
    """The plan for known shapes, if there is one, and what the elements of each node are.

    With an input and its axis `chosen`, that axis is looped over however little that is. When
    `hoping` for finite numbers, choices are left out, and the last tells which outputs then have to
    be finite: those have no rows.
    """
    ready = legal(derived, table, NUMPY)
    graph, both = prepared(replace(ready, graph=faster(ready.graph)), kind, table)
    careful = scaled_once(contracted(without_means(graph), known.infer()), known.infer())
    hoped, witnesses = hopeful(careful, known.infer()) if hoping else (careful, ())
    types = types_of(hoped, derived.indices)

    def supported(node: Node) -> bool:
        scattered = node.op == "place" and any(map(holes, node.attributes))
        known = types[node] in (FLOAT, DOUBLE, BOOL)
        return known and node.op not in _NOT_ON_ROWS and not scattered

    plan = None if both else in_loops(hoped, known.infer(), supported, chosen)
    if plan is not None and any(hoped.outputs[place] in plan.rows for place in witnesses):
        types, witnesses = types_of(careful, derived.indices), ()
        plan = in_loops(careful, known.infer(), supported, chosen)
    return plan, types, witnesses


def program(
    derived: Derived,
    kind: str,
    layout: Layout,
    table: FunctionTable,
    known: Known,
    chosen: tuple[str, int] | None = None,
    hoping: bool = True,
) -> Program | None:
    """The program for inputs of which the shapes are known; it serves all that broadcast alike.

    None where no axis can be found over which most of the work is a map or a sum.
    """
    hoping = hoping and chosen is None
    plan, types, witnesses = planned(derived, kind, table, known, chosen, hoping)
    if plan is None:
        return None
    careful = partial(program, derived, kind, layout, table, known, hoping=False)
    nodes = plan.graph.inputs()
    return Program(
        plan,
        types,
        tuple(nodes[name] for name in derived.inputs if name in nodes),
        DOUBLE in types.values(),
        partial(_written, derived, kind, layout, table, plan, types),
        witnesses,
        careful if witnesses else None,
    )


def _written(
    derived: Derived,
    kind: str,
    layout: Layout,
    table: FunctionTable,
    plan: Plan,
    types: Mapping[Node, str],
    at_once: bool,
) -> Written:
    own = ["arrays", "laid_out", *LOCALS, *(["at_once", "rows", "numbers"] if at_once else [])]
    names = Names([*reserved(LIBRARY), *NAMESPACE, *FUNCTIONS, *own, "_number"])
    arguments = argument_names(derived.inputs, names)
    wanted = {
        "value": ["value"],
        "grad": layout.labels,
        "value_and_grad": ["value", *layout.labels],
    }
    source = Source(plan, types, table, names, arguments, wanted[kind], at_once)
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
    nodes = plan.graph.inputs()
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

    rows, numbers = tuple(source.rows), tuple(source.numbers)
    return Written(tuple(source.codes), loaded, text, rows, numbers, source.homes)
