"""Formulas of arrays, each held against NumPy: values, gradients, layouts, types, files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import pytest

import symgrad
from tests import (
    array_cases_composite,
    array_cases_indexing,
    array_cases_linalg,
    array_cases_networks,
    array_cases_reductions,
    array_cases_structure,
)
from tests.array_cases import Array, Case, differences

MODULES = (
    array_cases_reductions,
    array_cases_indexing,
    array_cases_linalg,
    array_cases_structure,
    array_cases_networks,
    array_cases_composite,
)
CASES: tuple[Case, ...] = tuple(case for module in MODULES for case in module.CASES)

# What these mean depends on how many axes their operands have, which only a declaration can tell
# a file; their files are those of `test_declared`.
OF_RANKS = re.compile(
    r"\b(dot|inner|tensordot|kron|diag|cross_entropy)\(|norm\(\w+, (?!axis|keepdims)"
)
INDEX = re.compile(r"\[[^\]]*\]")


def over(cases: Iterable[Case]) -> Callable[..., Any]:
    """One test for each case, named by its formula and inputs."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.label) for case in cases])


@cache
def value_of(case: Case) -> symgrad.Compiled:
    return symgrad.function(case.formula)


@cache
def gradient_of(case: Case) -> symgrad.Compiled:
    """The formula times a cotangent, so that a transpose too many shows."""
    return symgrad.value_and_grad(case.seeded(), wrt=case.smooth)


def results(case: Case, inputs: dict[str, Any]) -> tuple[Any, ...]:
    """The value, and where there are any the derivatives, in the order of `smooth`."""
    value = value_of(case)(**inputs)
    if not case.smooth:
        return (value,)
    cotangent = case.cotangent().astype(single_or_double(inputs))
    _, derivatives = gradient_of(case)(**inputs, cotangent=cotangent)
    return value, *derivatives


def single_or_double(inputs: dict[str, Any]) -> type[np.floating[Any]]:
    types = {np.asarray(value).dtype for value in inputs.values()}
    return np.float32 if np.dtype(np.float32) in types else np.float64


def close(found: Any, wanted: Any, rtol: float, atol: float = 0.0) -> None:
    """Same shape, and as near as `rtol` of the largest element of all; nan meets nan."""
    assert np.shape(found) == np.shape(wanted)
    scale = float(np.max(np.abs(wanted), initial=0, where=np.isfinite(wanted)))
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol * scale + atol)


@over(CASES)
def test_value(case: Case) -> None:
    inputs = case.inputs()
    close(value_of(case)(**inputs), case.reference(inputs), 1e-12)


@over(case for case in CASES if case.smooth)
def test_gradient(case: Case) -> None:
    inputs, cotangent = case.inputs(), case.cotangent()
    value, derivatives = gradient_of(case)(**inputs, cotangent=cotangent)
    close(value, cotangent * case.reference(inputs), 1e-12)
    expected = differences(case, inputs, cotangent)
    for name, derivative in zip(case.smooth, derivatives, strict=True):
        close(derivative, expected[name], 1e-6, 1e-8)


def strided(array: Array) -> Array:
    """Every other element of a larger array, from its end."""
    larger = np.full([2 * size for size in array.shape], 7, array.dtype)
    back: tuple[Any, ...] = (slice(None, None, -2),) * array.ndim
    view = larger[..., *back]
    view[...] = array
    return view


def fortran(array: Array) -> Array:
    return np.array(array, order="F")


def sealed(array: Array) -> Array:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


@over(CASES[::2])
def test_layouts(case: Case) -> None:
    """Memory order changes no result, no input is written to, and none is handed back."""
    expected = results(case, case.inputs())
    for layout in (strided, fortran, sealed):
        inputs = {
            name: layout(value) if isinstance(value, np.ndarray) else value
            for name, value in case.inputs().items()
        }
        found = results(case, inputs)
        for one, other in zip(found, expected, strict=True):
            close(one, other, 1e-11, 1e-13)
        for name, value in case.inputs().items():
            assert np.array_equal(inputs[name], value), f"{name} was changed"
            assert not any(np.shares_memory(one, inputs[name]) for one in found)


