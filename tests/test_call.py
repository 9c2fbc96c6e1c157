"""What may be passed in, and what comes out: kinds, types, shapes, memory, error state."""

import array
import datetime
import decimal
import fractions
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import symgrad

Value = object
inf, nan = math.inf, math.nan


def leaves(result: object) -> Iterator[Any]:
    """The value and the derivatives, however they are laid out."""
    waiting = [result]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, Mapping):
            waiting[:0] = part.values()
        elif isinstance(part, tuple):
            waiting[:0] = part
        else:
            yield part


# ------------------------------------------------------------------------------- binding


@pytest.mark.parametrize(
    ("args", "named", "message"),
    [
        (
            (1, 2, 3),
            {},
            "3 values for 2 inputs\n  rate*t\n  ^^^^^^\nThe inputs are, in order: rate, t.",
        ),
        (
            (1,),
            {},
            "the input t is missing\n  rate*t\n       ^\nThe inputs are, in order: rate, t.",
        ),
        (
            (),
            {},
            "the inputs rate, t are missing\n  rate*t\n  ^^^^\nThe inputs are, in order: rate, t.",
        ),
        (
            (1,),
            {"rat": 2},
            "rat is not an input of the formula\n  rate*t\n  ^^^^^^\nDid you mean rate?",
        ),
        (
            (1, 2),
            {"zz": 2},
            "zz is not an input of the formula\n  rate*t\n  ^^^^^^\n"
            "The inputs are, in order: rate, t.",
        ),
        ((1,), {"rate": 2}, "the input rate is given twice\n  rate*t\n  ^^^^\nGive it once."),
    ],
)
def test_arguments_that_do_not_fit_the_inputs(
    args: tuple[object, ...], named: dict[str, object], message: str
) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        symgrad.function("rate*t")(*args, **named)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("args", "named", "message"),
    [
        ((1,), {}, "1 value for 0 inputs\n  2*pi\n  ^^^^\nIt has no inputs."),
        ((), {"x": 1}, "x is not an input of the formula\n  2*pi\n  ^^^^\nIt has no inputs."),
    ],
)
def test_arguments_for_a_formula_without_inputs(
    args: tuple[object, ...], named: dict[str, object], message: str
) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        symgrad.function("2*pi")(*args, **named)
    assert str(caught.value) == message


def test_positional_and_keyword_arguments_mix() -> None:
    quotient = symgrad.function("a/b - c")
    assert quotient(8.0, c=1.0, b=2.0) == quotient(8.0, 2.0, 1.0) == quotient(c=1, a=8, b=2) == 3.0


NAMES = """self args cls lambda class none true and_ inputs kwargs named np math print _call _kernel
__class__ __debug__ _ e I S beta gamma α value grad dx t1 x_ range exp sin""".split()


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_keyword_argument(name: str) -> None:
    gradient = symgrad.grad(f"{name}**2 + {name}")
    assert gradient.inputs == (name,)
    assert gradient(**{name: 3.0}) == 7.0
    assert gradient(**{name: np.array([3.0])}).tolist() == [7.0]


# ------------------------------------------------------------------------------- what is taken


class Frame:
    """A table of another library, which NumPy can read."""

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return np.array([1.0, 2.0])


class Broken:
    """An object that raises when NumPy reads it."""

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        raise RuntimeError("the file is gone")


class Real(float):
    """A number of a user's own type."""


