"""The one family of exceptions, and the drawing of the place in the formula."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

Span = tuple[int, int]
"""Start and end of a piece of formula text, as string offsets."""

_EXCERPT = 72
_CARETS = 40
_LONGEST_WORD = 40
_LONGEST_SENTENCE = 300

# Characters that Python calls printable and that show nothing.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


class SymgradError(Exception):
    """A wrong input, told in the user's terms.

    Printed, it is the message, the line of the formula with carets under the place, and a hint.

    Parameters
    ----------
    message:
        What is wrong.
    text, span:
        The whole formula and the place in it, where there is one.
    hint:
        What to write instead.

    >>> print(SymgradError("unknown function sinn", "2*sinn(x)", (2, 6), "Did you mean sin?"))
    unknown function sinn
      2*sinn(x)
        ^^^^
    Did you mean sin?
    """

    def __init__(
        self, message: str, text: str = "", span: Span | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, text, span, hint)
        self.message = message
        self.text = text
        self.span = span
        self.hint = hint

    def __str__(self) -> str:
        parts = [_bounded(self.message)]
        if self.span is not None:
            parts += draw(self.text, self.span)
        if self.hint:
            parts.append(_bounded(self.hint))
        return "\n".join(parts)


class FormulaSyntaxError(SymgradError):
    """The text is not a formula."""


class UnknownFunctionError(SymgradError):
    """A function is called that the language does not have."""


class ArgumentError(SymgradError):
    """A function of the language is called with the wrong arguments."""


class NameRuleError(SymgradError):
    """A name is assigned or used against the rules for names."""


class DefinitionError(SymgradError):
    """A function definition, its derivative or a rewrite is not well formed."""


class DerivativeError(SymgradError):
    """A derivative is asked for that does not exist, or by a name that is no input."""


class InputError(SymgradError):
    """A call lacks an input, has one too many, or has one that cannot be used."""


class CoupledError(InputError):
    """Data comes in chunks of rows, and something in the formula needs all rows at once."""


class LimitError(SymgradError):
    """A formula or a call asks for more than a documented limit, or a limit is no limit."""


class OutOfMemoryError(LimitError, MemoryError):
    """There is no memory left for what a formula or a call needs."""

    def __new__(cls, *told: object, **named: object) -> OutOfMemoryError:
        """Made as all others are, also where `__new__` is called by itself, as in unpickling."""
        return Exception.__new__(cls, *told)


class MissingExtraError(SymgradError):
    """An optional dependency is needed that is not installed."""


def is_hidden(character: str) -> bool:
    """Whether a character shows nothing, or changes how others are shown."""
    return not character.isprintable() or bool(_BLANK.match(character))


def visible(text: str) -> str:
    """Text as a reader can trust it, each character in its place.

    What is hidden, sits on another character or runs from right to left is written as its escape.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if _disturbs(c) else c for c in text)


def _disturbs(character: str) -> bool:
    return (
        is_hidden(character)
        or unicodedata.combining(character) > 0
        or unicodedata.bidirectional(character) in ("R", "AL", "AN")
    )


def _escape(character: str) -> str:
    return " " if character == "\t" else character.encode("unicode_escape").decode("ascii")


def _columns(text: str) -> int:
    """How many columns a terminal needs; East Asian characters and emoji take two."""
    return len(text) + sum(unicodedata.east_asian_width(c) in "WF" for c in text)


def _bounded(sentence: str) -> str:
    """A sentence that stays readable whatever names stand in it."""
    half = _LONGEST_WORD // 2
    words = re.sub(
        rf"\w{{{_LONGEST_WORD + 1},}}", lambda w: f"{w[0][:half]}...{w[0][-half:]}", sentence
    )
    cut = words if len(words) <= _LONGEST_SENTENCE else words[:_LONGEST_SENTENCE] + "..."
    return visible(cut)


def told(value: object) -> str:
    """A value in few words, whatever its class does."""
    try:
        return f"{value!r:.40}"
    except Exception:  # noqa: BLE001 - whatever a foreign __repr__ raises
        return f"an object of type {type(value).__name__}"


def _line_around(text: str, start: int) -> tuple[int, int, int]:
    """Start and end of the line that holds an offset, and its number from 1."""
    before = text[:start].replace("\r\n", " \n").replace("\r", "\n")
    left = before.rfind("\n") + 1
    ends = [i for i in (text.find("\n", start), text.find("\r", start)) if i >= 0]
    return left, min(ends, default=len(text)), before.count("\n") + 1


def draw(text: str, span: Span) -> list[str]:
    """The line that holds the span and the carets below it; long lines are cut around the place."""
    if not text.strip():
        return []
    start = min(span[0], len(text))
    left, right, number = _line_around(text, start)
    end = max(start + 1, min(span[1], right))
    first = max(left, min(start - _EXCERPT // 2, right - _EXCERPT))
    last = min(right, first + _EXCERPT)
    head = "..." if first > left else ""
    tail = "..." if last < right else ""
    several = "\n" in text.strip() or "\r" in text.strip()
    label = f"  line {number}: " if several else "  "
    lead = label + head + visible(text[first:start])
    marked = visible(text[start : min(end, last)])
    carets = max(1, min(_columns(marked), _CARETS))
    line = lead + marked + visible(text[min(end, last) : last]) + tail
    return [line.rstrip(" "), " " * _columns(lead) + "^" * carets]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question with the nearest known names, or nothing.

    >>> did_you_mean("tahn", ["tan", "tanh", "exp"])
    'Did you mean tan or tanh?'
    """
    import difflib

    if len(name) > _LONGEST_WORD:
        return ""
    ordered = sorted(known)
    close = difflib.get_close_matches(name, ordered, n=3, cutoff=0.6)
    same = [k for k in ordered if k.lower() == name.lower() and k not in close]
    names = (same + close)[:3]
    return f"Did you mean {' or '.join(names)}?" if names else ""
