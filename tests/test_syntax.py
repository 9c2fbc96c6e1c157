"""Formula text to tree: what is one and what is not, places, line ends, names, numbers."""

import lark
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from symgrad.errors import DefinitionError, FormulaSyntaxError, SymgradError
from symgrad.language.parser import STARTS, grammar_text
from symgrad.language.printer import unparse, unparse_statements
from symgrad.language.tree import postorder
from symgrad.syntax import parse, parse_rewrite, parse_row, target_of
from tests.trees import outline, program_outline

GRAMMAR = lark.Lark(grammar_text(), start=STARTS)
# Patterns that look around themselves, and a few spellings of others, so that most are formulas.
TERMINALS = {
    "NOT": ["not "],
    "_IF": [" if "],
    "_ELSE": [" else "],
    "_OR": [" or "],
    "_AND": [" and "],
    "_POWER": ["**", "^"],
    "COMPARE": ["<", "<=", ">", ">=", "==", "!="],
    "NAME": ["x", "y2", "if", "not", "and", "λ", "_"],
    "STRING": ["'ij,jk'", "''"],
    "NUMBER": ["1", "2", "007", "12", "0.5", "1e5"],
    "__IGNORE_0": [" ", "\t"],
    "__IGNORE_1": [" "],
}
SPELLINGS = {name: st.sampled_from(texts) for name, texts in TERMINALS.items()}


def survives_printing_or_ends_in_an_error(text: str) -> None:
    try:
        statements = parse(text)
    except SymgradError:
        return
    again = parse(unparse_statements(statements))
    assert program_outline(again) == program_outline(statements)


@pytest.mark.parametrize(("rule", "examples"), [("atom", 12), ("power", 6), ("signed", 4)])
def test_texts_of_the_grammar(rule: str, examples: int) -> None:
    """Looser rules make texts that grow without end."""
    texts = from_lark(GRAMMAR, start=rule, explicit=SPELLINGS)
    ways = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    check = given(texts)(survives_printing_or_ends_in_an_error)
    settings(max_examples=examples, suppress_health_check=ways)(check)()


@given(st.text(st.sampled_from("xy01.e+-*/^@()[],:;=<>!&|~#% \n\r\tifelsnotard\"'é"), max_size=40))
def test_any_text(text: str) -> None:
    survives_printing_or_ends_in_an_error(text)


TOKENS = (
    "x y if else not and or ( ) f( , [0] [ ] + - ** < == = 2 .5 1e3 # ; ~ & | "
    "@ : ... .T .f( None 'a' \"b'\""
).split()


@given(st.lists(st.sampled_from([*TOKENS, "\n"]), max_size=15))
def test_any_tokens(tokens: list[str]) -> None:
    survives_printing_or_ends_in_an_error(" ".join(tokens))


