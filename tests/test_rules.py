"""Every rule, sampled: its sides agree over the reals, and over doubles as its section promises."""

import math

import mpmath
import numpy as np
import pytest
from mpmath import mp

from symgrad.errors import DefinitionError
from symgrad.functions import builtin_functions
from symgrad.graph import Graph, Node
from symgrad.rewriting.rulebook import parse_rules, written_lines
from symgrad.rewriting.rules import (
    CONDITIONS,
    OPEN,
    PREDICATES,
    WILD,
    Rule,
    cost,
    make_rule,
)
from symgrad.shaping.leaves import is_elementwise
from tests.evaluation import numpy_outputs
from tests.infinities import EXCEPTIONS, misses, pattern_of
from tests.reference import evaluate

TABLE = builtin_functions()
SECTIONS = ("exact", "stable", "before", "last", "single", "expanded", "after", "tidy")
EVERY_OPERATION = frozenset(TABLE)

POINTS = (
    -745.2, -88.1, -20.5, -3.25, -1.0, -0.7, -1e-3, -1e-9, -3e-17,
    3e-17, 1e-9, 1e-3, 0.3, 0.5, 0.9999, 1.0, 1.7, 20.5, 88.1, 745.2,
)  # fmt: skip
EDGES = (0.0, -0.0, 5e-324, 1e308, -1e308, math.inf, -math.inf, math.nan)
INFINITE = (-math.inf, math.inf, -2.5, -0.3, 0.0, 1.0, 2.5)
CONSTANTS = (-4.0, -2.0, -1.5, -0.25, 0.125, 0.5, 2.0, 3.0, 6.0, 100.0)


def rules_of(section: str) -> list[Rule]:
    rules = parse_rules([section], EVERY_OPERATION)
    return [rule for rule in rules if all(map(is_of_numbers, rule.meant.nodes))]


def is_of_numbers(node: Node) -> bool:
    return node.op in ("input", "constant") or is_elementwise(node.op)


def labelled(section: str) -> list[object]:
    return [pytest.param(rule, id=rule.text) for rule in rules_of(section)]


ALL = [rule for section in SECTIONS for rule in labelled(section)]


def candidates(rule: Rule, name: str, numbers: tuple[float, ...]) -> list[float | bool]:
    """What a name may stand for: conditions, constants that its guard admits, or numbers."""
    values: tuple[float | bool, ...] = numbers
    if name in CONDITIONS:
        values = (True, False)
    guard = rule.predicates.get(name, "varying")
    if guard not in OPEN:
        values = values if name in CONDITIONS else CONSTANTS
        holds = PREDICATES[guard]
        values = tuple(v for v in values if holds(Node("constant", (), v)))
    return list(values)


def samples(rule: Rule, numbers: tuple[float, ...]) -> list[dict[str, float | bool]]:
    names = list(rule.meant.inputs())
    choices = [candidates(rule, name, numbers) for name in names]
    assert all(choices), "a guard that no sample satisfies"
    count = math.prod(map(len, choices))
    # An odd step that ends in 1: every name takes every choice.
    step = count // 40 // 10 * 10 + 1
    return [dict(zip(names, combined(choices, at), strict=True)) for at in range(0, count, step)]


def combined(choices: list[list[float | bool]], at: int) -> list[float | bool]:
    """One of the combinations in the order of `itertools.product`, of which there may be millions.

    >>> combined([[1, 2], [3, 4, 5]], 4)
    [2, 4]
    """
    point = []
    for choice in reversed(choices):
        at, place = divmod(at, len(choice))
        point.append(choice[place])
    return point[::-1]


def exact_value(graph: Graph, point: dict[str, float | bool]) -> mpmath.mpf:
    with mp.workdps(700):
        numbers = {n: v if isinstance(v, bool) else mp.mpf(v) for n, v in point.items()}
        value = evaluate(graph, numbers)[0]
        return mp.mpf(value) if not isinstance(value, mpmath.mpc) else mp.nan


def ulps(found: float, truth: mpmath.mpf) -> float:
    """The error in units of 2**-52 of the truth; a double cannot hold more than it can."""
    nearest = float(truth)
    if math.isinf(nearest) or found == nearest:
        return 0.0 if found == nearest else math.inf
    unit = max(abs(truth) * np.finfo(float).eps, 5e-324)
    return float(abs(mp.mpf(found) - truth) / unit) if math.isfinite(found) else math.inf


@pytest.mark.parametrize("rule", ALL)
def test_the_two_sides_are_equal_over_the_reals(rule: Rule) -> None:
    compared = 0
    for point in samples(rule, POINTS):
        left, right = exact_value(rule.meant, point), exact_value(rule.replacement, point)
        if mpmath.isfinite(left) and mpmath.isfinite(right):
            compared += 1
            with mp.workdps(60):
                near = abs(left) * mp.mpf(10) ** -50 + mp.mpf(10) ** -600
                assert abs(left - right) <= near, point
    assert compared >= 1


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_lowers_the_cost(rule: Rule) -> None:
    assert cost(rule.replacement, rule.predicates) < cost(rule.meant, rule.predicates)


