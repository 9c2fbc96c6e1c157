"""Functions that a file carries along, written from the lines of the table.

A row of functions.sg may mean something short, `log(x / y)`, and be computed by cases, so that
nothing overflows or cancels. Where its operands are no constants, a file calls such a row by name,
and the cases stand once, below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from symgrad.emit import emit
from symgrad.functions import Function, FunctionTable
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.spelling import Spelling
from symgrad.lower import definition
from symgrad.rewriting.finish import finish
from symgrad.schedule import schedule
from symgrad.simplify import expand, legalise
from symgrad.targets import Target
from symgrad.writing.lines import laid_out
from symgrad.writing.naming import Names

_CASES = re.compile(r"\b(?:where|keep)\(")
_WIDTH = 78
_SIZES = frozenset("size _count ndim _equal_parts".split())


def with_carried(graph: Graph, table: FunctionTable, target: Target) -> tuple[Graph, Target]:
    """A graph with such rows as operations, and the target that has their names.

    A row with a constant or a size for an operand becomes its definition: NumPy would take the type
    of what the cases make of a plain number for that of an array.
    """
    carried = _carried(table, target)
    spellings = {name: _spelling(table[name]) for name in carried}
    more = replace(target, spellings={**target.spellings, **spellings})

    def replaced(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if plain.isdisjoint(args):
            return None
        body = definition(table[node.op], table, -1)
        return build.inline(body, dict(zip(table[node.op].operands, args, strict=True)), node.span)

    before, plain = None, set[Node]()
    while graph is not before:
        before = graph
        graph = expand(graph, more.known, table, target.name)
        plain = _plain_numbers(graph)
        graph = rebuilt(graph, replaced, carried)
    return graph, more


def _plain_numbers(graph: Graph) -> set[Node]:
    """The nodes that are numbers of Python in code: constants, sizes, and what is made of them."""
    found: set[Node] = set()
    for node in graph.nodes:
        made = node.args and all(arg in found for arg in node.args)
        if node.is_constant or node.op in _SIZES or made:
            found.add(node)
    return found


def _carried(table: FunctionTable, target: Target) -> frozenset[str]:
    """The rows of numbers that are computed by cases and that the target has no name for."""
    found: frozenset[str] | None = table.cache.get(("carried", target.name))
    if found is None:
        names = (name for name in table if name not in target.spellings)
        found = frozenset(name for name in names if _about(table[name]))
        table.cache["carried", target.name] = found
    return found


def _about(function: Function) -> str:
    """What a row means that is computed by cases, in a line; empty for any other."""
    numbers = all(parameter.kind == "number" for parameter in function.parameters)
    if not (function.definitions and numbers and function.is_operation):
        return ""
    meaning, computed = (_text(function, place) for place in (0, -1))
    if _CASES.search(computed) and not _CASES.search(meaning):
        full = f"{meaning}, also where that overflows or loses digits."
        return full if len(full) <= _WIDTH else f"{meaning}."
    tree = function.definitions[0]
    if len(function.definitions) > 1 or getattr(tree.value, "name", "") != "keep":
        return ""
    condition, kept = (function.text[slice(*part.span)] for part in tree.args)
    return f"{kept} where {condition}, else 0."


def _text(function: Function, place: int) -> str:
    """A definition as it stands in the table."""
    return " ".join(function.text[slice(*function.definitions[place].span)].split())


def _spelling(function: Function) -> Spelling:
    places = ", ".join(f"{{{place}}}" for place in range(len(function.operands)))
    return Spelling(f"{_called(function.name)}({places})")


def _called(name: str) -> str:
    """The name of a row in a file, where its own helpers begin with an underscore."""
    return name if name.startswith("_") else f"_{name}"


def carried_helpers(code: str, table: FunctionTable, target: Target) -> dict[str, str]:
    """The functions of such rows that code calls, and those that they call themselves."""
    carried = {_called(name): name for name in _carried(table, target)}
    found: dict[str, str] = {}
    waiting = [code]
    while waiting:
        called = carried.keys() & {*re.findall(r"\b_\w+(?=\()", waiting.pop())}
        for name in sorted(called - found.keys()):
            found[name] = _helper(table[carried[name]], table, target)
            waiting.append(found[name])
    return dict(sorted(found.items()))


def _helper(function: Function, table: FunctionTable, target: Target) -> str:
    graph, more = with_carried(definition(function, table, -1), table, target)
    graph = finish(legalise(graph, more.known, table, target.name, touched=True), frozenset())
    names = Names({"np", "special", *more.spellings})
    arguments = {name: names.fresh(name) for name in function.operands}
    plan = schedule(graph, more, table, graph.outputs[0])
    body = emit(plan, more, arguments, names, ["value"], {}, {})
    given = ", ".join(f"{name}: Array" for name in arguments.values())
    lines = [*body.statements, f"return {body.results[0]}"]
    return "\n".join(
        [
            f"def {_called(function.name)}({given}) -> Array:",
            f'    """{_about(function)}"""',
            *(laid_out("    ", line) for line in lines),
            "",
        ]
    )
