"""Whether two formulas are the same: by their graphs, by points, and where they differ."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import symgrad
from symgrad.cli import main
from symgrad.errors import InputError

SAME_GRAPH = [
    ("x*y + 1", "t = y*x; 1 + t"),
    ("log(1 + exp(x))", "softplus(x)"),
    ("norm(x)", "sqrt(sum(x**2))"),
    ("f(t) = t**2; f(x)", "x**2"),
    ("2", "1 + 1"),
    ("tanh(x)", "(exp(2*x) - 1) / (exp(2*x) + 1)"),
]
SAME_AT_POINTS = [
    ("(1 - x)**2", "1 - 2*x + x**2"),
    ("(x + 1e10) - 1e10", "x"),
    ("x**2", "x**2 + 0*y"),
    ("mean((X @ w - y)**2)", "r = X @ w - y; r @ r / len(y)"),
    ("X: (n, d); w: (d,); sum(X @ w)", "sum(w * sum(X, axis=0))"),
    ("sum(x[k])", "sum(x[k]*2)/2"),
]
DIFFERENT = [
    ("x**2 + y", "x**2 + y/2", "value"),
    ("relu(x)", "maximum(x, 0)", "d/dx"),
    ("stop_gradient(x) * x", "x**2", "d/dx"),
    ("x", "x + 0*log(y)", "value"),
    ("log(x**2)", "2*log(x)", "value"),
    ("sum(x)", "mean(x)", "value"),
    ("where(x == 2, 5, x)", "x", "value"),
    ("x*y", "x*y + 1e-7*x", "value"),
    ("A", "A.T", "value[0, 1]"),
    ("x[:2]", "x[:1]", "value"),
    ("2", "3", "value"),
    ("zeros(3)", "ones(3)", "value[0]"),
]


@pytest.mark.parametrize(("old", "new"), SAME_GRAPH)
def test_one_graph(old: str, new: str) -> None:
    found = symgrad.same(old, new)
    assert (bool(found), found.by, found.difference) == (True, "graph", None)


@pytest.mark.parametrize(("old", "new"), SAME_AT_POINTS)
def test_points_that_agree(old: str, new: str) -> None:
    found = symgrad.same(old, new)
    assert (bool(found), found.by) == (True, "points"), found
    assert found.points > 15


@pytest.mark.parametrize(("old", "new", "name"), DIFFERENT)
def test_the_first_difference(old: str, new: str, name: str) -> None:
    found = symgrad.same(old, new)
    assert not found
    assert found.difference is not None
    assert found.difference.name == name
    assert {row[0].split("[")[0] for row in found.difference.rows} >= {"value"}


def test_both_sides_of_a_difference_are_what_the_formulas_give() -> None:
    found = symgrad.same("x**2 * y", "x**3 * y").difference
    assert found is not None
    at = {name: found.at[name] for name in ("x", "y")}
    for side, formula in ((1, "x**2 * y"), (2, "x**3 * y")):
        value, slopes = symgrad.value_and_grad(formula)(**at)
        told = {row[0]: row[side] for row in found.rows}
        wanted = {"value": value, "d/dx": slopes["x"], "d/dy": slopes["y"]}
        assert told == pytest.approx(wanted, rel=1e-14)


def test_notes_tell_of_inputs() -> None:
    assert symgrad.same("a*b", "b*a").notes == ("Inputs stand in another order: a, b became b, a.",)
    assert symgrad.same("x", "x + 0*y").notes == ("Only the new formula has: y.",)


def test_what_is_nowhere_finite_is_not_the_same() -> None:
    found = symgrad.same("sqrt(-1 - x**2)", "sqrt(-2 - x**2)")
    assert (found.same, found.points, found.difference) == (False, 0, None)
    assert str(found).startswith("Nothing could be compared")


def test_by_some_inputs_alone() -> None:
    formulas = ("x*stop_gradient(y)", "x*y")
    assert symgrad.same(*formulas, wrt="x")
    assert not symgrad.same(*formulas, wrt=("x", "y"))
    assert symgrad.same(symgrad.grad("x**2"), "x**2")


def test_shapes_are_told() -> None:
    shapes = {"x": (7, 2)}
    found = symgrad.same("sum(reshape(x, (7, 2)))", "sum(x)", shapes=shapes)
    assert (found.same, found.by) == (True, "points")
    large = symgrad.same("sum(x)", "sum(x) + 1", shapes={"x": (4, 4)})
    assert "x=(an array of shape (4, 4))" in str(large)
    with pytest.raises(InputError, match="shapes: z is not an input"):
        symgrad.same("x", "y", shapes={"z": ()})
    for shapes in ({"x": (-1,)}, {"x": 3}):
        with pytest.raises(InputError, match="shapes: x has"):
            symgrad.same("sum(x)", "x @ x", shapes=shapes)
    with pytest.raises(InputError, match="samples must be a positive whole number"):
        symgrad.same("x", "y", samples=0)


def test_digits_decide_where_rounding_may_be_the_reason() -> None:
    """The old formula loses all digits at 1e8; only many digits tell that it means the same."""
    pytest.importorskip("mpmath")
    assert symgrad.same("(x + 1e12) - 1e12", "x", exact=True)
    assert not symgrad.same("(x + 1e12) - 1e12", "x + 1e-6", exact=True)


def test_the_seed_chooses_points() -> None:
    first, second = (symgrad.same("x", "2*x", seed=seed).difference for seed in (0, 1))
    assert first is not None is not second
    assert not np.array_equal(first.at["x"], second.at["x"])


def test_the_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.sg").write_text("x**2 + y\n", encoding="utf-8")
    assert main(["diff-check", "old.sg", "y + x*x"]) == 0
    assert capsys.readouterr().out.startswith("The formulas a")
    assert main(["diff-check", "old.sg", "-x"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("The formulas differ in value at x=")
    assert [line.split()[0] for line in shown[1:]] == ["old", "value", "d/dx", "d/dy", "Only"]
    assert main(["diff-check", "X @ w", "X @ w", "--shapes", "X=(4,3)x"]) == 2
    assert capsys.readouterr().err == (
        "symgrad: name=(size, size) is expected\n  X=(4,3)x\n  ^^^^^^^^\nWrite X=(4, 3),w=(3,).\n"
    )


def test_it_may_be_imported_from_the_package() -> None:
    found: Callable[..., object] = symgrad.same
    assert isinstance(found("x", "x"), symgrad.Comparison)
