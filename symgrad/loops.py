"""A plan to source: a function for each segment, those of loops with buffers that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from symgrad.axes import Labels
from symgrad.elements import BOOL, DOUBLE, FLOAT
from symgrad.emit import emit
from symgrad.finish import VIEWS
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node
from symgrad.labels import shown
from symgrad.misfit import axes_of
from symgrad.naming import Names
from symgrad.rows import COMBINED, SUM, Plan, Segment
from symgrad.schedule import Step, schedule
from symgrad.spelling import Spelling, Text
from symgrad.targets.blocked import ALONG_LAST, BESIDE, BLOCKED, IN_PLACE, INTO
from symgrad.template import written

PRODUCTS = frozenset("_mm _at matmul _vdot _einsum".split())
_MATRICES = PRODUCTS - {"_vdot", "_einsum"}


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


def multiplies_matrices(segment: Segment) -> bool:
    """Whether there are products of matrices in a loop whose rows are as they are."""
    return segment.loops and any(node.op in _MATRICES for node in segment.nodes)


def multiplies(segment: Segment) -> bool:
    """Whether there are products of matrices in a segment."""
    return any(node.op in PRODUCTS for node in segment.nodes)


class Source:
    """The module of a plan: `text`, and a `Code` for each segment.

    With `at_once` the functions of loops are for all rows: they return the sums, which those that
    go by blocks add up in arrays that they are given.
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
        self.plan = plan
        self.at_once = at_once
        self.turns = not any(map(multiplies_matrices, plan.segments))
        self.types = types
        self.table = table
        self._names = names
        self._called: dict[Node, str] = {}
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
            found = self._names.fresh(own) if own else self._names.numbered(stem)
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
        graph, _ = self._part(segment)
        takes = [self._called[node] for node in segment.needs]
        inner = Names([*takes, "np"])
        results = [f"{self._called[node]}_" for node in segment.results]
        plan = schedule(graph, BESIDE, self.table, None)
        body = emit(plan, BESIDE, dict(zip(takes, takes, strict=True)), inner, results)
        self.codes.append(Code(segment, name))
        lines = ["    " + line for line in body.statements]
        returned = f"    return {', '.join(body.results)}{',' if len(body.results) == 1 else ''}"
        return "\n".join([f"def {name}({', '.join(takes)}):", *lines, returned, ""])

    def _loop(self, segment: Segment, name: str) -> str:
        graph, old = self._part(segment)
        writer = _Loop(self, segment, graph, old)
        sums, products = tuple(writer.sums), multiplies(segment)
        self.codes.append(Code(segment, name, tuple(writer.slots), sums, products))
        given = ["buffers"] if self.at_once else ["start", "stop", "step", "buffers"]
        takes = [*segment.needs, *segment.results]
        if self.at_once:
            takes = [node for node in takes if node not in writer.sums]
        names_taken = [self._called[node] for node in takes]
        head = f"def {name}({', '.join([*given, *names_taken])}):"
        return "\n".join([head, *writer.lines(), ""])

    def called(self, node: Node) -> str:
        """The name of a node that a segment takes or gives."""
        return self._called[node]


