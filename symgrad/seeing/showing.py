"""How a compiled formula is seen: as a picture, as mathematics, as code, in notebooks.

What does the work stands further right than what is shown, and is loaded when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from symgrad.collector import paused
from symgrad.limits import Limits, compiling, limits_for

if TYPE_CHECKING:
    from symgrad.emission import Emitted
    from symgrad.running.native import NativeFunction


class Shown:
    """Something that has a formula, its graph and its derivatives."""

    _limits: Limits

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
        import_module("symgrad.seeing.painting").draw_graph(self, path, at)

    def to_dot(self, at: Mapping[str, Any] | None = None) -> str:
        """The graph in the language of Graphviz; `at` is as for `draw`.

        >>> from symgrad.api import function
        >>> print(function("2*x").to_dot().splitlines()[-2].strip())
        n0 -> n1;
        """
        return str(import_module("symgrad.seeing.exporting").to_dot(self, at))

    def to_mermaid(self, at: Mapping[str, Any] | None = None) -> str:
        """The graph as a Mermaid flowchart; `at` is as for `draw`.

        >>> from symgrad.api import function
        >>> print(function("2*x").to_mermaid().splitlines()[2].strip())
        n1["v1 = 2 * x"]
        """
        return str(import_module("symgrad.seeing.exporting").to_mermaid(self, at))

    def to_networkx(self, at: Mapping[str, Any] | None = None) -> Any:
        """The graph as a `networkx.MultiDiGraph`; `at` is as for `draw`.

        Raises
        ------
        MissingExtraError
            NetworkX is not installed.
        """
        return import_module("symgrad.seeing.exporting").to_networkx(self, at)

    def to_latex(self) -> str:
        r"""The formula and its derivatives in LaTeX, for display mathematics.

        The formula stands as it was written, a line for each statement; the derivatives as they
        were simplified, with lines of their own for what they share.

        >>> from symgrad.api import grad
        >>> print(grad("x**2 / 2").to_latex())
        \begin{aligned}
        f &= \frac{x^{2}}{2} \\
        \frac{\mathrm{d} f}{\mathrm{d} x} &= x
        \end{aligned}

        Raises
        ------
        LimitError
            There are more than 500 operations, which nobody could look at.
        """
        return str(import_module("symgrad.seeing.latex").to_latex(self))

    def emit(self, target: str = "numpy", name: str | None = None) -> Emitted:
        """Its code for a target, a file that stands alone; docs/targets.md tells what there is.

        `name` renames the function that this object calls; in C it stands before all names.

        Raises
        ------
        SymgradError
            There is no such target, it lacks an operation, or it has another use for the name.
        """
        with compiling(limits_for(self._limits)), paused():
            made: Emitted = import_module("symgrad.emission").emitted(self, target, name)
            return made

    def of_arrays(self) -> Callable[..., Any]:
        """The same for arrays of any library that follows the array API, whatever their shapes."""
        made: Callable[..., Any] = import_module("symgrad.running.targeted").for_each_shape(
            self, "array-api"
        )
        return made

    def compile_c(self) -> NativeFunction:
        """Its code in C, compiled to a function of numbers and arrays of doubles.

        Raises
        ------
        SymgradError
            As for `emit`; a MissingExtraError where there is no compiler.
        """
        with compiling(limits_for(self._limits)), paused():
            made: NativeFunction = import_module("symgrad.running.native").NativeFunction(self)
            return made

    def _repr_html_(self) -> str:
        return str(import_module("symgrad.seeing.notebook").notebook_html(self))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"
