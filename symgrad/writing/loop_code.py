"""Steps to C statements: elements in expressions, arrays of fixed size in loops.

The text of an array is that of its element at the loop variables of its axes, which are counted
from the last one, as in broadcasting. So elementwise operations fuse into one loop. What only moves
elements is written as a sum over those variables; sums, products and scans have loops of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad.emit import Writer
from symgrad.errors import SymgradError
from symgrad.graph import Graph, Node
from symgrad.language.items import unpaired
from symgrad.language.spelling import ATOM, Text
from symgrad.language.template import HOLE, Slice
from symgrad.schedule import Schedule, Step
from symgrad.shapes import CONDITIONS
from symgrad.simplify import lacking
from symgrad.targets import Target
from symgrad.writing.naming import Names, words_for
from symgrad.writing.offsets import Offsets, affine, looked_up, moved, own

_LETTERS = "ijklmnpqrstuvwxyz"
_NUMBERS_A_LINE = 8


Rule = Callable[["Loops", Step], None]
"""Writes an operation on whole arrays."""


@dataclass(frozen=True, slots=True)
class View:
    """Elements of an array that has a name: for each of them the offset there."""

    buffer: str
    offsets: Offsets
    is_number: bool = False

    def at(self, place: str) -> str:
        """An element as code; an array of one element is a number."""
        return self.buffer if self.is_number else f"{self.buffer}[{place}]"


@dataclass(frozen=True, slots=True)
class Found:
    """Where elements are found: the shape of all of them, the offset of one, and what tells it."""

    shape: tuple[int, ...]
    place: str
    told: str = ""


class Loops(Writer):
    """Writes steps in C.

    Parameters
    ----------
    shapes:
        Those of all nodes.
    numbers:
        What is known of nodes that no input has a part in.
    text:
        The formula, for errors.
    rules:
        What writes operations on whole arrays.
    places:
        Arrays that the caller brings for results.
    """

    def __init__(
        self,
        schedule: Schedule,
        target: Target,
        arguments: dict[str, str],
        names: Names,
        shapes: Mapping[Node, tuple[int, ...]],
        numbers: Mapping[Node, np.ndarray[Any, Any]],
        text: str,
        rules: Mapping[str, Rule],
        places: Mapping[Node, str] | None = None,
    ) -> None:
        super().__init__(schedule, target, arguments, names, {})
        self.shapes = shapes
        self.numbers = numbers
        self.formula = text
        self.rules = rules
        self.places = places or {}
        self.views: dict[Node, View] = {}
        self.lines = self.forward
        self.rank = max((len(shape) for shape in shapes.values()), default=0)
        self.letters: list[str] = []
        self.summed: list[str] = []
        self.tables: dict[str, str] = {}
        self.at = ""
        self.kept: dict[object, Any] = {}

    def write(self, step: Step) -> None:
        """The text of a step, with statements where it needs them."""
        node = step.node
        self.lines = self.forward if node in self.schedule.value else self.backward
        known = self.numbers.get(node)
        handler = self._handler(step)
        if known is not None:
            self._known(node, known)
        elif node.op == "input" and self.shapes[node]:
            name = self.arguments[str(node.value)]
            self.words[node] = name, name
            self.look(node, View(name, own(self.shapes[node])))
        elif handler is None:
            super().write(step)
        else:
            handler(self, step)
            self.words[node] = words_for(step, self._part)
            if not (node in self.is_name or self.schedule.uses[node] == 1):
                self._name(node)

    def _name_of(self, node: Node | None) -> str:
        view = self.views.get(node) if node is not None else None
        if view is None and node in self.numbers:
            return ""
        return view.buffer if view is not None else super()._name_of(node)

    def _handler(self, step: Step) -> Rule | None:
        filled = step.node.op == "broadcast" and step.operands[0].is_constant
        return None if filled else self.rules.get(step.node.op)

    def _operand(self, node: Node, as_float: bool) -> Text:
        known = self.numbers.get(node)
        if known is not None and not known.shape:
            value = known.item()
            return self.target.constant(value if isinstance(value, bool) else float(value), True)
        return super()._operand(node, True)

    def text(self, node: Node) -> Text:
        """A node as it stands in an expression."""
        return self._operand(node, True)

    def _text(self, step: Step) -> Text:
        for operand in step.operands:
            spread = self.shapes[operand] != self.shapes[step.node]
            if spread and not (operand.is_constant or operand in self.is_name):
                self._name(operand)
        if step.node.op == "broadcast":
            return self._operand(step.operands[0], True)
        return super()._text(step)

    def _known(self, node: Node, known: np.ndarray[Any, Any]) -> None:
        self.is_name.add(node)
        if node.is_constant or not known.shape:
            self.texts[node] = self._operand(node, True)
            return
        if known.size and (known == known.flat[0]).all():
            self.texts[node] = self.target.constant(float(known.flat[0]), True)
            return
        texts = [self.target.constant(float(x), True).code for x in known.flat]
        self.look(node, View(self._table("double", texts), own(known.shape)))

    def _table(self, kind: str, texts: Sequence[str]) -> str:
        """Numbers that are known, under a name."""
        name = self.names.numbered("c")
        rows = [texts[k : k + _NUMBERS_A_LINE] for k in range(0, len(texts), _NUMBERS_A_LINE)]
        body = ",\n        ".join(", ".join(row) for row in rows)
        size = max(len(texts), 1)
        self.tables[name] = f"static const {kind} {name}[{size}] = {{{body or 0}}};"
        return name

    def variables(self, rank: int) -> list[str]:
        """The names of the loop variables for an array's axes."""
        while len(self.letters) < self.rank:
            self.letters.append(self.names.fresh(_LETTERS[len(self.letters)]))
        return self.letters[self.rank - rank :]

    def further(self, count: int) -> list[str]:
        """The names of loop variables for axes that are summed over."""
        self.variables(self.rank)
        while len(self.summed) < count:
            self.summed.append(self.names.fresh(_LETTERS[self.rank + len(self.summed)]))
        return self.summed[:count]

    def place_of(self, offsets: Offsets, variables: Sequence[str] | None = None) -> str:
        """Offsets as code; those that are no sum are looked up in a table."""
        names = self.variables(offsets.ndim) if variables is None else variables
        code = affine(offsets, names)
        if code is None:
            place = affine(own(offsets.shape), names)
            code = f"{self._table('int', [str(k) for k in offsets.flat])}[{place}]"
        return code

    def subscript(self, shape: Sequence[int]) -> str:
        """The offset of an array's own element."""
        return self.place_of(own(shape))

    def look(self, node: Node, view: View) -> None:
        """An array that needs no statement, as it lies in another one."""
        self.views[node] = view
        self.texts[node] = Text(view.at(self.place_of(view.offsets)))
        self.is_name.add(node)

    def view(self, node: Node) -> View:
        """An array that has a name, by which its elements are found."""
        if not self.shapes[node]:
            return View(self.text(node).within(ATOM), own(()), is_number=True)
        if node not in self.views:
            self._name(node)
        return self.views[node]

    def loop(
        self, shape: Sequence[int], statement: str | Sequence[str], variables: Sequence[str] = ()
    ) -> None:
        """A statement for all elements of a shape, or several as a block."""
        indent = ""
        lines = [statement] if isinstance(statement, str) else list(statement)
        for size, name in zip(shape, variables or self.variables(len(shape)), strict=True):
            if size != 1:
                self.lines.append(f"{indent}for (int {name} = 0; {name} < {size}; {name}++)")
                indent += "    "
        if len(lines) > 1:
            self.lines[-1:] = [self.lines[-1] + " {"] if indent else [*self.lines[-1:], "{"]
            block = [f"{indent or '    '}{line}" for line in lines]
            self.lines += [*block, indent[4:] + "}"]
        else:
            self.lines.append(indent + lines[0])

    def declare(self, node: Node, start: str | None = None, kind: str = "double") -> str:
        """A new array or number for a node; what its elements are named by."""
        given = self.places.get(node)
        name = given or self.names.numbered("t")
        shape = self.shapes[node]
        count = int(np.prod(shape))
        if count == 1 and not given:
            self.lines.append(f"{kind} {name}{'' if start is None else f' = {start}'};")
            self.look(node, View(name, own(shape), is_number=True))
            return name
        zeros = " = {0.0}" if start == "0.0" and not given else ""
        if not given:
            self.lines.append(f"{kind} {name}[{max(count, 1)}]{zeros};")
        self.look(node, View(name, own(shape)))
        if start is not None and not zeros:
            self.loop(shape, f"{self.texts[node].code} = {start};")
        return name

    def _name(self, node: Node) -> None:
        lines, code = self.lines, self._operand(node, True).code
        self.lines = self.forward if node in self.schedule.value else self.backward
        kind = "int" if node.op in CONDITIONS else "double"
        if self.shapes[node]:
            self.declare(node, None, kind)
            self.loop(self.shapes[node], f"{self.texts[node].code} = {code};")
        else:
            name = self.own.get(node) or self._made_up(node)
            self.lines.append(f"const {kind} {name} = {code};")
            self.texts[node] = Text(name)
            self.is_name.add(node)
        self.lines = lines

    def _accumulate(self, step: Step) -> None:
        """Zeros, and what is added to parts of them."""
        self.declare(step.node, "0.0")
        view = self.views[step.node]
        for part in step.parts:
            g, _, *fillings = (p for arg in part.args for p in unpaired(arg))
            found = self.found(part, "index", part.value, self.shapes[part], fillings)
            self.add_at(view, found, self._operand(g, True).code)

    def found(
        self,
        node: Node,
        op: str,
        value: object,
        shape: tuple[int, ...],
        indices: Sequence[Node],
    ) -> Found:
        """Where an index, or what works alike, takes elements of an array of a shape."""
        unknown = [index for index in indices if index not in self.numbers]
        if not unknown:
            places = self.moved(node, op, value, [shape, *indices])[1]
            return Found(places.shape, self.place_of(places))
        if any(HOLE in p.parts for p in node.attributes if isinstance(p, Slice)):
            self.moved(node, op, value, [shape, *unknown])
        given = [self.numbers.get(index, self.shapes[index]) for index in indices]
        base, parts = looked_up(op, value, shape, given)
        terms = [] if not base.any() else [self.place_of(base)]
        for place, which, step, size in parts:
            view = self.view(indices[place])
            at = self.place_of(view.offsets.reshape(-1)[which]) if view.offsets.size else "0"
            terms.append(f"offset_of({view.at(at)}, {size}, {step})")
        self.at = self.at or self.names.fresh("at")
        return Found(base.shape, self.at, f"const int {self.at} = {' + '.join(terms)};")

    def add_at(self, view: View, found: Found, code: str) -> None:
        """Add elements to those that were found; those out of range are passed over."""
        there = f"{view.at(found.place)} += {code};"
        if not found.told:
            self.loop(found.shape, there)
            return
        self.loop(found.shape, [found.told, f"if ({found.place} >= 0)", f"    {there}"])

    def flat(self, node: Node) -> str:
        """An array in its own order; the name of where it begins."""
        view = self.view(node)
        shape = self.shapes[node]
        if not view.is_number and np.array_equal(view.offsets, own(shape)):
            return view.buffer
        copy = self.room(shape)
        self.loop(shape, f"{copy}[{self.subscript(shape)}] = {self.text(node).code};")
        return copy

    def room(self, shape: Sequence[int], kind: str = "double") -> str:
        """A new array, whatever its size; its name."""
        name, size = self.names.numbered("t"), int(np.prod(shape))
        self.lines.append(f"{kind} {name}[{size}];" if size else f"{kind} {name}[1] = {{0}};")
        return name

    def moved(
        self, node: Node, op: str, value: object, operands: Sequence[Any]
    ) -> tuple[Offsets, Offsets]:
        """Where elements go; operands are nodes that must be known, or shapes to be moved."""
        given: list[Any] = []
        for operand in operands:
            if isinstance(operand, Node) and operand not in self.numbers:
                hint = "Write as a number by how much elements are moved, or take them by an index."
                raise lacking("c", node, self.formula, hint)
            given.append(self.numbers[operand] if isinstance(operand, Node) else operand)
        return moved(op, value, given)

    def statements(self) -> list[str]:
        """All that was written, the value first."""
        if self.forward and self.backward:
            return [*self.forward, "/* reverse */", *self.backward]
        return self.forward + self.backward

    def result(self, node: Node) -> str:
        """The element of an output, at the loop variables."""
        if node.op == "broadcast":
            return self._operand(node.args[0], True).code
        return self._operand(node, True).code


def unsized(node: Node, graph: Graph, text: str) -> SymgradError:
    """The error for an array whose size inputs decide, at the place that it stands for."""
    above = {node}
    for user in graph.nodes:
        if not above.isdisjoint(user.args):
            above.add(user)
    span = next((n.span for n in graph.nodes if n in above and n.span), (0, len(text)))
    picks = any(part.op in CONDITIONS for arg in node.args for part in unpaired(arg))
    return SymgradError(
        "the target c has no arrays whose sizes the inputs decide", text, span,
        "Keep the size, and put 0 where a mask does not hold: where(x > 0, x, 0)."
        if picks else "Write sizes and the ends of slices as numbers.",
    )  # fmt: skip
