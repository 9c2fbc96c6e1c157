"""Graph to steps: what is folded into one call, what is computed once, and in which order."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import partial
from itertools import chain

from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node, Value, ancestors
from symgrad.language.items import operands_of, unpaired
from symgrad.language.labels import is_cotangent
from symgrad.language.spelling import INFIX
from symgrad.limits import paced
from symgrad.lower import definition
from symgrad.rewriting.matching import match
from symgrad.rewriting.rules import Rule
from symgrad.targets import Target


@dataclass(slots=True, eq=False)
class Step:
    """An operation as a target writes it: its spelling's name and its operands, however many.

    `parts` are the nodes that are written into one array, line by line. Nothing changes a step once
    it is made, as with nodes.
    """

    node: Node
    spelling: str
    operands: tuple[Node, ...]
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps in order, how often each result is used, and which of them the value needs."""

    steps: tuple[Step, ...]
    uses: Mapping[Node, int]
    value: frozenset[Node]
    outputs: tuple[Node, ...]
    labels: Mapping[Node, str]


def schedule(graph: Graph, target: Target, table: FunctionTable, value: Node | None) -> Schedule:
    """Order the operations of a graph: those of the value first, as the graph has them.

    Where the value is not among the outputs, they are those that labels tell of.
    """
    ops = {node.op for node in graph.nodes}
    folds = _folds(target, table, ops)
    uses = graph.uses()
    steps: dict[Node, Step] = {}
    placed: dict[Node, deque[Node]] = {}
    continued = begun(graph, uses)
    look = paced()
    for node in graph.nodes:
        look()
        op = node.op
        if node in continued or ((placed or op == "place") and _takes_over(node, placed, uses)):
            continue
        step = _folded(node, folds, uses) if op in folds else None
        if step is None and op in _SPECIAL:
            step = _structural(node, target, steps) or _joined(node, continued) or _turned(node)
        if step is None:
            spelling = _spelling(node, target) if op in _WITH_SPECIAL_CASES else op
            step = Step(node, spelling, _operands(node) if "pair" in ops else node.args)
        steps[node] = step
    steps.update((node, _accumulated(node, parts)) for node, parts in placed.items())
    live = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node in live:
            live.update(steps[node].operands)
    before = [n for n, label in graph.labels.items() if not is_cotangent(label)]
    needed = ancestors(graph.nodes, before if value is None else [value])
    kept = [n for n in graph.nodes if n in live]
    order = [n for n in kept if n in needed] + [n for n in kept if n not in needed]
    counts = Counter(chain.from_iterable([steps[n].operands for n in order]))
    counts.update(graph.outputs)
    return Schedule(
        tuple([steps[n] for n in order]), counts, frozenset(needed), graph.outputs, graph.labels
    )


_Folds = dict[str, list[tuple[str, tuple[str, ...], Rule]]]


def _folds(target: Target, table: FunctionTable, ops: Set[str]) -> _Folds:
    """Functions that the target has a call for, though the graph holds their definitions.

    They stand by the operation at their root, where all of theirs are among `ops`.
    """
    key = ("folds", target.known)
    folds: _Folds | None = table.cache.get(key)
    if folds is None:
        folds = {}
        for name in target.spellings:
            if table.is_composite(name):
                pattern = definition(table[name], table)
                rule = Rule(table.line(name), pattern, partial(definition, table[name], table), {})
                folds.setdefault(rule.root.op, []).append((name, table[name].names, rule))
        table.cache[key] = folds
    found = {}
    for op in folds.keys() & ops:
        found[op] = [fold for fold in folds[op] if fold[-1].operations <= ops]
    return found


def _folded(node: Node, folds: _Folds, uses: Mapping[Node, int]) -> Step | None:
    for name, parameters, rule in folds.get(node.op, ()) if node.args else ():
        bound = match(rule, node)
        if bound is not None and all(
            uses[arg] == 1 for arg in node.args if arg not in bound.values()
        ):
            return Step(node, name, tuple(bound[p] for p in parameters))
    return None


def _structural(node: Node, target: Target, steps: Mapping[Node, Step]) -> Step | None:
    """A sum over what was just broadcast is one call; so is a chain of joined shapes."""
    is_sum = node.op == "unbroadcast" and node.args[0].op == "broadcast"
    if is_sum and "unbroadcast of a broadcast" in target.spellings:
        cotangent, root = node.args[0].args
        return Step(node, "unbroadcast of a broadcast", (cotangent, root, node.args[1]))
    if node.op == "join" and node.args[0].op == "join":
        return Step(node, "join", (*steps[node.args[0]].operands, node.args[1]))
    return None


