"""What holds for every formula: drawn programs, held against a second reading of the language."""

import copy
import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import symgrad
from symgrad.syntax import parse
from symgrad.testing import assert_gradient_correct, formulas, inputs, numbers
from tests.second_reading import EPS, Shaken, as_shaken, evaluate, exceptions


def outcomes(run: Callable[[], Any], eps: float) -> Iterator[np.ndarray]:
    """The result of some code without errors of its own, and then several times with them."""
    Shaken.rng = np.random.default_rng(0)
    for size in (0.0, *[eps] * 6):
        Shaken.eps = size
        with np.errstate(all="ignore"):
            yield np.asarray(run(), np.float64)


def disagreements(found: Any, run: Callable[[], Any], eps: float = EPS) -> np.ndarray:
    """Where a result is further from what `run` gives than rounding takes `run` from itself."""
    found = np.asarray(found, np.float64)
    expected, *others = outcomes(run, eps)
    assert found.shape == expected.shape
    with np.errstate(all="ignore"):
        spread = np.max([np.abs(other - expected) for other in others], axis=0)
        settled = np.all([kind(other) == kind(expected) for other in others], axis=0)
        near = np.abs(found - expected) <= 8 * spread + 8 * eps * np.abs(expected)
    return np.asarray(settled & ~near & ~same(found, expected))


def kind(values: np.ndarray) -> np.ndarray:
    """0 for numbers; infinities and nan each have their own."""
    return np.where(np.isnan(values), 9, np.where(np.isinf(values), np.sign(values), 0))


def same(a: Any, b: Any) -> np.ndarray:
    return np.asarray((np.asarray(a) == b) | (np.isnan(a) & np.isnan(b)))


def in_file(source: str, verb: str, shake: bool = False) -> Callable[..., Any]:
    """A function of a generated file, executed in a namespace of its own."""
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated", "exec"), namespace)
    if shake:
        floats = namespace.get("_floats")
        namespace["_floats"] = lambda *args: [a.view(Shaken) for a in floats(*args)]
    return namespace[verb]


def flat(results: Any) -> list[Any]:
    if isinstance(results, tuple):
        return [part for result in results for part in flat(result)]
    return [*results.values()] if isinstance(results, dict) else [results]


@st.composite
def programs(draw: st.DrawFn, smooth: bool = False, **options: Any) -> tuple[str, dict[str, Any]]:
    """A formula and values for its inputs."""
    formula = draw(formulas(smooth=smooth))
    return formula, draw(inputs(formula, **options))


def generic() -> st.SearchStrategy[float]:
    """Numbers off every kink that a formula's own constants make."""
    return st.integers(-3_000_000, 3_000_000).map(lambda n: (n + 0.2718281828) / 1_000_001)


FOUND = (
    ("where(x > y, 3, 3)", {"x": np.ones((2, 1)), "y": np.ones(3)}),
    ("(x if 3 else x*y) + y", {"x": np.ones((2, 1)), "y": np.ones(3)}),
    ("exp((x*y)**0)*y", {"x": np.ones((2, 1)), "y": np.ones(3)}),
    ("sin((x if 3 else y) + 1 == 1.25)*y", {"x": np.ones(1), "y": np.ones((1, 2))}),
    ("softplus((1 and 7)*(x - x))", {"x": 0.5}),
    ("sinc(-0.25)", {}),
    ("(x*y)**(3 > sinc(2))", {"x": 2.0, "y": 3.0}),
    ("~x", {"x": np.array([0.0, -0.015])}),
    ("not rint(pi)", {}),
    ("a = v[1, 2]; x", {"v": np.ones((2, 3)), "x": 1.0}),
)
"""Programs that showed a fault once."""


def found_before(test: Any) -> Any:
    for program in FOUND:
        test = example(program)(test)
    return test


search = settings(
    max_examples=settings.default.max_examples // 3, suppress_health_check=list(HealthCheck)
)
"""A third of the usual: a program is large. `--hypothesis-profile search` tries many more."""


@search
@found_before
@given(programs(values=numbers(special=True)))
def test_every_program_gives_numbers_in_the_shapes_of_its_inputs(program):
    formula, values = program
    before = {name: np.copy(value) for name, value in values.items()}
    value, derivatives = symgrad.value_and_grad(formula, list(values))(**values)
    assert np.shape(value) == np.broadcast_shapes(np.shape(symgrad.function(formula)(**values)))
    assert [np.shape(d) for d in derivatives] == [np.shape(v) for v in values.values()]
    for result in [value, *derivatives]:
        assert np.asarray(result).dtype == np.float64
    for name, value in values.items():
        np.testing.assert_array_equal(value, before[name])


