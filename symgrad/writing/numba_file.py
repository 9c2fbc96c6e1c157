"""Formulas of elements, and sums over them, as loops of Numba that threads share.

The formula is compiled as for single numbers. Elements are taken in chunks of fixed size, each by
one thread, and what is summed is summed chunk by chunk, so that results do not depend on the number
of threads.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from symgrad.differentiation.products import COTANGENT
from symgrad.emit import argument_names, emit
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.rewriting.finish import squares_as_products, without_shapes
from symgrad.schedule import schedule
from symgrad.shaping.leaves import is_elementwise
from symgrad.simplify import lacking, legalise
from symgrad.targets.numba import HELPERS, TARGET
from symgrad.writing.document import (
    PRODUCTS,
    Rendering,
    function_doc,
    module_doc,
    outputs_for,
    returned,
)
from symgrad.writing.lines import bracketed
from symgrad.writing.naming import Names

_SUMS = ("sum", "mean")
_COUNT = "number of elements"
"""The input that stands for how many a mean is over; no input of a formula is called so."""

_RESERVED = (
    *HELPERS, "np", "math", "numba", "abs", "range", "min", "enumerate", "ArrayLike", "NDArray",
    "Array", "CHUNK", "_BERNOULLI", "_BETWEEN_1_AND_2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Elements:
    """A formula's graph for one element, and whether its value is a sum or a mean over them."""

    graph: Graph
    is_sum: bool
    is_mean: bool


def check_map(graph: Graph, text: str) -> None:
    """Raise a SymgradError, at its place, for what is no map over elements and no sum of it all."""
    root = graph.outputs[0]
    total = _is_total(root) and not any(root in node.args for node in graph.nodes)
    strange = [
        node
        for node in graph.nodes
        if node.op not in ("input", "constant", "pair")
        and not is_elementwise(node.op)
        and not (node is root and total)
    ]
    if strange:
        node = next((node for node in strange if node.span is not None), strange[0])
        raise lacking(
            "numba", node, text, "It takes formulas of elements, and sums and means of such."
        )