_TURNED: Mapping[str, str] = {
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
    "equal": "equal",
    "not_equal": "not_equal",
}
_SPECIAL = frozenset(("unbroadcast", "join", "concatenate", *_TURNED))
"""What may be another step than that of its own spelling."""


def _turned(node: Node) -> Step | None:
    """A comparison with a number has the number on its right."""
    if node.op not in _TURNED or not node.args[0].is_constant or node.args[1].is_constant:
        return None
    return Step(node, _TURNED[node.op], node.args[::-1])


def _operands(node: Node) -> tuple[Node, ...]:
    """The operands, those that fill holes included."""
    return tuple(operands_of(node))


def begun(graph: Graph, uses: Mapping[Node, int]) -> set[Node]:
    """Concatenations that are only the beginning of another one."""
    outputs = set(graph.outputs)
    pairs = [(node, node.args[0]) for node in graph.nodes if node.op == "concatenate"]
    return {
        first
        for node, first in pairs
        if first.op == "concatenate" and first.value == node.value
        if uses[first] == 1 and first not in outputs
    }


def _joined(node: Node, continued: set[Node]) -> Step | None:
    """A chain of concatenations is one; of what got a new axis for it, a stack."""
    if node.op != "concatenate":
        return None
    parts = [node.args[1]]
    first = node.args[0]
    while first in continued:
        parts.append(first.args[1])
        first = first.args[0]
    parts = [first, *reversed(parts)]
    if all(p.op == "expand_dims" and p.value == node.value for p in parts):
        return Step(node, "stack", tuple(part.args[0] for part in parts))
    return Step(node, "concatenate", tuple(parts))


def _takes_over(node: Node, placed: dict[Node, deque[Node]], uses: Mapping[Node, int]) -> bool:
    """Note what is placed into zeros, or a sum of such, with its parts in order.

    The parts of the shorter operand join those of the longer, which nothing else uses.
    """
    if node.op == "place":
        placed[node] = deque([node])
        return True
    if node.op != "add" or node.args[0] is node.args[1]:
        return False
    if not all(arg in placed and uses[arg] == 1 for arg in node.args):
        return False
    left, right = (placed[arg] for arg in node.args)
    if unpaired(left[0].args[1])[0] is not unpaired(right[0].args[1])[0]:
        return False
    for arg in node.args:
        del placed[arg]
    if len(left) >= len(right):
        left.extend(right)
    else:
        right.extendleft(reversed(left))
    placed[node] = max(left, right, key=len)
    return True


def _accumulated(node: Node, parts: deque[Node]) -> Step:
    """What is placed into zeros is written into one array."""
    operands = tuple(operand for part in parts for operand in _operands(part))
    return Step(node, "place", operands, tuple(parts))


_FILLED: Mapping[Value, str] = {0.0: "broadcast of 0", 1.0: "broadcast of 1"}


_WITH_SPECIAL_CASES = frozenset("power sqrt divide broadcast expand_dims".split())


def _spelling(node: Node, target: Target) -> str:
    """The operation's own spelling, or that of a special case which the target writes better."""
    special = node.op
    if node.op == "power" and _is_whole(node.args[1]):
        special = "power by a whole number"
    elif node.op == "sqrt" and _is_size(node.args[0]):
        special = "sqrt of a size"
    elif node.op == "divide" and node.args[0].is_constant and _is_size(node.args[1]):
        special = "divide by a size"
    elif node.op == "broadcast" and isinstance(node.args[0].value, float):
        special = _FILLED.get(node.args[0].value, "broadcast of a constant")
    elif node.op == "expand_dims" and (
        node.args[0].is_constant or _is_size(node.args[0]) or _mixes_signs(node.value)
    ):
        special = "expand_dims as a call"
    return special if special in target.spellings else node.op


def _is_size(node: Node) -> bool:
    """Whether a number is made of sizes, in which Python does not divide by zero."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found.op in INFIX:
            waiting.extend(found.args)
        elif not found.is_constant and found.op not in ("size", "_count"):
            return False
    return not node.is_constant


def _mixes_signs(value: Value) -> bool:
    """Whether axes are counted from both ends."""
    axes = value[0] if isinstance(value, tuple) else ()
    return isinstance(axes, tuple) and len({axis < 0 for axis in axes}) > 1


def _is_whole(node: Node) -> bool:
    return node.is_constant and isinstance(node.value, float) and node.value.is_integer()
