"""The variables of derivatives in a formula: which names they are, and errors about them."""

import pytest

from symgrad.errors import DefinitionError, SymgradError
from symgrad.functions import builtin_functions
from symgrad.language.extend import extend
from symgrad.language.formula import lower
from symgrad.language.variables import differentiated_names
from symgrad.syntax import parse
from tests.transcript import transcript

TABLE = builtin_functions()


@pytest.mark.parametrize(("formula", "shown"), transcript("derivatives"))
def test_errors(formula: str, shown: str) -> None:
    with pytest.raises(SymgradError) as caught:
        lower(formula, TABLE)
    assert f"{type(caught.value).__name__}: {caught.value}" == shown


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("r = x**2; D(sin(r), r)", "r"),
        ("derivative(sin(r), x=r) + u.D(s, 2) + D(x=t, expr=2)", "r s t"),
        ("f(x, y) = D(x*y, x); f(a, b)", "a"),
        ("f(x, y) = D(x*y*z, z); f(a, b)", "z"),
        ("slope(u, z) = D(u, z); twice(u, z) = slope(slope(u, z), z); twice(c, z=d)", "d"),
        ("D(r) = exp(-r); D(x, y)", ""),
        ("f(x) = D(x**2, x); f(x) = x**2; f(a)", ""),
        ("D(x, 3) + D(x, y + z) + D(x) + D()", ""),
    ],
)
def test_names_by_which_a_formula_differentiates(formula: str, names: str) -> None:
    assert differentiated_names(parse(formula), TABLE) == set(names.split())
    assert differentiated_names(parse("D(x, y)"), {"D"}) == set()


def test_only_what_is_differentiated_by_is_held_apart() -> None:
    graph = lower("r = x**2; s = x**3; D(r*s, r) + s", TABLE).graph
    assert [node.attributes[0] for node in graph.nodes if node.op == "_variable"] == ["r"]
    assert not any(node.op == "_variable" for node in lower("D(x**2, x)", TABLE).graph.nodes)


def test_parameters_count_by_position_and_by_name() -> None:
    by_name, by_place = (
        str(lower(f"f(x, y) = D(x**2*y, x); {call}", TABLE).graph)
        for call in ("f(y=b, x=a)", "f(a, b)")
    )
    assert by_name.replace("b", "a") == by_place.replace("b", "a")


def test_no_derivative_in_the_line_of_an_operation() -> None:
    for line in ("bent(x) = D(x**3, x) : 6*x", "bent(x) = 3*x**2 : D(3*x**2, x)"):
        with pytest.raises(DefinitionError, match="cannot stand in a line that states") as caught:
            extend(TABLE, [line])
        assert caught.value.hint == "Leave out what stands after the colon."
    assert "bent" in extend(TABLE, ["bent(x) = D(x**3, x)"])
