"""Tables of common mistakes: what stands in a formula, what is wrong, what to write instead."""

from __future__ import annotations

import re

LETTER = "A-Za-z_Α-Ωα-ω"
NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

TOKEN = re.compile(
    rf"(?P<comment>#[^\r\n]*)|(?P<prefix>not(?![{LETTER}0-9])(?=\s*[{LETTER}0-9.(~+\-]))"
    rf"|(?P<word>[{LETTER}][{LETTER}0-9]*)|(?P<number>{NUMBER})"
    r"|(?P<quoted>'[^'\r\n]*'|\"[^\"\r\n]*\")|(?P<whole>\.\.\.)"
    r"|(?P<space>[ \t]+)|(?P<line>\r\n?|\n)|(?P<sign>\*\*|[=!<>]=|.)"
)
SIGNS = frozenset("-+*/%&|=<>!:^~@?")
CLOSING = {"(": ")", "[": "]"}
BRACKETS = {
    ("(", True): "call",
    ("[", True): "index",
    ("(", False): "group",
    ("[", False): "list",
}
ENDS = ("", ";", "\r", "\n", "\r\n")

OPERAND = "Write a number, a name or a call."
CHOICE = "Write a if c else b, or where(c, a, b)."
_PYTHON = "Formulas are expressions and assignments; they apply to arrays element by element."
_PRIME = "a prime is not part of the language"
_ELLIPSIS = "an ellipsis cannot stand here"

# Each row: what stands at the place, what is wrong, what to write instead.
Row = tuple[str, str, str]

AFTER_NUMBER: tuple[Row, ...] = (
    (r"0[xXoObB][0-9A-Fa-f_]+", "numbers are decimal here", "Write 255, not 0xff."),
    (rf"{NUMBER}[jJ](?![{LETTER}0-9])", "complex numbers are not part of the language",
     "Write the real and the imaginary part as formulas of their own."),
    (rf"{NUMBER}[_'][0-9_']*", "digits are not grouped here", "Write 1000, not 1_000."),
    (rf"[0-9.]+[eE][+-]?(?![{LETTER}0-9])", "an exponent needs digits", "Write 1e5 or 1e-5."),
    (rf"{NUMBER}\.[0-9.]*", "a number has one decimal point", "Write 1.5."),
)  # fmt: skip
"""Where a number has just ended; a row stands for the whole number."""

AFTER_DOT: tuple[Row, ...] = (
    (r"\.(?:\^|\*\*)", "'.^' is not an operator here", "Write **, which is elementwise."),
    (r"\.\*", "'.*' is not an operator here", "Write *, which is elementwise."),
    (r"\./", "'./' is not an operator here", "Write /, which is elementwise."),
    (r"\.['’]", _PRIME, "Write A.T to transpose."),
    (r"\.\.\.", _ELLIPSIS, "Write all terms; in an index write x[..., 0]."),
)
"""Where the dot of an attribute has just ended; a row begins at the dot."""

