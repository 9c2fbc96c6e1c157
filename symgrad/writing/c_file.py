"""A formula and its derivatives in C99: a source and its header."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad.differentiation.products import COTANGENT
from symgrad.emit import emit
from symgrad.errors import SymgradError
from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node, part_of
from symgrad.language.items import unpaired
from symgrad.pipeline import Derived, index_inputs
from symgrad.rewriting.finish import squares_as_products, without_shapes
from symgrad.schedule import schedule
from symgrad.shapes import Inference
from symgrad.shaping.misfit import Misfit
from symgrad.simplify import legalise
from symgrad.targets.c import HELPERS, KEYWORDS, LIBRARY, WORD, C
from symgrad.targets.numpy import NUMPY
from symgrad.version import __version__
from symgrad.writing.c_rows import PlainNames, Rows, renamed
from symgrad.writing.document import Rendering, outputs_for
from symgrad.writing.lines import WIDTH, escaped
from symgrad.writing.loop_code import Loops, unsized
from symgrad.writing.loop_rules import ARRAYS, RULES, without_likes
from symgrad.writing.naming import Names
from symgrad.writing.offsets import applied
from symgrad.writing.rows import visit_all

Shape = tuple[int, ...]
_MOST = 65_536
"""Doubles that the arrays of a function may have in sum: they lie on the stack."""

OVER = "_n"
"""What is added to the name of a function for its loop over arrays."""


@dataclass(frozen=True, slots=True)
class Files:
    """A header and a source, as text, and how the functions in them are called, by name."""

    header: str
    source: str
    signatures: Mapping[str, Signature]


@dataclass(frozen=True, slots=True)
class Part:
    """A formula to be written, the shapes of its inputs, and what stands before all names."""

    what: Rendering
    shapes: Mapping[str, Shape]
    prefix: str = ""

    @property
    def text(self) -> str:
        """The formula."""
        return self.what.formula

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs in order."""
        return self.what.derived.inputs

    @property
    def of_elements(self) -> bool:
        """Whether it is for single numbers, element by element, and has a loop over arrays."""
        derived = self.what.derived
        if derived.elementwise or any(self.shapes.values()):
            return not any(self.shapes.values())
        found = Inference(self.shapes)
        visit_all(derived.graph, found)
        return not any(found.shapes.values())

    def name(self, kind: str) -> str:
        """What a function is called."""
        own = self.what.names[kind]
        return f"{self.prefix}_{own}" if self.prefix else own


def fixed_shapes(derived: Derived, text: str) -> dict[str, Shape]:
    """The shape of each input: that of a number for formulas of elements, else as declared.

    Raises
    ------
    SymgradError
        An array's shape is not declared, or not in numbers.
    """
    shapes: dict[str, Shape] = {}
    of_elements = derived.elementwise and not derived.shapes
    of_elements = of_elements and all(node.op != "index" for node in derived.graph.nodes)
    for name in derived.inputs:
        owner, _, vector = name.partition(" ")
        declared = derived.shapes.get(owner)
        if declared is None and not of_elements:
            if vector:
                continue
            raise SymgradError(
                f"the target c needs the shape of {name}", text, _place(derived.graph, name, text),
                f"Declare all shapes at the head of the formula, as in {name}: (3, 2).",
            )  # fmt: skip
        sizes = () if declared is None else declared.sizes
        if declared and not all(isinstance(size, int) for size in sizes):
            raise SymgradError(
                f"the target c needs the sizes of {name} as numbers", text, declared.name_span,
                f"Write them out, as in {name}: ({', '.join(['3'] * len(sizes))}"
                f"{',' if len(sizes) == 1 else ''}).",
            )  # fmt: skip
        shapes[name] = tuple(size for size in sizes if isinstance(size, int))
    if COTANGENT in derived.inputs and COTANGENT not in shapes:
        value = part_of(derived.graph.nodes, derived.graph.outputs[:1], {})
        shapes[COTANGENT] = measured(value, shapes, text)[0][value.outputs[0]]
    return shapes


def _place(graph: Graph, name: str, text: str) -> tuple[int, int]:
    node = graph.inputs().get(name)
    return (node.span if node is not None else None) or (0, len(text))


def legal(part: Part, table: FunctionTable, rows: Rows) -> Graph:
    """The graph in what C and the rows of a file can do."""
    graph = part.what.derived.graph
    if part.of_elements:
        graph = without_shapes(graph)
    own = {node.op for node in graph.nodes if rows.has(node.op)}
    known = C.known | ARRAYS | own
    while not all(node.op in known for node in graph.nodes):
        graph = legalise(graph, known, table, "c", part.text)
        known |= {node.op for node in graph.nodes if rows.has(node.op)}
    if not part.of_elements:
        graph = without_likes(graph, measured(graph, part.shapes, part.text)[0])
    return graph


