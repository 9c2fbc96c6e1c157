"""What pages show, brought up to date: `python -m tests.renewal PAGE ...`; read the difference.

Outputs after prompts and after commands are replaced by what comes out now, and pictures are drawn
again. An exception that is expected stays as it is; where it has changed, that is told. With
--peers it is the code for other libraries that runs, where these are installed.
"""

import doctest
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from symgrad import api
from symgrad.functions import builtin_functions
from tests.test_readme import PAGES, TITLES, blocks, commands, only_python, run
from tests.test_site import picture


class Renewing(doctest.DocTestRunner):
    """Collects what examples print instead of what they should."""

    def __init__(self) -> None:
        super().__init__(verbose=False)
        self.renewed: list[tuple[int, int, str]] = []

    def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
        if example.exc_msg is not None or got.startswith("Traceback"):
            out(f"{test.name}, line {example.lineno + 1}: another exception\n{got}\n")
            return
        first = example.lineno + example.source.count("\n")
        blank = "".join(line if line.strip() else "<BLANKLINE>\n" for line in got.splitlines(True))
        self.renewed.append((first, example.want.count("\n"), blank))

    def report_unexpected_exception(self, out: Any, test: Any, example: Any, exc_info: Any) -> None:
        out(f"{test.name}, line {example.lineno + 1}: {exc_info[1]!r}\n")


def examples(text: str, name: str, language: str = "python") -> list[tuple[int, int, str]]:
    """What the examples of a page print now, if not what stands there: line, length and output."""
    shown = only_python(text, language)
    api._table = builtin_functions()
    runner = Renewing()
    runner.run(doctest.DocTestParser().get_doctest(shown, {}, name, name, 0))
    return runner.renewed


def others(text: str, where: Path) -> list[tuple[int, int, str]]:
    """What its commands print now, and its pictures."""
    changes = []
    for line, command, expected in commands(text):
        printed = run(["bash", "-c", command], where).rstrip("\n")
        if printed != expected:
            changes.append((line, expected.count("\n") + bool(expected), printed + "\n"))
    changes += [
        (line - 1, block.count("\n"), picture(block)) for line, block in blocks(text, "mermaid")
    ]
    return changes


def renewed(text: str, changes: list[tuple[int, int, str]]) -> str:
    """A page with some lines replaced."""
    lines = text.splitlines(keepends=True)
    for first, count, output in sorted(changes, reverse=True):
        lines[first : first + count] = [output]
    return "".join(lines)


if __name__ == "__main__":
    peers = "--peers" in sys.argv
    chosen = [Path(name).resolve() for name in sys.argv[1:] if name != "--peers"]
    for page in chosen or PAGES:
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            where = Path(folder, "page")
            where.mkdir()
            os.chdir(where)
            sys.path.insert(0, str(where))
            languages = [f'py title="{title}"' for title in TITLES] if peers else ["python"]
            changes = [change for name in languages for change in examples(text, page.name, name)]
            page.write_text(
                renewed(text, changes + ([] if peers else others(text, where))), "utf-8"
            )
