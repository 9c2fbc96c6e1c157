"""Formulas as solvers want them: one function of one flat vector, with its derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgrad.api import function
from symgrad.compiled import Compiled
from symgrad.data.distributed import computed
from symgrad.errors import InputError
from symgrad.extras import scipy_sparse
from symgrad.named import check_names
from symgrad.optim import as_parameters
from symgrad.sparse import Sparse

Vector = NDArray[np.float64]


class Unpack:
    """Takes a flat vector apart into parameters by name, in their shapes; `pack` does the reverse.

    >>> unpack = Unpack({"w": np.zeros((2, 2)), "b": 0.0})
    >>> unpack([1, 2, 3, 4, 5])["b"]
    5.0
    >>> unpack.pack({"w": np.eye(2), "b": 7})
    array([1., 0., 0., 1., 7.])
    """

    def __init__(self, start: Mapping[str, Any]) -> None:
        found = as_parameters(start)
        self.shapes: dict[str, tuple[int, ...]] = {n: np.shape(v) for n, v in found.items()}
        self.start = found
        sizes = [int(np.prod(shape, dtype=np.intp)) for shape in self.shapes.values()]
        self.ends = [0, *np.cumsum(sizes, dtype=np.intp).tolist()]

    def __call__(self, vector: Any) -> dict[str, Any]:
        """Numbers of Python and arrays that are views, by name; the vector has shape (n,)."""
        flat = self.vector((vector,))
        return {
            name: flat[a:b].reshape(shape) if shape else float(flat[a])
            for (name, shape), a, b in zip(
                self.shapes.items(), self.ends[:-1], self.ends[1:], strict=True
            )
        }

    def pack(self, parameters: Mapping[str, Any]) -> Vector:
        """Parameters by name, or what broadcasts to their shapes, as one vector of shape (n,).

        Bounds and scales of a solver are made in the same way: `pack({"a": 0, "b": -np.inf})`.
        """
        if set(parameters) != set(self.shapes):
            names = ", ".join(self.shapes)
            raise InputError(f"these are not the parameters of start: {', '.join(parameters)}",
                             hint=f"They are: {names}.")  # fmt: skip
        return np.concatenate(
            [self._part(name, parameters[name], shape) for name, shape in self.shapes.items()]
        )

    def _part(self, name: str, value: Any, shape: tuple[int, ...]) -> Vector:
        try:
            array = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            raise InputError(
                f"the parameter {name} is not a number or an array of numbers"
            ) from None
        try:
            return np.broadcast_to(array, shape).ravel()
        except ValueError:
            message = f"the parameter {name} has shape {array.shape}, and in start {shape}"
            raise InputError(message) from None

    def vector(self, given: Sequence[Any]) -> Vector:
        """The flat vector that a solver hands over: whole, or number by number."""
        whole = given[0] if len(given) == 1 else given
        try:
            flat = np.atleast_1d(np.asarray(whole, np.float64))
        except (TypeError, ValueError):
            flat = np.zeros((0, 0))
        if flat.shape != (self.ends[-1],):
            count = f"{self.ends[-1]} number{'s' * (self.ends[-1] != 1)}"
            raise InputError(
                f"the parameters are not one vector of {count}",
                hint=f"They are, in order: {', '.join(self.shapes)}, each in the shape of start.",
            )
        return flat


class Flat:
    """A formula as a function of one flat vector of parameters: what `ravel` gives as `fun`.

    Called, it gives the value and its derivative: for one number the gradient, for n values a
    matrix of n rows. `value`, `jac`, `hess` and `hessp` are functions by themselves. Solvers that
    pass numbers one by one, or something else first, are served as well.
    """

    def __init__(
        self, formula: Compiled, unpack: Unpack, data: dict[str, Any], first: str, sparse: bool
    ) -> None:
        self._formula = formula
        self._unpack = unpack
        self._data = data
        self._first = first
        self._sparse = sparse

    def __call__(self, *args: Any) -> tuple[Any, Any]:
        """The value, and the gradient or the matrix of derivatives."""
        if self._sparse:
            return self.value(*args), self.jac(*args)
        value, blocks = computed(self._both(**self._inputs(args)))
        return _flat(value), self._side_by_side(blocks, np.ndim(value))

    def value(self, *args: Any) -> Any:
        """The value: a float, or its elements as one vector of shape (n,)."""
        return _flat(computed(self._function(**self._inputs(args))))

    def jac(self, *args: Any) -> Any:
        """The gradient in shape (p,), or the matrix of derivatives in shape (n, p)."""
        inputs = self._inputs(args)
        if self._sparse:
            return self._sparse_jacobian.matrix(**inputs)
        value, blocks = computed(self._both(**inputs))
        return self._side_by_side(blocks, np.ndim(value))

    def hess(self, *args: Any) -> Any:
        """The Hessian of the value, or of its sum, in shape (p, p)."""
        inputs = self._inputs(args)
        if self._sparse:
            return self._sparse_hessian.matrix(**inputs)
        sizes = np.diff(self._unpack.ends)
        rows = [
            np.concatenate([np.reshape(block, (size, -1)) for block in row], axis=1)
            for size, row in zip(sizes, computed(self._hessian(**inputs)), strict=True)
        ]
        return np.concatenate(rows)

    def hessp(self, *args: Any) -> Vector:
        """The Hessian times a vector, which comes last, in shape (p,)."""
        inputs = self._inputs(args[:-1])
        parts = tuple(self._unpack(args[-1]).values())
        vectors = parts if len(parts) > 1 else parts[0]
        return np.concatenate(
            [np.ravel(part) for part in computed(self._product(vectors, **inputs))]
        )

    def _inputs(self, args: tuple[Any, ...]) -> dict[str, Any]:
        """The inputs of the formula, from what a solver passes."""
        given = dict(self._data)
        if self._first:
            if not args:
                raise InputError(f"{self._first} comes first, and then the parameters")
            if self._first in self._formula.inputs:
                given[self._first] = args[0]
            args = args[1:]
        return given | self._unpack(self._unpack.vector(args))

    def _side_by_side(self, blocks: Sequence[Any], rank: int) -> Any:
        """Blocks as columns, in the order of the parameters."""
        if not rank:
            return np.concatenate([np.ravel(block) for block in blocks])
        sizes = np.diff(self._unpack.ends)
        columns = [np.reshape(b, (-1, n)) for b, n in zip(blocks, sizes, strict=True)]
        return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)

    def _compiled(self, kind: str, what: str) -> Compiled:
        names = tuple(self._unpack.shapes)
        return self._formula.derived(kind, names, what)

    @cached_property
    def _function(self) -> Compiled:
        return self._formula.derived("value", None, "reverse")

    @cached_property
    def _both(self) -> Compiled:
        return self._compiled("value_and_grad", "jacobian")

    @cached_property
    def _hessian(self) -> Compiled:
        return self._compiled("grad", "hessian")

    @cached_property
    def _product(self) -> Compiled:
        return self._compiled("grad", "hvp")

    @cached_property
    def _sparse_jacobian(self) -> Sparse:
        return Sparse(self._compiled("grad", "jacobian"))

    @cached_property
    def _sparse_hessian(self) -> Sparse:
        return Sparse(self._compiled("grad", "hessian"))

    def __repr__(self) -> str:
        return f"<{self._formula.formula!r} of {', '.join(self._unpack.shapes)} as one vector>"


class Raveled(NamedTuple):
    """What `ravel` gives: a function of a flat vector, where to start, and the way back."""

    fun: Flat
    x0: Vector
    unpack: Unpack


def ravel(
    formula: str | Compiled,
    start: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    *,
    first: str = "",
    sparse: bool = False,
) -> Raveled:
    """A formula as a function of one flat vector, for the solvers of SciPy and others.

    Parameters
    ----------
    formula:
        Text, or a formula compiled before: one number to minimise, or an array of residuals, of
        equations or of rates.
    start:
        The parameters by name, in the shapes that they keep, with the values to begin from.
    data:
        All other inputs by name; dask arrays and files that are read in slices as well.
    first:
        The input that the solver passes before the parameters: the abscissa for `curve_fit`, the
        time for `solve_ivp`. Where the formula does not use it, it is passed over.
    sparse:
        Give matrices of derivatives as `scipy.sparse.csr_array`. It needs SciPy: symgrad[sparse].

    Returns
    -------
    `fun, x0, unpack`. `fun(p)` is the value and its derivative, for `jac=True`; `fun.value`,
    `fun.jac`, `fun.hess` and `fun.hessp` are functions of their own. `x0` is `start` as a float64
    vector of shape (p,), and `unpack(p)` gives the parameters by name.

    >>> fun, x0, unpack = ravel("sum((A @ x - b)**2) + c**2",
    ...                         {"x": np.zeros(2), "c": 1.0}, {"A": np.eye(2), "b": np.ones(2)})
    >>> fun(x0)
    (np.float64(3.0), array([-2., -2.,  2.]))
    >>> unpack(x0 + 1)
    {'x': array([1., 1.]), 'c': 2.0}

    Raises
    ------
    InputError
        A name is missing, unknown or given twice, or a parameter is no real number.
    MissingExtraError
        `sparse=True`, and SciPy is not installed.
    SymgradError
        The formula is wrong, or has no derivative by a parameter.
    """
    compiled = formula if isinstance(formula, Compiled) else function(formula)
    given: Mapping[str, object] = {"start": start, "data": data or {}}
    for name, names in given.items():
        if not isinstance(names, Mapping):
            hint = "Write start={'x': 1.0}."
            raise InputError(f"{name} is a dict of numbers and arrays by name", hint=hint)
    known = dict(data or {})
    others = (first,) if first else ()
    if first in known or first in start:
        raise InputError(
            f"{first} comes first, and stands in start or data as well",
            hint="The solver passes it: leave it out of the others.",
        )
    check_names(compiled.formula, compiled.inputs, start, known, others)
    unpack = Unpack(start)
    if sparse:
        scipy_sparse()
    fun = Flat(compiled, unpack, known, first, sparse)
    return Raveled(fun, unpack.pack(unpack.start), unpack)


def _flat(value: Any) -> Any:
    return np.ravel(value) if np.ndim(value) else np.float64(value)
