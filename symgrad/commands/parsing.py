"""The parser of arguments, made from the table of commands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from symgrad.commands.command import Command, Options
from symgrad.errors import SymgradError

if TYPE_CHECKING:
    from argparse import ArgumentParser

_ABOUT = """\
Compile a formula to its gradient: NumPy source, or numbers.

example:
  symgrad grad "exp(x**2)**2" --at x=0.5
"""
JSON: Options = (
    (
        ("--json",),
        {"action": "store_true", "help": "print one line of JSON, errors too"},
    ),
)
"""What every command takes."""

_LONG_OPTION = re.compile(r"--[a-z]{2,}[a-z-]*(=.*)?", re.DOTALL)


def options_of(command: Command) -> Options:
    """All arguments that a command takes."""
    return command.options + JSON


def parser_of(commands: Mapping[str, Command]) -> ArgumentParser:
    """The parser. What it reads holds the parser of each command as well, for `help`."""
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
    epilog = "symgrad help COMMAND tells more, and symgrad help exit what the exit status means."
    parser = Parser(prog="symgrad", description=_ABOUT, epilog=epilog, **style)
    parser.add_argument("--version", action="store_true", help="show the version")
    below = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parsers = {"": parser}
    for name, command in commands.items():
        parsers[name] = below.add_parser(
            name,
            help=command.about,
            description=f"Print {command.about}.",
            epilog=_examples(command.example),
            **style,
        )
        parsers[name].set_defaults(run=command.run, commands=commands, parsers=parsers)
        for flags, settings in options_of(command):
            parsers[name].add_argument(*flags, **settings)
    return parser


def _examples(text: str) -> str:
    lines = text.splitlines()
    return "\n  ".join(["examples:" if len(lines) > 1 else "example:", *lines])


def shielded(argv: Sequence[str], commands: Mapping[str, Command]) -> list[str]:
    """The arguments, with a space before a formula that begins with a minus sign.

    argparse takes all that begins with a minus sign for options. Here an option is a flag of some
    command, or looks like a long one, so that a misspelt flag is not read as a formula.
    """
    flags = {"-h": True, "--": True} | {
        flag: settings.get("action") == "store_true"
        for command in commands.values()
        for names, settings in options_of(command)
        for flag in names
        if flag.startswith("-")
    }
    safe = [argv[0]]
    for before, argument in pairwise(argv):
        is_option = argument in flags or _LONG_OPTION.fullmatch(argument)
        is_formula = argument.startswith("-") and not is_option and flags.get(before, True)
        safe.append(f" {argument}" if is_formula else argument)
    return safe
