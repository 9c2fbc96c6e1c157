"""Derivatives that stand in a formula: against mpmath, the public verbs and central differences."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import symgrad
from symgrad.errors import SymgradError
from symgrad.functions import builtin_functions
from symgrad.pipeline import derive, stages
from symgrad.seeing.explanation import explain

TABLE = builtin_functions()
RNG = np.random.default_rng(11)

ONE_VARIABLE: dict[str, Callable[[Any], Any]] = {
    "sin(x)**3": lambda x: mpmath.sin(x) ** 3,
    "tanh(2*x + 0.3)": lambda x: mpmath.tanh(2 * x + mpmath.mpf(0.3)),
    "exp(-x**2 / 2)": lambda x: mpmath.exp(-(x**2) / 2),
    "log(1 + exp(x))": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "x**2.5 / (1 + x)": lambda x: x ** mpmath.mpf(2.5) / (1 + x),
    "where(x > 0, sqrt(x), 0)": mpmath.sqrt,
    "r = x**2; cos(r) * r": lambda x: mpmath.cos(x**2) * x**2,
}


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("formula", ONE_VARIABLE)
def test_every_order_is_that_of_mpmath_and_of_grad(formula: str, order: int) -> None:
    *before, last = formula.split("; ")
    inside = symgrad.function("; ".join([*before, f"D({last}, x, {order})"]))
    points = np.array([0.4, 0.7, 1.9])
    with mpmath.workdps(40):
        truth = [float(mpmath.diff(ONE_VARIABLE[formula], mpmath.mpf(p), order)) for p in points]
    np.testing.assert_allclose(inside(points), truth, rtol=1e-12)
    np.testing.assert_allclose([inside(float(p)) for p in points], truth, rtol=1e-12)
    np.testing.assert_allclose(
        symgrad.grad(formula, order=order)(points), inside(points), rtol=1e-12
    )


X, Y = np.array([0.1, 0.5, 0.9]), np.array([1.0, 2.0])
A = np.array([[2.0, 0.5, 0.1], [0.3, 1.5, 0.2], [0.0, 0.4, 3.0]])

VALUES = [
    # Each element of an array, in the shape to which both broadcast.
    ("D(a*exp(-b*x), b)", {"a": 2.0, "b": 3.0, "x": X}, -2 * X * np.exp(-3 * X)),
    ("D(x*y, y)", {"x": X[:, None], "y": Y}, X[:, None] * np.ones(2)),
    ("D(x, x)", {"x": X}, np.ones(3)),
    ("D(y, x) + x", {"x": X, "y": 2.0}, X),
    ("D(c*x, x) + 0*c", {"c": 2.0, "x": X}, np.full(3, 2.0)),
    ("D(x * sum(stop_gradient(x)), x)", {"x": X}, np.full(3, X.sum())),
    ("D(x * len(x) + argmax(x), x)", {"x": X}, np.full(3, 3.0)),
    ("D(X > 1, X) + X", {"X": X}, X),
    # A single number by an array: the gradient.
    ("L = sum(m*v**2)/2; D(L, v)", {"m": 2.0, "v": X}, 2 * X),
    ("D(x @ A @ x, x)", {"x": X, "A": A}, (A + A.T) @ X),
    ("D(logdet(A), A)", {"A": A}, np.linalg.inv(A).T),
    ("D(x[0]*x[2]**2, x)", {"x": X}, [X[2] ** 2, 0, 2 * X[0] * X[2]]),
    ("D(sum(x**4), x, 2)", {"x": X}, 12 * X**2),
    ("v = [p, q]; D(sum(v**2), v)", {"p": 1.0, "q": 2.0}, [2.0, 4.0]),
    # Anything by a single number.
    ("D(cumsum(t*x**2), t)", {"t": 2.0, "x": X}, np.cumsum(X**2)),
    ("D(inv(t*A), t)", {"t": 2.0, "A": A}, -np.linalg.inv(A) / 4),
    ("D(cumsum(exp(t*x)), t, 2)", {"t": 2.0, "x": X}, np.cumsum(X**2 * np.exp(2 * X))),
    ("s = sum(x); D(cumsum(s*y), s)", {"x": X, "y": Y}, np.cumsum(Y)),
    # A name that a statement gave, or a parameter, is a variable of its own.
    ("r = x**2; D(sin(r), r)", {"x": 2.0}, math.cos(4)),
    ("r = x**2; u = x**2 + r; D(u, r)", {"x": 3.0}, 1.0),
    ("r = 2; D(r**2 + 2*r, r)", {}, 6.0),
    ("r = x; D(x*r, r)", {"x": 3.0}, 3.0),
    ("f(x, y) = D(x**2*y, x); f(t, t)", {"t": 3.0}, 18.0),
    ("f(a) = D(a*b, a); f(b)", {"b": 5.0}, 5.0),
    ("f(t) = D(t**2, t); f(2) + f(3)", {}, 10.0),
    ("f(t) = t**3; g(t) = D(f(t), t); D(g(x), x) + g(2)", {"x": 5.0}, 42.0),
    ("g(t) = D(t**2, t); f(s) = g(s) + g(2*s) + s; f(2) + D(f(y), y)", {"y": 9.0}, 21.0),
    ("k(x) = D(x**3, x); f(x, y) = D(x*y, x); f(t, k(t))", {"t": 2.0}, 12.0),
    ("Q, R = qr(A); D(sum(R**2), R) - 2*R", {"A": A}, np.zeros((3, 3))),
    # An operator: what the argument depends on is the variable.
    ("lap(u) = D(u, x, 2) + D(u, y, 2); lap(x**3*y**2)", {"x": 2.0, "y": 3.0}, 124.0),
    ("slope(u, z) = D(u, z); slope(t**2, t)", {"t": 3.0}, 6.0),
    ("slope(u, z) = D(u, z); r = t**2; slope(r**2 + t**2, r)", {"t": 3.0}, 18.0),
    ("slope(u, z) = D(u, z); slope(z=t, u=t**2)", {"t": 3.0}, 6.0),
    ("twice(u, z) = D(D(u, z), z) + z*D(z**2, z); twice(t**3, t)", {"t": 2.0}, 20.0),
    # Nested and mixed.
    ("D(D(x**2*y**3, x), y)", {"x": 2.0, "y": 3.0}, 108.0),
    ("D(D(a*x, x)*D(a*x, a), a) + 0*x", {"a": 2.0, "x": X}, X),
    ("f(u) = u**2; D(f(D(f(x), x)), x)", {"x": 5.0}, 40.0),
    # Inside conditions, comparisons, lists and sums.
    ("x**2 if D(x**2, x) > 1 else 0", {"x": 2.0}, 4.0),
    ("D(x if x > 0 else x**2, x)", {"x": np.array([-2.0, 2.0])}, [-4.0, 1.0]),
    ("sum(D(sin(x), x) == cos(x))", {"x": X}, 3.0),
    ("[D(x*y, x), D(x*y, y)]", {"x": 2.0, "y": 3.0}, [3.0, 2.0]),
    ("stack((D(a*exp(b*x), a), D(a*exp(b*x), b)), axis=1)", {"a": 2.0, "b": 0.0, "x": X},
     np.stack([np.ones(3), 2 * X], axis=1)),
    # Other names for it, and other things of that name.
    ("derivative(expr=x**3, x=x, order=2)", {"x": 2.0}, 12.0),
    ("(x**3).D(x)", {"x": 2.0}, 12.0),
    ("n = 2; D(x**3, x, n)", {"x": 2.0}, 12.0),
    ("D * D(x**2, x)", {"D": 3.0, "x": 2.0}, 12.0),
    ("D(D**2, D)", {"D": 3.0}, 6.0),
    ("D(r) = exp(-r); D(x)", {"x": 0.0}, 1.0),
    ("derivative(r) = r + 1; derivative(x)", {"x": 0.0}, 1.0),
    ("diff(x)", {"x": X}, np.diff(X)),
]  # fmt: skip


def text(case: Any) -> str | None:
    return case if isinstance(case, str) else None


@pytest.mark.parametrize(("formula", "inputs", "expected"), VALUES, ids=text)
def test_values(formula: str, inputs: dict[str, Any], expected: Any) -> None:
    found = symgrad.function(formula)(**inputs)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


AGAIN = [
    ("u = tanh(a*x + b); sum((D(u, x, 2) + k**2*u)**2)", {"a": 0.8, "x": X, "b": 0.2, "k": 1.5}),
    ("sum(D(exp(-a*x**2), a)**2)", {"a": 0.7, "x": X}),
    ("D(D(x**2*y**3, x), y)", {"x": 2.0, "y": 3.0}),
    ("sum(D(sum(m*v**4), v)**2)", {"m": Y[0], "v": X}),
    ("sum(D(cumsum(sin(t*x)), t)**2)", {"t": 0.4, "x": X}),
    ("r = hypot(x, y); D(exp(-r)/r, r)", {"x": 0.6, "y": 0.8}),
    ("f(p, q) = D(p**2*sin(q), p); f(x, x)", {"x": 0.8}),
    ("q = A*cos(w*t); v = D(q, t); L = v**2/2 - k*q**4/2; D(D(L, v), t) - D(L, q)",
     {"A": 0.7, "w": 1.3, "t": 0.4, "k": 2.0}),
    ("D(where(x > 0, x**2.5, -x), x, 2)", {"x": np.array([0.5, -1.0])}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "inputs"), AGAIN, ids=text)
def test_differentiated_again(formula: str, inputs: dict[str, Any]) -> None:
    """The gradient, and a product with the Hessian, against central differences."""
    value, gradient = symgrad.value_and_grad(formula, (*inputs,))(**inputs)
    slopes = dict(zip(inputs, gradient, strict=True))
    direction = {name: RNG.normal(size=np.shape(x)) for name, x in inputs.items()}
    vectors = (*direction.values(),)

    def moved(by: float) -> dict[str, Any]:
        return {name: x + by * direction[name] for name, x in inputs.items()}

    h, f = 1e-5, symgrad.function(formula)
    numeric = (np.sum(f(**moved(h))) - np.sum(f(**moved(-h)))) / (2 * h)
    found = sum(np.sum(slopes[name] * direction[name]) for name in inputs)
    assert found == pytest.approx(float(numeric), rel=1e-7, abs=1e-8)
    same, forward = symgrad.jvp(formula, (*inputs,))(
        vectors if len(vectors) > 1 else vectors[0], **inputs
    )
    np.testing.assert_allclose(same, value, rtol=1e-12)
    assert np.sum(forward) == pytest.approx(float(numeric), rel=1e-7, abs=1e-8)
    products = symgrad.hvp(formula, (*inputs,))(
        vectors if len(vectors) > 1 else vectors[0], **inputs
    )
    grad = symgrad.grad(formula, (*inputs,))
    for name, product, up, down in zip(
        inputs, products, grad(**moved(h)), grad(**moved(-h)),
        strict=True,
    ):  # fmt: skip
        assert np.shape(slopes[name]) == np.shape(inputs[name])
        np.testing.assert_allclose(product, (up - down) / (2 * h), rtol=1e-6, atol=1e-6)


STABLE = [
    ("D(log(1 + exp(x)), x)", 800.0, 1.0),
    ("D(log(1 + exp(x)), x, 2)", 800.0, 0.0),
    ("D(log(1 + exp(x)), x, 2)", -800.0, 0.0),
    ("r = exp(x); D(log(1 + r), x) + 0*D(x, r)", 800.0, 1.0),
    ("D(where(x > 0, sqrt(x), 0), x)", 0.0, 0.0),
    ("D(where(x > 0, sqrt(x), 0), x, 2)", 0.0, 0.0),
    ("D(where(x > 0, x*log(x), 0), x, 2)", 0.0, 0.0),
    ("D(where(x > 0, D(x*log(x), x), 0), x)", -1.0, 0.0),
    ("D(sqrt(x**2), x)", 0.0, 0.0),
    ("D(hypot(x, x), x)", 0.0, 0.0),
    ("D(abs(x)*x, x, 2)", 0.0, 0.0),
    ("D(relu(x), x)", 0.0, 0.0),
    ("D(x**2, x, 3)", 0.0, 0.0),
    ("D(tanh(x), x, 3)", 400.0, 0.0),
    ("D(sigmoid(x), x, 2)", -800.0, 0.0),
]


@pytest.mark.parametrize(("formula", "x", "expected"), STABLE, ids=text)
def test_masks_kinks_and_tails(formula: str, x: float, expected: float) -> None:
    """In the scalar kernel, on arrays, and once more under the gradient."""
    assert symgrad.function(formula)(x) == expected
    assert symgrad.function(formula)([x, x]).tolist() == [expected, expected]
    assert np.isfinite(symgrad.grad(formula)(x))


def test_numbers_of_python_take_the_scalar_code() -> None:
    found = symgrad.function("u = sin(a*x); D(u, x, 2) + a**2*u")
    assert type(found(2.0, 0.5)) is float
    assert found.plans == 0


def test_numbers_keep_their_type() -> None:
    x = np.array([1.0, 2.0], np.float32)
    assert symgrad.function("D(x**2, x)")(x).dtype == np.float32
    assert symgrad.function("D(3*x, x)")(x).dtype == np.float32


def test_the_code_is_that_of_an_expert() -> None:
    source = symgrad.function("t: (n,); a: scalar; b: scalar; D(a*exp(-b*t), b)").source
    assert "    return -a * np.exp(-b * t) * t\n" in source
    source = symgrad.function("x: (n,); A: (n, n); D(x @ A @ x, x)").source
    assert "    return x @ A + x @ A.T\n" in source
    source = symgrad.function("t: (n,); a: scalar; D(cumsum(a*t**2), a)").source
    assert "    return np.cumsum(t**2, axis=0)\n" in source
    source = symgrad.function(
        "m: scalar; l: scalar; v: scalar; g: scalar; q: scalar\n"
        "L = m*l**2*v**2/2 + m*g*l*cos(q); D(L, q)"
    ).source
    assert "    return -m * g * l * np.sin(q)\n" in source


def test_no_derivative_is_left_after_its_stage() -> None:
    formula = "r = x**2; D(sin(r)*y, r)"
    found = {name: derived.graph for name, derived in stages(formula, None, TABLE)}
    assert list(found) == ["lower", "derivative", "stabilise", "reverse", "simplify"]
    assert {n.op for n in found["derivative"].nodes} == {
        "input", "constant", "power", "cos", "multiply",
    }  # fmt: skip
    assert "derivative" not in dict(stages("diff(x)", None, TABLE))


def test_explain_shows_the_stage() -> None:
    shown = explain("r = x**2; D(sin(r), r)")
    assert "derivative: that of its first operand by its second" in shown
    assert "_variable: its operand under a name" in shown
    assert "== derivative ==\nWhat is written as derivative(u, x) is taken" in shown


@pytest.mark.parametrize(
    ("formula", "inputs", "shown"),
    [
        ("D(cumsum(x) + x, x)", {"x": X}, """\