def elements(what: Rendering, table: FunctionTable) -> Elements:
    """What a formula does for each element.

    Raises
    ------
    SymgradError
        It does more than work on elements and sum them up in the end; the message shows where.
    """
    graph, text = without_shapes(what.derived.graph), what.formula
    root = graph.outputs[0]
    total = _is_total(root) and not any(root in node.args for node in graph.nodes)
    mean = total and root.op == "mean"

    def replace_one(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node is root and total:
            return args[0] if not mean else build.node("divide", args[0], _counted(build))
        if node.op == "_count" and mean:
            return _counted(build)
        return build.constant(_FILLED[node.op]) if node.op in _FILLED else None

    graph = rebuilt(graph, replace_one)
    check_map(graph, text)
    graph = legalise(graph, TARGET.known, table, "numba", text, touched=True)
    return Elements(graph, total, mean)


_FILLED = {"_zeros": 0.0, "_ones": 1.0}
"""What second derivatives are that do not depend on anything."""


def _is_total(node: Node) -> bool:
    return node.op in _SUMS and node.attributes == (None, False)


def _counted(build: Builder) -> Node:
    return build.node("input", value=_COUNT)


def numba_source(
    what: Rendering, table: FunctionTable, numbers: Collection[str] | None = None
) -> str:
    """The text of a file that needs NumPy and Numba.

    `numbers` are the inputs that are single numbers, whose derivatives are sums; those that are
    declared as such, unless they are told.
    """
    found = elements(what, table)
    if numbers is None:
        scalars = [name for name, shape in what.derived.shapes.items() if not shape.sizes]
        owners = {name: name.partition(" ")[0] for name in what.derived.inputs}
        numbers = [name for name, owner in owners.items() if owner in scalars]
        numbers += [COTANGENT] * found.is_sum
    if set(numbers) >= set(what.derived.inputs):
        numbers = []
    functions = [_function(what, found, kind, table, numbers) for kind in what.names]
    code = "\n\n".join(functions)
    helpers: list[str] = []
    for helper, text in reversed(HELPERS.items()):
        if re.search(rf"\b{helper}\(", "\n".join([code, *helpers])):
            helpers.append(text)
    chunk = "CHUNK = 256\n" if "CHUNK" in code else ""
    maths = "import math\n" if "math." in "\n".join([code, *helpers]) else ""
    doc = module_doc(what, "NumPy and Numba")
    return "\n".join([doc, _HEADER.format(maths=maths, chunk=chunk), "\n\n".join([code, *helpers])])


_HEADER = """
{maths}
import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = np.floating | NDArray[np.floating]
{chunk}
"""


def _function(
    what: Rendering,
    found: Elements,
    kind: str,
    table: FunctionTable,
    numbers: Collection[str],
) -> str:
    """One element, the loop over all, and the function that users call."""
    name = what.names[kind]
    graph = squares_as_products(without_shapes(outputs_for(found.graph, kind)))
    names = Names([*_RESERVED, *what.names.values(), f"_{name}_at", f"_{name}_over"])
    inputs = [*what.derived.inputs, *([_COUNT] if found.is_mean else [])]
    arguments = argument_names(inputs, names)
    if found.is_mean:
        arguments[_COUNT] = names.fresh("count")
    layout = what.layout
    labels = [*(() if kind == "grad" else ("value",)), *layout.labels][: len(graph.outputs)]
    plan = schedule(graph, TARGET, table, graph.outputs[0] if kind != "grad" else None)
    body = emit(plan, TARGET, dict(arguments), names, labels)
    given = ", ".join(arguments.values())
    at = [f"def _{name}_at({given}):", *(f"    {line}" for line in body.statements)]
    at.append(f"    return {', '.join(body.results)}")
    # Numba itself appends underscores.
    results = [names.fresh(label, f"{label}_out") for label in labels]
    loop = _Loop(what, found, kind, numbers, arguments, results)
    element = '@numba.njit(error_model="numpy")\n' + "\n".join(at) + "\n"
    return "\n\n".join([loop.called(names), loop.over(names), element])


@dataclass(frozen=True, slots=True)
class _Loop:
    """What the loop over elements and what is around it need to know."""

    what: Rendering
    found: Elements
    kind: str
    numbers: Collection[str]
    arguments: Mapping[str, str]
    results: list[str]

    @property
    def name(self) -> str:
        return self.what.names[self.kind]

    @property
    def rows(self) -> list[str]:
        """The inputs that are arrays."""
        return [a for n, a in self.arguments.items() if n not in self.numbers and n != _COUNT]

    def summed(self, place: int) -> bool:
        """Whether a result is one number: a sum over all elements."""
        return not self.axes_of(place)

    def axes_of(self, place: int) -> list[str | None]:
        """Whose axes a result has, one after the other: None for those of all elements."""
        kind, layout = self.what.derived.what, self.what.layout
        own: list[str | None] = [] if self.found.is_sum else [None]
        at = place if self.kind == "grad" else place - 1
        if at < 0 or kind == "jvp":
            return own
        if kind == "hessian":
            names = [layout.wrt[at // len(layout.wrt)], layout.wrt[at % len(layout.wrt)]]
        else:
            names = [layout.wrt[at]]
        arrays = [name for name in names if name not in self.numbers]
        return [*(own if kind == "jacobian" else []), *arrays]

    def over(self, names: Names) -> str:
        """The loop in chunks."""
        k, chunk = names.fresh("k"), names.fresh("chunk")
        sums = {r: names.fresh(f"sum_{r}") for p, r in enumerate(self.results) if self.summed(p)}
        one = {r: names.fresh(f"{r}_k") for r in sums}
        targets = ", ".join(one.get(r, f"{r}[{k}]") for r in self.results)
        given = ", ".join(f"{a}[{k}]" if a in self.rows else a for a in self.arguments.values())
        loop, size = f"for {k} in numba.prange", f"{self.rows[0]}.size"
        call = f"    {targets} = _{self.name}_at({given})"
        lines = [f"{loop}({size}):", call]
        if sums:
            ends = f"{chunk} * CHUNK, min({size}, ({chunk} + 1) * CHUNK)"
            lines = [
                f"for {chunk} in numba.prange(({size} + CHUNK - 1) // CHUNK):",
                *(f"    {total} = 0.0" for total in sums.values()),
                f"    for {k} in range({ends}):",
                f"    {call}",
                *(f"        {total} += {one[result]}" for result, total in sums.items()),
                *(f"    {result}[{chunk}] = {total}" for result, total in sums.items()),
            ]
        head = [
            '@numba.njit(parallel=True, fastmath=False, error_model="numpy")',
            f"def _{self.name}_over({', '.join([*self.arguments.values(), *self.results])}):",
        ]
        lines = [*head, *(f"    {line}" for line in lines)]
        return "\n".join(lines) + "\n"

    def called(self, names: Names) -> str:
        """The function that users call."""
        rows, layout, what = self.rows, self.what.layout, self.what.derived.what
        inputs = [a for n, a in self.arguments.items() if n != _COUNT]
        shape, chunks = names.fresh("shape"), names.fresh("chunks")
        flat = {row: names.fresh(f"{row}_row") for row in rows}
        typed = [f"{a}: ArrayLike" for a in inputs]
        returns = {"value": "Array", "grad": layout.annotation}.get(
            self.kind, f"tuple[Array, {layout.annotation}]"
        )
        one = "," if len(inputs) == 1 else ""
        lines = [
            bracketed("", f"def {self.name}(", typed, f") -> {returns}:"),
            function_doc(what if what in PRODUCTS else self.kind, layout),
            f"    {', '.join(inputs)}{one} = (np.asarray(v, np.float64) "
            f"for v in ({', '.join(inputs)}{one}))",
            f"    ({', '.join(flat.values())}{',' if len(flat) == 1 else ''}), {shape} = "
            f"_rows({', '.join(rows)})",
        ]
        first = next(iter(flat.values()))
        sums = [result for p, result in enumerate(self.results) if self.summed(p)]
        if sums:
            lines.append(f"    {chunks} = -(-{first}.size // CHUNK)")
        lines += [f"    {r} = np.empty({chunks if r in sums else shape})" for r in self.results]
        if self.found.is_mean:
            lines.append(f"    {self.arguments[_COUNT]} = float({first}.size)")
        numbers = {a: f"{a}.item()" for a in inputs}
        passed = [(numbers | flat).get(a, a) for a in self.arguments.values()]
        passed += [r if r in sums else f"{r}.ravel()" for r in self.results]
        lines.append(f"    _{self.name}_over({', '.join(passed)})")
        texts = [self._handed(place, result, shape) for place, result in enumerate(self.results)]
        lines.append(returned(self.kind, layout, texts))
        return "\n".join(lines) + "\n"

    def _handed(self, place: int, result: str, shape: str) -> str:
        if self.summed(place):
            return f"{result}.sum()"
        axes = self.axes_of(place)
        if len(axes) > 1:
            shapes = [shape if name is None else f"{self.arguments[name]}.shape" for name in axes]
            return f"_block({result}, {shape}, {', '.join(shapes)})[()]"
        if axes[0] is None or len(self.rows) == 1:
            return f"{result}[()]"
        return f"_sum_to({result}, {self.arguments[axes[0]]})[()]"
