"""Update rules: their paths in closed form, types and purity, and wrong input."""

import copy
import math
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from symgrad.api import value_and_grad
from symgrad.errors import InputError, LimitError
from symgrad.optim import Adam, GradientDescent, Momentum, RMSProp, Rule, State

RULES = [
    GradientDescent(0.1),
    Momentum(0.1, 0.8),
    Momentum(0.1, 0.8, nesterov=True),
    RMSProp(0.1),
    Adam(0.1),
]

rules = pytest.mark.parametrize("rule", RULES, ids=repr)


def path(rule: Rule, gradient: Callable[[float], float], x: float, steps: int) -> list[float]:
    """Where a parameter is after each step."""
    params, state = {"x": x}, rule.start({"x": x})
    found = []
    for _ in range(steps):
        params, state = rule.step(params, {"x": gradient(params["x"])}, state)
        found.append(params["x"])
    return found


def test_descent_on_a_parabola_shrinks_by_a_constant_factor() -> None:
    found = path(GradientDescent(0.25), lambda x: x, 2.0, 6)
    assert found == [2.0 * 0.75**t for t in range(1, 7)]


def test_momentum_on_a_parabola_is_a_linear_recurrence() -> None:
    rate, momentum = 0.25, 0.5
    once = np.array([[1 - rate, momentum], [-rate, momentum]])
    expected = [(np.linalg.matrix_power(once, t) @ [2.0, 0.0])[0] for t in range(1, 9)]
    assert path(Momentum(rate, momentum), lambda x: x, 2.0, 8) == pytest.approx(expected)


def test_nesterov_looks_ahead() -> None:
    """Beside the form that Sutskever and others give: the gradient at x + m·v."""
    rate, momentum = 0.2, 0.7
    x, v, ahead = 2.0, 0.0, []
    for _ in range(8):
        v = momentum * v - rate * math.sin(x + momentum * v)
        x = x + v
        ahead.append(x + momentum * v)
    found = path(Momentum(rate, momentum, nesterov=True), math.sin, 2.0, 8)
    assert found == pytest.approx(ahead, rel=1e-13)


@pytest.mark.parametrize("slope", [3.0, -1e-3, 1e6])
def test_rmsprop_along_a_constant_gradient(slope: float) -> None:
    x, expected = 2.0, []
    for t in range(1, 7):
        x -= 0.1 * slope / (math.sqrt(1 - 0.75**t) * abs(slope) + 1e-8)
        expected.append(x)
    assert path(RMSProp(0.1, decay=0.75), lambda x: slope, 2.0, 6) == pytest.approx(expected)


@pytest.mark.parametrize("slope", [3.0, -1e-3, 1e6])
def test_adam_without_bias_goes_by_the_rate_along_a_constant_gradient(slope: float) -> None:
    step = 0.1 * slope / (abs(slope) + 1e-8)
    found = path(Adam(0.1), lambda x: slope, 2.0, 6)
    assert found == pytest.approx([2.0 - t * step for t in range(1, 7)], rel=1e-12)


def test_adam_weighs_gradients_as_in_the_paper() -> None:
    gradients = [1.0, -2.0, 0.5, 4.0]
    given = iter(gradients)
    found = path(Adam(0.1, 0.8, 0.9, 0.01), lambda x: next(given), 0.0, 4)
    x, expected = 0.0, []
    for t in range(1, 5):
        ages = range(t - 1, -1, -1)
        mean = sum(0.8**age * g for age, g in zip(ages, gradients, strict=False))
        square = sum(0.9**age * g**2 for age, g in zip(ages, gradients, strict=False))
        mean /= sum(0.8**age for age in ages)
        square /= sum(0.9**age for age in ages)
        x -= 0.1 * mean / (math.sqrt(square) + 0.01)
        expected.append(x)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        (GradientDescent(0.03), 2_000),
        (Momentum(0.02, 0.9), 1_000),
        (Momentum(0.02, 0.9, nesterov=True), 1_000),
        (RMSProp(1e-3), 4_000),
        (Adam(0.05), 1_000),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_finds_the_end_of_a_bent_valley(rule: Rule, steps: int) -> None:
    valley = value_and_grad("(1 - x)**2 + 5*(y - x**2)**2")
    params, state = {"x": -0.5, "y": 0.5}, rule.start({"x": -0.5, "y": 0.5})
    for _ in range(steps):
        params, state = rule.step(params, valley(**params)[1], state)
    assert params == pytest.approx({"x": 1.0, "y": 1.0}, abs=1e-3)
    assert state.count == steps


