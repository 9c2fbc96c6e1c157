"""Formulas as functions of a target: what the public verbs give for `target=`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symgrad.emission import Formula, element_by_element, emitted, library_file
from symgrad.errors import SymgradError
from symgrad.graph import part_of
from symgrad.load import load
from symgrad.pipeline import Known
from symgrad.running.native import NativeFunction
from symgrad.running.results import plain
from symgrad.shaping.resolve import UndeclaredError
from symgrad.writing.document import Rendering
from symgrad.writing.numba_file import elements, numba_source

Function = Callable[..., Any]


_MOST_SHAPES = 256
"""Of inputs that were found to fit, this many are remembered."""


class NumbaFunction:
    """A formula of elements in loops of Numba: call it with numbers or arrays.

    It takes and gives what the same object for NumPy does, in float64. Code is made and compiled at
    the first call for each choice of inputs that are single numbers.
    """

    def __init__(self, formula: Formula) -> None:
        self._formula = formula
        self._what = element_by_element(formula)
        elements(self._what, formula.table)
        self._kernels: dict[frozenset[str], Function] = {}
        self._fitting: dict[tuple[tuple[int, ...] | None, ...], Function] = {}
        load("import numba\n\n\ndef there():\n    return numba\n", "there")

    @property
    def source(self) -> str:
        """Its code as a file that stands alone."""
        return numba_source(self._what, self._formula.table)

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The value, the derivatives, or both.

        Raises
        ------
        InputError
            An input is missing, unknown or superfluous, holds no real numbers, or does not fit.
        """
        if not inputs:
            kernel = self._fitting.get(
                tuple(
                    [
                        value.shape if type(value) is _ARRAY and value.dtype is _DOUBLES else None
                        for value in args
                    ]
                )
            )
            if kernel is not None:
                return kernel(*args)
        formula = self._formula
        arrays = formula.bound(args, inputs)
        shapes = tuple([array.shape for array in arrays.values()])
        if shapes not in self._fitting:
            formula.known(arrays).check(formula.lowered, formula.formula)
            if len(self._fitting) >= _MOST_SHAPES:
                self._fitting.clear()
            self._fitting[shapes] = self._kernel(arrays)
        numbers = all(type(value) in (int, float, bool) for value in (*args, *inputs.values()))
        return plain(self._fitting[shapes](*arrays.values()), numbers)

    def _kernel(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Function:
        """The code for the inputs of these that are single numbers."""
        single = frozenset(name for name, array in arrays.items() if not array.shape)
        kernel = self._kernels.get(single)
        if kernel is None:
            source = numba_source(self._what, self._formula.table, single)
            kernel = self._kernels[single] = load(source, self._what.names[self._what.kind])
        return kernel

    def __repr__(self) -> str:
        return f"<{self._formula!r} for numba>"


_ARRAY, _DOUBLES = np.ndarray, np.dtype(np.float64)
"""What needs no conversion: NumPy has one object for the type of doubles."""


def targeted(formula: Formula, target: str, product: Formula | None = None) -> Function:
    """A formula as a function of a target; with `product`, its vjp, as a derivative of its own.

    Raises
    ------
    SymgradError
        The target lacks an operation, or takes no derivative; a MissingExtraError where its package
        is not installed.
    """
    if product is not None:
        if target not in _WRAPPED:
            raise SymgradError(
                f"the target {target} takes no derivative of one's own",
                hint=f"Those that do are: {', '.join(_WRAPPED)}.",
            )
        wrap = load(_WRAPPED[target], "wrapped")
        wrt = [formula.inputs.index(name) for name in product.layout.wrt]
        value, back = _plain_or_by_shape(formula, target), _plain_or_by_shape(product, target)
        made_so: Function = wrap(value, back, wrt, len(formula.inputs))
        return made_so
    made = _MADE.get(target)
    return made(formula) if made is not None else _plain_or_by_shape(formula, target)


def _plain_or_by_shape(formula: Formula, target: str) -> Function:
    """One function for all inputs, or one for each choice of shapes where they tell the meaning."""
    try:
        return _loaded(formula, target)
    except UndeclaredError:
        return for_each_shape(formula, target)


_WRAPPED: Mapping[str, str] = {
    "jax": """\
import jax


def wrapped(value, product, wrt, count):
    # A function whose derivative JAX takes from the product of a cotangent with the Jacobian.
    def forward(*inputs):
        return value(*inputs), inputs

    def backward(inputs, cotangent):
        found = product(cotangent, *inputs)[1]
        return tuple(
            found[wrt.index(k)].astype(inputs[k].dtype) if k in wrt else None
            for k in range(count)
        )

    def own(*inputs):
        return value(*inputs)

    own = jax.custom_vjp(own)
    own.defvjp(forward, backward)
    return own
""",
    "torch": """\
import torch


def wrapped(value, product, wrt, count):
    # A function whose derivative PyTorch takes from the product of a cotangent with the Jacobian.
    def forward(*inputs):
        return value(*inputs)

    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    def backward(ctx, cotangent):
        inputs = ctx.saved_tensors
        found = product(cotangent, *inputs)[1]
        return tuple(
            found[wrt.index(k)].to(inputs[k].dtype) if k in wrt else None for k in range(count)
        )

    own = type("Formula", (torch.autograd.Function,), {
        "forward": staticmethod(forward),
        "setup_context": staticmethod(setup_context),
        "backward": staticmethod(backward),
        "generate_vmap_rule": True,
    })
    return lambda *inputs: own.apply(*(torch.as_tensor(value) for value in inputs))
""",
}
"""By target: how a function gets a derivative of its own."""


def _loaded(formula: Formula, target: str, known: Known | None = None) -> Function:
    """The function of a file for a library whose arrays it takes and gives.

    What the library raises for lack of an operation is told with the place in the formula.
    """
    what = formula.rendering(known=known)
    name = what.names[what.kind]
    count = len(what.derived.inputs)

    def bound(args: tuple[Any, ...], inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        if len(args) == count and not inputs:
            return args
        return tuple(formula.passed(args, inputs).values())

    def refuse(args: tuple[Any, ...], inputs: Mapping[str, Any], error: Exception) -> Exception:
        if isinstance(error, SymgradError | MemoryError):
            return error
        return _refused(formula, what, target, bound(args, inputs), error)

    guarded = load(emitted(formula, target, None, known) + _GUARDED.format(name=name), "guarded")
    function: Function = guarded(Exception, bound, refuse)
    return function


_GUARDED = """

def guarded(fault, bound, refuse):
    def called(*args, **inputs):
        try:
            return {name}(*bound(args, inputs))
        except fault as error:
            raise refuse(args, inputs, error) from None

    return called
"""
"""Stands in the file itself: compilers that read the code of functions find all in one place."""


def _refused(
    formula: Formula, what: Rendering, target: str, given: Sequence[Any], error: Exception
) -> SymgradError:
    """What a library raised, as an error at the first operation that it does not compute."""
    text, graph, table = formula.formula, what.derived.graph, formula.table
    fitting = Known({n: _shape(v) for n, v in zip(what.derived.inputs, given, strict=True)})
    fitting.check(formula.lowered, text)
    span, library = (0, len(text)), _library(target, given)
    for node in graph.nodes:
        if node.span is None or node.op in ("input", "constant", "pair"):
            continue
        alone = replace(what.derived, graph=part_of(graph.nodes, [node], {}))
        part = replace(what, derived=alone, names={"value": "value"}, kind="value")
        try:
            load(library_file(part, table, target), "value")(*given)
        except Exception as found:  # noqa: BLE001 - whatever a library raises where it lacks an operation
            span, error = node.span, found
            break
    piece, lines = " ".join(text[slice(*span)].split()), str(error).strip().splitlines()
    told = lines[0].rstrip(".") if lines else type(error).__name__
    return SymgradError(
        f"{library} does not compute {piece:.60}", text, span,
        f"It says: {told:.200}. Without a target, the formula takes arrays of NumPy.",
    )  # fmt: skip


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape) if hasattr(value, "shape") else np.shape(value)


def _library(target: str, given: Sequence[Any]) -> str:
    """The library whose arrays were given, or that of the target."""
    kinds = [type(value).__module__.split(".")[0] for value in given if hasattr(value, "shape")]
    return kinds[0] if kinds and target == "array-api" else target


def for_each_shape(formula: Formula, target: str) -> Function:
    """Code that depends on the shapes of the inputs, made at the first call for each choice.

    The shapes are all that is looked at, so that the inputs may be those of a trace.
    """
    made: dict[object, Function] = {}

    def called(*args: Any, **inputs: Any) -> Any:
        given = formula.passed(args, inputs)
        shapes = {name: _shape(value) for name, value in given.items()}
        numbers = {name: value for name, value in given.items() if type(value) is int}
        key = (*shapes.items(), *numbers.items())
        if key not in made:
            known = Known(shapes, numbers=numbers)
            known.check(formula.lowered, formula.formula)
            made[key] = _loaded(formula, target, known)
        return made[key](*given.values())

    return called


_MADE: Mapping[str, Callable[[Formula], Function]] = {"c": NativeFunction, "numba": NumbaFunction}
