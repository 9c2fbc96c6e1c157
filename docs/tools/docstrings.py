"""Docstrings as the site shows them: examples as code, parameters as a list of definitions."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension

_TITLE = re.compile(r"^(\w+)\n-{3,}$", re.MULTILINE)
_TERM = re.compile(r"^(\w+(?:, \w+)*):?\n((?:    .*\n?|\n(?=    ))+)", re.MULTILINE)
_EXAMPLE = re.compile(r"^(>>> .*(?:\n.+)*)", re.MULTILINE)


class AsMarkdown(Extension):
    """Rewrites each docstring before it is shown."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """A docstring as Markdown: the headings bold, the terms as definitions, the examples fenced."""
    prose_and_examples = _EXAMPLE.split(text)
    for place, part in enumerate(prose_and_examples):
        if place % 2:
            prose_and_examples[place] = f"```pycon\n{part}\n```"
        else:
            prose_and_examples[place] = _TERM.sub(_definition, _TITLE.sub(r"**\1**\n", part))
    return "".join(prose_and_examples)


def _definition(term: re.Match[str]) -> str:
    names = ", ".join(f"`{name.strip()}`" for name in term[1].split(","))
    first, *rest = term[2].rstrip().splitlines()
    return "\n".join([names, f":   {first.strip()}", *rest, "", ""])
