"""Expressions of SymPy as formulas: `from_sympy`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Number
from typing import Any, NoReturn

from symgrad.api import functions
from symgrad.errors import InputError, told
from symgrad.exchange.sympy_table import CALLED, JOINED, MADE, OF_POSITIVE, SIGNS
from symgrad.extras import sympy
from symgrad.language.making import (
    assigned,
    call,
    compared,
    declared,
    fitting,
    in_turn,
    listed,
    name,
    negated,
    number,
    operation,
    valued,
)
from symgrad.language.printer import unparse_statements
from symgrad.language.template import HOLE
from symgrad.language.tree import Statement, Tree

_LARGEST_EXACT = 2**53
_SHORT = 8
"""So many operations are written twice rather than given a name."""


def from_sympy(expr: Any) -> str:
    """A formula for an expression of SymPy, for all verbs to take.

    Symbols become inputs. A name that the language does not take is changed, as `x_{1}` to `x_1`,
    and a comment tells of it. Rational numbers stay quotients, Piecewise becomes `where`, symbols
    of matrices become declared arrays, and an unevaluated derivative becomes `derivative(u, x)`.
    What occurs more than once and is long gets a name of its own.

    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> from_sympy(sympy.sqrt(x**2 + 1) * sympy.exp(-y) / 3)
    'sqrt(x**2 + 1) * exp(-y) / 3'
    >>> from_sympy(sympy.Piecewise((x, x > 0), (sympy.Rational(1, 2), True)))
    'where(x > 0, x, 1 / 2)'

    Raises
    ------
    MissingExtraError
        SymPy is not installed: symgrad[sympy].
    InputError
        A part of the expression has no counterpart in the language; the message shows it.
    """
    s = sympy()
    try:
        # A text would be run as Python, and what has items is walked through without end.
        known = isinstance(expr, Number | s.Basic | s.MatrixBase) or hasattr(expr, "_sympy_")
        whole = s.sympify(expr) if known else None
    except (s.SympifyError, TypeError, ValueError):
        whole = None
    if isinstance(whole, s.MatrixBase):
        whole = whole.as_immutable()
    if not isinstance(whole, s.Basic):
        hint = "Give one expression, as sympy.sin(x)."
        raise InputError(f"{told(expr)} is no expression of SymPy", hint=hint)
    try:
        return _Reader(s, _of_real_symbols(s, whole)).text()
    except RecursionError:
        hint = "Give its parts names, as sympy.cse does."
        raise InputError("the expression is nested too deeply for SymPy", hint=hint) from None
    except ValueError:
        raise InputError(f"{told(expr)} holds a number with thousands of digits") from None


def _of_real_symbols(s: Any, whole: Any) -> Any:
    """The expression with real symbols, where that of complex ones has real and imaginary parts."""
    parts = list(_Reader(s, whole).order())
    if not any(isinstance(part, s.re | s.im | s.arg | s.conjugate) for part in parts):
        return whole
    symbols = [part for part in parts if part.is_Symbol]
    return whole.xreplace({one: s.Dummy(one.name, real=True) for one in symbols}).doit()


class _Reader:
    def __init__(self, s: Any, whole: Any) -> None:
        self.s, self.whole = s, whole
        self.names: dict[Any, str] = {}
        self.shapes: dict[str, Any] = {}
        self.made: dict[Any, Tree] = {}
        self.sizes: dict[Any, int] = {}
        self.statements: list[Statement] = []

    def text(self) -> str:
        order = list(self.order())
        uses: dict[Any, int] = {}
        for part in order:
            for below in self._parts(part):
                uses[below] = uses.get(below, 0) + 1
        for part in order:
            self._name(part)
        temporaries = 0
        for part in order:
            tree = self._tree(part)
            size = 1 + sum(self.sizes[below] for below in self._parts(part))
            if size > _SHORT and uses.get(part, 0) > 1 and not isinstance(part, self.s.Tuple):
                temporaries += 1
                word = fitting(f"t{temporaries}", self.names.values())
                self.statements.append(assigned(name(word), tree))
                tree, size = name(word), 1
            self.made[part], self.sizes[part] = tree, size
        declarations = [
            declared(word, [self._size(size) for size in shape])
            for word, shape in self.shapes.items()
        ]
        whole = [*declarations, *self.statements, valued(self.made[self.whole])]
        changed = [f"# {new} is {old}\n" for old, new in self.names.items() if old.name != new]
        return "".join(changed) + unparse_statements(whole)

    def order(self) -> Iterator[Any]:
        """Every part once, after those that it is made of."""
        seen: set[Any] = set()
        stack = [(self.whole, False)]
        while stack:
            part, ready = stack.pop()
            if ready:
                yield part
            elif part not in seen:
                seen.add(part)
                stack.append((part, True))
                stack += [(below, False) for below in reversed(self._parts(part))]

    def _parts(self, part: Any) -> list[Any]:
        """What the tree of a part is made of, in the order in which it is written."""
        s, kind = self.s, type(part).__name__
        if part.is_Atom or kind == "MatrixSymbol":
            return []
        if kind == "ImmutableDenseMatrix":
            return [s.Tuple(*row) for row in part.tolist()]
        if kind == "Add":
            return [_unsigned(term) for term in part.as_ordered_terms()]
        if kind == "Mul":
            return [factor for row in _fraction(s, part) for factor in row]
        if kind == "Pow" and _is_negative(part.exp):
            return [1 / part]
        if kind == "Piecewise":
            return [piece for pair in part.args for piece in pair.args]
        if kind == "Derivative":
            return [part.expr, *(symbol for symbol, _ in part.variable_count)]
        if kind == "MatMul":
            coefficient, matrices = part.as_coeff_matrices()
            return [coefficient, *matrices]
        return list(part.args)

    def _name(self, part: Any) -> None:
        """Give a symbol its name, and a matrix its shape."""
        is_matrix = isinstance(part, self.s.MatrixSymbol)
        for symbol in (*part.shape, part) if is_matrix else (part,):
            if isinstance(symbol, self.s.Symbol | self.s.MatrixSymbol) and symbol not in self.names:
                self.names[symbol] = fitting(symbol.name, self.names.values())
        if is_matrix:
            self.shapes[self.names[part]] = part.shape

    def _size(self, size: Any) -> Tree:
        if size not in self.names and not size.is_Integer:
            self._refuse(size)
        return name(self.names[size]) if size in self.names else number(int(size))

    def _tree(self, part: Any) -> Tree:
        s, kind = self.s, type(part).__name__
        below = [self.made[other] for other in self._parts(part)]
        if part in self.names:
            return name(self.names[part])
        if part.is_Atom:
            return self._atom(part)
        if kind in _WRITTEN:
            return _WRITTEN[kind](s, part, below)
        if kind in SIGNS:
            return compared([SIGNS[kind]], below)
        if kind in JOINED:
            return in_turn(lambda x, y: operation(JOINED[kind], x, y), below)
        if kind in OF_POSITIVE and all(arg.is_nonnegative for arg in part.args):
            return OF_POSITIVE[kind](*below)
        if kind in MADE:
            return MADE[kind](*below)
        if kind in CALLED or (
            isinstance(part, s.core.function.AppliedUndef) and kind in functions()
        ):
            return call(CALLED.get(kind, kind), below)
        return self._refuse(part)

    def _atom(self, part: Any) -> Tree:
        s = self.s
        if part.is_Rational and part.q != 1 and _is_short(part):
            quotient = operation("divide", number(abs(part.p)), number(part.q))
            return quotient if part.p > 0 else negated(quotient)
        if part == s.E:
            return call("exp", [number(1)])
        if part in (s.pi, s.true, s.false):
            return name("pi" if part == s.pi else str(part))
        if part.is_number and (part.is_extended_real or part is s.nan):
            return number(float(s.Float(part)))
        return self._refuse(part)

    def _refuse(self, part: Any) -> NoReturn:
        text, shown = str(self.whole), str(part)
        start = text.find(shown)
        span = (start, start + len(shown)) if start >= 0 else (0, len(text))
        kind = type(part).__name__
        hint = _HINTS.get(kind) or "symgrad functions lists what the language knows."
        raise InputError(f"{kind} has no counterpart in formulas", text, span, hint)


_HINTS: Mapping[str, str] = {
    **dict.fromkeys(("Sum", "Product", "Integral", "Limit"), "Compute it first: expr.doit()."),
    **dict.fromkeys(
        ("ImaginaryUnit", "ComplexInfinity", "im", "arg"), "Formulas are of real numbers."
    ),
    "Indexed": "Write a symbol in its place.",
}


def _is_negative(part: Any) -> bool:
    """Whether its number, as the 2 of 2*x, is negative."""
    return bool(part.as_coeff_Mul()[0].is_extended_negative)


def _is_short(part: Any) -> bool:
    """Whether numerator and denominator of a rational number are doubles."""
    return bool(max(abs(part.p), part.q) <= _LARGEST_EXACT)


def _unsigned(term: Any) -> Any:
    return -term if _is_negative(term) else term


def _fraction(s: Any, product: Any) -> tuple[list[Any], list[Any]]:
    """The factors above the line and below it, without a sign."""
    coefficient, rest = product.as_coeff_Mul()
    size = -coefficient if coefficient.is_extended_negative else coefficient
    above, below = [size] * (size != 1), []
    if size.is_Rational and _is_short(size):
        above = [s.Integer(size.p)] * (size.p != 1)
        below = [s.Integer(size.q)] * (size.q != 1)
    for factor in rest.as_ordered_factors():
        is_divisor = factor.is_Pow and _is_negative(factor.exp)
        (below if is_divisor else above).append(1 / factor if is_divisor else factor)
    return above, below


def _product(s: Any, part: Any, factors: Sequence[Tree]) -> Tree:
    count = len(_fraction(s, part)[0])
    above = list(factors[:count]) or [number(1)]
    products = [
        in_turn(lambda x, y: operation("multiply", x, y), some)
        for some in (above, factors[count:])
        if some
    ]
    quotient = in_turn(lambda x, y: operation("divide", x, y), products)
    return negated(quotient) if _is_negative(part) else quotient


def _sum(s: Any, part: Any, below: Sequence[Tree]) -> Tree:
    total: Tree | None = None
    for term, tree in zip(part.as_ordered_terms(), below, strict=True):
        op = "subtract" if _is_negative(term) else "add"
        if total is None:
            total = tree if op == "add" else negated(tree)
        else:
            total = operation(op, total, tree)
    assert total is not None
    return total


def _power(s: Any, part: Any, below: Sequence[Tree]) -> Tree:
    if _is_negative(part.exp):
        return operation("divide", number(1), *below)
    if part.exp == s.Rational(1, 2):
        return call("sqrt", below[:1])
    return operation("power", *below)


def _pieces(s: Any, part: Any, below: Sequence[Tree]) -> Tree:
    """The last piece holds wherever none before it does; without one, there is no number."""
    complete = part.args[-1].cond == s.true
    result = below[-2] if complete else number(float("nan"))
    pairs = list(zip(below[::2], below[1::2], strict=True))
    for value, condition in reversed(pairs[:-1] if complete else pairs):
        result = call("where", [condition, value, result])
    return result


def _derivative(s: Any, part: Any, below: Sequence[Tree]) -> Tree:
    result, *symbols = below
    for symbol, (_, order) in zip(symbols, part.variable_count, strict=True):
        orders = [number(int(order))] if order != 1 else []
        result = call("derivative", [result, symbol, *orders])
    return result


def _matrix_product(s: Any, part: Any, below: Sequence[Tree]) -> Tree:
    matrices = in_turn(lambda x, y: operation("matmul", x, y), below[1:])
    return matrices if part.args[0].is_Matrix else operation("multiply", below[0], matrices)


def _polygamma(s: Any, part: Any, below: Sequence[Tree]) -> Tree:
    """By zeta, as in the NIST Handbook, 25.11.12."""
    order = part.args[0]
    if order == 0:
        return call("digamma", below[1:])
    scale = int((-1) ** (order + 1) * s.factorial(order))
    return operation("multiply", number(scale), call("zeta", [number(int(order) + 1), below[1]]))


_WRITTEN: Mapping[str, Callable[[Any, Any, Sequence[Tree]], Tree]] = {
    "Add": _sum,
    "Mul": _product,
    "Pow": _power,
    "Piecewise": _pieces,
    "Derivative": _derivative,
    "MatMul": _matrix_product,
    "polygamma": _polygamma,
    "MatPow": lambda s, part, below: call("matrix_power", below),
    "Transpose": lambda s, part, below: Tree("attribute", tuple(below), "T", (0, 0)),
    "MatrixElement": lambda s, part, below: Tree("index", tuple(below), (HOLE, HOLE), (0, 0)),
    "Tuple": lambda s, part, below: listed(below),
}
"""What is written with operators."""