READABLE: list[tuple[Value, object, type]] = [
    (1, 2.0, float),
    (1.5, 3.0, float),
    (True, 2.0, float),
    (2**70, 2.0**71, float),
    (-(2**63) - 1, -(2.0**64), float),
    (Real(1.5), 3.0, np.float64),
    (np.float64(1.5), 3.0, np.float64),
    (np.float32(1.5), 3.0, np.float32),
    (np.float16(1.5), 3.0, np.float16),
    (np.longdouble(1.5), 3.0, np.longdouble),
    (np.int8(100), 200.0, np.float64),
    (np.uint64(2**63), 2.0**64, np.float64),
    (np.bool_(True), 2.0, np.float64),
    (np.array(1.5), 3.0, np.float64),
    (np.array(1.5, dtype="f4"), 3.0, np.float32),
    ([1, 2], [2.0, 4.0], np.ndarray),
    ((1, 2.5), [2.0, 5.0], np.ndarray),
    ([[1, 2], [3, 4.5]], [[2.0, 4.0], [6.0, 9.0]], np.ndarray),
    ([2**70, 1], [2.0**71, 2.0], np.ndarray),
    ([np.float32(1), 2], [2.0, 4.0], np.ndarray),
    (range(3), [0.0, 2.0, 4.0], np.ndarray),
    (array.array("d", [1, 2]), [2.0, 4.0], np.ndarray),
    ([], [], np.ndarray),
    (np.zeros((0, 3)), [], np.ndarray),
    (np.array([1, 2], dtype=">i4"), [2.0, 4.0], np.ndarray),
    (np.array([1, 2], dtype=">f8"), [2.0, 4.0], np.ndarray),
    (np.arange(6.0)[::2], [0.0, 4.0, 8.0], np.ndarray),
    (np.ma.array([1.0, 2.0]), [2.0, 4.0], np.ndarray),
    (Frame(), [2.0, 4.0], np.ndarray),
]


@pytest.mark.parametrize(("value", "doubled", "kind"), READABLE, ids=lambda v: repr(v)[:30])
def test_numbers_and_arrays_of_every_kind(value: Value, doubled: object, kind: type) -> None:
    result = symgrad.function("2*x")(value)
    assert type(result) is kind
    assert (result.tolist() if isinstance(result, np.ndarray) else float(result)) == doubled


ARRAYS = "Pass a number, an array, or nested lists with rows of equal length."
REAL = "Inputs are real numbers, or arrays and lists of them."
UNREADABLE: list[tuple[Value, str, str]] = [
    (None, "holds objects of type NoneType", REAL),
    ("1", "holds text", REAL),
    (b"1", "holds bytes", REAL),
    (1j, "holds complex numbers", REAL),
    (np.array([1 + 0j]), "holds complex numbers", REAL),
    (np.array([1, 2], dtype=object), "holds objects of type int", REAL),
    ([1, None], "holds objects of type NoneType", REAL),
    ([1, "a"], "holds text", REAL),
    (fractions.Fraction(1, 3), "holds objects of type Fraction", REAL),
    ([decimal.Decimal("1.5")], "holds objects of type Decimal", REAL),
    (datetime.date(2020, 1, 1), "holds objects of type date", REAL),
    (np.datetime64("2020-01-01"), "holds dates", REAL),
    (np.timedelta64(3, "s"), "holds times", REAL),
    ({"a": 1}, "holds objects of type dict", REAL),
    ({1, 2}, "holds objects of type set", REAL),
    (iter([1]), "holds objects of type list_iterator", REAL),
    (np.zeros(2, dtype=[("a", "f8")]), "holds values of type [('a', '<f8')]", REAL),
    (np.zeros(0, dtype=object), "holds values of type object", REAL),
    (10**400, "holds an integer too large for a double", "Doubles end at 1.8e308."),
    ([1, 10**400], "holds an integer too large for a double", "Doubles end at 1.8e308."),
    (Broken(), "cannot be read as an array: the file is gone", ARRAYS),
    (
        np.ma.array([1.0, 2.0], mask=[False, True]),
        "has masked elements",
        "Give them values: filled(0.0) puts zeros there.",
    ),
]


