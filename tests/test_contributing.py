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


def test_a_function_and_a_rewrite_are_proved_by_their_lines(tmp_path: Path) -> None:
    """In a copy with both lines and a wrong one: only the wrong one fails."""
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
    shown = re.findall(r"^python -m pytest -q (.*)$", PAGE, re.MULTILINE)
    recipes = [shlex.split(line) for line in shown]
    files = {word for recipe in recipes for word in recipe if word.startswith("tests/")}
    names = [recipe[recipe.index("-k") + 1] for recipe in recipes]
    assert names == ["gudermannian", "floor"]
    chosen = f"{' or '.join(names)} or softsine"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider",
         *sorted(files), "-k", chosen],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )  # fmt: skip
    failed = re.findall(r"^FAILED (\S+)", ran.stdout, re.MULTILINE)
    assert ran.returncode == 1, ran.stdout[-2000:]
    assert len(failed) > 2
    assert all("softsine" in name for name in failed), failed
    assert int(re.findall(r"(\d+) passed", ran.stdout)[0]) > 30
