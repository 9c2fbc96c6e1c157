"""The tensor class: broadcasting operations, a linear fit, and a drawing of the graph.

The text has a class `Tensor` that overloads the operators and records, with each result, a function
that hands gradients back to its operands and sums them where an operand was broadcast. Here the
operators stand in the formula, and the sums stand in the compiled code where the shapes ask for
them. The graph that the class would have recorded is `compiled.graph`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import symgrad
from symgrad.fitting import Fit, fit
from symgrad.graph import Graph, Node
from symgrad.optim import GradientDescent

Array = NDArray[np.float64]

OPERATIONS: dict[str, str] = {
    "add": "sum((A + v) * c)",
    "mul": "sum(A * v * c)",
    "matmul": "sum(A @ B)",
    "sub": "sum((A - v) * c)",
    "neg": "sum(-A * c)",
    "slice": "sum(A[1:, ::2] * c)",
    "sum": "sum(sum(A, axis=0)**2)",
}
"""What the class overloads, each ending in one number. v is broadcast along A, c along all."""

LINE = "X: (n, d); w: (d,); b: scalar; y: (n,); mean((X @ w + b - y)**2)"
"""With its shapes declared, so that the graph has no operations for shapes that do not occur."""


def point() -> dict[str, Array]:
    """A matrix of two rows and three columns, and what the operations combine it with."""
    return {
        "A": np.arange(6.0).reshape(2, 3),
        "B": np.ones((3, 2)),
        "v": np.array([1.0, 2.0, 3.0]),
        "c": np.array(2.0),
    }


def gradients(formula: str) -> dict[str, Any]:
    """The gradient by each array in a formula, at the point."""
    compiled = symgrad.grad(formula, symgrad.function(formula).inputs)
    here = point()
    found = compiled(**{name: here[name] for name in compiled.inputs})
    return dict(zip(compiled.wrt, found, strict=True))


def linear_fit() -> Fit:
    """Find the plane y = 2 x₀ - x₁ + 3 again, from points on it."""
    X = np.random.default_rng(0).normal(size=(200, 2))
    data = {"X": X, "y": X @ [2.0, -1.0] + 3.0}
    start = {"w": np.zeros(2), "b": 0.0}
    return fit(LINE, data, start, optimizer=GradientDescent(0.1), batch_size=20, epochs=50)


def dot_text(graph: Graph) -> str:
    """A graph in the DOT language of Graphviz: a node an operation, an edge an operand.

    Inputs are boxes with their names, constants are plain numbers, results have a double border.
    The language is described at https://graphviz.org/doc/info/lang.html.
    """
    numbers = {node: number for number, node in enumerate(graph.nodes)}
    lines = [
        f"  n{number} [label={quoted(label(node))}, {style(node, graph)}];"
        for node, number in numbers.items()
    ]
    edges = [
        f"  n{numbers[operand]} -> n{number};"
        for node, number in numbers.items()
        for operand in node.args
    ]
    return "\n".join(["digraph formula {", "  rankdir=LR;", *lines, *edges, "}", ""])


def label(node: Node) -> str:
    """What is written into a node of the drawing."""
    if node.op in ("input", "constant"):
        return str(node.value)
    return node.op.strip("_") if node.value is None else f"{node.op.strip('_')} {node.value}"


def style(node: Node, graph: Graph) -> str:
    """How a node of the drawing looks."""
    shape = {"input": "box", "constant": "plaintext"}.get(node.op, "ellipse")
    return f"shape={shape}, peripheries=2" if node in graph.outputs else f"shape={shape}"


def quoted(text: str) -> str:
    """Text as a string of the DOT language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def main(folder: Path = Path()) -> None:
    """Print gradients, the linear fit and the graph; draw the graph into a file in `folder`."""
    for operation, formula in OPERATIONS.items():
        print(f"{operation}: {formula}")
        for name, gradient in gradients(formula).items():
            print(f"  d/d{name} = {np.asarray(gradient).tolist()}")
    found = linear_fit().parameters
    print(f"linear fit: w = {found['w'].round(6).tolist()}, b = {found['b']:.6f}")
    print(f"The graph of {LINE} and its gradient:")
    graph = symgrad.value_and_grad(LINE, ("w", "b")).graph
    print(graph)
    path = folder / "linear_fit.dot"
    path.write_text(dot_text(graph), encoding="utf-8")
    print(f"Drawn in {path.name}: dot -Tsvg {path.name} -o linear_fit.svg")


if __name__ == "__main__":
    main(Path(*sys.argv[1:]))
