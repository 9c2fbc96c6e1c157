"""The public verbs: `function`, `grad`, `value_and_grad`, and `define`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from symgrad.call import Caller, Kernel
from symgrad.document import KINDS, Layout, document, kernel_source, outputs_for
from symgrad.errors import DerivativeError, SymgradError
from symgrad.extend import extend
from symgrad.functions import FunctionTable, builtin_functions
from symgrad.graph import Graph
from symgrad.load import load
from symgrad.pipeline import Derived, derive
from symgrad.targets.numpy import NUMPY
from symgrad.targets.scalar import NAMESPACE, SCALAR

_VERBS = {"value": "function", "grad": "grad", "value_and_grad": "value_and_grad"}
_MAX_SCALAR_NODES = 20_000


class Compiled:
    """A formula, compiled: call it with numbers or arrays.

    Made by `function`, `grad` and `value_and_grad`. It never changes, so it may be shared among
    threads; copies and pickles compile the formula again.

    Attributes
    ----------
    formula:
        The text it was made from.
    inputs:
        The names of its inputs, in the order of first use and of positional arguments.
    wrt:
        The names that derivatives are taken with respect to, in order.
    """

    def __init__(
        self,
        kind: str,
        formula: str,
        wrt: str | Sequence[str] | None,
        exact: bool,
        table: FunctionTable,
    ) -> None:
        names = _names(wrt)
        self._kind = kind
        self._wrt = wrt if wrt is None or isinstance(wrt, str) else tuple(names or ())
        self._exact = exact
        self._table = table
        self._derived = derive(formula, () if kind == "value" else names, table, exact)
        self._layout = _layout(self._wrt, self._derived)
        self.formula = formula
        self.inputs: tuple[str, ...] = self._derived.inputs
        self.wrt: tuple[str, ...] = self._derived.wrt
        self._call = Caller(formula, self.inputs, self._derived.graph, self._kernel)

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The value, the derivatives, or both.

        Inputs are numbers, arrays or nested lists that broadcast together. Integers and booleans are
        promoted to float64; float32 stays float32. Numbers of Python give numbers of Python.

        Raises
        ------
        InputError
            An input is missing, unknown or superfluous, holds no real numbers, or does not fit.
        """
        return self._call(args, inputs)

    def _kernel(self, target: str) -> Kernel | None:
        if target == "scalar":
            if len(self._derived.graph.nodes) > _MAX_SCALAR_NODES:
                return None
            try:
                text = kernel_source(
                    self._derived, self._kind, self._layout, self._table, SCALAR
                )
            except SymgradError:
                return None
            return load(text, self._kind, NAMESPACE)
        text = kernel_source(self._derived, self._kind, self._layout, self._table, NUMPY)
        return load(text, self._kind)

    @property
    def graph(self) -> Graph:
        """The graph of what it computes; `print` shows one operation a line."""
        return outputs_for(self._derived.graph, self._kind)

    @property
    def source(self) -> str:
        """Its NumPy code as a file that stands alone, with `value`, `grad` and `value_and_grad`."""
        return self.render()

    def render(self, name: str | None = None) -> str:
        """The generated file; `name` renames the function that this object calls."""
        derived, layout, kinds = self._derived, self._layout, list(KINDS)
        if self._kind == "value":
            try:
                derived = derive(self.formula, None, self._table, self._exact)
                layout = _layout(None, derived)
            except DerivativeError:
                kinds = ["value"]
        names = [name if name and kind == self._kind else kind for kind in kinds]
        if len(set(names)) < len(names) or not all(n.isidentifier() for n in names):
            raise SymgradError(
                f"{name} cannot be the name of the function", hint="Choose another name."
            )
        return document(self.formula, derived, layout, self._table, kinds, names)

    def save(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Write `source` to a file, in UTF-8; `name` renames the function that this object calls."""
        Path(path).write_bytes(self.render(name).encode("utf-8"))

    def __repr__(self) -> str:
        options = "" if self._wrt is None else f", wrt={self._wrt!r}"
        options += ", exact=True" if self._exact else ""
        return f"symgrad.{_VERBS[self._kind]}({self.formula!r}{options})"

    def __reduce__(self) -> tuple[Any, ...]:
        state = (self._kind, self.formula, self._wrt, self._exact, self._table.added)
        return _compile_again, state


def _compile_again(
    kind: str, formula: str, wrt: Any, exact: bool, added: tuple[str, ...]
) -> Compiled:
    same = added == _table.added
    table = _table if same else extend(builtin_functions(), added)
    return Compiled(kind, formula, wrt, exact, table)


def _names(wrt: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if wrt is None:
        return None
    names = (wrt,) if isinstance(wrt, str) else wrt
    if not isinstance(names, Sequence) or not all(isinstance(n, str) for n in names):
        raise DerivativeError(
            "wrt must be a name or a sequence of names", hint='Write wrt="x" or wrt=("x", "y").'
        )
    return tuple(names)


def _layout(wrt: str | tuple[str, ...] | None, derived: Derived) -> Layout:
    if isinstance(wrt, str) or (wrt is None and len(derived.inputs) == 1):
        return Layout("bare", derived.wrt)
    return Layout("dict" if wrt is None else "tuple", derived.wrt)


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
    formula: str, wrt: str | Sequence[str] | None = None, *, exact: bool = False
) -> Compiled:
    """Compile a formula to its derivatives.

    Parameters
    ----------
    formula:
        Text in the formula language.
    wrt:
        A name gives the bare derivative, a sequence of names a tuple in that order. Nothing gives all
        inputs: bare where there is one, else a dict by name.
    exact:
        Keep to rewrites that are bit-identical, without those that are more accurate.

    Each derivative has the shape of its input. A value that is not a scalar is seeded with ones: the
    derivative is that of the sum of its elements.

    >>> grad("exp(x**2)**2")(0.5)
    3.297442541400256

    Raises
    ------
    SymgradError
        The formula or `wrt` is wrong; the message shows where.
    """
    return Compiled("grad", formula, wrt, exact, _table)


def value_and_grad(
    formula: str, wrt: str | Sequence[str] | None = None, *, exact: bool = False
) -> Compiled:
    """Compile a formula to its value and derivatives, which share their work; see `grad`.

    >>> value_and_grad("x**2 + y", wrt=("x", "y"))(3.0, 1.0)
    (10.0, (6.0, 1.0))
    """
    return Compiled("value_and_grad", formula, wrt, exact, _table)


def define(line: str) -> None:
    """Add a function to the language: `f(x, y) = definition : d/dx, d/dy`.

    The derivatives may use the parameters, `out` for the value and `g` for the cotangent; without
    them they are taken from the definition. Functions of the language itself cannot be redefined.

    >>> define("softsign(x) = x / (1 + abs(x)) : 1 / (1 + abs(x))**2")
    >>> grad("softsign(3*x)")(0.0)
    3.0

    Raises
    ------
    DefinitionError
        The line is not a definition, or lacks a derivative.
    """
    global _table
    with _defining:
        _table = extend(_table, [line])


def functions() -> FunctionTable:
    """The functions that formulas may call now."""
    return _table
