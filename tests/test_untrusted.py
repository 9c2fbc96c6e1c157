"""Formulas and inputs from strangers end in a right result or in a SymgradError."""

import builtins
import os
import pathlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad import SymgradError
from tests.hostile import HARMLESS, REFUSED

VERBS = {
    "function": symgrad.function,
    "grad": symgrad.grad,
    "value_and_grad": symgrad.value_and_grad,
    "vjp": symgrad.vjp,
    "jvp": symgrad.jvp,
    "hvp": symgrad.hvp,
}


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What reaches for the world outside; nothing may."""
    reached: list[str] = []

    def forbid(owner: Any, name: str) -> None:
        def reach(*args: object, **_: object) -> None:
            reached.append(f"{name}{args}")
            raise AssertionError(name)

        monkeypatch.setattr(owner, name, reach)

    symgrad.value_and_grad("x**2")([1.0])
    for owner, name in [
        (os, "system"),
        (os, "popen"),
        (subprocess, "Popen"),
        (builtins, "eval"),
        (builtins, "input"),
        (builtins, "breakpoint"),
    ]:
        forbid(owner, name)
    yield reached
    assert not reached


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_formula_is_refused(kind: str) -> None:
    for text in REFUSED[kind]:
        for verb in VERBS.values():
            with pytest.raises(SymgradError) as caught:
                verb(text)(0.5)
            shown = str(caught.value)
            assert 0 < len(shown) < 2_000
            assert all(line.isprintable() for line in shown.split("\n")), text


def is_refused(line: str) -> bool:
    """Whether a definition is refused, or what calls it."""
    try:
        symgrad.define(line)
        symgrad.grad("f(x) + f(x, 0)")
    except SymgradError:
        return True
    return False


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_formula_is_no_definition(kind: str) -> None:
    for text in REFUSED[kind]:
        for line in (text, f"f(x) = {text}", f"f(x) = x : {text}", f"f({text}) = x"):
            assert is_refused(line), line


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:30])
def test_what_only_looks_hostile(text: str) -> None:
    compiled = symgrad.function(text)
    given = [0.5] * len(compiled.inputs)
    assert compiled(*given) == HARMLESS[text]
    arrays = [np.array([0.5, 0.5])] * len(given)
    assert np.all(compiled(*arrays) == HARMLESS[text])
    module: dict[str, Any] = {"__name__": "generated"}
    exec(compiled.source, module)
    assert module["value"](*given) == HARMLESS[text]


@pytest.mark.parametrize("kind", REFUSED)
def test_no_text_is_taken_for_an_input(kind: str) -> None:
    """A name that no formula can have is no name to differentiate by, or to save under."""
    names = [text for text in REFUSED[kind] if not text.isidentifier()]
    compiled = symgrad.grad("x**2")
    for text in names:
        for wrt in (text, (text,), ("x", text)):
            with pytest.raises(SymgradError):
                symgrad.grad("x**2", wrt=wrt)
        with pytest.raises(SymgradError):
            compiled.render(name=text)
        with pytest.raises(SymgradError):
            compiled(**{text: 1.0})


@pytest.mark.parametrize(
    "name", ["np", "import", "lambda", "None", "print", "__import__", "_floats", "value", "é", "ｘ"]
)
def test_names_that_a_file_cannot_give_its_function(name: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(SymgradError):
        symgrad.grad("x**2").save(tmp_path / "f.py", name=name)
    assert not (tmp_path / "f.py").exists()


def test_comments_and_quotes_stay_in_the_docstring() -> None:
    text = 'x # """ + "\\" \\N{DIGIT ONE} {0} %s\n'
    module: dict[str, Any] = {"__name__": "generated"}
    exec(symgrad.grad(text).source, module)
    assert module["value"](3.0) == 3.0
    assert '"""' in module["__doc__"]


class Nasty:
    """An object that answers every question with an error, or with itself."""

    def __array__(self, *_: object, **__: object) -> Any:
        raise RuntimeError("no array")

    def __float__(self) -> float:
        raise RuntimeError("no float")

    def __eq__(self, other: object) -> Any:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __len__(self) -> int:
        return 10**9

    def __getitem__(self, key: object) -> Any:
        raise RuntimeError("no item")


