"""Errors in units of the last place, and how they are shown."""

import math

import numpy as np
import pytest

from symgrad.trust.digits import context
from symgrad.trust.ulps import index_text, table, ulps

LARGEST = float(np.finfo(np.float64).max)


@pytest.mark.parametrize(
    ("got", "want", "error"),
    [
        (1.0, "1", 0.0),
        (1.0 + 2**-52, "1", 1.0),
        (1.0, "1.0000000000000001110223024625156540423631668090820312", 0.5),
        (0.0, "4.940656458412465441765687928682213723651e-324", 1.0),
        (0.0, "1e-400", 0.0),
        (math.inf, "1e400", 0.0),
        (math.inf, "inf", 0.0),
        (-math.inf, "1e400", 2.0**54),
        (LARGEST, "1e400", 0.5),
        (math.nan, "1", math.inf),
        (math.inf, "1", math.inf),
        (1.0, "-1", 2.0**53),
    ],
)
def test_distances(got: float, want: str, error: float) -> None:
    mp = context()
    mp.dps = 60
    assert ulps(got, mp.mpf(want)) == pytest.approx(error, rel=1e-10, abs=1e-50)


def test_columns_are_aligned() -> None:
    assert table([["", "ab", "c"], ["long", "1", ""]]) == ["      ab  c", "long   1"]


def test_places() -> None:
    assert [index_text((2, 3), 5), index_text((4,), 2), index_text((), 0)] == ["[1, 2]", "[2]", ""]
