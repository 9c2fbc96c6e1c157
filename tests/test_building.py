"""What the parser builds: operations, operands, keys, places; what it refuses though it is read."""

from typing import Any

import pytest

from symgrad.errors import FormulaSyntaxError
from symgrad.language.template import HOLE, Slice
from symgrad.language.tree import Callee, Tree
from symgrad.syntax import parse


def only(text: str) -> Tree:
    (statement,) = parse(text)
    return statement.body


@pytest.mark.parametrize(
    ("text", "op", "value", "operands"),
    [
        ("a @ b", "matmul", None, ["a", "b"]),
        ("-a", "negative", None, ["a"]),
        ("a < b >= c", "compare", ("<", ">="), ["a", "b", "c"]),
        ("[a, [b], 1]", "list", None, ["a", "[b]", "1"]),
        ("[]", "list", None, []),
        ("()", "tuple", None, []),
        ("(a,)", "tuple", None, ["a"]),
        ("(a, b + 1,)", "tuple", None, ["a", "b + 1"]),
        ("'ij,jk'", "literal", "ij,jk", []),
        ('"it\'s"', "literal", "it's", []),
        ("None", "name", "None", []),
        ("(a + b).T", "attribute", "T", ["(a + b)"]),
        ("x.T.mT", "attribute", "mT", ["x.T"]),
        ("x[0]", "index", (HOLE,), ["x", "0"]),
        ("x[a, b]", "index", (HOLE, HOLE), ["x", "a", "b"]),
        ("x[...]", "index", (Ellipsis,), ["x"]),
        ("x[:]", "index", (Slice(None, None, None),), ["x"]),
        ("x[a:, :b]", "index", (Slice(HOLE, None, None), Slice(None, HOLE, None)), ["x", "a", "b"]),
        ("x[::-1, i]", "index", (Slice(None, None, HOLE), HOLE), ["x", "-1", "i"]),
        ("x[a:b:c]", "index", (Slice(HOLE, HOLE, HOLE),), ["x", "a", "b", "c"]),
        ("x[a::c]", "index", (Slice(HOLE, None, HOLE),), ["x", "a", "c"]),
        ("x[m][0]", "index", (HOLE,), ["x[m]", "0"]),
    ],
)
def test_a_tree(text: str, op: str, value: Any, operands: list[str]) -> None:
    tree = only(text)
    assert (tree.op, tree.value) == (op, value)
    assert [text[slice(*arg.span)] for arg in tree.args] == operands
    assert text[slice(*tree.span)] == text


@pytest.mark.parametrize(
    ("text", "name", "keywords", "operands"),
    [
        ("f()", "f", (), []),
        ("f(a, k=b,)", "f", ("k",), ["a", "b"]),
        ("x.sum()", "sum", (), ["x"]),
        ("x.sum(axis=(0, 1), keepdims=True)", "sum", ("axis", "keepdims"), ["x", "(0, 1)", "True"]),
        ("(x + y)[0].clip(a, max=b)", "clip", ("max",), ["(x + y)[0]", "a", "b"]),
        ("np.T.sum()", "sum", (), ["np.T"]),
    ],
)
def test_a_call(text: str, name: str, keywords: tuple[str, ...], operands: list[str]) -> None:
    tree = only(text)
    callee = tree.value
    assert isinstance(callee, Callee)
    assert (callee.name, callee.keywords) == (name, keywords)
    assert text[slice(*callee.span)] == name
    assert [text[slice(*span)] for span in callee.keyword_spans] == list(keywords)
    assert [text[slice(*arg.span)] for arg in tree.args] == operands
    assert text[slice(*tree.span)] == text


@pytest.mark.parametrize(
    ("text", "target", "body", "declares"),
    [
        ("x", None, "x", False),
        ("a = x", "a", "x", False),
        ("Q, R = qr(A)", "Q, R", "qr(A)", False),
        ("(Q, R) = qr(A)", "(Q, R)", "qr(A)", False),
        ("X: (n, d)", "X", "(n, d)", True),
        ("b: scalar", "b", "scalar", True),
    ],
)
def test_a_statement(text: str, target: str | None, body: str, declares: bool) -> None:
    (statement,) = parse(text)
    found = statement.target and text[slice(*statement.target.span)]
    assert (found, text[slice(*statement.body.span)], statement.declares) == (
        target, body, declares,
    )  # fmt: skip
    assert text[slice(*statement.span)] == text


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("np.sum(x)", "np", "Write sum(...)."),
        ("2 * numpy.linalg.norm(x)", "numpy.linalg", "Write norm(...)."),
        ("np.inf", "np.inf", "Write inf."),
        ("math.e * x", "math.e", "Write exp(1)."),
        ("x[np.newaxis]", "np.newaxis", "Write None."),
        ("1:n", ":", "Write arange(n) for a range, x[1:3] to pick elements."),
        ("X: [n, d]", "[n, d]", "Write X: (n, d)."),
        ("x.not()", "not", "Write not x."),
        ("x.clip(min=0, 1)", "1", "Write the arguments without names first."),
    ],
)
def test_what_is_refused(text: str, place: str, hint: str) -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        parse(text)
    assert caught.value.span is not None
    assert (text[slice(*caught.value.span)], caught.value.hint) == (place, hint)
