"""Generated source to functions, with the text where tracebacks and debuggers find it."""

from __future__ import annotations

import importlib.util
import itertools
import linecache
import weakref
from collections.abc import Callable, Mapping
from types import FunctionType, MappingProxyType
from typing import Any

from symgrad.errors import MissingExtraError

_numbers = itertools.count(1)


def load(
    source: str, name: str, names: Mapping[str, object] = MappingProxyType({})
) -> Callable[..., Any]:
    """The function of a generated module, which sees `names` besides what it imports.

    Raises
    ------
    MissingExtraError
        The source needs SciPy, and that is not installed.
    """
    if "\nfrom scipy import special\n" in source and importlib.util.find_spec("scipy") is None:
        raise MissingExtraError(
            "this formula uses special functions, which need SciPy",
            hint="Install it with: pip install 'symgrad[special]'",
        )
    filename = f"<symgrad {next(_numbers)}>"
    namespace: dict[str, Any] = {**names, "__name__": filename}
    exec(compile(source, filename, "exec"), namespace)
    function: FunctionType = namespace[name]
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return function
