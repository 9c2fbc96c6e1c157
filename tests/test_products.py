"""Products with Jacobian and Hessian, and higher orders, against the gradient and mpmath."""

import copy
import pickle
from typing import Any

import mpmath
import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.pipeline import Known, derive
from symgrad.targets.scalar import SCALAR
from symgrad.writing.document import legal, outputs_for
from tests.array_cases import Case
from tests.test_arrays import CASES

TABLE = builtin_functions()

# A derivative of singular vectors is not stated; the cofactors of a singular matrix have none.
ONCE_ONLY = ("svdvals", "norm(A, ord=2)", "norm(x, ord=2", "det(A)")
SMOOTH = [c for c in CASES[::5] if c.smooth and not any(word in c.formula for word in ONCE_ONLY)]


def over(case: Case) -> str:
    return case.label


def drawn(case: Case, inputs: dict[str, Any], seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return tuple(np.asarray(rng.normal(size=np.shape(inputs[name]))) for name in case.smooth)


def inner(left: Any, right: Any) -> float:
    return float(sum(np.sum(np.multiply(a, b)) for a, b in zip(left, right, strict=True)))


@pytest.mark.parametrize("case", SMOOTH, ids=over)
def test_the_two_modes_are_transposes(case: Case) -> None:
    inputs = case.inputs()
    cotangent, tangents = case.cotangent(), drawn(case, inputs, 1)
    value, back = symgrad.vjp(case.formula, case.smooth)(cotangent, **inputs)
    first = tangents if len(tangents) > 1 else tangents[0]
    same, forth = symgrad.jvp(case.formula, case.smooth)(first, **inputs)
    np.testing.assert_allclose(same, value, rtol=1e-12)
    assert np.shape(forth) == np.shape(value)
    left, right = inner([cotangent], [forth]), inner(back, tangents)
    size = sum(
        float(np.sum(np.abs(np.multiply(b, t)))) for b, t in zip(back, tangents, strict=True)
    )
    assert left == pytest.approx(right, rel=1e-9, abs=1e-9 * size + 1e-12)


@pytest.mark.parametrize("case", SMOOTH, ids=over)
def test_hessian_products_are_differences_of_gradients(case: Case) -> None:
    inputs = case.inputs()
    vectors = drawn(case, inputs, 2)
    gradient = symgrad.grad(case.formula, case.smooth)
    first = vectors if len(vectors) > 1 else vectors[0]
    products = symgrad.hvp(case.formula, case.smooth)(first, **inputs)
    step = 1e-5

    def moved(by: float) -> tuple[Any, ...]:
        pairs = zip(case.smooth, vectors, strict=True)
        changed = {n: np.asarray(inputs[n], float) + by * v for n, v in pairs}
        derivatives: tuple[Any, ...] = gradient(**{**inputs, **changed})
        return derivatives

    for found, ahead, behind in zip(products, moved(step), moved(-step), strict=True):
        wanted = (np.asarray(ahead) - np.asarray(behind)) / (2 * step)
        size = float(np.max(np.abs(wanted), initial=0.0))
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * (1 + size))


ONE_VARIABLE = [
    ("exp(x**2)", lambda x: mpmath.exp(x**2)),
    ("sin(x)**3", lambda x: mpmath.sin(x) ** 3),
    ("log(1 + exp(x))", lambda x: mpmath.log(1 + mpmath.exp(x))),
    ("tanh(2*x)/x", lambda x: mpmath.tanh(2 * x) / x),
    ("x**2.5 * arctan(x)", lambda x: x ** mpmath.mpf(2.5) * mpmath.atan(x)),
    ("erf(x) + gammaln(x)", lambda x: mpmath.erf(x) + mpmath.loggamma(x)),
    ("where(x > 0, sqrt(x), 0)", mpmath.sqrt),
]


@pytest.mark.parametrize(("formula", "truth"), ONE_VARIABLE, ids=[f for f, _ in ONE_VARIABLE])
def test_orders(formula: str, truth: Any) -> None:
    with mpmath.workdps(60):
        for order in range(1, 7):
            found = symgrad.grad(formula, order=order)(0.75)
            wanted = float(mpmath.diff(truth, mpmath.mpf(0.75), order))
            assert found == pytest.approx(wanted, rel=1e-9)