class Liar:
    """An array that says it is larger than it is."""

    shape = (10**6, 10**6)
    dtype = np.dtype(float)

    def __array__(self, *_: object, **__: object) -> Any:
        return np.array([1.0, 2.0])


WRONG_INPUTS: list[Any] = [
    None,
    "1.0",
    b"1.0",
    1j,
    np.array([1j]),
    np.array(["x"]),
    np.array([None]),
    np.array([{}], dtype=object),
    np.array([2**70], dtype=object),
    10**400,
    [1, [2, 3]],
    [[1.0], None],
    {},
    {1.0},
    object(),
    Nasty(),
    [Nasty()],
    (v for v in [1.0]),
    lambda: 1.0,
    np.datetime64("2020-01-01"),
    np.array(["2020-01-01"], dtype="M8[D]"),
    np.ma.array([1.0, 2.0], mask=[True, False]),
    np.zeros(2, dtype=[("a", float)]),
    type,
    ...,
    slice(None),
]


@pytest.mark.parametrize("place", range(len(WRONG_INPUTS)))
def test_inputs_that_are_no_numbers(place: int) -> None:
    for verb in ("function", "grad", "value_and_grad"):
        with pytest.raises(symgrad.InputError) as caught:
            VERBS[verb]("x**2 + sum(x)")(WRONG_INPUTS[place])
        assert len(str(caught.value)) < 1_000


read_only = np.arange(3.0)
read_only.flags.writeable = False
RIGHT_INPUTS: list[Any] = [
    np.arange(3.0)[::-1][::2],
    read_only,
    np.arange(3.0).astype(">f8"),
    np.arange(3, dtype=np.uint8),
    np.array([True, False]),
    np.array([np.inf, -np.inf, np.nan]),
    np.zeros((0,)),
    np.zeros((0, 5)),
    np.float16(1.5),
    np.ma.array([1.0, 2.0]),
    np.broadcast_to(2.0, (2, 3)),
    np.asfortranarray(np.ones((2, 3))),
    Liar(),
    range(3),
    [],
    (1, 2.0, True),
    memoryview(np.arange(3.0)),
    np.array([1.0, 2.0], dtype=object),
]


@pytest.mark.parametrize("place", range(len(RIGHT_INPUTS)))
def test_inputs_of_odd_kinds(place: int) -> None:
    given = RIGHT_INPUTS[place]
    try:
        value, slope = symgrad.value_and_grad("3*x")(given)
    except symgrad.InputError:
        assert np.asarray(given).dtype.kind == "O"
        return
    array = np.asarray(given)
    np.testing.assert_array_equal(value, 3 * array.astype(value.dtype))
    np.testing.assert_array_equal(slope, np.full(array.shape, 3.0))


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)

DEEP: list[Any] = []
for _ in range(2_000):
    DEEP = [DEEP]
HUGE = 10**5_000
VAST = np.broadcast_to(1.0, (10**5, 10**6))


