"""A network of 64, 90 and 10 units that reads handwritten digits, trained by three optimisers.

The text builds the network as a graph of node objects, with a training loop that runs forward,
then backward, and has each optimiser go through the nodes that hold parameters. Here the network is
one formula with its shapes declared, `fit` is the loop, and an optimiser is an argument.

The digits are scikit-learn's: 1,797 images of 8 by 8 pixels, from the test set of Alpaydin and
Kaynak, Optical recognition of handwritten digits (UCI machine learning repository, 1998).
"""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from loss_curves import draw, sparkline
from numpy.typing import NDArray

import symgrad
from symgrad.errors import MissingExtraError
from symgrad.fitting import Fit, fit
from symgrad.optim import Adam, GradientDescent, RMSProp, Rule

Array = NDArray[np.float64]

NETWORK = """
X: (n, 64); W1: (64, 90); b1: (90,); W2: (90, 10); b2: (10,)
hidden = relu(X @ W1 + b1)
logits = hidden @ W2 + b2
"""
LOSS = NETWORK + "cross_entropy(logits, digits)"
READING = NETWORK + "argmax(logits, axis=1)"

RULES: dict[str, Rule] = {
    "gradient descent": GradientDescent(learning_rate=0.15),
    "RMSProp": RMSProp(learning_rate=0.002),
    "Adam": Adam(learning_rate=0.005),
}


class Images(NamedTuple):
    """Images, a row of 64 brightnesses from 0 to 2 each, and which digits they show."""

    X: Array
    digits: NDArray[np.int64]

    def divided(self, held_out: int, seed: int = 0) -> tuple["Images", "Images"]:
        """The images to learn from, and as many others as asked for, drawn by lot."""
        order = np.random.default_rng(seed).permutation(len(self.X))
        held, learned = np.split(order, [held_out])
        return self.chosen(learned), self.chosen(held)

    def chosen(self, rows: NDArray[np.intp]) -> "Images":
        """Some of the images."""
        return Images(self.X[rows], self.digits[rows])


def load() -> Images:
    """The digits of scikit-learn.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    try:
        images, digits = import_module("sklearn.datasets").load_digits(return_X_y=True)
    except ImportError:
        raise MissingExtraError(
            "the digits come with scikit-learn, which is not installed",
            hint="Install it with: pip install 'symgrad[examples]'",
        ) from None
    return Images(np.asarray(images) / 8, np.asarray(digits))


def start(seed: int = 0) -> dict[str, Array]:
    """Parameters to begin from, after He et al., Delving deep into rectifiers (ICCV 2015)."""
    draws = np.random.default_rng(seed)
    return {
        "W1": draws.normal(scale=np.sqrt(2 / 64), size=(64, 90)),
        "b1": np.zeros(90),
        "W2": draws.normal(scale=np.sqrt(2 / 90), size=(90, 10)),
        "b2": np.zeros(10),
    }


def train(
    images: Images,
    rule: Rule,
    epochs: int = 40,
    progress: bool | Callable[[int, float], object] = False,
) -> Fit:
    """Train the network in mini-batches of 32."""
    return fit(
        LOSS, images._asdict(), start(), optimizer=rule, batch_size=32, epochs=epochs,
        progress=progress,
    )  # fmt: skip


def accuracy(images: Images, parameters: dict[str, Any]) -> float:
    """The share of images whose digit is read right."""
    read = symgrad.function(READING)(X=images.X, **parameters)
    return float(np.mean(read == images.digits))


def told(epoch: int, loss: float) -> None:
    """Show progress as text: a line every tenth epoch."""
    if epoch % 10 == 0:
        print(f"  epoch {epoch}: loss {loss:.4f}", flush=True)


def main(folder: Path = Path()) -> None:
    """Train with each optimiser, print how well digits are read, draw the losses in `folder`."""
    learned, held = load().divided(held_out=360)
    progress = told if find_spec("tqdm") is None else True
    curves: dict[str, Array] = {}
    for name, rule in RULES.items():
        print(f"{name}:", flush=True)
        found = train(learned, rule, progress=progress)
        curves[name] = found.history
        print(f"  loss {sparkline(found.history)} {found.loss:.5f}")
        print(f"  held-out digits read right: {accuracy(held, found.parameters):.2%}", flush=True)
    print(f"loss curves: {draw(curves, folder, 'digits_loss').name}")


if __name__ == "__main__":
    try:
        main(Path(*sys.argv[1:]))
    except MissingExtraError as error:
        sys.exit(str(error))
