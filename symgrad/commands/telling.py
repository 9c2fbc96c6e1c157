"""The commands that tell: what the language knows, and what the compiler does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.commands.command import (
    FORMULA,
    WRT,
    Command,
    Options,
    Printed,
    formula_of,
    point_of,
    unshielded,
    write,
    wrt_of,
)
from symgrad.errors import UnknownFunctionError, did_you_mean

if TYPE_CHECKING:
    from argparse import Namespace

    from symgrad.functions import Function

_NAMES: Options = (
    (
        ("names",),
        {"metavar": "NAME", "nargs": "*", "type": unshielded, "help": "show these alone"},
    ),
)
_EXPLAIN: Options = (
    (
        ("--at",),
        {"metavar": "x=0.5,y=[1,2]", "help": "walk through the reverse pass at these inputs"},
    ),
    (
        ("--stages",),
        {"action": "store_true", "help": "show the stages of the compiler, as without --at"},
    ),
    (
        ("--format",),
        {
            "metavar": "text|md|html",
            "help": "in which form; without it what the end of FILE says, else text",
        },
    ),
    (("-o", "--output"), {"metavar": "FILE", "help": "write it to FILE"}),
)


def _explain(options: Namespace) -> Printed:
    from symgrad.api import function
    from symgrad.seeing.lesson import explain

    formula, at = formula_of(options), None
    if options.at is not None and not options.stages:
        at = point_of(function(formula).inputs, options.at)
    told = explain(formula, at, wrt_of(options))
    end = "" if options.output is None else Path(options.output).suffix[1:]
    text = told.render(options.format or (end if end in ("html", "md") else "text"))
    if options.output is None:
        return Printed(text, data={**told.data, "at": at} if at is not None else None)
    write(options.output, text)
    return Printed("", data={"formula": formula, "written": [options.output]})


def _functions(options: Namespace) -> Printed:
    from symgrad.functions import builtin_functions, builtin_sections
    from symgrad.seeing.explanation import listing

    table = builtin_functions()
    for name in options.names:
        if name not in table:
            hint = did_you_mean(name, table) or "symgrad functions lists what the language knows."
            raise UnknownFunctionError(f"unknown function {name}", hint=hint)
    sections = builtin_sections()
    public = [
        (heading, [table[n] for n in names if not n.startswith("_")]) for heading, names in sections
    ]
    wanted = [table[name] for name in options.names] or [row for _, rows in public for row in rows]
    under = {name: heading for heading, names in sections for name in names}
    data = {"functions": [_told(under[row.name], row) for row in wanted]}
    if options.names:
        return Printed(listing(wanted) + "\n", data=data)
    shown = [f"{heading}\n{listing(rows)}\n" for heading, rows in public if rows]
    return Printed("\n".join(shown), data=data)


def _told(heading: str, row: Function) -> dict[str, Any]:
    """A function, as `--json` gives it."""
    return {
        "name": row.name,
        "signature": row.signature,
        "section": heading,
        "definitions": [row.text[slice(*tree.span)] for tree in row.definitions],
        "derivatives": [row.text[slice(*tree.span)] for tree in row.derivatives],
    }


COMMANDS: Mapping[str, Command] = {
    "functions": Command(
        _functions,
        "the functions of the language, with definitions (=) and derivatives (:)",
        "symgrad functions log1p tanh",
        _NAMES,
    ),
    "explain": Command(
        _explain,
        "the reverse pass step by step, or what stands at each stage of the compiler",
        'symgrad explain "exp(x**2)**2" --at x=0.5\nsymgrad explain "log(1 + exp(x))"',
        FORMULA + WRT + _EXPLAIN,
    ),
}
