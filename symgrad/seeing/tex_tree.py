"""Trees of the formula language in LaTeX: statements and expressions, as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from symgrad.functions import CONSTANTS, Function, FunctionTable
from symgrad.language.declarations import SCALAR_WORDS
from symgrad.language.printer import unparse
from symgrad.language.template import HOLE, Slice
from symgrad.language.tree import Statement, Tree, postorder
from symgrad.seeing.tex import ATOM, COMPARE, SUM, Tex, escaped, fenced, name, number
from symgrad.seeing.tex_spellings import Given, cases, operator, written

_SIGNS = {"<": "<", "<=": r"\leq", ">": ">", ">=": r"\geq", "==": "=", "!=": r"\neq"}
_CONSTANTS = {"pi": r"\pi", "π": r"\pi", "inf": r"\infty", "nan": r"\mathrm{nan}"}
_VALUES = ("f", "F", r"\mathrm{value}")
"""What the value of a formula is called, if the formula has no such name of its own."""


def expression(tree: Tree, names: Mapping[str, Tex], table: FunctionTable) -> Tex:
    """An expression over names that are written already."""
    return TreeWriter((), table, names).write(tree)


class TreeWriter:
    """Writes trees. What is called what is settled once for a formula."""

    def __init__(
        self,
        statements: Sequence[Statement],
        table: FunctionTable,
        names: Mapping[str, Tex] | None = None,
    ) -> None:
        self.table = table
        self.functions = {s.target.value.name for s in statements if _defines(s) and s.target}
        self.assigned = {
            part.value
            for s in statements
            if s.target is not None and not s.declares and not _defines(s)
            for part in (s.target.args if s.target.op == "tuple" else (s.target,))
        }
        self.names = dict(names or _names(statements))
        taken = {tex.code for tex in self.names.values()} | {name(f) for f in self.functions}
        self.value = next(v for v in (*_VALUES, r"\mathrm{value}") if v not in taken)

    def statement(self, statement: Statement) -> str:
        """A line: what is defined, and as what."""
        target, body = statement.target, statement.body
        if statement.declares and target is not None:
            return rf"{self.of(target.value).code} &\in {self.space(body)}"
        written_body = self.write(body).code
        if target is None:
            return f"{self.value} &= {written_body}"
        if target.op == "tuple":
            names = ", ".join(self.of(part.value).code for part in target.args)
            return f"{names} &= {written_body}"
        if target.op == "call":
            names = ", ".join(self.of(part.value).code for part in target.args)
            return f"{name(target.value.name)}({names}) &= {written_body}"
        return f"{self.of(target.value).code} &= {written_body}"

    def space(self, shape: Tree) -> str:
        """The set that a declared input is from."""
        if shape.op == "name" and shape.value in SCALAR_WORDS:
            return r"\mathbb{R}"
        sizes = [self.write(part).code for part in (shape.args if shape.op == "tuple" else [shape])]
        power = r" \times ".join(sizes)
        return r"\mathbb{R}" + (f"^{{{power}}}" if sizes else "")

    def of(self, variable: str) -> Tex:
        """A variable."""
        return self.names.get(variable) or Tex(name(variable))

    def write(self, root: Tree) -> Tex:
        """An expression."""
        done: dict[int, Tex] = {}
        for tree in postorder(root):
            done[id(tree)] = self._written(tree, [done[id(arg)] for arg in tree.args])
        return done[id(root)]

    def _written(self, tree: Tree, args: Sequence[Tex]) -> Tex:
        match tree.op:
            case "number":
                return number(tree.value)
            case "name" if tree.value in CONSTANTS and tree.value not in self.names:
                return Tex(_CONSTANTS[tree.value])
            case "name":
                return self.of(tree.value)
            case "literal":
                return Tex(rf"\mathrm{{{escaped(tree.value)}}}")
            case "call":
                return self._call(tree, args)
            case "compare":
                return _compared(tree.value, args)
            case "conditional":
                first, condition, second = args
                return cases([(first.code, condition.code), *(second.rows or [(second.code, "")])])
            case "index":
                return indexed(args[0], tree.value, [arg.code for arg in args[1:]])
            case "attribute":
                return _attribute(tree.value, args[0])
            case "tuple":
                return Tex(fenced(", ".join(arg.code for arg in args)))
            case "list":
                return _matrix(tree, args)
            case op:
                return written(Given(op, args))

    def _call(self, tree: Tree, args: Sequence[Tex]) -> Tex:
        """A call, with its arguments in the order of the function's head."""
        called, keywords = tree.value.name, tree.value.keywords
        if called in self.functions or called not in self.table:
            short = {"D": "derivative"}.get(called)
            if short is not None and called not in self.functions:
                return written(Given(short, args))
            head, tail = name(called), fenced(", ".join(arg.code for arg in args))
            return Tex(head + tail, ATOM, head, tail)
        function = self.table[called]
        operands: list[Tex] = []
        extras: dict[str, Tex] = {}
        positional = len(args) - len(keywords)
        for place, (tree_of, tex) in enumerate(zip(tree.args, args, strict=True)):
            keyword = keywords[place - positional] if place >= positional else None
            parameter = _parameter(function, place, keyword)
            if parameter in function.attributes and not _is_default(function, parameter, tree_of):
                extras[parameter] = tex
            elif parameter not in function.attributes:
                operands.append(tex)
        return written(Given(called, operands, extras))


