"""Declarations at the head of a formula: `X: (n, d); w: (d,); b: scalar`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symgrad.errors import InputError, NameRuleError, Span
from symgrad.language.items import plain_number
from symgrad.language.tree import Statement, Tree

SCALAR_WORDS = ("scalar", "float")


@dataclass(frozen=True, slots=True)
class Declaration:
    """The shape that is declared for an input: sizes, and names of sizes."""

    sizes: tuple[int | str, ...]
    name_span: Span

    def __str__(self) -> str:
        comma = "," if len(self.sizes) == 1 else ""
        return f"({', '.join(map(str, self.sizes))}{comma})" if self.sizes else "scalar"


def declared_shape(statement: Statement, text: str, at_head: bool) -> tuple[str, Declaration]:
    """The name and the shape of a declaration.

    Raises
    ------
    NameRuleError
        It does not stand at the head of the formula, or is no shape.
    """
    target, body = statement.target, statement.body
    assert target is not None
    hint = "Write X: (n, d), w: (d,) or b: scalar."
    if target.op != "name":
        raise NameRuleError("only a name can be declared", text, target.span, hint)
    if not at_head:
        message = "a declaration stands at the head of the formula"
        raise NameRuleError(message, text, statement.span, "Move it before all other statements.")
    return target.value, Declaration(_sizes(body, text, hint), target.span)


def _sizes(body: Tree, text: str, hint: str) -> tuple[int | str, ...]:
    if body.op == "name" and body.value in SCALAR_WORDS:
        return ()
    if body.op != "tuple":
        raise NameRuleError("this is not a shape", text, body.span, hint)
    sizes: list[int | str] = []
    for part in body.args:
        size = plain_number(part.value) if part.op == "number" else part.value
        if part.op not in ("name", "number") or isinstance(size, float):
            message = "a size is a whole number or a name"
            raise NameRuleError(message, text, part.span, hint)
        sizes.append(size)
    return tuple(sizes)


def check_declared(
    declared: Mapping[str, Declaration], shapes: Mapping[str, tuple[int | None, ...]], text: str
) -> None:
    """Raise an InputError for the first input whose shape is not the one that was declared."""
    sizes: dict[str, tuple[int | None, str]] = {}
    for name, declaration in declared.items():
        shape, span = shapes[name], declaration.name_span
        wanted = declaration.sizes
        if len(shape) != len(wanted):
            message = f"{name} is declared as {declaration} and has shape {shape}"
            raise InputError(message, text, span, f"It needs {_axes(len(wanted))}.")
        for size, want in zip(shape, wanted, strict=True):
            if isinstance(want, int):
                if size != want:
                    message = f"{name} is declared as {declaration} and has shape {shape}"
                    raise InputError(message, text, span, f"An axis must have size {want}.")
                continue
            before, other = sizes.setdefault(want, (size, name))
            if before != size:
                message = f"{want} is {before} in {other} and {size} in {name}"
                hint = f"Here {other} has shape {shapes[other]} and {name} has shape {shape}."
                raise InputError(message, text, span, hint)


def _axes(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"
