"""What the loops of a plan share: names of what they take, of functions and of numbers."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.functions import FunctionTable
from symgrad.graph import Node
from symgrad.writing.naming import Names
from symgrad.writing.rows import Plan


class Setting:
    """What the loops of a plan have in common: the names of what they take, and of functions.

    With `at_once` they are for all rows: they return the sums, which those that go by blocks add up
    in arrays that they are given.
    """

    def __init__(
        self,
        plan: Plan,
        types: Mapping[Node, str],
        table: FunctionTable,
        names: Names,
        at_once: bool,
        homes: Mapping[Node, Node],
    ) -> None:
        self.plan = plan
        self.homes = homes
        self.types = types
        self.table = table
        self.at_once = at_once
        self.names = names
        self._called: dict[Node, str] = {}
        self._constants: dict[str, str] = {}
        self._functions: set[str] = set()

    def called(self, node: Node) -> str:
        """The name of a node that a segment takes or gives."""
        return self._called[node]

    def constant(self, code: str) -> str:
        """The name of a number that is an array, as functions of NumPy take it at once."""
        if code not in self._constants:
            self._constants[code] = self.names.numbered("k")
        return self._constants[code]

    def function(self, name: str) -> str:
        """The name of a function of NumPy, which is looked up once."""
        self._functions.add(name)
        return name

    @property
    def head(self) -> list[str]:
        """What stands before the functions: those of NumPy that they call, and their numbers."""
        names = sorted(self._functions)
        lines = [f"from numpy import {', '.join(names)}"] if names else []
        return lines + [f"{name} = _number({code})" for code, name in self._constants.items()]
