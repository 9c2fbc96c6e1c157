"""The command that compiles a folder of formulas: what it takes, and what it prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace

FOLDER: tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...] = (
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
"""Flags, and what argparse is to know of each."""


def compile_folder(options: Namespace) -> tuple[str, int]:
    """The files that were written, or what is stale; and the exit status."""
    from symgrad.package import complaints, package, progress, write

    tell = progress(sys.stderr)
    made = package(options.folder, options.output, options.tests, options.check, tell)
    if options.stale:
        found = list(complaints(made, options.output))
        return "".join(f"{line}\n" for line in found), 1 if found else 0
    return "".join(f"{path}\n" for path in write(made)), 0
