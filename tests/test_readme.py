"""What the pages for users show is what happens: their Python and shell blocks run as tests."""

import ast
import doctest
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

from symgrad.cli import main
from tests.examine import OPTIONAL

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
FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLES = {
    "CasADi": "casadi",
    "JAX": "jax",
    "PyTorch": "torch",
    "SymPy": "sympy",
    "autograd": "autograd",
}
"""The libraries whose own code pages show under a title, and the module of each."""
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
NAMED = re.compile(r"(?:symgrad|\.)\[([\w,-]+)\]")
INSTALLED = re.compile(r"pip install .*?" + NAMED.pattern)
RUNNING = {"hypothesis", "pytest"}
"""What tests need to run."""
MODULES = {"scikit-learn": "sklearn"}
"""Distributions whose module has another name."""

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


def extras_named(text: str) -> set[str]:
    """The extras that a page tells the reader of, each of which there is."""
    found = {extra for extras in NAMED.findall(text) for extra in extras.split(",")}
    assert found <= {*EXTRAS}
    return found


def brought(extras: Iterable[str]) -> set[str]:
    """The modules that some extras install, with all that these need in turn."""
    waiting = [requirement for extra in extras for requirement in EXTRAS[extra]]
    found: set[str] = set()
    for requirement in waiting:
        name, _, more = re.match(r"([\w.-]+)(\[([\w,-]+)\])?", requirement).groups()
        if name == "symgrad":
            waiting += [line for extra in more.split(",") for line in EXTRAS[extra]]
        elif name not in found:
            found.add(name)
            waiting += needs(name)
    return {MODULES.get(name, name.replace("-", "_")) for name in found}


def needs(distribution: str) -> list[str]:
    """What it needs wherever it is installed; nothing is known of one that is missing here."""
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return []
    return [line for line in lines if "extra ==" not in line]


def examined(text: str, page: Path, where: Path, language: str, extras: Iterable[str]) -> set[str]:
    """Runs the blocks of a page in one language, with some extras alone; what they imported."""
    examples = where / page.name
    examples.write_text(only_python(text, language), encoding="utf-8")
    refused = sorted({*OPTIONAL} - brought(extras))
    assert run([sys.executable, "-m", "tests.examine", examples.name, *refused], where) == ""
    return {*Path(f"{examples}.used").read_text(encoding="utf-8").split()}


def started(text: str) -> set[str]:
    """The modules that a page's shell lines need: programs, and what the files import.

    Files that --tests writes need hypothesis.
    """
    lines = "\n".join(block for _, block in blocks(text, "sh"))
    found = {*re.findall(r"(?:/|-m |^)(pytest|ruff|mypy|mkdocs)\b", lines, re.MULTILINE)}
    for file in re.findall(r"python (\w+/\w+\.py)", lines):
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [getattr(node, "module", "") or node.names[0].name for node in imports]
        found.update(name.partition(".")[0] for name in names)
    written = any("--tests" in command for _, command, _ in commands(text))
    return {*found, "hypothesis"} if written else found


@pages
def test_python_blocks(page: Path, tmp_path: Path) -> None:
    """They run as a reader runs them, who installed the extras that the page names and no others.

    A process of their own: what one defines must not reach other tests. The extras in an install
    line of a shell block are needed by the page, each of them.
    """
    text = page.read_text(encoding="utf-8")
    unprompted = [first for first, block in blocks(text, "python") if block[:4] != ">>> "]
    assert unprompted == [], f"{page.name}: Python blocks are to be examples with >>> prompts"
    used = examined(text, page, tmp_path, "python", extras_named(text)) | started(text)
    shown = "\n".join(block for _, block in blocks(text, "sh"))
    for extra in ",".join(INSTALLED.findall(shown)).split(","):
        assert not extra or used & brought([extra]), f"nothing on {page.name} needs {extra}"


@pytest.mark.parametrize(
    ("page", "title"),
    [
        pytest.param(page, title, id=f"{page.stem}-{title}")
        for page in PAGES
        for title in TITLES
        if f'title="{title}"' in page.read_text(encoding="utf-8")
    ],
)
def test_blocks_of_other_libraries(page: Path, title: str, tmp_path: Path) -> None:
    """What their code prints is what the page says, where they are installed."""
    if find_spec(TITLES[title]) is None:
        pytest.skip(f"{title} is not installed")
    text = page.read_text(encoding="utf-8")
    examined(text, page, tmp_path, f'py title="{title}"', ["bench", "sympy"])


@pages
def test_console_blocks(
    page: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each line runs where those before it left their files, and in a shell where it needs one.

    A line that is `symgrad` alone runs with the extras that the page names, and no others.
    """
    text = page.read_text(encoding="utf-8")
    where = tmp_path / "page"
    where.mkdir()
    monkeypatch.chdir(where)
    refused = {*OPTIONAL} - RUNNING - brought(extras_named(text))
    for module in {*refused, *(name for name in sys.modules if name.partition(".")[0] in refused)}:
        monkeypatch.setitem(sys.modules, module, None)
    for line, command, expected in commands(text):
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
