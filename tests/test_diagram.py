"""Boxes and arrows: one box for each operation that a reader sees, one arrow for each operand."""

import numpy as np
import pytest

import symgrad
from symgrad.seeing.diagram import Diagram, diagram, shortened


def of(formula: str, at: dict[str, object] | None = None, most: int = 300) -> Diagram:
    return diagram(symgrad.function(formula), at, most, "the picture of")


def test_boxes_and_arrows() -> None:
    found = of("r = x - 1; r**2 + exp(r)", {"x": 1.0})
    assert [box.lines for box in found.boxes] == [
        ["x", "1", "∂ 1"],
        ["r = x - 1", "0", "∂ 1"],
        ["v1 = r**2", "0", "∂ 1"],
        ["v2 = exp(r)", "1", "∂ 1"],
        ["v3 = v1 + v2", "1", "∂ 1"],
    ]
    assert [box.kind for box in found.boxes] == [
        *("input", "shared", "operation", "operation", "result"),
    ]
    shown = [(a.tail, a.head, a.position, a.count, a.told) for a in found.arrows]
    assert shown == [
        (0, 1, 0, 1, "1"),
        (1, 2, 0, 1, "0"),
        (1, 3, 0, 1, "1"),
        (2, 4, 0, 2, "1"),
        (3, 4, 1, 2, "1"),
    ]
    assert found.statements == ("r = x - 1", "r**2 + exp(r)")


def test_without_a_point_nothing_is_known() -> None:
    found = of("sin(x)")
    assert not found.has_values
    assert [box.lines for box in found.boxes] == [["x"], ["v1 = sin(x)"]]
    assert [arrow.told for arrow in found.arrows] == [""]


@pytest.mark.parametrize(
    ("formula", "titles"),
    [
        ("X @ w", ["X", "w", "v1 = X @ w"]),
        ("x[k]", ["x", "k", "v1 = x[k]"]),
        ("X: (n, d); w: (d,); X @ w", ["X", "w", "v1 = w[..., None]", "v2 = X @ v1",
                                      "v3 = squeeze(v2, axis=-1)"]),
        ("2 + 3", ["v1 = 2 + 3"]),
        ("x", ["x"]),
        ("7", []),
    ],
)  # fmt: skip
def test_what_a_reader_would_not_write_is_left_out(formula: str, titles: list[str]) -> None:
    found = of(formula)
    assert [box.title for box in found.boxes] == titles
    assert all(arrow.tail < arrow.head for arrow in found.arrows)


def test_arrays_are_told_by_shape_and_first_entries() -> None:
    found = of("sum(X * w)", {"X": np.ones((4, 5)), "w": np.arange(5.0)})
    assert found.boxes[0].lines == ["X", "[1, 1, 1, …] (4, 5)", "∂ [0, 1, 2, …] (4, 5)"]
    assert [arrow.told for arrow in found.arrows][:2] == ["[0, …] (4, 5)", "[4, …] (5,)"]


def test_long_names_and_operations_are_short_in_titles_alone() -> None:
    name = "a_name_that_goes_on_and_on"
    [box, _] = of(f"sin({name})").boxes
    assert (box.name, box.title) == (name, shortened(name, 14))
    assert len(box.title) == 14


def test_too_many_operations() -> None:
    with pytest.raises(symgrad.LimitError) as raised:
        of("+".join(f"sin({k}*x)" for k in range(5)), most=10)
    assert str(raised.value) == (
        "the picture of a formula of 14 operations would be too large to look at: the limit is 10\n"
        "  sin(0*x)+sin(1*x)+sin(2*x)+sin(3*x)+sin(4*x)\n"
        "  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\nTake a part of the formula."
    )
