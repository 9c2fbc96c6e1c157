"""The pages as a site: links lead somewhere, each page has its place, shell lines are known."""

import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import symgrad
from benchmarks.__main__ import BENCHMARKS
from symgrad.functions import builtin_functions
from tests.test_readme import EXTRAS, FENCED, PAGES, ROOT, TITLES, blocks, pages

TOOLS = ROOT / "docs" / "tools"
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`[^`\n]*`")

RUN = frozenset(("python", "console", *(f'py title="{title}"' for title in TITLES)))
NOT_RUN = {
    "sh": "installs something or runs for long; SHELL_LINES says of every line where it runs",
    "mermaid": "a picture, which is held against the graph",
    "sg": "lines of the tables, which test_contributing adds to copies of them",
    "diff": "recipes, which test_contributing follows in a copy of the project",
    "text": "no code: how a line of a table is made up, and what a file of code prints",
}
"""Labels of blocks, and why some are not run."""

HERE = r"(?:\.venv/bin/)?"
SHELL_LINES: dict[str, tuple[str, Callable[[str], bool]]] = {
    r"python3 -m venv \.venv\S* && \.venv\S*/bin/pip install .*": (
        "`.ci/run` takes it from the page",
        lambda _: True,
    ),
    rf"{HERE}pip install(?: --quiet)? ([\"'])(?:symgrad|\.)\[(.*)\]\1": (
        "nowhere, as it needs the network; test_readme runs the page with these extras alone",
        lambda extras: {*extras.split(",")} <= {*EXTRAS},
    ),
    rf"{HERE}python (examples/\w+\.py)": ("test_examples", lambda path: (ROOT / path).exists()),
    r"python -m benchmarks (\w+)": ("test_benchmarks, shorter", BENCHMARKS.__contains__),
    r"python -m tests\.fuzz (parser|compiler) --seconds \d+": ("test_fuzz, shorter", bool),
    r"(?:eval \"\$\()?symgrad completion (bash|zsh|fish)\b.*": ("test_completion", bool),
    r"mkdocs (build --strict|serve)": ("`.ci/run` builds the site", bool),
    r"(?:\.venv/bin/)?(?:python -m )?(pytest|ruff|mypy)\b.*": (
        "`.ci/run`, test_contributing",
        bool,
    ),
    r"python -m (symgrad|symgrad\.language\.parser|tests\.test_document)\b.*": (
        "test_contributing, test_parser, test_document",
        bool,
    ),
}
"""What may stand in a block that is not run, where it does run, and whether its names exist."""


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Loads a file of the site's without the packages that build it."""
    for module in ("griffe", "mkdocs", "mkdocs.structure", "mkdocs.structure.files"):
        stub = SimpleNamespace(Extension=object, File=None, Files=None)
        monkeypatch.setitem(sys.modules, module, stub)
    return lambda name: runpy.run_path(str(TOOLS / f"{name}.py"))


def flowchart(graph: str) -> str:
    """A graph as a Mermaid flowchart: the values in boxes, what belongs to derivatives dashed."""
    *steps, results = graph.splitlines()
    split = [step.partition("  # ")[0].partition(" = ") for step in steps]
    operands = {name: re.findall(r"\b[a-z_]\w*\b(?!\()", call) for name, _, call in split}
    first, *derivatives = results.removeprefix("return ").split(", ")
    value = {first}
    for name in reversed(operands):
        value.update(operands[name] if name in value else ())
    inputs = dict.fromkeys(word for words in operands.values() for word in words)
    lines = [f"  {name}([{name}])" for name in inputs if name not in operands]
    lines += [f'  {name}["{name} = {call}"]' for name, _, call in split]
    lines += [
        f"  {word} {'-->' if name in value else '-.->'} {name}"
        for name, words in operands.items()
        for word in dict.fromkeys(words)
    ]
    back = [name for name in operands if name not in value]
    lines += [f"  class {','.join(back)} back"] if back else []
    lines.append(f"  class {','.join([first, *derivatives])} result")
    styles = ["  classDef back stroke-dasharray:4", "  classDef result stroke-width:3px"]
    return "\n".join(["flowchart TD", *lines, *styles, ""])


def picture(block: str) -> str:
    """What a picture should be: its first line says of which formula."""
    comment = block.partition("\n")[0]
    verb, _, formula = comment.removeprefix("%% ").partition(": ")
    kind, _, wrt = verb.partition(" by ")
    graph = (
        symgrad.function(formula).lowered
        if kind == "lowered"
        else getattr(symgrad, kind)(formula, *([wrt] if wrt else [])).graph
    )
    return f"{comment}\n{flowchart(str(graph))}"


def anchors(text: str) -> set[str]:
    """The names of a page's headings in links."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@pages
def test_links_lead_somewhere(page: Path) -> None:
    prose = CODE.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))
    lost = []
    for link in LINK.findall(prose):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if re.match(r"https?://", link):
            continue
        known = {"", *anchors(target.read_text("utf-8"))} if target.exists() else set()
        if anchor not in known:
            lost.append(link)
    assert lost == []


@pages
def test_pictures_are_of_the_graph(page: Path) -> None:
    """A picture's first line is a comment: what it shows, of which formula."""
    for _, block in blocks(page.read_text(encoding="utf-8"), "mermaid"):
        assert block == picture(block)


def test_each_page_has_a_place_and_each_place_a_page() -> None:
    listed = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    here = {page.relative_to(ROOT).as_posix() for page in PAGES} - {"README.md"}
    assert sorted(listed) == sorted({*here, "CHANGELOG.md", "docs/functions.md"})


@pages
def test_every_block_is_of_a_known_kind(page: Path) -> None:
    kinds = {block[1] for block in FENCED.finditer(page.read_text(encoding="utf-8"))}
    assert kinds <= {*RUN, *NOT_RUN}


@pages
def test_shell_blocks_hold_lines_that_are_known(page: Path) -> None:
    for _, block in blocks(page.read_text(encoding="utf-8"), "sh"):
        for line in block.splitlines():
            found = [(re.fullmatch(form, line), holds) for form, (_, holds) in SHELL_LINES.items()]
            assert any(match and holds(match[match.re.groups]) for match, holds in found), line


def test_all_public_names_stand_in_the_api() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    missing = [name for name in symgrad.__all__ if not re.search(rf"\b{name}\b", text)]
    assert missing == ["__version__"]


def test_the_function_page_has_every_function_once(tools: Any) -> None:
    shown = tools("hooks")["functions_page"]()
    names = re.findall(r"^\| `(\w+)\(", shown, re.MULTILINE)
    assert sorted(names) == sorted(n for n in builtin_functions() if not n.startswith("_"))
    assert "| `log1p(x)` | `log(1 + x)` | `g / (1 + x)` |" in shown.splitlines()
    assert "| `stop_gradient(x: array)` |" in shown


def test_the_site_reads_bars_and_prompts_in_its_own_way(tools: Any) -> None:
    page = '| `p \\| q` | either |\n\n`a \\| b`\n\n```python\n>>> x\n```\n```py title="JAX"\n'
    shown = '| `p | q` | either |\n\n`a \\| b`\n\n```pycon\n>>> x\n```\n```pycon title="JAX"\n'
    assert tools("hooks")["on_page_markdown"](page, page=None) == shown


def test_docstrings_become_markdown(tools: Any) -> None:
    docstring = (
        "Do it.\n\nParameters\n----------\na, b:\n    Two\n    numbers.\n\n    Floats.\n"
        "c:\n    One.\n\n>>> f(1)\n    2\n\nRaises\n------\nInputError\n    Never.\n"
    )
    assert tools("docstrings")["as_markdown"](docstring) == (
        "Do it.\n\n**Parameters**\n\n`a`, `b`\n:   Two\n    numbers.\n\n    Floats.\n\n"
        "`c`\n:   One.\n\n\n```pycon\n>>> f(1)\n    2\n```\n\n"
        "**Raises**\n\n`InputError`\n:   Never.\n\n"
    )
