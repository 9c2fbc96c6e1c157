"""Which rules there are: the lines of rewrites.sg, and the table beside it."""

import math
from pathlib import Path

import pytest

import symgrad
from symgrad.language.parser import grammar_folder
from symgrad.rewriting import rulebook
from symgrad.rewriting.rulebook import parse_rules, section, table_text, written_lines


def test_the_table_is_that_of_the_grammar() -> None:
    """After a change of the grammar, `python -m symgrad.rewriting.rulebook` writes it."""
    assert (grammar_folder() / "rewrites.tsv").read_text(encoding="utf-8") == table_text()


@pytest.mark.parametrize("kept", [None, "", "another\nstable\tadd\tx + y -> x\t\t[]\t[]\n"])
def test_a_table_of_another_grammar_is_left_alone(
    kept: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("formula.lark", "functions.sg", "rewrites.sg"):
        (tmp_path / name).write_bytes((grammar_folder() / name).read_bytes())
    if kept is not None:
        (tmp_path / "rewrites.tsv").write_text(kept, encoding="utf-8")
    monkeypatch.setattr(rulebook, "grammar_folder", lambda: tmp_path)
    found = rulebook.read_book()
    assert {s: len(lines) for s, lines in found.items()} == {
        s: len(lines) for s, lines in written_lines().items()
    }
    line = found["exact"][0]
    assert (line.needs, line.make().text.split()) == ("negative", ["-(-x)", "->", "x"])


def test_rules_of_the_table_are_those_of_the_lines() -> None:
    for name in ("stable", "before"):
        kept, written = section(name).lines[-1], written_lines()[name][-1]
        a, b = kept.make(), written.make()
        assert {*written.needs.split()} <= {*kept.needs.split()}
        assert (a.text, a.predicates, a.plan) == (b.text, b.predicates, b.plan)
        assert [str(a.pattern), str(a.replacement)] == [str(b.pattern), str(b.replacement)]


def test_rules_come_in_the_order_of_their_lines_whatever_was_found_before() -> None:
    few, many = frozenset(("negative", "exp")), frozenset(("negative", "multiply", "log", "exp"))
    sections = ("exact", "stable")
    all_at_once = parse_rules(sections, many)
    assert parse_rules(sections, many, parse_rules(sections, few)) == all_at_once
    assert parse_rules(sections, few, all_at_once) is all_at_once


@pytest.mark.parametrize("base", [2, 10])
def test_a_line_of_log_is_one_of_other_bases_too(base: int) -> None:
    for inner in ("1 + exp(x)", "cosh(x)"):
        value, slope = symgrad.value_and_grad(f"log{base}({inner})")(800.0)
        assert math.isfinite(value)
        assert slope == pytest.approx(1 / math.log(base), rel=1e-15)
    assert symgrad.function(f"log{base}(x**3)")(1e-110) == pytest.approx(-330 / math.log10(base))


def test_quotients_of_inputs_keep_their_base() -> None:
    assert symgrad.function("20*log10(x/y)")(10.0, 1.0) == 20
