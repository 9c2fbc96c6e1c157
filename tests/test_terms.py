"""Terms: aligned, widened, untied and added, against arrays that are written out."""

from typing import Any

import numpy as np
import pytest

from symgrad.functions import builtin_functions
from symgrad.graph import Builder
from symgrad.running.evaluate import evaluate
from symgrad.shapes import Inference
from symgrad.shaping.terms import Labels, Term, Workshop

RNG = np.random.default_rng(5)
INPUTS = {
    "x": RNG.normal(size=(2, 3)),
    "v": RNG.normal(size=3),
    "one": RNG.normal(size=(1, 3)),
    "p": RNG.normal(size=(3, 2)),
}


def shop() -> Workshop:
    """One for arrays in the shape of x, with a batch of such shape."""
    build = Builder()
    found = Inference({name: array.shape for name, array in INPUTS.items()})
    made = Workshop(build, found)
    x = made.make("input", value="x")
    made.batch = (made.size(x, -2), made.size(x, -1))
    return made


def term(made: Workshop, name: str, labels: Labels, *ties: tuple[int, int]) -> Term:
    return Term(made.make("input", value=name), labels, ties)


def value(made: Workshop, node: Any) -> np.ndarray:
    graph = made.build.graph([node])
    return np.asarray(evaluate(graph, [node], INPUTS, builtin_functions())[0])


def whole(made: Workshop, found: Term) -> np.ndarray:
    """A term as the array that it stands for: two batch axes, then the two of x."""
    x = made.make("input", value="x")
    loose = made.untied(found, x)
    assert loose.ties == ()
    return value(made, made.full(loose, (0, 1, -2, -1), x))


E2, E3 = np.eye(2), np.eye(3)
X, V, P = INPUTS["x"], INPUTS["v"], INPUTS["p"]
TERMS = [
    (("x", (-2, -1), (0, -2), (1, -1)), np.einsum("ac,bd,cd->abcd", E2, E3, X)),
    (("x", (0, -1)), np.broadcast_to(X[:, None, None, :], (2, 3, 2, 3))),
    (("p", (-1, 0)), np.broadcast_to(P.T[:, None, None, :], (2, 3, 2, 3))),
    (("v", (-1,), (0, -2)), np.einsum("ac,d,b->abcd", E2, V, np.ones(3))),
    (("v", (-1,), (1, -1)), np.einsum("bd,d,ac->abcd", E3, V, np.ones((2, 2)))),
    (("one", (0, -1)), np.broadcast_to(V * 0 + INPUTS["one"][0], (2, 3, 2, 3))),
    (("v", (1,), (0, -2)), np.einsum("ac,b,d->abcd", E2, V, np.ones(3))),
]


@pytest.mark.parametrize(("given", "wanted"), TERMS, ids=[str(given) for given, _ in TERMS])
def test_what_terms_stand_for(given: Any, wanted: np.ndarray) -> None:
    made = shop()
    assert np.array_equal(whole(made, term(made, *given)), wanted)


@pytest.mark.parametrize("first", range(len(TERMS)))
@pytest.mark.parametrize("op", ["add", "subtract"])
def test_sums(first: int, op: str) -> None:
    """Terms with the same ties become one; all others stay apart."""
    made = shop()
    for given, wanted in TERMS:
        terms = [term(made, *TERMS[first][0])], [term(made, *given)]
        total = made.added(*terms, op)
        assert len(total) == (1 if terms[0][0].ties == terms[1][0].ties else 2)
        found = sum(whole(made, part) for part in total)
        right = getattr(np, op)(TERMS[first][1], wanted)
        np.testing.assert_allclose(found, right, rtol=1e-15)


def test_one_tie_is_taken_away() -> None:
    made = shop()
    x = made.make("input", value="x")
    both = term(made, "x", (-2, -1), (0, -2), (1, -1))
    once = made.untied(both, x, [0])
    assert once.ties == ((1, -1),)
    assert np.array_equal(whole(made, once), TERMS[0][1])


def test_a_diagonal_of_ones_is_the_identity() -> None:
    made = shop()
    v = made.make("input", value="v")
    made.batch = (made.size(v, -1),)
    ones = Term(made.make("constant", value=1.0), (), ((0, -1),))
    assert made.untied(ones, v).node.op == "eye"


def test_sizes_of_one_are_written_out() -> None:
    made = shop()
    one = made.make("input", value="one")
    node = made.filled(2.5, (-2, -1), one)
    assert node.op == "multiply"
    assert str(node.args[0].value) == "((1, _),)"
    assert np.array_equal(value(made, node), np.full((1, 3), 2.5))


def test_aligned_leaves_out_what_comes_first() -> None:
    made = shop()
    node = made.aligned(term(made, "p", (-1, 0)), (1, 0, -2, -1))
    assert np.array_equal(value(made, node), P.T[:, None, :])
