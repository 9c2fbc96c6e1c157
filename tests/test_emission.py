"""Files for the targets."""

from pathlib import Path

import pytest

import symgrad
from symgrad.errors import NameRuleError, SymgradError


def test_the_target_is_numpy_unless_another_is_asked_for() -> None:
    made = symgrad.grad("x**2")
    assert made.emit() == made.emit("numpy") == made.source
    assert made.emit("numpy", "slope") == made.render("slope")


@pytest.mark.parametrize(
    ("target", "hint"),
    [("cc", "Did you mean c?"), ("fortran", "The targets are: numpy, c"), (3, "The")],
)
def test_an_unknown_target_is_an_error(target: str, hint: str) -> None:
    with pytest.raises(SymgradError, match="there is no target") as caught:
        symgrad.grad("x**2").emit(target)
    assert hint in str(caught.value)


def test_a_file_in_c_is_saved_with_its_header(tmp_path: Path) -> None:
    code = symgrad.grad("x**2").emit("c", "bowl")
    code.save(tmp_path / "bowl.c")
    assert (tmp_path / "bowl.c").read_text("utf-8") == code
    assert (tmp_path / "bowl.h").read_text("utf-8") == code.header


@pytest.mark.parametrize("name", ["2x", "a b", "é", ""])
def test_a_name_that_c_cannot_have_is_an_error(name: str) -> None:
    with pytest.raises(NameRuleError):
        symgrad.grad("x**2").emit("c", name)
