"""Faults that only numbers show are told with their place in the formula."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.running.faults import first_not_finite

ONES = np.ones((2, 2))
PINV = "Use pinv, or add a small multiple of eye(n)."
INDEX = "Indices count from 0; negative ones from the end."

FAULTS: list[tuple[str, dict[str, Any], str, str, str]] = [
    # formula, inputs, the message, the carets, the hint
    ("1 + trace(inv(A))", {"A": ONES}, "the matrix A cannot be inverted: it is singular",
     "          ^^^^^^", PINV),
    ("solve(K, y) @ y", {"K": ONES, "y": [1.0, 2.0]},
     "the matrix K cannot be inverted: it is singular", "^^^^^^^^^^^", PINV),
    ("solve(A @ A.T, y)", {"A": ONES, "y": [1.0, 2.0]},
     "the matrix A @ A.T cannot be inverted: it is singular", "^^^^^^^^^^^^^^^^^", PINV),
    ("inv(eye(2)) @ inv(B)", {"B": 0 * ONES},
     "the matrix B cannot be inverted: it is singular", "              ^^^^^^", PINV),
    ("S = a*ones((2, 2)); solve(S, y)", {"a": 1.0, "y": [1.0, 2.0]},
     "the matrix a*ones((2, 2)) cannot be inverted: it is singular",
     "                    ^^^^^^^^^^^", PINV),
    ("cholesky(A)[0, 0]", {"A": -ONES},
     "the matrix A has no Cholesky decomposition: it is not positive definite",
     "^^^^^^^^^^^", "Add a small multiple of eye(n)."),
    ("sum(svdvals(2*A))", {"A": np.nan * ONES},
     "the matrix 2*A cannot be decomposed: it holds nan or infinities",
     "    ^^^^^^^^^^^^", "Check the inputs that it is made of."),
    ("sum(x[i])", {"x": np.ones(3), "i": [0, 2, 7]},
     "index 7 is out of range for an axis of size 3", "    ^^^^", INDEX),
    ("x[i, 0]", {"x": np.ones((3, 4)), "i": [-4]},
     "index -4 is out of range for an axis of size 3", "^^^^^^^", INDEX),
    ("x[0] + x[i]", {"x": np.ones(3), "i": 3},
     "index 3 is out of range for axis 0 of size 3", "       ^^^^", INDEX),
    ("take_along_axis(x, i, 1)", {"x": np.ones((1, 3)), "i": [[3]]},
     "index 3 is out of range for an axis of size 3", "^^^^^^^^^^^^^^^^^^^^^^^^", INDEX),
    ("segment_sum(x, i, 2)", {"x": np.ones(2), "i": [0, 2]},
     "index 2 is out of range for an axis of size 2", "^^^^^^^^^^^^^^^^^^^^", INDEX),
    ("cross_entropy(z, t)", {"z": np.ones((2, 3)), "t": [0, 3]},
     "index 3 is out of range for an axis of size 3", "^^^^^^^^^^^^^^^^^^^", INDEX),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "inputs", "message", "carets", "hint"), FAULTS)
@pytest.mark.parametrize("verb", ["function", "grad"])
def test_faults(
    verb: str, formula: str, inputs: dict[str, Any], message: str, carets: str, hint: str
) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        getattr(symgrad, verb)(formula)(**inputs)
    assert str(caught.value) == f"{message}\n  {formula}\n  {carets}\n{hint}"


@pytest.mark.parametrize(
    ("formula", "inputs", "expected"),
    [
        ("logdet(A)", {"A": ONES}, -np.inf),
        ("det(A)", {"A": ONES}, 0.0),
        ("trace(pinv(A))", {"A": ONES}, 0.5),
        ("sum(x[i])", {"x": np.ones(3), "i": np.array([], int)}, 0.0),
    ],
)
def test_what_is_no_fault(formula: str, inputs: dict[str, Any], expected: float) -> None:
    assert symgrad.function(formula)(**inputs) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("formula", "inputs", "found"),
    [
        ("exp(x) + 1", {"x": 1.0}, None),
        ("1 + log(x)*y", {"x": -1.0, "y": 2.0}, ("log(x) is nan", (4, 10))),
        ("1 + log(x)*y", {"x": 1.0, "y": np.nan}, ("the input y is nan", (11, 12))),
        ("y / x", {"x": 0.0, "y": 2.0}, ("y / x is infinite", (0, 5))),
        ("a = exp(x); sum(a)", {"x": [1.0, 800.0]}, ("exp(x) is infinite", (4, 10))),
        ("sum(x / x)", {"x": [0.0, 1.0]}, ("x / x is nan", (4, 9))),
    ],
)
def test_where_a_number_stops_being_finite(
    formula: str, inputs: dict[str, Any], found: tuple[str, tuple[int, int]] | None
) -> None:
    table = builtin_functions()
    arrays = {name: np.asarray(value, float) for name, value in inputs.items()}
    assert first_not_finite(lower(formula, table).graph, arrays, formula, table) == found
