"""The public verbs: `wrt`, what compiled objects show, how they are copied and shared; `define`."""

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgrad
import symgrad.api
from symgrad.functions import builtin_functions

ROOT = Path(__file__).resolve().parents[1]
F = "x*alpha + sin(beta)"
PLACE = f"  {F}\n  {'^' * len(F)}"


@pytest.fixture(autouse=True)
def _plain_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test defines is gone after it."""
    monkeypatch.setattr(symgrad.api, "_table", builtin_functions())


# ------------------------------------------------------------------------------- wrt


@pytest.mark.parametrize(
    ("wrt", "result"),
    [
        ("x", 2.0),
        ("alpha", 1.0),
        (("x",), (2.0,)),
        (["beta", "x"], (1.0, 2.0)),
        ((), ()),
        ([], ()),
        (None, {"x": 2.0, "alpha": 1.0, "beta": 1.0}),
    ],
)
def test_derivatives_come_as_wrt_asks_for_them(wrt: Any, result: object) -> None:
    assert symgrad.grad(F, wrt)(1.0, 2.0, 0.0) == result
    assert symgrad.value_and_grad(F, wrt=wrt)(1.0, 2.0, 0.0) == (2.0, result)


def test_a_single_input_gives_a_bare_derivative_and_none_an_empty_dict() -> None:
    assert symgrad.grad("x**2")(3.0) == 6.0
    assert symgrad.value_and_grad("x**2")(3.0) == (9.0, 6.0)
    assert symgrad.grad("3")() == {}


@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        (
            "alpa",
            f"wrt: alpa is not an input of the formula\n{PLACE}\nDid you mean alpha?",
        ),
        (
            ("x", "zz"),
            f"wrt: zz is not an input of the formula\n{PLACE}\nIts inputs are: x, alpha, beta.",
        ),
        (("x", "x"), "wrt: x is given twice\nName each input once."),
    ],
)
def test_names_in_wrt_that_the_formula_lacks(wrt: Any, message: str) -> None:
    with pytest.raises(symgrad.DerivativeError) as caught:
        symgrad.grad(F, wrt)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "wrt",
    [
        3,
        True,
        b"x",
        {"x"},
        {"x": 1},
        ("x", 1),
        [["x"]],
        "",
        ("",),
        "x,alpha",
        "x alpha",
        range(2),
        np.array(["x"]),
    ],
    ids=repr,
)
def test_what_wrt_cannot_be(wrt: Any) -> None:
    with pytest.raises(symgrad.DerivativeError) as caught:
        symgrad.value_and_grad(F, wrt)
    assert str(caught.value) == (
        f'wrt must be a name or a sequence of names, not {wrt!r}\nWrite wrt="x" or wrt=("x", "y").'
    )


def test_a_generator_is_no_sequence() -> None:
    with pytest.raises(symgrad.DerivativeError, match="not <generator object"):
        symgrad.grad(F, (name for name in "x"))  # type: ignore[arg-type]


@pytest.mark.parametrize("formula", [None, 3, b"x", ["x"]])
def test_a_formula_is_a_text(formula: Any) -> None:
    with pytest.raises(symgrad.SymgradError) as caught:
        symgrad.function(formula)
    assert str(caught.value) == (
        f'a formula is a text, not {type(formula).__name__}\nPass the formula as a str, as "x**2".'
    )


# ------------------------------------------------------------------------------- attributes


def test_attributes() -> None:
    compiled = symgrad.grad(F, ["beta", "x"])
    assert compiled.formula == F
    assert compiled.inputs == ("x", "alpha", "beta")
    assert compiled.wrt == ("beta", "x")
    assert symgrad.function(F).wrt == ()
    assert str(symgrad.function("x*y + 1").graph) == (
        "v1 = multiply(x, y)\nv2 = add(v1, 1.0)\nreturn v2"
    )


@pytest.mark.parametrize("name", ["formula", "inputs", "wrt", "source", "graph"])
def test_attributes_cannot_be_set(name: str) -> None:
    compiled = symgrad.function("x")
    with pytest.raises(AttributeError):
        setattr(compiled, name, "y")


@pytest.mark.parametrize(
    "text",
    [
        "symgrad.function('x*y')",
        "symgrad.function('x*y', exact=True)",
        "symgrad.grad('x*y')",
        "symgrad.grad('x*y', wrt='x')",
        "symgrad.grad('x*y', wrt=())",
        "symgrad.value_and_grad('x*y', wrt=('y', 'x'), exact=True)",
    ],
)
def test_repr_is_the_call_that_makes_it(text: str) -> None:
    compiled = eval(text)
    assert repr(compiled) == text
    assert eval(repr(compiled)) == compiled
    assert hash(eval(repr(compiled))) == hash(compiled)


def test_any_truth_value_chooses_the_exact_rewrites() -> None:
    exact: list[object] = [1, np.True_, [0]]
    for value in exact:
        compiled = symgrad.function("log(exp(x))", exact=value)  # type: ignore[arg-type]
        assert compiled == symgrad.function("log(exp(x))", exact=True)
        assert hash(compiled) == hash(symgrad.function("log(exp(x))", exact=True))


def test_objects_differ_where_what_they_compute_may() -> None:
    symgrad.define("half(x) = x/2")
    before = symgrad.grad("half(x)")
    symgrad.define("half(x) = 0.5*x")
    others = [symgrad.grad("half(x)"), symgrad.function("half(x)"), symgrad.grad("half(x)", "x")]
    others += [symgrad.grad("half( x)"), symgrad.grad("half(x)", exact=True)]
    assert len({before, *others}) == 6
    assert before != "half(x)"


def test_exact_keeps_to_bit_identical_rewrites() -> None:
    assert symgrad.function("log(exp(x))")(800.0) == 800.0
    assert symgrad.function("log(exp(x))", exact=True)(800.0) == np.inf


# ------------------------------------------------------------------------------- files


def run_file(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "generated", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("verb", [symgrad.function, symgrad.grad, symgrad.value_and_grad])
def test_the_source_holds_all_three_functions(verb: Callable[[str], symgrad.Compiled]) -> None:
    module = run_file(verb("x**2*y").source)
    assert module["value"](3.0, 2.0) == 18.0
    assert module["grad"](3.0, 2.0) == {"x": 12.0, "y": 9.0}
    assert module["value_and_grad"](3.0, 2.0) == (18.0, {"x": 12.0, "y": 9.0})


def test_the_source_of_what_has_no_derivative_holds_the_value() -> None:
    module = run_file(symgrad.function("zeta(s, x)").source)
    assert "grad" not in module
    assert module["value"](2, 1.0) == pytest.approx(np.pi**2 / 6, rel=1e-15)


def test_save_writes_the_source(tmp_path: Path) -> None:
    compiled = symgrad.grad("α*x  # größer")
    compiled.save(tmp_path / "a.py")
    compiled.save(os.fspath(tmp_path / "b.py"), name="slope")
    assert (tmp_path / "a.py").read_bytes() == compiled.source.encode("utf-8")
    module = run_file((tmp_path / "b.py").read_text("utf-8"))
    assert module["slope"](2.0, 3.0) == {"α": 3.0, "x": 2.0}
    assert "grad" not in module


@pytest.mark.parametrize(
    "name", ["value", "class", "np", "_floats", "Array", "zip", "two words", "", "ａ", "1st", 3]
)
def test_names_that_a_generated_function_cannot_have(name: Any, tmp_path: Path) -> None:
    with pytest.raises(symgrad.NameRuleError) as caught:
        symgrad.grad("x").save(tmp_path / "a.py", name=name)
    assert str(caught.value) == (
        f"{name!r} cannot be the name of the function\n"
        "Write a name that neither Python nor the generated file uses."
    )
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------- copies


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_compile_again(protocol: int) -> None:
    compiled = symgrad.value_and_grad("x**2*y", wrt=["y"], exact=True)
    compiled(1.0, 2.0)
    again = pickle.loads(pickle.dumps(compiled, protocol))
    assert again == compiled
    assert repr(again) == repr(compiled)
    assert again(3.0, 2.0) == (18.0, (9.0,))
    assert again.source == compiled.source


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_copies(make: Callable[[symgrad.Compiled], symgrad.Compiled]) -> None:
    compiled = symgrad.grad(F, "alpha")
    assert make(compiled) == compiled
    assert make(compiled)(5.0, 0.0, 0.0) == 5.0


def test_functions_travel_with_a_pickle_to_a_fresh_process() -> None:
    symgrad.define("twice(x) = 2*x")
    symgrad.define("thrice(x) = twice(x) + x : 30")
    text = pickle.dumps(symgrad.value_and_grad("thrice(x)"))
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer)(5.0))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == [b"(15.0,", b"30.0)"]


def test_a_pickle_keeps_its_functions_where_others_have_the_names() -> None:
    symgrad.define("f(x) = 2*x")
    text = pickle.dumps(symgrad.grad("f(x)"))
    symgrad.define("f(x) = 7*x")
    assert pickle.loads(text)(0.0) == 2.0
    assert symgrad.grad("f(x)")(0.0) == 7.0


# ------------------------------------------------------------------------------- threads


@pytest.fixture
def _busy_threads() -> Iterator[None]:
    """Threads change places as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_busy_threads")
