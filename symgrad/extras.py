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
    try:
        return importlib.import_module("scipy.sparse")
    except ImportError:
        raise MissingExtraError(
            "sparse matrices need SciPy", hint="Install it with: pip install 'symgrad[sparse]'"
        ) from None
