"""What the pages for users show is what happens: their Python and shell blocks run as tests."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    page
    for page in (
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "grammar" / "README.md",
        *sorted(ROOT.glob("docs/*.md")),
    )
    if page.exists()
]
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(text: str, language: str) -> list[tuple[int, str]]:
    """Each block in a language, with the number of its first line."""
    return [
        (text.count("\n", 0, block.start(2)) + 1, block[2])
        for block in FENCED.finditer(text)
        if block[1] == language
    ]


def only_python(text: str) -> str:
    """A page with all but its Python blocks blanked, so that lines keep their numbers."""
    lines = [""] * (text.count("\n") + 1)
    for first, block in blocks(text, "python"):
        for number, line in enumerate(block.splitlines(), first - 1):
            lines[number] = line
    return "\n".join(lines)


def commands(text: str) -> list[tuple[int, str, str]]:
    """Line number, command and expected output of every `$ …` in the console blocks of a page."""
    return [
        (first + block.count("\n", 0, shown.start()), shown[1], shown[2].rstrip("\n"))
        for first, block in blocks(text, "console")
        for shown in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]


def run(arguments: list[str], where: Path) -> subprocess.CompletedProcess[str]:
    # This checkout is what runs, also where another symgrad is installed.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=where,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pages
def test_python_blocks(page: Path, tmp_path: Path) -> None:
    """They run in a process of their own: what one defines must not reach other tests."""
    text = page.read_text(encoding="utf-8")
    unprompted = [first for first, block in blocks(text, "python") if block[:4] != ">>> "]
    assert unprompted == [], f"{page.name}: Python blocks are to be examples with >>> prompts"
    examples = tmp_path / page.name
    examples.write_text(only_python(text), encoding="utf-8")
    ran = run(["-m", "doctest", examples.name], tmp_path)
    assert ran.stdout + ran.stderr == ""


@pages
def test_console_blocks(page: Path, tmp_path: Path) -> None:
    for line, command, expected in commands(page.read_text(encoding="utf-8")):
        place = f"{page.name}, line {line}"
        program, *arguments = shlex.split(command)
        programs = {"symgrad": ["-m", "symgrad"], "python": []}
        assert program in programs, f"{place}: only symgrad and python can be shown to run"
        ran = run([*programs[program], *arguments], tmp_path)
        assert (ran.stdout + ran.stderr).rstrip("\n") == expected, place
        # A status of 1 tells of a fault that was found and printed.
        good = (0, 1) if program == "symgrad" else (0,)
        assert (ran.returncode in good) == (ran.stderr == ""), place


def test_the_readme_shows_both() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert doctest.DocTestParser().get_examples(only_python(text))
    assert commands(text)


def test_blocks_are_read_as_they_stand() -> None:
    page = (
        "# Title\n```python\n>>> 1 + 1\n2\n```\n\n```sh\n$ not this\n```\n"
        "```console\n$ symgrad a 'b'\none\n\ntwo\n$ symgrad c\n```\n"
    )
    assert only_python(page).splitlines()[:5] == ["", "", ">>> 1 + 1", "2", ""]
    assert commands(page) == [(11, "symgrad a 'b'", "one\n\ntwo"), (15, "symgrad c", "")]
