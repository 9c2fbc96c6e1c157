"""The node graph: each kind of node as a formula, and two classifiers made of them.

The text has a class for each kind of node, add, dot, logistic, relu, vectorise, softmax and
cross-entropy with softmax, and each computes its Jacobian by hand. Here a node is a few characters
of a formula. What the text merges by hand, softmax with cross-entropy, so that nothing overflows,
`cross_entropy` does; for the logistic loss the compiler finds it in the plain definition.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import symgrad
from symgrad.fitting import Fit, fit
from symgrad.optim import GradientDescent

Array = NDArray[np.float64]

NODES: dict[str, tuple[str, dict[str, Any]]] = {
    "add": ("x + y", {"x": 2.0, "y": 3.0}),
    "dot": ("dot(w, x)", {"w": [1.0, 2.0], "x": [3.0, 4.0]}),
    "logistic": ("1 / (1 + exp(-x))", {"x": 0.0}),
    "relu": ("relu(x)", {"x": [-1.0, 2.0]}),
    "vectorise": ("vector = [x, y, x * y]; vector @ vector", {"x": 2.0, "y": 3.0}),
    "softmax": ("softmax(z)[0]", {"z": [0.0, 0.0]}),
    "cross-entropy with softmax": ("cross_entropy(z, t)", {"z": [0.0, 0.0], "t": [1.0, 0.0]}),
}
"""A formula for each kind of node, and a point."""

LOGISTIC = """
logistic(z) = 1 / (1 + exp(-z))
p = logistic(X @ w + b)
-mean(t * log(p) + (1 - t) * log(1 - p)) + 0.001 * sum(w**2)
"""
SOFTMAX = "cross_entropy(X @ W + b, T) + 0.001 * sum(W**2)"


def blobs(classes: int, count: int = 300) -> tuple[Array, NDArray[np.intp]]:
    """Points of the plane around the corners of a regular polygon, and whose corner it is."""
    draws = np.random.default_rng(classes)
    labels = draws.integers(0, classes, count)
    angles = 2 * np.pi * labels / classes
    corners = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return corners + 0.7 * draws.normal(size=(count, 2)), labels


def logistic_regression() -> tuple[Fit, float]:
    """Tell two classes apart; the fit, and the share of points that are told right."""
    X, labels = blobs(2)
    start = {"w": np.zeros(2), "b": 0.0}
    data = {"X": X, "t": labels.astype(float)}
    found = fit(LOGISTIC, data, start, optimizer=GradientDescent(0.5), epochs=300)
    above = symgrad.function("X @ w + b > 0")(X=X, **found.parameters)
    return found, float(np.mean(above == labels))


def softmax_regression() -> tuple[Fit, float]:
    """Tell three classes apart; the fit, and the share of points that are told right."""
    X, labels = blobs(3)
    start = {"W": np.zeros((2, 3)), "b": np.zeros(3)}
    data = {"X": X, "T": np.eye(3)[labels]}
    found = fit(SOFTMAX, data, start, optimizer=GradientDescent(0.5), epochs=300)
    chosen = symgrad.function("argmax(X @ W + b, axis=1)")(X=X, **found.parameters)
    return found, float(np.mean(chosen == labels))


def main() -> None:
    """Print value and gradients of each kind of node, then the two classifiers."""
    for kind, (formula, point) in NODES.items():
        value, gradients = symgrad.value_and_grad(formula, tuple(point))(**point)
        print(f"{kind}: {formula} = {np.round(value, 6).tolist()}")
        for name, gradient in zip(point, gradients, strict=True):
            print(f"  d/d{name} = {np.round(gradient, 6).tolist()}")
    for what, (found, share) in {
        "logistic regression": logistic_regression(),
        "softmax regression": softmax_regression(),
    }.items():
        first, last = found.history[0], found.history[-1]
        print(f"{what}: loss {first:.4f} to {last:.4f}, {share:.1%} right")


if __name__ == "__main__":
    main()
