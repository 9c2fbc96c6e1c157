"""Results go to the arrays that the caller passes, or the caller is told what does not fit."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import InputError
from tests.blocks import close, flat, in_blocks, programs

X, Y = np.linspace(-1.0, 2.0, 23), np.linspace(0.5, 3.0, 23)

MAKERS: tuple[Any, ...] = (
    (lambda: symgrad.function("x * exp(y)"), lambda: np.empty(23)),
    (lambda: symgrad.grad("x * exp(y)", wrt="y"), lambda: np.empty(23)),
    (lambda: symgrad.grad("x * exp(y)"), lambda: {"x": np.empty(23), "y": np.empty(23)}),
    (
        lambda: symgrad.value_and_grad("x * exp(y)", wrt=("y", "x")),
        lambda: (np.empty(23), (np.empty(23), np.empty(46)[::2])),
    ),
    (
        lambda: symgrad.value_and_grad("sum(x * exp(y))", wrt="x"),
        lambda: (np.empty(()), np.empty(23)),
    ),
)  # fmt: skip


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize(("make", "empty"), MAKERS)
def test_results_in_place(make: Any, empty: Any, blocks: bool) -> None:
    expected = make()(X, Y)
    out = empty()
    if blocks:
        with in_blocks():
            compiled = make()
            found = compiled(X, Y, out=out)
            assert programs(compiled)
    else:
        found = make()(x=X, y=Y, out=out)
    assert found is out
    assert close(found, expected, 1e-15)


@pytest.mark.parametrize("blocks", [1, 0])
def test_inputs_are_written_over(blocks: int) -> None:
    """Also where an element is needed after another one was written."""
    formula = "x[::-1] * y + x"
    expected = symgrad.function(formula)(X, Y)
    x = X.copy()
    with in_blocks(block=4 if blocks else 10**6):
        symgrad.function(formula)(x, Y, out=x)
    assert np.array_equal(x, expected)


def test_rows_are_written_at_once() -> None:
    """What is as large as the data is not computed elsewhere first."""
    x, out = np.linspace(0, 1, 2**17), np.empty(2**17)
    compiled = symgrad.function("sin(x) + 1")
    compiled(x, out=out)
    assert np.array_equal(out, np.sin(x) + 1)
    assert "add(value_rows, k, value_rows)" in programs(compiled)[0]


def read_only() -> Any:
    array = np.empty(23)
    array.flags.writeable = False
    return array


SHARED = np.empty(24)
WRONG: tuple[tuple[Any, str], ...] = (
    (np.empty(23), "out holds out, and the results are out[0], out[1]"),
    ((np.empty(23), [np.empty(23), np.empty(23)]), "out[1][0], out[1][1]"),
    ((np.empty(22), np.empty(23)), "out[0] has shape (22,), and the result (23,)"),
    ((np.empty(23), np.empty(23, np.float32)), "out[1] holds float32, and the result float64"),
    (([0.0] * 23, np.empty(23)), "out holds out[0][0]"),
    ((np.empty(23), None), "out[1] is no array, but NoneType"),
    ((read_only(), np.empty(23)), "out[0] cannot be written to"),
    ((SHARED[1:], SHARED[:-1]), "out[0] and out[1] share memory"),
)


@pytest.mark.parametrize("blocks", [1, 0])
@pytest.mark.parametrize(("out", "message"), WRONG, ids=range(len(WRONG)))
def test_what_does_not_fit(out: Any, message: str, blocks: int) -> None:
    with in_blocks(block=4 if blocks else 10**6):
        compiled = symgrad.value_and_grad("x * y", wrt="x")
        before = [np.copy(leaf) for leaf in flat(out)]
        with pytest.raises(InputError) as caught:
            compiled(X, Y, out=out)
    assert message in str(caught.value)
    assert "x * y" in str(caught.value)
    after = flat(out)
    assert all(
        np.array_equal(x, y, equal_nan=True)
        for x, y in zip(before, after, strict=True)
        if isinstance(y, np.ndarray)
    )


def test_an_input_of_that_name() -> None:
    assert symgrad.function("x * out")(x=2.0, out=3.0) == 6.0
