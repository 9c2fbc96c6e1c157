"""Near a point where a formula cancels, or is 0 / 0, its power series takes its place.

What depends on one node only, like (x - sin(x)) / x**3, is looked at as a power series about 0, 1
and -1. Where the terms of a sum cancel, or a pole meets a zero, the formula is replaced by
`where(abs(x) < r, polynomial, formula)`: the series is as exact as the doubles within r, and
beyond r there is too little to cancel to matter. A choice is differentiated branch by branch, so
that derivatives of any order are right at the point, too. What is even in a square root, like
cos(sqrt(x)), is a series in x itself, and has derivatives where the root has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.lower import definition
from symgrad.rewriting.polynomials import Replacement, choice, replacement_of
from symgrad.rewriting.series import (
    FUNCTIONS,
    PRODUCTS,
    NoSeriesError,
    Series,
    applied,
    constant,
    divided,
    series,
)

_ARITHMETIC = frozenset("add subtract multiply divide negative power".split()) | PRODUCTS.keys()
_POLYNOMIALS = frozenset("add subtract multiply negative _cube_step _quartic_step".split())
_OF_RATIOS = frozenset(("_arctan_ratio",))
_LARGEST_REGION = 24
_FARTHEST = 1e6
_FEW, _MANY = 7, 30


class Region:
    """What depends on one node, through operations that have series, and on constants."""

    def __init__(self, variable: Node, users: Mapping[Node, list[Node]], table: FunctionTable):
        self.variable = variable
        self._table = table
        self.nodes: list[Node] = []
        # About infinity: what is 1 / x near 0 makes of x a pole.
        self.pole = variable.args[1] if _is_reciprocal(variable) else None
        inside = dict.fromkeys((variable,) if self.pole is None else (variable, self.pole))
        waiting = [node for each in inside for node in users.get(each, ())]
        while waiting and len(self.nodes) < _LARGEST_REGION:
            node = waiting.pop(0)
            if node in inside:
                continue
            for arg in node.args:
                if arg not in inside and arg.op != "constant":
                    break
            else:
                inside[node] = None
                self.nodes.append(node)
                waiting.extend(users.get(node, ()))

    def is_worth_a_look(self) -> bool:
        """Whether it is more than a polynomial, and more than one elementary operation."""
        plain = [node for node in self.nodes if _is_polynomial(node)]
        several = len(self.nodes) > 1 or any(node.op not in FUNCTIONS for node in self.nodes)
        return several and len(plain) < len(self.nodes) and any(map(self._may_cancel, self.nodes))

    def _may_cancel(self, node: Node) -> bool:
        """Whether digits could be lost in an operation, wherever: a cheap look at its operands."""
        varying = [arg for arg in node.args if not arg.is_constant]
        if node.op in ("add", "subtract", "log"):
            return any(arg is not self.variable for arg in varying)
        if node.op in ("multiply", "divide"):
            return len(varying) > 1
        return node.op in PRODUCTS or (node.op not in _ARITHMETIC and node.op not in FUNCTIONS)

    def points(self) -> list[float]:
        """Where else than at 0 it may cancel: 1 and -1, and where the variable meets a constant.

        What has a pole is looked at about infinity alone: other points are the pole's own.
        """
        if self.pole is not None:
            return []
        found = dict.fromkeys((1.0, -1.0))
        for node in self.nodes:
            if node.op in ("add", "subtract") and self.variable in node.args:
                for arg in node.args:
                    if arg.is_constant:
                        found[_value(arg) if node.op == "subtract" else -_value(arg)] = None
        return [point for point in found if abs(point) < _FARTHEST]

    def cancels(self, point: float) -> bool:
        """Whether anything cancels about a point; asked once for all regions that are alike."""
        key = ("cancels", point, self.form)
        found: bool | None = self._table.recent.get(key)
        if found is None:
            found = self._table.recent[key] = bool(self.expansions(point, _FEW)[1])
        return found

    def replacement(self, point: float, node: Node) -> Replacement | None:
        """The series of a node about a point, if it is of use; the same in all regions alike."""
        key = ("replacement", point, self.form, self.nodes.index(node))
        if key not in self._table.recent:
            exact, _ = self.expansions(point, _MANY)
            self._table.recent[key] = replacement_of(Node("any"), point, exact[node])
        found: Replacement | None = self._table.recent[key]
        return found

    @cached_property
    def form(self) -> tuple[object, ...]:
        """What it is, whatever its variable is."""
        places: dict[Node, object] = {node: place for place, node in enumerate(self.nodes)}
        places[self.variable] = "variable"
        lead: object = None
        if self.pole is not None:
            places[self.pole] = "pole"
            lead = _value(self.variable.args[0])
        operands = [
            tuple([_value(arg).hex() if arg.is_constant else places[arg] for arg in node.args])
            for node in self.nodes
        ]
        return lead, *zip([node.op for node in self.nodes], operands, strict=True)

    def expansions(self, point: float, count: int) -> tuple[dict[Node, Series], list[Node]]:
        """The series of each node that has one, and the nodes that cancel about the point."""
        moved = series([Fraction(point), Fraction(1), *[Fraction(0)] * (count - 2)])
        known = {self.variable: moved}
        exact = {self.variable}
        if self.pole is not None:
            factor = _value(self.variable.args[0])
            if not 0 < abs(factor) < _FARTHEST:
                return known, []
            known[self.pole] = divided(constant(factor, count), moved)
        found: list[Node] = []
        for node in self.nodes:
            args = [known.get(arg) for arg in node.args if not arg.is_constant]
            if None in args:
                continue
            try:
                known[node], cancels = self._apply(node, known, exact, count)
            except (NoSeriesError, ZeroDivisionError):
                continue
            if cancels:
                found.append(node)
            if node.op in ("negative", "abs") and exact.issuperset(node.args):
                exact.add(node)
        return known, found

    def _apply(
        self, node: Node, known: dict[Node, Series], exact: set[Node], count: int
    ) -> tuple[Series, bool]:
        meaning = None if node.op in _HAVE_SERIES else _means(node.op, self._table)
        if meaning is None:
            return _step(node, known, exact, count)
        values: dict[Node, Series] = {}
        rough: set[Node] = set()
        fixed: dict[Node, Node] = {}
        varying = [arg for arg in dict.fromkeys(node.args) if not arg.is_constant]
        inexact = varying if any(arg not in exact for arg in varying) else []
        names = dict(zip(self._table[node.op].operands, node.args, strict=True))
        cancels = False
        for step in meaning.nodes:
            if step.op == "input":
                arg = names[str(step.value)]
                values[step] = constant(_value(arg), count) if arg.is_constant else known[arg]
                fixed[step] = arg
            elif step.op != "constant":
                values[step], lost = _step(step, values, rough, count, fixed)
                # Its own cancellation is what such a function is without, but not a pole, or
                # what two operands have lost already.
                cancels |= lost and (step.op in ("divide", "multiply") or len(inexact) > 1)
        return values[meaning.outputs[0]], cancels


def _ratios(nodes: Sequence[Node]) -> list[Node]:
    """The ratios to something of which a function is taken that keeps the two apart."""
    of_ratios = [node for node in nodes if node.op in _OF_RATIOS and node.args[0].is_constant]
    return [Node("divide", node.args) for node in of_ratios]


_HAVE_SERIES = _ARITHMETIC | FUNCTIONS.keys()


def _has_series(op: str, table: FunctionTable) -> bool:
    """Whether an operation has a series, or a definition of such as have."""
    return op in _HAVE_SERIES or _means(op, table) is not None


def _means(op: str, table: FunctionTable) -> Graph | None:
    """The definition of a function that another one stands for."""
    function = table.find(op)
    if function is None or not function.definitions or function.attributes:
        return None
    graph = definition(function, table)
    known = (*_HAVE_SERIES, "input", "constant")
    return graph if all(each.op in known for each in graph.nodes) else None


def _value(node: Node) -> float:
    return float(node.value) if isinstance(node.value, float) else float("nan")


def _is_reciprocal(node: Node) -> bool:
    """Whether it is a number divided by something."""
    return node.op == "divide" and node.args[0].is_constant and not node.args[1].is_constant


def _is_polynomial(node: Node) -> bool:
    if node.op != "power":
        return node.op in _POLYNOMIALS
    return node.args[1].is_constant and _value(node.args[1]) in range(20)


def _step(
    node: Node,
    known: Mapping[Node, Series],
    exact: set[Node],
    count: int,
    fixed: Mapping[Node, Node] = MappingProxyType({}),
) -> tuple[Series, bool]:
    """The series of an operation, and whether digits are lost in it near the point."""
    power = None
    exponent = fixed.get(node.args[-1], node.args[-1])
    if node.op == "power" and exponent.is_constant:
        power = _value(exponent)
        args = [known[node.args[0]]]
    else:
        args = [constant(_value(a), count) if a.is_constant else known[a] for a in node.args]
    result = applied(node.op, args, power)
    starts = [arg.start for arg in args]
    if node.op in ("add", "subtract"):
        inexact = [a for a in node.args if not a.is_constant and a not in exact]
        return result, bool(inexact) and result.start > min(starts)
    if node.op == "divide":
        return result, min(starts) > 0
    if node.op in PRODUCTS:
        return result, starts[0] < 0
    if node.op == "multiply":
        return result, min(starts) < 0 < max(starts)
    if node.op == "log":
        return result, node.args[0] not in exact
    return result, False


def series_of(graph: Graph, table: FunctionTable) -> Replacement | None:
    """The series that takes the place of a graph's value, if one does."""
    return _replacements(graph, table).get(graph.outputs[0])


