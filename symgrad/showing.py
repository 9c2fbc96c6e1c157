"""How a compiled formula is seen: as a picture, as mathematics, in notebooks, by other tools.

What does the work stands further right than what is shown, and is loaded when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any


class Shown:
    """Something that has a formula, its graph and its derivatives."""

    def draw(self, path: str | os.PathLike[str], at: Mapping[str, Any] | None = None) -> None:
        """Draw the graph of the formula as it was written into a file: .svg, .png or .pdf.

        At a point, as `at={"x": 0.5}`, each node shows its value and the derivative by it, and each
        edge what the reverse pass hands back along it.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        SymgradError
            The graph has more than 300 operations, an input is wrong, or the file cannot be
            written.
        """
        import_module("symgrad.painting").draw_graph(self, path, at)

    def to_dot(self, at: Mapping[str, Any] | None = None) -> str:
        """The graph in the language of Graphviz; `at` is as for `draw`."""
        return str(import_module("symgrad.exporting").to_dot(self, at))

    def to_mermaid(self, at: Mapping[str, Any] | None = None) -> str:
        """The graph as a Mermaid flowchart; `at` is as for `draw`."""
        return str(import_module("symgrad.exporting").to_mermaid(self, at))

    def to_networkx(self, at: Mapping[str, Any] | None = None) -> Any:
        """The graph as a `networkx.MultiDiGraph`; `at` is as for `draw`.

        Raises
        ------
        MissingExtraError
            NetworkX is not installed.
        """
        return import_module("symgrad.exporting").to_networkx(self, at)

    def to_latex(self) -> str:
        """The formula and its derivatives in LaTeX, for display mathematics."""
        return str(import_module("symgrad.latex").to_latex(self))

    def _repr_html_(self) -> str:
        return str(import_module("symgrad.notebook").notebook_html(self))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"
