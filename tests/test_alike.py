"""Rules for operands of one shape, or of as many axes: used where that is known, and only there."""

from itertools import product
from typing import Any

import numpy as np
import pytest

import symgrad

# Formulas that a rule of [alike] serves, one at least for each
FORMULAS = """
sum(w*x**2) - sum(w*x)**2
sum(w*x**2)/sum(w) - (sum(w*x)/sum(w))**2
sum(w*x) - sum(w)*sum(x)/3
arccos(sum(w*x)/(norm(w)*norm(x)))
arccos(sum(w*x, axis=-1)/(norm(w, axis=-1)*norm(x, axis=-1)))
1 - sum(w*x)/(norm(w)*norm(x))
1 - sum(w*x, axis=-1)/(norm(w, axis=-1)*norm(x, axis=-1))
1 - sum(normalize(w, 0)*normalize(x, 0), 0)
""".strip().splitlines()

# The same for [level] and [vectors]
ALONG_ONE_AXIS = """
sum(w*exp(x), axis=1)/sum(exp(x), axis=1)
sum(w*exp(x), axis=-2, keepdims=True)/sum(exp(x), axis=-2, keepdims=True)
sum(w*x, axis=1)/(norm(w, axis=1)*norm(x, axis=1))
sum(w*x, axis=0)/norm(w, axis=0)/norm(x, axis=0)
squeeze(squeeze(expand_dims(w, -2) @ expand_dims(x, -1), -2), -1)/norm(w)/norm(x)
""".strip().splitlines()

SHAPES = ((3,), (3, 3), (3, 1), ())
STACKS = ((3, 3, 3), (3, 3))


def drawn(shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).uniform(0.1, 0.4, shape)


@pytest.mark.parametrize(
    ("formula", "shapes"),
    [
        *product(FORMULAS, product(SHAPES, SHAPES)),
        *product(ALONG_ONE_AXIS, product(STACKS, STACKS)),
    ],
    ids=str,
)
def test_operands_of_all_shapes_are_summed_as_they_broadcast(
    formula: str, shapes: tuple[tuple[int, ...], ...]
) -> None:
    if () in shapes and ("axis" in formula or ", 0)" in formula):
        return
    w, x = (drawn(shape, seed) for seed, shape in enumerate(shapes))
    found = symgrad.value_and_grad(formula)(w=w, x=x)
    written = symgrad.value_and_grad(formula, exact=True)(w=w, x=x)
    np.testing.assert_allclose(found[0], written[0], rtol=1e-9, atol=1e-12)
    for name, slope in written[1].items():
        known = np.isfinite(slope)  # Where two vectors are parallel, what is written is 0 / 0.
        np.testing.assert_allclose(found[1][name][known], slope[known], rtol=1e-6, atol=1e-9)


def test_sums_of_one_shape_keep_the_digits_that_cancel() -> None:
    x = 1e8 + np.array([0.0, 1.0, 2.0])
    spread = symgrad.function("sum(w*x**2) - sum(w*x)**2")
    assert spread(w=np.array([0.25, 0.5, 0.25]), x=x) == 0.5


def test_an_axis_that_all_operands_share_keeps_what_would_overflow() -> None:
    x = np.array([[1000.0, 1001.0], [0.0, 0.0]])
    for axis, w in (("1", x), ("1", x[0]), ("-1", x[0]), ("0", x)):
        shares = symgrad.function(f"sum(w*exp(x), axis={axis})/sum(exp(x), axis={axis})")
        assert np.isfinite(shares(w=w, x=x)).all()
