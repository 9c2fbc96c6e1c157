"""The targets array-api, jax and torch: every row and a sample of array formulas, as in NumPy."""

from __future__ import annotations

import functools
import importlib
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import InputError, SymgradError
from tests.array_cases import Case
from tests.reference import CASES as ALL
from tests.reference import SMALLEST_NORMAL
from tests.reference import Case as Row
from tests.test_arrays import CASES, close, over
from tests.test_c_file import agree as right
from tests.test_c_file import points_of

ROWS = [*(r for r in ALL if r.name[0] != "_"), *[r for r in ALL if r.name[0] == "_"][::4]]
"""The rows that users call, and some of those that rules bring in."""

LIBRARIES = {
    "numpy": "array-api",
    "array_api_strict": "array-api",
    "jax": "jax",
    "torch": "torch",
    "jax by array-api": "array-api",
    "torch by array-api": "array-api",
    "dask.array": "array-api",
    "cupy": "array-api",
}
"""The libraries whose arrays are given, and the target."""

THIN = {"numpy": 5, "dask.array": 15, "cupy": 15}
"""Of the rows every so manieth is enough where NumPy computes in the end."""

ULPS = {"numpy": 8, "array_api_strict": 8, "dask.array": 8, "jax": 128, "torch": 64, "cupy": 64}
"""How far the libraries' own functions are off, in ulps, where they are near the truth at all."""


def module(library: str) -> Any:
    """The library, in double precision, or a skip that names it."""
    library = library.split()[0]
    found = pytest.importorskip(library)
    if library == "jax":
        found.config.update("jax_enable_x64", True)
        return importlib.import_module("jax.numpy")
    return found


def given(library: str, value: Any) -> Any:
    if LIBRARIES[library] == "array-api":
        pytest.importorskip("array_api_compat")
    return module(library).asarray(value)


def taken(value: Any) -> np.ndarray[Any, Any]:
    return np.asarray(value.get() if hasattr(value, "get") else value)


def made(formula: str, wrt: Any, library: str) -> Callable[..., Any] | None:
    """The formula for a library; None where that lacks an operation, which the error must name."""
    try:
        return symgrad.value_and_grad(formula, wrt, target=LIBRARIES[library])
    except SymgradError as error:
        if f"the target {LIBRARIES[library]} has no" not in error.message:
            raise
        return None


@pytest.mark.parametrize(
    ("row", "library"),
    [
        pytest.param(row, library, id=f"{row} {library}")
        for library in LIBRARIES
        for row in ROWS[:: THIN.get(library, 1)]
    ],
)
def test_a_row_agrees_with_numpy(row: Row, library: str) -> None:
    module(library)
    function = made(row.formula, row.inputs, library)
    if function is None:
        return
    points = [point for point in points_of(row) if within(row, point, library)]
    columns = [np.array(column, float) for column in zip(*points, strict=True)]
    value, slopes = symgrad.value_and_grad(row.formula, wrt=row.inputs)(*columns)
    with np.errstate(all="ignore"):
        found = function(*[given(library, column) for column in columns])
        gotten = [taken(part) for part in (found[0], *found[1])]
    for axis, (got, want) in enumerate(zip(gotten, (value, *slopes), strict=True), -1):
        for point, g, w in zip(points, got.tolist(), want.tolist(), strict=True):
            assert agree(row, point, axis, g, w, library), (point, axis, g, w)


def within(row: Row, point: tuple[float, ...], library: str) -> bool:
    """Whether a library's own functions are meant for a point.

    JAX takes what is below the normal numbers for 0, wherever it arises. Neither it nor PyTorch has
    digamma and zeta left of 0, or their like to the last digits near a root.
    """
    if library.split()[0] not in ("jax", "torch", "cupy"):
        return True
    if row.name in ("zeta", "gammaln", "digamma"):
        return 2 < point[0] < 1e8
    return all(x == math.inf or x == -math.inf or 1e-200 < abs(x) < 1e200 for x in point)


def agree(
    row: Row, point: tuple[float, ...], axis: int, got: float, want: float, library: str
) -> bool:
    """As near to NumPy as the library's functions are; or as near to the truth as NumPy is."""
    if math.isfinite(got) and math.isfinite(want):
        near = max(ULPS[library.split()[0]] * 2.0**-52 * abs(want), 2 * SMALLEST_NORMAL)
        if abs(got - want) <= near:
            return True
    return right(row, point, axis, got, want)


@over(CASES[::37])
@pytest.mark.parametrize("library", [name for name in LIBRARIES if name != "dask.array"])
def test_arrays_agree_with_numpy(case: Case, library: str) -> None:
    module(library)
    inputs = case.inputs()
    shapes = {name: np.shape(value) for name, value in inputs.items()}
    head = "".join(f"{name}: {shape or 'scalar'}; " for name, shape in shapes.items())
    head = "" if re.match(r"\w+: ", case.formula) else head
    try:
        value, slopes = symgrad.value_and_grad(head + case.formula, case.smooth)(**inputs)
        function = made(head + case.formula, case.smooth, library)
    except InputError:
        return
    if function is None:
        return
    try:
        with np.errstate(all="ignore"):
            found = function(**{name: given(library, value) for name, value in inputs.items()})
    except SymgradError as error:
        # The strict library refuses what other libraries add to the standard.
        if "only specified in the Array API" not in str(error):
            raise
        return
    for got, want in zip((found[0], *found[1]), (value, *slopes), strict=True):
        close(taken(got), want, 1e-12, 1e-14)


ROOTS = {
    "array-api": ("xp", "array_api_strict"),
    "jax": ("jnp", "jax"),
    "torch": ("torch", "torch"),
}


@pytest.mark.parametrize("target", ROOTS)
def test_the_names_in_spellings_and_helpers_are_the_library_s(target: str) -> None:
    table = importlib.import_module(f"symgrad.targets.{target.replace('-', '_')}").TARGET
    root, library = ROOTS[target]
    found = module(library)
    text = "\n".join(
        [*(s.template for s in table.spellings.values()), *table.library.helpers.values()]
    )
    for name in set(re.findall(rf"\b{root}\.([\w.]+)", text)):
        assert functools.reduce(getattr, name.split("."), found) is not None
    called = set(re.findall(r"(?<![.\w])(_\w+)\(", text))
    assert called <= set(table.library.helpers)
