"""Fits: what each step sees, what comes back, progress, and all that stops one."""

import copy
import math
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from symgrad import api, fitting
from symgrad.errors import DerivativeError, FormulaSyntaxError, InputError, MissingExtraError
from symgrad.fitting import Fit, NotFiniteError, fit
from symgrad.optim import Adam, GradientDescent, Momentum, RMSProp, Rule

LINE = "mean((X @ w + b - y)**2)"
DRAWS = np.random.default_rng(5)
X = DRAWS.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 4.0


class Recorder(Rule):
    """Moves nothing, and keeps the gradients that it is given."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def change(self, gradient: Any, averages: Any, count: int) -> Any:
        self.seen.append(float(gradient))
        return np.zeros_like(gradient), averages


def seen_samples(count: int, **options: Any) -> list[set[int]]:
    """The samples of each batch: each is a power of 2, and their sum is the gradient by a."""
    recorder = Recorder()
    fit("sum(a*x)", {"x": 2.0 ** np.arange(count)}, {"a": 1.0}, optimizer=recorder, **options)
    return [{bit for bit in range(count) if int(total) >> bit & 1} for total in recorder.seen]


@pytest.mark.parametrize(
    "rule",
    [GradientDescent(0.1), Momentum(0.02), Momentum(0.02, 0.9, True), RMSProp(0.005), Adam(0.05)],
    ids=repr,
)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_each_rule_finds_the_plane(rule: Rule, batch_size: int | None) -> None:
    epochs = 1000 if batch_size is None else 250
    options: dict[str, Any] = {"optimizer": rule, "batch_size": batch_size, "epochs": epochs}
    found = fit(LINE, {"X": X, "y": Y}, {"w": np.zeros(3), "b": 0}, **options)
    assert found.parameters["w"] == pytest.approx([1.0, -2.0, 0.5], abs=0.01)
    assert found.parameters["b"] == pytest.approx(4.0, abs=0.01)
    assert type(found.parameters["b"]) is float
    assert list(found.parameters) == ["w", "b"]
    assert found.history.shape == (epochs,)
    assert found.history.dtype == np.float64
    assert found.loss == found.history[-1] < 1e-3 < found.history[0]


def test_full_batches_are_plain_descent() -> None:
    found = fit("(x - 3)**2", {}, {"x": 1.0}, optimizer=GradientDescent(0.25), epochs=3)
    assert found.parameters == {"x": 2.75}
    assert found.history.tolist() == [4.0, 1.0, 0.25]


def test_adam_is_the_rule_where_none_is_given() -> None:
    data, start = {"X": X, "y": Y}, {"w": np.zeros(3), "b": 0.0}
    found = fit(LINE, data, start, epochs=5)
    again = fit(LINE, data, start, epochs=5, optimizer=Adam())
    assert found.history.tolist() == again.history.tolist()


def test_an_epoch_takes_each_sample_once_and_the_rest_too() -> None:
    batches = seen_samples(20, batch_size=6, epochs=2)
    assert [len(batch) for batch in batches] == [6, 6, 6, 2] * 2
    assert set.union(*batches[:4]) == set.union(*batches[4:]) == set(range(20))
    assert batches[:4] != batches[4:]
    assert batches[0] != set(range(6))


def test_the_seed_gives_the_order() -> None:
    options = {"batch_size": 4, "epochs": 2}
    assert seen_samples(20, **options) == seen_samples(20, **options, seed=0)
    assert seen_samples(20, **options) != seen_samples(20, **options, seed=1)
    drawn = seen_samples(20, **options, seed=np.random.default_rng(7))
    assert drawn == seen_samples(20, **options, seed=7)


@pytest.mark.parametrize("batch_size", [None, 3, 50, np.int64(3)])
def test_one_batch_keeps_the_order_of_the_samples(batch_size: int | None) -> None:
    recorder = Recorder()
    x = np.array([1.0, 10.0, 100.0])
    options: dict[str, Any] = {"optimizer": recorder, "batch_size": batch_size, "epochs": 2}
    fit("a*(x[0] - x[2])", {"x": x}, {"a": 1.0}, **options)
    assert recorder.seen == [-99.0, -99.0]


def test_history_weighs_batches_by_their_samples() -> None:
    x = np.arange(1.0, 8.0)
    options: dict[str, Any] = {"optimizer": Recorder(), "batch_size": 3, "epochs": 4}
    found = fit("mean(a*x)", {"x": x}, {"a": 1.0}, **options)
    assert found.history == pytest.approx([4.0] * 4)


def test_numbers_and_arrays_of_no_dimension_are_the_same_for_all_samples() -> None:
    data = {"x": [1.0, 2.0, 3.0, 4.0], "p": 2, "q": np.array(0.5), "r": np.float32(1.0)}
    options: dict[str, Any] = {"optimizer": GradientDescent(0.05), "batch_size": 2}
    found = fit("mean((a*x*p*q*r - 3*x)**2)", data, {"a": 1.0}, **options)
    assert found.parameters["a"] == pytest.approx(3.0)


def test_integers_are_indices() -> None:
    k, y = np.array([0, 1, 1, 2, 0, 2], "int16"), np.array([1.0, 4.0, 6.0, 9.0, 3.0, 9.0])
    options: dict[str, Any] = {"optimizer": Adam(0.1), "epochs": 500}
    found = fit("mean((m[k] - y)**2)", {"k": k, "y": y}, {"m": np.zeros(3)}, **options)
    assert found.parameters["m"] == pytest.approx([2.0, 5.0, 9.0], abs=1e-3)


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16", "bool", "float32", "float64"])
@pytest.mark.parametrize("batch_size", [None, 2])
def test_data_reach_the_formula_in_their_type(
    monkeypatch: pytest.MonkeyPatch, dtype: str, batch_size: int | None
) -> None:
    seen = []

    def spying(formula: str, wrt: tuple[str, ...]) -> Any:
        compiled = api.value_and_grad(formula, wrt=wrt)

        class Spy:
            inputs, formula = compiled.inputs, compiled.formula

            def __call__(self, **inputs: Any) -> Any:
                seen.append((inputs["k"].dtype, len(inputs["k"]), inputs["c"]))
                return compiled(**inputs)

        return Spy()

    monkeypatch.setattr(fitting, "value_and_grad", spying)
    data = {"k": np.ones(4, dtype), "c": 3}
    fit("mean(a*k*c)", data, {"a": 1.0}, batch_size=batch_size, epochs=1)
    assert seen == [(np.dtype(dtype), batch_size or 4, 3)] * (4 // (batch_size or 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_keep_their_type(dtype: str) -> None:
    start = {"w": np.zeros(3, dtype), "b": np.zeros((), dtype)}
    data = {"X": X.astype(dtype), "y": Y}
    found = fit(LINE, data, start, optimizer=Adam(0.1), batch_size=20, epochs=3)
    assert [value.dtype for value in found.parameters.values()] == [dtype, dtype]


def test_what_is_given_is_not_written_into() -> None:
    data, start = {"X": X.copy(), "y": Y.copy()}, {"w": np.zeros(3), "b": np.array(1.0)}
    before = copy.deepcopy((data, start))
    for array in (*data.values(), *start.values()):
        array.flags.writeable = False
    found = fit(LINE, data, start, batch_size=7, epochs=2)
    for given, kept in zip((data, start), before, strict=True):
        assert all(np.array_equal(given[name], kept[name]) for name in kept)
    assert not any(np.shares_memory(found.parameters[name], start[name]) for name in start)


def test_a_formula_that_was_compiled_keeps_its_functions() -> None:
    api.define("twice(x) = 2*x")
    compiled = api.function("(twice(x) - c)**2")
    api.define("twice(x) = 200*x")
    options: dict[str, Any] = {"optimizer": GradientDescent(0.1), "epochs": 50}
    assert fit(compiled, {"c": 6.0}, {"x": 1.0}, **options).parameters["x"] == pytest.approx(3.0)
    other = api.grad("(x - c)**2", wrt="c")
    assert fit(other, {"c": 6.0}, {"x": 1.0}, **options).parameters["x"] == pytest.approx(6, 1e-3)


@pytest.mark.parametrize("name", ["self", "lambda", "formula", "data", "λ"])
def test_any_name_is_a_good_name(name: str) -> None:
    found = fit(f"({name} - c)**2", {"c": 3.0}, {name: 3.0}, epochs=1)
    assert found.parameters == {name: 3.0}


@pytest.mark.parametrize(
    ("parameters", "losses", "text"),
    [
        ({"a": 2.0}, [0.5], "Fit(loss 0.5 after 1 epoch; a = 2)"),
        (
            {"a": np.float32(0.1), "b": np.array(1 / 3), "w": np.array([1.5, -2.0])},
            [0.5, 0.1234567],
            "Fit(loss 0.123457 after 2 epochs; a = 0.1, b = 0.333333, w = [1.5, -2])",
        ),
        (
            {"w": np.zeros((2, 1)), "v": np.zeros(5, "float32"), "e": np.zeros(0)},
            [1.0, 1.0],
            "Fit(loss 1 after 2 epochs; w: float64 of shape (2, 1), "
            "v: float32 of shape (5,), e = [])",
        ),
    ],
)
def test_a_fit_reads_well(parameters: dict[str, Any], losses: list[float], text: str) -> None:
    assert repr(Fit(parameters, np.array(losses))) == text


def test_a_function_is_told_of_each_epoch() -> None:
    told: list[tuple[int, float]] = []
    options: dict[str, Any] = {"optimizer": GradientDescent(0.25), "epochs": 3}
    found = fit("(x - 3)**2", {}, {"x": 1.0}, progress=lambda *now: told.append(now), **options)
    assert told == [(1, 4.0), (2, 1.0), (3, 0.25)]
    assert found.history.tolist() == [4.0, 1.0, 0.25]


def test_a_fit_without_end_is_left_by_an_exception_of_the_caller() -> None:
    def stop(epoch: int, loss: float) -> None:
        raise EOFError

    with pytest.raises(EOFError):
        fit("(x - 3)**2", {}, {"x": 1.0}, epochs=10**15, progress=stop)


class Bar:
    """What is used of tqdm."""

    made: ClassVar[list["Bar"]] = []

    def __init__(self, total: int, unit: str) -> None:
        self.total, self.unit, self.losses, self.moved = total, unit, [], 0
        self.closed = False
        Bar.made.append(self)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *error: object) -> None:
        self.closed = True

    def set_postfix(self, refresh: bool, loss: str) -> None:
        self.losses.append(loss)

    def update(self) -> None:
        self.moved += 1


@pytest.mark.parametrize(
    ("formula", "losses"), [("(x - 3)**2", ["4", "1", "0.25"]), ("log(2*x - 2)", [])]
)
def test_a_bar_shows_the_loss_and_is_closed(
    monkeypatch: pytest.MonkeyPatch, formula: str, losses: list[str]
) -> None:
    monkeypatch.setattr(Bar, "made", [])
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(tqdm=Bar))
    options: dict[str, Any] = {"optimizer": GradientDescent(0.25), "epochs": 3, "progress": True}
    if losses:
        fit(formula, {}, {"x": 1.0}, **options)
    else:
        with pytest.raises(NotFiniteError):
            fit(formula, {}, {"x": 1.0}, **options)
    (bar,) = Bar.made
    assert (bar.total, bar.unit, bar.closed) == (3, "epoch", True)
    assert (bar.losses, bar.moved) == (losses, len(losses))


def test_a_bar_needs_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(MissingExtraError) as caught:
        fit("x**2", {}, {"x": 1.0}, progress=True)
    assert "pip install 'symgrad[progress]'" in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "data", "start", "options", "message", "hint"),
    [
        (
            "sqrt(x) - x", {}, {"x": -1.0}, {},
            "the loss is nan in epoch 1, batch 1", "No step was made yet",
        ),
        (
            "exp(x)", {}, {"x": 1000.0}, {},
            "the loss is inf in epoch 1, batch 1", "No step was made yet",
        ),
        (
            "sqrt(x)", {}, {"x": 0.0}, {},
            "the gradient of x is inf in epoch 1, batch 1", "No step was made yet",
        ),
        (
            "x**4", {}, {"x": 10.0}, {"epochs": 9},
            "the loss is inf in epoch 5, batch 1", "A smaller learning rate may help",
        ),
        (
            "mean(a*x)", {"x": [1.0, math.nan, 1.0, 1.0]}, {"a": 1.0}, {"batch_size": 4},
            "the loss is nan in epoch 1, batch 1", "The input x holds nan there.",
        ),
        (
            "mean(a*x)", {"x": [1.0, -math.inf]}, {"a": 1.0}, {},
            "the loss is -inf in epoch 1, batch 1", "The input x holds -inf there.",
        ),
        (
            "x**2", {}, {"x": 1e150}, {"optimizer": GradientDescent(1e300)},
            "the parameter x became -inf by the step in epoch 1, batch 1", "A smaller learning",
        ),
    ],
)  # fmt: skip
def test_what_is_not_finite_ends_a_fit(
    formula: str,
    data: dict[str, Any],
    start: dict[str, Any],
    options: dict[str, Any],
    message: str,
    hint: str,
) -> None:
    with pytest.raises(NotFiniteError) as caught:
        fit(formula, data, start, **{"optimizer": GradientDescent(0.5), **options})
    assert caught.value.message.startswith(message)
    assert caught.value.hint.startswith(hint)
    assert caught.value.text == formula
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_the_batch_is_named() -> None:
    x = np.ones(10)
    x[np.random.default_rng(0).permutation(10)[5]] = math.nan
    with pytest.raises(NotFiniteError, match=r"^the loss is nan in epoch 1, batch 3"):
        fit("mean(a*x)", {"x": x}, {"a": 1.0}, batch_size=2)


def test_the_place_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_place", lambda compiled, inputs: ("log(x)", (4, 10)))
    with pytest.raises(NotFiniteError) as caught:
        fit("1 + log(x)", {}, {"x": -1.0})
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        "the loss is nan in epoch 1, batch 1: log(x)", "  1 + log(x)", "      ^^^^^^",
    ]  # fmt: skip


GOOD = {"X": X, "y": Y}
AT = {"w": np.zeros(3), "b": 0.0}

WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: fit(LINE, GOOD, {**AT, "bb": 1.0}), InputError,
     "start has bb, which is not an input of the formula\n"),
    (lambda: fit(LINE, {**GOOD, "yy": Y}, AT), InputError,
     "data has yy, which is not an input of the formula\n"),
    (lambda: fit(LINE, {**GOOD, "b": 1.0}, AT), InputError,
     "b stands in both data and start\nWhat is known belongs in data,"),
    (lambda: fit(LINE, {"X": X}, AT), InputError, "the input y is in neither data nor start\n"),
    (lambda: fit(LINE, {}, {"w": 1.0}), InputError,
     "the inputs X, b, y are in neither data nor start\n"),
    (lambda: fit(LINE, GOOD, {}), InputError, "start names no parameter to fit\n"),
    (lambda: fit(LINE, {"X": X, "y": Y[:59]}, AT), InputError,
     "X has 60 samples, y has 59\nArrays in data have the samples along their first axis"),
    (lambda: fit(LINE, {"X": X[:0], "y": Y[:0]}, AT), InputError, "data has no samples\n"),
    (lambda: fit(LINE, [X, Y], AT), InputError, "data must be a dict, not list\n"),
    (lambda: fit(LINE, GOOD, [0.0]), InputError, "parameters must be a dict, not list\n"),
    (lambda: fit(LINE, {"X": X, "y": [[1.0], [1.0, 2.0]]}, AT), InputError,
     "the data y cannot be read as an array: "),
    (lambda: fit(LINE, GOOD, {"w": "one", "b": 0.0}), InputError,
     "the parameter w is not a real number"),
    (lambda: fit("(a*x - y)**2", {"x": [1.0], "y": [2.0]}, {"a": 1.0}), InputError,
     "the loss must be one number, and has shape (1,)\n"
     "  (a*x - y)**2\n  ^^^^^^^^^^^^\nWrite mean(...) or sum(...) around it."),
    (lambda: fit(LINE, GOOD, AT, epochs=0), InputError,
     "epochs must be a whole number from 1 on, not 0"),
    (lambda: fit(LINE, GOOD, AT, epochs=2.0), InputError,
     "epochs must be a whole number from 1 on, not 2.0"),
    (lambda: fit(LINE, GOOD, AT, batch_size=0), InputError,
     "batch_size must be a whole number from 1 on, not 0"),
    (lambda: fit(LINE, GOOD, AT, batch_size=True), InputError,
     "batch_size must be a whole number from 1 on, not True"),
    (lambda: fit("x**2", {}, {"x": 1.0}, batch_size=2), InputError,
     "batch_size is given, and data has no array to take batches from\n"),
    (lambda: fit(LINE, GOOD, AT, seed=-1), InputError,
     "seed must be a whole number from 0 on, not -1"),
    (lambda: fit(LINE, GOOD, AT, seed="x"), InputError,
     "seed must be a whole number from 0 on, not 'x'"),
    (lambda: fit(LINE, GOOD, AT, progress="yes"), InputError,
     "progress must be True, False or a function, not 'yes'\n"),
    (lambda: fit(LINE, GOOD, AT, optimizer=Adam), InputError,
     "optimizer must be a rule of symgrad.optim, not <class 'symgrad.optim.Adam'>\n"),
    (lambda: fit(LINE, GOOD, AT, optimizer="adam"), InputError,
     "optimizer must be a rule of symgrad.optim, not 'adam'\n"),
    (lambda: fit("2*(x", {}, {"x": 1.0}), FormulaSyntaxError, ""),
    (lambda: fit("zeta(s, 2)", {}, {"s": 2.0}), DerivativeError, "zeta has no derivative"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "message"), WRONG)
def test_wrong_input(wrong: Callable[[], object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        wrong()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("data", "start"),
    [({"rate": 1.0, "speeed": 2.0}, {"x": 1.0}), ({}, {"rate": 1.0, "speeed": 2})],
)
def test_a_misspelled_name_is_recognised(data: dict[str, Any], start: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        fit("x*rate*speed", data, start)
    assert caught.value.hint == "Did you mean speed?"
