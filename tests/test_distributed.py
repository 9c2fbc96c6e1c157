"""Dask arrays give lazy results, equal to the last bit wherever they are computed."""

import pickle
from collections.abc import Iterator
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest

import symgrad
from symgrad.data.distributed import Recipe, computed, recipe
from symgrad.running.into import leaves
from tests.blocks import close, same_bits
from tests.test_sources import File
from tests.test_streaming import CASES, DRAWS, LABELS, N, W, X, Y


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    with dask.config.set(scheduler="synchronous"):
        yield


def spread(given: dict[str, Any], chunks: Any = 170) -> dict[str, Any]:
    return {n: da.from_array(v, chunks) if N in np.shape(v) else v for n, v in given.items()}


@pytest.mark.parametrize(("formula", "given"), CASES, ids=[formula for formula, _ in CASES])
def test_as_in_memory(formula: str, given: dict[str, Any]) -> None:
    """But for the order of sums; and to the last bit for threads and for files in such pieces."""
    verb = symgrad.function if formula in ("x.T @ y", "x > 0") else symgrad.value_and_grad
    wrt = {} if verb is symgrad.function else {"wrt": [n for n in given if n != "k"]}
    compiled = verb(formula, **wrt)
    expected = compiled(**given)
    lazy = compiled(**spread(given))
    found = computed(lazy)
    assert close(_arrays(found), _arrays(expected), 1e-11)
    with dask.config.set(scheduler="threads", num_workers=3):
        assert same_bits(computed(compiled(**spread(given))), found)


def _arrays(result: Any) -> Any:
    """Numbers without axes as arrays, as dask has them."""
    if isinstance(result, tuple):
        return tuple([tuple(map(np.asarray, p)) if isinstance(p, tuple) else np.asarray(p)
                      for p in result])  # fmt: skip
    return np.asarray(result)


def test_pieces_of_files_and_chunks_add_up_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgrad.data.streaming.WHOLE", 99)
    monkeypatch.setattr("symgrad.data.streaming.PIECE", 1)
    compiled = symgrad.value_and_grad("mean(log1p(exp(-y * (X @ w))))", wrt="w")
    files = compiled(X=File(X, (128, 3)), y=File(Y), w=W)
    chunks = compiled(X=da.from_array(X, (128, 3)), y=da.from_array(Y, 128), w=W)
    assert same_bits(_arrays(computed(chunks)), _arrays(files))


def test_results_are_lazy_arrays_in_chunks() -> None:
    x = da.from_array(X, chunks=((400, 600), (1, 2)))
    result = symgrad.grad("sum((X @ w - y)**2)")(x, W, Y)
    assert [type(part) for part in result.values()] == [da.Array] * 3
    assert result["X"].chunks == ((400, 600), (3,))
    assert result["y"].chunks == ((400, 600),)
    value = symgrad.function("mean(X @ w)")(x, W)
    assert (value.shape, value.dtype) == ((), np.float64)
    assert (value + 1).compute() == pytest.approx(1 + np.mean(X @ W))


def test_equal_calls_are_one_and_others_are_not() -> None:
    compiled, x = symgrad.function("mean(X @ w)"), da.from_array(X, chunks=100)
    names = {compiled(x, w).name for w in (W, W.copy(), W + 1)}
    assert len(names) == 2


@pytest.mark.parametrize(
    ("inputs", "message", "hint"),
    [
        (lambda x: {"x": x[x > 0]}, "the sizes of the chunks of x are not known",
         "x = x.compute_chunk_sizes()"),
        (lambda x: {"x": x.astype(complex)}, "x holds complex numbers", ""),
        (lambda x: {"x": x.astype(np.float16)}, "not in float16", ""),
    ],
)  # fmt: skip
def test_wrong_inputs(inputs: Any, message: str, hint: str) -> None:
    with pytest.raises(symgrad.InputError, match=message) as refused:
        symgrad.function("sum(x)")(**inputs(da.from_array(Y, chunks=100)))
    assert hint in refused.value.hint


def test_chunks_along_other_axes_that_are_too_large_to_merge() -> None:
    x = da.ones((2**20, 2**10), chunks=(2**18, 2**9))
    with pytest.raises(symgrad.InputError, match="cut along axis 1, and whole along it") as refused:
        symgrad.function("sum(sum(x, axis=1)**2)")(x)
    assert "x = x.rechunk({0: 65536, 1: -1})" in refused.value.hint
    assert symgrad.function("sum(sum(x, axis=1)**2)")(x.rechunk({0: 65536, 1: -1})).shape == ()


COUPLED = [
    "sum(cumsum(y) * y)", "y[1:] @ y[:-1]", "sum(diff(y)**2) * y[0]", "std(y) + norm(X)",
    "sum(w[k] * y)", "flip(y) @ y", "prod(1 + y / 9)", "argmax(y) * sum(X @ w)", "convolve(y, w)",
    "concatenate([y, y]) @ concatenate([k, y])", "sum(segment_sum(y, k, 3)**2)", "normalize(y) @ y",
    "trace(X @ X.T)", "sum(svdvals(X))", "logdet(X.T @ X)", "sum(cholesky(X.T @ X) * X[:3])",
]  # fmt: skip


@pytest.mark.parametrize("formula", COUPLED)
def test_what_couples_rows_is_done_by_dask(formula: str) -> None:
    given = {"X": X[:60], "y": Y[:60], "k": LABELS[:60] % 3, "w": W}
    compiled = symgrad.value_and_grad(formula)
    given = {name: given[name] for name in compiled.inputs}
    expected = compiled(**given)
    lazy = {n: da.from_array(v, chunks=25) if len(v) == 60 else v for n, v in given.items()}
    result = compiled(**lazy)
    assert all(isinstance(leaf, da.Array) for leaf in leaves(result))
    for found, wanted in zip(leaves(computed(result)), leaves(expected), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("formula", "place"), [("1 + sum(sort(y) * y)", "sort(y)"), ("sum(y[y > 0]**2)", "y[y > 0]")]
)
def test_what_dask_lacks_is_refused_at_its_place(formula: str, place: str) -> None:
    with pytest.raises(symgrad.CoupledError, match="needs all rows") as refused:
        symgrad.grad(formula)(da.from_array(Y, chunks=100))
    assert formula[slice(*refused.value.span)] == place


