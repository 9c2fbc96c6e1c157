"""The `symgrad` command: the public verbs for the shell.

Results go to standard output and errors to standard error, as `symgrad: what is wrong`, with exit
status 2. What a command needs is imported when it runs, so that `--help` and `--version` are quick.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from symgrad.errors import (
    DerivativeError,
    InputError,
    SymgradError,
    UnknownFunctionError,
    did_you_mean,
)
from symgrad.version import __version__

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from symgrad.compiled import Compiled

_FAILURE = 2

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
        results = _results(compiled, options.at)
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
    public = [
        (heading, [table[n] for n in names if not n.startswith("_")])
        for heading, names in builtin_sections()
    ]
    return "\n".join(f"{heading}\n{listing(rows)}\n" for heading, rows in public if rows)


_COMMANDS = {
    "value": _Command(
        _compile,
        "the value of a formula, as NumPy source or as numbers",
        'symgrad value "hypot(x, y)" --at x=3,y=4',
        _FORMULA + _OUTPUT,
    ),
    "grad": _Command(
        _compile,
        "the derivatives of a formula, as NumPy source or as numbers",
        'symgrad grad "-exp(x**2)**2" --at x=0.5',
        _FORMULA + _WRT + _OUTPUT,
    ),
    "value-and-grad": _Command(
        _compile,
        "the value and the derivatives of a formula, which share their work",
        'symgrad value-and-grad "a * x**2" --wrt a -o parabola.py --name parabola',
        _FORMULA + _WRT + _OUTPUT,
    ),
    "functions": _Command(
        _functions,
        "the functions of the language, with definitions (=) and derivatives (:)",
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

_ABOUT = """\
Compile a formula to its gradient: NumPy source, or numbers.

example:
  symgrad grad "exp(x**2)**2" --at x=0.5
"""
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
        text = _text(sys.argv[1:] if argv is None else argv)
    except SymgradError as error:
        return _failed(str(error))
    return _written(text)


def _written(text: str) -> int:
    try:
        print(text, end="", flush=True)
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        return _failed(
            f"standard output is {error.encoding}, which lacks {letter}\n"
            "Set PYTHONUTF8=1, or write to a file with -o FILE."
        )
    except OSError as error:
        # Python flushes standard output once more at its end, and would fail there again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _FAILURE
        return _failed(f"standard output cannot be written: {error.strerror}")
    return 0


def _failed(message: str) -> int:
    with suppress(OSError):
        print(f"symgrad: {message}", file=sys.stderr)
    return _FAILURE


def _text(argv: Sequence[str]) -> str:
    """What the command prints."""
    first = argv[0] if argv else ""
    if first == "--version":
        return f"symgrad {__version__}\n"
    if first not in {*_COMMANDS, "-h", "--help"}:
        message = f"unknown command {first}" if argv else "a command is missing"
        hint = did_you_mean(first, _COMMANDS) or f"The commands are: {', '.join(_COMMANDS)}."
        raise SymgradError(message, hint=hint)
    try:
        options, surplus = _parser().parse_known_args(_shielded(argv))
    except SystemExit as help_text:
        return str(help_text)
    if surplus:
        raise SymgradError(
            f"unexpected argument {_unshielded(surplus[0])}",
            hint=f"symgrad {options.command} --help shows what it takes.",
        )
    return str(options.run(options))


def _shielded(argv: Sequence[str]) -> list[str]:
    """The arguments, with a space before a formula that begins with a minus sign.

    argparse takes all that begins with a minus sign for options. Here an option is a flag of some
    command, or looks like a long one, so that a misspelt flag is not read as a formula.
    """
    shielded = [argv[0]]
    for before, argument in pairwise(argv):
        is_option = argument in {*_FLAGS, "-h", "--"} or _LONG_OPTION.fullmatch(argument)
        is_formula = argument.startswith("-") and not is_option and before not in _FLAGS
        shielded.append(f" {argument}" if is_formula else argument)
    return shielded


def _parser() -> ArgumentParser:
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise SymgradError(message, hint=f"{self.prog} --help shows what it takes.")

        def print_help(self, file: object = None) -> NoReturn:
            """Hand the text to `main`: argparse would not tell that it cannot be printed."""
            raise SystemExit(self.format_help())

    style: dict[str, Any] = {
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }
    parser = Parser(prog="symgrad", description=_ABOUT, **style)
    parser.add_argument("--version", action="store_true", help="show the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in _COMMANDS.items():
        below = commands.add_parser(
            name,
            help=command.about,
            description=f"Print {command.about}.",
            epilog=f"example:\n  {command.example}",
            **style,
        )
        below.set_defaults(run=command.run)
        for flags, settings in command.options:
            below.add_argument(*flags, **settings)
    return parser


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

    from symgrad.point import read_point

    point, places = read_point(text)
    known = f"The inputs are: {', '.join(compiled.inputs) or 'none'}."
    for name, place in places.items():
        if name not in compiled.inputs:
            hint = did_you_mean(name, compiled.inputs) or known
            raise InputError(f"{name} is not an input of the formula", text, place, hint)
    missing = [name for name in compiled.inputs if name not in point]
    if missing:
        end = (len(text), len(text) + 1)
        raise InputError(f"the input {missing[0]} is missing", text, end, known)
    results: list[Any] = []
    pending = [compiled(**point)]
    while pending:
        result = pending.pop()
        if isinstance(result, dict | tuple):
            pending += reversed(result.values() if isinstance(result, dict) else result)
        else:
            results.append(result)
    return "".join(f"{np.asarray(result, dtype=float).tolist()!r}\n" for result in results)
