"""What matches: names, operands that commute, guards; and the few rules that are tried at all."""

from symgrad.functions import builtin_functions
from symgrad.graph import Node
from symgrad.language.formula import lower
from symgrad.rewriting.matching import Index, match
from symgrad.rewriting.rules import make_rule

TABLE = builtin_functions()


def tree(text: str) -> Node:
    return lower(text, TABLE).graph.outputs[0]


def test_the_same_name_matches_the_same_node_only() -> None:
    rule = make_rule("x * x -> x**2", TABLE)
    assert match(rule, tree("(a + b) * (a + b)")) is not None
    assert match(rule, tree("(a + b) * (a - b)")) is None


def test_operands_that_commute_match_in_either_order_at_every_depth() -> None:
    rule = make_rule("log(1 + x * exp(y)) -> y", TABLE)
    for text in ("log(1 + a * exp(b))", "log(exp(b) * a + 1)", "log(a * exp(b) + 1)"):
        bound = match(rule, tree(text))
        assert bound is not None
        assert (bound["x"].value, bound["y"].value) == ("a", "b")
    assert match(rule, tree("log(1 - a * exp(b))")) is None


def test_a_guard_can_refuse() -> None:
    rule = make_rule("x * (y * z) -> (x * y) * z : moderate(x), moderate(y)", TABLE)
    assert match(rule, tree("2 * (3 * a)")) is not None
    assert match(rule, tree("2 * (1e300 * a)")) is None
    assert match(rule, tree("2 * (b * a)")) is None


def test_only_rules_that_may_match_are_candidates() -> None:
    """Two levels below a node its operations are told, and of a constant the guards it passes.

    Where a name stands twice in a pattern, the operands have to meet there.
    """
    lines = [
        "x + y * z -> x - -y * z : negative(y)",
        "x + 1 -> exp(x)",
        "x + x -> 2 * x",
        "log(x) + y -> y",
        "x - x * y -> x * (1 - y)",
        "x * z - x * y -> x * (z - y)",
        "exp(x) - exp(x) -> 0 * x",
    ]
    index = Index(tuple(make_rule(line, TABLE) for line in lines))
    wanted = {
        "a + -2 * b": [0],
        "a + 2 * b": [],
        "b * -2 + a": [0],
        "1 + a": [1],
        "sin(a) + 3": [],
        "a + a": [2],
        "a + log(b)": [3],
        "1 + log(a)": [1, 3],
        "a * b": [],
        "a - a * b": [4],
        "a - b * c": [],
        "a * b - a * c": [5],
        "a * b - c * d": [],
        "a * b - a * b": [5],
        "exp(a) - exp(a)": [6],
        "exp(a) - exp(b)": [],
    }
    for text, places in wanted.items():
        node = lower(text, TABLE).graph.outputs[0]
        assert [rule.text for rule in index.candidates(node, {})] == [lines[p] for p in places]
