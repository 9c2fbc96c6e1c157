"""Points and shapes at which formulas are tried."""

import numpy as np
import pytest

import symgrad
from symgrad.errors import InputError
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.trust.draws import is_plain, layouts_of, single_points, whole_points

Shapes = dict[str, tuple[int, ...]]


def layouts(formulas: list[str], told: Shapes | None = None) -> list[Shapes]:
    lowered = [lower(text, builtin_functions()) for text in formulas]
    compiled = [symgrad.function(text) for text in formulas]
    inputs = tuple(dict.fromkeys(name for low in lowered for name in low.inputs))
    return [dict(shapes) for shapes in layouts_of(lowered, compiled, inputs, told or {}, {"k"})]


def test_single_points_are_of_all_scales_and_special() -> None:
    drawn, special = single_points(["x", "y"], 400, 0)
    sizes = np.abs(drawn["x"])
    assert (sizes < 1e-3).sum() > 30 < (sizes > 100).sum()
    assert min(drawn["x"]) < -100
    assert len(drawn["x"]) == len(drawn["y"]) == 400
    pairs = set(zip(special["x"].tolist(), special["y"].tolist(), strict=True))
    assert {(0.0, 0.0), (1.0, 1.0), (0.0, -1.0), (2.0, 0.5)} <= pairs
    again = next(single_points(["x", "y"], 400, 0))
    assert np.array_equal(again["y"], drawn["y"])


@pytest.mark.parametrize(
    ("formulas", "told", "found"),
    [
        (["X: (n, d); w: (d,); X @ w"], None, [{"X": (3, 4), "w": (4,)}]),
        (["X @ w"], {"X": (4, 3), "w": (3,)}, [{"X": (4, 3), "w": (3,)}]),
        (["det(A)"], None, [{"A": (3, 3)}]),
        (["sum(x)", "x @ x"], None, [{"x": (3,)}]),
        (["sum(x)"], None, [{"x": ()}, {"x": (3,)}, {"x": (3, 3)}]),
        (["A[k] @ x"], {"A": (5, 3)}, [{"A": (5, 3), "k": (), "x": (3,)}]),
    ],
)
def test_layouts(formulas: list[str], told: Shapes | None, found: list[Shapes]) -> None:
    got = layouts(formulas, told)
    assert got[: len(found)] == found


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="inner dimensions"):
        layouts(["X @ w"], {"X": (4, 3), "w": (4,)})
    with pytest.raises(InputError, match="the shapes are not known that x may have"):
        layouts(["reshape(x, (7, 2))"])


def test_whole_points_have_their_shapes() -> None:
    drawn = list(whole_points([{"x": (2,), "k": (3,)}], {"k"}, 400, 0))
    assert len(drawn) > 30
    assert all(point["x"].shape == (2,) for point in drawn)
    assert all(point["k"].dtype.kind == "i" and point["k"].max() < 2 for point in drawn)
    assert any((point["x"] == 0).all() for point in drawn)


def test_what_applies_to_elements() -> None:
    table = builtin_functions()
    assert is_plain(lower("exp(x) + y", table).graph)
    assert not is_plain(lower("sum(x)", table).graph)