def _defines(statement: Statement) -> bool:
    return statement.target is not None and statement.target.op == "call"


def _names(statements: Iterable[Statement]) -> dict[str, Tex]:
    """How the names of a formula are written; two that would look alike are spelled out."""
    found: dict[str, None] = {}
    for statement in statements:
        for root in (statement.target, statement.body):
            for tree in postorder(root) if root is not None else ():
                if tree.op == "name":
                    found[str(tree.value)] = None
    names: dict[str, Tex] = {}
    taken: set[str] = set()
    for variable in found:
        if variable not in CONSTANTS:
            code = name(variable)
            names[variable] = Tex(rf"\mathrm{{{escaped(variable)}}}" if code in taken else code)
            taken.add(code)
    return names


def _parameter(function: Function, place: int, keyword: str | None) -> str:
    return keyword or function.names[min(place, len(function.names) - 1)]


def _is_default(function: Function, parameter: str, given: Tree) -> bool:
    default = next(p.default for p in function.parameters if p.name == parameter)
    return default is not None and unparse(default) == unparse(given)


def _compared(signs: Sequence[str], args: Sequence[Tex]) -> Tex:
    parts = [args[0].within(SUM)]
    for sign, arg in zip(signs, args[1:], strict=True):
        parts += [_SIGNS[sign], arg.within(SUM)]
    return Tex(" ".join(parts), COMPARE)


def indexed(base: Tex, key: Any, fillings: Sequence[str]) -> Tex:
    """A part of an array, at a key whose holes are filled."""
    rest = iter(fillings)
    shown = ", ".join(_entry(part, rest) for part in (key if isinstance(key, tuple) else (key,)))
    if base.precedence == ATOM and "_" not in base.code and not base.head:
        return Tex(f"{base.code}_{{{shown}}}")
    return Tex(rf"{base.within(ATOM)}[{shown}]")


def _entry(part: Any, rest: Iterator[str]) -> str:
    if part is Ellipsis:
        return r"\dots"
    if isinstance(part, Slice):
        ends = [next(rest) if end is HOLE else end for end in part.parts]
        start, stop, step = ("" if end is None else str(end) for end in ends)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if part is HOLE:
        return next(rest)
    return r"\ast" if part is None else str(part)


def _attribute(attribute: str, base: Tex) -> Tex:
    if attribute in ("T", "mT"):
        return written(Given("transpose", [base]))
    return Tex(rf"{operator(attribute)}{fenced(base.code)}")


def _matrix(tree: Tree, args: Sequence[Tex]) -> Tex:
    """A list of lists of one length is a matrix, any other one a row."""
    rows = [arg for arg in tree.args if arg.op == "list"]
    if rows and len(rows) == len(args) and len({len(row.args) for row in rows}) == 1:
        lines = [arg.tail for arg in args]
        return Tex(r"\begin{pmatrix} " + r" \\ ".join(lines) + r" \end{pmatrix}")
    inner = ", ".join(arg.code for arg in args)
    return Tex(rf"\left[{inner}\right]", ATOM, "", " & ".join(arg.code for arg in args))
