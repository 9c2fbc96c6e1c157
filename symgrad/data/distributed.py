"""Formulas of dask arrays: lazy results, whose tasks run the compiled code where the chunks are.

A task is a pure function of a formula, its options and chunks, so it may run anywhere, and again
where a worker was lost. Formulas travel as text; each process compiles one once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from symgrad.data.chunks import Chunkable, Chunked, Given, chunked, described
from symgrad.data.sources import bytes_of, is_dask, is_source
from symgrad.data.streaming import in_rows, pieces, read, streamed
from symgrad.errors import CoupledError, InputError
from symgrad.extras import needed
from symgrad.graph import Node
from symgrad.running.into import leaves
from symgrad.running.results import plain

Key = tuple[Any, ...]

_MOST = 2**29
"""Bytes of a chunk up to which chunks along other axes are merged for a call."""

_KEPT = 64


class Recipe:
    """A formula in chunks as it travels: pickled, it is its text and options.

    It is compiled where it is first used.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self._lock = threading.Lock()
        self._job: Chunked | None = None

    @property
    def job(self) -> Chunked:
        """The compiled formula."""
        with self._lock:
            if self._job is None:
                again, options, given, numbers, rows = self.key
                self._job = Chunked(again(*options).chunkable, given, dict(numbers), rows)
            return self._job

    def __reduce__(self) -> Key:
        return recipe, self.key


@lru_cache(maxsize=_KEPT)
def recipe(*key: Any) -> Recipe:
    """The recipe for a key; a process keeps those that it used last."""
    return Recipe(key)


