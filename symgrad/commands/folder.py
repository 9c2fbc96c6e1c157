"""The command that compiles a folder of formulas: what it takes, and what it prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from symgrad.commands.command import Command, Options, Printed

if TYPE_CHECKING:
    from argparse import Namespace

_FOLDER: Options = (
    (
        ("folder",),
        {"metavar": "FOLDER", "help": "the folder of formulas, each in a file NAME.sg"},
    ),
    (
        ("-o", "--output"),
        {"metavar": "FOLDER", "required": True, "help": "the folder of the package"},
    ),
    (
        ("--tests",),
        {"metavar": "FOLDER", "help": "write tests for each module, which need hypothesis"},
    ),
    (
        ("--check",),
        {"action": "store_true", "help": "let each module check itself: python FILE --check"},
    ),
    (
        ("--stale",),
        {"action": "store_true", "help": "write nothing; tell what would be written"},
    ),
)


def _compile_folder(options: Namespace) -> Printed:
    """The files that were written, or what is stale; and the exit status."""
    from symgrad.commands.package import complaints, package, progress, write

    tell = progress(sys.stderr)
    made = package(options.folder, options.output, options.tests, options.check, tell)
    if options.stale:
        found = list(complaints(made, options.output))
        return Printed("".join(f"{line}\n" for line in found), 1 if found else 0, {"stale": found})
    written = [str(path) for path in write(made)]
    return Printed("".join(f"{path}\n" for path in written), data={"written": written})


COMMANDS: Mapping[str, Command] = {
    "compile": Command(
        _compile_folder,
        "the files of a package that it makes of a folder of formulas",
        "symgrad compile formulas/ -o gradients/",
        _FOLDER,
    ),
}
