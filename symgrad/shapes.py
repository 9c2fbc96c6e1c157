"""Shapes through a graph, and the errors that point into the formula."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.errors import InputError, Span
from symgrad.graph import Graph, Node, ancestors
from symgrad.language.attributes import MOST_AXES
from symgrad.language.items import operands_of
from symgrad.language.labels import UNNAMED, is_own
from symgrad.limits import paced
from symgrad.shaping.key_shapes import UNKNOWN, IndexArray, of_key
from symgrad.shaping.leaves import LIKE_FIRST, LIKE_SECOND, is_elementwise, is_number
from symgrad.shaping.misfit import Misfit, Shape, Size, broadcast, product
from symgrad.shaping.shape_rules import RULES, item_shape

_LONGEST_NAME = 30
_MOST_OF_INPUTS = 32
"""Where an index has more axes, NumPy reads beyond its memory."""

CONDITIONS = frozenset(
    """less less_equal greater greater_equal equal not_equal logical_and logical_or logical_not
    isnan isinf isfinite signbit""".split()
)
_MOVES = frozenset("index expand_dims squeeze integer _transpose matrix_transpose".split())
_FIRST_FILLING = {
    **dict.fromkeys(("_zeros", "_ones", "eye", "_counting"), 0),
    **dict.fromkeys(("_reshape", "_broadcast_to", "tile", "_repeat", "roll"), 1),
    "_segment_sum": 2,
}
"""How many operands come before those that fill holes."""

_ARITHMETIC = frozenset(
    """add subtract multiply divide negative floor_divide remainder maximum minimum ceil
    floor power""".split()
)


class Inference:
    """The shapes of a graph's nodes, and the whole numbers among them that sizes depend on.

    Parameters
    ----------
    shapes:
        Those of the inputs by name. An input that is missing has an unknown shape.
    kinds:
        The NumPy kind of an input's numbers, where it is not "f": "b" makes it a mask.
    numbers:
        The values of inputs that are single whole numbers.
    names:
        What sizes are called, for errors.
    """

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        kinds: Mapping[str, str] | None = None,
        numbers: Mapping[str, int] | None = None,
        names: Mapping[int, str] | None = None,
    ) -> None:
        self._inputs = shapes
        self._kinds = kinds or {}
        self._numbers = numbers or {}
        self._names = names or {}
        self.shapes: dict[Node, Shape | None] = {}
        self._known: dict[Node, float] = {}
        self._masks: set[Node] = set()
        self._look = paced()

    def pattern(self) -> tuple[Any, ...]:
        """What plans depend on: which axes there are, and which of them have size 1.

        Inputs that the value does not need count, as their derivatives have their shapes.
        """
        return tuple(
            [
                None
                if shape is None
                else tuple([min(size, 2) if size is not None else 3 for size in shape])
                for shape in (*self._inputs.values(), *self.shapes.values())
            ]
        )

    def number(self, node: Node) -> float | None:
        """The value of a size, where it is known."""
        return self._known.get(node)

    def is_mask(self, node: Node) -> bool:
        """Whether a node holds truth values."""
        return node in self._masks

    def visit(self, node: Node) -> None:
        """Find the shape of a node whose operands were visited.

        Raises
        ------
        Misfit
            The operands do not fit together.
        """
        self._look()
        self._note_number(node)
        operands = operands_of(node)
        found = [self.shapes[operand] for operand in operands]
        if node.op == "input":
            self.shapes[node] = self._inputs.get(str(node.value))
            if self._kinds.get(str(node.value)) == "b":
                self._masks.add(node)
        elif node.op == "index":
            self.shapes[node] = self._indexed(node, operands)
        elif node.op == "_item":
            (several,) = node.args
            matrix = self.shapes[several.args[0]]
            self.shapes[node] = matrix and item_shape(several.op, node.attributes[0], matrix)
        elif node.op not in RULES and is_elementwise(node.op):
            shapes = [shape for shape in found if shape is not None]
            self.shapes[node] = broadcast(*shapes) if len(shapes) == len(found) else None
        elif node.op not in RULES or None in found:
            self.shapes[node] = _told_by_some(node, found)
        else:
            fillings = [
                self._whole(operand) for operand in operands[_FIRST_FILLING.get(node.op, 9) :]
            ]
            shapes = [shape for shape in found if shape is not None]
            self.shapes[node] = self._by_rule(node, shapes, fillings)
        shape = self.shapes[node]
        if shape is not None and len(shape) > MOST_AXES:
            raise Misfit(f"an array has at most {MOST_AXES} axes")
        if node.op in CONDITIONS or (node.op in _MOVES and operands[0] in self._masks):
            self._masks.add(node)

    def survey(self, nodes: Sequence[Node], graph: Graph, text: str) -> None:
        """Visit those of some nodes of a graph that were not visited yet.

        Raises
        ------
        InputError
            The operands of one do not fit together; the message shows its place in the text.
        """
        for node in nodes:
            if node not in self.shapes:
                try:
                    self.visit(node)
                except Misfit as wrong:
                    raise self.error(node, wrong, graph, text) from None

    def _by_rule(
        self, node: Node, shapes: Sequence[Shape], fillings: Sequence[Size]
    ) -> Shape | None:
        try:
            return RULES[node.op](node, shapes, fillings)
        except Misfit:
            # Named sizes have stand-ins, which need not be divisible by what the real ones are.
            if self._names and node.op == "_reshape":
                return None
            raise

    def _note_number(self, node: Node) -> None:
        if isinstance(node.value, float):
            self._known[node] = node.value
        elif node.op == "input" and str(node.value) in self._numbers:
            self._known[node] = self._numbers[str(node.value)]
        elif node.op in ("size", "_count"):
            shape, axis = self.shapes[node.args[0]], node.attributes[0]
            size = None if shape is None else _counted(shape, axis)
            if size is not None:
                self._known[node] = size
        elif node.op == "ndim" and self.shapes[node.args[0]] is not None:
            self._known[node] = len(self.shapes[node.args[0]] or ())
        elif node.op == "integer" and node.args[0] in self._known:
            self._known[node] = self._known[node.args[0]]
        elif node.op == "_equal_parts" and node.args[0] in self._known:
            size, parts = int(self._known[node.args[0]]), node.attributes[0]
            if size % parts and not self._names:
                raise Misfit(f"an axis of size {size} does not split into {parts} equal parts")
            self._known[node] = size // parts
        elif node.op in _ARITHMETIC and all(arg in self._known for arg in node.args):
            with np.errstate(all="ignore"):
                value = getattr(np, node.op)(*[self._known[arg] for arg in node.args])
            self._known[node] = float(value)

    def _may_be_mask(self, operand: Node, base: Shape | None) -> bool:
        """Whether an input could be truth values or indices, which is told only by a call."""
        below = operand.args[0] if operand.op == "integer" else operand
        shape = self.shapes[below]
        if below.op != "input" or not shape or str(below.value) in self._kinds:
            return False
        # A mask has the sizes of the axes that it is for.
        return base is None or any(shape[0] == size for size in base)

    def _whole(self, node: Node) -> Size:
        value = self._known.get(node)
        if value is None:
            return None
        if value != value // 1:
            raise Misfit(f"{value:g} is not a whole number")
        return int(value)

    def _indexed(self, node: Node, operands: Sequence[Node]) -> Shape | None:
        base = self.shapes[operands[0]]
        fillings: list[Any] = []
        for operand in operands[1:]:
            shape, whole = self.shapes[operand], self._whole(operand)
            if shape is None:
                return None
            if self._may_be_mask(operand, base):
                return None
            if operand in self._masks:
                fillings.append(IndexArray(shape, is_mask=True))
            elif shape == ():
                fillings.append(UNKNOWN if whole is None else whole)
            else:
                fillings.append(IndexArray(shape, is_mask=False))
        assert isinstance(node.value, tuple)
        return None if base is None else of_key(node.value, base, fillings)

    def error(self, node: Node, fault: Misfit, graph: Graph, text: str) -> InputError:
        """The error for a node that does not fit, with the operands' shapes in the user's names."""
        hint = fault.hint
        if node.op == "concatenate" and all(_is_layer(arg, node) for arg in node.args):
            first, last = node.args
            while first.op == "concatenate":
                first = first.args[0]
            shown = [self._shown(self.shapes[layer.args[0]]) for layer in (first, last)]
            hint = f"Here are shapes {shown[0]} and {shown[1]}."
            return InputError("what is stacked has different shapes", text, node.span, hint)
        operands = [_unwrapped(arg) for arg in node.args[: _FIRST_FILLING.get(node.op, 2)]]
        if not hint and operands:
            names = _operand_names(node, operands, graph, text)
            pairs = [
                f"{name} has shape {self._shown(self.shapes[operand])}"
                for name, operand in zip(names, operands, strict=True)
                if self.shapes[operand] is not None
            ]
            hint = f"Here {' and '.join(pairs)}."
        return InputError(self._named(fault.message), text, node.span, hint)

    def _named(self, message: str) -> str:
        """A message with declared sizes by name."""
        return re.sub(r"\d+", lambda number: self._names.get(int(number[0]), number[0]), message)

    def _shown(self, shape: Shape | None) -> str:
        names = [self._names.get(s or 0, "?" if s is None else str(s)) for s in shape or ()]
        return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def _told_by_some(node: Node, found: Sequence[Shape | None]) -> Shape | None:
    """The shape of a result where those of some operands are not known."""
    if is_number(node):
        return ()
    if node.op in LIKE_SECOND and len(found) > 1:
        return found[1]
    return found[0] if node.op in LIKE_FIRST else None


def _counted(shape: Shape, axis: Any) -> Size:
    if axis is None:
        return product(shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(-len(shape) <= a < len(shape) for a in axes):
        return None
    return product([shape[a] for a in axes])


def _is_layer(arg: Node, node: Node) -> bool:
    """Whether an operand got a new axis only to be stacked."""
    return arg.op in ("expand_dims", "concatenate") and arg.value == node.value


def _unwrapped(node: Node) -> Node:
    """The operand that the user wrote, below the axes that a product of matrices gave it."""
    while node.op in ("_rerow", "_recolumn", "indicator", "pair", "size"):
        node = node.args[0]
    return node


def check_shapes(
    graph: Graph,
    shapes: Mapping[str, Shape],
    text: str,
    kinds: Mapping[str, str] | None = None,
    numbers: Mapping[str, int] | None = None,
    names: Mapping[int, str] | None = None,
) -> Inference:
    """Raise for the first operation of a graph's value whose operands do not fit together.

    The derivatives fit where the value does.

    Parameters
    ----------
    graph:
        Its first output is the value.
    shapes, kinds, numbers, names:
        As for `Inference`.
    text:
        The formula, for the error.

    Raises
    ------
    InputError
        Two operands do not fit, or an index is out of range; it shows where, and the shapes.
    """
    for name, node in graph.inputs().items():
        axes = len(shapes.get(name, ()))
        if axes > _MOST_OF_INPUTS:
            message = f"the input {name} has {axes} axes; {_MOST_OF_INPUTS} is the most"
            raise InputError(message, text, node.span or (0, len(text)), "Reshape it.")
    found = Inference(shapes, kinds, numbers, names)
    needed = ancestors(graph.nodes, graph.outputs[:1])
    found.survey([node for node in graph.nodes if node in needed], graph, text)
    return found


def _operand_names(node: Node, operands: Sequence[Node], graph: Graph, text: str) -> list[str]:
    """What the user calls the operands: by name, or as they stand in the formula."""
    names: list[str] = []
    for arg in operands:
        written = text[slice(*arg.span)] if arg.span and _inside(arg.span, node.span) else ""
        if arg.op == "input":
            names.append(str(arg.value))
        elif is_own(graph.labels.get(arg, UNNAMED)):
            names.append(graph.labels[arg])
        elif 0 < len(written) <= _LONGEST_NAME and written.isprintable():
            names.append(written)
        else:
            names.append("the operand" if len(operands) == 1 else "the other operand")
    return ["one operand", names[1]] if len(names) > 1 and names[0] == names[1] else names


def _inside(inner: Span, outer: Span | None) -> bool:
    """Whether one piece of the formula is a true part of another."""
    return outer is not None and inner != outer and outer[0] <= inner[0] and inner[1] <= outer[1]
