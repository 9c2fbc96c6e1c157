"""What is told of a step: the rule, the numbers in it, and what comes out."""

import pytest

import symgrad
from symgrad.seeing.pages import as_text
from symgrad.seeing.recording import record
from symgrad.seeing.teacher import Teacher


def told(formula: str, at: dict[str, object]) -> list[str]:
    """The lines of the steps, without those that repeat the rule."""
    compiled = symgrad.grad(formula)
    text = as_text(Teacher(compiled, record(compiled, at)).reverse()[2:])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(("Rule", "In words"))]


CASES = [
    (
        "exp(x**2)**2",
        {"x": 0.5},
        [
            "1. v3 = v2**2 is the value itself: g = 1",
            "v2 gets g times 2 * 1.284**(2 - 1) = 2.568, which is 1 * 2.568 = 2.568",
            "2. v2 = exp(v1) has g = 2.568",
            "v1 gets g times 1.284, which is 2.568 * 1.284 = 3.297",
            "3. v1 = x**2 has g = 3.297",
            "x gets g times 2 * 0.5**(2 - 1) = 1, which is 3.297 * 1 = 3.297",
        ],
    ),
    (
        "r = x - y; r*sin(r)",
        {"x": 3.0, "y": 1.0},
        [
            "1. v2 = r * v1 is the value itself: g = 1",
            "r gets g times 0.9093, which is 1 * 0.9093 = 0.9093",
            "v1 gets g times 2, which is 1 * 2 = 2",
            "2. v1 = sin(r) has g = 2",
            "r gets g times cos(2) = -0.4161, which is 2 * (-0.4161) = -0.8323",
            "3. r = x - y is used more than once, and its parts add up: "
            "g = 0.9093 + (-0.8323) = 0.077, from v2 and v1",
            "x gets 0.077",
            "y gets -0.077",
        ],
    ),
    (
        "log(x) + relu(-x)",
        {"x": 2.0},
        [
            "1. v4 = v1 + v3 is the value itself: g = 1",
            "v1 gets 1",
            "v3 gets 1",
            "2. v3 = relu(v2) has g = 1",
            "v2 gets nothing, as the condition of the rule does not hold: 0",
            "3. v2 = -x has g = 0",
            "x gets 0",
            "4. v1 = log(x) has g = 1",
            "x gets 1 / 2 = 0.5",
        ],
    ),
    (
        "x**2",
        {"x": 0.0},
        [
            "1. v1 = x**2 is the value itself: g = 1",
            "x gets g times 2 * 0**(2 - 1) = 0, which is 1 * 0 = 0",
        ],
    ),
    (
        "sum(a * x)",
        {"a": 2.0, "x": [1.0, 3.0]},
        [
            "1. v2 = sum(v1) is the value itself: g = 1",
            "v1 gets [1, 1]",
            "2. v1 = a * x, of shape (2,), has g = [1, 1]",
            "a gets g times [1, 3], which is 4, the sum over all places to which it was repeated",
            "x gets g times [2, 2], which is [2, 2]",
        ],
    ),
    (
        "where(x > 0, 1, exp(y))",
        {"x": 1.0, "y": 800.0},
        [
            "1. v6 = v3 + v5 is the value itself: g = 1",
            "v5 gets 1",
            "2. v5 = keep(v4, v2) has g = 1",
            "v2 gets nothing, as the condition of the rule does not hold: 0",
            "3. v2 = exp(y) has g = 0",
            "y gets nothing, as no change of this reaches the value: 0",
        ],
    ),
]


@pytest.mark.parametrize(("formula", "at", "lines"), CASES)
def test_steps(formula: str, at: dict[str, object], lines: list[str]) -> None:
    assert told(formula, at) == lines


@pytest.mark.parametrize(
    ("formula", "at", "rule"),
    [
        (
            "x**y",
            {"x": 2.0, "y": 3.0},
            "Rule: power(x, y): keep(y != 0 or x != 0, y * x**(y - 1)) by x; "
            "keep(out != 0, out * log(x)) by y. Here x is x, y is y, out is v1.",
        ),
        (
            "x[1:]",
            {"x": [1.0, 2.0]},
            "Rule of index: g goes back to where the part was taken from, and 0 to all else.",
        ),
        ("softplus(x)", {"x": 0.0}, "Rule: softplus(x): sigmoid(x) by x. Here x is x."),
    ],
)
def test_rules_stand_as_the_table_has_them(formula: str, at: dict[str, object], rule: str) -> None:
    compiled = symgrad.grad(formula)
    text = as_text(Teacher(compiled, record(compiled, at)).reverse())
    assert rule in [line.strip() for line in text.splitlines()]


def test_functions_of_users_have_their_rules_told() -> None:
    symgrad.define("softsign_taught(x) = x / (1 + abs(x)) : 1 / (1 + abs(x))**2")
    assert "x gets g times 1 / (1 + abs(1))**2 = 0.25, which is 1 * 0.25 = 0.25" in told(
        "softsign_taught(x)", {"x": 1.0}
    )
