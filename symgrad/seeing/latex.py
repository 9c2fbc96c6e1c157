"""A formula and its derivatives in LaTeX: the one as it was written, the others as compiled."""

from __future__ import annotations

from symgrad.compiled import Compiled
from symgrad.graph import part_of
from symgrad.language.formula import lower
from symgrad.limits import Limits, compiling
from symgrad.rewriting.finish import without_shapes
from symgrad.seeing.recording import check_size
from symgrad.seeing.tex_graph import GraphWriter
from symgrad.seeing.tex_tree import TreeWriter
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.resolve import UndeclaredError
from symgrad.simplify import tidied
from symgrad.syntax import parse

_MOST = 500


def to_latex(compiled: Compiled) -> str:
    r"""The formula and its derivatives in LaTeX, for display mathematics.

    A statement is a line; a derivative stands as the compiler simplified it, and what it uses more
    than once may have a line of its own. What is not known before the shapes are, stands as
    `\sum_{\to x}`: the sum down to the shape of x.

    >>> from symgrad.api import function
    >>> print(to_latex(function("sqrt(x_1**2 + 1) / 2")))
    \begin{aligned}
    f &= \frac{\sqrt{x_{1}^{2} + 1}}{2}
    \end{aligned}

    Raises
    ------
    SymgradError
        The formula has too many operations to be looked at.
    """
    check_size(compiled.formula, compiled.lowered, _MOST, "the LaTeX of")
    statements = parse(compiled.formula)
    trees = TreeWriter(statements, compiled.table)
    lines = [trees.statement(statement) for statement in statements]
    with compiling(Limits.current()):
        lines += _derivatives(compiled, trees)
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _derivatives(compiled: Compiled, trees: TreeWriter) -> list[str]:
    """The lines of the derivatives, and before them those of what they share."""
    if not compiled.wrt or not (compiled.what == "reverse" or compiled.what.isdecimal()):
        return []
    try:
        graph = compiled.graph
    except UndeclaredError:
        return []
    graph = part_of(graph.nodes, graph.outputs[-len(compiled.wrt) :], graph.labels)
    nodes = compiled.lowered.nodes
    if all(node.op in ("input", "constant") or is_elementwise(node.op) for node in nodes):
        graph = tidied(without_shapes(graph), compiled.table)
    check_size(compiled.formula, graph, _MOST, "the LaTeX of the derivatives of")
    order = "" if compiled.what == "reverse" else f"^{{{compiled.what}}}"
    d = r"\mathrm{d}" if len(compiled.inputs) == 1 else r"\partial"
    heads = [
        rf"\frac{{{d}{order} {trees.value}}}{{{d} {trees.of(variable).code}{order}}}"
        for variable in compiled.wrt
    ]
    shapes = lower(compiled.formula, compiled.table).shapes
    return GraphWriter(graph, trees, compiled.table, shapes).lines(heads)
