"""Why a text is not a formula, in the user's terms.

The parser only knows where it stopped. The text before is read once more as plain tokens, to know
what stands before the place and which brackets are open; then a list of questions is asked, and the
first that has an answer makes the error. Most of them look into the tables of notations.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from symgrad.errors import FormulaSyntaxError, Span, is_hidden
from symgrad.language.notations import (
    AFTER_DOT,
    AFTER_NUMBER,
    AFTER_OPERAND,
    AFTER_WORD,
    ANYWHERE,
    BEFORE_OPERAND,
    BRACKETS,
    CHOICE,
    CLOSING,
    DECLARED,
    ENDS,
    LETTER,
    LOOK_ALIKES,
    OPERAND,
    PARTED,
    SIGNS,
    STARTS,
    TOKEN,
    Row,
)

_ROWS = "Write the rows as lists: [[1, 2], [3, 4]]."


def refuse_hidden_characters(text: str) -> None:
    """Refuse characters that a reader cannot see or that change the order of what is seen.

    Raises
    ------
    FormulaSyntaxError
        A control, invisible, bidirectional or unusual white-space character is in the text.
    """
    hidden = [text.index(c) for c in set(text) - set("\t\n\r ") if is_hidden(c)]
    if hidden:
        place = min(hidden)
        raise FormulaSyntaxError(
            f"{_named(text[place])} is not allowed in a formula",
            text,
            (place, place + 1),
            "Remove it, or write a plain space.",
        )


_NAMELESS = {
    "Cc": "control character",
    "Cs": "half of a surrogate pair",
    "Co": "private character",
    "Cn": "unassigned character",
}


def _named(character: str) -> str:
    kind = _NAMELESS.get(unicodedata.category(character), "unnamed character")
    return f"U+{ord(character):04X} ({unicodedata.name(character, kind)})"


@dataclass(slots=True)
class _Place:
    """Where the parser stopped: what stands there, and what the text before comes to.

    Attributes
    ----------
    opened:
        The brackets that are open: where, and whether of a call, an index, a list or a group.
    last, word, number, quoted, operand:
        The last token: its place, its text if it is a free word, whether it is a number or a text
        in quotes, and whether it ends an operand.
    before:
        The place of the token before the last.
    fresh, ended:
        Whether a new line has begun since, and whether that ended a statement.
    commas, assigns, declares:
        Of the statement, outside brackets: its commas, and whether it has `=` or `:`.
    """

    text: str
    position: int
    start: str
    opened: list[tuple[int, str]] = field(default_factory=list)
    last: Span = (0, 0)
    before: Span = (0, 0)
    word: str = ""
    number: bool = False
    quoted: bool = False
    operand: bool = False
    fresh: bool = False
    ended: bool = False
    commas: list[int] = field(default_factory=list)
    assigns: bool = False
    declares: bool = False

    def __post_init__(self) -> None:
        for token in TOKEN.finditer(self.text, 0, self.position):
            kind = str(token.lastgroup)
            if kind == "line":
                self.fresh = True
                if not self.opened:
                    self.ended |= self.operand
                    self._begin(self.operand)
                    self.operand = False
            elif kind not in ("space", "comment"):
                self._take(kind, token[0], token.span())

    def _begin(self, anew: bool) -> None:
        """A statement begins, but for a line that goes on."""
        if anew:
            self.commas, self.assigns, self.declares = [], False, False

    def _take(self, kind: str, found: str, span: Span) -> None:
        if found in CLOSING:
            self.opened.append((span[0], BRACKETS[found, self.operand]))
        elif found in (")", "]") and self.opened:
            self.opened.pop()
        elif not self.opened:
            self._begin(found == ";")
            self.commas += [span[0]] * (found == ",")
            self.assigns |= found == "="
            self.declares |= found == ":"
        joins = self.operand and found in ("if", "else", "and", "or")
        ends = kind in ("word", "number", "quoted", "whole") or found in (")", "]")
        self.operand = ends and not joins
        attribute = self.text[slice(*self.last)] == "."
        self.word = found if kind == "word" and not joins and not attribute else ""
        self.number = kind == "number"
        self.quoted = kind == "quoted"
        self.before, self.last = self.last, span
        self.fresh = self.ended = False

    @property
    def found(self) -> str:
        """The word, number or sign at the place."""
        token = TOKEN.match(self.text, self.position)
        return token[0] if token else ""

    @property
    def bracket(self) -> str:
        """The innermost open bracket."""
        return self.text[self.opened[-1][0]] if self.opened else ""

    @property
    def inside(self) -> str:
        """What the innermost open bracket is of."""
        return self.opened[-1][1] if self.opened else ""

    @property
    def is_never_closed(self) -> bool:
        """Whether the rest of the text leaves the innermost open bracket open."""
        whole = _Place(self.text, len(self.text), self.start)
        return self.opened[-1] in whole.opened

    def error(self, message: str, hint: str, span: Span | None = None) -> FormulaSyntaxError:
        """The error, here or elsewhere."""
        here = (self.position, self.position + max(1, len(self.found)))
        return FormulaSyntaxError(message, self.text, span or here, hint)

    def first(self, rows: tuple[Row, ...], starts: Iterable[int]) -> FormulaSyntaxError | None:
        """The error of the first row that matches at one of some starts and covers the place."""
        for begin in starts:
            for pattern, message, hint in rows:
                row = re.compile(pattern).match(self.text, begin)
                if row and row.end() > self.position:
                    return self.error(message, hint, row.span())
        return None


def diagnose(text: str, position: int, start: str = "program") -> FormulaSyntaxError:
    """The error for a text whose parsing stopped at a position; `start` is what was parsed."""
    place = _Place(text, position, start)
    answers = (question(place) for question in _QUESTIONS)
    return next(answer for answer in answers if answer is not None)


def _unclosed(place: _Place) -> FormulaSyntaxError | None:
    """A bracket is open where the text ends, or where the next line goes on as a statement."""
    suspicious = place.found in ("", ";") or (place.fresh and place.operand)
    if not suspicious or not place.opened or not place.is_never_closed:
        return None
    at = place.opened[-1][0]
    hint = f"Add '{CLOSING[place.bracket]}'."
    return place.error(f"'{place.bracket}' is never closed", hint, (at, at + 1))


def _after_dot(place: _Place) -> FormulaSyntaxError | None:
    """The dot of an attribute, or of a number that has begun before."""
    if place.text[slice(*place.last)] != ".":
        return None
    dot = place.last[0]
    known = place.first(AFTER_DOT, (dot,))
    if known is None and place.before[1] == dot:
        known = place.first(AFTER_NUMBER[-1:], place.before[:1])
    if known is not None or place.found[:1] > "\x7f":
        return known
    if place.found[:1].isdecimal() and dot + 1 == place.position:
        return _operator(_Place(place.text, dot, place.start))
    return place.error("a name is missing after '.'", "Write x.T, x.shape[0] or x.sum(axis=0).")


def _unfinished(place: _Place) -> FormulaSyntaxError | None:
    if place.found not in ENDS:
        return None
    if place.opened:
        hint = "Separate arguments by ','; assign in a statement of its own."
        hint = _ROWS if place.inside == "list" else hint
        return place.error(f"'{place.found}' cannot stand inside brackets", hint)
    end = (place.last[1], place.last[1] + 1)
    if place.start == "program":
        if place.operand:
            comma = _top_comma(place)
            return comma or place.error("'if' stands here without 'else'", CHOICE, end)
    elif place.operand or place.last == (0, 0):
        what = "goes on after its end" if place.found else "is not complete"
        return place.error(f"the definition {what}", STARTS[place.start], end)
    what = "statement" if place.found else "formula"
    return place.error(f"the {what} ends where an operand is expected", OPERAND, end)


def _after_number(place: _Place) -> FormulaSyntaxError | None:
    touching = place.number and place.last[1] == place.position
    return place.first(AFTER_NUMBER, place.last[:1]) if touching else None


def _in_index(place: _Place) -> FormulaSyntaxError | None:
    if place.inside != "index":
        return None
    if place.found == "]" and place.text[slice(*place.last)] == "[":
        return place.error("an index is missing", "Write x[0], x[1:3], x[:, None] or x[mask].")
    if place.found == ":":
        return place.error("a slice has three parts at most", "Write x[start:stop:step].")
    if place.text.startswith("..", place.position):
        here = (place.position, place.position + 2)
        return place.error("'..' cannot stand here", "Write ... for all other axes.", here)
    return None


def _common(place: _Place) -> FormulaSyntaxError | None:
    """What the tables know. A sign of several characters may have begun before the place."""
    begin = place.position
    while begin > max(0, place.position - 2) and place.text[begin - 1] in SIGNS:
        begin -= 1
    by_context = AFTER_OPERAND if place.operand else BEFORE_OPERAND
    starts = range(begin, place.position + 1)
    return place.first(ANYWHERE, starts) or place.first(by_context, starts[-1:])


def _bracket(place: _Place) -> FormulaSyntaxError | None:
    found = place.found
    if found not in (")", "]"):
        return None
    if not place.opened:
        return place.error(f"'{found}' closes nothing", "Remove it.")
    if found != CLOSING[place.bracket]:
        hint = f"Write '{CLOSING[place.bracket]}'."
        return place.error(f"'{found}' does not close '{place.bracket}'", hint)
    return _without_else(place)


def _comma(place: _Place) -> FormulaSyntaxError | None:
    if place.found != ",":
        return None
    if place.opened:
        return _without_else(place)
    if not place.operand:
        return None
    plain = place.start == "program" and not place.assigns and not place.declares
    return _without_else(place) if plain else _separates_nothing(place, place.position)


def _top_comma(place: _Place) -> FormulaSyntaxError | None:
    """Commas that would be those of several targets, had an assignment followed."""
    if not place.commas or place.assigns or place.start != "program":
        return None
    return _separates_nothing(place, place.commas[0])


def _separates_nothing(place: _Place, at: int) -> FormulaSyntaxError:
    message, hint = "a comma separates nothing here", "Write [x, y] for an array of both."
    decimal = re.compile(r"(?<=[0-9]),[0-9]+").match(place.text, at)
    if place.declares:
        message, hint = "a shape stands in parentheses", "Write X: (n, d)."
    elif place.start != "program":
        hint = STARTS[place.start]
    elif decimal:
        message, hint = "a number has a decimal point, not a comma", "Write 0.5, not 0,5."
    elif place.assigns:
        hint = "Write a statement for each name: a = 1; b = 2."
    return place.error(message, hint, (at, at + 1))


def _colon(place: _Place) -> FormulaSyntaxError | None:
    if place.found != ":" or place.start != "program":
        return None
    hint = "Write name = expression to assign, X: (n, d) to declare a shape."
    if place.opened:
        hint = "Write arange(n) for a range, x[1:3] to pick elements."
    elif place.commas and not place.assigns:
        hint = "Write a declaration for each name: X: (n, d); Y: (n, d)."
    if not place.operand:
        hint = "Write A[0, :], in square brackets, to index."
    asked = place.operand or place.inside == "call"
    return place.error("':' cannot stand here", hint) if asked else None


def _star(place: _Place) -> FormulaSyntaxError | None:
    """Python unpacks arguments and items so."""
    before = place.text[slice(*place.last)]
    if place.found not in ("*", "**") or not place.opened or before not in ("(", "[", ","):
        return None
    return place.error(f"'{place.found}' unpacks nothing here", "Write each item by itself.")


def _without_else(place: _Place) -> FormulaSyntaxError | None:
    """After an operand nothing else can be missing before a comma or a closing bracket."""
    return place.error("'if' stands here without 'else'", CHOICE) if place.operand else None


def _operator(place: _Place) -> FormulaSyntaxError | None:
    """Two operands side by side."""
    found = place.found
    if not place.operand or not re.match(rf"[{LETTER}0-9.(\[]", found):
        return None
    if place.word in AFTER_WORD:
        return place.error(*AFTER_WORD[place.word], place.last)
    rest = place.text[place.position :]
    if place.inside == "list" and re.match(r"[^\[\]]*[;\r\n]", rest):
        return place.error(f"a comma is missing before '{found}'", _ROWS)
    named = re.match(rf"[{LETTER}][{LETTER}0-9]*[ \t]*=(?!=)", rest)
    if place.quoted or (place.opened and named):
        return place.error(f"a comma is missing before '{found}'", "Separate arguments by ','.")
    before = place.text[slice(*place.last)]
    hint = "Write * to multiply."
    if not place.opened and re.search(DECLARED, place.text[: place.position]):
        return place.error(f"';' is missing before '{found}'", "A declaration ends with its line.")
    if place.inside in PARTED:
        two = PARTED[place.inside]
        hint = f"Write {before}, {found} for two {two}, {before} * {found} to multiply."
    elif place.word and found not in ("(", "["):
        hint = f"Write {before} * {found}, or {before}({found}) to call a function."
        if len(before) > 1:  # Mostly the name of one.
            hint = f"Write {before}({found}) to call a function, or {before} * {found} to multiply."
    elif place.number and found not in ("(", "["):
        hint = f"Write {before} * {found} to multiply."
    return place.error(f"an operator is missing before '{found}'", hint)


def _foreign(place: _Place) -> FormulaSyntaxError | None:
    character = place.found
    if character.isascii() or len(character) > 1:
        return None
    digit = unicodedata.decimal(character, None)
    plain = LOOK_ALIKES.get(character) or unicodedata.normalize("NFKC", character)
    if digit is not None:
        plain = str(digit)
    hint = "Names are made of ASCII letters, digits, underscores and Greek letters."
    if plain.isascii():
        hint = f"Write {plain}."
    elif plain != character and re.fullmatch(f"[{LETTER}]", plain):
        hint = f"Write {plain}, which is {_named(plain)}."
    return place.error(f"{_named(character)} is not part of the language", hint)


def _operand(place: _Place) -> FormulaSyntaxError:
    """The answer where no other question has one."""
    if STARTS[place.start]:
        return place.error(f"'{place.found}' cannot stand here", STARTS[place.start])
    going_on = "To go on with the line before, end it with an operator."
    hint = going_on if place.ended else OPERAND
    return place.error(f"an operand is missing before '{place.found}'", hint)


_QUESTIONS: tuple[Callable[[_Place], FormulaSyntaxError | None], ...] = (
    _unclosed,
    _after_dot,
    _unfinished,
    _after_number,
    _in_index,
    _star,
    _common,
    _bracket,
    _comma,
    _colon,
    _operator,
    _foreign,
    _operand,
)