def test_a_derivative_is_differentiated_again() -> None:
    first = symgrad.grad("sin(x)**3")
    assert symgrad.grad(first) == symgrad.grad("sin(x)**3", wrt=None, order=2)
    assert symgrad.grad(symgrad.function("x**2"))(3.0) == 6.0
    assert symgrad.grad("x**3 * y", wrt="x", order=3)(x=2.0, y=5.0) == 30.0


def test_the_forward_product_is_short() -> None:
    """The cotangent is gone: what is left is what a person would write."""
    source = symgrad.jvp("A: (n, d); x: (d,)\nexp(A @ x)", "x").source
    assert "    dvalue = A @ x_tangent * value\n    return value, dvalue\n" in source


def test_code_for_numbers_is_as_short_as_for_arrays() -> None:
    """Both drop what serves arrays of any shapes, and simplify what that leaves."""
    product = symgrad.hvp("x / y")
    numbers = legal(product._general(), TABLE, SCALAR).graph
    arrays = derive("x / y", None, TABLE, known=Known({"x": (), "y": ()}), what="hvp").graph
    for graph in (numbers, arrays):
        derivatives = outputs_for(graph, "grad")
        assert sum(bool(node.args) for node in derivatives.nodes) == 10


def test_products_by_nothing() -> None:
    """With no inputs to go by, the vectors are an empty tuple, and the products empty or 0."""
    assert symgrad.vjp("3")(2.0) == (3.0, {})
    assert symgrad.jvp("3")(()) == (3.0, 0.0)
    assert symgrad.hvp("3")(()) == {}
    assert symgrad.jvp("x * y", ())((), x=2.0, y=3.0) == (6.0, 0.0)
    assert symgrad.hvp("x * y", ())((), 2.0, y=3.0) == ()


@pytest.mark.parametrize("verb", [symgrad.vjp, symgrad.jvp, symgrad.hvp])
def test_a_product_is_a_value_like_others(verb: Any, tmp_path: Any) -> None:
    product = verb("sin(x) * y", wrt=("x", "y"))
    assert copy.deepcopy(product) == product == pickle.loads(pickle.dumps(product))
    assert repr(product) == f"symgrad.{verb.__name__}('sin(x) * y', wrt=('x', 'y'))"
    module: dict[str, Any] = {}
    exec(product.source, module)
    vectors = (2.0,) if verb is symgrad.vjp else ((1.0, 2.0),)
    flat = vectors if verb is symgrad.vjp else vectors[0]
    called = product(*vectors, x=0.5, y=3.0)
    assert np.array_equal(np.hstack(called), np.hstack(module[verb.__name__](*flat, 0.5, 3.0)))


MISTAKES = [
    (
        lambda: symgrad.jvp("A @ x", "x")(np.ones(2), A=np.ones((2, 3)), x=np.ones(3)),
        "the x tangent has shape (2,)\n  A @ x\n  ^^^^^\nIt needs that of x, which is (3,).",
    ),
    (
        lambda: symgrad.vjp("A @ x", "x")(np.ones(3), A=np.ones((2, 3)), x=np.ones(3)),
        "the cotangent of value has shape (3,)\n  A @ x\n  ^^^^^\n"
        "It needs that of the value, which is (2,).",
    ),
    (
        lambda: symgrad.hvp("x * y")(1.0, x=1.0, y=2.0),
        "2 vectors come first, as one tuple\n  x * y\n  ^^^^^\n"
        "They are, in order: x vector, y vector.",
    ),
    (
        lambda: symgrad.grad("x * y", order=2),
        'a derivative of higher order is taken by one input\n  x * y\n  ^^^^^\nName it: wrt="x".',
    ),
    (
        lambda: symgrad.grad("x", order=0),
        "the order is a whole number from 1 to 99, not 0",
    ),
    (
        lambda: symgrad.grad(symgrad.value_and_grad("x")),
        "only a value or a derivative is differentiated again",
    ),
]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES)
def test_mistakes(mistake: Any, message: str) -> None:
    with pytest.raises(symgrad.SymgradError) as caught:
        mistake()
    assert str(caught.value) == message
