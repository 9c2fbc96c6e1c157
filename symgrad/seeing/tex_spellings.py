r"""How mathematics is written in LaTeX: a table with a row per operation.

A row is a template, how tightly it holds together, and what it asks of each operand, as in the
tables of the targets; `#1` stands for the first operand. The scale is that of mathematics, not of
Python: a sign binds as loosely as a sum, and a large operator reaches as far as a product.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from symgrad.seeing.tex import (
    AND,
    ATOM,
    COMPARE,
    LARGE,
    LOOSE,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SUM,
    Tex,
    escaped,
    fenced,
)

_LONGEST_EXPONENT = 40


@dataclass(frozen=True, slots=True)
class Given:
    """What an operation is written with: its operands, and the attributes that are no default."""

    name: str
    operands: Sequence[Tex]
    extras: Mapping[str, Tex] = field(default_factory=dict)

    @property
    def listed(self) -> str:
        """All in one list, attributes by name."""
        extras = [rf"\mathrm{{{escaped(name)}}} = {tex.code}" for name, tex in self.extras.items()]
        return ", ".join([*(tex.code for tex in self.operands), *extras])


Writer = Callable[[Given], Tex]


def _row(template: str, precedence: int = ATOM, *wanted: int) -> Writer:
    """A template with a slot for each operand; `wanted` is what it asks of them."""
    pieces = re.split(r"#(\d)", template)

    def write(given: Given) -> Tex:
        done = [
            piece if place % 2 == 0 else _slot(given.operands[int(piece) - 1], int(piece), wanted)
            for place, piece in enumerate(pieces)
        ]
        return Tex("".join(done), precedence)

    return write


def _slot(tex: Tex, position: int, wanted: Sequence[int]) -> str:
    return tex.within(wanted[position - 1] if position <= len(wanted) else LOOSE)


def _call(head: str, elementwise: bool = False) -> Writer:
    """A function before its arguments."""

    def write(given: Given) -> Tex:
        tail = fenced(given.listed)
        kind = _kind(*given.operands) if elementwise else ""
        return Tex(head + tail, ATOM, head, tail, kind=kind)

    return write


def _kind(*operands: Tex) -> str:
    """Matrices stay such in what is done with their elements."""
    return "matrix" if any(tex.kind == "matrix" for tex in operands) else ""


def operator(name: str) -> str:
    """The name of a function that LaTeX has none for."""
    return rf"\operatorname{{{escaped(name.lstrip('_'))}}}"


def _reduced(head: str, precedence: int = ATOM) -> Writer:
    """A function of an array; its axis is an index of its name."""

    def write(given: Given) -> Tex:
        axis = given.extras.get("axis")
        rest = {name: v for name, v in given.extras.items() if name not in ("axis", "keepdims")}
        whole = head if axis is None else rf"{head}_{{\mathrm{{axis}}\,{axis.code}}}"
        if precedence == LARGE and not rest:
            return Tex(f"{whole} {given.operands[0].within(PRODUCT)}", LARGE)
        tail = fenced(Given(given.name, given.operands, rest).listed)
        return Tex(whole + tail, ATOM, whole, tail)

    return write


def _negative(given: Given) -> Tex:
    (x,) = given.operands
    return Tex(f"-{x.within(LARGE)}", SUM, minus=x.precedence >= LARGE, kind=x.kind)


def _sum(given: Given) -> Tex:
    """A sum, or the difference that it is."""
    a, b = given.operands
    kind = _kind(a, b)
    if b.minus:
        return Tex(f"{a.within(SUM)} - {b.unsigned.within(LARGE)}", SUM, kind=kind)
    return Tex(f"{a.within(SUM)} + {b.within(LARGE)}", SUM, kind=kind)


def _difference(given: Given) -> Tex:
    a, b = given.operands
    kind = _kind(a, b)
    return Tex(f"{a.within(SUM)} - {b.within(LARGE)}", SUM, kind=kind)


def _product(given: Given) -> Tex:
    """Factors side by side, with a sign between where they would run into each other.

    Beside a product of matrices, that sign tells that factors meet element by element.
    """
    a, b = given.operands
    if a.minus:
        return _signed(_factors(a.unsigned, b))
    return _factors(a, b)


def _signed(tex: Tex) -> Tex:
    return replace(tex, code=f"-{tex.code}", precedence=SUM, minus=True)


def _factors(a: Tex, b: Tex) -> Tex:
    if a.code == "1" and a.kind == "number":
        return b
    apart = b.kind == "product" or a.kind == "number"
    left, right = a.within(PRODUCT), b.within(PRODUCT if apart else POWER)
    kinds = {a.kind, b.kind}
    if "matrix" in kinds and "number" not in kinds:
        return Tex(rf"{left} \odot {right}", PRODUCT, kind="matrix")
    dot = right[:1].isdigit() or kinds == {"number"}
    kind = "matrix" if "matrix" in kinds else "product"
    return Tex(left + (r" \cdot " if dot else r" \, ") + right, PRODUCT, kind=kind)


def _quotient(given: Given) -> Tex:
    """A fraction; one above another line is written with a single line."""
    a, b = given.operands
    return _signed(_fraction(a.unsigned, b)) if a.minus else _fraction(a, b)


def _fraction(a: Tex, b: Tex) -> Tex:
    if a.over and "matrix" not in (a.kind, b.kind):
        above, below = a.over
        if below.code == b.code:
            b = _square(Given("square", [b]))
        else:
            b = _factors(*((b, below) if b.code[:1].isdigit() else (below, b)))
        a = above
    kind = _kind(a, b)
    return Tex(rf"\frac{{{a.code}}}{{{b.code}}}", POWER, over=(a, b), kind=kind)


def _matrices(template: str, *wanted: int) -> Writer:
    """A product of matrices, or what is made of one."""
    write = _row(template, PRODUCT if len(wanted) > 1 else POWER, *wanted)
    return lambda given: replace(write(given), kind="matrix")


def _transposed(given: Given) -> Tex:
    """Twice transposed is as before."""
    (a,) = given.operands
    if a.rows and a.kind == "matrix":
        return Tex(a.rows[0][0], kind="matrix")
    rows = ((a.code, ""),) if a.precedence == ATOM else ()
    return Tex(rf"{a.within(ATOM)}^{{\top}}", POWER, rows=rows, kind="matrix")


def _power(given: Given) -> Tex:
    base, exponent = given.operands
    if base.head and exponent.kind == "number" and exponent.code.isdigit():
        return Tex(f"{base.head}^{{{exponent.code}}}{base.tail}", POWER, kind=base.kind)
    return Tex(f"{base.within(ATOM)}^{{{exponent.code}}}", POWER, kind=_kind(base))


def _square(given: Given) -> Tex:
    return _power(Given("power", [given.operands[0], Tex("2", kind="number")]))


def _exponential(given: Given) -> Tex:
    """E to a power, as long as that stays legible."""
    (x,) = given.operands
    if len(x.code) <= _LONGEST_EXPONENT and "^{" not in x.code.replace(r"^{2}", ""):
        return Tex(f"e^{{{x.code}}}", POWER, kind=_kind(x))
    return _call(r"\exp", elementwise=True)(given)


def _from(given: Given, place: int) -> Given:
    return Given(given.name, given.operands[place:])


def _log_of_more(given: Given) -> Tex:
    one = Tex("1", kind="number")
    return _call(r"\log")(Given("log", [_sum(Given("add", [one, *given.operands]))]))


def _norm(given: Given) -> Tex:
    order = given.extras.get("ord")
    below = "" if order is None else rf"_{{{_ORDERS.get(order.code, order.code)}}}"
    rest = {n: v for n, v in given.extras.items() if n == "axis"}
    axes = "".join(rf"\,;\ \mathrm{{axis}}\,{v.code}" for v in rest.values())
    return Tex(rf"\left\| {given.operands[0].code}{axes} \right\|{below}")


_ORDERS = {r"\mathrm{fro}": "F", r"\mathrm{nuc}": r"\ast"}


def cases(rows: Iterable[tuple[str, str]]) -> Tex:
    """A distinction of cases: values and conditions, of which the last is empty."""
    listed = tuple(rows)
    lines = [
        rf"{value} & \text{{{'if ' if condition else 'otherwise'}}}{condition}"
        for value, condition in listed
    ]
    return Tex(r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}", LOOSE, rows=listed)


def _where(given: Given) -> Tex:
    condition, a, b = given.operands
    return cases([(a.code, condition.code), *(b.rows or [(b.code, "")])])


def _kept(given: Given) -> Tex:
    return _where(Given("where", [*given.operands, Tex("0", kind="number")]))


def _shaped(letter: str) -> Writer:
    """An array that its shape tells, which is an index of its letter."""

    def write(given: Given) -> Tex:
        sizes = ", ".join([tex.code for tex in (*given.operands, *given.extras.values())])
        return Tex(f"{letter}_{{{sizes}}}")

    return write


def _derivative(given: Given) -> Tex:
    u, x, *order = given.operands
    n = order[0].code if order else next((v.code for v in given.extras.values()), "1")
    raised = "" if n == "1" else f"^{{{n}}}"
    head = rf"\frac{{\partial{raised}}}{{\partial {x.code}{raised}}}"
    return Tex(f"{head} {u.within(POWER)}", PRODUCT)


_NATIVE = """sin cos tan arcsin arccos arctan sinh cosh tanh log""".split()
_NAMED = {
    "ln": r"\log",
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    **dict.fromkeys(("arcsinh", "asinh"), r"\operatorname{arsinh}"),
    **dict.fromkeys(("arccosh", "acosh"), r"\operatorname{arcosh}"),
    **dict.fromkeys(("arctanh", "atanh"), r"\operatorname{artanh}"),
    **dict.fromkeys(("arctan2", "atan2"), r"\operatorname{atan2}"),
    **dict.fromkeys(("maximum", "fmax"), r"\max"),
    **dict.fromkeys(("minimum", "fmin"), r"\min"),
    **dict.fromkeys(("sigmoid", "expit"), r"\sigma"),
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    "gammaln": r"\log\Gamma",
    "digamma": r"\psi",
    "zeta": r"\zeta",
    "ndtr": r"\Phi",
    "logdet": r"\log\det",
    "trace": r"\operatorname{tr}",
}
_LIKE_FIRST = """broadcast _broadcast_like _broadcast_to _rerow _unrow _recolumn _uncolumn integer
positive _variable""".split()

LATEX: Mapping[str, Writer] = {
    "add": _sum,
    "subtract": _difference,
    "negative": _negative,
    "multiply": _product,
    "divide": _quotient,
    "reciprocal": _row(r"\frac{1}{#1}", POWER),
    "power": _power,
    "pow": _power,
    "square": _square,
    **dict.fromkeys(("matmul", "_mm", "_at"), _matrices(r"#1 \, #2", PRODUCT, POWER)),
    "less": _row("#1 < #2", COMPARE, SUM, SUM),
    "less_equal": _row(r"#1 \leq #2", COMPARE, SUM, SUM),
    "greater": _row("#1 > #2", COMPARE, SUM, SUM),
    "greater_equal": _row(r"#1 \geq #2", COMPARE, SUM, SUM),
    "equal": _row("#1 = #2", COMPARE, SUM, SUM),
    "not_equal": _row(r"#1 \neq #2", COMPARE, SUM, SUM),
    "logical_and": _row(r"#1 \wedge #2", AND, AND, NOT),
    "logical_or": _row(r"#1 \vee #2", OR, OR, AND),
    "logical_not": _row(r"\neg #1", NOT, ATOM),
    "logical_xor": _row(r"#1 \oplus #2", OR, NOT, NOT),
    "where": _where,
    "keep": _kept,
    "indicator": _row(r"\left[#1\right]"),
    **dict.fromkeys(("abs", "absolute", "fabs"), _row(r"\left|#1\right|")),
    "floor": _row(r"\left\lfloor #1 \right\rfloor"),
    "ceil": _row(r"\left\lceil #1 \right\rceil"),
    "floor_divide": _row(r"\left\lfloor \frac{#1}{#2} \right\rfloor"),
    **dict.fromkeys(("remainder", "mod"), _row(r"#1 \;\mathrm{mod}\; #2", PRODUCT, POWER, POWER)),
    "sqrt": _row(r"\sqrt{#1}", POWER),
    "cbrt": _row(r"\sqrt[3]{#1}", POWER),
    "hypot": _row(r"\sqrt{#1^{2} + #2^{2}}", POWER, ATOM, ATOM),
    **dict.fromkeys(("exp", "_flat_exp"), _exponential),
    "exp2": _row("2^{#1}", POWER),
    "expm1": _row("e^{#1} - 1", SUM),
    "log1p": _log_of_more,
    "logaddexp": _row(r"\log\left(e^{#1} + e^{#2}\right)"),
    "xlogy": lambda given: _factors(given.operands[0], _call(r"\log")(_from(given, 1))),
    "xlog1py": lambda given: _factors(given.operands[0], _log_of_more(_from(given, 1))),
    **{name: _call(rf"\{name}", elementwise=True) for name in _NATIVE},
    "det": _call(r"\det"),
    "_diag_matrix": _call(r"\operatorname{diag}"),
    "_cofactors": _call(r"\operatorname{cof}"),
    **{name: _call(head) for name, head in _NAMED.items()},
    "sum": _reduced(r"\sum", LARGE),
    **dict.fromkeys(("prod", "_prod"), _reduced(r"\prod", LARGE)),
    **dict.fromkeys(("max", "amax"), _reduced(r"\max")),
    **dict.fromkeys(("min", "amin"), _reduced(r"\min")),
    "argmax": _reduced(r"\operatorname{arg\,max}"),
    "argmin": _reduced(r"\operatorname{arg\,min}"),
    "var": _reduced(r"\operatorname{Var}"),
    **{
        name: _reduced(operator(name))
        for name in """mean std median logsumexp softmax log_softmax any all ptp cumsum cumprod
        normalize sort argsort flip _cumsum _cumprod""".split()
    },
    "_shares": _reduced(operator("softmax")),
    **dict.fromkeys(("norm", "_norm"), _norm),
    **dict.fromkeys(("_transpose", "matrix_transpose", "transpose"), _transposed),
    "inv": _matrices("#1^{-1}", ATOM),
    "pinv": _matrices("#1^{+}", ATOM),
    **dict.fromkeys(("solve", "_solve", "_solve_vector"), _matrices(r"#1^{-1} \, #2", ATOM, POWER)),
    **dict.fromkeys(("outer", "_outer"), _matrices(r"#1 \, #2^{\top}", PRODUCT, ATOM)),
    "dot": _row(r"#1 \cdot #2", PRODUCT, PRODUCT, POWER),
    **dict.fromkeys(("inner", "vdot", "_vdot"), _row(r"\left\langle #1, #2 \right\rangle")),
    "cross": _row(r"#1 \times #2", PRODUCT, PRODUCT, POWER),
    "kron": _row(r"#1 \otimes #2", PRODUCT, PRODUCT, POWER),
    "quad_form": _row(r"#1^{\top} #2 \, #1", PRODUCT, ATOM, POWER),
    **dict.fromkeys(("eye", "identity"), _shaped("I")),
    **dict.fromkeys(("zeros", "_zeros"), _shaped(r"\mathbf{0}")),
    **dict.fromkeys(("ones", "_ones"), _shaped(r"\mathbf{1}")),
    **dict.fromkeys(("derivative", "D"), _derivative),
    "unbroadcast": _row(r"\sum_{\to #2} #1", LARGE, PRODUCT),
    **dict.fromkeys(_LIKE_FIRST, lambda given: given.operands[0]),
}
"""By operation; all others are calls under their own names."""


def written(given: Given) -> Tex:
    """An operation on operands."""
    writer = LATEX.get(given.name)
    return writer(given) if writer is not None else _call(operator(given.name))(given)
