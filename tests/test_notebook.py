"""What notebooks show: well-formed, self-contained, and safe for formulas of strangers."""

import sys
from xml.etree import ElementTree as ET

import pytest

import symgrad

SVG = "{http://www.w3.org/2000/svg}svg"


def page(compiled: symgrad.Compiled) -> ET.Element:
    return ET.fromstring(compiled._repr_html_().replace("&#160;", " "))


@pytest.mark.parametrize(
    "compiled",
    [
        symgrad.grad("r = y - a*exp(-b*t); sum(r**2)"),
        symgrad.function("x < 1"),
        symgrad.jacobian("X: (n, d); w: (d,); tanh(X @ w)", "w"),
        symgrad.hessian("sum(exp(A @ x))", "x"),
        symgrad.function("cross_entropy(z, t)"),
        symgrad.grad("sin(x)", order=3),
        symgrad.function("7"),
    ],
    ids=str,
)
def test_parts(compiled: symgrad.Compiled) -> None:
    root = page(compiled)
    assert root.findtext("p/code") == repr(compiled)
    assert root.find("math") is not None
    assert [node.text for node in root.iter("summary")] == ["Source", "Graph"]
    assert root.find(f".//{SVG}") is not None


def test_nothing_in_it_is_markup_or_loaded_from_elsewhere() -> None:
    text = "a = 1 # <script>alert(1)</script> $x$\nx < a"
    shown = symgrad.function(text)._repr_html_()
    assert "<script" not in shown
    for word in ("src=", "@import", "url(http", "<link", "javascript:"):
        assert word not in shown


def test_what_is_long_is_left_out() -> None:
    shown = symgrad.function("+".join(f"sin({k}*x)" for k in range(500)))._repr_html_()
    assert len(shown) < 60_000
    assert "too large to look at" in shown
    assert "<svg" not in shown


def test_without_matplotlib_there_is_no_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    root = page(symgrad.grad("x**2"))
    assert [node.text for node in root.iter("summary")] == ["Source"]


def test_latex() -> None:
    compiled = symgrad.grad("x**2")
    assert compiled._repr_latex_() == f"$\\displaystyle {compiled.to_latex()}$"
