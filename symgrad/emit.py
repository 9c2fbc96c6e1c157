"""Steps to the statements of a function: one walk for every target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from symgrad.graph import Node
from symgrad.language.items import unpaired
from symgrad.language.labels import (
    derivative_name,
    is_cotangent,
    is_own,
    of_cotangent,
    other_derivative_name,
)
from symgrad.language.spelling import INFIX, PRODUCT, TERNARY, Code, Text
from symgrad.language.template import HOLE, filled, written
from symgrad.schedule import Schedule, Step
from symgrad.targets import Target
from symgrad.writing.naming import Names, flowing, is_short, words_for

_LONG = 56
_LINE = 58
_MOST_WORDS = 3
_WORTH_A_NAME = 20


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
    shelved: Mapping[tuple[float, ...], str] = MappingProxyType({}),
    comments: Mapping[str, Sequence[str]] = MappingProxyType({}),
    writer: Writer | None = None,
) -> Body:
    """Write the steps as statements.

    A value that is used once stands where it is used, unless the user named it or the line gets
    long; every other one gets a name. `arguments` holds the name of each input in the code,
    `results` what the outputs are called where they need a name, `shelved` the names of long
    attributes, `comments` lines to stand above what the formula calls so, or above a result. A
    target whose statements are not Python's brings a `writer` of its own.
    """
    writer = writer or Writer(schedule, target, arguments, names, shelved)
    writer.comments = comments
    writer.reserve(dict(zip(schedule.outputs, results, strict=True)))
    for step in schedule.steps:
        writer.write(step)
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
        self,
        schedule: Schedule,
        target: Target,
        arguments: dict[str, str],
        names: Names,
        shelved: Mapping[tuple[float, ...], str],
    ) -> None:
        self.shelved = shelved
        self.schedule = schedule
        self.target = target
        self.arguments = arguments
        self.names = names
        self.steps = {step.node: step for step in schedule.steps}
        self.texts: dict[Node, Text] = {}
        self.words: dict[Node, tuple[str, str]] = {}
        self.forward: list[str] = []
        self.backward: list[str] = []
        self.is_name: set[Node] = set()
        self.plain: set[Node] = set()
        self.comments: Mapping[str, Sequence[str]] = {}
        self.comment: dict[Node, Sequence[str]] = {}
        self.own: dict[Node, str] = {}
        self.labelled: dict[str, Node] = {}

    def reserve(self, wanted: dict[Node, str]) -> None:
        """Names that the formula or the caller asks for are given out before any other."""
        for node, label in self.schedule.labels.items():
            self.labelled[label] = node
            if is_own(label) and node in self.steps and node.args:
                self.own[node] = self.names.fresh(label)
                self.comment[node] = self.comments.get(label, ())
        several = self.target.library is not None and len(wanted) > 1
        for node, name in wanted.items():
            if node.args and node not in self.own and (several or self.schedule.uses[node] > 1):
                self.own[node] = self.names.fresh(name, other_derivative_name(name))
                self.comment[node] = self.comments.get(f"{name} =", ())

    def write(self, step: Step) -> None:
        """The text of a step, with a name where it needs one."""
        node = step.node
        if node.op == "input":
            name = self.arguments[str(node.value)]
            self.texts[node] = Text(name)
            self.words[node] = name, name
            self.is_name.add(node)
            return
        if node.op == "constant":
            self.plain.add(node)
            return
        if node.op in _SIZES:
            self.plain.add(node)
        if step.parts:
            self._accumulate(step)
            return
        self._shorten(step)
        self.texts[node] = self._text(step)
        self.words[node] = words_for(step, self._part)
        if node in self.own or (self.schedule.uses[node] > 1 and not self._is_trivial(step)):
            self._name(node)

    def _text(self, step: Step) -> Text:
        """A step as it stands in an expression."""
        spelling = self.target.spellings[step.spelling]
        if f"{step.spelling} of sizes" in self.target.spellings and (
            self.plain.issuperset(step.operands)
        ):
            spelling = self.target.spellings[f"{step.spelling} of sizes"]
            self.plain.add(step.node)
        operands = [self._operand(o, spelling.float_constants) for o in step.operands]
        if spelling.arity is not None:
            operands[spelling.arity :] = map(self._whole, step.operands[spelling.arity :])
        if self.plain.issuperset(step.operands) and step.spelling in (*INFIX, *_NUMBERS):
            self.plain.add(step.node)
        if self.target.number and not self.plain.isdisjoint(step.operands):
            operands = [
                Text(self.target.number.format(text.code))
                if operand in self.plain
                and spelling.takes_array(place)
                and not isinstance(operand.value, bool)
                else text
                for place, (operand, text) in enumerate(zip(step.operands, operands, strict=True))
            ]
        if step.spelling == "add" and _is_below_zero(step.operands[1]):
            spelling = self.target.spellings["subtract"]
            operands[1] = Text(operands[1].code.removeprefix("-"))
        if step.spelling == "negative" and _takes_sign(step.operands[0], operands[0]):
            return Text(f"-{operands[0].code}", PRODUCT)
        return spelling.write(operands, self._attributes(step))

    def _part(self, node: Node) -> str:
        """The short name of an operand, if it has one."""
        name = self._name_of(node)
        return name if is_short(name) else ""

    def _name_of(self, node: Node | None) -> str:
        """What it is called, or would be; empty where that says nothing."""
        if node is None:
            return ""
        if node in self.is_name:
            return self.texts[node].code
        return self.words.get(node, ("", ""))[0]

    def _operand(self, node: Node, as_float: bool) -> Text:
        if node.op == "constant":
            assert isinstance(node.value, bool | float)
            return self.target.constant(node.value, as_float)
        return self.texts[node]

    def _attributes(self, step: Step) -> object:
        if not isinstance(step.node.value, tuple):
            return None
        if not self.shelved:
            return step.node.value
        values = step.node.value
        return tuple(Code(self.shelved[v]) if v in self.shelved else v for v in values)

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
        inline = [o for o in operands if o.op != "constant" and o not in self.is_name]
        if not inline:
            return
        inline.sort(key=lambda o: len(self.texts[o].code))
        total = sum(len(self.texts[o].code) for o in inline)
        names = sum(len(self.texts[o].code) for o in operands if o in self.is_name)
        while (
            inline
            and (total > _LONG or total + names > _LINE)
            and len(self.texts[inline[-1]].code) > _WORTH_A_NAME
        ):
            longest = inline.pop()
            total -= len(self.texts[longest].code)
            self._name(longest)

    def _name(self, node: Node) -> None:
        name = self.own.get(node) or self._made_up(node)
        if name != self.texts[node].code:
            self._lines(node).extend(self.comment.get(node, ()))
            self._lines(node).append(f"{name} = {self.texts[node].code}")
        self.texts[node] = Text(name)
        self.is_name.add(node)

    def _lines(self, node: Node) -> list[str]:
        return self.forward if node in self.schedule.value else self.backward

    def _made_up(self, node: Node) -> str:
        """A cotangent is called after its value; all else by what it is made of, or what it is."""
        label = self.schedule.labels.get(node)
        reverse = node not in self.schedule.value
        if reverse and label is not None and is_cotangent(label):
            base = of_cotangent(label)
            value = self.labelled.get(base)
            name = base if is_own(base) else self._name_of(value)
            if name and (is_own(base) or "_" not in name or self._reads_well(value, name)):
                return self.names.numbered(derivative_name(name))
        made, stem = self.words[node]
        if made:
            return self.names.numbered(made)
        return self.names.numbered(flowing(stem) if reverse else stem)

    def _reads_well(self, value: Node | None, name: str) -> bool:
        """Whether the derivative by a value may be called after a name that was made for it."""
        return value in self.is_name and name.count("_") < _MOST_WORDS

    def _accumulate(self, step: Step) -> None:
        """Zeros, and line by line what is added to parts of them."""
        node = step.node
        self._shorten(step)
        like = self._operand(unpaired(step.parts[0].args[1])[0], True).code
        self.words[node] = words_for(step, self._part)
        name = self.own.get(node) or self._made_up(node)
        lines = self._lines(node)
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


def _is_below_zero(node: Node) -> bool:
    """Whether a number is written with a sign; one that is added is subtracted without it."""
    return node.is_constant and isinstance(node.value, float) and node.value < 0


def argument_names(inputs: Sequence[str], names: Names) -> dict[str, str]:
    """The Python name of each input: its own wherever Python allows that."""
    return {name: names.fresh(name.replace(" ", "_")) for name in inputs}
