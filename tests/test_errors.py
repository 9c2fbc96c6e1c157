"""The family of exceptions, and how the place in the formula is drawn."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import symgrad
from symgrad.errors import SymgradError, did_you_mean, draw, is_hidden, visible

LONG = "".join(f"{digit}" * 10 for digit in range(10)) * 3


def test_message_place_and_hint() -> None:
    error = SymgradError("this is wrong", "a + bcd", (4, 7), "Write that.")
    assert str(error) == "this is wrong\n  a + bcd\n      ^^^\nWrite that."


def test_without_place_or_hint() -> None:
    assert str(SymgradError("this is wrong")) == "this is wrong"
    assert str(SymgradError("this is wrong", hint="Write that.")) == "this is wrong\nWrite that."
    assert str(SymgradError("this is wrong", " \n", (0, 2))) == "this is wrong"


@pytest.mark.parametrize("kind", [SymgradError, *SymgradError.__subclasses__()])
def test_the_family(kind: type[SymgradError]) -> None:
    """All are one family, and survive pickling and copying."""
    error = kind("this is wrong", "a + b", (4, 5), "Write that.")
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == str(error)
    assert kind in {value for value in vars(symgrad).values() if isinstance(value, type)}


@pytest.mark.parametrize(
    ("text", "span", "drawn"),
    [
        ("a + b", (0, 5), ["  a + b", "  ^^^^^"]),
        ("a +", (3, 4), ["  a +", "     ^"]),
        ("a", (9, 12), ["  a", "   ^"]),
        ("a + b", (2, 2), ["  a + b", "    ^"]),
        ("a = 1\nb + c\nd", (6, 11), ["  line 2: b + c", "          ^^^^^"]),
        ("a = 1\r\nb + c\r\nd", (7, 8), ["  line 2: b + c", "          ^"]),
        ("a\rb\r\rc", (5, 6), ["  line 4: c", "          ^"]),
        ("(a\n+ b)", (0, 7), ["  line 1: (a", "          ^^"]),
        ("a + b\n", (4, 5), ["  a + b", "      ^"]),
        ("\ta +\tb", (5, 6), ["   a + b", "       ^"]),
        ("中文 + x", (5, 6), ["  中文 + x", "         ^"]),
        ("x + 中文", (4, 6), ["  x + 中文", "      ^^^^"]),
        ("x\u200b + y", (5, 6), ["  x\\u200b + y", "            ^"]),
        ("אב + y", (5, 6), ["  \\u05d0\\u05d1 + y", " " * 17 + "^"]),
        ("x\udcff", (1, 2), ["  x\\udcff", "   ^^^^^^"]),
        (LONG, (0, 1), [f"  {LONG[:72]}...", "  ^"]),
        (LONG, (150, 160), [f"  ...{LONG[114:186]}...", " " * 41 + "^" * 10]),
        (LONG, (299, 300), [f"  ...{LONG[228:]}", " " * 76 + "^"]),
        (LONG, (0, 300), [f"  {LONG[:72]}...", "  " + "^" * 40]),
        ("x" * 60 + "$", (60, 61), ["  " + "x" * 60 + "$", " " * 62 + "^"]),
    ],
)
def test_drawing(text: str, span: tuple[int, int], drawn: list[str]) -> None:
    assert draw(text, span) == drawn


@given(st.text(max_size=200), st.integers(0, 220), st.integers(0, 220))
def test_any_drawing_is_two_short_lines_that_can_be_printed(
    text: str, start: int, end: int
) -> None:
    drawn = draw(text, (start, end))
    assert len(drawn) == (2 if text.strip() else 0)
    for line in drawn:
        line.encode("utf-8")
        assert not any(map(is_hidden, line))
        assert len(line) < 900


def test_the_caret_stands_below_its_character() -> None:
    text = "".join(chr(code) for code in range(33, 127)) * 5
    for place in range(0, len(text), 7):
        line, carets = draw(text, (place, place + 1))
        assert line[carets.index("^")] == text[place]
        assert carets.count("^") == 1


def test_long_names_and_lists_are_cut() -> None:
    many = ", ".join(f"x{n}" for n in range(1000))
    error = SymgradError(f"unknown function {'a' * 10_000}b", hint=f"The inputs are: {many}.")
    message, hint = str(error).split("\n")
    assert message == f"unknown function {'a' * 20}...{'a' * 19}b"
    assert len(hint) == 303
    assert hint.endswith("...")


def test_names_from_outside_cannot_disturb_the_message() -> None:
    error = SymgradError("wrt: x\u202e\n\ud800 is not an input", hint="\x1b[31m")
    assert str(error) == "wrt: x\\u202e\\n\\ud800 is not an input\n\\x1b[31m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a + b", "a + b"),
        ("λ中é😀", "λ中é😀"),
        ("a\tb", "a b"),
        ("\0\n\r\x7f", "\\x00\\n\\r\\x7f"),
        ("\u202a\u2066\ufeff\u00ad", "\\u202a\\u2066\\ufeff\\xad"),
        ("e\u0301", "e\\u0301"),
        ("\ufe0f\u3164\u2800\u034f\U000e0100", "\\ufe0f\\u3164\\u2800\\u034f\\U000e0100"),
        ("שa٠", "\\u05e9a\\u0660"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("name", "known", "question"),
    [
        ("sinn", ["sin", "cos", "sinh"], "Did you mean sin or sinh?"),
        ("SIN", ["sin", "cos"], "Did you mean sin?"),
        ("q", ["sin", "cos"], ""),
        ("sin", [], ""),
        ("sinx", ["sina", "sinb", "sinc", "sind"], "Did you mean sind or sinc or sinb?"),
        ("s" * 10_000, ["s" * 9_999], ""),
    ],
)
def test_did_you_mean(name: str, known: list[str], question: str) -> None:
    assert did_you_mean(name, known) == question
