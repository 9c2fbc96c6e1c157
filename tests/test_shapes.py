"""Shape errors point into the formula and show both shapes in the user's names."""

from collections.abc import Callable

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


# The formula, the shapes of its inputs, the message, the carets, and what stands below.
AXES = "Axes count from 0; negative ones from the end."
XY = "Here x has shape (2, 3) and y has shape {}."
ARRAYS = [
    ("X @ w", {"X": (1797, 64), "w": (10,)},
     "the inner dimensions of the matrix product disagree: 64 and 10",
     "^^^^^", "Here X has shape (1797, 64) and w has shape (10,)."),
    ("1 + v @ w", {"v": (3,), "w": (4,)},
     "the inner dimensions of the matrix product disagree: 3 and 4",
     "    ^^^^^", "Here v has shape (3,) and w has shape (4,)."),
    ("X @ s", {"X": (2, 3), "s": ()},
     "a matrix product needs arrays, not numbers", "^^^^^", "Write * for numbers."),
    ("A @ B", {"A": (2, 3, 4), "B": (3, 4, 5)},
     "shapes do not broadcast together",
     "^^^^^", "Here A has shape (2, 3, 4) and B has shape (3, 4, 5)."),
    ("mean((X @ w + b)**2)", {"X": (5, 3), "w": (3,), "b": (2,)},
     "shapes do not broadcast together",
     "     ^^^^^^^^^^^", "Here X @ w has shape (5,) and b has shape (2,)."),
    ("x.sum(axis=2)", {"x": (2, 3)},
     "axis 2 does not exist: there are 2 axes", "^^^^^^^^^^^^^", AXES),
    ("sum(x, axis=-2)", {"x": (3,)},
     "axis -2 does not exist: there is 1 axis", "^^^^^^^^^^^^^^^", AXES),
    ("softmax(x)", {"x": ()}, "axis -1 does not exist: there are no axes", "^^^^^^^^^^",
     "It is one number: leave axis out, or pass an array."),
    ("x.shape[1] * x", {"x": (3,)},
     "axis 1 does not exist: there is 1 axis", "^^^^^^^^^^", AXES),
    ("var(x, (0, -2))", {"x": (2, 3)},
     "an axis is named twice", "^^^^^^^^^^^^^^^", "Here x has shape (2, 3)."),
    ("max(x, 0)", {"x": (0, 3)},
     "max of nothing: a reduced axis has size 0",
     "^^^^^^^^^", "Here x has shape (0, 3)."),
    ("x.reshape(4, 2)", {"x": (2, 3)},
     "6 elements of shape (2, 3) do not fill the shape (4, 2)",
     "^^^^^^^^^^^^^^^", "Here x has shape (2, 3)."),
    ("reshape(x, (4, -1))", {"x": (6,)},
     "6 elements of shape (6,) do not fill the shape (4, -1)",
     "^^^^^^^^^^^^^^^^^^^", "Here x has shape (6,)."),
    ("broadcast_to(x, (2, 4))", {"x": (3,)},
     "shape (3,) does not broadcast to (2, 4)",
     "^^^^^^^^^^^^^^^^^^^^^^^", "Here x has shape (3,)."),
    ("squeeze(x, 0)", {"x": (3,)},
     "an axis of size 3 cannot be squeezed away", "^^^^^^^^^^^^^", "Here x has shape (3,)."),
    ("permute_dims(x, (1, 0))", {"x": (2, 3, 4)},
     "the permutation (1, 0) is not for an array of shape (2, 3, 4)",
     "^^^^^^^^^^^^^^^^^^^^^^^", "Here x has shape (2, 3, 4)."),
    ("2 * concatenate([x, y])", {"x": (2, 3), "y": (2, 4)},
     "arrays differ in an axis along which they are not joined",
     "    ^^^^^^^^^^^^^^^^^^^", XY.format("(2, 4)")),
    ("concatenate([x, y], axis=1)", {"x": (2, 3), "y": (3,)},
     "arrays with different numbers of axes cannot be joined",
     "^^^^^^^^^^^^^^^^^^^^^^^^^^^", XY.format("(3,)")),
    ("einsum('ij,jk->ik', x, y)", {"x": (2, 3), "y": (4, 5)},
     "the subscript j stands for different sizes",
     "^^^^^^^^^^^^^^^^^^^^^^^^^", XY.format("(4, 5)")),
    ("einsum('ij,jk->ik', x, y)", {"x": (2, 3), "y": (3,)},
     "the subscripts jk are not for an array of shape (3,)",
     "^^^^^^^^^^^^^^^^^^^^^^^^^", XY.format("(3,)")),
    ("tensordot(x, y, 1)", {"x": (2, 3), "y": (2, 4)},
     "the axes that are summed over disagree",
     "^^^^^^^^^^^^^^^^^^", XY.format("(2, 4)")),
    ("inner(x, y)", {"x": (2, 3), "y": (2, 4)},
     "the axes that are summed over disagree: 3 and 4", "^^^^^^^^^^^", XY.format("(2, 4)")),
    ("solve(A, b)", {"A": (2, 2), "b": (3,)},
     "the right-hand side does not have as many rows as the matrix",
     "^^^^^^^^^^^", "Here A has shape (2, 2) and b has shape (3,)."),
    ("diag(A)", {"A": (2, 2, 2)},
     "diag takes a vector or a matrix", "^^^^^^^", "Here A has shape (2, 2, 2)."),
    ("convolve(x, y)", {"x": (2, 3), "y": (2,)},
     "only arrays with one axis are convolved", "^^^^^^^^^^^^^^", XY.format("(2,)")),
    ("x[None, 5]", {"x": (3,)},
     "index 5 is out of range for axis 0 of size 3",
     "^^^^^^^^^^", "Indices count from 0; negative ones from the end."),
    ("x[::0]", {"x": (3,)},
     "the step of a slice is 0", "^^^^^^", "Here x has shape (3,)."),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "shapes", "message", "carets", "below"), ARRAYS)
