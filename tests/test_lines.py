"""Long statements on several lines, as ruff would write them."""

import subprocess
import sys

import pytest

from symgrad.writing.lines import WIDTH, bracketed, laid_out

A, B, C = "a" * 50, "b" * 50, "c" * 20

STATEMENTS = [
    "x = np.add(b, c)",
    f"x = np.add({A}, {C})",
    f"x = np.add({A}, {B})",
    f"x = {A} * {B}",
    f"x = {C} + {B} - {A}",
    f"return {A} * {B}",
    f"x = _sum_to({A} + {B} + {C}, x)",
    f"x = np.where({C} > 0, np.add({A}, {B}), 0.0)",
    f"x[1:] += {A} * {B}",
    f'x = np.einsum("a(bc,cd->a + bd", {A}, {B})',
    f"x = np.broadcast({', '.join([C] * 12)})",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_lines_are_broken_as_formatters_break_them(statement: str) -> None:
    """Where ruff is installed, as it is for development."""
    text = "def f():\n" + laid_out("    ", statement) + "\n"
    assert max(map(len, text.splitlines())) <= WIDTH
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", "-"]
    found = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert "No module named ruff" in found.stderr or found.returncode == 0, found.stdout


def test_what_cannot_be_broken_stays() -> None:
    for statement in ("x = " + "a" * 100, "# " + "word " * 30):
        assert laid_out("    ", statement) == f"    {statement}"


def test_items_stand_below_one_another_where_they_do_not_fit() -> None:
    assert bracketed("", "f(", ["a", "b"], ")") == "f(a, b)"
    assert bracketed("", "f(", [A, B], ")") == f"f(\n    {A},\n    {B},\n)"
