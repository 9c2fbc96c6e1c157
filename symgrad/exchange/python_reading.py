"""Python functions of plain arithmetic as formulas: `from_function`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, NoReturn

from symgrad.api import function
from symgrad.errors import is_hidden
from symgrad.exchange.python_expressions import Expressions, path_of
from symgrad.exchange.python_source import Source, source_of
from symgrad.language.making import assigned, call, fitting, name, number, operation, valued
from symgrad.language.printer import unparse_statements
from symgrad.language.template import HOLE
from symgrad.language.tree import Statement, Tree

_ORDER = "the inputs, in the order of the function's parameters"

_MADE = frozenset("rint maximum minimum trunc remainder floor_divide logical_xor abs log".split())
"""Functions that operators and functions of Python become."""

_WITHOUT: Mapping[str, str] = {
    **dict.fromkeys(("For", "While"), "Write it without a loop: np.sum and np.where take arrays."),
    "If": "Write a if condition else b, or return from each branch.",
    "Assert": "Leave it out; declared shapes and symgrad.check find what does not fit.",
    **dict.fromkeys(("Import", "ImportFrom"), "Import at the top of the file."),
    **dict.fromkeys(("FunctionDef", "ClassDef"), "Define it outside of the function."),
    **dict.fromkeys(("Global", "Nonlocal"), "Take it as a parameter."),
    "Expr": "Only assignments and return stand in a formula.",
}
"""What to write instead of a statement that a formula does not have."""


def from_function(fn: Callable[..., Any] | str) -> str:
    """A formula for a Python function of plain arithmetic, for all verbs to take.

    The function is read, never run. Parameters become inputs, in their order, and assignments
    statements. Functions of NumPy, `math` and SciPy are called by their names in the language, and
    other functions of the program become functions of the formula. Numbers of the module around it
    are written into the formula as they are now. The docstring and comments stay as comments.

    Parameters
    ----------
    fn:
        A `def` or a `lambda` in a file, or the text of one. Defaults of parameters are left out:
        each input is given in a call.

    >>> print(from_function('''
    ... def wave(t, a, k):
    ...     phase = k*t   # in radians
    ...     return a * np.sin(phase) if t > 0 else 0.0
    ... '''))
    order = (t, a, k)  # the inputs, in the order of the function's parameters
    phase = k * t  # in radians
    a * sin(phase) if t > 0 else 0

    Raises
    ------
    InputError
        It is no function written in Python, or its source cannot be found.
    FormulaSyntaxError
        Something in it has no counterpart in the language; the message shows its place.
    SymgradError
        What it makes is no formula; the message shows that.
    """
    program = _Program(source_of(fn))
    comments, lines = program.written()
    text = "\n".join([*comments, *lines])
    order = program.parameters()
    if order and function(text).inputs != tuple(order):
        word = fitting("order", program.taken)
        listed = Tree("tuple", tuple(map(name, order)), None, (0, 0))
        first = _text(assigned(name(word), listed))
        text = "\n".join([*comments, f"{first}  # {_ORDER}", *lines])
        function(text)
    return text


def _text(statement: Statement) -> str:
    return unparse_statements([statement])


class _Program:
    """A function and those that it calls: names for all that they share."""

    def __init__(self, main: Source) -> None:
        self.main = main
        self.constants: dict[str, tuple[str, float]] = {}
        self.words: dict[int, str] = {}
        self.defaults: dict[int, Mapping[str, Tree | None]] = {}
        self.kept: list[Any] = []
        self.sources = self._ordered()
        own = [word for source in self.sources for word in _own_names(source)]
        self.taken = {fitting(word) for word in own}
        self.called = _MADE.union(*map(_called_elsewhere, self.sources))

    def parameters(self) -> list[str]:
        """The inputs in their order."""
        return [str(tree.value) for tree in self._environment(self.main).values()]

    def written(self) -> tuple[list[str], list[str]]:
        """The docstring as comments, and the statements."""
        helpers: list[str] = []
        for source in self.sources[:-1]:
            body = _Body(source, self._expressions(source), self._environment(source), self.taken)
            word = fitting(source.name, {*self.called, *self.words.values()})
            key = id(source.identity)
            self.words[key] = word
            self.defaults[key] = self._defaults(source)
            arguments = list(self._environment(source).values())
            helpers.append(_text(assigned(call(word, arguments), body.value())))
        env = self._environment(self.main)
        body = _Body(self.main, self._expressions(self.main), env, self.taken)
        comments, lines = body.lines()
        heads = [_text(assigned(name(word), number(x))) for word, x in self.constants.values()]
        return comments, [*heads, *helpers, *lines]

    def _ordered(self) -> list[Source]:
        """All functions, each after those that it calls."""
        known: dict[int, Source] = {id(self.main.identity): self.main}
        calls: dict[int, set[int]] = {}
        waiting = [self.main]
        while waiting:
            source = waiting.pop()
            found = calls.setdefault(id(source.identity), set())
            for value, word in _called(source):
                self.kept.append(value)
                key = id(value.identity if isinstance(value, Source) else value)
                found.add(key)
                if key not in known:
                    known[key] = value if isinstance(value, Source) else source_of(value)
                    known[key].label = known[key].label or word
                    waiting.append(known[key])
        try:
            return [known[key] for key in TopologicalSorter(calls).static_order()]
        except CycleError as error:
            inner = known[error.args[1][0]]
            return inner.refuse(f"{inner.name} calls itself", inner.node, "Write it without.")

    def _environment(self, source: Source) -> dict[str, Tree]:
        env: dict[str, Tree] = {}
        for argument in _arguments(source):
            word = fitting(argument.arg, {str(tree.value) for tree in env.values()})
            env[argument.arg] = name(word)
        return env

    def _defaults(self, source: Source) -> Mapping[str, Tree | None]:
        arguments = source.node.args
        names = [argument.arg for argument in _arguments(source)]
        plain = len(names) - len(arguments.kwonlyargs)
        ends = [None] * (plain - len(arguments.defaults)) + [*arguments.defaults]
        values = zip(names, [*ends, *arguments.kw_defaults], strict=True)
        expressions = self._expressions(source)
        return {word: expressions.tree(v, {}) if v is not None else None for word, v in values}

    def _expressions(self, source: Source) -> Expressions:
        return Expressions(source, self._constant, self._helper)

    def _constant(self, word: str, value: float) -> Tree:
        key = f"{word} {value!r}"
        if key not in self.constants:
            used = {one for one, _ in self.constants.values()}
            self.constants[key] = fitting(word, self.taken | used), value
        return name(self.constants[key][0])

    def _helper(self, value: Any) -> tuple[str, Mapping[str, Tree | None]]:
        key = id(value.identity if isinstance(value, Source) else value)
        return self.words[key], self.defaults[key]


_Assigned = tuple[tuple[str, ...], Tree]


class _Body:
    """The statements of a function, one after the other."""

    def __init__(
        self, source: Source, expressions: Expressions, env: dict[str, Tree], taken: set[str]
    ) -> None:
        self.source, self.expressions, self.env = source, expressions, dict(env)
        self.inputs = {str(tree.value) for tree in env.values()}
        self.taken = taken
        self.guards: list[tuple[Tree, Tree]] = []
        decorators = getattr(source.node, "decorator_list", None)
        if decorators:
            first = decorators[0]
            source.refuse("a decorator may change the function", first, "Leave it out.")

    def value(self) -> Tree:
        """The value as one expression, in which names stand for what was assigned to them."""
        for found in self._steps():
            if isinstance(found, Tree):
                return found
            targets, tree = found
            if len(targets) == 1:
                self.env[targets[0]] = tree
            else:
                parts = [(tree, number(place)) for place in range(len(targets))]
                items = [Tree("index", part, (HOLE,), (0, 0)) for part in parts]
                self.env.update(zip(targets, items, strict=True))
        return self._endless()

    def lines(self) -> tuple[list[str], list[str]]:
        """The docstring as comments, and a line for each statement, with its comments."""
        node = self.source.node
        documented = isinstance(node, ast.FunctionDef) and ast.get_docstring(node)
        head = [f"# {line}".rstrip() for line in (documented or "").splitlines()]
        comments = self.source.comments()
        lines: list[str] = []
        for found in self._steps():
            first, last = self.place
            own = [comments.pop(k) for k in sorted(comments) if k < first]
            beside = "  ".join(comments.pop(k) for k in sorted(comments) if k <= last)
            if isinstance(found, Tree):
                text = _text(valued(found))
            else:
                targets, tree = found
                names = tuple(map(self._named, targets))
                several = Tree("tuple", names, None, (0, 0))
                text = _text(assigned(names[0] if len(names) == 1 else several, tree))
            lines += [*filter(_is_plain, own), f"{text}  {beside}" if _is_plain(beside) else text]
            if isinstance(found, Tree):
                return list(filter(_is_plain, head)), lines
        return self._endless()

    def _named(self, target: str) -> Tree:
        """A name for what is assigned; that of an input stays the input's."""
        word = fitting(target)
        if word in self.inputs:
            word = fitting(target, self.taken)
            self.taken.add(word)
        self.env[target] = name(word)
        return self.env[target]

    def _steps(self) -> Iterator[_Assigned | Tree]:
        """What is assigned, and at the end the value."""
        node = self.source.node
        if isinstance(node, ast.Lambda):
            self.place = node.lineno, node.body.end_lineno or node.lineno
            yield self.expressions.tree(node.body, self.env)
            return
        waiting = list(reversed(node.body))
        while waiting:
            statement = waiting.pop()
            self.place = statement.lineno, statement.end_lineno or statement.lineno
            match statement:
                case ast.Return(value=ast.Tuple() as value):
                    self.source.refuse("a formula has one value", value, "Return one of them.")
                case ast.Return(value=ast.expr() as value):
                    yield self._guarded(self.expressions.tree(value, self.env))
                    return
                case ast.If(test=test, body=[ast.Return(value=ast.expr() as value)], orelse=rest):
                    condition = self.expressions.tree(test, self.env, test=True)
                    self.guards.append((condition, self.expressions.tree(value, self.env)))
                    waiting += reversed(rest)
                case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.AnnAssign(value=None):
                    continue
                case _:
                    yield from self._assignments(statement)

    def _guarded(self, result: Tree) -> Tree:
        for condition, value in reversed(self.guards):
            result = operation("conditional", value, condition, result)
        return result

    def _assignments(self, statement: ast.stmt) -> Iterator[_Assigned]:
        match statement:
            case ast.Assign(targets=[ast.Name(id=word)], value=value):
                yield (word,), self.expressions.tree(value, self.env)
            case ast.AnnAssign(target=ast.Name(id=word), value=ast.expr() as value):
                yield (word,), self.expressions.tree(value, self.env)
            case ast.AugAssign(target=ast.Name(id=word) as target, op=op, value=value):
                old = ast.copy_location(ast.Name(word, ast.Load()), target)
                whole = ast.copy_location(ast.BinOp(old, op, value), statement)
                yield (word,), self.expressions.tree(whole, self.env)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value) if all(
                isinstance(target, ast.Name) for target in targets
            ):
                words = [target.id for target in targets if isinstance(target, ast.Name)]
                yield from self._several(statement, words, value)
            case _:
                hint = _WITHOUT.get(type(statement).__name__, "Assign one name in each statement.")
                self.source.refuse("a formula has no such statement", statement, hint)

    def _several(
        self, statement: ast.stmt, words: list[str], value: ast.expr
    ) -> Iterator[_Assigned]:
        """`a, b = x, y` one by one, and `Q, R = qr(A)` at once."""
        values = value.elts if isinstance(value, ast.Tuple) else []
        if len(values) == len(words):
            for place, (word, one) in enumerate(zip(words, values, strict=True)):
                if not _names_in(one).isdisjoint(words[:place]):
                    hint = "Assign them one after the other."
                    self.source.refuse("this needs a name that is assigned here", one, hint)
                yield (word,), self.expressions.tree(one, self.env)
            return
        yield tuple(words), self.expressions.tree(value, self.env)

    def _endless(self) -> NoReturn:
        self.source.refuse("the function returns nothing", self.source.node, "End it with return.")


