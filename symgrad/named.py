"""Named inputs that are told apart: data, which are known, and parameters, which are looked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symgrad.errors import InputError, did_you_mean


def check_names(
    text: str,
    inputs: Sequence[str],
    parameters: Collection[str],
    data: Collection[str],
    others: Collection[str] = (),
) -> None:
    """Raise an InputError unless each input of a formula is a parameter, data, or another.

    `others` may name what is no input; the messages speak of `start` and `data`.
    """
    whole = (0, len(text))
    for name in parameters:
        if name in data:
            raise InputError(
                f"{name} stands in both data and start",
                hint="What is known belongs in data, what is to be fitted in start.",
            )
    if not parameters:
        raise InputError("start names no parameter to fit", text, whole, inputs_are(inputs))
    for place, names in (("start", parameters), ("data", data)):
        for name in names:
            if name not in inputs:
                hint = did_you_mean(str(name), inputs) or inputs_are(inputs)
                message = f"{place} has {name}, which is not an input of the formula"
                raise InputError(message, text, whole, hint)
    given = {*parameters, *data, *others}
    missing = [name for name in inputs if name not in given]
    if missing:
        are = "input {} is" if len(missing) == 1 else "inputs {} are"
        raise InputError(
            f"the {are.format(', '.join(missing))} in neither data nor start",
            text, whole, "What is known belongs in data, what is to be fitted in start.",
        )  # fmt: skip


def inputs_are(inputs: Sequence[str]) -> str:
    """A hint that lists them."""
    return f"Its inputs are: {', '.join(inputs)}." if inputs else "It has no inputs."
