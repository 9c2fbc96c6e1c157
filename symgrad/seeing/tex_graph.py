"""Graphs in LaTeX: what is used once stands where it is used, the rest has lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node
from symgrad.language.declarations import Declaration
from symgrad.language.items import unpaired
from symgrad.language.spelling import Spelling, Text
from symgrad.language.template import filled
from symgrad.language.tree import Tree
from symgrad.schedule import Step, schedule
from symgrad.seeing.tex import ATOM, LARGE, POWER, PRODUCT, SUM, Tex, escaped, name, number
from symgrad.seeing.tex_spellings import LATEX, Given, written
from symgrad.seeing.tex_tree import TreeWriter, expression, indexed
from symgrad.shapes import CONDITIONS
from symgrad.targets import Target

_SHAPED = frozenset("broadcast unbroadcast".split())
"""Operations whose second operand only tells of a shape."""
_WORTH_A_NAME = 7
_LONGEST = 60
_UNSEEN = re.compile(r"\\[,; ]|[{}^_\s]|\\(?:left|right|frac)")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_FOLDED = Target(
    "latex", dict.fromkeys(("where", "clip"), Spelling("")), lambda value, _: Text(f"{value}"), {}
)
"""What the graph holds in pieces, and mathematics says at once."""


class GraphWriter:
    """Writes the outputs of a graph as equations, over the names that a formula has given."""

    def __init__(
        self,
        graph: Graph,
        trees: TreeWriter,
        table: FunctionTable,
        shapes: Mapping[str, Declaration],
    ) -> None:
        self.plan = schedule(graph, _FOLDED, table, None)
        self.trees = trees
        self.table = table
        self.shapes = shapes
        self.texts: dict[Node, Tex] = {}
        self.named: list[str] = []
        self._taken = {tex.code for tex in trees.names.values()}
        self._count = 0
        self._uses = Counter(
            operand
            for step in self.plan.steps
            for position, operand in enumerate(step.operands)
            if not (position and step.node.op in _SHAPED)
        )

    def lines(self, heads: Sequence[str]) -> list[str]:
        """An equation for each output, and before them those for what they share."""
        for step in self.plan.steps:
            node = step.node
            self.texts[node] = tex = self._known(node) or self._operation(step)
            uses = self._uses[node]
            shared = uses > 1 and _glyphs(tex) > _WORTH_A_NAME and node.op not in CONDITIONS
            long = uses and _glyphs(tex) > _LONGEST
            if node.args and tex.code not in self._taken and (shared or long):
                self._name(node, tex)
        results = [
            f"{head} &= {self.texts[n].code}"
            for head, n in zip(heads, self.plan.outputs, strict=True)
        ]
        return [*self.named, *results]

    def _known(self, node: Node) -> Tex | None:
        """What has a name: inputs, numbers, and what the formula assigned."""
        if node.op == "input":
            return self.trees.of(str(node.value))
        if node.is_constant:
            return number(node.value)  # type: ignore[arg-type]  # a number
        label = self.plan.labels.get(node, "")
        return self.trees.of(label) if label in self.trees.assigned else None

    def _name(self, node: Node, tex: Tex) -> None:
        label = self.plan.labels.get(node, "")
        if label[:1] == "d" and label[1:] in self.trees.assigned:
            by = self.trees.of(label[1:]).code
            new = Tex(rf"\frac{{\partial {self.trees.value}}}{{\partial {by}}}", POWER)
        else:
            new = Tex(self._fresh())
        self.named.append(f"{new.code} &= {tex.code}")
        self._taken.add(new.code)
        self.texts[node] = new

    def _fresh(self) -> str:
        while True:
            self._count += 1
            code = name(f"t_{self._count}")
            if code not in self._taken:
                return code

    def _operation(self, step: Step) -> Tex:
        node, operands = step.node, [self.texts[operand] for operand in step.operands]
        if step.parts:
            return self._placed(step)
        if node.op == "index":
            return indexed(operands[0], node.value, [tex.code for tex in operands[1:]])
        if node.op in ("size", "_count"):
            return self._size(node, operands)
        if node.op == "broadcast" and node.args[0].value == 1:
            return Tex(r"\mathbf{1}")
        if node.op == "expand_dims":
            return operands[0]
        function = self.table.get(step.spelling)
        if function is None:
            return written(Given(step.spelling, operands))
        if step.spelling != node.op:
            return written(Given(step.spelling, operands))
        count = len(function.operands)
        extras = dict(self._extras(node, operands[count:]))
        hidden = node.op.startswith("_") and node.op not in LATEX
        if hidden and function.is_elementwise and function.definitions:
            names = dict(zip(function.operands, operands, strict=False)) | extras
            return expression(function.definitions[0], names, self.table)
        given = operands if function.parameters[-1].kind == "rest" else operands[:count]
        return written(Given(node.op, given, extras))

    def _extras(self, node: Node, fillings: Sequence[Tex]) -> Iterator[tuple[str, Tex]]:
        """Attributes by name, but for those that are as ever."""
        function = self.table[node.op]
        rest = iter([tex.code for tex in fillings])
        defaults = {p.name: p.default for p in function.parameters}
        for attribute, value in zip(function.attributes, node.attributes, strict=False):
            default = defaults[attribute]
            shown = filled(value, rest) if isinstance(value, tuple) else value
            if default is None or not _is(default, value):
                yield attribute, _attribute(shown)

    def _placed(self, step: Step) -> Tex:
        """Zeros, and parts of them that are not."""
        terms = []
        for part in step.parts:
            g, _, *fillings = (self.texts[p] for arg in part.args for p in unpaired(arg))
            key = indexed(Tex(r"\mathbf{e}"), part.value, [tex.code for tex in fillings]).code
            terms.append(written(Given("multiply", [g, Tex(key)])).within(LARGE))
        return Tex(" + ".join(terms), SUM)

    def _size(self, node: Node, operands: Sequence[Tex]) -> Tex:
        """The number of elements along some axes; by name, where a declaration gives one."""
        axis = node.attributes[0] if node.attributes else None
        shape = self.shapes.get(str(node.args[0].value)) if node.args[0].op == "input" else None
        axes = axis if isinstance(axis, tuple) else (axis,)
        if shape is not None and all(isinstance(a, int) and a < len(shape.sizes) for a in axes):
            sizes = [self.trees.of(str(shape.sizes[a])).code for a in axes]
            return Tex(r" \, ".join(sizes), ATOM if len(sizes) == 1 else PRODUCT)
        return written(Given("size", operands, {} if axis is None else {"axis": _attribute(axis)}))


def _glyphs(tex: Tex) -> int:
    """About how many letters and signs are seen."""
    return len(_COMMAND.sub("m", _UNSEEN.sub("", tex.code)))


def _is(default: Tree, value: Any) -> bool:
    """Whether an attribute is what its parameter has by default."""
    if default.op == "name":
        return str(default.value) == str(value)
    return bool(default.value == value) and not isinstance(value, bool)


def _attribute(value: Any) -> Tex:
    """An attribute: a number, a word, or a tuple of them."""
    if not isinstance(value, tuple):
        return _part(value)
    parts = [_part(part).code for part in value]
    return Tex(f"({', '.join(parts)})" if len(parts) != 1 else parts[0])


def _part(value: Any) -> Tex:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    text = escaped(str(value))
    return Tex(text if isinstance(value, str) else rf"\mathrm{{{text}}}")
