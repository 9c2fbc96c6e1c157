"""The public verbs: `function`, `grad`, `value_and_grad`, the products, and `define`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

from symgrad.compiled import Compiled
from symgrad.errors import DerivativeError, SymgradError, told
from symgrad.functions import FunctionTable, builtin_functions
from symgrad.language.extend import extend
from symgrad.limits import Limits, compiling
from symgrad.targets import check_target

if TYPE_CHECKING:
    from symgrad.sparse import Sparse

Names = str | Sequence[str] | None
"""What to differentiate by: a name, several, or all inputs."""

Targeted = Compiled | Callable[..., Any]
"""A formula for NumPy, or a function of another target."""

_HIGHEST_ORDER = 99

_table: FunctionTable = builtin_functions()
_defining = Lock()

_MOST_KEPT = 256
_LONGEST_KEPT = 10_000
_recent: dict[object, Compiled] = {}
"""What was compiled lately, by all that it depends on."""
_keeping = Lock()


def _for(target: str, compiled: Compiled) -> Targeted:
    """What was compiled, for NumPy, or as a function of another target."""
    check_target(target)
    if target == "numpy":
        return compiled
    made: Callable[..., Any] = import_module("symgrad.running.targeted").targeted(compiled, target)
    return made


def _made(kind: str, formula: str, wrt: Names, exact: bool, what: str = "reverse") -> Compiled:
    """A formula, compiled, or what was compiled of the same text lately: it never changes."""
    chosen = tuple(wrt) if isinstance(wrt, list) else wrt
    plain = type(formula) is str and len(formula) <= _LONGEST_KEPT and type(exact) is bool
    names = chosen if isinstance(chosen, tuple) else (chosen,)
    if not plain or not all(name is None or type(name) is str for name in names):
        return Compiled(kind, formula, wrt, exact, _table, what)
    key = (kind, formula, chosen, exact, what, id(_table), Limits.current())
    found = _recent.get(key)
    if found is None:
        found = Compiled(kind, formula, wrt, exact, _table, what)
        with _keeping:
            while len(_recent) >= _MOST_KEPT:
                del _recent[next(iter(_recent))]
            _recent[key] = found
    return found


@overload
def function(formula: str, *, exact: bool = ...) -> Compiled: ...


@overload
def function(formula: str, *, exact: bool = ..., target: str) -> Targeted: ...


def function(
    formula: str, *, exact: bool = False, target: str = "numpy", custom: bool = False
) -> Targeted:
    """Compile a formula to its value.

    Parameters
    ----------
    formula, exact, target:
        As for `grad`.
    custom:
        For the targets jax and torch, a function with the derivative that symgrad makes, for use
        inside a larger model: `jax.custom_vjp`, or a `torch.autograd.Function`. Its inputs come by
        position.

    >>> function("x*y").inputs
    ('x', 'y')
    >>> function("x*y")(2.0, 3.0)
    6.0

    Raises
    ------
    SymgradError
        The formula is wrong; the message shows where. The target is none, or lacks an operation.
    """
    made = _made("value", formula, None, exact)
    if not custom:
        return _for(target, made)
    check_target(target)
    names = made.derived("grad", None, "reverse").wrt
    product = made.derived("value_and_grad", names, "vjp")
    found: Callable[..., Any] = import_module("symgrad.running.targeted").targeted(
        made, target, product
    )
    return found


@overload
def grad(
    formula: str | Compiled, wrt: Names = ..., *, order: int = ..., exact: bool = ...
) -> Compiled: ...


@overload
def grad(
    formula: str | Compiled, wrt: Names = ..., *, order: int = ..., exact: bool = ..., target: str
) -> Targeted: ...


def grad(
    formula: str | Compiled,
    wrt: Names = None,
    *,
    order: int = 1,
    exact: bool = False,
    target: str = "numpy",
) -> Targeted:
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
    target:
        What computes: "numpy", or "c", "numba", "jax", "torch", "array-api", as docs/targets.md
        tells. "c" and "numba" give an object that is called as this one is, and has its code in
        `source`; the others a function of the library's own arrays, for use inside it.

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
        return _for(target, formula.differentiated(wrt, order))
    if type(order) is not int or not 1 <= order <= _HIGHEST_ORDER:
        message = f"the order is a whole number from 1 to {_HIGHEST_ORDER}, not {told(order)}"
        raise DerivativeError(message)
    made = _made("grad", formula, wrt, exact, "reverse" if order == 1 else str(order))
    return _for(target, made)


@overload
def value_and_grad(formula: str, wrt: Names = ..., *, exact: bool = ...) -> Compiled: ...


@overload
def value_and_grad(
    formula: str, wrt: Names = ..., *, exact: bool = ..., target: str
) -> Targeted: ...


def value_and_grad(
    formula: str, wrt: Names = None, *, exact: bool = False, target: str = "numpy"
) -> Targeted:
    """Compile a formula to its value and derivatives, which share their work; see `grad`.

    >>> value_and_grad("x**2 + y", wrt=("x", "y"))(3.0, 1.0)
    (10.0, (6.0, 1.0))
    """
    return _for(target, _made("value_and_grad", formula, wrt, exact))


@overload
def vjp(formula: str, wrt: Names = ..., *, exact: bool = ...) -> Compiled: ...


@overload
def vjp(formula: str, wrt: Names = ..., *, exact: bool = ..., target: str) -> Targeted: ...


def vjp(formula: str, wrt: Names = None, *, exact: bool = False, target: str = "numpy") -> Targeted:
    """Compile a formula to its value and the product of a cotangent with its Jacobian.

    The cotangent comes first and has the shape of the value; all else is as for `grad`.

    >>> vjp("sin(x) * y", wrt=("x", "y"))(2.0, x=0.0, y=3.0)
    (0.0, (6.0, 0.0))
    """
    return _for(target, _made("value_and_grad", formula, wrt, exact, "vjp"))


@overload
def jvp(formula: str, wrt: Names = ..., *, exact: bool = ...) -> Compiled: ...


@overload
def jvp(formula: str, wrt: Names = ..., *, exact: bool = ..., target: str) -> Targeted: ...


def jvp(formula: str, wrt: Names = None, *, exact: bool = False, target: str = "numpy") -> Targeted:
    """Compile a formula to its value and the product of its Jacobian with a tangent.

    The tangent comes first and has the shape of its input: for several inputs, a tuple.

    >>> jvp("sin(x) * y", wrt=("x", "y"))((1.0, 2.0), x=0.0, y=3.0)
    (0.0, 3.0)
    """
    return _for(target, _made("value_and_grad", formula, wrt, exact, "jvp"))


@overload
def hvp(formula: str, wrt: Names = ..., *, exact: bool = ...) -> Compiled: ...


@overload
def hvp(formula: str, wrt: Names = ..., *, exact: bool = ..., target: str) -> Targeted: ...


def hvp(formula: str, wrt: Names = None, *, exact: bool = False, target: str = "numpy") -> Targeted:
    """Compile a formula to the product of the Hessian of its sum with a vector.

    The vector comes first and has the shape of its input: for several inputs, a tuple.

    >>> hvp("x**3 * y", wrt=("x", "y"))((1.0, 0.0), x=2.0, y=5.0)
    (60.0, 12.0)
    """
    return _for(target, _made("grad", formula, wrt, exact, "hvp"))


@overload
def jacobian(
    formula: str, wrt: Names = ..., *, sparse: bool = ..., exact: bool = ...
) -> Compiled | Sparse: ...


@overload
def jacobian(formula: str, wrt: Names = ..., *, exact: bool = ..., target: str) -> Targeted: ...


def jacobian(
    formula: str,
    wrt: Names = None,
    *,
    sparse: bool = False,
    exact: bool = False,
    target: str = "numpy",
) -> Targeted | Sparse:
    """Compile a formula to its Jacobian: for each input an array of shape `out.shape + in.shape`.

    `wrt` is as for `grad`: a name gives one array, a sequence a tuple of them. The work follows the
    structure: a parameter that all elements share costs one column, an elementwise map one pass,
    one number as value one reverse pass; what is left of rows is one program with a leading axis.

    Parameters
    ----------
    formula, wrt, exact, target:
        As for `grad`.
    sparse:
        Give `scipy.sparse.csr_array` of shape `(out.size, in.size)`, whose pattern is found from
        the formula, in as many products as its colouring needs. It needs SciPy: symgrad[sparse].

    >>> import numpy as np
    >>> jacobian("a * exp(-b*x)", ("a", "b"))(a=2.0, b=1.0, x=np.array([0.0, 1.0]))
    (array([1.        , 0.36787944]), array([-0.        , -0.73575888]))
    >>> jacobian("x**2", "x", sparse=True)(np.array([1.0, 2.0])).toarray()
    array([[2., 0.],
           [0., 4.]])

    Raises
    ------
    SymgradError
        The formula or `wrt` is wrong; the message shows where.
    """
    return _blocks(_made("grad", formula, wrt, exact, "jacobian"), sparse, target)


@overload
def hessian(
    formula: str, wrt: Names = ..., *, sparse: bool = ..., exact: bool = ...
) -> Compiled | Sparse: ...


@overload
def hessian(formula: str, wrt: Names = ..., *, exact: bool = ..., target: str) -> Targeted: ...


def hessian(
    formula: str,
    wrt: Names = None,
    *,
    sparse: bool = False,
    exact: bool = False,
    target: str = "numpy",
) -> Targeted | Sparse:
    """Compile a formula to the Hessian of its sum: an array of shape `a.shape + b.shape` a pair.

    A name in `wrt` gives one array, a sequence of names a tuple of rows, one for each name, which
    are tuples of blocks in that order. Blocks on both sides of the diagonal are computed once.
    `sparse` is as for `jacobian`: blocks of shape `(a.size, b.size)`.

    >>> hessian("x**2 * y", ("x", "y"))(x=3.0, y=5.0)
    ((10.0, 6.0), (6.0, 0.0))

    Raises
    ------
    SymgradError
        The formula or `wrt` is wrong; the message shows where.
    """
    return _blocks(_made("grad", formula, wrt, exact, "hessian"), sparse, target)


def _blocks(dense: Compiled, sparse: bool, target: str) -> Targeted | Sparse:
    """Patterns and colours are loaded when they are asked for, so that others do not wait."""
    if not sparse:
        return _for(target, dense)
    if target != "numpy":
        check_target(target)
        raise SymgradError(
            f"sparse matrices are those of SciPy, and the target {target} has none",
            hint="Leave out sparse=True, or the target.",
        )
    made: Sparse = import_module("symgrad.sparse").Sparse(dense)
    return made


@overload
def hessian_diag(formula: str, wrt: Names = ..., *, exact: bool = ...) -> Compiled: ...


@overload
def hessian_diag(formula: str, wrt: Names = ..., *, exact: bool = ..., target: str) -> Targeted: ...


def hessian_diag(
    formula: str, wrt: Names = None, *, exact: bool = False, target: str = "numpy"
) -> Targeted:
    """Compile a formula to the diagonal of the Hessian of its sum, in the shape of each input.

    >>> import numpy as np
    >>> hessian_diag("sum(x**3)")(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    return _for(target, _made("grad", formula, wrt, exact, "hessian_diag"))


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
