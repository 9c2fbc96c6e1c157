"""`symgrad.accuracy`: errors over a box, beside those of the formula as it stands."""

import math
from typing import Any

import numpy as np
import pytest

import symgrad

BOX = {"x": (-50.0, 50.0)}


@pytest.fixture(scope="module")
def softplus() -> symgrad.Accuracy:
    return symgrad.accuracy("log(1 + exp(x))", BOX, samples=80)


def test_the_stable_form_is_accurate_and_the_plain_one_is_not(softplus: symgrad.Accuracy) -> None:
    value, slope = softplus.errors
    assert (value.name, slope.name) == ("value", "d/dx")
    assert value.worst()[0] < 4
    assert slope.worst()[0] < 4
    assert value.worst(naive=True)[0] > 1e15
    assert value.ulps.shape == value.naive.shape == value.points["x"].shape
    error, at = value.worst(naive=True)
    assert at == f"x={value.points['x'][int(np.argmax(value.naive))]:.6g}"
    assert error == value.naive.max()


def test_the_table(softplus: symgrad.Accuracy) -> None:
    head, *rows = repr(softplus).splitlines()
    assert head.split() == "ulps known median worst at naively: median worst at".split()
    assert [row.split()[:2] for row in rows] == [["value", "80"], ["d/dx", "80"]]


def test_points_cover_magnitudes_and_special_numbers(softplus: symgrad.Accuracy) -> None:
    x = softplus.errors[0].points["x"]
    assert x.min() >= -50
    assert x.max() <= 50
    assert {0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, math.pi, -math.pi} & set(x.tolist())
    assert (np.abs(x[x != 0]) < 1e-10).any()
    assert (np.abs(x) > 10).sum() > 10


@pytest.mark.parametrize("sign", [1, -1])
def test_points_cover_the_magnitudes_of_an_interval_that_lacks_zero(sign: int) -> None:
    box = {"x": (1e-6, 1e6) if sign > 0 else (-1e6, -1e-6)}
    drawn = symgrad.accuracy("2*x", box).errors[0].points["x"]
    counts, _ = np.histogram(np.log10(drawn * sign), bins=range(-6, 7))
    assert counts.min() > 10


def test_a_matrix_that_is_refused_is_left_out() -> None:
    found = symgrad.accuracy("sum(inv(A))", {"A": (0, 1e-180)}, shapes={"A": (2, 2)})
    assert 0 < found.errors[0].ulps.size < found.samples


def test_the_same_seed_draws_the_same_points() -> None:
    first, again, other = (
        symgrad.accuracy("x*y", {"x": (1, 2), "y": (0, 9)}, samples=10, seed=seed).errors[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.points["y"], again.points["y"])
    assert not np.array_equal(first.points["y"], other.points["y"])


def test_what_is_not_known_is_left_out() -> None:
    value, slope = symgrad.accuracy("log(x)", {"x": (-1, 1)}, samples=25).errors
    known = value.points["x"]
    assert (known >= 0).all()
    assert 0 < known.size < 25
    assert (slope.points["x"] > 0).all()


def test_arrays_as_a_whole() -> None:
    found = symgrad.accuracy(
        "log(sum(exp(x))) * a", {"x": (-1000, 1000), "a": (1, 2)}, shapes={"x": (3,)}, samples=5
    )
    value, by_x, by_a = found.errors
    assert (value.ulps.size, by_a.ulps.size) == (5, 5)
    assert by_x.ulps.size == 15
    assert max(value.worst()[0], by_x.worst()[0]) < 1e4
    assert value.worst(naive=True)[0] > 1e10
    assert by_x.worst(naive=True)[1].startswith("[")


def test_infinities_are_seen() -> None:
    (value, *_) = symgrad.accuracy("exp(x) / (1 + exp(x))", {"x": (800, 900)}, samples=10).errors
    assert np.isfinite(value.ulps).all()
    assert np.isinf(value.naive).all()


@pytest.mark.parametrize(
    ("formula", "box", "options", "message"),
    [
        ("x", 1.0, {}, 'box must be a dict, not float\nWrite it by name: {"x": (-50, 50)}.'),
        (
            "x*y",
            {"x": (0, 1)},
            {},
            'the box lacks the input y\n  x*y\n    ^\nAdd "y": (least, largest).',
        ),
        (
            "alpha*2",
            {"alhpa": (0, 1)},
            {},
            "box: alhpa is not an input of the formula\nDid you mean alpha?",
        ),
        (
            "x",
            {"x": (2, 1)},
            {},
            "box: x is from (2, 1)\nWrite the least and the largest number, as (-50, 50).",
        ),
        (
            "x",
            {"x": 3},
            {},
            "box: x is from 3\nWrite the least and the largest number, as (-50, 50).",
        ),
        (
            "x",
            {"x": (0, 10**400)},
            {},
            f"box: x is from (0, {10**35}\nWrite the least and the largest number, as (-50, 50).",
        ),
        (
            "x",
            {"x": (0, math.inf)},
            {},
            "box: x is from (0, inf)\nWrite the least and the largest number, as (-50, 50).",
        ),
        ("x", {"x": (0, 1)}, {"samples": 0}, "samples must be a positive whole number, not 0"),
        (
            "x[k]",
            {"x": (0, 1), "k": (0, 1)},
            {},
            "k serves as an index, a mask or a size, and cannot be drawn from a box\n"
            "  x[k]\n    ^\nWrite numbers in its place.",
        ),
        (
            "qr(A)[1]",
            {"A": (0, 1)},
            {"shapes": {"A": (2, 2)}},
            "mpmath lacks a function that the formula calls",
        ),
    ],
)
def test_wrong_calls(formula: str, box: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(symgrad.SymgradError) as caught:
        symgrad.accuracy(formula, box, **options)
    assert str(caught.value) == message