def measured(
    graph: Graph, shapes: Mapping[str, Shape], text: str
) -> tuple[dict[Node, Shape], dict[Node, np.ndarray[Any, Any]]]:
    """The shape of each node, and the numbers of those that no input has a part in."""
    # An index of a number for each element is no mask: what that picks has no known shape.
    found = Inference(shapes, dict.fromkeys(index_inputs(graph), "i"))
    sizes: dict[Node, Shape] = {}
    numbers: dict[Node, np.ndarray[Any, Any]] = {}
    for node in graph.nodes:
        operands = [part for arg in node.args for part in unpaired(arg)]
        try:
            found.visit(node)
        except Misfit as fault:
            raise found.error(node, fault, graph, text) from None
        size = found.number(node)
        if node.is_constant:
            numbers[node] = np.asarray(node.value)
        elif size is not None:
            numbers[node] = np.asarray(int(size) if size == size // 1 else size)
        elif node.op == "pair" or node.op in NUMPY.extras or node.op not in NUMPY.spellings:
            pass
        elif node.op != "input" and all(operand in numbers for operand in operands):
            value = applied(node.op, node.value, [numbers[operand] for operand in operands])
            numbers[node] = value
        shape = numbers[node].shape if node in numbers else found.shapes[node]
        if shape is None or None in shape:
            raise unsized(node, graph, text)
        sizes[node] = tuple(size for size in shape if size is not None)
    return sizes, numbers


@dataclass(frozen=True, slots=True)
class Signature:
    """How a function is called: its inputs and its results, by their names in C and with shapes."""

    name: str
    kind: str
    inputs: Mapping[str, tuple[str, Shape]]
    results: Sequence[tuple[str, Shape]]

    @property
    def returned(self) -> str | None:
        """What the function returns: the value, where that is one number."""
        name, shape = self.results[0] if self.results else ("", (0,))
        return None if shape or self.kind == "grad" else name

    @property
    def stored(self) -> Sequence[tuple[str, Shape]]:
        """The results that are written where the caller says."""
        return self.results[1:] if self.returned else self.results

    def declaration(self) -> str:
        """The function's head."""
        given = [
            f"const double {name}[{_count(shape)}]" if shape else f"double {name}"
            for name, shape in self.inputs.values()
        ]
        given += [
            f"double {name}[{_count(shape)}]" if shape else f"double *{name}"
            for name, shape in self.stored
        ]
        kind = "double" if self.returned else "void"
        return _wrapped(f"{kind} {self.name}(", given or ["void"], ")")

    def over(self) -> str:
        """The head of its loop over arrays."""
        given = ["size_t n"]
        for name, _ in self.inputs.values():
            given.append(f"const double *{name}, ptrdiff_t {name}_step")
        given += [f"double *{name}" for name, _ in self.results]
        return _wrapped(f"void {self.name}{OVER}(", given, ")")


def _count(shape: Shape) -> int:
    return max(int(np.prod(shape)), 1)


def _wrapped(opening: str, items: Sequence[str], closing: str) -> str:
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) <= WIDTH:
        return line
    return opening + "\n    " + ",\n    ".join(items) + closing


def files(parts: Sequence[Part], table: FunctionTable, title: str = "symgrad") -> Files:
    """The header and the source of some formulas; `title` names the header's guard.

    Raises
    ------
    SymgradError
        A shape is not declared in numbers, or C lacks an operation; it shows where.
    """
    rows = Rows(table)
    graphs = [legal(part, table, rows) for part in parts]
    for graph in graphs:
        rows.spell(graph)
    signatures: dict[str, Signature] = {}
    heads: list[str] = []
    bodies: list[str] = []
    for part, graph in zip(parts, graphs, strict=True):
        about = _about(part, renamed(part.inputs, _names(part, rows)))
        heads.append(about + "\n")
        bodies.append(about)
        for kind in part.what.names:
            signature, body = _function(part, graph, kind, table, rows)
            signatures[signature.name] = signature
            declared = [signature.declaration()]
            bodies.append(f"{declared[0]}\n{{\n{body}}}\n")
            if part.of_elements:
                declared.append(signature.over())
                bodies.append(f"{declared[1]}\n{_loop(signature)}\n")
            heads += [f"{head};\n" for head in declared]
    own = rows.sources()
    code = "\n".join([*own, *bodies])
    called = _called(code)
    helpers: list[str] = []
    for name, text in reversed(HELPERS.items()):
        if name in called:
            helpers.insert(0, text)
            called |= _called(text)
    source = [_SOURCE.format(version=__version__), *helpers, *own, *bodies]
    guard = f"{re.sub('[^A-Z0-9]', '_', title.upper())}_H"
    header = _HEADER.format(guard=guard, declarations="".join(heads), version=__version__)
    return Files(header, "\n".join(source), signatures)


def _called(code: str) -> set[str]:
    """The names of functions that are called in code; comments call none."""
    return set(re.findall(r"\w+(?=\()", re.sub(r"/\*.*?\*/", "", code, flags=re.DOTALL)))


