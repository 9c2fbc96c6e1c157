"""Statements that are too long for one line, laid out as formatters of Python do it.

Black's rules (https://black.readthedocs.io/en/stable/the_black_code_style/current_style.html): what
stands between the last brackets goes on a line of its own, else its items do, each with a comma; an
expression without such brackets is put into parentheses and broken before its operators.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

WIDTH = 88
"""Where lines end, as formatters have it unless told otherwise."""

_OPERATORS = ((" | ",), (" & ",), (" + ", " - "), (" * ", " / ", " @ ", " // "), ("**",))


def bracketed(indent: str, opening: str, items: Sequence[str], closing: str) -> str:
    """Items between brackets, on one line where they fit, else one a line."""
    line = f"{indent}{opening}{', '.join(items)}{closing}"
    if len(line) <= WIDTH or not items:
        return line
    rows = [f"{indent}    {item}," for item in items]
    return "\n".join([indent + opening, *rows, indent + closing.removeprefix(",")])


def laid_out(indent: str, statement: str) -> str:
    """A statement of one line, on as many as it takes.

    >>> print(laid_out("", "x = np.add(" + "a" * 40 + ", " + "b" * 40 + ")").replace("aaaa", "a"))
    x = np.add(
        aaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    )
    """
    done: list[str] = []
    waiting = [(indent, statement)]
    while waiting:
        indent, line = waiting.pop()
        fits = len(indent) + len(line) <= WIDTH
        pieces = [] if fits or line.startswith("#") else _pieces(line, len(indent))
        waiting += [(indent + deeper, piece) for deeper, piece in reversed(pieces)]
        if not pieces:
            done.append(indent + line)
    return "\n".join(done)


_DEEPER = "    "


def _pieces(line: str, indented: int) -> list[tuple[str, str]]:
    """A line as several, each with what it is indented by; none if it cannot be broken."""
    start = _expression(line)
    comma = "," if line.endswith(",") else ""
    lead, expression = line[:start], line[start:].removesuffix(",")
    breaks = list(_breaks(expression))
    opened = _last_bracket(expression)
    if opened is not None and not breaks:
        head, body, tail = expression[: opened + 1], expression[opened + 1 : -1], expression[-1]
        items = [body] if indented + 4 + len(body) <= WIDTH else _items(body)
        rows = [(_DEEPER, item) for item in items]
        return [("", lead + head), *rows, ("", tail + comma)]
    if not breaks:
        return []
    ends = [*breaks, len(expression)]
    parts = [expression[a:b].strip() for a, b in zip([0, *breaks], ends, strict=True)]
    if comma:
        return [("", parts[0]), *(("", part) for part in parts[1:-1]), ("", parts[-1] + comma)]
    return [("", f"{lead}("), *((_DEEPER, part) for part in parts), ("", ")")]


def _expression(statement: str) -> int:
    """Where the expression begins."""
    if statement.startswith("return "):
        return len("return ")
    at = next((k for k, depth in _depths(statement) if depth == 0 and statement[k] == "="), -2)
    return at + 2 if statement[at - 1 : at + 2] in (" = ", "+= ", "-= ") else 0


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Each place of a text, and in how many brackets it stands; quotes count as one."""
    depth, quoted = 0, False
    for place, letter in enumerate(text):
        depth -= not quoted and letter in ")]}"
        yield place, depth + quoted
        depth += not quoted and letter in "([{"
        quoted ^= letter == '"'


def _last_bracket(text: str) -> int | None:
    """Where the bracket opens that closes at the end."""
    if text[-1] not in ")]}":
        return None
    opened = [place for place, depth in _depths(text) if depth == 0 and text[place] in "([{"]
    return opened[-1] if opened else None


def _breaks(expression: str) -> Iterator[int]:
    """Before which operators an expression is broken: those that bind least."""
    outside = [place for place, depth in _depths(expression) if depth == 0]
    for operators in _OPERATORS[:-1]:
        found = [p for p in outside if expression.startswith(operators, p)]
        if found:
            yield from found
            return


def _items(body: str) -> list[str]:
    """The items between commas, each with a comma."""
    commas = [place for place, depth in _depths(body) if depth == 0 and body[place] == ","]
    ends = [*commas, len(body)]
    starts = [0, *(comma + 1 for comma in commas)]
    return [body[a:b].strip() + "," for a, b in zip(starts, ends, strict=True)]


def escaped(text: str) -> list[str]:
    """Formula text as lines that can stand in a docstring, whatever is in them."""
    lines = re.split(r"\r\n?|\n", text)
    return [
        "".join(c if _is_plain(c) else _escape(c) for c in line.replace("\t", "    ")).rstrip(" ")
        for line in lines
    ]


def _is_plain(character: str) -> bool:
    return (" " <= character <= "~" and character not in '"\\') or "Α" <= character <= "ω"


def _escape(character: str) -> str:
    return "\\" + character if character in '"\\' else character.encode("unicode_escape").decode()