class Unending:
    """What has items, and never comes to their end."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, key: object) -> float:
        return 1.0


def fitted(**options: Any) -> Any:
    return symgrad.fit("mean((a*x)**2)", **{"data": {"x": 1.0}, "start": {"a": 1.0}, **options})


MISUSES: list[tuple[str, Any]] = [
    ("the input x cannot be read as an array", lambda: symgrad.grad("x**2")(Unending())),
    ("the data x cannot be read as an array", lambda: fitted(data={"x": Unending()})),
    ("the parameter a is not a real number", lambda: fitted(start={"a": Unending()})),
    ("the parameter a is not a real number", lambda: fitted(start={"a": DEEP})),
    ("epochs must be a whole number", lambda: fitted(epochs=-HUGE)),
    ("optimizer must be a rule", lambda: fitted(optimizer=DEEP)),
    ("an object of type Nasty is no expr", lambda: symgrad.from_sympy(Nasty())),
    ("an object of type list is no expr", lambda: symgrad.from_sympy(DEEP)),
    ("an object of type int holds a number", lambda: symgrad.from_sympy(HUGE)),
    ("there is no target", lambda: symgrad.grad("x", target=np.ones(2))),  # type: ignore[call-overload]
    ("at has the key 1, which is no name", lambda: symgrad.check("x", at={1: 2})),  # type: ignore[dict-item]
    ("at has the key 1, which is no name", lambda: symgrad.explain("x", at={1: 2})),  # type: ignore[dict-item]
    ("box: x is from an object of", lambda: symgrad.accuracy("x", {"x": DEEP})),  # type: ignore[dict-item]
    ("this call would take about", lambda: symgrad.accuracy("x", {"x": (0, 1)}, samples=10**12)),
    ("this call would take about", lambda: symgrad.jacobian("x**2", sparse=True)(VAST)),
    ("a formula is a text, not NoneType", lambda: symgrad.grad(None)),  # type: ignore[arg-type]
    ("a formula is a text, not bytes", lambda: symgrad.grad(b"x")),  # type: ignore[arg-type]
    ("a formula is a text, not int", lambda: symgrad.function(3)),  # type: ignore[arg-type]
    ("a formula is a text, not list", lambda: symgrad.vjp(["x"])),  # type: ignore[arg-type]
    ("a formula is a text, not Nasty", lambda: symgrad.hvp(Nasty())),  # type: ignore[arg-type]
    ("this is not the definition", lambda: symgrad.define(None)),  # type: ignore[arg-type]
    ("this is not the definition", lambda: symgrad.define("x")),
    ("wrt must be a name", lambda: symgrad.grad("x", wrt=3)),  # type: ignore[arg-type]
    ("wrt must be a name", lambda: symgrad.grad("x", wrt={"x"})),  # type: ignore[arg-type]
    ("wrt must be a name", lambda: symgrad.grad("x", wrt=[None])),  # type: ignore[list-item]
    ("wrt must be a name", lambda: symgrad.grad("x", wrt=b"x")),  # type: ignore[arg-type]
    ("wrt must be a name", lambda: symgrad.grad("x", wrt=Nasty())),  # type: ignore[arg-type]
    ("wrt: y is not an input", lambda: symgrad.grad("x", wrt="y")),
    ("wrt: x is given twice", lambda: symgrad.grad("x", wrt=("x", "x"))),
    ("the order is a whole number", lambda: symgrad.grad("x", order=0)),
    ("the order is a whole number", lambda: symgrad.grad("x", order=10**9)),
    ("the order is a whole number", lambda: symgrad.grad("x", order=Nasty())),  # type: ignore[arg-type]
    ("a derivative of higher order", lambda: symgrad.grad("0", order=2)),
    ("the input x is missing", lambda: symgrad.grad("x**2")()),
    ("out holds itself", lambda: symgrad.grad("x**2")(np.ones(3), out=ENDLESS)),
    ("start is a dict", lambda: symgrad.ravel("x**2", 3)),  # type: ignore[arg-type]
    ("symbols is a dict", lambda: symgrad.to_sympy("x", symbols=3)),  # type: ignore[arg-type]
    ("Sparse is made of", lambda: symgrad.Sparse(None)),  # type: ignore[arg-type]
    ("the input k has 60 axes", lambda: symgrad.grad("x[k]", "x")([1.0], np.zeros((1,) * 60, int))),
    ("an array with 14 axes", lambda: symgrad.jacobian("x**2")(np.ones((1,) * 14))),
    (
        "a value that arises here cannot be used",
        lambda: symgrad.grad("sum(x[k])", "x")([1.0], float("inf")),
    ),
    ("unknown function _einsum", lambda: symgrad.grad("_einsum(x, x, 'i')")),
    ("unknown function _item", lambda: symgrad.function("_item(x, 0)")),
    ("unknown function _diag_matrix", lambda: symgrad.function("_diag_matrix(3)")),
    ("meshgrid takes one array at least", lambda: symgrad.function("meshgrid()")),
    ("exact is True or False", lambda: symgrad.grad("x", exact=np.ones(2))),  # type: ignore[arg-type]
    ("a file's name is a text", lambda: symgrad.grad("x").save(3)),  # type: ignore[arg-type]
    ("a file's name is a text", lambda: symgrad.grad("x").emit("c").save(None)),  # type: ignore[arg-type]
    ("unknown function _exp_moment", lambda: symgrad.grad("_exp_moment(x, 10**9)")),
    ("2 values for 1 input", lambda: symgrad.grad("x**2")(1.0, 2.0)),
    ("the input x is given twice", lambda: symgrad.grad("x**2 + y")(1.0, x=1.0, y=2.0)),
    ("the cotangent of value has shape", lambda: symgrad.vjp("x**2")([1.0, 2.0], x=1.0)),
]


@pytest.mark.parametrize(("message", "misuse"), MISUSES)
def test_misuse_of_the_functions(message: str, misuse: Any) -> None:
    with pytest.raises(SymgradError, match=f"^{message}"):
        misuse()


DOUBLED = "; ".join(f"f{i}(t) = f{i - 1}(f{i - 1}(t))" for i in range(1, 60))

# What needs much of anything, and what its error begins with; numbers stand for the result at 0.5.
EXHAUSTING: dict[str, float | str] = {
    "(" * 20_000 + "x" + ")" * 20_000: 0.5,
    "-" * 20_000 + "x": 0.5,
    "(" * 20_000: "'(' is never closed",
    "[" * 200 + "x" + "]" * 200: "an array has at most 64 axes",
    "x[" * 200 + "x" + "]" * 200: "1 index for an operand of shape ()",
    "einsum('" + "ab," * 70 + "ab->ab', " + ", ".join(["x"] * 71) + ")": "einsum takes at most 63",
    "a0 = x + x;" + ";".join(f"a{i} = a{i - 1} + a{i - 1}" for i in range(1, 500)) + "; a499": (
        0.5 * 2.0**500
    ),
    f"f0(t) = t + x; {DOUBLED}; f59(x)": "the calls of functions come to more than",
    "matrix_power(A, 999999999999999)": "a matrix product needs arrays, not numbers",
    "split(x, 99999999)[0]": "99,999,999 parts need more than",
    "diff(x, 99999999)": "99,999,999 differences need more than",
    "zeros(10**9) + x": "this call would take about",
    "x * ones((10**9, 10**9))": "this call would take about",
    "zeros(10**20) + x": "the index is too large",
    "sum(x, axis=" + "9" * 400 + ")": "axis is a whole number",
    "zeros((" + "1," * 200 + "1))": "an array has at most 64 axes",
    "x.reshape((" + "1," * 200 + "1))": "an array has at most 64 axes",
}


@pytest.mark.parametrize("text", EXHAUSTING, ids=lambda text: text[:24])
def test_what_would_exhaust(text: str) -> None:
    expected = EXHAUSTING[text]
    with symgrad.Limits(nodes=30_000):
        if isinstance(expected, str):
            with pytest.raises(SymgradError) as caught:
                symgrad.function(text)(0.5)
            assert str(caught.value).startswith(expected)
        else:
            assert symgrad.function(text)(0.5) == expected


def test_nothing_is_written_or_kept(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    for text in HARMLESS:
        compiled = pickle.loads(pickle.dumps(symgrad.value_and_grad(text)))
        compiled(*[[0.5]] * len(compiled.inputs))
    assert list(tmp_path.iterdir()) == []
    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    assert new <= {"numpy", "scipy", "lark", "symgrad"}


def test_few_formulas_stay_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (symgrad.api._MOST_KEPT, symgrad.api._LONGEST_KEPT) == (256, 10_000)
    monkeypatch.setattr("symgrad.api._recent", {})
    monkeypatch.setattr("symgrad.api._MOST_KEPT", 4)
    monkeypatch.setattr("symgrad.api._LONGEST_KEPT", 9)
    kept = [symgrad.function(f"x + {number}") for number in range(10, 20)]
    assert list(symgrad.api._recent.values()) == kept[-4:]
    symgrad.function("x + 100000")
    assert list(symgrad.api._recent.values()) == kept[-4:]


def test_caches_are_bounded() -> None:
    table = symgrad.api.functions()
    for number in range(-60, 60):
        symgrad.function(f"sum(x, axis={number % 60}) + triu(x, {number})")
    assert len(table.recent) <= 2_000
    for number in range(2_100):
        table.recent[number, "of a test"] = number
    assert len(table.recent) <= 2_000
