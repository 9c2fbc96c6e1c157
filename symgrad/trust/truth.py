"""What a formula and its derivatives are, to more digits than a double has.

Derivatives are differences of values at a precision that bears them, so that no rule of
differentiation stands on both sides of a comparison. The steps are much smaller than the distance
from a double to its neighbours: a kink lies at the point itself or is not met at all. Everything
is computed twice, with other precisions and steps, and is known where both agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node
from symgrad.language.formula import Lowered
from symgrad.running.evaluate import known_of, resolved
from symgrad.shaping.leaves import all_elementwise
from symgrad.trust.digits import context, digits, in_digits, precision
from symgrad.trust.held import hold
from symgrad.trust.matrices import MATRICES

Numbers = np.ndarray[Any, Any]
"""Numbers of mpmath in an array."""

_STEP = 30
"""A step is 10**-30 of what it is added to."""

_AGREED = 22
"""Two computations that agree to so many digits are right."""

_NOTHING = 35
"""A difference that is so many digits below its terms, and that does not settle, is 0."""

_OF_MATRICES = frozenset((*MATRICES, "_solve"))
"""Operations whose rounding errors are as large as an array's largest numbers make them."""

_LEAST = 340
"""What is 0 to any double."""


class Truth:
    """The value and the derivatives of a formula at one point.

    Parameters
    ----------
    lowered, table:
        The formula as it was written, and the functions that it calls.
    inputs:
        Arrays by name: float64, and whole numbers or truth values for what serves as an index.

    Results are arrays of numbers of mpmath, with nan for what is not known: at kinks and jumps,
    outside of domains, and beyond 10**(10**12).

    Raises
    ------
    MissingExtraError
        mpmath is not installed.
    """

    def __init__(
        self, lowered: Lowered, inputs: Mapping[str, Numbers], table: FunctionTable
    ) -> None:
        graph = resolved(lowered.graph, inputs, table)
        held = hold(graph)
        self._run = in_digits(held.graph, [*lowered.inputs, *held.names], table)
        self._stopped = held.names
        self._run_parts = in_digits(held.parts, lowered.inputs, table) if held.names else None
        self.is_elementwise = all_elementwise(held.graph.nodes)
        self.of_matrices = any(node.op in _OF_MATRICES for node in graph.nodes)
        self.work = _work(graph, inputs)
        self._names = lowered.inputs
        self._place(inputs)

    def _place(self, inputs: Mapping[str, Numbers]) -> None:
        self._plain = {n: inputs[n] for n in self._names if inputs[n].dtype.kind != "f"}
        self._floats = {n: inputs[n] for n in self._names if n not in self._plain}
        self._parts: dict[str, Numbers] = {}
        self._known: dict[tuple[str, int], Numbers] = {}
        self._held: dict[int, Mapping[str, Numbers]] = {}
        sizes = [abs(x) for a in self._floats.values() for x in np.ravel(a).tolist() if x]
        finite = [1.0, *[size for size in sizes if math.isfinite(size)]]
        above, below = math.log10(max(finite)), math.log10(min(finite))
        self._least = min(finite)
        self._digits = 90 + int(2 * above), int(330 - 4 * below)

    def at(self, inputs: Mapping[str, Numbers]) -> Truth:
        """The same formula at other inputs of the same shapes."""
        other = object.__new__(Truth)
        other.__dict__.update(self.__dict__)
        other._place(inputs)
        return other

    @property
    def is_known(self) -> bool:
        """Whether mpmath has all that the formula calls."""
        return self._run is not None and (not self._stopped or self._run_parts is not None)

    def value(self) -> Numbers:
        """The value, in its shape."""
        return self._settled(0, lambda step: (self._at({}), 0))

    def derivative(self, name: str, order: int, elements: Sequence[int]) -> Numbers:
        """The derivative of the value's sum by some elements of an input, by their numbers.

        That of a higher order is the derivative of the sum of the one before.
        """
        if self.is_elementwise:
            return np.ravel(self._settled(order, lambda step: self._by_all(name, order, step)))[
                list(elements)
            ]
        shape = self._floats[name].shape
        found = np.empty(len(elements), object)
        for place, element in enumerate(elements):
            direction = np.zeros(shape)
            direction.flat[element] = 1
            found[place] = self.along(name, order, direction)
        return found

    def along(self, name: str, order: int, direction: Numbers) -> Any:
        """The derivative times a direction of the input's shape, as one number."""
        return self._settled(order, lambda step: self._by_one(name, order, direction, step)).item()

    def moved(self, patterns: int = 3) -> Iterator[Truth]:
        """The same formula with its inputs moved by half an ulp, in several patterns of signs.

        Where matrices are decomposed, it is half an ulp of an array's largest number: results are
        those of a matrix so near, and no nearer (Wilkinson, The Algebraic Eigenvalue Problem).
        """
        rng = np.random.default_rng(0)
        for pattern in range(patterns):
            moved = object.__new__(Truth)
            moved.__dict__.update(self.__dict__)
            moved._known, moved._held = {}, {}
            moved._parts = {
                name: rng.choice([-1.0, 1.0], array.shape)
                if pattern > 1
                else np.resize([1.0, -1.0] if pattern else [1.0], array.shape)
                for name, array in self._floats.items()
            }
            yield moved

    def _settled(self, order: int, attempt: Callable[[int], tuple[Any, Any]]) -> Numbers:
        """Both computations where they agree; nan elsewhere.

        A 0 may be a tail that was lost, and is believed at the higher precision alone.
        """
        mp = context()
        for start in self._digits:
            pair = []
            for more in (0, 1):
                with precision(start + (_STEP + 20) * order + 20 * more):
                    pair.append(attempt(_STEP + more))
            (a, _), (b, size) = pair
            with precision(60):
                agreed = np.frompyfunc(_agreed, 3, 1)(a, b, size)
            if all(value is not None and value != 0 for value in np.ravel(agreed)):
                break
        known = np.frompyfunc(lambda value: mp.nan if value is None else value, 1, 1)(agreed)
        return np.asarray(known, object)

    def _at(self, moved: Mapping[str, Numbers]) -> Numbers:
        assert self._run is not None
        inputs = {name: self._input(name) for name in self._floats}
        at_rest = {**inputs, **self._plain}
        (value,) = self._run({**at_rest, **self._parts_at(at_rest), **moved})
        return np.asarray(digits(np.asarray(value)))

    def _parts_at(self, inputs: Mapping[str, Numbers]) -> Mapping[str, Numbers]:
        """What `stop_gradient` wraps, which stays as it is where inputs are not moved."""
        key = context().prec
        if key not in self._held:
            parts = self._run_parts(inputs) if self._run_parts is not None else []
            self._held[key] = dict(zip(self._stopped, parts, strict=True))
        return self._held[key]

    def _input(self, name: str) -> Numbers:
        key = name, context().prec
        if key not in self._known:
            array, part = digits(self._floats[name]), self._parts.get(name)
            if part is not None:
                array = array + _size(array, self.of_matrices) * digits(part) / 2**53
            self._known[key] = array
        return self._known[key]

    def _steps(self, array: Numbers, step: int) -> Any:
        scale = np.where(array == 0, self._least, np.minimum(np.abs(array), 1.0))
        return digits(np.where(np.isfinite(scale), scale, 1.0)) / context().mpf(10) ** step

    def _by_all(self, name: str, order: int, step: int) -> tuple[Numbers, Numbers]:
        """By every element at once: each only moves what it broadcasts to."""
        array = self._input(name)
        steps = self._steps(self._floats[name], step)
        slope, size = _difference(
            lambda k: self._at({name: array + k * steps}), order, np.asarray(steps)
        )
        return _summed(slope, array.shape), _summed(size, array.shape)

    def _by_one(
        self, name: str, order: int, direction: Numbers, step: int
    ) -> tuple[Numbers, Numbers]:
        """Along a direction, of what is differentiated along all ones before."""
        array, mp = self._input(name), context()
        moved = self._floats[name][direction != 0]
        own = np.min(np.asarray(self._steps(moved, step)), initial=mp.mpf(1))
        all_steps = np.min(np.asarray(self._steps(self._floats[name], step)), initial=mp.mpf(1))
        along = digits(direction)

        def slope(k: int) -> Numbers:
            at = array + along * (own * k)
            if order == 1:
                return np.asarray(np.sum(self._at({name: at})))
            inner = _difference(
                lambda j: np.asarray(np.sum(self._at({name: at + all_steps * j}))),
                order - 1,
                np.asarray(all_steps),
            )
            return np.asarray(inner[0])

        return _difference(slope, 1, np.asarray(own))


