"""Which operations are done in loops over rows, and which before, between and after."""

from typing import Any

import pytest

from symgrad.functions import builtin_functions
from symgrad.graph import Graph
from symgrad.pipeline import Known, derive
from symgrad.rewriting.finish import VIEWS
from symgrad.running.programs import planned
from symgrad.shaping.axes import Axes
from symgrad.writing import rows
from symgrad.writing.rows import SUM, Plan, described

TABLE = builtin_functions()
N, M, D, K = 7, 5, 3, 2


def plan_of(formula: str, shapes: dict[str, tuple[int, ...]], wrt: str | None) -> Plan | None:
    known = Known(shapes)
    names = None if wrt is None else tuple(wrt.split())
    return planned(derive(formula, names, TABLE, known=known), "value_and_grad", TABLE, known)[0]


# A formula, its inputs, by what it is differentiated, how many rows, loops and sums there are.
CASES = (
    ("x * y + sin(x)", {"x": (N,), "y": (N,)}, None, N, 1, 0),
    ("sum(x**2)", {"x": (N,)}, None, N, 1, 1),
    ("a * x + c", {"a": (), "x": (N,), "c": ()}, None, N, 1, 2),
    ("mean((X @ w + b - y)**2)", {"X": (N, D), "w": (D,), "b": (), "y": (N,)}, "w b", N, 1, 3),
    ("cross_entropy(relu(X @ V) @ U, T)", {"X": (N, D), "V": (D, M), "U": (M, K), "T": (N, K)},
     "V U", N, 1, 3),
    ("sum(log(sum(exp(X @ V), axis=1)))", {"X": (N, D), "V": (D, M)}, "V", N, 1, 2),
    ("sum((x - mean(x))**2)", {"x": (N,)}, None, N, 4, 4),
    ("sum(exp(x - sum(x)))", {"x": (N,)}, None, N, 3, 3),
    ("sum(exp(-(x[:, None] - z[None, :])**2))", {"x": (N,), "z": (M,)}, None, N, 1, 2),
    ("sum((x[1:] - x[:-1]**2)**2)", {"x": (N,)}, None, N - 1, 1, 1),
    ("A * b", {"A": (D, N), "b": (N,)}, None, N, 1, 0),
)  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "shapes", "wrt", "rows", "loops", "sums"), CASES, ids=[case[0] for case in CASES]
)
def test_plans(
    formula: str,
    shapes: dict[str, tuple[int, ...]],
    wrt: str | None,
    rows: int,
    loops: int,
    sums: int,
) -> None:
    plan = plan_of(formula, shapes, wrt)
    assert plan is not None
    looping = [segment for segment in plan.segments if segment.loops]
    added = [n for segment in looping for n in segment.results if plan.kinds[n] == SUM]
    assert (plan.size, len(looping), len(added)) == (rows, loops, sums), described(plan)
    _in_order(plan)


def _in_order(plan: Plan) -> None:
    """Each segment needs inputs, numbers and what stands before it; all results are made."""
    made = {node for node in plan.graph.nodes if node.op == "input"} | set(plan.numbers)
    for segment in plan.segments:
        assert made.issuperset(segment.needs)
        inside = {*segment.needs, *segment.nodes}
        assert all(inside.issuperset(node.args) for node in segment.nodes)
        assert not any(
            segment.loops and node in plan.rows and plan.kinds.get(node) == "plain"
            for node in segment.nodes
            if node.op not in ("pair", *VIEWS)
        )
        made.update(segment.results)
    assert made.issuperset(plan.graph.outputs)


@pytest.mark.parametrize(
    ("formula", "shapes"),
    [
        ("sort(x)", {"x": (N,)}),
        ("inv(A)", {"A": (M, M)}),
        ("x @ inv(A) @ x", {"A": (M, M), "x": (M,)}),
        ("cumsum(x)", {"x": (N,)}),
        ("x + 1", {"x": ()}),
        ("sum(x[:2])", {"x": (N,)}),
    ],
)
def test_what_has_no_plan(formula: str, shapes: dict[str, tuple[int, ...]]) -> None:
    """Too little of the work can be done on rows."""
    known = Known(shapes)
    assert planned(derive(formula, None, TABLE, known=known), "value", TABLE, known)[0] is None


def test_a_plan_in_words() -> None:
    plan = plan_of("mean((x - a)**2)", {"x": (N,), "a": ()}, "a")
    assert described(plan, {N: "n"}) == [
        "rows: those of the axis n; 98% of the work is done on them",
        "in blocks of rows: 5 operations, 2 of them sums over the rows",
        "as a whole: 1 operation",
    ]
    assert described(None)[0].startswith("as a whole")


def test_only_axes_with_much_of_the_work_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is a chain of joins, and each has an axis of a length of its own."""
    tried: list[int] = []
    kinds = rows._kinds

    def noted(graph: Graph, axes: Axes, label: int, *more: Any) -> Any:
        tried.append(label)
        return kinds(graph, axes, label, *more)

    monkeypatch.setattr(rows, "_kinds", noted)
    plan_of(f"softmax([{', '.join('x' * 50)}])[0]", {"x": ()}, None)
    assert 0 < len(tried) < 10
