"""The judge of gradients, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from symgrad.trust.checking import check


def assert_gradient_correct(
    formula: str,
    at: Mapping[str, ArrayLike],
    wrt: Iterable[str] | None = None,
    *,
    exact: bool = False,
    digits: bool = False,
    rtol: float = 1e-7,
) -> int:
    """Hold the compiled gradient of a formula against numerical differentiation of its value.

    Numerical differentiation knows its error: a disagreement beyond it is a fault of the gradient.
    Where it knows nothing, at a kink or a pole, nothing is said.

    Parameters
    ----------
    formula, exact:
        What to compile, as for `symgrad.grad`.
    at:
        The inputs by name: numbers, or arrays of shapes that fit together. They are taken as
        float64, and what serves as an index as it is.
    wrt:
        The names to differentiate with respect to, by default all inputs.
    digits:
        Whether to hold value and gradient against 50 digits, too, which needs mpmath.
    rtol:
        The relative difference from numerical differentiation that is let pass in any case.

    Returns
    -------
    How many derivatives could be judged. It counts the elements of arrays.

    Raises
    ------
    AssertionError
        A derivative is wrong, or lacks its input's shape, or the value is another than that of
        `symgrad.function`. The message shows the formula, the input, and the worst element.
    SymgradError
        The formula does not compile, or an input is unusable.

    >>> assert_gradient_correct("sin(x) * y", {"x": [0.5, 1.0], "y": 2.0})
    3
    """
    names = None if wrt is None else tuple(wrt)
    found = check(formula, at, names, exact=exact, digits=digits, elements=None, rtol=rtol)
    if not found.ok:
        given = "\n".join(f"  {name} = {np.asarray(v).tolist()!r}" for name, v in at.items())
        others = len(found.faults) - 1
        more = f"\nand {others} more" if others else ""
        raise AssertionError(f"{found.faults[0]}{more}, of\n  {formula}\nat\n{given}")
    return sum(row.judged for row in found.rows if row.input)
