"""Calls with plain numbers: the same answers and errors as by the long way."""

import copy
import math
import pickle
import threading
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.writing.quick import LONGEST, OWN_NAMES, quick

FORMULA = "exp(x*y)*sin(x) + y**2/(1 + x**2) + log(x)"


def quickened(formula: str = FORMULA, **options: Any) -> symgrad.Compiled:
    """A formula that was called with plain numbers before."""
    made = symgrad.value_and_grad(formula, **options)
    for _ in range(2):
        made(*[0.5] * len(made.inputs))
    assert type(made) is not symgrad.Compiled
    return made


def flat(found: Any) -> list[float]:
    value, derivatives = found
    return [value, *derivatives.values()]


@pytest.mark.parametrize("y", [1.5, -0.0, 1e200, math.inf, math.nan])
@pytest.mark.parametrize("x", [0.5, 0.0, -2.0, 800.0, 1e300])
def test_the_answers_are_those_of_arrays(x: float, y: float) -> None:
    """Also where the math module raises: log of 0 and of -2, exp of 800 and more."""
    by_numbers = flat(quickened()(x, y))
    by_arrays = flat(quickened()(np.array([x]), np.array([y])))
    assert {type(number) for number in by_numbers} == {float}
    np.testing.assert_allclose(by_numbers, np.ravel(by_arrays), rtol=1e-14)


def test_other_calls_go_the_long_way() -> None:
    made = quickened("x**2 * y")
    expected = (12.0, {"x": 12.0, "y": 4.0})
    assert made(2.0, 3.0) == made(2, 3) == made(x=2.0, y=3.0) == made(2.0, y=3) == expected
    assert made(np.float64(2.0), 3.0)[0] == 12.0
    assert made([1.0, 2.0], 3.0)[0].tolist() == [3.0, 12.0]


MISTAKES = [
    ((1.0,), {}, "the input y is missing"),
    ((1.0, 2.0, 3.0), {}, "3 values for 2 inputs"),
    ((1.0, 2.0), {"z": 1.0}, "z is not an input of the formula"),
    ((1.0, 2.0), {"x": 1.0}, "the input x is given twice"),
    (("a", 2.0), {}, "the input x holds text"),
    ((), {}, "the inputs x, y are missing"),
]


@pytest.mark.parametrize(("args", "named", "message"), MISTAKES, ids=[m for *_, m in MISTAKES])
def test_mistakes(args: Any, named: Any, message: str) -> None:
    made = quickened("x*y")
    with pytest.raises(symgrad.InputError, match=message):
        made(*args, **named)


def test_it_is_still_the_same_thing() -> None:
    made, fresh = quickened(), symgrad.value_and_grad(FORMULA)
    assert made == fresh
    assert hash(made) == hash(fresh)
    assert repr(made) == repr(fresh)
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == fresh
    assert isinstance(made, symgrad.Compiled)
    assert type(made).__doc__ == symgrad.Compiled.__doc__


def test_inputs_may_have_the_names_of_the_method() -> None:
    names = sorted(name for name in OWN_NAMES if name not in ("float", "type"))
    made = quickened(" + ".join(f"{k + 1}*{name}" for k, name in enumerate(names)))
    _, derivatives = made(*[1.0] * len(names))
    assert derivatives == {name: k + 1.0 for k, name in enumerate(names)}


def test_no_method_where_it_would_not_help() -> None:
    assert quick("def value():\n    return 1.0\n") is None
    assert quick("def value(x):\n    return x" + " + x" * LONGEST + "\n") is None


def test_threads_may_share_one() -> None:
    made = symgrad.value_and_grad(FORMULA)
    expected = symgrad.value_and_grad(FORMULA)(0.5, 1.5)
    found: list[Any] = []

    def work() -> None:
        found.extend(made(0.5, 1.5) for _ in range(200))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 800
