"""A layered layout of a graph: each node below all that it is made from, with few crossings.

Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures
(IEEE Trans. SMC 11, 1981): layers, then an order within each that has few crossings, by
barycentres, then positions. Long edges pass through the layers between their ends at places of
their own, and are kept straight with the weights of Gansner, Koutsofios, North and Vo, A technique
for drawing directed graphs (IEEE Trans. SE 19, 1993).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]

_SWEEPS = 24
_RELAXATIONS = 60
_STRAIGHT = (1.0, 3.0, 16.0)
"""How much an edge insists on being straight, by how many of its ends are bends."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge from a node to a later one, and where it ends there: -0.5 is the left edge."""

    tail: int
    head: int
    port: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand: the centres of nodes, and the points through which edges pass.

    y grows downwards, and all that is drawn lies between 0 and `width`, and 0 and `height`.
    """

    centres: Sequence[Point]
    routes: Sequence[Sequence[Point]]
    width: float
    height: float


@dataclass(slots=True)
class _Bent:
    """A graph whose edges lead from layer to layer; all items from `count` on are bends."""

    count: int
    widths: list[float]
    layers: list[list[int]]
    above: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    below: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    chains: list[list[int]] = field(default_factory=list)


def layered(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[Edge],
    gap: Point = (0.3, 0.6),
    bend: float = 0.15,
) -> Layout:
    """Lay out nodes of these widths and heights, which stand in topological order.

    `gap` is the space between neighbours and between layers, `bend` the width of a passing edge.

    >>> layered([(1, 1), (1, 1), (1, 1)], [Edge(0, 2, -0.25), Edge(1, 2, 0.25)]).centres
    [(0.5, 0.5), (1.8, 0.5), (1.15, 2.1)]
    """
    if not sizes:
        return Layout([], [], 0.0, 0.0)
    bent = _bent(sizes, edges, bend)
    _uncross(bent)
    xs = _relaxed(bent, gap[0])
    tops, y = [], 0.0
    heights = [max((sizes[i][1] for i in layer if i < bent.count), default=0.0)
               for layer in bent.layers]  # fmt: skip
    for height in heights:
        tops.append(y)
        y += height + gap[1]
    level = {item: row for row, layer in enumerate(bent.layers) for item in layer}
    left = min(xs[i] - bent.widths[i] / 2 for i in xs)
    right = max(xs[i] + bent.widths[i] / 2 for i in xs)
    xs = {item: x - left for item, x in xs.items()}
    middle = {item: tops[row] + heights[row] / 2 for item, row in level.items()}
    centres = [(round(xs[i], 6), round(middle[i], 6)) for i in range(bent.count)]
    routes = [
        _route(bent, chain, edge, centres, sizes, xs, tops, heights, level)
        for chain, edge in zip(bent.chains, edges, strict=True)
    ]
    _spread_tails(centres, sizes, edges, routes)
    return Layout(centres, routes, right - left, y - gap[1])


def _bent(sizes: Sequence[tuple[float, float]], edges: Sequence[Edge], bend: float) -> _Bent:
    """Bends where an edge passes a layer."""
    rows = _rows(len(sizes), edges)
    bent = _Bent(len(sizes), [w for w, _ in sizes], [[] for _ in range(max(rows) + 1)])
    for item, row in enumerate(rows):
        bent.layers[row].append(item)
    for edge in edges:
        chain = [edge.tail]
        for row in range(rows[edge.tail] + 1, rows[edge.head]):
            chain.append(len(bent.widths))
            bent.layers[row].append(chain[-1])
            bent.widths.append(bend)
        chain.append(edge.head)
        bent.chains.append(chain)
        for upper, lower in pairwise(chain):
            port = edge.port if lower == edge.head else 0.0
            bent.above.setdefault(lower, []).append((upper, port))
            bent.below.setdefault(upper, []).append((lower, port))
    return bent


def _rows(count: int, edges: Sequence[Edge]) -> list[int]:
    """The layer of each node: below its operands, and near to what it is used for."""
    operands: list[list[int]] = [[] for _ in range(count)]
    uses: list[list[int]] = [[] for _ in range(count)]
    for edge in edges:
        operands[edge.head].append(edge.tail)
        uses[edge.tail].append(edge.head)
    rows = [0] * count
    for node in range(count):
        rows[node] = max((rows[arg] + 1 for arg in operands[node]), default=0)
    for node in reversed(range(count)):
        if uses[node] and len(operands[node]) <= len(uses[node]):
            rows[node] = min(rows[use] for use in uses[node]) - 1
    return rows


def _uncross(bent: _Bent) -> None:
    """Order the layers by the mean place of neighbours, down and up; the best order is kept."""
    best = [list(layer) for layer in bent.layers]
    fewest = _crossings(bent)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        rows = range(1, len(bent.layers)) if down else range(len(bent.layers) - 2, -1, -1)
        for row in rows:
            _order(bent, row, bent.above if down else bent.below, row - 1 if down else row + 1)
        _switch(bent)
        found = _crossings(bent)
        if found < fewest:
            fewest, best = found, [list(layer) for layer in bent.layers]
        if not fewest:
            break
    bent.layers[:] = best


def _order(
    bent: _Bent, row: int, neighbours: Mapping[int, list[tuple[int, float]]], other: int
) -> None:
    place = {item: at for at, item in enumerate(bent.layers[other])}
    here = {item: at for at, item in enumerate(bent.layers[row])}

    def mean(item: int) -> float:
        found = [place[n] + port for n, port in neighbours.get(item, []) if n in place]
        return sum(found) / len(found) if found else float(here[item])

    bent.layers[row].sort(key=lambda item: (mean(item), here[item]))


def _switch(bent: _Bent) -> None:
    """Exchange neighbours where that leaves fewer crossings."""
    for row, layer in enumerate(bent.layers):
        places = [
            {item: at for at, item in enumerate(bent.layers[other])}
            for other in (row - 1, row + 1)
            if 0 <= other < len(bent.layers)
        ]
        for at in range(len(layer) - 1):
            a, b = layer[at : at + 2]
            if sum(_between(bent, a, b, p) - _between(bent, b, a, p) for p in places) > 0:
                layer[at : at + 2] = [b, a]


def _between(bent: _Bent, left: int, right: int, place: Mapping[int, int]) -> int:
    """How often the edges of two neighbours cross, towards one of the layers beside them."""
    lefts = _ends(bent, left, place)
    rights = _ends(bent, right, place)
    return sum(a > b for a in lefts for b in rights)


def _ends(bent: _Bent, item: int, place: Mapping[int, int]) -> list[float]:
    near = [*bent.above.get(item, []), *((n, p) for n, p in bent.below.get(item, []))]
    return [place[n] + port for n, port in near if n in place]


def _crossings(bent: _Bent) -> int:
    """All pairs of edges that cross, counted layer by layer as inversions."""
    total = 0
    for upper, lower in pairwise(bent.layers):
        place = {item: at for at, item in enumerate(lower)}
        seen: list[float] = []
        for item in upper:
            ends = [place[n] + port for n, port in bent.below.get(item, [])]
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _relaxed(bent: _Bent, gap: float) -> dict[int, float]:
    """Positions within the layers: each near its neighbours, none too near to the next."""
    xs: dict[int, float] = {}
    for layer in bent.layers:
        xs.update(zip(layer, _packed(bent, layer, gap, [0.0] * len(layer)), strict=True))
    for sweep in range(_RELAXATIONS):
        rows = bent.layers if sweep % 2 == 0 else bent.layers[::-1]
        both = sweep >= _RELAXATIONS // 2
        for layer in rows:
            sides = [bent.above, bent.below] if both else [(bent.above, bent.below)[sweep % 2]]
            wanted, weights = [], []
            for item in layer:
                pull = list(_pulls(bent, item, sides, xs))
                weight = sum(w for _, w in pull)
                wanted.append(sum(x * w for x, w in pull) / weight if weight else xs[item])
                weights.append(weight or 0.1)
            xs.update(zip(layer, _packed(bent, layer, gap, wanted, weights), strict=True))
    return xs


def _pulls(
    bent: _Bent,
    item: int,
    sides: Iterable[Mapping[int, list[tuple[int, float]]]],
    xs: Mapping[int, float],
) -> Iterable[tuple[float, float]]:
    """Where each neighbour would have an item, and how much it insists."""
    for side in sides:
        for other, port in side.get(item, []):
            weight = _STRAIGHT[(item >= bent.count) + (other >= bent.count)]
            lower = other if side is bent.below else item
            shift = port * bent.widths[lower]
            yield xs[other] + (shift if side is bent.below else -shift), weight


def _packed(
    bent: _Bent,
    layer: Sequence[int],
    gap: float,
    wanted: Sequence[float],
    weights: Sequence[float] | None = None,
) -> list[float]:
    """The positions nearest to the wanted ones that leave the gaps: a monotone regression."""
    offsets, at = [], 0.0
    for place, item in enumerate(layer):
        if place:
            near = min(bent.widths[item], bent.widths[layer[place - 1]])
            at += (bent.widths[layer[place - 1]] + bent.widths[item]) / 2 + min(gap, max(near, 0.1))
        offsets.append(at)
    groups: list[tuple[float, float, int]] = []
    for place, want in enumerate(wanted):
        mean, weight, count = want - offsets[place], (weights or [1.0] * len(layer))[place], 1
        while groups and groups[-1][0] > mean:
            before, more, members = groups.pop()
            mean = (mean * weight + before * more) / (weight + more)
            weight, count = weight + more, count + members
        groups.append((mean, weight, count))
    means = [mean for mean, _, count in groups for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _route(
    bent: _Bent,
    chain: Sequence[int],
    edge: Edge,
    centres: Sequence[Point],
    sizes: Sequence[tuple[float, float]],
    xs: Mapping[int, float],
    tops: Sequence[float],
    heights: Sequence[float],
    level: Mapping[int, int],
) -> list[Point]:
    """From the bottom of the tail, down through the layers that it passes, to the head's top."""
    (x, y), tall = centres[edge.tail], sizes[edge.tail][1]
    points = [(x, y + tall / 2)]
    for item in chain[1:-1]:
        row = level[item]
        points += [(xs[item], tops[row]), (xs[item], tops[row] + heights[row])]
    (x, y), (wide, tall) = centres[edge.head], sizes[edge.head]
    return [*points, (x + edge.port * wide, y - tall / 2)]


def _spread_tails(
    centres: Sequence[Point],
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[Edge],
    routes: list[list[Point]],
) -> None:
    """Let the edges of a node begin beside one another, in the order in which they go on."""
    leaving: dict[int, list[int]] = {}
    for place, edge in enumerate(edges):
        leaving.setdefault(edge.tail, []).append(place)
    for tail, places in leaving.items():
        places.sort(key=lambda place: (routes[place][1][0], routes[place][-1][0]))
        x, wide = centres[tail][0], sizes[tail][0]
        step = min(0.9 * wide / len(places), 0.3)
        for rank, place in enumerate(places):
            shift = (rank - (len(places) - 1) / 2) * step
            routes[place][0] = (x + shift, routes[place][0][1])