def _replacements(graph: Graph, table: FunctionTable) -> dict[Node, Replacement]:
    """Series for the parts of a graph that depend on one node only and cancel."""
    users: dict[Node, list[Node]] = {}
    alone: set[Node] = set()  # What something depends on that depends on nothing else.
    known = {op: _has_series(op, table) for op in {node.op for node in graph.nodes}}
    for node in graph.nodes:
        args = node.args
        if len(args) > 1:
            args = tuple(dict.fromkeys(args))
        varying = [arg for arg in args if arg.op != "constant"]
        if len(varying) == 1:
            alone.add(varying[0])
        for arg in args:
            found = users.get(arg)
            if found is None:
                found = users[arg] = []
            if known[node.op]:
                found.append(node)
    starts = [node for node in users if node in alone or _is_reciprocal(node)]
    regions = [Region(node, users, table) for node in [*starts, *_ratios(graph.nodes)]]
    return _chosen(regions, graph)


def without_cancellation(graph: Graph, table: FunctionTable) -> Graph:
    """The graph with series where parts of it that depend on one node only cancel."""
    chosen = _replacements(graph, table)
    if not chosen:
        return graph

    def chosen_or_none(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        found = chosen.get(node)
        if found is None:
            return None
        far = build.node(node.op, *args, value=node.value, span=node.span)
        small = made[found.near] if found.near is not None else None
        variable = made[found.variable]
        if _is_reciprocal(found.variable):  # It may stand later, or nowhere yet.
            above, below = found.variable.args
            variable = build.node("divide", build.constant(_value(above)), made[below])
        return choice(build, found, variable, far, small)

    return rebuilt(graph, chosen_or_none, nodes=chosen)


def _chosen(regions: Sequence[Region], graph: Graph) -> dict[Node, Replacement]:
    """What takes a node's place, for those that cancel."""
    chosen: dict[Node, Replacement] = {}
    inner: set[Node] = set()
    served: list[tuple[Region, Node]] = []
    for region in regions:
        if region.variable.op == "sqrt" and region.nodes:
            _choose_even(region, chosen, inner)
    regions = [region for region in regions if region.is_worth_a_look()]
    # About 0 the last variable is best, as it is exact to its last digit. About other points its
    # distance from them is not, and the first one is best.
    for region in reversed(regions):
        if region.cancels(0.0):
            served += _choose(region, 0.0, chosen, inner)
    for region in regions:
        for point in region.points():
            if region.cancels(point):
                _choose(region, point, chosen, inner)
    # What something else needs as well, apart from what it is within.
    within = inner | chosen.keys() if served else inner
    needed = {arg for node in graph.nodes if node not in within for arg in node.args if served}
    for region, node in served:
        found = region.replacement(0.0, node) if node in needed else None
        if found is not None:
            chosen[node] = replace(found, variable=region.variable)
    return chosen


def _choose(
    region: Region, point: float, chosen: dict[Node, Replacement], inner: set[Node]
) -> list[tuple[Region, Node]]:
    """The last of the nodes that cancel about a point, unless another variable served them.

    Those within them are returned.
    """
    known, cancelling = region.expansions(point, _FEW)
    served: list[tuple[Region, Node]] = []
    for node in reversed(cancelling):
        if node in inner and known[node].start >= 0:
            served.append((region, node))
        if node in inner or node in chosen or known[node].start < 0:
            continue
        found = region.replacement(point, node)
        if found is not None:
            chosen[node] = replace(found, variable=region.variable)
            inner.update(_within(node, region.variable))
    return served


def _choose_even(region: Region, chosen: dict[Node, Replacement], inner: set[Node]) -> None:
    """What is even in a root, unless it is a polynomial in what stands below the root."""
    known, _ = region.expansions(0.0, _FEW)
    for node in reversed(region.nodes):
        if node in inner or node not in known or not _is_even(known[node]):
            continue
        exact, _ = region.expansions(0.0, _MANY)
        series = exact[node]
        halved = Series(series.start // 2, series.terms[::2])
        below = region.variable.args[0]
        found = replacement_of(below, 0.0, halved) if _is_even(series) else None
        if found is not None:
            chosen[node] = replace(found, near=region.variable, radius=found.radius**0.5)
            inner.update(_within(node, region.variable))


def _is_even(series: Series) -> bool:
    return series.start >= 0 and series.start % 2 == 0 and not any(series.terms[1::2])


def _within(node: Node, variable: Node) -> set[Node]:
    """What a node is made of, down to a variable."""
    found: set[Node] = set()
    waiting = [node]
    while waiting:
        for arg in waiting.pop().args:
            if arg is not variable and arg not in found:
                found.add(arg)
                waiting.append(arg)
    return found
