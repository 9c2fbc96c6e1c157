"""The peers: how each makes the value and the gradient of a formula that is written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

import symgrad

Call = Callable[..., Any]
Maker = Callable[[str, Sequence[str]], Call]

FUNCTIONS = "exp log log1p sin cos tanh sqrt".split()
"""What the formulas of the benchmarks use, under the same names everywhere."""


def _expression(formula: str, names: Sequence[str], module: Any, **others: Any) -> Call:
    """The formula as a Python function over the functions of a library."""
    known = {name: getattr(module, name) for name in FUNCTIONS if hasattr(module, name)} | others
    made: Call = eval(f"lambda {', '.join(names)}: {formula}", known)
    return made


def _symgrad(formula: str, names: Sequence[str]) -> Call:
    # The object itself: with numbers it gets a quicker `__call__` than the one that it begins with.
    return symgrad.value_and_grad(formula, tuple(names))


def _symgrad_numba(formula: str, names: Sequence[str]) -> Call:
    return symgrad.value_and_grad(formula, tuple(names), target="numba")


def _jax(formula: str, names: Sequence[str]) -> Call:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    function = _expression(formula, names, jnp)

    def both(*args: Any) -> Any:
        value, pull = jax.vjp(function, *args)
        return value, pull(jnp.ones_like(value))

    compiled = jax.jit(both)
    return lambda *args: jax.block_until_ready(compiled(*args))


def _torch(formula: str, names: Sequence[str]) -> Call:
    import torch

    function = _expression(formula, names, torch)

    def both(*args: Any) -> Any:
        inputs = [torch.as_tensor(arg, dtype=torch.float64).requires_grad_() for arg in args]
        value = function(*inputs)
        return value.detach(), torch.autograd.grad(value.sum(), inputs)

    return both


def _autograd(formula: str, names: Sequence[str]) -> Call:
    import autograd.numpy as anp
    from autograd import make_vjp

    function = _expression(formula, names, anp)

    def both(*args: Any) -> Any:
        pull, value = make_vjp(lambda given: function(*given))(tuple(args))
        return value, pull(np.ones_like(value))

    return both


def _sympy_outputs(formula: str, names: Sequence[str]) -> tuple[list[Any], list[Any]]:
    import sympy

    symbols = [sympy.Symbol(name, real=True) for name in names]
    value = _expression(formula, names, sympy, log1p=lambda x: sympy.log(1 + x))(*symbols)
    return symbols, [value, *(sympy.diff(value, symbol) for symbol in symbols)]


def _sympy(modules: str) -> Maker:
    def make(formula: str, names: Sequence[str]) -> Call:
        import sympy

        symbols, outputs = _sympy_outputs(formula, names)
        made: Call = sympy.lambdify(symbols, outputs, modules, cse=True)
        return made

    return make


def _casadi(formula: str, names: Sequence[str]) -> Call:
    import casadi

    symbols = [casadi.SX.sym(name) for name in names]
    value = _expression(formula, names, casadi)(*symbols)
    gradient = casadi.gradient(value, casadi.vertcat(*symbols))
    made: Call = casadi.Function("both", symbols, [value, gradient])
    return made


def _pytensor(kind: str) -> Maker:
    def make(formula: str, names: Sequence[str]) -> Call:
        import pytensor
        import pytensor.tensor as pt

        symbols = [getattr(pt, kind)(name) for name in names]
        value = _expression(formula, names, pt)(*symbols)
        made: Call = pytensor.function(symbols, [value, *pt.grad(value.sum(), symbols)])
        return made

    return make


def _numba(formula: str, names: Sequence[str]) -> Call:
    """As written by hand: a loop on all cores, over expressions without common parts."""
    import math

    import numba
    import sympy

    _, outputs = _sympy_outputs(formula, names)
    parts, results = sympy.cse(outputs)
    lines = [f"{part} = {sympy.pycode(value)}" for part, value in parts]
    lines += [f"o{at}[i] = {sympy.pycode(value)}" for at, value in enumerate(results)]
    outs = ", ".join(f"o{at}" for at in range(len(results)))
    text = "\n".join(
        [
            f"def both({', '.join(f'{name}_' for name in names)}, {outs}):",
            f"    for i in numba.prange({names[0]}_.size):",
            *(f"        {name} = {name}_[i]" for name in names),
            *(f"        {line}" for line in lines),
        ]
    )
    space: dict[str, Any] = {"numba": numba, "math": math}
    exec(text, space)
    loop = numba.njit(parallel=True, error_model="numpy")(space["both"])

    def both(*args: Any) -> Any:
        results_ = [np.empty_like(args[0]) for _ in outputs]
        loop(*args, *results_)
        return results_

    return both


ON_NUMBERS: Mapping[str, tuple[str, Maker]] = {
    "symgrad": ("symgrad", _symgrad),
    "SymPy": ("sympy", _sympy("math")),
    "PyTensor": ("pytensor", _pytensor("dscalar")),
    "JAX": ("jax", _jax),
    "CasADi": ("casadi", _casadi),
    "torch": ("torch", _torch),
    "autograd": ("autograd", _autograd),
}
"""Who takes part on Python floats: the package that it needs, and how it makes the function."""

ON_ARRAYS: Mapping[str, tuple[str, Maker]] = {
    "symgrad": ("symgrad", _symgrad),
    "symgrad numba": ("numba", _symgrad_numba),
    "JAX": ("jax", _jax),
    "numba": ("numba", _numba),
    "torch": ("torch", _torch),
    "SymPy": ("sympy", _sympy("numpy")),
    "PyTensor": ("pytensor", _pytensor("dvector")),
    "autograd": ("autograd", _autograd),
}
"""Who takes part on arrays: "symgrad numba" has target="numba", "numba" is written by hand."""


def installed(peers: Mapping[str, tuple[str, Maker]]) -> dict[str, Maker]:
    """Those whose packages are there."""
    return {name: make for name, (package, make) in peers.items() if find_spec(package)}
