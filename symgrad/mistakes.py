"""Why a text is not a formula, in the user's terms: a table of common mistakes.

The parser only knows where it stopped. What stands there is looked up here, first match wins, to say
what is wrong and what to write instead.
"""

from __future__ import annotations

import re
import unicodedata

from symgrad.errors import FormulaSyntaxError, SymgradError

_NAME = "A-Za-z_Α-Ωα-ω"

# What stands at the place: a pattern, what is wrong, what to write instead.
_AT: tuple[tuple[str, str, str], ...] = (
    (r"[\"'`“”‘’]", "strings are not part of the language", "Write names without quotes."),
    (r"%", "'%' is not an operator here", "Write remainder(a, b), as in Python, or fmod(a, b)."),
    (r"//", "'//' is not an operator here", "Write floor(a / b)."),
    (r"@", "'@' is not an operator of this language", "Formulas are elementwise: write a * b."),
    (r"&&", "'&&' is not an operator here", "Write & or and."),
    (r"\|\|", "'||' is not an operator here", "Write | or or, and abs(x) for an absolute value."),
    (r"!(?!=)", "'!' is not an operator here", "Write not or ~; n! is exp(gammaln(n + 1))."),
    (r"\?", "'?' is not an operator here", "Write a if c else b, or where(c, a, b)."),
    (r"\$|\\", "TeX is not the language", "Write plain text, as alpha * sqrt(x)."),
    (r"\{|\}", "braces are not part of the language", "Group with parentheses ( )."),
    (r"=>|=<", "this is not a comparison", "Write >= or <=."),
    (r"===?", "this is not a comparison", "Write == between two values."),
    (r":=", "':=' is not an operator here", "Write name = expression as a statement of its own."),
    (r"\+=|-=|\*=|/=", "this is not an assignment", "Write name = name_before + change."),
    (r"=", "'=' cannot stand here", "Write == to compare; assign in a statement of its own."),
    (r"->|→", "an arrow is not part of a formula", "Write f(x) = expression to define a function."),
    (r"\.\.\.|…", "an ellipsis is not part of the language", "Write all terms."),
    (rf"\.\s*[{_NAME}]", "attributes are not part of the language", "Write f(x), not x.f."),
    (r"\.", "a decimal point needs a digit beside it", "Write 0.5 or 5.0."),
    (r"−|–|—", "this minus is not the ASCII one", "Write -."),
    (r"×|·|∙|⋅|∗", "this is not the multiplication sign of the language", "Write *."),
    (r"÷|∕|⁄", "this is not the division sign of the language", "Write /."),
    (r"[⁰¹²³⁴-⁹]", "superscripts are not part of the language", "Write x**2 or x^2."),
    (r"[₀-₉]", "subscripts are not part of the language", "Write x1 or x_1."),
    (r"√", "'√' is not part of the language", "Write sqrt(x)."),
    (r"∞", "'∞' is not part of the language", "Write inf."),
    (r"≤|≥|≠", "this comparison is not part of the language", "Write <=, >= or !=."),
    (r"¬|∧|∨", "this logical sign is not part of the language", "Write not, and, or."),
    (r"∂|∇|∫|∑|∏", "this sign is not part of the language", "Call a function by its name."),
)

# What stands at the place when a number ends right before it.
_AFTER_NUMBER: tuple[tuple[str, str, str], ...] = (
    (rf"[xXoObB](?<=0.)[0-9A-Fa-f]", "hexadecimal, octal and binary numbers are not in the language",
     "Write the number in decimal."),
    (r"[jJ](?![0-9A-Za-z_])", "complex numbers are not part of the language",
     "Write the real and the imaginary part as formulas of their own."),
    (r"_[0-9]", "numbers are written without underscores", "Write 1000, not 1_000."),
    (rf"[{_NAME}(]", "an operator is missing", "Write * to multiply, as in 2*x."),
)  # fmt: skip

_VARIANTS = {"ϖ": "varpi", "ϴ": "Theta", "µ": "μ", "Ω": "Ω", "℮": "e"}


def refuse_hidden_characters(text: str) -> None:
    """Refuse characters that a reader cannot see or that change the order of what is seen.

    Raises
    ------
    SymgradError
        The input is not text.
    FormulaSyntaxError
        A control, invisible, bidirectional or unusual white-space character is in the text.
    """
    if not isinstance(text, str):
        raise SymgradError(f"a formula is a text, not {type(text).__name__}")
    if text.isascii() and text.isprintable():
        return
    for character in sorted(set(text) - set("\t\n\r ")):
        if not character.isprintable():
            name = unicodedata.name(character, "a control character")
            place = text.index(character)
            raise FormulaSyntaxError(
                f"U+{ord(character):04X} ({name}) is not allowed in a formula",
                text,
                (place, place + 1),
                "Remove it, or write a plain space.",
            )


