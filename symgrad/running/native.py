"""Formulas in C as functions of Python: compiled by the system's compiler, called by ctypes."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symgrad.emission import Formula, c_files
from symgrad.errors import InputError, MissingExtraError, SymgradError
from symgrad.language.declarations import check_declared
from symgrad.running.results import plain
from symgrad.writing.c_file import OVER

Array = np.ndarray[Any, np.dtype[np.float64]]

FLAGS = ("-std=c99", "-O2", "-fPIC", "-shared")
"""As ISO C, compilers do not contract products and sums, so that all of them give the same bits."""

_POINTER = ctypes.c_void_p


class NativeFunction:
    """A formula in C, compiled: call it with numbers or arrays.

    Made by `Compiled.compile_c`. It takes and gives what the object does that it was made from, all
    in float64. Formulas of elements take arrays that broadcast together, others the shapes that are
    declared. `source` and `header` are the code.
    """

    def __init__(self, compiled: Formula) -> None:
        what = compiled.rendering()
        found = c_files(what, compiled.table)
        self.source = found.source
        self.header = found.header
        self._compiled = compiled
        self._declared = what.derived.shapes
        self._signature = found.signatures[what.names[what.kind]]
        self._elementwise = f"{self._signature.name}{OVER}(" in found.header
        self._indices = what.derived.indices
        self._library = _built(found.source)
        name = self._signature.name + (OVER if self._elementwise else "")
        self._function = self._library[name]
        number = self._signature.returned and not self._elementwise
        self._function.restype = ctypes.c_double if number else None

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """The value, the derivatives, or both.

        Raises
        ------
        InputError
            An input is missing, unknown or superfluous, holds no real numbers, or does not fit.
        """
        compiled = self._compiled
        names = tuple(self._signature.inputs)
        arrays = compiled.bound(args, inputs)
        for name in self._indices:
            if arrays[name].dtype.kind == "b":
                raise InputError(
                    f"the input {name} is an index, and in C no mask", self._text, None,
                    f"What a mask picks has no fixed shape. Pass np.flatnonzero({name}).",
                )  # fmt: skip
        numbers = all(type(value) in (int, float, bool) for value in (*args, *inputs.values()))
        given = [np.asarray(arrays[name], np.float64) for name in names]
        results = self._over(given) if self._elementwise else self._fixed(given)
        kind, layout = self._signature.kind, compiled.layout
        if kind == "value":
            return plain(results[0], numbers)
        derivatives = layout.lay_out(results if kind == "grad" else results[1:])
        return plain(derivatives if kind == "grad" else (results[0], derivatives), numbers)

    def _over(self, given: Sequence[Array]) -> list[Array]:
        """Element by element; derivatives are summed to the shapes of their inputs."""
        names = list(self._signature.inputs)
        compiled = self._compiled
        compiled.known(dict(zip(names, given, strict=True))).check(compiled.lowered, self._text)
        shape = np.broadcast_shapes(*(array.shape for array in given))
        count = int(np.prod(shape))
        values: list[Any] = [ctypes.c_size_t(count)]
        kept: list[Array] = []
        for array in given:
            one = array.size == 1
            row = array.reshape(-1) if one else np.broadcast_to(array, shape).reshape(-1)
            kept.append(np.ascontiguousarray(row))
            values += [_address(kept[-1]), ctypes.c_ssize_t(0 if one else 1)]
        results = [np.empty(shape) for _ in self._signature.results]
        self._function(*values, *map(_address, results))
        if self._signature.kind == "value" or compiled.what.startswith("jvp"):
            return results
        first = 0 if self._signature.kind == "grad" else 1
        sizes = dict(zip(names, (array.shape for array in given), strict=True))
        for place, name in enumerate(compiled.layout.wrt):
            results[first + place] = _summed(results[first + place], sizes[name])
        return results

    def _fixed(self, given: Sequence[Array]) -> list[Array]:
        """Arrays of declared shapes."""
        sizes = self._signature.inputs
        named = dict(zip(sizes, given, strict=True))
        shapes = {name: array.shape for name, array in named.items()}
        check_declared(self._declared, shapes, self._text)
        values = [np.ascontiguousarray(array) for array in given]
        results = [np.empty(shape) for _, shape in self._signature.stored]
        passed = [
            _address(value) if shape else ctypes.c_double(value.item())
            for value, (_, shape) in zip(values, sizes.values(), strict=True)
        ]
        value = self._function(*passed, *map(_address, results))
        return [np.asarray(value), *results] if self._signature.returned else results

    @property
    def _text(self) -> str:
        return self._compiled.formula

    def __repr__(self) -> str:
        return f"{self._compiled!r}.compile_c()"


def _address(array: Array) -> Any:
    return _POINTER(array.ctypes.data)


def _summed(result: Array, shape: tuple[int, ...]) -> Array:
    """A derivative, summed over the axes along which its input was broadcast."""
    new = result.ndim - len(shape)
    wide = [a for a, size in enumerate(shape) if size == 1 and result.shape[a + new] != 1]
    axes = (*range(new), *(axis + new for axis in wide))
    return np.asarray(result.sum(axes)).reshape(shape) if axes else result


def compiler() -> list[str]:
    """The command of the C compiler: that in CC, or the first of the usual ones that is there.

    Raises
    ------
    MissingExtraError
        There is none.
    """
    wanted = shlex.split(os.environ.get("CC", ""))
    for command in [wanted] if wanted else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(command[0]):
            return command
    raise MissingExtraError(
        "there is no C compiler", hint="Install gcc or clang, or set CC to the one to use."
    )


def _built(source: str) -> ctypes.CDLL:
    """A library that is loaded from a source."""
    command = compiler()
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder, "formula.c"), Path(folder, "formula.so")
        code.write_text(source, "utf-8")
        made = subprocess.run(
            [*command, *FLAGS, "-o", str(library), str(code), "-lm"],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            first = (made.stderr.strip() or "it says nothing").splitlines()[0]
            raise SymgradError(f"the C compiler {command[0]} failed: {first}")
        return ctypes.CDLL(str(library))
