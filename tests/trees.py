"""Trees of formulas for the tests: comparing them, and making them up."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from symgrad.language.printer import OPERATORS
from symgrad.language.template import HOLE, Slice
from symgrad.language.tree import Callee, Statement, Tree

NAMES = "x y2 _z λ π sin if else and or not in lambda self e I nan inf T π1".split()
NUMBERS = [0.0, 1.0, 2.5, 1e-7, 1e16, 1e22, 0.1, 5e-324, 1.7976931348623157e308, float("inf")]

TEXTS = ["", "ij,jk->ik", "fro", "it's", 'a "b"', "back\\slash", "# ; ("]

# Comparisons are one kind of tree, with their signs as its value.
COMPARISONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}


def outline(root: Tree) -> list[tuple[Any, ...]]:
    """What a tree says, without its places: equal for equal trees, at any depth."""
    said = []
    waiting = [root]
    while waiting:
        tree = waiting.pop()
        value = tree.value
        if isinstance(value, Callee):
            value = (value.name, value.keywords)
        said.append((tree.op, value, len(tree.args)))
        waiting.extend(tree.args)
    return said


def program_outline(statements: Sequence[Statement]) -> list[Any]:
    return [(s.target and outline(s.target), outline(s.body), s.declares) for s in statements]


def tree(op: str, *args: Tree, value: Any = None) -> Tree:
    return Tree(op, args, value, (0, 0))


names = st.sampled_from(NAMES)
leaves = st.one_of(
    names.map(lambda name: tree("name", value=name)),
    st.sampled_from(NUMBERS).map(lambda number: tree("number", value=number)),
    st.floats(min_value=0, allow_nan=False).map(lambda number: tree("number", value=abs(number))),
    st.sampled_from(TEXTS).map(lambda text: tree("literal", value=text)),
)


def _larger(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        *(
            st.builds(tree, st.just(op), *[inner] * len(spelling.operands))
            for op, spelling in OPERATORS.items()
            if op not in COMPARISONS
        ),
        _comparisons(inner),
        _calls(inner),
        _indices(inner),
        _brackets(inner),
        st.builds(lambda base, name: tree("attribute", base, value=name), inner, names),
    )


@st.composite
def _comparisons(draw: st.DrawFn, inner: st.SearchStrategy[Tree]) -> Tree:
    args = draw(st.lists(inner, min_size=2, max_size=4))
    signs = [draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="])) for _ in args[1:]]
    return tree("compare", *args, value=tuple(signs))


@st.composite
def _calls(draw: st.DrawFn, inner: st.SearchStrategy[Tree]) -> Tree:
    """Any name but `not` can be called."""
    args = draw(st.lists(inner, max_size=3))
    named = draw(st.integers(0, len(args)))
    keywords = tuple(draw(names) for _ in range(named))
    return tree("call", *args, value=Callee(draw(names.filter("not".__ne__)), (0, 0), keywords))


@st.composite
def _indices(draw: st.DrawFn, inner: st.SearchStrategy[Tree]) -> Tree:
    """A key of expressions and slices, with what it is applied to as the first operand."""
    parts = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3))
    count = sum(p is HOLE for part in parts for p in getattr(part, "parts", (part,)))
    args = [draw(inner) for _ in range(count + 1)]
    return tree("index", *args, value=tuple(parts))


KEYS = [
    HOLE,
    Ellipsis,
    Slice(None, None, None),
    Slice(HOLE, None, None),
    Slice(None, HOLE, HOLE),
    Slice(HOLE, HOLE, None),
    Slice(None, None, HOLE),
]


@st.composite
def _brackets(draw: st.DrawFn, inner: st.SearchStrategy[Tree]) -> Tree:
    args = draw(st.lists(inner, max_size=3))
    return tree(draw(st.sampled_from(["list", "tuple"])), *args)


expressions = st.recursive(leaves, _larger, max_leaves=12)


@st.composite
def programs(draw: st.DrawFn) -> tuple[Statement, ...]:
    """Statements that need not make sense together."""
    targets = st.one_of(st.none(), expressions)
    rows = st.tuples(targets, expressions, st.booleans())
    return tuple(
        Statement(target, body, (0, 0), declares=target is not None and declares)
        for target, body, declares in draw(st.lists(rows, min_size=1, max_size=4))
        if not declares or not refused_as_declaration(target, body)
    )


def refused_as_declaration(target: Tree | None, body: Tree) -> bool:
    """`1: n` is a range and `X: [n]` a shape of another notation."""
    return target is not None and (target.op == "number" or body.op == "list")
