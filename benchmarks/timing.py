"""Side by side: rounds of many calls, in turn, and the median of each competitor's rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

ROUNDS = 9
LEAST_ROUND = 0.02
"""Seconds that a round takes at least, so that the clock and waking threads do not count."""

Work = Callable[[], object]

Measure = Callable[[str, str, Sequence[str], int], dict[str, float]]
"""Gives the seconds of a call for a benchmark and one of its rows, by the name of competitors, in
so many rounds."""


def seconds_a_call(works: Mapping[str, Work], rounds: int = ROUNDS) -> dict[str, float]:
    """The seconds of one call of each, by name.

    Single calls must not alternate: the idle threads of one library slow the next one down. So
    each runs for a round before the next has its turn, and its first call in a round is not timed.
    """
    counts = {name: calls_in_a_round(work) for name, work in works.items()}
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            work()
            found[name].append(seconds_of(work, counts[name]) / counts[name])
    return {name: median(times) for name, times in found.items()}


def seconds_once(work: Work) -> float:
    """The seconds of a single call, as for what is done only once."""
    return seconds_of(work, 1)


def calls_in_a_round(work: Work) -> int:
    """How many calls take about as long as a round is to take."""
    work()
    count = 1
    while (spent := seconds_of(work, count)) < LEAST_ROUND:
        count = max(2 * count, int(count * LEAST_ROUND / max(spent, 1e-9)))
    return count


def seconds_of(work: Work, count: int) -> float:
    """The seconds of so many calls."""
    start = time.perf_counter()
    for _ in range(count):
        work()
    return time.perf_counter() - start