def part(
    dish: Recipe, at: int, start: int, stop: int, values: Sequence[Any], totals: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """The task of a segment: as a whole, or on the chunk of rows from `start` to `stop`."""
    named = dict(zip(dish.job.inputs[at], values, strict=True))
    try:
        return dish.job.run(at, named, totals, (start, stop))
    except InputError as error:
        raise (in_rows(error, start, stop) if stop else error) from None


def added(dish: Recipe, at: int, first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """The task that adds what two chunks give to the totals."""
    return dish.job.added(at, first, second)


def taken(parts: Sequence[Any], which: int) -> Any:
    """The task that picks totals, or what has rows, of what a segment gave."""
    return parts[which]


def result(parts: Sequence[Any], place: int, dtype: np.dtype[Any]) -> Any:
    """The task of a result, or of a chunk of it."""
    return np.asarray(parts[place], dtype)


def in_chunks(formula: Chunkable, inputs: Mapping[str, Any], out: Any = None) -> Any:
    """The results for inputs of which some are dask arrays, or are to be read in slices.

    Raises
    ------
    InputError
        `out` is given for dask arrays, whose results are lazy.
    """
    if not any(map(is_dask, inputs.values())):
        return streamed(formula, inputs, out)
    if out is None:
        return distributed(formula, inputs)
    raise InputError(
        "the results for dask arrays are lazy, and are not written to out",
        hint="Call it without out; dask.array.store writes what comes back.",
    )


def distributed(formula: Chunkable, inputs: Mapping[str, Any]) -> Any:
    """The results as lazy dask arrays: those with rows in chunks as the inputs, all else in one.

    Raises
    ------
    InputError
        Something in the formula needs all rows at once, an input does not fit, or its chunks are
        of unknown size or too large.
    """
    da = needed("dask.array", "dask arrays", "dask")
    sources = {name: value for name, value in inputs.items() if is_source(value)}
    lazy = {name: value for name, value in sources.items() if is_dask(value)}
    for name, value in lazy.items():
        if any(np.isnan(size) for size in value.shape):
            raise InputError(
                f"the sizes of the chunks of {name} are not known",
                formula.text,
                hint=f"Find them out first: {name} = {name}.compute_chunk_sizes().",
            )
    arrays = described(formula, inputs, sources)
    largest = max(lazy, key=lambda name: (lazy[name].npartitions, bytes_of(lazy[name])))
    array = lazy[largest]
    axes = sorted(range(array.ndim), key=lambda axis: (-array.numblocks[axis], axis))
    candidates = [(largest, axis) for axis in axes if array.shape[axis] > 1]
    made: list[Recipe] = []

    def make(
        _: Chunkable, given: tuple[Given, ...], numbers: Mapping[str, int], rows: tuple[str, int]
    ) -> Chunked:
        key = (formula.again, formula.options, given, tuple(numbers.items()), rows)
        made.append(recipe(*key))
        return made[-1].job

    try:
        job = chunked(formula, inputs, arrays, candidates, make)
    except CoupledError as coupled:
        return _of_dask(da, formula, inputs, arrays, coupled)
    name, axis = made[-1].key[-1]
    cut = _Cut(da, made[-1], lazy[name].chunks[axis])
    for name, value in {**arrays, **sources}.items():
        cut.take(name, value)
    return job.laid_out(cut.results())


@lru_cache(maxsize=_KEPT)
def whole(again: Callable[..., Any], *options: Any) -> Callable[..., Any]:
    """A formula as a function of whole arrays of dask; a process keeps those that it used last."""
    made: Callable[..., Any] = again(*options).of_arrays()
    return made


def _of_dask(
    da: Any,
    formula: Chunkable,
    inputs: Mapping[str, Any],
    arrays: Mapping[str, Any],
    coupled: CoupledError,
) -> Any:
    """The results by dask's own operations on whole arrays, where it has them all."""
    given = {
        name: value
        if is_dask(value) or type(value) in (bool, int, float)
        else da.from_array(np.asarray(arrays[name] if name in arrays else value[...]), chunks=-1)
        for name, value in inputs.items()
    }
    try:
        results = whole(formula.again, *formula.options)(**given)
        lazy = [da.asarray(leaf) for leaf in leaves(results)]
    except Exception:  # noqa: BLE001 - whatever dask raises where it lacks an operation
        raise coupled from None
    if any(np.isnan(size) for array in lazy for size in array.shape):
        raise coupled
    return results


class _Cut:
    """The graph of tasks of one call."""

    def __init__(self, da: Any, dish: Recipe, chunks: tuple[int, ...]) -> None:
        self.da = da
        self.dish = dish
        self.job = dish.job
        self.chunks = chunks
        self.ends = [0, *accumulate(chunks)]
        self.collections: dict[str, Any] = {}
        self.whole: dict[str, Any] = {}
        self.layer: dict[Key | str, Any] = {}

    def take(self, name: str, value: Any) -> None:
        """An input: cut as the rows are, or whole."""
        axis = self.job.axes.get(name)
        if axis is None and not is_dask(value):
            self.whole[name] = value if isinstance(value, np.ndarray) else np.asarray(value[...])
            return
        wanted: dict[int, Any] = dict.fromkeys(range(len(value.shape)), -1)
        if axis is not None:
            wanted[axis] = self.chunks
        if not is_dask(value):
            value = self.da.from_array(value, chunks=wanted)
        elif max(value.numblocks, default=1) > 1:
            value = self._rechunked(name, value, wanted, axis)
        self.collections[name] = value

    def _rechunked(self, name: str, value: Any, wanted: dict[int, Any], axis: int | None) -> Any:
        other = [at for at, count in enumerate(value.numblocks) if count > 1 and at != axis]
        largest = bytes_of(value) // max(value.shape[axis], 1) * max(self.chunks) if (
            axis is not None) else bytes_of(value)  # fmt: skip
        if other and largest > _MOST:
            rows = "" if axis is None else f"{axis}: {max(self.chunks) * _MOST // largest or 1}, "
            rest = ", ".join(f"{at}: -1" for at in range(value.ndim) if at != axis)
            raise InputError(
                f"{name} is cut along axis {other[0]}, and whole along it a chunk would have "
                f"{largest / 2**30:.1f} GiB",
                self.job.formula.text,
                hint=f"Cut it along the rows alone: {name} = {name}.rechunk({{{rows}{rest}}}).",
            )
        return value.rechunk(wanted)

    def results(self) -> list[Any]:
        """The results in order, as dask arrays."""
        names, values = sorted(self.collections), sorted(self.whole)
        token = needed("dask.base", "dask arrays", "dask").tokenize(
            self.dish.key, self.chunks, [(n, self.collections[n].name) for n in names],
            [(n, self.whole[n]) for n in values],
        )  # fmt: skip
        self.name = f"symgrad-{token}"
        self.layer[self.name, "recipe"] = self.dish
        for name in values:
            self.layer[self.name, "input", name] = self.whole[name]
        totals: list[Key] = []
        for at in range(len(self.job.totals)):
            earlier = [totals[segment] for segment in self.job.earlier[at]]
            totals.append(self._looped(at, earlier) if self.job.loops(at) else self._once(
                at, earlier))  # fmt: skip
        graph = _highlevel().HighLevelGraph.from_collections(
            self.name, self.layer, dependencies=list(self.collections.values())
        )
        return [
            self._result(number, graph, totals, *output)
            for number, output in enumerate(self.job.outputs)
        ]

    def _input(self, name: str, chunk: int) -> Key:
        array = self.collections.get(name)
        if array is None:
            return self.name, "input", name
        axis = self.job.axes.get(name)
        return (array.name, *[chunk if at == axis else 0 for at in range(array.ndim)])

    def _task(self, at: int, chunk: int, start: int, stop: int, earlier: list[Key]) -> Key:
        given = [self._input(name, chunk) for name in self.job.inputs[at]]
        return part, (self.name, "recipe"), at, start, stop, given, earlier

    def _once(self, at: int, earlier: list[Key]) -> Key:
        """A segment on what has no rows."""
        key = (self.name, "whole", at)
        self.layer[*key, "both"] = self._task(at, 0, 0, 0, earlier)
        self.layer[key] = (taken, (*key, "both"), 0)
        return key

    def _looped(self, at: int, earlier: list[Key]) -> Key:
        """A segment on each chunk, and the tree of sums over it: in pairs, then pairs of pairs."""
        keys: list[Key] = []
        for chunk in range(len(self.chunks)):
            both, key = (self.name, "chunk", at, chunk), (self.name, "sums", at, 0, chunk)
            self.layer[both] = self._task(
                at, chunk, self.ends[chunk], self.ends[chunk + 1], earlier
            )
            self.layer[key] = (taken, both, 0)
            keys.append(key)
        level = 0
        while len(keys) > 1:
            level += 1
            for number, pair in enumerate(zip(keys[::2], keys[1::2], strict=False)):
                key = (self.name, "sums", at, level, number)
                self.layer[key] = (added, (self.name, "recipe"), at, *pair)
            made = [(self.name, "sums", at, level, n) for n in range(len(keys) // 2)]
            keys = made + keys[len(made) * 2 :]
        return keys[0]

    def _result(
        self, number: int, graph: Any, totals: list[Key], node: Node, segment: int, place: int
    ) -> Any:
        """A result as a dask array, with a layer of its own that picks it."""
        job, name, dtype = self.job, f"{self.name}-{number}", self.job.result_type(node)
        if node.op == "input":
            return self._given(str(node.value), dtype)
        if segment < 0:
            return self.da.from_array(job.number(node), chunks=())
        shape = job.sized.shapes[node]
        picked: dict[Key, Any] = {}
        if job.has_rows(node):
            axis = job.program.plan.rows[node]
            chunks = tuple([self.chunks if at == axis else (n,) for at, n in enumerate(shape)])
            for chunk in range(len(self.chunks)):
                where = [chunk if at == axis else 0 for at in range(len(shape))]
                picked[name, *where] = (
                    result,
                    (taken, (self.name, "chunk", segment, chunk), 1),
                    place,
                    dtype,
                )
        else:
            chunks = tuple([(n,) for n in shape])
            picked[name, *[0] * len(shape)] = (result, totals[segment], place, dtype)
        layers = {**graph.layers, name: picked}
        above = {**graph.dependencies, name: {self.name}}
        whole = _highlevel().HighLevelGraph(layers, above)
        return self.da.Array(whole, name, chunks, dtype=dtype)

    def _given(self, name: str, dtype: Any) -> Any:
        """An input that is a result as it is."""
        array = self.collections.get(name)
        if array is None:
            array = self.da.from_array(self.whole[name], chunks=-1)
        return array.astype(dtype)


def _highlevel() -> Any:
    return needed("dask.highlevelgraph", "dask arrays", "dask")


def chunks_of(
    formula: Chunkable, inputs: Mapping[str, Any]
) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
    """The inputs in memory, some rows at a time: a chunk or a piece of the largest of them."""
    sources = {name: value for name, value in inputs.items() if is_source(value)}
    arrays = described(formula, inputs, sources)
    largest = max(sources, key=lambda name: bytes_of(sources[name]))
    shape = sources[largest].shape
    candidates = [(largest, axis) for axis in range(len(shape)) if shape[axis] > 1]
    job = chunked(formula, inputs, arrays, candidates)
    given = {**arrays, **sources}
    spans = pieces(given, job.axes, job.sized.rows)
    if is_dask(sources[largest]):
        spans = list(pairwise([0, *accumulate(sources[largest].chunks[job.axes[largest]])]))
    for span in spans:
        yield span, {name: read(value, job.axes.get(name), *span) for name, value in given.items()}


def computed(result: Any) -> Any:
    """A result in memory: what is lazy is computed, all of it in one run."""
    waiting, lazy = [result], False
    while waiting and not lazy:
        value = waiting.pop()
        lazy = is_dask(value)
        waiting.extend(value if isinstance(value, tuple | list) else ())
        waiting.extend(value.values() if isinstance(value, dict) else ())
    if not lazy:
        return result
    run: Callable[..., Any] = needed("dask", "dask arrays", "dask").compute
    (found,) = run(result)
    return plain(found, False)
