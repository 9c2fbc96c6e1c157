"""Files that check themselves: they pass as they are, and fail when a derivative is altered."""

import subprocess
import sys
from pathlib import Path

import pytest

from symgrad.cli import main

NETWORK = """X: (n, d); y: (n,); W: (d, h); b: (h,); v: (h,)
mean((tanh(X @ W + b) @ v - y)**2)"""

CASES: dict[str, tuple[list[str], str, str]] = {
    "numbers": (["grad", "exp(x*y) + x**3"], "3 * x**2", "4 * x**2"),
    "renamed": (["value-and-grad", "x*exp(x)", "--name", "both"], "exp(x)", "sin(x)"),
    "network": (["grad", NETWORK, "--wrt", "W,b,v"], "db = ", "db = 1.01 * "),
    "indices": (
        ["grad", "sum(x[k]*y)", "--wrt", "x", "--at", "x=[1,2,3],k=[0,2],y=2"],
        "np.add.at(full, k, ", "np.add.at(full, k, 3 * ",
    ),
}  # fmt: skip


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(path), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_found(name: str, tmp_path: Path) -> None:
    arguments, right, wrong = CASES[name]
    path = tmp_path / "slopes.py"
    assert main([*arguments, "--check", "-o", str(path)]) == 0
    found = checked(path)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("point  derivative")
    assert found.stdout.endswith("No fault was found.\n")
    text = path.read_text("utf-8")
    body = text.index("_floats(", text.index("def grad("))
    assert right in text[body:]
    path.write_text(text[:body] + text[body:].replace(right, wrong), encoding="utf-8")
    found = checked(path)
    assert found.returncode == 1
    assert "FAULT" in found.stdout


def test_files_are_formatted_and_say_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "slopes.py"
    assert main(["grad", NETWORK, "--wrt", "W,b,v", "--check", "-o", str(path)]) == 0
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", str(path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "No module named ruff" in found.stderr or found.returncode == 0
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert "Made by symgrad.grad" in plain.stdout


@pytest.mark.parametrize("formula", ["2*pi", "sum(A @ x)"])
def test_what_cannot_be_checked(
    formula: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["grad", formula, "--check", "-o", str(tmp_path / "slopes.py")]) == 2
    assert (
        "there is no derivative" in (error := capsys.readouterr().err) or "what A is like" in error
    )
