"""What only some uses of the package need, asked for by name where it is missing."""

from __future__ import annotations

import importlib
from typing import Any

from symgrad.errors import MissingExtraError

_CALLED = {"scipy": "SciPy", "networkx": "NetworkX", "sympy": "SymPy"}


def needed(module: str, what: str, extra: str) -> Any:
    """A module of a package that an extra brings; `what` is what needs it.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        verb = "need" if what.endswith("s") else "needs"
        raise MissingExtraError(
            f"{what} {verb} {_CALLED.get(package, package)}",
            hint=f"Install it with: pip install 'symgrad[{extra}]'",
        ) from None


def scipy_sparse() -> Any:
    """SciPy's module of sparse arrays.

    Raises
    ------
    MissingExtraError
        SciPy is not installed.
    """
    return needed("scipy.sparse", "sparse matrices", "sparse")


def sympy() -> Any:
    """SymPy.

    Raises
    ------
    MissingExtraError
        SymPy is not installed.
    """
    return needed("sympy", "SymPy's expressions", "sympy")
