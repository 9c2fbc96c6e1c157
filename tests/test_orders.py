"""Derivatives of orders up to 6, of real formulas in one variable, against mpmath."""

from typing import Any

import mpmath
import pytest
from mpmath import mpf

import symgrad
from symgrad.graph import Graph
from symgrad.language.formula import lower
from symgrad.shaping.leaves import is_elementwise
from tests.conftest import Corpus
from tests.reference import TABLE, evaluate

ORDERS = range(1, 7)


def in_one_number(graph: Graph) -> bool:
    return len(graph.inputs()) == 1 and all(
        node.op == "input" or is_elementwise(node.op) for node in graph.nodes
    )


def misses(row: dict[str, Any], graph: Graph) -> list[int]:
    """The orders that are wrong, at the point of a row that is farthest from 0.

    Near 0 lie removable singularities, of which a formula as it is written knows nothing.
    """
    (name,) = graph.inputs()
    place = max((point["at"][name] for point in row["points"]), key=abs)
    with mpmath.workdps(50):
        wanted = [
            float(mpmath.diff(lambda x: evaluate(graph, {name: x})[0], mpf(place), order))
            for order in ORDERS
        ]
    found = [symgrad.grad(row["formula"], order=order)(place) for order in ORDERS]
    return [
        order
        for order, have, want in zip(ORDERS, found, wanted, strict=True)
        if have != pytest.approx(want, rel=1e-9, abs=1e-13)
    ]


@pytest.mark.parametrize("name", ["fpbench", "optim"])
def test_orders(name: str, corpus: Corpus) -> None:
    rows = [(row, lower(row["formula"], TABLE).graph) for row in corpus(name)]
    chosen = [(row, graph) for row, graph in rows if in_one_number(graph)][::4]
    failed = {row["formula"]: wrong for row, graph in chosen if (wrong := misses(row, graph))}
    assert not failed
