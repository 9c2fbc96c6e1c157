"""A test file beside a generated file, which needs nothing of symgrad.

It holds the file's derivatives against numerical differentiation of the file's value at inputs that
hypothesis draws, and both against numbers that are written into it, so that it fails when a line of
the file is altered.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from symgrad.api import functions, value_and_grad
from symgrad.checking import arrays_of, parts_of
from symgrad.document import escaped
from symgrad.errors import InputError
from symgrad.formula import Lowered, lower
from symgrad.harness_template import TEMPLATE
from symgrad.leaves import all_elementwise
from symgrad.pipeline import index_inputs
from symgrad.version import __version__

Array = np.ndarray[Any, Any]
Point = Mapping[str, Array]
Shapes = Mapping[str, tuple[int, ...]]

_INTERVALS = ((0.2, 0.9), (-2.0, 2.0), (1.1, 3.0), (-0.9, -0.1), (2.0, 6.0), (0.01, 0.1))
_ROTATION: tuple[tuple[int, ...], ...] = ((), (3,), (2, 1), (2, 3))
_MOST_NUMBERS = 10_000
_EACH = 2
"""How many known points there are for each way of choosing shapes."""


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
    lowered = lower(formula, functions())
    compiled = value_and_grad(formula, wrt)
    shapes: dict[str, Any] = dict.fromkeys(lowered.inputs)
    fixed: dict[str, Array] = {}
    if at is not None:
        compiled(**at)
        given = arrays_of(lowered, at)
        fixed = {name: array for name, array in given.items() if array.dtype.kind != "f"}
        _check_size(formula, given)
        shapes = {name: array.shape for name, array in given.items()}
        layouts: list[Shapes] = [shapes]
        first = [given]
    else:
        _check_known(formula, lowered)
        layouts, first = list(_layouts(lowered)), []
    if set(lowered.shapes) == set(lowered.inputs) and not fixed:
        shapes = {name: lowered.shapes[name].sizes for name in lowered.inputs}
    known = []
    for layout in layouts:
        for inputs in [*first, *_finite(compiled, layout, fixed)]:
            value, slopes = parts_of(compiled(**inputs))
            known.append((_plain(inputs.values()), *_plain([value]), _plain(slopes)))
    fixed_text = {name: array.tolist() for name, array in fixed.items()}
    relative = os.path.relpath(path, Path(tests).parent)
    return TEMPLATE.substitute(
        file=Path(path).name,
        formula="\n".join(f"    {line}".rstrip() for line in escaped(formula.strip())),
        version=__version__,
        path=repr(relative),
        shapes=_dict_text(shapes),
        fixed=repr(fixed_text),
        wrt=repr(compiled.wrt),
        known="[\n" + "".join(f"    {point!r},\n" for point in known) + "]",
        **{kind: names.get(kind, kind) for kind in ("value", "grad", "value_and_grad")},
    )


def _check_size(formula: str, given: Point) -> None:
    count = sum(array.size for array in given.values())
    if count > _MOST_NUMBERS:
        message = f"the inputs hold {count:,} numbers, which would all stand in the tests"
        raise InputError(message, formula, None, f"Give fewer than {_MOST_NUMBERS:,}.")


def _check_known(formula: str, lowered: Lowered) -> None:
    indices = index_inputs(lowered.graph)
    elementwise = all_elementwise(lowered.graph.nodes)
    if indices or (not elementwise and set(lowered.shapes) != set(lowered.inputs)):
        unknown = next(iter(indices), "") or next(
            n for n in lowered.inputs if n not in lowered.shapes
        )
        span = lowered.graph.inputs()[unknown].span
        raise InputError(
            f"tests need to know what {unknown} is like", formula, span,
            "Declare all shapes, as X: (n, d), or give an example by --at.",
        )  # fmt: skip


def _layouts(lowered: Lowered) -> Iterator[Shapes]:
    """A few ways to choose the shapes of inputs."""
    if lowered.shapes:
        named = {s: None for d in lowered.shapes.values() for s in d.sizes if isinstance(s, str)}
        for start in (2, 3):
            sizes = {name: start + k % 3 for k, name in enumerate(named)}
            yield {
                name: tuple(sizes[s] if isinstance(s, str) else s for s in d.sizes)
                for name, d in lowered.shapes.items()
            }
        return
    yield dict.fromkeys(lowered.inputs, ())
    for turn in range(len(_ROTATION)):
        yield {
            name: _ROTATION[(k + turn) % len(_ROTATION)] for k, name in enumerate(lowered.inputs)
        }


def _finite(compiled: Any, shapes: Shapes, fixed: Point) -> list[Point]:
    """Points with all results finite, as far as such are found."""
    tried = list(islice(_points(shapes, fixed), len(_INTERVALS)))
    good = [point for point in tried if _is_finite(compiled(**point))]
    return (good or tried)[:_EACH]


def _points(shapes: Shapes, fixed: Point) -> Iterator[Point]:
    for number, (low, high) in enumerate(_INTERVALS):
        rng = np.random.default_rng(number)
        yield {
            name: fixed[name]
            if name in fixed
            else np.round(low + (high - low) * rng.random(shape), 3)
            for name, shape in shapes.items()
        }


def _is_finite(results: Any) -> bool:
    value, slopes = parts_of(results)
    return all(bool(np.isfinite(part).all()) for part in (value, *slopes))


def _plain(arrays: Any) -> list[Any]:
    return [np.asarray(array).tolist() for array in arrays]


def _dict_text(shapes: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name!r}: {shape!r}" for name, shape in shapes.items()) + "}"
