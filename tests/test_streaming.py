"""Files are read in pieces: the results are those of arrays, and memory does not grow."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.data.sources import is_source
from symgrad.data.streaming import pieces, progress
from tests.blocks import close, same_bits
from tests.test_sources import File

DRAWS = np.random.default_rng(3)
N = 1000
X, Y, Z = DRAWS.normal(size=(N, 3)), DRAWS.normal(size=N), DRAWS.normal(size=(7, 3))
W, B = DRAWS.normal(size=3), 0.5
LABELS = DRAWS.integers(0, 4, N)

CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("mean(log1p(exp(-y * (X @ w + b))))", {"X": X, "y": np.sign(Y), "w": W, "b": B}),
    ("mean((X @ w - y)**2) + sum(w**2)", {"X": X, "y": Y, "w": W}),
    ("sum(exp(x - mean(x))) / size(x)", {"x": Y}),
    ("cross_entropy(tanh(X @ V) @ U, k)",
     {"X": X, "V": DRAWS.normal(size=(3, 5)), "U": DRAWS.normal(size=(5, 4)), "k": LABELS}),
    ("sum(where(x > 0, log(x), a))", {"x": Y, "a": 2.0}),
    ("max(x * a) + logsumexp(x)", {"x": Y, "a": -2.0}),
    ("a * x + sin(x)", {"x": Y, "a": 2.0}),
    ("x.T @ y", {"x": X, "y": Y}),
    ("sum(X * c)", {"X": np.ascontiguousarray(X.T), "c": Y}),
    ("sum(exp(-(x[:, None] - z[None, :])**2))", {"x": Y, "z": Y[:7]}),
    ("sum(x)", {"x": np.arange(N)}),
    ("x > 0", {"x": Y.astype(np.float32)}),
    ("(x - mean(x)) / std(x, ddof=1)", {"x": Y}),
    ("norm(X) + sum(std(X, axis=0))", {"X": 1e200 * X}),
    ("sum(var(X, axis=0))", {"X": X}),
    ("sum(where(k[:, None] == arange(4), w, 0), axis=1) @ y", {"k": LABELS, "w": Y[:4], "y": Y}),
    (f"sum((eye({N})[:, :3] + X)**2)", {"X": X}),
    (f"sum(broadcast_to(v, (3, {N})) * X.T)", {"X": X, "v": Y}),
)  # fmt: skip


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgrad.data.sources.WHOLE", 99)
    monkeypatch.setattr("symgrad.data.streaming.WHOLE", 99)
    monkeypatch.setattr("symgrad.data.streaming.PIECE", 2000)


def filed(given: dict[str, Any]) -> dict[str, Any]:
    return {n: File(v) if N in np.shape(v) else v for n, v in given.items()}


@pytest.mark.parametrize(("formula", "given"), CASES, ids=[formula for formula, _ in CASES])
def test_as_in_memory(formula: str, given: dict[str, Any]) -> None:
    """But for the order of sums; and to the last bit for any threads."""
    verb = symgrad.function if formula in ("x.T @ y", "x > 0") else symgrad.value_and_grad
    wrt = {} if verb is symgrad.function else {"wrt": [n for n in given if n != "k"]}
    compiled = verb(formula, **wrt)
    expected = compiled(**given)
    with symgrad.Limits(threads=1):
        found = compiled(**filed(given))
        assert close(found, expected, 1e-11)
    with symgrad.Limits(threads=3):
        assert same_bits(compiled(**filed(given)), found)


def mapped(folder: Path, array: np.ndarray) -> Any:
    made = np.memmap(folder / "mapped", array.dtype, "w+", shape=array.shape)
    made[:] = array
    return made


def zarr(folder: Path, array: np.ndarray) -> Any:
    made = pytest.importorskip("zarr").open(
        str(folder / "zarr"), mode="w", shape=array.shape, chunks=(64, 2)[: array.ndim],
        dtype=array.dtype,
    )  # fmt: skip
    made[:] = array
    return made


def h5py(folder: Path, array: np.ndarray) -> Any:
    file = pytest.importorskip("h5py").File(folder / "h5py", "w")
    return file.create_dataset("array", data=array, chunks=(128, 3)[: array.ndim])


@pytest.mark.parametrize("source", [mapped, zarr, h5py])
def test_files_of_all_kinds(source: Callable[[Path, np.ndarray], Any], tmp_path: Path) -> None:
    given = source(tmp_path, X)
    assert is_source(given)
    compiled = symgrad.value_and_grad("mean(tanh(X @ w - y)**2)", wrt=("X", "w"))
    found = compiled(X=given, y=File(Y), w=W)
    assert close(found, compiled(X=X, y=Y, w=W), 1e-12)


def test_a_chunk_of_a_file_is_read_once_in_each_loop() -> None:
    file = File(Y, chunks=(64,))
    symgrad.grad("mean((X @ w - y)**2)", wrt="w")(X=X, y=file, w=W)
    starts = sorted(key[0].start for key in file.read)
    assert starts == list(range(0, N, 64))


def test_results_are_written_to_the_arrays_of_the_caller(tmp_path: Path) -> None:
    """To mapped files as well, which the limit of memory does not count; inputs among them, too."""
    compiled = symgrad.value_and_grad("sum(exp(x) * a)", ("x", "a"))
    expected = compiled(Y, 2.0)
    out = np.zeros(()), (mapped(tmp_path, np.zeros(N)), np.zeros(()))
    with symgrad.Limits(memory=4000):
        assert compiled(File(Y), 2.0, out=out) is out
    assert close((out[0][()], (out[1][0], out[1][1][()])), expected, 1e-12)
    data = mapped(tmp_path, Y)
    gradient = symgrad.grad("sum(exp(x - mean(x)))")
    wanted = gradient(Y)
    gradient(data, out=data)
    assert close(np.asarray(data), wanted, 1e-12)


@pytest.mark.parametrize(
    ("out", "message"),
    [(np.zeros(3), "out has shape"), (np.zeros(N, np.float32), "out holds"), ([], "out holds")],
)
def test_arrays_that_do_not_fit_the_results(out: Any, message: str) -> None:
    with pytest.raises(symgrad.InputError, match=message):
        symgrad.grad("sum(exp(x))")(File(Y), out=out)


def test_small_files_are_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symgrad.data.streaming.WHOLE", 2**20)
    found = symgrad.function("sum(sort(x)[:3] * x[3:6])")(File(Y))
    assert found == symgrad.function("sum(sort(x)[:3] * x[3:6])")(Y)


def test_memory_is_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ramp:
        def __init__(self, rows: int) -> None:
            self.shape, self.dtype = (rows, 4), np.dtype(np.float64)

        def __getitem__(self, key: tuple[slice, ...]) -> Any:
            return np.ones((key[0].stop - key[0].start, 4))

    compiled = symgrad.value_and_grad("mean(sin(X @ w)**2)", wrt="w")
    monkeypatch.setattr("symgrad.data.streaming.PIECE", 16_000)
    most = []
    for rows in (1_000, 1_000, 40_000):
        tracemalloc.start()
        compiled(X=Ramp(rows), w=np.ones(4))
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[2] < most[1] + 2**19, most


def test_what_couples_rows_is_refused() -> None:
    with pytest.raises(symgrad.InputError, match="needs all rows") as refused:
        symgrad.grad("sum(cumsum(y) * y)")(File(Y))
    assert "np.asarray(y)" in refused.value.hint


@pytest.mark.parametrize(
    ("formula", "given", "message"),
    [
        ("sum(x * y)", {"x": File(Y), "y": Y[:7]}, "do not broadcast"),
        ("sum(x)", {"x": File(Y.astype(np.float16))}, "float64 or float32, not in float16"),
        ("sum(x)", {"x": File(Y.astype(complex))}, "x holds complex numbers"),
        ("sum(x) + sum(m[k])", {"x": File(Y), "m": X, "k": File(Y)}, "k serves as an index"),
        ("sum(m[k] + x)", {"x": File(Y), "m": X[:, 0], "k": LABELS + N}, "out of range"),
        ("x + sum(y)", {"x": np.ones((2, 1, 1)), "y": File(np.ones((1, 200)))}, None),
    ],
)
def test_wrong_inputs(formula: str, given: dict[str, Any], message: str | None) -> None:
    if message is None:
        symgrad.function(formula)(**given)
        return
    with pytest.raises(symgrad.InputError) as refused:
        symgrad.function(formula)(**given)
    assert message in str(refused.value) or "needs all rows" in str(refused.value)


def test_results_with_rows_keep_to_the_limit_of_memory() -> None:
    with (
        symgrad.Limits(memory=4000),
        pytest.raises(symgrad.LimitError, match="a row for each of 1000 rows"),
    ):
        symgrad.function("2 * x")(File(Y))


def test_progress() -> None:
    seen: list[tuple[int, int]] = []
    with progress(lambda rows, total: seen.append((rows, total))):
        symgrad.function("sum(exp(x - mean(x)))")(File(Y))
    assert len(seen) > 6
    assert seen[-1] == (3 * N, 3 * N)
    assert [rows for rows, _ in seen] == sorted({rows for rows, _ in seen})
    seen.clear()
    symgrad.function("sum(x)")(File(Y))
    assert seen == []


def test_pieces_hold_whole_chunks() -> None:
    file = File(Y, chunks=(300,))
    assert pieces({"y": file}, {"y": 0}, N) == [(0, 300), (300, 600), (600, 900), (900, 1000)]
    assert pieces({"y": File(Y)}, {"y": 0}, N)[:2] == [(0, 250), (250, 500)]
