"""A test file beside a generated file, which needs nothing of symgrad.

It holds the file's derivatives against numerical differentiation of the file's value at inputs that
hypothesis draws, and both against numbers that are written into it, so that it fails when a line of
the file is altered.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from symgrad.api import value_and_grad
from symgrad.trust.checking import parts_of
from symgrad.trust.harness_template import TEMPLATE
from symgrad.trust.samples import samples
from symgrad.version import __version__
from symgrad.writing.lines import escaped


def written_tests(
    formula: str,
    wrt: str | Sequence[str] | None,
    path: str,
    tests: str,
    names: Mapping[str, str],
    at: Mapping[str, ArrayLike] | None,
) -> str:
    """The text of a test file for the file at `path`, to stand at `tests`.

    `names` are what the file calls its functions where that differs. An example `at` tells shapes
    that are not declared, and what serves as an index.

    Raises
    ------
    InputError
        The formula takes arrays whose shapes are not known, or the example is very large.
    """
    compiled = value_and_grad(formula, wrt)
    found = samples(compiled, at)
    known = []
    for inputs in found.points:
        value, slopes = parts_of(compiled(**inputs))
        known.append((_plain(inputs.values()), *_plain([value]), _plain(slopes)))
    fixed_text = {name: array.tolist() for name, array in found.fixed.items()}
    relative = os.path.relpath(path, Path(tests).parent)
    return TEMPLATE.substitute(
        file=Path(path).name,
        formula="\n".join(f"    {line}".rstrip() for line in escaped(formula.strip())),
        version=__version__,
        path=repr(relative),
        shapes=_dict_text(found.shapes),
        fixed=repr(fixed_text),
        wrt=repr(compiled.wrt),
        known="[\n" + "".join(f"    {point!r},\n" for point in known) + "]",
        **{kind: names.get(kind, kind) for kind in ("value", "grad", "value_and_grad")},
    )


def _plain(arrays: Any) -> list[Any]:
    return [np.asarray(array).tolist() for array in arrays]


def _dict_text(shapes: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name!r}: {shape!r}" for name, shape in shapes.items()) + "}"
