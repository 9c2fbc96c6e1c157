"""The reverse pass of a formula at a point, step by step, as a teacher would tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from symgrad.api import grad
from symgrad.compiled import Compiled
from symgrad.errors import SymgradError, told, visible
from symgrad.seeing.explanation import explain as stages
from symgrad.seeing.pages import (
    Block,
    Figure,
    Listing,
    as_html,
    as_markdown,
    as_text,
)
from symgrad.seeing.painting import picture
from symgrad.seeing.recording import Recording, check_size, record
from symgrad.seeing.teacher import Teacher

_MOST = 200
_MOST_DRAWN = 60


@dataclass(frozen=True, slots=True, repr=False)
class Lesson:
    """An explanation; printed, it is text, and notebooks show it as a page.

    Attributes
    ----------
    formula:
        Its text.
    blocks:
        What the page consists of.
    picture:
        Draws what stands below it in HTML.
    data:
        The same for programs, at a point: `nodes` with their values, `steps` of the reverse pass
        with what flows to which operand, and `grad`.
    """

    formula: str
    blocks: tuple[Block, ...]
    picture: Callable[[], list[Block]] = list
    data: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return as_text(self.blocks)

    def render(self, form: str = "text") -> str:
        """The page as `text`, as `markdown` with LaTeX, or as `html` that needs nothing else.

        Raises
        ------
        SymgradError
            It has no such form.
        """
        form = _SHORT.get(form, form)
        if form not in FORMS:
            hint = f"Write one of: {', '.join(FORMS)}."
            raise SymgradError(f"an explanation has no form {told(form)}", hint=hint)
        if form == "html":
            title = " ".join(visible(self.formula).split())
            return as_html([*self.blocks, *self.picture()], title) + "\n"
        return (as_text if form == "text" else as_markdown)(self.blocks) + "\n"

    def _repr_html_(self) -> str:
        return as_html([*self.blocks, *self.picture()])


FORMS = ("text", "markdown", "html")
_SHORT = {"txt": "text", "md": "markdown"}
"""Forms by the ends of files."""


def explain(
    formula: str | Compiled,
    at: Mapping[str, Any] | None = None,
    wrt: str | Sequence[str] | None = None,
) -> Lesson:
    r"""Explain how the gradient of a formula comes about.

    Parameters
    ----------
    formula, wrt:
        As for `grad`; what is compiled already is explained by the inputs that it has.
    at:
        The inputs by name: numbers or arrays. The reverse pass is walked through there step by
        step, over the formula as it was written: the value of each node, its rule, what it hands on
        to which operand, the sums where several meet, and the derivative by each input. Without it,
        what the compiler makes of the formula is shown stage by stage.

    >>> steps = str(explain("exp(x)", at={"x": 0.0})).split("1. ")[1]
    >>> print(steps.partition("\n\n")[0])
    v1 = exp(x) is the value itself: g = 1
       Rule: exp(x): out by x. Here x is x, out is v1.
       In words: exp is its own slope.
       x gets g times 1, which is 1 * 1 = 1

    Raises
    ------
    SymgradError
        The formula, `wrt` or an input is wrong, or there is too much to be explained.
    """
    if isinstance(formula, Compiled) and wrt is None:
        compiled = formula
    else:
        compiled = grad(formula.formula if isinstance(formula, Compiled) else formula, wrt)
    if at is None:
        return Lesson(compiled.formula, (Listing(stages(compiled.formula, wrt)),))
    return lesson(compiled, at)


def lesson(compiled: Compiled, at: Mapping[str, Any]) -> Lesson:
    """Explain the passes over a compiled formula at a point.

    Raises
    ------
    SymgradError
        The formula has too many operations to be explained one by one, or an input is wrong.
    """
    formula = compiled.formula
    check_size(formula, compiled.lowered, _MOST, "the explanation of")
    recording = record(compiled, at)
    check_size(formula, recording.graph, _MOST, "the explanation of")
    teacher = Teacher(compiled, recording)
    blocks = [*teacher.opening(), *teacher.forward(), *teacher.reverse(), *teacher.result(at)]
    figure = partial(_figure, compiled, dict(at), recording)
    return Lesson(formula, tuple(blocks), figure, teacher.data())


def _figure(compiled: Compiled, at: Mapping[str, Any], recording: Recording) -> list[Block]:
    """The picture, where there is something to draw it with."""
    if len(recording.graph.nodes) > _MOST_DRAWN:
        return []
    drawn = picture(compiled, at)
    return [] if drawn is None else [Figure(drawn)]
