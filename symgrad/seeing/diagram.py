"""The graph of a formula as boxes and arrows, for pictures and for other tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symgrad.compiled import Compiled
from symgrad.graph import Graph, Node
from symgrad.language.formula import lower
from symgrad.language.items import unpaired
from symgrad.pipeline import Known, declared
from symgrad.seeing.recording import Recording, check_size, record
from symgrad.seeing.wording import glance, named, said
from symgrad.shaping.resolve import UndeclaredError, resolve
from symgrad.syntax import parse

_SAME = frozenset("integer _rerow _unrow _recolumn _uncolumn".split())
"""Operations that a reader takes for their first operand."""

_LONGEST = 34
_LONGEST_NAME = 14


@dataclass(frozen=True, slots=True)
class Box:
    """A node: what it is called, the operation, and what is known of it.

    Attributes
    ----------
    name, operation:
        `v1` and `x**2`; an input has no operation.
    uses:
        By how many operands of others it is used.
    is_result:
        Whether it is the value of the formula.
    value, gradient:
        Its value and the derivative by it; None where they are not known.
    """

    name: str
    operation: str
    uses: int
    is_result: bool
    value: Any = None
    gradient: Any = None

    @property
    def kind(self) -> str:
        """What it is to a reader: the result, an input, shared, or any operation."""
        if self.is_result:
            return "result"
        if not self.operation:
            return "input"
        return "shared" if self.uses > 1 else "operation"

    @property
    def title(self) -> str:
        """Name and operation on a line."""
        name = shortened(self.name, _LONGEST_NAME)
        return f"{name} = {self.operation}" if self.operation else name

    @property
    def lines(self) -> list[str]:
        """All that a picture tells of it: its title, and what is known of value and gradient."""
        value = [] if self.value is None else [glance(self.value)]
        gradient = [] if self.gradient is None else [f"∂ {glance(self.gradient)}"]
        return [self.title, *value, *gradient]


@dataclass(frozen=True, slots=True)
class Arrow:
    """An operand and what uses it, as the numbers of their boxes.

    Attributes
    ----------
    tail, head:
        From and to where the value goes.
    position, count:
        Which operand of the head it is, and of how many.
    gradient:
        What the head hands back in the reverse pass; None if it hands back nothing.
    """

    tail: int
    head: int
    position: int
    count: int
    gradient: Any = None

    @property
    def told(self) -> str:
        """What is handed back, in few words."""
        return "" if self.gradient is None else glance(self.gradient, 1)


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes in the order in which they are computed, and the arrows between them."""

    statements: tuple[str, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    has_values: bool


def diagram(compiled: Compiled, at: Mapping[str, Any] | None, most: int, what: str) -> Diagram:
    """The graph of a compiled formula as it was written; at a point, with both passes.

    Raises
    ------
    SymgradError
        The graph has more than `most` operations, or an input is wrong; `what` is to be shown.
    """
    check_size(compiled.formula, compiled.lowered, most, what)
    recording = None if at is None else record(compiled, at)
    graph = _undecided(compiled) if recording is None else recording.graph
    check_size(compiled.formula, graph, most, what)
    return _drawn(compiled, graph, recording)


def _undecided(compiled: Compiled) -> Graph:
    """The graph for shapes that are declared, or for none."""
    lowered = lower(compiled.formula, compiled.table)
    known = declared(lowered) or Known({})
    try:
        found = known.check(lowered.graph, compiled.formula)
        return resolve(lowered.graph, found, compiled.table, compiled.formula)
    except UndeclaredError:
        return lowered.graph


def _drawn(compiled: Compiled, graph: Graph, recording: Recording | None) -> Diagram:
    meant: dict[Node, Node] = {}
    for node in graph.nodes:
        meant[node] = meant[node.args[0]] if node.op in _SAME else node
    names = named(graph, _SAME)
    short = {node: shortened(name, _LONGEST_NAME) for node, name in names.items()}
    shown = [n for n in graph.nodes if meant[n] is n and n.op not in ("constant", "pair")]
    number = {node: place for place, node in enumerate(shown)}
    arrows = []
    for node in shown:
        operands = [meant[part] for arg in node.args for part in unpaired(arg)]
        drawn = [(p, operand) for p, operand in enumerate(operands) if operand in number]
        flows = {} if recording is None else _flows(recording, node)
        arrows += [
            Arrow(number[operand], number[node], place, len(drawn), flows.get(position))
            for place, (position, operand) in enumerate(drawn)
        ]
    uses = Counter(arrow.tail for arrow in arrows)
    boxes = []
    known = ({}, {}) if recording is None else (recording.values, recording.gradients)
    for node in shown:
        operation = "" if node.op == "input" else said(node, short, compiled.table)
        result = node is meant[graph.outputs[0]]
        value, gradient = (found.get(node) for found in known)
        title = shortened(operation, _LONGEST)
        boxes.append(Box(names[node], title, uses[number[node]], result, value, gradient))
    formula = compiled.formula
    statements = tuple(formula[slice(*statement.span)] for statement in parse(formula))
    return Diagram(statements, tuple(boxes), tuple(arrows), recording is not None)


def _flows(recording: Recording, node: Node) -> dict[int, Any]:
    """What is handed back to each operand, by its position."""
    return {flow.position: flow.amount for flow in recording.flows.get(node, ())}


def shortened(text: str, most: int) -> str:
    """A text of bounded length, without its middle.

    >>> shortened("a_rather_long_name", 11)
    'a_rat…_name'
    """
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[len(text) - (most - 1 - most // 2) :]}"
