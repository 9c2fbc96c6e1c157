"""The `symgrad` command: the public verbs for the shell.

Results go to standard output and errors to standard error, as `symgrad: what is wrong`, with exit
status 2. What a command needs is imported when it runs, so that `--help` and `--version` are quick.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from symgrad.errors import (
    DerivativeError,
    InputError,
    Span,
    SymgradError,
    UnknownFunctionError,
    did_you_mean,
)
from symgrad.version import __version__

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from symgrad.api import Compiled

Options = tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...]


def _unshielded(argument: str) -> str:
    return argument.removeprefix(" ")


_FORMULA: Options = (
    (
        ("formula",),
        {"metavar": "FORMULA", "type": _unshielded, "help": "the formula; - reads standard input"},
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
)
_NAMES: Options = (
    (
        ("names",),
        {"metavar": "NAME", "nargs": "*", "type": _unshielded, "help": "show these alone"},
    ),
)


@dataclass(frozen=True, slots=True)
class _Command:
    run: Callable[[Namespace], str]
    about: str
    example: str
    options: Options


def _compile(options: Namespace) -> str:
    """What `value`, `grad` and `value-and-grad` print."""
    compiled = _compiled(options)
    results = None
    if options.at is not None:
        results = _results(compiled, options.command, options.at)
    if options.output is None:
        if results is not None and options.name is not None:
            raise SymgradError(
                "--name is for the source, which --at does not print", hint="Add -o FILE."
            )
        return compiled.render(options.name) if results is None else results
    try:
        compiled.save(options.output, options.name)
    except OSError as error:
        raise SymgradError(f"{options.output} cannot be written: {error.strerror}") from None
    return results or ""


def _compiled(options: Namespace) -> Compiled:
    from symgrad import api

    formula = _formula(options)
    if options.command == "value":
        return api.function(formula)
    verb = api.grad if options.command == "grad" else api.value_and_grad
    return verb(formula, _wrt(options))


def _explain(options: Namespace) -> str:
    from symgrad.explain import explain

    return explain(_formula(options), _wrt(options)) + "\n"


def _functions(options: Namespace) -> str:
    from symgrad.explain import listing
    from symgrad.functions import builtin_functions, builtin_sections

    table = builtin_functions()
    for name in options.names:
        if name not in table:
            hint = did_you_mean(name, table) or "symgrad functions lists what the language knows."
            raise UnknownFunctionError(f"unknown function {name}", hint=hint)
    if options.names:
        return listing([table[name] for name in options.names]) + "\n"
    return "\n".join(
        f"{heading}\n{listing([table[name] for name in names])}\n"
        for heading, names in builtin_sections()
    )


_COMMANDS = {
    "value": _Command(
        _compile,
        "the value of a formula: its source, or with --at its numbers",
        'symgrad value "hypot(x, y)" --at x=3,y=4',
        _FORMULA + _OUTPUT,
    ),
    "grad": _Command(
        _compile,
        "its derivatives",
        'symgrad grad "exp(x**2)**2" --at x=0.5',
        _FORMULA + _WRT + _OUTPUT,
    ),
    "value-and-grad": _Command(
        _compile,
        "both, sharing their work",
        'symgrad value-and-grad "a * x**2" --wrt a -o parabola.py',
        _FORMULA + _WRT + _OUTPUT,
    ),
    "functions": _Command(
        _functions,
        "the functions of the language, their definitions (=) and derivatives (:)",
        "symgrad functions log1p tanh",
        _NAMES,
    ),
    "explain": _Command(
        _explain,
        "what stands at each stage of the compiler",
        'symgrad explain "log(1 + exp(x))"',
        _FORMULA + _WRT,
    ),
}
_EPILOG = "commands:\n" + "\n".join(f"  {n:15} {c.about}" for n, c in _COMMANDS.items())
_FLAGS = frozenset(
    flag
    for command in _COMMANDS.values()
    for flags, _ in command.options
    for flag in flags
    if flag.startswith("-")
)
_LONG_OPTION = re.compile(r"--[a-z]{2,}[a-z-]*(=.*)?", re.DOTALL)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, or those of the process, and return its exit status.

    >>> main(["grad", "x**3", "--at", "x=2"])
    12.0
    0
    """
    try:
        options = _parsed(sys.argv[1:] if argv is None else argv)
        print(options.run(options) if options else "", end="", flush=True)
    except SymgradError as error:
        return _failed(str(error))
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        return _failed(
            f"standard output is {error.encoding}, which lacks {letter}\n"
            "Set PYTHONUTF8=1, or write to a file with -o FILE."
        )
    except OSError as error:
        # Python flushes standard output once more at its end, and would fail there again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        quiet = isinstance(error, BrokenPipeError)
        return 2 if quiet else _failed(f"standard output cannot be written: {error.strerror}")
    return 0


