"""`symgrad.check`: what it finds, how it is shown, and what it refuses."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.trust import checking

LABELS = {"L": [[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], "t": [2, 0]}


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgrad.api._table", symgrad.api.functions())
    symgrad.define("squared(x) = x**2 : 3*x")


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        ("log(1 + exp(x)) * y", {"x": 800.0, "y": [2.0, -1.0]}),
        ("mean((X @ w + b)**2)", {"X": [[1.0, 2.0], [0.3, 4.0]], "w": [0.1, 0.2], "b": 1}),
        ("cross_entropy(L, t)", LABELS),
        ("x: (n,); A: (n, n); logdet(A) + x @ inv(A) @ x", {"x": [1, 2], "A": [[2, 1], [1, 3]]}),
        ("sum(x[m])", {"x": [1.0, 2.0, 3.0], "m": np.array([True, False, True])}),
        ("outer(x, y)", {"x": [1.0, 2.0], "y": [3.0]}),
        # What is stopped is a number to the derivatives, and stays when inputs are moved.
        ("stop_gradient(x) * x * y", {"x": 2.0, "y": 3.0}),
        ("f(t) = t * stop_gradient(t**2 + 2*y); sum(f(x) + f(2*x))", {"x": [2.0, 3.0], "y": 0.5}),
        ("sum(x)", {"x": []}),
    ],
)
def test_right_gradients_pass(formula: str, at: dict[str, Any]) -> None:
    found = symgrad.check(formula, at)
    assert found.ok
    assert bool(found) is True
    smooth = [f"d/d{name}" for name in symgrad.function(formula).inputs if name not in "tm"]
    assert [row.name for row in found.rows] == ["value", *smooth]
    for row in found.rows:
        assert row.judged == row.elements
        assert all(error < 40 for error in row.ulps)
        assert all(difference < 1e-6 for difference in row.numerical)


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        # The derivatives of the sum are 0, and what is computed is what rounding leaves of terms.
        ("x / sum(x)", {"x": [0.7, 0.2, 0.9, 0.4, 0.3]}),
        ("layer_norm(x)", {"x": [[0.7, 0.2, 1.9], [0.1, 0.3, 0.35]]}),
        ("sum((x - mean(x))/std(x))", {"x": [0.7, 0.2, 1.9, 0.31]}),
        ("norm(x)/norm(2*x)", {"x": [-0.8, -1.32, -0.25, 0.06, 1.6, -0.5]}),
        # What is decomposed is a matrix near to it.
        ("A @ inv(A)", {"A": 1 / (np.arange(3.0)[:, None] + np.arange(3) + 1)}),
        ("det(A)", {"A": np.ones((3, 3))}),
        ("sum(eigvalsh(A + A.T))", {"A": [[1.0, 0.3], [0.4, 2.0]]}),
        # The value alone is summed in another order.
        (
            "where(m, norm(X, axis=1), 2)",
            {
                "X": np.cos(2 * np.arange(12.0)).round(3).reshape(4, 3),
                "m": np.array([True, False, True, False]),
            },
        ),
    ],
)
def test_what_rounding_leaves_is_no_fault(formula: str, at: dict[str, Any]) -> None:
    assert symgrad.check(formula, at).faults == ()


@pytest.mark.parametrize(
    ("formula", "at"),
    [("arctan2(y, x)", {"y": -0.0, "x": -1.0}), ("var(x)", {"x": [0.1, 0.1, 0.1]})],
)
def test_signs_of_zeros_and_rounding_are_no_faults(formula: str, at: dict[str, Any]) -> None:
    assert symgrad.check(formula, at).ok


def test_the_table() -> None:
    found = symgrad.check("x*y", at={"x": [1.0, 2.0], "y": 2.0})
    assert repr(found) == (
        "       elements  judged  median ulps  worst ulps  numerically\n"
        "value         2       2            0           0            -\n"
        "d/dx          2       2            0           0        0e+00\n"
        "d/dy          1       1            0           0        3e-16\n"
        "No fault was found."
    ).replace("3e-16", repr(found).splitlines()[3].split()[-1])


@pytest.mark.usefixtures("wrong")
@pytest.mark.parametrize("digits", [True, False])
def test_a_wrong_derivative_is_found(digits: bool) -> None:
    found = symgrad.check("squared(x) + y", {"x": [0.0, 2.0, 5.0], "y": 1.0}, digits=digits)
    assert not found
    told = repr(found).splitlines()[-1]
    worst = "d/dx[2] is 15.0, and to 50 digits 10.0: " if digits else "d/dx[1] is 6.0, and numer"
    assert told.startswith(f"Fault: {worst}")
    assert {fault.element for fault in found.faults} == {"[1]", "[2]"}
    assert {fault.by for fault in found.faults} == {"numerically"} | (
        {"50 digits"} if digits else set()
    )


def test_lost_digits_are_a_fault() -> None:
    found = symgrad.check("(1 + x) - 1", {"x": 1e-20}, exact=True)
    assert [str(fault) for fault in found.faults] == [
        "value is 0.0, and to 50 digits 1e-20: 6.6e+15 ulps, where rounding explains 34"
    ]
    assert symgrad.check("(1 + x) - 1", {"x": 1e-20}, exact=True, digits=False).ok


def test_higher_orders() -> None:
    found = symgrad.check("tanh(x)**3 * a", {"x": [0.5, -3.0], "a": 2.0}, "x", order=3)
    assert found.ok
    assert [(row.name, row.order) for row in found.rows] == [
        ("value", 0),
        ("d/dx", 1),
        ("d²/dx²", 2),
        ("d³/dx³", 3),
    ]
    assert all(row.judged == 2 and len(row.ulps) == 2 for row in found.rows)


def test_stopped_parts_stay_in_derivatives_of_any_order() -> None:
    assert symgrad.check("stop_gradient(x**2) * x**3", {"x": 1.2}, order=3).ok


@pytest.mark.usefixtures("wrong")
def test_a_wrong_second_derivative_is_found() -> None:
    found = symgrad.check("squared(x)", {"x": 2.0}, order=2)
    assert {fault.name for fault in found.faults} == {"d/dx", "d²/dx²"}


def test_of_many_elements_some_are_judged_and_all_in_a_sum() -> None:
    x = np.linspace(-1, 1.1, 200)
    found = symgrad.check("sum(x**2)", {"x": x}, elements=5)
    assert found.rows[1].elements == 200
    assert found.rows[1].judged == 5
    assert found.ok


class Lying(symgrad.Compiled):
    """A compiled gradient that is wrong in one element, which no sample looks at."""

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        value, slopes = super().__call__(*args, **inputs)
        slopes[1] += 1.0
        return value, slopes


def test_the_sum_shows_a_fault_in_an_element_that_was_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lying(formula: str, wrt: Any, exact: bool) -> Lying:
        return Lying("value_and_grad", formula, wrt, exact, symgrad.api.functions())

    monkeypatch.setattr(checking, "value_and_grad", lying)
    found = symgrad.check("sum(x**2)", {"x": np.linspace(1, 2, 100)}, elements=3, digits=False)
    (fault,) = found.faults
    assert fault.name == "the weighted sum of all d/dx"


def test_a_kink_is_not_judged() -> None:
    found = symgrad.check("abs(x)", {"x": 0.0})
    assert found.ok
    assert found.rows[1].judged == 0


def test_what_mpmath_lacks_is_noted() -> None:
    found = symgrad.check("qr(A)[1]", {"A": np.eye(2)})
    assert found.notes == ("No ulps: mpmath lacks a function that the formula calls.",)
    assert found.ok


def test_large_arrays_are_judged_numerically_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_MOST_WORK", 1000)
    found = symgrad.check("sum(A @ A @ A)", {"A": np.ones((10, 10)) / 10}, elements=2)
    assert found.notes == ("No ulps: arrays so large would take too long; check a part.",)
    assert found.ok


@pytest.mark.parametrize(
    ("formula", "at", "options", "message"),
    [
        ("x", 1.0, {}, 'at must be a dict, not float\nWrite it by name: {"x": 0.5}.'),
        (
            "x",
            {"x": 1.0},
            {"elements": 0},
            "elements must be a positive whole number or None, not 0",
        ),
        (
            "x*y",
            {"x": 1.0},
            {},
            "the input y is missing\n  x*y\n    ^\nThe inputs are, in order: x, y.",
        ),
        (
            "x*y",
            {"x": 1.0, "y": 1.0},
            {"order": 2},
            'a derivative of higher order is taken by one input\n  x*y\n  ^^^\nName it: wrt="x".',
        ),
    ],
)
def test_wrong_calls(formula: str, at: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(symgrad.SymgradError) as caught:
        symgrad.check(formula, at, **options)
    assert str(caught.value) == message
