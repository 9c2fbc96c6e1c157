"""Expressions of Python as trees of the language."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from symgrad.api import functions
from symgrad.errors import did_you_mean
from symgrad.exchange.python_source import Meaning, Source
from symgrad.language.making import call, compared, in_turn, listed, name, number, operation
from symgrad.language.template import HOLE, Slice
from symgrad.language.tree import Tree

_BINARY: Mapping[str, str] = {
    "Add": "add",
    "Sub": "subtract",
    "Mult": "multiply",
    "Div": "divide",
    "Pow": "power",
    "MatMult": "matmul",
    "BitAnd": "logical_and",
    "BitOr": "logical_or",
}
_CALLED_BINARY: Mapping[str, str] = {
    "Mod": "remainder",
    "FloorDiv": "floor_divide",
    "BitXor": "logical_xor",
}
_UNARY: Mapping[str, str] = {
    "USub": "negative",
    "UAdd": "positive",
    "Not": "logical_not",
    "Invert": "logical_not",
}
_SIGNS: Mapping[str, str] = {
    "Lt": "<",
    "LtE": "<=",
    "Gt": ">",
    "GtE": ">=",
    "Eq": "==",
    "NotEq": "!=",
}
_HINTS: Mapping[str, str] = {
    **dict.fromkeys(
        ("ListComp", "GeneratorExp", "SetComp", "DictComp"),
        "Arrays are computed with as a whole: v**2 squares each element.",
    ),
    "NamedExpr": "Assign it in a statement of its own.",
    "Lambda": "Define it as a function outside.",
    "Starred": "Write all arguments.",
    "JoinedStr": "A formula computes with numbers.",
}
_ATTRIBUTES = frozenset(("T", "mT", "shape", "ndim", "size"))
_SAME = frozenset("float float64 asarray array copy item real".split())
"""Functions and methods that change no number of a real array."""

_RENAMED: Mapping[str, str] = {
    "true_divide": "divide",
    "lgamma": "gammaln",
    "loggamma": "gammaln",
    "psi": "digamma",
    "flatten": "ravel",
    "trapz": "trapezoid",
}
_KEYWORDS: Mapping[str, str] = {"a_min": "min", "a_max": "max"}
_AXIS_NEEDED = frozenset(("softmax", "log_softmax"))
"""Functions whose axis, if it is not given, is another one in SciPy than in the language."""

Env = Mapping[str, Tree]


def _chain(function: str) -> Callable[..., Tree]:
    return lambda *xs: in_turn(lambda x, y: call(function, [x, y]), xs)


def _extreme(function: str, of_array: str) -> Callable[..., Tree]:
    several = _chain(function)
    return lambda *xs: several(*xs) if len(xs) > 1 else call(of_array, xs)


def _nearest_multiple(x: Tree, y: Tree) -> Tree:
    quotient = call("rint", [operation("divide", x, y)])
    return operation("subtract", x, operation("multiply", y, quotient))


_BUILTIN: Mapping[str, tuple[Callable[..., Tree], tuple[int, ...]]] = {
    "abs": (lambda x: call("abs", [x]), (1,)),
    "pow": (lambda x, y: operation("power", x, y), (2,)),
    "round": (lambda x: call("rint", [x]), (1,)),
    "len": (lambda x: call("len", [x]), (1,)),
    "sum": (lambda x: call("sum", [x, number(0)], ["axis"]), (1,)),
    "max": (_extreme("maximum", "max"), (1, 2, 3, 4, 5)),
    "min": (_extreme("minimum", "min"), (1, 2, 3, 4, 5)),
    "int": (lambda x: call("trunc", [x]), (1,)),
}
"""Functions of Python itself, and how many arguments they are taken with."""

_MATH: Mapping[str, tuple[Callable[..., Tree], tuple[int, ...]]] = {
    "pow": (lambda x, y: operation("power", x, y), (2,)),
    "remainder": (_nearest_multiple, (2,)),
    "log": (
        lambda x, *base: in_turn(
            lambda a, b: operation("divide", a, b), [call("log", [t]) for t in (x, *base)]
        ),
        (1, 2),
    ),
}
"""Functions of `math` that are others than NumPy's of that name."""