class _Loop:
    """Writes the body of a loop: slots are given out when a value is made, and free after its
    last use."""

    def __init__(
        self, source: Source, segment: Segment, graph: Graph, old: Mapping[Node, Node]
    ) -> None:
        self.source = source
        self.plan = source.plan
        self.old = old
        self.results = set(segment.results)
        self.sums = [node for node in segment.results if self.plan.kinds[node] == SUM]
        self.segment = segment
        self.steps = schedule(graph, BLOCKED, source.table, None)
        taken = [source.called(node) for node in (*segment.needs, *segment.results)]
        self.names = Names([*taken, "np", "start", "stop", "step", "buffers", "row", "end"])
        self.slots: list[tuple[Labels, str]] = []
        self.slot_names: list[str] = []
        self.free: dict[tuple[Labels, str], list[str]] = {}
        self.texts: dict[Node, Text] = {}
        self.memory: dict[Node, tuple[Node, ...]] = {}
        self.held: dict[Node, tuple[tuple[Labels, str], str]] = {}
        self.body: list[str] = []
        self.slices: list[str] = []
        self.sliced: dict[Node, str] = {}
        for node in (*segment.needs, *segment.results):
            at = self.plan.rows.get(node)
            if at is not None:
                self._slice(node, at)
        self.last = self._last_uses()
        for place, step in enumerate(self.steps.steps):
            self._write(place, step)

    def _slice(self, node: Node, at: int) -> None:
        """The rows of a block, in a buffer where loops along the rows are better than others."""
        called = self.source.called(node)
        code = called if self.source.at_once else f"{called}[{':, ' * at}row:end]"
        numbers = self.source.types[node] in (FLOAT, DOUBLE)
        wide = node in self.segment.needs and at < len(self.plan.labels(node)) - 1
        if wide and numbers and self.source.turns:
            code = f"_rows_last({code}, {self._slot((self.plan.labels(node), FLOAT))})"
        self.sliced[node] = called
        if code != called:
            self.sliced[node] = self.names.fresh(f"{called}_rows")
            self.slices.append(f"{self.sliced[node]} = {code}")

    def lines(self) -> list[str]:
        """The statements of the function."""
        names = ", ".join(self.slot_names) + ("," if len(self.slot_names) == 1 else "")
        if self.source.at_once:
            sums = ", ".join(self.source.called(node) for node in self.sums)
            given = [f"{names} = buffers"] if names else []
            inner = [*given, *self.slices, *self.body, f"return [{sums}]"]
            return ["    " + line for line in inner]
        given = [f"{names} = buffers(end - row)[0]"] if names else []
        inner = [*given, *self.slices, *self.body]
        return [
            "    for row in range(start, stop, step):",
            "        end = min(row + step, stop)",
            *("        " + line for line in inner),
        ]

    def _last_uses(self) -> dict[Node, int]:
        """By node, where it or what shares its memory is used last."""
        last: dict[Node, int] = {}
        for place, step in enumerate(self.steps.steps):
            operands = list(step.operands)
            while operands:
                node = operands.pop()
                last[node] = place
            self.memory[step.node] = ()
            if step.spelling in VIEWS or step.node.op in VIEWS or step.spelling == "join":
                self.memory[step.node] = step.operands
        for node in reversed([step.node for step in self.steps.steps]):
            for below in self.memory[node]:
                last[below] = max(last.get(below, 0), last.get(node, 0))
        return last

    def _write(self, place: int, step: Step) -> None:
        node, old = step.node, self.old[step.node]
        if node.op == "input":
            self.texts[node] = Text(self.sliced.get(old) or self.source.called(old))
            return
        if node.op == "constant":
            return
        if self.plan.kinds.get(old) == SUM:
            self._add(step, old)
        elif old in self.results:
            target = self.sliced[old]
            if step.parts:
                self._place(step, target)
            elif self._into(step):
                self.body.append(self._call(step, target))
            else:
                self.body.append(f"{target}[...] = {self._expression(step).code}")
            self.texts[node] = Text(target)
        elif (self._into(step) or step.parts) and old in self.plan.rows:
            self._into_slot(place, step, old)
            return
        else:
            text = self._expression(step)
            if self.steps.uses[node] > 1 or node.op not in VIEWS:
                name = self.names.numbered("v")
                self.body.append(f"{name} = {text.code}")
                text = Text(name)
            self.texts[node] = text
        self._release(place, step)

    def _into(self, step: Step) -> bool:
        """Whether a result can be written where one says."""
        known = self.source.types[self.old[step.node]] in (FLOAT, DOUBLE, BOOL)
        return step.spelling in INTO and known and not step.parts

    def _into_slot(self, place: int, step: Step, old: Node) -> None:
        type_of = self.source.types[old]
        kind = (self.plan.labels(old), BOOL if type_of == BOOL else FLOAT)
        if step.spelling in IN_PLACE:
            self._release(place, step)
            name = self._slot(kind)
        else:
            name = self._slot(kind)
            self._release(place, step)
        if step.parts:
            self._place(step, name)
        else:
            self.body.append(self._call(step, name))
        self.texts[step.node] = Text(name)
        self.held[step.node] = kind, name

    def _place(self, step: Step, name: str) -> None:
        """Zeros, and what is added to parts of them."""
        self.body.append(f"{name}.fill(0.0)")
        for count, part in enumerate(step.parts):
            value, zeros = part.args[0], f"{name}[{written(part.value, str)}]"
            text = self.texts.get(value) or BLOCKED.constant(value.value, True)  # type: ignore[arg-type]
            if count:
                view = self.names.numbered("v")
                self.body.append(f"{view} = {zeros}")
                self.body.append(f"np.add({view}, {text.code}, out={view})")
            else:
                self.body.append(f"{zeros} = {text.code}")

    def _slot(self, kind: tuple[Labels, str]) -> str:
        if self.free.get(kind):
            return self.free[kind].pop()
        name = self.names.numbered("c" if kind[1] == BOOL else "t")
        self.slots.append(kind)
        self.slot_names.append(name)
        return name

    def _release(self, place: int, step: Step) -> None:
        """Give slots back that are used for the last time; those of views, too."""
        waiting = list(dict.fromkeys(step.operands))
        while waiting:
            node = waiting.pop()
            waiting.extend(self.memory.get(node, ()))
            if node in self.held and self.last.get(node, 0) <= place:
                kind, name = self.held.pop(node)
                self.free.setdefault(kind, []).append(name)

    def _add(self, step: Step, old: Node) -> None:
        """What a block adds to a sum over all rows."""
        total = self.source.called(old)
        product = step.spelling in PRODUCTS and step.spelling in INTO and self.plan.labels(old)
        if product and self.source.at_once:
            code = self._plain_call(step)
        elif product:
            kind = (self.plan.labels(old), FLOAT)
            name = self._slot(kind)
            self.free.setdefault(kind, []).append(name)
            self.body.append(self._call(step, name))
            code = name
        elif step.spelling == "sum" and self._reduces(step) == (-2,) and self._rank(step) == 2:
            code = f"_sum_first({self.texts[step.operands[0]].code})"
        else:
            code = self._expression(step).code
        combined = f"np.{COMBINED[old.op]}({total}, {code}, out={total})"
        self.body.append(f"{total} = {code}" if self.source.at_once else combined)
        self.texts[step.node] = Text(total)

    def _rank(self, step: Step) -> int:
        return len(self.plan.labels(self.old[step.operands[0]]))

    def _reduces(self, step: Step) -> tuple[int, ...] | None:
        """Along which axes a reduction of several is, counted from the end."""
        rank = self._rank(step)
        axes = axes_of(step.node.attributes[0], rank)
        return tuple(axis - rank for axis in axes) if rank > len(axes) else None

    def _call(self, step: Step, out: str) -> str:
        return f"{self._plain_call(step)[:-1]}, out={out})"

    def _plain_call(self, step: Step) -> str:
        spelling = INTO[step.spelling]
        if step.spelling in ALONG_LAST and self._reduces(step) == (-1,):
            return ALONG_LAST[step.spelling].write(self._operands(step, spelling)).code
        return spelling.write(self._operands(step, spelling), _attributes(step)).code

    def _expression(self, step: Step) -> Text:
        spelling = BLOCKED.spellings[step.spelling]
        return spelling.write(self._operands(step, spelling), _attributes(step))

    def _operands(self, step: Step, spelling: Spelling) -> list[Text]:
        texts = []
        for place, operand in enumerate(step.operands):
            as_float = spelling.float_constants
            whole = spelling.arity is not None and place >= spelling.arity
            if operand.op != "constant":
                texts.append(self.texts[operand])
            elif whole and isinstance(operand.value, float) and operand.value.is_integer():
                texts.append(Text(str(int(operand.value))))
            else:
                assert isinstance(operand.value, bool | float)
                text = BLOCKED.constant(operand.value, as_float)
                if spelling.takes_array(place) and step.spelling not in INTO:
                    text = Text(BLOCKED.number.format(text.code))
                texts.append(text)
        return texts


def _attributes(step: Step) -> object:
    return step.node.value if isinstance(step.node.value, tuple) else None
