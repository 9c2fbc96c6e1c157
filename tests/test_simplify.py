"""The passes that keep a graph short, and the operations of targets."""

import numpy as np
import pytest

import symgrad
from symgrad.errors import SymgradError
from symgrad.functions import builtin_functions
from symgrad.graph import Builder, Graph
from symgrad.pipeline import derive
from symgrad.rewriting.finish import without_shapes
from symgrad.shapes import CONDITIONS
from symgrad.simplify import expand, legalise, stabilise
from symgrad.targets import Target
from symgrad.targets.numpy import NUMPY
from symgrad.targets.scalar import SCALAR
from tests.evaluation import numpy_outputs

TABLE = builtin_functions()


def derived(formula: str, *wrt: str) -> Graph:
    return derive(formula, wrt or None, TABLE).graph


@pytest.mark.parametrize(
    ("formula", "lines"),
    [
        ("exp(x**2)**2", "v1 = power(x, 2.0)|v2 = exp(v1)|v3 = power(v2, 2.0)"
         "|v4 = multiply(4.0, x)|v5 = multiply(v4, v3)|return v3, v5"),
        ("x**3", "v1 = power(x, 3.0)|v2 = power(x, 2.0)|v3 = multiply(3.0, v2)|return v1, v3"),
        ("1/x", "v1 = divide(1.0, x)|v2 = divide(v1, x)|v3 = negative(v2)|return v1, v3"),
        ("log(x)", "v1 = log(x)|v2 = divide(1.0, x)|return v1, v2"),
    ],
)  # fmt: skip
def test_derivatives_in_their_shortest_form(formula: str, lines: str) -> None:
    assert str(derived(formula)) == lines.replace("|", "\n")


SIGNS = [
    # All uses of the product `value * t` are negated: it is negative from the start.
    (
        "exp(-a*b*c)",
        "dc = -value * ab|minus_value_c = -value * c|da = minus_value_c * b|db = minus_value_c * a",
    ),
    # One use is not: each of the others has its sign.
    (
        "t = a/b; t*c - t/c",
        "dc = t_over_c / c + t|da = (c - 1 / c) / b|db = -da * t",
    ),
]


@pytest.mark.parametrize(("formula", "lines"), SIGNS)
def test_signs_are_taken_once(formula: str, lines: str) -> None:
    source = symgrad.value_and_grad(f"a: (); b: (); c: ()\n{formula}", ("a", "b", "c")).source
    assert "\n    ".join(lines.split("|")) in source


def test_zero_adjoints_are_absent_and_dead_code_is_gone() -> None:
    graph = derived("floor(x)*3 + y", "y")
    assert {node.op for node in graph.nodes} <= {
        "input", "constant", "floor", "multiply", "add", "broadcast", "unbroadcast",
    }  # fmt: skip


def test_the_value_is_what_the_formula_alone_gives() -> None:
    """Differentiating must not change the value by a bit."""
    formula = "a = x*y*2; (a/3 - x)*0.1*a - 2*(3*x)"
    alone = stabilise(derive(formula, (), TABLE).graph, TABLE)
    point = {"x": np.float64(0.3), "y": np.float64(0.7)}
    assert numpy_outputs(alone, point)[0] == numpy_outputs(derived(formula), point)[0]


def test_sums_to_a_shape_ask_no_condition_for_it() -> None:
    """With the shape comes the type, and a sum of truth values is one."""
    graph = derived("einsum('ij,i,jk->ik', where(b < a, a, 0), c, d)")
    likes = [node.args[1] for node in graph.nodes if node.op == "unbroadcast"]
    assert likes
    assert not CONDITIONS & {node.op for node in likes}


@pytest.mark.parametrize("target", [NUMPY, SCALAR], ids=["numpy", "scalar"])
def test_legalise_leaves_what_the_target_spells(target: Target) -> None:
    graph = derived("softplus(x) + sigmoid(x) + heaviside(x, 0.5) + logit(x) + sinc(x)")
    graph = graph if target is NUMPY else without_shapes(graph)
    legal = legalise(graph, target.known, TABLE, target.name)
    assert {node.op for node in legal.nodes} <= target.known


def test_an_operation_that_a_target_lacks_is_named() -> None:
    with pytest.raises(SymgradError, match="the target scalar has no digamma"):
        expand(without_shapes(derived("gammaln(x)")), SCALAR.known, TABLE, "scalar")


def test_passes_return_new_graphs() -> None:
    build = Builder()
    x = build.node("input", value="x")
    graph = build.graph([build.node("log", build.node("exp", x))])
    before = str(graph)
    assert str(stabilise(graph, TABLE)) == "return x"
    assert str(graph) == before
