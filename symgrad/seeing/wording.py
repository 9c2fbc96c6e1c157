"""How the operations of a graph and the values at its nodes are said to people, in few words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from symgrad.functions import FunctionTable
from symgrad.graph import Graph, Node
from symgrad.language.items import unpaired
from symgrad.language.printer import OPERATORS
from symgrad.language.spelling import ATOM, PRODUCT, SIGN, TERNARY, Spelling, Text
from symgrad.language.template import HOLE, filled, written

SAID: Mapping[str, Spelling] = {
    **OPERATORS,
    "_mm": Spelling("{0} @ {1}", PRODUCT, (PRODUCT, SIGN)),
    "_transpose": Spelling("{0}.T", ATOM, (ATOM,)),
    "matrix_transpose": Spelling("{0}.mT", ATOM, (ATOM,)),
    "index": Spelling("{0}[{key}]", ATOM, (ATOM,), arity=1),
    "expand_dims": Spelling("{0}[{axes}]", ATOM, (ATOM,), arity=1),
    "concatenate": Spelling("concatenate([{0}, {1}]{kw})", keywords=(("axis", 0),), arity=2),
    "_item": Spelling("{0}[{v0}]", ATOM, (ATOM,), arity=1),
    "integer": Spelling("{0}", TERNARY, (TERNARY,)),
    "place": Spelling("place({0}, [{key}])", arity=1),
}
"""By operation, as the formula language writes it; all others are calls of a function."""

_ENTRIES = 3
_ROWS = 2


def said(node: Node, names: Mapping[Node, str], table: FunctionTable) -> str:
    """An operation as the language writes it, over the names of its operands.

    >>> from symgrad.api import functions
    >>> from symgrad.language.formula import lower
    >>> graph = lower("2*sum(x, axis=0)**-k", functions()).graph
    >>> [said(n, named(graph), functions()) for n in graph.nodes if n.args]
    ['sum(x, axis=0)', '-k', 'v1**v2', '2 * v3']
    """
    operands = [part for arg in node.args for part in unpaired(arg)]
    texts = [_operand(operand, names) for operand in operands]
    spelling = SAID.get(node.op)
    if spelling is not None:
        value = node.value if isinstance(node.value, tuple) else None
        return spelling.write(texts, value).code
    parts = [text.code for text in texts]
    function = table.get(node.op)
    if function is None:
        return f"{node.op}({', '.join(parts)})"
    holes = iter(parts[len(function.operands) :])
    parts = parts[: len(function.operands)]
    defaults = {p.name: p.default for p in function.parameters}
    for name, value in zip(function.attributes, node.attributes, strict=False):
        default = defaults[name]
        if default is not None and repr(default.value) == repr(_plain(value)):
            continue
        holding = isinstance(value, tuple) and any(part is HOLE for part in value)
        shown = f"({written(filled(value, holes), str)})" if holding else repr(value)
        parts.append(f"{name}={shown}")
    return f"{node.op.lstrip('_')}({', '.join(parts)})"


def _plain(value: object) -> object:
    """An attribute as a tree has it: a number is a float there, and a name the text of it."""
    if value is None or isinstance(value, bool):
        return str(value)
    return float(value) if isinstance(value, int) else value


def _operand(node: Node, names: Mapping[Node, str]) -> Text:
    if not node.is_constant:
        return Text(names[node])
    text = number(node.value)
    return Text(text, SIGN if text.startswith("-") else ATOM)


def named(graph: Graph, same: Collection[str] = ()) -> dict[Node, str]:
    """What each node is called: as in the formula, or v1, v2, ... in their order.

    Operations that are the `same` as their first operand to a reader are called like it.
    """
    taken = set(graph.inputs()) | set(graph.labels.values())
    names: dict[Node, str] = {}
    fresh = _fresh(taken)
    for node in graph.nodes:
        if node.op == "input":
            names[node] = str(node.value)
        elif node.op in same and node.args[0] in names:
            names[node] = names[node.args[0]]
        elif not node.is_constant and node.op != "pair":
            names[node] = graph.labels.get(node) or next(fresh)
    return names


def _fresh(taken: set[str]) -> Iterator[str]:
    count = 0
    while True:
        count += 1
        if f"v{count}" not in taken:
            yield f"v{count}"


def number(value: Any, digits: int = 4) -> str:
    """A number in few digits; whole ones as such.

    >>> number(2.0), number(1 / 3), number(1e20), number(True)
    ('2', '0.3333', '1e+20', 'True')
    """
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    plain = float(value)
    if plain == 0:
        return "0"
    if abs(plain) < 1e15 and plain == int(plain) and len(str(int(plain))) <= digits + 2:
        return str(int(plain))
    return f"{plain:.{digits}g}"


def brief(value: Any, digits: int = 4, entries: int = _ENTRIES) -> str:
    """A value in few words: a number, or the first entries of an array and its shape.

    >>> brief(np.arange(6.0).reshape(2, 3)), brief([0.5, 1.5]), brief(np.zeros((0, 2)))
    ('[[0, 1, 2], [3, 4, 5]]', '[0.5, 1.5]', 'empty (0, 2)')
    >>> brief(np.arange(100.0).reshape(4, 25))
    '[[0, 1, 2, …], [25, 26, 27, …], …] (4, 25)'
    """
    array = np.asarray(value)
    if not array.ndim:
        return number(array[()], digits)
    if not array.size:
        return f"empty {array.shape}"
    counts = [_ROWS] * (array.ndim - 1) + [entries]
    few = array[tuple(slice(count) for count in counts)]
    texts: Any = np.empty(few.shape, dtype=object)
    for place in np.ndindex(few.shape):
        texts[place] = number(few[place], digits)
    for axis in reversed(range(array.ndim)):
        more = array.shape[axis] > few.shape[axis]
        inner = texts.shape[:axis]
        joined = np.empty(inner, dtype=object)
        for place in np.ndindex(inner):
            joined[place] = "[" + ", ".join([*texts[place], *["…"] * more]) + "]"
        texts = joined
    text = str(texts[()])
    return f"{text} {shape_of(array)}" if "…" in text else text


def shape_of(value: Any) -> str:
    """The shape of an array, as Python writes it; nothing for a number."""
    shape = np.shape(value)
    return str(tuple(shape)) if shape else ""


def glance(value: Any, entries: int = _ENTRIES) -> str:
    """A value in fewer words: a number, or an array's shape and first entries as they lie.

    >>> glance(1 / 3), glance([1.0, 2.0]), glance(np.ones((5, 3)))
    ('0.3333', '[1, 2]', '[1, 1, 1, …] (5, 3)')
    """
    array = np.asarray(value)
    if not array.ndim:
        return number(array[()])
    texts = [number(entry, 3) for entry in array.ravel()[:entries]]
    more = array.size > entries
    text = f"[{', '.join([*texts, *['…'] * more])}]"
    return text if array.ndim == 1 and array.size and not more else f"{text} {array.shape}"
