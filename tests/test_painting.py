"""Pictures of graphs: well-formed, the same each time, and with nothing in them that misleads."""

import sys
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import symgrad
from symgrad.seeing.diagram import diagram
from symgrad.seeing.painting import _Picture, painted

SVG = "{http://www.w3.org/2000/svg}"
NETWORK = "h = relu(X @ W + b); cross_entropy(h, T)"
AT = {"X": np.ones((5, 3)), "W": np.ones((3, 2)), "b": np.ones(2), "T": np.eye(5, 2)}


def texts(formula: str, at: dict[str, object] | None = None) -> list[str]:
    picture = painted(symgrad.function(formula), at, "svg")
    return ["".join(node.itertext()) for node in ET.fromstring(picture).iter(f"{SVG}text")]


def test_what_is_written() -> None:
    assert sorted(texts("exp(x**2)", {"x": 0.5})) == sorted(
        [
            *("exp(x**2)", "x", "0.5", "∂ 1.284", "v1 = x**2", "0.25", "∂ 1.284"),
            *("v2 = exp(v1)", "1.284", "∂ 1", "1.284", "1.284"),
            *("input", "operation", "value of the formula"),
            *("forward: values", "reverse: gradients ∂"),
        ]
    )


def test_without_a_point_there_is_no_reverse_pass() -> None:
    found = texts("sin(x)*x")
    assert not any("∂" in text or "reverse" in text for text in found)
    assert "v1 = sin(x)" in found


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        ("exp(x**2)**2", {"x": 0.5}),
        (NETWORK, AT),
        ("+".join(f"sin({k}*x)*y**{k}" for k in range(9)), {"x": 0.5, "y": 2.0}),
    ],
)
def test_no_text_covers_another(formula: str, at: dict[str, object]) -> None:
    """Measured as matplotlib draws them."""
    picture = _Picture(diagram(symgrad.function(formula), at, 300, "")).figure
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(picture).get_renderer()
    [axes] = picture.axes
    boxes = [text.get_window_extent(renderer).shrunk(0.97, 0.8) for text in axes.texts]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    whole = picture.bbox
    assert all(whole.contains(box.x0, box.y0) and whole.contains(box.x1, box.y1) for box in boxes)


@pytest.mark.parametrize(
    ("name", "beginning"), [("g.svg", b"<?xml"), ("g.PNG", b"\x89PNG"), ("g.pdf", b"%PDF")]
)
def test_the_ending_tells_the_format(name: str, beginning: bytes, tmp_path: Path) -> None:
    compiled = symgrad.grad("x*y")
    compiled.draw(tmp_path / name, at={"x": 1.0, "y": 2.0})
    first = (tmp_path / name).read_bytes()
    assert first.startswith(beginning)
    compiled.draw(tmp_path / name, at={"x": 1.0, "y": 2.0})
    assert (tmp_path / name).read_bytes() == first


def test_comments_and_names_are_no_markup() -> None:
    """Dollars would be mathematics for matplotlib, and angles are tags in SVG."""
    found = texts("a = x < 1  # <b>$\\frac{1}{2}$</b>\na * 2 + sum(x, axis=0)")
    assert {"a = x < 1", "a * 2 + sum(x, axis=0)", "v3 = sum(x, axis=0)"} <= set(found)


def test_a_constant_has_no_picture_but_its_text() -> None:
    assert "7" in texts("7")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("graph.gif", "a picture is no gif\nLet it end in .svg, .png or .pdf."),
        ("graph", "the name of a picture says its format\nLet it end in .svg, .png or .pdf."),
        ("missing/graph.svg", "missing/graph.svg cannot be written: No such file or directory"),
    ],
)
def test_files(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(symgrad.SymgradError) as raised:
        symgrad.function("x").draw(name)
    assert str(raised.value) == message


def test_a_name_that_is_none() -> None:
    with pytest.raises(symgrad.SymgradError, match="3 is no name of a file"):
        symgrad.function("x").draw(3)  # type: ignore[arg-type]


def test_a_limit_for_what_a_person_can_follow() -> None:
    formula = "+".join(f"sin({k}*x)" for k in range(101))
    with pytest.raises(symgrad.LimitError, match=r"of 302 operations .* the limit is 300"):
        symgrad.function(formula).draw("never.svg")


def test_matplotlib_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(symgrad.MissingExtraError) as raised:
        symgrad.function("x").draw("never.svg")
    assert str(raised.value) == (
        "a picture needs matplotlib\nInstall it with: pip install 'symgrad[draw]'"
    )


def test_the_picture_in_the_docs_is_what_is_drawn_now() -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "graph.svg"
    shown = ["".join(node.itertext()) for node in ET.parse(page).iter(f"{SVG}text")]
    assert shown == texts("r = y - x**2; r**2 + exp(-r)*x", {"x": 0.5, "y": 1.25})
