"""The layout: nothing overlaps, all edges lead down, and few of them cross."""

import random
from itertools import combinations

import pytest

from symgrad.seeing.layering import Edge, Layout, layered

GAP = (0.3, 0.6)


def drawn_at_random(seed: int, count: int) -> tuple[list[tuple[float, float]], list[Edge]]:
    draw = random.Random(seed)
    sizes = [(draw.uniform(0.5, 2.0), draw.uniform(0.3, 0.8)) for _ in range(count)]
    edges = [
        Edge(draw.randrange(max(0, head - 12), head), head, port)
        for head in range(3, count)
        for port in draw.choice([(0.0,), (-0.2, 0.2)])
    ]
    return sizes, edges


@pytest.mark.parametrize(("seed", "count"), [(0, 5), (1, 20), (2, 80), (3, 200)])
def test_boxes_stand_apart_and_edges_lead_down(seed: int, count: int) -> None:
    sizes, edges = drawn_at_random(seed, count)
    found = layered(sizes, edges, GAP)
    for (a, (w, h)), (b, (v, k)) in combinations(zip(found.centres, sizes, strict=True), 2):
        beside = abs(a[0] - b[0]) >= (w + v) / 2 + 0.09
        assert beside or abs(a[1] - b[1]) >= (h + k) / 2 + GAP[1] - 1e-6
    for edge, route in zip(edges, found.routes, strict=True):
        heights = [y for _, y in route]
        assert heights == sorted(heights)
        (x, y), (wide, tall) = found.centres[edge.head], sizes[edge.head]
        assert route[-1] == pytest.approx((x + edge.port * wide, y - tall / 2))
        (x, y), (wide, tall) = found.centres[edge.tail], sizes[edge.tail]
        assert route[0][1] == pytest.approx(y + tall / 2)
        assert abs(route[0][0] - x) < wide / 2
    xs = [x for route in found.routes for x, _ in route]
    assert min(xs) >= 0
    assert max(xs) <= found.width


def test_the_layout_is_the_same_each_time() -> None:
    assert layered(*drawn_at_random(4, 60)) == layered(*drawn_at_random(4, 60))


def crossings(found: Layout) -> int:
    """Pairs of edges of a layout without bends whose ends stand in opposite orders."""
    ends = [(route[0], route[-1]) for route in found.routes]
    return sum(
        (a[0] - c[0]) * (b[0] - d[0]) < 0 and a[1] == c[1] and b[1] == d[1]
        for (a, b), (c, d) in combinations(ends, 2)
    )


def test_a_tree_has_no_crossings() -> None:
    """Leaves in an order that crosses as they stand."""
    leaves = [0, 4, 2, 6, 1, 5, 3, 7]
    edges = [Edge(leaf, 8 + leaf // 2, (-0.2, 0.2)[leaf % 2]) for leaf in leaves]
    edges += [Edge(8 + k, 12 + k // 2, (-0.2, 0.2)[k % 2]) for k in (2, 0, 3, 1)]
    edges += [Edge(12, 14, -0.2), Edge(13, 14, 0.2)]
    assert crossings(layered([(1.0, 0.5)] * 15, edges)) == 0


def test_a_chain_is_straight() -> None:
    found = layered([(1.0, 0.5), (2.0, 0.5), (1.0, 0.5)], [Edge(0, 1), Edge(1, 2)])
    assert [x for x, _ in found.centres] == [1.0, 1.0, 1.0]
    assert (found.width, found.height) == (2.0, pytest.approx(3 * 0.5 + 2 * 0.6))


def test_an_input_stands_near_to_its_only_use() -> None:
    """Node 1 is first used by the last one: it stands in the layer before that."""
    edges = [Edge(0, 2), Edge(2, 3), Edge(3, 4, -0.2), Edge(1, 4, 0.2)]
    found = layered([(1.0, 0.5)] * 5, edges)
    assert found.centres[1][1] == found.centres[3][1]


def test_nothing() -> None:
    assert layered([], []) == Layout([], [], 0.0, 0.0)
