"""Each competitor alone in a process of its own; the processes take turns.

Libraries slow each other down in one process: idle threads of one wait for work on the cores that
another needs. Alone each has loaded nothing but itself, and sleeps while others are measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import IO, Any

from benchmarks import models, speed
from benchmarks.timing import Work, calls_in_a_round, seconds_a_call, seconds_of

WORKS: Mapping[str, Callable[[str, str], Work]] = {
    "numbers": speed.work_on_numbers,
    "arrays": speed.work_on_arrays,
    "models": models.work,
}
"""By benchmark: what a row asks of a competitor."""


def together(benchmark: str, row: str, names: Sequence[str], rounds: int) -> dict[str, float]:
    """The seconds of a call of each, all in this process."""
    return seconds_a_call({name: WORKS[benchmark](row, name) for name in names}, rounds)


class Alone:
    """Measures as `together` does, each competitor in a process that is kept for further rows."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Alone:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            process.kill()
            process.communicate()

    def __call__(
        self, benchmark: str, row: str, names: Sequence[str], rounds: int
    ) -> dict[str, float]:
        """The seconds of a call of each, which is the median over its rounds."""
        found: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds):
            for name in names:
                found[name].append(self._ask(name, benchmark, row))
        return {name: median(times) for name, times in found.items()}

    def _ask(self, name: str, *question: str) -> float:
        process = self._processes.get(name)
        if process is None:
            process = self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.alone", name],
                cwd=Path(__file__).parents[1],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        asked, answers = process.stdin, process.stdout
        assert asked is not None
        assert answers is not None
        asked.write(json.dumps(question) + "\n")
        asked.flush()
        answer = answers.readline()
        if not answer:
            raise RuntimeError(f"{name} ended while it was measured: {', '.join(question)}")
        return float(answer)


def serve(name: str, questions: IO[str], answers: IO[str]) -> None:
    """Answer each benchmark and row with the seconds of a call, measured over one round."""
    asked: Any = None
    for line in questions:
        question = json.loads(line)
        if question != asked:
            asked, (benchmark, row) = question, question
            work = WORKS[benchmark](row, name)
            count = calls_in_a_round(work)
        work()
        answers.write(f"{seconds_of(work, count) / count}\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1], sys.stdin, sys.stdout)
