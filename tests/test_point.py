"""Inputs as text: what they give, and the exact text of every error."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgrad.errors import SymgradError
from symgrad.point import read_point

HINT = "Values are numbers, constant expressions as pi/2, and lists of them."


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("", {}),
        ("  ", {}),
        ("x=0.5", {"x": 0.5}),
        (" x = 1 , y = 2 ", {"x": 1.0, "y": 2.0}),
        ("x=1\n,\ny=[1,\n 2]\n", {"x": 1.0, "y": [1.0, 2.0]}),
        ("x=.5,y=5.,z=-1e-3", {"x": 0.5, "y": 5.0, "z": -0.001}),
        ("x=1e999,y=-inf", {"x": math.inf, "y": -math.inf}),
        ("λ=pi/2", {"λ": math.pi / 2}),
        ("self=1,lambda=2", {"self": 1.0, "lambda": 2.0}),
        ("x=maximum(1, 2),y=(3)", {"x": 2.0, "y": 3.0}),
        ("x=1 < 2", {"x": 1.0}),
        ("x=1 == 2", {"x": 0.0}),
        ("x=[]", {"x": []}),
        ("x=[[], []]", {"x": [[], []]}),
        ("x=[hypot(3, 4), -1]", {"x": [5.0, -1.0]}),
        ("x=[[1, 2], [3, 4]],y=[[[5]]]", {"x": [[1.0, 2.0], [3.0, 4.0]], "y": [[[5.0]]]}),
    ],
)
def test_values(text: str, point: dict[str, Any]) -> None:
    assert read_point(text)[0] == point


def test_signs_of_zero_and_nan() -> None:
    point = read_point("x=-0.0,y=nan")[0]
    assert math.copysign(1, point["x"]) == -1
    assert math.isnan(point["y"])


def test_where_names_stand() -> None:
    assert read_point("x=1, yy = [2]")[1] == {"x": (0, 1), "yy": (5, 7)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "name=value is expected\n  x\n  ^\nWrite x=0.5,y=[1, 2]."),
        ("0.5", "name=value is expected\n  0.5\n  ^^^\nWrite x=0.5,y=[1, 2]."),
        ("x=1, y==2", "name=value is expected\n  x=1, y==2\n       ^^^^\nWrite x=0.5,y=[1, 2]."),
        ("x=1,", "name=value is expected\n  x=1,\n      ^\nWrite x=0.5,y=[1, 2]."),
        ("x=1,,y=2", "name=value is expected\n  x=1,,y=2\n      ^\nWrite x=0.5,y=[1, 2]."),
        ("x=1,x=2", "the input x is given twice\n  x=1,x=2\n      ^"),
        ("x=,y=1", f"a value is missing\n  x=,y=1\n    ^\n{HINT}"),
        ("x=[1,]", f"a value is missing\n  x=[1,]\n       ^\n{HINT}"),
        ("x=[,1]", f"a value is missing\n  x=[,1]\n     ^\n{HINT}"),
        ("x=1;y=2", "a value ends here\n  x=1;y=2\n     ^\nSeparate inputs by commas."),
        ("x=1 # one", "a value ends here\n  x=1 # one\n      ^\nSeparate inputs by commas."),
        ("x=[1,2", "'[' is never closed\n  x=[1,2\n    ^\nAdd ']'."),
        ("x=sin(1,y=2", "'(' is never closed\n  x=sin(1,y=2\n       ^\nAdd ')'."),
        ("x=1],y=2", "']' closes nothing\n  x=1],y=2\n     ^\nRemove it."),
        ("x=(1]", "']' closes nothing\n  x=(1]\n      ^\nRemove it."),
        (
            "x=[1,[2]]",
            "rows differ in length\n  x=[1,[2]]\n    ^^^^^^^\nFill them up, as with nan.",
        ),
        (
            "x=[[[1], [2]], [[3], [4, 5]]]",
            "rows differ in length\n  x=[[[1], [2]], [[3], [4, 5]]]\n"
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^\nFill them up, as with nan.",
        ),
        ("x=[1]2", "a comma is missing\n  x=[1]2\n       ^\nWrite a list as [1, 2]."),
        ("x=[1 [2]]", "a comma is missing\n  x=[1 [2]]\n     ^^\nWrite a list as [1, 2]."),
        ("x=[1][2]", "a comma is missing\n  x=[1][2]\n       ^\nWrite a list as [1, 2]."),
        ("x=1,y=2*x", f"x has no value here\n  x=1,y=2*x\n        ^^^\n{HINT}"),
        (
            "y=1,x= 2*sinn(1)",
            "unknown function sinn\n  y=1,x= 2*sinn(1)\n           ^^^^\n"
            "Did you mean sin or sinh or sinc?",
        ),
        (
            "x=1_000",
            "digits are not grouped here\n  x=1_000\n    ^^^^^\nWrite 1000, not 1_000.",
        ),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(SymgradError) as raised:
        read_point(text)
    assert str(raised.value) == message


def test_deep_nesting_is_read_without_recursion() -> None:
    value = read_point(f"x={'[' * 50_000}1{']' * 50_000}")[0]["x"]
    for _ in range(50_000):
        [value] = value
    assert value == 1.0


numbers = st.floats()
lists = st.integers(1, 3).flatmap(
    lambda size: st.lists(st.lists(numbers, min_size=size, max_size=size), max_size=3)
)


@given(st.one_of(numbers, st.lists(numbers), lists))
def test_what_python_prints_is_read_back(value: object) -> None:
    assert repr(read_point(f"x={value!r}")[0]["x"]) == repr(value)


@given(st.text(alphabet="x=,[]() 1.-+*;#\n&eλ", max_size=20))
def test_any_text_ends_in_values_or_an_error(text: str) -> None:
    try:
        point, places = read_point(text)
    except SymgradError:
        return
    assert all(text[slice(*places[name])] == name for name in point)