def test_one_object_called_by_many_threads() -> None:
    for round_ in range(5):
        compiled = symgrad.grad(f"sin(x)*y + {round_}", wrt="y")
        inputs = [0.5, np.full(3, 0.5), np.full((2, 3), 0.5), np.float32(0.5)] * 8
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda x, f=compiled: f(x, 1.0), inputs))
        for x, result in zip(inputs, results, strict=True):
            assert np.ndim(result) == 0
            assert result == pytest.approx(np.sin(0.5) * np.size(x), rel=1e-6)


@pytest.mark.usefixtures("_busy_threads")
def test_many_objects_compiled_by_many_threads() -> None:
    def slope(n: int) -> float:
        return float(symgrad.grad(f"softplus({n}*x) + log({n} + x) + {n}*sigmoid(x)")(0.0))

    with ThreadPoolExecutor(8) as pool:
        slopes = list(pool.map(slope, range(1, 33)))
    assert slopes == pytest.approx([n / 2 + 1 / n + n / 4 for n in range(1, 33)], rel=1e-14)


@pytest.mark.usefixtures("_busy_threads")
def test_many_functions_defined_by_many_threads() -> None:
    def define(n: int) -> float:
        symgrad.define(f"times{n}(x) = {n}*x : {n}")
        return float(symgrad.grad(f"times{n}(x) + x")(1.0))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(define, range(32))) == [n + 1.0 for n in range(32)]
    assert {f"times{n}" for n in range(32)} <= set(symgrad.api.functions())