@pytest.mark.parametrize(("value", "what", "hint"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_holds_no_real_numbers_is_refused_by_name(value: Value, what: str, hint: str) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        symgrad.grad("2*rate + t")(1.0, value)
    assert str(caught.value) == f"the input t {what}\n  2*rate + t\n           ^\n{hint}"


def test_rows_of_different_lengths_are_refused_by_name() -> None:
    with pytest.raises(symgrad.InputError) as caught:
        symgrad.function("x")([[1, 2], [3]])
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("the input x cannot be read as an array: ")
    assert rest == ["  x", "  ^", ARRAYS]


def test_an_integer_too_large_for_64_bits_beside_an_array() -> None:
    assert symgrad.function("x*y")(2**70, [1.0, 2.0]).tolist() == [2.0**70, 2.0**71]


# ------------------------------------------------------------------------------- types


@pytest.mark.parametrize(
    ("x", "y", "dtype"),
    [
        (np.ones(2, "f4"), np.ones(2, "f4"), "f4"),
        (np.ones(2, "f4"), 2, "f4"),
        (np.ones(2, "f4"), 1e300, "f4"),
        (np.ones(2, "f4"), True, "f4"),
        (np.float32(1), 2.0, "f4"),
        (np.ones(2, "f4"), np.ones(2, "f8"), "f8"),
        (np.ones(2, "f4"), np.float64(1), "f8"),
        (np.ones(2, "f4"), np.ones(2, "i1"), "f8"),
        (np.ones(2, "f4"), [1.0, 2.0], "f8"),
        (np.ones(2, "f2"), np.ones(2, "f4"), "f4"),
        (np.ones(2, "f8"), np.ones(2, "g"), "g"),
        (np.ones(2, "i4"), np.ones(2, "?"), "f8"),
    ],
)
def test_the_widest_type_counts(x: Value, y: Value, dtype: str) -> None:
    formula = "where(x > 0, x*y, sin(y)) + maximum(y, 0) + x**0"
    results = symgrad.value_and_grad(formula)(x, y)
    assert [leaf.dtype for leaf in leaves(results)] == [np.dtype(dtype)] * 3


FORMULAS = [
    formula.strip()
    for formula in """
x | -x | x*y | x + y | sin(x + y) | 3 | pi + 0*x | where(x > 0, x, y) | where(x > 0, 1, 2)
| maximum(x, y) | relu(x) | clip(x, -1, 1) | x**2 | x**0 | x**1 | 1*x | exp(log(x)) | floor(x)
| heaviside(x, 0.5) | x if x > 0 else y | a = x; b = a; b | y | sign(x) | (x < y)*2 | x + x
| 1/x | x**y | gammaln(x) | x + 0*y | leaky_relu(x) | sinc(x) | round(x) | hypot(x, y)
| where(x > 0, 1, 0)*y
""".split("|")
]
VERBS = (symgrad.function, symgrad.grad, symgrad.value_and_grad)
SHAPES = [((3,), (3,)), ((3,), ()), ((2, 3), (3,)), ((3, 1), (1, 3)), ((0,), ()), ((2, 0), (1, 0))]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("formula", FORMULAS)
def test_results_own_their_memory_and_inputs_stay(
    formula: str, verb: Callable[[str], symgrad.Compiled]
) -> None:
    compiled = verb(formula)
    for shapes in SHAPES:
        for dtype in ("f8", "f4", "i4"):
            inputs = {
                name: np.arange(-1, math.prod(shape) - 1).reshape(shape).astype(dtype)
                for name, shape in zip("xy", shapes, strict=True)
                if name in compiled.inputs
            }
            before = {name: values.copy() for name, values in inputs.items()}
            for values in inputs.values():
                values.flags.writeable = False
            results = list(leaves(compiled(**inputs)))
            arrays = [r for r in results if isinstance(r, np.ndarray)]
            assert all(r.ndim and r.flags.writeable for r in arrays)
            for which, result in enumerate(arrays):
                others = [*inputs.values(), *arrays[:which]]
                assert not any(np.shares_memory(result, other) for other in others)
                result[...] = 7
            again = leaves(compiled(**inputs))
            assert not any(np.any(result == 7) for result in again)
            assert all(np.array_equal(inputs[n], before[n]) for n in inputs)
            if verb is not symgrad.function:
                derivatives = results[-len(compiled.wrt) :] if compiled.wrt else []
                assert [d.shape for d in derivatives] == [inputs[n].shape for n in compiled.wrt]
            if inputs:
                wanted = np.dtype("f4" if dtype == "f4" else "f8")
                assert {r.dtype for r in results} == {wanted}


@pytest.mark.parametrize("formula", ["v[0]", "v[0]*v[1]", "v[-1] + v", "v[1]*0 + 1"])
def test_indexed_results_own_their_memory(formula: str) -> None:
    v = np.array([[1.0, 2.0], [3.0, 4.0]])
    value, derivative = symgrad.value_and_grad(formula)(v)
    assert not np.shares_memory(value, v)
    assert not np.shares_memory(derivative, v)
    assert not np.shares_memory(derivative, value)
    assert derivative.shape == v.shape


# ------------------------------------------------------------------------------- numbers of Python


@pytest.mark.parametrize("formula", [f for f in FORMULAS if f != "gammaln(x)"])
@pytest.mark.parametrize("x", [0, 0.0, -0.0, -5, 5.5, 1e308, -1e308, inf, -inf, nan, True])
def test_numbers_give_floats_that_are_numpys_to_rounding(formula: str, x: float) -> None:
    compiled = symgrad.value_and_grad(formula)
    args = (x, 2)[: len(compiled.inputs)]
    ours = list(leaves(compiled(*args)))
    numpys = list(leaves(compiled(*map(np.float64, args))))
    assert {type(number) for number in ours} == {float}
    np.testing.assert_array_max_ulp(np.array(ours), np.array(numpys, dtype="f8"), maxulp=4)


def test_conditions_give_ones_and_zeros_in_the_type_of_the_inputs() -> None:
    below = symgrad.function("x < 2 and not isnan(x)")
    assert repr(below(1)) == "1.0"
    assert repr(below(5.0)) == "0.0"
    assert repr(below(np.float32(1))) == "np.float32(1.0)"
    assert below([1.0, 5.0]).tolist() == [1.0, 0.0]
    assert below(np.ones(2, "f4")).dtype == np.float32


def test_a_formula_without_inputs_gives_numbers() -> None:
    assert symgrad.function("2*pi")() == 2 * math.pi
    assert repr(symgrad.function("1 < 2")()) == "1.0"
    assert symgrad.grad("2*pi")() == {}
    assert symgrad.value_and_grad("2*pi", wrt=())() == (2 * math.pi, ())


@pytest.mark.parametrize(
    ("formula", "x", "value"),
    [
        ("exp(x)", 800, inf),
        ("log(x)", 0, -inf),
        ("1/x", 0, inf),
        ("sqrt(x)", -1, nan),
        ("x**2", 1e200, inf),
    ],
)
def test_where_pythons_math_raises_numpys_answer_is_taken(
    formula: str, x: float, value: float
) -> None:
    result = symgrad.function(formula)(x)
    assert type(result) is float
    assert repr(result) == repr(value)


# ------------------------------------------------------------------------------- error state


def test_error_state_and_warnings_neither_matter_nor_change() -> None:
    compiled = symgrad.value_and_grad("log(x)/x + exp(1000*x) + x**-1 + sqrt(-x) + arcsin(x)")
    inputs = np.array([0.0, 1.0, -1.0, 1e308, nan, inf])
    expected = compiled(inputs)
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        state, filters = np.geterr(), list(warnings.filters)
        results = compiled(inputs)
        fresh = symgrad.value_and_grad("x + 9**9**9")(inputs[:2])
        numbers = compiled(0.0)
        assert np.geterr() == state
        assert warnings.filters == filters
    np.testing.assert_array_equal(results, expected)
    assert fresh[0].tolist() == [inf, inf]
    assert type(numbers[0]) is float


def test_nothing_to_pass_and_no_form_for_numbers_alone() -> None:
    value, slopes = symgrad.value_and_grad("log(erfc(3)/2)")()
    assert (value, slopes) == (pytest.approx(math.log(math.erfc(3) / 2), rel=1e-15), {})
