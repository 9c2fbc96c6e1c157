"""Explanations as a whole: their parts, their forms, and what they refuse."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import symgrad
from symgrad.cli import main
from symgrad.seeing.explanation import explain as stages
from tests.latex_checks import faults

WHOLE = """\
The gradient of r*exp(r), step by step
======================================

    r = x**2
    r*exp(r)

Forward: the values
-------------------

Each line uses only what stands above it.

    x             = 0.5
    r   = x**2    = 0.25
    v1  = exp(r)  = 1.2840254166877414
    v2  = r * v1  = 0.32100635417193535  the value

Reverse: the gradients
----------------------

Now from the value back to the inputs. At each node, g stands for the derivative of the value by
that node. When its turn comes, g is complete: all that use the node have had theirs. By its rule
the node then hands a part on to each operand. Numbers are rounded to four digits.

1. v2 = r * v1 is the value itself: g = 1
   Rule: multiply(x, y): y by x; x by y. Here x is r, y is v1.
   In words: each factor gets g times the other one.
   r gets g times 1.284, which is 1 * 1.284 = 1.284
   v1 gets g times 0.25, which is 1 * 0.25 = 0.25

2. v1 = exp(r) has g = 0.25
   Rule: exp(x): out by x. Here x is r, out is v1.
   In words: exp is its own slope.
   r gets g times 1.284, which is 0.25 * 1.284 = 0.321

3. r = x**2 is used more than once, and its parts add up: g = 1.284 + 0.321 = 1.605, from v2 and v1
   Rule: power(x, y): keep(y != 0 or x != 0, y * x**(y - 1)) by x. Here x is x, y is 2.
   In words: the power rule.
   x gets g times 2 * 0.5**(2 - 1) = 1, which is 1.605 * 1 = 1.605

Result
------

    d/dx  = 1.6050317708596769  by differences 1.605

