"""A graph as loops over one axis: what is done before, for rows at a time, and after.

Most losses are a map over samples and a sum. One axis is chosen, that of the samples; then each
operation is one of these:

- *plain*: it needs no rows, or all of them at once. It is computed as a whole, where it stands;
- *rows*: its result has the axis, and a row of it needs those rows of its operands alone;
- *sum*: it sums over the axis, or takes the largest or smallest: parts of it can be added up.

Rows and sums make up loops. What stands between two loops needs a sum from the first, or all of its
rows; the second needs that in turn. A loop can be run on any part of the rows, as what it gives for
two parts is added, so the same plan serves blocks for the cache, threads, and data in chunks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.items import unpaired
from symgrad.limits import checkpoint
from symgrad.rewriting.finish import VIEWS
from symgrad.shapes import Inference
from symgrad.shaping.axes import Axes, Labels, label_axes
from symgrad.shaping.misfit import Misfit, Shape, product

PLAIN, ROWS, SUM = "plain", "rows", "sum"

LOCALS = ("start", "stop", "step", "buffers", "row", "end")
"""What the code of a loop calls its own: inputs of these names have others there."""

COMBINED: Mapping[str, str] = {
    **dict.fromkeys("sum _mm _at matmul _einsum _vdot unbroadcast".split(), "add"),
    "_norm": "hypot",
    "max": "maximum",
    "min": "minimum",
}
"""How two parts of what sums over rows become one."""

_AT_ONCE = frozenset(("_norm",))
"""What is quicker in one call for arrays in memory, and not made of parts there."""

NUMBERS = frozenset(("size", "_count", "ndim", "_equal_parts"))
_ARITHMETIC = frozenset("add subtract multiply divide negative power maximum minimum sqrt".split())
_QUICK = frozenset("add subtract multiply divide negative".split())
_LEAST_SHARE = 0.5
"""Where less of the work than this is done in loops, a plan is not worth its trouble."""

_STORED = 3
"""How many operations in a loop make up for a result that is kept for the next one."""

_TAKES_NUMBERS = _ARITHMETIC | frozenset(
    """pair keep cast broadcast maximum minimum less less_equal greater greater_equal equal
    not_equal _zeros _ones eye _reshape _broadcast_to _counting exp log join""".split()
)
"""What may be done with a number of Python that is the result of another segment."""

_BY_TYPE = {"cast": 1, "_zeros": 0, "_ones": 0, "eye": 0}
"""How many operands of an operation are read; of others the type is enough."""

_CHEAP = (VIEWS | {"join", "pair", "constant"}) - {"index", "_reshape", "_broadcast_to"}
"""What is made again in each segment that needs it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a plan that is run as a whole, or as a loop over rows.

    `needs` are the results of others and the inputs that it takes, `results` what others and the
    caller take from it. `nodes` are in topological order, what is made again included.
    """

    loops: bool
    nodes: tuple[Node, ...]
    needs: tuple[Node, ...]
    results: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A graph as segments, in order.

    `rows` tells for each array with the axis where that stands, `kinds` what each node is, and
    `numbers` which nodes are plain numbers made of sizes. `share` is that part of the work which
    is done in loops; `size` is the number of rows.
    """

    graph: Graph
    label: int
    axes: Axes
    segments: tuple[Segment, ...]
    rows: Mapping[Node, int]
    kinds: Mapping[Node, str]
    numbers: frozenset[Node]
    share: float
    size: int

    def labels(self, node: Node) -> Labels:
        """The labels of a node's axes."""
        return self.axes.labels[node]


