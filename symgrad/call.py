"""Calling a compiled formula: binding arguments, and choosing the code for what was passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symgrad.errors import InputError, did_you_mean
from symgrad.graph import Graph
from symgrad.shapes import check_shapes

Kernel = Callable[..., Any]
_NUMBERS = (float, int, bool)


def bind(
    inputs: tuple[str, ...], args: tuple[object, ...], named: Mapping[str, object], text: str
) -> list[object]:
    """Positional and keyword arguments in the order of the inputs.

    Raises
    ------
    InputError
        An input is missing, unknown, or given twice.
    """
    order = ", ".join(inputs) or "none"
    if len(args) > len(inputs):
        count = f"{len(inputs)} input{'' if len(inputs) == 1 else 's'}"
        raise InputError(
            f"{len(args)} values for {count}", text, (0, len(text)), f"The inputs are: {order}."
        )
    bound = dict(zip(inputs, args, strict=False))
    for name, value in named.items():
        if name not in inputs:
            hint = did_you_mean(name, inputs) or f"The inputs are: {order}."
            raise InputError(f"{name} is not an input of the formula", text, (0, len(text)), hint)
        if name in bound:
            raise InputError(f"the input {name} is given twice", text, (0, len(text)))
        bound[name] = value
    missing = [name for name in inputs if name not in bound]
    if missing:
        names = ", ".join(missing)
        verb = "is" if len(missing) == 1 else "are"
        hint = f"The inputs are, in order: {order}."
        raise InputError(f"the input {names} {verb} missing", text, (0, len(text)), hint)
    return [bound[name] for name in inputs]


def as_array(name: str, value: object) -> np.ndarray[Any, Any]:
    """An input as an array of real numbers.

    Raises
    ------
    InputError
        It holds something else: text, objects, complex numbers, rows of different lengths.
    """
    try:
        array = np.asarray(value)
    except Exception as error:
        raise InputError(
            f"the input {name} cannot be read as an array: {error}",
            hint="Pass a number, an array, or nested lists with rows of equal length.",
        ) from None
    if array.dtype.kind in "fiub":
        return array
    kinds = {"c": "complex numbers", "O": "Python objects", "U": "text", "S": "bytes"}
    what = kinds.get(array.dtype.kind, f"values of type {array.dtype}")
    if isinstance(value, int):
        what = "an integer too large for a double"
    raise InputError(
        f"the input {name} holds {what}", hint="Inputs are real numbers, or arrays and lists of them."
    )


def plain(result: Any, as_python: bool) -> Any:
    """Results without arrays of no dimension: NumPy scalars, or Python's where those were given."""
    if isinstance(result, tuple):
        return tuple(plain(part, as_python) for part in result)
    if isinstance(result, dict):
        return {name: plain(part, as_python) for name, part in result.items()}
    if isinstance(result, np.ndarray) and result.ndim == 0:
        result = result[()]
    return result.item() if as_python and isinstance(result, np.generic) else result


class Caller:
    """Runs a formula's code on what it is given."""

    def __init__(
        self, text: str, inputs: tuple[str, ...], graph: Graph, make: Callable[[str], Kernel | None]
    ) -> None:
        self._text = text
        self._inputs = inputs
        self._graph = graph
        self._make = make
        self._scalar: Kernel | None = None
        self._has_scalar = True
        self._array: Kernel | None = None
        self._picks = any(node.op == "index" for node in graph.nodes)

    def __call__(self, args: tuple[object, ...], named: Mapping[str, object]) -> Any:
        if named or len(args) != len(self._inputs):
            args = tuple(bind(self._inputs, args, named, self._text))
        numbers = all(type(value) in _NUMBERS for value in args)
        if numbers and self._has_scalar and not self._picks:
            kernel = self._scalar or self._first_scalar()
            if kernel is not None:
                try:
                    return kernel(*map(float, args))  # type: ignore[arg-type]
                except (OverflowError, ValueError, ZeroDivisionError):
                    pass
        return plain(self._on_arrays(args), numbers)

    def _first_scalar(self) -> Kernel | None:
        self._scalar = self._make("scalar")
        self._has_scalar = self._scalar is not None
        return self._scalar

    def _on_arrays(self, args: tuple[object, ...]) -> Any:
        arrays = [as_array(n, v) for n, v in zip(self._inputs, args, strict=True)]
        shapes = {n: a.shape for n, a in zip(self._inputs, arrays, strict=True)}
        if self._picks or len(set(shapes.values()) - {()}) > 1:
            check_shapes(self._graph, shapes, self._text)
        if self._array is None:
            self._array = self._make("numpy")
        assert self._array is not None
        values = [
            v if type(v) in _NUMBERS else a for v, a in zip(args, arrays, strict=True)
        ]
        return self._array(*values)
