"""The graph: shared operations with at most two operands, in topological order.

A node is interned by its `Builder`: the same operation on the same operands is the same node, so
identity is equality and nothing ever recurses. Operands exist before what uses them, so a pass over
a graph is a loop over `Graph.nodes`.

Besides the functions of functions.sg a node's `op` is one of the structural ones:

- "input" (its `value` is the name), "constant" (its `value` a float or a bool);
- "index": a part of its operand, at the key in `value`; a second operand fills the key's holes;
- "place": zeros in the shape of its second operand, with the first one added at `value`; the second
  one may be a pair, which then fills the key's holes as well;
- "pair": two operands as one; "integer": its operand as whole numbers;
- "broadcast": its first operand in the shape of its second;
- "unbroadcast": its first operand, summed down to the shape of its second;
- "join": something in the shape to which its operands broadcast; only its shape is ever used;
- "copy": its operand in memory of its own; "cast": its first operand in the type of its second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from symgrad.errors import LimitError, Span
from symgrad.language.labels import UNNAMED, shown
from symgrad.limits import Limits, checkpoint

Value = float | bool | str | tuple[Any, ...] | None

STRUCTURAL = frozenset("index place broadcast unbroadcast copy cast pair integer".split())


_NOWHERE: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """An operation, its operands, and for inputs, constants and indices what tells them apart.

    Nothing changes a node once it is made, so graphs share nodes; only `settled` is filled in later
    by the rewriter: the sections of rewrites.sg that have no rule for it. It is not frozen by
    Python, which would make it three times as dear, and a large formula has millions.
    """

    op: str
    args: tuple[Node, ...] = ()
    value: Value = None
    span: Span | None = None
    settled: frozenset[str] = _NOWHERE

    @property
    def attributes(self) -> tuple[Any, ...]:
        """What tells an operation apart besides its operands: axes, shapes, keys."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def is_constant(self) -> bool:
        """Whether it is a number or a truth value."""
        return self.op == "constant"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Graph:
    """Nodes in topological order, and which of them are the results.

    `labels` tells what nodes are called: see labels.py. Where nodes become one, the last counts.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[Node, ...]
    labels: Mapping[Node, str] = field(default_factory=dict)

    def uses(self) -> Counter[Node]:
        """How often each node is an operand."""
        return Counter(chain.from_iterable([node.args for node in self.nodes]))

    def inputs(self) -> dict[str, Node]:
        """The input nodes by name, in the order of the nodes."""
        return {str(node.value): node for node in self.nodes if node.op == "input"}

    def __repr__(self) -> str:
        return f"<Graph: {len(self.nodes)} nodes, {len(self.outputs)} outputs>"

    def __str__(self) -> str:
        """One operation a line, as `v3 = multiply(v1, x)`, and a last line with the outputs."""
        names: dict[Node, str] = {}
        lines: list[str] = []
        for node in self.nodes:
            if node.op == "input":
                names[node] = str(node.value)
            elif node.op == "constant":
                names[node] = repr(node.value)
            else:
                operands = [names[arg] for arg in node.args]
                if node.value is not None:
                    operands.append(str(node.value))
                names[node] = f"v{len(lines) + 1}"
                label = shown(self.labels.get(node, UNNAMED))
                note = f"  # {label}" if label else ""
                lines.append(f"{names[node]} = {node.op}({', '.join(operands)}){note}")
        lines.append("return " + ", ".join(names[node] for node in self.outputs))
        return "\n".join(lines)


def _key(op: str, args: tuple[Node, ...], value: Value) -> object:
    """Constants are told apart by type and bits: 0.0 from -0.0, True from 1.0; nan meets itself."""
    if isinstance(value, tuple):
        return op, args, value, tuple([type(part) for part in value])
    return op, args, key_of(value)


def key_of(value: Value) -> object:
    """A number by its bits, told apart from all that is none. Most numbers are their own key."""
    if not isinstance(value, float):
        return (value,)
    return value if value < 0 or value > 0 else value.hex()


_STRIDE = 256
"""After how many new nodes a builder looks at the limits."""


class Builder:
    """Makes nodes, each once.

    `place` is where those stand in the formula that are made without a place of their own, `notes`
    is for what a pass remembers of them.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.place: Span | None = None
        self.notes: dict[object, Any] = {}
        self._table: dict[object, Node] = {}
        self._most = Limits.current().nodes
        self._next_look = min(_STRIDE, self._most)

    def node(self, op: str, *args: Node, value: Value = None, span: Span | None = None) -> Node:
        """The node of an operation, new or made before; a new one remembers the place `span`."""
        return self.intern(op, args, value, span)

    def intern(self, op: str, args: tuple[Node, ...], value: Value, span: Span | None) -> Node:
        """The same as `node`, for loops over many."""
        table = self._table or self._interned()
        key = (op, args) if value is None else _key(op, args, value)
        found = table.get(key)
        if found is None:
            if len(self.nodes) >= self._next_look:
                self._look()
            found = table[key] = Node(op, args, value, span or self.place)
            self.nodes.append(found)
        return found

    def _interned(self) -> dict[object, Node]:
        """The table of nodes. It is not filled before a node is made: many passes make none."""
        for node in self.nodes:
            value, key = node.value, (node.op, node.args)
            self._table[key if value is None else _key(*key, value)] = node
        return self._table

    def _look(self) -> None:
        """Stop what grows without end."""
        if len(self.nodes) >= self._most:
            raise LimitError(
                f"the formula needs more than {self._most:,} operations",
                hint="Functions that call functions double at each level. "
                "symgrad.Limits(nodes=...) sets the limit.",
            )
        checkpoint()
        self._next_look = min(len(self.nodes) + _STRIDE, self._most)

    def take(self, node: Node) -> Node:
        """A node that another builder made, on operands that are here; or what is here for it.

        As long as this builder has made none itself, all are to come from one graph.
        """
        if not self._table:
            self.nodes.append(node)
            return node
        value, key = node.value, (node.op, node.args)
        whole_key = key if value is None else _key(*key, value)
        found = self._table.setdefault(whole_key, node)
        if found is node:
            if len(self.nodes) >= self._next_look:
                self._look()
            self.nodes.append(node)
        return found

    def constant(self, value: float | bool) -> Node:
        """The node of a number, as a double, or of a truth value."""
        return self.node("constant", value=value if isinstance(value, bool) else float(value))

    def known(self, op: str, *args: Node) -> Node | None:
        """The node, if it was made before."""
        return (self._table or self._interned()).get((op, args))

    def inline(self, graph: Graph, inputs: Mapping[str, Node], span: Span | None = None) -> Node:
        """Make the operations of a graph again, on other inputs; the node of its one output."""
        made: dict[Node, Node] = {}
        get = made.__getitem__
        for node in graph.nodes:
            if node.op == "input":
                made[node] = inputs[str(node.value)]
            else:
                made[node] = self.intern(node.op, tuple(map(get, node.args)), node.value, span)
        return made[graph.outputs[0]]

    def graph(self, outputs: Sequence[Node], labels: Mapping[Node, str] | None = None) -> Graph:
        """The part of what was built that the outputs need."""
        return part_of(self.nodes, outputs, labels or {})


