"""How results and errors leave the command: as text, in colour on a terminal, or as JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, TextIO

from symgrad.errors import SymgradError

_BOLD, _RED, _GREEN, _CYAN = "1", "1;31", "32", "36"

_ERROR_STYLES = (
    (r"\Asymgrad: ", _RED),
    (r"(?<=\Asymgrad: ).+", _BOLD),
    (r"^ *\^+$", _RED),
    (r"(?<=\^\n)\S.*", _CYAN),
)
_RESULT_STYLES = (
    (r"^ *\^+$", _RED),
    (r"^Fault: .*", _RED),
    (r"^(?:No fault was found|The formulas (?:agree|are the same)).*", _GREEN),
    (r"^The formulas differ.*", _RED),
    (r"\A(?:ulps)? +(?:known|elements) .*", _BOLD),
    (r"^== \w+ ==$", _BOLD),
    (r"^(?:usage|options|positional arguments|examples?):", _BOLD),
)
"""What of a text stands out, and how: regular expressions and the numbers of ECMA-48, 8.3.117."""

_CONSTANTS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def wants_colour(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that shows colours, to a user who has not declined them.

    The conventions are those of https://no-color.org: NO_COLOR, if not empty, declines.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def painted(text: str, stream: TextIO | None, error: bool = False) -> str:
    """A text for a stream: in colour where that wants it, else as it is."""
    if not wants_colour(stream):
        return text
    styles = _ERROR_STYLES if error else _RESULT_STYLES
    whole = "|".join(f"({pattern})" for pattern, _ in styles)

    def styled(found: re.Match[str]) -> str:
        return f"\033[{styles[(found.lastindex or 1) - 1][1]}m{found[0]}\033[0m"

    return re.sub(whole, styled, text, flags=re.MULTILINE)


def as_json(data: Mapping[str, Any]) -> str:
    r"""One line of JSON. What is no number there is a text: "nan", "inf" and "-inf".

    >>> as_json({"value": [1.0, float("inf")], "at": {"λ": 2.0}})
    '{"value": [1.0, "inf"], "at": {"λ": 2.0}}\n'
    """
    text = json.dumps(data, default=_plain)
    plain = json.loads(text, parse_constant=_CONSTANTS.__getitem__)
    return json.dumps(plain, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """NumPy's arrays and numbers, as those of Python."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def error_as_json(error: SymgradError, file: str | None = None) -> str:
    """An error as one line of JSON: its kind, and what its text is made of."""
    place: dict[str, Any] = {}
    if error.span is not None:
        start, end = error.span
        before = error.text[:start]
        line = before.count("\n") + 1
        column = start - (before.rfind("\n") + 1) + 1
        place = {"text": error.text, "span": [start, end], "line": line, "column": column}
    told = {"kind": type(error).__name__, "message": error.message, "hint": error.hint or None}
    return as_json({"error": told | place | ({"file": file} if file else {})})
