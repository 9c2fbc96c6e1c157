"""A loop over rows, run in pieces that threads share.

What pieces add up to is added in a fixed order, whoever computes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from symgrad.graph import Node
from symgrad.running.blas import one_thread
from symgrad.running.buffers import Layout, given_back, taken
from symgrad.running.crew import share
from symgrad.writing.segments import Code

Array = np.ndarray[Any, Any]

_STARTS: Mapping[str, float] = {
    "add": -0.0,
    "hypot": 0.0,
    "maximum": -math.inf,
    "minimum": math.inf,
}
"""What changes nothing that it is combined with, to the last bit."""

_NOTHING = nullcontext()


def nothing() -> None:
    """In place of what lies elsewhere, as the parts of a sum do."""


class RowLoop:
    """A segment that loops, for sizes and elements of a type: what every run of it needs.

    `makers` make arrays for its results that have rows. For those that are sums, `sums` tell what
    adds up two parts, and their shapes and types.
    """

    def __init__(
        self,
        code: Code,
        function: Callable[..., None],
        layout: Layout,
        step: int,
        makers: Mapping[Node, Callable[[], Array]],
        sums: Sequence[tuple[str, tuple[int, ...], Any]],
    ) -> None:
        results = code.segment.results
        places = [place for place, node in enumerate(results) if node in code.sums]
        starts = [(shape, _STARTS[name], dtype) for name, shape, dtype in sums]
        self._makers = [(node, makers.get(node, nothing)) for node in results]
        self._sums = list(zip(places, starts, strict=True))
        self._combine = [getattr(np, name) for name, _, _ in sums]
        self._function = function
        self._layout = layout
        self._step = step
        self._multiplies = code.multiplies

    def __call__(
        self,
        given: Sequence[Any],
        into: Mapping[Node, Array],
        bounds: Sequence[tuple[int, int]],
        threads: int = 1,
    ) -> list[Any]:
        """Its results, over pieces of the rows; those in `into` are written there."""
        results: list[Any] = [into[node] if node in into else make() for node, make in self._makers]
        parts = [results] * len(bounds)

        def work(numbers: Iterator[int]) -> None:
            memory = taken(self._layout.bytes)
            try:
                buffers = partial(memory.views, self._layout)
                for number in numbers:
                    own = results
                    if self._sums:
                        own = parts[number] = [*results]
                        for place, start in self._sums:
                            own[place] = np.full(*start)
                    self._function(*bounds[number], self._step, buffers, *given, *own)
            finally:
                given_back(memory)

        with one_thread() if self._multiplies else _NOTHING:
            share(len(bounds), work, threads)
        if self._sums:
            sums = [[part[place] for place, _ in self._sums] for part in parts]
            while len(sums) > 1:
                pairs = zip(sums[::2], sums[1::2], strict=False)
                sums = [self.added(*pair) for pair in pairs] + sums[len(sums) // 2 * 2 :]
            for (place, _), total in zip(self._sums, sums[0], strict=True):
                results[place] = total
        return results

    def added(self, first: Sequence[Array], second: Sequence[Array]) -> list[Array]:
        """The sums over two parts of the rows, in the memory of the first."""
        return [f(x, y, out=x) for f, x, y in zip(self._combine, first, second, strict=True)]


class InTurn:
    """Segments one after the other: loops, and functions of whole arrays.

    A step has what runs it, whether that is a loop, and the places of what it takes among the
    inputs, the `numbers`, and the results so far; so have the `outputs`. `guests` lie in the memory
    of other results, which is made first.
    """

    def __init__(
        self,
        steps: Sequence[tuple[Callable[..., Sequence[Any]], bool, Sequence[int]]],
        numbers: Sequence[float],
        outputs: Sequence[int],
        bounds: Sequence[tuple[int, int]],
        guests: Sequence[tuple[Node, Node, Callable[[], Array]]],
    ) -> None:
        self._guests = guests
        self._steps = steps
        self._numbers = numbers
        self._outputs = outputs
        self._bounds = bounds

    def __call__(
        self, arrays: Sequence[Any], into: Mapping[Node, Array], threads: int = 1
    ) -> list[Any]:
        """The results, in order; those in `into` are written there."""
        values = [*arrays, *self._numbers]
        there = {**into}
        for guest, home, make in self._guests:
            if home not in there:
                there[home] = make()
            there[guest] = there[home]
        for run, loops, places in self._steps:
            given = [values[place] for place in places]
            values += run(given, there, self._bounds, threads) if loops else run(*given)
        return [values[place] for place in self._outputs]
