"""The commands that judge formulas: what they print, their exit status, and their errors."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

import symgrad
from symgrad.cli import main

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Runs the command in this process: its exit status, its output, its errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        return status, *capsys.readouterr()

    return run


def test_check(shell: Shell) -> None:
    at = {"x": [1.0, 2.0], "y": 3.0}
    printed = f"{symgrad.check('x*y', at)}\n"
    assert shell("check", "x*y", "--at", "x=[1,2],y=3") == (0, printed, "")
    printed = f"{symgrad.check('x*y', at, 'x', order=2, digits=False)}\n"
    options = ("--wrt", "x", "--order", "2", "--numerically")
    assert shell("check", "x*y", "--at", "x=[1,2],y=3", *options) == (0, printed, "")


def test_a_fault_is_status_1(shell: Shell) -> None:
    status, printed, errors = shell("check", "log(1 + x)", "--at", "x=1e-20", "--exact")
    assert (status, errors) == (1, "")
    assert printed.endswith(
        "Fault: value is 0.0, and to 50 digits 1e-20: 6.6e+15 ulps, where rounding explains 34\n"
    )
    assert shell("check", "log(1 + x)", "--at", "x=1e-20")[0] == 0


def test_accuracy(shell: Shell) -> None:
    printed = f"{symgrad.accuracy('x*y', {'x': (-1, 2), 'y': (0, 3)}, 'y', samples=20)}\n"
    box = ("--box", "x=-1,2", "--box", "y=0,3*1")
    assert shell("accuracy", "x*y", *box, "--wrt", "y", "--samples", "20") == (0, printed, "")


def test_accuracy_over_arrays(shell: Shell) -> None:
    box = {"A": (-1.0, 2.0), "x": (0.0, 3.0)}
    found = symgrad.accuracy("A @ x", box, shapes={"A": (2, 3), "x": (3,)}, samples=2)
    arguments = ("--box", "A=-1,2", "--box", "x=0,3", "--shapes", "A=(2,3),x=(3,)")
    assert shell("accuracy", "A @ x", *arguments, "--samples", "2") == (0, f"{found}\n", "")


def test_a_picture(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "errors.png"
    arguments = ("accuracy", "x**2", "--box", "x=0,1", "--samples", "5", "--plot", str(path))
    status, _, errors = shell(*arguments)
    drawn = find_spec("matplotlib") is not None
    assert (status, path.exists()) == ((0, True) if drawn else (2, False))
    assert drawn or "pip install 'symgrad[draw]'" in errors


def test_explain_nan(shell: Shell) -> None:
    printed = f"{symgrad.explain_nan('x*log(x)', {'x': 0.0})}\n"
    assert shell("explain-nan", "x*log(x)", "--at", "x=0") == (1, printed, "")
    assert shell("explain-nan", "x*log(x)", "--at", "x=1") == (
        0,
        "The value and all derivatives are finite.\n",
        "",
    )


@pytest.mark.parametrize(
    ("verb", "formula", "more"),
    [
        ("grad", "x**2 * y", ()),
        ("value-and-grad", "sum(x[k])", ("--wrt", "x", "--at", "x=[1,2],k=[0,1]")),
        ("grad", "x: (n,); sum(x**2)", ("--name", "slope")),
    ],
)
def test_tests_are_written(
    shell: Shell, verb: str, formula: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    path, tests = tmp_path / "out.py", tmp_path / "test_out.py"
    status, _, errors = shell(verb, formula, "-o", str(path), "--tests", str(tests), *more)
    assert (status, errors) == (0, "")
    names = {"__file__": str(tests), "__name__": "test_out"}
    exec(compile(tests.read_text("utf-8"), str(tests), "exec"), names)
    names["test_known_points"]()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["check", "x"],
            "the following arguments are required: --at\nsymgrad check --help shows what it takes.",
        ),
        (
            ["check", "x", "--at", "y=1"],
            "y is not an input of the formula\n  y=1\n  ^\nThe inputs are: x.",
        ),
        (
            ["accuracy", "x", "--box", "x=1"],
            "box: x is from [1.0]\nWrite the least and the largest number, as (-50, 50).",
        ),
        (
            ["accuracy", "x", "--box", "1,2"],
            "name=value is expected\n  1,2=[]\n  ^\nWrite x=0.5,y=[1, 2].",
        ),
        (
            ["accuracy", "x", "--box", "x=1,2", "--shapes", "x=(2.5)"],
            "name=(size, size) is expected\n  x=(2.5)\n  ^^^^^^^\nWrite X=(4, 3),w=(3,).",
        ),
        (
            ["accuracy", "x", "--box", "x=1,2", "--shapes", "y=(2,)"],
            "shapes: y is not an input of the formula\nThe inputs are: x.",
        ),
        (
            ["explain-nan", "x + y", "--at", "x=1"],
            "the input y is missing\n  x=1\n     ^\nThe inputs are: x, y.",
        ),
        (
            ["grad", "x", "--tests", "test_x.py"],
            "--tests is for the source in a file\nAdd -o FILE.",
        ),
        (
            ["grad", "mean(X @ w)", "-o", os.devnull, "--tests", os.devnull],
            "tests need to know what X is like\n  mean(X @ w)\n       ^\n"
            "Declare all shapes, as X: (n, d), or give an example by --at.",
        ),
    ],
)
def test_errors(shell: Shell, arguments: list[str], message: str) -> None:
    assert shell(*arguments) == (2, "", f"symgrad: {message}\n")


def test_nothing_is_written_where_tests_cannot_be(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "out.py"
    assert shell("grad", "mean(X @ w)", "-o", str(path), "--tests", "t.py")[0] == 2
    assert not path.exists()