def path_of(node: ast.AST, own: Container[str]) -> tuple[str, ...] | None:
    """The names in `np.linalg.inv`, where the first is none of a function's own."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id in own:
        return None
    return (node.id, *reversed(names))


class Expressions:
    """Makes trees of expressions in one function.

    `constant` gives the tree of a number of the module around it, `helper` the name and the
    parameters, with their defaults, of another function that is called.
    """

    def __init__(
        self,
        source: Source,
        constant: Callable[[str, float], Tree],
        helper: Callable[[Any], tuple[str, Mapping[str, Tree | None]]],
    ) -> None:
        self.source, self.constant, self.helper = source, constant, helper
        self.table = functions()

    def tree(self, root: ast.expr, env: Env, test: bool = False) -> Tree:
        """The tree of an expression, or a test, where `env` says what names stand for."""
        made: dict[ast.AST, Tree] = {}
        stack: list[tuple[ast.expr, bool]] = [(root, False)]
        tests: set[ast.AST] = {root} if test else set()
        while stack:
            node, ready = stack.pop()
            if ready:
                made[node] = self._one(node, made, env)
            else:
                self._check(node, tests)
                stack.append((node, True))
                stack += [(part, False) for part in reversed(list(self._parts(node, env)))]
        return made[root]

    def _check(self, node: ast.expr, tests: set[ast.AST]) -> None:
        """Refuse what a formula does not have; `tests` are those of which only the truth counts."""
        kind = type(node).__name__
        if kind not in _WRITTEN and not isinstance(node, _NAMED):
            self.source.refuse("a formula has no such expression", node, _HINTS.get(kind, ""))
        if isinstance(node, ast.IfExp):
            tests.add(node.test)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            tests.add(node.operand)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                if node not in tests and not _is_condition(value):
                    message, hint = "and and or give one of their operands", "Write a if c else b."
                    self.source.refuse(message, value, hint)
            tests.update(node.values)

    def _parts(self, node: ast.expr, env: Env) -> list[ast.expr]:
        """What the tree of an expression is made of."""
        if isinstance(node, ast.Call):
            method = isinstance(node.func, ast.Attribute) and path_of(node.func, env) is None
            base = [node.func.value] if method and isinstance(node.func, ast.Attribute) else []
            args = [] if _is_cast(node) else node.args
            return [*base, *args, *(keyword.value for keyword in _keywords(node))]
        if isinstance(node, ast.Attribute) and path_of(node, env) is not None:
            return []
        if isinstance(node, ast.Subscript):
            return [node.value, *(part for item in _items(node.slice) for part in _holes(item))]
        return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]

    def _one(self, node: ast.expr, made: Mapping[ast.AST, Tree], env: Env) -> Tree:
        """The tree of an expression, of whose parts the trees are made."""
        args = [made[part] for part in self._parts(node, env)]
        tree: Tree | None = None
        if isinstance(node, ast.Name) and node.id in env:
            tree = env[node.id]
        elif isinstance(node, ast.Name | ast.Attribute):
            path = path_of(node, env)
            tree = self._attribute(node, args) if path is None else self._outside(node, path)
        elif isinstance(node, ast.Constant):
            tree = self._literal(node, node.value)
        elif isinstance(node, ast.Call):
            tree = self._call(node, args, env)
        else:
            tree = _WRITTEN[type(node).__name__](node, args)
        return tree or self.source.refuse("a formula has no such operator", node)

    def _attribute(self, node: ast.Name | ast.Attribute, args: list[Tree]) -> Tree:
        word = node.attr if isinstance(node, ast.Attribute) else ""
        if word not in _ATTRIBUTES:
            hint = f"It has {', '.join(f'.{one}' for one in sorted(_ATTRIBUTES))}, and methods."
            self.source.refuse(f"a formula has no .{word}", node, hint)
        return Tree("attribute", tuple(args), word, (0, 0))

    def _literal(self, node: ast.Constant, value: Any) -> Tree:
        if value is None or isinstance(value, bool):
            return name(str(value))
        if isinstance(value, str) and "'" not in value and value.isprintable():
            return Tree("literal", (), value, (0, 0))
        if not isinstance(value, int | float):
            self.source.refuse("this is no real number", node)
        try:
            return number(float(value))
        except OverflowError:
            return number(math.inf)

    def _outside(self, node: ast.expr, path: tuple[str, ...]) -> Tree:
        """A name that the function does not assign: a number of the module around it."""
        if path[-1] == "newaxis":
            return name("None")
        found = self.source.meaning(path)
        if found is not None and found.kind == "number":
            if isinstance(found.value, bool):
                return name(str(found.value))
            if found.value == math.pi or not math.isfinite(found.value):
                return name("pi") if found.value == math.pi else number(found.value)
            return self.constant(path[-1], found.value)
        hint = "Take it as a parameter." if self.source.known else "Its value is not in the text."
        return self.source.refuse(f"{'.'.join(path)} is no number", node, hint)

    def _call(self, node: ast.Call, args: list[Tree], env: Env) -> Tree:
        if any(keyword.arg is None for keyword in node.keywords):
            self.source.refuse("a formula has no such argument", node, _HINTS["Starred"])
        words = [_KEYWORDS.get(str(keyword.arg), str(keyword.arg)) for keyword in _keywords(node)]
        path = path_of(node.func, env)
        if path is None:
            if not isinstance(node.func, ast.Attribute):
                self.source.refuse("only functions with a name are called", node.func)
            return self._method(node, node.func.attr, args, words)
        found = self.source.meaning(path)
        if found is not None and found.kind == "helper":
            return self._helped(node, found, args, words)
        if found is None or found.kind not in ("function", "builtin", "math"):
            hint = did_you_mean(path[-1], self.table) or "Take its value as a parameter."
            self.source.refuse(f"{'.'.join(path)} is no function of formulas", node.func, hint)
        special = {"builtin": _BUILTIN, "math": _MATH}.get(found.kind, {}).get(found.value)
        if special is not None and len(args) in special[1] and not words:
            return special[0](*args)
        if found.kind == "builtin" and found.value not in _SAME:
            hint = did_you_mean(path[-1], self.table)
            self.source.refuse(f"{path[-1]} of Python is not taken so", node, hint)
        return self._named(node, found.value, args, words)

    def _method(self, node: ast.Call, word: str, args: list[Tree], words: list[str]) -> Tree:
        """`x.sum(axis=0)`; the array comes first among the arguments."""
        if word in ("reshape", "transpose") and len(args) > 2 and not words:
            args = [args[0], Tree("tuple", tuple(args[1:]), None, (0, 0))]
        return self._named(node, word, args, words)

    def _named(self, node: ast.Call, word: str, args: list[Tree], words: list[str]) -> Tree:
        """A call of a function of the language, which has these parameters."""
        if word in _SAME and len(args) == 1 and not words:
            return self._number_in(node, args[0]) if args[0].op == "literal" else args[0]
        word = _RENAMED.get(word, word)
        if word not in self.table or word.startswith("_"):
            hint = did_you_mean(word, self.table) or "symgrad functions lists what there is."
            self.source.refuse(f"formulas have no function {word}", node.func, hint)
        row = self.table[word]
        positional = len(args) - len(words)
        unknown = [one for one in words if one not in row.names[positional:]]
        collects = any(parameter.kind == "rest" for parameter in row.parameters)
        if unknown and not collects:
            self.source.refuse(f"{word} takes no {unknown[0]}", node, f"It is {row.signature}.")
        if positional > len(row.names) and not collects:
            self.source.refuse(f"{word} takes fewer arguments", node, f"It is {row.signature}.")
        given = {*row.names[:positional], *words}
        lacking = [p.name for p in row.parameters if p.default is None and p.name not in given]
        if lacking and not collects:
            self.source.refuse(f"{word} lacks {lacking[0]}", node, f"It is {row.signature}.")
        if word in _AXIS_NEEDED and "axis" not in given:
            self.source.refuse(f"{word} is not told its axis", node, "Write axis=-1, or another.")
        return call(word, args, words)

    def _number_in(self, node: ast.Call, literal: Tree) -> Tree:
        """`float("inf")`."""
        try:
            return number(float(str(literal.value)))
        except ValueError:
            return self.source.refuse("this is no number", node)

    def _helped(self, node: ast.Call, found: Meaning, args: list[Tree], words: list[str]) -> Tree:
        """A call of another function of the program, with all its arguments."""
        word, parameters = self.helper(found.value)
        positional = len(args) - len(words)
        given = dict(zip(parameters, args[:positional], strict=False))
        given |= dict(zip(words, args[positional:], strict=True))
        extra = [one for one in words if one not in parameters]
        if extra or positional > len(parameters):
            self.source.refuse(f"{word} does not take these arguments", node)
        complete = [given.get(parameter, default) for parameter, default in parameters.items()]
        if any(value is None for value in complete):
            self.source.refuse(f"{word} lacks an argument", node)
        return call(word, [value for value in complete if value is not None])


_NAMED = (ast.Name, ast.Attribute, ast.Constant, ast.Call)
_FLOATS = frozenset(("float", "float64", "double"))
_CONDITIONS = frozenset("isnan isinf isfinite signbit any all".split())


def _is_condition(node: ast.expr) -> bool:
    """Whether an expression is true or false, rather than a number."""
    if isinstance(node, ast.Call):
        path = path_of(node.func, ())
        return path is not None and path[-1] in _CONDITIONS
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    truth = isinstance(node, ast.Constant) and isinstance(node.value, bool)
    return negated or truth or isinstance(node, ast.Compare | ast.BoolOp)


def _is_float(node: ast.expr) -> bool:
    """Whether an expression names the type of all numbers in a formula."""
    path = path_of(node, ())
    return path is not None and path[-1] in _FLOATS


def _is_cast(node: ast.Call) -> bool:
    """`x.astype(float)`."""
    cast = isinstance(node.func, ast.Attribute) and node.func.attr == "astype"
    return cast and all(map(_is_float, node.args))


def _keywords(node: ast.Call) -> list[ast.keyword]:
    """The keywords but `dtype=float`."""
    return [k for k in node.keywords if not (k.arg == "dtype" and _is_float(k.value))]


def _items(key: ast.expr) -> Sequence[ast.expr]:
    return key.elts if isinstance(key, ast.Tuple) else [key]


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _key(item: ast.expr) -> Any:
    if isinstance(item, ast.Slice):
        return Slice(*[HOLE if end else None for end in (item.lower, item.upper, item.step)])
    return Ellipsis if _is_ellipsis(item) else HOLE


def _holes(item: ast.expr) -> list[ast.expr]:
    """The expressions in a part of an index."""
    if isinstance(item, ast.Slice):
        return [end for end in (item.lower, item.upper, item.step) if end is not None]
    return [] if _is_ellipsis(item) else [item]


def _binary(node: Any, args: list[Tree]) -> Tree | None:
    kind = type(node.op).__name__
    if kind in _CALLED_BINARY:
        return call(_CALLED_BINARY[kind], args)
    return operation(_BINARY[kind], *args) if kind in _BINARY else None


def _joined(node: Any, args: list[Tree]) -> Tree:
    op = "logical_and" if isinstance(node.op, ast.And) else "logical_or"
    return in_turn(lambda x, y: operation(op, x, y), args)


def _compared(node: Any, args: list[Tree]) -> Tree | None:
    kinds = [type(op).__name__ for op in node.ops]
    if not all(kind in _SIGNS for kind in kinds):
        return None
    return compared([_SIGNS[kind] for kind in kinds], args)


def _subscript(node: Any, args: list[Tree]) -> Tree:
    return Tree("index", tuple(args), tuple(map(_key, _items(node.slice))), (0, 0))


_WRITTEN: Mapping[str, Callable[[Any, list[Tree]], Tree | None]] = {
    "BinOp": _binary,
    "UnaryOp": lambda node, args: operation(_UNARY[type(node.op).__name__], *args),
    "BoolOp": _joined,
    "Compare": _compared,
    "IfExp": lambda node, args: operation("conditional", args[1], args[0], args[2]),
    "List": lambda node, args: listed(args),
    "Tuple": lambda node, args: Tree("tuple", tuple(args), None, (0, 0)),
    "Subscript": _subscript,
}
"""Expressions that are made of their parts alone; None for an operator that is not taken."""
