"""What shells complete. The scripts are for three of them; those that are installed read theirs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from symgrad.cli import main
from symgrad.commands import COMMANDS

CHECKS = {"bash": "-n", "zsh": "-n", "fish": "--no-execute"}
BASH = shutil.which("bash") or "bash"


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", [shell for shell in CHECKS if shutil.which(shell)])
def test_a_shell_reads_its_script(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "script"
    path.write_text(script(shell, capsys), encoding="utf-8")
    ran = subprocess.run([shell, CHECKS[shell], path], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


@pytest.mark.parametrize("shell", CHECKS)
def test_all_commands_and_options_are_in_the_script(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script(shell, capsys)
    for name, command in COMMANDS.items():
        assert name in text
        for flags, _ in command.options:
            for flag in flags:
                assert not flag.startswith("--") or flag.lstrip("-") in text
    assert text.count("'") % 2 == 0


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("symgrad ex", "explain explain-nan"),
        ("symgrad he", "help"),
        ("symgrad grad ", "a.sg folder"),
        ("symgrad grad --n", "--name"),
        ("symgrad value x --w", ""),
        ("symgrad grad x -o b", "b.py"),
        ("symgrad grad x --at ", ""),
        ("symgrad functions arcs", "arcsin arcsinh"),
        ("symgrad completion ", "bash fish zsh"),
        ("symgrad help ex", "exit explain explain-nan"),
    ],
)
def test_bash_completes(
    words: str, completed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.sg", "b.py"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    *before, last = words.split(" ")
    asked = f"COMP_WORDS=({' '.join(before)} '{last}'); COMP_CWORD={len(before)}; _symgrad"
    text = script("bash", capsys) + f'{asked}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    ran = subprocess.run(
        [BASH, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    assert set(ran.stdout.split()) == set(completed.split())