def in_loops(
    graph: Graph,
    found: Inference,
    supported: Callable[[Node], bool],
    chosen: tuple[str, int] | None = None,
) -> Plan | None:
    """The plan with the largest part of the work in few loops; None where nothing loops.

    `supported` tells which operations can be done on rows at all. Where an input and one of its
    axes are `chosen`, the rows are along that axis, and a loop that needs the rows of an earlier
    one computes them anew: they are too many to be kept.
    """
    visit_all(graph, found)
    numbers = frozenset(_numbers(graph))
    if any(
        node.op not in _TAKES_NUMBERS and node not in numbers and not numbers.isdisjoint(node.args)
        for node in graph.nodes
    ):
        return None
    axes = label_axes(graph, found.shapes)
    costs = {node: _cost(node, found.shapes) for node in graph.nodes if node not in numbers}
    total = sum(costs.values())
    found_plans: list[tuple[tuple[int, int], Plan]] = []
    along = _work_along(axes, costs)
    for label, size in axes.sizes.items():
        if chosen is not None and label != _chosen(graph, axes, *chosen):
            continue
        if size < 2 or (chosen is None and along[label] < _LEAST_SHARE * total):
            continue
        checkpoint()
        kinds = _kinds(graph, axes, label, numbers, supported, chosen is not None)
        done = sum(costs[node] for node, kind in kinds.items() if kind != PLAIN)
        if chosen is None and (done < _LEAST_SHARE * total or not done):
            continue
        rows = {n: labels.index(label) for n, labels in axes.labels.items() if label in labels}
        segments = _segments(graph, kinds, numbers, rows, anew=chosen is not None)
        kept = [n for s in segments if s.loops for n in s.results if kinds[n] == ROWS]
        stored = sum(costs[node] for node in kept if node not in graph.outputs)
        share = done / total if total else 0.0
        plan = Plan(graph, label, axes, segments, rows, kinds, numbers, share, size)
        found_plans.append(((done - _STORED * stored, size), plan))
    return max(found_plans, key=lambda found: found[0])[1] if found_plans else None


def _work_along(axes: Axes, costs: Mapping[Node, int]) -> Counter[int | None]:
    """By axis, the work of all operations that read or give it: more are not done on its rows."""
    along: Counter[int | None] = Counter()
    for node, cost in costs.items():
        parts = (node, *[part for arg in node.args for part in unpaired(arg)])
        met = {label for part in parts for label in axes.labels.get(part, ())}
        along.update({label: cost for label in met if label is not None})
    return along


def _chosen(graph: Graph, axes: Axes, name: str, axis: int) -> int | None:
    node = graph.inputs().get(name)
    return axes.labels[node][axis] if node in axes.labels else None


def coupling(plan: Plan) -> Node | None:
    """The first operation that needs all rows at once; None where a chunk of them does."""
    for segment in plan.segments:
        for node in () if segment.loops else segment.nodes:
            read = node.args[: _BY_TYPE.get(node.op)]
            parts = [part for arg in read if arg not in plan.numbers for part in unpaired(arg)]
            if any(part in plan.rows for part in parts) and node not in plan.numbers:
                return node
    return None


def visit_all(graph: Graph, found: Inference) -> None:
    """Find the shapes of all nodes, as far as they can be known."""
    for node in graph.nodes:
        if node not in found.shapes:
            try:
                found.visit(node)
            except Misfit:
                found.shapes[node] = None


def without_means(graph: Graph) -> Graph:
    """A mean is a sum and a quotient, as NumPy computes it: sums can be added up."""

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        if node.op != "mean":
            return None
        total = build.node("sum", args[0], value=node.value)
        count = build.node("_count", args[0], value=node.attributes[:1])
        return build.node("divide", total, count)

    return rebuilt(graph, replace) if any(n.op == "mean" for n in graph.nodes) else graph


def _numbers(graph: Graph) -> set[Node]:
    """Sizes, and what arithmetic makes of them and of constants."""
    plain: set[Node] = set()
    constants = {node for node in graph.nodes if node.is_constant}
    for node in graph.nodes:
        if node.op in NUMBERS or (
            node.op in _ARITHMETIC
            and (plain | constants).issuperset(node.args)
            and not constants.issuperset(node.args)
        ):
            plain.add(node)
    return plain


def _cost(node: Node, shapes: Mapping[Node, Shape | None]) -> int:
    """About how many numbers an operation reads or writes."""
    if node.op in _CHEAP or node.op == "input":
        return 0
    read = node.args[:1] if node.op == "cast" else node.args
    around = [shapes.get(part) for arg in read for part in unpaired(arg)]
    known = [shape for shape in (shapes.get(node), *around) if shape is not None]
    return max([product(shape) or 0 for shape in known], default=0)


