"""What is taken for a file that is read in slices, and what for an array in memory."""

from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest

from symgrad.data import sources
from symgrad.data.sources import bytes_of, is_dask, is_source, template


class File:
    """An array that can only be read in slices, as those of zarr and h5py."""

    def __init__(self, array: Any, chunks: tuple[int, ...] | None = None) -> None:
        self._array = np.asarray(array)
        self.shape, self.dtype, self.chunks = self._array.shape, self._array.dtype, chunks
        self.read: list[Any] = []

    def __getitem__(self, key: Any) -> Any:
        self.read.append(key)
        return self._array[key]


class Series(File):
    """Something in memory that says how NumPy computes with it."""

    __array_ufunc__ = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (File([1.0]), True),
        (da.ones(3), True),
        (Series([1.0]), False),
        (np.ones(3), False),
        (np.float32(1), False),
        ([1.0], False),
        (1.0, False),
        ("x", False),
        (memoryview(b"abc"), False),
    ],
)
def test_sources(value: object, expected: bool) -> None:
    assert is_source(value) == expected
    assert is_dask(value) == (type(value) is da.Array)


def test_large_files_that_are_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped = np.memmap(tmp_path / "numbers", np.float64, "w+", shape=(100,))
    assert not is_source(mapped)
    monkeypatch.setattr(sources, "WHOLE", 799)
    assert is_source(mapped)


def test_a_template_takes_no_memory() -> None:
    file = File(np.ones((2, 3), np.float32))
    assert bytes_of(file) == 24
    made = template(file)
    assert (made.shape, made.dtype, made.strides) == ((2, 3), np.float32, (0, 0))
