"""The comments of a formula, and the statements that they belong to.

A comment belongs to the statement before it on its line, else to the one on the next line.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from symgrad.syntax import parse
from symgrad.writing.lines import WIDTH

_LAST = ""
"""The name of a last statement that has none."""


def remarks(text: str) -> dict[str, tuple[str, ...]]:
    r"""The comments of a formula by the name that their statement assigns, empty for the value.

    >>> remarks("r = y - x  # a residual\n# its square\nr**2")
    {'r': ('a residual',), '': ('its square',)}
    """
    if "#" not in text:
        return {}
    statements = parse(text)
    found: dict[str, tuple[str, ...]] = {}
    before = 0
    for place, statement in enumerate(statements):
        start, end = statement.span
        after = statements[place + 1].span[0] if place + 1 < len(statements) else len(text)
        trailing = re.split(r"[\r\n]", text[end:after])[0]
        lines = [*_above(text[before:start], first=place == 0), trailing.lstrip("; \t")]
        comments = tuple(line.strip("# \t") for line in lines if line.startswith("#"))
        target = statement.target
        name = _LAST if target is None else target.value if target.op == "name" else None
        if name is not None and not statement.declares and any(comments):
            found[name] = comments
        before = end
    return found


def _above(gap: str, first: bool) -> list[str]:
    """The lines of comments right above a statement, which stands at the end of the gap."""
    lines = [line.strip() for line in re.split(r"\r\n?|\n", gap)]
    whole = lines[:-1] if first else lines[1:-1]
    kept: list[str] = []
    for line in reversed(whole):
        if not line.startswith("#"):
            break
        kept.insert(0, line)
    return kept


def as_comments(remarks: Iterable[str]) -> list[str]:
    """Remarks as lines of Python, to be indented once."""
    plain = ["".join(map(_plain, remark)) for remark in remarks]
    lines = (line for remark in plain for line in textwrap.wrap(remark, WIDTH - 6))
    return [f"# {line}" for line in lines]


def _plain(letter: str) -> str:
    shown = " " <= letter <= "~" or "Α" <= letter <= "ω"
    return letter if shown else letter.encode("unicode_escape").decode()
