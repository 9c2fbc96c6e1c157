"""Calling a compiled formula: binding arguments, and choosing the code for what was passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from symgrad.collector import paused
from symgrad.data.sources import is_source
from symgrad.errors import InputError, LimitError, OutOfMemoryError, Span, did_you_mean
from symgrad.functions import FunctionTable
from symgrad.graph import Graph
from symgrad.language.declarations import check_declared
from symgrad.language.formula import Lowered
from symgrad.limits import Limits, compiling, limits_for, memory_error
from symgrad.load import source_of
from symgrad.pipeline import Known, index_inputs
from symgrad.running.blocked import Program
from symgrad.running.contents import NUMBERS, all_numbers, as_array, contents, is_masked
from symgrad.running.crew import threads
from symgrad.running.faults import FAULTS, fault
from symgrad.running.into import store
from symgrad.running.repeated import Repeated
from symgrad.running.results import plain, unwarned
from symgrad.running.runner import Flattened, Runner
from symgrad.shapes import Inference
from symgrad.shaping.leaves import all_elementwise
from symgrad.shaping.misfit import Shape, agrees, product
from symgrad.writing.loops import PRODUCTS
from symgrad.writing.memory import Estimate, estimate, largest_of
from symgrad.writing.plain_numbers import PlainNumbers
from symgrad.writing.quick import REFUSED

Array = np.ndarray[Any, Any]
Kernel = Callable[..., Any]

_IN_MEMORY = NUMBERS | {np.ndarray, np.float64}
_KNOWN_SHAPES = 256
SMALL = 2**20
"""Bytes that a call may take without a second look at its shapes."""

LEAST = 2**5
"""As LARGE, where a map over elements is called again with such shapes: it is one block then."""

LARGE = 2**12
"""Numbers in the largest array of a call from which on it is run in blocks."""

MULTIPLIED = 2**11
"""As LARGE, where matrices are multiplied: NumPy's functions then have enough to do for buffers
that are kept to pay."""


class Caller:
    """Runs a formula's code on what it is given.

    Numbers of Python go to code of the math module; where that raises, and for all else, NumPy's
    code is run. Both are made when they are first needed. Threads that need the same code at the
    same time may each make it: what they make is alike, and the last one stays.

    Parameters
    ----------
    text, inputs:
        The formula, and the names of its inputs in the order of positional arguments.
    lowered:
        The formula's graph as it was written.
    table:
        The functions that it calls.
    make:
        Gives the code for arrays, for what is known of the inputs, and its graph.
    numbers:
        Gives the code for plain numbers; None where there is none.
    quicken:
        Is given the code for plain numbers when they come a second time.
    program:
        Gives the code in blocks for what is known of the inputs; None where there is none.
    afar:
        Gives the results for inputs by name, some not in memory; in the arrays of `out`.
    """

    def __init__(
        self,
        text: str,
        lowered: Lowered,
        table: FunctionTable,
        limits: Limits,
        make: Callable[[Known], tuple[Kernel, Graph]],
        numbers: Callable[[], PlainNumbers | None],
        quicken: Callable[[Kernel], None],
        program: Callable[[Known], Program | None],
        afar: Callable[[Mapping[str, Any], Any], Any],
    ) -> None:
        self._text = text
        self.inputs = lowered.inputs
        self._count = len(lowered.inputs)
        self._lowered = lowered
        self._table = table
        self._graph = lowered.graph
        self._limits = limits
        self._make = make
        self._make_numbers = numbers
        self._quicken = quicken
        self._program = program
        self._afar = afar
        self._indices = index_inputs(lowered.graph)
        self._serving = self._indices | {
            str(node.args[0].value)
            for node in lowered.graph.nodes
            if node.op == "integer" and node.args[0].op == "input"
        }
        self._repeated = Repeated(lowered.inputs, self._serving, limits)
        self._elementwise = self._takes_scalars = all_elementwise(lowered.graph.nodes)
        self._numbers: PlainNumbers | None = None
        self._scalar: Kernel | None = None
        self._kernels: dict[object, tuple[Kernel, Estimate]] = {}
        self.plans: dict[object, Kernel] = {}
        self.programs: dict[object, Program | None] = {}
        self._once: set[object] = set()
        self._graphs: WeakKeyDictionary[Kernel, Graph] = WeakKeyDictionary()

    def __call__(
        self, args: tuple[object, ...], named: Mapping[str, object], out: Any = None
    ) -> Any:
        """The results for arguments by position and by name, in the arrays of `out` if given.

        An InputError for an input that is missing, unknown, given twice, no real number, or that
        does not fit, and for an `out` that does not.
        """
        if named or len(args) != self._count:
            args = self._bind(args, named)
        if out is None:
            found = self._repeated(args)
            if found is not None:
                return found
        if out is not None:
            far, given = any(map(is_source, args)), dict(zip(self.inputs, args, strict=True))
            store(self._afar(given, out) if far else self._on_arrays(args, out), out, self._wrong)
            return out
        numbers = NUMBERS.issuperset(map(type, args))
        if numbers and self._takes_scalars:
            kernel = self._scalar or self._for_numbers()
            if kernel is not None:
                try:
                    return kernel(*map(float, args))  # type: ignore[arg-type]  # numbers
                except REFUSED:
                    pass
        if not _IN_MEMORY.issuperset(map(type, args)) and any(map(is_source, args)):
            return self._afar(dict(zip(self.inputs, args, strict=True)), None)
        return plain(self._on_arrays(args), numbers)

    def bound(self, args: tuple[object, ...], named: Mapping[str, object]) -> dict[str, Array]:
        """The arguments as arrays, by name."""
        return {n: self._array_of(n, v) for n, v in self.passed(args, named).items()}

    def passed(self, args: tuple[object, ...], named: Mapping[str, object]) -> dict[str, object]:
        """The arguments as they are, by name."""
        return dict(zip(self.inputs, self._bind(args, named), strict=True))

    def fitted(self, known: Known) -> Inference:
        """The shapes in the formula; an InputError where those of the inputs do not fit."""
        check_declared(self._lowered.shapes, known.shapes, self._text)
        inferred = known.check(self._graph, self._text)
        self._check_vectors(known.shapes, inferred.shapes[self._graph.outputs[0]])
        return inferred

    def known(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Known:
        """What such inputs tell before anything runs."""
        whole = {n: arrays[n] for n in self._indices if arrays[n].dtype.kind != "b"}
        numbers = {n: int(a) for n, a in whole.items() if not a.shape and np.isfinite(a)}
        kinds = {name: arrays[name].dtype.kind for name in self._serving}
        kinds = {n: kind for n, kind in kinds.items() if kind == "b" or n in self._indices}
        return Known({name: array.shape for name, array in arrays.items()}, kinds, numbers)

    def sources(self) -> tuple[str, ...]:
        """The text of all code that was made: for numbers, for arrays, for large arrays."""
        kernels = [*([self._code()] if self._numbers else []), *self.plans.values()]
        programs = [program for program in self.programs.values() if program is not None]
        return (*map(source_of, kernels), *[text for p in programs for text in p.sources])

    def _for_numbers(self) -> Kernel | None:
        """What runs the steps one by one; from the second call on, when more are to be expected,
        the code."""
        if self._numbers is None:
            self._numbers = self._make_numbers()
            self._takes_scalars = self._numbers is not None
            return self._numbers
        self._scalar = self._code()
        self._quicken(self._scalar)
        return self._scalar

    def _code(self) -> Kernel:
        assert self._numbers is not None
        with compiling(limits_for(self._limits)), paused():
            return self._numbers.code()

    def _on_arrays(self, args: tuple[object, ...], out: Any = None) -> Any:
        arrays: list[Any] = [
            v if type(v) is np.ndarray and v.dtype.kind in "fiub" else self._array_of(n, v)
            for n, v in zip(self.inputs, args, strict=True)
        ]
        shapes = tuple([array.shape for array in arrays])
        known = None if self._serving else self._kernels.get(shapes)
        seen, limits = known is not None, limits_for(self._limits)
        if known is None:
            with compiling(limits):
                known = self._kernel_for(arrays, shapes)
        if seen or self._serving:
            self._repeated.remember(args, known)
        kernel, memory = known
        if memory.needed > limits.memory:
            raise self._too_large(memory)
        # A number of Python takes on the type of the arrays beside it; an array of one does not.
        values = [a.item() if type(v) in NUMBERS else a for v, a in zip(args, arrays, strict=True)]
        try:
            if isinstance(kernel, Runner):
                most = threads(limits.threads) if kernel.shares else 1
                return kernel(*values, threads=most, out=out)
            return kernel(*values)
        except FAULTS as error:
            given = dict(zip(self.inputs, values, strict=True))
            raise fault(self._graph, given, self._text, self._table, error) from None
        except MemoryError:
            message = "there is not enough memory for the arrays of this call"
            hint = "Pass smaller arrays."
            raise OutOfMemoryError(message, self._text, self._span(""), hint) from None

    def _kernel_for(
        self, arrays: list[np.ndarray[Any, Any]], shapes: tuple[Shape, ...]
    ) -> tuple[Kernel, Estimate]:
        """The code for all sizes that broadcast in the same way, and the memory its arrays take."""
        named = dict(zip(self.inputs, arrays, strict=True))
        for name in self._indices:
            self._check_whole(name, named[name])
        known = self.known(named)
        kinds = known.kinds
        key = (shapes, *known.numbers.items(), *kinds.items()) if self._serving else shapes
        found = self._kernels.get(key)
        if found is None:
            inferred = self.fitted(known)
            plan = (inferred.pattern(), *kinds.items())
            kernel = self.plans.get(plan)
            if kernel is None:
                kernel = self._make_plan(plan, known)
            graph = self._graphs[kernel]
            if not all(array.size for array in arrays):
                kernel = unwarned(kernel)
            # Small arrays need no second look at the shapes.
            memory = Estimate(largest_of(self._graph.nodes, inferred) * len(graph.nodes))
            if memory.needed > SMALL:
                memory = estimate(graph, known.infer())
                least = LARGE if PRODUCTS.isdisjoint(n.op for n in graph.nodes) else MULTIPLIED
                empty = any(0 in (shape or ()) for shape in (*shapes, *inferred.shapes.values()))
                if (product(memory.shape) or 0) >= least and not empty:
                    kernel = self._flattened(plan, known, kernel)
                if isinstance(kernel, Runner):
                    memory = Estimate(kernel.needed, memory.largest, memory.shape)
            most = max([array.size for array in arrays], default=0)
            if self._elementwise and most >= LEAST and not isinstance(kernel, Runner):
                if key not in self._once:
                    self._once = {key, *(self._once if len(self._once) < _KNOWN_SHAPES else ())}
                    return kernel, memory
                run = self._in_blocks(plan, known, kernel)
                kernel = run if isinstance(run, Runner) and run.is_map else kernel
            if len(self._kernels) >= _KNOWN_SHAPES:
                self._kernels.clear()
            found = self._kernels[key] = kernel, memory
        return found

    def _make_plan(self, plan: object, known: Known) -> Kernel:
        kernel, graph = self._make(known)
        if len(self.plans) >= _KNOWN_SHAPES:
            self.plans.clear()
        self._graphs[kernel] = graph
        self.plans[plan] = kernel
        return kernel

    def _in_blocks(self, plan: object, known: Known, plain: Kernel) -> Kernel:
        """The code in blocks for large arrays, where there is such; else the plain code."""
        program = self._planned(plan, known)
        return plain if program is None else Runner(program, known.infer(), plain)

    def _flattened(self, plan: object, known: Known, plain: Kernel) -> Kernel:
        """The same, for elements of arrays of one shape as if they had one axis."""
        flat = known.flat() if self._elementwise and not self._lowered.shapes else None
        program = None if flat is None else self._planned((plan, "flat"), flat)
        if flat is None or program is None:
            return self._in_blocks(plan, known, plain)
        otherwise = partial(self._in_blocks, plan, known, plain)
        most = max(known.shapes.values(), key=len)
        run = Flattened(program, flat.infer(), plain, most, otherwise)
        return run if run.has_rows else otherwise()

    def _planned(self, plan: object, known: Known) -> Program | None:
        if plan not in self.programs:
            if len(self.programs) >= _KNOWN_SHAPES:
                self.programs.clear()
            self.programs[plan] = self._program(known)
        return self.programs[plan]

    def _check_vectors(self, sizes: Mapping[str, Shape], value: Shape | None) -> None:
        """A cotangent has the shape of the value, a tangent that of its input."""
        for name in self.inputs:
            owner, _, kind = name.partition(" ")
            wanted = value if owner == "cotangent" else sizes.get(owner)
            given = sizes[name][1:] if kind.endswith("rows") else sizes[name]
            if kind and wanted is not None and not agrees(given, wanted):
                of = "the value" if owner == "cotangent" else owner
                message = f"the {name} has shape {sizes[name]}"
                raise self._wrong(message, f"It needs that of {of}, which is {wanted}.")

    def _check_whole(self, name: str, array: np.ndarray[Any, Any]) -> None:
        if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
            message = f"the input {name} serves as an index or a size and holds fractions"
            raise self._wrong(message, "Pass whole numbers, or truth values as a mask.", name)

    def _bind(self, args: tuple[object, ...], named: Mapping[str, object]) -> tuple[object, ...]:
        """Positional and keyword arguments in the order of the inputs."""
        if len(args) > self._count:
            raise self._wrong(f"{_count(len(args), 'value')} for {_count(self._count, 'input')}")
        bound = dict(zip(self.inputs, args, strict=False))
        for name, value in named.items():
            if name not in self.inputs:
                hint = did_you_mean(name, self.inputs)
                raise self._wrong(f"{name} is not an input of the formula", hint)
            if name in bound:
                raise self._wrong(f"the input {name} is given twice", "Give it once.", name)
            bound[name] = value
        missing = [name for name in self.inputs if name not in bound]
        if missing:
            names = ", ".join(missing)
            are = f"input {names} is" if len(missing) == 1 else f"inputs {names} are"
            raise self._wrong(f"the {are} missing", name=missing[0])
        return tuple(bound[name] for name in self.inputs)

    def _array_of(self, name: str, value: object) -> np.ndarray[Any, Any]:
        """An input as an array of real numbers."""
        if type(value) is np.ndarray and value.dtype.kind in "fiub":
            return value
        try:
            array = as_array(value)
            if array.dtype.kind == "O" and not hasattr(value, "dtype") and all_numbers(array):
                array = array.astype(np.float64)
        except OverflowError:
            raise self._wrong(
                f"the input {name} holds an integer too large for a double",
                "Doubles end at 1.8e308.",
                name,
            ) from None
        except Exception as error:  # noqa: BLE001 - whatever a foreign __array__ raises
            raise self._wrong(
                f"the input {name} cannot be read as an array: {error!s:.120}",
                "Pass a number, an array, or nested lists with rows of equal length.",
                name,
            ) from None
        if is_masked(value):
            message = f"the input {name} has masked elements"
            raise self._wrong(message, "Give them values: filled(0.0) puts zeros there.", name)
        if array.dtype.kind in "fiub":
            return array
        message = f"the input {name} holds {contents(array)}"
        raise self._wrong(message, "Inputs are real numbers, or arrays and lists of them.", name)

    def _too_large(self, memory: Estimate) -> LimitError:
        """The error for a call that would take more memory than the limit."""
        limits, node = limits_for(self._limits), memory.largest
        span = node.span if node is not None and node.span else self._span("")
        shown = f"The largest array has shape {memory.shape}."
        return memory_error(memory.needed, limits, self._text, span, shown)

    def _wrong(self, message: str, hint: str = "", name: str = "") -> InputError:
        order = ", ".join(self.inputs)
        hint = hint or (f"The inputs are, in order: {order}." if order else "It has no inputs.")
        return InputError(message, self._text, self._span(name), hint)

    def _span(self, name: str) -> Span:
        """Where an input is first used; the whole formula for none."""
        node = self._graph.inputs().get(name)
        whole = (0, len(self._text))
        return node.span or whole if node is not None else whole


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
