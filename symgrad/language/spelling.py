"""How an operation is written: infix, prefix or as a call, and when it needs parentheses.

Precedence stands here once. It is Python's, which the formula language shares, so the printer of
formulas and the emitters of code use the same walk with different tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgrad.language.template import filled, written

TERNARY, OR, AND, NOT, COMPARE, BIT_OR, BIT_AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(12)


@dataclass(slots=True)
class Text:
    """A piece of code and how tightly it holds together.

    Nothing changes one once it is made. It is not frozen by Python, which would make it twice as
    dear, as there is one for each operation.
    """

    code: str
    precedence: int = ATOM

    def within(self, precedence: int) -> str:
        """The code, in parentheses where its surroundings bind more tightly."""
        return self.code if self.precedence >= precedence else f"({self.code})"


_STRICT = ("xp.", "torch.")
"""Libraries whose functions take no plain numbers where there is no array beside them."""

_FOR_NUMBERS = (
    *"_ratio _whole _where _hypot _logaddexp _lesser _greater".split(),
    "_sum_to({0}, {2}, ",
)
"""Helpers of generated code that take numbers; all others take arrays."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """A template with one slot per operand, its precedence, and what it asks of each operand.

    `float_constants` says that a whole number among the operands must be written as a float.
    `keywords` are the attributes that are written as keywords where they differ from a default;
    `method` is the name of the method that does the same. `arity` is how many operands there are
    before those that fill holes.
    """

    template: str
    precedence: int = ATOM
    operands: tuple[int, ...] = ()
    float_constants: bool = False
    keywords: tuple[tuple[str, object], ...] = ()
    method: str = ""
    arity: int | None = None

    def takes_array(self, place: int) -> bool:
        """Whether an operand is asked for what only arrays have: a method, an attribute, a part."""
        if self.arity is not None and place >= self.arity:  # What fills a hole is a number.
            return False
        slot = f"{{{place}}}"
        asked = bool(self.method) or "{count}" in self.template or "astype(" in self.template
        first = place == 0 and asked
        helper = self.template[0] == "_" and not self.template.startswith(_FOR_NUMBERS)
        strict = self.template.startswith(("xp.", "torch.")) and "{1}" not in self.template
        return (
            first or helper or strict or f"{slot}." in self.template or f"{slot}[" in self.template
        )

    def write(self, operands: Sequence[Text], value: object = None) -> Text:
        """The operation on operands, with the attributes in `value`."""
        if self.arity is not None or self.keywords or value is not None:
            return self._with_attributes(operands, value)
        wanted = self.operands or (TERNARY,) * len(operands)
        codes = [
            text.code if text.precedence >= p else f"({text.code})"
            for text, p in zip(operands, wanted, strict=True)
        ]
        if self.precedence == POWER and not all(map(is_simple, codes)):
            return Text(self.template.replace("**", " ** ").format(*codes), POWER)
        if "{all}" in self.template:
            return Text(self.template.format(*codes, all=", ".join(codes)), self.precedence)
        return Text(self.template.format(*codes), self.precedence)

    def _with_attributes(self, operands: Sequence[Text], value: object) -> Text:
        """Attributes stand as keywords, as a key or a shape, or one by one as v0, v1, ...

        Of a tuple, i0 has the items and n0 their number.
        """
        arity = len(operands) if self.arity is None else self.arity
        fillings = iter([text.code for text in operands[arity:]])
        wanted = self.operands or (TERNARY,) * arity
        codes = [t.within(p) for t, p in zip(operands[:arity], wanted, strict=True)]
        values = value if isinstance(value, tuple) else ()
        given = [
            f"{name}={_attribute_text(v)}"
            for (name, default), v in zip(self.keywords, values, strict=False)
            if name and (type(v) is not type(default) or v != default)
        ]
        if self.method and codes[0].isidentifier():
            return Text(f"{codes[0]}.{self.method}({', '.join(given)})")
        filled_in = filled(value, fillings) if "{key}" in self.template else value
        shape = (
            filled(values[0], fillings) if re.search("{shape}|{s0}|{only}", self.template) else ()
        )
        sizes = tuple(Code(size) for size in shape)
        fields = {f"v{n}": _attribute_text(v) for n, v in enumerate(values)}
        for n, several in enumerate(values):
            if isinstance(several, tuple):
                fields |= {f"n{n}": str(len(several)), f"i{n}": ", ".join(map(repr, several))}
        code = self.template.format(
            *codes,
            **fields,
            all=", ".join(codes),
            kw="".join(f", {text}" for text in given),
            key=written(filled_in, str) if "{key}" in self.template else "",
            only=sizes[0] if len(sizes) == 1 else _attribute_text(sizes),
            s0=sizes[0] if sizes else "",
            shape=_attribute_text(sizes),
            dtype="".join(f", dtype={like}.dtype" for like in fillings),
            axes=_new_axes(values[0]) if "{axes}" in self.template else "",
            count=_count_text(codes[0], values) if "{count}" in self.template else "",
        )
        return Text(code, self.precedence)


class Code(str):
    """Text that is written without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _attribute_text(value: object) -> str:
    if value == float("inf") or value == float("-inf"):
        return "np.inf" if value == float("inf") else "-np.inf"
    quoted = isinstance(value, str) and not isinstance(value, Code)
    return f'"{value}"' if quoted else repr(value)


