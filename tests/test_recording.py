"""Both passes as they are kept: what is handed on adds up to what the compiled gradient gives."""

import numpy as np
import pytest

import symgrad
from symgrad.seeing.recording import record

X = np.array([[1.0, -2.0], [0.5, 3.0], [2.0, 0.25]])
CASES = [
    ("exp(x**2)**2", {"x": 0.5}),
    ("x*x + x/(1 + x)", {"x": 2.0}),
    ("where(x > 0, log(x), clip(y, 0, 1))", {"x": 1.5, "y": 2.0}),
    ("where(x > 0, log(x), x**2)", {"x": -1.5}),
    ("a*x", {"a": 2.0, "x": [1.0, 2.0, 4.0]}),
    ("mean((X @ w + b)**2)", {"X": X, "w": [0.5, 1.5], "b": 0.25}),
    ("h = relu(X @ W + b); cross_entropy(h, T)",
     {"X": X, "W": X.T, "b": [0.1, 0.2, 0.3], "T": np.eye(3)}),
    ("sum(x[1:] * stack([x[0], y])) + norm(x) + var(x) + max(x)", {"x": [1.0, 2.0, 3.0], "y": 2.0}),
    ("sum(x[k])", {"x": [1.0, 2.0, 3.0], "k": [1, 1]}),
    ("det(A) + trace(inv(A)) + logdet(A)", {"A": [[2.0, 1.0], [0.5, 3.0]]}),
    ("sum(cumsum(x) * sort(x)) + median(x)", {"x": [3.0, 1.0, 2.0]}),
    ("D(sin(x)*x, x)", {"x": 2.0}),
    ("sum(softmax(x) * x)", {"x": [1.0, 2.0, 4.0]}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "at"), CASES)
def test_what_is_handed_on_adds_up(formula: str, at: dict[str, object]) -> None:
    compiled = symgrad.value_and_grad(formula)
    found = record(compiled, at)
    value, gradients = compiled(**at)
    if len(found.wrt) == 1:
        gradients = {found.wrt[0]: gradients}
    np.testing.assert_allclose(found.values[found.graph.outputs[0]], value)
    for name, node in found.graph.inputs().items():
        if name in found.wrt:
            np.testing.assert_allclose(found.gradients[node], gradients[name], atol=1e-14)
    for node, gradient in found.gradients.items():
        assert gradient.shape == found.values[node].shape
        parts = found.parts(node)
        assert bool(parts) == (node is not found.graph.outputs[0])
        if parts:
            np.testing.assert_allclose(sum(flow.amount for _, flow in parts), gradient, atol=1e-14)


def test_slopes_are_partial_derivatives() -> None:
    found = record(symgrad.grad("x*y + sin(x)"), {"x": 2.0, "y": 3.0})
    slopes = [
        float(f.slope) for flows in found.flows.values() for f in flows if f.slope is not None
    ]
    assert slopes == pytest.approx([1.0, 1.0, np.cos(2.0), 3.0, 2.0])


def test_both_operands_of_a_square_get_a_part() -> None:
    found = record(symgrad.grad("x*x"), {"x": 3.0})
    [flows] = found.flows.values()
    assert [(flow.position, float(flow.amount)) for flow in flows] == [(0, 3.0), (1, 3.0)]


def test_it_is_the_formula_as_it_was_written() -> None:
    """Compiled, it is softplus and finite; as it stands it overflows."""
    found = record(symgrad.grad("log(1 + exp(x))"), {"x": 800.0})
    assert [node.op for node in found.graph.nodes if node.args] == ["exp", "add", "log"]
    assert np.isinf(found.values[found.graph.outputs[0]])


def test_wrt_leaves_other_inputs_out() -> None:
    found = record(symgrad.grad("x*y", wrt="y"), {"x": 2.0, "y": 3.0})
    assert [node.value for node in found.gradients if node.op == "input"] == ["y"]


@pytest.mark.parametrize(
    ("formula", "at", "message"),
    [
        ("x*y", {"x": 1.0}, "the input y is missing"),
        ("x*y", 3.0, "at must be a dict, not float"),
        ("X @ w", {"X": X, "w": [1.0]}, "the inner dimensions of the matrix product disagree"),
        ("+".join(f"sin({k}*x)" for k in range(1000)), {"x": 1.0}, "the limit is 2,000"),
    ],
)
def test_errors(formula: str, at: object, message: str) -> None:
    with pytest.raises(symgrad.SymgradError, match=message):
        record(symgrad.function(formula), at)  # type: ignore[arg-type]


def test_all_results_are_kept_within_the_limit_of_memory() -> None:
    compiled = symgrad.function("sum(exp(sin(x)))")
    with symgrad.Limits(memory=100_000), pytest.raises(symgrad.LimitError, match="this call would"):
        record(compiled, {"x": np.ones(4_000)})
