"""Plans: the code for arrays is made once for all sizes that broadcast in the same way.

A plan depends on ranks, on which axes have size 1, and on whether an index is a mask or holds
integers. `plans` counts them.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import symgrad
from tests import array_cases_composite, array_cases_indexing, array_cases_linalg
from tests.array_cases import Array, Case, differences
from tests.blocks import in_blocks

Inputs = dict[str, Any]
Rng = np.random.Generator
WEIGHTS = np.array([0.5, -1.0, 2.0])
NET = np.linspace(-1, 1, 12).reshape(3, 4)


def close(found: Any, wanted: Any) -> None:
    assert np.shape(found) == np.shape(wanted)
    scale = float(np.max(np.abs(wanted), initial=1))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11 * scale)


def of_regression(X: Array, w: Array, y: Array) -> Array:
    return np.asarray(2 * X.T @ (X @ w - y) / len(y))


def of_network(X: Array, W: Array, k: Array) -> Array:
    z = np.tanh(X @ NET) @ W
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    p[np.arange(len(k)), k] -= 1
    return np.asarray(np.tanh(X @ NET).T @ p / len(k))


def of_slices(x: Array) -> Array:
    difference = np.diff(x)
    return np.asarray(2 * (np.append(0, difference) - np.append(difference, 0)))


def of_pairs(x: Array) -> Array:
    return np.asarray(4 * (len(x) * x - x.sum()))


def of_joined(x: Array, y: Array) -> Array:
    weights = np.arange(len(x) + len(y))
    return np.asarray(2 * weights[: len(x)] * x)


def of_halves(x: Array) -> Array:
    return x.reshape(-1, 2)[:, ::-1].reshape(-1)


def of_picked(E: Array, i: Array) -> Array:
    return np.asarray(2 * E * np.bincount(i, minlength=len(E))[:, None])


def of_masked(x: Array, m: Array) -> Array:
    return np.where(m, 3 * x**2, 0.0)


def of_softmax(x: Array) -> Array:
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    return np.asarray(p * (WEIGHTS - p @ WEIGHTS[:, None]))


# A formula, the input to differentiate by, what to pass for a batch size, and the gradient.
BATCHED: tuple[tuple[str, str, Callable[[Rng, int], Inputs], Callable[..., Array]], ...] = (
    ("mean((X @ w - y)**2)", "w",
     lambda r, n: {"X": r.normal(size=(n, 3)), "w": WEIGHTS, "y": r.normal(size=n)},
     of_regression),
    ("cross_entropy(tanh(X @ [[-1, -9/11, -7/11, -5/11], [-3/11, -1/11, 1/11, 3/11],"
     " [5/11, 7/11, 9/11, 1]]) @ W, k)", "W",
     lambda r, n: {"X": r.normal(size=(n, 3)), "W": NET.T, "k": r.integers(0, 3, n)},
     of_network),
    # With one element more, so that the difference has the batch size.
    ("sum((x[1:] - x[:-1])**2)", "x", lambda r, n: {"x": r.normal(size=n + 1)}, of_slices),
    ("sum((x[:, None] - x)**2)", "x", lambda r, n: {"x": r.normal(size=n)}, of_pairs),
    ("z = concatenate([x, y]); sum(arange(len(z)) * z**2)", "x",
     lambda r, n: {"x": r.normal(size=n), "y": r.normal(size=n + 1)}, of_joined),
    ("sum(prod(reshape(x, (-1, 2)), axis=1))", "x",
     lambda r, n: {"x": r.normal(size=2 * n)}, of_halves),
    ("sum(E[i]**2)", "E",
     lambda r, n: {"E": r.normal(size=(5, 2)), "i": r.integers(0, 5, n)}, of_picked),
    ("sum(x[m]**3)", "x",
     lambda r, n: {"x": r.normal(size=n), "m": r.random(n) < 0.5}, of_masked),
    ("sum(softmax(x) @ [0.5, -1, 2])", "x", lambda r, n: {"x": r.normal(size=(n, 3))}, of_softmax),
)  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "name", "draw", "expected"), BATCHED, ids=[row[0] for row in BATCHED]
)
def test_a_thousand_batch_sizes_make_one_plan(
    formula: str, name: str, draw: Callable[[Rng, int], Inputs], expected: Callable[..., Array]
) -> None:
    gradient, rng = symgrad.grad(formula, wrt=name), np.random.default_rng(3)
    assert gradient.plans == 0
    for n in range(2, 1002):
        inputs = draw(rng, n)
        close(gradient(**inputs), expected(**inputs))
    assert gradient.plans == 1


def test_a_difference_of_one_element_is_another_plan() -> None:
    gradient = symgrad.grad("sum((x[1:] - x[:-1])**2)")
    for n, plans in ((2, 1), (3, 2), (2, 2), (9, 2)):
        x = np.arange(n) ** 2.0
        close(gradient(x), of_slices(x))
        assert gradient.plans == plans


def test_an_input_without_use_has_derivatives_of_its_shape() -> None:
    formula = "unused = y**2; (x - mean(x)) * c"
    with in_blocks():
        gradient = symgrad.grad(formula)
        for shape in ((), (1,), (2, 1), ()):
            slopes = gradient(x=np.arange(20.0), y=np.ones(shape), c=2.0)
            assert slopes["y"].shape == shape
            assert not slopes["y"].any()


# A formula, what to differentiate by, and calls: inputs, and how many plans there are after them.
# A shape stands for numbers of that shape.
GROWING: tuple[tuple[str, str, tuple[tuple[Inputs, int], ...]], ...] = (
    ("x * y + x", "x y", (
        ({"x": (3,), "y": (3,)}, 1),
        ({"x": (5,), "y": (5,)}, 1),
        ({"x": (1,), "y": (5,)}, 2),
        ({"x": (5,), "y": (1,)}, 3),
        ({"x": (1,), "y": (1,)}, 4),
        ({"x": (), "y": (5,)}, 5),
        ({"x": (2, 3), "y": (3,)}, 6),
        ({"x": (3,), "y": (2, 3)}, 7),
        ({"x": (2, 1), "y": (3,)}, 8),
        ({"x": (1, 3), "y": (2, 1)}, 9),
        ({"x": (4, 5), "y": (5,)}, 9),
        ({"x": (7,), "y": (7,)}, 9),
        ({"x": (1, 2), "y": (5, 1)}, 9),
        ({"x": (0,), "y": (0,)}, 10),
    )),
    ("X @ w", "X w", (
        ({"X": (3,), "w": (3,)}, 1),
        ({"X": (2, 3), "w": (3,)}, 2),
        ({"X": (2, 3), "w": (3, 2)}, 3),
        ({"X": (1, 3), "w": (3, 2)}, 4),
        ({"X": (4, 2, 3), "w": (3, 2)}, 5),
        ({"X": (1, 2, 3), "w": (4, 3, 2)}, 6),
        ({"X": (3, 2), "w": (2, 5)}, 6),
        ({"X": (1, 3, 4), "w": (2, 4, 3)}, 6),
    )),
    ("x[i]**2", "x", (
        ({"x": (4,), "i": [0, 3, 3]}, 1),
        ({"x": (4,), "i": [1, 2]}, 1),
        ({"x": (4,), "i": [True, False, True, True]}, 2),
        ({"x": (3,), "i": [False, True, True]}, 2),
        ({"x": (3,), "i": [[0, 1], [1, 1]]}, 3),
        ({"x": (3, 2), "i": [0, 1, 0]}, 4),
        ({"x": (3, 2), "i": [True, True, False]}, 5),
        ({"x": (3,), "i": 1}, 6),
        ({"x": (5,), "i": 4}, 6),
        ({"x": (4,), "i": [2, 2, 2, 0]}, 6),
    )),
    ("sum(x, axis=0) * y", "x y", (
        ({"x": (3,), "y": ()}, 1),
        ({"x": (2, 3), "y": (3,)}, 2),
        ({"x": (2, 3), "y": (1,)}, 3),
        ({"x": (2, 1), "y": (3,)}, 4),
        ({"x": (9, 4), "y": (4,)}, 4),
        ({"x": (9,), "y": ()}, 4),
    )),
    ("x[:n] * x[n]", "x", (
        ({"x": (6,), "n": 3}, 1),
        ({"x": (6,), "n": 5}, 1),
        ({"x": (9,), "n": 2}, 1),
        ({"x": (9,), "n": 1}, 2),
        ({"x": (9,), "n": 4}, 2),
    )),
)  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "names", "calls"), GROWING, ids=[formula for formula, _, _ in GROWING]
)
def test_other_ranks_units_and_kinds_make_one_plan_each(
    formula: str, names: str, calls: tuple[tuple[Inputs, int], ...]
) -> None:
    compiled = symgrad.value_and_grad(f"cotangent * ({formula})", wrt=names.split())
    rng = np.random.default_rng(5)
    for given, plans in calls:
        inputs = {
            n: rng.normal(size=v) if isinstance(v, tuple) else np.asarray(v)
            for n, v in given.items()
        }
        case = Case(formula, {}, None, tuple(names.split()), False)
        cotangent = rng.normal(size=np.shape(case.reference(inputs)))
        value, derivatives = compiled(**inputs, cotangent=cotangent)
        close(value, cotangent * case.reference(inputs))
        expected = differences(case, inputs, cotangent)
        for name, derivative in zip(case.smooth, derivatives, strict=True):
            assert derivative.shape == expected[name].shape
            np.testing.assert_allclose(derivative, expected[name], rtol=1e-7, atol=1e-8)
        assert compiled.plans == plans, given


def test_shapes_that_come_back_use_their_plan_again() -> None:
    gradient = symgrad.grad("sum((x - mean(x, axis=0))**2 * w)", wrt="x")
    shapes = [((4, 3), (3,)), ((4, 3), ()), ((5,), (1,)), ((1, 3), (3,)), ((4, 3), (4, 1))]
    rng = np.random.default_rng(1)
    for _ in range(3):
        for of_x, of_w in shapes:
            x, w = rng.normal(size=of_x), rng.normal(size=of_w)
            full = 2 * (x - x.mean(0)) * w
            close(gradient(x=x, w=w), full - full.mean(0))
    assert gradient.plans == len(shapes)


def test_more_shapes_than_are_remembered() -> None:
    """Twice over 600 shapes of two kinds in turn: known shapes are forgotten, plans are not."""
    gradient = symgrad.grad("sum(x**2 * y)", wrt=("x", "y"))
    for _ in range(2):
        for n in range(2, 302):
            x, y = np.arange(n) / n, np.arange(1.0, n + 1)
            for factor, expected in ((y, x**2), (np.array([3.0]), np.sum(x**2, keepdims=True))):
                by_x, by_y = gradient(x=x, y=factor)
                close(by_x, 2 * x * factor)
                close(by_y, expected)
    assert gradient.plans == 2


def test_calls_from_several_threads() -> None:
    formula = "sum((X @ w - y)**2) + sum(w[i]**2)"
    rng = np.random.default_rng(2)

    def draw(k: int) -> Inputs:
        n = k % 40 + 1
        i = np.arange(3) % 2 == 0 if k % 3 == 0 else rng.integers(0, 3, 2 + k % 2)
        y = rng.normal(size=(1,) if k % 2 else (n,))
        return {"X": rng.normal(size=(n, 3)), "w": rng.normal(size=3), "y": y, "i": i}

    calls = [draw(k) for k in range(600)]
    alone = symgrad.grad(formula, wrt=("w", "y"))
    expected = [alone(**inputs) for inputs in calls]
    for inputs, (by_w, _) in zip(calls, expected, strict=True):
        X, w, y, i = (inputs[name] for name in "Xwyi")
        again = 2 * X.T @ (X @ w - y)
        np.add.at(again, i, 2 * w[i])
        close(by_w, again)
    shared = symgrad.grad(formula, wrt=("w", "y"))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda inputs: shared(**inputs), calls))
    for one, other in zip(found, expected, strict=True):
        for derivative, wanted in zip(one, other, strict=True):
            assert np.array_equal(derivative, wanted)
    assert shared.plans == alone.plans


@pytest.mark.parametrize(
    "formula",
    [
        "sum((X @ w - 1)**2) / 3",
        "mean(softmax(X)[:, 0]) + std(w)",
        "logsumexp(X * w) + 0.1 * prod(w)",
        "sum(X[[0, 0, 1]]) * norm(w) + X.shape[0]",
        "solve(X.T @ X + eye(3), w) @ w",
        "max(X) * min(w) + median(X) + sum(sort(w) * arange(3))",
    ],
)
def test_types_in_turn_keep_to_themselves(formula: str) -> None:
    """Single and double precision, in any order: what was called before leaves no trace."""
    rng = np.random.default_rng(7)
    X, w = rng.normal(size=(4, 3)), rng.normal(size=3)
    compiled = symgrad.value_and_grad(formula, wrt=("X", "w"))
    exact = compiled(X, w)
    for dtype in (np.float32, np.float64, np.float32, np.float64):
        value, derivatives = compiled(X.astype(dtype), w.astype(dtype))
        assert [value.dtype, *(d.dtype for d in derivatives)] == [dtype] * 3
        tolerance = 1e-4 if dtype == np.float32 else 1e-14
        for one, other in zip((value, *derivatives), (exact[0], *exact[1]), strict=True):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def test_types_that_are_mixed() -> None:
    gradient = symgrad.grad("sum(x * y)", wrt=("x", "y"))
    x, y = np.ones(3, np.float32), np.full(3, 2.0)
    for first, second, dtype in ((x, y, np.float64), (x, x, np.float32), (y, x, np.float64)):
        by_x, by_y = gradient(first, second)
        assert by_x.dtype == dtype
        assert by_y.dtype == dtype
        assert np.array_equal(by_x, second)


def kernels(compiled: symgrad.Compiled) -> list[str]:
    """The text of each plan's code."""
    return [
        "".join(linecache.getlines(kernel.__wrapped__.__code__.co_filename))  # type: ignore[attr-defined]
        for kernel in compiled._call.plans.values()
    ]


