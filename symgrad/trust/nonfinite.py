"""Where a nan or an infinity in a result comes from: the first place, forward or in reverse.

The graph that is run is walked back from the result. An element that is not finite leads to an
element of an operand that is not, until all operands are finite: there it began.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from symgrad.api import value_and_grad
from symgrad.compiled import Compiled
from symgrad.data.distributed import chunks_of, computed
from symgrad.data.sources import is_source
from symgrad.errors import InputError, Span, draw
from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, ancestors
from symgrad.language.formula import lower
from symgrad.language.items import paired, unpaired
from symgrad.pipeline import derive
from symgrad.running.evaluate import evaluate, evaluator, known_of
from symgrad.shaping.leaves import is_elementwise
from symgrad.trust.checking import arrays_of, check_mapping
from symgrad.trust.reasons import number, reason, reason_overall

Array = np.ndarray[Any, Any]

_LONGEST = 40
_SHAPELESS = frozenset(("pair", "join"))


@dataclass(frozen=True, slots=True)
class Step:
    """A place where numbers stopped being finite, or became nan.

    Attributes
    ----------
    what, span:
        What it is of the formula, in words, and its place there.
    reverse:
        Whether it belongs to the derivatives.
    element:
        The index of the first element, in its array.
    value:
        What it is: nan, inf or -inf.
    why:
        The operation with the numbers that it was given, and what is wrong with it.
    """

    what: str
    span: Span
    reverse: bool
    element: tuple[int, ...]
    value: float
    why: str

    def __str__(self) -> str:
        place = f" at {list(self.element)}" if self.element else ""
        reason = f": {self.why}" if self.why else ""
        return f"{self.what} is {number(self.value)}{place}{reason}"


@dataclass(frozen=True, slots=True, repr=False)
class NotFinite:
    """What `explain_nan` found; printed, it shows the place. It is true where there is one.

    Attributes
    ----------
    formula:
        Its text.
    result:
        Which result is not finite, as "The value" or "d/dx at [2]"; empty if all are finite.
    steps:
        Where it began, and where it became nan, if that is somewhere else.
    rows:
        For data that is not in memory, the first rows where it begins, from one to another: a
        chunk. Places in arrays count from the first of them.
    """

    formula: str
    result: str
    steps: tuple[Step, ...]
    rows: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        return bool(self.steps)

    @property
    def span(self) -> Span | None:
        """The place in the formula where it began."""
        return self.steps[0].span if self.steps else None

    def __repr__(self) -> str:
        if not self.steps:
            return "The value and all derivatives are finite."
        told = [f"{self.result} is not finite. It begins here:"]
        if self.rows is not None:
            told.insert(0, f"In the rows from {self.rows[0]} to {self.rows[1]}:")
        for place, step in enumerate(self.steps):
            told += ["and goes on here:"] * (place > 0)
            told += [*draw(self.formula, step.span), str(step)]
        return "\n".join(told)


class _Element(NamedTuple):
    node: Node
    place: tuple[int, ...]


def explain_nan(
    formula: str,
    at: Mapping[str, ArrayLike],
    wrt: str | Sequence[str] | None = None,
    *,
    exact: bool = False,
) -> NotFinite:
    """Show where a nan or an infinity in the value or the derivatives of a formula comes from.

    Parameters
    ----------
    formula, wrt, exact:
        As for `grad`.
    at:
        The inputs by name: numbers, or arrays of shapes that fit together. Of dask arrays and
        files that are read in slices, the first chunk that is not finite by itself is looked at.

    What is looked at is the code that runs, in which formulas are rewritten into stable ones. An
    infinity that no result comes from, such as that of a branch that is not taken, is none.

    >>> explain_nan("1 + y*exp(x)", at={"x": 800.0, "y": 0.0})
    The value is not finite. It begins here:
      1 + y*exp(x)
            ^^^^^^
    exp(x) is inf: exp(800) overflows
    and goes on here:
      1 + y*exp(x)
          ^^^^^^^^
    y*exp(x) is nan: 0 * inf

    Raises
    ------
    SymgradError
        The formula, `wrt` or an input is wrong.
    """
    check_mapping("at", at, '{"x": 0.5}')
    compiled = value_and_grad(formula, wrt, exact=exact)
    if not any(map(is_source, at.values())):
        return _explained(compiled, at, exact)
    if all(np.isfinite(part).all() for part in _parts(computed(compiled(**at)))):
        return NotFinite(formula, "", ())
    for rows, chunk in chunks_of(compiled.chunkable, at):
        found = _explained(compiled, chunk, exact)
        if found:
            return replace(found, rows=rows)
    raise InputError(
        "a result is not finite, though that of each chunk by itself is",
        formula, (0, len(formula)), "Sums over many rows may overflow.",
    )  # fmt: skip


def _parts(result: tuple[Any, Any]) -> list[Any]:
    """The value and the derivatives."""
    value, found = result
    several = list(found.values()) if isinstance(found, dict) else found
    return [value, *(several if isinstance(several, list | tuple) else [several])]


def _explained(compiled: Compiled, at: Mapping[str, Any], exact: bool) -> NotFinite:
    compiled(**at)
    formula, table = compiled.formula, compiled.table
    lowered = lower(formula, table)
    inputs = {
        name: np.asarray(at[name], dtype=_precision(at[name])) if array.dtype.kind == "f" else array
        for name, array in arrays_of(lowered, at).items()
    }
    known = known_of(lowered.graph, inputs)
    graph = derive(formula, compiled.wrt, table, exact, known, lowered).graph
    found = known.infer()
    for node in lowered.graph.nodes:
        found.visit(node)
    ranks = {node.span: len(shape) for node, shape in found.shapes.items() if shape is not None}
    run = _Run(formula, graph, inputs, table, ranks)
    labels = ["The value", *(f"d/d{name}" for name in compiled.wrt)]
    for label, output in zip(labels, graph.outputs, strict=True):
        value = np.asarray(run.values[output])
        if not np.isfinite(value).all():
            element = _Element(output, _first_bad(value))
            place = f" at {list(element.place)}" if element.place else ""
            return NotFinite(formula, f"{label}{place}", run.steps(element))
    return NotFinite(formula, "", ())


def _precision(given: Any) -> Any:
    """The type in which an input is computed with."""
    dtype = np.asarray(given).dtype
    return dtype if dtype.kind == "f" else np.float64


class _Run:
    """The values of all nodes, and the way back through them."""

    def __init__(
        self,
        text: str,
        graph: Graph,
        inputs: Mapping[str, Array],
        table: FunctionTable,
        ranks: Mapping[Span | None, int],
    ) -> None:
        self.text, self.graph, self.table = text, graph, table
        self.ranks = ranks
        nodes = [node for node in graph.nodes if node.op not in _SHAPELESS]
        with warnings.catch_warnings():
            # NumPy warns of the mean of nothing, which is nan.
            warnings.simplefilter("ignore", RuntimeWarning)
            values = evaluate(graph, nodes, inputs, table)
        self.values = dict(zip(nodes, values, strict=True))
        self.forward = ancestors(graph.nodes, graph.outputs[:1])

    def steps(self, element: _Element) -> tuple[Step, ...]:
        """Where it began, and where it became nan."""
        path = [element]
        while (before := self._before(path[-1])) is not None:
            path.append(before)
        origin = path[-1]
        born = next((e for e in reversed(path) if math.isnan(self._value(e))), origin)
        spans = [e.node.span for e in path]
        found = []
        for step in dict.fromkeys((origin, born)):
            after = [span for span in reversed(spans[: path.index(step) + 1]) if span is not None]
            found.append(self._step(step, after[0] if after else (0, len(self.text))))
        return tuple(found)

    def _value(self, element: _Element) -> float:
        return float(np.asarray(self.values[element.node])[element.place])

    def _before(self, element: _Element) -> _Element | None:
        """The element of an operand that this one is not finite because of."""
        node = element.node
        if not node.args:
            return None
        if not is_elementwise(node.op):
            bad = self._bad_operands(node)
            return self._reaching(element, bad) if bad else None
        # Of a mask's operands, the condition is the first.
        args = node.args[1:] if node.op == "keep" else node.args
        operands = [self._operand(arg, element.place) for arg in args]
        values = [self._value(operand) for operand in operands]
        bad = [o for o, v in zip(operands, values, strict=True) if not math.isfinite(v)]
        nans = [o for o in bad if math.isnan(self._value(o))]
        return next(iter(nans or bad), None)

    def _operand(self, node: Node, place: tuple[int, ...]) -> _Element:
        """The element of an operand that broadcasts to a place."""
        shape = np.shape(self.values[node])
        own = place[len(place) - len(shape) :]
        return _Element(node, tuple(0 if n == 1 else k for n, k in zip(shape, own, strict=True)))

    def _operands(self, node: Node) -> list[Node]:
        return list(dict.fromkeys(part for arg in node.args for part in unpaired(arg)))

    def _bad_operands(self, node: Node) -> list[_Element]:
        """All elements of the operands that are not finite."""
        found = []
        for arg in self._operands(node):
            value = np.asarray(self.values.get(arg, 0.0))
            if value.dtype.kind == "f":
                bad = np.argwhere(~np.isfinite(value)).tolist()
                found += [_Element(arg, tuple(place)) for place in bad]
        return sorted(found, key=lambda e: not math.isnan(self._value(e)))

    def _reaching(self, element: _Element, bad: list[_Element]) -> _Element | None:
        """The first one that is felt in an element: with 0 for all others, it is not finite.

        It is found by halves, as many may be bad.
        """
        run = self._alone(element)
        if run([]):
            return None
        while len(bad) > 1:
            half = len(bad) // 2
            if run(bad[:half]):
                bad = bad[:half]
            elif run(bad[half:]):
                bad = bad[half:]
            else:
                break
        return bad[0]

    def _alone(self, element: _Element) -> Callable[[Sequence[_Element]], bool]:
        """Whether an element is not finite if only some bad ones of its operands stay."""
        node, build = element.node, Builder()
        parts = self._operands(node)
        names = {part: f"operand {place}" for place, part in enumerate(parts)}
        fixed = [part for part in parts if part.is_constant and np.isfinite(self.values[part])]
        made = {
            part: build.take(part) if part in fixed else build.node("input", value=names[part])
            for part in parts
        }
        chains = [paired(build, *[made[part] for part in unpaired(arg)]) for arg in node.args]
        args = [chain for chain in chains if chain is not None]
        alone = build.graph([build.node(node.op, *args, value=node.value)])
        given = {
            names[part]: np.asarray(self.values[part]) for part in parts if part in self.values
        }
        inputs = {name: given[name] for name in alone.inputs()}
        run = evaluator(alone, alone.outputs, list(inputs), self.table)

        def is_bad(kept: Sequence[_Element]) -> bool:
            clean = {
                name: np.where(np.isfinite(array), array, 0.0) if array.dtype.kind == "f" else array
                for name, array in inputs.items()
            }
            for part, place in kept:
                if names[part] in clean:
                    clean[names[part]][place] = np.asarray(self.values[part])[place]
            try:
                (value,) = run(clean)
            except (np.linalg.LinAlgError, ValueError):
                return bool(kept)
            return not np.isfinite(np.asarray(value)[element.place])

        return is_bad

    def _step(self, element: _Element, span: Span) -> Step:
        node, value = element.node, self._value(element)
        piece = self.text[slice(*span)]
        what = piece if len(piece) <= _LONGEST else f"{piece[:_LONGEST]}..."
        reverse = node not in self.forward
        if node.op == "input":
            what = f"the input {node.value}"
        elif reverse:
            what = f"the derivative of {what}"
        # A rewritten formula may have another shape inside than what stands in the text.
        ranks = self.ranks.get(span, len(element.place))
        place = element.place if ranks == len(element.place) else ()
        return Step(what, span, reverse, place, value, self._why(element, value, piece))

    def _why(self, element: _Element, value: float, piece: str) -> str:
        node = element.node
        if not node.args:
            return ""
        if not is_elementwise(node.op):
            operands = [np.asarray(self.values.get(arg, 0.0)) for arg in self._operands(node)]
            return reason_overall(node.op, piece, operands, value)
        numbers = [self._value(self._operand(arg, element.place)) for arg in node.args]
        return reason(node.op, numbers, value)


def _first_bad(value: Array) -> tuple[int, ...]:
    """The first nan, or the first infinity."""
    bad = np.isnan(value) if np.isnan(value).any() else ~np.isfinite(value)
    return tuple(np.argwhere(bad)[0].tolist())
