"""Generated source to functions, with the text where tracebacks and debuggers find it."""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from symgrad.errors import MissingExtraError

_numbers = itertools.count(1)


def load(
    source: str, name: str, names: Mapping[str, object] = MappingProxyType({})
) -> Callable[..., Any]:
    r"""The function of a generated module, which sees `names` besides what it imports.

    Its text is in `linecache` for as long as the function lives.

    >>> load("def double(x):\n    return 2 * x\n", "double")(1.5)
    3.0

    Raises
    ------
    MissingExtraError
        The source needs SciPy, and that is not installed.
    """
    filename = f"<symgrad {next(_numbers)}>"
    namespace: dict[str, Any] = {**names, "__name__": filename}
    try:
        exec(compile(source, filename, "exec"), namespace)
    except ImportError:
        raise MissingExtraError(
            "this formula uses special functions, which need SciPy",
            hint="Install it with: pip install 'symgrad[special]'",
        ) from None
    function: Callable[..., Any] = namespace[name]
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(function, linecache.cache.pop, filename, None).atexit = False
    return function
