"""Elementary functions without branches, beside those of NumPy."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from symgrad.targets.numba_functions import FAR, FAST, FAST_BELOW, FAST_HELPERS

PLAIN = types.SimpleNamespace(njit=lambda **options: lambda function: function)

NUMBERS = (
    0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -1e-310, 1e-20, -1e-8, 0.3, 0.41, -0.5, 0.9, 1.0,
    -1.0, 2.0, 2.5, np.pi / 2, -np.pi, 11 * np.pi, 20.0, -39.0, 41.0, 709.0, 709.78, 710.4, -745.0,
    750.0, -1e3, 99999.0, 1e300, -1e308,
    *np.linspace(-3, 3, 200), *np.linspace(-700, 700, 50),
)  # fmt: skip


def functions() -> dict[str, Any]:
    names: dict[str, Any] = {"numba": PLAIN, "np": np}
    exec("\n\n".join(FAST_HELPERS.values()), names)
    return names


@pytest.mark.parametrize("op", sorted((FAST | FAST_BELOW).keys() - {"_flat_exp"}))
def test_they_agree_with_numpy(op: str) -> None:
    found = functions()[(FAST | FAST_BELOW)[op]]
    with np.errstate(all="ignore"):
        for x in map(np.float64, NUMBERS):
            if op in FAST_BELOW and not abs(x) < FAR:
                continue
            got, want = found(x), getattr(np, op)(x)
            assert np.signbit(got) == np.signbit(want) or np.isnan(want), x
            near = abs(got - want) <= 4 * np.spacing(abs(want))
            assert got == want or near or (np.isnan(got) and np.isnan(want)), (x, got, want)
