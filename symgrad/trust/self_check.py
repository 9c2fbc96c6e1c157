"""A check that a generated file carries along: `python grad.py --check` needs NumPy alone.

It holds the file's derivatives against central differences of the file's value, twice with steps of
different size, which tells how far the differences themselves are to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

import numpy as np
from numpy.typing import ArrayLike

from symgrad.compiled import Compiled
from symgrad.errors import SymgradError
from symgrad.trust.samples import samples
from symgrad.writing.lines import laid_out

_MOST = 4
"""How many points a file carries."""

_TEMPLATE = Template('''

# Inputs at which --check looks, in their order.
$points


def _check() -> int:
    """Compare derivatives with central differences of the value; 1 if one is wrong, else 0."""
    faults = 0
    print("point  derivative      largest    difference  allowed")
    for number, point in enumerate(CHECKED_AT, 1):
        inputs = [np.array(x) for x in point]
        found = $grad(*inputs)
        parts = found if isinstance(found, tuple) else (found,)
        if isinstance(found, dict):
            parts = tuple(found.values())
        for (place, name), part in zip($places, parts):
            differences, doubt = _central_differences(inputs, place)
            error = np.max(np.abs(part - differences), initial=0.0)
            size = np.max(np.abs(differences), initial=0.0)
            allowed = 10 * doubt + 1e-6 * size + 1e-9
            wrong = not error <= allowed
            faults += wrong
            verdict = "  FAULT" if wrong else ""
            print(
                f"{number:5}  {name:10}  {size:11.3g}  "
                f"{error:12.2g}  {allowed:7.1g}{verdict}"
            )
    print(f"{faults} faults." if faults else "No fault was found.")
    return 1 if faults else 0


def _central_differences(
    inputs: list[np.ndarray], place: int
) -> tuple[np.ndarray, float]:
    """The derivative of the value's sum by one input, and how far it may be off."""
    x = inputs[place].astype(float)
    rows = []
    for step in (2e-3, 1e-3):
        row = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            ends = []
            for sign in (1, -1):
                moved = x.copy()
                moved[index] += sign * step * max(1.0, abs(x[index]))
                around = [*inputs[:place], moved, *inputs[place + 1 :]]
                ends.append((moved[index], np.sum($value(*around))))
            (right, above), (left, below) = ends
            row[index] = (above - below) / (right - left)
        rows.append(row)
    finer = rows[1] + (rows[1] - rows[0]) / 3
    return finer, float(np.max(np.abs(finer - rows[1]), initial=0.0))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(_check())
    print(__doc__)
''')


def with_self_check(
    text: str,
    both: Compiled,
    names: Mapping[str, str],
    at: Mapping[str, ArrayLike] | None,
) -> str:
    """The text of a generated file, with a check at a few points.

    `both` gives the value and derivatives of the file's formula; `names` are what the file calls
    its functions where that differs, and `at` is an example of the inputs.

    Raises
    ------
    SymgradError
        There is nothing to check, or shapes are not known and there is no example.
    """
    if not both.wrt:
        raise SymgradError("there is no derivative to check", both.formula)
    found = samples(both, at)
    # Points of numbers come first; some of arrays follow.
    listed = ([np.asarray(x).tolist() for x in point.values()] for point in found.points)
    points = list(dict.fromkeys(map(_point_text, listed)))
    spread = [points[k] for k in sorted({k * len(points) // _MOST for k in range(_MOST)})]
    rows = [laid_out("    ", f"{point},") for point in spread]
    places = [(both.inputs.index(name), name) for name in both.wrt]
    shown = ", ".join(f'({place}, "{name}")' for place, name in places)
    code = _TEMPLATE.substitute(
        points="\n".join(["CHECKED_AT = [", *rows, "]"]),
        places=f"[{shown}]",
        grad=names.get("grad", "grad"),
        value=names.get("value", "value"),
    )
    return (
        text.replace("\n\nimport numpy as np\n", "\n\nimport sys\n\nimport numpy as np\n", 1) + code
    )


def _point_text(point: list[object]) -> str:
    text = ", ".join(repr(x) for x in point)
    return f"({text},)" if len(point) == 1 else f"({text})"
