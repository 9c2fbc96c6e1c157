"""The adjoints that are not lines of functions.sg: linear maps, held against their own matrices."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.differentiation import structural
from symgrad.differentiation.structural import ADJOINTS, PARTIALS
from symgrad.functions import builtin_functions
from symgrad.graph import STRUCTURAL, Builder, Graph, Node
from symgrad.language.items import paired
from symgrad.language.template import HOLE, Slice
from symgrad.reverse import reverse
from tests.evaluation import numpy_outputs

Make = Callable[[Builder, Node], Node]
TABLE = builtin_functions()

ALL = Slice(None, None, None)
I = np.array([2, 0, 2, 1])  # noqa: E741 - an index array that takes an element twice
IDS = np.array([1, 0, 1])
ORDER = np.array([[2, 0, 2], [1, 1, 0]])
INPUTS = {
    "y": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "z": np.array([[[0.5, -1.5, 2.5]], [[3.5, -4.5, 5.5]]]),
    "i": I,
    "order": ORDER,
    "ids": IDS,
    "mask": np.array([True, False, True]),
    "n": np.array(2),
}


def given(build: Builder, *names: str) -> Node:
    """Inputs besides x, as one operand."""
    chain = paired(build, *(build.node("input", value=name) for name in names))
    assert chain is not None
    return chain


def plain(op: str, value: Any) -> Make:
    return lambda build, x: build.node(op, x, value=value)


def with_given(op: str, value: Any, *names: str) -> Make:
    return lambda build, x: build.node(op, x, given(build, *names), value=value)


def like(op: str, value: Any, first: str, *names: str) -> Make:
    """An operation that puts x into the shape of another input."""
    return lambda build, x: build.node(op, x, given(build, first, *names), value=value)


def concatenated(axis: int) -> Make:
    return lambda build, x: build.node(
        "concatenate", build.node("concatenate", x, given(build, "y"), value=(axis,)), x,
        value=(axis,),
    )  # fmt: skip


def contracted(subscripts: str) -> Make:
    """With x in both operands."""
    return lambda build, x: build.node("_einsum", x, x, value=(subscripts,))


# What is made of x, the shape of x, and the same with NumPy.
CASES: dict[str, list[tuple[Make, tuple[int, ...], Callable[[Any], Any]]]] = {
    "index": [
        (plain("index", (1,)), (3,), lambda x: x[1]),
        (plain("index", (ALL, -1)), (2, 3), lambda x: x[:, -1]),
        (plain("index", (Slice(None, None, -2), None)), (5,), lambda x: x[::-2, None]),
        (plain("index", (Ellipsis, Slice(1, None, None))), (2, 3), lambda x: x[..., 1:]),
        (with_given("index", (HOLE,), "i"), (3, 2), lambda x: x[I]),
        (with_given("index", (HOLE, HOLE), "ids", "ids"), (3, 3), lambda x: x[IDS, IDS]),
        (with_given("index", (HOLE,), "mask"), (3, 2), lambda x: x[[True, False, True]]),
        (with_given("index", (Slice(HOLE, None, None),), "n"), (5,), lambda x: x[2:]),
    ],
    "place": [
        (like("place", (0,), "y"), (3,), lambda x: np.stack([x, 0 * x])),
        (like("place", (ALL, HOLE), "y", "i"), (2, 4), lambda x: added_up(x, ALL_COLUMNS)),
    ],
    "broadcast": [
        (like("broadcast", None, "y"), (3,), lambda x: np.stack([x, x])),
        (like("broadcast", None, "y"), (2, 1), lambda x: np.repeat(x, 3, axis=1)),
        (like("broadcast", None, "y"), (), lambda x: np.full((2, 3), x)),
    ],
    "unbroadcast": [
        (lambda b, x: b.node("unbroadcast", b.node("multiply", x, given(b, "z")), x), (2, 3),
         lambda x: (x * INPUTS["z"]).sum(axis=0)),
        (lambda b, x: b.node("unbroadcast", b.node("multiply", x, given(b, "y")), x), (2, 1),
         lambda x: (x * INPUTS["y"]).sum(axis=1, keepdims=True)),
    ],
    "copy": [(plain("copy", None), (2, 2), lambda x: x)],
    "sum": [
        (plain("sum", (None, False)), (2, 3), lambda x: x.sum()),
        (plain("sum", (0, False)), (2, 3), lambda x: x.sum(0)),
        (plain("sum", (-1, True)), (2, 3), lambda x: x.sum(-1, keepdims=True)),
        (plain("sum", ((0, -1), False)), (2, 3, 2), lambda x: x.sum((0, -1))),
        (plain("sum", ((0, 2), True)), (2, 3, 2), lambda x: x.sum((0, 2), keepdims=True)),
    ],
    "mean": [
        (plain("mean", (None, False)), (2, 3), lambda x: x.mean()),
        (plain("mean", (1, False)), (2, 3), lambda x: x.mean(1)),
        (plain("mean", ((0, 1), True)), (2, 3, 2), lambda x: x.mean((0, 1), keepdims=True)),
    ],
    "permute_dims": [
        (plain("permute_dims", ((2, 0, 1),)), (2, 3, 4), lambda x: x.transpose(2, 0, 1)),
        (plain("permute_dims", ((-1, 0, 1),)), (2, 3, 4), lambda x: x.transpose(2, 0, 1)),
    ],
    "concatenate": [
        (concatenated(0), (2, 3), lambda x: np.concatenate([x, INPUTS["y"], x])),
        (concatenated(1), (2, 2), lambda x: np.concatenate([x, INPUTS["y"], x], axis=1)),
        (concatenated(-2), (2, 3), lambda x: np.concatenate([x, INPUTS["y"], x])),
    ],
    "take_along_axis": [
        (with_given("take_along_axis", (1,), "order"), (2, 3),
         lambda x: np.take_along_axis(x, ORDER, 1)),
        (with_given("take_along_axis", (-1,), "order"), (2, 4),
         lambda x: np.take_along_axis(x, ORDER, -1)),
    ],
    "_put_along_axis": [
        (like("_put_along_axis", (1,), "y", "order"), (2, 3), lambda x: added_up(x, BY_ORDER)),
    ],
    "_einsum": [
        (contracted("ij,jk->ik"), (3, 3), lambda x: x @ x),
        (contracted("ij,kj->ki"), (2, 3), lambda x: x @ x.T),
        (contracted("i,j->ij"), (3,), lambda x: np.outer(x, x)),
        (contracted("...i,...i->..."), (2, 3), lambda x: (x * x).sum(-1)),
        (lambda b, x: b.node("_einsum", x, given(b, "y"), value=("...j,ij->...i",)), (2, 3),
         lambda x: x @ INPUTS["y"].T),
    ],
    "_segment_sum": [
        (with_given("_segment_sum", ((3,),), "ids"), (3, 2),
         lambda x: np.stack([x[1], x[0] + x[2], 0 * x[0]])),
        (with_given("_segment_sum", ((HOLE,),), "ids", "n"), (3,),
         lambda x: np.stack([x[1], x[0] + x[2]])),
    ],
    "roll": [
        (plain("roll", ((1,), 0)), (3, 2), lambda x: np.roll(x, 1, 0)),
        (plain("roll", ((1, -2), (0, 1))), (3, 4), lambda x: np.roll(x, (1, -2), (0, 1))),
        (with_given("roll", ((HOLE,), -1), "n"), (3, 5), lambda x: np.roll(x, 2, -1)),
    ],
    "tile": [
        (plain("tile", ((3,),)), (2, 2), lambda x: np.tile(x, 3)),
        (plain("tile", ((2, 1, 3),)), (2, 2), lambda x: np.tile(x, (2, 1, 3))),
        (with_given("tile", ((HOLE,),), "n"), (3,), lambda x: np.tile(x, 2)),
    ],
    "_untile": [
        (like("_untile", ((2,),), "y"), (2, 6), lambda x: x[:, :3] + x[:, 3:]),
    ],
    "_repeat": [
        (plain("_repeat", ((2,), 0)), (2, 2), lambda x: np.repeat(x, 2, 0)),
        (plain("_repeat", ((2, 0, 1), 1)), (2, 3), lambda x: np.repeat(x, (2, 0, 1), 1)),
        (with_given("_repeat", ((HOLE,), -1), "n"), (2, 3), lambda x: np.repeat(x, 2, -1)),
    ],
    "_unrepeat": [
        (like("_unrepeat", ((2,), 1), "y"), (2, 6), lambda x: x[:, ::2] + x[:, 1::2]),
    ],
}  # fmt: skip

ALL_COLUMNS = (np.arange(2)[:, None], I)
BY_ORDER = (np.arange(2)[:, None], ORDER)

NOTHING_TO_DIFFERENTIATE = {"pair", "integer", "_zeros", "_ones", "eye", "_counting"}
"""Whole numbers, constants, and what only holds operands together."""


def added_up(x: Any, where: Any) -> Any:
    found = np.zeros((2, 3))
    np.add.at(found, where, x)
    return found


def graph_of(make: Make, build: Builder) -> Graph:
    """The sum of what is made, element by element, times weights that tell all elements apart."""
    x = build.node("input", value="x")
    made = build.node("sin", make(build, build.node("power", x, build.constant(2.0))))
    weighted = build.node("multiply", made, build.node("input", value="weights"))
    return reverse(build.graph([weighted]), ["x"], TABLE)


def jacobian(reference: Callable[[Any], Any], square: Any) -> Any:
    """By central differences, which are exact up to rounding for maps of the second degree."""
    step, columns = 0.5, []
    for place in range(square.size):
        move = np.zeros(square.size)
        move[place] = step
        moved = [reference(square + s * move.reshape(square.shape)) for s in (1, -1)]
        columns.append((moved[0] - moved[1]) / (2 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize(
    ("make", "shape", "reference"),
    [
        pytest.param(*case, id=f"{op} {n}")
        for op, rows in CASES.items()
        for n, case in enumerate(rows)
    ],
)
def test_values_and_adjoints(
    make: Make, shape: tuple[int, ...], reference: Callable[[Any], Any]
) -> None:
    x = np.arange(1.0, 1 + np.prod(shape, dtype=int)).reshape(shape) / 4
    inside = reference(x**2)
    weights = np.cos(np.arange(inside.size)).reshape(inside.shape)
    value, slope = numpy_outputs(graph_of(make, Builder()), {**INPUTS, "x": x, "weights": weights})
    np.testing.assert_allclose(value, np.sin(inside) * weights, rtol=1e-12, atol=1e-14)
    outer = (np.cos(inside) * weights).ravel()
    expected = (outer @ jacobian(reference, x**2).reshape(inside.size, x.size)).reshape(shape)
    np.testing.assert_allclose(slope, expected * 2 * x, rtol=1e-11, atol=1e-12)


def test_every_operation_with_an_adjoint_here_is_tried() -> None:
    assert CASES.keys() | NOTHING_TO_DIFFERENTIATE == ADJOINTS.keys()


def test_every_structural_operation_that_a_derivative_can_meet_has_an_adjoint() -> None:
    assert STRUCTURAL - {"cast"} <= ADJOINTS.keys()


def test_the_rows_that_say_structural_are_those_whose_adjoint_is_here() -> None:
    """Concatenation is written as a list, and its row says how that becomes a chain of twos."""
    rows = {name for name in TABLE if TABLE[name].is_structural}
    assert rows == (ADJOINTS.keys() | PARTIALS.keys()) - STRUCTURAL - {"concatenate"}
    assert TABLE["concatenate"].is_built


@pytest.mark.parametrize("op", sorted(NOTHING_TO_DIFFERENTIATE))
def test_what_has_no_derivative_adds_no_term(op: str) -> None:
    build = Builder()
    operands = [build.node("input", value=name) for name in "xy"]
    node = build.node(op, *operands)
    assert ADJOINTS[op](build, node, build.node("input", value="g")) == (None, None)


def test_the_layers_of_a_stack_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each: the derivative of a stack of n takes n steps, not n squared."""
    seen: list[Node] = []
    is_layer = structural._is_layer

    def counted(node: Node, axis: int) -> bool:
        seen.append(node)
        return is_layer(node, axis)

    monkeypatch.setattr(structural, "_is_layer", counted)
    count = 100
    symgrad.grad(f"sum(stack([{', '.join(f'x{n}' for n in range(count))}])**2)")
    assert count <= len(seen) <= 5 * count