def _size(array: Numbers, normwise: bool) -> Numbers:
    """How large numbers are, each by itself or all by the largest of a matrix."""
    if not normwise or not array.ndim:
        return array
    axes = tuple(range(array.ndim))[-2:]
    return np.asarray(np.max(np.abs(array), axis=axes, keepdims=True, initial=0))


def _agreed(a: Any, b: Any, size: Any) -> Any:
    """The second of two numbers if they agree, 0 if they are nothing but rounding, or None."""
    mp = context()
    if mp.isnan(a) or mp.isnan(b):
        return None
    if a == b or abs(a - b) <= max(abs(b) * mp.mpf(10) ** -_AGREED, mp.mpf(10) ** -_LEAST):
        return b
    small = max(abs(a), abs(b)) <= size * mp.mpf(10) ** -_NOTHING
    return mp.mpf(0) if small else None


def _difference(f: Callable[[int], Numbers], order: int, step: Numbers) -> tuple[Numbers, Numbers]:
    """The central difference of an order, nan at kinks; and the size of its terms."""
    mp = context()
    values = {k: f(k) for k in range(-order, order + 1)}
    ways = {
        way: sum(
            (-1) ** k * math.comb(order, k) * values[start - stride * k] for k in range(order + 1)
        )
        / (stride * step) ** order
        for way, start, stride in (("both", order, 2), ("right", order, 1), ("left", 0, 1))
    }
    sizes = np.maximum(np.abs(values[order]), np.abs(values[-order]))
    flat, tenth = mp.mpf(10) ** -20, mp.mpf(10) ** -6

    def smooth(both: Any, right: Any, left: Any) -> Any:
        gap = abs(right - left)
        return both if gap <= max(flat, max(abs(right), abs(left)) * tenth) else mp.nan

    slope = np.frompyfunc(smooth, 3, 1)(ways["both"], ways["right"], ways["left"])
    reach = step * mp.mpf(10) ** _STEP
    return np.asarray(slope, object), np.asarray(sizes / reach**order, object)