def _arguments(source: Source) -> list[ast.arg]:
    arguments = source.node.args
    for several in (arguments.vararg, arguments.kwarg):
        if several is not None:
            source.refuse("a formula has a fixed number of inputs", several, "Name each of them.")
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _own_names(source: Source) -> set[str]:
    """The parameters, and all that the function assigns."""
    stored = {
        node.id
        for node in ast.walk(source.node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return stored | {argument.arg for argument in _arguments(source)}


def _names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _called(source: Source) -> Iterator[tuple[Any, str]]:
    """Other functions of the program that a function calls, and by which names."""
    own = _own_names(source)
    for node in ast.walk(source.node):
        if isinstance(node, ast.Call) and (path := path_of(node.func, own)) is not None:
            found = source.meaning(path)
            if found is not None and found.kind == "helper":
                yield found.value, path[-1]


def _called_elsewhere(source: Source) -> set[str]:
    """The names of methods, and of functions that are no part of the program."""
    own = _own_names(source)
    names = set()
    for node in ast.walk(source.node):
        if isinstance(node, ast.Call):
            path = path_of(node.func, own)
            found = None if path is None else source.meaning(path)
            if path is None and isinstance(node.func, ast.Attribute):
                names.add(node.func.attr)
            elif found is not None and found.kind != "helper":
                names.add(str(found.value))
    return names


def _is_plain(comment: str) -> bool:
    return comment.startswith("#") and not any(map(is_hidden, comment))
