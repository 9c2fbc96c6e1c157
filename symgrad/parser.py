"""The LALR parser that lark makes of grammar/formula.lark, read from tables beside the grammar.

Building the tables takes lark about 80 ms, reading them 5 ms. They hold for one grammar and one
version of lark: where either differs, the parser is built anew. Run `python -m symgrad.parser`
after a change of the grammar to write them again.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import lark

STARTS = ["program", "row", "rewrite"]


@cache
def grammar_folder() -> Path:
    """The folder of the language: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "grammar"
    return inside if inside.is_dir() else package.parent / "grammar"


def grammar_text() -> str:
    """The grammar of the language, as lark reads it."""
    return (grammar_folder() / "formula.lark").read_text(encoding="utf-8")


def _stamp(grammar: str) -> str:
    return f"{sha256(grammar.encode()).hexdigest()[:16]} lark {lark.__version__}"


def build_parser(grammar: str, **options: Any) -> lark.Lark:
    """A parser made from the grammar's text."""
    return lark.Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        start=STARTS,
        maybe_placeholders=True,
        **options,
    )


def tables_text(grammar: str) -> str:
    """The parser's tables as one JSON text, stamped with what they were made from."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = build_parser(grammar).memo_serialize([TerminalDef, Rule])
    content = {"stamp": _stamp(grammar), "data": data, "memo": memo}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=True) + "\n"


def _with_int_keys(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    """JSON has text keys alone; lark's tables are keyed by state numbers."""
    return {int(key) if key.isdecimal() else key: value for key, value in pairs}


def load_parser(**options: Any) -> lark.Lark:
    """The parser, from its tables where they hold, else from the grammar.

    `options` are lark's own: `transformer` and `postlex`.
    """
    grammar = grammar_text()
    tables = grammar_folder() / "formula.json"
    if tables.is_file():
        text = tables.read_text(encoding="utf-8")
        if text.startswith(f'{{"stamp":"{_stamp(grammar)}"'):
            content = json.loads(text, object_pairs_hook=_with_int_keys)
            loaded: lark.Lark = lark.Lark._load_from_dict(  # type: ignore[no-untyped-call]
                content["data"], content["memo"], **options
            )
            return loaded
    return build_parser(grammar, **options)


if __name__ == "__main__":
    (grammar_folder() / "formula.json").write_text(tables_text(grammar_text()), encoding="utf-8")
