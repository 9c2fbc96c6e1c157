"""What a file calls by name and carries along: rows that are computed by cases."""

from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.targets.numpy import NUMPY
from symgrad.writing.carrying import carried_helpers, with_carried

TABLE = builtin_functions()
NEAR = np.array([1e-300, 1.0, 1.0 + 1e-9, 2.0, 1e300])


def ran(source: str) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope


@pytest.mark.parametrize(
    ("formula", "call", "about"),
    [
        ("log(x / y)", "_log_ratio(x, y)", "log(x / y), also where that overflows or loses"),
        ("y * log(1 - x)", "_xlog1py(y, -x)", "x * log1p(y) where x != 0 or isnan(y), else 0."),
        ("(1 + x)**y - 1", "_compound(x, y)", "(1 + x)**y - 1, also where that overflows"),
    ],
)
def test_cases_stand_once_below_what_calls_them(formula: str, call: str, about: str) -> None:
    compiled = symgrad.value_and_grad(formula)
    source = compiled.source
    assert f"value = {call}\n" in source
    assert source.count(f"def {call.partition('(')[0]}(") == 1
    assert about in source
    found, expected = ran(source)["value"](NEAR, NEAR[::-1]), compiled(NEAR, NEAR[::-1])[0]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_plain_numbers_are_not_handed_over() -> None:
    """What the cases make of them would have another type than arrays in float32."""
    x, y = np.float32([1.0]), np.float32([2.0])
    for formula in ("log(x / 2) + log(x / y)", "(len(x) - 1) * log(y) + log(x / y)"):
        source = symgrad.function(formula).source
        assert source.partition("def value_and_grad")[0].count("_log_ratio(") == 1
        assert "_xlogy" not in source
        assert ran(source)["value"](x, y).dtype == np.float32


def test_helpers_that_helpers_call_come_along() -> None:
    helpers = carried_helpers("value = _over_compound(x, y)", TABLE, NUMPY)
    assert list(helpers) == ["_compound", "_over_compound"]
    assert carried_helpers("value = np.log(x)", TABLE, NUMPY) == {}


def test_a_graph_without_such_rows_stays_as_it_is() -> None:
    graph = lower("x * sin(y)", TABLE).graph
    found, target = with_carried(graph, TABLE, NUMPY)
    assert found is graph
    assert "_log_ratio" in target.known
    assert "_log_ratio" not in NUMPY.known
