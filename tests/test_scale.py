"""Very large formulas compile and run under the default recursion limit."""

import math
import pickle
import sys

import numpy as np
import pytest

import symgrad

MANY = 30_000
LINKS = ";".join(f"a{i} = a{i - 1} + a{i - 1}" for i in range(1, 1000))
STEPS = "\n".join(f"a{i} = a{i - 1} + {i % 2}*x" for i in range(1, 10_001))

# A formula, and its value and derivative at x.
LARGE = {
    "parentheses": ("(" * MANY + "x" + ")" * MANY, lambda x: (x, 1)),
    "minus signs": ("-" * (MANY + 1) + "x", lambda x: (-x, -1)),
    "sum": ("+".join(["x"] * MANY), lambda x: (MANY * x, MANY)),
    "assignments": (f"a0 = x\n{STEPS}\na10000", lambda x: (5001 * x, 5001)),
    "doubling": (f"a0 = x + x; {LINKS}; a999", lambda x: (2.0**1000 * x, 2.0**1000)),
    "product": ("*".join(["x"] * 3_000), lambda x: (x**3_000, 3_000 * x**2_999)),
    "inputs": ("+".join(f"x{i}*x{i}" for i in range(1000)), None),
}


@pytest.mark.parametrize("name", [name for name, (_, exact) in LARGE.items() if exact])
def test_large_formulas(name: str) -> None:
    formula, exact = LARGE[name]
    assert sys.getrecursionlimit() <= 1000
    compiled = symgrad.value_and_grad(formula)
    value, slope = exact(1.0)
    assert compiled(1.0) == (value, slope)
    x = np.array([0.5, 1.0])
    results = compiled(x)
    expected = [[exact(e)[0] for e in x], [exact(e)[1] for e in x]]
    np.testing.assert_allclose(results, expected, rtol=1e-9)


def test_many_inputs() -> None:
    formula, _ = LARGE["inputs"]
    compiled = pickle.loads(pickle.dumps(symgrad.value_and_grad(formula)))
    values = [float(i) for i in range(1000)]
    value, derivatives = compiled(*values)
    assert value == math.fsum(v * v for v in values)
    assert list(derivatives.values()) == [2 * v for v in values]
    assert len(compiled.source.encode()) < 500_000


def test_deep_nesting_of_calls() -> None:
    compiled = symgrad.value_and_grad("sin(" * 5_000 + "x" + ")" * 5_000)
    value, slope = compiled(np.array([0.0, 1.0]))
    value_there, slope_there = 1.0, 1.0
    for _ in range(5_000):
        slope_there *= math.cos(value_there)
        value_there = math.sin(value_there)
    assert value == pytest.approx([0.0, value_there], rel=1e-9)
    assert slope == pytest.approx([1.0, slope_there], rel=1e-9)
