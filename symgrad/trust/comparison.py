"""Whether two formulas have the same value and the same derivatives.

They have where their graphs are one and the same, up to the order of operands that commute.
Otherwise both run at many points. Where results differ by more than rounding is likely to explain,
50 digits decide if mpmath is installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symgrad.api import functions, value_and_grad
from symgrad.compiled import Compiled
from symgrad.errors import InputError, MissingExtraError, SymgradError, did_you_mean, told
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node
from symgrad.language.formula import lower
from symgrad.limits import plain_text
from symgrad.pipeline import index_inputs
from symgrad.trust.checking import check_mapping, parts_of
from symgrad.trust.draws import Point, Shapes, is_plain, layouts_of, single_points, whole_points
from symgrad.trust.ulps import index_text, table

Array = np.ndarray[Any, Any]

_COMMUTATIVE = frozenset(
    "add multiply maximum minimum equal not_equal logical_and logical_or hypot logaddexp".split()
)
_SLACK = 64.0
"""How many times the effect of an ulp in the inputs is taken for rounding."""

_SURE = 1e-15
"""The relative difference of what 50 digits give that is taken for none."""

_MOST_WORK = 20_000
"""Operations with many digits that an evaluation may take."""

_SUSPECTS = 12
"""How many numbers that differ are held against 50 digits."""

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two formulas differ.

    Attributes
    ----------
    name:
        The quantity: "value", or "d/dx".
    at:
        The inputs there, by name.
    rows:
        All quantities there: name, what the old formula gives, what the new one gives.
    """

    name: str
    at: Mapping[str, Any]
    rows: tuple[tuple[str, Any, Any], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What `same` found; printed, it tells the first difference. It is true where there is none.

    Attributes
    ----------
    same:
        Whether value and derivatives are the same.
    by:
        What tells that: "graph", or "points".
    points:
        How many points were compared, at which results are finite.
    difference:
        The first one that was found.
    notes:
        What else differs: the order of the inputs, and the like.
    """

    old: str
    new: str
    same: bool
    by: str
    points: int = 0
    difference: Difference | None = None
    notes: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        return self.same

    def __repr__(self) -> str:
        return "\n".join([*_verdict(self), *self.notes])


def _verdict(found: Comparison) -> list[str]:
    if found.difference is not None:
        at = ", ".join(f"{name}={_text(value)}" for name, value in found.difference.at.items())
        place = f" at {at}" if at else ""
        rows = [["", "old", "new"]]
        rows += [[name, _text(old), _text(new)] for name, old, new in found.difference.rows]
        return [f"The formulas differ in {found.difference.name}{place}:", *table(rows)]
    if found.by == "graph":
        return ["The formulas are the same, operation by operation."]
    if not found.same:
        return ["Nothing could be compared: no point was found at which both are finite."]
    return [f"The formulas agree in value and derivatives at {found.points} points."]


def _text(value: Any) -> str:
    if np.size(value) > _SHOWN:
        return f"(an array of shape {np.shape(value)})"
    return value if isinstance(value, str) else repr(value)


def same(
    old: str | Compiled,
    new: str | Compiled,
    wrt: str | Sequence[str] | None = None,
    *,
    shapes: Shapes | None = None,
    samples: int = 400,
    seed: int = 0,
    rtol: float = 1e-10,
    exact: bool = False,
) -> Comparison:
    """Tell whether two formulas have the same value and the same derivatives.

    Parameters
    ----------
    old, new:
        Text in the formula language, or what the verbs made of it.
    wrt, exact:
        As for `grad`. An input that only one formula has must have the derivative 0 there.
    shapes:
        Of inputs that are arrays, where the formulas do not declare them. Without them, inputs of
        formulas that take arrays as a whole are tried as numbers, vectors and matrices.
    samples, seed:
        How many numbers are drawn for each input at most, and from where.
    rtol:
        The relative difference that is let pass in any case.

    >>> same("a*b + 1", "t = b*a; 1 + t")
    The formulas are the same, operation by operation.
    Inputs stand in another order: a, b became b, a.
    >>> same("(1 - x)**2", "1 - 2*x + x**2")
    The formulas agree in value and derivatives at 409 points.
    >>> same("relu(x)", "maximum(x, 0)")
    The formulas differ in d/dx at x=0.0:
           old  new
    value  0.0  0.0
    d/dx   0.0  0.5

    Raises
    ------
    InputError
        The shapes that the formulas take are not known, or `shapes` do not fit.
    SymgradError
        A formula or `wrt` is wrong.
    """
    texts = [plain_text(f.formula if isinstance(f, Compiled) else f) for f in (old, new)]
    if type(samples) is not int or samples < 1:
        raise InputError(f"samples must be a positive whole number, not {told(samples)}")
    check_mapping("shapes", shapes or {}, '{"X": (4, 3)}')
    return _Comparer(texts, wrt, shapes or {}, exact).compare(samples, seed, rtol)


class _Comparer:
    def __init__(
        self, texts: Sequence[str], wrt: str | Sequence[str] | None, shapes: Shapes, exact: bool
    ) -> None:
        self.texts = texts
        self.functions: FunctionTable = functions()
        self.lowered = [lower(text, self.functions) for text in texts]
        self.inputs = tuple(dict.fromkeys(n for low in self.lowered for n in low.inputs))
        self.both = [self._compiled(text, wrt, exact) for text in texts]
        self.names = tuple(dict.fromkeys(n for compiled in self.both for n in compiled.wrt))
        self.shapes = shapes
        for name, shape in shapes.items():
            if not _is_shape(shape):
                hint = "Write a tuple of sizes, as (4, 3)."
                raise InputError(f"shapes: {name} has {told(shape)}", hint=hint)
            if name not in self.inputs:
                hint = did_you_mean(str(name), self.inputs)
                hint = hint or f"The inputs are: {', '.join(self.inputs) or 'none'}."
                raise InputError(f"shapes: {name} is not an input of a formula", hint=hint)
        self.indices = {n for low in self.lowered for n in index_inputs(low.graph)}

    def _compiled(self, text: str, wrt: str | Sequence[str] | None, exact: bool) -> Compiled:
        """By those names that this formula has; a name that neither has is refused."""
        own = lower(text, self.functions).inputs
        asked = None if wrt is None else [wrt] if isinstance(wrt, str) else list(wrt)
        if asked is not None and all(name in self.inputs for name in asked):
            asked = [name for name in asked if name in own]
        return value_and_grad(text, asked, exact=exact)

    def compare(self, samples: int, seed: int, rtol: float) -> Comparison:
        old, new = self.texts
        notes = tuple(self._notes())
        derived = [c.graph for c in self.both] if self._has_polymorphic() else []
        if _one_graph([low.graph for low in self.lowered]) or _one_graph(derived):
            return Comparison(old, new, True, "graph", notes=notes)
        points = 0
        for draw, together in self._draws(samples, seed):
            found, compared = self._at(draw, together, rtol)
            if found is not None:
                return Comparison(old, new, False, "points", points, found, notes)
            points += compared
        return Comparison(old, new, points > 0, "points", points, notes=notes)

    def _has_polymorphic(self) -> bool:
        """Whether both have a graph whatever the shapes, and the derivatives are of one kind."""
        if len({compiled.wrt for compiled in self.both}) > 1:
            return False
        try:
            return all(compiled.graph.outputs for compiled in self.both)
        except SymgradError:
            return False

    def _notes(self) -> Iterator[str]:
        old, new = (low.inputs for low in self.lowered)
        if set(old) == set(new) and old != new:
            yield f"Inputs stand in another order: {', '.join(old)} became {', '.join(new)}."
        for kind, mine, other in (("old", old, new), ("new", new, old)):
            alone = [name for name in mine if name not in other]
            if alone:
                yield f"Only the {kind} formula has: {', '.join(alone)}."

    def _draws(self, samples: int, seed: int) -> Iterator[tuple[Point, bool]]:
        """Points, and whether each element is a point of its own."""
        told = self.shapes or any(low.shapes for low in self.lowered)
        if not told and all(is_plain(low.graph) for low in self.lowered):
            for draw in single_points(self.inputs, samples, seed):
                yield draw, True
            return
        layouts = layouts_of(self.lowered, self.both, self.inputs, self.shapes, self.indices)
        for draw in whole_points(layouts, self.indices, samples, seed):
            yield draw, False

    def _results(self, compiled: Compiled, point: Point) -> list[Array]:
        """The value and the derivative by each name, zeros where the formula lacks it."""
        value, slopes = parts_of(compiled(**{n: point[n][()] for n in compiled.inputs}))
        by = dict(zip(compiled.wrt, slopes, strict=True))
        parts = [value, *(by.get(n, np.zeros(point[n].shape)) for n in self.names)]
        return [np.asarray(part, float) for part in parts]

    def _at(self, point: Point, together: bool, rtol: float) -> tuple[Difference | None, int]:
        """The first difference at a draw, and how many points were compared."""
        old, new = (self._results(compiled, point) for compiled in self.both)
        slacks = [np.zeros(part.shape) for part in old]
        for sign in (1, -1):
            near = {n: _moved(array, sign) for n, array in point.items()}
            for compiled, here in zip(self.both, (old, new), strict=True):
                for k, part in enumerate(self._results(compiled, near)):
                    if part.shape == here[k].shape == slacks[k].shape:
                        slacks[k] = np.fmax(slacks[k], _gap(part, here[k]))
        if together:
            shape = np.broadcast_shapes((1,), *(array.shape for array in point.values()))
            old, new, slacks = (
                [np.broadcast_to(part, shape) for part in parts] for parts in (old, new, slacks)
            )
        names = ["value", *(f"d/d{name}" for name in self.names)]
        for k, (a, b, slack) in enumerate(zip(old, new, slacks, strict=True)):
            places = _differing(a, b, rtol)
            if places and a.shape == b.shape:
                loose = set(_differing(a, b, rtol, _SLACK * slack))
                sure = self._by_digits(names[k], point, places[:_SUSPECTS], together)
                told = places[:_SUSPECTS] if sure else places
                places = [p for p in told if sure.get(p, p in loose)]
            if places:
                return _difference(k, names, point, old, new, places[0], together), 0
        finite = [np.isfinite(part) for part in (*old, *new)]
        if together:
            return None, int(np.sum(np.all(finite, axis=0)))
        return None, int(all(bool(part.all()) for part in finite))

    def _by_digits(
        self, name: str, point: Point, places: Sequence[int], together: bool
    ) -> dict[int, bool]:
        """Whether some elements differ to 50 digits as well, as far as these tell."""
        from symgrad.trust.truth import Truth

        wanted: list[Array] = []
        own, among = name.removeprefix("d/d"), range(len(places)) if together else places
        for low in self.lowered:
            at = {n: point[n][list(places)] if together else point[n] for n in low.inputs}
            try:
                truth = Truth(low, at, self.functions)
            except MissingExtraError:
                return {}
            if not truth.is_known or truth.work > _MOST_WORK:
                return {}
            if name == "value":
                value = np.ravel(truth.value())
                wanted.append(np.resize(value, len(places)) if together else value[list(among)])
            else:
                slopes = own in at and truth.derivative(own, 1, list(among))
                wanted.append(np.zeros(len(places)) if slopes is False else slopes)
        return {
            place: bool(abs(a - b) > _SURE * max(abs(a), abs(b)))
            for place, a, b in zip(places, *wanted, strict=True)
            if a == a and b == b
        }


def _moved(array: Array, sign: int) -> Array:
    """The numbers next to some; whole numbers stay."""
    return array * (1 + sign * 2.0**-50) if array.dtype.kind == "f" else array


def _gap(a: Array, b: Array) -> Array:
    with np.errstate(all="ignore"):
        gap = np.abs(a - b)
    return np.where(np.isfinite(gap), gap, 0.0)


def _is_shape(given: object) -> bool:
    sizes = given if isinstance(given, tuple | list) else (None,)
    return all(type(size) is int and size >= 0 for size in sizes)


def _one_graph(graphs: Sequence[Graph]) -> bool:
    """Whether graphs are the same, up to the order of operands that commute."""
    build = Builder()
    number: dict[Node, int] = {}
    results = []
    for graph in graphs:
        made: dict[Node, Node] = {}
        for node in graph.nodes:
            args = [made[arg] for arg in node.args]
            if node.op in _COMMUTATIVE:
                args.sort(key=number.__getitem__)
            made[node] = build.node(node.op, *args, value=node.value)
            number.setdefault(made[node], len(number))
        results.append([made[node] for node in graph.outputs])
    return bool(results) and all(each == results[0] for each in results)


def _differing(a: Array, b: Array, rtol: float, slack: Array | float = 0.0) -> list[int]:
    """The elements that differ by more than `rtol` of them and some slack."""
    if a.shape != b.shape:
        return [0]
    with np.errstate(all="ignore"):
        largest = np.maximum(np.abs(a), np.abs(b))
        close = np.abs(a - b) <= rtol * largest + slack
    alike = (a == b) | (np.isnan(a) & np.isnan(b)) | (close & np.isfinite(largest))
    return [int(k) for k in np.flatnonzero(~alike)]


def _difference(
    which: int,
    names: Sequence[str],
    point: Point,
    old: Sequence[Array],
    new: Sequence[Array],
    place: int,
    together: bool,
) -> Difference:
    """What both give where they differ: at one point of many, or of whole arrays."""
    at = {n: float(a[place]) if together else a.tolist() for n, a in point.items()}
    rows: list[tuple[str, Any, Any]] = []
    for k, (name, a, b) in enumerate(zip(names, old, new, strict=True)):
        if a.shape != b.shape:
            rows.append((name, f"shape {a.shape}", f"shape {b.shape}"))
        elif together:
            rows.append((name, float(a[place]), float(b[place])))
        elif a.size:
            one = place if k == which else (_differing(a, b, 1e-8) or [0])[0]
            pair = float(np.ravel(a)[one]), float(np.ravel(b)[one])
            rows.append((name + index_text(a.shape, one), *pair))
    return Difference(rows[which][0], at, tuple(rows))
