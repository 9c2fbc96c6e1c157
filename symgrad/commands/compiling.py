"""The commands that compile a formula: to source, or to numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.commands.command import (
    FORMULA,
    WRT,
    Command,
    Options,
    Printed,
    formula_of,
    point_of,
    write,
    wrt_of,
)
from symgrad.errors import SymgradError

if TYPE_CHECKING:
    from argparse import Namespace

    from symgrad.compiled import Compiled

_OUTPUT: Options = (
    (
        ("--at",),
        {
            "metavar": "x=0.5,y=[1,2]",
            "help": "print the results at these inputs, which are numbers, constant expressions or"
            " nested lists: the value first, then the derivatives, one a line",
        },
    ),
    (
        ("-o", "--output"),
        {"metavar": "FILE", "help": "write the source to FILE; with --at, do both"},
    ),
    (
        ("--name",),
        {"metavar": "NAME", "help": "what the source calls the function"},
    ),
    (
        ("--target",),
        {
            "metavar": "TARGET",
            "help": "what the source is for: numpy, c, numba, jax, torch or array-api",
        },
    ),
)
_TESTS: Options = (
    (
        ("--tests",),
        {"metavar": "FILE", "help": "with -o, write tests for the file, which need hypothesis"},
    ),
    (
        ("--check",),
        {
            "action": "store_true",
            "help": "let the source check itself: python FILE --check, against differences",
        },
    ),
)
_STALE: Options = (
    (
        ("--stale",),
        {
            "metavar": "FILE",
            "help": "write nothing; tell whether FILE is still what -o would write",
        },
    ),
)


def _compile(options: Namespace) -> Printed:
    """What `value`, `grad` and `value-and-grad` print."""
    formula = formula_of(options)
    compiled = _compiled(options, formula)
    data: dict[str, Any] = {"formula": formula, "inputs": compiled.inputs}
    point = None if options.at is None else point_of(compiled.inputs, options.at)
    if point is not None:
        data["at"] = point
        data |= _results(compiled, point, options.command)
    tests = getattr(options, "tests", None)
    if options.stale is not None:
        from symgrad.writing.stale import why_stale

        reason = why_stale(options.stale, _source(options, compiled, point), compiled.formula)
        told = f"{reason or f'{options.stale} is fresh'}\n"
        return Printed(told, 1 if reason else 0, data | {"stale": reason})
    if options.output is None:
        flags = ("--name", options.name), ("--target", options.target), ("--tests", tests)
        for flag, wanted in flags:
            if wanted is not None and (point is not None or flag == "--tests"):
                message = f"{flag} is for the source"
                message += " in a file" if flag == "--tests" else ", which --at does not print"
                raise SymgradError(message, hint="Add -o FILE.")
        if point is None:
            source = _source(options, compiled, point)
            return Printed(source, data=data | {"source": source})
        return Printed(_lines(data), data=data)
    source = _source(options, compiled, point)
    files: dict[str, str] = {options.output: source}
    if header := getattr(source, "header", ""):
        files[str(Path(options.output).with_suffix(".h"))] = header
    if tests is not None:
        from symgrad.trust.harness import written_tests

        names = _names(options)
        files[tests] = written_tests(formula, wrt_of(options), options.output, tests, names, point)
    for path, text in files.items():
        write(path, text)
    return Printed(_lines(data), data=data | {"written": [*files]})


def _names(options: Namespace) -> dict[str, str]:
    """What a file calls its functions where that differs."""
    kind = options.command.replace("-", "_")
    return {} if options.name is None else {kind: options.name}


def _source(options: Namespace, compiled: Compiled, point: Mapping[str, Any] | None) -> str:
    text = compiled.emit(options.target or "numpy", options.name)
    if not getattr(options, "check", False):
        return text
    if options.target not in (None, "numpy"):
        raise SymgradError("--check is for the target numpy")
    from symgrad.api import value_and_grad
    from symgrad.trust.self_check import with_self_check

    both = value_and_grad(compiled.formula, wrt_of(options))
    return with_self_check(text, both, _names(options), point)


def _compiled(options: Namespace, formula: str) -> Compiled:
    from symgrad import api

    if options.command == "value":
        return api.function(formula)
    verb = api.grad if options.command == "grad" else api.value_and_grad
    return verb(formula, wrt_of(options))


def _results(compiled: Compiled, point: Mapping[str, Any], command: str) -> dict[str, Any]:
    """The value and the derivatives by name, as far as the command gives them."""
    import numpy as np

    parts: list[Any] = []
    pending = [compiled(**point)]
    while pending:
        result = pending.pop()
        if isinstance(result, dict | tuple):
            pending += reversed(result.values() if isinstance(result, dict) else result)
        else:
            parts.append(np.asarray(result, dtype=float).tolist())
    found = {"value": parts.pop(0)} if "value" in command else {}
    return found | ({"grad": dict(zip(compiled.wrt, parts, strict=True))} if parts else {})


def _lines(data: Mapping[str, Any]) -> str:
    """The results, one a line."""
    results = [data["value"]] if "value" in data else []
    results += data.get("grad", {}).values()
    return "".join(f"{result!r}\n" for result in results)


COMMANDS: Mapping[str, Command] = {
    "value": Command(
        _compile,
        "the value of a formula, as NumPy source or as numbers",
        'symgrad value "hypot(x, y)" --at x=3,y=4',
        FORMULA + _OUTPUT + _STALE,
    ),
    "grad": Command(
        _compile,
        "the derivatives of a formula, as NumPy source or as numbers",
        'symgrad grad "-exp(x**2)**2" --at x=0.5\nsymgrad grad "x**2 * y" --wrt y --at x=[1,2],y=3',
        FORMULA + WRT + _OUTPUT + _TESTS + _STALE,
    ),
    "value-and-grad": Command(
        _compile,
        "the value and the derivatives of a formula, which share their work",
        'symgrad value-and-grad "a * x**2" --wrt a -o parabola.py --name parabola',
        FORMULA + WRT + _OUTPUT + _TESTS + _STALE,
    ),
}
