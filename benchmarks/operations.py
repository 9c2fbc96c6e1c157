"""What an operation is, and how many a piece of generated code takes.

A call is a call or an operator in the generated NumPy code: a node of the graph, in the target's
own operations, that is no input, no constant and no view. What the code writes as one, such as
`np.where`, is one.

An operation is a call that computes numbers. Comparisons, choices and copies compute none.

A function that stands for a formula of others counts as many as that formula has: by its first
definition in functions.sg, or its textbook form. Otherwise `np.logaddexp(x, y)` would make
`log(exp(x) + exp(y))` look cheap, and its derivative dear.

Flops weigh operations with sizes: one counts as often as its result or an operand has elements,
whichever is most; products and decompositions of matrices count what they take inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import prod, sqrt

from symgrad.functions import builtin_functions
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.language.formula import lower
from symgrad.lower import definition
from symgrad.rewriting.finish import VIEWS
from symgrad.schedule import Step, schedule
from symgrad.shapes import CONDITIONS, Inference
from symgrad.targets import Target
from symgrad.targets.numpy import NUMPY

TABLE = builtin_functions()

FREE = VIEWS | frozenset("input constant pair copy join size ndim _count".split())
"""What computes nothing: operands, sizes, and other ways to look at the same numbers."""

MOVES = frozenset("keep where indicator place concatenate tile pad roll _repeat _delay".split())
"""What chooses or copies numbers, and makes no new one. With conditions: calls, no operations."""

TEXTBOOK: Mapping[str, str] = {
    "power": "exp(y * log(x))",
    "exp2": "exp(x * log(2))",
    "log2": "log(x) / log(2)",
    "log10": "log(x) / log(10)",
    "tan": "sin(x) / cos(x)",
    "arcsin": "arctan(x / sqrt((1 - x) * (1 + x)))",
    "arccos": "2 * arctan(sqrt((1 - x) / (1 + x)))",
    "arctan2": "2 * arctan(y / (sqrt(x**2 + y**2) + x))",
    "sinh": "(exp(x) - exp(-x)) / 2",
    "cosh": "(exp(x) + exp(-x)) / 2",
    "tanh": "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    "arcsinh": "log(x + sqrt(x**2 + 1))",
    "arccosh": "log(x + sqrt(x**2 - 1))",
    "arctanh": "log((1 + x) / (1 - x)) / 2",
}
"""Functions that functions.sg does not define by others, in terms of exp, log, sqrt, sin, cos and
arctan (NIST Digital Library of Mathematical Functions, 4.2, 4.23, 4.28 and 4.37)."""

_PRODUCTS = frozenset("_mm _at _vdot _einsum".split())

_DECOMPOSITIONS: Mapping[str, float] = {
    **dict.fromkeys(("det", "_slogdet", "_solve", "_solve_vector"), 2 / 3),
    "inv": 2,
    "_cholesky": 1 / 3,
    "_qr": 8 / 3,
    "_eigh": 9,
    **dict.fromkeys(("_svd", "_cofactors", "pinv"), 21),
}
"""Flops, in units of n**3 (Golub and Van Loan, Matrix Computations, 2013, 3.2, 4.2, 5.2, 8.3 and
8.6); where there is a right-hand side, each of its columns takes 2 * n**2 more."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of generated code takes: its calls as they stand, and what they stand for."""

    calls: int
    operations: int
    flops: float


def cost(graph: Graph, found: Inference) -> Cost:
    """The cost of a graph in NumPy's operations; `found` knows the shapes of its inputs."""
    for node in graph.nodes:
        found.visit(node)
    steps = _steps(graph, _APART)
    weights = [_weight_of(step) for step in steps]
    flops = [w * _elements(s, found) for w, s in zip(weights, steps, strict=True)]
    return Cost(len(_steps(graph, NUMPY)), sum(weights), sum(flops))


def _steps(graph: Graph, target: Target) -> list[Step]:
    return [s for s in schedule(graph, target, TABLE, None).steps if s.node.op not in FREE]


_TOGETHER = frozenset("clip _of_total _matmul_da _matmul_db".split())
_APART = replace(
    NUMPY,
    name="numpy apart",
    spellings={name: s for name, s in NUMPY.spellings.items() if name not in _TOGETHER},
)
"""NumPy without the calls that do arithmetic for several nodes."""


def _elements(step: Step, found: Inference) -> float:
    """How many numbers a step looks at or makes, whichever is more; for matrices, its flops."""
    shapes = [found.shapes.get(node) or () for node in (step.node, *step.operands)]
    sizes = [prod(size or 1 for size in shape) for shape in shapes]
    if step.node.op in _PRODUCTS and len(sizes) > 2:
        return 2 * sqrt(sizes[0] * sizes[1] * sizes[2])
    if step.node.op in _DECOMPOSITIONS:
        side = min(size or 1 for size in shapes[1][-2:])
        return side * (_DECOMPOSITIONS[step.node.op] * sizes[1] + 2 * sum(sizes[2:]))
    return float(max(sizes))


def _weight_of(step: Step) -> int:
    if _is_move(step):
        return 0
    is_constant_power = step.node.op == "power" and step.node.args[1].is_constant
    return 1 if is_constant_power else weight(step.spelling)


def _is_move(step: Step) -> bool:
    return not MOVES.isdisjoint((step.node.op, step.spelling)) or step.node.op in CONDITIONS


@cache
def weight(name: str) -> int:
    """How many operations a function stands for.

    >>> weight("hypot"), weight("sin"), weight("power")
    (4, 1, 3)
    """
    if not _is_defined(name):
        return 1
    build = Builder()
    operands = [build.node("input", value=operand) for operand in TABLE[name].operands]
    graph = build.graph([build.node(name, *operands)])
    while any(_is_replaced(node, node.args) for node in graph.nodes):
        graph = rebuilt(graph, _replaced)
    return sum(not _is_move(step) for step in _steps(graph, _APART))


def _is_defined(name: str) -> bool:
    function = TABLE.get(name)
    if function is None or not function.is_elementwise or name == "indicator":
        return False
    return name in TEXTBOOK or bool(function.definitions)


def _is_replaced(node: Node, args: tuple[Node, ...] | list[Node]) -> bool:
    return _is_defined(node.op) and not (node.op == "power" and args[1].is_constant)


def _replaced(
    build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
) -> Node | None:
    if not _is_replaced(node, args):
        return None
    function = TABLE[node.op]
    textbook = TEXTBOOK.get(node.op)
    body = lower(textbook, TABLE).graph if textbook else definition(function, TABLE)
    return build.inline(body, dict(zip(function.operands, args, strict=True)))
