"""What stands at each arrow of the compiler, and what the language knows, as text to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from symgrad.api import functions
from symgrad.functions import Function, FunctionTable
from symgrad.graph import Graph
from symgrad.language.formula import lower
from symgrad.language.template import written
from symgrad.language.tree import Statement, Tree
from symgrad.limits import Limits, compiling, plain_text
from symgrad.pipeline import declared, stages
from symgrad.running.programs import planned
from symgrad.syntax import parse
from symgrad.writing.document import calling_rows, function_source
from symgrad.writing.layout import layout_of, names_of
from symgrad.writing.rows import described

_HEAD = 150
_TAIL = 50
_WIDTH = 160
_DEEPEST = 40

_ABOUT = {
    "text": "The formula as it was typed.",
    "parse": "The text becomes a tree: the operands of an operation stand indented below it.",
    "lower": "The tree becomes a graph: an operation a line, and what occurs twice is made once.",
    "resolve": "What depends on how many axes there are is decided, as these are declared.",
    "derivative": "What is written as derivative(u, x) is taken, inner ones first.",
    "stabilise": "Rewrites replace what would overflow or lose accuracy in value or derivative.",
    "reverse": """\
The chain rule runs from the value back to the inputs. An operation with the result out gets g,
the derivative of the value with respect to out, and hands one on to each operand: what its rule
has after the colon, times g unless g stands there already.""",
    "simplify": "Rewrites shorten the derivatives and let them share what the value has computed.",
    "specialise": "Shapes are known: sums stand only where an operand was broadcast.",
    "emit": """\
The graph becomes Python: what is used once stands where it is used. The whole file, with imports
and helpers, is what symgrad value-and-grad prints.""",
    "rows": """\
