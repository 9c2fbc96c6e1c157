"""How derivatives are handed back: bare, as a tuple, or as a dict by name; Hessians by pairs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symgrad.errors import DerivativeError, SymgradError, told
from symgrad.language.labels import derivative_name

_MOST_COUNTED = 6
"""Tuples of more are annotated without their length, which nobody would count."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How derivatives are handed back: `bare`, as a `tuple`, or as a `dict` by name.

    Where there is one for each pair of inputs, `by_pairs`, each row is laid out in that way.
    """

    form: str
    wrt: tuple[str, ...]
    by_pairs: bool = False

    @property
    def labels(self) -> list[str]:
        """What the derivatives are called in code, in order."""
        if self.by_pairs:
            return [f"d{row}_d{column}" for row in self.wrt for column in self.wrt]
        return [derivative_name(name) for name in self.wrt]

    def pack(self, results: Sequence[str]) -> tuple[str, list[str], str]:
        """An opening, the items and a closing."""
        if self.by_pairs and self.form != "bare":
            count = len(self.wrt)
            rows = [results[at : at + count] for at in range(0, len(results), count or 1)]
            results = [_line(*self._packed(row)) for row in rows]
        return self._packed(results)

    def lay_out(self, results: Sequence[Any]) -> Any:
        """Results as they are handed back.

        >>> Layout("dict", ("x", "y")).lay_out([1.0, 2.0])
        {'x': 1.0, 'y': 2.0}
        """
        if self.by_pairs and self.form != "bare":
            count = len(self.wrt)
            rows = [results[at : at + count] for at in range(0, len(results), count or 1)]
            results = [self._laid_out(row) for row in rows]
        return self._laid_out(results)

    def _laid_out(self, results: Sequence[Any]) -> Any:
        if self.form == "bare":
            return results[0]
        if self.form == "tuple":
            return tuple(results)
        return dict(zip(self.wrt, results, strict=True))

    def _packed(self, results: Sequence[str]) -> tuple[str, list[str], str]:
        if self.form == "bare":
            return "", list(results), ""
        if self.form == "tuple":
            comma = "," if len(results) == 1 else ""
            return "(", list(results), f"{comma})"
        items = [f'"{name}": {result}' for name, result in zip(self.wrt, results, strict=True)]
        return "{", items, "}"

    @property
    def annotation(self) -> str:
        """The type of the derivatives, as generated code writes it."""
        row = self._annotated("Array")
        return self._annotated(row) if self.by_pairs else row

    def _annotated(self, item: str) -> str:
        if self.form == "bare":
            return item
        if self.form == "dict":
            return f"dict[str, {item}]"
        if len(self.wrt) > _MOST_COUNTED:
            return f"tuple[{item}, ...]"
        return f"tuple[{', '.join([item] * len(self.wrt)) or '()'}]"


def _line(opening: str, items: Sequence[str], closing: str) -> str:
    return f"{opening}{', '.join(items)}{closing}"


def names_of(wrt: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """The names in `wrt`, or None for all inputs."""
    if wrt is None:
        return None
    names: object = (wrt,) if isinstance(wrt, str) else wrt
    if isinstance(names, bytes) or not isinstance(names, Sequence) or not all(map(_is_name, names)):
        raise DerivativeError(
            f"wrt must be a name or a sequence of names, not {told(wrt)}",
            hint='Write wrt="x" or wrt=("x", "y").',
        )
    return tuple(names)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier()


def flag(name: str, value: object) -> bool:
    """An option that is on or off.

    Raises
    ------
    SymgradError
        Neither is said.
    """
    try:
        return bool(value)
    except (TypeError, ValueError):
        message = f"{name} is True or False, not {told(value)}"
        raise SymgradError(message, hint=f"Write {name}=True, or leave it out.") from None


def path_of(path: object) -> Path:
    """Where a file is to be written.

    Raises
    ------
    SymgradError
        It is no path.
    """
    if not isinstance(path, str | os.PathLike):
        message = f"a file's name is a text or a path, not {told(path)}"
        raise SymgradError(message, hint='Write save("grad.py").')
    return Path(path)


def layout_of(wrt: str | Sequence[str] | None, names: tuple[str, ...]) -> Layout:
    """How `wrt` asks for the derivatives by some names to be handed back."""
    if isinstance(wrt, str) or (wrt is None and len(names) == 1):
        return Layout("bare", names)
    return Layout("dict" if wrt is None else "tuple", names)
