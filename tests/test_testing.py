"""The strategies draw what they promise, and the judge of gradients finds a wrong one."""

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st

import symgrad
from symgrad.language.tree import postorder
from symgrad.syntax import parse
from symgrad.testing import assert_gradient_correct, formulas, inputs, numbers
from symgrad.trust import checking

few = settings(max_examples=25, suppress_health_check=list(HealthCheck))
hunt = settings(
    max_examples=1_000,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operations(formula: str) -> set[str]:
    trees = [tree for statement in parse(formula) for tree in postorder(statement.body)]
    return {tree.op for tree in trees} | {t.value.name for t in trees if t.op == "call"}


@pytest.fixture(scope="module")
def drawn() -> list[str]:
    found: list[str] = []

    @settings(hunt, max_examples=2_000)
    @given(formulas())
    def collect(formula: str) -> None:
        found.append(formula)

    collect()
    return found


@pytest.mark.parametrize(
    "wanted",
    """add subtract multiply divide power negative positive compare logical_and logical_or
    logical_not conditional index call where erf""".split(),
)
def test_every_kind_of_operation_is_drawn(wanted: str, drawn: list[str]) -> None:
    assert any(wanted in operations(formula) for formula in drawn)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\A\w+\Z",
        r"^\w+ = ",
        r"^\w+\(x, \w+\) = ",
        r"#",
        r";",
        r"\r(?!\n)",
        r"\(x=",
        r",\)",
        r"\blambda\b",
        r"θ",
    ],
)
def test_every_way_of_writing_is_drawn(pattern: str, drawn: list[str]) -> None:
    assert any(re.search(pattern, formula, re.MULTILINE) for formula in drawn)


def test_keywords_come_in_any_order() -> None:
    find(formulas(functions=["clip"]), lambda f: bool(re.search("max=.*, min=", f)), settings=hunt)


@few
@given(formulas(functions=["sin", "maximum"], smooth=True))
def test_smooth_formulas_have_no_conditions_and_call_what_was_asked_for(formula: str) -> None:
    drawn = operations(formula)
    assert not drawn & {"compare", "conditional", "maximum"}
    assert not {op for op in drawn if op.startswith("logical")}
    local = {s.target.value.name for s in parse(formula) if s.target and s.target.op == "call"}
    arithmetic = "number name call add subtract multiply divide power negative positive index"
    assert drawn <= {*arithmetic.split(), "sin", *local}


@pytest.mark.parametrize("smooth", [False, True])
def test_most_formulas_vary_with_their_inputs(smooth: bool) -> None:
    judged = []

    @settings(hunt, max_examples=200)
    @given(st.data())
    def judge(data: st.DataObject) -> None:
        formula = data.draw(formulas(smooth=smooth))
        values = data.draw(inputs(formula))
        slopes = symgrad.grad(formula, wrt=tuple(values))(**values)
        judged.append(any(np.any(np.isfinite(slope) & (slope != 0)) for slope in slopes))

    judge()
    assert np.mean(judged) > 0.5


@few
@given(formulas(max_size=1))
def test_size_is_bounded(formula: str) -> None:
    for statement in parse(formula):
        trees = list(postorder(statement.body))
        signed = [t for t in trees if t.op == "negative" and t.args[0].op == "number"]
        indexed = [t for t in trees if t.op == "index"]
        composite = [t for t in trees if t.args or t.op == "call"]
        assert len(composite) <= 1 + len(signed) + len(indexed)


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(KeyError, match="sinn"):
        formulas(functions=["sinn"])


def test_defined_functions_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgrad.api._table", symgrad.api.functions())
    symgrad.define("tripled(x) = 3*x")
    few_functions = formulas(functions=["sin", "tripled"])
    find(few_functions, lambda formula: "tripled(" in formula, settings=hunt)
    find(formulas(), lambda formula: "(" in formula, settings=hunt)


