"""What the functions become that are made of other operations."""

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.compositions import BUILDERS
from symgrad.language.formula import lower

TABLE = builtin_functions()

# The formula, and its graph: one operation a line.
MADE = [
    ("concatenate([x, y, x], 1)",
     "v1 = concatenate(x, y, (1,))\nv2 = concatenate(v1, x, (1,))\nreturn v2"),
    ("concatenate([x, y], axis=None)",
     "v1 = _reshape(x, ((-1,),))\nv2 = _reshape(y, ((-1,),))\n"
     "v3 = concatenate(v1, v2, (0,))\nreturn v3"),
    ("stack([x, y], -1)",
     "v1 = expand_dims(x, (-1,))\nv2 = expand_dims(y, (-1,))\n"
     "v3 = concatenate(v1, v2, (-1,))\nreturn v3"),
    ("split(x, [1, 3])[1]", "v1 = index(x, (Slice(start=1, stop=3, step=None),))\nreturn v1"),
    ("take(x, 2, axis=0)", "v1 = index(x, (2,))\nreturn v1"),
    ("diff(x)",
     "v1 = index(x, (Ellipsis, Slice(start=1, stop=None, step=None)))\n"
     "v2 = index(x, (Ellipsis, Slice(start=None, stop=-1, step=None)))\n"
     "v3 = subtract(v1, v2)\nreturn v3"),
    ("matrix_power(A, 0)", "v1 = size(A, (-1,))\nv2 = eye(v1, ((_,), None, 0))\nreturn v2"),
    ("matrix_power(A, -1)", "v1 = inv(A)\nreturn v1"),
    ("reshape(x, y.shape)", "v1 = _reshape_like(x, y)\nreturn v1"),
    ("reshape(x, (n, -1))", "v1 = integer(n)\nv2 = _reshape(x, v1, ((_, -1),))\nreturn v2"),
    ("zeros((len(x), 2))", "v1 = size(x, (0,))\nv2 = _zeros(v1, ((_, 2),))\nreturn v2"),
    ("prod(x, (0, 1))", "v1 = _merged(x, ((0, 1),))\nv2 = _prod(v1, (-1,))\nreturn v2"),
    ("repeat(x, [2, 1], 0)", "v1 = _repeat(x, ((2, 1), 0))\nreturn v1"),
    ("segment_sum(x, ids, 3)",
     "v1 = integer(ids)\nv2 = _segment_sum(x, v1, ((3,),))\nreturn v2"),
    ("qr(A)[0]", "v1 = _qr_q(A)\nreturn v1"),
    ("s, l = slogdet(A); l", "v1 = _slogdet_log(A)  # l\nreturn v1"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "graph"), MADE)
def test_what_a_call_becomes(formula: str, graph: str) -> None:
    assert str(lower(formula, TABLE).graph) == graph


X = np.array([3.0, -1.0, 4.0, 1.5, -5.0, 9.0])
A = np.array([[1.0, 2.0], [-1.0, 0.5]])

VALUES = [
    ("split(x, 3)[1]", np.split(X, 3)[1]),
    ("a, b, c = split(x, (1, 4)); b*2", X[1:4] * 2),
    ("diff(x, 2)", np.diff(X, 2)),
    ("diff(x, 0)", X),
    ("take(reshape(x, (2, 3)), [2, 0], axis=1)", X.reshape(2, 3)[:, [2, 0]]),
    ("take(reshape(x, (2, 3)), 4)", X[4]),
    *[(f"matrix_power(A, {n})", np.linalg.matrix_power(A, n)) for n in (-2, 0, 1, 2, 3, 5, 8)],
    ("arange(3)", np.arange(3)),
    ("arange(1, 6, 2)", np.arange(1, 6, 2)),
    ("arange(1, 0)", np.arange(1, 0)),
    ("arange(5, 0, -2)", np.arange(5, 0, -2)),
    ("arange(0, 1, 0.25)", np.arange(0, 1, 0.25)),
    ("linspace(-1, 1, 5)", np.linspace(-1, 1, 5)),
    ("meshgrid(x, [1, 2])[0]", np.meshgrid(X, [1, 2])[0]),
    ("meshgrid(x, [1, 2])[1]", np.meshgrid(X, [1, 2])[1]),
    ("meshgrid(x, [1, 2], indexing='ij')[1]", np.meshgrid(X, [1, 2], indexing="ij")[1]),
    ("prod(reshape(x, (2, 3)), 0, True)", X.reshape(2, 3).prod(0, keepdims=True)),
    ("prod(x)", X.prod()),
    ("repeat(reshape(x, (2, 3)), 2)", np.repeat(X, 2)),
    ("repeat(reshape(x, (2, 3)), [2, 0, 1], 1)", np.repeat(X.reshape(2, 3), [2, 0, 1], 1)),
    *[(f"convolve(x, [1, -2, 3], '{m}')", np.convolve(X, [1, -2, 3], m))
      for m in ("full", "same", "valid")],
    ("trapezoid(x)", np.trapezoid(X)),
    ("trapezoid(x, dx=0.5)", np.trapezoid(X, dx=0.5)),
    ("trapezoid(x, x**3)", np.trapezoid(X, X**3)),
    ("trapezoid(reshape(x, (2, 3)), axis=0)", np.trapezoid(X.reshape(2, 3), axis=0)),
    ("segment_sum(x, [0, 2, 0, 2, 2, 0], 4)", np.array([16.0, 0.0, -4.5, 0.0])),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "expected"), VALUES)
def test_values_are_those_of_numpy(formula: str, expected: np.ndarray) -> None:
    function = symgrad.function(formula)
    found = function(**{name: {"x": X, "A": A}[name] for name in function.inputs})
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


REFUSED = [
    ("concatenate([])", "there is nothing to concatenate\n  concatenate([])\n  ^^^^^^^^^^^^^^^"),
    ("1 + stack(x)",
     "stack takes a list of arrays\n  1 + stack(x)\n      ^^^^^^^^\nWrite stack([a, b])."),
    ("concatenate(x)",
     "concatenate takes a list of arrays\n  concatenate(x)\n  ^^^^^^^^^^^^^^\n"
     "Write concatenate([a, b])."),
    ("convolve(x, y, 'wide')",
     "convolve has no mode 'wide'\n  convolve(x, y, 'wide')\n  ^^^^^^^^^^^^^^^^^^^^^^\n"
     "Write 'full', 'same' or 'valid'."),
    ("reshape(x, 'wide')",
     "this is not a shape\n  reshape(x, 'wide')\n  ^^^^^^^^^^^^^^^^^^\n"
     "Write a number or a tuple of numbers, as (n, 3)."),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "complaint"), REFUSED)
def test_what_is_refused(formula: str, complaint: str) -> None:
    with pytest.raises(symgrad.errors.ArgumentError) as caught:
        lower(formula, TABLE)
    assert str(caught.value) == complaint


def test_the_builders_are_those_of_the_rows_that_say_built() -> None:
    assert {name for name in TABLE if TABLE[name].is_built} <= BUILDERS.keys()
