"""Graphs for usual numbers: what is written otherwise, and where that holds."""

from __future__ import annotations

import pytest

import symgrad
from symgrad.emission import element_by_element
from symgrad.writing.numba_file import elements
from symgrad.writing.usual import for_usual_numbers, is_fast
from tests.reference import TABLE


@pytest.mark.parametrize(
    ("formula", "fast", "told"),
    [
        ("x * y + exp(x)", True, ""),
        ("sin(x * y)", True, "less"),
        ("x / y + sqrt(y) / y", True, "_quotient"),
        ("maximum(x, 0) / y + x / y", True, ""),
        ("hypot(x, y)", True, "sqrt"),
        ("log1p(x**2) * y", True, "less"),
        ("x**y", False, "divide"),
        ("gammaln(x) * y", False, ""),
    ],
)
def test_what_usual_numbers_need(formula: str, fast: bool, told: str) -> None:
    what = element_by_element(symgrad.value_and_grad(formula))
    graph = elements(what, TABLE).graph
    assert is_fast(graph) == fast
    changed, conditional = for_usual_numbers(graph)
    ops = {node.op for node in changed.nodes}
    assert conditional == bool(told)
    assert not told or told in ops
    assert len(changed.outputs) == len(graph.outputs) + conditional
    assert "_quotient" not in ops or told == "_quotient"
