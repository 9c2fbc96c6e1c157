"""The commands of `symgrad`, a table for each family of them."""

from __future__ import annotations

from collections.abc import Mapping

from symgrad.commands import compiling, folder, helping, judging, telling
from symgrad.commands.command import Command, Printed, file_of, unshielded
from symgrad.commands.helping import CLOSED, FAILURE, INTERRUPTED
from symgrad.commands.parsing import parser_of, shielded

__all__ = [
    "CLOSED",
    "COMMANDS",
    "FAILURE",
    "INTERRUPTED",
    "Command",
    "Printed",
    "file_of",
    "parser_of",
    "shielded",
    "unshielded",
]

COMMANDS: Mapping[str, Command] = {
    **compiling.COMMANDS,
    **folder.COMMANDS,
    **judging.COMMANDS,
    **telling.COMMANDS,
    **helping.COMMANDS,
}
"""All commands by name, in the order in which help lists them."""
