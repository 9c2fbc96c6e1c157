"""What a command is, and the arguments that several of them take.

What a command needs is imported when it runs, so that `--help` and `--version` are quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from symgrad.errors import DerivativeError, InputError, SymgradError, did_you_mean

if TYPE_CHECKING:
    from argparse import Namespace

Options = tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...]
"""What argparse is told: the flags or the name of each argument, and its settings."""

FILE_OF_A_FORMULA = ".sg"


class Printed(NamedTuple):
    """What a command prints, its exit status, and the same for `--json`, if that is more than text.

    The status is 1 for a fault that the command found.
    """

    text: str
    status: int = 0
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command: what runs it, what it prints, its examples, one a line, and its options."""

    run: Callable[[Namespace], Printed]
    about: str
    example: str
    options: Options


def unshielded(argument: str) -> str:
    """A formula without the space that hides its minus sign from argparse."""
    return argument.removeprefix(" ")


FORMULA: Options = (
    (
        ("formula",),
        {
            "metavar": "FORMULA",
            "type": unshielded,
            "help": "the formula, or a file of it whose name ends in .sg; - reads standard input",
        },
    ),
)
WRT: Options = (
    (
        ("--wrt",),
        {"metavar": "x,y", "help": "the inputs to differentiate by, instead of all"},
    ),
)
AT: Options = (
    (
        ("--at",),
        {"metavar": "x=0.5,y=[1,2]", "required": True, "help": "the inputs, as for grad"},
    ),
)
EXACT: Options = (
    (
        ("--exact",),
        {"action": "store_true", "help": "without rewrites that change results"},
    ),
)


def formula_in(argument: str) -> str:
    """The formula that an argument gives: its text, a file that holds it, or standard input."""
    if argument == "-":
        try:
            return sys.stdin.read() if sys.stdin else ""
        except (OSError, ValueError) as error:
            raise SymgradError(f"standard input cannot be read: {error}") from None
    if not argument.endswith(FILE_OF_A_FORMULA) or "\n" in argument:
        return argument
    try:
        return Path(argument).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        hint = f"What ends in {FILE_OF_A_FORMULA} is the name of a file that holds a formula."
        raise SymgradError(f"{argument} cannot be read: {reason}", hint=hint) from None


def formula_of(options: Namespace) -> str:
    """The formula that a command is given."""
    return formula_in(options.formula)


def wrt_of(options: Namespace) -> str | tuple[str, ...] | None:
    """What `--wrt` says; a single name gives the bare derivative, as in Python."""
    if options.wrt is None:
        return None
    names = tuple(name.strip() for name in options.wrt.split(","))
    if not all(names):
        whole = (0, len(options.wrt))
        raise DerivativeError("--wrt lacks a name", options.wrt, whole, "Write --wrt x,y.")
    return names if len(names) > 1 else names[0]


def point_of(inputs: Sequence[str], text: str) -> dict[str, Any]:
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


def write(path: str, text: str) -> None:
    """Write a file, in UTF-8.

    Raises
    ------
    SymgradError
        It cannot be written.
    """
    try:
        Path(path).write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise SymgradError(f"{path} cannot be written: {error.strerror}") from None


def file_of(text: str, arguments: Sequence[str]) -> str | None:
    """The file among the arguments that holds this formula."""
    for argument in arguments:
        if text and argument.endswith(FILE_OF_A_FORMULA) and argument != text:
            with suppress(SymgradError):
                if formula_in(argument) == text:
                    return argument
    return None
