"""Jacobians and Hessians, a block at once, against products with one unit vector at a time."""

import linecache
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.differentiation import batch
from symgrad.differentiation.batch_moves import MOVES
from symgrad.differentiation.batch_products import SUBSCRIPTS
from tests.array_cases import Case
from tests.test_arrays import CASES
from tests.test_products import ONCE_ONLY

SMOOTH = [c for c in CASES if c.smooth]
TWICE = [c for c in SMOOTH if not any(word in c.formula for word in ONCE_ONLY)]


def over(case: Case) -> str:
    return case.label


def units(shape: tuple[int, ...]) -> list[np.ndarray]:
    count = int(np.prod(shape))
    return list(np.eye(count).reshape(count, *shape))


def as_tuple(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


def close(found: Any, wanted: np.ndarray) -> None:
    assert np.shape(found) == wanted.shape
    size = np.max(np.abs(wanted), initial=1.0)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-10 * size)


@pytest.mark.parametrize("case", SMOOTH[::5], ids=over)
def test_jacobians(case: Case) -> None:
    inputs = case.inputs()
    shape = np.shape(symgrad.function(case.formula)(**inputs))
    product = symgrad.vjp(case.formula, case.smooth)
    rows = [as_tuple(product(unit, **inputs)[1]) for unit in units(shape)]
    blocks = symgrad.jacobian(case.formula, case.smooth)(**inputs)
    for place, (name, block) in enumerate(zip(case.smooth, blocks, strict=True)):
        whole = shape + np.shape(inputs[name])
        close(block, np.array([row[place] for row in rows]).reshape(whole))


@pytest.mark.parametrize("case", TWICE[2::5], ids=over)
def test_hessians(case: Case) -> None:
    """Blocks on both sides of the diagonal are transposes, and the diagonal is there by itself."""
    inputs, names = case.inputs(), case.smooth
    shapes = [np.shape(inputs[name]) for name in names]
    product = symgrad.hvp(case.formula, names)
    blocks = symgrad.hessian(case.formula, names)(**inputs)
    diagonals = symgrad.hessian_diag(case.formula, names)(**inputs)
    for i, shape in enumerate(shapes):
        columns = []
        for unit in units(shape):
            vectors = tuple(unit if i == j else np.zeros(s) for j, s in enumerate(shapes))
            first = vectors if len(vectors) > 1 else vectors[0]
            columns.append(as_tuple(product(first, **inputs)))
        for j, other in enumerate(shapes):
            wanted = np.array([column[j] for column in columns]).reshape(shape + other)
            close(blocks[i][j], wanted)
            turned = np.moveaxis(wanted, range(len(shape)), range(-len(shape), 0))
            close(blocks[j][i], turned)
            if i == j:
                square = wanted.reshape(int(np.prod(shape)), int(np.prod(shape)))
                close(diagonals[i], np.diagonal(square).reshape(shape))


def test_every_way_to_move_an_axis_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: set[str] = set()
    done = batch._done

    def noted(shop: Any, site: Any, term: Any) -> Any:
        if term.free or term.ties:
            reached.add(site.node.op)
        return done(shop, site, term)

    monkeypatch.setattr(batch, "_done", noted)
    for case in SMOOTH[::5]:
        symgrad.jacobian(case.formula, case.smooth)(**case.inputs())
    for case in TWICE[2::5]:
        symgrad.hessian(case.formula, case.smooth)(**case.inputs())
    for formula in ("einsum('ii->i', A)", "einsum('ii->i', A)**2"):
        symgrad.jacobian(formula, "A")(np.eye(2) + 1)
    assert reached >= {*MOVES, *SUBSCRIPTS, "index", "place"}


