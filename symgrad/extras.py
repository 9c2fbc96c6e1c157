"""What only some uses of the package need, asked for by name where it is missing."""

from __future__ import annotations

import importlib
from typing import Any

from symgrad.errors import MissingExtraError


def scipy_sparse() -> Any:
    """SciPy's module of sparse arrays.

    Raises
    ------
    MissingExtraError
        SciPy is not installed.
    """
    return _module("scipy.sparse", "sparse matrices need SciPy", "sparse")


def sympy() -> Any:
    """SymPy.

    Raises
    ------
    MissingExtraError
        SymPy is not installed.
    """
    return _module("sympy", "expressions of SymPy need SymPy", "sympy")


def _module(name: str, needed: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(
            needed, hint=f"Install it with: pip install 'symgrad[{extra}]'"
        ) from None
