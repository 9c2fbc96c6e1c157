"""Why a text is not a formula, in the user's terms: tables of common mistakes.

The parser only knows where it stopped. The text before is read once more as plain tokens, to know
what stands before the place and which brackets are open; then a list of questions is asked, and the
first that has an answer makes the error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from symgrad.errors import FormulaSyntaxError, Span, SymgradError, is_hidden

_LETTER = "A-Za-z_Α-Ωα-ω"
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(
    rf"(?P<comment>#[^\r\n]*)|(?P<prefix>not(?![{_LETTER}0-9])(?=\s*[{_LETTER}0-9.(~+\-]))"
    rf"|(?P<word>[{_LETTER}][{_LETTER}0-9]*)|(?P<number>{_NUMBER})"
    r"|(?P<space>[ \t]+)|(?P<line>\r\n?|\n)|(?P<sign>.)"
)
_SIGNS = frozenset("-+*/%&|=<>!:^~@?")
_CLOSING = {"(": ")", "[": "]"}

_OPERAND = "Write a number, a name or a call."
_CHOICE = "Write a if c else b, or where(c, a, b)."
_PYTHON = "Formulas are expressions and assignments; they apply to arrays element by element."

# Each row: what stands at the place, what is wrong, what to write instead.
Row = tuple[str, str, str]

AFTER_NUMBER: tuple[Row, ...] = (
    (r"0[xXoObB][0-9A-Fa-f_]+", "numbers are decimal here", "Write 255, not 0xff."),
    (rf"{_NUMBER}[jJ](?![{_LETTER}0-9])", "complex numbers are not part of the language",
     "Write the real and the imaginary part as formulas of their own."),
    (rf"{_NUMBER}[_'][0-9_']*", "digits are not grouped here", "Write 1000, not 1_000."),
    (rf"[0-9.]+[eE][+-]?(?![{_LETTER}0-9])", "an exponent needs digits", "Write 1e5 or 1e-5."),
    (rf"{_NUMBER}\.[0-9.]*", "a number has one decimal point", "Write 1.5."),
)  # fmt: skip
"""Where a number has just ended; a row stands for the whole number."""

ANYWHERE: tuple[Row, ...] = (
    (rf"(?<=[{_LETTER}0-9)])['’′]+", "a derivative is not written with a prime",
     "Write the formula itself; symgrad.grad differentiates it."),
    (r"\"[^\"\r\n]*\"?|'[^'\r\n]*'?|`[^`\r\n]*`?|[“”‘’][^“”‘’\r\n]*[“”‘’]?",
     "strings are not part of the language", "Write names without quotes."),
    (r"\*\*=|//=|<<=|>>=|[-+*/%^&|@]=(?!=)", "this is not an assignment of the language",
     "Write a = a + b in full."),
    (r":=", "':=' is not an operator here", "Write name = expression as a statement of its own."),
    (r"={3,}|!==", "this is not a comparison", "Write == or != between two values."),
    (r"=>|=<|<>", "this is not a comparison", "Write >=, <= or !=."),
    (r"<<|>>", "bits cannot be shifted here", "Write x * 2**n or floor(x / 2**n)."),
    (r"->|→|↦", "an arrow is not part of a formula",
     "Write f(x) = expression to define a function."),
    (r"=", "'=' cannot stand here", "Write == to compare; assign in a statement of its own."),
    (r"%", "'%' is not an operator here", "Write remainder(a, b), as % in Python, or fmod(a, b)."),
    (r"//", "'//' is not an operator here", "Write floor_divide(a, b)."),
    (r"@", "'@' is not an operator here", "Formulas are elementwise: write a * b."),
    (r"&&", "'&&' is not an operator here", "Write & or and."),
    (r"\|\|", "'||' is not an operator here", "Write | or or; abs(x) for an absolute value."),
    (r"\?", "'?' is not an operator here", _CHOICE),
    (r"\$|\\(?=[A-Za-z({\[])", "TeX is not part of the language",
     "Write plain text, as alpha * sqrt(x)."),
    (r"\\", "a backslash does not continue a line",
     "End the line with an operator, or put the expression in parentheses."),
    (r"\{|\}", "braces are not part of the language", "Group with parentheses ( )."),
    (r"\.\.\.|…", "an ellipsis is not part of the language", "Write all terms."),
    (rf"\.[ \t]*[{_LETTER}][{_LETTER}0-9]*", "attributes are not part of the language",
     "Write f(x), not x.f or np.f(x)."),
    (r"\.(?![0-9])", "a decimal point needs a digit beside it", "Write 0.5 or 5.0."),
    (r"[−–—‐‑‒]", "this is not the minus sign of the language", "Write -."),
    (r"[×·∙⋅∗•]", "this is not the multiplication sign of the language", "Write *."),
    (r"[÷∕⁄]", "this is not the division sign of the language", "Write /."),
    (r"[²³¹⁰-⁹⁺⁻ⁿ]+", "superscripts are not part of the language", "Write x**2 or x^2."),
    (r"[₀-₉]+", "subscripts are not part of the language", "Write x1 or x_1."),
    (r"√", "'√' is not part of the language", "Write sqrt(x)."),
    (r"∛", "'∛' is not part of the language", "Write cbrt(x)."),
    (r"∞", "'∞' is not part of the language", "Write inf."),
    (r"[≤≥≠≈≡]", "this is not a comparison of the language", "Write <=, >=, == or !=."),
    (r"[¬∧∨⊕]", "this is not a logical sign of the language", "Write not, and, or."),
    (r"[∂∇∫∑∏∆]", "this sign is not part of the language",
     "Write an expression of names, numbers and functions."),
)  # fmt: skip
"""Wherever the parser stops."""

AFTER_OPERAND: tuple[Row, ...] = (
    (r"!+", "'!' is not an operator here", "Write exp(gammaln(n + 1)) for n!, and != to compare."),
    (r"else\b", "'else' stands here without 'if'", _CHOICE),
    (r"not\b[ \t]*(?:in\b)?|in\b|is\b", "this is not an operator of the language",
     "Compare with ==, !=, <, <=, > or >=."),
    (r"(?:as|class|def|for|import|lambda|return|while|with)\b",
     "this word of Python is not part of the language", _PYTHON),
    (r":", "':' cannot stand here",
     "Write name = expression to assign, f(x) = expression to define."),
)  # fmt: skip
"""Where an operator is expected."""

BEFORE_OPERAND: tuple[Row, ...] = (
    (r"!+", "'!' is not an operator here", "Write not or ~."),
    (r"\[", "lists are not part of the language", "Pass an array as an input."),
    (r"\|", "an operand is missing before '|'", "Write abs(x) for an absolute value."),
)
"""Where an operand is expected."""

AFTER_WORD: dict[str, tuple[str, str]] = {
    "lambda": ("'lambda' is not part of the language", "Write f(x) = expression as a statement."),
    "def": ("'def' is not part of the language", "Write f(x) = expression as a statement."),
    "return": ("'return' is not part of the language", "The value is the last statement."),
    "let": ("'let' is not part of the language", "Write name = expression as a statement."),
    "import": (
        "'import' is not part of the language",
        "Functions are known by name: write sin(x).",
    ),
    "from": ("'from' is not part of the language", "Functions are known by name: write sin(x)."),
    "for": ("'for' is not part of the language", _PYTHON),
    "while": ("'while' is not part of the language", _PYTHON),
    "if": ("an operand is missing before 'if'", _CHOICE),
    "else": ("an operand is missing before 'else'", _CHOICE),
    "and": ("an operand is missing before 'and'", "Write a and b."),
    "or": ("an operand is missing before 'or'", "Write a or b."),
}
"""Words that were read as a variable, with something else right after them."""

LOOK_ALIKES = {"ϖ": "varpi", "ϴ": "Theta", "℮": "e"}
"""What to write for a character where Unicode's own decomposition does not say it."""

