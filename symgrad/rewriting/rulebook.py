"""The rule book: the lines of rewrites.sg, and of functions.sg read backwards, as rules.

To read all lines and to make graphs of them takes a quarter of a second, so they are made when
the operations that they need turn up. The graphs lie beside the grammar, as a table with a rule a
line: where the grammar is not the one that it was made of, it is left alone. Run
`python -m symgrad.rewriting.rulebook` after a change of the grammar to write it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate
from typing import Any
from zlib import crc32

from symgrad.functions import FunctionTable, builtin_functions, table_lines
from symgrad.graph import Graph, Node
from symgrad.language.parser import grammar_folder
from symgrad.language.template import Wild
from symgrad.rewriting.rules import WILD, Rule, backward, make_rule

_TABLE = "rewrites.tsv"
_COMMON = frozenset("add subtract multiply divide power negative".split())
_LEAVES = frozenset(("input", "constant"))
_GRAMMAR = ("formula.lark", "functions.sg", "rewrites.sg")


@dataclass(slots=True)
class Line:
    """A rule that is made when it is asked for, and what it cannot match without: operations.

    First of these stands one that few lines need, if there is such.
    """

    needs: str
    make: Callable[[], Rule]
    rule: Rule | None = None


class Section:
    """The lines of a section, in order, and each by one operation that it needs."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = tuple(lines)
        self._by_operation: dict[str, list[Line]] = {}
        for line in self.lines:
            self._by_operation.setdefault(line.needs.partition(" ")[0], []).append(line)

    def fitting(self, seen: frozenset[str]) -> list[Line]:
        """The lines that can match where only these operations occur, in no order."""
        near = [line for op in ("", *seen) for line in self._by_operation.get(op, ())]
        return [line for line in near if seen.issuperset(line.needs.split())]


def section(name: str) -> Section:
    """A section of rewrites.sg; the stable one ends with definitions read backwards.

    They speak of the functions of the language alone: what users add changes nothing.
    """
    return _book()[name]


def parse_rules(
    sections: Sequence[str], seen: frozenset[str], more: tuple[Rule, ...] = ()
) -> tuple[Rule, ...]:
    """The rules of some sections that can match where only these operations occur, and some more.

    They stand in the order of their lines.
    """
    rules, known = set(more), len(more)
    for name in sections:
        for line in section(name).fitting(seen):
            line.rule = line.rule or line.make()
            rules.add(line.rule)
    if len(rules) == known:
        return more
    lines = [line for name in sections for line in section(name).lines]
    return tuple([line.rule for line in lines if line.rule in rules])


@cache
def _book() -> Mapping[str, Section]:
    return {name: Section(lines) for name, lines in read_book().items()}


def read_book() -> Mapping[str, tuple[Line, ...]]:
    """The lines by section: those of the table if it is that of the grammar."""
    kept = grammar_folder() / _TABLE
    if kept.is_file():
        digest, *rows = kept.read_text(encoding="utf-8").split("\n")[:-1] or [""]
        if digest == _digest():
            return _kept_lines(rows)
    return written_lines()


def _digest() -> str:
    """What tells one grammar from another."""
    texts = [(grammar_folder() / name).read_bytes() for name in _GRAMMAR]
    return f"{crc32(b''.join(texts)):08x}"


def _kept_lines(rows: Iterable[str]) -> Mapping[str, tuple[Line, ...]]:
    book: dict[str, list[Line]] = {}
    for row in rows:
        name, needs, entry = row.split("\t", 2)
        book.setdefault(name, []).append(Line(needs, partial(_kept_rule, entry)))
    return {name: tuple(lines) for name, lines in book.items()}


def _kept_rule(entry: str) -> Rule:
    text, guards, pattern, replacement, *same = entry.split("\t")
    about = dict(guard.split(":") for guard in guards.split())
    pairs = zip(same[::2], same[1::2], strict=True)
    expressions = {name: _kept_graph(graph) for name, graph in pairs}
    return Rule(text, _kept_graph(pattern), partial(_kept_graph, replacement), about, expressions)


def _kept_graph(entry: str) -> Graph:
    """A graph from its nodes: a name, a number, or an operation, the places of its operands and
    maybe a list of attributes."""
    nodes: list[Node] = []
    for item in json.loads(entry):
        if isinstance(item, list):
            value = tuple(map(_attribute, item.pop())) if isinstance(item[-1], list) else None
            op, *places = item
            nodes.append(Node(op, tuple([nodes[place] for place in places]), value))
        else:
            nodes.append(Node("input" if isinstance(item, str) else "constant", (), item))
    return Graph(tuple(nodes), (nodes[-1],))


def _attribute(part: Any) -> Any:
    """Names are those of wild attributes; lists are tuples of numbers."""
    if isinstance(part, list):
        return tuple(part)
    return WILD[part] if isinstance(part, str) else part


