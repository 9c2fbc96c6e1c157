"""The driver: formula text to the graph of its value and derivatives, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgrad.collector import paused
from symgrad.errors import DerivativeError, did_you_mean
from symgrad.functions import FunctionTable
from symgrad.graph import Graph
from symgrad.lower import lower
from symgrad.reverse import reverse
from symgrad.simplify import simplify, stabilise


@dataclass(frozen=True, slots=True)
class Derived:
    """A formula's graph with its value and one derivative per name in `wrt` as outputs."""

    inputs: tuple[str, ...]
    wrt: tuple[str, ...]
    graph: Graph


def stages(
    text: str, wrt: Sequence[str] | None, table: FunctionTable, exact: bool = False
) -> Iterator[tuple[str, Derived]]:
    """The stages of a compilation, by name, as they come out."""
    lowered = lower(text, table)
    chosen = lowered.inputs if wrt is None else tuple(wrt)
    check_wrt(chosen, lowered.inputs, text)
    yield "lower", Derived(lowered.inputs, chosen, lowered.graph)
    graph = stabilise(lowered.graph, table, exact)
    yield "stabilise", Derived(lowered.inputs, chosen, graph)
    graph = reverse(graph, chosen, table, text)
    yield "reverse", Derived(lowered.inputs, chosen, graph)
    graph = simplify(graph, table, exact)
    yield "simplify", Derived(lowered.inputs, chosen, graph)


def derive(
    text: str, wrt: Sequence[str] | None, table: FunctionTable, exact: bool = False
) -> Derived:
    """Compile a formula to the graph of its value and derivatives.

    Raises
    ------
    SymgradError
        Of the kind that says what is wrong with the formula or with `wrt`.
    """
    with paused():
        *_, (_, derived) = stages(text, wrt, table, exact)
    return derived


def check_wrt(wrt: Sequence[str], inputs: Sequence[str], text: str) -> None:
    """Raise a DerivativeError for a name that is not an input, or that is given twice."""
    for position, name in enumerate(wrt):
        if name not in inputs:
            known = ", ".join(inputs) or "none"
            hint = did_you_mean(str(name), inputs) or f"Its inputs are: {known}."
            raise DerivativeError(
                f"wrt: {name} is not an input of the formula", text, (0, len(text)), hint
            )
        if name in wrt[:position]:
            raise DerivativeError(f"wrt: {name} is given twice", hint="Name each input once.")
