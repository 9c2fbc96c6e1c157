"""Parts of sums are added in one order, whoever brings them, and chunks give what a whole gives."""

import itertools
import threading
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.data.chunks import Chunked, Given, Tree
from tests.blocks import close


@pytest.mark.parametrize("count", range(1, 9))
def test_the_tree_depends_on_the_number_of_parts_alone(count: int) -> None:
    expected: list[Any] = list(range(count))
    while len(expected) > 1:
        pairs = list(zip(expected[::2], expected[1::2], strict=False))
        expected = pairs + expected[len(pairs) * 2 :]
    for order in itertools.islice(itertools.permutations(range(count)), 0, None, 7):
        tree: Tree[Any] = Tree(count, lambda x, y: (x, y))
        for number in order:
            tree.put(number, number)
        assert tree.total == expected[0]


def test_a_tree_from_many_threads() -> None:
    tree: Tree[Any] = Tree(200, lambda x, y: x + y)
    numbers = iter(range(200))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            tree.put(number, [number])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tree.total == list(range(200))


def chunked(formula: str, rows: tuple[str, int], **shapes: tuple[int, ...]) -> Chunked:
    compiled = symgrad.value_and_grad(formula)
    given = [Given(name, shape, "<f8") for name, shape in shapes.items()]
    return Chunked(compiled.chunkable, given, {}, rows)


def test_segments_by_hand() -> None:
    """A loop for the mean, and loops that need it; rows are computed anew, never passed on."""
    job = chunked("sum(exp(x - mean(x)))", ("x", 0), x=(10,))
    x = np.linspace(0, 1, 10)
    totals: list[Any] = []
    rows: list[Any] = []
    for at in range(len(job.totals)):
        earlier = [totals[segment] for segment in job.earlier[at]]
        if not job.loops(at):
            totals.append(job.run(at, {}, earlier)[0])
            continue
        first, left = job.run(at, {"x": x[:4]}, earlier, (0, 4))
        second, right = job.run(at, {"x": x[4:]}, earlier, (4, 10))
        before = [np.array(part) for part in first]
        totals.append(job.added(at, first, second))
        assert all(map(np.array_equal, first, before)), "parts may be needed again"
        rows += map(np.concatenate, zip(left, right, strict=True))
    assert len(totals) > 2
    assert len(rows) == 1
    (_, at, place), _ = job.outputs
    value = totals[at][place]
    assert close((value[()], rows[0]), symgrad.value_and_grad("sum(exp(x - mean(x)))")(x))


@pytest.mark.parametrize(
    ("formula", "place", "message"),
    [
        ("1 + sum(sort(x) * x)", "sort(x)", "sort(x) needs all rows of its operands at once"),
        ("sum(x[1:] * 2)", "x[1:]", "x[1:] needs all rows of its operands at once"),
        ("sum(cumsum(x + 1))", "cumsum(x + 1)", "cumsum(x + 1) needs all rows"),
    ],
)
def test_what_couples_rows(formula: str, place: str, message: str) -> None:
    with pytest.raises(symgrad.InputError) as refused:
        chunked(formula, ("x", 0), x=(10,))
    assert refused.value.message.startswith(message)
    start, end = refused.value.span or (0, 0)
    assert formula[start:end] == place
    assert "np.asarray(x)" in refused.value.hint


def test_how_an_input_lies_in_memory_changes_no_bit() -> None:
    """Chunks that were sent need not begin where numbers begin, nor keep their order."""
    draws = np.random.default_rng(1)
    X, w, y = draws.normal(size=(256, 64)), draws.normal(size=64), draws.normal(size=256)
    compiled = symgrad.value_and_grad("mean((X @ w - y)**2)", "w")
    given = [Given("X", (256, 64), "<f8"), Given("w", (64,), "<f8"), Given("y", (256,), "<f8")]
    job = Chunked(compiled.chunkable, given, {}, ("X", 0))
    odd = np.frombuffer(b"-" + X.tobytes(), np.float64, offset=1).reshape(X.shape)
    assert not odd.flags.aligned
    expected, _ = job.run(0, {"X": X, "w": w, "y": y}, [], (0, 256))
    for same in (odd, np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]):
        found, _ = job.run(0, {"X": same, "w": w, "y": y}, [], (0, 256))
        assert all(map(np.array_equal, found, expected))
