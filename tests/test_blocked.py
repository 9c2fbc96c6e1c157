"""Code in blocks gives what the plain code gives, whatever the inputs are and whoever computes."""

import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.functions import builtin_functions
from symgrad.running.buffers import given_back, taken
from tests.blocks import close, in_blocks, programs, same_bits
from tests.test_interruptions import Interrupted, broken_off, in_order, lines_of

TABLE = builtin_functions()
ELEMENTWISE = sorted(
    name for name, row in TABLE.items() if row.is_elementwise and not name.startswith("_")
)
N = 37
DRAWS = np.random.default_rng(5)
MIXED = np.concatenate([DRAWS.normal(size=N - 9) * 2, [0.0, -0.0, 1.0, -1.0, 800.0, -800.0],
                        [np.inf, -np.inf, np.nan]])  # fmt: skip


def mixed(place: int) -> Any:
    """Numbers of all kinds, in another order for each operand."""
    return np.random.default_rng(place).permutation(MIXED)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_function(name: str) -> None:
    """To the last bit: blocks change nothing where elements keep to themselves."""
    kinds = [parameter.kind for parameter in TABLE[name].parameters]
    given = {f"a{k}": mixed(k) for k in range(len(kinds))}
    operands = [f"a{k} > 0" if kind == "bool" else f"a{k}" for k, kind in enumerate(kinds)]
    formula = f"{name}({', '.join(operands)})"
    wrt = f"a{len(kinds) - 1}"
    small = symgrad.value_and_grad(formula, wrt=wrt)
    expected = small(**given)
    assert same_bits([small(**given), small(*given.values())], [expected, expected])
    with in_blocks():
        compiled = symgrad.value_and_grad(formula, wrt=wrt)
        assert same_bits(compiled(**given), expected)
    assert programs(compiled)


def test_maps_on_small_arrays() -> None:
    """From the second call with such shapes on they are one block, whatever is passed then."""
    compiled, x = symgrad.value_and_grad("where(x > 0, x * log(x), x) * 0.1"), mixed(1)
    expected = compiled(x)
    assert not programs(compiled)
    for _ in range(2):
        assert same_bits(compiled(x), expected)
    assert programs(compiled)
    one_of_three = symgrad.grad("a + x*y", wrt="x")
    assert all(same_bits(one_of_three(x, x + 1, x + 2), x + 2) for _ in range(3))
    narrow = x.astype(np.float32)
    assert same_bits(compiled(narrow), symgrad.value_and_grad(compiled.formula)(narrow))
    assert same_bits(compiled(np.arange(37)), compiled(np.arange(37.0)))
    assert compiled(x.reshape(37, 1))[0].shape == (37, 1)
    with symgrad.Limits(memory=100), pytest.raises(symgrad.LimitError):
        compiled(x)
    with pytest.raises(symgrad.InputError):
        compiled(x + 0j)


def test_maps_of_middling_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """One block as well, which leaves the threads of products of matrices as they are."""
    monkeypatch.setattr("symgrad.running.blocked.one_thread", None)
    compiled = symgrad.value_and_grad("relu(x - 0.1) * exp(x) / (1 + x**2)")
    expected = [np.resize(part, 10_000) for part in compiled(MIXED)]
    assert not programs(compiled)
    for _ in range(3):
        assert same_bits(list(compiled(np.resize(MIXED, 10_000))), expected)
    assert programs(compiled)


X, Y = DRAWS.normal(size=(23, 3)), DRAWS.normal(size=23)
NETWORK = {
    "X": X, "W": DRAWS.normal(size=(3, 5)), "b": DRAWS.normal(size=5),
    "V": DRAWS.normal(size=(5, 4)), "c": DRAWS.normal(size=4), "k": DRAWS.integers(0, 4, 23),
}  # fmt: skip

SUMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sum(x**2)", {"x": Y}),
    ("a * x + c", {"a": 2.0, "x": Y, "c": 1.0}),
    ("mean((X @ w + b - y)**2)", {"X": X, "w": Y[:3], "b": 0.5, "y": Y}),
    ("mean((X @ w + b - y)**2)", {"X": X, "w": Y[:3], "b": np.array([0.5]), "y": Y}),
    ("cross_entropy(relu(X @ W + b) @ V + c, k)", NETWORK),
    ("mean(logsumexp(X @ W, axis=1)) + sum(b**2)", {n: NETWORK[n] for n in ("X", "W", "b")}),
    ("sum(var(X, axis=0))", {"X": X}),
    ("norm((X - mean(X, axis=0)) / std(X, axis=0))", {"X": X}),
    ("sum(where(y > 0, log(y), a))", {"y": Y, "a": 2.0}),
    ("max(x * a)", {"x": Y, "a": -2.0}),
    ("min(x) + prod(x) + x[3]", {"x": Y}),
    ("sum((x[1:] - x[:-1]**2)**2)", {"x": Y}),
    ("einsum('nk,kl,nl->', X, A, X)", {"X": X, "A": X[:3]}),
    ("sum(X[:, 0] * y) / len(y)", {"X": X, "y": Y}),
    ("sum(exp(-(x[:, None] - z[None, :])**2), axis=1) @ y", {"x": Y, "z": Y[:7], "y": Y}),
    ("mean((m[k] - y)**2)", {"m": np.arange(4.0), "k": NETWORK["k"], "y": Y}),
    ("x @ A @ x", {"x": Y, "A": np.outer(Y, Y)}),
    ("sum(cumsum(y) * y)", {"y": Y}),
    ("y @ y + logsumexp(y)", {"y": Y}),
    ("sum(squeeze(exp(y[:, None]))**2)", {"y": Y[:17]}),
    ("log(sum(X * exp(z), axis=-1))", {"X": abs(X.T), "z": Y[None]}),
    ("cumsum(sqrt(1 + sum(y * z, keepdims=True)**2), axis=-1) * y", {"y": Y, "z": Y + 1}),
    ("sum(moveaxis(X[:, :, None] * z, 0, -1), axis=0)", {"X": X, "z": Y[:23]}),
    ("mean(log(sum(exp(y), axis=0) / b), axis=0)", {"y": Y, "b": np.array([0.0, 1.0])}),
    ("sum(X[0][1] * exp(X)) + X[2, 1]", {"X": X}),
    ("sum(cross(A, B)[:, 1:]**2 * A[:, :1])", {"A": X, "B": X[::-1]}),
    ("sum(exp(m[k])[:, 1] * y) + sum(m[k - 4]**2)", {"m": X[:4], "k": NETWORK["k"], "y": Y}),
)


@pytest.mark.parametrize(("formula", "given"), SUMS, ids=[formula for formula, _ in SUMS])
def test_sums(formula: str, given: dict[str, Any]) -> None:
    """As the plain code, but for the order of sums; and to the last bit for any threads."""
    wrt = tuple(name for name in given if name != "k")
    expected = symgrad.value_and_grad(formula, wrt=wrt)(**given)
    with in_blocks(threads=1):
        compiled = symgrad.value_and_grad(formula, wrt=wrt)
        alone = compiled(**given)
        assert close(alone, expected)
        for threads in (2, 3):
            with symgrad.Limits(threads=threads):
                assert same_bits(compiled(**given), alone)
    with in_blocks(block=2**14):
        compiled = symgrad.value_and_grad(formula, wrt=wrt)
        assert close(compiled(**given), expected)
    assert all("def all_rows_" in text for text in programs(compiled))


FORMULA = "where(x > y, x * exp(y), a - x / y) + 2"


@pytest.mark.parametrize(
    "given",
    [
        {"x": Y.astype(np.float32), "y": Y[::-1].astype(np.float32), "a": 2.0},
        {"x": Y.astype(np.float32), "y": Y, "a": np.float32(2.0)},
        {"x": np.arange(23), "y": Y, "a": 2},
        {"x": np.arange(23) > 5, "y": Y, "a": True},
        {"x": Y[::-1], "y": np.repeat(Y, 2)[::2], "a": 1.5},
        {"x": np.asfortranarray(X), "y": X[::-1], "a": X[:, :1]},
        {"x": X, "y": X[0], "a": np.array([[2.0]])},
        {"x": X.T, "y": Y, "a": np.array(0.5)},
        {"x": X.astype(np.longdouble), "y": X, "a": 1.0},
        {"x": X.astype(np.float16), "y": X.astype(np.float16), "a": 1.0},
        {"x": list(Y), "y": 0.25, "a": [1.0]},
    ],
    ids=range(11),
)
def test_inputs_of_all_kinds(given: dict[str, Any]) -> None:
    expected = symgrad.value_and_grad(FORMULA)(**given)
    with in_blocks(threads=2):
        compiled = symgrad.value_and_grad(FORMULA)
        found = compiled(**given)
    assert programs(compiled)
    narrow = np.result_type(*map(np.asarray, given.values())) in (np.float16, np.float32)
    assert close(found, expected, 1e-2 if narrow else 1e-12)
    assert same_bits(found[0], expected[0])


def test_what_is_empty_on_the_way_is_left_to_the_plain_code() -> None:
    formula, x = "sum(sqrt(diff(x[:, :1], axis=1))) + max(x)", X
    expected = symgrad.value_and_grad(formula)(x)
    with in_blocks():
        assert close(symgrad.value_and_grad(formula)(x), expected)


