"""A plan to source: a function for each segment, those of loops with buffers that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad.axes import Labels
from symgrad.emit import Writer, emit
from symgrad.finish import VIEWS, is_typed
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node
from symgrad.items import unpaired
from symgrad.labels import shown
from symgrad.misfit import axes_of
from symgrad.naming import Names
from symgrad.rows import COMBINED, NUMBERS, SUM, Plan, Segment
from symgrad.schedule import Step, schedule
from symgrad.shapes import CONDITIONS
from symgrad.spelling import Spelling, Text
from symgrad.targets.blocked import ALONG_LAST, BLOCKED, IN_PLACE, INTO
from symgrad.targets.numpy import NUMPY

FLOAT, DOUBLE, BOOL, WHOLE, WEAK = "float", "double", "bool", "whole", "weak"

PRODUCTS = frozenset("_mm _at matmul _vdot _einsum".split())
_WHOLE = frozenset("argmax argmin argsort _searchsorted integer _counting".split())
_BY_SECOND = frozenset("keep place _reshape_like cast".split())


@dataclass(frozen=True, slots=True)
class Code:
    """A segment as source, and what its function is called.

    `slots` are the buffers of a loop: the labels of their axes and what they hold.
    """

    segment: Segment
    name: str
    slots: tuple[tuple[Labels, str], ...] = ()

    @property
    def multiplies(self) -> bool:
        """Whether there are products of matrices in it."""
        return any(node.op in PRODUCTS for node in self.segment.nodes)


def types_of(graph: Graph, indices: frozenset[str]) -> dict[Node, str]:
    """What the elements of each node are: of the inputs' type, or of one of their own."""
    types: dict[Node, str] = {}
    for node in graph.nodes:
        parts = [types[part] for arg in node.args for part in unpaired(arg)]
        if node.op == "input":
            types[node] = WHOLE if node.value in indices else FLOAT
        elif node.is_constant or node.op in NUMBERS:
            types[node] = WEAK
        elif node.op in CONDITIONS:
            types[node] = BOOL
        elif node.op in _WHOLE:
            types[node] = WHOLE
        elif node.op in ("_zeros", "_ones", "eye"):
            types[node] = FLOAT if is_typed(node) else DOUBLE
        elif node.op in _BY_SECOND:
            types[node] = DOUBLE if parts[1] == WEAK else parts[node.op != "_reshape_like"]
        elif node.op == "broadcast" and parts[0] == WEAK:
            types[node] = parts[1] if node.args[0].is_constant else DOUBLE
        elif node.op in VIEWS or node.op in ("pair", "join"):
            types[node] = parts[0]
        else:
            types[node] = _widest(parts)
    return types


def _widest(parts: Sequence[str]) -> str:
    order = [DOUBLE, FLOAT, WHOLE, BOOL, WEAK]
    found = next((kind for kind in order if kind in parts), DOUBLE)
    return WHOLE if found == BOOL else found


class Source:
    """The module of a plan: `text`, and a `Code` for each segment."""

    def __init__(
        self,
        plan: Plan,
        types: Mapping[Node, str],
        table: FunctionTable,
        names: Names,
        arguments: Mapping[str, str],
        wanted: Sequence[str],
    ) -> None:
        self.plan = plan
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
            name = names.fresh(f"{'rows' if segment.loops else 'whole'}_{place + 1}")
            made = self._loop(segment, name) if segment.loops else self._whole(segment, name)
            texts.append(made)
        self.text = "\n\n".join(texts)

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
        graph, old = self._part(segment)
        takes = [self._called[node] for node in segment.needs]
        inner = Names([*takes, "np"])
        results = [f"{self._called[node]}_" for node in segment.results]
        plan = schedule(graph, NUMPY, self.table, None)
        arguments = dict(zip(takes, takes, strict=True))
        writer = Writer(plan, NUMPY, arguments, inner, {})
        writer.plain.update(node for node, other in old.items() if other in self.plan.numbers)
        body = emit(plan, NUMPY, arguments, inner, results, writer=writer)
        self.codes.append(Code(segment, name))
        lines = ["    " + line for line in body.statements]
        returned = f"    return {', '.join(body.results)}{',' if len(body.results) == 1 else ''}"
        return "\n".join([f"def {name}({', '.join(takes)}):", *lines, returned, ""])

    def _loop(self, segment: Segment, name: str) -> str:
        graph, old = self._part(segment)
        writer = _Loop(self, segment, graph, old)
        self.codes.append(Code(segment, name, tuple(writer.slots)))
        takes = [self._called[node] for node in (*segment.needs, *segment.results)]
        head = f"def {name}(start, stop, step, buffers, {', '.join(takes)}):"
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
        self.segment = segment
        self.steps = schedule(graph, BLOCKED, source.table, None)
        taken = [source.called(node) for node in (*segment.needs, *segment.results)]
        self.names = Names([*taken, "np", "start", "stop", "step", "buffers", "row", "block"])
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
                part = self.names.fresh(f"{source.called(node)}_rows")
                before = ":, " * at
                self.slices.append(f"{part} = {source.called(node)}[{before}block]")
                self.sliced[node] = part
        self.last = self._last_uses()
        for place, step in enumerate(self.steps.steps):
            self._write(place, step)

    def lines(self) -> list[str]:
        """The statements of the function."""
        names = ", ".join(self.slot_names) + ("," if len(self.slot_names) == 1 else "")
        inner = [*self.slices, *([f"{names} = buffers(block)"] if names else []), *self.body]
        return [
            "    for row in range(start, stop, step):",
            "        block = slice(row, min(row + step, stop))",
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
            if self._into(step):
                self.body.append(self._call(step, target))
            else:
                self.body.append(f"{target}[...] = {self._expression(step).code}")
            self.texts[node] = Text(target)
        elif self._into(step) and old in self.plan.rows:
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
        self.body.append(self._call(step, name))
        self.texts[step.node] = Text(name)
        self.held[step.node] = kind, name

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
        if step.spelling in PRODUCTS and step.spelling in INTO and self.plan.labels(old):
            kind = (self.plan.labels(old), FLOAT)
            name = self._slot(kind)
            self.free.setdefault(kind, []).append(name)
            self.body.append(self._call(step, name))
            code = name
        elif step.spelling == "sum" and self._reduces(step) == (-2,) and self._rank(step) == 2:
            code = f"_sum_first({self.texts[step.operands[0]].code})"
        else:
            code = self._expression(step).code
        self.body.append(f"np.{COMBINED[old.op]}({total}, {code}, out={total})")
        self.texts[step.node] = Text(total)

    def _rank(self, step: Step) -> int:
        return len(self.plan.labels(self.old[step.operands[0]]))

    def _reduces(self, step: Step) -> tuple[int, ...] | None:
        """Along which axes a reduction of several is, counted from the end."""
        rank = self._rank(step)
        axes = axes_of(step.node.attributes[0], rank)
        return tuple(axis - rank for axis in axes) if rank > len(axes) else None

    def _call(self, step: Step, out: str) -> str:
        spelling = INTO[step.spelling]
        if step.spelling in ALONG_LAST and self._reduces(step) == (-1,):
            code = ALONG_LAST[step.spelling].write(self._operands(step, spelling)).code
        else:
            code = spelling.write(self._operands(step, spelling), _attributes(step)).code
        return f"{code[:-1]}, out={out})"

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