Large arrays are run in blocks of rows that fit the cache, shared among threads. What needs no rows
is computed before, what needs sums or all rows between or after. Small ones run as shown above.""",
}

_OPERATIONS = {
    "index": "a part of its first operand",
    "place": "zeros in the shape of its second operand, but for the first one at an index",
    "broadcast": "its first operand, repeated to the shape of its second",
    "unbroadcast": "its first operand, summed to the shape of its second",
    "derivative": "that of its first operand by its second",
    "_variable": "its operand under a name, apart from all else with the same value",
    "keep": "its second operand where the first one holds, and 0 elsewhere",
    "indicator": "1 where its operand holds, and 0 elsewhere",
}
"""Operations that are no function of everyday mathematics."""


def explain(formula: str, wrt: str | Sequence[str] | None = None) -> str:
    """What the compiler makes of a formula, stage by stage; long stages are shown in part.

    Parameters
    ----------
    formula:
        Text in the formula language.
    wrt:
        The inputs to differentiate by, as for `grad`.

    >>> print(explain("2*sin(x)").partition("== stabilise")[0])
    == text ==
    The formula as it was typed.
    <BLANKLINE>
        2*sin(x)
    <BLANKLINE>
    == parse ==
    The text becomes a tree: the operands of an operation stand indented below it.
    <BLANKLINE>
        multiply
          2.0
          sin()
            x
    <BLANKLINE>
    == lower ==
    The tree becomes a graph: an operation a line, and what occurs twice is made once.
    <BLANKLINE>
        v1 = sin(x)
        v2 = multiply(2.0, v1)
        value = v2
    <BLANKLINE>
    <BLANKLINE>

    Raises
    ------
    SymgradError
        The formula or `wrt` is wrong; the message shows where.
    """
    table = functions()
    explained: set[str] = set()
    before, rules = "", [""]
    parts = []
    formula = plain_text(formula)
    with compiling(Limits.current()):
        made = list(stages(formula, names_of(wrt), table))
    for stage, derived in made:
        shown = str(derived.graph)
        paragraphs = [rules] if stage == "reverse" else []
        paragraphs.append(_graph_lines(shown, derived.wrt) if shown != before else ["(unchanged)"])
        new = [op for op in _OPERATIONS if op not in explained and f" {op}(" in shown]
        paragraphs.append([f"{op}: {_OPERATIONS[op]}" for op in new])
        parts.append(_section(stage, *paragraphs))
        explained.update(new)
        before, rules = shown, _rules(derived.graph, table)
    kind = "value_and_grad"
    ready, target = calling_rows(derived, table, formula)
    source = function_source(ready, kind, layout_of(wrt, derived.wrt), table, target, kind)
    parts = [
        _section("text", formula.strip().splitlines()),
        _section("parse", _tree_lines(parse(formula))),
        *parts,
        _section("emit", source.splitlines()),
    ]
    known = declared(lower(formula, table))
    if known is not None:
        plan, *_ = planned(derived, kind, table, known)
        parts.append(_section("rows", described(plan, known.names)))
    return "\n\n".join(parts)


def listing(rows: Sequence[Function]) -> str:
    """Functions as lines of functions.sg, with definitions and derivatives aligned.

    >>> print(listing([functions()["log1p"], functions()["square"]]))
    log1p(x)  = log(1 + x)
              : g / (1 + x)
    square(x) = x**2
    """
    return "\n".join(
        _aligned(
            (row.signature, [*_definitions(row), *([_derivatives(row)] if row.derivatives else [])])
            for row in rows
        )
    )


def _definitions(row: Function) -> list[str]:
    return [f"= {row.text[slice(*tree.span)]}" for tree in row.definitions]


def _derivatives(row: Function) -> str:
    return ": " + ", ".join(row.text[slice(*tree.span)] for tree in row.derivatives)


def _aligned(rows: Iterable[tuple[str, list[str]]]) -> list[str]:
    """Heads, each with its first part on its line, and the other parts below that."""
    table = list(rows)
    width = max((len(head) for head, _ in table), default=0)
    return [
        f"{head if place == 0 else '':{width}} {part}"
        for head, parts in table
        for place, part in enumerate(parts)
    ]


def _section(stage: str, *paragraphs: Iterable[str]) -> str:
    indented = ["\n".join(f"    {line}".rstrip() for line in _excerpt(p)) for p in paragraphs]
    return "\n\n".join([f"== {stage} ==\n{_ABOUT[stage]}", *filter(None, indented)])


def _excerpt(lines: Iterable[str]) -> Iterator[str]:
    """Lines of bounded number and width; of many lines, the first and the last."""
    rest = iter(lines)
    for line in islice(rest, _HEAD):
        yield _cut(line)
    tail: deque[str] = deque(maxlen=_TAIL)
    left_out = 0
    for line in rest:
        left_out += len(tail) == _TAIL
        tail.append(line)
    if left_out:
        yield f"... {left_out:,} more line{'s' if left_out > 1 else ''} ..."
    yield from map(_cut, tail)


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[:_WIDTH] + "..."


def _tree_lines(statements: Sequence[Statement]) -> Iterator[str]:
    """A line per operation, its operands below it and deeper, in the order of the text."""
    for statement in statements:
        if statement.target is not None:
            yield f"{_head(statement.target)} ="
        stack = [(statement.body, int(statement.target is not None))]
        while stack:
            tree, depth = stack.pop()
            lead = "" if depth <= _DEEPEST else f"[depth {depth}] "
            yield "  " * min(depth, _DEEPEST) + lead + _label(tree)
            stack.extend((arg, depth + 1) for arg in reversed(tree.args))


def _head(target: Tree) -> str:
    if target.op == "name":
        return str(target.value)
    if target.op == "tuple":
        return ", ".join(str(arg.value) for arg in target.args)
    return f"{target.value.name}({', '.join(arg.value for arg in target.args)})"


def _label(tree: Tree) -> str:
    match tree.op:
        case "number":
            return repr(tree.value)
        case "name":
            return str(tree.value)
        case "call":
            return f"{tree.value.name}({', '.join(f'{word}=' for word in tree.value.keywords)})"
        case "compare":
            return f"compare {' '.join(tree.value)}"
        case "index":
            return f"index [{written(tree.value)}]"
        case "literal":
            return repr(tree.value)
        case "attribute":
            return f".{tree.value}"
        case "conditional":
            return "if else"
        case op:
            return op


def _graph_lines(shown: str, wrt: Sequence[str]) -> list[str]:
    """A graph's lines, with its results one a line by what they are."""
    *lines, returned = shown.splitlines()
    results = returned.removeprefix("return ").split(", ")
    names = ["value", *(f"d/d{name}" for name in wrt)][: len(results)]
    width = max(map(len, names))
    pairs = zip(names, results, strict=True)
    return [*lines, *(f"{name:{width}} = {result}" for name, result in pairs)]


def _rules(graph: Graph, table: FunctionTable) -> list[str]:
    """The rules of a graph's operations, but for comparisons and the like, which have no slope."""
    used = dict.fromkeys(node.op for node in graph.nodes if node.op in table)
    return _aligned(
        (table[op].signature, [_derivatives(table[op])])
        for op in used
        if table[op].kind == "number"
    )
