"""A plan with its code, which is written when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symgrad.graph import Node
from symgrad.loops import Code
from symgrad.rows import Plan


@dataclass(frozen=True, slots=True)
class Written:
    """The code of a plan: `functions` has those of its segments, by name, and some more.

    `arrays` makes arrays of what is passed, `laid_out` lays the results out. Where all rows are one
    block, `at_once` calls the others: with `rows`, the results that have rows, and with `numbers`.
    """

    codes: tuple[Code, ...]
    functions: Mapping[str, Callable[..., Any]]
    source: str
    rows: tuple[Node, ...]
    numbers: tuple[Node, ...]


class Program:
    """A plan with its code, which is written when it is first needed.

    `own_type` says that some numbers are doubles whatever the inputs are: then only doubles are
    computed in blocks. `write` gives the code, for rows in blocks or for all of them at once.
    Where one of the outputs in `witnesses` is not finite, the program that `careful` makes is to be
    run instead.
    """

    def __init__(
        self,
        plan: Plan,
        types: Mapping[Node, str],
        inputs: tuple[Node, ...],
        own_type: bool,
        write: Callable[[bool], Written],
        witnesses: tuple[int, ...] = (),
        careful: Callable[[], Program | None] | None = None,
    ) -> None:
        self.plan = plan
        self.types = types
        self.inputs = inputs
        self.own_type = own_type
        self._write = write
        self._written: dict[bool, Written] = {}
        self.witnesses = witnesses
        self._careful = careful
        self._made: Program | None = None

    @property
    def careful(self) -> Program | None:
        """The program for numbers that may not be finite, where this one is only for others."""
        if self._made is None and self._careful is not None:
            self._made = self._careful()
        return self._made

    def written(self, at_once: bool) -> Written:
        """The code for rows in blocks, or for all rows at once."""
        found = self._written.get(at_once)
        if found is None:
            found = self._written[at_once] = self._write(at_once)
        return found

    @property
    def codes(self) -> tuple[Code, ...]:
        """The segments as code, for rows in blocks."""
        return self.written(at_once=False).codes

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """The functions of the code for rows in blocks."""
        return self.written(at_once=False).functions

    @property
    def sources(self) -> tuple[str, ...]:
        """The text of all code that was written."""
        own = [written.source for written in self._written.values()]
        return (*own, *(self._made.sources if self._made is not None else ()))
