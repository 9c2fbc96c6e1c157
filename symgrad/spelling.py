"""How an operation is written: infix, prefix or as a call, and when it needs parentheses.

Precedence stands here once. It is Python's, which the formula language shares, so the printer of
formulas and the emitters of code use the same walk with different tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TERNARY, OR, AND, NOT, COMPARE, BIT_OR, BIT_AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(12)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of code and how tightly it holds together."""

    code: str
    precedence: int = ATOM

    def within(self, precedence: int) -> str:
        """The code, in parentheses where its surroundings bind more tightly."""
        return self.code if self.precedence >= precedence else f"({self.code})"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A template with one slot per operand, its precedence, and what it asks of each operand.

    `float_constants` says that a whole number among the operands must be written as a float.
    """

    template: str
    precedence: int = ATOM
    operands: tuple[int, ...] = ()
    float_constants: bool = False

    def write(self, operands: Sequence[Text], value: object = None) -> Text:
        """The operation on operands; `value` fills the template's slot of that name."""
        wanted = self.operands or (TERNARY,) * len(operands)
        codes = [text.within(p) for text, p in zip(operands, wanted, strict=True)]
        if self.precedence == POWER and not all(map(is_simple, codes)):
            return Text(f"{codes[0]} ** {codes[1]}", POWER)
        return Text(
            self.template.format(*codes, value=value, all=", ".join(codes)), self.precedence
        )


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
