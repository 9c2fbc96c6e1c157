"""The commands that help at the shell: help, and the script that completes what is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from symgrad.commands.command import Command, Options, Printed
from symgrad.commands.completion import SCRIPTS
from symgrad.errors import SymgradError, did_you_mean

if TYPE_CHECKING:
    from argparse import Namespace

FAILURE, INTERRUPTED, CLOSED = 2, 130, 141

STATUSES: Mapping[int, str] = {
    0: "all went well, and nothing wrong was found",
    1: "a fault was found: by check, or a difference by diff-check",
    FAILURE: "an error, told on standard error: a wrong formula, input or option, a missing file",
    INTERRUPTED: "interrupted, as by Ctrl-C (128 + SIGINT)",
    CLOSED: "the reader of the output went away, as head does (128 + SIGPIPE)",
}
"""What an exit status means."""

_TOPICS: Mapping[str, str] = {
    "exit": "The exit status of every command:\n\n"
    + "".join(f"  {status:3}  {meaning}\n" for status, meaning in STATUSES.items()),
    "formulas": """\
Where a command takes FORMULA, write one of

  "exp(x**2)**2"  the formula itself, in quotes, so that the shell leaves it alone
  bowl.sg         the name of a file that holds it: what ends in .sg is such a name
  -               a formula that is read from standard input

A formula may begin with a minus sign. After -- all is formula.
""",
    "inputs": """\
--at takes name=value, separated by commas, for every input of the formula:

  --at x=0.5,y=pi/2          numbers and constant expressions
  --at "x=[1, 2, 3],y=-inf"  lists, which are arrays
  --at "A=[[1, 2], [3, 4]]"  lists of lists, which are matrices
""",
    "json": """\
With --json every command prints one line of JSON, and so does an error, on standard error:

  {"formula": "x**2", "inputs": ["x"], "at": {"x": 3.0}, "grad": {"x": 6.0}}
  {"error": {"kind": "UnknownFunctionError", "message": "unknown function sinn", ...}}

JSON has no nan and no infinities: they are the texts "nan", "inf" and "-inf".
""",
    "colour": """\
Errors and tables have colours on a terminal, and none elsewhere. NO_COLOR=1 turns them off.
""",
}

_TOPIC: Options = (
    (
        ("topic",),
        {
            "metavar": "TOPIC",
            "nargs": "?",
            "default": "",
            "help": f"a command, or one of: {', '.join(_TOPICS)}",
        },
    ),
)
_SHELL: Options = (
    (
        ("shell",),
        {"metavar": "SHELL", "choices": tuple(SCRIPTS), "help": f"one of: {', '.join(SCRIPTS)}"},
    ),
)


def _help(options: Namespace) -> Printed:
    topic = options.topic
    if topic in options.parsers:
        return Printed(options.parsers[topic].format_help())
    if topic not in _TOPICS:
        known = [*options.commands, *_TOPICS]
        hint = did_you_mean(topic, known) or f"There is help on: {', '.join(known)}."
        raise SymgradError(f"there is no help on {topic}", hint=hint)
    return Printed(_TOPICS[topic])


def _completion(options: Namespace) -> Printed:
    return Printed(SCRIPTS[options.shell](options.commands, (*options.commands, *_TOPICS)))


COMMANDS: Mapping[str, Command] = {
    "completion": Command(
        _completion,
        "the script that makes a shell complete commands, options and files",
        "symgrad completion bash",
        _SHELL,
    ),
    "help": Command(
        _help,
        "help on a command or a topic",
        "symgrad help grad\nsymgrad help exit",
        _TOPIC,
    ),
}
