"""What a terminal shows in colour, and what programs get as JSON."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from symgrad.cli import main
from symgrad.errors import SymgradError
from symgrad.terminal import as_json, error_as_json, painted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_an_error_has_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Terminal()
    monkeypatch.setattr("sys.stderr", error)
    assert main(["grad", "2*sinn(x)"]) == 2
    assert error.getvalue() == (
        "\033[1;31msymgrad: \033[0m\033[1munknown function sinn\033[0m\n"
        "  2*sinn(x)\n\033[1;31m    ^^^^\033[0m\n"
        "\033[36mDid you mean sin or sinh or sinc?\033[0m\n"
    )


@pytest.mark.parametrize(
    ("arguments", "coloured"),
    [
        (["check", "log(1 + x)", "--at", "x=1e-20", "--exact"], "\033[1;31mFault: value is"),
        (["check", "x**2", "--at", "x=3"], "\033[32mNo fault was found.\033[0m\n"),
        (["explain-nan", "log(x)", "--at", "x=0"], "\n\033[1;31m  ^^^^^^\033[0m\n"),
        (["explain", "x"], "\033[1m== lower ==\033[0m\n"),
        (["help"], "\033[1musage:\033[0m"),
    ],
)
def test_results_have_colours_on_a_terminal(
    arguments: list[str], coloured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = Terminal()
    monkeypatch.setattr("sys.stdout", output)
    main(arguments)
    assert coloured in output.getvalue()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_may_be_declined(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "symgrad: a\n  b\n  ^\n"
    assert painted(text, Terminal(), error=True) != text
    monkeypatch.setenv(name, value)
    assert painted(text, Terminal(), error=True) == text


def test_what_is_no_terminal_has_no_colours() -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, io.StringIO(), closed):
        assert painted("Fault: a", stream) == "Fault: a"


def test_numbers_as_json() -> None:
    told = as_json({"a": (np.float64(0.1), np.arange(2)), "b": -np.inf, "c": [np.nan, "NaN"]})
    assert told == '{"a": [0.1, [0, 1]], "b": "-inf", "c": ["nan", "NaN"]}\n'


def test_an_error_as_json() -> None:
    error = SymgradError("wrong", "a = 1\nb*a", (8, 9), "Write a.")
    assert json.loads(error_as_json(error, "x.sg"))["error"] == {
        "kind": "SymgradError",
        "message": "wrong",
        "hint": "Write a.",
        "text": "a = 1\nb*a",
        "span": [8, 9],
        "line": 2,
        "column": 3,
        "file": "x.sg",
    }
    bare = json.loads(error_as_json(SymgradError("wrong")))
    assert bare == {"error": {"kind": "SymgradError", "message": "wrong", "hint": None}}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["value", "x / 0", "--at", "x=[1, 0]"],
            {"formula": "x / 0", "inputs": ["x"], "at": {"x": [1, 0]}, "value": ["inf", "nan"]},
        ),
        (
            ["value-and-grad", "x*y", "--wrt", "y", "--at", "x=2,y=3"],
            {
                "formula": "x*y",
                "inputs": ["x", "y"],
                "at": {"x": 2, "y": 3},
                "value": 6,
                "grad": {"y": 2},
            },
        ),
        (["--version"], None),
        (
            ["functions", "log1p"],
            {
                "functions": [
                    {
                        "name": "log1p",
                        "signature": "log1p(x)",
                        "section": "Powers, exponentials and logarithms",
                        "definitions": ["log(1 + x)"],
                        "derivatives": ["g / (1 + x)"],
                    }
                ]
            },
        ),
        (
            ["explain-nan", "log(x)", "--at", "x=1"],
            {"formula": "log(x)", "at": {"x": 1}, "finite": True, "result": "", "steps": []},
        ),
    ],
)
def test_commands_as_json(
    arguments: list[str], told: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--json"]) == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert told is None or json.loads(line) == told


def test_judgements_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "log(1 + x)", "--at", "x=1e-20", "--exact", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["ok"]
    assert found["rows"][0]["faults"][0]["want"] == 1e-20
    assert [row["name"] for row in found["rows"]] == ["value", "d/dx"]
    assert main(["accuracy", "x**2", "--box", "x=0,1", "--samples", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["box"] == {"x": [0, 1]}
    assert [row["name"] for row in found["errors"]] == ["value", "d/dx"]
    assert found["errors"][0]["ulps"]["worst"] < 2


def test_errors_of_commands_as_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (["--json"], ["grad", "--json"], ["grad", "sinn(x)", "--json"]):
        assert main(arguments) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert set(json.loads(shown.err)) == {"error"}
    monkeypatch.chdir(tmp_path)
    Path("a.sg").write_text("a = 1\nsinn(a)\n", encoding="utf-8")
    assert main(["grad", "a.sg", "--json"]) == 2
    told = json.loads(capsys.readouterr().err)["error"]
    assert (told["file"], told["line"], told["column"]) == ("a.sg", 2, 1)
