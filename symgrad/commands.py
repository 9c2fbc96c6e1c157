"""The commands of `symgrad`: what each takes, and what it prints.

What a command needs is imported when it runs, so that `--help` and `--version` are quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from symgrad.errors import (
    DerivativeError,
    InputError,
    SymgradError,
    UnknownFunctionError,
    did_you_mean,
)

if TYPE_CHECKING:
    from argparse import Namespace

    from symgrad.compiled import Compiled
    from symgrad.emission import Emitted

Options = tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...]


def unshielded(argument: str) -> str:
    """A formula without the space that hides its minus sign from argparse."""
    return argument.removeprefix(" ")


_FORMULA: Options = (
    (
        ("formula",),
        {"metavar": "FORMULA", "type": unshielded, "help": "the formula; - reads standard input"},
    ),
)
_WRT: Options = (
    (
        ("--wrt",),
        {"metavar": "x,y", "help": "the inputs to differentiate by, instead of all"},
    ),
)
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
)
_AT: Options = (
    (
        ("--at",),
        {"metavar": "x=0.5,y=[1,2]", "required": True, "help": "the inputs, as for grad"},
    ),
)
_EXACT: Options = (
    (
        ("--exact",),
        {"action": "store_true", "help": "without rewrites that change results"},
    ),
)
_CHECK: Options = (
    (
        ("--order",),
        {"metavar": "N", "type": int, "default": 1, "help": "derivatives up to this order"},
    ),
    (
        ("--numerically",),
        {"action": "store_true", "help": "without computing to 50 digits, which needs mpmath"},
    ),
)
_BOX: Options = (
    (
        ("--box",),
        {
            "metavar": "x=-50,50",
            "required": True,
            "action": "append",
            "help": "the least and the largest number of an input; once for each",
        },
    ),
    (("--samples",), {"metavar": "N", "type": int, "help": "how many points"}),
    (("--plot",), {"metavar": "FILE", "help": "draw the errors into FILE, as errors.png"}),
)
_NAMES: Options = (
    (
        ("names",),
        {"metavar": "NAME", "nargs": "*", "type": unshielded, "help": "show these alone"},
    ),
)


class Printed(NamedTuple):
    """What a command prints, and its exit status: 1 for a fault that it found."""

    text: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """A command: what runs it, what it prints, an example, and its options."""

    run: Callable[[Namespace], Printed]
    about: str
    example: str
    options: Options


def _compile(options: Namespace) -> Printed:
    """What `value`, `grad` and `value-and-grad` print."""
    compiled = _compiled(options)
    results = None
    point = None if options.at is None else _point(compiled.inputs, options.at)
    if point is not None:
        results = _results(compiled, point)
    tests = getattr(options, "tests", None)
    if options.output is None:
        flags = ("--name", options.name), ("--target", options.target), ("--tests", tests)
        for flag, wanted in flags:
            if wanted is not None and (results is not None or flag == "--tests"):
                message = f"{flag} is for the source"
                message += " in a file" if flag == "--tests" else ", which --at does not print"
                raise SymgradError(message, hint="Add -o FILE.")
        return Printed(_source(compiled, options) if results is None else results)
    source = _source(compiled, options)
    files: dict[str, str] = {options.output: source}
    if source.header:
        files[str(Path(options.output).with_suffix(".h"))] = source.header
    if tests is not None:
        from symgrad.harness import written_tests

        kind = options.command.replace("-", "_")
        names = {} if options.name is None else {kind: options.name}
        formula = compiled.formula
        files[tests] = written_tests(formula, _wrt(options), options.output, tests, names, point)
    for path, text in files.items():
        try:
            Path(path).write_bytes(text.encode("utf-8"))
        except OSError as error:
            raise SymgradError(f"{path} cannot be written: {error.strerror}") from None
    return Printed(results or "")


def _source(compiled: Compiled, options: Namespace) -> Emitted:
    """The source in a language or for a library."""
    return compiled.emit(options.target or "numpy", options.name)


def _compiled(options: Namespace) -> Compiled:
    from symgrad import api

    formula = _formula(options)
    if options.command == "value":
        return api.function(formula)
    verb = api.grad if options.command == "grad" else api.value_and_grad
    return verb(formula, _wrt(options))


def _explain(options: Namespace) -> Printed:
    from symgrad.explanation import explain

    return Printed(explain(_formula(options), _wrt(options)) + "\n")


def _check(options: Namespace) -> Printed:
    from symgrad.api import function
    from symgrad.checking import check

    formula = _formula(options)
    point = _point(function(formula).inputs, options.at)
    digits = False if options.numerically else None
    found = check(
        formula, point, _wrt(options), order=options.order, exact=options.exact, digits=digits
    )
    return Printed(f"{found}\n", 0 if found else 1)


def _accuracy(options: Namespace) -> Printed:
    from symgrad.point import read_point
    from symgrad.survey import accuracy

    box: dict[str, tuple[float, float]] = {}
    for text in options.box:
        name, _, ends = text.partition("=")
        box.update(read_point(f"{name}=[{ends}]")[0])
    found = accuracy(
        _formula(options), box, _wrt(options), samples=options.samples, exact=options.exact
    )
    if options.plot is not None:
        found.plot(options.plot)
    return Printed(f"{found}\n")


def _explain_nan(options: Namespace) -> Printed:
    from symgrad.api import function
    from symgrad.nonfinite import explain_nan

    formula = _formula(options)
    point = _point(function(formula).inputs, options.at)
    found = explain_nan(formula, point, _wrt(options), exact=options.exact)
    return Printed(f"{found}\n")


def _functions(options: Namespace) -> Printed:
    from symgrad.explanation import listing
    from symgrad.functions import builtin_functions, builtin_sections

    table = builtin_functions()
    for name in options.names:
        if name not in table:
            hint = did_you_mean(name, table) or "symgrad functions lists what the language knows."
            raise UnknownFunctionError(f"unknown function {name}", hint=hint)
    if options.names:
        return Printed(listing([table[name] for name in options.names]) + "\n")
    public = [
        (heading, [table[n] for n in names if not n.startswith("_")])
        for heading, names in builtin_sections()
    ]
    shown = [f"{heading}\n{listing(rows)}\n" for heading, rows in public if rows]
    return Printed("\n".join(shown))


COMMANDS: Mapping[str, Command] = {
    "value": Command(
        _compile,
        "the value of a formula, as NumPy source or as numbers",
        'symgrad value "hypot(x, y)" --at x=3,y=4',
        _FORMULA + _OUTPUT,
    ),
    "grad": Command(
        _compile,
        "the derivatives of a formula, as NumPy source or as numbers",
        'symgrad grad "-exp(x**2)**2" --at x=0.5',
        _FORMULA + _WRT + _OUTPUT + _TESTS,
    ),
    "value-and-grad": Command(
        _compile,
        "the value and the derivatives of a formula, which share their work",
        'symgrad value-and-grad "a * x**2" --wrt a -o parabola.py --name parabola',
        _FORMULA + _WRT + _OUTPUT + _TESTS,
    ),
    "check": Command(
        _check,
        "whether value and derivatives are right, and to how many ulps",
        'symgrad check "log(1 + exp(x))" --at x=800',
        _FORMULA + _WRT + _AT + _CHECK + _EXACT,
    ),
    "accuracy": Command(
        _accuracy,
        "the worst and the median error over a box, in ulps",
        'symgrad accuracy "log(1 + exp(x))" --box x=-50,50 --samples 100',
        _FORMULA + _WRT + _BOX + _EXACT,
    ),
    "explain-nan": Command(
        _explain_nan,
        "where a nan or an infinity comes from",
        'symgrad explain-nan "x * log(x)" --at x=1',
        _FORMULA + _WRT + _AT + _EXACT,
    ),
    "functions": Command(
        _functions,
        "the functions of the language, with definitions (=) and derivatives (:)",
        "symgrad functions log1p tanh",
        _NAMES,
    ),
    "explain": Command(
        _explain,
        "what stands at each stage of the compiler",
        'symgrad explain "log(1 + exp(x))"',
        _FORMULA + _WRT,
    ),
}


def _formula(options: Namespace) -> str:
    if options.formula != "-":
        return str(options.formula)
    try:
        return sys.stdin.read() if sys.stdin else ""
    except (OSError, ValueError) as error:
        raise SymgradError(f"standard input cannot be read: {error}") from None


def _wrt(options: Namespace) -> str | tuple[str, ...] | None:
    """A single name gives the bare derivative, as in Python."""
    if options.wrt is None:
        return None
    names = tuple(name.strip() for name in options.wrt.split(","))
    if not all(names):
        whole = (0, len(options.wrt))
        raise DerivativeError("--wrt lacks a name", options.wrt, whole, "Write --wrt x,y.")
    return names if len(names) > 1 else names[0]


def _point(inputs: Sequence[str], text: str) -> dict[str, Any]:
    """The inputs that the text of `--at` gives."""
    from symgrad.point import read_point

    point, places = read_point(text)
    known = f"The inputs are: {', '.join(inputs) or 'none'}."
    for name, place in places.items():
        if name not in inputs:
            hint = did_you_mean(name, inputs) or known
            raise InputError(f"{name} is not an input of the formula", text, place, hint)
    missing = [name for name in inputs if name not in point]
    if missing:
        end = (len(text), len(text) + 1)
        raise InputError(f"the input {missing[0]} is missing", text, end, known)
    return point


def _results(compiled: Compiled, point: Mapping[str, Any]) -> str:
    """The results at a point, one a line."""
    import numpy as np

    results: list[Any] = []
    pending = [compiled(**point)]
    while pending:
        result = pending.pop()
        if isinstance(result, dict | tuple):
            pending += reversed(result.values() if isinstance(result, dict) else result)
        else:
            results.append(result)
    return "".join(f"{np.asarray(result, dtype=float).tolist()!r}\n" for result in results)