def _kinds(
    graph: Graph,
    axes: Axes,
    label: int,
    numbers: frozenset[Node],
    supported: Callable[[Node], bool],
    in_chunks: bool,
) -> dict[Node, str]:
    kinds: dict[Node, str] = {}
    none: frozenset[int] = frozenset()
    for node in graph.nodes:
        if node in numbers or node.is_constant:
            continue
        operands = [part for arg in node.args for part in unpaired(arg)]
        around = [axes.labels.get(part, ()) for part in (node, *operands)]
        carried = any(label in labels for labels in around[1:])
        twice = any(labels.count(label) > 1 for labels in around)
        clear = carried and not twice and label not in axes.mixed.get(node, none)
        unknown = any(part not in axes.labels for part in (node, *operands))
        kinds[node] = PLAIN
        if not clear or unknown or node.op == "input":
            continue
        if label in axes.summed.get(node, none):
            parts = node.op in COMBINED and (in_chunks or node.op not in _AT_ONCE)
            if parts and supported(node):
                kinds[node] = SUM
        elif label in around[0] and (node.op in _CHEAP or supported(node)):
            kinds[node] = ROWS
    return kinds


def _segments(
    graph: Graph,
    kinds: Mapping[Node, str],
    numbers: frozenset[Node],
    rows: Mapping[Node, int],
    anew: bool,
) -> tuple[Segment, ...]:
    """Plain segments and loops by turns; empty ones are left out."""
    level: dict[Node, int] = {}
    for node in graph.nodes:
        kind = kinds.get(node, PLAIN)
        levels = [0]
        read = () if node in numbers else node.args  # Sizes are known before anything is run.
        for arg in (part for a in read for part in unpaired(a)):
            other, at = kinds.get(arg, PLAIN), level[arg]
            after = other == SUM or (other == ROWS and kind == PLAIN)
            levels.append(at + after)
        level[node] = max(levels)
    last = max(level.values())
    wanted = set(graph.outputs)
    found: list[Segment] = []
    for at in range(last, -1, -1):
        for loops in (True, False):
            own = {
                node
                for node in graph.nodes
                if level[node] == at and (kinds.get(node, PLAIN) != PLAIN) == loops
            }
            segment = _segment(graph, own, loops, wanted, kinds, numbers, rows, anew)
            if segment is not None:
                wanted.difference_update(segment.results)
                wanted.update(segment.needs)
                found.append(segment)
    return tuple(reversed(found))


def _segment(
    graph: Graph,
    own: set[Node],
    loops: bool,
    wanted: set[Node],
    kinds: Mapping[Node, str],
    numbers: frozenset[Node],
    rows: Mapping[Node, int],
    anew: bool,
) -> Segment | None:
    results = [n for n in graph.nodes if n in wanted and n in own and n.op != "input"]
    results = [n for n in results if n not in numbers or n in graph.outputs]
    if not results:
        return None
    inside, needs = set(results), set()
    for node in reversed(graph.nodes):
        if node not in inside:
            continue
        for arg in node.args:
            cheap = (
                arg.op in _CHEAP or arg.op == "logical_not"
            )  # One half of a choice looks for it.
            again = cheap and not (loops and arg in rows and kinds.get(arg) == PLAIN)
            again |= loops and kinds.get(arg) == ROWS and (anew or _is_quick(graph, arg, rows))
            if arg.op == "input" or arg in numbers or not (arg in own or again):
                needs.add(arg)
            else:
                inside.add(arg)
    ordered = [node for node in graph.nodes if node in needs]
    nodes = tuple(node for node in graph.nodes if node in inside)
    return Segment(loops, nodes, tuple(ordered), tuple(results))


def _is_quick(graph: Graph, node: Node, rows: Mapping[Node, int]) -> bool:
    """Whether it takes no longer to compute rows again than to fetch them from where they are kept:
    by arithmetic with one array of rows, which is given."""
    read = {arg for arg in node.args if arg in rows}
    given = all(arg.op == "input" for arg in read) and len(read) == 1
    return node.op in _QUICK and given and node not in graph.outputs


def described(plan: Plan | None, names: Mapping[int, str] = MappingProxyType({})) -> list[str]:
    """The plan in words, a line for each segment; `names` are those of sizes."""
    if plan is None:
        return ["as a whole: there is no axis over which most of the work is a map or a sum"]
    axis = names.get(plan.size, "")
    lines = [f"rows: those of the axis {axis}; {plan.share:.0%} of the work is done on them"]
    for segment in plan.segments:
        done = [n for n in segment.nodes if n.op not in _CHEAP]
        sums = [n for n in segment.results if plan.kinds.get(n) == SUM]
        what = f"{len(done)} operation{'s' if len(done) != 1 else ''}"
        if segment.loops:
            lines.append(f"in blocks of rows: {what}, {len(sums)} of them sums over the rows")
        else:
            lines.append(f"as a whole: {what}")
    return lines
