"""The targets: every spelling is real, every row runs on both of them, and they agree."""

import ast
import contextlib
import math
import re
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import special

import symgrad
from symgrad.errors import SymgradError
from symgrad.language.formula import lower
from symgrad.language.spelling import Text
from symgrad.load import load
from symgrad.lower import definition
from symgrad.pipeline import derive
from symgrad.simplify import expand
from symgrad.targets import Target
from symgrad.targets.arrays import ARRAY_HELPERS, ARRAYS
from symgrad.targets.numpy import HELPERS, NUMPY
from symgrad.targets.scalar import NAMESPACE, SCALAR
from symgrad.writing.layout import Layout
from symgrad.writing.plain_numbers import number_source, number_steps, run_steps
from tests.reference import CASES, ROWS, SMALLEST_NORMAL, TABLE, Case, Point, Truth

TARGETS = (NUMPY, SCALAR)
ROOTS: dict[str, dict[str, object]] = {
    "numpy": {"np": np, "special": special, **HELPERS},
    "scalar": NAMESPACE,
}
OPERANDS = ("first", "second", "third")
RAISES = (OverflowError, ValueError, ZeroDivisionError)
SPELLINGS = [
    pytest.param(target, name, id=f"{target.name} {name}")
    for target in TARGETS
    for name in target.spellings
    if name not in ARRAYS
]


def slots(target: Target, name: str) -> int:
    """How many operands its template has places for."""
    return 1 + max(map(int, re.findall(r"\{(\d)\}", target.spellings[name].template)), default=-1)


@pytest.mark.parametrize(("target", "name"), SPELLINGS)
def test_a_spelling_is_python_whose_names_are_known(target: Target, name: str) -> None:
    operands = [Text(operand) for operand in OPERANDS[: slots(target, name)]]
    code = target.spellings[name].write(operands).code
    for node in ast.walk(ast.parse(code, mode="eval")):
        match node:
            case ast.Attribute(value=ast.Name(id=root), attr=attribute) if root in OPERANDS:
                assert hasattr(np.ndarray, attribute)
            case ast.Attribute(value=ast.Name(id=root), attr=attribute):
                assert hasattr(ROOTS[target.name][root], attribute)
            case ast.Name(id=found):
                assert found in OPERANDS or found in ROOTS[target.name]


@pytest.mark.parametrize(("target", "name"), SPELLINGS)
def test_a_spelling_takes_what_its_row_takes(target: Target, name: str) -> None:
    if name in TABLE:
        assert slots(target, name) == len(TABLE[name].names)


@pytest.mark.parametrize(("target", "name"), SPELLINGS)
def test_extras_are_what_needs_another_module(target: Target, name: str) -> None:
    needs_scipy = "special." in target.spellings[name].template
    assert target.extras.get(name) == ("scipy" if needs_scipy else None)


def test_every_helper_is_called_by_a_spelling() -> None:
    called = {
        word
        for spelling in NUMPY.spellings.values()
        for word in re.findall(r"\b_\w+(?=\()", spelling.template)
    }
    assert called | {"_floats"} == HELPERS.keys()
    assert ARRAY_HELPERS.keys() <= HELPERS.keys()


NUMBERS = (
    *(0.0, -0.0, 1.0, -1.0, 0.1, -2.5, 1e5, 1e6, 2.0**53, 1e22, 1e300, -1e-300, 5e-324),
    *(math.pi, math.inf, -math.inf, math.nan, True, False, 1 / 3, -2 / 3, 5 / 6),
)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("as_float", [False, True])
def test_a_constant_is_read_back_as_it_was(target: Target, number: float, as_float: bool) -> None:
    found = eval(target.constant(number, as_float).code, dict(ROOTS[target.name]))
    assert np.array_equal(found, number, equal_nan=True)
    assert isinstance(found, bool) == isinstance(number, bool)
    if isinstance(number, float) and (as_float or number == 0):
        assert math.copysign(1, found) == math.copysign(1, number)
    if as_float and not isinstance(number, bool):
        assert isinstance(found, float)


