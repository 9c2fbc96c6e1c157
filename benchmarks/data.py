"""What data beyond memory costs: a gradient from arrays, a mapped file, and dask's chunks."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Report, described, timed

SIZES = ((10_000, 8), (100_000, 8), (1_000_000, 8), (10_000_000, 2), (100_000_000, 2))
"""Rows and columns: the largest take 1.6 GB of disk, and of memory where they are in memory."""

_PLAIN = ("memory", "memmap")
_DASK = ("threads", "processes", "cluster")
WAYS = (*_PLAIN, *(f"{kind}{one}" for kind in _DASK for one in ("", ", 1 worker")))
"""Two workers where none is told; a cluster is one of processes, which keep what they load."""

_CHUNK, _MOST_CHUNKS = 250_000, 100

CHILD = """
import json, sys, threading, time
from pathlib import Path
import numpy as np
import symgrad

path, rows, columns, chunk, way = json.loads(sys.argv[1])

def private():
    about = Path("/proc/self/status")
    lines = about.read_text().splitlines() if about.is_file() else []
    return max([int(line.split()[1]) for line in lines if line.startswith("RssAnon")] or [0])

def main():
    compiled = symgrad.value_and_grad("mean(log1p(exp(-X @ w)))", wrt="w")
    w = np.linspace(-1, 1, columns)
    X = np.memmap(path, np.float64, "r", shape=(rows, columns))
    kind, _, single = way.partition(",")
    workers = 1 if single else 2
    if kind == "memory":
        X = np.array(X)
        work = lambda: compiled(X, w)
    elif kind == "memmap":
        work = lambda: compiled(X, w)
    else:
        import dask, dask.array as da
        parts = [da.from_delayed(dask.delayed(np.memmap)(path, np.float64, "r",
                 8 * columns * start, (min(chunk, rows - start), columns)),
                 (min(chunk, rows - start), columns), np.float64)
                 for start in range(0, rows, chunk)]
        lazy = compiled(da.concatenate(parts), w)
        dask.config.set(scheduler=kind, num_workers=workers)
        if kind == "cluster":
            from distributed import Client
            dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
            Client(n_workers=workers, threads_per_worker=1, dashboard_address=":0",
                   silence_logs=50)
            dask.config.set(scheduler="distributed")
        elif kind == "processes":
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context
            dask.config.set(pool=ProcessPoolExecutor(workers, get_context("spawn")))
        work = lambda: dask.compute(*lazy)
    work()
    before, most, done = private(), [0], threading.Event()
    def watch():
        while not done.wait(0.002):
            most[0] = max(most[0], private())
    watcher = threading.Thread(target=watch)
    watcher.start()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    done.set()
    watcher.join()
    print(json.dumps([min(times), max(most[0] - before, 0) * 1024]))

if __name__ == "__main__":
    main()
"""


def measured(file: Path, script: Path, shape: tuple[int, int], way: str) -> tuple[float, int]:
    """Seconds of a call, and the bytes that it takes at most, in a process of its own."""
    told = json.dumps([str(file), *shape, max(_CHUNK, shape[0] // _MOST_CHUNKS), way])
    ran = subprocess.run(
        [sys.executable, str(script), told], capture_output=True, text=True, check=True
    )
    seconds, most = json.loads(ran.stdout)
    return float(seconds), int(most)


def report(sizes: Sequence[tuple[int, int]] = SIZES, ways: Sequence[str] = WAYS) -> Report:
    """A gradient of logistic regression against rows: in memory, from a file, by dask."""
    import numpy as np

    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder) / "X", Path(folder) / "child.py"
        script.write_text(CHILD, encoding="utf-8")
        for shape in sizes:
            table = np.memmap(file, np.float64, "w+", shape=shape)
            for start in range(0, len(table), _CHUNK):
                part = table[start : start + _CHUNK]
                part[:] = np.random.default_rng(start).normal(size=part.shape)
            del table, part
            found = {way: measured(file, script, shape, way) for way in ways}
            rows.append(
                {
                    "rows": shape[0],
                    "columns": shape[1],
                    "seconds": {way: seconds for way, (seconds, _) in found.items()},
                    "bytes": {way: most for way, (_, most) in found.items()},
                }
            )
    width = max(map(len, ways)) + 2
    lines = [f"{'rows, columns':>15}" + "".join(f"{way:>{width + 12}}" for way in ways)]
    for row in rows:
        cells = [
            f"{timed(row['seconds'][way]):>{width}} {row['bytes'][way] / 2**20:7.1f} MiB"
            for way in ways
        ]
        lines.append(f"{row['rows']:>12,}, {row['columns']}" + "".join(cells))
    return Report("\n".join([described(), *lines]), rows)
