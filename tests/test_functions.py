"""Every row of functions.sg: values and derivatives in units of the last place, and promises.

The tests are made from the table: a new row is tested as soon as it stands there.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import permutations, product

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special

import symgrad
from symgrad.graph import Builder, Graph
from symgrad.language.formula import lower
from symgrad.lower import definition, derivative
from symgrad.reverse import reverse
from symgrad.simplify import simplify
from tests.evaluation import numpy_outputs
from tests.reference import CASES, PRIMITIVES, ROWS, TABLE, Case, Point, Truth, error, evaluate

CONDITIONS = [name for name in ROWS if TABLE[name].kind == "bool"]
STATED = [name for name in ROWS if TABLE[name].derivatives]
BOTH = [name for name in STATED if TABLE[name].definitions]


LEVEL = ("_over_compound",)
"""It is 1 for y = 1, whatever x is: its slope there is a difference of equal terms."""
OF_ERFCX = ("_log_erfc", "_log_half_erfc", "_log_ndtr")
"""SciPy's erfcx is off by up to two units in the last place itself."""


def formula(name: str) -> str:
    return f"{name}({', '.join(TABLE[name].names)})"


def columns(case: Case, kind: type[np.floating] = np.float64) -> list[np.ndarray]:
    with np.errstate(over="ignore"):
        return [np.array(column).astype(kind) for column in zip(*case.points, strict=True)]


def complaints(
    case: Case, got: np.ndarray, axis: int | None, kind: type[np.floating] = np.float64
) -> Iterator[str]:
    """Where an answer is further from the truth than its bound; `axis` None is the value."""
    for answer, truth in zip(np.broadcast_to(got, len(case.points)), case.truths, strict=True):
        wanted = truth.value if axis is None else truth.partials[axis]
        if wanted is None or not all(is_exact(x, kind) for x in truth.point):
            continue
        if axis is not None and (truth.value is None or not is_finite(truth.value, kind)):
            continue
        if wanted == 0 and case.name in LEVEL:
            continue
        excess = error(float(answer), wanted, kind) / truth.tolerance(axis, kind)
        excess /= 2 if case.name in OF_ERFCX else 1
        if excess > 1:
            digits = mpmath.nstr(wanted, 20)
            times = mpmath.nstr(excess, 3)
            yield f"{case} at {truth.point}: {answer!r}, not {digits}; {times} times the tolerance"


def is_exact(x: float, kind: type[np.floating]) -> bool:
    with np.errstate(over="ignore"):
        return float(kind(x)) == x


def is_finite(value: mpf, kind: type[np.floating]) -> bool:
    return bool(abs(value) <= mpf(float(np.finfo(kind).max)))


