"""The code for blocks of large arrays: NumPy's functions, which write into memory that is kept.

It is the table of readable NumPy code, and for each operation what changes where its result goes
into an array that is there already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symgrad.language.spelling import Spelling, call, call2
from symgrad.targets import Target
from symgrad.targets import block_functions as functions
from symgrad.targets.numpy import LIBRARY, NUMPY, SPELLINGS

Array = np.ndarray[Any, Any]

BLOCKED = Target(
    "blocked", {**SPELLINGS, "_vdot": call2("_dot")}, NUMPY.constant, NUMPY.extras, NUMPY.number
)

BESIDE = replace(NUMPY, library=replace(LIBRARY, several="_add_at({name}, {key}, {code})"))
"""The code beside blocks, for arrays as a whole."""

_UFUNCS = """abs sign floor ceil trunc rint sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos
tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh isnan isinf isfinite signbit
floor_divide fmod remainder copysign logaddexp hypot arctan2 _flat_exp erf erfc ndtr gammaln digamma
zeta _log_ndtr""".split()
"""Functions that take `out`, by whatever name NumPy or SciPy has for them."""

OPERATORS = """add subtract multiply divide power less less_equal greater greater_equal equal
not_equal logical_and logical_or""".split()
"""Functions of NumPy whose operands are two arrays or numbers."""

INTO: Mapping[str, Spelling] = {
    **{name: SPELLINGS[name] for name in _UFUNCS},
    **{name: call2(f"np.{name}") for name in OPERATORS},
    "power by a whole number": call2("np.power"),
    "negative": call("np.negative"),
    "_hypot": call2("_hypot_into"),
    "_logaddexp": call2("_logaddexp_into"),
    "_einsum": Spelling("_contract({v0}, {0}, {1})", arity=2),
    "logical_not": call("np.logical_not"),
    "maximum": call2("_maximum"),
    "minimum": call2("_minimum"),
    "keep": call2("_keep"),
    "where": Spelling("_where({0}, {1}, {2})", float_constants=True),
    "broadcast": Spelling("_filled({0})", operands=(0, 0)),
    "cast": Spelling("_filled({0})", operands=(0, 0)),
    "broadcast of a constant": Spelling("_filled({0})", operands=(0, 0), float_constants=True),
    "broadcast of 0": Spelling("_filled(0.0)", operands=(0, 0)),
    "broadcast of 1": Spelling("_filled(1.0)", operands=(0, 0)),
    "copy": call("_filled"),
    "_mm": call2("np.matmul"),
    "_at": call2("np.matmul"),
    "matmul": call2("np.matmul"),
    "_weighed_log": call2("_weighed_log_into"),
    "_evened": replace(SPELLINGS["_evened"], template="_evened_into({0}, {1}, {v0})"),
    "_log_total": replace(SPELLINGS["_log_total"], template="_log_total_into({0}{kw})"),
    **{name: SPELLINGS[name] for name in ("sum", "max", "min")},
}
"""As calls, to which `out` is added as the last argument."""

ALONG_LAST: Mapping[str, Spelling] = {"sum": call("_sum_last"), "max": call("_max_last")}
"""Reductions of the last axis alone."""

FUNCTIONS = frozenset(
    match[1]
    for s in INTO.values()
    if not s.keywords and (match := re.match(r"np\.(\w+)\(", s.template))
)
"""Those of NumPy among them, to which it is added by its place."""

_BRANCHES = {"sign"}
"""Where NumPy cannot compute several elements at once if they are written over."""

IN_PLACE = (
    frozenset(
        (
            *_UFUNCS,
            *OPERATORS,
            "negative",
            "logical_not",
            "maximum",
            "minimum",
            "_evened",
            "power by a whole number",
        )
    )
    - _BRANCHES
)
"""What may write over one of its operands."""


SPARE = frozenset("_hypot _logaddexp".split())
"""What needs another array to work in, as large as `out`."""


NAMESPACE: Mapping[str, object] = {
    "_keep": functions.keep,
    "_where": functions.where,
    "_maximum": functions.maximum,
    "_minimum": functions.minimum,
    "_filled": functions.filled,
    "_hypot_into": functions.hypot,
    "_logaddexp_into": functions.logaddexp,
    "_weighed_log_into": functions.weighed_log,
    "_evened_into": functions.evened,
    "_log_total_into": functions.log_total,
    "_contract": functions.contract,
    "_dot": functions.dot,
    "_add_at": functions.add_at,
    "_rows_last": functions.rows_last,
    "_sum_last": functions.sum_last,
    "_max_last": functions.max_last,
    "_sum_first": functions.sum_first,
}
"""What the code for blocks sees besides NumPy."""


def namespace(dtype: Any) -> dict[str, object]:
    """The same, with numbers of a type."""

    def number(value: float) -> Array:
        return np.array(value, dtype)

    return {**NAMESPACE, "_number": number}
