"""Code for plain numbers: its steps, their text, and the steps run one by one without a text.

To write the text and have Python compile it takes about as long as to find the derivatives, and a
thousand times as long as to run it: that is worth it from the second call on. What a step does is
told by its spelling, so that both ways give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from symgrad.emit import argument_names, emit
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node, ancestors, part_of
from symgrad.load import load
from symgrad.pipeline import Derived
from symgrad.rewriting.finish import powers_as_products, without_shapes
from symgrad.schedule import Schedule, schedule
from symgrad.targets.scalar import NAMESPACE, SCALAR
from symgrad.writing.document import legal_graph, outputs_for
from symgrad.writing.layout import Layout
from symgrad.writing.naming import Names
from symgrad.writing.quick import OWN_NAMES, REFUSED

_RESERVED = frozenset(NAMESPACE) | OWN_NAMES

Operation = Callable[..., Any]


class PlainNumbers:
    """A function of plain numbers, which runs its steps one by one, and its code.

    Raises
    ------
    SymgradError
        There is an operation that the math module lacks.
    """

    def __init__(
        self, derived: Derived, kind: str, layout: Layout, table: FunctionTable, name: str
    ) -> None:
        self._steps: Schedule | None = number_steps(derived, kind, table)
        self._code: Operation | None = None
        self._inputs, self._kind, self._layout, self._name = derived.inputs, kind, layout, name

    def __call__(self, *numbers: float) -> Any:
        """What the code gives, or raises."""
        steps = self._steps
        if steps is not None:
            try:
                given = dict(zip(self._inputs, numbers, strict=True))
                return run_steps(steps, given, self._kind, self._layout)
            except REFUSED:
                pass  # In a branch that is not taken, perhaps: the code computes that alone.
        return self.code()(*numbers)

    def code(self) -> Operation:
        """The code, made once. The steps are given up for it, after it is there for all threads."""
        steps = self._steps
        if self._code is None:
            assert steps is not None
            text = number_source(steps, self._inputs, self._kind, self._layout, self._name)
            self._code = load(text, self._name, NAMESPACE)
            self._steps = None
        return self._code


def number_steps(derived: Derived, kind: str, table: FunctionTable) -> Schedule:
    """The steps of one kind of function, in the operations of the math module.

    Raises
    ------
    SymgradError
        There is an operation that it lacks.
    """
    graph, values = _without_value(derived.graph) if kind == "grad" else (derived.graph, 1)
    graph = legal_graph(graph, table, SCALAR, values=values)
    graph = powers_as_products(without_shapes(outputs_for(graph, kind, values)))
    return schedule(graph, SCALAR, table, graph.outputs[0] if kind != "grad" else None)


def _without_value(graph: Graph) -> tuple[Graph, int]:
    """A graph without what its value alone needs, and how many outputs stand for that.

    These are the parts of it that the derivatives use: in them, other rules hold.
    """
    needed = ancestors(graph.nodes, graph.outputs[1:])
    used = needed & ancestors(graph.nodes, graph.outputs[:1])
    inner = set(chain.from_iterable([node.args for node in used]))
    nodes = [node for node in graph.nodes if node in needed]
    parts = [node for node in nodes if node in used and node not in inner]
    return part_of(nodes, [*parts, *graph.outputs[1:]], graph.labels), len(parts)


def number_source(
    steps: Schedule, inputs: Sequence[str], kind: str, layout: Layout, name: str
) -> str:
    """The text of a module with the function `name`, which runs the steps.

    Its lines are not broken: they have conditions in expressions.
    """
    names = Names(_RESERVED)
    arguments = argument_names(inputs, names)
    wanted = layout.labels
    wanted = {"value": ["value"], "grad": wanted, "value_and_grad": ["value", *wanted]}[kind]
    body = emit(steps, SCALAR, arguments, names, wanted)
    results = list(body.results)
    parts = [] if kind == "grad" else [results.pop(0)]
    if kind != "value":
        opening, items, closing = layout.pack(results)
        parts.append(f"{opening}{', '.join(items)}{closing}")
    returned = ", ".join(parts)
    signature = f"def {name}({', '.join(arguments.values())}):"
    lines = [*body.statements, f"return {returned}"]
    return "\n".join([signature, *[f"    {line}" for line in lines], ""])


def run_steps(steps: Schedule, given: Mapping[str, float], kind: str, layout: Layout) -> Any:
    """What the function gives for numbers by name.

    Both branches of a condition are computed. Where one of them raises, the function may not.
    """
    made: dict[Node, Any] = {}
    for step in steps.steps:
        node = step.node
        if node.op == "input":
            made[node] = given[str(node.value)]
        elif node.op == "constant":
            made[node] = node.value
        else:
            operands = [made[operand] for operand in step.operands]
            if node.value is not None:
                operands += node.attributes
            made[node] = _operation(step.spelling)(*operands)
    results = [made[node] for node in steps.outputs]
    if kind == "value":
        return results[0]
    if kind == "grad":
        return layout.lay_out(results)
    return results[0], layout.lay_out(results[1:])


@cache
def _operation(spelling: str) -> Operation:
    """What a spelling says, as a function of the operands and the attribute in it."""
    template = SCALAR.spellings[spelling].template
    slots = {"{0}": "a", "{1}": "b", "{2}": "c", "{v0}": "value"}
    names = ", ".join(name for slot, name in slots.items() if slot in template)
    for slot, name in slots.items():
        template = template.replace(slot, name)
    return load(f"def operation({names}):\n    return {template}\n", "operation", NAMESPACE)
