"""A loop over rows, run in pieces that threads share.

What pieces add up to is added in a fixed order, whoever computes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from symgrad.graph import Node
from symgrad.running.blas import one_thread
from symgrad.running.buffers import Buffers, Layout
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

_ALONE = nullcontext()


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
        self._results = code.segment.results
        self._sums = [place for place, n in enumerate(self._results) if n in code.sums]
        self._function = function
        self._layout = layout
        self._step = step
        self._makers = makers
        self._starts = [(shape, _STARTS[name], dtype) for name, shape, dtype in sums]
        self._combine = [getattr(np, name) for name, _, _ in sums]
        self._alone = one_thread if code.multiplies else lambda: _ALONE

    def __call__(
        self,
        taken: Sequence[Any],
        into: Mapping[Node, Array],
        bounds: Sequence[tuple[int, int]],
        threads: int = 1,
    ) -> list[Any]:
        """Its results for what it takes, over pieces of the rows; rows are written to `into`."""
        results: list[Any] = [
            into[node] if node in into else self._makers[node]() if node in self._makers else None
            for node in self._results
        ]
        parts: list[list[Array]] = [[] for _ in bounds]

        def work(numbers: Iterator[int]) -> None:
            own = [*results]
            with Buffers(self._layout) as buffers:
                for number in numbers:
                    start, stop = bounds[number]
                    for place, begin in zip(self._sums, self._starts, strict=True):
                        own[place] = np.full(*begin)
                    self._function(start, stop, self._step, buffers, *taken, *own)
                    parts[number] = [own[place] for place in self._sums]

        with self._alone():
            share(len(bounds), work, threads)
        if self._sums:
            while len(parts) > 1:
                pairs = zip(parts[::2], parts[1::2], strict=False)
                parts = [self.added(*pair) for pair in pairs] + parts[len(parts) // 2 * 2 :]
            for place, found in zip(self._sums, parts[0], strict=True):
                results[place] = found
        return results

    def added(self, first: Sequence[Array], second: Sequence[Array]) -> list[Array]:
        """The sums over two parts of the rows, in the memory of the first."""
        return [f(x, y, out=x) for f, x, y in zip(self._combine, first, second, strict=True)]
