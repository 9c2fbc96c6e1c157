"""The code of a loop: statements whose results go to buffers that are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping

from symgrad.graph import Graph, Node
from symgrad.language.spelling import Spelling, Text
from symgrad.language.template import written
from symgrad.rewriting.finish import VIEWS
from symgrad.schedule import Step, schedule
from symgrad.shaping.misfit import axes_of
from symgrad.targets.blocked import ALONG_LAST, BLOCKED, FUNCTIONS, IN_PLACE, INTO, OPERATORS, SPARE
from symgrad.writing.choices import CHOICES, cases, delayed
from symgrad.writing.elements import BOOL, DOUBLE, FLOAT
from symgrad.writing.naming import Names
from symgrad.writing.rows import COMBINED, LOCALS, SUM, Plan, Segment
from symgrad.writing.setting import Setting
from symgrad.writing.slots import Kind, Slots

PRODUCTS = frozenset("_mm _at matmul _vdot _einsum".split())
_MATRICES = PRODUCTS - {"_vdot", "_einsum"}
_RANK = 2


def multiplies_matrices(plan: Plan) -> bool:
    """Whether there are products of matrices in a loop, whose rows are as they are."""
    nodes = [node for segment in plan.segments if segment.loops for node in segment.nodes]
    ranks = [
        len(plan.axes.labels.get(arg, ())) for n in nodes if n.op in _MATRICES for arg in n.args
    ]
    return max(ranks, default=0) > 1


def multiplies(segment: Segment) -> bool:
    """Whether there are products of matrices in a segment."""
    return any(node.op in PRODUCTS for node in segment.nodes)


class Loop:
    """Writes the body of a loop: slots are given out when a value is made, and free after its
    last use."""

    def __init__(
        self, source: Setting, segment: Segment, graph: Graph, old: Mapping[Node, Node]
    ) -> None:
        self.source = source
        self.plan = source.plan
        self.turns = not multiplies_matrices(source.plan)
        self.old = old
        self.results = set(segment.results)
        self.sums = [node for node in segment.results if self.plan.kinds[node] == SUM]
        self.segment = segment
        self.steps = schedule(graph, BLOCKED, source.table, None)
        self.cases = cases(self.steps.steps, graph.outputs, self._splits, self._may_wait)
        self.order = delayed(self.steps.steps, self.cases)
        taken = map(source.called, (*segment.needs, *segment.results))
        self.names = Names([*taken, "np", *LOCALS])
        self.slots = Slots(self.names)
        self.texts: dict[Node, Text] = {}
        self.memory: dict[Node, tuple[Node, ...]] = {}
        self.held: dict[Node, tuple[Kind, str]] = {}
        self.counts: dict[Node, str] = {}
        self.body: list[str] = []
        self.under = ""
        self.slices: list[str] = []
        self.sliced: dict[Node, str] = {}
        for node in (*segment.needs, *segment.results):
            if node in self.plan.rows:
                self._slice(node, self.plan.rows[node])
        self.last = self._last_uses()
        self.places = self._places()
        self._lend()
        for place, step in enumerate(self.order):
            self._write(place, step)

    def _slice(self, node: Node, at: int) -> None:
        """The rows of a block, in a buffer where loops along the rows are better than others."""
        called = self.source.called(node)
        code = called if self.source.at_once else f"{called}[{':, ' * at}row:end]"
        numbers = self.source.types[node] in (FLOAT, DOUBLE)
        wide = node in self.segment.needs and at < len(self.plan.labels(node)) - 1
        if wide and numbers and self.turns:
            code = f"_rows_last({code}, {self.slots.take(self._kind(node), math.inf)})"
        self.sliced[node] = called
        if code != called:
            self.sliced[node] = self.names.fresh(f"{called}_rows")
            self.slices.append(f"{self.sliced[node]} = {code}")

    def lines(self) -> list[str]:
        """The statements of the function."""
        names = ", ".join(self.slots.called) + ("," if len(self.slots.called) == 1 else "")
        if self.source.at_once:
            sums = ", ".join(self.source.called(node) for node in self.sums)
            given = [f"{names} = buffers"] if names else []
            inner = [*given, *self.slices, *self.body, *([f"return [{sums}]"] if sums else [])]
            return ["    " + line for line in inner]
        given = [f"{names} = buffers(end - row)"] if names else []
        inner = ["end = min(row + step, stop)", *given, *self.slices, *self.body]
        return ["    for row in range(start, stop, step):", *["        " + line for line in inner]]

    def _last_uses(self) -> dict[Node, int]:
        """By node, where it or what shares its memory is used last."""
        last = {step.node: place for place, step in enumerate(self.order)}
        for place, step in enumerate(self.order):
            last.update(dict.fromkeys(step.operands, place))
            shows = step.spelling in VIEWS or step.node.op in VIEWS or step.spelling == "join"
            self.memory[step.node] = step.operands if shows else ()
        for node in reversed([step.node for step in self.order]):
            for below in self.memory[node]:
                last[below] = max(last[below], last[node])
        return last

    def _splits(self, step: Step) -> bool:
        """Whether a choice has a condition for each row: a block may need one case alone."""
        if step.spelling not in CHOICES or not self._into(step):
            return False
        condition = self.old[step.operands[0]]
        return condition in self.plan.rows and self.source.types[condition] == BOOL

    def _may_wait(self, step: Step) -> bool:
        """Whether a step does nothing but fill a slot; what is given needs no step."""
        old = self.old[step.node]
        filled = self._into(step) and old in self.plan.rows and step.spelling not in PRODUCTS
        return filled or step.node.op in ("input", "constant")

    def _of_choice(self, step: Step) -> list[Node]:
        """What is chosen from; first what counts in all cases, as it is chosen mostly."""
        return sorted(step.operands[1:], key=lambda operand: operand in self.cases)

    def _places(self) -> dict[Node, str]:
        """What is computed right where a result goes that is, mostly, the same."""
        found = {}
        steps = {step.node: step for step in self.order}
        for step in self.order:
            old = self.old[step.node]
            cast = step.spelling == "cast"
            if old not in self.results or not (self._splits(step) or cast):
                continue
            for operand in step.operands[:1] if cast else self._of_choice(step):
                below = self.old[operand]
                alike = below in self.plan.rows and self.plan.labels(below) == self.plan.labels(old)
                floats = self.source.types[below] in (FLOAT, DOUBLE) and operand.args
                plain = self._may_wait(steps[operand]) and below not in self.results
                if alike and floats and plain and self.steps.uses[operand] == 1:
                    found[operand] = self.sliced[old]
                    break
        return found

    def _lend(self) -> None:
        """Results lend their memory until their own step, or that of what is computed there."""
        lent: dict[str, tuple[float, Kind]] = {}
        homes = self.source.homes
        shared = {homes.get(node) for node in self.segment.needs}
        guests = {self.sliced.get(n) for n in self.results if homes.get(n, n) in shared}
        for place, step in enumerate(self.order):
            old = self.old[step.node]
            own = old in self.results and self.source.types[old] != BOOL
            name = self.places.get(step.node) or (self.sliced.get(old, "") if own else "")
            last = name and self.plan.rows[old] == len(self.plan.labels(old)) - 1
            lends = name and name not in lent and name not in guests
            if lends and (last or not self.turns):
                lent[name] = place + (0.5 if step.spelling in IN_PLACE else 0), self._kind(old)
        for name, (until, kind) in sorted(lent.items(), key=lambda item: -item[1][0]):
            self.slots.lend(name, kind, until)

    def _say(self, code: str, node: Node | None = None) -> None:
        """A statement, under a condition where its result counts in one case alone."""
        case = None if node is None else self.cases.get(node)
        under = ""
        if case is not None:
            count = self._count(case[0])
            every = f"{self.texts[case[0]].code}.size"
            under = f"if {count}:" if case[1] else f"if {count} < {every}:"
            if under != self.under:
                self.body.append(under)
        self.under = under
        self.body.append(f"    {code}" if under else code)

    def _count(self, condition: Node) -> str:
        """The number of elements for which a condition holds."""
        if condition not in self.counts:
            self.counts[condition] = self.names.numbered("n")
            code = f"{self.counts[condition]} = np.count_nonzero({self.texts[condition].code})"
            self.body.append(code)
            self.under = ""
        return self.counts[condition]

    def _write(self, place: int, step: Step) -> None:
        node, old = step.node, self.old[step.node]
        if node.op == "input":
            self.texts[node] = Text(self.sliced.get(old) or self.source.called(old))
            return
        if node.op == "constant":
            return
        if self.plan.kinds.get(old) == SUM:
            self._add(step, old)
        elif old in self.results or node in self.places:
            target = self.places.get(node) or self.sliced[old]
            there = step.spelling == "cast" and self.texts[step.operands[0]].code == target
            if step.parts:
                self._place(step, target)
            elif self._into(step) and not there:
                self._say(self._call(step, target), node)
            elif not there:
                self._say(f"{target}[...] = {self._expression(step).code}")
            self.texts[node] = Text(target)
        elif (self._into(step) or step.parts) and old in self.plan.rows:
            self._into_slot(place, step, old)
            return
        else:
            text = self._expression(step)
            if self.steps.uses[node] > 1 or node.op not in VIEWS:
                name = self.names.numbered("v")
                self._say(f"{name} = {text.code}")
                text = Text(name)
            self.texts[node] = text
        self._release(place, step)

    def _kind(self, node: Node) -> Kind:
        """The memory that a result needs."""
        return self.plan.labels(node), BOOL if self.source.types[node] == BOOL else FLOAT

    def _into(self, step: Step) -> bool:
        """Whether a result can be written where one says."""
        known = self.source.types[self.old[step.node]] in (FLOAT, DOUBLE, BOOL)
        return step.spelling in INTO and known and not step.parts

    def _into_slot(self, place: int, step: Step, old: Node) -> None:
        kind, last = self._kind(old), self.last[step.node]
        if step.spelling in IN_PLACE:
            self._release(place, step)
            name = self.slots.take(kind, last)
        else:
            name = self._over_operand(place, step, kind) or self.slots.take(kind, last)
        if step.parts:
            self._place(step, name)
        else:
            self._say(self._call(step, name), step.node)
        if step.spelling not in IN_PLACE:
            self._release(place, step)
        self.texts[step.node] = Text(name)
        self.held[step.node] = kind, name

    def _place(self, step: Step, name: str) -> None:
        """Zeros, and what is added to parts of them."""
        self._say(f"{name}.fill(0.0)")
        for count, part in enumerate(step.parts):
            value, zeros = part.args[0], f"{name}[{written(part.value, str)}]"
            text = self.texts.get(value) or BLOCKED.constant(value.value, True)  # type: ignore[arg-type]
            if count:
                view = self.names.numbered("v")
                self._say(f"{view} = {zeros}")
                self._say(f"np.add({view}, {text.code}, out={view})")
            else:
                self._say(f"{zeros} = {text.code}")

    def _over_operand(self, place: int, step: Step, kind: Kind) -> str:
        """The slot of what is chosen from, if it is used for the last time."""
        if step.spelling in CHOICES and not any(self.memory.get(o) for o in step.operands):
            for operand in self._of_choice(step):
                held, name = self.held.get(operand, (None, ""))
                over = self.last[operand] <= place and self.slots.fits(name, self.last[step.node])
                if held == kind and over:
                    del self.held[operand]
                    return name
        return ""

    def _release(self, place: int, step: Step) -> None:
        """Give slots back that are used for the last time; those of views, too."""
        waiting = list(dict.fromkeys(step.operands))
        while waiting:
            node = waiting.pop()
            waiting.extend(self.memory.get(node, ()))
            if node in self.held and self.last.get(node, 0) <= place:
                kind, name = self.held.pop(node)
                self.slots.give(kind, name)

    def _add(self, step: Step, old: Node) -> None:
        """What a block adds to a sum over all rows."""
        total = self.source.called(old)
        product = step.spelling in PRODUCTS and step.spelling in INTO and self.plan.labels(old)
        if product and self.source.at_once:
            code = self._plain_call(step)
            if self._is_dot(step):
                code = code.replace("np.matmul", self.source.function("dot"), 1)
        elif product:
            code = self.slots.spare(self._kind(old), 0)
            self._say(self._call(step, code))
        elif step.spelling == "sum" and self._reduces(step) == (-2,) and self._rank(step) == 2:
            kept = "[None]" if step.node.attributes[1] else ""
            code = f"_sum_first({self.texts[step.operands[0]].code}){kept}"
        else:
            code = self._expression(step).code
        combined = f"np.{COMBINED[old.op]}({total}, {code}, out={total})"
        self._say(f"{total} = {code}" if self.source.at_once else combined)
        self.texts[step.node] = Text(total)

    def _rank(self, step: Step) -> int:
        return len(self.plan.labels(self.old[step.operands[0]]))

    def _reduces(self, step: Step) -> tuple[int, ...] | None:
        """Along which axes a reduction of several is, counted from the end."""
        rank = self._rank(step)
        axes = axes_of(step.node.attributes[0], rank)
        return tuple(axis - rank for axis in axes) if rank > len(axes) else None

    def _call(self, step: Step, out: str) -> str:
        code, count = self._plain_call(step), self._splits(step)
        code = f"{code[:-1]}, {self._count(step.operands[0])})" if count else code
        if code.startswith("np."):
            name, _, operands = code.removeprefix("np.").partition("(")
            if name in FUNCTIONS:
                name = "dot" if self._is_dot(step) and out in self.slots.called else name
                return f"{self.source.function(name)}({operands[:-1]}, {out})"
        return f"{code[:-1]}, {self._spare(step)}out={out})"

    def _is_dot(self, step: Step) -> bool:
        """Whether it is a product of matrices, or with a vector: NumPy has a shorter way to it, for
        results without gaps in memory, as slots are."""
        ranks = [len(self.plan.labels(self.old[operand])) for operand in step.operands]
        return step.spelling in _MATRICES and max(ranks) == _RANK

    def _spare(self, step: Step) -> str:
        """A slot for a function to work in, which is free again afterwards."""
        if step.spelling not in SPARE:
            return ""
        return f"spare={self.slots.spare(self._kind(self.old[step.node]), self.last[step.node])}, "

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
                named = step.spelling in OPERATORS and spelling is INTO[step.spelling]
                text = BLOCKED.constant(operand.value, as_float or named)
                if named:
                    text = Text(self.source.constant(text.code))
                if spelling.takes_array(place) and step.spelling not in INTO:
                    text = Text(BLOCKED.number.format(text.code))
                texts.append(text)
        return texts


def _attributes(step: Step) -> object:
    return step.node.value if isinstance(step.node.value, tuple) else None