HEADS = {
    "model": "a: (); b: (); x: (n,); ",
    "network": "X: (n, d); W: (d, h); b: (h,); v: (h,); ",
    "rows": "X: (n, d); w: (d,); ",
    "vector": "x: (n,); ",
    "matrix": "A: (m, n); x: (n,); ",
}
WRITTEN = [
    (
        "jacobian", "model", "a*exp(-b*x)", ("a", "b"),
        ["da = np.exp(-b * x)", "db = -a * da * x", "return da, db"],
    ),
    ("jacobian", "rows", "tanh(X @ w)", "w", ["return (1 / np.cosh(X @ w) ** 2)[..., None] * X"]),
    ("jacobian", "vector", "sin(x)", "x", ["return np.diag(np.cos(x))"]),
    ("jacobian", "vector", "sum(x**2)", "x", ["return 2 * x"]),
    ("jacobian", "matrix", "A @ x", "x", ["return A.copy()"]),
    ("hessian", "rows", "sum((X @ w)**2)", "w", ["return (2 * X).T @ X"]),
    ("hessian", "matrix", "x @ (A.T @ A) @ x", "x", ["g = A.T @ A", "return g + g.T"]),
    ("hessian_diag", "vector", "sum(x**3) + sum(x)**2", "x", ["return 6 * x + 2"]),
    (
        "hessian", "vector", "sum(x**2) + sum(x)**2", "x",
        ["return 2 * np.eye(x.shape[0], dtype=x.dtype) + 2"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "head", "formula", "wrt", "lines"), WRITTEN, ids=[f"{w[0]} {w[2]}" for w in WRITTEN]
)
def test_the_work_follows_the_structure(
    verb: str, head: str, formula: str, wrt: Any, lines: list[str]
) -> None:
    """The code is what a person would write: no row or column is computed twice, or for nothing."""
    source = getattr(symgrad, verb)(HEADS[head] + formula, wrt).source
    body = [line.strip() for line in source.splitlines() if line.startswith("    ")]
    for line in lines:
        assert line in body


def test_few_inputs_go_forward() -> None:
    """From 2 numbers to 40 through 30: columns are fewer than rows."""
    rng = np.random.default_rng(3)
    inputs = {
        "A": rng.normal(size=(40, 30)),
        "B": rng.normal(size=(30, 2)),
        "C": rng.normal(size=(40, 40)),
        "x": rng.normal(size=2),
    }
    forward = symgrad.jacobian("C @ tanh(A @ tanh(B @ x))", "x")
    found = forward(**inputs)
    kernel = next(iter(forward._call.plans.values()))
    source = "".join(linecache.getlines(kernel.__wrapped__.__code__.co_filename))
    hidden = np.tanh(inputs["B"] @ inputs["x"])
    inner = (1 - hidden**2)[:, None] * inputs["B"]
    outer = (1 - np.tanh(inputs["A"] @ hidden) ** 2)[:, None] * (inputs["A"] @ inner)
    np.testing.assert_allclose(found, inputs["C"] @ outer, rtol=1e-12)
    assert "return C @ " in source


def test_numbers_stay_numbers() -> None:
    found = symgrad.hessian("x**2 * y", ("x", "y"))(3.0, 5.0)
    assert found == ((10.0, 6.0), (6.0, 0.0))
    assert {type(number) for row in found for number in row} == {float}
    assert symgrad.hessian("x**2 * y")(3.0, 5.0) == {
        "x": {"x": 10.0, "y": 6.0},
        "y": {"x": 6.0, "y": 0.0},
    }
    assert symgrad.jacobian("x*y", "x")(2.0, 3.0) == 3.0
    assert symgrad.hessian_diag("x**3")(2.0) == 12.0


def test_float32_stays() -> None:
    x = np.linspace(0.5, 1.5, 4, dtype=np.float32)
    for verb in (symgrad.jacobian, symgrad.hessian, symgrad.hessian_diag):
        assert verb("sum(x**2) * sin(x)", "x")(x).dtype == np.float32


def test_stop_gradient_makes_hessians_unsymmetric() -> None:
    found = symgrad.hessian("sum(stop_gradient(x) * y) + sum(x * y)", ("x", "y"))
    (xx, xy), (yx, yy) = found(x=np.ones(2), y=np.ones(2))
    assert np.array_equal(xy, np.eye(2))
    assert np.array_equal(yx, np.eye(2))
    assert not xx.any()
    assert not yy.any()


def test_masked_elements_have_no_derivative() -> None:
    formula = "sum(where(x > 0, sqrt(x), 0))"
    found = symgrad.hessian(formula, "x")(np.array([-1.0, 0.0, 4.0]))
    assert np.array_equal(found, np.diag([0.0, 0.0, -1 / 32]))


def test_code_needs_shapes() -> None:
    for verb in (symgrad.jacobian, symgrad.hessian, symgrad.hessian_diag):
        with pytest.raises(symgrad.InputError) as caught:
            _ = verb("a*sin(x)", "x").source
        assert str(caught.value) == (
            "the code of a Jacobian or a Hessian depends on how many axes the inputs have\n"
            "  a*sin(x)\n  ^^^^^^^^\n"
            "Call it, or declare shapes at the head of the formula, as in: a: (n,); x: ()."
        )


def test_a_formula_without_derivative_is_refused_at_once() -> None:
    with pytest.raises(symgrad.DerivativeError, match="has no derivative"):
        symgrad.jacobian("zeta(s, x)", "s")