@over(case for case in CASES[1::2] if case.single and case.smooth)
def test_float32(case: Case) -> None:
    """Single precision in, single precision out."""
    inputs = case.inputs()
    single = {
        name: value.astype(np.float32) if getattr(value, "dtype", None) == np.float64 else value
        for name, value in inputs.items()
    }
    found, expected = results(case, single), results(case, inputs)
    # A count or a condition has no precision.
    typed = found if np.asarray(case.reference(inputs)).dtype.kind == "f" else found[1:]
    assert {np.asarray(one).dtype.name for one in typed} == {"float32"}
    for one, other in zip(found, expected, strict=True):
        close(one, other, 2e-3, 1e-4)


def held_against_its_file(compiled: symgrad.Compiled, inputs: dict[str, Any]) -> Any:
    """What a call gives, after the generated file alone has given the same."""
    module: dict[str, Any] = {}
    exec(compile(compiled.source, compiled.formula, "exec"), module)
    called = compiled(**inputs)
    filed = module["value_and_grad"](*[inputs[name] for name in compiled.inputs])
    close(filed[0], called[0], 1e-12)
    for one, other in zip(filed[1], called[1], strict=True):
        close(one, other, 1e-11, 1e-13)
    return called


@over(case for case in CASES[::2] if case.smooth and not OF_RANKS.search(case.formula))
def test_file(case: Case) -> None:
    """The generated file runs on its own and gives what the call gives."""
    held_against_its_file(gradient_of(case), {**case.inputs(), "cotangent": case.cotangent()})


@over(case for case in CASES[1::2] if case.smooth and ":" not in INDEX.sub("", case.formula))
def test_declared(case: Case) -> None:
    """Shapes that are declared change no result, of the call or of the file."""
    inputs = {**case.inputs(), "cotangent": case.cotangent()}
    declared = "; ".join(f"{name}: {dimensions(value)}" for name, value in inputs.items())
    compiled = symgrad.value_and_grad(f"{declared}; {case.seeded()}", wrt=case.smooth)
    value, derivatives = held_against_its_file(compiled, inputs)
    plain, expected = gradient_of(case)(**inputs)
    close(value, plain, 1e-12)
    for one, other in zip(derivatives, expected, strict=True):
        close(one, other, 1e-11, 1e-13)


def dimensions(value: Any) -> str:
    """A declaration of a shape: as numbers, because a name fits all sizes, which few cases do."""
    return f"{np.shape(value)}" if np.ndim(value) else "scalar"


