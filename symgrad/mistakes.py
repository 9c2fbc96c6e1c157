"""Why a text is not a formula, in the user's terms: tables of common mistakes.

The parser only knows where it stopped. The text before is read once more as plain tokens, to know what
stands before the place and which brackets are open; then a list of questions is asked, and the first
that has an answer makes the error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from symgrad.errors import FormulaSyntaxError, Span, SymgradError, is_hidden

_LETTER = "A-Za-z_Α-Ωα-ω"
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(
    rf"(?P<comment>#[^\r\n]*)|(?P<word>[{_LETTER}][{_LETTER}0-9]*)|(?P<number>{_NUMBER})"
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
    (r"0[xXoObB][0-9A-Fa-f_]+", "numbers are decimal here", "Write 255, not 0xff or 0b11111111."),
    (rf"{_NUMBER}[jJ](?![{_LETTER}0-9])", "complex numbers are not part of the language",
     "Write the real and the imaginary part as formulas of their own."),
    (rf"{_NUMBER}_[0-9_]*", "numbers are written without underscores", "Write 1000, not 1_000."),
    (r"[0-9.]+[eE][+-]?(?![A-Za-z0-9_])", "an exponent needs digits", "Write 1e5 or 1e-5."),
    (rf"{_NUMBER}\.[0-9.]*", "a number has one decimal point", "Write 1.5, or 1e6 for large numbers."),
    (rf"{_NUMBER}(?=[{_LETTER}(])", "an operator is missing after this number",
     "Write * to multiply, as in 2*x or 2*(x + 1)."),
)  # fmt: skip
"""Where a number has just ended; a row stands for the whole number."""

ANYWHERE: tuple[Row, ...] = (
    (r"(?<=\w)['’′]+", "a derivative is not written with a prime",
     "Write the formula itself; symgrad.grad differentiates it."),
    (r"\"[^\"\r\n]*\"?|'[^'\r\n]*'?|`[^`\r\n]*`?|[“”‘’][^“”‘’\r\n]*[“”‘’]?",
     "strings are not part of the language", "Write names without quotes."),
    (r"\*\*=|//=|<<=|>>=|[-+*/%^&|@]=(?!=)", "this is not an assignment of the language",
     "Write total = previous + change, with a new name."),
    (r":=", "':=' is not an operator here", "Write name = expression as a statement of its own."),
    (r"={3,}|!==", "this is not a comparison", "Write == or != between two values."),
    (r"=>|=<|<>", "this is not a comparison", "Write >=, <= or !=."),
    (r"<<|>>", "bits cannot be shifted here", "Write x * 2**n or floor(x / 2**n)."),
    (r"->|→|↦", "an arrow is not part of a formula", "Write f(x) = expression to define a function."),
    (r"=", "'=' cannot stand here", "Write == to compare; assign in a statement of its own."),
    (r"%", "'%' is not an operator here", "Write remainder(a, b), as % in Python, or fmod(a, b)."),
    (r"//", "'//' is not an operator here", "Write floor(a / b)."),
    (r"@", "'@' is not an operator here", "Formulas are elementwise: write a * b."),
    (r"&&", "'&&' is not an operator here", "Write & or and."),
    (r"\|\|", "'||' is not an operator here", "Write | or or; abs(x) for an absolute value."),
    (r"\?", "'?' is not an operator here", _CHOICE),
    (r"\$|\\(?=[A-Za-z({\[])", "TeX is not the language", "Write plain text, as alpha * sqrt(x)."),
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
    (r":", "':' cannot stand here", "Write name = expression to assign, f(x) = expression to define."),
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
    "import": ("'import' is not part of the language", "Functions are there by name: sin(x)."),
    "from": ("'from' is not part of the language", "Functions are there by name: sin(x)."),
    "for": ("'for' is not part of the language", _PYTHON),
    "while": ("'while' is not part of the language", _PYTHON),
    "if": ("an operand is missing before 'if'", _CHOICE),
    "else": ("an operand is missing before 'else'", _CHOICE),
    "and": ("an operand is missing before 'and'", "Write a and b."),
    "or": ("an operand is missing before 'or'", "Write a or b."),
}
"""Words that were read as a variable, with something else right after them."""

LOOK_ALIKES = {"ϖ": "varpi", "ϴ": "Theta", "℮": "e", "∈": "in", "‖": "norm(x)"}
"""What to write for a character where Unicode's own decomposition does not say it."""

