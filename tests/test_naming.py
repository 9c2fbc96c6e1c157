"""Names for what nobody named: they say what a value is, and meet no other name."""

import ast
import builtins
import keyword

import numpy as np
import pytest

import symgrad
from symgrad.targets.numpy import LIBRARY
from symgrad.writing.document import reserved
from symgrad.writing.naming import WORDS, Names

CASES = [
    # formula, and names that its value and gradient are expected to have
    ("sin(x**2) + cos(x**2)", ["x_squared"]),
    ("exp(x*y)*cos(x*y)", ["xy", "dxy"]),
    ("exp(rate*t)*cos(rate*t)", ["rate_t", "d_rate_t"]),
    ("(x - y)**3 + 1/(x - y)", ["x_minus_y"]),
    ("log(1 + x**2 + y**2) * (1 + x**2 + y**2)", ["s", "ds"]),
    ("r*exp(-(x - 3*y)**2)*(x - 3*y)", ["diff"]),
    ("X: (n, d); W1: (d, k); b1: (k,); sum(tanh(X @ W1 + b1)**2)", ["z1", "dz1", "dW1"]),
    ("X: (n, d); w: (d,); b: (); y: (n,); mean((X @ w + b - y)**2)", ["r", "dr"]),
    ("dx = x - y; sin(dx)*dx", ["dx", "d_dx", "grad_x"]),
    ("where(x > 0, x*log(x), 0)", ["x_positive", "log_x"]),
]


def assigned(source: str) -> list[str]:
    """The names that `value_and_grad` gives to what it computes, in order."""
    functions = {f.name: f for f in ast.parse(source).body if isinstance(f, ast.FunctionDef)}
    targets = [s.targets[0] for s in functions["value_and_grad"].body if isinstance(s, ast.Assign)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


@pytest.mark.parametrize(("formula", "names"), CASES, ids=[formula for formula, _ in CASES])
def test_names_say_what_a_value_is(formula: str, names: list[str]) -> None:
    found = assigned(symgrad.value_and_grad(formula).source)
    assert [name for name in names if name not in found] == []
    assert len(found) == len(set(found))


HOSTILE = """
e = exp(a*b)*a; xy = x*y; r = x - y*a; s = x*r + e
g = sin(xy + i*f)*sin(i*s)*cos(i*f)*cos(i*s); total = r**2*g + e
exp(total - exp_xy*x_squared)*x**2*sin(x**2)*_sum_to*np*special*log(x*y + COEFFICIENTS_1)
"""


def test_no_name_meets_another() -> None:
    """Inputs, the formula's names, keywords such as `if`, helpers, NumPy: none is shadowed."""
    compiled = symgrad.value_and_grad(HOSTILE)
    found = assigned(compiled.source)
    inputs = {"np_" if n == "np" else n for n in compiled.inputs}
    assert len(found) == len(set(found))
    assert not set(found) & (reserved(LIBRARY) | inputs | set(keyword.kwlist))
    module: dict[str, object] = {}
    exec(compiled.source, module)
    point = dict(zip(compiled.inputs, np.linspace(0.3, 0.9, len(compiled.inputs)), strict=True))
    both = module["value_and_grad"](*point.values())  # type: ignore[operator]
    assert both == compiled(**{name: np.float64(x) for name, x in point.items()})


def test_stems_are_plain_names() -> None:
    for _, stem in WORDS.values():
        assert stem.isidentifier()
        assert not keyword.iskeyword(stem)
        assert stem not in dir(builtins)


def test_numbers_come_only_where_a_name_is_taken() -> None:
    names = Names(["r", "x_squared"])
    wanted = ["r", "r", "s", "x_squared", "dW1", "dW1", "if", "sum"]
    found = ["diff", "diff2", "s", "x_squared_2", "dW1", "dW1_2", "if2", "sum2"]
    assert [names.numbered(stem) for stem in wanted] == found


def test_names_depend_on_the_formula_alone() -> None:
    formula = "exp(x*y)*sin(x*y) + exp(y*z)*sin(y*z)"
    symgrad.value_and_grad("x*y*z")
    assert symgrad.value_and_grad(formula).source == symgrad.value_and_grad(formula).source