def _function(
    part: Part, graph: Graph, kind: str, table: FunctionTable, rows: Rows
) -> tuple[Signature, str]:
    """A function's head and its statements."""
    graph = squares_as_products(outputs_for(graph, kind))
    names = _names(part, rows)
    arguments = renamed(part.inputs, names)
    shapes, numbers = measured(graph, part.shapes, part.text)
    labels = [*(() if kind == "grad" else ("result",)), *part.what.layout.labels]
    labels = labels[: len(graph.outputs)]
    wanted = list(renamed(labels, names).values())
    results = [(name, shapes[n]) for name, n in zip(wanted, graph.outputs, strict=True)]
    inputs = {name: (arguments[name], part.shapes[name]) for name in part.inputs}
    signature = Signature(part.name(kind), kind, inputs, results)
    plan = schedule(graph, rows.target, table, graph.outputs[0] if kind != "grad" else None)
    places = {
        node: name
        for node, (name, shape) in zip(graph.outputs, results, strict=True)
        if shape and graph.outputs.count(node) == 1
    }
    writer = Loops(plan, rows.target, arguments, names, shapes, numbers, part.text, RULES, places)
    body = emit(plan, rows.target, arguments, names, labels, writer=writer)
    lines = list(body.statements)
    writer.lines = lines
    for (name, shape), code in zip(results, body.results, strict=True):
        if name != signature.returned:
            there = f"{name}[{writer.subscript(shape)}]" if shape else f"*{name}"
            if there != code:
                writer.loop(shape, f"{there} = {code};")
    if signature.returned:
        lines.append(f"return {body.results[0]};")
    used = set(WORD.findall(" ".join(lines)))
    lines[:0] = [line for name, line in writer.tables.items() if name in used]
    lines[:0] = [f"(void){name};" for name, _ in inputs.values() if name not in used]
    size = sum(_count(shape) for node, shape in shapes.items() if shape and node.op != "input")
    if size > _MOST:
        raise SymgradError(
            f"the arrays of this formula have {size:,} elements in sum, which is too much for C "
            "without allocation", part.text, (0, len(part.text)),
            f"The target c is for at most {_MOST:,}.",
        )  # fmt: skip
    return signature, "".join(f"    {line}\n" for line in lines)


def _names(part: Part, rows: Rows) -> Names:
    """The names that are free in the functions of a formula."""
    exported = [part.name(kind) for kind in part.what.names]
    loops = () if not part.of_elements else ("n", "k", *(name + OVER for name in exported))
    return PlainNames([*LIBRARY, *HELPERS, *rows.called.values(), *exported, *loops], KEYWORDS)


def _loop(signature: Signature) -> str:
    """The statements that call a function for each element."""
    names = [name for name, _ in signature.inputs.values()]
    given = [f"{name}[(ptrdiff_t)k * {name}_step]" for name in names]
    given += [f"&{name}[k]" for name, _ in signature.stored]
    opening = f"{signature.name}("
    if signature.returned:
        opening = f"{signature.returned}[k] = {opening}"
    call = _wrapped(f"        {opening}", given, ");").replace("\n", "\n        ")
    return f"{{\n    for (size_t k = 0; k < n; k++)\n{call}\n}}"


def _about(part: Part, arguments: Mapping[str, str]) -> str:
    """The comment before a formula's functions."""
    lines = [f"    {line}".rstrip() for line in escaped(part.text.strip())]
    lines = [line.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?") for line in lines]
    shaped = [f"{name}: {_said(shape)}" for name, shape in part.shapes.items() if shape]
    changed = [f"{name} is called {c}" for name, c in arguments.items() if c != name]
    if not part.of_elements:
        about = [f"Arrays lie row by row. {'; '.join(shaped)}."] if shaped else []
    else:
        about = [
            f"The functions whose names end in {OVER} do the same for n elements. Inputs are read "
            "at steps of so many elements: 0 takes one number for all."
        ]
    about.append("Results must not overlap with inputs.")
    if changed:
        about.append(f"In C {', '.join(changed)}.")
    text = [row for paragraph in about for row in textwrap.wrap(paragraph, WIDTH - 3)]
    return "/*\n" + "".join(f" * {line}".rstrip() + "\n" for line in [*lines, "", *text]) + " */\n"


def _said(shape: Shape) -> str:
    return " x ".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]}"


_SOURCE = """\
/* Generated by symgrad {version}; C99, without contraction of products and sums. */

#include <math.h>
#include <stddef.h>

#if !defined(__GNUC__) || defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif
"""

_HEADER = """\
/* Generated by symgrad {version}. */

#ifndef {guard}
#define {guard}

#include <stddef.h>

#ifdef __cplusplus
extern "C" {{
#endif

{declarations}
#ifdef __cplusplus
}}
#endif

#endif
"""
