"""The picture of errors; where matplotlib is missing, the extra that has it is named."""

from importlib.util import find_spec
from pathlib import Path

import pytest

import symgrad

NAMED = "a picture needs matplotlib\nInstall it with: pip install 'symgrad[draw]'"


def found(samples: int = 20) -> symgrad.Accuracy:
    return symgrad.accuracy("exp(x) / y", {"x": (0, 900), "y": (1, 2)}, samples=samples)


def outcome(accuracy: symgrad.Accuracy, path: Path) -> str:
    """What is wrong, or how the picture begins."""
    try:
        accuracy.plot(path)
    except symgrad.SymgradError as error:
        return str(error)
    return path.read_bytes()[:60].decode("latin-1").strip()[:5]


@pytest.mark.parametrize(("name", "beginning"), [("e.png", "\x89PNG"), ("e.svg", "<?xml")])
def test_the_ending_tells_the_format(name: str, beginning: str, tmp_path: Path) -> None:
    wanted = beginning if find_spec("matplotlib") else NAMED
    assert outcome(found(), tmp_path / name).startswith(wanted)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "e.png"
    wanted = f"{path} cannot be written: No such file or directory"
    assert outcome(found(2), path) == (wanted if find_spec("matplotlib") else NAMED)


def test_nothing_to_draw(tmp_path: Path) -> None:
    nothing = symgrad.accuracy("log(x) + sqrt(-x)", {"x": (1, 2)}, samples=2)
    wanted = "there is nothing to draw: no result is known"
    assert outcome(nothing, tmp_path / "e.png") == (wanted if find_spec("matplotlib") else NAMED)


@pytest.mark.parametrize("formula", ["log(1 + exp(x)) - x", "1e300 * (exp(x) - exp(x)) + 1e-300"])
def test_errors_that_no_integer_of_numpy_holds(formula: str, tmp_path: Path) -> None:
    wide = symgrad.accuracy(formula, {"x": (-50, 50)}, samples=50)
    path = tmp_path / "e.png"
    wanted = "\x89PNG" if find_spec("matplotlib") else NAMED
    assert outcome(wide, path).startswith(wanted)
