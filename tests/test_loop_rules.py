"""Array formulas in C: values and gradients are those of NumPy."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import SymgradError
from symgrad.writing.c_file import Part, Signature, files, fixed_shapes
from tests.array_cases import Case
from tests.test_arrays import CASES, close, over
from tests.test_c_file import built
from tests.test_functions import TABLE

CALLED = """solve( inv( det( logdet( slogdet( cholesky( V=eigh( eigvalsh( svdvals( qr( pinv(
argmax( argmin( argsort( sort( median( convolve( take_along_axis( segment_sum( interp( x[i]
A[i,""".split()
"""What is done by functions of the file, or by indices that are told at run time."""

FLAT = "eigh(A)[1][:, -1]**2"
"""Its elements have the sum 1 whatever A is, and the derivative of that is rounding alone."""

CALLING = {
    word: [c for c in CASES if word in c.formula.replace(" = ", "=") and c.formula != FLAT]
    for word in CALLED
}
BY_FUNCTIONS = list(dict.fromkeys(case for word in CALLED for case in CALLING[word][-2::-9][:2]))
EVERYWHERE = [case for case in CASES[::17] if case.formula != FLAT and case not in BY_FUNCTIONS]
SAMPLE = [*EVERYWHERE, *BY_FUNCTIONS]


def shown(case: Case) -> str:
    """The formula with its shapes declared."""
    shapes = {name: np.shape(value) for name, value in case.inputs().items()}
    head = [f"{name}: {shape or 'scalar'}; " for name, shape in shapes.items()]
    return "".join(head) + case.formula


@cache
def part(case: Case) -> Part | None:
    """What is to be written in C; None where it lacks an operation, or for a mask as an index."""
    try:
        compiled = symgrad.value_and_grad(shown(case), wrt=case.smooth)
        what = compiled.rendering()
        what = replace(what, names={what.kind: what.kind})
        found = Part(what, fixed_shapes(what.derived, what.formula), f"case{CASES.index(case)}")
        files([found], TABLE)
        indices = [np.asarray(case.inputs()[name]) for name in what.derived.indices]
        if any(index.dtype.kind == "b" for index in indices):
            return None
    except SymgradError:
        return None
    return found


@pytest.fixture(scope="module")
def library(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ctypes.CDLL, Mapping[str, Signature]]:
    parts = [found for case in SAMPLE if (found := part(case)) is not None]
    made = files(parts, TABLE)
    return built(made.source, Path(tmp_path_factory.mktemp("c"))), made.signatures


def results(function: Any, signature: Signature, inputs: Mapping[str, Any]) -> list[Any]:
    function.restype = ctypes.c_double if signature.returned else None
    arrays = [np.array(inputs[name], np.float64, order="C") for name in signature.inputs]
    stored = [np.full(shape, np.nan) for _, shape in signature.stored]
    value = function(
        *(ctypes.c_void_p(a.ctypes.data) if a.shape else ctypes.c_double(a.item()) for a in arrays),
        *(ctypes.c_void_p(result.ctypes.data) for result in stored),
    )
    return [value, *stored] if signature.returned else stored


@over(SAMPLE)
def test_arrays_agree_with_numpy(
    library: tuple[ctypes.CDLL, Mapping[str, Signature]], case: Case
) -> None:
    found = part(case)
    if found is None:
        assert case not in BY_FUNCTIONS
        return
    name = found.name(found.what.kind)
    inputs = case.inputs()
    value, slopes = symgrad.value_and_grad(shown(case), wrt=case.smooth)(**inputs)
    got = results(library[0][name], library[1][name], inputs)
    for one, other in zip(got, (value, *slopes), strict=True):
        close(one, other, 1e-11 if case in BY_FUNCTIONS else 1e-13)


def test_most_array_formulas_can_be_written_in_c() -> None:
    assert sum(part(case) is not None for case in SAMPLE) > 0.7 * len(SAMPLE)


UNUSUAL = [
    ("x: (3,); k: scalar; x[k]", (np.arange(3.0), 3), np.nan),
    ("x: (3,); k: scalar; x[k]", (np.arange(3.0), -3), 0.0),
    ("x: (3,); k: scalar; x[k]", (np.arange(3.0), -4), np.nan),
    ("A: (2, 2); sum(inv(A))", (np.ones((2, 2)),), np.nan),
    ("A: (2, 2); det(A)", (np.ones((2, 2)),), 0.0),
    ("A: (2, 2); logdet(A)", (np.ones((2, 2)),), -np.inf),
    ("A: (2, 2); sum(cholesky(A))", (-np.eye(2),), np.nan),
    ("A: (2, 2); sum(eigvalsh(A))", ([[1.0, np.nan], [0.0, 1.0]],), np.nan),
    (
        "A: (3, 2); svdvals(A) @ [10, 1]",
        ([[0.0, 2.0**700], [2.0**699, 0.0], [0.0, 0.0]],),
        21 * 2.0**699,
    ),
    ("A: (2, 3); norm(A, 'nuc')", (np.zeros((2, 3)),), 0.0),
    ("A: (2, 2); sum(pinv(A))", (np.diag([2.0, 0.0]),), 0.5),
    ("A: (2, 3); qr(A)[1] @ [100, 10, 1]", (np.eye(2, 3),), [100.0, 10.0]),
    ("x: (4,); argmax(x)", ([1.0, np.nan, 9.0, np.nan],), 1.0),
    ("x: (4,); argmin(x)", ([1.0, -0.0, 0.0, 2.0],), 1.0),
    ("x: (4,); argsort(x) @ [1000, 100, 10, 1]", ([np.nan, 3.0, -np.inf, 3.0],), 2130.0),
    ("x: scalar; sum(tile(x, 3))", (2.0,), 6.0),
    ("x: (2, 1, 2); y: scalar; sum(x * y * x)", (np.ones((2, 1, 2)), 3.0), 12.0),
]
"""Formulas, inputs, and what is to be: nan where NumPy raises."""


@pytest.fixture(scope="module")
def unusual(tmp_path_factory: pytest.TempPathFactory) -> tuple[ctypes.CDLL, list[Signature]]:
    parts = []
    for number, (formula, _, _) in enumerate(UNUSUAL):
        what = replace(symgrad.function(formula).rendering(), names={"value": "value"})
        parts.append(Part(what, fixed_shapes(what.derived, formula), f"case{number}"))
    made = files(parts, TABLE)
    library = built(made.source, Path(tmp_path_factory.mktemp("c")))
    return library, list(made.signatures.values())


@pytest.mark.parametrize("number", range(len(UNUSUAL)))
def test_where_numpy_raises_there_is_nan(
    unusual: tuple[ctypes.CDLL, list[Signature]], number: int
) -> None:
    _, given, wanted = UNUSUAL[number]
    signature = unusual[1][number]
    inputs = dict(zip(signature.inputs, given, strict=True))
    (found,) = results(unusual[0][signature.name], signature, inputs)
    np.testing.assert_equal(found, wanted)