the elements of x mix here, so that none has a derivative of its own
  D(cumsum(x) + x, x)
    ^^^^^^^^^
Put sum(...) around what is differentiated, for the gradient; symgrad.jacobian gives all."""),
        ("r = 2*x; D(A @ r, r)", {"x": X, "A": A[:2]}, """\
the elements of r mix here, so that none has a derivative of its own
  r = 2*x; D(A @ r, r)
             ^^^^^
Put sum(...) around what is differentiated, for the gradient; symgrad.jacobian gives all."""),
        ("D(sum(x)**2, x, 2)", {"x": X}, """\
the elements of x mix here, so that none has a derivative of its own
  D(sum(x)**2, x, 2)
    ^^^^^^
Put sum(...) around what is differentiated, for the gradient; symgrad.jacobian gives all."""),
        ("D(2*x, y) + y[0]", {"x": X, "y": Y}, """\
shapes do not broadcast together
  D(2*x, y) + y[0]
  ^^^^^^^^^
Here the other operand has shape (3,) and y has shape (2,)."""),
    ],
)  # fmt: skip
def test_elements_that_mix(formula: str, inputs: dict[str, Any], shown: str) -> None:
    with pytest.raises(SymgradError) as caught:
        symgrad.function(formula)(**inputs)
    assert str(caught.value) == shown


def test_code_before_it_is_known_what_mixes() -> None:
    found = symgrad.function("D(cumsum(t*x), t) + 0*x")
    assert found(2.0, [1.0, 2.0]).tolist() == [1.0, 3.0]
    with pytest.raises(SymgradError) as caught:
        found.source  # noqa: B018
    assert str(caught.value) == (
        "what derivative means depends on how many axes its operands have\n"
        "  D(cumsum(t*x), t) + 0*x\n  ^^^^^^^^^^^^^^^^^\n"
        "Declare the inputs at the head of the formula, as X: (n, d); w: (d,)."
    )
    assert "cumsum(x" in symgrad.function("t: scalar; x: (n,); D(cumsum(t*x), t) + 0*x").source


def test_what_goes_wrong_below_a_derivative_is_told() -> None:
    with pytest.raises(SymgradError) as caught:
        symgrad.function("D(inv(t*A), t)")(t=2.0, A=np.zeros((2, 2)))
    assert str(caught.value) == (
        "the matrix t*A cannot be inverted: it is singular\n  D(inv(t*A), t)\n    ^^^^^^^^\n"
        "Use pinv, or add a small multiple of eye(n)."
    )
    found = symgrad.function("1 + D(log(x), x)").first_not_finite({"x": 0.0})
    assert found == ("D(log(x), x) is infinite", (4, 16))


def test_functions_that_users_add_may_differentiate() -> None:
    table = TABLE.extended("curvature(u: array, x) = D(u, x, 2) / (1 + D(u, x)**2)**1.5")
    table = table.extended("tripled(x) = D(x**3, x)").extended("D2(x) = tripled(x) + x")
    assert derive("curvature(x**2, x)", None, table).graph.outputs
    made = symgrad.compiled.Compiled("value", "curvature(x**2, x) + D2(2)", None, False, table)
    assert made(0.0) == 2 + 14.0
