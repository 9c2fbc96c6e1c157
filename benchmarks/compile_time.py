"""The time from text to first gradient, and the memory it takes, beside other libraries.

Each measurement has a process of its own, in which functions are loaded and something else was
compiled before; what is measured is text to the first gradient on floats, in seconds of the
processor's time, the best of several. Small formulas are well-known ones; large ones are sums of
random terms over 50 inputs. Last comes the whole of Python's start to a first gradient, in units of
`import numpy`.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import geometric_mean
from time import process_time
from typing import Any

import symgrad
from benchmarks.formulas import WELL_KNOWN
from benchmarks.report import Report

SIZES = (100, 1_000, 10_000, 100_000)
INPUTS = 50
SMALL = {
    formula.text.replace("^", "**"): formula.inputs
    for formula in WELL_KNOWN
    if all(isinstance(value, float) for value in formula.inputs.values())
    and formula.text.isascii()
    and ";" not in formula.text
}

Inputs = Mapping[str, Any]
"""Values by name."""

_TERMS = (
    "{c:.3f}*sin({x}*{y})",
    "exp(-{x}**2)",
    "{x}*{y}**2/({z}**2+1)",
    "cos({x}-{y})**2",
)
WORDS = "exp log sqrt sin cos expm1 arcsin pi".split()
"""What texts call by name: each library is given its own."""
_START = "import symgrad; symgrad.grad('exp(x**2)**2')(0.5)"
_SECONDS = 600
_AGAIN = 5


def terms(count: int, seed: int = 1) -> str:
    """A sum of random terms."""
    choose = random.Random(seed)
    names = [f"x{number}" for number in range(INPUTS)]
    made = []
    for _ in range(count):
        x, y, z = (choose.choice(names) for _ in range(3))
        made.append(choose.choice(_TERMS).format(c=choose.random(), x=x, y=y, z=z))
    return "+".join(made)


def _in_order(text: str, values: Inputs) -> Inputs:
    """The inputs in the order of their first use; what has no value is a half."""
    with symgrad.Limits(text=math.inf, nodes=math.inf, seconds=math.inf):
        return {name: values.get(name, 0.5) for name in symgrad.function(text).inputs}


def _by_symgrad(text: str, inputs: Inputs) -> None:
    with symgrad.Limits(text=math.inf, nodes=math.inf, seconds=math.inf):
        # A text that is new to it: what was compiled lately is kept.
        compiled = symgrad.grad(text + " " * next(_spaces))
        compiled(*inputs.values())


_spaces = iter(range(1, 10**9))


def _by_casadi(text: str, inputs: Inputs) -> None:
    casadi: Any = import_module("casadi")

    symbols = {name: casadi.SX.sym(name) for name in inputs}
    value = eval(text, {name: getattr(casadi, name) for name in WORDS} | symbols)
    arguments = list(symbols.values())
    slope = casadi.gradient(value, casadi.vertcat(*arguments))
    casadi.Function("slope", arguments, [slope])(*inputs.values())


def _by_sympy(text: str, inputs: Inputs) -> None:
    sympy: Any = import_module("sympy")

    symbols = {name: sympy.Symbol(name) for name in inputs}
    special = {"arcsin": sympy.asin, "expm1": lambda x: sympy.exp(x) - 1}
    value = sympy.sympify(text, locals=symbols | special)
    slopes = [sympy.diff(value, symbol) for symbol in symbols.values()]
    sympy.lambdify(list(symbols.values()), slopes, "math", cse=True)(*inputs.values())


def _by_jax(text: str, inputs: Inputs) -> None:
    jax: Any = import_module("jax")

    known = {name: getattr(jax.numpy, name) for name in WORDS}
    value = eval(f"lambda {', '.join(inputs)}: {text}", known)
    slopes = jax.jit(jax.grad(value, argnums=tuple(range(len(inputs)))))(*inputs.values())
    jax.block_until_ready(slopes)


def _by_pytensor(text: str, inputs: Inputs) -> None:
    pytensor: Any = import_module("pytensor")
    tensor: Any = import_module("pytensor.tensor")

    known = {name: getattr(tensor, name, getattr(math, name, None)) for name in WORDS}
    symbols = {name: tensor.scalar(name) for name in inputs}
    arguments = list(symbols.values())
    value = eval(text, known | symbols)
    pytensor.function(arguments, pytensor.grad(value, arguments))(*inputs.values())


Way = Callable[[str, Inputs], None]

WAYS: Mapping[str, Way] = {
    "symgrad": _by_symgrad,
    "casadi": _by_casadi,
    "sympy": _by_sympy,
    "jax": _by_jax,
    "pytensor": _by_pytensor,
}
"""By library: from a text and its inputs to a first gradient."""

_MOST = 1_000
_LARGEST: Mapping[str, int] = {"symgrad": SIZES[-1], "pytensor": 100}
"""The largest sum that a library is asked for, where that is not `_MOST`: Python's own parser reads
few thousand terms, and PyTensor recurses over them."""


def _best(way: Way, text: str, inputs: Inputs, again: int) -> float:
    times = []
    for _ in range(again):
        start = _used()
        way(text, inputs)
        times.append(_used() - start)
    return min(times)


def _used() -> float:
    """The processor's time so far, compilers that were called among it."""
    times = os.times()
    return process_time() + times.children_user + times.children_system


