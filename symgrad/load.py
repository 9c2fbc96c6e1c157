"""Generated source to functions, with the text where tracebacks and debuggers find it."""

from __future__ import annotations

import builtins
import itertools
import linecache
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from symgrad.errors import MissingExtraError

_numbers = itertools.count(1)
_dead: deque[str] = deque()
"""What functions that live no more were loaded from."""

_EXTRAS = {
    "scipy": ("this formula uses special functions, which need SciPy", "special"),
    "numba": ("the target numba needs Numba", "numba"),
    "jax": ("the target jax needs JAX", "jax"),
    "torch": ("the target torch needs PyTorch", "torch"),
    "array_api_compat": ("the target array-api needs array-api-compat", "array-api"),
}
"""By package: what needs it, and the extra that brings it."""

_PACKAGES = frozenset(("__future__", "math", "numpy", "typing", "warnings", *_EXTRAS))


def _import(name: str, *about: Any) -> Any:
    """The import statement, for generated code and for what NumPy imports while that calls it."""
    if name.partition(".")[0] not in _PACKAGES:
        raise ImportError(f"generated code cannot import {name}")
    return builtins.__import__(name, *about)


_BUILTINS: Mapping[str, object] = MappingProxyType(
    {
        **{
            name: getattr(builtins, name)
            for name in """Ellipsis ImportError TypeError abs any bool dict enumerate float
            hasattr int isinstance iter len list map max min next range slice staticmethod sum
            tuple type zip""".split()
        },
        "__import__": _import,
    }
)
"""What generated code finds of Python's built-in names: what its helpers use, and nothing else."""


def load(
    source: str, name: str, names: Mapping[str, object] = MappingProxyType({})
) -> Callable[..., Any]:
    r"""The function of a generated module, which sees `names` besides what it imports.

    It has a namespace of its own, in which the built-in names are only those that it needs. Its
    text is in `linecache` until the function is dead and another one is loaded.

    >>> load("def double(x):\n    return 2 * x\n", "double")(1.5)
    3.0

    Raises
    ------
    MissingExtraError
        The source needs a package that is not installed.
    """
    forget_the_dead()
    filename = f"<symgrad {next(_numbers)}>"
    own = {"__name__": filename, "__builtins__": dict(_BUILTINS)}
    namespace: dict[str, Any] = {**names, **own}
    try:
        exec(compile(source, filename, "exec"), namespace)
    except ImportError as error:
        wanted = (error.name or "scipy").partition(".")[0]
        message, extra = _EXTRAS.get(wanted, _EXTRAS["scipy"])
        hint = f"Install it with: pip install 'symgrad[{extra}]'"
        raise MissingExtraError(message, hint=hint) from None
    function: Callable[..., Any] = namespace[name]
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(function, _dead.append, filename).atexit = False
    return function


def forget_the_dead() -> None:
    """Drop the texts of functions that live no more.

    A function may die in the midst of a look through `linecache`, which must not lose an entry.
    """
    while _dead:
        try:
            filename = _dead.popleft()
        except IndexError:  # Another thread was there first.
            return
        linecache.cache.pop(filename, None)


def source_of(function: Callable[..., Any]) -> str:
    """The text of the module that a function was loaded from."""
    code = getattr(function, "__wrapped__", function).__code__
    return "".join(linecache.getlines(code.co_filename))
