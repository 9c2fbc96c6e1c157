"""A layered network: linear, sigmoid and mean squared error, each a line of the formula.

The text has a class for each layer, `Linear`, `Sigmoid` and `MSE`, and each holds its inbound
nodes, its values and a dict of gradients. A topological sort orders them, and a loop goes forward
through them and back again. Here a layer is a function that the formula defines, the network is
their composition, and the compiler finds the order.
"""

import numpy as np
from numpy.typing import NDArray

import symgrad
from symgrad.fitting import Fit, fit
from symgrad.optim import GradientDescent

Array = NDArray[np.float64]

LAYERS = """
linear(X, W, b) = X @ W + b
sigmoid(z) = 1 / (1 + exp(-z))
mse(y, a) = mean((y - a)**2)
"""
ONE_LAYER = LAYERS + "mse(y, ravel(sigmoid(linear(X, W, b))))"
NETWORK = LAYERS + "mse(y, ravel(linear(sigmoid(linear(X, W1, b1)), W2, b2)))"


def one_layer() -> tuple[float, dict[str, Array]]:
    """Loss and gradients of two samples, small enough to follow with a pencil."""
    wrt = ("X", "W", "b")
    loss, gradients = symgrad.value_and_grad(ONE_LAYER, wrt)(
        X=[[-1.0, -2.0], [-1.0, -2.0]], W=[[2.0], [3.0]], b=[-3.0], y=[1.0, 2.0]
    )
    return float(loss), dict(zip(wrt, gradients, strict=True))


def samples(count: int = 200) -> dict[str, Array]:
    """Points of a square and the height of a saddle above them."""
    X = np.random.default_rng(0).uniform(-1, 1, (count, 2))
    return {"X": X, "y": X[:, 0] * X[:, 1]}


def train(data: dict[str, Array], epochs: int = 100) -> Fit:
    """Train ten hidden units by gradient descent in mini-batches."""
    draws = np.random.default_rng(1)
    start = {
        "W1": draws.normal(size=(2, 10)),
        "b1": np.zeros(10),
        "W2": draws.normal(size=(10, 1)),
        "b2": np.zeros(1),
    }
    return fit(NETWORK, data, start, optimizer=GradientDescent(0.2), batch_size=10, epochs=epochs)


def main() -> None:
    """Print the gradients of one layer, then train two and print how the loss fell."""
    loss, gradients = one_layer()
    print(f"one layer: loss {loss:.7f}")
    for name, gradient in gradients.items():
        print(f"  d/d{name} = {gradient.round(12).tolist()}")
    data = samples()
    fitted = train(data)
    for epoch in (1, 10, 50, 100):
        print(f"two layers, epoch {epoch:3}: loss {fitted.history[epoch - 1]:.5f}")
    print(f"variance of what is learned: {np.var(data['y']):.5f}")


if __name__ == "__main__":
    main()
