"""Threads that share the blocks of a call: one crew for the process, made when it is first needed.

Whoever calls works through the pieces itself; threads of the crew help as soon as they are awake.
So a crew that is busy, or wakes up late, costs nothing. What a piece computes must not depend on
who does it.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
from collections.abc import Callable, Iterator
from functools import cache
from queue import SimpleQueue

import numpy as np

from symgrad.errors import LimitError

VARIABLE = "SYMGRAD_NUM_THREADS"

Work = Callable[[Iterator[int]], None]
"""Does the pieces whose numbers it is given."""


def threads(wanted: float = math.inf) -> int:
    """How many threads share a call: as many as wanted, which is all processors unless told.

    Raises
    ------
    LimitError
        The environment variable SYMGRAD_NUM_THREADS holds no positive whole number.
    """
    if wanted != math.inf:
        return max(int(wanted), 1)
    told = os.environ.get(VARIABLE, "")
    if not told:
        return _processors()
    if not (told.isdecimal() and int(told) > 0):
        message = f"{VARIABLE} is a positive whole number, not {told!r:.40}"
        raise LimitError(message, hint=f"Write {VARIABLE}=2, or leave it out for all processors.")
    return int(told)


@cache
def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Task:
    """Pieces to share: each number is given out once, to whoever asks next."""

    def __init__(self, pieces: int, work: Work) -> None:
        self._numbers = itertools.count()
        self._pieces = pieces
        self._work = work
        self._lock = threading.Lock()
        self._helping = 0
        self._closed = False
        self._left: threading.Lock | None = None
        self.error: BaseException | None = None

    def numbers(self) -> Iterator[int]:
        """The numbers of pieces to do, as long as there are any and nothing went wrong."""
        for number in self._numbers:
            if number >= self._pieces or self._closed:
                return
            yield number

    def help(self) -> None:
        """Do pieces in a thread of the crew."""
        with self._lock:
            if self._closed:
                return
            self._helping += 1
        try:
            self._work(self.numbers())
        except BaseException as error:  # noqa: BLE001 - it is raised where the call was made
            self.error = error
            self._closed = True
        finally:
            with self._lock:
                self._helping -= 1
                if not self._helping and self._left is not None:
                    self._left.release()

    def close(self) -> None:
        """Let no one begin any more, and wait for those who have begun."""
        with self._lock:
            self._closed = True
            if not self._helping:
                return
            self._left = left = threading.Lock()
            left.acquire()
        left.acquire()


class _Crew:
    """The threads of one process, and what they are asked to help with."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.tasks: SimpleQueue[_Task] = SimpleQueue()
        self._threads = 0
        self._lock = threading.Lock()

    def grow(self, wanted: int) -> None:
        """Make the crew as large as wanted."""
        if self._threads >= wanted:
            return
        with self._lock:
            while self._threads < wanted:
                name = f"symgrad {self._threads + 1}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()
                self._threads += 1

    def _serve(self) -> None:
        with np.errstate(all="ignore"):
            while True:
                self.tasks.get().help()


_crew = _Crew()


def share(pieces: int, work: Work, wanted: int) -> None:
    """Do numbered pieces of work, at most `wanted` threads at once, this one among them.

    It returns when all are done; what goes wrong in one of them is raised here, after the others
    have stopped.
    """
    global _crew
    helpers = min(wanted, pieces) - 1
    if helpers < 1:
        work(iter(range(pieces)))
        return
    if _crew.process != os.getpid():
        _crew = _Crew()
    _crew.grow(helpers)
    task = _Task(pieces, work)
    for _ in range(helpers):
        _crew.tasks.put(task)
    try:
        work(task.numbers())
    finally:
        task.close()
    if task.error is not None:
        raise task.error
