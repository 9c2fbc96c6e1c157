"""What is told of the two passes over a formula: values, rules with numbers in them, sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.compiled import Compiled
from symgrad.errors import SymgradError
from symgrad.functions import Function
from symgrad.graph import Node
from symgrad.language.printer import unparse
from symgrad.language.rule_words import IN_WORDS, TOLD
from symgrad.language.tree import Tree, postorder
from symgrad.lower import derivative
from symgrad.running.evaluate import evaluate
from symgrad.seeing.pages import (
    Block,
    Code,
    Display,
    Heading,
    Line,
    Math,
    Paragraph,
    Piece,
    Step,
    Table,
)
from symgrad.seeing.recording import Flow, Recording
from symgrad.seeing.tex import PRODUCT, Tex
from symgrad.seeing.tex import name as tex_name
from symgrad.seeing.tex import number as tex_number
from symgrad.seeing.tex_tree import TreeWriter, expression
from symgrad.seeing.wording import brief, glance, named, number, said, shape_of
from symgrad.shaping.leaves import is_elementwise
from symgrad.syntax import parse

_MOST_MOVED = 12


class Teacher:
    """Knows what is called what, and tells of one thing after the other."""

    def __init__(self, compiled: Compiled, recording: Recording) -> None:
        self.compiled = compiled
        self.recording = recording
        self.table = compiled.table
        self.names = named(recording.graph, {"integer"})
        self.trees = TreeWriter(parse(compiled.formula), compiled.table)
        self.value = recording.graph.outputs[0]

    def math(self, node: Node) -> Piece:
        """What a node is called."""
        if node.is_constant:
            return self.amount(np.asarray(node.value))
        return Math(self.names[node], tex_name(self.names[node]))

    def amount(self, value: Any) -> Piece:
        """A number, or an array in few words."""
        if np.ndim(value):
            return Code(glance(value))
        return Math(number(value), _tex(value).code)

    def opening(self) -> list[Block]:
        """The formula."""
        statements = parse(self.compiled.formula)
        lines = [self.compiled.formula[slice(*s.span)] for s in statements]
        tex = " \\\\\n".join(self.trees.statement(s) for s in statements)
        heading = Heading(["The gradient of ", Code(lines[-1]), ", step by step"], 1)
        shown = "\n".join(lines)
        blocks: list[Block] = [heading]
        if len(lines) > 1:
            blocks.append(Display(shown, f"\\begin{{aligned}}\n{tex}\n\\end{{aligned}}"))
        return blocks

    def forward(self) -> list[Block]:
        """All values, in the order in which they are computed."""
        rows: list[list[Line]] = []
        for node in self.recording.graph.nodes:
            if node in self.recording.values and not node.is_constant and node.op != "integer":
                what = "" if node.op == "input" else f"= {said(node, self.names, self.table)}"
                note = "the value" if node is self.value else ""
                value = self.recording.values[node]
                cell: Piece = Code(glance(value)) if np.ndim(value) else _exact(value)
                rows.append([[self.math(node)], [Code(what)] if what else [], ["= ", cell], [note]])
        about = "Each line uses only what stands above it."
        if not rows:
            return []
        return [
            Heading(["Forward: the values"]),
            Paragraph([about]),
            Table(["", "operation", "value", ""], rows),
        ]

    def reverse(self) -> list[Block]:
        """What each node hands on, from the value back to the inputs."""
        about = (
            "Now from the value back to the inputs. At each node, g stands for the derivative of"
            " the value by that node. When its turn comes, g is complete: all that use the node"
            " have had theirs. By its rule the node then hands a part on to each operand."
            " Numbers are rounded to four digits."
        )
        if np.ndim(self.recording.values.get(self.value, 0.0)):
            about += " The value is an array: what is differentiated is the sum of its elements."
        steps: list[Block] = []
        for node in self.recording.flows:
            if node.op != "integer":
                steps.append(self.step(len(steps) + 1, node))
        return [Heading(["Reverse: the gradients"]), Paragraph([about]), *steps] if steps else []

    def step(self, count: int, node: Node) -> Step:
        """A node's turn."""
        gradient = self.recording.gradients[node]
        head: list[Piece] = [self.math(node), Code(f" = {said(node, self.names, self.table)}")]
        shape = shape_of(gradient)
        head += [f", of shape {shape}," if shape else ""]
        below: list[Line] = []
        parts = self.recording.parts(node)
        if node is self.value and not parts:
            head += [" is the value itself: ", *self.equals("g", gradient)]
        elif len(parts) > 1:
            head += [" is used more than once, and its parts add up: g = "]
            head += self.total(parts, gradient)
        else:
            head += [" has ", *self.equals("g", gradient)]
        flows = self.recording.flows[node]
        below += self.rule(node, flows)
        for flow in flows:
            below.append(self.flow(node, flow, len(node.args) > 1))
        if not flows:
            below.append(["Nothing is handed on: no input is reached from here with a slope."])
        return Step(count, head, below)

    def equals(self, what: str, value: Any) -> list[Piece]:
        """What something is."""
        return [f"{what} = ", self.amount(value)]

    def total(self, parts: Sequence[tuple[Node, Flow]], gradient: Any) -> list[Piece]:
        """The sum at a fan-in, and from whom the terms are."""
        givers = " and ".join(dict.fromkeys(self.names[giver] for giver, _ in parts))
        if np.ndim(gradient):
            return [self.amount(gradient), f", from {givers}"]
        texts = [number(flow.amount) for _, flow in parts]
        plain = " + ".join(_signed(text) if k else text for k, text in enumerate(texts))
        texs = [_tex(flow.amount) for _, flow in parts]
        tex = " + ".join(t.within(PRODUCT) if k else t.code for k, t in enumerate(texs))
        return [Math(plain, tex), " = ", self.amount(gradient), f", from {givers}"]

    def rule(self, node: Node, flows: Sequence[Flow]) -> list[Line]:
        """The rule by name, as the table of functions has it."""
        function = self.table.get(node.op)
        if node.op in IN_WORDS or function is None:
            return [["Rule of ", Code(_public(node.op)), f": {IN_WORDS[node.op]}."]]
        line: list[Piece] = ["Rule: ", Code(function.signature)]
        for place, position in enumerate(dict.fromkeys(flow.position for flow in flows)):
            text = function.text[slice(*function.derivatives[position].span)]
            line += ["; " if place else ": ", Code(text), f" by {function.operands[position]}"]
        line.append(". Here ")
        for place, (operand, arg) in enumerate(zip(function.operands, node.args, strict=False)):
            line += [", " if place else "", f"{operand} is ", self.math(arg)]
        if any(self.uses(node, flow, "out") for flow in flows):
            line += [", out is ", self.math(node)]
        told = TOLD.get(node.op)
        spoken: list[Line] = [[f"In words: {told}."]] if told else []
        return [[*line, "."], *spoken] if flows else []

    def flow(self, node: Node, flow: Flow, several: bool) -> Line:
        """What one operand gets, and how that comes about."""
        gets: list[Piece] = [self.math(flow.operand), " gets "]
        gradient = self.recording.gradients[node]
        amount = self.amount(flow.amount)
        shown: list[Piece] = []
        if not np.ndim(gradient) and flow.slope is not None and not np.ndim(flow.amount):
            shown = self.worked(node, flow, gradient)
        elif flow.slope is not None and not self.uses(node, flow, "g"):
            shown = ["g times ", self.amount(flow.slope), ", which is "]
        result = [*gets, *(shown if shown[:1] != [amount] else []), amount]
        if np.shape(flow.amount) != np.shape(gradient) and is_elementwise(node.op):
            result.append(", the sum over all places to which it was repeated")
        return result

    def uses(self, node: Node, flow: Flow, name: str) -> bool:
        """Whether a rule speaks of something: of g, or of the result."""
        tree = self.table[node.op].derivatives[flow.position]
        return any(part.op == "name" and part.value == name for part in postorder(tree))

    def worked(self, node: Node, flow: Flow, gradient: Any) -> list[Piece]:
        """The rule with numbers in it."""
        function = self.table.get(node.op)
        if function is None or flow.slope is None:
            return []
        tree = function.derivatives[flow.position]
        if not flow.amount and not np.isfinite(flow.slope):
            return ["nothing, as no change of this reaches the value: "]
        values: dict[str, Any] = {
            name: self.recording.values.get(arg, np.asarray(arg.value))
            for name, arg in zip(function.operands, node.args, strict=False)
        }
        values |= {"out": self.recording.values[node], "g": gradient}
        if tree.op == "call" and tree.value.name == "keep":
            if not self.holds(function, flow.position, node, values):
                return ["nothing, as the condition of the rule does not hold: "]
            tree = tree.args[1]
        text = unparse(_filled(tree, values))
        tex = expression(tree, {name: _tex(value) for name, value in values.items()}, self.table)
        if self.uses(node, flow, "g"):
            plain = tree.op == "name" or text == "-0"
            return [] if plain else [Math(text, tex.code), " = "]
        bare = tree.op in ("name", "number")
        slope = Math(number(flow.slope), _tex(flow.slope).code)
        worked: list[Piece] = [] if bare else [Math(text, tex.code), " = "]
        times: list[Piece] = ["g times ", *worked, slope, ", which is "]
        product = f"{number(gradient)} * {_signed(number(flow.slope))}"
        tex_product = rf"{_tex(gradient).within(PRODUCT)} \cdot {_tex(flow.slope).within(PRODUCT)}"
        return [*times, Math(product, tex_product), " = "]

    def holds(
        self, function: Function, position: int, node: Node, values: Mapping[str, Any]
    ) -> bool:
        """Whether the mask around a rule lets it through."""
        rule = derivative(function, self.table, position, node.value)
        if rule is None or rule.outputs[0].op != "keep":
            return True
        condition = rule.outputs[0].args[0]
        [found] = evaluate(rule, [condition], values, self.table)
        return bool(found)

    def result(self, at: Mapping[str, Any]) -> list[Block]:
        """The derivatives, with their terms where there are several."""
        inputs = self.recording.graph.inputs()
        slopes = self.differences(at)
        rows: list[list[Line]] = []
        for name in self.recording.wrt:
            node = inputs[name]
            zero = np.zeros(np.shape(self.recording.values[node]))
            value = self.recording.gradients.get(node, zero)
            cell: Piece = Code(brief(value)) if value.ndim else _exact(value)
            by = Math(f"d/d{name}", rf"\frac{{\partial}}{{\partial {tex_name(name)}}}")
            parts = self.recording.parts(node)
            note: list[Piece] = [] if parts or node is self.value else ["no way leads back to it"]
            if len(parts) > 1:
                note = ["the sum ", *self.total(parts, value)]
            check: Line = (
                ["by differences ", self.amount(slopes[name])]
                if name in slopes and (parts or node is self.value)
                else []
            )
            rows.append([[by], ["= ", cell], check, note])
        if not rows:
            return [Paragraph(["No input has a derivative."])]
        about = (
            "By differences: an input moves a little either way, and what the value changes by is"
            " divided by how far it moved."
        )
        heads = ["", "derivative", "", ""]
        blocks: list[Block] = [Heading(["Result"]), Table(heads, rows)]
        return [*blocks, *([Paragraph([about])] if slopes else []), *self.compared(at)]

    def data(self) -> dict[str, Any]:
        """What is told, for programs: nodes with their values, and steps with what they hand on.

        The steps of the reverse pass stand in their order. `slope` is the partial derivative where
        the operation is one on numbers, `rule` the derivative as the table of functions has it.
        """
        recording = self.recording
        nodes = [
            {
                "name": self.names[node],
                "operation": "input" if node.op == "input" else said(node, self.names, self.table),
                "operands": [self.names[arg] for arg in node.args if arg in self.names],
                "value": value,
            }
            for node, value in recording.values.items()
            if not node.is_constant and node.op != "integer"
        ]
        steps = [
            {
                "node": self.names[node],
                "gradient": recording.gradients[node],
                "from": [self.names[giver] for giver, _ in recording.parts(node)],
                "flows": [self.flow_data(node, flow) for flow in flows],
            }
            for node, flows in recording.flows.items()
            if node.op != "integer"
        ]
        inputs = recording.graph.inputs()
        zeros = {name: np.zeros(np.shape(recording.values[inputs[name]])) for name in recording.wrt}
        return {
            "formula": self.compiled.formula,
            "value": recording.values.get(self.value, self.value.value),
            "nodes": nodes,
            "steps": steps,
            "grad": {n: recording.gradients.get(inputs[n], zero) for n, zero in zeros.items()},
        }

    def flow_data(self, node: Node, flow: Flow) -> dict[str, Any]:
        """What one operand gets, for programs."""
        function, rule = self.table.get(node.op), IN_WORDS.get(node.op)
        if function is not None and rule is None:
            rule = function.text[slice(*function.derivatives[flow.position].span)]
        return {
            "to": self.names.get(flow.operand, str(flow.operand.value)),
            "rule": rule,
            "slope": flow.slope,
            "amount": flow.amount,
        }

    def differences(self, at: Mapping[str, Any]) -> dict[str, Any]:
        """Central differences by the inputs that are numbers."""
        value = self.compiled.derived("value", None, "reverse")
        found = {}
        for name in self.recording.wrt[:_MOST_MOVED]:
            x = self.recording.values[self.recording.graph.inputs()[name]]
            if not np.ndim(x):
                h = 1e-5 * max(1.0, abs(float(x)))
                with np.errstate(all="ignore"):
                    ends = [np.sum(value(**{**at, name: float(x) + step})) for step in (h, -h)]
                    found[name] = (ends[0] - ends[1]) / (2 * h)
        return found

    def compared(self, at: Mapping[str, Any]) -> list[Block]:
        """What the compiled gradient makes of it, where that differs."""
        inputs = self.recording.graph.inputs()
        try:
            found = self.compiled.derived("grad", tuple(self.recording.wrt), "reverse")(**at)
        except SymgradError:
            return []
        told = []
        for name, better in zip(self.recording.wrt, found, strict=True):
            own = self.recording.gradients.get(inputs[name], np.zeros(np.shape(better)))
            if not np.allclose(own, better, rtol=1e-9, atol=1e-300, equal_nan=True):
                told.append(f"d/d{name} = {brief(better)}")
        if not told:
            return []
        about = (
            "This was the formula as it is written. symgrad computes it in a form that loses less"
        )
        return [Paragraph([f"{about}, and gives ", Code(", ".join(told)), "."])]


def _public(op: str) -> str:
    return op.lstrip("_")


def _signed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _exact(value: Any) -> Piece:
    """A number in all its digits."""
    plain = value.item() if isinstance(value, np.ndarray | np.generic) else value
    whole = isinstance(plain, float) and plain.is_integer() and abs(plain) < 1e15
    return Math(str(int(plain)) if whole else repr(plain), tex_number(plain).code)


def _tex(value: Any) -> Tex:
    """A number in four digits."""
    if np.ndim(value) or isinstance(value, str):
        return Tex(r"\cdot")
    text = number(value)
    if text in ("True", "False"):
        return Tex(rf"\mathrm{{{text}}}")
    return tex_number(float(text))


def _filled(tree: Tree, values: Mapping[str, Any]) -> Tree:
    """A tree with numbers for names."""
    done: dict[int, Tree] = {}
    for part in postorder(tree):
        if part.op == "name" and part.value in values:
            text = _signed(number(values[part.value]))
            done[id(part)] = Tree("name", (), text, part.span)
        else:
            args = tuple(done[id(arg)] for arg in part.args)
            done[id(part)] = Tree(part.op, args, part.value, part.span)
    return done[id(tree)]
