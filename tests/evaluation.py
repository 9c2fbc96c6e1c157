"""Graphs evaluated by the code that is generated for them, with nothing rewritten on the way."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from symgrad.emit import emit
from symgrad.functions import builtin_functions
from symgrad.graph import Graph
from symgrad.load import load
from symgrad.schedule import schedule
from symgrad.simplify import expand
from symgrad.targets.numpy import HELPERS, NUMPY
from symgrad.writing.naming import Names

_kernels: dict[Graph, Callable[..., Any]] = {}


def numpy_outputs(graph: Graph, inputs: Mapping[str, Any]) -> list[Any]:
    """The outputs of a graph on NumPy."""
    if graph not in _kernels:
        _kernels[graph] = _compiled(graph)
    names = graph.inputs()
    results = _kernels[graph](*[np.asarray(inputs[name]) for name in names])
    return [np.asarray(result)[()] for result in results]


def _compiled(graph: Graph) -> Callable[..., Any]:
    table = builtin_functions()
    expanded = expand(graph, NUMPY.known, table, "numpy")
    arguments = {name: name for name in graph.inputs()}
    wanted = [f"result{number}" for number in range(len(graph.outputs))]
    plan = schedule(expanded, NUMPY, table, expanded.outputs[0])
    body = emit(plan, NUMPY, arguments, Names(["np", "special", *arguments]), wanted)
    lines = [f"def outputs({', '.join(arguments)}):"]
    lines += [f"    {statement}" for statement in body.statements]
    lines += ["    return [" + ", ".join(body.results) + "]"]
    header = "from __future__ import annotations"
    text = "\n".join([header, *HELPERS.values(), *lines])
    function = load(text, "outputs", {"np": np, "special": special})

    def quiet(*values: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*values)

    return quiet