ANYWHERE: tuple[Row, ...] = (
    (r"(?<=[fFrRbBuU])(?:\"[^\"\r\n]*\"?|'\{[^'\r\n]*'?)", "a text has no prefix here",
     "Write plain quotes, as in einsum('ij,jk', A, B)."),
    (rf"(?<=[{LETTER}0-9)\]])['’′]+(?=\()", _PRIME,
     "Write D(f(x), x) for the derivative of f(x) by x."),
    (rf"(?<=[{LETTER}0-9)\]])['’′]+", _PRIME,
     "Write A.T to transpose, D(u, x) for the derivative of u by x."),
    (r"\"[^\"\r\n]*(?=[\r\n]|$)|'[^'\r\n]*(?=[\r\n]|$)", "a text in quotes is never closed",
     "End it with the quote that begins it."),
    (r"\"[^\"\r\n]*\"|'[^'\r\n]*'", "a text in quotes cannot stand here",
     "Write it as an argument alone, as in einsum('ij,jk', A, B)."),
    (r"`[^`\r\n]*`?|[“”‘’][^“”‘’\r\n]*[“”‘’]?", "these are not the quotes of the language",
     "Write names without quotes, and a text as 'ij,jk'."),
    (r"\*\*=|//=|<<=|>>=|[-+*/%^&|@]=(?!=)", "this is not an assignment of the language",
     "Write a = a + b in full."),
    (r":=", "':=' is not an operator here", "Write name = expression as a statement of its own."),
    (r"={3,}|!==", "this is not a comparison", "Write == or != between two values."),
    (r"=>|=<|<>", "this is not a comparison", "Write >=, <= or !=."),
    (r"<<|>>", "bits cannot be shifted here", "Write x * 2**n or floor(x / 2**n)."),
    (r"->|→|↦", "an arrow is not part of a formula",
     "Write f(x) = expression to define a function."),
    (r"(?<!=)=(?!=)", "'=' cannot stand here",
     "Write == to compare; assign in a statement of its own."),
    (r"%", "'%' is not an operator here", "Write remainder(a, b), as % in Python, or fmod(a, b)."),
    (r"//", "'//' is not an operator here", "Write floor_divide(a, b)."),
    (r"&&", "'&&' is not an operator here", "Write & or and."),
    (r"\|\|", "'||' is not an operator here",
     "Write | or or; abs(x) or norm(x) for what stands between bars."),
    (r"\?", "'?' is not an operator here", CHOICE),
    (r"\$|\\(?=[A-Za-z({\[])", "TeX is not part of the language",
     "Write plain text, as alpha * sqrt(x)."),
    (rf"\\[ \t]+(?=[{LETTER}0-9(])", "'\\' is not an operator here", "Write solve(A, b)."),
    (r"\\", "a backslash does not continue a line",
     "End the line with an operator, or put the expression in parentheses."),
    (r"\^\{T\}", "braces are not part of the language", "Write A.T to transpose."),
    (r"\^\{-1\}", "braces are not part of the language", "Write x**-1, or inv(A) for a matrix."),
    (r"\{|\}", "braces are not part of the language",
     "Group with parentheses ( ); write a list as [a, b]."),
    (r"\.\.\.", _ELLIPSIS, "Write all terms; in an index write x[..., 0]."),
    (r"…", "this is not the ellipsis of the language",
     "Write all terms; in an index write x[..., 0]."),
    (r"[−–—‐‑‒]", "this is not the minus sign of the language", "Write -."),
    (r"[×·∙⋅∗•]", "this is not the multiplication sign of the language",
     "Write *, or @ for a matrix product."),
    (r"[⊙∘]", "this is not the multiplication sign of the language",
     "Write *, which is elementwise."),
    (r"⊗", "'⊗' is not part of the language", "Write kron(A, B) or outer(a, b)."),
    (r"[ᵀ⊤⊺†]", "this is not the transpose of the language", "Write A.T."),
    (r"⁻¹", "superscripts are not part of the language", "Write x**-1, or inv(A) for a matrix."),
    (r"[÷∕⁄]", "this is not the division sign of the language", "Write /."),
    (r"[²³¹⁰-⁹⁺⁻ⁿ]+", "superscripts are not part of the language", "Write x**2 or x^2."),
    (r"[₀-₉]+", "subscripts are not part of the language", "Write x1 or x_1."),
    (r"[‖∥]", "bars are not part of the language", "Write norm(x)."),
    (r"√", "'√' is not part of the language", "Write sqrt(x)."),
    (r"∛", "'∛' is not part of the language", "Write cbrt(x)."),
    (r"∞", "'∞' is not part of the language", "Write inf."),
    (r"[≤≥≠≈≡]", "this is not a comparison of the language", "Write <=, >=, == or !=."),
    (r"[¬∧∨⊕]", "this is not a logical sign of the language", "Write not, and, or."),
    (r"[∂∇]", "this sign is not part of the language",
     "Write D(u, x) for the derivative of u by x."),
    (r"[∫∑∏∆]", "this sign is not part of the language",
     "Write an expression of names, numbers and functions."),
)  # fmt: skip
"""Wherever the parser stops."""

AFTER_OPERAND: tuple[Row, ...] = (
    (r"!+", "'!' is not an operator here", "Write exp(gammaln(n + 1)) for n!, and != to compare."),
    (r"else\b", "'else' stands here without 'if'", CHOICE),
    (r"not\b[ \t]*(?:in\b)?|in\b|is\b", "this is not an operator of the language",
     "Compare with ==, !=, <, <=, > or >=."),
    (r"for\b[^\r\n]*?\bin\b", "a comprehension is not part of the language",
     "Functions take whole arrays: write sum(x**2)."),
    (r"(?:as|class|def|for|import|lambda|return|while|with)\b",
     "this word of Python is not part of the language", _PYTHON),
)  # fmt: skip
"""Where an operator is expected."""

BEFORE_OPERAND: tuple[Row, ...] = (
    (r"!+", "'!' is not an operator here", "Write not or ~."),
    (r"\|", "an operand is missing before '|'", "Write abs(x) for an absolute value."),
    (r"\.", "a decimal point needs a digit beside it", "Write 0.5 or 5.0."),
)
"""Where an operand is expected."""

AFTER_WORD: dict[str, tuple[str, str]] = {
    "lambda": ("'lambda' is not part of the language", "Write f(x) = expression as a statement."),
    "def": ("'def' is not part of the language", "Write f(x) = expression as a statement."),
    "return": ("'return' is not part of the language", "The value is the last statement."),
    "let": ("'let' is not part of the language", "Write name = expression as a statement."),
    "import": (
        "'import' is not part of the language",
        "Functions are known by name: write sin(x).",
    ),
    "from": ("'from' is not part of the language", "Functions are known by name: write sin(x)."),
    "for": ("'for' is not part of the language", _PYTHON),
    "while": ("'while' is not part of the language", _PYTHON),
    "if": ("an operand is missing before 'if'", CHOICE),
    "else": ("an operand is missing before 'else'", CHOICE),
    "and": ("an operand is missing before 'and'", "Write a and b."),
    "or": ("an operand is missing before 'or'", "Write a or b."),
}
"""Words that were read as a variable, with something else right after them."""

LOOK_ALIKES = {"ϖ": "varpi", "ϴ": "Theta", "℮": "e"}
"""What to write for a character where Unicode's own decomposition does not say it."""

STARTS = {
    "program": "",
    "row": "Write name(x) = definition : derivative.",
    "rewrite": "Write pattern -> replacement.",
}
"""What to write where no other hint fits, by what is being parsed."""

PARTED = {"list": "items", "call": "arguments"}
"""What commas separate, by where they stand."""

DECLARED = rf"(?:^|[;\r\n])[ \t]*[{LETTER}][{LETTER}0-9]*[ \t]*:[ \t]*\([^()]*\)[ \t]*$"
"""A name with its shape."""