def _summed(values: Numbers, shape: tuple[int, ...]) -> Numbers:
    """Summed down to the shape of what was broadcast."""
    new = values.ndim - len(shape)
    axes = [a for a in range(values.ndim) if a < new or shape[a - new] != values.shape[a]]
    return np.asarray(np.sum(values, axis=tuple(axes), initial=0), object).reshape(shape)


def _work(graph: Graph, inputs: Mapping[str, Any]) -> int:
    """About how many operations on numbers one evaluation takes."""
    found = known_of(graph, inputs).infer()
    for node in graph.nodes:
        found.visit(node)
    return sum(_operations(node, found.shapes) for node in graph.nodes)


def _operations(node: Node, shapes: Mapping[Node, Any]) -> int:
    sizes = list(_sizes([node, *node.args], shapes))
    if node.op in ("_mm", "_at", "_einsum") and len(node.args) == 2:
        inner = (shapes.get(node.args[0]) or (1,))[-1] or 1
        return sizes[0] * inner
    if node.op in ("inv", "_solve", "det", "pinv", "_cholesky", "svdvals", "_eigenvalues"):
        return max(sizes) * math.isqrt(max(sizes))
    return max(sizes)


def _sizes(nodes: Sequence[Node], shapes: Mapping[Node, Any]) -> Iterator[int]:
    for node in nodes:
        shape = shapes.get(node) or ()
        yield math.prod(size or 1 for size in shape)
