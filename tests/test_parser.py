"""The parser: its tables are those of the grammar, and it reads texts as lark itself does."""

import json
from pathlib import Path
from typing import Any

import lark
import pytest

from symgrad.language import parser
from symgrad.language.building import TreeBuilder
from symgrad.language.parser import (
    STARTS,
    Parser,
    StoppedError,
    build_tables,
    grammar_folder,
    grammar_text,
    load_tables,
)
from symgrad.language.tree import Statement, postorder

FORMULAS = [
    "x",
    "a = 1; f(x, y) = x**-y if not x < y <= 2 else ~a & x | y\nf(a, y=-z[0, -1])\r# end",
    "if*not + else",
    "X: (n, d); Q, R = qr(X.T @ [a, (b,), ()]); Q.sum(axis=0)[1::2, None, ..., i]",
    "norm(X, ord='fro')[:, j:] or not (p and q)",
    "\n;x ;; y\t# nothing\n",
]
WRONG = ["x +", "x y", "(x", "x ? y", "f(a b)", "x[1:2:3:4]", "a = = b", ")", "'x"]


def lark_parser(**options: Any) -> lark.Lark:
    return lark.Lark(
        grammar_text(), parser="lalr", lexer="contextual", start=STARTS, maybe_placeholders=True,
        **options,
    )  # fmt: skip


def shown(statements: tuple[Statement, ...]) -> list[object]:
    trees = [tree for s in statements for tree in (s.target, s.body) if tree is not None]
    pieces = [(t.op, t.value, t.span, len(t.args)) for root in trees for t in postorder(root)]
    return [(s.span, s.declares) for s in statements] + [repr(piece) for piece in pieces]


def test_the_grammar_is_the_checkouts() -> None:
    assert grammar_folder() == Path(__file__).parents[1] / "grammar"
    assert {"formula.lark", "functions.sg", "rewrites.sg"} <= {
        path.name for path in grammar_folder().iterdir()
    }


def test_the_tables_are_those_of_the_grammar() -> None:
    """After a change of the grammar, `python -m symgrad.language.parser` writes them."""
    kept = json.loads((grammar_folder() / "formula.json").read_text(encoding="utf-8"))
    assert kept["grammar"] == grammar_text()
    assert kept.keys() == build_tables(grammar_text()).keys()


@pytest.mark.parametrize("formula", FORMULAS)
def test_lark_reads_the_same(formula: str) -> None:
    theirs: Any = lark_parser(transformer=TreeBuilder()).parse(formula, start="program")
    for tables in (load_tables(), build_tables(grammar_text())):
        assert shown(Parser(tables, TreeBuilder()).parse(formula, "program")) == shown(theirs)


@pytest.mark.parametrize("text", WRONG)
def test_lark_stops_at_the_same_place(text: str) -> None:
    with pytest.raises(lark.UnexpectedInput) as theirs:
        lark_parser().parse(text, start="program")
    token = getattr(theirs.value, "token", None)
    at_end = token is not None and token.type == "$END"
    with pytest.raises(StoppedError) as ours:
        Parser(load_tables(), TreeBuilder()).parse(text, "program")
    assert ours.value.position == (len(text) if at_end else theirs.value.pos_in_stream)


@pytest.mark.parametrize("tables", [None, "", "{}", '{"grammar":"another"}'])
def test_tables_that_do_not_hold_are_left_alone(
    tables: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "formula.lark").write_text(grammar_text(), encoding="utf-8")
    if tables is not None:
        (tmp_path / "formula.json").write_text(tables, encoding="utf-8")
    monkeypatch.setattr(parser, "grammar_folder", lambda: tmp_path)
    assert len(Parser(load_tables(), TreeBuilder()).parse("x; y", "program")) == 2


def test_a_changed_grammar_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "formula.lark").write_text(
        grammar_text().replace('"*" signed', '"×" signed'), encoding="utf-8"
    )
    tables = (grammar_folder() / "formula.json").read_bytes()
    (tmp_path / "formula.json").write_bytes(tables)
    monkeypatch.setattr(parser, "grammar_folder", lambda: tmp_path)
    changed = Parser(load_tables(), TreeBuilder())
    assert changed.parse("a × b", "program")
    with pytest.raises(StoppedError):
        changed.parse("a * b", "program")


def test_blanks_without_end_take_no_time() -> None:
    """In a pattern that may try them in many ways, these would take for ever."""
    read = Parser(load_tables(), TreeBuilder())
    assert len(read.parse("x" + " #\t" * 50_000, "program")) == 1
    with pytest.raises(StoppedError) as stopped:
        read.parse(" " * 100_000 + "$", "program")
    assert stopped.value.position == 100_000


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    """Lark settles shift against reduce by itself, and says so only to those who ask."""
    with caplog.at_level("DEBUG", logger=lark.logger.name):
        lark_parser(debug=True)
    assert [record.getMessage() for record in caplog.records if "onflict" in record.message] == []


def test_a_conflict_would_be_noticed(caplog: pytest.LogCaptureFixture) -> None:
    ambiguous = grammar_text().replace('| sum "+" product', '| sum "+" sum')
    with caplog.at_level("DEBUG", logger=lark.logger.name):
        lark.Lark(ambiguous, parser="lalr", start=STARTS, debug=True)
    assert any("onflict" in record.getMessage() for record in caplog.records)
