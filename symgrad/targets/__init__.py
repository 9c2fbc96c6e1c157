"""The targets: what a kind of generated code looks like, as a table each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from symgrad.errors import SymgradError, did_you_mean, told
from symgrad.language.spelling import Spelling, Text


@dataclass(frozen=True, slots=True)
class Library:
    """What a file for a library of arrays looks like around the operations.

    Attributes
    ----------
    imports:
        The lines at its head.
    needs:
        What it needs, in words.
    names:
        The modules and types that its code sees.
    helpers:
        Functions that it carries along where its code calls them, by name.
    decorator, opening:
        What stands before each function, and the line after its docstring, of all its inputs.
    zeros, first, more, several:
        How an array is begun into which others are placed, and how one is placed: the first, one
        more, and one where an element may be meant several times.
    """

    imports: str
    needs: str
    names: tuple[str, ...]
    helpers: Mapping[str, str]
    decorator: str = ""
    opening: str = ""
    zeros: str = "{name} = np.zeros_like({like})"
    first: str = "{name}[{key}] = {code}"
    more: str = "{name}[{key}] += {code}"
    several: str = "np.add.at({name}, {key}, {code})"


@dataclass(frozen=True)
class Target:
    """How a kind of code spells operations and constants.

    Attributes
    ----------
    name:
        What users call it.
    spellings:
        By operation. An operation that is missing is replaced by its definition.
    constant:
        Spells a number; the flag asks for one that no reader or operation can take for an integer.
    extras:
        Operations that need an optional module, and the module's name.
    number:
        Writes a plain number where an array is needed; empty for a target without arrays.
    library:
        What else a file for a library of arrays needs; None for a target without them.
    """

    name: str
    spellings: Mapping[str, Spelling]
    constant: Callable[[float | bool, bool], Text]
    extras: Mapping[str, str]
    number: str = ""
    library: Library | None = None

    @cached_property
    def known(self) -> frozenset[str]:
        """The operations that need no definition in their place."""
        return frozenset(self.spellings) | _GRAPH


_GRAPH = frozenset("input constant pair place unbroadcast broadcast copy".split())
"""Operations that are written without a spelling of their own, or never."""

TARGETS = ("numpy", "c", "numba", "jax", "torch", "array-api")
"""What users may ask for; each stands in a module of its own here."""


def check_target(name: object) -> None:
    """Raise a SymgradError for what is no target.

    >>> check_target("nunpy")
    Traceback (most recent call last):
        ...
    symgrad.errors.SymgradError: there is no target 'nunpy'
    Did you mean numpy?
    """
    if not isinstance(name, str) or name not in TARGETS:
        near = did_you_mean(name, TARGETS) if isinstance(name, str) else ""
        hint = near or f"The targets are: {', '.join(TARGETS)}."
        raise SymgradError(f"there is no target {told(name)}", hint=hint)
