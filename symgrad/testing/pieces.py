"""What drawn formulas are made of: names, operators, calls, numbers, and what stands between."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.functions import Function
from symgrad.language.spelling import (
    AND,
    ATOM,
    BIT_AND,
    BIT_OR,
    COMPARE,
    INFIX,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    TERNARY,
    Spelling,
)

Pieces = Sequence[Spelling]

INPUT_NAMES = (
    *"x y z θ λ Ω x_1 _ np math e I S self lambda class print sin beta special".split(),
    *"dx dy value t1 out g if else and or inf_ π_ Array _floats".split(),
)
"""Names to read inputs by. Whatever they mean elsewhere, they are free here."""

ASSIGNED_NAMES = "a b t r loss dloss def return as t2 exp grad".split()
FUNCTION_NAMES = "f h f1 φ square yield gamma".split()

SMOOTH_OPERATORS: tuple[Spelling, ...] = (
    *(INFIX[name] for name in "add subtract multiply divide power negative".split()),
    Spelling("+{0}", SIGN, (SIGN,)),
    Spelling("{0} ^ {1}", POWER, (ATOM, SIGN)),
    Spelling("({0})", ATOM, (TERNARY,)),
    Spelling("(\r\n  {0}  # (\n)", ATOM, (TERNARY,)),
    Spelling("{0} *  # );\n{1}", PRODUCT, (PRODUCT, SIGN)),
    Spelling("{0}-\n\t{1}", SUM, (SUM, PRODUCT)),
)
KINKED_OPERATORS: tuple[Spelling, ...] = (
    *(INFIX[n] for n in "less less_equal greater greater_equal equal not_equal".split()),
    Spelling("{0} < {1} <= {2}", COMPARE, (BIT_OR,) * 3),
    Spelling("{0} > {1} != {2} >= {3}", COMPARE, (BIT_OR,) * 4),
    Spelling("{0} and {1}", AND, (AND, NOT)),
    Spelling("{0} or {1}", OR, (OR, AND)),
    Spelling("not {0}", NOT, (NOT,)),
    Spelling("{0} & {1}", BIT_AND, (BIT_AND, SUM)),
    Spelling("{0} | {1}", BIT_OR, (BIT_OR, BIT_AND)),
    Spelling("~{0}", SIGN, (SIGN,)),
    Spelling("{0} if {1} else {2}", TERNARY, (OR, OR, TERNARY)),
)
KINKED_FUNCTIONS = frozenset(
    """abs absolute fabs sign floor ceil trunc rint round fix maximum minimum fmax fmin clip fmod
    remainder mod floor_divide copysign heaviside relu leaky_relu elu selu""".split()
)
"""Functions with a kink or a jump, beside all that take or give a condition."""

CONSTANTS = (
    *map(Spelling, "1 2 3 0.5 .25 10 1. 0.1 007 pi π 2.5E-3".split() * 3),
    *map(Spelling, "0 1e3 1e-300 1e400 6.02e+23".split()),
    *(Spelling(literal, SIGN) for literal in "-1 -0 -2 -.5".split()),
)
"""Those of everyday size are drawn more often than those that decide a formula."""
SEPARATORS = (";", "\n", "\r\n", "\r", "; ", "  # a note; (\n", ";;\n\n  ", "\t;\n# x = 1\n")


def is_kinked(function: Function) -> bool:
    """Whether a function has a kink or a jump, as far as is known."""
    conditions = [function.kind, *(p.kind for p in function.parameters)]
    return "bool" in conditions or function.name in KINKED_FUNCTIONS


def calls_of(function: Function) -> list[Spelling]:
    """The ways to write a call: by position, with keywords, without what has a default.

    A parameter with no derivative gets a number, since an expression could be active.
    """
    slots, operands = [], 0
    for position in range(len(function.parameters)):
        if function.is_operation and function.derivative_is(position, "none"):
            slots.append("1")
        else:
            slots.append(f"{{{operands}}}")
            operands += 1
    named = [f"{n}={slot}" for n, slot in zip(function.names, slots, strict=True)]
    needed = sum(p.default is None for p in function.parameters)
    ways = [slots, [*slots[:-1], named[-1]], [*slots[:1], *reversed(named[1:])], slots[:needed]]
    texts = dict.fromkeys(f"{function.name}({', '.join(way)})" for way in ways)
    texts[f"{function.name} (\n {', '.join(slots)},)"] = None
    return [Spelling(t, ATOM, (TERNARY,) * t.count("{")) for t in texts]
