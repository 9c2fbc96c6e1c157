"""Attributes that no function could use are refused where they are written."""

import pytest

import symgrad

# A formula, and what the error says.
WRONG = [
    ("sum(x, axis=0.5)", "axis is a whole number from -64 to 63, a tuple of them, or None"),
    ("sum(x, axis=1e300)", "axis is a whole number"),
    ("sum(x, axis='x')", "axis is a whole number"),
    ("sum(x, axis=True)", "axis is a whole number"),
    ("sum(x, axis=(0, 0.5))", "axis is a whole number"),
    ("diff(x, axis=999999999)", "axis is a whole number from -64 to 63"),
    ("stack([x, x], 1e308)", "axis is a whole number"),
    ("stack([x, x], None)", "axis is a whole number"),
    ("tensordot(x, y, None)", "axes is a whole number or a tuple of them"),
    ("tensordot(x, y, (0, 'a'))", "axes is a whole number or a tuple of them"),
    ("swapaxes(x, 0, nan)", "axis2 is a whole number from -64 to 63"),
    ("sum(x, keepdims=1)", "keepdims is True or False"),
    ("triu(x, pi)", "k is a whole number"),
    ("diagonal(x, 0.5)", "offset is a whole number"),
    ("matrix_power(x, 0.5)", "n is a whole number"),
    ("diff(x, inf)", "n is a whole number"),
    ("diff(x, -1)", "differences are taken a number of times that is not negative"),
    ("var(x, ddof=nan)", "ddof is a number"),
    ("split(x, 0)", "sections is a whole number of parts, or a tuple of places"),
    ("pad(x, nan)", "pad_width is whole numbers that are not negative"),
    ("pad(x, -1)", "pad_width is whole numbers that are not negative"),
    ("meshgrid(x, y, indexing='xx')[0]", "indexing is 'xy' or 'ij'"),
    ("eye(3, M=-1)", "M is a whole number that is not negative"),
    ("arange(inf)", "the range has no end"),
    ("roll(x, False)", "shift is not a shape"),
]


@pytest.mark.parametrize(("formula", "message"), WRONG)
def test_what_is_refused(formula: str, message: str) -> None:
    with pytest.raises(symgrad.ArgumentError) as caught:
        symgrad.function(formula)
    assert str(caught.value).startswith(message)


def test_the_error_shows_what_to_write() -> None:
    with pytest.raises(symgrad.ArgumentError) as caught:
        symgrad.function("1 + triu(x, pi)")
    assert str(caught.value).split("\n")[1:] == [
        "  1 + triu(x, pi)",
        "      ^^^^^^^^^^^",
        "Write k=1.",
    ]


@pytest.mark.parametrize(
    "formula",
    [
        "sum(x, None)",
        "zeros(10**1) * x[0]",
        "permute_dims(x, None)",
        "pad(x, ((1, 2),))",
        "norm(x, inf)",
        "tensordot(x, x, ((0,), (0,)))",
    ],
)
def test_what_is_right(formula: str) -> None:
    symgrad.function(formula)([1.0, 2.0])
