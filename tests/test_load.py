"""Generated source becomes functions, tracebacks show it, and nothing of it is kept for ever."""

import builtins
import gc
import linecache
import math
import sys
import traceback
import weakref
from types import CodeType

import pytest

import symgrad
from symgrad import api
from symgrad.load import _BUILTINS, forget_the_dead, load
from symgrad.targets.numpy import HELPERS


def lines_cached() -> int:
    gc.collect()
    forget_the_dead()
    return sum(name.startswith("<symgrad ") for name in linecache.cache)


def test_the_function_asked_for_is_returned() -> None:
    source = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
    assert load(source, "one")() == 1
    assert load(source, "two")() == 2


def test_names_that_are_handed_in_are_seen() -> None:
    assert load("def f(x):\n    return sqrt(x)\n", "f", {"sqrt": math.sqrt})(4.0) == 2.0


def test_each_source_has_a_namespace_of_its_own() -> None:
    first = load("k = 1\ndef f():\n    return k\n", "f")
    second = load("k = 2\ndef f():\n    return k\n", "f")
    assert (first(), second()) == (1, 2)


def test_a_traceback_shows_the_generated_line() -> None:
    function = load("def f(x):\n    return 1 / x  # the line\n", "f")
    with pytest.raises(ZeroDivisionError) as caught:
        function(0)
    shown = "".join(traceback.format_tb(caught.tb))
    assert "return 1 / x  # the line" in shown


def test_text_that_tracebacks_show_survives_a_check_of_the_cache() -> None:
    function = load("def f(x):\n    return x\n", "f")
    linecache.checkcache()
    assert linecache.getline(function.__code__.co_filename, 2) == "    return x\n"


def test_text_goes_with_its_function() -> None:
    before = lines_cached()
    kept = load("def f():\n    return 0\n", "f")
    for number in range(50):
        load(f"def f():\n    return {number}\n", "f")
    assert lines_cached() == before + 1
    assert kept() == 0


def test_a_function_that_dies_does_not_disturb_a_look_through_the_cache() -> None:
    function = load("def f():\n    return 0\n", "f")
    names = list(linecache.cache)
    del function
    gc.collect()
    assert [name for name in names if name not in linecache.cache] == []
    load("def f():\n    return 1\n", "f")
    assert [name for name in names if name not in linecache.cache] != []


def test_compiled_formulas_that_are_dropped_leave_nothing() -> None:
    def compile_and_drop(number: int) -> weakref.ref[symgrad.Compiled]:
        compiled = symgrad.value_and_grad(f"sin({number} * x) + y")
        compiled(1.0, 2.0)
        compiled([1.0, 2.0], 2.0)
        api._recent.clear()
        return weakref.ref(compiled)

    compile_and_drop(0)
    gc.collect()
    before, modules = lines_cached(), len(sys.modules)
    dropped = [compile_and_drop(number) for number in range(20)]
    gc.collect()
    assert [ref() for ref in dropped] == [None] * 20
    assert lines_cached() == before
    assert len(sys.modules) == modules


def test_without_scipy_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    gradient = symgrad.grad("gammaln(x)")
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(symgrad.MissingExtraError) as caught:
        gradient([3.0])
    assert str(caught.value) == (
        "this formula uses special functions, which need SciPy\n"
        "Install it with: pip install 'symgrad[special]'"
    )


def test_without_scipy_a_formula_of_ordinary_functions_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert symgrad.grad("sin(x)")([0.0]).tolist() == [1.0]
    assert symgrad.function("erf(x)")(0.0) == 0.0


def test_what_was_missing_is_found_on_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    value = symgrad.function("erf(x)")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "scipy", None)
        with pytest.raises(symgrad.MissingExtraError):
            value([1.0])
    assert value([0.0]).tolist() == [0.0]


def test_generated_code_finds_few_built_in_names() -> None:
    for name in ("open", "eval", "exec", "compile", "getattr", "globals", "input", "print", "vars"):
        function = load(f"def f():\n    return {name}\n", "f")
        with pytest.raises(NameError):
            function()


@pytest.mark.parametrize("name", ["os", "sys", "subprocess", "builtins", "symgrad", "importlib"])
def test_generated_code_imports_few_modules(name: str) -> None:
    function = load(f"def f():\n    import {name}\n    return {name}\n", "f")
    with pytest.raises(ImportError, match=f"^generated code cannot import {name}$"):
        function()


def test_what_one_module_does_to_its_names_reaches_no_other() -> None:
    spoil = load("def f():\n    __builtins__['len'] = None\n", "f")
    spoil()
    assert load("def f():\n    return len('abc')\n", "f")() == 3


def test_helpers_find_the_built_in_names_that_they_use() -> None:
    code = compile("\n".join(HELPERS.values()), "helpers", "exec", dont_inherit=True)
    used: set[str] = set()
    waiting = [c for c in code.co_consts if isinstance(c, CodeType)]
    while waiting:
        inner = waiting.pop()
        used |= {name for name in inner.co_names if hasattr(builtins, name)}
        waiting += [c for c in inner.co_consts if isinstance(c, CodeType)]
    attributes = {"max", "sum", "min", "all", "any", "abs", "round"}
    assert used - attributes <= _BUILTINS.keys()
