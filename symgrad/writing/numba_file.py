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
from symgrad.targets.numba import FAST_TARGET, HELPERS, TARGET
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
from symgrad.writing.usual import for_usual_numbers, is_fast

_SUMS = ("sum", "mean")
_COUNT = "number of elements"
"""The input that stands for how many a mean is over; no input of a formula is called so."""

_RESERVED = (
    *HELPERS, "np", "math", "numba", "abs", "range", "min", "enumerate", "ArrayLike", "NDArray",
    "Array", "CHUNK", "FEW", "_BERNOULLI", "_BETWEEN_1_AND_2", "_EXP", "_LOG", "_SIN", "_COS",
    "_ARCTAN",
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
    chunk = "FEW = 2048\n" + "CHUNK = 256\n" * ("CHUNK" in code)
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
    taken = [*_RESERVED, *what.names.values(), *(f"_{name}_{end}" for end in _ENDS)]
    names = Names(taken)
    inputs = [*what.derived.inputs, *([_COUNT] if found.is_mean else [])]
    arguments = argument_names(inputs, names)
    if found.is_mean:
        arguments[_COUNT] = names.fresh("count")
    layout = what.layout
    labels = [*(() if kind == "grad" else ("value",)), *layout.labels][: len(graph.outputs)]
    # Numba itself appends underscores.
    results = [names.fresh(label, f"{label}_out") for label in labels]
    fast = is_fast(graph)
    quick, usual = for_usual_numbers(graph, fast)
    ways = [(quick, FAST_TARGET if fast else TARGET, "at")]
    if usual:
        ways.append((graph, TARGET, "anywhere"))
    texts = []
    for own, target, end in ways:
        own_names = Names([*taken, *arguments.values()])
        plan = schedule(own, target, table, own.outputs[0] if kind != "grad" else None)
        body = emit(
            plan, target, dict(arguments), own_names, [*labels, "usual"][: len(own.outputs)]
        )
        texts += [
            f'@numba.njit(error_model="numpy"{", forceinline=True" * (end == "at")})',
            f"def _{name}_{end}({', '.join(arguments.values())}):",
            *(f"    {line}" for line in body.statements),
            f"    return {', '.join(body.results)}\n\n",
        ]
    loop = _Loop(what, found, kind, numbers, arguments, results, usual)
    return "\n\n".join([loop.called(names), loop.over(names), "\n".join(texts).rstrip() + "\n"])


_JIT = 'numba.njit(error_model="numpy")'

_ENDS = ("at", "anywhere", "over", "few", "many")


@dataclass(frozen=True, slots=True)
class _Loop:
    """What the loop over elements and what is around it need to know."""

    what: Rendering
    found: Elements
    kind: str
    numbers: Collection[str]
    arguments: Mapping[str, str]
    results: list[str]
    usual: bool

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
        """The loop over all elements, for one thread and for several."""
        plain = not self.usual and not any(map(self.summed, range(len(self.results))))
        given = [*self.arguments.values(), *self.results]
        lines = [
            f"def _{self.name}_over({', '.join(given)}):",
            *(f"    {line}" for line in (self._whole(names) if plain else self._parts(names))),
            "",
            "",
            f"_{self.name}_few = {_JIT}(_{self.name}_over)",
            f"_{self.name}_many = {_JIT[:-1]}, parallel=True)(_{self.name}_over)",
        ]
        return "\n".join(lines) + "\n"

    def _whole(self, names: Names) -> list[str]:
        """Element by element, as threads share them."""
        k = names.fresh("k")
        loop = f"for {k} in numba.prange({self.rows[0]}.size):"
        return [loop, *(f"    {line}" for line in self._each(k, {}, "at"))]

    def _parts(self, names: Names) -> list[str]:
        """Chunk by chunk: sums are taken within each, and what is not usual is looked at again."""
        part, rows, k = names.fresh("part"), names.fresh("rows"), names.fresh("k")
        size, usual = f"{self.rows[0]}.size", names.fresh("usual")
        sums = [result for place, result in enumerate(self.results) if self.summed(place)]
        arrays = [a for a in (*self.rows, *self.results) if a not in sums]
        local = {a: names.fresh(f"{a}_part") for a in (*arrays, *sums)}
        count = f"{local[arrays[0]]}.size"
        lines = [f"{rows} = slice({part} * CHUNK, ({part} + 1) * CHUNK)"]
        lines += [f"{local[a]} = {a}[{rows}]" for a in arrays]
        lines += [f"{local[a]} = np.empty({count})" for a in sums]
        lines += [f"{usual} = True"] * self.usual
        lines += [f"for {k} in range({count}):"]
        lines += [f"    {line}" for line in self._each(k, local, "at", usual)]
        if self.usual:
            lines += [f"if not {usual}:", f"    for {k} in range({count}):"]
            lines += [f"        {line}" for line in self._each(k, local, "anywhere")]
        lines += [f"{a}[{part}] = _total({local[a]})" for a in sums]
        loop = f"for {part} in numba.prange(({size} + CHUNK - 1) // CHUNK):"
        return [loop, *(f"    {line}" for line in lines)]

    def _each(self, k: str, local: Mapping[str, str], end: str, usual: str = "") -> list[str]:
        """What is done for one element."""
        given = [
            f"{local.get(a, a)}[{k}]" if a in self.rows else a for a in self.arguments.values()
        ]
        targets = [f"{local.get(a, a)}[{k}]" for a in self.results]
        call = f"_{self.name}_{end}({', '.join(given)})"
        if not usual or not self.usual:
            return [f"{', '.join(targets)} = {call}"]
        return [f"{', '.join(targets)}, {usual}_{k} = {call}", f"{usual} &= {usual}_{k}"]

    def called(self, names: Names) -> str:
        """The function that users call."""
        rows, layout, what = self.rows, self.what.layout, self.what.derived.what
        inputs = [a for n, a in self.arguments.items() if n != _COUNT]
        shape, chunks, over, plain = map(names.fresh, ("shape", "chunks", "over", "plain"))
        flat = {row: names.fresh(f"{row}_row") for row in rows}
        typed = [f"{a}: ArrayLike" for a in inputs]
        returns = {"value": "Array", "grad": layout.annotation}.get(
            self.kind, f"tuple[Array, {layout.annotation}]"
        )
        lines = [
            bracketed("", f"def {self.name}(", typed, f") -> {returns}:"),
            function_doc(what if what in PRODUCTS else self.kind, layout),
            *(f'    {a} = np.asarray({a}, np.float64, "C")' for a in inputs),
        ]
        equal = "".join(f" and {row}.shape == {shape}" for row in rows[1:])
        one = "," * (len(rows) == 1)
        lines += [
            f"    {shape} = {rows[0]}.shape",
            f"    {plain} = len({shape}) == 1{equal}",
            f"    ({', '.join(flat.values())}{one}), {shape} = "
            f"(({', '.join(rows)}{one}), {shape}) if {plain} else _rows({', '.join(rows)})",
        ]
        first = next(iter(flat.values()))
        sums = [result for p, result in enumerate(self.results) if self.summed(p)]
        if sums:
            lines.append(f"    {chunks} = -(-{first}.size // CHUNK)")
        lines += [
            f"    {r} = np.empty({chunks if r in sums else f'{first}.size'})" for r in self.results
        ]
        if self.found.is_mean:
            lines.append(f"    {self.arguments[_COUNT]} = float({first}.size)")
        numbers = {a: f"{a}.item()" for a in inputs}
        passed = [(numbers | flat).get(a, a) for a in self.arguments.values()]
        passed += self.results
        lines.append(f"    {over} = _{self.name}_few if {first}.size < FEW else _{self.name}_many")
        lines.append(f"    {over}({', '.join(passed)})")
        texts = [
            self._handed(place, result, shape, plain) for place, result in enumerate(self.results)
        ]
        lines.append(returned(self.kind, layout, texts))
        return "\n".join(lines) + "\n"

    def _handed(self, place: int, result: str, shape: str, plain: str) -> str:
        if self.summed(place):
            return f"{result}.sum()"
        axes = self.axes_of(place)
        if len(axes) > 1:
            shapes = [shape if name is None else f"{self.arguments[name]}.shape" for name in axes]
            return f"_block({result}, {shape}, {', '.join(shapes)})[()]"
        shaped = f"{result}.reshape({shape})"
        if axes[0] is not None and len(self.rows) > 1:
            shaped = f"_sum_to({shaped}, {self.arguments[axes[0]]})"
        return f"{result} if {plain} else {shaped}[()]"