STARTS = {
    "program": "",
    "row": "Write name(x) = definition : derivative.",
    "rewrite": "Write pattern -> replacement.",
}
"""What to write where no other hint fits, by what is being parsed."""


def refuse_hidden_characters(text: object) -> None:
    """Refuse characters that a reader cannot see or that change the order of what is seen.

    Raises
    ------
    SymgradError
        The input is not text.
    FormulaSyntaxError
        A control, invisible, bidirectional or unusual white-space character is in the text.
    """
    if not isinstance(text, str):
        hint = 'Pass the formula as a str, as "x**2".'
        raise SymgradError(f"a formula is a text, not {type(text).__name__}", hint=hint)
    if text.isascii() and text.isprintable():
        return
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
        The brackets that are open: where, and whether each is that of a call.
    last, word, number, operand:
        The last token: its place, its text if it is a word, whether it is a number, and whether it
        ends an operand.
    fresh, ended:
        Whether a new line has begun since, and whether that ended a statement.
    """

    text: str
    position: int
    start: str
    opened: list[tuple[int, bool]] = field(default_factory=list)
    last: Span = (0, 0)
    word: str = ""
    number: bool = False
    operand: bool = False
    fresh: bool = False
    ended: bool = False

    def __post_init__(self) -> None:
        for token in _TOKEN.finditer(self.text, 0, self.position):
            kind = str(token.lastgroup)
            if kind == "line":
                self.fresh = True
                if not self.opened:
                    self.ended |= self.operand
                    self.operand = False
            elif kind not in ("space", "comment"):
                self._take(kind, token[0], token.span())

    def _take(self, kind: str, found: str, span: Span) -> None:
        if found in _CLOSING:
            self.opened.append((span[0], bool(self.word) and found == "("))
        elif found in ")]" and self.opened:
            self.opened.pop()
        joins = self.operand and found in ("if", "else", "and", "or")
        self.operand = not joins and (kind in ("word", "number") or found in ")]")
        self.word = found if kind == "word" and not joins else ""
        self.number = kind == "number"
        self.last = span
        self.fresh = self.ended = False

    @property
    def found(self) -> str:
        """The word, number or sign at the place."""
        token = _TOKEN.match(self.text, self.position)
        return token[0] if token else ""

    @property
    def bracket(self) -> str:
        """The innermost open bracket."""
        return self.text[self.opened[-1][0]] if self.opened else ""

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
    hint = f"Add '{_CLOSING[place.bracket]}'."
    return place.error(f"'{place.bracket}' is never closed", hint, (at, at + 1))


def _unfinished(place: _Place) -> FormulaSyntaxError | None:
    if place.found not in ("", ";", "\r", "\n", "\r\n"):
        return None
    if place.opened:
        hint = "Separate arguments by ','; assign in a statement of its own."
        return place.error(f"'{place.found}' cannot stand inside brackets", hint)
    end = (place.last[1], place.last[1] + 1)
    if place.start == "program":
        if place.operand:
            return place.error("'if' stands here without 'else'", _CHOICE, end)
    elif place.operand or place.last == (0, 0):
        what = "goes on after its end" if place.found else "is not complete"
        return place.error(f"the definition {what}", STARTS[place.start], end)
    what = "statement" if place.found else "formula"
    return place.error(f"the {what} ends where an operand is expected", _OPERAND, end)


def _after_number(place: _Place) -> FormulaSyntaxError | None:
    touching = place.number and place.last[1] == place.position
    return place.first(AFTER_NUMBER, place.last[:1]) if touching else None


def _in_index(place: _Place) -> FormulaSyntaxError | None:
    if place.bracket != "[" or place.found == ")":
        return None
    if place.found == ":":
        return place.error("slices are not part of the language", "Write v[0] to pick an element.")
    return place.error("an index is a whole number", "Write v[0], v[-1] or v[0, 1].")


def _common(place: _Place) -> FormulaSyntaxError | None:
    """What the tables know. A sign of several characters may have begun before the place."""
    begin = place.position
    while begin > max(0, place.position - 2) and place.text[begin - 1] in _SIGNS:
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
    if found != _CLOSING[place.bracket]:
        hint = f"Write '{_CLOSING[place.bracket]}'."
        return place.error(f"'{found}' does not close '{place.bracket}'", hint)
    return _without_else(place)


def _comma(place: _Place) -> FormulaSyntaxError | None:
    if place.found != ",":
        return None
    if place.opened and place.opened[-1][1]:
        return _without_else(place)
    return place.error(
        "a comma separates the arguments of a call, and nothing else",
        "Write a decimal number as 0.5; separate statements by ';'.",
    )


def _without_else(place: _Place) -> FormulaSyntaxError | None:
    """After an operand nothing else can be missing before a comma or a closing bracket."""
    return place.error("'if' stands here without 'else'", _CHOICE) if place.operand else None


def _operator(place: _Place) -> FormulaSyntaxError | None:
    """Two operands side by side."""
    found = place.found
    if not place.operand or not re.match(rf"[{_LETTER}0-9.(\[]", found):
        return None
    if place.word in AFTER_WORD:
        return place.error(*AFTER_WORD[place.word], place.last)
    before = place.text[slice(*place.last)]
    hint = "Write * to multiply."
    if place.word and found != "(":
        hint = f"Write {before} * {found}, or {before}({found}) to call a function."
    elif place.number and found != "(":
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
    elif plain != character and re.fullmatch(f"[{_LETTER}]", plain):
        hint = f"Write {plain}, which is {_named(plain)}."
    return place.error(f"{_named(character)} is not part of the language", hint)


def _operand(place: _Place) -> FormulaSyntaxError:
    """The answer where no other question has one."""
    if STARTS[place.start]:
        return place.error(f"'{place.found}' cannot stand here", STARTS[place.start])
    going_on = "To go on with the line before, end it with an operator."
    hint = going_on if place.ended else _OPERAND
    return place.error(f"an operand is missing before '{place.found}'", hint)


_QUESTIONS: tuple[Callable[[_Place], FormulaSyntaxError | None], ...] = (
    _unclosed,
    _unfinished,
    _after_number,
    _in_index,
    _common,
    _bracket,
    _comma,
    _operator,
    _foreign,
    _operand,
)
