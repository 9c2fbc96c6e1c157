"""How much a formula may ask for: the limits, where they are set, and the watch on the time.

The limits in force are those of the innermost `with`, else the default of the process. What
compiles opens a `compiling` block; the loops of the compiler pass by `checkpoint` now and then.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic, thread_time
from types import TracebackType
from weakref import ref

from symgrad.errors import LimitError, OutOfMemoryError, Span, SymgradError, told


@dataclass(frozen=True, slots=True, init=False)
class Limits:
    """What a formula may ask for before it is refused.

    Parameters
    ----------
    text:
        Characters of a formula or of a line for `define`; 2,000,000 unless told.
    nodes:
        Operations in any graph of the compiler; 2,000,000 unless told.
    seconds:
        Time of a processor for one piece of compiling, that is, for the formula or for one kernel;
        30 unless told. It is the thread's own time: a busy machine refuses nothing.
    memory:
        Estimated bytes of the arrays that a call makes, besides its inputs; 2 GiB unless told.
    threads:
        Threads that share a call on large arrays; unless told, as many as the environment variable
        SYMGRAD_NUM_THREADS says, else one for each processor. Results do not depend on it.

    What is not named is as in the limits in force where the object is made. `math.inf` is no limit.

    As a context manager it holds for the thread or the asynchronous task; `make_default` sets it
    for all threads. A compiled formula keeps the limits that it was made under, for its calls, too,
    and in copies and pickles; a `with` around a call goes before them.

    >>> import symgrad
    >>> with symgrad.Limits(nodes=100):
    ...     symgrad.function("+".join(f"x**{i}" for i in range(60)))
    Traceback (most recent call last):
        ...
    symgrad.errors.LimitError: the formula needs more than 100 operations
    Functions that call functions double at each level. symgrad.Limits(nodes=...) sets the limit.

    Raises
    ------
    LimitError
        A limit is not a positive number.
    """

    text: float
    nodes: float
    seconds: float
    memory: float
    threads: float

    def __init__(
        self,
        *,
        text: float | None = None,
        nodes: float | None = None,
        seconds: float | None = None,
        memory: float | None = None,
        threads: float | None = None,
    ) -> None:
        given = {"text": text, "nodes": nodes, "seconds": seconds, "memory": memory}
        given["threads"] = threads
        for name, value in given.items():
            kept = getattr(Limits.current(), name) if value is None else value
            if type(kept) not in (int, float) or not kept > 0:
                message = f"the limit {name} is a positive number, not {told(kept)}"
                raise LimitError(message, hint="Write symgrad.Limits(seconds=10, memory=2**30).")
            object.__setattr__(self, name, kept)

    @staticmethod
    def current() -> Limits:
        """The limits in force here."""
        return _chosen() or _default[0]

    def make_default(self) -> None:
        """Let these hold in all threads, wherever no `with` says otherwise."""
        _default[0] = self

    def __enter__(self) -> Limits:
        _entered.set((*_entered.get(), self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        _entered.set(_entered.get()[:-1])


_entered: ContextVar[tuple[Limits, ...]] = ContextVar("symgrad limits", default=())


def _chosen() -> Limits | None:
    watch = _running()
    if watch is not None:
        return watch.limits
    entered = _entered.get()
    return entered[-1] if entered else None


def _documented() -> Limits:
    limits = object.__new__(Limits)
    values = {"text": 2_000_000, "nodes": 2_000_000, "seconds": 30.0, "memory": 2 * 2**30}
    values["threads"] = math.inf
    for name, value in values.items():
        object.__setattr__(limits, name, value)
    return limits


DEFAULT = _documented()
_default: list[Limits] = [DEFAULT]


def limits_for(own: Limits) -> Limits:
    """The limits for what was made under `own`: those of a `with` around the call go before."""
    return _chosen() or own


class _Watch:
    """The limits of a piece of compiling, and when its time is up."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.soonest = monotonic() + limits.seconds
        self.end = thread_time() + limits.seconds


_watch: ContextVar[ref[_Watch] | None] = ContextVar("symgrad watch", default=None)
"""A watch lives as long as its `compiling` block, however that is left."""


def _running() -> _Watch | None:
    found = _watch.get()
    return None if found is None else found()


class compiling:  # noqa: N801 - it is used as a function that gives a context
    """A piece of compiling, with a time of its own; pieces inside it share that.

    Raises
    ------
    OutOfMemoryError
        There is no memory left.
    """

    __slots__ = ("_limits", "_own")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._own: _Watch | None = None

    def __enter__(self) -> None:
        if _running() is None:
            self._own = _Watch(self._limits)
            _watch.set(ref(self._own))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._own is None:
            return
        _watch.set(None)
        if kind is not None and issubclass(kind, MemoryError):
            message = "there is not enough memory to compile the formula"
            raise OutOfMemoryError(message, hint="Write a shorter one.") from None


def checkpoint() -> None:
    """Raise a LimitError if the time for this piece of compiling is up."""
    watch = _running()
    # The time of the thread is dear to ask for, and cannot be up before that of the clock is.
    if watch is not None and monotonic() > watch.soonest and thread_time() > watch.end:
        raise LimitError(
            f"the formula takes more than {watch.limits.seconds:g} seconds to compile",
            hint="Write a shorter one. symgrad.Limits(seconds=...) sets the limit.",
        )


def time_left() -> tuple[float, float]:
    """How many seconds are left for this piece of compiling, and how many it may take in all."""
    watch = _running()
    if watch is None:
        return math.inf, math.inf
    return watch.end - thread_time(), watch.limits.seconds


_STRIDE = 1024


def paced(step: int = _STRIDE) -> Callable[[], None]:
    """A checkpoint for loops of short steps, which looks at the time once in so many."""
    left = step

    def look() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            left = step
            checkpoint()

    return look


def plain_text(text: object) -> str:
    """A formula as a plain str, whatever a class that is derived from it does.

    Raises
    ------
    SymgradError
        The input is not text.
    LimitError
        It is longer than the limit.
    """
    if not isinstance(text, str):
        hint = 'Pass the formula as a str, as "x**2".'
        raise SymgradError(f"a formula is a text, not {type(text).__name__}", hint=hint)
    plain = str.__str__(text)
    most = Limits.current().text
    if len(plain) > most:
        raise LimitError(
            f"the formula has {len(plain):,} characters, and the limit is {most:,}",
            hint="Write a shorter one. symgrad.Limits(text=...) sets the limit.",
        )
    return plain


def memory_error(needed: int, limits: Limits, text: str, span: Span, shown: str) -> LimitError:
    """The error for a call whose arrays are too large; `shown` tells of the largest."""
    return LimitError(
        f"this call would take about {in_bytes(needed)} of memory, "
        f"and the limit is {in_bytes(limits.memory)}",
        text, span, f"{shown} symgrad.Limits(memory=...) sets the limit, in bytes.",
    )  # fmt: skip


def in_bytes(number: float) -> str:
    """A number of bytes in words.

    >>> in_bytes(2**31)
    '2 GiB'
    """
    unit = min(max(math.frexp(float(min(number, 1e300)))[1] - 1, 0) // 10, len(_UNITS) - 1)
    return f"{float(min(number, 1e300)) / 1024**unit:.3g} {_UNITS[unit]}"


_UNITS = "bytes KiB MiB GiB TiB PiB EiB".split()
