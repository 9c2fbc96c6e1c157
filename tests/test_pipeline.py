"""The driver: the stages in order, and wrt."""

import pytest

from symgrad.errors import DerivativeError
from symgrad.functions import builtin_functions
from symgrad.pipeline import derive, stages

TABLE = builtin_functions()


def test_the_stages_come_in_the_order_of_the_design() -> None:
    found = dict(stages("log(1 + exp(x))", None, TABLE))
    assert list(found) == ["lower", "stabilise", "reverse", "simplify"]
    assert [len(stage.graph.outputs) for stage in found.values()] == [1, 1, 2, 2]
    assert found["stabilise"].graph.outputs[0].op == "softplus"


def test_exact_leaves_the_formula_as_it_was_written() -> None:
    graph = derive("log(1 + exp(x))", None, TABLE, exact=True).graph
    assert graph.outputs[0].op == "log"


def test_inputs_and_wrt() -> None:
    derived = derive("b*x + a", None, TABLE)
    assert (derived.inputs, derived.wrt) == (("b", "x", "a"), ("b", "x", "a"))
    assert derive("b*x + a", ["a", "b"], TABLE).wrt == ("a", "b")
    assert derive("b*x + a", [], TABLE).wrt == ()


def test_wrt_must_name_inputs() -> None:
    with pytest.raises(DerivativeError) as caught:
        derive("rate*time", ["tme"], TABLE)
    assert str(caught.value) == (
        "wrt: tme is not an input of the formula\n  rate*time\n  ^^^^^^^^^\nDid you mean time?"
    )
    with pytest.raises(DerivativeError, match="wrt: x is given twice"):
        derive("x*y", ["x", "x"], TABLE)
