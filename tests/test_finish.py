"""The last passes: shapes from the inputs, memory of their own, the inputs' type."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.graph import Graph
from symgrad.pipeline import derive
from symgrad.rewriting.finish import finish, shapes_from_inputs, without_shapes
from symgrad.simplify import legalise
from symgrad.targets.numpy import NUMPY

TABLE = builtin_functions()


def derived(formula: str, *wrt: str) -> Graph:
    return derive(formula, wrt or None, TABLE).graph


def test_numbers_alone_need_no_shapes() -> None:
    graph = without_shapes(derived("a*x + b"))
    assert {node.op for node in graph.nodes} == {"input", "constant", "multiply", "add"}


def test_shapes_come_from_the_inputs_where_the_value_is_not_computed() -> None:
    graph = shapes_from_inputs(derived("a*exp(x) + b", "b"), "grad")
    (broadcast,) = [node for node in graph.nodes if node.op == "broadcast"]
    assert broadcast.args[1].op == "join"
    graph = shapes_from_inputs(derived("a*exp(x) + b", "b"), "value_and_grad")
    (broadcast,) = [node for node in graph.nodes if node.op == "broadcast"]
    assert broadcast.args[1] is graph.outputs[0]


def finished(formula: str, *wrt: str) -> list[str]:
    legal = legalise(derived(formula, *wrt), NUMPY.known, TABLE, "numpy")
    return [output.op for output in finish(legal).outputs]


def test_outputs_that_are_inputs_or_one_another_are_copied() -> None:
    assert finished("x") == ["copy", "broadcast"]
    assert finished("exp(x)") == ["exp", "copy"]
    assert finished("sin(x + y)") == ["sin", "unbroadcast", "copy"]


def test_choices_between_constants_take_the_type_of_the_inputs() -> None:
    assert finished("where(x > 0, 1, 2)") == ["cast", "broadcast"]
    assert finished("relu(x)")[1] == "cast"
    assert finished("where(x > 0, x, 2)")[0] == "add"


@pytest.mark.parametrize(
    "formula",
    ["where(x > 0, 1, 2)", "relu(x)", "x**0", "abs(x) + 3", "sign(x)*2", "x/x*y", "x > y",
     "floor(x)", "maximum(x, y)", "heaviside(x, 0.5)", "3*x", "y + 0*x", "where(x > y, x, 1)"],
)  # fmt: skip
def test_float32_stays_float32_through_every_kind_of_result(formula: str) -> None:
    compiled = symgrad.value_and_grad(formula)
    x = np.array([-1.0, 0.0, 2.0], dtype=np.float32)
    value, gradient = compiled(**dict.fromkeys(compiled.inputs, x))
    parts = gradient.values() if isinstance(gradient, dict) else [gradient]
    assert {part.dtype for part in (value, *parts)} == {np.dtype(np.float32)}


def test_small_powers_of_floats_are_those_of_arrays_to_the_bit() -> None:
    compiled = symgrad.value_and_grad("x**3 * y + x**4", wrt=("x", "y"))
    xs, ys = np.random.default_rng(1).normal(size=(2, 50))
    value, gradient = compiled(xs, ys)
    for place, (x, y) in enumerate(zip(xs.tolist(), ys.tolist(), strict=True)):
        assert compiled(x, y) == (value[place], tuple(part[place] for part in gradient))


def test_sums_and_products_are_shared_in_either_order() -> None:
    compiled = symgrad.function("exp(x*y)*(x + y) + log(exp(y*x)*(y + x))")
    compiled(np.ones(3), np.ones(3))
    (text,) = compiled.kernels
    assert [text.count(part) for part in ("np.exp(", "x + y", "y + x")] == [1, 1, 0]


@pytest.mark.parametrize(
    "formula",
    ["where(isnan(y), x, x)", "x*(y/z*t/t)",
     "r = where(y > 4, z, z) / z; (z + r)**2 - 2*z**2 + (z - r)**2", "x*y*log(erfc(2.5)/2)",
     "r = where(0.7 > x, z, z); sum((where(x > y, z, r) * cumsum(r, axis=0))[0])"],
)  # fmt: skip
def test_shapes_of_what_is_gone_are_still_broadcast(formula: str) -> None:
    compiled = symgrad.value_and_grad(formula)
    arrays = (np.ones((2, 3)), np.full(3, 4.0), np.float64(2.0), np.ones((2, 1)))
    passed = dict(zip("xyzt", arrays, strict=True))
    inputs = {name: passed[name] for name in compiled.inputs}
    module: dict[str, Any] = {}
    exec(compiled.source, module)
    (value, gradient), (filed, slopes) = compiled(**inputs), module["value_and_grad"](**inputs)
    np.testing.assert_array_equal(value, filed)
    for name in compiled.inputs:
        np.testing.assert_array_equal(gradient[name], slopes[name])


def test_a_mask_stays_with_the_part_that_it_is_for() -> None:
    """Of a part that is placed among zeros; not one for the whole, which says the same."""
    formula = "sum(norm(x[:, :3], axis=1) * x[:, 4])"
    compiled, x = symgrad.grad(formula), np.arange(15.0).reshape(3, 5)
    x[1, :3] = 0.0
    assert [compiled.source.count(part) for part in ("zeros_like(x)", "!= 0")] == [2, 2]
    norms = np.sqrt([5.0, 0.0, 365.0])
    expected = np.zeros_like(x)
    expected[:, :3] = x[:, :3] * x[:, 4:] / np.where(norms, norms, 1.0)[:, None]
    expected[:, 4] = norms
    assert np.allclose(compiled(x), expected, rtol=1e-15)
