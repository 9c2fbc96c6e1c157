"""Missing and infinite numbers behind masks, and arrays of nothing.

What a mask drops has no part in a value and a derivative of exactly 0, whatever it is: nan, an
infinite number, or a point where the branch that is not taken has no derivative.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import symgrad
from tests.array_cases_names import NAMES

nan, inf = np.nan, np.inf
E1, E2 = math.e, math.exp(2)
# The softmax of 0 and log(3).
LOG3 = math.log(3)
YES, NO = True, False
Arrays = dict[str, Any]

# A formula, its inputs, its value, and its derivatives.
MASKED: tuple[tuple[str, Arrays, Any, Arrays], ...] = (
    # Functions that are singular where the mask does not hold.
    ("sum(where(x > 0, log(x), 0))", {"x": [1.0, 0.0, -2.0, E1]}, 1.0,
     {"x": [1.0, 0.0, 0.0, 1 / E1]}),
    ("sum(where(x > 0, sqrt(x), 0))", {"x": [4.0, 0.0, -1.0]}, 2.0, {"x": [0.25, 0.0, 0.0]}),
    ("sum(where(m, 1 / x, 0))", {"x": [2.0, 0.0], "m": [YES, NO]}, 0.5, {"x": [-0.25, 0.0]}),
    ("sum(where(m, y / x, 0))", {"x": [2.0, 0.0], "m": [YES, NO], "y": [3.0, 0.0]}, 1.5,
     {"x": [-0.75, 0.0], "y": [0.5, 0.0]}),
    ("sum(where(m, arcsin(x), 0))", {"x": [0.0, 1.0, 2.0], "m": [YES, NO, NO]}, 0.0,
     {"x": [1.0, 0.0, 0.0]}),
    ("sum(where(m, exp(x), 1))", {"x": [0.0, 800.0, inf, nan], "m": [YES, NO, NO, NO]}, 4.0,
     {"x": [1.0, 0.0, 0.0, 0.0]}),
    # A mask over what was joined falls apart into those of the parts.
    ("sum(relu(concatenate([x, y]))**2)", {"x": [1.0, -1.0], "y": [-1.0, 2.0, 3.0]}, 14.0,
     {"x": [2.0, 0.0], "y": [0.0, 4.0, 6.0]}),
    ("sum(relu(concatenate([x, y])))", {"x": [1.0, -1.0], "y": [-1.0, 2.0]}, 3.0,
     {"x": [1.0, 0.0], "y": [0.0, 1.0]}),
    ("sum(relu(stack([x, y], axis=1)))", {"x": [1.0, -1.0], "y": [-1.0, 2.0]}, 3.0,
     {"x": [1.0, 0.0], "y": [0.0, 1.0]}),
    ("sum(where(m, x**-2, 0))", {"x": [1.0, 0.0], "m": [YES, NO]}, 1.0, {"x": [-2.0, 0.0]}),
    ("sum(where(m, x**y, 0))", {"x": [2.0, -2.0, 0.0], "y": [3.0, 0.5, -1.0], "m": [YES, NO, NO]},
     8.0, {"x": [12.0, 0.0, 0.0], "y": [8 * np.log(2.0), 0.0, 0.0]}),
    ("sum(where(x == 0, 1, sin(x) / x))", {"x": [0.0, np.pi]}, 1.0, {"x": [0.0, -1 / np.pi]}),
    ("sum(where(isnan(x), 0, x**2))", {"x": [nan, 3.0]}, 9.0, {"x": [0.0, 6.0]}),
    ("sum(where(isfinite(x), x, 0)**2)", {"x": [inf, 2.0, -inf, nan]}, 4.0,
     {"x": [0.0, 4.0, 0.0, 0.0]}),
    ("sum(where(m, x, y)**2)", {"x": [nan, 2.0], "y": [3.0, nan], "m": [NO, YES]}, 13.0,
     {"x": [0.0, 4.0], "y": [6.0, 0.0]}),
    # An operand that was broadcast must not pick up nan from the elements that are dropped.
    ("sum(where(m, a * x, 0))", {"a": 2.0, "x": [nan, 3.0, inf], "m": [NO, YES, NO]}, 6.0,
     {"a": 3.0, "x": [0.0, 2.0, 0.0]}),
    ("sum(where(m, x / a, 0))", {"x": [[1.0, nan], [inf, 2.0]], "a": [2.0, 4.0],
                                 "m": [[YES, NO], [NO, YES]]}, 1.0,
     {"x": [[0.5, 0.0], [0.0, 0.25]], "a": [-0.25, -0.125]}),
    ("sum(where(m, log(x - a), 0))", {"x": [2.0, 0.0, 1.0], "a": 1.0, "m": [YES, NO, NO]}, 0.0,
     {"x": [1.0, 0.0, 0.0], "a": -1.0}),
    # Means, other reductions and axes.
    ("sum(where(m, log(x), 0)) / sum(m)", {"x": [1.0, 0.0, E2], "m": [YES, NO, YES]}, 1.0,
     {"x": [0.5, 0.0, 0.5 / E2]}),
    ("mean(where(m, 1 / x, 0))", {"x": [0.5, 0.0], "m": [YES, NO]}, 1.0, {"x": [-2.0, 0.0]}),
    ("mean(where(isnan(X), 0, X), axis=0)", {"X": [[nan, 2.0], [4.0, nan]]}, [2.0, 1.0],
     {"X": [[0.0, 0.5], [0.5, 0.0]]}),
    ("sum(where(X > 0, log(X), 0), axis=1)", {"X": [[1.0, -1.0], [0.0, E1]]}, [0.0, 1.0],
     {"X": [[1.0, 0.0], [0.0, 1 / E1]]}),
    ("sum(where(m, mean(X, axis=0), 0))", {"X": [[1.0, nan], [3.0, inf]], "m": [YES, NO]}, 2.0,
     {"X": [[0.5, 0.0], [0.5, 0.0]]}),
    ("sum(where(m, X / sum(X, axis=1, keepdims=True), 0)[:, 0])",
     {"X": [[1.0, 3.0], [0.0, 0.0], [nan, 1.0]], "m": [[YES], [NO], [NO]]}, 0.25,
     {"X": [[0.1875, -0.0625], [0.0, 0.0], [0.0, 0.0]]}),
    ("max(where(isnan(x), -inf, x))", {"x": [nan, 3.0, 2.0]}, 3.0, {"x": [0.0, 1.0, 0.0]}),
    ("min(where(m, x, inf), axis=1)", {"x": [[nan, 3.0], [2.0, nan]], "m": [[NO, YES], [YES, NO]]},
     [3.0, 2.0], {"x": [[0.0, 1.0], [1.0, 0.0]]}),
    ("prod(where(m, x, 1))", {"x": [nan, 3.0, 0.0, 2.0], "m": [NO, YES, NO, YES]}, 6.0,
     {"x": [0.0, 2.0, 0.0, 3.0]}),
    ("var(where(isnan(x), 0, x))", {"x": [nan, 2.0]}, 1.0, {"x": [0.0, 1.0]}),
    ("median(where(isnan(x), 0, x))", {"x": [nan, 5.0, 3.0]}, 3.0, {"x": [0.0, 0.0, 1.0]}),
    ("logsumexp(where(m, x, -inf))", {"x": [0.0, nan, LOG3], "m": [YES, NO, YES]}, np.log(4.0),
     {"x": [0.25, 0.0, 0.75]}),
    ("cumsum(where(isnan(x), 0, x))", {"x": [1.0, nan, 2.0]}, [1.0, 1.0, 3.0],
     {"x": [3.0, 0.0, 1.0]}),
    ("cumprod(where(m, x, 1))", {"x": [2.0, nan, 3.0, inf], "m": [YES, NO, YES, NO]},
     [2.0, 2.0, 6.0, 6.0], {"x": [8.0, 0.0, 4.0, 0.0]}),
    ("cumprod(where(m, x, 0))", {"x": [2.0, nan, 3.0], "m": [YES, NO, YES]}, [2.0, 0.0, 0.0],
     {"x": [1.0, 0.0, 0.0]}),
    ("sort(where(isnan(x), 9, x)) * [1, 2, 3]", {"x": [nan, 2.0, 1.0]}, [1.0, 4.0, 27.0],
     {"x": [0.0, 2.0, 1.0]}),
    # Products of matrices.
    ("where(isnan(X), 0, X) @ w", {"X": [[1.0, nan], [nan, 2.0]], "w": [3.0, 5.0]}, [3.0, 10.0],
     {"X": [[3.0, 0.0], [0.0, 5.0]], "w": [1.0, 2.0]}),
    ("sum(where(m, X @ w, 0))", {"X": [[1.0, 2.0], [3.0, 4.0]], "w": [1.0, 1.0], "m": [YES, NO]},
     3.0, {"X": [[1.0, 1.0], [0.0, 0.0]], "w": [1.0, 2.0]}),
    ("sum(where(m, log(X @ w), 0))", {"X": [[1.0, 1.0], [-1.0, 0.0]], "w": [0.5, 0.5],
                                      "m": [YES, NO]}, 0.0,
     {"X": [[0.5, 0.5], [0.0, 0.0]], "w": [1.0, 1.0]}),
    ("sum(where(m, y - X @ w, 0)**2)", {"y": [1.0, nan], "X": [[1.0, 0.0], [2.0, 2.0]],
                                        "w": [3.0, 5.0], "m": [YES, NO]}, 4.0,
     {"y": [-4.0, 0.0], "X": [[12.0, 20.0], [0.0, 0.0]], "w": [4.0, 0.0]}),
    ("einsum('ij,j->', where(X > 0, sqrt(X), 0), w)", {"X": [[4.0, 0.0], [-1.0, 9.0]],
                                                       "w": [1.0, 2.0]}, 8.0,
     {"X": [[0.25, 0.0], [0.0, 1 / 3]], "w": [2.0, 3.0]}),
    # Indexing.
    ("sum(x[m]**2)", {"x": [nan, 2.0, inf], "m": [NO, YES, NO]}, 4.0, {"x": [0.0, 4.0, 0.0]}),
    ("sum(log(x[x > 0]))", {"x": [nan, 2.0, -1.0, 0.0]}, np.log(2.0),
     {"x": [0.0, 0.5, 0.0, 0.0]}),
    ("mean(X[m], axis=0)", {"X": [[1.0, 2.0], [nan, inf], [3.0, 4.0]], "m": [YES, NO, YES]},
     [2.0, 3.0], {"X": [[0.5, 0.5], [0.0, 0.0], [0.5, 0.5]]}),
    ("sum((y - X @ w)[m]**2)", {"y": [1.0, 7.0], "X": [[1.0, 0.0], [2.0, 2.0]], "w": [3.0, 5.0],
                                "m": [YES, NO]}, 4.0,
     {"y": [-4.0, 0.0], "X": [[12.0, 20.0], [0.0, 0.0]], "w": [4.0, 0.0]}),
    ("sum((y - X @ w)[m]**2)", {"y": [1.0, nan], "X": [[1.0, 0.0], [2.0, 2.0]], "w": [3.0, 5.0],
                                "m": [YES, NO]}, 4.0,
     {"y": [-4.0, 0.0], "X": [[12.0, 20.0], [0.0, 0.0]], "w": [4.0, 0.0]}),
    ("sum(x[1:]**2)", {"x": [nan, 3.0]}, 9.0, {"x": [0.0, 6.0]}),
    ("sum(x[i]**2)", {"x": [nan, 3.0, inf], "i": [1, 1]}, 18.0, {"x": [0.0, 12.0, 0.0]}),
    ("sum(where(m, x[i], 0)**2)", {"x": [nan, 3.0], "i": [0, 1, 1], "m": [NO, YES, YES]}, 18.0,
     {"x": [0.0, 12.0]}),
    ("x[0] * 2", {"x": [3.0, nan]}, 6.0, {"x": [2.0, 0.0]}),
    # Attention masks, and rows of which nothing is left.
    ("softmax(where(m, x, -inf)) @ [1, 10, 100]", {"x": [0.0, nan, LOG3], "m": [YES, NO, YES]},
     75.25, {"x": [-18.5625, 0.0, 18.5625]}),
    ("softmax(X)[:, 0]", {"X": [[0.0, -inf], [0.0, LOG3]]}, [1.0, 0.25],
     {"X": [[0.0, 0.0], [0.1875, -0.1875]]}),
    ("logsumexp(X, axis=1)", {"X": [[-inf, -inf], [0.0, LOG3]]}, [-inf, np.log(4.0)],
     {"X": [[0.0, 0.0], [0.25, 0.75]]}),
    ("logsumexp(x)", {"x": [-inf, -inf]}, -inf, {"x": [0.0, 0.0]}),
    ("log(sum(exp(x)))", {"x": [-inf, 0.0]}, 0.0, {"x": [0.0, 1.0]}),
    ("s = where(isfinite(X), logsumexp(X, axis=1, keepdims=True), 0); sum(s)",
     {"X": [[-inf, 0.0], [-inf, -inf]]}, 0.0, {"X": [[0.0, 1.0], [0.0, 0.0]]}),
    # The norm at 0.
    ("sum(where(m, 1 / norm(X, axis=1), 0))", {"X": [[3.0, 4.0], [0.0, 0.0]], "m": [YES, NO]}, 0.2,
     {"X": [[-0.024, -0.032], [0.0, 0.0]]}),
    ("sum(where(r > 0, r, 0) * w)", {"r": [2.0, nan], "w": [3.0, 5.0]}, 6.0,
     {"r": [3.0, 0.0], "w": [2.0, 0.0]}),
    ("D = norm(x[:, None] - x, axis=-1); sum(where(eye(len(x)) > 0, 0, 1 / D))",
     {"x": [[0.0, 0.0], [3.0, 4.0]]}, 0.4, {"x": [[0.048, 0.064], [-0.048, -0.064]]}),
    ("sum(where(m, cosine_similarity(X, Y), 0))",
     {"X": [[1.0, 0.0], [0.0, 0.0]], "Y": [[0.0, 2.0], [1.0, 1.0]], "m": [YES, NO]}, 0.0,
     {"X": [[0.0, 1.0], [0.0, 0.0]], "Y": [[0.5, 0.0], [0.0, 0.0]]}),
    # Masks within masks.
    ("sum(where(m, where(x > 0, log(x), 0), 1 / x))", {"x": [E1, 0.0, -1.0, 2.0],
                                                       "m": [YES, YES, YES, NO]}, 1.5,
     {"x": [1 / E1, 0.0, 0.0, -0.25]}),
    ("sum(where(m, where(k, x, 1 / x), 0)**2)", {"x": [2.0, 0.0, nan], "m": [YES, NO, NO],
                                                "k": [NO, NO, YES]}, 0.25,
     {"x": [-0.25, 0.0, 0.0]}),
    ("sum(where(m, sqrt(where(k, x, 4)), 0))", {"x": [-1.0, 0.0, 9.0], "m": [YES, NO, YES],
                                               "k": [NO, YES, YES]}, 5.0,
     {"x": [0.0, 0.0, 1 / 6]}),
    ("sum(where(m & (x > 0), log(x) / y, 0))", {"x": [1.0, -1.0, 2.0], "y": [2.0, 1.0, 0.0],
                                               "m": [YES, YES, NO]}, 0.0,
     {"x": [0.5, 0.0, 0.0], "y": [0.0, 0.0, 0.0]}),
    # Joined and moved elements keep their masks.
    ("concatenate([where(isnan(x), 0, x), y])**2", {"x": [nan, 2.0], "y": [3.0]}, [0.0, 4.0, 9.0],
     {"x": [0.0, 4.0], "y": [6.0]}),
    ("concatenate([x, y])[2:]**2", {"x": [nan, inf], "y": [3.0]}, [9.0], {"x": [0.0, 0.0],
                                                                         "y": [6.0]}),
    ("where(isnan(x), 0, segment_sum(x, i, 2)[i])", {"x": [1.0, 2.0, 4.0], "i": [0, 1, 0]},
     [5.0, 2.0, 5.0], {"x": [2.0, 1.0, 2.0]}),
    ("segment_sum(x, i, 2)[1]", {"x": [nan, 2.0, inf], "i": [0, 1, 0]}, 2.0,
     {"x": [0.0, 1.0, 0.0]}),
    ("sum(where(m, diff(x), 0)**2)", {"x": [nan, 1.0, 3.0], "m": [NO, YES]}, 4.0,
     {"x": [0.0, -4.0, 4.0]}),
    ("sum(X[m] @ w)", {"X": [[1.0, 2.0], [nan, 4.0]], "w": [1.0, 1.0], "m": [YES, NO]},
     3.0, {"X": [[1.0, 1.0], [0.0, 0.0]], "w": [1.0, 2.0]}),
)  # fmt: skip

# The mask, or the index, comes after the elements were moved, reduced or multiplied.
MASKED_AFTERWARDS: tuple[tuple[str, Arrays, Any, Arrays], ...] = (
    ("sum(where(m, sum(log(X), axis=1), 0))", {"X": [[1.0, E1], [0.0, -1.0]], "m": [YES, NO]}, 1.0,
     {"X": [[1.0, 1 / E1], [0.0, 0.0]]}),
    ("sum(where(m, std(X, axis=1), 0))", {"X": [[0.0, 2.0], [nan, 1.0], [inf, 0.0]],
                                          "m": [YES, NO, NO]}, 1.0,
     {"X": [[-0.5, 0.5], [0.0, 0.0], [0.0, 0.0]]}),
    ("sum(sqrt(x)[m])", {"x": [4.0, 0.0, -1.0], "m": [YES, NO, NO]}, 2.0,
     {"x": [0.25, 0.0, 0.0]}),
    ("log(x)[0]", {"x": [1.0, 0.0, -1.0, nan]}, 0.0, {"x": [1.0, 0.0, 0.0, 0.0]}),
    ("sum((1 / x)[1:])", {"x": [0.0, 2.0]}, 0.5, {"x": [0.0, -0.25]}),
    ("take_along_axis(log(X), k[:, None], axis=1)[:, 0]", {"X": [[1.0, 0.0], [-1.0, E1]],
                                                            "k": [0, 1]}, [0.0, 1.0],
     {"X": [[1.0, 0.0], [0.0, 1 / E1]]}),
    ("sum(where(m, layer_norm(X, eps=0)[:, 0], 0))", {"X": [[1.0, 3.0], [2.0, 2.0]],
                                                      "m": [YES, NO]}, -1.0,
     {"X": [[0.0, 0.0], [0.0, 0.0]]}),
    ("sum(where(m, norm(X, axis=1), 0))", {"X": [[3.0, 4.0], [0.0, 0.0], [nan, 1.0]],
                                           "m": [YES, NO, NO]}, 5.0,
     {"X": [[0.6, 0.8], [0.0, 0.0], [0.0, 0.0]]}),
    ("where(m, reshape(log(x), (2, 2)), 0)", {"x": [1.0, 0.0, -1.0, E1],
                                              "m": [[YES, NO], [NO, YES]]},
     [[0.0, 0.0], [0.0, 1.0]], {"x": [1.0, 0.0, 0.0, 1 / E1]}),
    ("sum((a * x)[m])", {"a": 2.0, "x": [nan, 3.0, inf], "m": [NO, YES, NO]}, 6.0,
     {"a": 3.0, "x": [0.0, 2.0, 0.0]}),
    ("sum((a * x)[1:])", {"a": 2.0, "x": [nan, 3.0]}, 6.0, {"a": 3.0, "x": [0.0, 2.0]}),
)  # fmt: skip

# Where the maths puts nan, it is: a formula, its inputs, its value, and its derivatives.
NAN_STAYS: tuple[tuple[str, Arrays, Any, Arrays], ...] = (
    ("sum(x**2)", {"x": [nan, 3.0]}, nan, {"x": [nan, 6.0]}),
    ("x * y", {"x": [nan, 2.0], "y": [3.0, 5.0]}, [nan, 10.0],
     {"x": [3.0, 5.0], "y": [nan, 2.0]}),
    ("max(x)", {"x": [nan, 3.0]}, nan, {"x": [0.0, 0.0]}),
    ("max(X, axis=1)", {"X": [[nan, 3.0], [1.0, 2.0]]}, [nan, 2.0],
     {"X": [[0.0, 0.0], [0.0, 1.0]]}),
    ("sum(X**2, axis=1)", {"X": [[nan, 3.0], [1.0, 2.0]]}, [nan, 5.0],
     {"X": [[nan, 6.0], [2.0, 4.0]]}),
    ("norm(X, axis=1)", {"X": [[nan, 3.0], [3.0, 4.0]]}, [nan, 5.0],
     {"X": [[nan, nan], [0.6, 0.8]]}),
    ("logsumexp(X, axis=1)", {"X": [[nan, 3.0], [0.0, LOG3]]}, [nan, np.log(4.0)],
     {"X": [[nan, nan], [0.25, 0.75]]}),
    ("cumprod(x)", {"x": [2.0, 3.0, nan]}, [2.0, 6.0, nan], {"x": [nan, nan, 6.0]}),
    ("cumsum(x)", {"x": [1.0, nan, 2.0]}, [1.0, nan, nan], {"x": [3.0, 2.0, 1.0]}),
    ("median(X, axis=1)", {"X": [[nan, 3.0, 1.0], [5.0, 3.0, 1.0]]}, [nan, 3.0],
     {"X": [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]}),
    ("where(m, x, 0) * y", {"x": [1.0, 2.0], "y": [nan, 3.0], "m": [NO, YES]}, [nan, 6.0],
     {"x": [0.0, 3.0], "y": [0.0, 2.0]}),
    ("X @ w", {"X": [[nan, 1.0], [2.0, 3.0]], "w": [1.0, 1.0]}, [nan, 5.0],
     {"X": [[1.0, 1.0], [1.0, 1.0]], "w": [nan, 4.0]}),
)  # fmt: skip


def arrays(inputs: Arrays) -> Arrays:
    return {name: np.array(value) for name, value in inputs.items()}


@pytest.mark.parametrize(
    ("formula", "inputs", "value", "derivatives"),
    [
        pytest.param(*row, id=f"{row[0]} | {row[1]}")
        for row in (*MASKED, *MASKED_AFTERWARDS, *NAN_STAYS)
    ],
)
def test_nan_stays_where_it_is(
    formula: str, inputs: Arrays, value: Any, derivatives: Arrays
) -> None:
    compiled = symgrad.value_and_grad(formula, wrt=tuple(derivatives))
    found, slopes = compiled(**arrays(inputs))
    np.testing.assert_allclose(found, value, rtol=1e-14, atol=1e-15)
    for (name, expected), slope in zip(derivatives.items(), slopes, strict=True):
        assert np.shape(slope) == np.shape(expected)
        np.testing.assert_allclose(slope, expected, rtol=1e-13, atol=1e-15, err_msg=name)
    np.testing.assert_array_equal(symgrad.function(formula)(**arrays(inputs)), found)


EMPTY_SHAPES = ((0,), (0, 3), (3, 0), (0, 0), (1, 0), (2, 0, 3))
AXES = ("", "axis=0", "axis=-1", "axis=0, keepdims=True", "keepdims=True", "axis=(0, 1)")
REDUCTIONS = (
    *(
        f"{name}(x{', ' if axes else ''}{axes})"
        for name in "sum prod mean var std norm max min median any all argmax argmin".split()
        for axes in AXES
        if not ("arg" in name and "(" in axes)
    ),
    *(
        f"{name}(x{axis})"
        for name in ("cumsum", "cumprod")
        for axis in ("", ", axis=0", ", axis=-1")
    ),
    *(f"log(sum(exp(x), {axes or 'axis=None'}))" for axes in AXES),
)


@pytest.mark.parametrize("formula", REDUCTIONS)
def test_reductions_of_nothing(formula: str) -> None:
    """As in NumPy, warnings apart; what NumPy refuses is refused."""
    compiled = symgrad.value_and_grad(formula, wrt="x")
    for shape in EMPTY_SHAPES:
        x = np.zeros(shape)
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = eval(formula, {**NAMES, "x": x})
        except ValueError:
            with pytest.raises(symgrad.SymgradError):
                compiled(x)
            continue
        value, derivative = compiled(x)
        assert np.shape(value) == np.shape(expected)
        np.testing.assert_array_equal(value, expected, err_msg=f"{shape}")
        assert derivative.shape == shape
        assert derivative.dtype == np.float64


# A formula and shapes: the value is NumPy's, and derivatives are 0 where there is room for them.
EMPTY: tuple[tuple[str, dict[str, tuple[int, ...]]], ...] = (
    ("A @ B", {"A": (0, 3), "B": (3, 2)}),
    ("A @ B", {"A": (2, 0), "B": (0, 3)}),
    ("A @ B", {"A": (2, 3), "B": (3, 0)}),
    ("A @ B", {"A": (0, 0), "B": (0, 0)}),
    ("A @ B", {"A": (2, 0), "B": (0,)}),
    ("A @ B", {"A": (0,), "B": (0, 2)}),
    ("A @ B", {"A": (0,), "B": (0,)}),
    ("A @ B", {"A": (0, 2, 3), "B": (3, 2)}),
    ("A @ B", {"A": (0, 2, 3), "B": (1, 3, 2)}),
    ("A @ B", {"A": (2, 1, 0), "B": (2, 0, 1)}),
    ("A @ B", {"A": (0, 3), "B": (3,)}),
    ("inner(A, B)", {"A": (2, 0), "B": (3, 0)}),
    ("vdot(A, B)", {"A": (0,), "B": (0,)}),
    ("outer(A, B)", {"A": (0,), "B": (3,)}),
    ("kron(A, B)", {"A": (0, 2), "B": (2, 2)}),
    ("tensordot(A, B)", {"A": (2, 0, 3), "B": (0, 3)}),
    ("einsum('ij,jk->ik', A, B)", {"A": (2, 0), "B": (0, 3)}),
    ("einsum('ij,jk,kl->', A, B, C)", {"A": (2, 3), "B": (3, 0), "C": (0, 2)}),
    ("trace(A)", {"A": (0, 0)}),
    ("x * y + z", {"x": (0, 1), "y": (3,), "z": ()}),
    ("exp(x) / y", {"x": (2, 0), "y": (2, 1)}),
    ("where(x > 0, x, y)", {"x": (0, 2), "y": (2,)}),
    ("sum((X @ w - y)**2)", {"X": (0, 3), "w": (3,), "y": (0,)}),
    ("sum(softmax(X @ W)[:, 0])", {"X": (0, 3), "W": (3, 2)}),
    ("softmax(x)", {"x": (2, 0, 3)}),
    ("x[:0] * y", {"x": (3,), "y": ()}),
    ("x[2:2] + x[3:]", {"x": (3,)}),
    ("x[x > 5]", {"x": (3,)}),
    ("sum(x[x > 5]) * y", {"x": (3,), "y": ()}),
    ("prod(x[:0]) - 1 + 0 * y", {"x": (3,), "y": ()}),
    ("concatenate([x, x])", {"x": (0, 2)}),
    ("stack([x, y])", {"x": (0,), "y": (0,)}),
    ("reshape(x, (3, 0)) @ y", {"x": (0, 2), "y": (0,)}),
    ("x[:, None] - y", {"x": (0,), "y": (2,)}),
    ("sum((x[:, None] - y)**2, axis=1)", {"x": (0,), "y": (2,)}),
    ("sum((x[:, None] - y)**2, axis=0)", {"x": (0,), "y": (2,)}),
    ("broadcast_to(x, (0, 3))", {"x": (3,)}),
    ("tile(x, 0)", {"x": (3,)}),
    ("repeat(x, 0)", {"x": (3,)}),
    ("diff(x)", {"x": (1,)}),
    ("sort(x)", {"x": (0,)}),
    ("x.T @ x", {"x": (0, 2)}),
    ("x @ x.T", {"x": (0, 2)}),
    ("linspace(0, 1, 0) * x", {"x": ()}),
    ("inv(A)", {"A": (0, 0)}),
    ("solve(A, b)", {"A": (0, 0), "b": (0, 2)}),
    ("cumsum(x, axis=1)", {"x": (2, 0)}),
    ("flip(roll(x, 1))", {"x": (0, 3)}),
    ("diag(x)", {"x": (0,)}),
    ("tril(x)", {"x": (0, 3)}),
    ("ravel(x.T)", {"x": (3, 0)}),
    ("logsumexp(X, axis=1)", {"X": (0, 3)}),
    ("log_softmax(X)", {"X": (0, 3)}),
    ("layer_norm(X)", {"X": (0, 3)}),
    ("mean(X, axis=1)", {"X": (0, 3)}),
    ("var(X - mean(X, axis=1, keepdims=True), axis=1)", {"X": (0, 3)}),
    ("max(X, axis=1) + median(X, axis=1)", {"X": (0, 3)}),
)


@pytest.mark.parametrize(
    ("formula", "shapes"), [pytest.param(*row, id=f"{row[0]} | {row[1]}") for row in EMPTY]
)
def test_arrays_of_nothing(formula: str, shapes: dict[str, tuple[int, ...]]) -> None:
    inputs = {name: np.zeros(shape) for name, shape in shapes.items()}
    with np.errstate(all="ignore"):
        expected = eval(formula, {**NAMES, **inputs})
    value, derivatives = symgrad.value_and_grad(formula, wrt=tuple(inputs))(**inputs)
    assert np.shape(value) == np.shape(expected)
    np.testing.assert_array_equal(value, expected)
    for name, derivative in zip(inputs, derivatives, strict=True):
        assert np.shape(derivative) == shapes[name]
        np.testing.assert_array_equal(derivative, np.zeros(shapes[name]))


def test_functions_of_nothing_that_scipy_refuses() -> None:
    """The sum of no exponentials is 0, its logarithm -inf, and a softmax of nothing is nothing."""
    for shape, expected in (((0,), -inf), ((0, 3), np.full(3, -inf)), ((3, 0), np.zeros(0))):
        value, derivative = symgrad.value_and_grad("logsumexp(x, axis=0)")(np.zeros(shape))
        np.testing.assert_array_equal(value, expected)
        assert derivative.shape == shape
    value, derivative = symgrad.value_and_grad("softmax(x, axis=0)")(np.zeros((0, 3)))
    assert value.shape == (0, 3)
    assert derivative.shape == (0, 3)


def test_the_mean_of_nothing_is_nan_without_a_warning() -> None:
    X, w, y = np.zeros((0, 3)), np.ones(3), np.zeros(0)
    value, (by_w, by_X) = symgrad.value_and_grad("mean((X @ w - y)**2)", wrt=("w", "X"))(X, w, y)
    assert np.isnan(value)
    assert by_w.shape == (3,)
    assert by_X.shape == (0, 3)


@pytest.mark.parametrize(
    ("formula", "shape"),
    [
        ("max(x)", (0,)),
        ("min(x, axis=0)", (0, 3)),
        ("argmax(x)", (0,)),
        ("x[0]", (0,)),
        ("norm(x, inf)", (0,)),
        ("x @ x", (0, 3)),
        ("reshape(x, (2, -1, 0))", (0, 3)),
    ],
)
def test_what_nothing_cannot_give(formula: str, shape: tuple[int, ...]) -> None:
    for compiled in (symgrad.function(formula), symgrad.grad(formula, wrt="x")):
        with pytest.raises(symgrad.SymgradError):
            compiled(np.zeros(shape))