PARAMETERS = [
    (1.5, float, None, ()),
    (2, float, None, ()),
    (True, float, None, ()),
    (np.float32(1.5), np.float32, "float32", ()),
    (np.float64(1.5), np.float64, "float64", ()),
    (np.int8(3), np.float64, "float64", ()),
    (np.array(1.5, "float32"), np.ndarray, "float32", ()),
    (np.array(3), np.ndarray, "float64", ()),
    ([1, 2], np.ndarray, "float64", (2,)),
    ([[1.0, 2.0]], np.ndarray, "float64", (1, 2)),
    (np.ones((2, 3), "float16"), np.ndarray, "float16", (2, 3)),
    (np.ones((2, 3), "float32"), np.ndarray, "float32", (2, 3)),
    (np.ones((2, 3), np.longdouble), np.ndarray, np.longdouble, (2, 3)),
    (np.asfortranarray(np.ones((2, 3)))[:, ::2], np.ndarray, "float64", (2, 2)),
    (np.arange(3), np.ndarray, "float64", (3,)),
    (np.ones((0, 3)), np.ndarray, "float64", (0, 3)),
]


@rules
@pytest.mark.parametrize("gradient_type", ["float32", "float64", "int64"])
@pytest.mark.parametrize(("value", "kind", "dtype", "shape"), PARAMETERS)
def test_types_and_shapes_stay(
    rule: Rule, gradient_type: str, value: Any, kind: type, dtype: Any, shape: tuple[int, ...]
) -> None:
    params, state = {"p": value}, rule.start({"p": value})
    for _ in range(2):
        params, state = rule.step(params, {"p": np.ones(shape, gradient_type)}, state)
    moved = params["p"]
    assert type(moved) is kind
    assert np.shape(moved) == shape
    assert dtype is None or moved.dtype == dtype
    assert np.all(moved < value)


def test_whole_numbers_beyond_those_of_numpy_are_parameters() -> None:
    assert path(GradientDescent(1.0), lambda x: x, 10**30, 1) == [0.0]


@rules
def test_a_rate_that_is_a_numpy_number_changes_no_type(rule: Rule) -> None:
    sharp = replace(rule, learning_rate=np.float64(0.1))  # type: ignore[type-var]
    params = {"w": np.ones(2, "float32")}
    params, state = sharp.step(params, {"w": np.ones(2)}, sharp.start(params))
    kept = [part.dtype for part in state.averages["w"]]
    assert [params["w"].dtype, *kept] == ["float32"] * (1 + rule.averages)


@pytest.mark.parametrize("rule", [RMSProp(0.5), Adam(0.5)], ids=repr)
def test_small_gradients_in_half_precision_count(rule: Rule) -> None:
    params = {"w": np.ones(2, "float16")}
    gradient = np.array([1e-4, 0.0], "float16")
    moved, _ = rule.step(params, {"w": gradient}, rule.start(params))
    assert moved["w"][0] < 0.6
    assert moved["w"][1] == 1.0


@rules
def test_nothing_given_is_written_into_and_steps_can_be_taken_again(rule: Rule) -> None:
    params = {"w": np.array([1.0, 2.0]), "b": np.array(3.0)}
    grads = {"b": np.array(-1.0), "w": np.array([0.5, 0.25])}
    state = rule.start(params)
    for _ in range(2):
        arrays = [*params.values(), *grads.values()]
        arrays += [part for kept in state.averages.values() for part in kept]
        before = copy.deepcopy(arrays)
        for array in arrays:
            array.flags.writeable = False
        first, after = rule.step(params, grads, state)
        second, _ = rule.step(params, grads, state)
        for name in params:
            assert np.array_equal(first[name], second[name])
            assert not np.shares_memory(first[name], params[name])
        assert all(map(np.array_equal, arrays, before))
        params, state = first, after


@rules
def test_parameters_move_each_alone(rule: Rule) -> None:
    both = rule.step({"a": 1.0, "b": 2.0}, {"b": 3.0, "a": -4.0}, rule.start({"a": 1.0, "b": 2.0}))
    for name, value, gradient in (("a", 1.0, -4.0), ("b", 2.0, 3.0)):
        alone = rule.step({name: value}, {name: gradient}, rule.start({name: value}))
        assert both[0][name] == alone[0][name]
    assert list(both[0]) == ["a", "b"]


@rules
def test_overflow_is_silent(rule: Rule) -> None:
    params = {"w": np.array([1.0, 1.0])}
    moved, _ = rule.step(params, {"w": np.array([math.nan, 1e300])}, rule.start(params))
    assert math.isnan(moved["w"][0])
    assert not math.isnan(moved["w"][1])


@rules
def test_rules_are_values(rule: Rule) -> None:
    assert rule == replace(rule)  # type: ignore[type-var]
    assert rule == pickle.loads(pickle.dumps(rule))
    assert hash(rule) == hash(replace(rule))  # type: ignore[type-var]
    assert rule != replace(rule, learning_rate=0.5)  # type: ignore[type-var]
    with pytest.raises(FrozenInstanceError):
        rule.learning_rate = 1.0  # type: ignore[attr-defined]


