"""What CONTRIBUTING.md says is so: its places exist, and its recipes do what they promise."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from symgrad.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = {"functions.sg": "# Networks\n", "rewrites.sg": "[exact]\n"}
"""Where the lines of the page go: below this line of the file."""
CHOSEN = ["gudermannian", "turned", "floor", "plain", "inputs"]
"""What the page adds, as its tests are chosen: function, operation, rewrite, target, command."""
WRONG = "softsine(x) = sin(x) / (2 + cos(x)) : cos(x) / (2 + cos(x))\n"


def test_every_place_exists() -> None:
    named = {*re.findall(r"`([\w./]+/[\w./]+)[`:]", PAGE), *re.findall(r"\]\((.*?)\)", PAGE)}
    assert len(named) > 15
    assert [place for place in sorted(named) if not (ROOT / place).exists()] == []
    for file, test in re.findall(r"(tests/\w+\.py)::(\w+)", PAGE):
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_commands_are_tables() -> None:
    assert (ROOT / "symgrad" / "commands").is_dir()
    assert all(command.example for command in COMMANDS.values())


def applied(root: Path, recipe: str) -> None:
    """A recipe's lines in a copy of the project: those with a plus, below what stands above them.

    What stands above ends within a line where the line goes on, as in a list of words.
    """
    for part in re.split(r"^\+\+\+ ", recipe, flags=re.MULTILINE)[1:]:
        name, _, hunks = part.partition("\n")
        path = root / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for hunk in hunks.split("@@\n"):
            lines = hunk.splitlines()
            above = "\n".join(line[1:] for line in lines if line[0] == " ")
            added = "\n".join(line[1:] for line in lines if line[0] == "+")
            assert text.count(above) == 1 or not text, (name, above)
            text = text.replace(above, f"{above}\n{added}") if text else f"{added}\n"
        path.write_text(text, encoding="utf-8")


def test_recipes_are_proved_by_the_tests_that_they_name(tmp_path: Path) -> None:
    """In a copy with all of them and a wrong function: only the wrong one fails.

    A function and a rewrite are lines; an operation, a target and a command are differences.
    """
    for folder in ("symgrad", "grammar", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    lines = re.findall(r"^```sg\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for (name, above), line in zip(RECIPES.items(), lines, strict=True):
        path = tmp_path / "grammar" / name
        text = path.read_text(encoding="utf-8")
        assert above in text
        more = line + WRONG if name == "functions.sg" else line
        path.write_text(text.replace(above, above + more), encoding="utf-8")
    differences = re.findall(r"^```diff\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for difference in differences:
        applied(tmp_path, difference)
    shown = re.findall(r"^python -m pytest -q (.*)$", PAGE, re.MULTILINE)
    recipes = [shlex.split(line) for line in shown]
    files = {word for recipe in recipes for word in recipe if word.startswith("tests/")}
    names = [recipe[recipe.index("-k") + 1] for recipe in recipes]
    assert [name.partition(" ")[0] for name in names] == CHOSEN
    ran = run(tmp_path, "-m", "pytest", "-q", "-rA", "-o", "addopts=", "-p", "no:cacheprovider",
              *sorted(files), "-k", " or ".join([*names, "softsine"]))  # fmt: skip
    failed, passed = (
        re.findall(rf"^{how} (\S+)", ran, re.MULTILINE) for how in ("FAILED", "PASSED")
    )
    assert len(failed) > 2, ran[-2000:]
    assert all("softsine" in name for name in failed), failed
    for name in CHOSEN:
        assert sum(name in test for test in passed) > 1, name
    programs = re.findall(r"^python -m symgrad (.*)$", PAGE, re.MULTILINE)
    gradient, inputs = (run(tmp_path, "-m", "symgrad", *shlex.split(line)) for line in programs)
    assert "import numpy" not in gradient
    assert "return 4 * x * exp(x**2) ** 2" in gradient
    assert inputs == "x\ny\n"


def run(where: Path, *arguments: str) -> str:
    """What Python prints in a copy of the project."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=where,
        env=os.environ | {"PYTHONPATH": str(where)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    ).stdout
