"""Random texts and inputs, read off bytes: what the fuzzer and its run in the tests feed on.

The same bytes give the same text, so that a guided fuzzer learns which bytes lead to new code.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symgrad.functions import builtin_functions

NAMES = "x y z A B k n a b λ np self lambda e".split()
NUMBERS = "0 1 2 3 -1 0.5 1e-300 1e308 1e400 999999999999999999999 nan inf pi".split()
SIGNS = "+ - * / ** ^ @ & | ~ < <= > >= == != , ; : . ... = ( ) [ ] # -> := % // !".split()
WORDS = (
    "if else and or not True False None axis=0 axis=-1 keepdims=True 'ij,jk->ik' \"fro\"".split()
)
ODD = ["\n", "\r\n", "\t", " ", "\\", "'", '"', "`", "{", "}", "$", "√", "²", "µ", "\u202e", "\x00"]
ODD += ["\u2028", "\ud800", "٣", "ｘ", "__import__('os')", "__class__", "f'{x}'", '"""']
SEEDS = (
    "exp(x**2)**2",
    "where(x > 0, sqrt(x), 0)",
    "X: (n, d); w: (d,); b: scalar; y: (n,)\nmean((X @ w + b - y)**2)",
    "f(u, λ) = λ*u + (1 - λ)*u**2; f(x, 0.25)",
    "a, b = qr(A); a @ b",
    "A[1:, None, ::-1] + x[k]",
    "einsum('ij,jk->ik', A, B).sum(axis=0)",
    "[[1, x], [y, 2]] @ [1, z]",
    "x if 0 < x < 1 else -x",
    "logsumexp(A, axis=1, keepdims=True) - log(sum(exp(A)))",
    "concatenate([x, zeros(3)]).reshape((-1, 1))",
)


class Reader:
    """Bytes, taken one by one; zeros after the last."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def number(self) -> int:
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def pick(self, choices: Sequence[Any]) -> Any:
        number = self.number() if len(choices) < 256 else self.number() * 256 + self.number()
        return choices[number % len(choices)]


_CALLABLES = [name for name in builtin_functions() if not name.startswith("_")]
_TOKENS = [*NAMES, *NUMBERS, *SIGNS, *WORDS, *ODD, *_CALLABLES]


def raw(read: Reader) -> str:
    """The bytes themselves as text."""
    return read.data[read.at :].decode("utf-8", "surrogateescape")


def tokens(read: Reader) -> str:
    """Tokens of the language in any order, with and without white space."""
    glue = read.pick(["", " ", "\n"])
    return glue.join(read.pick(_TOKENS) for _ in range(read.left // 2))


def mutant(read: Reader) -> str:
    """A formula with a few places changed."""
    text = read.pick(SEEDS)
    while read.left > 2:
        place, kind = read.number() % (len(text) + 1), read.number() % 4
        token = "" if kind == 0 else read.pick(_TOKENS)
        text = text[:place] + token + text[place + kind % 3 :]
    return str(text)


def expression(read: Reader) -> str:
    """A well-formed expression: what was made waits on a stack for what is made of it."""
    made = [read.pick(NAMES[:8])]
    while read.left > 1:
        kind = read.number() % 12
        top = made.pop() if made else read.pick(NAMES[:8])
        if kind < 3:
            made += [top, read.pick([*NAMES[:8], *NUMBERS])]
        elif kind < 6:
            other = made.pop() if made else read.pick(NAMES[:8])
            made.append(f"({other} {read.pick(SIGNS[:16])} {top})")
        elif kind < 8:
            made.append(f"{read.pick(_CALLABLES)}({top})")
        elif kind == 8:
            more = ", ".join([*made[-1:], read.pick([*WORDS[5:], *NUMBERS])])
            made[-1:] = [f"{read.pick(_CALLABLES)}({top}, {more})"]
        elif kind == 9:
            made.append(
                f"{top}[{read.pick(['0', '-1', 'k', '1:', '::-1', 'None', '..., 0', ':n'])}]"
            )
        elif kind == 10:
            made.append(
                f"{top}.{read.pick(['T', 'mT', 'shape[0]', 'size', 'sum(axis=0)', 'ndim'])}"
            )
        else:
            made = [f"[{', '.join([top, *made])}]"]
    return " + ".join(made)


def program(read: Reader) -> str:
    """Statements, some of which define functions that the next ones call."""
    heads = ["a = {0}; {1} * a", "f(x) = {0}; f({1})", "{0} if {1} > 0 else x", "X: (n,); X * {0}"]
    head = str(read.pick(heads))
    half = read.left // 2
    parts = (read.data[read.at : read.at + half], read.data[read.at + half :])
    return head.format(*[expression(Reader(part)) for part in parts])


MAKERS: tuple[Callable[[Reader], str], ...] = (raw, tokens, mutant, expression, program)


def text_of(data: bytes, makers: Sequence[Callable[[Reader], str]] = MAKERS) -> str:
    """The text that some bytes stand for."""
    read = Reader(data)
    return str(read.pick(makers)(read))


VALUES: tuple[Any, ...] = (
    0.5,
    -2,
    True,
    np.array([0.5, -1.0, 2.0]),
    np.array([[2.0, 0.5, 0.1], [0.5, 3.0, 0.2], [0.1, 0.2, 1.0]]),
    np.array([0, 1, 2]),
    np.array([True, False, True]),
    np.ones((2, 3)),
    np.zeros((0,)),
    np.zeros((0, 3)),
    np.array([np.nan, np.inf, 0.0]),
    np.float32(0.25),
    np.ones((2, 1, 3), dtype=np.float32),
    [1, [2, 3]],
    "text",
    10**30,
)


def inputs_of(data: bytes, count: int) -> list[Any]:
    """Inputs for a call; mostly such as fit together."""
    read = Reader(data[::-1])
    if read.number() % 2:
        return [read.pick(VALUES[:5])] * count
    return [read.pick(VALUES) for _ in range(count)]
