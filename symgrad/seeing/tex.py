"""The pieces of LaTeX: what holds together, the names of variables, and numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

LOOSE, OR, AND, NOT, COMPARE, SUM, LARGE, PRODUCT, POWER, ATOM = range(10)

_TALL = re.compile(r"\\(frac|sum|prod|sqrt|begin|left|overline)|\^\{[^{}]*[\^{]")


@dataclass(frozen=True, slots=True)
class Tex:
    """A piece of LaTeX and how tightly it holds together.

    `head` and `tail` are a function's name and its argument, between which a power may stand;
    `rows` are the values and conditions of a distinction of cases, `over` what stands above and
    below the line of a fraction. `kind` tells numbers, products of numbers, and matrices; what
    begins with a `minus` sign holds together without it.
    """

    code: str
    precedence: int = ATOM
    head: str = ""
    tail: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    over: tuple[Tex, ...] = ()
    kind: str = ""
    minus: bool = False

    @property
    def unsigned(self) -> Tex:
        """What stands after its minus sign."""
        return replace(self, code=self.code[1:], precedence=PRODUCT, minus=False)

    def within(self, precedence: int) -> str:
        """The code, in parentheses where its surroundings bind more tightly."""
        return self.code if self.precedence >= precedence else fenced(self.code)


def fenced(code: str) -> str:
    """A piece in parentheses, which grow with what is tall."""
    if _TALL.search(code):
        return rf"\left({code}\right)"
    return f"({code})"


_GREEK = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma
tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega""".split()
_LETTERS = dict(
    zip(
        "αβγδεζηθικλμνξπρσςτυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        """alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma
        varsigma tau upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi
        Psi Omega""".split(),
        strict=True,
    )
)
_NUMBERED = re.compile(r"(.+?)_?([0-9]+)")
_SPECIAL = {
    **{character: f"\\{character}" for character in "{}$&#_%"},
    "\\": r"\backslash ",
    "^": r"\wedge ",
    "~": r"\sim ",
}


def escaped(text: str) -> str:
    """Any text so that nothing in it is a command."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def name(text: str) -> str:
    r"""A variable: Greek names as letters, numbers at the end as indices, words upright.

    >>> [name(text) for text in ("x", "beta", "λ", "x_1", "W2", "rate", "x_max")]
    ['x', '\\beta', '\\lambda', 'x_{1}', 'W_{2}', '\\mathrm{rate}', 'x_{\\mathrm{max}}']
    """
    first, *rest = [part for part in text.split("_") if part] or [text]
    numbered = _NUMBERED.fullmatch(first)
    if numbered is not None and _is_letter(numbered[1]):
        first, rest = numbered[1], [numbered[2], *rest]
    below = ", ".join(map(_part, rest))
    return f"{_part(first)}_{{{below}}}" if rest else _part(first)


def _is_letter(text: str) -> bool:
    return len(text) == 1 or text in _GREEK


def _part(text: str) -> str:
    if text in _GREEK:
        return f"\\{text}"
    if text in _LETTERS:
        return f"\\{_LETTERS[text]}"
    if len(text) == 1 or text.isdigit():
        return escaped(text)
    return rf"\mathrm{{{escaped(text)}}}"


_KNOWN = {
    math.pi: (r"\pi", ATOM),
    2 * math.pi: (r"2 \, \pi", PRODUCT),
    math.pi / 2: (r"\frac{\pi}{2}", POWER),
    math.sqrt(2 * math.pi): (r"\sqrt{2 \, \pi}", POWER),
    1 / math.sqrt(2 * math.pi): (r"\frac{1}{\sqrt{2 \, \pi}}", POWER),
    2 / math.sqrt(math.pi): (r"\frac{2}{\sqrt{\pi}}", POWER),
    math.log(2): (r"\log(2)", ATOM),
    math.log(10): (r"\log(10)", ATOM),
    math.sqrt(2): (r"\sqrt{2}", POWER),
}
"""Numbers that the compiler makes of what has a shorter name."""


def number(value: float | bool) -> Tex:
    """A number: small whole ones as such, others with powers of ten, some by what they are."""
    if isinstance(value, bool):
        return Tex(rf"\mathrm{{{value}}}")
    if math.isnan(value):
        return Tex(r"\mathrm{nan}")
    if math.copysign(1, value) < 0:
        return Tex(f"-{_positive(-value).code}", SUM, kind="number", minus=True)
    return _positive(value)


def _positive(value: float) -> Tex:
    if math.isinf(value):
        return Tex(r"\infty")
    if value in _KNOWN:
        return Tex(*_KNOWN[value])
    digits, _, exponent = f"{value!r}".partition("e")
    digits = digits.removesuffix(".0")
    if not exponent:
        return Tex(digits, kind="number")
    power = f"10^{{{int(exponent)}}}"
    if digits == "1":
        return Tex(power, POWER, kind="number")
    return Tex(rf"{digits} \cdot {power}", PRODUCT, kind="number")