@pytest.mark.parametrize("rule", labelled("exact"))
def test_exact_rules_are_bit_identical(rule: Rule) -> None:
    for point in samples(rule, POINTS + EDGES):
        left, right = (numpy_outputs(g, point)[0] for g in (rule.meant, rule.replacement))
        assert left == right or (left != left and right != right), point
        assert math.copysign(1, left) == math.copysign(1, right) or left != left, point


@pytest.mark.parametrize("rule", [each for section in SECTIONS[1:-1] for each in labelled(section)])
def test_stable_rules_are_at_least_as_accurate(rule: Rule) -> None:
    for point in samples(rule, POINTS):
        truth = exact_value(rule.meant, point)
        if mpmath.isfinite(truth):
            before, after = (
                ulps(float(numpy_outputs(g, point)[0]), truth)
                for g in (rule.meant, rule.replacement)
            )
            allowed = max(before, 1.0, sensitivity(rule.meant, point, truth)) + 2
            assert after <= allowed, (point, before, after)
    choices = [candidates(rule, name, INFINITE) for name in rule.meant.inputs()]
    assert pattern_of(rule) in EXCEPTIONS or not any(misses(rule, choices))


def sensitivity(graph: Graph, point: dict[str, float | bool], truth: mpmath.mpf) -> float:
    """How many ulps the truth moves when each input moves by a unit in its last place."""
    moved = 0.0
    for name, value in point.items():
        if not isinstance(value, bool):
            with mp.workdps(700):
                nudged = {**point, name: mp.mpf(value) * (1 + mp.mpf(2) ** -52)}
                moved += ulps_between(exact_value(graph, nudged), truth)
    return moved


def ulps_between(a: mpmath.mpf, b: mpmath.mpf) -> float:
    return (
        float(abs(a - b) / max(abs(b) * np.finfo(float).eps, 5e-324)) if mpmath.isfinite(a) else 0.0
    )


@pytest.mark.parametrize("rule", labelled("tidy"))
def test_tidy_rules_keep_a_product_to_a_few_ulps(rule: Rule) -> None:
    for point in samples(rule, (-1e9, -3.25, -0.7, 1e-9, 0.3, 1.7, 745.2)):
        truth = exact_value(rule.meant, point)
        left, right = (numpy_outputs(g, point)[0] for g in (rule.meant, rule.replacement))
        if mpmath.isfinite(truth):
            assert ulps(float(right), truth) <= ulps(float(left), truth) + 3, point


def test_exceptions_are_rules() -> None:
    assert {pattern_of(param.values[0]) for param in ALL} >= EXCEPTIONS


@pytest.mark.parametrize("section", SECTIONS)
def test_what_a_line_needs_is_in_its_pattern(section: str) -> None:
    """Else a rule would not be tried where it matches."""
    for line in written_lines()[section]:
        rule = line.make()
        assert {*line.needs.split()} <= {node.op for node in rule.meant.nodes}, rule.text


def test_every_defined_operation_is_read_backwards() -> None:
    """An attribute of the result must stand in the definition, and be one that rules can match."""
    rules = parse_rules((*SECTIONS[1:-1], "orders"), EVERY_OPERATION)
    made = {rule.replacement.outputs[0].op for rule in rules}
    defined = {n for n in TABLE if TABLE[n].is_operation and TABLE[n].definitions}
    assert {n for n in defined if WILD.keys() >= set(TABLE[n].attributes)} <= made
    others = {n for n in defined if not WILD.keys() >= set(TABLE[n].attributes)}
    assert others == {"var", "std", "_variable"}


def test_a_replacement_that_drops_an_operand_keeps_its_shape() -> None:
    rule = make_rule("x * y / y -> x", TABLE)
    broadcast = rule.replacement.outputs[0]
    assert (broadcast.op, broadcast.args[1].op) == ("broadcast", "join")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "x + y -> x + z",
            "z stands in the replacement and not in the pattern\n"
            "  x + y -> x + z\n"
            "           ^^^^^",
        ),
        (
            "x + y -> x : old(y)",
            "this is not a guard\n"
            "  x + y -> x : old(y)\n"
            "               ^^^^^^\n"
            "Guards are: constant, varying, given, free, number, rootless, positive, even, odd, "
            "broken, negative, moderate, true, dyadic, false, same.",
        ),
    ],
)
def test_errors(line: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make_rule(line, TABLE)
    assert str(caught.value) == message
