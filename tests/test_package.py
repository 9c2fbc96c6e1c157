"""A folder of formulas becomes a package, with tests and a stale check."""

import importlib.util
import io
import subprocess
import sys
from pathlib import Path

import pytest

from symgrad.cli import main
from symgrad.commands.package import progress

FORMULAS = {
    "kinetic": "m*v**2/2  # an energy\n",
    "loss": "# wrt: w, b\nX: (n, d); w: (d,); b: scalar; y: (n,)\nmean((X @ w + b - y)**2)\n",
    "chain": "# at: x=[1,2,3]\nsum((x[1:] - x[:-1]**2)**2)\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "formulas").mkdir()
    for name, text in FORMULAS.items():
        (tmp_path / "formulas" / f"{name}.sg").write_text(text, encoding="utf-8")
    return tmp_path


def compiled(*more: str) -> int:
    return main(["compile", "formulas", "-o", "gradients", *more])


def test_the_package_works_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiled("--tests", "checks", "--check") == 0
    paths = capsys.readouterr().out.split()
    assert sorted(p for p in paths if p.startswith("gradients")) == [
        "gradients/__init__.py", "gradients/chain.py", "gradients/kinetic.py", "gradients/loss.py",
    ]  # fmt: skip
    code = "import gradients as g; print(*g.__all__, g.kinetic.grad(2, 3), len(g.loss.__doc__) > 9)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.startswith("chain kinetic loss {'m': ")
    subprocess.run([sys.executable, "gradients/loss.py", "--check"], check=True)
    for name in FORMULAS:
        spec = importlib.util.spec_from_file_location(name, folder / "checks" / f"test_{name}.py")
        assert spec is not None
        assert spec.loader is not None
        tests = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tests)
        tests.test_known_points()


def test_what_is_stale_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiled() == 0
    assert compiled("--stale") == 0
    capsys.readouterr()
    assert compiled() == 0
    assert capsys.readouterr().out == "", "what is fresh is not written again"
    (folder / "formulas" / "kinetic.sg").write_text("m*v**2", encoding="utf-8")
    (folder / "formulas" / "loss.sg").rename(folder / "formulas" / "square.sg")
    assert compiled("--stale") == 1
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "gradients/__init__.py is stale: its formulas are others",
        "gradients/kinetic.py is stale: its formula is another one",
        "gradients/loss.py is left over: it has no formula",
        "gradients/square.py is missing",
    ]


WRONG = [
    ("x.sg", "x**", "x.sg: the formula ends where an operand is expected\n  x**"),
    ("2x.sg", "x", "formulas/2x.sg cannot name a module of Python"),
    ("class.sg", "x", "formulas/class.sg cannot name a module of Python"),
    ("y.sg", "# wrt: z\ny", "y.sg: wrt: z is not an input of the formula"),
]


@pytest.mark.parametrize(("name", "text", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_wrong_formulas_are_told_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, message: str
) -> None:
    (folder / "formulas" / name).write_text(text, encoding="utf-8")
    assert compiled() == 2
    assert message in capsys.readouterr().err
    assert not (folder / "gradients").exists()


def test_other_peoples_files_stay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "gradients").mkdir()
    (folder / "gradients" / "loss.py").write_text("mine = 1\n", encoding="utf-8")
    assert compiled() == 2
    assert "gradients/loss.py is there, and was not made by symgrad" in capsys.readouterr().err
    assert [path.name for path in (folder / "gradients").iterdir()] == ["loss.py"]


def test_folders_without_formulas(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    assert main(["compile", "empty", "-o", "out"]) == 2
    assert main(["compile", "none", "-o", "out"]) == 2
    empty, _, missing = capsys.readouterr().err.splitlines()
    assert empty == "symgrad: empty holds no formulas"
    assert missing.startswith("symgrad: none cannot be read: ")


def test_progress_is_for_terminals() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, wanted in ((io.StringIO(), ""), (Terminal(), "\r\033[K1/3 loss\r\033[K")):
        tell = progress(stream)
        tell(1, 3, "loss")
        tell(3, 3, "")
        assert stream.getvalue() == wanted
