"""The public verbs: `function`, `grad`, `value_and_grad`, and `define`."""

from __future__ import annotations

import builtins
import keyword
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from symgrad.call import Caller, Kernel
from symgrad.collector import paused
from symgrad.document import KINDS, RESERVED, Layout, document, kernel_source, outputs_for
from symgrad.errors import DerivativeError, NameRuleError, SymgradError
from symgrad.extend import extend
from symgrad.faults import first_not_finite
from symgrad.formula import lower
from symgrad.functions import FunctionTable, builtin_functions
from symgrad.graph import Graph
from symgrad.leaves import is_elementwise
from symgrad.load import load
from symgrad.pipeline import Derived, Known, declared, derive, differentiated
from symgrad.resolve import needs_ranks
from symgrad.specialise import specialise
from symgrad.targets.numpy import NUMPY
from symgrad.targets.scalar import NAMESPACE, SCALAR

_VERBS = {"value": "function", "grad": "grad", "value_and_grad": "value_and_grad"}
_MAX_SCALAR_NODES = 20_000


class Compiled:
    """A formula, compiled: call it with numbers or arrays.

    Made by `function`, `grad` and `value_and_grad`. It never changes, so it may be shared among
    threads. Copies and pickles compile the formula again, with the functions that `define` had
    added when it was made; they are equal to it.
    """

    def __init__(
        self,
        kind: str,
        formula: str,
        wrt: str | Sequence[str] | None,
        exact: bool,
        table: FunctionTable,
    ) -> None:
        names = names_of(wrt)
        self._kind = kind
        self._wrt = wrt if wrt is None or isinstance(wrt, str) else tuple(names or ())
        self._exact = exact
        self._table = table
        self._formula = formula
        self._lowered = lower(formula, table)
        self._names = () if kind == "value" else names
        self._polymorphic: Derived | None = None
        known = declared(self._lowered)
        chosen = differentiated(self._lowered, self._names, formula, table)
        self._layout = layout_of(
            self._wrt, Derived(self._lowered.inputs, chosen, self._lowered.graph)
        )
        if not needs_ranks(self._lowered.graph) or known is not None:
            self._general()
        self._call = Caller(formula, self._lowered, table, self._kernel)

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The value, the derivatives, or both.

        Inputs are numbers, arrays or nested lists that broadcast together. Integers and booleans
        are promoted to float64; other types stay as they are, float32 as float32. Where types are
        mixed, the widest counts; a number of Python takes on the type of the arrays beside it.

        Numbers of Python give numbers of Python; all else gives NumPy scalars and arrays, which
        share memory with nothing. A condition gives 1.0 where it holds, else 0.0. Each derivative
        has the shape of its input.

        Raises
        ------
        InputError
            An input is missing, unknown or superfluous, holds no real numbers, or does not fit.
        """
        return self._call(args, inputs)

    def _general(self) -> Derived:
        """The graph for unknown or declared shapes, made once."""
        if self._polymorphic is None:
            self._polymorphic = derive(
                self._formula, self._names, self._table, self._exact, None, self._lowered
            )
        return self._polymorphic

    def _special(self, known: Known) -> Derived:
        """The graph for known shapes."""
        if not all(n.op == "input" or is_elementwise(n.op) for n in self._lowered.graph.nodes):
            return derive(
                self._formula, self._names, self._table, self._exact, known, self._lowered
            )
        general = self._general()
        with paused():
            return replace(
                general, graph=specialise(general.graph, known.infer(), self._exact, self._formula)
            )

    def _kernel(self, target: str, known: Known | None) -> Kernel | None:
        if target == "scalar":
            derived = self._general()
            if len(derived.graph.nodes) > _MAX_SCALAR_NODES:
                return None
            try:
                text = kernel_source(derived, self._kind, self._layout, self._table, SCALAR)
            except SymgradError:
                return None
            return load(text, self._kind, NAMESPACE)
        with paused():
            derived = self._general() if known is None else self._special(known)
            text = kernel_source(derived, self._kind, self._layout, self._table, NUMPY)
        return load(text, self._kind)

    @property
    def plans(self) -> int:
        """How many kernels were made for arrays: one for all sizes that broadcast alike."""
        return len(self._call.plans)

    @property
    def formula(self) -> str:
        """The text it was made from."""
        return self._formula

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs, in the order of first use and of positional arguments."""
        return self._lowered.inputs

    @property
    def wrt(self) -> tuple[str, ...]:
        """The names that derivatives are taken with respect to, in order; none for a value."""
        return self._layout.wrt if self._kind != "value" else ()

    def first_not_finite(self, inputs: Mapping[str, Any]) -> tuple[str, tuple[int, int]] | None:
        """What is nan or infinite first as the value is computed, in words, and its place."""
        return first_not_finite(self._lowered.graph, inputs, self._formula, self._table)

    @property
    def graph(self) -> Graph:
        """The graph of what it computes; `print` shows one operation a line."""
        return outputs_for(self._general().graph, self._kind)

    @property
    def source(self) -> str:
        """Its NumPy code as a file that stands alone, with `value`, `grad` and `value_and_grad`."""
        return self.render()

    def render(self, name: str | None = None) -> str:
        """The generated file; `name` renames the function that this object calls.

        Raises
        ------
        NameRuleError
            Python or the file itself has another use for the name.
        """
        derived, layout, kinds = self._general(), self._layout, list(KINDS)
        if self._kind == "value":
            try:
                derived = derive(self.formula, None, self._table, self._exact)
                layout = layout_of(None, derived)
            except DerivativeError:
                kinds = ["value"]
        if name is not None:
            _check_function_name(name, self._kind)
        names = [name if name and kind == self._kind else kind for kind in kinds]
        with paused():
            return document(self.formula, derived, layout, self._table, kinds, names)

    def save(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Write the generated file, in UTF-8; for `name` see `render`."""
        Path(path).write_bytes(self.render(name).encode("utf-8"))

    def __repr__(self) -> str:
        options = "" if self._wrt is None else f", wrt={self._wrt!r}"
        options += ", exact=True" if self._exact else ""
        return f"symgrad.{_VERBS[self._kind]}({self.formula!r}{options})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Compiled) and self._options == other._options

    def __hash__(self) -> int:
        return hash(self._options)

    def __reduce__(self) -> tuple[Any, ...]:
        return _compile_again, self._options

    @property
    def _options(self) -> tuple[Any, ...]:
        return self._kind, self._formula, self._wrt, self._exact, self._table.added


def _compile_again(
    kind: str, formula: str, wrt: Any, exact: bool, added: tuple[str, ...]
) -> Compiled:
    same = added == _table.added
    table = _table if same else extend(builtin_functions(), added)
    return Compiled(kind, formula, wrt, exact, table)


def names_of(wrt: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """The names in `wrt`, or None for all inputs."""
    if wrt is None:
        return None
    names: object = (wrt,) if isinstance(wrt, str) else wrt
    if not isinstance(names, Sequence) or not all(map(_is_name, names)):
        raise DerivativeError(
            f"wrt must be a name or a sequence of names, not {wrt!r:.40}",
            hint='Write wrt="x" or wrt=("x", "y").',
        )
    return tuple(names)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _check_function_name(name: str, kind: str) -> None:
    taken = {*RESERVED, *keyword.kwlist, *vars(builtins), *KINDS} - {kind}
    if not _is_name(name) or not name.isascii() or name in taken:
        raise NameRuleError(
            f"{name!r:.40} cannot be the name of the function",
            hint="Write a name that neither Python nor the generated file uses.",
        )


def layout_of(wrt: str | Sequence[str] | None, derived: Derived) -> Layout:
    """How `wrt` asks for the derivatives to be handed back."""
    if isinstance(wrt, str) or (wrt is None and len(derived.wrt) == 1):
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


def grad(formula: str, wrt: str | Sequence[str] | None = None, *, exact: bool = False) -> Compiled:
    """Compile a formula to its derivatives.

    Parameters
    ----------
    formula:
        Text in the formula language.
    wrt:
        A name gives the bare derivative, a sequence of names a tuple in that order. Nothing gives
        all inputs: bare where there is one, else a dict by name.
    exact:
        Keep to rewrites that are bit-identical, without those that are more accurate.

    Each derivative has the shape of its input. A value that is not a scalar is seeded with ones:
    the derivative is that of the sum of its elements.

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
    with _defining:
        _table = extend(_table, [line])


def functions() -> FunctionTable:
    """The functions that formulas may call now."""
    return _table