@pytest.mark.parametrize("formula", ["where(sum(x) > 0, x*y, y)", "-y if max(x) > 0 else x"])
def test_a_choice_by_a_sum_keeps_signs_of_zeros(formula: str) -> None:
    """The condition and the choice stand in two loops."""
    x, y = np.ones(20), np.array([0.0, -0.0] * 10)
    expected = symgrad.function(formula)(x=x, y=y)
    with in_blocks():
        assert same_bits(symgrad.function(formula)(x=x, y=y), expected)


@pytest.mark.parametrize("shape", [(5, 8), (2, 3, 7), (20, 2)])
def test_elements_of_several_axes_are_one_row(shape: tuple[int, ...]) -> None:
    """Where they lie in one piece; and the same bits where they do not."""
    x, y = DRAWS.normal(size=shape), DRAWS.normal(size=shape)
    formula = "where(x > y, x * exp(a*y), log(1 + x**2))"
    expected = symgrad.value_and_grad(formula, wrt=("x", "y"))(x=x, y=y, a=0.5)
    with in_blocks(threads=2):
        compiled = symgrad.value_and_grad(formula, wrt=("x", "y"))
        assert same_bits(compiled(x=x, y=y, a=0.5), expected)
        (text,) = programs(compiled)
        assert "x[row:end]" in text
        out = np.empty(shape), (np.empty(shape), np.empty(shape))
        assert compiled(x=x, y=y, a=0.5, out=out) is out
        assert same_bits(out, expected)
        scattered = np.asfortranarray(x)
        assert same_bits(compiled(x=scattered, y=y, a=0.5), expected)
        wide = x.astype(np.longdouble)
        assert compiled(x=wide, y=y, a=0.5)[1][0].shape == shape
        assert same_bits(
            symgrad.jacobian("x**2 * y", wrt="x")(x[:1], y[:1]),
            np.diag(2 * x[:1].ravel() * y[:1].ravel()).reshape(x[:1].shape * 2),
        )


def test_a_file_that_is_mapped(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "numbers", np.float64, "w+", shape=(N,))
    mapped[:] = mixed(1)
    expected = symgrad.grad("x * tanh(x)")(np.array(mapped))
    with in_blocks():
        found = symgrad.grad("x * tanh(x)")(mapped)
    assert same_bits(found, expected)
    assert type(found) is np.ndarray


@pytest.mark.parametrize(
    ("formula", "arrays"),
    [
        ("x*y + sin(x)*exp(-y**2) + sqrt(1 + x**2) * tanh(y)", 3),
        ("norm(x - y)", 2),
        ("logsumexp(x * y)", 2),
        ("softmax(x * y)", 3),
        ("x * y / sum(x * y)", 3),
        ("(x - mean(x)) / std(x) * y", 3),
    ],
)
def test_memory_is_that_of_the_results(
    formula: str, arrays: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symgrad.running.recycled.MOST", 0)
    x, y = np.linspace(-1, 1, 300_000), np.linspace(2, 3, 300_000)
    compiled = symgrad.value_and_grad(formula)
    results = arrays * x.nbytes
    compiled(x, y)
    tracemalloc.start()
    compiled(x, y)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert programs(compiled)
    assert most < results + 2**20


@pytest.mark.parametrize("error", [Interrupted, MemoryError])
def test_a_call_that_is_broken_off_anywhere(error: type[BaseException]) -> None:
    formula, given = "mean(exp(x * w)) + x", {"x": Y, "w": np.array([0.5])}
    with in_blocks():
        compiled = symgrad.value_and_grad(formula)
        expected = compiled(**given)
        for line in range(1, lines_of(lambda: compiled(**given)) + 1, 3):
            broken_off(lambda: compiled(**given), line, error)
            assert in_order(), line
            assert same_bits(compiled(**given), expected), line


def test_what_floating_point_does_is_ignored_in_all_threads() -> None:
    with in_blocks(threads=3), np.errstate(all="raise"):
        value = symgrad.function("1 / x + log(x - 1)")(np.zeros(50))
    assert np.isnan(value).all()


SCRIPT = """
import os, warnings
import numpy as np, symgrad
warnings.simplefilter("ignore")
f, x = symgrad.function("sum(exp(x))"), np.linspace(0, 1, 100_000)
with symgrad.Limits(threads=3):
    expected = f(x)
    child = os.fork()
    found = f(x)
if not child:
    os._exit(0 if found == expected else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), found == expected)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_process_that_forks_has_threads_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["0", "True"], done.stderr


def test_threads_and_calls_have_memory_of_their_own() -> None:
    mine = taken(1000)
    given_back(mine)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(taken, 1000).result() is not mine
    assert taken(1000) is mine
    assert taken(1000) is not mine