@search
@found_before
@given(programs(values=numbers(special=True)))
def test_the_exact_value_is_that_of_a_second_reading(program):
    formula, values = program
    found = symgrad.function(formula, exact=True)(**values)
    wrong = disagreements(found, lambda: evaluate(formula, as_shaken(values)))
    assert not wrong.any(), f"{found} is not {evaluate(formula, values)}"


@search
@given(programs())
def test_the_value_is_that_of_a_second_reading_where_nothing_overflows(program):
    formula, values = program
    assume(not exceptions(formula, values))
    found = symgrad.function(formula)(**values)
    wrong = disagreements(found, lambda: evaluate(formula, as_shaken(values)))
    assert not wrong.any(), f"{found} is not {evaluate(formula, values)}"


def derivatives_are_numbers(formula: str, values: Mapping[str, Any], exact: bool) -> bool:
    derivatives = symgrad.grad(formula, list(values), exact=exact)(**values)
    return all(np.isfinite(derivative).all() for derivative in derivatives)


@search
@given(programs(values=generic()), st.booleans())
def test_gradients_agree_with_numerical_differentiation(program, exact):
    formula, values = program
    if not derivatives_are_numbers(formula, values, exact):
        assume(not exceptions(formula, values) - {"underflow"})
    assert_gradient_correct(formula, values, exact=exact)


@search
@given(programs(smooth=True), st.booleans())
def test_smooth_gradients_agree_at_round_numbers_too(program, exact):
    """Where the value passes through a singular point, as sqrt(x - x), the derivative is nan."""
    formula, values = program
    assume(derivatives_are_numbers(formula, values, exact))
    assert_gradient_correct(formula, values, exact=exact)


@search
@given(programs(values=numbers(special=True)), st.sampled_from((-1.0, 0.0, np.nan)))
def test_a_branch_that_is_not_taken_is_never_felt(program, guard):
    formula, values = program
    start, end = parse(formula)[-1].span
    guarded = f"{formula[:start]}where(guard > 0, ({formula[start:end]}), 2*guard){formula[end:]}"
    names = symgrad.function(guarded).inputs
    values = {**dict.fromkeys(names, 1.0), **values, "guard": guard}
    value, derivatives = symgrad.value_and_grad(guarded, names)(**{n: values[n] for n in names})
    assert same(value, 2 * guard).all()
    for name, derivative in zip(names, derivatives, strict=True):
        expected = 2.0 * np.size(value) if name == "guard" else 0.0
        assert (np.asarray(derivative) == expected).all(), f"by {name}: {derivative}"


@search
@given(programs(values=numbers(special=True), shapes=()))
def test_numbers_and_arrays_get_the_same_answers(program):
    formula, values = program
    assume(all(type(value) is float for value in values.values()))
    compiled = symgrad.value_and_grad(formula, list(values))
    run = in_file(compiled.source, "value_and_grad", shake=True)
    arrays = {name: np.full((2, 1), value) for name, value in values.items()}
    on_numbers, on_arrays = flat(compiled(**values)), flat(compiled(**arrays))
    for n, (a, b) in enumerate(zip(on_numbers, on_arrays, strict=True)):
        assert type(a) is float
        wrong = disagreements(a, lambda n=n: flat(run(*values.values()))[n])
        wrong |= disagreements(b, lambda n=n: flat(run(*arrays.values()))[n]).any()
        assert not wrong, f"{a} {b}"


@search
@example(("x*erf(1)", {"x": np.ones(2, np.float32)}))
@example(("b = leaky_relu(erfc(1), x); b", {"x": np.float32(0.5)}))
@given(programs(dtype=np.float32))
def test_float32_answers_in_kind(program):
    formula, values = program
    assume(values and "300" not in formula)
    compiled = symgrad.value_and_grad(formula, list(values))
    run = in_file(compiled.source, "value_and_grad", shake=True)
    doubles = [np.asarray(value, np.float64) for value in values.values()]
    for n, found in enumerate(flat(compiled(**values))):
        if type(found) is float:  # a constant, which has no type of its own
            continue
        assert found.dtype == np.float32
        wrong = disagreements(found, lambda n=n: flat(run(*doubles))[n], 2.0**-22)
        double = np.asarray(flat(compiled(*doubles))[n])
        in_range = np.isfinite(found) & (np.abs(double) > np.finfo(np.float32).tiny)
        assert not (wrong & in_range).any(), f"{found} {double}"