@pytest.mark.parametrize("name", ROWS)
def test_a_primitive_has_a_reference(name: str) -> None:
    assert TABLE[name].definitions or name in PRIMITIVES, (
        f"{name} has no definition: name its mpmath function in PRIMITIVES, tests/reference.py"
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value(case: Case) -> None:
    assert not list(complaints(case, symgrad.function(case.formula)(*columns(case)), None))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives(case: Case) -> None:
    gradient = symgrad.grad(case.formula, wrt=case.inputs)(*columns(case))
    for axis, got in enumerate(gradient):
        assert not list(complaints(case, got, axis))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float32(case: Case) -> None:
    both = symgrad.value_and_grad(case.formula, wrt=case.inputs)
    value, gradient = both(*columns(case, np.float32))
    for axis, got in zip((None, *range(len(gradient))), (value, *gradient), strict=True):
        assert got.dtype == np.float32
        assert not list(complaints(case, got, axis, np.float32))


def at_moderate_points(case: Case) -> Iterator[Truth]:
    """Where neither overflow nor a tie is near, so that what holds over the reals holds closely."""
    for truth in case.truths:
        sizes = [abs(x) for x in truth.point]
        if all(1e-3 < size < 100 for size in sizes) and len(set(truth.point)) == len(sizes):
            yield truth


def second_derivatives(case: Case) -> Iterator[Graph]:
    """For each input a graph of the derivative by it and the derivatives of that."""
    lowered = lower(case.formula, TABLE)
    first = simplify(reverse(lowered.graph, case.inputs, TABLE), TABLE)
    for output in first.outputs[1:]:
        build = Builder()
        for node in first.nodes:
            build.take(node)
        yield simplify(reverse(build.graph([output]), case.inputs, TABLE), TABLE)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_second_derivatives(case: Case) -> None:
    truths = list(at_moderate_points(case))
    moving = zip(*[truth.point for truth in truths], strict=True)
    inputs = dict(zip(case.inputs, map(np.array, moving), strict=True))
    for axis, graph in enumerate(second_derivatives(case)):
        present = {name: inputs[name] for name in graph.inputs()}
        for other, got in enumerate(numpy_outputs(graph, present)[1:]):
            for truth, answer in zip(truths, np.broadcast_to(got, len(truths)), strict=True):
                wanted = truth.seconds[axis][other]
                if wanted is None:
                    continue
                scale = abs(wanted) + sum(abs(d) for d in truth.partials if d is not None)
                distance = abs(float(answer) - wanted)
                assert distance <= 1e-11 * scale + 1e-300, (truth.point, axis, other)


def rules(name: str) -> Iterator[tuple[int, Graph]]:
    """The stated derivatives of a row that are not zero, with their positions."""
    function = TABLE[name]
    for position in range(len(function.names)):
        if not function.derivative_is(position, "none"):
            rule = derivative(function, TABLE, position)
            if rule is not None:
                yield position, rule


def exact_inputs(name: str, point: Mapping[str, float]) -> dict[str, mpf | bool]:
    """A point, its conditions included, with the row's value there as `out`."""
    kinds = {parameter.name: parameter.kind for parameter in TABLE[name].parameters}
    given = {n: x > 0 if kinds[n] == "bool" else mpf(x) for n, x in point.items()}
    return {**given, "out": evaluate(lower(formula(name), TABLE).graph, given)[0]}


def moderate(name: str) -> list[dict[str, mpf | bool]]:
    """Distinct numbers where a row has a real value, in mpmath."""
    values = (0.25, -0.625, 2.5, 7.0, -3.25, 0.75)
    names = TABLE[name].names
    places = [dict(zip(names, p, strict=True)) for p in permutations(values, len(names))]
    points = [exact_inputs(name, place) for place in places]
    return [point for point in points if mpmath.isfinite(point["out"])]


@pytest.mark.parametrize("name", STATED)
def test_rules_are_linear_in_the_cotangent(name: str) -> None:
    with mp.workdps(60):
        for position, rule in rules(name):
            for point in moderate(name) if "g" in rule.inputs() else ():
                a, b, both = (evaluate(rule, {**point, "g": mpf(g)})[0] for g in (1.5, -7, -18))
                assert abs(2 * a + 3 * b - both) <= mpf(10) ** -50 * abs(both), (position, point)


@pytest.mark.parametrize("name", BOTH)
def test_the_derivative_is_that_of_each_definition(name: str) -> None:
    function = TABLE[name]
    with mp.workdps(60):
        for which, point in product(range(len(function.definitions)), moderate(name)):
            graph = reverse(definition(function, TABLE, which), function.names, TABLE)
            wanted = evaluate(graph, point)[1:]
            for position, rule in rules(name):
                stated = evaluate(rule, {**point, "g": mpf(1)})[0]
                if mpmath.isnan(stated) and mpmath.isnan(wanted[position]):
                    continue
                # A series in the table ends where doubles end.
                assert abs(stated - wanted[position]) <= 1e-16 * abs(stated), (which, point)


SPECIAL_POINTS = (0.0, -0.0, 1.0, -1.0, 2.5, -2.5, math.inf, -math.inf, math.nan)
THEIRS = {
    name: getattr(np, name, None) or getattr(special, name)
    for name in ROWS
    if hasattr(np, name) or hasattr(special, name)
}


def special_points(name: str) -> list[np.ndarray]:
    points = product(SPECIAL_POINTS, repeat=len(TABLE[name].names))
    return [np.array(column) for column in zip(*points, strict=True)]


@pytest.mark.parametrize("name", THEIRS)
def test_a_name_of_numpy_or_scipy_means_the_same_here(name: str) -> None:
    """At zeros, infinities and nan, too."""
    inputs = special_points(name)
    with np.errstate(all="ignore"):
        wanted = np.asarray(THEIRS[name](*inputs), np.float64)
    found = symgrad.function(formula(name))(*inputs)
    same = np.isclose(found, wanted, rtol=1e-15, atol=0, equal_nan=True)
    assert same.all(), [column[~same] for column in (*inputs, found, wanted)]


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_are_numpys(name: str) -> None:
    kinds = [parameter.kind for parameter in TABLE[name].parameters]
    given = zip(TABLE[name].names, special_points(name), kinds, strict=True)
    inputs = {n: x > 0 if kind == "bool" else x for n, x, kind in given}
    build = Builder()
    node = build.node(name, *[build.node("input", value=n) for n in inputs])
    found = numpy_outputs(build.graph([node]), inputs)[0]
    assert found.dtype == np.bool_
    assert found.tolist() == THEIRS[name](*inputs.values()).tolist()


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_have_no_slope(name: str) -> None:
    inputs = special_points(name)
    for slope in symgrad.grad(formula(name), wrt=TABLE[name].names)(*inputs):
        assert slope.tolist() == [0.0] * len(inputs[0])


ALIASES = """asin arcsin  acos arccos  atan arctan  asinh arcsinh  acosh arccosh  atanh arctanh
atan2 arctan2  absolute abs  fabs abs  round rint  fix trunc  mod remainder  radians deg2rad
degrees rad2deg  expit sigmoid  swish silu""".split()


@pytest.mark.parametrize(("alias", "name"), list(zip(ALIASES[::2], ALIASES[1::2], strict=True)))
def test_an_alias_is_the_same_operation(alias: str, name: str) -> None:
    operands = ", ".join("ab"[: len(TABLE[name].names)])
    graphs = [lower(f"{called}({operands})", TABLE).graph for called in (alias, name)]
    assert str(graphs[0]) == str(graphs[1])


PROMISED = """abs sign sqrt cbrt square reciprocal exp exp2 expm1 log log2 log10 log1p sin
cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh arcsin arccos arctan arctan2
arcsinh arccosh arctanh hypot logaddexp maximum minimum clip floor ceil round trunc fmod
remainder copysign heaviside sinc deg2rad rad2deg isnan isinf isfinite sigmoid expit logit
softplus relu leaky_relu elu selu gelu silu xlogy xlog1py erf erfc ndtr gammaln digamma
where""".split()


def test_the_language_has_what_it_promises() -> None:
    assert set(PROMISED) <= set(TABLE)


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("leaky_relu(x)", "leaky_relu(x, 0.01)"),
        ("leaky_relu(x)", "leaky_relu(x, slope=0.01)"),
        ("elu(x)", "elu(x, 1)"),
        ("elu(x)", "elu(x, alpha=1)"),
    ],
)
def test_defaults(short: str, full: str) -> None:
    assert str(lower(short, TABLE).graph) == str(lower(full, TABLE).graph)


