"""What users see for wrong formulas, kept as text: each formula with its whole error below it."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "transcripts"
CASE = re.compile(r"^\$ (.*)\n((?:.+\n)+)", re.MULTILINE)


def transcript(name: str) -> list[tuple[str, str]]:
    """Formulas and errors of a file. A formula stands there with Python's backslash escapes."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [(unescaped(formula), shown.rstrip("\n")) for formula, shown in CASE.findall(text)]


def unescaped(line: str) -> str:
    return line.encode("latin-1", "backslashreplace").decode("unicode_escape")
