"""Quotients are combined over their common denominator where that leaves less, and only there."""

import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.graph import builder_of, descendants
from symgrad.language.formula import lower
from symgrad.rewriting.quotients import Quotients

TABLE = builtin_functions()


def combined(formula: str) -> dict[str, str]:
    """The partial derivatives by atom, as text; none where nothing cancels."""
    graph = lower(formula, TABLE).graph
    active = descendants(graph.nodes, graph.inputs().values())
    build = builder_of(graph)
    node = graph.outputs[0]
    found = Quotients(graph.nodes, active).partials(build, node)
    return {str(atom.value): str(build.graph([partial])) for atom, partial in found}


@pytest.mark.parametrize(
    ("formula", "by_x"),
    [
        ("x / (1 + x)", "v1 = add(1.0, x)\nv2 = power(v1, 2.0)\nv3 = divide(1.0, v2)\nreturn v3"),
        ("(x - 1) / (x + 1)", "v1 = add(x, 1.0)\nv2 = power(v1, 2.0)\nv3 = divide(2.0, v2)\n"
         "return v3"),
        ("x / (x + k)", "v1 = add(x, k)\nv2 = divide(k, v1)\nv3 = divide(v2, v1)\nreturn v3"),
        (
            "x / sqrt(c + x**2)",
            "v1 = power(x, 2.0)\nv2 = add(c, v1)\nv3 = sqrt(v2)\nv4 = divide(c, v3)\n"
            "v5 = divide(v4, v2)\nreturn v5",
        ),
    ],
)  # fmt: skip
def test_what_cancels_is_left_out(formula: str, by_x: str) -> None:
    assert combined(formula)["x"] == by_x


@pytest.mark.parametrize(
    "formula",
    [
        "x / y",
        "1 / (1 + x)",
        "x / (1 + y)",
        "x / (1 + x**2)",
        "sin(x) / (1 + exp(x))",
        "x / exp(x)",
    ],
)
def test_other_quotients_are_differentiated_as_they_stand(formula: str) -> None:
    assert not combined(formula)


@pytest.mark.parametrize(
    ("formula", "x", "slope"),
    [
        ("x / (1 + x)", 1e10, 9.999999998e-21),
        # Differences of powers are opened like the sums that they are.
        ("x**2 / (1 - x**2)", 1e10, 2e-30),
        ("x**3 / (1 - x**3)", 1e10, 3e-40),
        ("x / (1 + x**2)", 1e160, -1e-320),
        ("x**2 / (4 + x**2)", 1e6, 7.999999999936e-18),
        ("x**2 / (1 + x)**2", 1e8, 1.9999999400000012e-16),
        ("sum(x / (1 + x))", 1e10, 9.999999998e-21),
    ],
)
def test_slopes_to_the_last_digits(formula: str, x: float, slope: float) -> None:
    assert symgrad.grad(formula)(x) == pytest.approx(slope, rel=1e-13, abs=0)


def test_exact_keeps_quotients_as_they_stand() -> None:
    slope = symgrad.grad("x / (1 + x)", exact=True)(1e10)
    assert slope != pytest.approx(9.999999998e-21, rel=1e-9, abs=0)


def test_a_long_denominator_takes_no_longer_than_it_must() -> None:
    formula = "x / (" + " + ".join(f"x*a{n}" for n in range(2000)) + ")"
    assert symgrad.grad(formula, wrt="x").wrt == ("x",)


def test_nothing_is_built_for_parts_that_share_no_input() -> None:
    graph = lower("x * y**2 / (z**2 + 1)", TABLE).graph
    build = builder_of(graph)
    quotients = Quotients(graph.nodes, descendants(graph.nodes, graph.inputs().values()))
    assert quotients.partials(build, graph.outputs[0]) == []
    assert build.nodes == list(graph.nodes)
