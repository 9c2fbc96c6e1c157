"""The `symgrad` command: the public verbs for the shell.

Results go to standard output and errors to standard error, as `symgrad: what is wrong`, with exit
status 2. The status is 1 where a check finds a fault.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from symgrad.commands import COMMANDS, Printed, unshielded
from symgrad.errors import SymgradError, did_you_mean
from symgrad.version import __version__

if TYPE_CHECKING:
    from argparse import ArgumentParser

_FAILURE = 2

_ABOUT = """\
Compile a formula to its gradient: NumPy source, or numbers.

example:
  symgrad grad "exp(x**2)**2" --at x=0.5
"""
_FLAGS = frozenset(
    flag
    for command in COMMANDS.values()
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
        printed = _printed(sys.argv[1:] if argv is None else argv)
    except SymgradError as error:
        return _failed(str(error))
    return _written(printed.text) or printed.status


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


def _printed(argv: Sequence[str]) -> Printed:
    """What the command prints, and its exit status."""
    first = argv[0] if argv else ""
    if first == "--version":
        return Printed(f"symgrad {__version__}\n")
    if first not in {*COMMANDS, "-h", "--help"}:
        message = f"unknown command {first}" if argv else "a command is missing"
        hint = did_you_mean(first, COMMANDS) or f"The commands are: {', '.join(COMMANDS)}."
        raise SymgradError(message, hint=hint)
    try:
        options, surplus = _parser().parse_known_args(_shielded(argv))
    except SystemExit as help_text:
        return Printed(str(help_text))
    if surplus:
        raise SymgradError(
            f"unexpected argument {unshielded(surplus[0])}",
            hint=f"symgrad {options.command} --help shows what it takes.",
        )
    printed: Printed = options.run(options)
    return printed


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
    for name, command in COMMANDS.items():
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
