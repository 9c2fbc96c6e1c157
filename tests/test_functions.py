"""Every row of functions.sg: values and derivatives in units of the last place, and what it promises.

The tests are made from the table: a new row is tested as soon as it stands there.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import product

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special

import symgrad
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node
from symgrad.lower import definition, derivative, lower
from symgrad.reverse import reverse
from symgrad.simplify import simplify
from symgrad.structural import ADJOINTS
from tests.evaluation import numpy_outputs
from tests.reference import CASES, PRIMITIVES, TABLE, Case, Truth, evaluate, ulps

EXACT_ULPS, ULPS_PER_CONDITION = 4, 3
"""The error that a right answer may have: that of its last operations, and that of rounding the inputs
a little, which a function magnifies by its condition number."""

CONDITIONS = [name for name in TABLE if TABLE[name].kind == "bool"]
STATED = [name for name in TABLE if TABLE[name].derivatives]
BOTH = [name for name in STATED if TABLE[name].definitions]


def bound(truth: Truth, axis: int | None = None) -> float:
    return EXACT_ULPS + ULPS_PER_CONDITION * truth.condition(axis)


def columns(case: Case, kind: type[np.floating] = np.float64) -> list[np.ndarray]:
    with np.errstate(over="ignore"):
        return [np.array(column).astype(kind) for column in zip(*case.points, strict=True)]


def complaints(
    case: Case, got: np.ndarray, axis: int | None, kind: type[np.floating] = np.float64
) -> Iterator[str]:
    """Where an answer is further from the truth than its bound; `axis` None is the value."""
    for answer, truth in zip(np.broadcast_to(got, len(case.points)), case.truths, strict=True):
        wanted = truth.value if axis is None else truth.partials[axis]
        if wanted is None or not all(is_exact(x, kind) for x in truth.point):
            continue
        if axis is not None and (truth.value is None or not is_finite(truth.value, kind)):
            continue
        error = ulps(float(answer), wanted, kind)
        if error > bound(truth, axis):
            yield (
                f"{case} at {truth.point}: {answer!r}, not {mpmath.nstr(wanted, 20)};"
                f" {error:.3g} ulps where {bound(truth, axis):.3g} are allowed"
            )


def is_exact(x: float, kind: type[np.floating]) -> bool:
    with np.errstate(over="ignore"):
        return float(kind(x)) == x


def is_finite(value: mpf, kind: type[np.floating]) -> bool:
    return bool(abs(value) <= mpf(float(np.finfo(kind).max)))


@pytest.mark.parametrize("name", TABLE)
def test_a_primitive_has_a_reference(name: str) -> None:
    assert TABLE[name].definitions or name in PRIMITIVES, (
        f"{name} has no definition: name its mpmath function in PRIMITIVES, tests/reference.py"
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value(case: Case) -> None:
    assert not list(complaints(case, symgrad.function(case.formula)(*columns(case)), None))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives(case: Case) -> None:
    gradient = symgrad.grad(case.formula, wrt=case.inputs)(*columns(case))
    for axis, got in enumerate(gradient):
        assert not list(complaints(case, got, axis))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float32(case: Case) -> None:
    both = symgrad.value_and_grad(case.formula, wrt=case.inputs)
    value, gradient = both(*columns(case, np.float32))
    for axis, got in zip((None, *range(len(gradient))), (value, *gradient), strict=True):
        assert got.dtype == np.float32
        assert not list(complaints(case, got, axis, np.float32))


def at_moderate_points(case: Case) -> Iterator[Truth]:
    """Where neither overflow nor a tie is near, so that what holds over the reals holds closely."""
    for truth in case.truths:
        sizes = [abs(x) for x in truth.point]
        if all(1e-3 < size < 100 for size in sizes) and len(set(truth.point)) == len(sizes):
            yield truth


def second_derivatives(case: Case) -> Iterator[Graph]:
    """For each input a graph of the derivative by it and the derivatives of that."""
    lowered = lower(case.formula, TABLE)
    first = simplify(reverse(lowered.graph, case.inputs, TABLE), TABLE)
    for output in first.outputs[1:]:
        build = Builder()
        for node in first.nodes:
            build.adopt(node)
        yield simplify(reverse(build.graph([output]), case.inputs, TABLE), TABLE)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_second_derivatives(case: Case) -> None:
    truths = list(at_moderate_points(case))
    inputs = dict(zip(case.inputs, map(np.array, zip(*[t.point for t in truths])), strict=True))
    for axis, graph in enumerate(second_derivatives(case)):
        present = {name: inputs[name] for name in graph.inputs()}
        for other, got in enumerate(numpy_outputs(graph, present)[1:]):
            for truth, answer in zip(truths, np.broadcast_to(got, len(truths)), strict=True):
                wanted = truth.seconds[axis][other]
                if wanted is None:
                    continue
                scale = abs(wanted) + sum(abs(d) for d in truth.partials if d is not None)
                assert abs(float(answer) - wanted) <= 1e-11 * scale + 1e-300, (truth.point, axis, other)
