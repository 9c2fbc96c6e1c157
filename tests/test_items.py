"""What stands for attributes, whole numbers and several operands at once."""

import math
from typing import Any

import pytest

from symgrad.errors import ArgumentError
from symgrad.functions import builtin_functions
from symgrad.graph import Builder, Node
from symgrad.language.formula import FormulaLowerer
from symgrad.language.items import (
    Items,
    Literal,
    attribute,
    integer,
    is_whole,
    paired,
    plain_number,
    unpaired,
)
from symgrad.lower import lower_rule
from symgrad.syntax import parse

TABLE = builtin_functions()


def item_of(text: str) -> Any:
    return FormulaLowerer(text, TABLE, frozenset()).lower(parse(text)[0].body)


@pytest.mark.parametrize(
    ("number", "plain"),
    [(3.0, 3), (-0.0, 0), (0.5, 0.5), (1e15, 1e15), (math.inf, math.inf), (-2.0, -2)],
)
def test_whole_numbers_are_integers(number: float, plain: float) -> None:
    found = plain_number(number)
    assert (found, type(found)) == (plain, type(plain))


def test_nan_is_plain() -> None:
    assert math.isnan(plain_number(math.nan))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-1", -1),
        ("0.5", 0.5),
        ("None", None),
        ("True", True),
        ("'fro'", "fro"),
        ("inf", math.inf),
        ("(0, -1)", (0, -1)),
        ("[1, 2]", (1, 2)),
        ("((0, 1), (2, 3))", ((0, 1), (2, 3))),
        ("()", ()),
        ("1 - 3", -2),
    ],
)
def test_attributes(text: str, value: object) -> None:
    found = attribute(item_of(text), "it", text, None)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["x", "x + 1", "(0, x)", "sin(1)", "x.shape"])
def test_what_is_no_attribute(text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        attribute(item_of(text), "axis", text, (0, len(text)))
    assert str(caught.value) == (
        f"axis must be written out\n  {text}\n  {'^' * len(text)}\n"
        "Write a number, a tuple of numbers, None, True, False or a text in quotes."
    )


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("3", True),
        ("2.5", False),
        ("x", False),
        ("x.shape[0]", True),
        ("x.shape[0] - 1", True),
        ("floor_divide(size(x), 2)", True),
        ("size(x) / 2", False),
        ("size(x) + 0.5", False),
        ("argsort(x)", True),
        ("-argmax(x) + ndim(x)", True),
    ],
)
def test_what_is_seen_to_be_whole(text: str, whole: bool) -> None:
    assert is_whole(lower_rule(parse(text)[0].body, text, TABLE).outputs[0]) is whole


@pytest.mark.parametrize(
    ("text", "op"),
    [("i", "integer"), ("x.shape[0]", "size"), ("i > 2", "greater"), ("[0, 2]", "integer")],
)
def test_indices(text: str, op: str) -> None:
    """A condition is a mask; what may hold fractions is marked to be made whole."""
    lowerer = FormulaLowerer(text, TABLE, frozenset())
    assert integer(lowerer, lowerer.lower(parse(text)[0].body)).op == op


@pytest.mark.parametrize("count", [1, 2, 3, 50_000])
def test_what_is_paired_is_unpaired_in_order(count: int) -> None:
    build = Builder()
    nodes: list[Node] = [build.node("input", value=str(n)) for n in range(count)]
    chain = paired(build, *nodes)
    assert chain is not None
    assert unpaired(chain) == tuple(nodes)


def test_nothing_is_paired_to_nothing() -> None:
    assert paired(Builder()) is None


def test_items_are_told_apart_by_kind() -> None:
    assert Items("list", ()) != Items("tuple", ())
    assert item_of("(None, 'a')") == Items("tuple", (Literal(None), Literal("a")))
