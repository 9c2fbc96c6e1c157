"""The parser: an LALR automaton that walks the tables which lark makes of grammar/formula.lark.

The tables lie beside the grammar, with its text: where the grammar differs from that, they are made
anew, which takes lark about 100 ms. Run `python -m symgrad.language.parser` after a change of the
grammar to write them again. Tokens are told apart as lark's contextual lexer does it. See Aho, Lam,
Sethi and Ullman, Compilers, 2006, section 4.5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from symgrad.limits import paced

STARTS = ["program", "row", "rewrite"]

_CONTINUES = frozenset(
    "PLUS MINUS TILDE STAR SLASH _POWER VBAR AMPERSAND COMPARE EQUAL COMMA AT COLON "
    "NOT _AND _OR _IF _ELSE".split()
)
_SEPARATOR = "_SEPARATOR"
_END = "$END"


@dataclass(slots=True)
class Token:
    """A piece of text and where it stands."""

    type: str
    value: str
    start_pos: int
    end_pos: int


class StoppedError(Exception):
    """There is no rule of the grammar for what stands at `position`."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


@cache
def grammar_folder() -> Path:
    """The folder of the language: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "grammar"
    return inside if inside.is_dir() else package.parent / "grammar"


def grammar_text() -> str:
    """The grammar of the language, as lark reads it."""
    return (grammar_folder() / "formula.lark").read_text(encoding="utf-8")


def build_tables(grammar: str) -> dict[str, Any]:
    """The tables for a grammar, as lists and numbers.

    For each state, `actions` has by terminal the state that follows, or ~r to reduce by rule r, and
    `gotos` by the name of a rule the state that follows. A rule tells its name, the method that
    makes its value, how many symbols it has, and `kept`: where the arguments of the method stand
    among them, -1 for one that is missing, ~k - 1 for a list to be taken apart at k. It is `plain`
    if a single argument is the value. `terminals` stand in the order in which they are tried.
    """
    from lark import Lark

    made = Lark(grammar, parser="lalr", lexer="contextual", start=STARTS, maybe_placeholders=True)
    parser: Any = made.parser
    table = parser.parser._parse_table
    terminals = [(t.name, t.pattern.to_regexp()) for t in parser.lexer.root_lexer.terminals]
    numbers = {rule: number for number, rule in enumerate(made.rules)}
    states = sorted(table.states)
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    names = {name for name, _ in terminals} | {_END}
    for state in states:
        row = table.states[state]
        actions.append({
            name: arg if action.name == "Shift" else ~numbers[arg]
            for name, (action, arg) in sorted(row.items()) if name in names
        })  # fmt: skip
        gotos.append({n: arg for n, (_, arg) in sorted(row.items()) if n not in names})
    return {
        "grammar": grammar,
        "terminals": terminals,
        "ignored": list(made.lexer_conf.ignore),
        "starts": table.start_states,
        "ends": table.end_states,
        "rules": [_rule_entry(rule) for rule in made.rules],
        "actions": actions,
        "gotos": gotos,
    }


def _rule_entry(rule: Any) -> list[Any]:
    missing = "".join("01"[empty] for empty in rule.options.empty_indices)
    before = [len(ones) for ones in missing.split("0")] if missing else [0] * 99
    kept: list[int] = []
    for place, symbol in enumerate(rule.expansion):
        kept += [-1] * before[place]
        if not (symbol.is_term and symbol.filter_out):
            in_parts = not symbol.is_term and symbol.name.startswith("_")
            kept.append(~place - 1 if in_parts else place)
    kept += [-1] * before[len(rule.expansion)]
    plain = bool(rule.options.expand1 and not rule.alias)
    name = rule.origin.name
    return [name, rule.alias or name, len(rule.expansion), kept, plain]


def tables_text(grammar: str) -> str:
    """The tables as one JSON text."""
    return json.dumps(build_tables(grammar), separators=(",", ":"), ensure_ascii=True) + "\n"


def load_tables() -> dict[str, Any]:
    """The tables that lie beside the grammar where they hold, else new ones."""
    grammar = grammar_text()
    kept = grammar_folder() / "formula.json"
    if kept.is_file():
        try:
            tables: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        except ValueError:
            tables = {}
        if tables.get("grammar") == grammar:
            return tables
    return build_tables(grammar)


class Parser:
    """Text to what the methods of `builder` make of the rules; their names are the grammar's."""

    def __init__(self, tables: Mapping[str, Any], builder: object) -> None:
        self._terminals: dict[str, str] = dict(tables["terminals"])
        self._ignored: list[str] = tables["ignored"]
        self._starts: dict[str, int] = tables["starts"]
        self._ends: dict[str, int] = tables["ends"]
        self._actions: list[dict[str, int]] = tables["actions"]
        self._gotos: list[dict[str, int]] = tables["gotos"]
        self._rules = [
            (name, size, _unless_all(kept, size), plain, getattr(builder, method, _as_it_is))
            for name, method, size, kept, plain in tables["rules"]
        ]
        blanks = "|".join(self._terminals[name] for name in self._ignored)
        self._blanks = f"(?>(?:{blanks})*)"
        self._blank = re.compile(self._blanks).match
        self._any = self._scanner([n for n in self._terminals if n not in self._ignored])
        self._jumps: dict[tuple[int, int, str], int] = {}
        self._in_state: dict[int, Callable[..., re.Match[str] | None]] = {}

    def _scanner(self, names: Sequence[str]) -> Callable[..., re.Match[str] | None]:
        parts = (f"(?P<{name}>{self._terminals[name]})" for name in names)
        return re.compile(f"{self._blanks}(?:{'|'.join(parts)})").match

    def _expected(self, state: int) -> Callable[..., re.Match[str] | None]:
        """The scanner for what can stand in a state."""
        found = self._in_state.get(state)
        if found is None:
            row = self._actions[state]
            names = [n for n in self._terminals if n in row or n == _SEPARATOR]
            found = self._in_state[state] = self._scanner(names)
        return found

    def _token(self, text: str, position: int, state: int) -> Token:
        """What stands at a position, or after blanks there: if it fits, what the state expects."""
        found = self._any(text, position)
        if found and not (found.lastgroup in self._actions[state] or _ends_line(found)):
            found = self._expected(state)(text, position)
        if found is not None:
            group = found.lastindex or 0
            return Token(str(found.lastgroup), found[group], found.start(group), found.end())
        end = self._blank(text, position)
        position = end.end() if end else position
        if position < len(text):
            raise StoppedError(position)
        return Token(_END, "", position, position)

    def _jump(self, before: int, state: int, kind: str) -> int:
        """The state after all reductions in a row that change no value, before a kind of token."""
        first = state
        while (action := self._actions[state].get(kind, 0)) < 0:
            name, size, _, plain, _ = self._rules[~action]
            if size != 1 or not plain:
                break
            state = self._gotos[before][name]
        self._jumps[before, first, kind] = state
        return state

    def parse(self, text: str, start: str) -> Any:
        """The value of the rule `start` for a text.

        Line ends inside parentheses or after an operator do not end a statement.

        Raises
        ------
        StoppedError
            The text is none that the rule has.
        """
        actions, gotos, rules = self._actions, self._gotos, self._rules
        jumps = self._jumps
        states = [self._starts[start]]
        values: list[Any] = []
        last = self._ends[start]
        position, depth, before = 0, 0, ""
        look, any_token = paced(), self._any
        while True:
            look()
            found = any_token(text, position)
            kind = found.lastgroup if found else None
            if found and kind in actions[states[-1]] and kind != _SEPARATOR:
                start_pos, position = found.span(kind)
                token = Token(kind, found[kind], start_pos, position)
            else:
                token = self._token(text, position, states[-1])
                kind, position = token.type, token.end_pos
            if kind == _SEPARATOR and token.value != ";" and (depth or before in _CONTINUES):
                continue
            depth += _DEEPER.get(kind, 0)
            before = kind
            while True:
                action = actions[states[-1]].get(kind)
                if action is None:
                    raise StoppedError(token.start_pos)
                if action >= 0:
                    states.append(action)
                    values.append(token)
                    break
                name, size, kept, plain, make = rules[~action]
                if size == 1 and plain:
                    key = states[-2], states[-1], kind
                    states[-1] = jumps.get(key) or self._jump(*key)
                    continue
                first = len(values) - size
                children = values[first:]
                if kept is not None:
                    children = _chosen(children, kept)
                del states[first + 1 :], values[first:]
                values.append(children[0] if plain and len(children) == 1 else make(children))
                states.append(gotos[states[-1]][name])
                if kind == _END and states[-1] == last:
                    return values[-1]


def _ends_line(found: re.Match[str]) -> bool:
    """Whether it is what may stand everywhere, and often has no meaning."""
    return found.lastgroup == _SEPARATOR


_DEEPER: Mapping[str, int] = {"LPAR": 1, "LSQB": 1, "RPAR": -1, "RBRACKET": -1}


def _as_it_is(children: list[Any]) -> list[Any]:
    """The value of a rule that only stands for a part of others."""
    return children


def _unless_all(kept: list[int], size: int) -> list[int] | None:
    """Which symbols of a rule are arguments; None if they all are, in their order."""
    return None if kept == list(range(size)) else kept


def _chosen(values: list[Any], kept: Sequence[int]) -> list[Any]:
    """The arguments among the values of a rule's symbols; a list at their head grows in place."""
    chosen: list[Any] = []
    for place in kept:
        if place >= 0:
            chosen.append(values[place])
        elif place == -1:
            chosen.append(None)
        elif chosen:
            chosen += values[~place - 1]
        else:
            chosen = values[~place - 1]
    return chosen


if __name__ == "__main__":
    (grammar_folder() / "formula.json").write_text(tables_text(grammar_text()), encoding="utf-8")
