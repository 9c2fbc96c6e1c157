"""Rows of dependence, selected and united."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from symgrad.graph import Node
from symgrad.shaping.dependence import (
    RULES,
    dense,
    mixed,
    numbered,
    selected,
    spread,
    summed,
    united,
)
from symgrad.shaping.leaves import LIKE_FIRST, LIKE_SECOND, OWN, REDUCTIONS


def rows(size: int) -> Any:
    return sparse.eye_array(size, dtype=bool, format="csr")


def shown(found: Any) -> str:
    return " ".join("".join(".x"[int(element)] for element in row) for row in found.toarray())


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (selected(rows(3), np.array([3, 1])), "..x x.."),
        (selected(rows(3), np.array([3, 0, 3])), "..x ... ..x"),
        (selected(rows(3), np.zeros(0, int)), ""),
        (summed(rows(3), np.array([2, 1, 2]), 2), ".x. x.x"),
        (united(rows(4), (2, 2), (0,)), "x.x. .x.x"),
        (united(rows(4), (2, 2), (0, 1)), "xxxx"),
        (mixed(rows(4), (2, 2), (1,)), "xx.. xx.. ..xx ..xx"),
        (spread(rows(2), (2, 1), (2, 2)), "x. x. .x .x"),
    ],
)
def test_rows(found: Any, wanted: str) -> None:
    assert found.dtype == bool
    assert shown(found) == wanted


@pytest.mark.parametrize(
    ("op", "value", "shapes", "result", "wanted"),
    [
        ("_delay", (0, 1), [(3,)], (3,), "... x.. .x."),
        ("_cumsum", (0,), [(3,)], (3,), "x.. xx. xxx"),
        ("_scan", (0,), [(3,), (3,)], (3,), "x.. xx. xxx"),
        ("_correlate", None, [(3,), (2,)], (2,), "xx. .xx"),
        ("_middle", None, [(2, 2)], (2,), "xx.. ..xx"),
        ("_unmiddle", None, [(2,), (2, 2)], (2, 2), "x. x. .x .x"),
        ("_solve_vector", None, [(2, 1, 1), (1,)], (2, 1), "x. .x"),
        ("_at", None, [(2,), (2, 2)], (2,), "xx xx"),
        ("_vdot", None, [(2, 2), (2, 2)], (), "xxxx"),
        ("_einsum", ("...j,j->...",), [(2, 2), (2,)], (2,), "xx.. ..xx"),
    ],
)
def test_rules(
    op: str, value: Any, shapes: list[tuple[int, ...]], result: tuple[int, ...], wanted: str
) -> None:
    """The first operand depends on the inputs, one by one; another one on nothing."""
    size = int(np.prod(shapes[0]))
    parts = [rows(size), *[None] * (len(shapes) - 1)]
    (found,) = RULES[op](Node(op, (), value), parts, shapes, result)
    assert shown(found) == wanted


def test_any_operation_may_depend_on_all() -> None:
    (found,) = dense(Node("unheard_of"), [rows(2), None], [(2,), (3,)], (2, 1))
    assert shown(found) == "xx xx"


def test_elements_are_numbered_from_one() -> None:
    assert numbered((2, 2)).tolist() == [[1, 2], [3, 4]]
    assert numbered(()) == 1


def test_rules_are_for_operations_that_are_not_elementwise() -> None:
    known = OWN | REDUCTIONS | LIKE_FIRST | LIKE_SECOND
    assert RULES.keys() <= known
