"""Inputs that are not in memory: files that are read in slices, and dask arrays."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

WHOLE = 2**25
"""Bytes of all sources of a call up to which they are read whole."""

_IN_MEMORY = ("__array_interface__", "__dlpack__", "__array_ufunc__", "__array_namespace__")
"""What arrays have that NumPy can use where they are, and files have not."""


def is_dask(value: object) -> bool:
    """Whether this is a dask array; dask is not imported for it."""
    module = sys.modules.get("dask.array")
    return module is not None and isinstance(value, module.Array)


def is_source(value: object) -> bool:
    """Whether this is a dask array, a mapped file, or anything else to be read in slices.

    It has a shape, a dtype and `__getitem__`, as the arrays of zarr and h5py, and is no array in
    memory.
    """
    if isinstance(value, np.ndarray):
        return isinstance(value, np.memmap) and value.nbytes > WHOLE
    kind = type(value)
    return is_dask(value) or (
        hasattr(kind, "__getitem__")
        and isinstance(getattr(value, "dtype", None), np.dtype)
        and isinstance(getattr(value, "shape", None), tuple)
        and not any(hasattr(kind, name) for name in _IN_MEMORY)
    )


def bytes_of(value: Any) -> int:
    """How many bytes all elements of a source take."""
    size = value.dtype.itemsize
    for n in value.shape:
        size *= n
    return int(size)


def template(value: Any) -> np.ndarray[Any, Any]:
    """An array of the same shape and type that takes no memory."""
    return np.broadcast_to(np.zeros((), value.dtype), value.shape)