# Where a mask is applied, sizes are only known when it is; so it is with `repeat` by an array.
KNOWN: tuple[Case, ...] = tuple(
    case
    for case in (
        *array_cases_indexing.ELEMENTWISE,
        *array_cases_indexing.SIZED,
        *array_cases_linalg.PRODUCTS,
        *array_cases_composite.CASES,
    )
    if case.smooth and "[m]" not in case.formula
)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.label) for case in KNOWN])
def test_nothing_is_unbroadcast_at_run_time(case: Case) -> None:
    """With known shapes the code says itself which axes to sum, and which to add."""
    compiled = symgrad.grad(case.seeded(), wrt=case.smooth)
    compiled(**case.inputs(), cotangent=case.cotangent())
    (text,) = kernels(compiled)
    assert "def grad(" in text
    assert not re.findall(r"_sum_to|_rerow|_unrow|_recolumn|_uncolumn|broadcast_shapes", text)


def test_without_shapes_the_file_unbroadcasts() -> None:
    """What the last test looks for is there where it must be."""
    compiled = symgrad.grad("sum(x * y)", wrt=("x", "y"))
    compiled(np.ones((2, 3)), np.ones(3))
    assert "_sum_to(" in compiled.source
    assert "_sum_to" not in kernels(compiled)[0]
