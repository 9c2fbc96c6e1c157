"""Gradients of three models over more data than the workers can hold, while one of them is killed.

The chunks are made where they are needed, so none is ever lost for good: what a worker took with it
is computed again elsewhere. The results are those of one machine on the same chunks, to the bit.

    python examples/lost_worker.py [MEGABYTES OF DATA] [MEGABYTES A WORKER]
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import symgrad

SAMPLES_A_CHUNK = 10_000

MODELS = {
    "logistic regression": ("mean(log1p(exp(-s * (X @ w))))", ["w"]),
    "least squares": ("mean((X @ w - y)**2) / 2", ["w"]),
    "64-90-10 network": ("cross_entropy(tanh(X @ V + b) @ U + c, k)", ["V", "b", "U", "c"]),
}


def data(samples: int) -> dict[str, Any]:
    """What the workers make: images of 64 numbers, and what is known of them."""
    X = da.random.RandomState(1).normal(size=(samples, 64), chunks=(SAMPLES_A_CHUNK, 64))
    y = X[:, 0] - X[:, 1]
    return {"X": X, "y": y, "s": da.sign(y), "k": X[:, :10].argmax(axis=1)}


def parameters() -> dict[str, Any]:
    """Small arrays: each worker gets them once."""
    rng = np.random.default_rng(2)
    sizes = {"w": 64, "V": (64, 90), "b": 90, "U": (90, 10), "c": 10}
    return {name: rng.normal(size=size) / 8 for name, size in sizes.items()}


def gradients(samples: int) -> Iterator[tuple[str, Any]]:
    """The lazy value and gradients of each model."""
    known = data(samples) | parameters()
    for name, (formula, wrt) in MODELS.items():
        compiled = symgrad.value_and_grad(formula, wrt)
        value, found = compiled(**{name: known[name] for name in compiled.inputs})
        yield name, (value, *found)


def with_a_loss(client: Client, lazy: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The results, though a worker is killed when it has done a part of the work; and which."""
    futures = {name: client.compute(parts) for name, parts in lazy.items()}
    first, killed = next(iter(client.run(os.getpid).items()))
    while not client.has_what([first])[first]:
        time.sleep(0.02)
    os.kill(killed, getattr(signal, "SIGKILL", signal.SIGTERM))
    found = {name: client.gather(future) for name, future in futures.items()}
    return found, killed


def main(megabytes: int = 20, limit: int = 400) -> None:
    """Compare a cluster that loses a worker with one machine."""
    samples = megabytes * 10**6 // 512
    lazy = dict(gradients(samples))
    settings = {"distributed.admin.large-graph-warning-threshold": "100MB"}
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=3, threads_per_worker=1, memory_limit=f"{limit}MB", dashboard_address=":0",
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        found, killed = with_a_loss(client, lazy)
        alive = set(client.run(os.getpid).values())
    assert killed not in alive
    for name, parts in lazy.items():
        alone = dask.compute(*parts, scheduler="synchronous")
        same = all(map(np.array_equal, found[name], alone))
        told = "equal to the bit" if same else "different"
        print(f"{name}: {len(parts) - 1} gradients, {told} with a worker lost and on one machine")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
