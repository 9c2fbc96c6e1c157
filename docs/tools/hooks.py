"""The pages of the site: where each comes from, and those that are made of tables.

On the site a page has the name that it has in the repository, so that a link which works there
works here, also to pages and sources outside this folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from symgrad.functions import Function, builtin_functions, builtin_sections

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "grammar/README.md": "language",
    "examples/README.md": "examples",
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "SECURITY.md": "security",
}
"""Pages outside this folder, and the address of each on the site."""
SOURCES = ("grammar/*.sg", "grammar/*.lark", "examples/*.py", "benchmarks/operations.py")
"""Files that pages show as they are; browsers show what ends in .txt."""
FUNCTIONS = """\
# The functions

Every function of the language, as it stands in [functions.sg](../grammar/functions.sg). A
definition says what the function means. A derivative without `g` is the partial derivative by a
parameter, and `g` is the derivative by the value of all that comes after: with it, what stands
there is the whole term. `out` is the function's value, and `keep(p, x)` is x where p holds and
exactly 0 elsewhere. A function without a derivative is differentiated through its definition. [The
reference](../grammar/README.md#adding-functions-the-lines-of-functionssg) says what the kinds of
parameters are, and `symgrad functions NAME` shows one line of this.
"""
WORDS = {
    "built": "by way of other functions",
    "structural": "a rule in `symgrad/differentiation/structural.py`",
    "none": "none",
}
_ROW = re.compile(r"^\|.*", re.MULTILINE)
_PROMPTED = re.compile(r"^```py(thon)?\b", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Name all files by their place in the repository, and add those from outside this folder."""
    found = []
    for file in files:
        address = file.dest_uri
        if file.src_dir == config.docs_dir:
            file.src_dir, file.src_uri = str(ROOT), f"docs/{file.src_uri}"
            file.dest_uri = address
        found.append(file)
    found.append(File.generated(config, "docs/functions.md", content=functions_page()))
    found[-1].dest_uri = "functions/index.html"
    for page, address in PAGES.items():
        if (ROOT / page).exists():
            found.append(_outside(config, page, f"{address}/index.html"))
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            found.append(_outside(config, name, f"{name}.txt"))
    return Files(found)


def _outside(config: Any, name: str, address: str) -> File:
    return File(name, str(ROOT), config.site_dir, config.use_directory_urls, dest_uri=address)


def functions_page() -> str:
    """The function table, section by section, as Markdown."""
    table = builtin_functions()
    parts = [FUNCTIONS]
    for heading, names in builtin_sections():
        rows = [_row(table[name]) for name in names if not name.startswith("_")]
        if rows:
            parts.append(f"## {heading}\n\n| function | is | derivative |\n| --- | --- | --- |")
            parts[-1] += "".join(f"\n{row}" for row in rows) + "\n"
    return "\n".join(parts)


def _row(function: Function) -> str:
    """A function as the line of a table."""
    meanings = [_code(function.text[slice(*tree.span)]) for tree in function.definitions]
    told = [function.text[slice(*tree.span)] for tree in function.derivatives]
    slopes = [told[0]] if len(set(told)) == 1 else told
    shown = [WORDS.get(slope, _code(slope)) for slope in slopes]
    return f"| {_code(function.signature)} | {'<br>'.join(meanings)} | {'<br>'.join(shown)} |"


def _code(text: str) -> str:
    """A piece of the language in a cell, on one line."""
    return f"`{' '.join(text.split())}`"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """What other readers of the files need otherwise: bars in tables, and names of languages."""
    markdown = _ROW.sub(lambda row: row[0].replace("\\|", "|"), markdown)
    return _PROMPTED.sub("```pycon", markdown)
