"""Code for the targets: files that stand alone, each in the idiom of its language or library."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from symgrad.c_file import Files, Part, files, fixed_shapes
from symgrad.document import Rendering, document
from symgrad.errors import NameRuleError
from symgrad.functions import FunctionTable
from symgrad.targets import check_target


class Emitted(str):
    """A file as text; for C it has a header, too, and `save` writes both.

    >>> import symgrad
    >>> code = symgrad.grad("x**3").emit("c", "cube")
    >>> "double cube_value(double x);" in code.header
    True
    """

    __slots__ = ("header",)

    header: str

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file, in UTF-8, and its header beside it, whose name ends in .h."""
        path = Path(path)
        path.write_bytes(self.encode("utf-8"))
        if self.header:
            path.with_suffix(".h").write_bytes(self.header.encode("utf-8"))


def emitted(
    render: Callable[[str | None], Rendering], table: FunctionTable, target: str, name: str | None
) -> Emitted:
    """The file for a target; `render` tells what it holds, under a name of the user's or its own.

    Raises
    ------
    SymgradError
        There is no such target, or it lacks an operation.
    """
    check_target(target)
    header = ""
    if target == "c":
        found = c_files(render(None), table, name)
        header, text = found.header, found.source
    else:
        text = document(render(name), table)
    result = Emitted(text)
    result.header = header
    return result


def c_files(what: Rendering, table: FunctionTable, prefix: str | None = None) -> Files:
    """Header and source in C, and the functions in them."""
    if prefix is not None and not (prefix.isascii() and prefix.isidentifier()):
        raise NameRuleError(
            f"{prefix!r:.40} cannot stand before the names of functions in C",
            hint="Write letters without accents, digits and underscores.",
        )
    part = Part(what, fixed_shapes(what.derived, what.formula), prefix or "")
    return files([part], table, prefix or "symgrad")
