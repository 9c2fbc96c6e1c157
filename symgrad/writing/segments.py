"""A plan to source: a function for each segment, those of loops with buffers that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from symgrad.emit import Writer, emit
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node
from symgrad.language.labels import shown
from symgrad.schedule import schedule
from symgrad.shaping.axes import Labels
from symgrad.targets.blocked import BESIDE, NAMESPACE
from symgrad.targets.numpy import LIBRARY
from symgrad.writing.homes import homes
from symgrad.writing.loops import Loop, multiplies
from symgrad.writing.naming import Names
from symgrad.writing.rows import Plan, Segment
from symgrad.writing.setting import Setting


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A segment as source, and what its function is called.

    `slots` are the buffers of a loop: the labels of their axes and what they hold. `sums` are the
    results that are sums over the rows; `multiplies` tells whether there are products of matrices.
    """

    segment: Segment
    name: str
    slots: tuple[tuple[Labels, str], ...] = ()
    sums: tuple[Node, ...] = ()
    multiplies: bool = False

    def rows(self, node: Node) -> bool:
        """Whether one of its results is written, row by row, to an array that it is given."""
        return self.segment.loops and node not in self.sums


class Source(Setting):
    """The module of a plan: `text`, and a `Code` for each segment.

    `rows` are the results of loops that have rows, and `numbers` those of sizes that are used.
    `homes` tells which of them may lie in the memory of which others.
    """

    def __init__(
        self,
        plan: Plan,
        types: Mapping[Node, str],
        table: FunctionTable,
        names: Names,
        arguments: Mapping[str, str],
        wanted: Sequence[str],
        at_once: bool = False,
    ) -> None:
        super().__init__(plan, types, table, names, at_once, homes(plan, types))
        self.codes: list[Code] = []
        texts = []
        for node in plan.graph.nodes:
            if node.op == "input":
                self._called[node] = arguments[str(node.value)]
        for node, label in zip(plan.graph.outputs, wanted, strict=True):
            self._called[node] = names.fresh(label)
        for place, segment in enumerate(plan.segments):
            for node in (*segment.needs, *segment.results):
                self._name(node)
            kind = "whole" if not segment.loops else "all_rows" if at_once else "rows"
            name = names.fresh(f"{kind}_{place + 1}")
            made = self._loop(segment, name) if segment.loops else self._whole(segment, name)
            texts.append(made)
        self.numbers = [n for n in plan.graph.nodes if n in plan.numbers and n in self._called]
        self.rows = [n for code in self.codes for n in code.segment.results if code.rows(n)]
        if at_once:
            inputs = plan.graph.inputs()
            texts.append(self._all(name for key, name in arguments.items() if key in inputs))
        self.text = "\n\n".join(texts)

    def _all(self, arguments: Iterable[str]) -> str:
        """A function that calls those of all segments, one after the other."""
        lines = [f"def at_once({', '.join(('buffers', 'rows', 'numbers', *arguments))}):"]
        for given, nodes in (("rows", self.rows), ("numbers", self.numbers)):
            if nodes:
                lines.append(f"    {', '.join(map(self.called, nodes))}, = {given}")
        loops = 0
        for code in self.codes:
            rows = [node for node in code.segment.results if code.rows(node)]
            takes = [self.called(node) for node in (*code.segment.needs, *rows)]
            gives = [self.called(node) for node in code.segment.results if node not in rows]
            if code.segment.loops:
                takes.insert(0, f"buffers[{loops}]")
                loops += 1
            call = f"{code.name}({', '.join(takes)})"
            lines.append(f"    {', '.join(gives)}, = {call}" if gives else f"    {call}")
        lines.append(f"    return [{', '.join(map(self.called, self.plan.graph.outputs))}]")
        return "\n".join([*lines, ""])

    def _name(self, node: Node) -> str:
        found = self._called.get(node)
        if found is None:
            label = self.plan.graph.labels.get(node)
            stem = "size" if node in self.plan.numbers else "t"
            own = shown(label) if label else ""
            found = self.names.fresh(own) if own else self.names.numbered(stem)
            self._called[node] = found
        return found

    def _part(self, segment: Segment) -> tuple[Graph, dict[Node, Node]]:
        """The operations of a segment as a graph, whose inputs are what it needs."""
        build = Builder()
        made: dict[Node, Node] = {}
        for node in segment.needs:
            made[node] = build.node("input", value=self._called[node])
        for node in segment.nodes:
            args = [made[arg] for arg in node.args]
            made[node] = build.node(node.op, *args, value=node.value, span=node.span)
        graph = build.graph([made[node] for node in segment.results])
        return graph, {new: old for old, new in made.items()}

    def _whole(self, segment: Segment, name: str) -> str:
        """A function of whole arrays, as people read it."""
        graph, old = self._part(segment)
        takes = [self._called[node] for node in segment.needs]
        inner = Names([*takes, *LIBRARY.names, *LIBRARY.helpers, *NAMESPACE])
        results = [f"{self._called[node]}_" for node in segment.results]
        plan = schedule(graph, BESIDE, self.table, None)
        arguments = dict(zip(takes, takes, strict=True))
        writer = Writer(plan, BESIDE, arguments, inner, {})
        writer.plain.update(node for node, other in old.items() if other in self.plan.numbers)
        body = emit(plan, BESIDE, arguments, inner, results, writer=writer)
        self.codes.append(Code(segment, name))
        lines = ["    " + line for line in body.statements]
        returned = f"    return {', '.join(body.results)}{',' if len(body.results) == 1 else ''}"
        return "\n".join([f"def {name}({', '.join(takes)}):", *lines, returned, ""])

    def _loop(self, segment: Segment, name: str) -> str:
        graph, old = self._part(segment)
        writer = Loop(self, segment, graph, old)
        sums, products = tuple(writer.sums), multiplies(segment)
        self.codes.append(Code(segment, name, tuple(writer.slots.kinds), sums, products))
        given = ["buffers"] if self.at_once else ["start", "stop", "step", "buffers"]
        takes = [*segment.needs, *segment.results]
        if self.at_once:
            takes = [node for node in takes if node not in writer.sums]
        names_taken = [self._called[node] for node in takes]
        head = f"def {name}({', '.join([*given, *names_taken])}):"
        return "\n".join([head, *writer.lines(), ""])