def measured_here(library: str, what: str) -> dict[str, Any]:
    """What a process of its own measures: the small formulas, or a sum of so many terms."""
    way = WAYS[library]
    other = terms(20, seed=2)
    way(other, _in_order(other, {}))
    asked = SMALL if what == "small" else {terms(int(what)): {}}
    again = _AGAIN if what == "small" or int(what) <= _MOST else 1
    seconds = [_best(way, text, _in_order(text, known), again) for text, known in asked.items()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "peak": peak}


def _run(arguments: Iterable[str]) -> tuple[float, str]:
    """The processor's time of a child of this process, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    made = subprocess.run(
        [sys.executable, *arguments], cwd=Path(__file__).parents[1], capture_output=True,
        text=True, timeout=_SECONDS, check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, made.stdout


def _measured(library: str, what: str) -> dict[str, Any]:
    try:
        _, printed = _run(["-m", "benchmarks.compile_time", library, what])
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = (getattr(error, "stderr", "") or type(error).__name__).strip().splitlines()
        return {"failed": told[-1][:60] if told else "failed"}
    found: dict[str, Any] = json.loads(printed)
    return found


def data() -> dict[str, Any]:
    """All measurements, for JSON."""
    found: dict[str, Any] = {"missing": [name for name in WAYS if find_spec(name) is None]}
    for library in WAYS:
        if library not in found["missing"]:
            sizes = [str(size) for size in SIZES if size <= _LARGEST.get(library, _MOST)]
            found[library] = {what: _measured(library, what) for what in ("small", *sizes)}
    starts = {
        code: min(_run(["-c", code])[0] for _ in range(9)) for code in ("import numpy", _START)
    }
    found["start"] = {"seconds": starts[_START], "ratio": starts[_START] / starts["import numpy"]}
    return found


def table(found: Mapping[str, Any]) -> list[str]:
    """The measurements as lines of text."""
    lines = [f"{'':10}{'what':>12}{'seconds':>10}{'us a term':>11}{'peak MB':>9}"]
    for library in WAYS:
        for what, row in found.get(library, {}).items():
            if "failed" in row:
                lines.append(f"  {library:8}{what:>12}  {row['failed']}")
                continue
            seconds = geometric_mean(row["seconds"])
            each = f"{seconds / int(what) * 1e6:11.1f}" if what != "small" else " " * 11
            lines.append(f"  {library:8}{what:>12}{seconds:10.4f}{each}{row['peak'] / 1e6:9.0f}")
    mine = found.get("symgrad", {}).get("small", {})
    if "seconds" in mine:
        most = max(mine["seconds"])
        lines.append(f"the slowest of {len(SMALL)} small formulas: {most * 1e3:.2f} ms")
    start = found["start"]
    lines.append(
        f"start of Python to first gradient: {start['seconds']:.3f} s, "
        f"{start['ratio']:.2f} times import numpy"
    )
    if found["missing"]:
        lines.append(f"not installed: {', '.join(found['missing'])}")
    return lines


def report() -> Report:
    """A table of the time from text to first gradient, and of the memory it takes."""
    found = data()
    rows = [
        {"library": library, "what": what, **row}
        for library in WAYS
        for what, row in found.get(library, {}).items()
    ]
    return Report("\n".join(table(found)), [*rows, found["start"]])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured_here(*sys.argv[1:3])))
