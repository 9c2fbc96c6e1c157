"""The pattern of a derivative, from the formula, against what the derivatives are."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.graph import STRUCTURAL, Graph
from symgrad.language.formula import lower
from symgrad.pipeline import derive
from symgrad.running.evaluate import known_of
from symgrad.running.pattern import MOVES, SUMS_OF_MOVES, WITHOUT, pattern, rule_of, steering
from symgrad.shaping.dependence import dense
from tests.array_cases import Case
from tests.test_products import SMOOTH, over

TABLE = builtin_functions()
Array = np.ndarray[Any, Any]


def compiled(formula: str, wrt: tuple[str, ...], inputs: Mapping[str, Any]) -> Graph:
    lowered = lower(formula, TABLE)
    known = known_of(lowered.graph, inputs)
    return derive(formula, wrt, TABLE, known=known, lowered=lowered).graph


def jacobian_pattern(formula: str, wrt: tuple[str, ...], **inputs: Any) -> Array:
    graph = compiled(formula, (), inputs)
    found: Array = pattern(graph, graph.outputs, wrt, inputs, TABLE).toarray()
    return found


def hessian_pattern(formula: str, wrt: tuple[str, ...], **inputs: Any) -> Array:
    graph = compiled(formula, wrt, inputs)
    found: Array = pattern(graph, graph.outputs[1:], wrt, inputs, TABLE).toarray()
    return found


def shown(found: Array) -> list[str]:
    return ["".join(".x"[int(element)] for element in row) for row in found]


# A formula, its inputs, of which those in capitals are data, and the rows of its Jacobian.
X3, X4 = np.arange(1.0, 4.0), np.arange(1.0, 5.0)
X22 = np.arange(1.0, 5.0).reshape(2, 2)
JACOBIANS: list[tuple[str, dict[str, Any], str]] = [
    ("sin(x)", {"x": X3}, "x.. .x. ..x"),
    ("2 + zeros_like(x)", {"x": X3}, "... ... ..."),
    ("x[1:] * x[:-1]", {"x": X4}, "xx.. .xx. ..xx"),
    ("x[2:] - 2*x[1:-1] + x[:-2]", {"x": X4}, "xxx. .xxx"),
    ("x[K]", {"x": X4, "K": np.array([3, 0, 3])}, "...x x... ...x"),
    ("x[K] * K", {"x": X4, "K": np.array([3, 0])}, "...x x..."),
    ("x[K + 1]", {"x": X4, "K": np.array([2.0, 0.0])}, "...x .x.."),
    ("x[M]", {"x": X3, "M": np.array([True, False, True])}, "x.. ..x"),
    ("x[K, 1]", {"x": X22, "K": np.array([1, 0])}, "...x .x.."),
    ("where(M, x, x[::-1])", {"x": X3, "M": X3 > 1}, "x.x .x. x.x"),
    ("x * x[0]", {"x": X3}, "x.. xx. x.x"),
    ("x * y", {"x": X22[:, :1], "y": X3[:2]}, "x.x. x..x .xx. .x.x"),
    ("x / sum(x)", {"x": X3}, "xxx xxx xxx"),
    ("sum(x, axis=0)", {"x": X22}, "x.x. .x.x"),
    ("mean(x, axis=1, keepdims=True)", {"x": X22}, "xx.. ..xx"),
    ("softmax(x)", {"x": X22}, "xx.. xx.. ..xx ..xx"),
    ("softmax(x, axis=0)", {"x": X22}, "x.x. .x.x x.x. .x.x"),
    ("max(x, axis=0)", {"x": X22}, "x.x. .x.x"),
    ("sort(x)", {"x": X22}, "xx.. xx.. ..xx ..xx"),
    ("median(x, axis=1)", {"x": X22}, "xx.. ..xx"),
    ("x[x > 1]", {"x": X3}, "xxx xxx"),
    ("cumsum(x)", {"x": X3}, "x.. xx. xxx"),
    ("cumsum(x, axis=0)", {"x": X22}, "x... .x.. x.x. .x.x"),
    ("cumprod(x)", {"x": X4}, "x... xx.. xxx. xxxx"),
    ("diff(x)", {"x": X4}, "xx.. .xx. ..xx"),
    ("convolve(x, V)", {"x": X3, "V": X3[:2]}, "x.. xx. .xx ..x"),
    ("convolve(x, V, 'valid')", {"x": X4, "V": X3[:2]}, "xx.. .xx. ..xx"),
    ("convolve(X, v, 'valid')", {"X": X4, "v": X3[:2]}, "xx xx xx"),
    ("A @ x", {"A": X22, "x": X3[:2]}, "xx xx"),
    ("a @ X", {"a": X22, "X": X3[:2]}, "xx.. ..xx"),
    ("A @ x", {"A": X22, "x": X22}, "x.x. .x.x x.x. .x.x"),
    ("A @ x", {"A": np.ones((2, 1, 2)), "x": np.ones((2, 2, 1))}, "xx.. ..xx"),
    ("x @ x", {"x": X22}, "xxx. xx.x x.xx .xxx"),
    ("outer(x, Y)", {"x": X3[:2], "Y": X3[:2]}, "x. x. .x .x"),
    ("einsum('bij,bj->bi', A, x)", {"A": np.ones((2, 2, 2)), "x": X22}, "xx.. xx.. ..xx ..xx"),
    ("einsum('ii->i', x)", {"x": X22}, "x... ...x"),
    ("einsum('...i->...', x)", {"x": X22}, "xx.. ..xx"),
    ("solve(A, x)", {"A": X22, "x": X22}, "x.x. .x.x x.x. .x.x"),
    ("det(x)", {"x": X22 + np.eye(2)[:, None] * np.eye(2)}, "xxxx.... ....xxxx"),
    ("inv(x)", {"x": X22}, "xxxx xxxx xxxx xxxx"),
    ("x.T", {"x": X22}, "x... ..x. .x.. ...x"),
    ("tril(x)", {"x": X22}, "x... .... ..x. ...x"),
    ("diag(x)", {"x": X3[:2]}, "x. .. .. .x"),
    ("trace(x)", {"x": X22}, "x..x"),
    ("roll(x, 1)", {"x": X3}, "..x x.. .x."),
    ("roll(x, N)", {"x": X3, "N": 1}, "..x x.. .x."),
    ("flip(x)", {"x": X3}, "..x .x. x.."),
    ("tile(x, 2)", {"x": X3[:2]}, "x. .x x. .x"),
    ("repeat(x, 2)", {"x": X3[:2]}, "x. x. .x .x"),
    ("pad(x, 1)", {"x": X3[:2]}, ".. x. .x .."),
    ("[x[1], 2, x[0]]", {"x": X3[:2]}, ".x .. x."),
    ("concatenate([x, Y, x])", {"x": X3[:2], "Y": X3[:1]}, "x. .x .. x. .x"),
    ("segment_sum(x, K, 2)", {"x": X3, "K": np.array([1, 0, 1])}, ".x. x.x"),
    ("stop_gradient(x) * x[::-1]", {"x": X3}, "..x .x. x.."),
    ("round(x) + x[0]", {"x": X3}, "x.. x.. x.."),
    ("(x > 1) * x", {"x": X3}, "x.. .x. ..x"),
    ("copysign(x, x[0])", {"x": X3}, "x.. .x. ..x"),
    ("x.shape[0] * argmax(x) + zeros(3)", {"x": X3}, "... ... ..."),
]


@pytest.mark.parametrize(("formula", "inputs", "rows"), JACOBIANS, ids=lambda part: str(part)[:40])
def test_jacobians_are_exact(formula: str, inputs: dict[str, Any], rows: str) -> None:
    wrt = tuple(name for name in inputs if name.islower())
    assert shown(jacobian_pattern(formula, wrt, **inputs)) == rows.split()


ROSENBROCK = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"
HESSIANS: list[tuple[str, dict[str, Any], str]] = [
    ("sum(sin(x))", {"x": X3}, "x.. .x. ..x"),
    ("sum(A * x)", {"x": X3, "A": X3}, "... ... ..."),
    (ROSENBROCK, {"x": X4}, "xx.. xxx. .xxx ..xx"),
    ("x[0] * sum(x[1:]**2)", {"x": X4}, ".xxx xx.. x.x. x..x"),
    ("sum(x * y**2)", {"x": X3[:2], "y": X3[:2]}, "..x. ...x x.x. .x.x"),
    ("sum(einsum('bi,bij,bj->b', x, A, x))", {"x": X22, "A": np.ones((2, 2, 2))},
     "xx.. xx.. ..xx ..xx"),
    ("sum(logsumexp(x, axis=1))", {"x": X22}, "xx.. xx.. ..xx ..xx"),
    ("sum(exp(segment_sum(x, K, 2)))", {"x": X3, "K": np.array([1, 0, 1])}, "x.x .x. x.x"),
    ("sum(exp(x[K]))", {"x": X3, "K": np.array([0, 0, 2])}, "x.. ... ..x"),
    ("sum((x[I] - x[J])**4)", {"x": X4, "I": np.array([0, 1]), "J": np.array([2, 3])},
     "x.x. .x.x x.x. .x.x"),
    ("sum(exp(convolve(x, V, 'valid')))", {"x": X4, "V": X3[:2]}, "xx.. xxx. .xxx ..xx"),
    ("sum(relu(x)**3)", {"x": X3}, "x.. .x. ..x"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "inputs", "rows"), HESSIANS, ids=lambda part: str(part)[:40])
def test_hessians_are_exact(formula: str, inputs: dict[str, Any], rows: str) -> None:
    wrt = tuple(name for name in inputs if name.islower())
    assert shown(hessian_pattern(formula, wrt, **inputs)) == rows.split()


@pytest.mark.parametrize("case", SMOOTH, ids=over)
def test_no_element_of_a_jacobian_is_missed(case: Case) -> None:
    inputs = case.inputs()
    found = jacobian_pattern(case.formula, case.smooth, **inputs)
    at = 0
    for name in case.smooth:
        for k in range(np.size(inputs[name])):
            ahead, behind = (moved(case, inputs, name, k, step) for step in (1e-6, -1e-6))
            column = np.ravel(ahead - behind) / 2e-6
            np.testing.assert_allclose(column[~found[:, at]], 0, atol=1e-6)
            at += 1
    assert found.shape[1] == at


def moved(case: Case, inputs: dict[str, Any], name: str, element: int, step: float) -> Array:
    """The value after a step of one element."""
    point = np.array(inputs[name], dtype=float)
    point.reshape(-1)[element] += step
    return np.asarray(case.reference({**inputs, name: point}), dtype=float)


@pytest.mark.parametrize("case", SMOOTH[::6], ids=over)
def test_no_element_of_a_hessian_is_missed(case: Case) -> None:
    inputs = case.inputs()
    found = hessian_pattern(case.formula, case.smooth, **inputs)
    product = symgrad.hvp(case.formula, case.smooth)
    sizes = [np.size(inputs[name]) for name in case.smooth]
    for column, seed in zip(found.T, np.eye(sum(sizes)), strict=True):
        parts = np.split(seed, np.cumsum(sizes)[:-1])
        vectors = [p.reshape(np.shape(inputs[n])) for p, n in zip(parts, case.smooth, strict=True)]
        products = product(tuple(vectors) if len(vectors) > 1 else vectors[0], **inputs)
        missed = np.concatenate([np.ravel(part) for part in products])[~column]
        np.testing.assert_allclose(missed, 0, atol=1e-9)


def test_ten_thousand_variables() -> None:
    x = np.ones(10_000)
    graph = compiled(ROSENBROCK, ("x",), {"x": x})
    found = pattern(graph, graph.outputs[1:], ("x",), {"x": x}, TABLE).tocoo()
    assert found.nnz == 3 * 10_000 - 2
    assert np.all(np.abs(found.row - found.col) <= 1)


def test_inputs_follow_each_other() -> None:
    found = jacobian_pattern("x + y[0]", ("y", "x"), x=X3[:2], y=X3)
    assert shown(found) == ["x..x.", "x...x"]


def test_an_input_that_is_not_used_has_columns() -> None:
    found = jacobian_pattern("x[:1] + zeros_like(y[:1])", ("x", "y"), x=X3[:2], y=X3)
    assert shown(found) == ["x...."]


@pytest.mark.parametrize(
    ("formula", "inputs", "names"),
    [
        ("sin(x) * y", {"x": X3, "y": 2}, ""),
        ("x[K] * Y", {"x": X3, "K": np.array([1]), "Y": np.array([2])}, "K"),
        ("x[K + N]", {"x": X3, "K": np.array([1.0]), "N": 1}, "K N"),
        ("reshape(x, (N, -1)) @ x[:N]", {"x": X4, "N": 2}, "N"),
        ("sort(x)[K]", {"x": X3, "K": 0}, "K"),
        ("x[Y > 1]", {"x": X3, "Y": X3}, "x Y"),
    ],
)
def test_inputs_whose_values_count(formula: str, inputs: dict[str, Any], names: str) -> None:
    wrt = tuple(name for name in inputs if name == "x")
    graph = compiled(formula, wrt, inputs)
    assert steering(graph, wrt, inputs) == frozenset(names.split())


DENSE = """dot inner kron tensordot diag _norm_of_order cross_entropy _item _slogdet _eigh _svd
    _qr _variable""".split()


def test_few_operations_depend_on_all() -> None:
    """What is resolved or expanded before there is a pattern needs no rule."""
    every = {name for name in TABLE if TABLE[name].is_operation}
    without = {name for name in every if TABLE[name].derivative_is(0, "0")} | WITHOUT | {"pair"}
    every |= STRUCTURAL | {"_at", "_outer", "_vdot", "_solve_vector"}
    ruled = every - without - MOVES - SUMS_OF_MOVES
    assert {op for op in ruled if rule_of(op, TABLE) is dense} == set(DENSE)
