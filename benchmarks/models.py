"""Gradients of models: a network for digits at several batches, and two objectives of ADBench."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

import symgrad
from benchmarks import adbench
from benchmarks.report import Report, described, table
from benchmarks.timing import ROUNDS, Measure, Work

Array = np.ndarray[Any, Any]
Call = Callable[..., Any]
Maker = Callable[[], Call]

BATCHES = (32, 256, 1797)
LAYERS = (64, 90, 10)
BLOCK = 256

NETWORK = (
    "X: (n, d); T: (n, k); W: (d, h); b: (h,); V: (h, k); c: (k,); "
    "cross_entropy(relu(X @ W + b) @ V + c, T)"
)
PARAMETERS = ("W", "b", "V", "c")


@dataclass(frozen=True, slots=True)
class Model:
    """A formula, what it is differentiated by, its data, and how the peers make the same.

    The functions of peers take the inputs of `wrt` first, in that order, then the others.
    """

    formula: str
    wrt: tuple[str, ...]
    data: Callable[[], dict[str, Array]]
    peers: Mapping[str, Maker]
    rows: int | None = None


def work(row: str, name: str) -> Work:
    """What a model asks of a competitor: value and gradient by all parameters."""
    model = MODELS[row]
    data = model.data()
    if name == "symgrad":
        compiled = symgrad.value_and_grad(model.formula, model.wrt)
        return partial(compiled, *(data[name] for name in compiled.inputs))
    return partial(model.peers[name](), *ordered(model, data))


def ordered(model: Model, data: Mapping[str, Array]) -> list[Array]:
    """The inputs in the order in which peers take them."""
    return [data[name] for name in (*model.wrt, *(n for n in data if n not in model.wrt))]


def report(measure: Measure) -> Report:
    """A table of the times of value and gradient by all parameters."""
    rows = []
    for what, model in MODELS.items():
        names = [n for n in model.peers if find_spec(PACKAGES.get(n, "numpy"))]
        seconds = measure("models", what, ["symgrad", *names], ROUNDS)
        rows.append({"what": what, "rows": model.rows, "seconds": seconds})
    return Report(f"{described()}\n{table(rows, 'model', ['symgrad', *NETWORKS])}", rows)


def network_data(batch: int) -> dict[str, Array]:
    """A batch of random rows with random classes, and weights to begin with."""
    rng = np.random.default_rng(batch)
    d, h, k = LAYERS
    return {
        "X": rng.normal(size=(batch, d)),
        "T": np.eye(k)[rng.integers(0, k, batch)],
        "W": rng.normal(size=(d, h)) / 8,
        "b": np.zeros(h),
        "V": rng.normal(size=(h, k)) / 9,
        "c": np.zeros(k),
    }


def _by_hand() -> Call:
    """Backpropagation as an expert writes it in NumPy."""

    def both(W: Array, b: Array, V: Array, c: Array, X: Array, T: Array) -> Any:
        z = X @ W + b
        h = np.maximum(z, 0)
        shifted = h @ V + c
        shifted -= shifted.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        value = np.mean(np.log(total[:, 0]) - np.sum(T * shifted, axis=1))
        g = (e / total - T) / len(X)
        dz = (g @ V.T) * (z > 0)
        return value, (X.T @ dz, dz.sum(axis=0), h.T @ g, g.sum(axis=0))

    return both


def _in_blocks() -> Call:
    """The same for some rows at a time, in arrays that are kept."""
    kept: dict[str, Array] = {}

    def both(W: Array, b: Array, V: Array, c: Array, X: Array, T: Array) -> Any:
        n, value = len(X), 0.0
        most = min(BLOCK, n)
        if not kept or len(kept["h"]) != most:
            for name, width in (("h", len(b)), ("dz", len(b)), ("z", len(c)), ("e", len(c))):
                kept[name] = np.empty((most, width))
        dW, db, dV, dc = (np.zeros_like(array) for array in (W, b, V, c))
        for start in range(0, n, BLOCK):
            x, t = X[start : start + BLOCK], T[start : start + BLOCK]
            h, dz, z, e = (array[: len(x)] for array in kept.values())
            np.add(np.matmul(x, W, out=h), b, out=h)
            np.maximum(h, 0, out=h)
            np.add(np.matmul(h, V, out=z), c, out=z)
            z -= z.max(axis=1, keepdims=True)
            total = np.exp(z, out=e).sum(axis=1, keepdims=True)
            value += np.log(total).sum() - np.vdot(t, z)
            e /= total
            e -= t
            e /= n
            np.matmul(e, V.T, out=dz)
            dz *= h > 0
            dW += x.T @ dz
            db += dz.sum(axis=0)
            dV += h.T @ e
            dc += e.sum(axis=0)
        return value / n, (dW, db, dV, dc)

    return both


def _loss(relu: Call, log_softmax: Call, W: Any, b: Any, V: Any, c: Any, X: Any, T: Any) -> Any:
    return -(T * log_softmax(relu(X @ W + b) @ V + c, 1)).sum() / X.shape[0]


def _jax(loss: Callable[[Any], Call], count: int) -> Maker:
    def make() -> Call:
        import jax

        jax.config.update("jax_enable_x64", True)
        both = jax.jit(jax.value_and_grad(loss(jax), argnums=tuple(range(count))))
        return lambda *args: jax.block_until_ready(both(*args))

    return make


def _torch(loss: Callable[[Any], Call], count: int) -> Maker:
    def make() -> Call:
        import torch

        function = loss(torch)

        def both(*args: Array) -> Any:
            tensors = [torch.as_tensor(arg) for arg in args]
            moving = [tensor.requires_grad_() for tensor in tensors[:count]]
            value = function(*moving, *tensors[count:])
            return value.detach(), torch.autograd.grad(value, moving)

        return both

    return make


PACKAGES = {"JAX": "jax", "torch": "torch"}
NETWORKS: Mapping[str, Maker] = {
    "by hand": _by_hand,
    "in blocks": _in_blocks,
    "JAX": _jax(lambda jax: partial(_loss, jax.nn.relu, jax.nn.log_softmax), 4),
    "torch": _torch(lambda torch: partial(_loss, torch.relu, torch.log_softmax), 4),
}
"""Who takes part; the first two are NumPy written by hand."""

MODELS: Mapping[str, Model] = {
    **{
        f"network, {n} rows": Model(NETWORK, PARAMETERS, partial(network_data, n), NETWORKS, n)
        for n in BATCHES
    },
    "Gaussian mixture": Model(
        adbench.MIXTURE,
        adbench.MIXED,
        adbench.mixture_data,
        {
            "JAX": _jax(lambda jax: partial(adbench.mixture, jax.numpy, jax.nn.logsumexp), 3),
            "torch": _torch(lambda torch: partial(adbench.mixture, torch, torch.logsumexp), 3),
        },
    ),
    "bundle adjustment": Model(
        adbench.BUNDLE,
        adbench.ADJUSTED,
        adbench.bundle_data,
        {
            "JAX": _jax(lambda jax: partial(adbench.bundle, jax.numpy, jax.numpy.cross), 3),
            "torch": _torch(lambda torch: partial(adbench.bundle, torch, torch.linalg.cross), 3),
        },
    ),
}
"""What can be asked for, by name."""
