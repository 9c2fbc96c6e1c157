"""Operations written with the parentheses that they need, and no others."""

import pytest

from symgrad.language.spelling import (
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
from symgrad.language.template import HOLE, Slice

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


def test_a_template_may_use_all_operands() -> None:
    assert Spelling("f({all})").write([X, Y, X]).code == "f(x, y, x)"


@pytest.mark.parametrize(
    ("spelling", "operands", "value", "code"),
    [
        (Spelling("{0}[{key}]", ATOM, (ATOM,), arity=1), [X], (0, 1), "x[0, 1]"),
        (Spelling("{0}[{key}]", arity=1), [X], (Slice(None, 3, None), None), "x[:3, None]"),
        (Spelling("{0}[{key}]", arity=1), [X, Y], (Ellipsis, HOLE), "x[..., y]"),
        (Spelling("{0}[{key}]", arity=1), [X, Y], (Slice(HOLE, None, 2),), "x[y::2]"),
        (Spelling("f({0}, {shape})", arity=1), [X, Y], ((HOLE, 3),), "f(x, (y, 3))"),
        (Spelling("f({0}, {shape})", arity=1), [X], ((4,),), "f(x, (4,))"),
        (Spelling("f({0}, {only})", arity=1), [X], ((4,),), "f(x, 4)"),
        (Spelling("f({s0})", arity=0), [Y], ((HOLE,),), "f(y)"),
        (Spelling("f({0}{kw})", keywords=(("axis", None),)), [X], (None,), "f(x)"),
        (Spelling("f({0}{kw})", keywords=(("axis", None),)), [X], (0,), "f(x, axis=0)"),
        (Spelling("f({0}{kw})", keywords=(("k", 0),), method="f"), [X], (1,), "x.f(k=1)"),
        (Spelling("f({0}{kw})", method="f", arity=1), [Text("a + b", SUM)], (), "f(a + b)"),
        (Spelling("{0}{count}", arity=1), [X], (None,), "xx.size"),
        (Spelling("{count}", arity=1), [X], (1,), "x.shape[1]"),
        (Spelling("{count}", arity=1), [X], ((0, -1),), "(x.shape[0] * x.shape[-1])"),
        (Spelling("{0}[{axes}]", arity=1), [X], (1,), "x[:, None]"),
        (Spelling("{0}[{axes}]", arity=1), [X], (-2,), "x[..., None, :]"),
        (Spelling("{0}[{axes}]", arity=1), [X], ((0, 2),), "x[None, :, None]"),
        (Spelling("f({0}, {v0})", arity=1), [X], (float("inf"),), "f(x, np.inf)"),
    ],
)
def test_attributes(
    spelling: Spelling, operands: list[Text], value: tuple[object, ...], code: str
) -> None:
    assert spelling.write(operands, value).code == code
