"""Operations written with the parentheses that they need, and no others."""

import pytest

from symgrad.spelling import (
    ATOM,
    COMPARE,
    INFIX,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Spelling,
    Text,
    call,
    call2,
)

X, Y = Text("x"), Text("y")


@pytest.mark.parametrize(
    ("op", "left", "right", "code"),
    [
        ("add", Text("a + b", SUM), X, "a + b + x"),
        ("add", X, Text("a + b", SUM), "x + (a + b)"),
        ("subtract", X, Text("a - b", SUM), "x - (a - b)"),
        ("multiply", Text("a + b", SUM), X, "(a + b) * x"),
        ("multiply", X, Text("a / b", PRODUCT), "x * (a / b)"),
        ("divide", Text("a * b", PRODUCT), X, "a * b / x"),
        ("multiply", Text("-a", SIGN), X, "-a * x"),
        ("multiply", X, Text("-a", SIGN), "x * -a"),
        ("power", X, Text("2"), "x**2"),
        ("power", Text("-a", SIGN), Text("2"), "(-a) ** 2"),
        ("power", X, Text("-2", SIGN), "x**-2"),
        ("power", Text("a**b", POWER), Text("2"), "(a**b) ** 2"),
        ("power", Text("f(x)"), Text("2"), "f(x) ** 2"),
        ("power", X, Text("a + b", SUM), "x ** (a + b)"),
        ("less", Text("a < b", COMPARE), X, "(a < b) < x"),
    ],
)
def test_infix(op: str, left: Text, right: Text, code: str) -> None:
    assert INFIX[op].write([left, right]).code == code


def test_calls() -> None:
    assert call("np.exp").write([Text("a + b", SUM)]).code == "np.exp(a + b)"
    assert call2("np.hypot").write([X, Y]).code == "np.hypot(x, y)"


def test_a_template_may_use_the_value_and_all_operands() -> None:
    assert Spelling("{0}[{value}]", ATOM, (ATOM,)).write([X], "0, 1").code == "x[0, 1]"
    assert Spelling("f({all})").write([X, Y, X]).code == "f(x, y, x)"
