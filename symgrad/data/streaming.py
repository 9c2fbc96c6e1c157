"""Data that does not fit in memory: read a piece of its rows at a time, on one machine."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from itertools import pairwise
from typing import Any

import numpy as np

from symgrad.data.chunks import Chunkable, Chunked, Tree, chunked, described
from symgrad.data.sources import WHOLE, bytes_of, is_source
from symgrad.errors import InputError
from symgrad.extras import needed
from symgrad.graph import Node
from symgrad.limits import Limits, limits_for, memory_error
from symgrad.running.crew import share, threads
from symgrad.running.into import leaves, overlaps

Array = np.ndarray[Any, Any]
Report = Callable[[int, int], object]

PIECE = 2**24
"""Bytes of a piece: of its rows of all inputs together."""

_report: ContextVar[Report | None] = ContextVar("symgrad progress", default=None)


@contextmanager
def progress(report: Report | None = None) -> Iterator[None]:
    """Show how far calls inside have come that read their data in pieces.

    Without an argument it is a bar, which needs tqdm: symgrad[progress]. A function is called as
    `report(rows, total)` after each piece; where a formula goes through the data more than once,
    both count each time.

    >>> class Ramp:  # stands for a file
    ...     shape, dtype, chunks = (8_000_000,), np.dtype(np.float64), (1_000_000,)
    ...     def __getitem__(self, key):
    ...         return np.arange(key[0].start, key[0].stop, dtype=np.float64)
    >>> import symgrad
    >>> seen = []
    >>> with progress(lambda rows, total: seen.append((rows, total))):
    ...     symgrad.function("mean(x)")(Ramp())
    np.float64(3999999.5)
    >>> seen[0], seen[-1]
    ((2000000, 8000000), (8000000, 8000000))

    Raises
    ------
    MissingExtraError
        No function is given, and tqdm is not installed.
    """
    with ExitStack() as stack:
        if report is None:
            tqdm = needed("tqdm.auto", "progress()", "progress").tqdm
            bar = stack.enter_context(tqdm(unit="rows", unit_scale=True))

            def report(rows: int, total: int) -> None:
                bar.total = total
                bar.update(rows - bar.n)

        stack.callback(_report.reset, _report.set(report))
        yield


def streamed(formula: Chunkable, inputs: Mapping[str, Any], out: Any = None) -> Any:
    """The results for inputs of which some are read in slices; small ones are read at once.

    What has rows is written to the arrays in `out`, which may be mapped files, where they fit.

    Raises
    ------
    InputError
        Something in the formula needs all rows at once, or an input does not fit.
    LimitError
        Results that have rows need more memory than the limit.
    """
    sources = {name: value for name, value in inputs.items() if is_source(value)}
    if sum(map(bytes_of, sources.values())) <= WHOLE:
        read = {name: np.asarray(value[...]) for name, value in sources.items()}
        return formula.caller((), {**inputs, **read})
    arrays = described(formula, inputs, sources)
    largest = max(sources, key=lambda name: bytes_of(sources[name]))
    shape = sources[largest].shape
    axes = sorted(range(len(shape)), key=lambda axis: (axis > 0, -shape[axis]))
    job = chunked(formula, inputs, arrays, [(largest, axis) for axis in axes if shape[axis] > 1])
    wanted = [] if out is None else leaves(out)
    return _Stream(job, {**arrays, **sources}, wanted).results()


def read(value: Any, axis: int | None, start: int = 0, stop: int = 0) -> Array:
    """Some rows of an input as an array; all of it, where it has no rows."""
    if axis is None:
        return np.asarray(value[...])
    return np.asarray(value[(*[slice(None)] * axis, slice(start, stop))])


def pieces(inputs: Mapping[str, Any], axes: Mapping[str, int], rows: int) -> list[tuple[int, int]]:
    """Where pieces begin and end: about `PIECE` bytes each, and whole chunks of the files."""
    wide = [math.prod(inputs[n].shape) // rows * inputs[n].dtype.itemsize for n in axes]
    size = max(PIECE // max(sum(wide), 1), 1)
    for name, axis in axes.items():
        chunks = getattr(inputs[name], "chunks", None)
        if isinstance(chunks, tuple) and len(chunks) > axis and isinstance(chunks[axis], int):
            size = max(size // chunks[axis], 1) * chunks[axis]
            break
    return list(pairwise([*range(0, rows, size), rows]))


class _Stream:
    """One call: its segments in order, each loop on all pieces."""

    def __init__(self, job: Chunked, inputs: Mapping[str, Any], wanted: Sequence[Any]) -> None:
        self.job = job
        self.wanted = wanted
        self.inputs = inputs
        self.rows = job.sized.rows
        self.pieces = pieces(inputs, job.axes, self.rows)
        self.limits: Limits = limits_for(job.formula.limits)
        self.made: dict[Node, Array] = {}
        self._whole: dict[str, Array] = {}
        self._lock = threading.Lock()
        self._done = 0
        self._total = self.rows * sum(map(job.loops, range(len(job.totals))))
        self._report = _report.get()

    def results(self) -> Any:
        """All results, laid out."""
        job, totals = self.job, list[list[Any]]()
        self._make_room()
        for at in range(len(job.totals)):
            earlier = [totals[segment] for segment in job.earlier[at]]
            if job.loops(at):
                totals.append(self._looped(at, earlier))
            else:
                totals.append(job.run(at, self._values(at, 0, 0), earlier)[0])
        found = []
        for node, segment, place in job.outputs:
            if job.has_rows(node):
                found.append(job.as_result(node, self.made[node]))
            elif segment >= 0:
                found.append(job.as_result(node, totals[segment][place]))
            elif node.op == "input":
                found.append(np.array(self.inputs[str(node.value)][...], job.given_type))
            else:
                found.append(job.number(node))
        return job.laid_out(found)

    def _make_room(self) -> None:
        """Arrays for the results that have rows, if the limit allows them."""
        self.made.update(self._given_room())
        nodes = [node for nodes in self.job.rows_of for node in nodes if node not in self.made]
        shapes = [self.job.sized.shapes[node] for node in nodes]
        taken = sum(8 * math.prod(shape) for shape in shapes)
        if taken > self.limits.memory:
            text, node = self.job.formula.text, nodes[0]
            span = node.span or (0, len(text))
            told = f"The results have a row for each of {self.rows} rows."
            raise memory_error(taken, self.limits, text, span, told)
        for node, shape in zip(nodes, shapes, strict=True):
            self.made[node] = np.empty(shape, self.job.type_of(node))

    def _given_room(self) -> dict[Node, Array]:
        """The arrays of the caller for results that have rows: none unless all are in order."""
        job, outputs = self.job, [node for node, _, _ in self.job.outputs]
        if len(self.wanted) != len(outputs):
            return {}
        found = {
            node: buffer
            for node, buffer in zip(outputs, self.wanted, strict=True)
            if job.has_rows(node)
            and outputs.count(node) == 1
            and isinstance(buffer, np.ndarray)
            and (buffer.shape, buffer.dtype) == (job.sized.shapes[node], job.result_type(node))
            and job.type_of(node) == buffer.dtype
            and buffer.flags.writeable
        }
        buffers = [buffer for buffer in self.wanted if isinstance(buffer, np.ndarray)]
        arrays = [value for value in self.inputs.values() if isinstance(value, np.ndarray)]
        shared = overlaps(buffers, arrays) or len(overlaps(buffers, buffers)) > len(buffers)
        return {} if shared else found

    def _values(self, at: int, start: int, stop: int) -> dict[str, Array]:
        """What a segment needs of the inputs, cut to some rows; what has none is read once."""
        values = {}
        for name in self.job.inputs[at]:
            axis = self.job.axes.get(name)
            if axis is not None:
                values[name] = read(self.inputs[name], axis, start, stop)
                continue
            with self._lock:
                if name not in self._whole:
                    self._whole[name] = read(self.inputs[name], None)
            values[name] = self._whole[name]
        return values

    def _looped(self, at: int, earlier: Sequence[Sequence[Any]]) -> list[Any]:
        job, plan = self.job, self.job.program.plan
        tree: Tree[list[Any]] = Tree(len(self.pieces), lambda x, y: job.added(at, x, y))

        def work(numbers: Iterator[int]) -> None:
            for number in numbers:
                start, stop = self.pieces[number]
                values = self._values(at, start, stop)
                into = [
                    self.made[node][(*[slice(None)] * plan.rows[node], slice(start, stop))]
                    for node in job.rows_of[at]
                ]
                try:
                    tree.put(number, job.run(at, values, earlier, (start, stop), into)[0])
                except InputError as error:
                    raise in_rows(error, start, stop) from None
                self._advance(stop - start)

        share(len(self.pieces), work, threads(self.limits.threads))
        return tree.total

    def _advance(self, rows: int) -> None:
        if self._report is not None:
            with self._lock:
                self._done += rows
                self._report(self._done, self._total)


def in_rows(error: InputError, start: int, stop: int) -> InputError:
    """An error that says in which rows it arose."""
    message = f"{error.message}, in the rows from {start} to {stop}"
    return type(error)(message, error.text, error.span, error.hint)
