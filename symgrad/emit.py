"""Steps to the statements of a function: one walk for every target."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symgrad.graph import Node
from symgrad.items import unpaired
from symgrad.schedule import Schedule, Step
from symgrad.spelling import INFIX, PRODUCT, TERNARY, Text
from symgrad.targets import Target
from symgrad.template import HOLE, filled, written

WIDTH = 88
_LONG = 56
_WORTH_A_NAME = 20

PYTHON = (*keyword.kwlist, "__debug__")
"""The words that Python keeps for itself."""


class Names:
    """Names, each given out once. What the language or the file itself needs is taken already."""

    def __init__(self, taken: Iterable[str], keywords: Iterable[str] = PYTHON) -> None:
        self._taken = {*keywords, *taken}
        self._last: dict[str, int] = {}

    def fresh(self, wanted: str) -> str:
        """The name itself, or with underscores or a number after it where it is taken."""
        name = wanted
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def numbered(self, stem: str) -> str:
        """The stem with the next number that makes it a new name."""
        number = self._last.get(stem, 0) + 1
        while f"{stem}{number}" in self._taken:
            number += 1
        self._last[stem] = number
        self._taken.add(f"{stem}{number}")
        return f"{stem}{number}"


@dataclass(frozen=True, slots=True)
class Body:
    """The statements of a function and what it returns, as text."""

    statements: tuple[str, ...]
    results: tuple[str, ...]


def emit(
    schedule: Schedule,
    target: Target,
    arguments: dict[str, str],
    names: Names,
    results: Sequence[str],
    writer: Writer | None = None,
) -> Body:
    """Write the steps as statements.

    A value that is used once stands where it is used, unless the user named it or the line gets
    long; every other one gets a name. `arguments` holds the name of each input in the code,
    `results` what the outputs are called where they need a name. A target whose statements are not
    Python's brings a `writer` of its own.
    """
    writer = writer or Writer(schedule, target, arguments, names)
    wanted = dict(zip(schedule.outputs, results, strict=True))
    for step in schedule.steps:
        writer.write(step, wanted)
    texts = tuple(writer.result(node) for node in schedule.outputs)
    return Body(tuple(writer.statements()), texts)


_BRIEF = frozenset(("negative", "expand_dims", "_transpose", "size", "_count", "_item"))
"""Spellings of a few characters, which cost nothing at run time."""


_SIZES = frozenset(("size", "_count", "ndim"))
_NUMBERS = ("sqrt of a size", "divide by a size", "_equal_parts", "stop_gradient")
"""What gives a number of Python when it is given such: it has no methods, and no parts."""


class Writer:
    """Turns steps into texts and statements, one after the other."""

    def __init__(
        self, schedule: Schedule, target: Target, arguments: dict[str, str], names: Names
    ) -> None:
        self.schedule = schedule
        self.target = target
        self.arguments = arguments
        self.names = names
        self.texts: dict[Node, Text] = {}
        self.forward: list[str] = []
        self.backward: list[str] = []
        self.is_name: set[Node] = set()
        self.plain: set[Node] = set()

    def write(self, step: Step, wanted: dict[Node, str]) -> None:
        """The text of a step, with a name where it needs one."""
        node = step.node
        if node.op == "input":
            self.texts[node] = Text(self.arguments[str(node.value)])
            self.is_name.add(node)
            return
        if node.op == "constant":
            self.plain.add(node)
            return
        if node.op in _SIZES:
            self.plain.add(node)
        if step.parts:
            self._accumulate(step, wanted)
            return
        self._shorten(step)
        self.texts[node] = self._text(step)
        label = self.schedule.labels.get(node) or wanted.get(node)
        uses = self.schedule.uses[node]
        if label is not None and (uses > 1 or node in self.schedule.labels):
            self._name(node, label)
        elif uses > 1 and not self._is_trivial(step):
            self._name(node, None, step)

    def _text(self, step: Step) -> Text:
        """A step as it stands in an expression."""
        spelling = self.target.spellings[step.spelling]
        operands = [self._operand(o, spelling.float_constants) for o in step.operands]
        if spelling.arity is not None:
            operands[spelling.arity :] = map(self._whole, step.operands[spelling.arity :])
        if self.plain.issuperset(step.operands) and step.spelling in (*INFIX, *_NUMBERS):
            self.plain.add(step.node)
        if self.target.number and not self.plain.isdisjoint(step.operands):
            operands = [
                Text(self.target.number.format(text.code))
                if operand in self.plain and spelling.takes_array(place)
                else text
                for place, (operand, text) in enumerate(zip(step.operands, operands, strict=True))
            ]
        if step.spelling == "negative" and _takes_sign(step.operands[0], operands[0]):
            return Text(f"-{operands[0].code}", PRODUCT)
        return spelling.write(operands, _attributes(step))

    def _operand(self, node: Node, as_float: bool) -> Text:
        if node.op == "constant":
            assert isinstance(node.value, bool | float)
            return self.target.constant(node.value, as_float)
        return self.texts[node]

    def _whole(self, node: Node) -> Text:
        """What fills a hole: a whole number is written as one, however large it is."""
        if isinstance(node.value, float) and node.value.is_integer():
            return Text(str(int(node.value)))
        return self._operand(node, False)

    def _is_trivial(self, step: Step) -> bool:
        """Whether writing it twice is as good as a name: a sign before a name."""
        return step.spelling in _BRIEF and step.operands[0] in self.is_name

    def _shorten(self, step: Step) -> None:
        """Give names to the longest operands until the line is short."""
        operands = dict.fromkeys(step.operands)
        inline = [o for o in operands if not o.is_constant and o not in self.is_name]
        inline.sort(key=lambda o: len(self.texts[o].code))
        total = sum(len(self.texts[o].code) for o in inline)
        while inline and total > _LONG and len(self.texts[inline[-1]].code) > _WORTH_A_NAME:
            longest = inline.pop()
            total -= len(self.texts[longest].code)
            self._name(longest, None)

    def _name(self, node: Node, label: str | None, step: Step | None = None) -> None:
        name = self.names.fresh(label) if label else self._descriptive(step)
        lines = self.forward if node in self.schedule.value else self.backward
        lines.append(f"{name} = {self.texts[node].code}")
        self.texts[node] = Text(name)
        self.is_name.add(node)

    def _descriptive(self, step: Step | None) -> str:
        """`exp_x` for np.exp(x); a number where there is nothing to say."""
        if step is not None and len(step.operands) == 1 and step.operands[0] in self.is_name:
            operand = self.texts[step.operands[0]].code
            if len(operand) <= 8 and step.spelling not in ("index", "negative"):
                word = step.spelling.split()[0].lstrip("_")
                return self.names.fresh(f"{word}_{operand}")
        if step is not None and step.spelling == "join":
            return self.names.fresh("full")
        return self.names.numbered("t")

    def _accumulate(self, step: Step, wanted: dict[Node, str]) -> None:
        """Zeros, and line by line what is added to parts of them."""
        node = step.node
        self._shorten(step)
        like = self._operand(unpaired(step.parts[0].args[1])[0], True).code
        label = self.schedule.labels.get(node) or wanted.get(node)
        name = self.names.fresh(label) if label else self.names.numbered("t")
        lines = self.forward if node in self.schedule.value else self.backward
        library = self.target.library
        assert library is not None
        lines.append(library.zeros.format(name=name, like=like))
        for count, part in enumerate(step.parts):
            g, _, *fillings = (p for arg in part.args for p in unpaired(arg))
            codes = [self._operand(f, False).code for f in fillings]
            key = written(filled(part.value, iter(codes)), str)
            code = self._operand(g, True).within(TERNARY)
            if any(entry is HOLE for entry in part.attributes):
                key = f"np.s_[{key}]" if ":" in key or "," in key else key
                lines.append(library.several.format(name=name, key=key, code=code))
            else:
                style = library.more if count else library.first
                lines.append(style.format(name=name, key=key, code=code))
        self.texts[node] = Text(name)
        self.is_name.add(node)

    def result(self, node: Node) -> str:
        """An output, as it is returned."""
        return self._operand(node, True).code

    def statements(self) -> list[str]:
        """All that was written, the value first."""
        if self.forward and self.backward:
            return [*self.forward, "# reverse", *self.backward]
        return self.forward + self.backward


def _takes_sign(node: Node, text: Text) -> bool:
    """Whether -(x * y) may be written -x * y: the same number, bit for bit."""
    plain = text.precedence == PRODUCT and node.op in ("multiply", "divide")
    return plain and not text.code.startswith("-") and "**" not in text.code


def _attributes(step: Step) -> object:
    return step.node.value if isinstance(step.node.value, tuple) else None


def argument_names(inputs: Sequence[str], names: Names) -> dict[str, str]:
    """The Python name of each input: its own wherever Python allows that."""
    return {name: names.fresh(name.replace(" ", "_")) for name in inputs}
