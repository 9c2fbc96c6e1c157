"""What people expect of a command: files, help, statuses, and an end without noise."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from symgrad.cli import main
from symgrad.commands import COMMANDS
from symgrad.commands.helping import STATUSES

ROOT = Path(__file__).resolve().parents[1]
Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """Runs the command in this process and a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        return status, *capsys.readouterr()

    return run


def test_a_formula_may_stand_in_a_file(shell: Shell) -> None:
    Path("bowl.sg").write_text("x: (n,)  # a vector\nr = x @ x\nr / 2\n", encoding="utf-8")
    assert shell("grad", "bowl.sg", "--at", "x=[1,2]") == (0, "[1.0, 2.0]\n", "")
    assert shell("explain", "./bowl.sg")[0] == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            None,
            "gone.sg cannot be read: No such file or directory\nWhat ends in .sg is the name of",
        ),
        (b"x + \xff", "gone.sg cannot be read: 'utf-8' codec can't decode byte 0xff"),
        (b"x +\n", "gone.sg: the formula ends where an operand is expected\n"),
        (b"", "the formula is empty\n"),
    ],
)
def test_a_file_without_a_formula(shell: Shell, content: bytes | None, message: str) -> None:
    if content is not None:
        Path("gone.sg").write_bytes(content)
    status, printed, errors = shell("grad", "gone.sg")
    assert (status, printed) == (2, "")
    assert errors.startswith(f"symgrad: {message}")


def test_an_error_beside_the_file_does_not_name_it(shell: Shell) -> None:
    Path("a.sg").write_text("x", encoding="utf-8")
    assert shell("grad", "a.sg", "--at", "x=")[2].startswith("symgrad: a value is missing\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_on_a_command(shell: Shell, name: str) -> None:
    assert shell("help", name) == shell(name, "--help")


def test_help_on_topics(shell: Shell) -> None:
    assert shell("help") == shell("--help")
    status, text, _ = shell("help", "exit")
    assert status == 0
    assert [int(line.split()[0]) for line in text.splitlines()[2:]] == [*STATUSES]
    for topic in ("formulas", "inputs", "json", "colour"):
        assert shell("help", topic)[0] == 0
    assert shell("help", "exot")[::2] == (
        2,
        "symgrad: there is no help on exot\nDid you mean exit?\n",
    )


def test_a_flag_without_a_value_may_stand_before_a_formula(shell: Shell) -> None:
    assert shell("value", "--at", "x=1", "--json", "-x")[0] == 0
    assert shell("check", "--exact", "-x", "--at", "x=1")[0] == 0


def test_an_interruption_is_quiet(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("symgrad.seeing.lesson.explain", interrupted)
    assert shell("explain", "x") == (130, "", "")


def test_a_process_that_is_interrupted_ends_quietly() -> None:
    reading = [sys.executable, "-m", "symgrad", "grad", "-"]
    process = subprocess.Popen(
        reading,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What runs in the background of a shell is deaf to interrupts, and so are its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdin is not None
    # The first byte is read only when all is imported; the rest never comes.
    process.stdin.write(b"x" * 200_000)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate()
    assert (process.returncode, printed, errors) == (130, b"", b"")
