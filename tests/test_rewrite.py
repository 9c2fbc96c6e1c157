"""The rewriter: what matches, what is folded, and that it ends and never recurses."""

import math
from typing import Any

import pytest

from symgrad import rewrite as rewriting
from symgrad.functions import builtin_functions
from symgrad.graph import Builder, Graph, Node
from symgrad.language.formula import lower
from symgrad.rewrite import Rewriter, rewrite

TABLE = builtin_functions()


def rewritten(formula: str, *sections: str) -> str:
    return str(rewrite(lower(formula, TABLE).graph, TABLE, sections or ("exact", "stable")))


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("1 + 2*3", "return 7.0"),
        ("9**9**9**9", "return inf"),
        ("0/0 + x", "v1 = add(nan, x)\nreturn v1"),
        ("log(1 + exp(x))", "v1 = softplus(x)\nreturn v1"),
        ("log(exp(x) + 1)", "v1 = softplus(x)\nreturn v1"),
        ("1/(1 + exp(-k*x))", "v1 = multiply(k, x)\nv2 = sigmoid(v1)\nreturn v2"),
        ("log(sigmoid(-x))", "v1 = softplus(x)\nv2 = negative(v1)\nreturn v2"),
        ("sqrt(x**2 + y**2)", "v1 = hypot(x, y)\nreturn v1"),
        ("x - -y", "v1 = add(x, y)\nreturn v1"),
        ("a + b*-2", "v1 = multiply(2.0, b)\nv2 = subtract(a, v1)\nreturn v2"),
        ("where(not not x > 0, y, 0)", "v1 = greater(x, 0.0)\nv2 = keep(v1, y)\nreturn v2"),
        ("where(1 < 2, x, 0)", "v1 = add(x, 0.0)\nreturn v1"),
    ],
)
def test_formulas(formula: str, result: str) -> None:
    assert rewritten(formula) == result


def test_exact_keeps_to_rules_that_change_no_bit() -> None:
    assert rewritten("log(1 + exp(x))", "exact") == (
        "v1 = exp(x)\nv2 = add(1.0, v1)\nv3 = log(v2)\nreturn v3"
    )


def test_a_dropped_operand_keeps_its_shape() -> None:
    assert rewritten("x**0") == "v1 = broadcast(1.0, x)\nreturn v1"
    assert rewritten("x*y/y") == "v1 = join(x, y)\nv2 = broadcast(x, v1)\nreturn v2"


def test_signed_zeros_are_not_folded_away() -> None:
    assert rewritten("x + 0") == "v1 = add(x, 0.0)\nreturn v1"
    assert rewritten("0 * x") == "v1 = multiply(0.0, x)\nreturn v1"
    assert rewritten("1 / -0.0") == "return -inf"


def test_rules_of_the_derivative_leave_the_value_alone() -> None:
    build = Builder()
    x = build.node("input", value="x")
    value = build.node("multiply", x, x)
    derivative = build.node("multiply", build.node("sin", x), build.node("sin", x))
    graph = build.graph([value, derivative])
    result = rewrite(graph, TABLE, ("exact",), ("tidy",), [value])
    assert str(result) == ("v1 = multiply(x, x)\nv2 = sin(x)\nv3 = power(v2, 2.0)\nreturn v1, v3")


def test_chains_of_replacements_need_no_recursion() -> None:
    build = Builder()
    node = build.node("input", value="x")
    for _ in range(30_000):
        node = build.node("negative", node)
    result = rewrite(build.graph([node]), TABLE, ("exact",))
    assert str(result) == "return x"


def test_labels_and_places_follow_their_nodes() -> None:
    graph = lower("s = log(1 + x); s**2", TABLE).graph
    result = rewrite(graph, TABLE, ("exact", "stable"))
    (node,) = result.labels
    assert (node.op, result.labels[node], node.span) == ("log1p", "s", (4, 14))


def test_constants_fold_to_what_numpy_gives() -> None:
    rewriter = Rewriter(TABLE, ("exact",))
    zero = rewriter.node("constant", value=0.0)
    assert math.isinf(float(rewriter.node("log", zero).value or 0))
    assert rewriter.node("greater", zero, zero).value is False


def test_a_graph_is_returned_in_topological_order() -> None:
    graph: Graph = rewrite(lower("log(1 + exp(x)) * tanh(x)", TABLE).graph, TABLE, ("stable",))
    seen: set[Node] = set()
    for node in graph.nodes:
        assert seen.issuperset(node.args)
        seen.add(node)


def test_what_is_settled_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only rules of other sections are tried on it, and nodes that change are made anew."""
    graph = rewrite(lower("sin(x) - -y*z", TABLE).graph, TABLE, ("exact",))
    assert all(node.settled == {"exact"} for node in graph.nodes if node.args)
    tried: list[tuple[str, ...]] = []
    parse = rewriting.parse_rules

    def noted(sections: tuple[str, ...], *more: Any) -> object:
        tried.append(sections)
        return parse(sections, *more)

    monkeypatch.setattr(rewriting, "parse_rules", noted)
    TABLE.recent.clear()
    again = rewrite(graph, TABLE, ("exact", "tidy"))
    assert again.nodes == graph.nodes
    assert ("tidy",) in tried


def test_what_no_rule_replaces_stays_the_same_node() -> None:
    graph = lower("sin(x) * y + log(1 + exp(z))", TABLE).graph
    result = rewrite(graph, TABLE, ("exact", "stable"))
    product = result.outputs[0].args[0]
    assert product.op == "multiply"
    assert product in graph.nodes