@search
@found_before
@given(programs(values=numbers(special=True)))
def test_the_verbs_and_the_file_agree(program):
    formula, values = program
    both = symgrad.value_and_grad(formula, list(values))
    arrays = [np.asarray(value) for value in values.values()]
    value, derivatives = both(*arrays)
    together = [value, *derivatives]
    for found in (
        [symgrad.function(formula)(*arrays), *symgrad.grad(formula, list(values))(*arrays)],
        flat(in_file(both.source, "value_and_grad")(*arrays)),
        flat((in_file(both.source, "value")(*arrays), in_file(both.source, "grad")(*arrays))),
    ):
        for a, b in zip(flat(tuple(found)), together, strict=True):
            assert np.shape(a) == np.shape(b)
            # Without inputs a call runs Python's math module, the file NumPy and SciPy.
            close = not values and np.allclose(a, b, rtol=1e-15, atol=0.0, equal_nan=True)
            assert same(a, b).all() or close, f"{a} {b}"


@search
@given(programs(values=numbers(special=True)))
def test_results_are_the_callers_own(program):
    formula, values = program
    compiled = symgrad.value_and_grad(formula, list(values))
    arrays = [np.array(value) for value in values.values()]
    for array in arrays:
        array.flags.writeable = False
    first = [np.asarray(result) for result in flat(compiled(*arrays))]
    kept = [np.copy(result) for result in first]
    for n, result in enumerate(first):
        assert not any(np.shares_memory(result, other) for other in [*arrays, *first[:n]])
        if result.ndim:
            result[...] = 99.0
    for again, before in zip(flat(compiled(*arrays)), kept, strict=True):
        assert same(again, before).all()


@search
@given(programs(values=numbers(special=True)))
def test_the_layout_of_memory_does_not_matter(program):
    formula, values = program
    compiled = symgrad.value_and_grad(formula, list(values))
    run = in_file(compiled.source, "value_and_grad", shake=True)
    arrays = [np.asarray(value) for value in values.values()]
    strided = [np.repeat(a[..., None], 3, -1)[..., 1] for a in arrays]
    fortran = [np.asfortranarray(a) if a.ndim else a for a in arrays]
    for other in (strided, fortran, [a.tolist() for a in arrays if a.size]):
        if len(other) == len(arrays):
            for n, found in enumerate(flat(compiled(*other))):
                wrong = disagreements(found, lambda n=n: flat(run(*arrays))[n])
                assert not wrong.any(), f"{found}"


@search
@given(programs(), st.booleans())
def test_copies_and_pickles_are_the_same(program, exact):
    formula, values = program
    for compiled in (
        symgrad.value_and_grad(formula, exact=exact),
        symgrad.grad(formula, list(values), exact=exact),
        symgrad.function(formula, exact=exact),
    ):
        for twin in (copy.deepcopy(compiled), pickle.loads(pickle.dumps(compiled))):
            assert twin.source == compiled.source
            assert (twin.formula, twin.inputs, twin.wrt) == (formula, tuple(values), compiled.wrt)
            for a, b in zip(flat(twin(**values)), flat(compiled(**values)), strict=True):
                assert same(a, b).all()


def test_the_source_does_not_depend_on_where_nodes_lie_in_memory():
    """Its two operands are equally long, and either could be the one that gets a name."""
    compiled = [symgrad.grad("(1e-300 != z) != isnan(z)") for _ in range(20)]
    assert len({each.source for each in compiled}) == 1


TOKENS = (
    *"x y f sin exp where clip x_1 θ not and or if else in lambda pi inf nan softplus".split(),
    *"0 1 2. .5 1e5 1e999 1_0 0x1 2x 1j + - * / ** ^ ( ) ( ) [ ] , ; = == != <= < >".split(),
    *">= & | ~ ! -> : % // @ . ... { } $ \\ ' \" ? := += && || – × ² √ ∞ ∂ é ﬁ ℝ 中".split(),
    *"\n;\r;\t; ;# note\n;#;\u200b;\u202e;\x00;\ud800;\ufeff;\u2028;\U0001f600".split(";"),
    *("f(x) = ", "x = ", "f(x)", "where(x > 0, ", "x[0]", "x[1, -1]", "clip(x, min=", "max=2)"),
)


def soup() -> st.SearchStrategy[str]:
    tokens = st.lists(st.sampled_from(TOKENS))
    return st.one_of(tokens.map("".join), tokens.map(" ".join), st.text())


@search
@given(soup(), st.sampled_from((1.0, np.ones((2, 2)), [[]], "1")))
def test_any_text_is_a_formula_or_a_symgrad_error(text, value):
    try:
        compiled = symgrad.grad(text)
        assert compiled.source.endswith("\n")
        compiled(**dict.fromkeys(compiled.inputs, value))
    except symgrad.SymgradError as error:
        complaint = str(error)
    else:
        complaint = "none"
    assert complaint.strip()