@few
@given(numbers(), numbers(special=True))
def test_numbers_are_everyday_unless_special(everyday: float, special: float) -> None:
    assert everyday == 0 or 1e-3 <= abs(everyday) <= 8
    assert isinstance(special, float)


@few
@given(inputs("f(x) = x; f(x) + lambda * y"))
def test_inputs_broadcast_together(values: dict[str, Any]) -> None:
    assert list(values) == ["x", "lambda", "y"]
    np.broadcast_shapes(*map(np.shape, values.values()))
    assert all(type(v) is float for v in values.values() if np.shape(v) == ())


@few
@given(inputs("x[0] + x[2] * y[-1, 1]", dtype=np.float32, values=numbers(special=True)))
def test_indexed_inputs_have_the_axes_that_they_need(values: dict[str, Any]) -> None:
    assert all(value.dtype == np.float32 for value in values.values())
    assert values["x"].shape[0] == 3
    assert values["y"].shape[:2] == (1, 2)
    symgrad.function("x[0] + x[2] * y[-1, 1]")(**values)


@few
@given(inputs("x - y", shapes=(2, 0)))
def test_shapes_can_be_given(values: dict[str, Any]) -> None:
    assert [v.shape for v in values.values()] == [(2, 0), (2, 0)]


def test_inputs_of_a_formula_that_does_not_compile() -> None:
    with pytest.raises(symgrad.FormulaSyntaxError):
        inputs("2x")


@few
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_right_gradients_pass(x: float, y: float) -> None:
    assume(abs(x) > 1e-3)
    at = {"x": x, "y": [y, 1.0]}
    assert assert_gradient_correct("exp(x)*sin(y) + abs(x)", at) == 3
    assert assert_gradient_correct("exp(x)*sin(y) + abs(x)", at, ["x"], exact=True) == 1


def test_nothing_is_said_at_a_kink() -> None:
    assert assert_gradient_correct("abs(x)", {"x": [0.0, 1.0]}) == 1


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgrad.api._table", symgrad.api.functions())
    symgrad.define("squared(x) = x**2 : 3*x")


@pytest.mark.usefixtures("wrong")
def test_a_wrong_gradient_is_shown_with_its_place_and_both_numbers() -> None:
    with pytest.raises(AssertionError) as failure:
        assert_gradient_correct("squared(x) + y", {"x": [0.0, 2.0], "y": 1})
    told = re.sub(r"\d\.\de-\d+", "ERROR", str(failure.value))
    assert told == (
        "d/dx[1] is 6.0, and numerically 4 with an error of ERROR, of\n"
        "  squared(x) + y\nat\n  x = [0.0, 2.0]\n  y = 1"
    )


@pytest.mark.usefixtures("wrong")
def test_the_tolerance_can_be_widened() -> None:
    assert assert_gradient_correct("squared(x)", {"x": 2.0}, rtol=0.6) == 1


class Disguised:
    """A compiled gradient that answers otherwise."""

    wrt = ("x",)

    def __init__(self, value: Any, derivative: Any) -> None:
        self.answer = value, (derivative,)

    def __call__(self, **inputs: Any) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("value", "derivative", "message"),
    [
        (9.0, 4.0, "value is 9.0, and alone 4.0"),
        (4.0, [4.0], r"d/dx has shape \(1,\), not \(\)"),
        (4.0, np.nan, "d/dx is nan, and numerically"),
    ],
)
def test_wrong_values_and_shapes_and_nan_are_found(
    value: Any, derivative: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Disguised(value, np.asarray(derivative))
    monkeypatch.setattr(checking, "value_and_grad", lambda *args, **options: answer)
    with pytest.raises(AssertionError, match=message):
        assert_gradient_correct("x**2", {"x": 2.0})


def test_without_hypothesis_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import symgrad\n"
        "try: import symgrad.testing\n"
        "except symgrad.MissingExtraError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout == (
        "symgrad.testing needs hypothesis\nInstall it with: pip install 'symgrad[testing]'\n"
    )
