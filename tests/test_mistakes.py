"""Every mistake that is known is told exactly as transcripts/mistakes.txt shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgrad.errors import FormulaSyntaxError, SymgradError
from symgrad.language import notations
from symgrad.language.mistakes import diagnose, refuse_hidden_characters
from symgrad.syntax import parse, parse_rewrite, parse_row
from tests.transcript import transcript

MISTAKES = transcript("mistakes")
PIECES = (
    "x y2 if else and or not lambda 2 .5 1e3 ( ) [ ] , ; : = == <= !"
    " % @ ' \" .. ... # \\ \n \r é ² 😀"
)


@pytest.mark.parametrize(("formula", "shown"), MISTAKES)
def test_a_mistake(formula: str, shown: str) -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        parse(formula)
    assert f"{type(caught.value).__name__}: {caught.value}" == shown


@pytest.mark.parametrize(
    "table", ["AFTER_NUMBER", "AFTER_DOT", "ANYWHERE", "AFTER_OPERAND", "BEFORE_OPERAND"]
)
def test_every_row_is_shown(table: str) -> None:
    told = {(text.split(": ", 1)[1].split("\n")[0], text.split("\n")[-1]) for _, text in MISTAKES}
    unseen = [row for row in getattr(notations, table) if row[1:] not in told]
    assert unseen == []


def test_every_word_and_look_alike_is_shown() -> None:
    told = {(text.split(": ", 1)[1].split("\n")[0], text.split("\n")[-1]) for _, text in MISTAKES}
    assert set(notations.AFTER_WORD.values()) <= told
    hints = {hint for _, hint in told}
    assert {f"Write {plain}." for plain in notations.LOOK_ALIKES.values()} <= hints


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("", "the definition is not complete\n" + notations.STARTS["row"]),
        ("f x", "an operator is missing before 'x'\n  f x\n    ^\n"
         "Write f * x, or f(x) to call a function."),
        ("f", "the definition is not complete\n  f\n   ^\n" + notations.STARTS["row"]),
        ("f + 1", "'+' cannot stand here\n  f + 1\n    ^\n" + notations.STARTS["row"]),
        ("f(1) = 2", "'1' cannot stand here\n  f(1) = 2\n    ^\n" + notations.STARTS["row"]),
        ("f(x) = x; 2", "the definition goes on after its end\n  f(x) = x; 2\n          ^\n"
         + notations.STARTS["row"]),
    ],
)  # fmt: skip
def test_a_line_that_is_no_definition(line: str, shown: str) -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        parse_row(line)
    assert str(caught.value) == shown


def test_a_line_that_is_no_rewrite() -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        parse_rewrite("x + 0")
    assert str(caught.value) == (
        "the definition is not complete\n  x + 0\n       ^\nWrite pattern -> replacement."
    )


@pytest.mark.parametrize(
    ("formula", "kind"), [(None, "NoneType"), (3, "int"), (b"x", "bytes"), (["x"], "list")]
)
def test_what_is_no_text(formula: object, kind: str) -> None:
    with pytest.raises(SymgradError) as caught:
        parse(formula)  # type: ignore[arg-type]
    assert str(caught.value) == (
        f'a formula is a text, not {kind}\nPass the formula as a str, as "x**2".'
    )


def test_the_first_hidden_character_is_told() -> None:
    with pytest.raises(FormulaSyntaxError, match=r"^U\+2067 \(RIGHT-TO-LEFT ISOLATE\)"):
        refuse_hidden_characters("x # \u2067 then \x00")


@pytest.mark.parametrize("comment", ["λ é 中 → 😀", "tab\there", "שלום"])
def test_what_can_be_seen_is_free_in_comments(comment: str) -> None:
    assert parse(f"x # {comment}")[0].body.value == "x"


@given(st.lists(st.sampled_from(PIECES.split(" ")), max_size=12))
def test_every_place_has_an_answer(pieces: list[str]) -> None:
    """Wherever the parser might stop, there is one error with a place inside the text."""
    text = " ".join(pieces)
    for start in notations.STARTS:
        for position in range(len(text) + 1):
            error = diagnose(text, position, start)
            assert error.message
            assert error.hint
            assert error.span is not None
            assert 0 <= error.span[0] <= len(text)
            assert len(str(error)) < 1000


@pytest.mark.parametrize("unit", ["(", "(\n", "[1, ", "x ", "1.", "'", "#\n", "not ", "aa+"])
def test_a_long_text_is_told_briefly(unit: str) -> None:
    text = unit * 20_000
    assert len(str(diagnose(text, len(text) // 2))) < 300
