"""The parser's tables: they are those of the grammar, and are made anew where they are not."""

import json
from pathlib import Path

import lark
import pytest

from symgrad import parser
from symgrad.parser import build_parser, grammar_folder, grammar_text, load_parser

FORMULAS = [
    "x",
    "a = 1; f(x, y) = x**-y if not x < y <= 2 else ~a & x | y\nf(a, y=-z[0, -1])\r# end",
    "if*not + else",
    "X: (n, d); Q, R = qr(X.T @ [a, (b,), ()]); Q.sum(axis=0)[1::2, None, ..., i]",
    "norm(X, ord='fro')[:, j:]",
]


def test_the_grammar_is_the_checkouts() -> None:
    assert grammar_folder() == Path(__file__).parents[1] / "grammar"
    assert {"formula.lark", "functions.sg", "rewrites.sg"} <= {
        path.name for path in grammar_folder().iterdir()
    }


def test_the_tables_are_those_of_the_grammar() -> None:
    """After a change of the grammar, `python -m symgrad.parser` writes them."""
    kept = json.loads((grammar_folder() / "formula.json").read_text(encoding="utf-8"))
    made = json.loads(parser.tables_text(grammar_text()))
    assert kept["stamp"].split()[0] == made["stamp"].split()[0]


@pytest.mark.parametrize("formula", FORMULAS)
def test_tables_and_grammar_parse_alike(formula: str) -> None:
    assert load_parser().parse(formula, start="program") == build_parser(grammar_text()).parse(
        formula, start="program"
    )


@pytest.mark.parametrize("tables", [None, "", "{}", '{"stamp":"0000000000000000 lark 0.0"}'])
def test_tables_that_do_not_hold_are_left_alone(
    tables: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "formula.lark").write_text(grammar_text(), encoding="utf-8")
    if tables is not None:
        (tmp_path / "formula.json").write_text(tables, encoding="utf-8")
    monkeypatch.setattr(parser, "grammar_folder", lambda: tmp_path)
    assert load_parser().parse("x", start="program") == build_parser(grammar_text()).parse(
        "x", start="program"
    )


def test_a_changed_grammar_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "formula.lark").write_text(
        grammar_text().replace('"*" signed', '"×" signed'), encoding="utf-8"
    )
    tables = (grammar_folder() / "formula.json").read_bytes()
    (tmp_path / "formula.json").write_bytes(tables)
    monkeypatch.setattr(parser, "grammar_folder", lambda: tmp_path)
    assert load_parser().parse("a × b", start="program")
    with pytest.raises(lark.UnexpectedInput):
        load_parser().parse("a * b", start="program")


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    """Lark settles shift against reduce by itself, and says so only to those who ask."""
    with caplog.at_level("DEBUG", logger=lark.logger.name):
        build_parser(grammar_text(), debug=True)
    assert [record.getMessage() for record in caplog.records if "onflict" in record.message] == []


def test_a_conflict_would_be_noticed(caplog: pytest.LogCaptureFixture) -> None:
    ambiguous = grammar_text().replace('| sum "+" product', '| sum "+" sum')
    with caplog.at_level("DEBUG", logger=lark.logger.name):
        build_parser(ambiguous, debug=True)
    assert any("onflict" in record.getMessage() for record in caplog.records)