def test_lazy_results_are_not_written_to_out() -> None:
    y = da.from_array(Y, chunks=100)
    with pytest.raises(symgrad.InputError, match="are lazy") as refused:
        symgrad.grad("sum(y**2)")(y, out=np.empty(Y.shape))
    assert "dask.array.store" in refused.value.hint


def test_an_error_in_a_task_has_the_place_and_the_rows() -> None:
    """Those of one chunk; it is what the same call raises in memory."""
    formula = "sum((X + b)**2) + sum(inv(A))"
    x = da.from_array(X, chunks=400)
    with pytest.raises(symgrad.InputError, match="the matrix A cannot be inverted") as told:
        symgrad.function(formula)(x, 0.5, np.zeros((3, 3))).compute()
    assert formula[slice(*told.value.span)] == "inv(A)"
    formula = "sum(take_along_axis(X, k, axis=1))"
    labels = LABELS % 3
    labels[700] = 9
    with pytest.raises(symgrad.InputError, match=r"index 9 .* from 400 to 800") as told:
        symgrad.function(formula)(x, da.from_array(labels[:, None], chunks=400)).compute()
    assert pickle.loads(pickle.dumps(told.value)).__dict__ == told.value.__dict__


@pytest.mark.parametrize("kind", [
    kind for kind in vars(symgrad).values()
    if isinstance(kind, type) and issubclass(kind, symgrad.SymgradError)
])  # fmt: skip
def test_errors_travel(kind: type[symgrad.SymgradError]) -> None:
    error = pickle.loads(pickle.dumps(kind("wrong", "sinn(x)", (0, 4), "Did you mean sin?")))
    assert type(error) is kind
    assert str(error) == "wrong\n  sinn(x)\n  ^^^^\nDid you mean sin?"


def test_a_formula_travels_as_text_and_is_compiled_once() -> None:
    value = symgrad.function("sum(x**2)")(da.from_array(Y, chunks=100))
    (made,) = [task for task in dict(value.dask).values() if _is_recipe(task)]
    made = getattr(made, "value", made)
    sent = pickle.dumps(made)
    assert len(sent) < 1000
    assert pickle.loads(sent) is made
    recipe.cache_clear()
    again = pickle.loads(sent)
    assert again is not made
    assert again.job is pickle.loads(sent).job


def _is_recipe(task: Any) -> bool:
    return isinstance(getattr(task, "value", task), Recipe)


def test_parameters_may_be_lazy_too() -> None:
    w = da.from_array(W, chunks=1)
    found = symgrad.grad("sum((X @ w)**2)", "w")(da.from_array(X, chunks=300), w)
    np.testing.assert_allclose(found.compute(), 2 * X.T @ (X @ W), rtol=1e-12)
    b = da.from_array(DRAWS.normal(size=()), chunks=())
    assert symgrad.function("sum(X) * b")(da.from_array(X, chunks=300), b).compute() == (
        pytest.approx(X.sum() * float(b))
    )


def test_a_nan_is_found_with_its_chunk() -> None:
    bad = Y**2 + 1
    bad[555] = 0.0
    formula = "sum(log(y) + w)"
    lazy = da.from_array(bad, chunks=100)
    for given in ({"y": lazy, "w": 2.0}, {"y": lazy, "w": da.from_array(bad, chunks=170)}):
        found = symgrad.explain_nan(formula, at=given, wrt="y")
        assert found.rows == (500, 600)
        assert (found.steps[0].element, found.steps[0].why) == ((55,), "log of 0")
        assert "In the rows from 500 to 600:" in repr(found)
    fine = symgrad.explain_nan(formula, at={"y": da.ones(9, chunks=3), "w": 1.0})
    assert (bool(fine), fine.rows) == (False, None)


@pytest.mark.parametrize("batch_size", [None, 250])
def test_a_fit(batch_size: int | None) -> None:
    """As in memory, where batches are not drawn; and batches are cut in memory as well."""
    data, start = {"X": X, "y": X @ W + 0.5}, {"w": np.zeros(3), "b": 0.0}
    rule = symgrad.optim.Adam(0.1)
    options: dict[str, Any] = {"optimizer": rule, "epochs": 30, "batch_size": batch_size}
    formula = "mean((X @ w + b - y)**2)"
    expected = symgrad.fit(formula, data, start, **options)
    found = symgrad.fit(formula, spread(data), start, **options)
    files = {name: File(value) for name, value in data.items()}
    read = symgrad.fit(formula, files, start, **options)
    np.testing.assert_allclose(found.history, read.history, rtol=1e-9)
    if batch_size is None:
        np.testing.assert_allclose(found.history, expected.history, rtol=1e-9)
    assert found.loss < 0.9 * expected.history[0]


def test_a_raveled_formula() -> None:
    data, start = {"X": X, "y": X @ W + 0.5}, {"w": np.zeros(3), "b": 0.0}
    results = []
    for given in (data, spread(data)):
        fun, x0, _ = symgrad.ravel("mean((X @ w + b - y)**2)", start, given)
        results.append(
            (*fun(x0), fun.value(x0), fun.jac(x0), fun.hess(x0), fun.hessp(x0, np.ones(4)))
        )
    assert close(results[1], results[0])
