"""The one family of exceptions, and the drawing of the place in the formula."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

Span = tuple[int, int]
"""Start and end of a piece of formula text, as string offsets."""

_EXCERPT = 72
_CARETS = 40


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

    >>> print(SymgradError("unknown function 'sinn'", "2*sinn(x)", (2, 6), "Did you mean sin?"))
    unknown function 'sinn'
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
        parts = [self.message]
        if self.span is not None:
            parts += draw(self.text, self.span)
        if self.hint:
            parts.append(self.hint)
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


class LimitError(SymgradError):
    """The formula is larger than a documented limit."""


class MissingExtraError(SymgradError):
    """An optional dependency is needed that is not installed."""


def visible(text: str) -> str:
    """Text with every control, invisible and bidirectional character written as its escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isprintable() and not unicodedata.combining(c) else _escape(c) for c in text
    )


def _escape(character: str) -> str:
    return " " if character == "\t" else character.encode("unicode_escape").decode("ascii")


def _line_around(text: str, start: int) -> tuple[int, int, int]:
    """Start and end of the line that holds an offset, and its number from 1."""
    before = text[:start].replace("\r\n", " \n").replace("\r", "\n")
    left = before.rfind("\n") + 1
    ends = [i for i in (text.find("\n", start), text.find("\r", start)) if i >= 0]
    return left, min(ends, default=len(text)), before.count("\n") + 1


def draw(text: str, span: Span) -> list[str]:
    """The line that holds the span and the carets below it; long lines are cut around the place."""
    start = min(span[0], len(text))
    left, right, number = _line_around(text, start)
    end = max(start + 1, min(span[1], right))
    first = max(left, start - _EXCERPT // 2)
    last = min(right, first + _EXCERPT)
    head = "..." if first > left else ""
    tail = "..." if last < right else ""
    lead = head + visible(text[first:start])
    marked = visible(text[start : min(end, last)])
    line = lead + marked + visible(text[min(end, last) : last]) + tail
    several = "\n" in text.strip() or "\r" in text.strip()
    label = f"  line {number}: " if several else "  "
    return [label + line, " " * (len(label) + len(lead)) + "^" * max(1, min(len(marked), _CARETS))]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question with the nearest known names, or nothing."""
    import difflib

    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    lowered = [k for k in sorted(known) if k.lower() == name.lower() and k not in close]
    names = (lowered + close)[:3]
    return f"Did you mean {' or '.join(names)}?" if names else ""
