"""The `symgrad` command: the public verbs for the shell.

Results go to standard output and errors to standard error, as `symgrad: what is wrong`. What the
exit statuses mean stands in `symgrad.commands.helping`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from symgrad.commands import (
    CLOSED,
    COMMANDS,
    FAILURE,
    INTERRUPTED,
    Printed,
    file_of,
    parser_of,
    shielded,
    unshielded,
)
from symgrad.errors import SymgradError, did_you_mean
from symgrad.terminal import as_json, error_as_json, painted
from symgrad.version import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, or those of the process, and return its exit status.

    >>> main(["grad", "x**3", "--at", "x=2"])
    12.0
    0
    """
    arguments = sys.argv[1:] if argv is None else argv
    wants_json = "--json" in arguments
    try:
        printed = _printed(arguments)
        text = as_json(printed.data or {"text": printed.text}) if wants_json else printed.text
        return _written(text if wants_json else painted(text, sys.stdout)) or printed.status
    except SymgradError as error:
        file = file_of(error.text, arguments)
        text = f"symgrad: {file}: {error}\n" if file else f"symgrad: {error}\n"
        plain = painted(text, sys.stderr, error=True)
        return _failed(error_as_json(error, file) if wants_json else plain)
    except KeyboardInterrupt:
        return INTERRUPTED


def _written(text: str) -> int:
    try:
        print(text, end="", flush=True)
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        raise SymgradError(
            f"standard output is {error.encoding}, which lacks {letter}",
            hint="Set PYTHONUTF8=1, or write to a file with -o FILE.",
        ) from None
    except OSError as error:
        # Python flushes standard output once more at its end, and would fail there again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return CLOSED
        reason = error.strerror
        raise SymgradError(f"standard output cannot be written: {reason}") from None
    return 0


def _failed(text: str) -> int:
    with suppress(OSError):
        print(text, end="", file=sys.stderr)
    return FAILURE


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
        options, surplus = parser_of(COMMANDS).parse_known_args(shielded(argv, COMMANDS))
    except SystemExit as help_text:
        return Printed(str(help_text))
    if surplus:
        raise SymgradError(
            f"unexpected argument {unshielded(surplus[0])}",
            hint=f"symgrad {options.command} --help shows what it takes.",
        )
    printed: Printed = options.run(options)
    return printed
