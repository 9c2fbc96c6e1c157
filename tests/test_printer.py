"""What is printed is read as the same tree, and has no parentheses too many."""

import pytest
from hypothesis import given

from symgrad.errors import SymgradError
from symgrad.language.printer import OPERATORS, unparse, unparse_statements
from symgrad.language.tree import Statement, Tree
from symgrad.syntax import parse
from tests.trees import COMPARISONS, expressions, outline, program_outline, programs


@given(expressions)
def test_an_expression_is_read_as_it_was_printed(tree: Tree) -> None:
    (statement,) = parse(unparse(tree))
    assert statement.target is None
    assert outline(statement.body) == outline(tree)


@given(programs())
def test_a_program_is_read_as_it_was_printed(statements: tuple[Statement, ...]) -> None:
    text = unparse_statements(statements)
    assert program_outline(parse(text)) == program_outline(statements)


@given(expressions)
def test_no_parentheses_can_be_left_out(tree: Tree) -> None:
    """But for those around `not`, which alone is the operator wherever an operand follows."""
    text = unparse(tree)
    pairs, opened = [], []
    for place, sign in enumerate(text):
        if sign == "(":
            opened.append(place)
        elif sign == ")":
            pairs.append((opened.pop(), place))
    for left, right in pairs:
        is_call = left > 0 and (text[left - 1].isalnum() or text[left - 1] == "_")
        inside = text[left + 1 : right]
        is_tuple = "," in inside or not inside
        before_dot = text[right + 1 : right + 2] == "." and inside[0].isdigit()
        if is_call or inside == "not" or is_tuple or before_dot:
            continue
        fewer = f"{text[:left]} {text[left + 1 : right]} {text[right + 1 :]}"
        assert not _reads_as(fewer, tree), f"{text} could be {fewer}"


def _reads_as(text: str, tree: Tree) -> bool:
    try:
        statements = parse(text)
    except SymgradError:
        return False
    return len(statements) == 1 and outline(statements[0].body) == outline(tree)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("((a))+(b)", "a + b"),
        ("(a-b)-c", "a - b - c"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a*b)/c*(d/e)", "a * b / c * (d / e)"),
        ("-x**2", "-x**2"),
        ("(-x)**2", "(-x)**2"),
        ("2^3^2", "2**3**2"),
        ("(2**3)**2", "(2**3)**2"),
        ("2**-x", "2**-x"),
        ("-(-x) - +y", "--x - +y"),
        ("-(a*b)", "-(a * b)"),
        ("-a*b", "-a * b"),
        ("a<b<=c", "a < b <= c"),
        ("(a<b)<=c", "(a < b) <= c"),
        ("~a&b|c", "not a and b or c"),
        ("~(a<b)", "not a < b"),
        ("(not a)<b", "(not a) < b"),
        ("(a|b)+1", "(a or b) + 1"),
        ("a if b else c if d else e", "a if b else c if d else e"),
        ("(a if b else c) if (d if p else q) else e", "(a if b else c) if (d if p else q) else e"),
        ("f(a,b=(c if d else e),)", "f(a, b=c if d else e)"),
        ("(a+b)[0,-1][2]", "(a + b)[0, -1][2]"),
        ("f(x)[0]", "f(x)[0]"),
        ("if*(else+and)", "if * (else + and)"),
        ("not + not", "not +(not)"),
        ("(not)*not", "(not) * (not)"),
        ("(a @ b) @ c * (d @ e)", "a @ b @ c * (d @ e)"),
        ("(a+b).T[0].T", "(a + b).T[0].T"),
        ("(-1).T + -1 .T", "(-1).T + -(1).T"),
        ("(1e5).T[(2)].mT", "(100000).T[2].mT"),
        ("x.sum(axis=(0,1),keepdims=True)", "sum(x, axis=(0, 1), keepdims=True)"),
        ("[a,[b],(),(c,),(d,e,),[]]", "[a, [b], (), (c,), (d, e), []]"),
        ("x[:,1:,:2,::3,1:2:3,None,...]", "x[:, 1:, :2, ::3, 1:2:3, None, ...]"),
        ("x[a,]", "x[a]"),
        ("x[(a,b)]", "x[(a, b)]"),
        ("not([a]) and not('a')", "not ([a]) and not ('a')"),
        ("not([a].T[0]+1)", "not ([a]).T[0] + 1"),
        ('f("a","it\'s",\'a"b\')', "f('a', \"it's\", 'a\"b')"),
        ("X:(n,d,);w:(d,);b:scalar;X@w+b", "X: (n, d)\nw: (d,)\nb: scalar\nX @ w + b"),
        ("Q,R=qr(A);(q,)=f(Q)", "Q, R = qr(A)\n(q,) = f(Q)"),
        ("1e400+1E3+.5+007.+1e22", "1e400 + 1000 + 0.5 + 7 + 1e+22"),
        ("a=1;;f(x)=a*x # f\r\nf(2)", "a = 1\nf(x) = a * x\nf(2)"),
    ],
)
def test_the_style(text: str, printed: str) -> None:
    assert unparse_statements(parse(text)) == printed


def test_every_operator_of_the_language_is_known() -> None:
    text = "-a + +b - c * d / e**f @ h if a and b or not c else g"
    (statement,) = parse(text)
    ops = {op for op, _, count in outline(statement.body) if count}
    assert ops == OPERATORS.keys() - COMPARISONS
    assert unparse(statement.body) == text


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["x"] * 20_000),
        "**".join(["x"] * 20_000),
        "-" * 20_000 + "x",
        "not " * 20_000 + "x",
        "sin(" * 20_000 + "x" + ")" * 20_000,
        "x - (" * 20_000 + "x" + ")" * 20_000,
        "a if b else " * 20_000 + "x",
    ],
    ids=lambda text: text[:8],
)
def test_depth(text: str) -> None:
    assert unparse(parse(text)[0].body) == text.replace("x - (x)", "x - x")