By differences: an input moves a little either way, and what the value changes by is divided by how
far it moved.
"""
CASES = [
    ("r = x**2; r*exp(r)", {"x": 0.5}),
    ("h = relu(X @ W + b); cross_entropy(h, T)",
     {"X": np.ones((3, 2)), "W": np.eye(2), "b": [0.1, 0.2], "T": [[1, 0], [0, 1], [1, 0]]}),
    ("where(x > 0, log(x), x**3) # <b>& `x`</b>", {"x": -2.0}),
    ("sum(x[k])", {"x": [1.0, 2.0], "k": [1, 1]}),
    ("x", {"x": 1.0}),
    ("7", {}),
    ("x < 1", {"x": 2.0}),
]  # fmt: skip


def test_whole() -> None:
    assert symgrad.explain("r = x**2\nr*exp(r)", at={"x": 0.5}).render() == WHOLE


@pytest.mark.parametrize(("formula", "at"), CASES)
def test_forms(formula: str, at: dict[str, object]) -> None:
    lesson = symgrad.explain(formula, at)
    markdown, html = lesson.render("markdown"), lesson.render("html")
    assert repr(lesson) + "\n" == lesson.render("text")
    pieces = markdown.replace("$$", "$").split("$")
    assert len(pieces) % 2 == 1
    assert [fault for tex in pieces[1::2] for fault in faults(tex)] == []
    page = html.removeprefix("<!DOCTYPE html>\n").replace('<meta charset="utf-8">', "")
    root = ET.fromstring(page.replace("&#160;", " "))
    assert not list(root.iter("b"))
    assert list(root.iter("{http://www.w3.org/2000/svg}svg"))
    assert "symgrad-page" in lesson._repr_html_()


def test_a_picture_stands_below_where_it_would_help() -> None:
    long = symgrad.explain("+".join(f"x**{k}" for k in range(40)), {"x": 1.0})
    assert "<svg" not in long.render("html")


def test_what_compiling_gains_is_told() -> None:
    text = repr(symgrad.explain("log(1 + exp(x))", at={"x": 800.0}))
    assert "x gets g times inf, which is 0 * inf = nan" in text
    assert text.endswith("in a form that loses less, and gives d/dx\n= 1.")


def test_without_a_point_the_stages_are_shown() -> None:
    assert symgrad.explain("x*y", wrt="y").render() == stages("x*y", "y") + "\n"
    assert "== reverse ==" in symgrad.explain("x*y").render("markdown")


def test_what_is_compiled_already() -> None:
    at = {"x": 2.0, "y": 3.0}
    wanted = repr(symgrad.explain("x*y", at, wrt="y"))
    assert repr(symgrad.explain(symgrad.grad("x*y", "y"), at)) == wanted
    assert repr(symgrad.explain(symgrad.function("x*y"), at, wrt="y")) == wanted
    assert repr(symgrad.explain(symgrad.function("x*y"))) == stages("x*y")


def test_data_for_programs() -> None:
    """The numbers of the steps, with what each node hands on by which rule."""
    data = symgrad.explain("x*y + exp(x)", at={"x": 0.0, "y": 2.0}).data
    assert [node["operation"] for node in data["nodes"]] == [
        "input", "input", "x * y", "exp(x)", "v1 + v2",
    ]  # fmt: skip
    first = data["steps"][0]
    assert (first["node"], first["gradient"], first["from"]) == ("v3", 1.0, [])
    assert {step["node"] for step in data["steps"]} == {"v1", "v2", "v3"}
    flows = {(step["node"], f["to"]): f for step in data["steps"] for f in step["flows"]}
    assert flows["v1", "x"]["rule"] == "y"
    assert flows["v1", "x"]["amount"] == flows["v1", "x"]["slope"] == 2.0
    assert flows["v2", "x"]["rule"] == "out"
    assert data["grad"] == {"x": 3.0, "y": 0.0}
    assert symgrad.explain("x*y").data == {}


def test_wrt() -> None:
    text = repr(symgrad.explain("x*y", {"x": 2.0, "y": 3.0}, wrt="y"))
    assert "d/dy  = 2" in text
    assert "d/dx" not in text


@pytest.mark.parametrize(
    ("formula", "at", "form", "message"),
    [
        ("x*y", {"x": 1.0}, "text", "the input y is missing"),
        ("x", {"x": 1.0}, "pdf", "an explanation has no form 'pdf'\nWrite one of: text, markdown"),
        ("sinn(x)", {"x": 1.0}, "text", "unknown function sinn"),
        ("+".join(f"sin({k}*x)" for k in range(100)), {"x": 1.0}, "text", "the limit is 200"),
    ],
)
def test_errors(formula: str, at: dict[str, object], form: str, message: str) -> None:
    with pytest.raises(symgrad.SymgradError, match=message):
        symgrad.explain(formula, at).render(form)


def shell(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(arguments)
    said = capsys.readouterr()
    return status, said.out + said.err


def test_from_the_shell(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lesson = symgrad.explain("-x*y", {"x": 2.0, "y": 3.0}, wrt="y")
    given = ("explain", "-x*y", "--wrt", "y", "--at", "x=2,y=3")
    assert shell(capsys, *given) == (0, lesson.render())
    assert shell(capsys, *given, "--format", "markdown") == (0, lesson.render("markdown"))
    path = str(tmp_path / "lesson.html")
    assert shell(capsys, *given, "--format", "html", "-o", path) == (0, "")
    assert Path(path).read_text("utf-8") == lesson.render("html")
    for end, form in (("html", "html"), ("md", "markdown"), ("txt", "text")):
        assert shell(capsys, *given, "-o", str(tmp_path / f"page.{end}")) == (0, "")
        assert (tmp_path / f"page.{end}").read_text("utf-8") == lesson.render(form)
    assert shell(capsys, *given, "--format", "md") == (0, lesson.render("markdown"))
    told = json.loads(shell(capsys, *given, "--json")[1])
    assert (told["at"], told["grad"], len(told["steps"])) == ({"x": 2.0, "y": 3.0}, {"y": -2.0}, 1)
    assert shell(capsys, *given, "--stages") == (0, stages("-x*y", "y") + "\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--at", "y=1"), "y is not an input of the formula"),
        (("--at", ""), "the input x is missing"),
        (("--format", "pdf"), "an explanation has no form 'pdf'"),
        (("-o", "missing/x.md"), "missing/x.md cannot be written: No such file or directory"),
    ],
)
def test_errors_of_the_shell(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = shell(capsys, "explain", "exp(x)", *arguments)
    assert status == 2
    assert said.startswith(f"symgrad: {message}")
