"""Python functions as formulas: they compute what the functions compute, or show what they lack."""

import functools
import math
from collections.abc import Callable
from math import pi
from math import sin as sine
from typing import Any

import numpy as np
import pytest
from scipy import special

import symgrad
from symgrad.errors import FormulaSyntaxError, InputError, SymgradError

G = 9.81
TABLE = np.arange(3.0)
leaky = lambda z: np.where(z > 0, z, 0.1 * z)  # noqa: E731


def sigmoid(z, k=2.0):
    """Logistic."""
    power = np.exp(-k * z)
    return 1 / (1 + power)


def model(X, w, b, y):
    """Mean squared error.

    It is that of a logistic model.
    """
    # the shares
    p = sigmoid(X @ w + b)
    r = p - y  # residual
    r *= 2
    n, d = X.shape
    return np.mean(r**2) + np.sum(w**2, axis=0) / n * d


def turned(b, a):
    return a - b * G


def branches(x, y):
    if x > 0 and not y > 5:
        return np.log(x)
    if x < -1:
        return sine(x) * pi
    x = x + 1
    return math.log(x, 3) if y else math.pow(x, 2)


def unused(a, b):
    return a**2


def several(x, y):
    low, high = min(x, y, 1), max(x, y)
    scaled: float = (high - low) / abs(high)
    return scaled % 0.3 + high // 0.7 + math.remainder(high, 2.0) + round(low)


def arrays(A, x):
    Q, R = np.linalg.qr(A)
    both = np.concatenate([x, x[::-1]], axis=0)
    picked = A[..., None, 1:][0, 0] * np.array([1, -1], dtype=float)
    return (Q @ R).T.sum(axis=1)[0] + both.reshape(2, -1).mean() + picked.sum() + len(x) + x.size


def conditions(x):
    return np.where((x > 0) & ~(x > 1) | np.isnan(x), x**2, np.clip(x, a_min=-1, a_max=2)).sum()


def names(pi, λ, order):
    return order - pi * λ


def of_scipy(x, k):
    return special.expit(x) + special.gammaln(k) + special.erf(x) + math.lgamma(k) + math.fabs(x)


def of_helpers(x):
    return leaky(x) + leaky(-2 * x) + sigmoid(z=x, k=1)


def outer(c):
    def inner(x):
        return c * x + float("inf") * 0 if x > 1e9 else c * x

    return inner


NUMBERS: list[tuple[Callable[..., Any], list[tuple[Any, ...]]]] = [
    (turned, [(1.0, 2.0)]),
    (branches, [(0.5, 1.0), (0.5, 9.0), (-2.0, 1.0), (-0.5, 1.0), (-0.5, 0.0)]),
    (unused, [(3.0, 4.0)]),
    (several, [(0.3, 2.9), (-1.4, 0.2), (2.6, 1.7)]),
    (names, [(2.0, 3.0, 10.0)]),
    (of_scipy, [(0.3, 2.5), (-1.2, 4.0)]),
    (of_helpers, [(0.7,), (-0.7,)]),
    (outer(2.5), [(3.0,)]),
    (lambda a, b: b / a, [(2.0, 3.0)]),
    (sigmoid, [(0.3, 1.0)]),
]
ARRAYS: list[tuple[Callable[..., Any], list[tuple[Any, ...]]]] = [
    (model, [(np.arange(6.0).reshape(3, 2) / 5, np.array([0.3, -1.0]), 0.2, np.ones(3))]),
    (arrays, [(np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 1.0]]).T, np.array([1.0, 5.0, 2.0]))]),
    (conditions, [(np.array([-2.0, 0.5, 1.5, 3.0]),)]),
]


@pytest.mark.parametrize(("fn", "points"), [*NUMBERS, *ARRAYS])
def test_the_formula_computes_what_the_function_computes(
    fn: Callable[..., Any], points: list[tuple[Any, ...]]
) -> None:
    formula = symgrad.function(symgrad.from_function(fn))
    for point in points:
        assert formula(*point) == pytest.approx(float(np.sum(fn(*point))), rel=1e-13)


def test_how_it_is_written() -> None:
    assert symgrad.from_function(model) == (
        "# Mean squared error.\n"
        "#\n"
        "# It is that of a logistic model.\n"
        "sigmoid(z, k) = 1 / (1 + exp(-k * z))\n"
        "# the shares\n"
        "p = sigmoid(X @ w + b, 2)\n"
        "r = p - y  # residual\n"
        "r = r * 2\n"
        "n, d = X.shape\n"
        "mean(r**2) + sum(w**2, axis=0) / n * d"
    )
    assert symgrad.from_function(turned) == (
        "order = (b, a)  # the inputs, in the order of the function's parameters\n"
        "G = 9.81\n"
        "a - b * G"
    )
    assert symgrad.from_function(lambda x: x**2 if x > 0 else x) == "x**2 if x > 0 else x"


def test_lambdas_on_one_line_are_told_apart() -> None:
    two = [lambda x: x**2, lambda x: x**3]
    assert [symgrad.from_function(each) for each in two] == ["x**2", "x**3"]


def test_the_text_of_a_function_will_do() -> None:
    text = """
        def square(x): return x**2
        cube = lambda x: x * square(x)
        def f(y, x):
            return math.sin(square(x)) + cube(y) / np.pi + jnp.exp(1)
    """
    formula = symgrad.from_function(text)
    assert symgrad.function(formula)(2.0, 3.0) == pytest.approx(
        math.sin(9) + 8 / pi + math.e, rel=1e-14
    )
    assert "square(x) = x**2" in formula


