"""The commands that judge: is a formula right, how accurate is it, where does a nan begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from symgrad.commands.command import (
    AT,
    EXACT,
    FORMULA,
    WRT,
    Command,
    Options,
    Printed,
    formula_in,
    formula_of,
    point_of,
    unshielded,
    wrt_of,
)

if TYPE_CHECKING:
    from argparse import Namespace

    from symgrad.trust.survey import Errors

_CHECK: Options = (
    (
        ("--order",),
        {"metavar": "N", "type": int, "default": 1, "help": "derivatives up to this order"},
    ),
    (
        ("--numerically",),
        {"action": "store_true", "help": "without computing to 50 digits, which needs mpmath"},
    ),
)
_BOX: Options = (
    (
        ("--box",),
        {
            "metavar": "x=-50,50",
            "required": True,
            "action": "append",
            "help": "the least and the largest number of an input; once for each",
        },
    ),
    (("--samples",), {"metavar": "N", "type": int, "help": "how many points"}),
    (("--plot",), {"metavar": "FILE", "help": "draw the errors into FILE, as errors.png"}),
)
_OLD_AND_NEW: Options = tuple(
    ((name,), {"metavar": name.upper(), "type": unshielded, "help": f"the {name} formula or file"})
    for name in ("old", "new")
)
_SHAPES: Options = (
    (
        ("--shapes",),
        {"metavar": "X=(4,3),w=(3,)", "help": "the shapes of inputs that are arrays"},
    ),
)
_COMPARED: Options = (
    (
        ("--samples",),
        {"metavar": "N", "type": int, "default": 400, "help": "how many points, about"},
    ),
)


def _check(options: Namespace) -> Printed:
    from symgrad.api import function
    from symgrad.trust.checking import check

    formula = formula_of(options)
    point = point_of(function(formula).inputs, options.at)
    digits = False if options.numerically else None
    found = check(
        formula, point, wrt_of(options), order=options.order, exact=options.exact, digits=digits
    )
    rows = [asdict(row) for row in found.rows]
    data = {"formula": formula, "at": point, "ok": found.ok, "rows": rows, "notes": found.notes}
    return Printed(f"{found}\n", 0 if found else 1, data)


def _accuracy(options: Namespace) -> Printed:
    from symgrad.point import read_point
    from symgrad.trust.survey import accuracy

    box: dict[str, tuple[float, float]] = {}
    for text in options.box:
        name, _, ends = text.partition("=")
        box.update(read_point(f"{name}=[{ends}]")[0])
    formula, shapes = formula_of(options), _shapes_of(options)
    found = accuracy(
        formula, box, wrt_of(options), shapes=shapes, samples=options.samples, exact=options.exact
    )
    if options.plot is not None:
        found.plot(options.plot)
    data = {"formula": formula, "box": box, "samples": found.samples}
    return Printed(f"{found}\n", data=data | {"errors": [*map(_summary, found.errors)]})


def _shapes_of(options: Namespace) -> Mapping[str, tuple[int, ...]] | None:
    from symgrad.point import read_shapes

    return None if options.shapes is None else read_shapes(options.shapes)


def _summary(errors: Errors) -> dict[str, Any]:
    """The errors of a quantity, as `--json` gives them."""
    import numpy as np

    told: dict[str, Any] = {"name": errors.name, "known": errors.ulps.size}
    for kind, ulps in (("ulps", errors.ulps), ("naively", errors.naive)):
        worst, at = errors.worst(kind == "naively")
        if ulps.size:
            told[kind] = {"median": float(np.median(ulps)), "worst": worst, "at": at}
    return told


def _diff_check(options: Namespace) -> Printed:
    from symgrad.trust.comparison import same

    old, new = formula_in(options.old), formula_in(options.new)
    found = same(
        old, new, wrt_of(options), shapes=_shapes_of(options), samples=options.samples,
        exact=options.exact,
    )  # fmt: skip
    return Printed(f"{found}\n", 0 if found else 1, asdict(found))


def _explain_nan(options: Namespace) -> Printed:
    from symgrad.api import function
    from symgrad.trust.nonfinite import explain_nan

    formula = formula_of(options)
    point = point_of(function(formula).inputs, options.at)
    found = explain_nan(formula, point, wrt_of(options), exact=options.exact)
    steps = [asdict(step) for step in found.steps]
    data = {"formula": formula, "at": point, "finite": not found, "result": found.result}
    return Printed(f"{found}\n", 1 if found else 0, data | {"steps": steps})


COMMANDS: Mapping[str, Command] = {
    "check": Command(
        _check,
        "whether value and derivatives are right, and to how many ulps",
        'symgrad check "log(1 + exp(x))" --at x=800',
        FORMULA + WRT + AT + _CHECK + EXACT,
    ),
    "accuracy": Command(
        _accuracy,
        "the worst and the median error over a box, in ulps",
        'symgrad accuracy "log(1 + exp(x))" --box x=-50,50 --samples 100',
        FORMULA + WRT + _BOX + _SHAPES + EXACT,
    ),
    "diff-check": Command(
        _diff_check,
        "whether two formulas have the same value and derivatives, or where they differ",
        'symgrad diff-check "(1 - x)**2" "1 - 2*x + x**2"\n'
        'symgrad diff-check "sum(X @ w)" "sum(X, axis=0) @ w" --shapes "X=(4,3),w=(3,)"',
        _OLD_AND_NEW + WRT + _SHAPES + _COMPARED + EXACT,
    ),
    "explain-nan": Command(
        _explain_nan,
        "where a nan or an infinity comes from",
        'symgrad explain-nan "x * log(x)" --at x=1',
        FORMULA + WRT + AT + EXACT,
    ),
}
