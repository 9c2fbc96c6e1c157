"""Gradients of models: a network for digits at several batches, and a mixture of Gaussians."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

import symgrad
from benchmarks.report import Report, described, table
from benchmarks.timing import seconds_a_call

Array = np.ndarray[Any, Any]
Call = Callable[..., Any]
Maker = Callable[[], Call]

BATCHES = (32, 256, 1797)
LAYERS = (64, 90, 10)

NETWORK = (
    "X: (n, d); T: (n, k); W: (d, h); b: (h,); V: (h, k); c: (k,); "
    "cross_entropy(relu(X @ W + b) @ V + c, T)"
)
PARAMETERS = ("W", "b", "V", "c")

MIXTURE = (
    "sum(logsumexp(a - sum((x[:, None, :] - m)**2 * exp(-2*q), axis=-1) / 2"
    " - sum(q, axis=-1), axis=1)) - len(x)*logsumexp(a)"
)
SAMPLES, COMPONENTS, DIMENSIONS = 1000, 5, 10


def report() -> Report:
    """A table of the times of value and gradient by all parameters."""
    rows = []
    for batch in BATCHES:
        data = network_data(batch)
        rows.append(_row(f"network, {batch} rows", NETWORK, PARAMETERS, data, NETWORKS))
    data = mixture_data()
    rows.append(_row("Gaussian mixture", MIXTURE, ("a", "m", "q"), data, MIXTURES))
    return Report(f"{described()}\n{table(rows, 'model', ['symgrad', *NETWORKS])}", rows)


def _row(
    what: str,
    formula: str,
    wrt: tuple[str, ...],
    data: Mapping[str, Array],
    peers: Mapping[str, Maker],
) -> dict[str, Any]:
    fixed = {name: value for name, value in data.items() if name not in wrt}
    moving = [data[name] for name in wrt]
    works = {"symgrad": partial(symgrad.value_and_grad(formula, wrt), **data)}
    for name, make in peers.items():
        if find_spec(PACKAGES.get(name, "numpy")):
            works[name] = partial(make(), *moving, *fixed.values())
    return {"what": what, "seconds": seconds_a_call(works)}


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


def mixture_data() -> dict[str, Array]:
    """Samples, and the parameters of a mixture."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.normal(size=(SAMPLES, DIMENSIONS)),
        "a": rng.normal(size=COMPONENTS),
        "m": rng.normal(size=(COMPONENTS, DIMENSIONS)),
        "q": rng.normal(size=(COMPONENTS, DIMENSIONS)) / 4,
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


def _loss(relu: Call, log_softmax: Call, W: Any, b: Any, V: Any, c: Any, X: Any, T: Any) -> Any:
    return -(T * log_softmax(relu(X @ W + b) @ V + c, 1)).sum() / X.shape[0]


def _jax_network() -> Call:
    import jax

    jax.config.update("jax_enable_x64", True)
    loss = partial(_loss, jax.nn.relu, jax.nn.log_softmax)
    both = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2, 3)))
    return lambda *args: jax.block_until_ready(both(*args))


def _torch_network() -> Call:
    import torch

    return _torch(partial(_loss, torch.relu, torch.log_softmax), 4)


def _torch(loss: Call, count: int) -> Call:
    import torch

    def both(*args: Array) -> Any:
        tensors = [torch.as_tensor(arg) for arg in args]
        moving = [tensor.requires_grad_() for tensor in tensors[:count]]
        value = loss(*moving, *tensors[count:])
        return value, torch.autograd.grad(value, moving)

    return both


def _density(logsumexp: Callable[..., Any], exp: Call, a: Any, m: Any, q: Any, x: Any) -> Any:
    far = ((x[:, None, :] - m) ** 2 * exp(-2 * q)).sum(-1) / 2
    return logsumexp(a - far - q.sum(-1), 1).sum() - x.shape[0] * logsumexp(a, 0)


def _jax_mixture() -> Call:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    density = partial(_density, jax.nn.logsumexp, jnp.exp)
    both = jax.jit(jax.value_and_grad(density, argnums=(0, 1, 2)))
    return lambda *args: jax.block_until_ready(both(*args))


def _torch_mixture() -> Call:
    import torch

    return _torch(partial(_density, torch.logsumexp, torch.exp), 3)


PACKAGES = {"JAX": "jax", "torch": "torch"}
NETWORKS: Mapping[str, Maker] = {
    "by hand": _by_hand,
    "JAX": _jax_network,
    "torch": _torch_network,
}
MIXTURES: Mapping[str, Maker] = {"JAX": _jax_mixture, "torch": _torch_mixture}