def test_a_rate_may_change_between_steps() -> None:
    rule, params = Momentum(0.5, momentum=0.0), {"x": 1.0}
    params, state = rule.step(params, {"x": 1.0}, rule.start(params))
    params, _ = replace(rule, learning_rate=0.25).step(params, {"x": 1.0}, state)
    assert params == {"x": 0.25}


START = {"w": [1.0, 2.0]}
STATE = Adam().start(START)
UP = {"w": [1.0, 1.0]}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: GradientDescent(0), "learning_rate must be positive and finite, not 0"),
        (lambda: Momentum(-1.0), "learning_rate must be positive and finite, not -1.0"),
        (lambda: RMSProp(math.inf), "learning_rate must be positive and finite, not inf"),
        (lambda: Adam(math.nan), "learning_rate must be positive and finite, not nan"),
        (lambda: Adam("fast"), "learning_rate must be positive and finite, not 'fast'"),
        (lambda: Adam(True), "learning_rate must be positive and finite, not True"),
        (lambda: Momentum(0.1, 1.0), "momentum must be at least 0 and less than 1, not 1.0"),
        (lambda: Momentum(0.1, 0.9, 1), "nesterov must be True or False, not 1"),
        (lambda: RMSProp(decay=1), "decay must be at least 0 and less than 1, not 1"),
        (lambda: RMSProp(epsilon=0.0), "epsilon must be positive and finite, not 0.0"),
        (lambda: Adam(beta1=-0.1), "beta1 must be at least 0 and less than 1, not -0.1"),
        (lambda: Adam(beta2=math.nan), "beta2 must be at least 0 and less than 1, not nan"),
        (lambda: Adam(epsilon=-1), "epsilon must be positive and finite, not -1"),
        (lambda: Adam().start([1.0]), "parameters must be a dict, not list"),
        (
            lambda: Adam().start({"w": "much"}),
            "the parameter w is not a real number or an array of them: 'much'",
        ),
        (
            lambda: Adam().start({"w": 1j}),
            "the parameter w is not a real number or an array of them: 1j",
        ),
        (
            lambda: Adam().start({"w": [[1.0], [1.0, 2.0]]}),
            "the parameter w is not a real number or an array of them: [[1.0], [1.0, 2.0]]",
        ),
        (
            lambda: Adam().start({"w": 10**400}),
            "the parameter w is not a real number or an array of them: 1000",
        ),
        (lambda: Adam().step(START, (UP["w"],), STATE), "the gradient must be a dict, not tuple"),
        (lambda: Adam().step(START, {}, STATE), "the gradient lacks the parameter w"),
        (
            lambda: Adam().step(START, {**UP, "W": 1.0}, STATE),
            "the gradient has W, which is no parameter\nDid you mean w?",
        ),
        (
            lambda: Adam().step(START, {"w": 1.0}, STATE),
            "the gradient of w has shape (), the parameter (2,)",
        ),
        (
            lambda: Adam().step(START, {"w": None}, STATE),
            "the gradient of w is not a real number or an array of them: None",
        ),
        (
            lambda: Adam().step({"v": 1.0}, {"v": 1.0}, STATE),
            "the state has w, which is no parameter\nThe parameters are: v.",
        ),
        (
            lambda: Adam().step({"w": 1.0}, {"w": 1.0}, STATE),
            "the state does not fit the parameter w",
        ),
        (
            lambda: RMSProp().step(START, UP, STATE),
            "the state does not fit the parameter w\nBegin with the state that RMSProp's start",
        ),
        (
            lambda: Adam().step(START, UP, {}),
            "the state must be one that start or step gave, not dict",
        ),
    ],
)
def test_wrong_input(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        wrong()
    assert str(caught.value).startswith(message)
    assert caught.value.hint


def test_a_rule_of_ones_own_keeps_as_many_averages_as_it_names() -> None:
    class AdaGrad(Rule):
        averages = 1

        def change(self, gradient: Any, averages: Any, count: int) -> Any:
            total = averages[0] + gradient**2
            return -gradient / np.sqrt(total), (total,)

    rule = AdaGrad()
    state: State = rule.start({"x": [1.0]})
    params, state = rule.step({"x": [1.0]}, {"x": [3.0]}, state)
    assert params["x"].tolist() == [0.0]
    params, state = rule.step(params, {"x": [4.0]}, state)
    assert params["x"].tolist() == [-0.8]
    assert state.averages["x"][0].tolist() == [25.0]


def test_an_array_that_only_pretends_to_be_in_memory_is_refused() -> None:
    with pytest.raises(LimitError, match="the parameter w would take about 745 GiB of memory"):
        Adam().start({"w": np.broadcast_to(0.0, 10**11)})
