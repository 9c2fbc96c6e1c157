"""Calls of the functions that a formula defines: the operations of a body on other operands.

In the body of another function a call stays one node, `CALL`, as long as nothing needs to look into
it: it is made of operations when that body is. So a chain of functions, each of which calls the one
before it, takes as many operations as it has, and not as many for each link.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from symgrad.errors import LimitError, Span
from symgrad.functions import FunctionTable
from symgrad.graph import Node
from symgrad.language.items import Maker
from symgrad.language.variables import LocalFunction, check_variable, held
from symgrad.limits import Limits

CALL = "local call"


class Caller(Maker, Protocol):
    """A lowerer, as far as calls need it."""

    bodies: list[LocalFunction]
    expanded: int
    variables: int


@dataclass(slots=True)
class _Frame:
    """A call under way: what is given for the parameters, what became of the nodes of the body,
    those to come, and the call itself where it stands in another body."""

    function: LocalFunction
    given: dict[Node, Node]
    made: dict[Node, Node]
    rest: Iterator[Node]
    call: Node | None


def placed(maker: Caller, function: LocalFunction, table: FunctionTable) -> LocalFunction:
    """The same function, with a place among the bodies if its calls may wait.

    They may where it is made of operations on numbers alone: then nobody looks into it.
    """
    size = 0
    for step in function.steps:
        known = table.find(step.op)
        if step.op == CALL:
            size += maker.bodies[_place(step)].size
        elif known is None or not known.is_operation or known.attributes or known.is_structural:
            return function
        else:
            size += 1
    if not size or maker.is_condition(function.result):
        return function
    function = replace(function, size=size, place=len(maker.bodies))
    maker.bodies.append(function)
    return function


def called(
    maker: Caller, function: LocalFunction, args: Sequence[Node], waits: bool, span: Span | None
) -> Node:
    """A call in a formula: its result, or a node for it where it `waits`.

    Raises
    ------
    LimitError
        The calls come to more operations than the limit.
    """
    if function.place is None or not waits:
        return replayed(maker, function, args, span)
    _check(maker, function.size, span)
    return maker.builder.node(CALL, *args, value=(function.place,), span=span)


def _place(call: Node) -> int:
    place: int = call.attributes[0]
    return place


def _check(maker: Caller, count: int, span: Span | None) -> None:
    most = Limits.current().nodes
    if count > most:
        raise LimitError(
            f"the calls of functions come to more than {most:,} operations", maker.text, span,
            "Functions that call functions can double at each level. "
            "symgrad.Limits(nodes=...) sets the limit.",
        )  # fmt: skip


def replayed(
    maker: Caller, function: LocalFunction, args: Sequence[Node], span: Span | None
) -> Node:
    """The result of a function's body on other operands."""
    frames = [_begun(maker, function, args, None, span)]
    while True:
        frame = frames[-1]
        function, made = frame.function, frame.made
        for step in frame.rest:
            operands = tuple([made.get(arg, arg) for arg in step.args])
            if step.op == CALL:
                frames.append(_begun(maker, maker.bodies[_place(step)], operands, step, span))
                break
            if step.op == "derivative" and step.args[1] in frame.given and step not in function.own:
                operands = operands[0], frame.given[step.args[1]]
                check_variable(operands[1], maker.text, span)
            made[step] = maker.builder.node(step.op, *operands, value=step.value, span=span)
        else:
            frames.pop()
            result = made.get(function.result, function.result)
            if frame.call is None:
                return result
            frames[-1].made[frame.call] = result


def _begun(
    maker: Caller,
    function: LocalFunction,
    args: Sequence[Node],
    call: Node | None,
    span: Span | None,
) -> _Frame:
    maker.expanded += len(function.steps)
    _check(maker, maker.expanded, span)
    given = dict(zip(function.parameters, args, strict=True))
    made = dict(given)
    for place in {step.args[1]: None for step in function.own}:
        maker.variables += 1
        name = function.names[function.parameters.index(place)]
        made[place] = held(maker, name, given[place], maker.variables, span)
    return _Frame(function, given, made, iter(function.steps), call)