def printed(text: str) -> str:
    """The text of a formula on one line."""
    return unparse_statements(parse(text)).replace("\n", "; ")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a\nb", "a; b"),
        ("a\rb\r\nc\n\n;d", "a; b; c; d"),
        ("\n\na;;\n", "a"),
        ("a = 1 # one\n# two\nb # three", "a = 1; b"),
        ("a +\nb", "a + b"),
        ("a + # more\n\n  b", "a + b"),
        ("a\n+ b", "a; +b"),
        ("(a\n+ b)", "a + b"),
        ("f(a,\r\n b\n)[0,\n1]", "f(a, b)[0, 1]"),
        ("a =\n b", "a = b"),
        ("a **\n-b", "a**-b"),
        ("a <\nb", "a < b"),
        ("a and\nb or\nnot\nc", "a and b or not c"),
        ("a if\nb else\nc", "a if b else c"),
        ("a &\n~\nb |\nc", "a and not b or c"),
    ],
)
def test_lines(text: str, same: str) -> None:
    assert printed(text) == same


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a + b * c ** d", "a + (b * (c ** d))"),
        ("a - b - c", "(a - b) - c"),
        ("a / b * c", "(a / b) * c"),
        ("-x**2", "-(x**2)"),
        ("2**3**2", "2**(3**2)"),
        ("2**-x**2", "2**(-(x**2))"),
        ("-x[0]**2", "-((x[0])**2)"),
        ("-a * b", "(-a) * b"),
        ("~a & b", "(~a) & b"),
        ("not a & b", "not (a & b)"),
        ("~a < b", "(~a) < b"),
        ("not a < b", "not (a < b)"),
        ("a & b < c", "(a & b) < c"),
        ("a and b < c", "a and (b < c)"),
        ("a | b & c", "a | (b & c)"),
        ("a or b and c", "a or (b and c)"),
        ("a + b & c", "(a + b) & c"),
        ("a or b if c else d", "(a or b) if c else d"),
        ("a if b else c if d else e", "a if b else (c if d else e)"),
        ("a ^ b", "a ** b"),
        ("+a", "+a"),
        ("a < b < c", "a < b < c"),
        ("a @ b * c @ d", "((a @ b) * c) @ d"),
        ("a @ b + c", "(a @ b) + c"),
        ("-a @ b", "(-a) @ b"),
        ("a @ -b", "a @ (-b)"),
        ("a @ b**2", "a @ (b**2)"),
        ("-x.T", "-(x.T)"),
        ("-2 .T", "-((2).T)"),
        ("x.T**2", "(x.T)**2"),
        ("x**y.T", "x**(y.T)"),
        ("x.T[0].T", "((x.T)[0]).T"),
        ("x.T @ y.T", "(x.T) @ (y.T)"),
        ("[a, b if c else d]", "[a, (b if c else d)]"),
        ("x[a if b else c:d]", "x[(a if b else c):d]"),
    ],
)
def test_precedence(text: str, same: str) -> None:
    assert program_outline(parse(text)) == program_outline(parse(same))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x.sum()", "sum(x)"),
        ("x.sum(axis=0)", "sum(x, axis=0)"),
        ("(a + b).clip(0, max=1)", "clip(a + b, 0, max=1)"),
        ("x.T.dot(y).sum()", "sum(dot(x.T, y))"),
        ("[a, b,]", "[a, b]"),
        ("(a, b,)", "(a, b)"),
        ("x[a,]", "x[a]"),
        ("x[a:b:]", "x[a:b]"),
        ("x[::]", "x[:]"),
        ("x [0] . T", "x[0].T"),
        ("Q, R = qr(A); Q", "(Q, R) = qr(A); Q"),
        ('f("a")', "f('a')"),
    ],
)
def test_two_ways_to_write_one_tree(text: str, same: str) -> None:
    assert program_outline(parse(text)) == program_outline(parse(same))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("(a,)", "(a)"),
        ("[a]", "[[a]]"),
        ("x[a:b]", "x[a, b]"),
        ("x[a:]", "x[:a]"),
        ("x[::a]", "x[:a]"),
        ("x[(a, b)]", "x[a, b]"),
        ("x[...]", "x[:]"),
        ("x: y", "x = y"),
        ("'x'", "x"),
    ],
)
def test_trees_that_differ(text: str, other: str) -> None:
    assert program_outline(parse(text)) != program_outline(parse(other))


def test_a_chain_is_no_comparison_of_a_comparison() -> None:
    assert program_outline(parse("a < b < c")) != program_outline(parse("(a < b) < c"))


@pytest.mark.parametrize(
    "name",
    "not and or if else lambda None True self np e I S beta sin clip pi nan x_1 _ Ω ς".split(),
)
def test_every_name_is_free(name: str) -> None:
    for text in (name, f"({name}) + {name}", f"f({name}, {name}={name})", f"{name} = {name}"):
        found = [t.value for s in parse(text) for t in postorder(s.body) if t.op == "name"]
        assert found == [name] * len(found) != []


def test_not_before_an_operand_is_the_operator() -> None:
    assert printed("not x") == printed("not(x)") == "not x"
    assert printed("not + 1") == "not +1"
    assert printed("not * 1") == "(not) * 1"
    assert printed("nothing + not_") == "nothing + not_"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0), ("00012", 12.0), ("1.", 1.0), (".5", 0.5), ("1.e3", 1000.0),
        ("2.5E-3", 0.0025), ("1e400", float("inf")), ("1e-400", 0.0),
        ("1" * 10_000, float("inf")), ("0." + "3" * 10_000, 1 / 3), ("9007199254740993", 2.0**53),
    ],
)  # fmt: skip
def test_numbers_are_doubles(text: str, value: float) -> None:
    assert parse(text)[0].body.value == value


