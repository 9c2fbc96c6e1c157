"""The LaTeX that symgrad writes, as MathML, which browsers show by themselves.

Only what tex.py and tex_spellings.py make use of is known here; the tests hold them against each
other. What is not known is shown as its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

_TOKEN = re.compile(
    r"\\(?P<worded>mathrm|operatorname|text|mathbf|mathbb)\{(?P<word>(?:[^{}\\]|\\.)*)\}"
    r"|\\(?P<edge>begin|end)\{(?P<table>\w+)\}"
    r"|\\(?P<side>left|right)(?P<fence>\\?[a-zA-Z]+|\\?.)"
    r"|\\sqrt\[(?P<degree>\d)\]"
    r"|\\(?P<command>[a-zA-Z]+|.)|(?P<number>\d+(?:\.\d+)?)|(?P<space>\s+)|(?P<sign>.)",
    re.DOTALL,
)
_SMALL = """alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi
rho sigma varsigma tau upsilon phi varphi chi psi omega""".split()
_CAPITAL = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
_SYMBOLS = {
    **dict(zip(_SMALL, "αβγδϵεζηθικλμνξπρσςτυϕφχψω", strict=True)),
    **dict(zip(_CAPITAL, "ΓΔΘΛΞΠΣΥΦΨΩ", strict=True)),
    "partial": "∂",
    "infty": "∞",
    "nabla": "∇",
}
_OPERATORS = {
    "leq": "≤", "geq": "≥", "neq": "≠", "wedge": "∧", "vee": "∨", "neg": "¬", "cdot": "⋅",
    "odot": "⊙", "times": "×", "otimes": "⊗", "oplus": "⊕", "in": "∈", "sum": "∑", "prod": "∏",
    "to": "→", "top": "⊤", "ast": "∗", "dots": "…", "sim": "∼", "backslash": "\\", "|": "‖",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "langle": "⟨", "rangle": "⟩",
    "-": "−", "*": "∗",
}  # fmt: skip
_FUNCTIONS = frozenset(
    "sin cos tan arcsin arccos arctan sinh cosh tanh log exp det max min".split()
)
_SPACES = frozenset((",", " ", ";"))
_LARGE = ("<mo>∑</mo>", "<mo>∏</mo>")
_ACCENTS = {"bar": "¯", "dot": "˙"}
_ARGUMENTS = {"frac": 2, "sqrt": 1, "root": 1, **dict.fromkeys(_ACCENTS, 1)}
_CLEAN = re.compile(r"\\(backslash|wedge|sim)\s?|\\(.)")


@dataclass(slots=True)
class _Frame:
    """What is open: a group, a command that waits for arguments, a fence, or a table."""

    kind: str
    detail: str = ""
    items: list[str] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=lambda: [[]])
    script: str = ""
    scripts: dict[str, str] = field(default_factory=dict)


def mathml(tex: str, block: bool = False) -> str:
    r"""LaTeX of symgrad as an element of MathML.

    >>> mathml(r"\frac{x_{1}^{2}}{2}")
    '<math><mfrac><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup><mn>2</mn></mfrac></math>'
    """
    stack = [_Frame("group")]
    for token in _TOKEN.finditer(tex):
        _take(stack, token)
    while len(stack) > 1:
        _close(stack)
    _settle(stack[0])
    attribute = ' display="block"' if block else ""
    return f"<math{attribute}>{''.join(stack[0].items)}</math>"


def _take(stack: list[_Frame], token: re.Match[str]) -> None:
    match token.lastgroup:
        case "word":
            _add(stack, _worded(token["worded"], token["word"]))
        case "table":
            if token["edge"] == "begin":
                stack.append(_Frame("table", token["table"]))
            else:
                _close(stack)
        case "fence":
            if token["side"] == "left":
                stack.append(_Frame("fence", _sign(token["fence"])))
            else:
                stack[-1].detail += _sign(token["fence"])
                _close(stack)
        case "degree":
            stack.append(_Frame("root", token["degree"]))
        case "command":
            _command(stack, token["command"])
        case "number":
            _add(stack, f"<mn>{token['number']}</mn>")
        case "sign":
            _signed(stack, token["sign"])


def _sign(text: str) -> str:
    """A character in place of its command."""
    return _OPERATORS.get(text[1:], text)


def _worded(style: str, text: str) -> str:
    clean = _CLEAN.sub(lambda m: _OPERATORS[m[1]] if m[1] else m[2].replace(",", " "), text)
    word = escape(clean)
    if style == "text":
        return f"<mtext>{word.replace(' ', '&#160;')}</mtext>"
    if style == "mathbb":
        return f"<mi>{'ℝ' if clean == 'R' else word}</mi>"
    css = ' style="font-weight:bold"' if style == "mathbf" else ""
    plain = ' mathvariant="normal"' if len(clean) == 1 else ""
    return f"<mi{plain}{css}>{word}</mi>"


def _command(stack: list[_Frame], name: str) -> None:
    if name in _ARGUMENTS:
        stack.append(_Frame(name))
    elif name == "\\":
        _cell(stack, new_row=True)
    elif name in _SPACES:
        if stack[-1].kind != "frac":
            _add(stack, '<mspace width="0.17em"></mspace>')
    elif name in _SYMBOLS:
        _add(stack, f"<mi>{_SYMBOLS[name]}</mi>")
    elif name in _FUNCTIONS:
        _add(stack, f"<mi>{name}</mi>")
    else:
        _add(stack, f"<mo>{escape(_OPERATORS.get(name, name))}</mo>")


def _signed(stack: list[_Frame], sign: str) -> None:
    if sign == "{":
        stack.append(_Frame("group"))
    elif sign == "}":
        _close(stack)
    elif sign in "^_":
        stack[-1].script = sign
    elif sign == "&":
        _cell(stack, new_row=False)
    elif sign.isalpha():
        _add(stack, f"<mi>{sign}</mi>")
    else:
        _add(stack, f"<mo>{escape(_OPERATORS.get(sign, sign))}</mo>")


def _cell(stack: list[_Frame], new_row: bool) -> None:
    frame = stack[-1]
    _settle(frame)
    frame.cells[-1].append("".join(frame.items))
    frame.items = []
    if new_row:
        frame.cells.append([])


def _add(stack: list[_Frame], item: str) -> None:
    """Put an item where it belongs, and close the commands that it completes."""
    while True:
        frame = stack[-1]
        if frame.script:
            frame.scripts[frame.script] = item
            frame.script = ""
            return
        _settle(frame)
        frame.items.append(item)
        if len(frame.items) < _ARGUMENTS.get(frame.kind, len(frame.items) + 1):
            return
        item = _made(stack.pop())


def _settle(frame: _Frame) -> None:
    """Put indices and powers to what stands before them."""
    if not frame.scripts:
        return
    base = frame.items.pop() if frame.items else "<mrow></mrow>"
    below, above = frame.scripts.get("_"), frame.scripts.get("^")
    frame.scripts = {}
    under = "under" if base in _LARGE else "sub"
    if below is None:
        frame.items.append(f"<msup>{base}{above}</msup>")
    elif above is None:
        frame.items.append(f"<m{under}>{base}{below}</m{under}>")
    else:
        frame.items.append(f"<msubsup>{base}{below}{above}</msubsup>")


def _close(stack: list[_Frame]) -> None:
    if len(stack) > 1:
        _settle(stack[-1])
        _add(stack, _made(stack.pop()))


def _made(frame: _Frame) -> str:
    inner = "".join(frame.items)
    match frame.kind:
        case "frac" | "sqrt":
            return f"<m{frame.kind}>{inner}</m{frame.kind}>"
        case "bar" | "dot":
            return f'<mover accent="true">{inner}<mo>{_ACCENTS[frame.kind]}</mo></mover>'
        case "root":
            return f"<mroot>{inner}<mn>{frame.detail}</mn></mroot>"
        case "fence":
            left, right = (f"<mo>{escape(sign)}</mo>" for sign in frame.detail[:2].ljust(2))
            return f"<mrow>{left}{inner}{right}</mrow>"
        case "table":
            return _table(frame, inner)
    return inner if len(frame.items) == 1 else f"<mrow>{inner}</mrow>"


def _table(frame: _Frame, last: str) -> str:
    rows = [*frame.cells[:-1], [*frame.cells[-1], last]]
    first = "right" if frame.detail == "aligned" else "left"
    sides = ["center"] * 9 if frame.detail == "pmatrix" else [first, *["left"] * 9]
    body = "".join(
        "<mtr>"
        + "".join(
            f'<mtd style="text-align:{side}">{cell}</mtd>'
            for side, cell in zip(sides, row, strict=False)
        )
        + "</mtr>"
        for row in rows
    )
    shown = ' displaystyle="true"' if frame.detail == "aligned" else ""
    table = f"<mtable{shown}>{body}</mtable>"
    signs = {"pmatrix": ("(", ")"), "cases": ("{", "")}.get(frame.detail, ("", ""))
    left, right = (f"<mo>{sign}</mo>" if sign else "" for sign in signs)
    return f"<mrow>{left}{table}{right}</mrow>"
