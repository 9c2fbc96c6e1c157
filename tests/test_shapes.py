"""Shape errors point into the formula and show both shapes in the user's names."""

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.pipeline import derive
from symgrad.shapes import Shape, check_shapes

A, B = (3,), (4,)


def complaint(formula: str, **shapes: Shape) -> str:
    derived = derive(formula, None, builtin_functions())
    with pytest.raises(symgrad.InputError) as caught:
        check_shapes(derived.graph, shapes, formula)
    return str(caught.value)


# The formula, the carets below it, and what the operands are called.
MISFITS = [
    ("x*y + z", "^^^", "x has shape (3,) and y has shape (4,)"),
    ("z + x*y", "    ^^^", "x has shape (3,) and y has shape (4,)"),
    ("2*(x + sin(y))", "  ^^^^^^^^^^^^", "x has shape (3,) and sin(y) has shape (4,)"),
    ("(x*2)/(y*3)", "^^^^^^^^^^^", "(x*2) has shape (3,) and (y*3) has shape (4,)"),
    ("x**y", "^^^^", "x has shape (3,) and y has shape (4,)"),
    ("x < y", "^^^^^", "x has shape (3,) and y has shape (4,)"),
    ("hypot(x, y)", "^^^^^^^^^^^", "x has shape (3,) and y has shape (4,)"),
    ("a = x*2; b = a - y; b*z", "             ^^^^^", "a has shape (3,) and y has shape (4,)"),
    (
        "f(u, v) = u + v; f(x, y)",
        "                 ^^^^^^^",
        "x has shape (3,) and y has shape (4,)",
    ),
    ("x[1]*0 + x + y", "^^^^^^^^^^^^^^", "x[1]*0 + x has shape (3,) and y has shape (4,)"),
    (
        "where(x > 0, x, y)",
        "^^^^^^^^^^^^^^^^^^",
        "the other operand has shape (3,) and y has shape (4,)",
    ),
    (
        "logaddexp(x, y) + 1",
        "^^^^^^^^^^^^^^^",
        "x has shape (3,) and y has shape (4,)",
    ),
]


@pytest.mark.parametrize(("formula", "carets", "operands"), MISFITS)
def test_operands_that_do_not_broadcast(formula: str, carets: str, operands: str) -> None:
    assert complaint(formula, x=A, y=B, z=()) == (
        f"shapes do not broadcast together\n  {formula}\n  {carets}\nHere {operands}."
    )


def test_operands_too_long_to_quote() -> None:
    left, right = ("+".join(f"sin({i}*{name})" for i in range(9)) for name in "xy")
    message = complaint(f"({left}) * ({right})", x=A, y=B)
    assert message.splitlines()[-1] == (
        "Here one operand has shape (3,) and the other operand has shape (4,)."
    )


def test_the_line_of_several_is_shown() -> None:
    assert complaint("a = x + 1\na * y", x=A, y=B) == (
        "shapes do not broadcast together\n"
        "  line 2: a * y\n"
        "          ^^^^^\n"
        "Here a has shape (3,) and y has shape (4,)."
    )


BAD_INDICES = [
    ("x[0]*y + x[5]", A, "index 5 is out of range for axis 0 of size 3", "         ^^^^"),
    ("x[-4]", A, "index -4 is out of range for axis 0 of size 3", "^^^^^"),
    ("x[1, 2]", (3, 2), "index 2 is out of range for axis 1 of size 2", "^^^^^^^"),
    ("x[0][7]", (3, 4), "index 7 is out of range for axis 0 of size 4", "^^^^^^^"),
    ("x[0]", (0, 3), "index 0 is out of range for axis 0 of size 0", "^^^^"),
]


@pytest.mark.parametrize(("formula", "shape", "message", "carets"), BAD_INDICES)
def test_indices_out_of_range(formula: str, shape: Shape, message: str, carets: str) -> None:
    assert complaint(formula, x=shape, y=()) == (
        f"{message}\n  {formula}\n  {carets}\nIndices count from 0; negative ones from the end."
    )


@pytest.mark.parametrize(
    ("formula", "shape", "message"),
    [
        ("x[0]", (), "1 index for an operand of shape ()"),
        ("x[0, 1]", (3,), "2 indices for an operand of shape (3,)"),
    ],
)
def test_more_indices_than_axes(formula: str, shape: Shape, message: str) -> None:
    assert complaint(formula, x=shape) == (
        f"{message}\n  {formula}\n  {'^' * len(formula)}\nGive one index per axis at most."
    )


@pytest.mark.parametrize(
    ("formula", "shapes"),
    [
        ("x*y", [(3,), (2, 3)]),
        ("x*y", [(3, 1), (1, 4)]),
        ("x*y", [(), (4,)]),
        ("x*y", [(0,), (1,)]),
        ("x*y", [(0, 3), (3,)]),
        ("x[1]*y", [(2, 3), (3,)]),
        ("x[0]*y + x[1, 0]", [(2, 3), (4, 1)]),
        ("where(x > y, x, y)", [(3, 1), (1, 4)]),
        ("x**0 + y", [(3,), (2, 3)]),
        ("x + relu(y)", [(2, 3), (3,)]),
    ],
)
def test_shapes_that_fit_give_derivatives_in_the_shapes_of_the_inputs(
    formula: str, shapes: list[Shape]
) -> None:
    arrays = [np.full(shape, 0.5) for shape in shapes]
    derivatives = symgrad.grad(formula, wrt=("x", "y"))(*arrays)
    assert [derivative.shape for derivative in derivatives] == shapes


def test_a_scalar_cannot_be_indexed() -> None:
    with pytest.raises(symgrad.InputError, match="1 index for an operand of shape"):
        symgrad.grad("v[0]")(1.0)


def test_a_shape_that_fitted_does_not_vouch_for_another() -> None:
    product = symgrad.function("x*y")
    product(np.ones((2, 3)), np.ones(3))
    with pytest.raises(symgrad.InputError, match="do not broadcast"):
        product(np.ones((2, 3)), np.ones(2))
    assert product(np.ones((2, 3)), np.ones((2, 1))).shape == (2, 3)
