"""Functions of the table that C's library lacks, as functions of a C file."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from symgrad.emit import emit
from symgrad.functions import FunctionTable
from symgrad.graph import Graph
from symgrad.language.spelling import Spelling
from symgrad.lower import definition
from symgrad.rewriting.finish import squares_as_products
from symgrad.schedule import schedule
from symgrad.simplify import legalise
from symgrad.targets import Target
from symgrad.targets.c import HELPERS, KEYWORDS, LIBRARY, C
from symgrad.writing.loop_code import Loops
from symgrad.writing.naming import Names


class Rows:
    """Functions of the table that C lacks and that a file defines: each by its last definition."""

    def __init__(self, table: FunctionTable) -> None:
        self.table = table
        self.taken = Names([*LIBRARY, *HELPERS], KEYWORDS)
        self.called: dict[str, str] = {}
        self.target = C

    def has(self, op: str) -> bool:
        """Whether an operation can be such a function."""
        function = None if op in C.spellings else self.table.get(op)
        if function is None or not function.definitions:
            return False
        return function.is_operation and function.is_elementwise

    def spell(self, graph: Graph) -> Target:
        """The target with names for all such functions of a graph, and of those that they call."""
        waiting = [node.op for node in graph.nodes]
        while waiting:
            op = waiting.pop()
            if op not in self.called and self.has(op):
                self.called[op] = self.taken.fresh(op.lstrip("_"))
                waiting += [node.op for node in self.body(op).nodes]
        spellings = {
            op: Spelling(f"{name}({', '.join(f'{{{k}}}' for k in range(self._count(op)))})")
            for op, name in self.called.items()
        }
        self.target = replace(C, spellings={**C.spellings, **spellings})
        return self.target

    def _count(self, op: str) -> int:
        return len(self.table[op].parameters)

    def body(self, op: str) -> Graph:
        """A definition in operations of C, and in other rows."""
        graph = definition(self.table[op], self.table, -1)
        rows = {node.op for node in graph.nodes if self.has(node.op)}
        return legalise(graph, C.known | rows, self.table, "c")

    def sources(self) -> list[str]:
        """The functions, each after those that it calls."""
        calls = {
            op: [n.op for n in self.body(op).nodes if n.op in self.called] for op in self.called
        }
        placed: dict[str, None] = {}
        waiting = list(self.called)
        while waiting:
            missing = [op for op in calls[waiting[-1]] if op not in placed]
            if missing:
                waiting += missing
            else:
                placed[waiting.pop()] = None
        return [self._source(op) for op in placed]

    def _source(self, op: str) -> str:
        function = self.table[op]
        graph = squares_as_products(self.body(op))
        names = PlainNames([*LIBRARY, *HELPERS, *self.called.values()], KEYWORDS)
        arguments = renamed(function.names, names)
        kinds = {p.name: "int" if p.kind == "bool" else "double" for p in function.parameters}
        shapes = dict.fromkeys(graph.nodes, ())
        plan = schedule(graph, self.target, self.table, None)
        numbers = {n: np.asarray(n.value) for n in graph.nodes if n.is_constant}
        writer = Loops(plan, self.target, arguments, names, shapes, numbers, "", {})
        body = emit(plan, self.target, arguments, names, ["value"], writer=writer)
        given = ", ".join(f"{kinds[name]} {arguments[name]}" for name in function.names)
        head = f"static double {self.called[op]}({given})"
        unused = [f"    (void){a};" for n, a in arguments.items() if n not in graph.inputs()]
        lines = [*unused, *(f"    {line}" for line in body.statements)]
        return "\n".join([head, "{", *lines, f"    return {body.results[0]};", "}", ""])


class PlainNames(Names):
    """Names in letters that every compiler takes."""

    def fresh(self, wanted: str, instead: str = "") -> str:
        """The name as it is spelt in such letters, or with underscores after it."""
        return super().fresh(_ascii(wanted), _ascii(instead))

    def numbered(self, stem: str) -> str:
        """The stem in such letters, with a number where it is taken."""
        return super().numbered(_ascii(stem))


def renamed(inputs: Sequence[str], names: Names) -> dict[str, str]:
    """What each input is called in C: its own name wherever C has no other use for that."""
    return {name: names.fresh(name) for name in inputs}


def _ascii(name: str) -> str:
    """A name in letters that every compiler takes; Greek ones are spelt out."""
    spelt = "".join(c if c.isascii() else _letter(c) for c in name.replace(" ", "_"))
    reserved = spelt[:2] == "__" or (spelt[:1] == "_" and spelt[1:2].isupper())
    return f"x{spelt}" if reserved else spelt


_SPELT = {"LAMDA": "lambda"}
"""Unicode's names that are not the usual ones."""


def _letter(character: str) -> str:
    words = unicodedata.name(character).split()
    word = _SPELT.get(words[words.index("LETTER") + 1], words[words.index("LETTER") + 1]).lower()
    return word.capitalize() if "CAPITAL" in words else word
