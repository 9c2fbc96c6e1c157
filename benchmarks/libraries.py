"""The array API on PyTorch's and JAX's arrays, beside what these differentiate by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

import symgrad
from benchmarks.models import NETWORK, PARAMETERS, network_data
from benchmarks.report import Report, described, timed
from benchmarks.timing import seconds_a_call

Call = Callable[..., Any]
Works = dict[str, Call]


def _logistic_data(rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(rows)
    return {"X": rng.normal(size=(rows, 8)), "w": np.linspace(-1, 1, 8)}


def _logistic(xp: Any, w: Any, X: Any) -> Any:
    return xp.log1p(xp.exp(-X @ w)).mean()


def _network(nn: Any, W: Any, b: Any, V: Any, c: Any, X: Any, T: Any) -> Any:
    return -(T * nn.log_softmax(nn.relu(X @ W + b) @ V + c, 1)).sum() / X.shape[0]


LOGISTIC = "mean(log1p(exp(-X @ w)))"

CASES: Mapping[str, tuple[str, tuple[str, ...], Call, dict[str, Any]]] = {
    "logistic regression, 10,000 rows": (LOGISTIC, ("w",), _logistic, _logistic_data(10_000)),
    "logistic regression, 1,000,000 rows": (LOGISTIC, ("w",), _logistic, _logistic_data(1_000_000)),
    "64-90-10 network, 256 rows": (NETWORK, PARAMETERS, _network, network_data(256)),
}
"""By name: a formula, what it is differentiated by, the same by hand, and the inputs."""


def _on_torch(formula: str, wrt: Sequence[str], loss: Call, data: Mapping[str, Any]) -> Works:
    import torch

    given = {name: torch.as_tensor(value) for name, value in data.items()}
    ours = symgrad.value_and_grad(formula, wrt, target="array-api")
    module = torch.nn.functional if loss is _network else torch
    moving = {name: given[name].clone().requires_grad_() for name in wrt}

    def own() -> Any:
        value = loss(module, **(given | moving))
        return value.detach(), torch.autograd.grad(value, list(moving.values()))

    return {"array-api on torch": lambda: ours(**given), "torch.autograd": own}


def _on_jax(formula: str, wrt: Sequence[str], loss: Call, data: Mapping[str, Any]) -> Works:
    import jax

    jax.config.update("jax_enable_x64", True)
    given = {name: jax.numpy.asarray(value) for name, value in data.items()}
    rest = {name: value for name, value in given.items() if name not in wrt}
    ours = jax.jit(symgrad.value_and_grad(formula, wrt, target="array-api"))
    module = jax.nn if loss is _network else jax.numpy
    both = jax.jit(jax.value_and_grad(lambda moving, rest: loss(module, **moving, **rest)))
    moving = {name: given[name] for name in wrt}

    def own() -> Any:
        value, slopes = jax.block_until_ready(both(moving, rest))
        return value, [slopes[name] for name in wrt]

    return {
        "array-api in jax.jit": lambda: jax.block_until_ready(ours(**given)),
        "jax.value_and_grad": own,
    }


LIBRARIES: Mapping[str, Callable[[str, Sequence[str], Call, Mapping[str, Any]], Works]] = {
    "torch": _on_torch,
    "jax": _on_jax,
}


def report() -> Report:
    """The array API on PyTorch and JAX, beside their own derivatives of the same value."""
    rows, lines = [], [described()]
    for what, (formula, wrt, loss, data) in CASES.items():
        works: Works = {}
        for library, make in LIBRARIES.items():
            if find_spec(library) and find_spec("array_api_compat"):
                works |= make(formula, wrt, loss, data)
        seconds = seconds_a_call(works)
        rows.append({"what": what, "seconds": seconds})
        told = ", ".join(f"{name} {timed(taken)}" for name, taken in seconds.items())
        lines.append(f"{what}: {told}")
    return Report("\n".join(lines), rows)