Replace = Callable[[Builder, Node, list[Node], Mapping[Node, Node]], Node | None]
"""What a pass makes of a node: given a builder, the node, its operands as they are now, and what
became of the nodes before. None leaves the operation as it was."""


class Changes(dict[Node, Node]):
    """What became of nodes: those that are not in it stayed what they are."""

    def __missing__(self, node: Node) -> Node:
        return node


def rebuilt(
    graph: Graph,
    replace: Replace,
    ops: Container[str] | None = None,
    nodes: Container[Node] | None = None,
) -> Graph:
    """The graph, made again where an operation is replaced or has operands that were.

    `ops` are the operations that may be replaced; None for all. `nodes` are those of which some
    are, if any is: besides these, only what has operands that were replaced may be.
    """
    concerned = _concerned(graph, ops, nodes)
    if True not in concerned:
        return graph
    start = concerned.index(True)
    build = Builder()
    build.nodes.extend(graph.nodes[:start])
    made = Changes()
    unchanged, get = made.keys().isdisjoint, made.get
    take, intern = build.take, build.intern
    for node, there in zip(graph.nodes[start:], concerned[start:], strict=True):
        operands = node.args
        if made and not unchanged(operands):
            args = list(map(get, operands, operands))
            there = there or ops is None
            same = False
        elif there:
            args, same = list(operands), True
        else:
            taken = take(node)
            if taken is not node:
                made[node] = taken
            continue
        replaced = None
        if there:
            build.place = node.span
            replaced = replace(build, node, args, made)
            same = same and args == list(operands)
        if replaced is None:
            replaced = take(node) if same else intern(node.op, tuple(args), node.value, node.span)
        if replaced is not node:
            made[node] = replaced
    if not made:
        return graph
    labels = {get(node, node): name for node, name in graph.labels.items()}
    return build.graph([made[node] for node in graph.outputs], labels)


def _concerned(
    graph: Graph, ops: Container[str] | None, nodes: Container[Node] | None
) -> Sequence[bool]:
    """Of each node of a graph, whether it may be replaced as long as its operands stay."""
    if nodes is not None:
        return [node in nodes and (ops is None or node.op in ops) for node in graph.nodes]
    if ops is not None:
        return [node.op in ops for node in graph.nodes]
    return [True] * len(graph.nodes)


def builder_of(graph: Graph) -> Builder:
    """A builder that goes on where a graph ends."""
    build = Builder()
    build.nodes.extend(graph.nodes)
    return build


def part_of(nodes: Sequence[Node], outputs: Sequence[Node], labels: Mapping[Node, str]) -> Graph:
    """The part of some nodes, in topological order, that the outputs need."""
    needed = set(chain.from_iterable([node.args for node in nodes]))
    needed.update(outputs)
    if len(needed) < len(nodes):  # Something is no operand of anything, and no output.
        needed = ancestors(nodes, outputs)
        nodes = [node for node in nodes if node in needed]
    if not labels.keys() <= needed:
        labels = {node: name for node, name in labels.items() if node in needed}
    return Graph(tuple(nodes), tuple(outputs), labels)


def ancestors(nodes: Sequence[Node], outputs: Iterable[Node]) -> set[Node]:
    """The outputs and all that they are computed from; `nodes` is in topological order."""
    needed = set(outputs)
    for node in reversed(nodes):
        if node in needed:
            needed.update(node.args)
    return needed


def descendants(nodes: Iterable[Node], roots: Iterable[Node]) -> set[Node]:
    """The roots and all that is computed from them; `nodes` is in topological order."""
    reached = set(roots)
    for node in nodes:
        if not reached.isdisjoint(node.args):
            reached.add(node)
    return reached


def complementary(p: Node, q: Node) -> bool:
    """Whether two conditions are one another's negation."""
    return p.args == (q,) if p.op == "logical_not" else q.op == "logical_not" and q.args == (p,)
