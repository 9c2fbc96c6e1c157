"""What is computed only for a choice: in blocks in which no element asks for it, it is left out.

Guarded forms take one formula where it is exact and another far out; few blocks have elements of
both kinds. Which is chosen is decided element by element all the same, so that results do not
depend on where blocks begin.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from symgrad.graph import Node
from symgrad.schedule import Step

Case = tuple[Node, bool]
"""A condition, and whether it is where this holds, or where it does not, that something counts."""

CHOICES: Mapping[str, tuple[bool, ...]] = {"where": (True, False), "keep": (True,)}
"""For the operands of a choice after its condition, where they count."""


def cases(
    steps: Sequence[Step],
    outputs: Collection[Node],
    splits: Callable[[Step], bool],
    may_wait: Callable[[Step], bool],
) -> dict[Node, Case]:
    """By node, the one case in which it counts; those that always do, or in two cases, are missing.

    `splits` tells of which choices the condition can be looked at before, and `may_wait` which
    steps may be left out.
    """
    wanted: dict[Node, Case | None] = dict.fromkeys(outputs)
    for step in reversed(steps):
        if not may_wait(step):
            wanted[step.node] = None
        own = wanted.get(step.node)
        parts = [own] * len(step.operands)
        if own is None and step.spelling in CHOICES and splits(step):
            condition, kinds = step.operands[0], CHOICES[step.spelling]
            parts[1 : 1 + len(kinds)] = [(condition, kind) for kind in kinds]
        for operand, case in zip(step.operands, parts, strict=True):
            wanted[operand] = case if wanted.get(operand, case) == case else None
    return {node: case for node, case in wanted.items() if case is not None}


def delayed(steps: Sequence[Step], found: Mapping[Node, Case]) -> list[Step]:
    """The steps in an order in which what counts in one case stands right before its choice."""
    order: list[Step] = []
    waiting: dict[Node, Step] = {}
    for step in steps:
        if step.node in found:
            waiting[step.node] = step
            continue
        needed, below = [], [*step.operands]
        while waiting and below:
            before = waiting.pop(below.pop(), None)
            if before is not None:
                needed.append(before.node)
                below.extend(before.operands)
        inside = set(needed)
        order += [s for s in steps if s.node in inside] if inside else []
        order.append(step)
    return order