def diagnose(text: str, position: int) -> FormulaSyntaxError:
    """The error for a text whose parsing stopped at a position."""
    before = _code_before(text, position)
    if position >= len(text):
        return _unfinished(text, before)
    line_end = re.match(r"[;\r\n]", text[position])
    if line_end:
        return _unfinished(text, before, position)
    for pattern, message, hint in _candidates(text, before, position):
        found = re.compile(pattern).match(text, position)
        if found:
            return FormulaSyntaxError(message, text, (position, found.end()), hint)
    return _unexpected(text, before, position)


def _code_before(text: str, position: int) -> str:
    """What stands before a position on its line, without white space at its end."""
    line = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    return text[line:position].rstrip(" \t")


def _candidates(text: str, before: str, position: int) -> tuple[tuple[str, str, str], ...]:
    touching = bool(before) and text[position - 1] == before[-1]
    number = re.search(rf"(?<![{_NAME}0-9])[0-9.]+(?:[eE][+-]?[0-9]+)?$", before)
    return (_AFTER_NUMBER if touching and number else ()) + _AT


def _unfinished(text: str, before: str, position: int | None = None) -> FormulaSyntaxError:
    end = len(text.rstrip()) if position is None else position
    opening = _unclosed(text[:end])
    if opening is not None:
        bracket = text[opening]
        closing = {"(": ")", "[": "]"}[bracket]
        message = f"'{bracket}' is never closed"
        return FormulaSyntaxError(message, text, (opening, opening + 1), f"Add '{closing}'.")
    message = "the formula ends where an operand is expected"
    if position is not None:
        message = "the statement ends where an operand is expected"
    del before
    return FormulaSyntaxError(message, text, (end, end + 1), "Write a number, a name or a call.")


def _unclosed(text: str) -> int | None:
    """Where the last bracket stands that is open at the end of a text."""
    opened: list[int] = []
    for found in re.finditer(r"#[^\r\n]*|[(\[]|[)\]]", text):
        if found[0] in "([":
            opened.append(found.start())
        elif found[0] in ")]" and opened:
            opened.pop()
    return opened[-1] if opened else None


def _unexpected(text: str, before: str, position: int) -> FormulaSyntaxError:
    """Nothing in the table: say what was found, by what stands before it."""
    character = text[position]
    word = re.compile(rf"[{_NAME}][{_NAME}0-9]*|[0-9.]+|.").match(text, position)
    found = word[0] if word else character
    span = (position, position + len(found))
    after_operand = bool(re.search(rf"[{_NAME}0-9.)\]]$", before))
    if character in ")]":
        if _unclosed(text[:position]) is None:
            return FormulaSyntaxError(f"'{character}' closes nothing", text, span, "Remove it.")
        return FormulaSyntaxError(
            f"an operand is missing before '{character}'", text, span, "Write a number or a name."
        )
    if re.match(rf"[{_NAME}0-9.(]", character) and after_operand:
        return FormulaSyntaxError(
            f"an operator is missing before '{found}'", text, span, "Write * to multiply."
        )
    if character == ",":
        return FormulaSyntaxError(
            "a comma separates arguments of a call, and nothing else here", text, span,
            "Write 0.5 with a point; separate statements by ';'.",
        )  # fmt: skip
    if character in "[:":
        return FormulaSyntaxError(
            f"'{character}' cannot stand here", text, span, "Write v[0] to pick an element."
        )
    if not character.isascii():
        return _foreign(text, character, span)
    return FormulaSyntaxError(
        f"an operand is missing before '{found}'", text, span, "Write a number, a name or a call."
    )


def _foreign(text: str, character: str, span: tuple[int, int]) -> FormulaSyntaxError:
    name = unicodedata.name(character, "an unnamed character")
    plain = _VARIANTS.get(character) or unicodedata.normalize("NFKC", character)
    hint = "Names are made of ASCII letters, digits, underscores and Greek letters."
    if plain != character and re.fullmatch(rf"[{_NAME}0-9]+", plain):
        hint = f"Write {plain}."
    return FormulaSyntaxError(
        f"U+{ord(character):04X} ({name}) is not a letter of the language", text, span, hint
    )