@pytest.mark.parametrize("verb", [symgrad.function, symgrad.grad])
def test_arrays_that_do_not_fit(
    verb: Callable[[str], symgrad.Compiled], formula: str, shapes: dict[str, Shape],
    message: str, carets: str, below: str,
) -> None:  # fmt: skip
    with pytest.raises(symgrad.InputError) as caught:
        verb(formula)(**{name: np.ones(shape) for name, shape in shapes.items()})
    assert str(caught.value) == f"{message}\n  {formula}\n  {carets}\n{below}"


DECLARED = "X: (n, d); w: (d,); X @ w"
SIZES = [
    (DECLARED, {"X": (3, 2), "w": (4,)},
     "d is 2 in X and 4 in w", 11, "Here X has shape (3, 2) and w has shape (4,)."),
    (DECLARED, {"X": (3,), "w": (4,)},
     "X is declared as (n, d) and has shape (3,)", 0, "It needs 2 axes."),
    (DECLARED, {"X": (3, 2), "w": (2, 1)},
     "w is declared as (d,) and has shape (2, 1)", 11, "It needs 1 axis."),
    ("X: (n, 3); sum(X)", {"X": (3, 2)},
     "X is declared as (n, 3) and has shape (3, 2)", 0, "An axis must have size 3."),
    ("x: (n,); y: (n,); x*y", {"x": (1,), "y": (3,)},
     "n is 1 in x and 3 in y", 9, "Here x has shape (1,) and y has shape (3,)."),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "shapes", "message", "caret", "below"), SIZES)
def test_inputs_that_are_not_as_they_were_declared(
    formula: str, shapes: dict[str, Shape], message: str, caret: int, below: str
) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        symgrad.grad(formula)(**{name: np.ones(shape) for name, shape in shapes.items()})
    assert str(caught.value) == f"{message}\n  {formula}\n  {' ' * caret}^\n{below}"


def test_declared_shapes_that_cannot_fit_are_found_before_there_are_inputs() -> None:
    with pytest.raises(symgrad.InputError) as caught:
        symgrad.grad("X: (n, d); Y: (m, d); sum(X @ Y)")
    assert str(caught.value) == (
        "the inner dimensions of the matrix product disagree: d and m\n"
        "  X: (n, d); Y: (m, d); sum(X @ Y)\n"
        "                            ^^^^^\n"
        "Here X has shape (n, d) and Y has shape (m, d)."
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


@pytest.mark.parametrize("formula", ["[x, y]", "[x, x, y]", "stack([x, y], axis=1)"])
def test_what_is_stacked_has_one_shape(formula: str) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        symgrad.function(formula)(x=np.ones(3), y=np.ones(2))
    assert str(caught.value) == (
        f"what is stacked has different shapes\n  {formula}\n  {'^' * len(formula)}\n"
        "Here are shapes (3,) and (2,)."
    )
