"""Calls on small arrays as if they were large: in blocks of a few numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import symgrad

Array = np.ndarray[Any, Any]


@contextmanager
def in_blocks(block: int = 8, threads: int = 1) -> Iterator[None]:
    """What is called for the first time in here runs in blocks, where it can."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("symgrad.api._recent", {})
        patch.setenv("SYMGRAD_NUM_THREADS", str(threads))
        patch.setattr("symgrad.call.LARGE", 1)
        patch.setattr("symgrad.call.MULTIPLIED", 1)
        patch.setattr("symgrad.call.SMALL", 0)
        patch.setattr("symgrad.running.blocked.BLOCK", block)
        yield


def flat(result: Any) -> list[Any]:
    """The arrays of a result, however they are laid out."""
    waiting, found = [result], []
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, tuple | list):
            waiting[:0] = part
        elif isinstance(part, dict):
            waiting[:0] = part.values()
        else:
            found.append(part)
    return found


def same_bits(found: Any, expected: Any) -> bool:
    """Whether results are equal to the last bit: signs of zeros, types and shapes, too."""
    pairs = list(zip(flat(found), flat(expected), strict=True))
    return all(
        np.shape(x) == np.shape(y)
        and np.asarray(x).dtype == np.asarray(y).dtype
        and np.array_equal(x, y, equal_nan=True)
        and np.array_equal(np.signbit(x) & ~np.isnan(x), np.signbit(y) & ~np.isnan(y))
        for x, y in pairs
    )


def close(found: Any, expected: Any, relative: float = 1e-12) -> bool:
    """Whether results agree but for the order in which they were summed."""
    return all(
        np.shape(x) == np.shape(y)
        and np.asarray(x).dtype == np.asarray(y).dtype
        and np.allclose(x, y, rtol=relative, atol=relative, equal_nan=True)
        for x, y in zip(flat(found), flat(expected), strict=True)
    )


def programs(compiled: symgrad.Compiled) -> list[str]:
    """The text of the code in blocks that a formula has used."""
    return [text for text in compiled.kernels if "buffers" in text]
