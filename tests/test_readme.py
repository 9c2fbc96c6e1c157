"""What the pages for users show is what happens: their Python and shell blocks run as tests."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from symgrad.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    page
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        ROOT / "grammar" / "README.md",
        ROOT / "examples" / "README.md",
        *sorted(ROOT.glob("docs/*.md")),
    )
    if page.exists()
]
FENCED = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(text: str, language: str) -> list[tuple[int, str]]:
    """Each block in a language, with the number of its first line."""
    return [
        (text.count("\n", 0, block.start(2)) + 1, block[2])
        for block in FENCED.finditer(text)
        if block[1] == language
    ]


def only_python(text: str, language: str = "python") -> str:
    """A page with all but its Python blocks blanked, so that lines keep their numbers."""
    lines = [""] * (text.count("\n") + 1)
    for first, block in blocks(text, language):
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


def run(arguments: list[str], where: Path) -> str:
    """What a process prints, errors too. This checkout runs, also where another is installed."""
    programs = os.pathsep.join([str(shims(where.parent)), os.environ.get("PATH", os.defpath)])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PATH": programs}
    ran = subprocess.run(
        arguments,
        cwd=where,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return ran.stdout


def shims(where: Path) -> Path:
    """A folder with `symgrad` and `python`, which are those that run the tests."""
    folder = where / "programs"
    folder.mkdir(exist_ok=True)
    for program, module in (("symgrad", "-m symgrad"), ("python", "")):
        path = folder / program
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return folder


def is_plain(command: str) -> bool:
    """Whether a line is `symgrad` alone, without pipes and the like: it needs no shell."""
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    first, *rest = words
    return first == "symgrad" and not any(set(word) <= set("();<>|&") for word in rest)


@pages
def test_python_blocks(page: Path, tmp_path: Path) -> None:
    """They run in a process of their own: what one defines must not reach other tests."""
    text = page.read_text(encoding="utf-8")
    unprompted = [first for first, block in blocks(text, "python") if block[:4] != ">>> "]
    assert unprompted == [], f"{page.name}: Python blocks are to be examples with >>> prompts"
    examples = tmp_path / page.name
    examples.write_text(only_python(text), encoding="utf-8")
    assert run([sys.executable, "-m", "doctest", examples.name], tmp_path) == ""


@pages
def test_console_blocks(
    page: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each line runs where those before it left their files, and in a shell where it needs one."""
    where = tmp_path / "page"
    where.mkdir()
    monkeypatch.chdir(where)
    for line, command, expected in commands(page.read_text(encoding="utf-8")):
        if is_plain(command):
            status = main(shlex.split(command)[1:])
            shown = "".join(capsys.readouterr())
            assert (status == 2) == shown.startswith(("symgrad: ", '{"error"')), command
        else:
            shown = run(["bash", "-c", command], where)
        assert shown.rstrip("\n") == expected, f"{page.name}, line {line}"


def test_the_readme_shows_both() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert doctest.DocTestParser().get_examples(only_python(text))
    assert commands(text)


def test_what_needs_a_shell() -> None:
    assert is_plain("symgrad grad 'x > 0 | y' --at x=1")
    assert not is_plain("symgrad grad x | cat")
    assert not is_plain("symgrad grad x; echo $?")
    assert not is_plain("python -c 1")


def test_blocks_are_read_as_they_stand() -> None:
    page = (
        "# Title\n```python\n>>> 1 + 1\n2\n```\n\n```sh\n$ not this\n```\n"
        "```console\n$ symgrad a 'b'\none\n\ntwo\n$ symgrad c\n```\n"
    )
    assert only_python(page).splitlines()[:5] == ["", "", ">>> 1 + 1", "2", ""]
    assert commands(page) == [(11, "symgrad a 'b'", "one\n\ntwo"), (15, "symgrad c", "")]