def _failed(message: str) -> int:
    print(f"symgrad: {message}", file=sys.stderr)
    return 2


def _parsed(argv: Sequence[str]) -> Namespace | None:
    """The options; None where argparse has printed a help text or the version instead."""
    if not argv or (not argv[0].startswith("-") and argv[0] not in _COMMANDS):
        message = f"unknown command {argv[0]}" if argv else "a command is missing"
        hint = did_you_mean(argv[0], _COMMANDS) if argv else ""
        raise SymgradError(message, hint=hint or f"The commands are: {', '.join(_COMMANDS)}.")
    try:
        options, surplus = _parser().parse_known_args(_shielded(argv))
    except SystemExit:
        return None
    if surplus:
        raise SymgradError(
            f"unexpected argument {surplus[0].strip()}",
            hint=f"symgrad {options.command} --help shows what it takes.",
        )
    return options


def _parser() -> ArgumentParser:
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise SymgradError(message, hint=f"{self.prog} --help shows what it takes.")

    style = {
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }
    parser = Parser(
        prog="symgrad",
        description="Compile a formula to its gradient: NumPy source, or numbers.",
        epilog=_EPILOG,
        **style,
    )
    parser.add_argument("--version", action="version", version=f"symgrad {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in _COMMANDS.items():
        example = f"example: {command.example}"
        below = commands.add_parser(name, help=command.about, description=, epilog=example, **style)
        below.set_defaults(run=command.run)
        for flags, settings in command.options:
            below.add_argument(*flags, **settings)
    return parser


_FLAGS = frozenset(
    flag for command in _COMMANDS.values() for flags, _ in command.options for flag in flags
)


def _shielded(argv: Sequence[str]) -> list[str]:
    """The arguments, with a space before a formula that begins with a minus sign.

    argparse takes what begins with a minus sign for an option. Here an option is a flag of a command,
    or what looks like a misspelt long one; `-omega*x` and `--x` are formulas.
    """
    shielded = [argv[0]]
    for before, argument in pairwise(argv):
        is_option = argument in {*_FLAGS, "-h", "--"} or _LONG_OPTION.fullmatch(argument)
        plain = is_option or before in _FLAGS
        shielded.append(argument if plain or argument[:1] != "-" else f" {argument}")
    return shielded


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


def _results(compiled: Compiled, text: str) -> str:
    """The results at the inputs that the text of `--at` gives, one a line."""
    import numpy as np

    point = read_point(text)
    order = ", ".join(compiled.inputs) or "none"
    for name, item in point.items():
        if name not in compiled.inputs:
            hint = did_you_mean(name, compiled.inputs) or f"The inputs are: {order}."
            raise InputError(f"{name} is not an input of the formula", text, item.name_span, hint)
    missing = [name for name in compiled.inputs if name not in point]
    if missing:
        end = (len(text), len(text) + 1)
        raise InputError(f"the input {missing[0]} is missing", text, end, f"The inputs are: {order}.")
    results: list[Any] = []
    pending = [compiled(**{name: item.value for name, item in point.items()})]
    while pending:
        result = pending.pop()
        if isinstance(result, dict | tuple):
            pending += reversed(result.values() if isinstance(result, dict) else result)
        else:
            results.append(result)
    return "".join(f"{np.asarray(result, dtype=float).tolist()!r}\n" for result in results)
