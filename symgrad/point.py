"""Inputs as text: `x=0.5,y=[1, 2]`, for the shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from symgrad.api import function
from symgrad.errors import InputError, Span, SymgradError

_NAMED = re.compile(r"\s*([A-Za-z_Α-Ωα-ω][A-Za-z0-9_Α-Ωα-ω]*)\s*=(?!=)")
_SHAPE = re.compile(
    _NAMED.pattern.removesuffix("(?!=)") + r"\s*\(((?:\s*[0-9]+\s*,)*(?:\s*[0-9]+)?\s*)\)\s*"
)
_PLAIN_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def read_point(text: str) -> tuple[dict[str, Any], dict[str, Span]]:
    """What the text of `--at` gives: a number or nested lists by name, and where each name stands.

    >>> read_point("x=pi/2, y=[[1, 2], [3, -inf]]")[0]
    {'x': 1.5707963267948966, 'y': [[1.0, 2.0], [3.0, -inf]]}

    Raises
    ------
    SymgradError
        It is not a list of `name=value`, or a value is not a number; the message shows where.
    """
    point: dict[str, Any] = {}
    places: dict[str, Span] = {}
    for start, end in _pieces(text) if text.strip() else ():
        named = _NAMED.match(text, start, end)
        if named is None:
            place = _stripped(text, start, end)
            raise InputError("name=value is expected", text, place, "Write x=0.5,y=[1, 2].")
        if named[1] in point:
            raise InputError(f"the input {named[1]} is given twice", text, named.span(1))
        point[named[1]] = _value(text, named.end(), end)
        places[named[1]] = named.span(1)
    return point, places


def read_shapes(text: str) -> dict[str, tuple[int, ...]]:
    """What the text of `--shapes` gives.

    >>> read_shapes("X=(4, 3), w=(3,), b=()")
    {'X': (4, 3), 'w': (3,), 'b': ()}

    Raises
    ------
    InputError
        It is not a list of `name=(size, ...)`; the message shows where.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for start, end in _pieces(text):
        found = _SHAPE.fullmatch(text, start, end)
        if found is None or found[1] in shapes:
            place = _stripped(text, start, end)
            raise InputError("name=(size, size) is expected", text, place, "Write X=(4, 3),w=(3,).")
        shapes[found[1]] = tuple(int(size) for size in found[2].split(",") if size.strip())
    return shapes


def _pieces(text: str) -> Iterator[Span]:
    """The text between commas outside all brackets, and a check that brackets match."""
    start = 0
    opened: list[tuple[str, Span]] = []
    for found in re.finditer(r"[][(),]", text):
        if found[0] in "([":
            opened.append((found[0], found.span()))
        elif found[0] in ")]":
            if not opened or opened.pop()[0] + found[0] not in ("()", "[]"):
                raise InputError(f"'{found[0]}' closes nothing", text, found.span(), "Remove it.")
        elif not opened:
            yield start, found.start()
            start = found.end()
    if opened:
        bracket, place = opened[-1]
        closing = {"(": ")", "[": "]"}[bracket]
        raise InputError(f"'{bracket}' is never closed", text, place, f"Add '{closing}'.")
    yield start, len(text)


def _value(text: str, start: int, end: int) -> Any:
    """A number, or a list; lists that are not closed yet wait on a stack."""
    waiting: list[list[Any]] = [[]]
    before = ""
    position = start
    for place, sign in _marks(text, start, end):
        word = text[position:place].strip()
        if (sign == "[" and (word or before == "]")) or (before == "]" and word):
            gap = (position, place)
            raise InputError("a comma is missing", text, gap, "Write a list as [1, 2].")
        if sign == "[":
            waiting.append([])
        elif before != "]" and (word or before + sign != "[]"):
            waiting[-1].append(_number(text, position, place))
        if sign == "]":
            closed = waiting.pop()
            waiting[-1].append(closed)
        before = sign
        position = place + 1
    value = waiting[0][0]
    if not _is_even(value):
        whole = _stripped(text, start, end)
        raise InputError("rows differ in length", text, whole, "Fill them up, as with nan.")
    return value


def _is_even(value: Any) -> bool:
    """Whether lists that stand side by side are of one length, at every depth."""
    rows = [value]
    while any(isinstance(row, list) for row in rows):
        if len({len(row) if isinstance(row, list) else None for row in rows}) > 1:
            return False
        rows = [item for row in rows for item in row]
    return True


def _marks(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The commas and square brackets outside of parentheses, and the end."""
    depth = 0
    for found in re.compile(r"[][(),]").finditer(text, start, end):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth and found[0] not in "()":
            yield found.start(), found[0]
    yield end, ""


def _stripped(text: str, start: int, end: int) -> Span:
    """A part of the text without the white space around it."""
    piece = text[start:end]
    first = end - len(piece.lstrip())
    return first, first + len(piece.strip())


def _number(text: str, start: int, end: int) -> float:
    """A constant expression of the formula language."""
    first, last = _stripped(text, start, end)
    word = text[first:last]
    if _PLAIN_NUMBER.fullmatch(word):
        return float(word)
    hint = "Values are numbers, constant expressions as pi/2, and lists of them."
    if not word:
        raise InputError("a value is missing", text, (first, last), hint)
    if found := re.search(r"[;#\r\n]", word):
        place = first + found.start()
        raise InputError(
            "a value ends here", text, (place, place + 1), "Separate inputs by commas."
        )
    try:
        constant = function(word)
    except SymgradError as error:
        shown = (first, last)
        if error.span is not None and error.text == word:
            shown = (first + error.span[0], first + error.span[1])
        raise type(error)(error.message, text, shown, error.hint) from None
    if constant.inputs:
        raise InputError(f"{constant.inputs[0]} has no value here", text, (first, last), hint)
    return float(constant())
