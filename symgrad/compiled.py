"""What the public verbs give: a formula, compiled."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.call import Caller, Kernel
from symgrad.collector import paused
from symgrad.differentiation.products import PROGRAMS, apart, seeds, takes_vectors
from symgrad.differentiation.specialise import specialise
from symgrad.errors import DerivativeError, InputError, LimitError, SymgradError
from symgrad.functions import FunctionTable, builtin_functions
from symgrad.graph import Graph
from symgrad.language.extend import extend
from symgrad.language.formula import lower
from symgrad.limits import Limits, compiling, limits_for, plain_text
from symgrad.load import load, source_of
from symgrad.pipeline import Derived, Known, declared, derive, differentiated
from symgrad.running.blocked import Program
from symgrad.running.faults import first_not_finite
from symgrad.running.floats import PROVIDED
from symgrad.running.programs import program
from symgrad.seeing.showing import Shown
from symgrad.shaping.leaves import all_elementwise
from symgrad.shaping.resolve import UndeclaredError
from symgrad.writing.document import (
    KINDS,
    PRODUCTS,
    Rendering,
    check_function_name,
    document,
    kernel_source,
    outputs_for,
)
from symgrad.writing.layout import Layout, flag, layout_of, names_of, path_of
from symgrad.writing.origin import origin
from symgrad.writing.plain_numbers import PlainNumbers
from symgrad.writing.quick import ABSENT, quick

if TYPE_CHECKING:
    from symgrad.data.chunks import Chunkable

Arrays = dict[str, np.ndarray[Any, Any]]

_VERBS = {"value": "function", "grad": "grad", "value_and_grad": "value_and_grad"}


class Compiled(Shown):
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
        what: str = "reverse",
    ) -> None:
        names = names_of(wrt)
        self._kind = kind
        self._what = what
        self._name = what.replace(" ", "_") if what in PRODUCTS else kind
        self._wrt = wrt if wrt is None or isinstance(wrt, str) else tuple(names or ())
        self._exact = flag("exact", exact)
        self._table = table
        self._formula = plain_text(formula)
        self._limits = Limits.current()
        self._names = () if kind == "value" else names
        self._polymorphic: Derived | None = None
        with compiling(self._limits), paused():
            self._compile()

    def _compile(self) -> None:
        """Everything that needs no inputs."""
        formula, table, what = self._formula, self._table, self._what
        self._lowered = lower(formula, table)
        known = declared(self._lowered)
        chosen = differentiated(self._lowered, self._names, formula, table)
        self._layout = layout_of(self._wrt, chosen)
        if what.isdecimal() and len(chosen) != 1:
            raise DerivativeError(
                "a derivative of higher order is taken by one input", formula, (0, len(formula)),
                'Name it: wrt="x".',
            )  # fmt: skip
        try:
            if known is None and what in PROGRAMS:
                self._derive(None, "reverse")
            else:
                self._general()
        except UndeclaredError:
            if known is not None:
                raise
        self._seeds, self._takes_vectors = seeds(what, chosen), takes_vectors(what)
        if what.startswith("jvp"):
            self._layout = Layout("bare", ("value",))
        if what == "hessian":
            self._layout = replace(self._layout, by_pairs=True)
        bound = replace(self._lowered, inputs=(*self._seeds, *self._lowered.inputs))
        self._call = Caller(
            formula, bound, table, self._limits, self._kernel, self._numbers, self._quicken,
            self._program,
            self._afar,
        )  # fmt: skip

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The value, the derivatives, or both.

        Inputs are numbers, arrays or nested lists that broadcast together. Integers and booleans
        are promoted to float64; other types stay as they are, float32 as float32. Where types are
        mixed, the widest counts; a number of Python takes on the type of the arrays beside it.

        Numbers of Python give numbers of Python; all else gives NumPy scalars and arrays, which
        share memory with nothing. A condition gives 1.0 where it holds, else 0.0. Each derivative
        has the shape of its input.

        Results are written to the arrays in `out`, if that is passed: laid out as the results are,
        of their shapes and types. They may be inputs, too. A formula with an input of the name
        `out` takes that instead.

        Raises
        ------
        InputError
            An input is missing, unknown or superfluous, holds no real numbers, or does not fit; or
            an array in `out` does not.
        """
        out = None
        if "out" in inputs and "out" not in self._call.inputs:
            out = inputs.pop("out")
        if self._takes_vectors:
            args = apart(args, self._what, self._seeds, self._formula)
        return self._call(args, inputs, out)

    def _general(self) -> Derived:
        """The graph for unknown or declared shapes, made once."""
        if self._polymorphic is None:
            self._polymorphic = self._derive(None, self._what)
        return self._polymorphic

    def _derive(self, known: Known | None, what: str) -> Derived:
        return derive(
            self._formula, self._names, self._table, self._exact, known, self._lowered, what
        )

    def _special(self, known: Known) -> Derived:
        """The graph for known shapes."""
        if not all_elementwise(self._lowered.graph.nodes) or self._what in PROGRAMS:
            return self._derive(known, self._what)
        general = self._general()
        with paused():
            found = known.infer()
            graph = specialise(general.graph, found, self._table, self._exact, self._formula)
            return replace(general, graph=graph)

    def _kernel(self, known: Known) -> tuple[Kernel, Graph]:
        with compiling(limits_for(self._limits)), paused():
            derived, name = self._special(known), self._name
            text = kernel_source(derived, self._kind, self._layout, self._table, name, PROVIDED)
            return load(text, name, PROVIDED), outputs_for(derived.graph, self._kind)

    def _numbers(self) -> PlainNumbers | None:
        known = Known(dict.fromkeys(self._lowered.inputs, ()))
        with compiling(limits_for(self._limits)), paused():
            derived = self._special(known) if self._what in PROGRAMS else self._general()
            try:
                return PlainNumbers(derived, self._kind, self._layout, self._table, self._name)
            except LimitError:
                raise
            except SymgradError:
                return None

    def _program(self, known: Known, rows: tuple[str, int] | None = None) -> Program | None:
        with compiling(limits_for(self._limits)), paused():
            derived = self._special(known)
            return program(derived, self._kind, self._layout, self._table, known, rows)

    def _afar(self, inputs: Mapping[str, Any], out: Any) -> Any:
        """The results for inputs that are not in memory; what computes them is loaded for them."""
        return import_module("symgrad.data.distributed").in_chunks(self.chunkable, inputs, out)

    @property
    def chunkable(self) -> Chunkable:
        """What chunks of data need of it."""
        again, options = self.__reduce__()
        made: Chunkable = import_module("symgrad.data.chunks").Chunkable(
            self._formula, self._lowered.graph, self._table, self._limits,
            self._call, self._program, again, options,
        )  # fmt: skip
        return made

    def _quicken(self, kernel: Kernel) -> None:
        """From now on, calls with plain numbers run the code for them at once."""
        method = quick(source_of(kernel))
        if method is not None:
            own = {"__call__": method, "__doc__": Compiled.__doc__, "__module__": __name__}
            self.__class__ = type("Compiled", (Compiled,), own)

    def _slowly(self, given: tuple[Any, ...], more: Any, named: Mapping[str, Any]) -> Any:
        return Compiled.__call__(self, *[v for v in given if v is not ABSENT], *more, **named)

    def differentiated(self, wrt: str | Sequence[str] | None = None, order: int = 1) -> Compiled:
        """The derivative of this value or derivative, of a further order."""
        if self._kind == "value_and_grad" or self._what in PRODUCTS:
            raise DerivativeError("only a value or a derivative is differentiated again")
        before = 0 if self._kind == "value" else int(self._what) if self._what.isdecimal() else 1
        by = self._wrt if wrt is None else wrt
        what = "reverse" if before + order == 1 else str(before + order)
        return Compiled("grad", self._formula, by, self._exact, self._table, what)

    def bound(self, args: tuple[Any, ...], inputs: Mapping[str, Any]) -> Arrays:
        """Arguments by position and by name, as arrays by name; vectors among them."""
        return self._call.bound(apart(args, self._what, self._seeds, self._formula), inputs)

    def passed(self, args: tuple[Any, ...], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by position and by name, as they are, by name; vectors among them."""
        return self._call.passed(apart(args, self._what, self._seeds, self._formula), inputs)

    def known(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Known:
        """What such inputs tell before anything runs."""
        return self._call.known(arrays)

    def program(self, wrt: tuple[str, ...], arrays: Mapping[str, np.ndarray[Any, Any]]) -> Graph:
        """The graph of the value and of some derivatives, for such inputs."""
        known = self.known(arrays)
        return derive(self._formula, wrt, self._table, self._exact, known, self._lowered).graph

    def shape_of_value(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> tuple[int, ...]:
        """The shape of the formula's value, as far as possible without computing it."""
        graph = self._lowered.graph
        shape = self.known(arrays).check(graph, self._formula).shapes[graph.outputs[0]]
        if shape is None or None in shape:
            return np.shape(self.derived("value", None, "reverse")(**arrays))
        return tuple(size for size in shape if size is not None)

    def derived(self, kind: str, wrt: tuple[str, ...] | None, what: str) -> Compiled:
        """The same formula with the same functions, compiled to something else."""
        with self._limits:
            return Compiled(kind, self._formula, wrt, self._exact, self._table, what)

    @property
    def plans(self) -> int:
        """How many kernels were made for arrays: one for all sizes that broadcast alike."""
        return len(self._call.plans)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The text of the code that calls have used so far: for numbers, arrays, large arrays."""
        return self._call.sources()

    @property
    def what(self) -> str:
        """Which derivatives it gives: those of the reverse pass, an order, a product, blocks."""
        return self._what

    @property
    def table(self) -> FunctionTable:
        """The functions that it was compiled with."""
        return self._table

    @property
    def lowered(self) -> Graph:
        """The graph of the formula as it was written."""
        return self._lowered.graph

    @property
    def layout(self) -> Layout:
        """How derivatives are handed back."""
        return self._layout

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
        if self._what.startswith("jvp"):
            return differentiated(self._lowered, self._names, self._formula, self._table)
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
        if name is not None:
            check_function_name(name, self._name)
        with compiling(limits_for(self._limits)), paused():
            return document(self.rendering(name), self._table)

    def rendering(
        self, name: str | None = None, general: bool = False, known: Known | None = None
    ) -> Rendering:
        """What a file of this holds: the functions, and what they are called.

        With `general` they are made for all shapes, whatever is declared, with `known` for some.
        """
        layout, kinds = self._layout, list(KINDS)
        lowered = replace(self._lowered, shapes={}) if general else self._lowered
        made = partial(derive, self._formula, table=self._table, exact=self._exact, lowered=lowered)
        whole = not (general or known)
        derived = self._general() if whole else made(self._names, what=self._what, known=known)
        if self._what in PRODUCTS:
            kinds = [self._kind]
        if self._kind == "value":
            try:
                derived = made(None, known=known)
                layout = layout_of(None, derived.wrt)
            except (DerivativeError, InputError):  # as of a wide matrix: qr has none
                kinds = ["value"]
        called = {kind: kind for kind in kinds} | {self._kind: name or self._name}
        derived = replace(derived, shapes=self._lowered.shapes)
        made_by = origin(self._verb, self._formula, *self._options[2:])
        return Rendering(self._formula, derived, layout, called, self._kind, made_by)

    def save(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Write the generated file, in UTF-8; for `name` see `render`."""
        path_of(path).write_bytes(self.render(name).encode("utf-8"))

    def to_sympy(self, symbols: Mapping[str, Any] | None = None) -> Any:
        """Its value or derivatives as expressions of SymPy; see `symgrad.to_sympy`."""
        return import_module("symgrad.exchange.sympy_writing").to_sympy(self, symbols)

    def __repr__(self) -> str:
        options = "" if self._wrt is None else f", wrt={self._wrt!r}"
        options += ", exact=True" if self._exact else ""
        options += f", order={self._what}" if self._what.isdecimal() else ""
        return f"symgrad.{self._verb}({self.formula!r}{options})"

    @property
    def _verb(self) -> str:
        return self._what if self._what in PRODUCTS else _VERBS[self._kind]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Compiled) and self._options == other._options

    def __hash__(self) -> int:
        return hash(self._options)

    def __reduce__(self) -> tuple[Any, ...]:
        return _compile_again, (*self._options, self._limits)

    @property
    def _options(self) -> tuple[Any, ...]:
        return self._kind, self._formula, self._wrt, self._exact, self._table.added, self._what


@lru_cache(maxsize=32)
def table_with(added: tuple[str, ...]) -> FunctionTable:
    """The functions of the language, and those that were added to it."""
    return extend(builtin_functions(), added)


def _compile_again(
    kind: str,
    formula: str,
    wrt: Any,
    exact: bool,
    added: tuple[str, ...],
    what: str,
    limits: Limits,
) -> Compiled:
    with limits:
        return Compiled(kind, formula, wrt, exact, table_with(added), what)
