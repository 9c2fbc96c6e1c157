"""The reverse pass: fan-in, masks, broadcasting, what has no derivative."""

import numpy as np
import pytest

import symgrad
from symgrad.errors import DerivativeError
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.reverse import reverse
from symgrad.simplify import stabilise
from tests.evaluation import numpy_outputs

TABLE = builtin_functions()


def reversed_graph(formula: str, *wrt: str) -> str:
    graph = stabilise(lower(formula, TABLE).graph, TABLE)
    return str(reverse(graph, wrt, TABLE, formula))


def test_a_sum_passes_the_cotangent_on() -> None:
    assert reversed_graph("x + y", "x") == (
        "v1 = add(x, y)\nv2 = broadcast(1.0, v1)\nv3 = unbroadcast(v2, x)\nreturn v1, v3"
    )


def test_terms_add_up_where_a_value_is_used_again() -> None:
    assert reversed_graph("x*sin(x)", "x") == (
        "v1 = sin(x)\nv2 = multiply(x, v1)\nv3 = cos(x)\nv4 = multiply(x, v3)\n"
        "v5 = add(v1, v4)\nreturn v2, v5"
    )


def test_an_input_that_the_value_does_not_need_has_derivative_zero() -> None:
    assert reversed_graph("x*0 + floor(y)", "y").endswith("v4 = broadcast(0.0, y)\nreturn v3, v4")


def test_only_what_leads_to_wrt_is_differentiated() -> None:
    assert "cos" not in reversed_graph("x * sin(y)", "x")
    assert "cos" in reversed_graph("x * sin(y)", "y")


MASKED = [
    # formula, x, first derivative
    ("where(x > 0, log(x), 0)", -1.0, 0.0),
    ("where(x > 0, log(x), 0)", 0.0, 0.0),
    ("where(x > 0, x*log(x), 0)", 0.0, 0.0),
    ("where(x > 0, where(x > 1, sqrt(x - 1), log(x)), 7*x)", 0.0, 7.0),
    ("where(x != 0, sin(x)/x, 1)", 0.0, 0.0),
    ("exp(where(x < 1, x, 10**exp(x)))", 0.5, np.exp(0.5)),
    ("h = log(x); where(x > 0, h, 0) + where(x > 1, h, 0)", 0.0, 0.0),
    ("h = sqrt(x); where(x > 0, h, 0) * where(x > 0, h, 3)", 0.0, 0.0),
    ("1 / where(x > 0, x, 1) + 0*x", 0.0, 0.0),
    ("where(abs(x) < 1e-4, 1 - x**2/6, sin(x)/x)", 0.0, 0.0),
    ("hypot(x, 0*x)", 0.0, 0.0),
]


@pytest.mark.parametrize(("formula", "x", "expected"), MASKED)
def test_an_untaken_branch_never_reaches_a_derivative(
    formula: str, x: float, expected: float
) -> None:
    for at in (x, np.array([x, 0.25])):
        found = np.ravel(symgrad.grad(formula)(at))[0]
        assert found == pytest.approx(expected, abs=0, rel=1e-14)


def test_masks_hold_to_the_second_order() -> None:
    formula = "where(x > 0, x**2*log(x), x**3)"
    graph = stabilise(lower(formula, TABLE).graph, TABLE)
    first = reverse(graph, ["x"], TABLE)
    again = reverse(type(first)(first.nodes, first.outputs[1:], {}), ["x"], TABLE)
    outputs = numpy_outputs(again, {"x": np.array([-1.0, 0.0, 2.0])})
    assert outputs[1] == pytest.approx([-6.0, 0.0, 2 * np.log(2.0) + 3])


MASKS = [
    ("x**y", 2),
    ("x**3", 0),
    ("2**y", 1),
    ("(2 + exp(x))**y", 1),
    ("(1 + exp(x))**y", 2),
    ("(x**2 + 0.5 + abs(y))**y", 1),
    ("(x - 1)**y", 2),
    ("(1 + x)**y", 2),
]


@pytest.mark.parametrize(("formula", "masks"), MASKS)
def test_masks_stay_where_they_may_not_hold(formula: str, masks: int) -> None:
    """That a slope is 0 where base and exponent are needs no mask where one of them never is."""
    graph = stabilise(lower(formula, TABLE).graph, TABLE)
    names = list(graph.inputs())
    assert sum(n.op == "keep" for n in reverse(graph, names, TABLE).nodes) == masks


BROADCASTS = [
    ((), (3,)),
    ((3,), ()),
    ((2, 1), (3,)),
    ((2, 3), (1, 3)),
    ((4, 1, 3), (2, 1)),
    ((0,), ()),
    ((1,), (0,)),
]


@pytest.mark.parametrize(("first", "second"), BROADCASTS)
@pytest.mark.parametrize("formula", ["x + y", "x*y", "exp(x)*y + x", "a = x*y; a*x + 2*y", "3*x"])
def test_each_derivative_has_the_shape_of_its_input(
    formula: str, first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    inputs = {"x": rng.normal(size=first), "y": rng.normal(size=second)}
    compiled = symgrad.grad(formula, wrt=("x",) if formula == "3*x" else ("x", "y"))
    inputs = {name: inputs[name] for name in compiled.inputs}
    for name, found in zip(compiled.wrt, compiled(**inputs), strict=True):
        assert np.shape(found) == np.shape(inputs[name])
        step = 1e-6
        for index in np.ndindex(np.shape(inputs[name])):
            values = []
            for sign in (1, -1):
                moved = {n: np.array(v) for n, v in inputs.items()}
                moved[name][index] += sign * step
                values.append(np.sum(symgrad.function(formula)(**moved)))
            numeric = (values[0] - values[1]) / (2 * step)
            assert np.asarray(found)[index] == pytest.approx(numeric, rel=1e-6, abs=1e-8)


def test_elements_of_an_input_each_get_their_part() -> None:
    gradient = symgrad.grad("v[0]*v[1]**2 + 3*v[-1] + w[1, 0]")
    found = gradient(v=[2.0, 5.0, 7.0], w=np.ones((2, 2)))
    assert found["v"].tolist() == [25.0, 20.0, 3.0]
    assert found["w"].tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_an_element_of_a_computed_array_passes_its_cotangent_through() -> None:
    found = symgrad.grad("s = x*y; s[1]*s + s", wrt=("x", "y"))([2.0, 3.0], 10.0)
    # s = (20, 30); the value is s1*s + s: its sum's derivative by s is (31, 20 + 30 + 30 + 1).
    assert found[0].tolist() == [310.0, 810.0]
    assert found[1] == 2 * 31 + 3 * 81


def test_a_function_without_a_derivative_is_named_with_its_place() -> None:
    with pytest.raises(DerivativeError) as caught:
        symgrad.grad("2 + zeta(n, x)", wrt="n")
    assert str(caught.value) == (
        "zeta has no derivative with respect to its argument s\n"
        "  2 + zeta(n, x)\n"
        "           ^\n"
        "Make it a constant, or leave it out of wrt."
    )
    assert symgrad.grad("2 + zeta(n, x)", wrt="x")(1, 2.0) < 0


def test_the_let_chain_doubles_at_each_link() -> None:
    links = "; ".join(f"a{i} = a{i - 1} + a{i - 1}" for i in range(1, 1000))
    assert symgrad.grad(f"a0 = x + x; {links}; a999")(1.5) == 2.0**1000
