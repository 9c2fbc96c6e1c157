"""Loops of Numba: every row as Python runs it, and some formulas as Numba compiles them."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import symgrad
from symgrad.emission import element_by_element
from symgrad.errors import SymgradError
from symgrad.pipeline import derive
from symgrad.running.into import leaves
from symgrad.writing.document import Rendering
from symgrad.writing.layout import Layout
from symgrad.writing.numba_file import numba_source
from tests.reference import CASES as ALL
from tests.reference import TABLE, Case
from tests.test_arrays import close
from tests.test_c_file import agree, points_of


def jit(**options: object) -> Callable[[Any], Any]:
    assert options["error_model"] == "numpy"
    return lambda function: function


CASES = [*(c for c in ALL if c.name[0] != "_"), *[c for c in ALL if c.name[0] == "_"][::3]]
"""The rows that users call, and some of those that rules bring in."""

PLAIN = types.SimpleNamespace(njit=jit, prange=range)
"""Stands for Numba, where Python runs the code."""

MATHS = types.SimpleNamespace(
    erf=special.erf, erfc=special.erfc, lgamma=special.gammaln, prod=math.prod
)
"""Functions that do not raise, which is what Numba makes of those of the math module."""


def run(source: str, name: str) -> Callable[..., Any]:
    names: dict[str, Any] = {"numba": PLAIN, "math": MATHS}
    exec(re.sub(r"^import (numba|math)$", "", source, flags=re.MULTILINE), names)
    found: Callable[..., Any] = names[name]
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_row_agrees_with_numpy(case: Case) -> None:
    derived = derive(case.formula, case.inputs, TABLE)
    layout, names = Layout("tuple", derived.wrt), {"value_and_grad": "value_and_grad"}
    what = Rendering(case.formula, derived, layout, names, "value_and_grad")
    columns = [np.array(column, float) for column in zip(*points_of(case), strict=True)]
    value, slopes = symgrad.value_and_grad(case.formula, wrt=case.inputs)(*columns)
    with np.errstate(all="ignore"):
        found = run(numba_source(what, TABLE), "value_and_grad")(*columns)
    pairs = zip((found[0], *found[1]), (value, *slopes), strict=True)
    for axis, (got, want) in enumerate(pairs, -1):
        for point, g, w in zip(points_of(case), got.tolist(), want.tolist(), strict=True):
            assert agree(case, point, axis, g, w), (point, axis, g, w)


X = np.linspace(-2.0, 3.0, 1001)
FAR = np.where(np.arange(1001) % 400, X, 1e6)
MODELS = [
    ("exp(x**2)**2", [(0.5,), (800.0,), ([0.0, 0.5],), (np.zeros((2, 0)),)]),
    ("a * exp(-b * x)", [(2.0, 0.5, X), (X, 0.5, X[:, None][:9]), (np.ones(1), 2.0, X)]),
    ("mean((a * x - sin(x))**2)", [(0.5, X), (X[:7], X[:7]), (1.0, 2.0)]),
    ("sum(where(x > 0, log(x), k * x))", [(X, 3.0)]),
    ("1 / x + log(y) / x + exp(800 + y)", [(0.0, 0.0), (X, 1.0)]),
    ("sin(x) * cos(a * x) + tan(x)", [(FAR, 2.0), (np.array([np.nan, np.inf, 1.0]), 0.0)]),
    (
        "(x + 3)**y",
        [(X, X[::-1]), (np.array([-3.0, -4.0, 1e300, 1.0]), np.array([2.0, 3, 1.02, 0]))],
    ),
    ("x / y + x / y**2", [(FAR, X + 2.5), (np.array([1e300, 1.0, 0.0]), np.array([1e-20, 0, 0]))]),
    (
        "y / hypot(x, y)**2",
        [(FAR, X), (np.array([1e200, 1e-200, 3.0]), np.array([1.0, 0, np.inf]))],
    ),
]


def compare(found: Any, wanted: Any) -> None:
    waiting = [(found, wanted)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(one, dict):
            waiting += zip(one.values(), other.values(), strict=True)
        elif isinstance(one, tuple):
            waiting += zip(one, other, strict=True)
        else:
            assert np.shape(one) == np.shape(other)
            np.testing.assert_allclose(one, other, rtol=1e-14)


@pytest.mark.parametrize(("formula", "points"), MODELS)
def test_broadcasts_and_sums(formula: str, points: list[tuple[Any, ...]]) -> None:
    made = symgrad.value_and_grad(formula)
    for point in points:
        single = {name for name, v in zip(made.inputs, point, strict=True) if not np.shape(v)}
        source = numba_source(made.rendering(general=True), made.table, single)
        with np.errstate(all="ignore"):
            compare(run(source, "value_and_grad")(*point), made(*point))


@pytest.mark.parametrize(("formula", "points"), MODELS[2:5:2])
def test_numba_compiles_them(formula: str, points: list[tuple[Any, ...]]) -> None:
    pytest.importorskip("numba")
    made = symgrad.value_and_grad(formula)
    function = symgrad.value_and_grad(formula, target="numba")
    compare(function(*points[0]), made(*points[0]))


def test_no_two_names_differ_by_underscores_at_their_ends() -> None:
    """Numba appends some itself."""
    made = symgrad.value_and_grad("a * value")
    source = numba_source(made.rendering(general=True), made.table, set())
    assert "value__" not in source.replace("value__row", "")


VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb
    for verb in (symgrad.vjp, symgrad.jvp, symgrad.hvp, symgrad.jacobian, symgrad.hessian,
                 symgrad.hessian_diag)
}  # fmt: skip
SMALL = [
    ("sum(exp(a * x))", {"a": 0.3, "x": X[:300]}),
    ("mean((a * x - y)**2)", {"a": 0.3, "x": X[:3], "y": X[5:9, None]}),
    ("sin(x) * y", {"x": X[:3], "y": X[5:9, None]}),
    ("where(x > 0, log(x), k * x)", {"x": X[::200], "k": 3.0}),
    ("sum(a * b**2)", {"a": 2.0, "b": 3.0}),
]
"""Formulas of which there are products and blocks of derivatives."""


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("formula", "inputs"), SMALL, ids=[formula for formula, _ in SMALL])
def test_products_and_blocks(verb: str, formula: str, inputs: dict[str, Any]) -> None:
    made = VERBS[verb](formula)
    given = [inputs[name] for name in symgrad.function(formula).inputs]
    value = symgrad.function(formula)(**inputs)
    seeds = {"vjp": [value], "jvp": given, "hvp": given}.get(verb, [])
    vectors = [np.cos(seed) for seed in seeds]
    first = [tuple(vectors) if len(vectors) > 1 else vectors[0]] if vectors else []
    what = element_by_element(made)
    single = {
        name
        for name, v in zip(what.derived.inputs, [*vectors, *given], strict=True)
        if not np.shape(v)
    }
    source = numba_source(what, made.table, single)
    with np.errstate(all="ignore"):
        compare(run(source, what.names[what.kind])(*vectors, *given), made(*first, *given))


@pytest.mark.parametrize("case", CASES[::12], ids=str)
def test_second_derivatives_of_a_row(case: Case) -> None:
    """Each input has an axis of its own, so that blocks of two are full."""
    made = symgrad.hessian(case.formula, case.inputs)
    given = [
        np.array(column[:3]).reshape(-1, *[1] * axis)
        for axis, column in enumerate(zip(*case.points, strict=True))
    ]
    source = numba_source(element_by_element(made), made.table, set())
    with np.errstate(all="ignore"):
        found, wanted = run(source, "hessian")(*given), made(*given)
    for got, want in zip(leaves(found), leaves(wanted), strict=True):
        close(got, want, 1e-9)


def test_sums_are_taken_in_chunks_of_fixed_size() -> None:
    source = symgrad.grad("a: scalar; x: (n,); sum(exp(a * x))").emit("numba")
    assert "CHUNK = 256" in source
    assert "        da[part] = _total(da_part)\n" in source
    assert "CHUNK" not in symgrad.grad("exp(a * x)").emit("numba")


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (
            "2 * (x @ y)",
            "the target numba has no matmul\n  2 * (x @ y)\n      ^^^^^^^\nIt takes formulas of",
        ),
        ("exp(sum(x))", "the target numba has no sum\n  exp(sum(x))\n      ^^^^^^"),
    ],
)
def test_what_is_no_map_over_elements_is_an_error(formula: str, message: str) -> None:
    with pytest.raises(SymgradError) as caught:
        symgrad.grad(formula).emit("numba")
    assert message in str(caught.value)