CONVENTIONS: tuple[tuple[str, dict[str, Any], Any], ...] = (
    # Ties share.
    ("max(x)", {"x": [1.0, 3.0, 3.0]}, [0.0, 0.5, 0.5]),
    ("min(x)", {"x": [1.0, 1.0, 1.0, 2.0]}, [1 / 3, 1 / 3, 1 / 3, 0.0]),
    ("max(x, axis=0)", {"x": [[1.0, 5.0], [1.0, 2.0]]}, [[0.5, 1.0], [0.5, 0.0]]),
    ("norm(x, inf)", {"x": [2.0, -2.0, 1.0]}, [0.5, -0.5, 0.0]),
    # Zero and constant inputs.
    ("std(x)", {"x": [2.0, 2.0, 2.0]}, [0.0, 0.0, 0.0]),
    ("std(x, axis=0)", {"x": [[2.0, 1.0], [2.0, 3.0]]}, [[0.0, -0.5], [0.0, 0.5]]),
    ("norm(x)", {"x": [0.0, 0.0]}, [0.0, 0.0]),
    ("norm(x, axis=1)", {"x": [[0.0, 0.0], [3.0, 4.0]]}, [[0.0, 0.0], [0.6, 0.8]]),
    ("norm(x, 1)", {"x": [0.0, -2.0, 3.0]}, [0.0, -1.0, 1.0]),
    ("norm(x, 'fro')", {"x": [[0.0, 0.0], [0.0, 0.0]]}, [[0.0, 0.0], [0.0, 0.0]]),
    ("sqrt(sum(x**2))", {"x": [0.0, 0.0]}, [0.0, 0.0]),
    # The selected element.
    ("median(x)", {"x": [5.0, 1.0, 3.0]}, [0.0, 0.0, 1.0]),
    ("median(x)", {"x": [5.0, 1.0, 3.0, 2.0]}, [0.0, 0.0, 0.5, 0.5]),
    ("sort(x)[0]", {"x": [5.0, 1.0, 3.0]}, [0.0, 1.0, 0.0]),
    # What has no slope.
    ("argmax(x) * 1.0", {"x": [5.0, 1.0]}, [0.0, 0.0]),
    ("sum(x > 0)", {"x": [5.0, -1.0]}, [0.0, 0.0]),
    ("any(x > 0) * 2", {"x": [5.0, -1.0]}, [0.0, 0.0]),
    ("sum(x * stop_gradient(x))", {"x": [5.0, -1.0]}, [5.0, -1.0]),
    ("stop_gradient(x)", {"x": [5.0, -1.0]}, [0.0, 0.0]),
    ("x.shape[0] * 2.0", {"x": [5.0, -1.0]}, [0.0, 0.0]),
    ("sum(zeros_like(x))", {"x": [5.0, -1.0]}, [0.0, 0.0]),
    # Zeros in products, and singular matrices.
    ("prod(x)", {"x": [2.0, 0.0, 3.0]}, [0.0, 6.0, 0.0]),
    ("prod(x)", {"x": [0.0, 0.0, 3.0]}, [0.0, 0.0, 0.0]),
    ("det(A)", {"A": [[1.0, 2.0], [2.0, 4.0]]}, [[4.0, -2.0], [-2.0, 1.0]]),
    ("det(A)", {"A": [[0.0, 0.0], [0.0, 0.0]]}, [[0.0, 0.0], [0.0, 0.0]]),
    # Infinite and missing numbers stay where they are.
    ("logsumexp(x)", {"x": [800.0, 800.0]}, [0.5, 0.5]),
    ("logsumexp(x)", {"x": [-np.inf, 0.0]}, [0.0, 1.0]),
    ("softmax(x)[0]", {"x": [800.0, 0.0]}, [0.0, 0.0]),
    ("sum(where(x > 0, log(x), 0))", {"x": [2.0, -1.0, 0.0]}, [0.5, 0.0, 0.0]),
    ("sum(log(x[x > 0]))", {"x": [2.0, -1.0, np.nan]}, [0.5, 0.0, 0.0]),
    ("sum(where(isnan(x), 0, x**2))", {"x": [2.0, np.nan]}, [4.0, 0.0]),
    ("sum(x[1:]**2)", {"x": [np.nan, 3.0]}, [0.0, 6.0]),
    ("log_cosh(x)", {"x": [800.0, -800.0, 0.0]}, [1.0, -1.0, 0.0]),
    # Repeated indices add up.
    ("sum(x[[0, 0, 1]])", {"x": [2.0, 3.0, 4.0]}, [2.0, 1.0, 0.0]),
    # What fills the shape of a part of a mask, or of places, is a number like any other.
    ("sum(-2.5 * where(x > 1, 3, x)[:, 0])", {"x": [[0.5], [1.5]]}, [[-2.5], [0.0]]),
    ("sum(2.5 * where((x > 1).T, 3, x.T)[[1, 1]])", {"x": [[0.5, 1.5], [0.2, 0.7]]},
     [[0.0, 0.0], [0.0, 5.0]]),
    ("sum(full_like(argsort(x)[0], 2.5) * x)", {"x": [[0.5, 0.2]]}, [[2.5, 2.5]]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "inputs", "expected"), CONVENTIONS, ids=[f"{f} | {i}" for f, i, _ in CONVENTIONS]
)
def test_gradient_where_it_is_a_convention(
    formula: str, inputs: dict[str, Any], expected: Any
) -> None:
    found = symgrad.grad(formula)(**{n: np.array(value) for n, value in inputs.items()})
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("case", [array_cases_composite.NETWORKS[0]], ids=lambda case: case.label)
def test_calls_leave_nothing_behind(case: Case) -> None:
    first, other = results(case, case.inputs()), case.inputs()
    other["X"] = other["X"][:2]
    other["T"] = other["T"][:2]
    value_of(case)(**other)
    for one, again in zip(first, results(case, case.inputs()), strict=True):
        assert np.array_equal(one, again)


def test_each_case_stands_once() -> None:
    labels = [case.label for case in CASES]
    assert sorted(set(labels)) == sorted(labels)