@pytest.mark.parametrize(
    ("formula", "point", "slopes"),
    [
        ("abs(x)", (0.0,), (0.0,)),
        ("sign(x)", (0.0,), (0.0,)),
        ("relu(x)", (0.0,), (0.0,)),
        ("floor(x)", (2.0,), (0.0,)),
        ("leaky_relu(x)", (0.0,), (0.01,)),
        ("elu(x)", (0.0,), (1.0,)),
        ("maximum(x, y)", (2.0, 2.0), (0.5, 0.5)),
        ("minimum(x, y)", (2.0, 2.0), (0.5, 0.5)),
        ("fmax(x, y)", (2.0, 2.0), (0.5, 0.5)),
        ("fmax(x, y)", (math.nan, 2.0), (0.0, 1.0)),
        ("fmin(x, y)", (2.0, math.nan), (1.0, 0.0)),
        ("clip(x, a, b)", (1.0, 1.0, 3.0), (0.5, 0.5, 0.0)),
        ("heaviside(x, h)", (0.0, 0.5), (0.0, 1.0)),
        ("hypot(x, y)", (0.0, 0.0), (0.0, 0.0)),
        ("sqrt(x)", (0.0,), (math.inf,)),
        ("cbrt(x)", (0.0,), (math.inf,)),
        ("log(x)", (0.0,), (math.inf,)),
        ("arcsin(x)", (1.0,), (math.inf,)),
        ("arccos(x)", (-1.0,), (-math.inf,)),
        ("arccosh(x)", (1.0,), (math.inf,)),
        ("arctanh(x)", (1.0,), (math.inf,)),
        ("xlogy(x, y)", (0.0, 0.0), (-math.inf, 0.0)),
        ("xlog1py(x, y)", (0.0, -1.0), (-math.inf, 0.0)),
        ("sinc(x)", (0.0,), (0.0,)),
        ("x**y", (0.0, 2.0), (0.0, 0.0)),
        ("x**y", (0.0, 1.0), (1.0, 0.0)),
        ("x**y", (0.0, 0.5), (math.inf, 0.0)),
        ("x**y", (0.0, 0.0), (0.0, -math.inf)),
        ("x**0", (0.0,), (0.0,)),
        ("x**1", (0.0,), (1.0,)),
        ("x**2", (0.0,), (0.0,)),
        ("x**3", (0.0,), (0.0,)),
        ("x**1.5", (0.0,), (0.0,)),
        ("x**2.5", (0.0,), (0.0,)),
        ("x**0.5", (0.0,), (math.inf,)),
    ],
)
def test_conventions(formula: str, point: Point, slopes: tuple[float, ...]) -> None:
    compiled = symgrad.grad(formula, wrt=symgrad.function(formula).inputs)
    assert compiled(*point) == slopes
    assert tuple(part.item() for part in compiled(*map(np.array, point))) == slopes


def test_selu_keeps_mean_and_variance() -> None:
    """Its constants are chosen so that standard normal numbers stay standard normal."""
    graph = lower("selu(x)", TABLE).graph

    def weighted(x: mpf, power: int) -> mpf:
        return mpmath.npdf(x) * evaluate(graph, {"x": x})[0] ** power

    with mp.workdps(20):
        ends = [-mpmath.inf, 0, mpmath.inf]
        mean, variance = (mpmath.quad(lambda x, p=p: weighted(x, p), ends) for p in (1, 2))
    assert abs(mean) < 1e-15
    assert abs(variance - 1) < 1e-15


def test_zero_to_the_power_of_zero_is_one() -> None:
    assert symgrad.function("x**y")(0.0, 0.0) == symgrad.function("x**0")(0.0) == 1.0
