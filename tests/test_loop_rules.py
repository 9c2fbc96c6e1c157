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
from symgrad.c_file import Part, Signature, files, fixed_shapes
from symgrad.errors import SymgradError
from tests.array_cases import Case
from tests.test_arrays import CASES, close, over
from tests.test_c_file import built
from tests.test_functions import TABLE

SAMPLE = CASES[::17]


def shown(case: Case) -> str:
    """The formula with its shapes declared."""
    shapes = {name: np.shape(value) for name, value in case.inputs().items()}
    head = [f"{name}: {shape or 'scalar'}; " for name, shape in shapes.items()]
    return "".join(head) + case.formula


@cache
def part(case: Case) -> Part | None:
    """What is to be written in C; None where C lacks an operation."""
    try:
        compiled = symgrad.value_and_grad(shown(case), wrt=case.smooth)
        what = compiled.rendering()
        what = replace(what, names={what.kind: what.kind})
        found = Part(what, fixed_shapes(what.derived, what.formula), f"case{CASES.index(case)}")
        files([found], TABLE)
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
        return
    name = found.name(found.what.kind)
    inputs = case.inputs()
    value, slopes = symgrad.value_and_grad(shown(case), wrt=case.smooth)(**inputs)
    got = results(library[0][name], library[1][name], inputs)
    for one, other in zip(got, (value, *slopes), strict=True):
        close(one, other, 1e-13)


def test_most_array_formulas_can_be_written_in_c() -> None:
    assert sum(part(case) is not None for case in SAMPLE) > 0.7 * len(SAMPLE)