def test_numbers_beside_the_text_of_a_function() -> None:
    formula = symgrad.from_function("g = -9.81\nt = [1]\ndef f(x): return g * x")
    assert formula == "g = -9.81\ng * x"
    with pytest.raises(FormulaSyntaxError, match="t is no number"):
        symgrad.from_function("t = [1]\ndef f(x): return t * x")


def test_nothing_runs() -> None:
    ran: list[int] = []

    def touchy(x):
        return x + ran.append(1)

    with pytest.raises(FormulaSyntaxError, match=r"ran\.append is no function of formulas"):
        symgrad.from_function(touchy)
    assert ran == []


def test_a_name_that_another_function_has() -> None:
    text = "def exp(x): return x + 1\ndef f(x): return exp(x) * np.exp(x)"
    formula = symgrad.function(symgrad.from_function(text))
    assert formula(0.5) == pytest.approx(1.5 * math.exp(0.5))


REFUSED = [
    ("def f(x):\n    for i in x: pass", "    for i in x: pass", "a formula has no such statement"),
    ("def f(x):\n    while x: x = 1", "    while x: x = 1", "a formula has no such statement"),
    (
        "def f(x):\n    if x: y = 1\n    return x",
        "    if x: y = 1",
        "a formula has no such statement",
    ),
    ("def f(x):\n    x.y = 1", "    x.y = 1", "a formula has no such statement"),
    ("def f(x): return [t for t in x]", "[t for t in x]", "a formula has no such expression"),
    ("def f(x): return x is None", "x is None", "a formula has no such operator"),
    ("def f(x): return x << 2", "x << 2", "a formula has no such operator"),
    ("def f(x): return x or 1", "x", "and and or give one of their operands"),
    ("def f(x): return x, 1", "x, 1", "a formula has one value"),
    ("def f(x): return x + 1j", "1j", "this is no real number"),
    ("def f(x): return x.real.imag", "x.real", "a formula has no .real"),
    ("def f(x): return np.fft(x)", "np.fft", "formulas have no function fft"),
    ("def f(x): return x.sort_it()", "x.sort_it", "formulas have no function sort_it"),
    ("def f(x): return np.sum(x, where=x)", "np.sum(x, where=x)", "sum takes no where"),
    ("def f(x): return np.exp(x, x)", "np.exp(x, x)", "exp takes fewer arguments"),
    ("def f(x): return np.where(x)", "np.where(x)", "where lacks x"),
    ("def f(x): return np.exp(*x)", "*x", "a formula has no such expression"),
    ("def f(x): return special.softmax(x)", "special.softmax(x)", "softmax is not told its axis"),
    ("def f(x): return x.astype(int)", "int", "int is no number"),
    ("def f(x): return np.float32(x)", "np.float32", "formulas have no function float32"),
    ("def f(x): return sum(x, 1)", "sum(x, 1)", "sum of Python is not taken so"),
    ("def f(x): return x.round(2)", "x.round(2)", "round takes fewer arguments"),
    ("def f(x): return sorted(x)", "sorted(x)", "sorted of Python is not taken so"),
    ("def f(x): return y + x", "y", "y is no number"),
    ("def f(x): return (lambda t: t)(x)", "lambda t: t", "only functions with a name are called"),
    ("def f(x, *y): return x", "y", "a formula has a fixed number of inputs"),
    ("def f(x): y = x", "def f(x): y = x", "the function returns nothing"),
    ("def f(x): return f(x)", "def f(x): return f(x)", "f calls itself"),
    ("@cache\ndef f(x): return x", "cache", "a decorator may change the function"),
    ("def g(a, b): return a\ndef f(x): return g(x)", "g(x)", "g lacks an argument"),
    ("def f(a, b):\n    a, b = b, a\n    return a", "a", "this needs a name that is assigned here"),
    ("def f(x)\n", "\n", "this is no Python: expected ':'"),
]


@pytest.mark.parametrize(("text", "place", "message"), REFUSED)
def test_what_is_refused_is_shown(text: str, place: str, message: str) -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        symgrad.from_function(text)
    error = caught.value
    assert error.message == message
    assert error.span is not None
    start, end = error.span
    assert error.text[start:end].strip() == place.strip()


def looping(total):
    for _ in range(3):
        total += total
    return total


@functools.wraps(turned)
def wrapped(*args):
    return turned(*args)


def test_the_place_in_a_file_is_shown() -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        symgrad.from_function(looping)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("a formula has no such statement (in ")
    assert lines[0].endswith("test_python_reading.py)")
    number = looping.__code__.co_firstlineno + 1
    assert lines[1] == f"  line {number}:     for _ in range(3):"
    assert lines[3] == "Write it without a loop: np.sum and np.where take arrays."


def test_arrays_of_the_module_are_refused() -> None:
    with pytest.raises(FormulaSyntaxError, match="TABLE is no number"):
        symgrad.from_function(lambda x: x + TABLE)


@pytest.mark.parametrize(
    ("fn", "message"),
    [
        (np.sin, "is no function written in Python"),
        (len, "is no function written in Python"),
        (3, "3 is no function written in Python"),
        ("x = 1", "there is no function in the text"),
        (eval("lambda x: x"), "the source of <lambda> cannot be found"),
    ],
)
def test_what_has_no_source(fn: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        symgrad.from_function(fn)


def test_what_is_no_formula_is_told_by_the_compiler() -> None:
    with pytest.raises(SymgradError, match="shape"):
        symgrad.from_function("def f(x): return np.ones((2,)) @ np.ones((3,)) + x")
