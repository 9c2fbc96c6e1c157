"""Coefficients of special functions that the files of several targets carry along."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

# fmt: off
DIGAMMA = (
    2.832706668021759e-11, -8.498137230186096e-11, 9.206434499177992e-11,
    -2.7619635330317715e-10, 1.2358072433984831e-09, -3.7075072647122386e-09,
    1.0542687624027994e-08, -3.163020268955334e-08, 9.542050972688906e-08,
    -2.86315275846934e-07, 8.589127353033379e-07, -2.57809436305308e-06, 7.741232223504057e-06,
    -2.325824239445257e-05, 6.995018873950506e-05, -0.00021074841140458636,
    0.0006368880303257201, -0.0019350666648590097, 0.005936795278305649, -0.018550615381735115,
    0.060135621060196744, -0.2118137106407303, 0.9510558760318328,
)
"""What is left of digamma between 1 and 2 without its root, as a polynomial in 2*x - 3, from the
coefficient of the highest power on."""

ZETA = (
    12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1892437580.3183792, 74724249600.0,
    -2950130727918.164, 116467828143500.67, -4597978722407473.0, 1.8152105401943546e+17,
    -7.166165256175667e+18,
)
"""(2*k)! over the numbers of Bernoulli, for the formula of Euler and Maclaurin."""
# fmt: on


def as_code(numbers: Sequence[float], indent: str) -> str:
    """Numbers as both C and Python write them, in lines.

    >>> print(as_code((0.5, 2.0), "  "))
      0.5, 2.0
    """
    text = ", ".join(map(repr, numbers))
    return textwrap.fill(text, 90, initial_indent=indent, subsequent_indent=indent)
