"""The command: what it prints, its exit status, and the exact text of every error."""

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import symgrad
from symgrad.cli import main
from symgrad.functions import builtin_functions, builtin_sections
from symgrad.seeing.explanation import explain

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    *("value", "grad", "value-and-grad", "compile", "check", "accuracy", "diff-check"),
    *("explain-nan", "functions", "explain", "completion", "help"),
)
Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Runs the command in this process: its exit status, its output, its errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        return status, *capsys.readouterr()

    return run


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own."""
    options["env"] = os.environ | {"PYTHONPATH": str(ROOT)} | options.get("env", {})
    command = [sys.executable, "-m", "symgrad", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["value", "x**2", "--at", "x=3"], "9.0\n"),
        (["grad", "x**2", "--at", "x=3"], "6.0\n"),
        (["value-and-grad", "x**2", "--at", "x=3"], "9.0\n6.0\n"),
        (["value-and-grad", "x**2 * y", "--at", "y=2,x=3"], "18.0\n12.0\n9.0\n"),
        (["grad", "x**2 * y", "--wrt", "y, x", "--at", "y=2,x=3"], "9.0\n12.0\n"),
        (["grad", "x**2 * y", "--wrt", "y", "--at", "y=2,x=3"], "9.0\n"),
        (["grad", "x * y", "--at", "x=[1, 2],y=3"], "[3.0, 3.0]\n3.0\n"),
        (["value", "x + y", "--at", "x=[[1], [2]],y=[10, 20]"], "[[11.0, 21.0], [12.0, 22.0]]\n"),
        (["value", "x", "--at", "x=[]"], "[]\n"),
        (["value", "x / 0", "--at", "x=[-1, 0, 1]"], "[-inf, nan, inf]\n"),
        (["value", "x / 10", "--at", "x=1"], "0.1\n"),
        (["value", "x > 1", "--at", "x=[1, 2]"], "[0.0, 1.0]\n"),
        (["value", "pi / 2", "--at", ""], "1.5707963267948966\n"),
        (["grad", "2", "--at", ""], ""),
        (["grad", "--at", "x=3", "x**2"], "6.0\n"),
        (["grad", "--at=x=3", "x**2"], "6.0\n"),
    ],
)
def test_numbers(shell: Shell, arguments: list[str], printed: str) -> None:
    assert shell(*arguments) == (0, printed, "")


def test_what_at_prints_it_accepts(shell: Shell) -> None:
    _, first, _ = shell("value", "x / 0.3", "--at", "x=[[1, -0.0], [inf, nan]]")
    assert first == "[[3.3333333333333335, -0.0], [inf, nan]]\n"
    assert shell("value", "x", "--at", f"x={first}") == (0, first, "")


@pytest.mark.parametrize(
    "formula", ["-x**2", "-o + x - o", "--x - x**2 - x", "-h*0 - x**2", "-(x**2)", "---x**2"]
)
def test_a_formula_may_begin_with_a_minus_sign(shell: Shell, formula: str) -> None:
    negative = symgrad.function(formula)
    at = ",".join(f"{name}=3" for name in negative.inputs)
    expected = negative(*[3.0] * len(negative.inputs))
    assert shell("value", formula, "--at", at) == (0, f"{expected!r}\n", "")
    assert shell("value", "--at", at, formula) == (0, f"{expected!r}\n", "")


def test_after_two_dashes_all_is_formula(shell: Shell) -> None:
    assert shell("value", "--at", "o=3", "--", "-o") == (0, "-3.0\n", "")


@pytest.mark.parametrize(
    ("arguments", "compiled"),
    [
        (["value", "x*y"], symgrad.function("x*y")),
        (["grad", "x*y"], symgrad.grad("x*y")),
        (["grad", "x*y", "--wrt", "x"], symgrad.grad("x*y", wrt="x")),
        (["value-and-grad", "x*y", "--wrt", "y,x"], symgrad.value_and_grad("x*y", wrt=("y", "x"))),
    ],
)
def test_without_at_the_source_is_printed(
    shell: Shell, arguments: list[str], compiled: symgrad.Compiled
) -> None:
    assert shell(*arguments) == (0, compiled.source, "")


def test_the_source_is_written(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "written.py"
    assert shell("grad", "λ*x", "-o", str(path)) == (0, "", "")
    assert path.read_text(encoding="utf-8") == symgrad.grad("λ*x").source
    assert shell("grad", "x**2", "--at", "x=3", "--output", str(path)) == (0, "6.0\n", "")
    assert path.read_text(encoding="utf-8") == symgrad.grad("x**2").source


def test_nothing_is_written_after_an_error(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "unwritten.py"
    assert shell("grad", "x**2", "--at", "x=a", "-o", str(path))[0] == 2
    assert not path.exists()


def test_the_function_is_named(shell: Shell, tmp_path: Path) -> None:
    status, source, _ = shell("value-and-grad", "x**2", "--name", "bowl")
    assert status == 0
    assert source == symgrad.value_and_grad("x**2").render("bowl")
    path = tmp_path / "bowl.py"
    shell("grad", "x**2", "--name", "slope", "-o", str(path))
    assert "\ndef slope(x: ArrayLike) -> Array:\n" in path.read_text(encoding="utf-8")


def test_the_source_of_a_target(shell: Shell, tmp_path: Path) -> None:
    code = symgrad.grad("x**2").emit("c", "own")
    options = ("--target", "c", "--name", "own")
    assert shell("grad", "x**2", *options) == (0, code, "")
    assert shell("grad", "x**2", *options, "-o", str(tmp_path / "own.c")) == (0, "", "")
    assert (tmp_path / "own.c").read_text("utf-8") == code
    assert (tmp_path / "own.h").read_text("utf-8") == code.header
    status, _, error = shell("grad", "x**2", "--at", "x=1", "--target", "c")
    assert (status, error.splitlines()[0]) == (
        2, "symgrad: --target is for the source, which --at does not print",
    )  # fmt: skip


def test_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a = x**2 # a square\na * 3\n"))
    assert shell("grad", "-", "--at", "x=2") == (0, "12.0\n", "")


def test_functions_by_name(shell: Shell) -> None:
    listed = (
        "clip(x, min, max) = minimum(maximum(x, min), max)\n"
        "log1p(x)          = log(1 + x)\n"
        "                  : g / (1 + x)\n"
        "sin(x)            : cos(x)\n"
    )
    assert shell("functions", "clip", "log1p", "sin") == (0, listed, "")


def test_functions_are_listed_under_their_headings(shell: Shell) -> None:
    status, listed, errors = shell("functions")
    assert (status, errors) == (0, "")
    blocks = [block.splitlines() for block in listed.split("\n\n")]
    headings = {
        block[0]: [row.split("(")[0] for row in block[1:] if row[0] != " "] for block in blocks
    }
    public = {
        heading: [name for name in names if not name.startswith("_")]
        for heading, names in builtin_sections()
        if not all(name.startswith("_") for name in names)
    }
    assert headings == public
    known = {name for name in builtin_functions() if not name.startswith("_")}
    assert {name for names in headings.values() for name in names} == known
    for block in blocks:
        columns = {line.index(" = ") if " = " in line else line.index(" : ") for line in block[1:]}
        assert len(columns) == 1, block[0]


def test_explain(shell: Shell) -> None:
    assert shell("explain", "x*y") == (0, explain("x*y") + "\n", "")
    assert shell("explain", "-x*y", "--wrt", "y") == (0, explain("-x*y", wrt="y") + "\n", "")


def test_version(shell: Shell) -> None:
    assert shell("--version") == (0, f"symgrad {symgrad.__version__}\n", "")


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_has_an_example_that_runs(
    shell: Shell, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "formulas").mkdir()
    (tmp_path / "formulas" / "kinetic.sg").write_text("m * v**2 / 2", encoding="utf-8")
    status, text, errors = shell(*command, "--help")
    assert (status, errors) == (0, "")
    assert shell(*command, "-h") == (0, text, "")
    examples = re.split("examples?:\n", text)[1].split("\n\n")[0].strip().splitlines()
    for example in examples:
        program, *arguments = shlex.split(example)
        assert program == "symgrad"
        assert not command or arguments[0] == command[0]
        assert shell(*arguments)[::2] == (0, "")


def test_help_names_every_command(shell: Shell) -> None:
    text = shell("--help")[1]
    assert [
        line.split()[0] for line in text.splitlines() if line[:4] == " " * 4 and line[4] != " "
    ] == [*COMMANDS]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [],
            f"a command is missing\nThe commands are: {', '.join(COMMANDS)}.",
        ),
        (
            ["x**2"],
            f"unknown command x**2\nThe commands are: {', '.join(COMMANDS)}.",
        ),
        (["gard", "x"], "unknown command gard\nDid you mean grad?"),
        (
            ["grad"],
            "the following arguments are required: FORMULA\n"
            "symgrad grad --help shows what it takes.",
        ),
        (
            ["value", "x", "--at"],
            "argument --at: expected one argument\nsymgrad value --help shows what it takes.",
        ),
        (
            ["value", "x", "--wrt", "x"],
            "unexpected argument --wrt\nsymgrad value --help shows what it takes.",
        ),
        (
            ["grad", "x", "--wtr=x"],
            "unexpected argument --wtr=x\nsymgrad grad --help shows what it takes.",
        ),
        (["grad", "x", "-y"], "unexpected argument -y\nsymgrad grad --help shows what it takes."),
        (["functions", "sinn"], "unknown function sinn\nDid you mean sin or sinh or sinc?"),
        (
            ["functions", "-zzz"],
            "unknown function -zzz\nsymgrad functions lists what the language knows.",
        ),
        (
            ["grad", "2*sinn(x)"],
            "unknown function sinn\n  2*sinn(x)\n    ^^^^\nDid you mean sin or sinh or sinc?",
        ),
        (
            ["grad", "-(x"],
            "'(' is never closed\n  -(x\n   ^\nAdd ')'.",
        ),
        (
            ["grad", "x*y", "--wrt", "z"],
            "wrt: z is not an input of the formula\n  x*y\n  ^^^\nIts inputs are: x, y.",
        ),
        (["grad", "x*y", "--wrt", "x,"], "--wrt lacks a name\n  x,\n  ^^\nWrite --wrt x,y."),
        (
            ["grad", "x", "--at", "x=1", "--name", "f"],
            "--name is for the source, which --at does not print\nAdd -o FILE.",
        ),
        (
            ["grad", "x", "--name", "class"],
            "'class' cannot be the name of the function\n"
            "Write a name that neither Python nor the generated file uses.",
        ),
        (
            ["value", "x + y", "--at", "x=1,z=2"],
            "z is not an input of the formula\n  x=1,z=2\n      ^\nThe inputs are: x, y.",
        ),
        (
            ["value", "omega * t", "--at", "omga=1,t=2"],
            "omga is not an input of the formula\n  omga=1,t=2\n  ^^^^\nDid you mean omega?",
        ),
        (
            ["value", "2", "--at", "x=1"],
            "x is not an input of the formula\n  x=1\n  ^\nThe inputs are: none.",
        ),
        (
            ["value", "x + y", "--at", "x=1"],
            "the input y is missing\n  x=1\n     ^\nThe inputs are: x, y.",
        ),
        (
            ["value", "x + y", "--at", "x=[1, 2, 3],y=[1, 2]"],
            "shapes do not broadcast together\n  x + y\n  ^^^^^\n"
            "Here x has shape (3,) and y has shape (2,).",
        ),
        (
            ["value", "x", "--at", "x=2;y=3"],
            "a value ends here\n  x=2;y=3\n     ^\nSeparate inputs by commas.",
        ),
    ],
)
def test_errors(shell: Shell, arguments: list[str], message: str) -> None:
    assert shell(*arguments) == (2, "", f"symgrad: {message}\n")


def test_a_file_that_cannot_be_written(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "x.py"
    message = f"symgrad: {path} cannot be written: No such file or directory\n"
    assert shell("grad", "x", "-o", str(path)) == (2, "", message)


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        (None, "the formula is empty\nWrite an expression, as x**2 + 1."),
        (
            io.TextIOWrapper(io.BytesIO(b"x\xff"), encoding="utf-8"),
            "standard input cannot be read: 'utf-8' codec can't decode byte 0xff in position 1: "
            "invalid start byte",
        ),
    ],
)
def test_standard_input_without_a_formula(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, stdin: object, message: str
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert shell("grad", "-") == (2, "", f"symgrad: {message}\n")


def test_as_a_module() -> None:
    ran = process("grad", "-exp(x**2)**2", "--at", "x=0.5", stdout=subprocess.PIPE)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "-3.297442541400256\n", "")
    ran = process("grad", "-", stdout=subprocess.PIPE, input="x +")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("symgrad: the formula ends where an operand is expected\n  x +\n")


@pytest.mark.parametrize("arguments", [["functions"], ["--help"], ["grad", "x", "--at", "x=1"]])
def test_a_closed_pipe_is_quiet(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = process(*arguments, stdout=writing)
    finally:
        os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, "")


def test_an_output_that_cannot_be_written() -> None:
    with Path(os.devnull).open("rb") as unwritable:
        ran = process("functions", "sin", stdout=unwritable)
    message = "symgrad: standard output cannot be written: Bad file descriptor\n"
    assert (ran.returncode, ran.stderr) == (2, message)


def test_an_output_that_lacks_a_letter() -> None:
    ascii_alone = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ran = process("grad", "λ**2", stdout=subprocess.PIPE, env=ascii_alone)
    message = (
        "symgrad: standard output is ascii, which lacks \\u03bb\n"
        "Set PYTHONUTF8=1, or write to a file with -o FILE.\n"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", message)
