"""A formula and its derivatives in LaTeX: the one as it was written, the others as compiled."""

from __future__ import annotations

from symgrad.compiled import Compiled
from symgrad.differentiation.products import owners
from symgrad.graph import part_of
from symgrad.language.formula import lower
from symgrad.limits import Limits, compiling
from symgrad.rewriting.finish import without_shapes
from symgrad.seeing.recording import check_size
from symgrad.seeing.tex import Tex
from symgrad.seeing.tex_graph import GraphWriter
from symgrad.seeing.tex_tree import TreeWriter
from symgrad.shaping.leaves import is_elementwise
from symgrad.shaping.resolve import UndeclaredError
from symgrad.simplify import tidied
from symgrad.syntax import parse

_MOST = 500
_SIGNLESS = frozenset(("_undiagonals", "permute_dims"))
"""What moves axes, as in Jacobians by matrices: matrix notation has no signs for it."""


def to_latex(compiled: Compiled) -> str:
    r"""The formula and its derivatives in LaTeX, for display mathematics.

    A statement is a line; a derivative stands as the compiler simplified it, and what it uses more
    than once may have a line of its own. What is not known before the shapes are, stands as
    `\sum_{\to x}`: the sum down to the shape of x. Of a Jacobian or a Hessian the formula stands
    alone where the shapes are not declared, or where matrix notation has no signs for it.

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
    heads = _heads(compiled, trees)
    if not heads:
        return []
    try:
        graph = compiled.graph
    except UndeclaredError:
        return []
    graph = part_of(graph.nodes, graph.outputs[-len(heads) :], graph.labels)
    if not _SIGNLESS.isdisjoint(node.op for node in graph.nodes):
        return []
    nodes = compiled.lowered.nodes
    if all(node.op in ("input", "constant") or is_elementwise(node.op) for node in nodes):
        graph = tidied(without_shapes(graph), compiled.table)
    check_size(compiled.formula, graph, _MOST, "the LaTeX of the derivatives of")
    shapes = lower(compiled.formula, compiled.table).shapes
    return GraphWriter(graph, trees, compiled.table, shapes).lines(heads)


def _heads(compiled: Compiled, trees: TreeWriter) -> list[str]:
    """What the derivatives are called: none for a value, and one for each of a product's results.

    Cotangents have a bar, tangents a dot; the product of a Hessian is with v.
    """
    names = {variable: trees.of(variable).code for variable in compiled.wrt}
    f, what = trees.value, compiled.what
    d = r"\mathrm{d}" if len(compiled.inputs) == 1 else r"\partial"
    seeds = {"vjp": rf"\bar{{{f}}}", "jvp": r"\dot{%s}", "hvp": "v_{%s}"}
    for seed, owner in owners(what, compiled.wrt).items() if what in seeds else ():
        trees.names[seed] = Tex(seeds[what] if owner is None else seeds[what] % names[owner])
    slopes = [rf"\frac{{{d} {f}}}{{{d} {x}}}" for x in names.values()]
    curvatures = [rf"\frac{{{d}^{{2}} {f}}}{{{d} {x}^{{2}}}}" for x in names.values()]
    by_kind = {
        "reverse": slopes,
        "jacobian": slopes,
        "hessian": [
            rf"\frac{{\partial^{{2}} {f}}}{{\partial {x} \, \partial {y}}}" if x != y else both
            for x, both in zip(names.values(), curvatures, strict=True)
            for y in names.values()
        ],
        "hessian_diag": [rf"\operatorname{{diag}} {both}" for both in curvatures],
        "vjp": [rf"\bar{{{x}}}" for x in names.values()],
        "jvp": [rf"\dot{{{f}}}"] if names else [],
        "hvp": [rf"(\nabla^{{2}} {f} \, v)_{{{x}}}" for x in names.values()],
    }
    if what.isdecimal():
        return [rf"\frac{{{d}^{{{what}}} {f}}}{{{d} {x}^{{{what}}}}}" for x in names.values()]
    return by_kind.get(what, [])