def test_places() -> None:
    """Each tree knows its text, with the parentheses around it."""
    text = "a = (x + 1)*-f(y, k=2)[0] if p < q else r\na"
    (assigned, _) = parse(text)
    texts = [text[slice(*tree.span)] for tree in postorder(assigned.body)]
    assert texts == [
        "x", "1", "(x + 1)", "y", "2", "f(y, k=2)", "0", "f(y, k=2)[0]", "-f(y, k=2)[0]",
        "(x + 1)*-f(y, k=2)[0]", "p", "q", "p < q", "r", "(x + 1)*-f(y, k=2)[0] if p < q else r",
    ]  # fmt: skip
    assert text[slice(*assigned.span)] == text[:-2]
    callee = next(t.value for t in postorder(assigned.body) if t.op == "call")
    assert text[slice(*callee.span)] == "f"
    assert [text[slice(*span)] for span in callee.keyword_spans] == ["k"]


def test_targets() -> None:
    text = "a = 1; f(x, y) = 2; g() = 3"
    assert [target_of(s, text) for s in parse(text)] == [
        ("a", None),
        ("f", ("x", "y")),
        ("g", ()),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x + 1 = 2", FormulaSyntaxError),
        ("f(x, 1) = 2", DefinitionError),
        ("f(x, x) = 2", DefinitionError),
        ("f(x, y=1) = 2", DefinitionError),
    ],
)
def test_what_cannot_be_assigned(text: str, error: type[SymgradError]) -> None:
    (statement,) = parse(text)
    with pytest.raises(error):
        target_of(statement, text)


@pytest.mark.parametrize("text", ["", " \t", "\n;\r\n;", "# nothing", "# a\n# b\r# c"])
def test_an_empty_formula(text: str) -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        parse(text)
    assert str(caught.value) == "the formula is empty\nWrite an expression, as x**2 + 1."


def test_a_row() -> None:
    row = parse_row("f(c: bool, x, s=-0.5) -> bool = c = x < s : 0, g, g*out")
    assert (row.name, row.kind) == ("f", "bool")
    assert [(p.name, p.kind) for p in row.parameters] == [
        ("c", "bool"), ("x", "number"), ("s", "number"),
    ]  # fmt: skip
    assert [p.default and unparse(p.default) for p in row.parameters] == [None, None, "-0.5"]
    assert [unparse(t) for t in row.definitions] == ["c", "x < s"]
    assert [unparse(t) for t in row.derivatives] == ["0", "g", "g * out"]
    bare = parse_row("one() = 1")
    assert (bare.parameters, bare.derivatives) == ((), ())


def test_a_rewrite() -> None:
    rule = parse_rewrite("x + -y -> x - y : constant(x), even(y)")
    assert unparse(rule.pattern) == "x + -y"
    assert unparse(rule.replacement) == "x - y"
    assert [unparse(t) for t in rule.guards] == ["constant(x)", "even(y)"]
    assert parse_rewrite("x -> y").guards == ()


SIZE = 20_000


@pytest.mark.parametrize(
    ("text", "trees"),
    [
        ("x+" * SIZE + "x", 2 * SIZE + 1),
        ("(" * SIZE + "x" + ")" * SIZE, 1),
        ("-" * SIZE + "x", SIZE + 1),
        ("~" * SIZE + "x", SIZE + 1),
        ("not " * SIZE + "x", SIZE + 1),
        ("x if y else " * SIZE + "z", 3 * SIZE + 1),
        ("x**" * SIZE + "x", 2 * SIZE + 1),
        ("f(" * SIZE + "x" + ")" * SIZE, SIZE + 1),
        ("x" + "[0]" * SIZE, 2 * SIZE + 1),
        ("x" + "[:, None]" * SIZE, 2 * SIZE + 1),
        ("x" + ".T" * SIZE, SIZE + 1),
        ("x" + ".f()" * SIZE, SIZE + 1),
        ("[" * SIZE + "x" + "]" * SIZE, SIZE + 1),
        ("(" * SIZE + "x" + ",)" * SIZE, SIZE + 1),
        ("x@" * SIZE + "x", 2 * SIZE + 1),
        ("x<" * SIZE + "x", SIZE + 2),
        ("f(" + "x," * SIZE + ")", SIZE + 1),
    ],
    ids=(
        "sum group minus tilde not conditional power call index key attribute method list tuple "
        "product comparison arguments"
    ).split(),
)
def test_size_is_bounded_by_memory_alone(text: str, trees: int) -> None:
    (statement,) = parse(text)
    assert len(outline(statement.body)) == trees


def test_many_statements() -> None:
    assert len(parse("a=x;" * SIZE + "a")) == SIZE + 1
