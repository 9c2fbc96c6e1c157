"""Jacobians and Hessians as sparse arrays: pattern and colours are found from the formula."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from symgrad.compiled import Compiled
from symgrad.errors import DerivativeError, InputError
from symgrad.limits import Limits, memory_error
from symgrad.running.colouring import Compression, compress
from symgrad.running.pattern import pattern, steering
from symgrad.writing.layout import Layout

Arrays = Mapping[str, np.ndarray[Any, Any]]

_ENTRY = 16
"""Bytes of a number and its place: a pattern has as many as there are elements, at the least."""

_KEPT = 16
"""How many patterns are remembered: one for all calls with the same shapes and indices."""


class Sparse:
    """A Jacobian or a Hessian, compiled: call it with numbers or arrays.

    Made by `jacobian` and `hessian` with `sparse=True`. What each element depends on is read off
    the formula; columns that never meet in a row are computed by one product (Curtis, Powell and
    Reid, On the estimation of sparse Jacobian matrices, IMA Journal of Applied Mathematics 13,
    1974), and all products by one call.
    """

    def __init__(self, dense: Compiled) -> None:
        made: object = dense
        if not isinstance(made, Compiled):
            hint = "Write jacobian(formula, sparse=True) or hessian(formula, sparse=True)."
            raise InputError("Sparse is made of a compiled Jacobian or Hessian", hint=hint)
        what, formula = dense.what, dense.formula
        self._what = what
        self._dense = dense
        kinds = ("hvp rows",) if what == "hessian" else ("jvp rows", "vjp rows")
        self._products = {kind: dense.derived("grad", dense.wrt, kind) for kind in kinds}
        self._known: dict[object, Compression] = {}
        if what == "hessian" and any(n.op == "stop_gradient" for n in self._dense.lowered.nodes):
            raise DerivativeError(
                "with stop_gradient a Hessian need not be symmetric",
                formula, (0, len(formula)), "Leave out sparse=True.",
            )  # fmt: skip

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The blocks as `scipy.sparse.csr_array`, in the order and form that `wrt` asks for.

        Each has a row for each element of the value (for a Hessian, of the first input) and a
        column for each element of the input, in C order. Zeros of the pattern are not stored.

        Raises
        ------
        InputError
            An input is missing, unknown or superfluous, holds no real numbers, or does not fit.
        MissingExtraError
            SciPy is not installed.
        """
        arrays = self._dense.bound(args, inputs)
        whole = self._matrix(arrays)
        ends = np.cumsum([0, *(arrays[name].size for name in self._dense.wrt)])
        columns = [whole[:, a:b] for a, b in pairwise(ends)]
        if self._what != "hessian":
            return _laid_out(self._dense.layout, columns)
        rows = [
            _laid_out(self._dense.layout, [column[a:b] for column in columns])
            for a, b in pairwise(ends)
        ]
        return _laid_out(self._dense.layout, rows)

    def matrix(self, /, *args: Any, **inputs: Any) -> Any:
        """All blocks side by side, as one `scipy.sparse.csr_array`."""
        return self._matrix(self._dense.bound(args, inputs))

    def _matrix(self, arrays: Arrays) -> Any:
        plan = self._plan(arrays)
        return plan.matrix(self._forward(plan, arrays), self._reverse(plan, arrays))

    def _forward(self, plan: Compression, arrays: Arrays) -> Any:
        """The products with all tangents: with several inputs, each has its part of them."""
        count = len(plan.tangents)
        if not count:
            return ()
        wanted = [arrays[name] for name in self._dense.wrt]
        parts = np.split(plan.tangents, np.cumsum([x.size for x in wanted])[:-1], axis=1)
        vectors = tuple(p.reshape(count, *x.shape) for p, x in zip(parts, wanted, strict=True))
        kind = "hvp rows" if self._what == "hessian" else "jvp rows"
        given = vectors if len(vectors) > 1 else vectors[0]
        found = self._products[kind](given, **arrays)
        return _flat(found if isinstance(found, tuple) else (found,), count)

    def _reverse(self, plan: Compression, arrays: Arrays) -> Any:
        count = len(plan.cotangents)
        if not count:
            return ()
        shape = self._dense.shape_of_value(arrays)
        found = self._products["vjp rows"](plan.cotangents.reshape(count, *shape), **arrays)
        return _flat(found, count)

    def compression(self, /, *args: Any, **inputs: Any) -> Compression:
        """The pattern for such inputs, and the products that are taken: `passes` counts them."""
        return self._plan(self._dense.bound(args, inputs))

    def _plan(self, arrays: Arrays) -> Compression:
        """The pattern and its colours, which are the same for all values of other inputs."""
        lowered = self._dense.lowered
        steered = steering(lowered, self._dense.wrt, arrays)
        key = (
            *(array.shape for array in arrays.values()),
            *((name, arrays[name].dtype.str, arrays[name].tobytes()) for name in sorted(steered)),
        )
        plan = self._known.get(key)
        if plan is None:
            names = self._dense.wrt
            self._check_memory(_ENTRY * sum(arrays[name].size for name in names))
            graph = self._dense.program(names if self._what == "hessian" else (), arrays)
            outputs = graph.outputs[1:] if self._what == "hessian" else graph.outputs
            found = pattern(graph, outputs, names, arrays, self._dense.table)
            plan = compress(found, symmetric=self._what == "hessian")
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = plan
        return plan

    def _check_memory(self, needed: int) -> None:
        limits = Limits.current()
        if needed > limits.memory:
            shown = "A pattern holds all elements of the inputs."
            raise memory_error(needed, limits, self.formula, (0, len(self.formula)), shown)

    @property
    def formula(self) -> str:
        """The text it was made from."""
        return self._dense.formula

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs, in the order of positional arguments."""
        return self._dense.inputs

    @property
    def wrt(self) -> tuple[str, ...]:
        """The names that derivatives are taken with respect to, in order."""
        return self._dense.wrt

    @property
    def source(self) -> str:
        """NumPy code of the products, as a file that stands alone.

        The formula needs declared shapes. The pattern is not in it, since it belongs to sizes.
        """
        return next(iter(self._products.values())).source

    def save(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Write the generated file, in UTF-8; `name` renames its function."""
        next(iter(self._products.values())).save(path, name)

    def __repr__(self) -> str:
        return f"{self._dense!r}"[:-1] + ", sparse=True)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sparse) and self._dense == other._dense

    def __hash__(self) -> int:
        return hash((Sparse, self._dense))

    def __reduce__(self) -> tuple[Any, ...]:
        return Sparse, (self._dense,)


def _flat(found: Sequence[Any], count: int) -> np.ndarray[Any, Any]:
    """Products side by side, one a row."""
    return np.concatenate([np.reshape(part, (count, -1)) for part in found], axis=1)


def _laid_out(layout: Layout, parts: Sequence[Any]) -> Any:
    if layout.form == "bare":
        return parts[0]
    return dict(zip(layout.wrt, parts, strict=True)) if layout.form == "dict" else tuple(parts)
