"""What a value is called that nobody gave a name: by what it is made of, else by what it is.

`x**2` is `x_squared`, `x * y` is `xy`, and `np.exp` of a long expression is `e`. A name gets a
number only where it is taken.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from symgrad.graph import Node
from symgrad.language.template import HOLE
from symgrad.schedule import Step

_LONGEST_PART = 12
_LONGEST = 16

_TABLE = """\
# operation            of short names        otherwise
add                    {0}_plus_{1}          s
subtract               {0}_minus_{1}         r
multiply               {0}{1}                p
divide                 {0}_over_{1}          q
negative               minus_{0}             p
power                  {0}_to_{1}            power
_mm                    {0}{1}                product
_at                    {0}{1}                product
matmul                 {0}{1}                product
_vdot                  -                     dot
_outer                 -                     outer
exp                    exp_{0}               e
_flat_exp              exp_{0}               e
log                    log_{0}               ln
sqrt                   sqrt_{0}              root
abs                    abs_{0}               magnitude
sum                    sum_{0}               total
_prod                  prod_{0}              prod
mean                   mean_{0}              average
max                    max_{0}               top
min                    min_{0}               bottom
_norm                  norm_{0}              norm
less                   {0}_below_{1}         mask
less_equal             {0}_up_to_{1}         mask
greater                {0}_above_{1}         mask
greater_equal          {0}_from_{1}          mask
equal                  {0}_is_{1}            mask
not_equal              {0}_is_not_{1}        mask
logical_and            {0}_and_{1}           mask
logical_or             {0}_or_{1}            mask
logical_not            not_{0}               mask
isfinite               finite_{0}            finite
isnan                  nan_{0}               mask
isinf                  inf_{0}               mask
keep                   {1}_or_0              kept
where                  -                     chosen
clip                   -                     clipped
share                  -                     shares
maximum                -                     larger
minimum                -                     smaller
_polynomial            -                     series
_solve                 -                     solution
_solve_vector          -                     solution
inv                    inv_{0}               inverse
size                   -                     size
_count                 -                     size
join                   -                     full
place                  -                     full
broadcast              -                     full
unbroadcast            -                     total
index                  {0}_part              part
_item                  -                     part
_transpose             -                     turned
matrix_transpose       -                     turned
expand_dims            -                     shaped
squeeze                -                     shaped
_reshape               -                     shaped
_reshape_like          -                     shaped
_broadcast_to          -                     full
_rerow                 -                     rows
_recolumn              -                     columns
_unrow                 -                     rows
_uncolumn              -                     columns
concatenate            -                     joined
stack                  -                     stacked
# with a number on one side
1 add                  one_plus_{1}          s
add 1                  {0}_plus_one          s
1 subtract             one_minus_{1}         r
subtract 1             {0}_minus_one         r
2 multiply             twice_{1}             p
0.5 multiply           half_{1}              p
divide 2               half_{0}              q
1 divide               one_over_{1}          q
power 2                {0}_squared           square
power 3                {0}_cubed             cube
greater 0              {0}_positive          mask
less 0                 {0}_negative          mask
equal 0                {0}_zero              mask
not_equal 0            {0}_nonzero           mask
"""


def _read(table: str) -> Mapping[str, tuple[str, str]]:
    rows = [line.rsplit(maxsplit=2) for line in table.splitlines() if not line.startswith("#")]
    return MappingProxyType({operation: (pattern, stem) for operation, pattern, stem in rows})


WORDS = _read(_TABLE)
"""By operation, or operation and number: a pattern for operands with short names, and a stem."""

_PRODUCTS = frozenset(("_mm", "_at", "_uncolumn"))
"""What is added to a product of matrices makes a z, as in most texts on networks."""

_FLOWS = frozenset("s r p q kept chosen product total part turned rows columns shaped".split())
_FLOW = "g"
"""In the reverse pass, what is on its way to an input is a g where it is no cotangent by name."""


_SLOTS = ("{0}", "{1}")


def words_for(step: Step, part: Callable[[Node], str]) -> tuple[str, str]:
    """A name made of those of the operands, empty if that is not short; and one without them.

    `part` has the short name of an operand; it is empty where there is none.
    """
    operands = step.operands
    op = step.node.op
    key = _key(step)
    if len(operands) == 2:
        for place, operand in enumerate(operands):
            if operand.op == "constant":
                number = f"{operand.value:g}"
                key = f"{op} {number}" if place else f"{number} {op}"
                if key not in WORDS:
                    return "", WORDS.get(op, ("", op))[1]
    if key not in WORDS:
        plain = _plain(step.node.op)
        known = part(operands[0]) if len(operands) == 1 else ""
        name = f"{plain.rstrip('_')}_{known}"
        return name if known and len(name) <= _LONGEST else "", plain
    pattern, stem = WORDS[key]
    if pattern == "-" or len(operands) > 2 or step.parts:
        return "", stem
    if key == "index" and step.node.value == (HOLE,):
        pattern = "{0}_{1}"
    elif key == "index" and all(type(k) is int and k >= 0 for k in step.node.attributes):
        pattern = "_".join(["{0}", *map(str, step.node.attributes)])
    parts = [part(o) if slot in pattern else "-" for slot, o in zip(_SLOTS, operands, strict=False)]
    if step.spelling == "add" and any(o.op in _PRODUCTS for o in operands):
        digits = {found[0] for p in parts if (found := re.findall(r"\d+$", p))}
        return "", "z" + (digits.pop() if len(digits) == 1 else "")
    if not all(parts):
        return "", stem
    if pattern == "{0}{1}" and max(map(len, parts)) > 1:
        pattern = "{0}_{1}" if min(part.count("_") for part in parts) == 0 else ""
    name = pattern.format(*parts)
    return name if len(name) <= _LONGEST else "", stem


def _key(step: Step) -> str:
    """The row of the table; what is divided by its own sum, as in a softmax, is a share."""
    node = step.node
    if node.op == "divide" and node.args[1].op == "sum" and node.args[1].args[0] is node.args[0]:
        return "share"
    return step.spelling if step.spelling in WORDS else node.op


def _plain(operation: str) -> str:
    name = operation.strip("_")
    return f"{name}_" if name in _BUILTIN else name


def flowing(stem: str) -> str:
    """The stem in the reverse pass."""
    return _FLOW if stem in _FLOWS else stem


def is_short(name: str) -> bool:
    """Whether other names are made of this one."""
    return len(name) <= _LONGEST_PART


_BUILTIN = frozenset(dir(builtins))
_POWERS = frozenset("sin cos tan sinh cosh tanh exp log sqrt".split())
"""Functions whose names with a number would read as those of other ones, or as powers."""
_INSTEAD = {
    "s": "plus",
    "r": "diff",
    "p": "prod",
    "q": "ratio",
    "e": "grown",
    "z": "affine",
    "g": "flow",
}
"""What to say instead of a letter."""


PYTHON = (*keyword.kwlist, "__debug__")
"""The words that Python keeps for itself."""


class Names:
    """Names, each given out once. What the language or the file itself needs is taken already."""

    def __init__(self, taken: Iterable[str], keywords: Iterable[str] = PYTHON) -> None:
        self._taken = {*keywords, *taken}
        self._last: dict[str, int] = {}

    def fresh(self, wanted: str, instead: str = "") -> str:
        """The name itself, or another, or with underscores after it where it is taken."""
        name = instead if instead and wanted in self._taken else wanted
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def numbered(self, stem: str) -> str:
        """The stem, or the stem and the next number where it is taken.

        A letter that an input or the formula has is no stem: `r2` would read as its square.
        """
        if stem in self._taken and stem not in self._last:
            stem = _INSTEAD.get(stem, stem)
        name, number = stem, self._last.get(stem, 1)
        gap = "_" if "_" in stem or stem[-1].isdigit() or stem in _POWERS else ""
        while name in self._taken or name in _BUILTIN or (number > 1 and name == stem):
            number += 1
            name = f"{stem.rstrip('_')}{gap}{number}"
        self._last[stem] = number
        self._taken.add(name)
        return name