def _new_axes(axis: object) -> str:
    """The key that gives an array new axes; those counted from the end stand after an ellipsis."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not axes:
        return "..."
    if min(axes) >= 0:
        return ", ".join("None" if a in axes else ":" for a in range(max(axes) + 1))
    first = min(axes)
    return ", ".join(["...", *("None" if a in axes else ":" for a in range(first, 0))])


def _count_text(code: str, values: tuple[object, ...]) -> str:
    """The size of an array, or of some of its axes."""
    axis = values[0]
    if axis is None:
        return f"{code}.size"
    axes = axis if isinstance(axis, tuple) else (axis,)
    text = " * ".join(f"{code}.shape[{a}]" for a in axes)
    return f"({text})" if len(axes) > 1 else text or "1"


def is_simple(code: str) -> bool:
    """Whether formatters write a power of this operand without spaces."""
    return code.removeprefix("-").replace("_", "").replace(".", "").isalnum()


def call(name: str) -> Spelling:
    """A call with one argument."""
    return Spelling(f"{name}({{0}})")


def call2(name: str) -> Spelling:
    """A call with two arguments."""
    return Spelling(f"{name}({{0}}, {{1}})")


INFIX: Mapping[str, Spelling] = {
    "add": Spelling("{0} + {1}", SUM, (SUM, PRODUCT)),
    "subtract": Spelling("{0} - {1}", SUM, (SUM, PRODUCT)),
    "multiply": Spelling("{0} * {1}", PRODUCT, (PRODUCT, SIGN)),
    "divide": Spelling("{0} / {1}", PRODUCT, (PRODUCT, SIGN)),
    "negative": Spelling("-{0}", SIGN, (ATOM,)),
    "power": Spelling("{0}**{1}", POWER, (ATOM, SIGN)),
    "less": Spelling("{0} < {1}", COMPARE, (BIT_OR, BIT_OR)),
    "less_equal": Spelling("{0} <= {1}", COMPARE, (BIT_OR, BIT_OR)),
    "greater": Spelling("{0} > {1}", COMPARE, (BIT_OR, BIT_OR)),
    "greater_equal": Spelling("{0} >= {1}", COMPARE, (BIT_OR, BIT_OR)),
    "equal": Spelling("{0} == {1}", COMPARE, (BIT_OR, BIT_OR)),
    "not_equal": Spelling("{0} != {1}", COMPARE, (BIT_OR, BIT_OR)),
}
"""The operators that the formula language, Python's math and NumPy write alike."""