# ------------------------------------------------------------------------------- define


def test_a_stated_derivative_is_used_and_a_missing_one_derived() -> None:
    symgrad.define("softsign(x) = x / (1 + abs(x)) : 1 / (1 + abs(x))**2")
    symgrad.define("cube(x) = x**3")
    assert symgrad.value_and_grad("softsign(3*x)")(1.0) == (0.75, 3 / 16)
    assert symgrad.value_and_grad("cube(2*x)")(1.0) == (8.0, 24.0)
    assert run_file(symgrad.grad("softsign(x)").source)["grad"](1.0) == 0.25


def test_a_derivative_may_differ_from_the_definitions() -> None:
    """Others' gradients stay as they are: a definition of a user's is no rewrite."""
    symgrad.define("detach(x) = x : 0")
    symgrad.define("through(x) = round(x) : 1")
    assert symgrad.grad("detach(x)*x")(3.0) == 3.0
    assert symgrad.grad("through(x)*x")(2.25) == 4.25
    assert symgrad.grad("x**2")(3.0) == 6.0
    assert symgrad.grad("round(x)*x")(2.25) == 2.0


def test_heads_with_conditions_and_defaults() -> None:
    symgrad.define("within(x, low=0, high=1) -> bool = low <= x <= high")
    symgrad.define("pick(c: bool, x, y=-1) = where(c, x, y) : 0, where(c, 10*g, 0), none")
    assert symgrad.function("pick(within(x), x)")([0.5, 2.0]).tolist() == [0.5, -1.0]
    assert symgrad.function("pick(within(x, high=3), x, 5)")([2.0, 4.0]).tolist() == [2.0, 5.0]
    assert symgrad.grad("pick(within(x), x)")([0.5, 2.0]).tolist() == [10.0, 0.0]


def test_a_derivative_that_does_not_exist() -> None:
    symgrad.define("shift(x, n) = x + n : 1, none")
    assert symgrad.grad("shift(x, n)", "x")(1.0, 2.0) == 1.0
    with pytest.raises(symgrad.DerivativeError) as caught:
        symgrad.grad("2*shift(x, n)")
    assert str(caught.value) == (
        "shift has no derivative with respect to its argument n\n"
        "  2*shift(x, n)\n"
        "             ^\n"
        "Make it a constant, or leave it out of wrt."
    )


def test_what_was_compiled_before_keeps_the_old_function() -> None:
    symgrad.define("f(x) = 2*x")
    symgrad.define("h(x) = f(x) + 1")
    old = symgrad.value_and_grad("h(x)")
    symgrad.define("f(x) = 5*x")
    assert old(1.0) == (3.0, 2.0)
    assert run_file(old.source)["value"](1.0) == 3.0
    assert symgrad.value_and_grad("h(x)")(1.0) == (6.0, 5.0)


def test_a_refused_definition_changes_nothing() -> None:
    symgrad.define("f(x) = 2*x")
    with pytest.raises(symgrad.DefinitionError):
        symgrad.define("f(x) = x : g**2")
    with pytest.raises(symgrad.DefinitionError):
        symgrad.define("exp(x) = x")
    assert symgrad.grad("f(x) + exp(x)")(0.0) == 3.0


@pytest.mark.parametrize(
    "line", ["  f(x) = x**2  ", "\nf(x) = x**2 : 2*x\n", "f(x) = x**2  # a square"]
)
def test_space_and_comments_around_a_definition(line: str) -> None:
    symgrad.define(line)
    assert symgrad.grad("f(x)")(3.0) == 6.0


@pytest.mark.parametrize("line", [None, 3, b"f(x) = x"])
def test_a_definition_is_a_text(line: Any) -> None:
    with pytest.raises(
        symgrad.DefinitionError, match=r"^this is not the definition of a function\n"
    ):
        symgrad.define(line)


def test_a_formulas_own_function_goes_before_a_defined_one() -> None:
    symgrad.define("f(x) = 2*x")
    assert symgrad.function("f(x) = 3*x; f(x)")(1.0) == 3.0


def test_completion_shows_what_is_public_and_nothing_else() -> None:
    names = dir(symgrad)
    assert {"grad", "errors", "testing"} <= set(names)
    assert not {"Any", "TYPE_CHECKING", "axes", "reverse"} & set(names)
    assert symgrad.testing.formulas
