"""What nodes are called, before they get names in code."""

from itertools import islice

from symgrad.language.labels import (
    cotangent_of,
    derivative_name,
    is_own,
    of_cotangent,
    shown,
    unnamed,
)


def test_labels_are_told_apart() -> None:
    new = next(unnamed(["residual", ".7", "d .9"]))
    assert new == ".8"
    assert [is_own(label) for label in ("residual", new, cotangent_of("residual"))] == [
        True, False, False,
    ]  # fmt: skip
    assert of_cotangent(cotangent_of("residual")) == "residual"


def test_new_labels_are_new() -> None:
    labels = [".1"]
    labels += islice(unnamed(labels), 3)
    labels += islice(unnamed(labels), 3)
    assert len(set(labels)) == 7


def test_readers_see_what_the_formula_named() -> None:
    labels = ["r", "d r", "d dx", ".3", "d .3"]
    assert [shown(label) for label in labels] == ["r", "dr", "d_dx", "", ""]


def test_derivatives_by_names_that_look_like_derivatives() -> None:
    names = [derivative_name(name) for name in ("x", "x2", "d", "dx", "log_x", "x_")]
    assert names == ["dx", "dx2", "d_d", "d_dx", "d_log_x", "dx_"]
