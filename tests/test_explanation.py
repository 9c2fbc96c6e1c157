"""What stands at each stage, as exact text; long stages; the listing of functions."""

import pytest

import symgrad
from symgrad.errors import SymgradError
from symgrad.functions import Function, builtin_functions
from symgrad.seeing.explanation import explain, listing
from symgrad.syntax import parse_row

STAGES = ["text", "parse", "lower", "stabilise", "reverse", "simplify", "emit"]

WHOLE = '''\
== text ==
The formula as it was typed.

    2*sin(x)

== parse ==
The text becomes a tree: the operands of an operation stand indented below it.

    multiply
      2.0
      sin()
        x

== lower ==
The tree becomes a graph: an operation a line, and what occurs twice is made once.

    v1 = sin(x)
    v2 = multiply(2.0, v1)
    value = v2

== stabilise ==
Rewrites replace what would overflow or lose accuracy in value or derivative.

    (unchanged)

== reverse ==
The chain rule runs from the value back to the inputs. An operation with the result out gets g,
the derivative of the value with respect to out, and hands one on to each operand: what its rule
has after the colon, times g unless g stands there already.

    sin(x)         : cos(x)
    multiply(x, y) : y, x

    v1 = sin(x)
    v2 = multiply(2.0, v1)
    v3 = cos(x)
    v4 = multiply(2.0, v3)
    value = v2
    d/dx  = v4

== simplify ==
Rewrites shorten the derivatives and let them share what the value has computed.

    (unchanged)

== emit ==
The graph becomes Python: what is used once stands where it is used. The whole file, with imports
and helpers, is what symgrad value-and-grad prints.

    @np.errstate(all="ignore")
    def value_and_grad(x: ArrayLike) -> tuple[Array, Array]:
        """The value of the formula, and its derivative with respect to x."""
        (x,) = _floats(x)
        value = 2 * np.sin(x)
        # reverse
        dx = 2 * np.cos(x)
        return value, dx'''


def stage(text: str, name: str) -> list[str]:
    """The paragraphs of a stage below the sentence that says what it does."""
    return text.partition(f"== {name} ==\n")[2].partition("\n\n== ")[0].split("\n\n")[1:]


def test_whole() -> None:
    assert explain("2*sin(x)") == WHOLE


def test_every_tree() -> None:
    formula = (
        "max = 1e-3 # small\n"
        "f(u, v) = max if u < v <= 3 else -u[0, -1]\n"
        "not (clip(f(x, 2), min=0, max=max) != 1) | ~p"
    )
    text = explain(formula)
    assert stage(text, "text") == [f"    {formula}".replace("\n", "\n    ")]
    assert stage(text, "parse") == [
        """\
    max =
      0.001
    f(u, v) =
      if else
        max
        compare < <=
          u
          v
          3.0
        negative
          index [_, _]
            u
            0.0
            negative
              1.0
    logical_not
      logical_or
        compare !=
          clip(min=, max=)
            f()
              x
              2.0
            0.0
            max
          1.0
        logical_not
          p"""
    ]


def test_stages_stand_in_the_order_of_the_pipeline() -> None:
    lines = explain("x*y").splitlines()
    assert [line[3:-3] for line in lines if line.startswith("== ")] == STAGES


def test_results_are_told_apart() -> None:
    text = explain("gain * x", wrt=("x", "gain"))
    assert stage(text, "lower")[0].splitlines()[-1] == "    value = v1"
    results = [line.split(" = ")[0] for line in stage(text, "reverse")[1].splitlines()]
    assert results[-3:] == ["    value  ", "    d/dx   ", "    d/dgain"]


def test_rewrites_show() -> None:
    text = explain("log(1 + exp(x))")
    assert stage(text, "lower") == [
        "    v1 = exp(x)\n    v2 = add(1.0, v1)\n    v3 = log(v2)\n    value = v3"
    ]
    assert stage(text, "stabilise") == ["    v1 = softplus(x)\n    value = v1"]
    assert stage(text, "reverse")[0] == "    softplus(x) : sigmoid(x)"


def test_operations_of_the_graph_alone_are_told_once_where_they_first_occur() -> None:
    text = explain("where(x > 0, x, 0)")
    told = "keep: its second operand where the first one holds, and 0 elsewhere"
    assert stage(text, "lower")[1] == f"    {told}"
    assert text.count(told) == 1


