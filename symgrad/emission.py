"""Code for the targets: files that stand alone, each in the idiom of its language or library."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from symgrad.differentiation.products import PROGRAMS
from symgrad.errors import NameRuleError, told
from symgrad.functions import FunctionTable
from symgrad.graph import Graph
from symgrad.pipeline import Known
from symgrad.shaping.resolve import UndeclaredError
from symgrad.targets import check_target
from symgrad.writing.c_file import Files, Part, files, fixed_shapes
from symgrad.writing.document import Rendering, check_function_name, document
from symgrad.writing.layout import Layout, path_of
from symgrad.writing.numba_file import check_map, numba_source


class Formula(Protocol):
    """What is compiled: a formula, and how it binds what it is called with."""

    @property
    def formula(self) -> str:
        """The text."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs."""

    @property
    def lowered(self) -> Graph:
        """The graph as it was written."""

    @property
    def layout(self) -> Layout:
        """How derivatives are handed back."""

    @property
    def table(self) -> FunctionTable:
        """The functions that it calls."""

    @property
    def what(self) -> str:
        """Which derivatives it gives."""

    def rendering(
        self, name: str | None = None, general: bool = False, known: Known | None = None
    ) -> Rendering:
        """What a file of it holds; with `general` for all shapes, with `known` for such inputs."""

    def passed(self, args: tuple[Any, ...], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as they are, by name."""

    def bound(
        self, args: tuple[Any, ...], inputs: Mapping[str, Any]
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Arguments as arrays by name."""

    def known(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Known:
        """What such inputs tell."""


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
        path = path_of(path)
        path.write_bytes(self.encode("utf-8"))
        if self.header:
            path.with_suffix(".h").write_bytes(self.header.encode("utf-8"))


def emitted(formula: Formula, target: str, name: str | None, known: Known | None = None) -> Emitted:
    """The file for a target, whose function has a name of the user's or its own.

    For a library of arrays it is made for inputs of which something is `known`, if it is given.

    Raises
    ------
    SymgradError
        There is no such target, or it lacks an operation.
    """
    check_target(target)
    header = ""
    if target == "c":
        found = c_files(formula.rendering(), formula.table, name)
        header, text = found.header, found.source
    else:
        if name is not None:
            check_function_name(name, formula.rendering().kind)
        writer = _WRITERS.get(target)
        text = (
            writer(formula, name)
            if writer
            else library_file(formula.rendering(name, known=known), formula.table, target)
        )
    result = Emitted(text)
    result.header = header
    return result


def _numba(formula: Formula, name: str | None) -> str:
    return numba_source(element_by_element(formula, name), formula.table)


def element_by_element(formula: Formula, name: str | None = None) -> Rendering:
    """A formula of elements for all shapes; blocks of derivatives are made for one element.

    Raises
    ------
    SymgradError
        The formula does more than work on elements and sum them up.
    """
    if formula.what not in PROGRAMS:
        try:
            return formula.rendering(name, general=True)
        except UndeclaredError:
            check_map(formula.lowered, formula.formula)
            raise
    check_map(formula.lowered, formula.formula)
    return formula.rendering(name, general=True, known=Known(dict.fromkeys(formula.inputs, ())))


def library_file(what: Rendering, table: FunctionTable, target: str) -> str:
    """The file for a library of arrays."""
    module = import_module(f"symgrad.targets.{target.replace('-', '_')}")
    return document(what, table, target=module.TARGET)


_WRITERS: Mapping[str, Callable[[Formula, str | None], str]] = {"numba": _numba}


def c_files(what: Rendering, table: FunctionTable, prefix: str | None = None) -> Files:
    """Header and source in C, and the functions in them."""
    if prefix is not None and not (prefix.isascii() and prefix.isidentifier()):
        raise NameRuleError(
            f"{told(prefix)} cannot stand before the names of functions in C",
            hint="Write letters without accents, digits and underscores.",
        )
    part = Part(what, fixed_shapes(what.derived, what.formula), prefix or "")
    return files([part], table, prefix or "symgrad")