def table_text() -> str:
    """The table: what it was made of; then section, needs, text, guards and graphs of each rule,
    and the names that stand for an expression, with that."""
    rows = [_digest()]
    for name, lines in written_lines().items():
        for line in lines:
            rule = line.make()
            needs = _in_order({node.op for node in rule.matched.nodes} - _LEAVES)
            guards = " ".join(f"{about}:{guard}" for about, guard in rule.predicates.items())
            graphs = map(_entry, (rule.pattern, rule.replacement))
            same = [part for about, graph in rule.same.items() for part in (about, _entry(graph))]
            rows.append("\t".join([name, needs, rule.text, guards, *graphs, *same]))
    return "\n".join([*rows, ""])


def _entry(graph: Graph) -> str:
    places = {node: place for place, node in enumerate(graph.nodes)}
    items: list[Any] = []
    for node in graph.nodes:
        if node.op in _LEAVES:
            items.append(node.value)
        else:
            attributes = [] if node.value is None else [node.value]
            items.append([node.op, *map(places.__getitem__, node.args), *attributes])
    return json.dumps(items, separators=(",", ":"), default=_wild_name)


def _wild_name(value: Wild) -> str:
    return value.name


def written_lines() -> Mapping[str, tuple[Line, ...]]:
    """The lines by section, of which each is parsed when its rule is asked for."""
    table, blocks = builtin_functions(), _blocks()
    written = frozenset(
        line.split("->")[0].strip() for line in table_lines("".join(blocks.values()))
    )
    book = {
        name: tuple(
            _line(own, table)
            for line in table_lines(block)
            for own in (line, *_in_other_bases(line, written))
        )
        for name, block in blocks.items()
    }
    chosen = blocks["before"] + blocks["last"] + blocks["single"]
    named = frozenset(re.findall(r"-> *-?(\w+)\(.*:", chosen))
    book["stable"] += tuple(_backwards(table, named))
    return book


def _line(text: str, table: FunctionTable) -> Line:
    return Line(_needs(text.split("->")[0], table), partial(make_rule, text, table))


def _in_other_bases(line: str, written: Container[str] = ()) -> list[str]:
    """A line of log, for log2 and log10 as well; not where that is written out.

    Products and quotients of inputs are left alone: `log10(x / y)` is exact at powers of ten.
    """
    parts = re.fullmatch(r"log(\(.*\)) *-> (.*?)( : .*)?", line)
    if parts is None or not _is_one_call(parts[1]) or "varying" in (parts[3] or ""):
        return []
    pattern, replacement, guards = parts.groups(default="")
    return [
        f"log{base}{pattern} -> ({replacement}) * (1 / log({base})){guards}"
        for base in (2, 10)
        if f"log{base}{pattern}" not in written
    ]


def _is_one_call(text: str) -> bool:
    """Whether the first parenthesis is closed by the last."""
    depths = list(accumulate((c == "(") - (c == ")") for c in text))
    return 0 not in depths[:-1]


def _blocks() -> dict[str, str]:
    text = (grammar_folder() / "rewrites.sg").read_text(encoding="utf-8")
    return dict(re.findall(r"(?ms)^\[(\w+)\]\n(.*?)(?=^\[|\Z)", text))


_SIGNS = (
    (r"\+", "add"),
    (r"(?<!\*)\*(?!\*)", "multiply"),
    (r"/", "divide"),
    (r"\*\*", "power"),
    (r"&", "logical_and"),
    (r"\|", "logical_or"),
    (r"\bnot\b", "logical_not"),
    (r"(?<=[\w)]) - ", "subtract"),
    (r"(?:^|[(+*/-] ?)-[a-z_(]", "negative"),
)


def _in_order(operations: set[str]) -> str:
    """Operations with those last that many rules need."""
    return " ".join(sorted(operations, key=lambda op: (op in _COMMON, op)))


def _needs(pattern: str, table: FunctionTable) -> str:
    """The operations in a pattern's text, as far as they can be told without parsing it."""
    pattern = re.sub(r"\bsqrt\([\d* pi]+\)", "1", pattern)
    called = re.findall(r"([^\W\d]\w*)\s*\(", pattern)
    signs = [op for sign, op in _SIGNS if re.search(sign, pattern)]
    named = [name for name in called if name in table and not table.is_composite(name)]
    return _in_order({*named, *signs})


def _backwards(table: FunctionTable, named: frozenset[str]) -> list[Line]:
    """A function that is an operation replaces its first definition; long ones are tried first.

    Those that lines with guards of [before], [last] and [single] name are left to these. Functions
    that users added do not: their derivatives may be meant to differ from the definition's.
    """
    found = []
    for name in table:
        if name in named:
            continue
        head, _, body = table.line(name).partition(")")
        if not WILD.keys() >= set(re.findall(r"(\w+): (?:static|shape)", head)):
            continue
        first = re.match(r"\s*=(.*?)(?:(?<![<>=!])=(?!=)|:)", body)
        if first is not None:
            found.append((first[1].strip(), name))
    found.sort(key=lambda pair: -len(pair[0]))
    lines = []
    for text, name in found:
        lines.append(Line(_needs(text, table), partial(backward, table, name)))
        if text.startswith("log("):
            backwards = f"{text} -> {name}({', '.join(table[name].names)})"
            lines += [_line(own, table) for own in _in_other_bases(backwards)]
    return lines


if __name__ == "__main__":
    (grammar_folder() / _TABLE).write_text(table_text(), encoding="utf-8")