def test_rules_are_shown_of_what_the_formula_uses() -> None:
    rules = stage(explain("where(x > 0, exp(x), 0)"), "reverse")[0].splitlines()
    assert rules == ["    exp(x)           : out", "    keep(c: bool, x) : 0, keep(c, g)"]


def test_a_formula_without_inputs() -> None:
    text = explain("2 + 3")
    assert stage(text, "lower") == ["    v1 = add(2.0, 3.0)\n    value = v1"]
    assert [line[3:-3] for line in text.splitlines() if line.startswith("== ")] == STAGES


def test_what_users_define_is_explained() -> None:
    symgrad.define("triple_for_explain(x) = 3 * x : 3")
    assert stage(explain("triple_for_explain(x)"), "reverse")[0] == "    triple_for_explain(x) : 3"


@pytest.mark.parametrize(
    "formula",
    [
        " + ".join(f"sin(x{number})" for number in range(400)),
        "exp(" * 2_000 + "x" + ")" * 2_000,
        "-" * 2_000 + "x",
        "a0 = x + x;" + ";".join(f"a{n} = a{n - 1} + a{n - 1}" for n in range(1, 400)) + "; a399",
    ],
)
def test_long_stages_are_shown_in_part(formula: str) -> None:
    text = explain(formula)
    assert [line[3:-3] for line in text.splitlines() if line.startswith("== ")] == STAGES
    for name in STAGES:
        for paragraph in stage(text, name):
            assert len(paragraph.splitlines()) <= 201
            assert max(map(len, paragraph.splitlines())) <= 167
    assert stage(text, "text")[0].endswith("...")


def test_what_is_left_out_is_counted() -> None:
    [shown] = stage(explain("-" * 499 + "x"), "parse")
    lines = shown.splitlines()
    assert len(lines) == 201
    assert lines[40] == " " * 84 + "negative"
    assert lines[149] == " " * 84 + "[depth 149] negative"
    assert lines[150] == "    ... 300 more lines ..."
    assert lines[200] == " " * 84 + "[depth 499] x"


@pytest.mark.parametrize(
    ("signs", "lines"),
    [
        (199, ["[depth 150] negative", "[depth 151] negative"]),
        (200, ["... 1 more line ...", "[depth 151] negative"]),
    ],
)
def test_just_long_enough(signs: int, lines: list[str]) -> None:
    [shown] = stage(explain("-" * signs + "x"), "parse")
    assert [line.strip() for line in shown.splitlines()[150:152]] == lines


@pytest.mark.parametrize(
    ("formula", "wrt", "message"),
    [
        ("", None, "the formula is empty\nWrite an expression, as x**2 + 1."),
        (
            "2 = x",
            None,
            "only a name or a function can stand left of '='\n  2 = x\n  ^\n"
            "Write name = expression, f(x) = expression, or == to compare.",
        ),
        ("x", "y", "wrt: y is not an input of the formula\n  x\n  ^\nIts inputs are: x."),
    ],
)
def test_errors(formula: str, wrt: str | None, message: str) -> None:
    with pytest.raises(SymgradError) as raised:
        explain(formula, wrt)
    assert str(raised.value) == message


def test_listing() -> None:
    lines = [
        "sum_of(x, y)  : g, g",
        "scaled(x, by = 2, flag: bool=1) -> bool = by * x = (2 - by) * x : 0, none, 0",
    ]
    assert listing([Function(parse_row(line)) for line in lines]) == (
        "sum_of(x, y)                            : g, g\n"
        "scaled(x, by = 2, flag: bool=1) -> bool = by * x\n"
        "                                        = (2 - by) * x\n"
        "                                        : 0, none, 0"
    )
    assert listing([]) == ""


def test_the_listing_says_what_the_table_says() -> None:
    for name, function in builtin_functions().items():
        listed = listing([function])
        assert listed.startswith(f"{name}(")
        assert "".join(listed.split()) == "".join(function.text.split())


def test_how_large_arrays_are_run() -> None:
    """Where shapes are declared; the plan says which axis is looped over, and what is not."""
    text = explain("X: (n, d); w: (d,); y: (n,); mean((X @ w - y)**2)", wrt="w")
    assert stage(text, "rows")[0].splitlines() == [
        "    rows: those of the axis n; 100% of the work is done on them",
        "    in blocks of rows: 6 operations, 2 of them sums over the rows",
        "    as a whole: 1 operation",
    ]
    text = explain("x: (n,); sort(x)")
    assert stage(text, "rows")[0].startswith("    as a whole: there is no axis")
