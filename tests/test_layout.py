"""How results are packed, and the types that generated code states for them."""

import pytest

from symgrad.writing.layout import Layout

XY = ("x", "y")
PACKED = [
    (Layout("bare", ("x",)), ["a"], ("", ["a"], ""), "Array"),
    (Layout("tuple", ("x",)), ["a"], ("(", ["a"], ",)"), "tuple[Array]"),
    (Layout("tuple", XY), ["a", "b"], ("(", ["a", "b"], ")"), "tuple[Array, Array]"),
    (Layout("dict", XY), ["a", "b"], ("{", ['"x": a', '"y": b'], "}"), "dict[str, Array]"),
    (Layout("tuple", ()), [], ("(", [], ")"), "tuple[()]"),
    (Layout("bare", ("x",), by_pairs=True), ["a"], ("", ["a"], ""), "Array"),
    (Layout("dict", (), by_pairs=True), [], ("{", [], "}"), "dict[str, dict[str, Array]]"),
    (
        Layout("tuple", XY, by_pairs=True),
        ["a", "b", "c", "d"],
        ("(", ["(a, b)", "(c, d)"], ")"),
        "tuple[tuple[Array, Array], tuple[Array, Array]]",
    ),
    (
        Layout("dict", XY, by_pairs=True),
        ["a", "b", "c", "d"],
        ("{", ['"x": {"x": a, "y": b}', '"y": {"x": c, "y": d}'], "}"),
        "dict[str, dict[str, Array]]",
    ),
]


@pytest.mark.parametrize(("layout", "results", "wanted", "annotation"), PACKED)
def test_packed(
    layout: Layout, results: list[str], wanted: tuple[str, list[str], str], annotation: str
) -> None:
    assert layout.pack(results) == wanted
    assert layout.annotation == annotation


def test_labels() -> None:
    assert Layout("tuple", XY).labels == ["dx", "dy"]
    assert Layout("tuple", XY, by_pairs=True).labels == ["dx_dx", "dx_dy", "dy_dx", "dy_dy"]