STARTS = {
    "program": "",
    "row": "Write name(x) = definition : derivative.",
    "rewrite": "Write pattern -> replacement.",
}
"""What to write where no other hint fits, by what is being parsed."""


def refuse_hidden_characters(text: str) -> None:
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

    `word` and `number` say what the last token before is; `operand` whether it ends an operand;
    `opened` lists the brackets that are open.
    """

    text: str
    position: int
    start: str
    opened: list[int] = field(default_factory=list)
    last: Span = (0, 0)
    word: str = ""
    number: bool = False
    operand: bool = False
    starts_line: bool = True

    def __post_init__(self) -> None:
        for token in _TOKEN.finditer(self.text, 0, self.position):
            kind, found = token.lastgroup, token[0]
            if kind == "line":
                self.starts_line = True
                self.operand = self.operand and bool(self.opened)
            elif kind not in ("space", "comment"):
                self._take(str(kind), found, token.span())

    def _take(self, kind: str, found: str, span: Span) -> None:
        if found in _CLOSING:
            self.opened.append(span[0])
        elif found in ")]" and self.opened:
            self.opened.pop()
        joins = self.operand and found in ("if", "else", "and", "or")
        self.operand = not joins and (kind in ("word", "number") or found in ")]")
        self.word = found if kind == "word" and not joins else ""
        self.number = kind == "number"
        self.last = span
        self.starts_line = False

    @property
    def is_end(self) -> bool:
        return self.position >= len(self.text) or self.text[self.position] in ";\r\n"

    @property
    def bracket(self) -> str:
        """The innermost open bracket."""
        return self.text[self.opened[-1]] if self.opened else ""

    @property
    def found(self) -> str:
        """The word, number or sign at the place."""
        token = _TOKEN.match(self.text, self.position)
        return token[0] if token else ""

    def error(
        self, message: str, hint: str, span: Span | None = None
    ) -> FormulaSyntaxError:
        here = (self.position, self.position + max(1, len(self.found)))
        return FormulaSyntaxError(message, self.text, span or here, hint)

    def first(self, rows: tuple[Row, ...], starts: list[int]) -> FormulaSyntaxError | None:
        """The error of the first row that matches at one of some starts and covers the place."""
        for begin in starts:
            for pattern, message, hint in rows:
                row = re.compile(pattern).match(self.text, begin)
                if row and row.end() >= self.position and row.end() > begin:
                    return self.error(message, hint, row.span())
        return None


def diagnose(text: str, position: int, start: str = "program") -> FormulaSyntaxError:
    """The error for a text whose parsing stopped at a position; `start` is what was being parsed."""
    place = _Place(text, position, start)
    answers = (question(place) for question in _QUESTIONS)
    return next(answer for answer in answers if answer is not None)


def _unclosed(place: _Place) -> FormulaSyntaxError | None:
    """A bracket is open where the text ends, or where a line begins that is a statement again."""
    if not place.opened or not (place.position >= len(place.text) or place.starts_line):
        return None
    if place.position < len(place.text) and not (place.operand and _closes_nothing(place)):
        return None
    bracket = place.bracket
    span = (place.opened[-1], place.opened[-1] + 1)
    return place.error(f"'{bracket}' is never closed", f"Add '{_CLOSING[bracket]}'.", span)


def _closes_nothing(place: _Place) -> bool:
    """Whether the rest of the text leaves the innermost open bracket open."""
    whole = _Place(place.text, len(place.text), place.start)
    return place.opened[-1] in whole.opened


def _unfinished(place: _Place) -> FormulaSyntaxError | None:
    if not place.is_end:
        return None
    if place.opened:
        if _closes_nothing(place):
            span = (place.opened[-1], place.opened[-1] + 1)
            hint = f"Add '{_CLOSING[place.bracket]}'."
            return place.error(f"'{place.bracket}' is never closed", hint, span)
        hint = "Write ',' between arguments; assign in a statement of its own."
        return place.error("';' cannot stand inside brackets", hint)
    end = (place.last[1], place.last[1] + 1)
    if place.start != "program":
        return place.error("the line is not complete", STARTS[place.start], end)
    if place.operand:
        return place.error("'if' stands here without 'else'", _CHOICE, end)
    what = "formula" if place.position >= len(place.text) else "statement"
    return place.error(f"the {what} ends where an operand is expected", _OPERAND, end)


def _after_number(place: _Place) -> FormulaSyntaxError | None:
    touching = place.number and place.last[1] == place.position
    return place.first(AFTER_NUMBER, [place.last[0]]) if touching else None


def _in_index(place: _Place) -> FormulaSyntaxError | None:
    if place.bracket != "[" or place.found == ")":
        return None
    if ":" in (place.found, place.text[place.last[0]]):
        return place.error("slices are not part of the language", "Write v[0] to pick an element.")
    return place.error("an index is a whole number", "Write v[0], v[-1] or v[0, 1].")


def _common(place: _Place) -> FormulaSyntaxError | None:
    """What the tables know. A sign of several characters may have begun before the place."""
    begin = place.position
    while begin > max(0, place.position - 2) and place.text[begin - 1] in _SIGNS:
        begin -= 1
    starts = list(range(begin, place.position + 1))
    by_context = AFTER_OPERAND if place.operand else BEFORE_OPERAND
    return place.first(ANYWHERE, starts) or place.first(by_context, [place.position])


def _bracket(place: _Place) -> FormulaSyntaxError | None:
    found = place.found
    if found not in (")", "]"):
        return None
    if not place.opened:
        return place.error(f"'{found}' closes nothing", "Remove it.")
    if found != _CLOSING[place.bracket]:
        hint = f"Write '{_CLOSING[place.bracket]}'."
        return place.error(f"'{found}' does not close '{place.bracket}'", hint)
    if place.operand:
        return place.error("'if' stands here without 'else'", _CHOICE)
    return None


def _comma(place: _Place) -> FormulaSyntaxError | None:
    if place.found != "," or (place.bracket and not place.operand):
        return None
    return place.error(
        "a comma separates the arguments of a call, and nothing else",
        "Write a decimal number as 0.5; separate statements by ';'.",
    )


def _operator(place: _Place) -> FormulaSyntaxError | None:
    """Two operands side by side."""
    found = place.found
    if not place.operand or not re.match(rf"[{_LETTER}0-9.(\[]", found):
        return None
    if place.word in AFTER_WORD:
        return place.error(*AFTER_WORD[place.word], place.last)
    hint = "Write * to multiply."
    if place.word and found != "(":
        hint = f"Write {place.word} * {found}, or {place.word}({found}) to call a function."
    return place.error(f"an operator is missing before '{found}'", hint)


def _foreign(place: _Place) -> FormulaSyntaxError | None:
    character = place.text[place.position]
    if character.isascii():
        return None
    digit = unicodedata.decimal(character, None)
    plain = LOOK_ALIKES.get(character) or unicodedata.normalize("NFKC", character)
    if digit is not None:
        plain = str(digit)
    if plain != character and re.fullmatch(rf"[ -~{_LETTER}]+", plain):
        hint = f"Write {plain}." if plain.isascii() else f"Write {plain} ({_named(plain)})."
    else:
        hint = "Names are made of ASCII letters, digits, underscores and Greek letters."
    here = (place.position, place.position + 1)
    return place.error(f"{_named(character)} is not part of the language", hint, here)


def _operand(place: _Place) -> FormulaSyntaxError:
    """The answer where no other question has one."""
    if STARTS[place.start]:
        return place.error(f"'{place.found}' cannot stand here", STARTS[place.start])
    hint = _OPERAND
    if place.starts_line and place.position > 0:
        hint = "To go on with the line before, end it with an operator."
    return place.error(f"an operand is missing before '{place.found}'", hint)


_QUESTIONS: tuple[Callable[[_Place], FormulaSyntaxError | None], ...] = (
    _unclosed,
    _unfinished,
    _after_number,
    _common,
    _in_index,
    _bracket,
    _comma,
    _operator,
    _foreign,
    _operand,
)
