"""What brackets and dots become: keys, new axes, lists, sizes and attributes."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import ArgumentError, SymgradError
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.language.indexing import along
from symgrad.language.template import HOLE, Slice, filled
from tests.keys import key_of

TABLE = builtin_functions()

GRAPHS = [
    ("x[1]", "v1 = index(x, (1,))"),
    ("x[-1, 0]", "v1 = index(x, (-1, 0))"),
    ("x[1:n]",
     "v1 = integer(n)\nv2 = index(x, v1, (Slice(start=1, stop=_, step=None),))"),
    ("x[i, None, j]",
     "v1 = integer(i)\nv2 = integer(j)\nv3 = pair(v1, v2)\nv4 = index(x, v3, (_, None, _))"),
    ("x[m > 0]", "v1 = greater(m, 0.0)\nv2 = index(x, v1, (_,))"),
    ("x[argmax(x)]", "v1 = argmax(x, (None, False))\nv2 = index(x, v1, (_,))"),
    ("x[:, None]", "v1 = expand_dims(x, ((1,),))"),
    ("x[None, ..., None]", "v1 = expand_dims(x, ((-1,),))\nv2 = expand_dims(v1, ((0,),))"),
    ("x[...]", "return x"),
    ("x[:]", "return x"),
    ("[a, b]",
     "v1 = expand_dims(a, (0,))\nv2 = expand_dims(b, (0,))\nv3 = concatenate(v1, v2, (0,))"),
    ("[a]", "v1 = expand_dims(a, (0,))\nreturn v1"),
    ("x.shape[-1]", "v1 = size(x, (-1,))"),
    ("n, d = x.shape; d", "v1 = size(x, (1, 2))  # d"),
    ("x.T", "v1 = _transpose(x)"),
    ("x.mT", "v1 = matrix_transpose(x)"),
    ("x.ndim", "v1 = ndim(x)"),
    ("x.size", "v1 = size(x, (None,))"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "steps"), GRAPHS)
def test_what_it_becomes(formula: str, steps: str) -> None:
    assert str(lower(formula, TABLE).graph).startswith(steps)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("part", [1, Slice(1, None, None)])
def test_along_an_axis(axis: int, part: Any) -> None:
    x = np.arange(24).reshape(2, 3, 4)
    wanted = [1] if part == 1 else range(1, x.shape[axis])
    expected = np.take(x, wanted, axis)
    found = x[key_of(along(axis, part))]
    assert np.array_equal(found, expected.squeeze(axis) if part == 1 else expected)


def test_along_an_axis_with_a_hole() -> None:
    assert filled(along(-2, HOLE), iter([3])) == (Ellipsis, 3, Slice(None, None, None))


X = np.arange(24.0).reshape(2, 3, 4)
VALUES = [
    ("x[1, :, ::-2]", X[1, :, ::-2]),
    ("x[..., None, 1:]", X[..., None, 1:]),
    ("x[:, i]", X[:, [2, 0, 2]]),
    ("x[:, i, i]", X[:, [2, 0, 2], [2, 0, 2]]),
    ("x[0, i]", X[0, [2, 0, 2]]),
    ("x[1, i - 1]", X[1, [1, -1, 1]]),
    ("x[x > 20]", X[X > 20]),
    ("x[:, :, [0, 3]]", X[:, :, [0, 3]]),
    ("x[-1][i[0]][i[1]]", X[-1][2][0]),
    ("x[i[1]:len(x), 0]", X[0:2, 0]),
    ("[x[0], 2*x[1]]", np.stack([X[0], 2 * X[1]])),
    ("[[1, 2], [3, x.size]]", np.array([[1.0, 2.0], [3.0, 24.0]])),
    ("x.T.shape[0] * ones(2)", np.array([4.0, 4.0])),
]


@pytest.mark.parametrize(("formula", "expected"), VALUES)
def test_values_are_those_of_numpy(formula: str, expected: Any) -> None:
    function = symgrad.function(formula)
    known = {"x": X, "i": np.array([2, 0, 2])}
    found = function(**{name: known[name] for name in function.inputs})
    assert np.shape(found) == np.shape(expected)
    assert np.array_equal(found, expected)


def test_a_repeated_index_adds_up() -> None:
    slope = symgrad.grad("sum(x[i]**2)", wrt="x")(np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2]))
    assert slope.tolist() == [2.0, 0.0, 12.0]


WHOLE = "Write v[0], v[-1] or v[0, 1]."
SEVERAL = "Pick one, as in qr(A)[0], or assign them: Q, R = qr(A)."
REFUSED = [
    ("x[0.5]", "the index is not a whole number\n  x[0.5]\n  ^^^^^^\n" + WHOLE),
    ("x[1e20]", "the index is too large\n  x[1e20]\n  ^^^^^^^\n" + WHOLE),
    ("x.foo", "there is no attribute foo\n  x.foo\n  ^^^^^\n"
     "Attributes are T, mT, shape, ndim and size."),
    ("1 + x.shape", "a shape is not a number\n  1 + x.shape\n  ^^^^^^^^^^^\nWrite x.shape[0]."),
    ("x.shape[:1]", "a shape is read one axis at a time\n  x.shape[:1]\n  ^^^^^^^^^^^\n"
     "Write x.shape[0]."),
    ("qr(A)", f"several values stand where one is expected\n  qr(A)\n  ^^^^^\n{SEVERAL}"),
    ("qr(A)[2]", "one of 2 values is picked by a number that is written out\n  qr(A)[2]\n"
     "  ^^^^^^^^\nWrite [0] to [1]."),
    ("qr(A)[i]", "one of 2 values is picked by a number that is written out\n  qr(A)[i]\n"
     "  ^^^^^^^^\nWrite [0] to [1]."),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "complaint"), REFUSED)
def test_what_is_refused(formula: str, complaint: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        lower(formula, TABLE)
    assert str(caught.value) == complaint


def test_indices_with_fractions() -> None:
    with pytest.raises(SymgradError) as caught:
        symgrad.function("x[i]")([1.0, 2.0], [0.5])
    assert str(caught.value) == (
        "the input i serves as an index or a size and holds fractions\n  x[i]\n    ^\n"
        "Pass whole numbers, or truth values as a mask."
    )


@pytest.mark.parametrize(
    ("formula", "shape"),
    [("[]", (0,)), ("[[], []]", (2, 0)), ("[[[]], [[]]]", (2, 1, 0)), ("[[1, 2], [3, 4]]", (2, 2))],
)
def test_lists_in_lists(formula: str, shape: tuple[int, ...]) -> None:
    assert np.shape(symgrad.function(formula)()) == shape


def test_a_list_beside_an_empty_one_is_refused() -> None:
    with pytest.raises(symgrad.InputError, match="what is stacked has different shapes"):
        symgrad.function("[[x], []]")(1.0)