def test_an_operation_that_a_target_does_not_know_is_an_error() -> None:
    with pytest.raises(SymgradError) as caught:
        expand(lower("1 + digamma(x)", TABLE).graph, SCALAR.known, TABLE, "scalar")
    assert str(caught.value) == "the target scalar has no digamma"


def expanded_on_the_way(target: Target, name: str) -> set[str]:
    """The rows that a target does not know, from one down to those that it knows."""
    waiting, found = [name], set()
    while waiting:
        op = waiting.pop()
        if op in TABLE and op not in target.known and op not in found:
            found.add(op)
            means = definition(TABLE[op], TABLE, -1).nodes if TABLE[op].definitions else ()
            waiting += [node.op for node in means]
    return found


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_known_or_becomes_its_definition(target: Target, name: str) -> None:
    call = lower(f"{name}({', '.join(TABLE[name].names)})", TABLE).graph
    if any(not TABLE[op].definitions for op in expanded_on_the_way(target, name)):
        with pytest.raises(SymgradError, match=f"the target {target.name} has no"):
            expand(call, target.known, TABLE, target.name)
        return
    expanded = expand(call, target.known, TABLE, target.name)
    assert {node.op for node in expanded.nodes} <= target.known


# Not 0.5: NumPy's (-inf)**0.5 is inf or nan, as the exponent is an array or a number.
SPECIAL = (0.0, -0.0, 0.25, -1.0, math.inf, -math.inf, math.nan)


def everywhere(case: Case) -> list[tuple[Point, list[float]]]:
    """The points, and how far value and derivatives of two codes may be apart there."""
    special_points = product(SPECIAL, repeat=len(case.inputs))
    unknown = [0.0] * (1 + len(case.inputs))
    return [(t.point, distances(t)) for t in case.truths] + [(p, unknown) for p in special_points]


def distances(truth: Truth) -> list[float]:
    parts = ((None, truth.value), *enumerate(truth.partials))
    return [0.0 if v is None else float(2 * truth.tolerance(axis)) for axis, v in parts]


def scalar_kernels(case: Case) -> list[Callable[..., Any]]:
    """The code for floats and its steps one by one; none where the target cannot have it."""
    derived = derive(case.formula, case.inputs, TABLE)
    kind, layout = "value_and_grad", Layout("tuple", derived.wrt)
    try:
        steps = number_steps(derived, kind, TABLE)
    except SymgradError:
        return []
    text = number_source(steps, case.inputs, kind, layout, kind)
    return [
        load(text, kind, NAMESPACE),
        lambda *point: run_steps(steps, dict(zip(case.inputs, point, strict=True)), kind, layout),
    ]


def agree(found: Any, wanted: list[float], limits: list[float]) -> bool:
    value, slopes = found
    for a, b, limit in zip((value, *slopes), wanted, limits, strict=True):
        if math.isfinite(a) and math.isfinite(b):
            if abs(a - b) > max(limit, 2.0**-50 * abs(b), SMALLEST_NORMAL):
                return False
        elif a != b and not (math.isnan(a) and math.isnan(b)):
            return False
    return True


@pytest.mark.parametrize("case", CASES, ids=str)
def test_scalar_code_agrees_with_numpy(case: Case) -> None:
    """Where the math module raises, the call takes NumPy's answer. The steps have the same bits."""
    kernels = scalar_kernels(case)
    call = symgrad.value_and_grad(case.formula, wrt=case.inputs)
    points, allowed = zip(*everywhere(case), strict=True)
    value, slopes = call(*[np.array(column) for column in zip(*points, strict=True)])
    answers = map(list, zip(*[part.tolist() for part in (value, *slopes)], strict=True))
    for point, limits, wanted in zip(points, allowed, answers, strict=True):
        assert agree(call(*point), wanted, limits), (point, call(*point), wanted)
        found = []
        for kernel in kernels:
            with contextlib.suppress(*RAISES):
                found.append(kernel(*point))
        assert all(agree(results, wanted, limits) for results in found), (point, found, wanted)
        assert len({repr(results) for results in found}) <= 1
