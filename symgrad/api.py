"""The public verbs: `function`, `grad`, `value_and_grad`, the products, and `define`."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from symgrad.compiled import Compiled
from symgrad.errors import DerivativeError, told
from symgrad.extend import extend
from symgrad.functions import FunctionTable, builtin_functions
from symgrad.limits import Limits, compiling

_HIGHEST_ORDER = 99

_table: FunctionTable = builtin_functions()
_defining = Lock()


def function(formula: str, *, exact: bool = False) -> Compiled:
    """Compile a formula to its value.

    >>> function("x*y").inputs
    ('x', 'y')
    >>> function("x*y")(2.0, 3.0)
    6.0

    Raises
    ------
    SymgradError
        The formula is wrong; the message shows where.
    """
    return Compiled("value", formula, None, exact, _table)


def grad(
    formula: str | Compiled,
    wrt: str | Sequence[str] | None = None,
    *,
    order: int = 1,
    exact: bool = False,
) -> Compiled:
    """Compile a formula to its derivatives.

    Parameters
    ----------
    formula:
        Text in the formula language, or what `function` or `grad` made: a derivative by one input
        is differentiated again.
    wrt:
        A name gives the bare derivative, a sequence of names a tuple in that order. Nothing gives
        all inputs: bare where there is one, else a dict by name.
    order:
        How many times to differentiate; more than once by one input only.
    exact:
        Keep to rewrites that are bit-identical, without those that are more accurate.

    Each derivative has the shape of its input. A value that is not a scalar is seeded with ones:
    the derivative is that of the sum of its elements.

    >>> grad("exp(x**2)**2")(0.5)
    3.297442541400256
    >>> grad(grad("sin(x)**3"))(0.5) == grad("sin(x)**3", order=2)(0.5)
    True

    Raises
    ------
    SymgradError
        The formula or `wrt` is wrong; the message shows where.
    """
    if isinstance(formula, Compiled):
        return formula.differentiated(wrt, order)
    if type(order) is not int or not 1 <= order <= _HIGHEST_ORDER:
        message = f"the order is a whole number from 1 to {_HIGHEST_ORDER}, not {told(order)}"
        raise DerivativeError(message)
    return Compiled("grad", formula, wrt, exact, _table, "reverse" if order == 1 else str(order))


def value_and_grad(
    formula: str, wrt: str | Sequence[str] | None = None, *, exact: bool = False
) -> Compiled:
    """Compile a formula to its value and derivatives, which share their work; see `grad`.

    >>> value_and_grad("x**2 + y", wrt=("x", "y"))(3.0, 1.0)
    (10.0, (6.0, 1.0))
    """
    return Compiled("value_and_grad", formula, wrt, exact, _table)


def vjp(formula: str, wrt: str | Sequence[str] | None = None, *, exact: bool = False) -> Compiled:
    """Compile a formula to its value and the product of a cotangent with its Jacobian.

    The cotangent comes first and has the shape of the value; `wrt` is as for `grad`.

    >>> vjp("sin(x) * y", wrt=("x", "y"))(2.0, x=0.0, y=3.0)
    (0.0, (6.0, 0.0))
    """
    return Compiled("value_and_grad", formula, wrt, exact, _table, "vjp")


def jvp(formula: str, wrt: str | Sequence[str] | None = None, *, exact: bool = False) -> Compiled:
    """Compile a formula to its value and the product of its Jacobian with a tangent.

    The tangent comes first and has the shape of its input: for several inputs, a tuple.

    >>> jvp("sin(x) * y", wrt=("x", "y"))((1.0, 2.0), x=0.0, y=3.0)
    (0.0, 3.0)
    """
    return Compiled("value_and_grad", formula, wrt, exact, _table, "jvp")


def hvp(formula: str, wrt: str | Sequence[str] | None = None, *, exact: bool = False) -> Compiled:
    """Compile a formula to the product of the Hessian of its sum with a vector.

    The vector comes first and has the shape of its input: for several inputs, a tuple.

    >>> hvp("x**3 * y", wrt=("x", "y"))((1.0, 0.0), x=2.0, y=5.0)
    (60.0, 12.0)
    """
    return Compiled("grad", formula, wrt, exact, _table, "hvp")


def define(line: str) -> None:
    """Add a function to the language: `f(x, y) = definition : d/dx, d/dy`.

    The derivatives may use the parameters, `out` for the value and `g` for the cotangent; without
    them they are taken from the definition. `none` stands for a derivative that does not exist. A
    function that was added may be defined again: what was compiled before keeps the old one.
    Functions of the language itself cannot be redefined.

    >>> define("softsign(x) = x / (1 + abs(x)) : 1 / (1 + abs(x))**2")
    >>> grad("softsign(3*x)")(0.0)
    3.0

    Raises
    ------
    DefinitionError
        The line is not a definition, is recursive, lacks a derivative or has one that is not linear
        in `g`; or its name is taken.
    SymgradError
        A child of it, as for formulas: the message shows the place in the line.
    """
    global _table
    with _defining, compiling(Limits.current()):
        _table = extend(_table, [line])


def functions() -> FunctionTable:
    """The functions that formulas may call now."""
    return _table
