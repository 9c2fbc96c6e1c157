"""Text for Graphviz and Mermaid, and graphs of NetworkX."""

import re
import sys

import networkx
import numpy as np
import pytest

import symgrad

NETWORK = "h = relu(X @ W + b); cross_entropy(h, T)"
FORMULAS = ["x", "7", "exp(x**2)**2", "x < y and not y > 1", "r = x*y; r + sin(r)", NETWORK]
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@pytest.mark.parametrize("formula", FORMULAS)
def test_dot_is_well_formed(formula: str) -> None:
    compiled = symgrad.function(formula)
    first, *body, last = compiled.to_dot().splitlines()
    assert (first, last) == ("digraph formula {", "}")
    for line in body:
        bare = QUOTED.sub("s", line)
        assert re.fullmatch(r"  \w+ (\[(\w+=\w+(, )?)+\]|-> n\d+( \[.*\])?);", bare), line


def test_dot_at_a_point() -> None:
    text = symgrad.function("2*x").to_dot({"x": 3.0})
    assert '[label="x\\n3\\n∂ 2", ' in text
    assert "  n0 -> n1;\n" in text
    assert '  n1 -> n0 [label="2", style=dashed' in text


def test_mermaid() -> None:
    assert symgrad.function("where(x < 2, x, 0)").to_mermaid({"x": 1.0}) == (
        "flowchart TD\n"
        '  n0(["x<br/>1<br/>∂ 1"])\n'
        '  n1["v1 = x #60; 2<br/>True"]\n'
        '  n2["v2 = keep(v1, x)<br/>1<br/>∂ 1"]\n'
        '  n3["v3 = not v1<br/>False"]\n'
        '  n4["v4 = keep(v3, 0)<br/>0"]\n'
        '  n5["v5 = v2 + v4<br/>1<br/>∂ 1"]\n'
        "  n0 --> n1\n  n1 --> n2\n  n0 --> n2\n"
        '  n2 -. "1" .-> n0\n'
        "  n1 --> n3\n  n3 --> n4\n  n2 --> n5\n"
        '  n5 -. "1" .-> n2\n'
        "  n4 --> n5\n"
        "  class n5 result\n  classDef result stroke-width:3px\n"
    )


def test_networkx_has_the_numbers() -> None:
    graph = symgrad.function("r = x*y; r + sin(r)").to_networkx({"x": 2.0, "y": [0.5, 1.0]})
    assert list(networkx.topological_sort(graph)) == ["x", "y", "r", "v1", "v2"]
    np.testing.assert_allclose(graph.nodes["r"]["value"], [1.0, 2.0])
    np.testing.assert_allclose(graph.nodes["r"]["gradient"], 1 + np.cos([1.0, 2.0]))
    np.testing.assert_allclose(
        graph.edges["r", "v1", 0]["gradient"], np.cos([1.0, 2.0])
    )  # fmt: skip
    assert graph.nodes["v2"]["is_result"]
    assert graph.nodes["r"]["operation"] == "x * y"
    assert [graph.edges[edge]["position"] for edge in graph.in_edges("v2", keys=True)] == [0, 1]


def test_networkx_keeps_both_edges_of_a_square() -> None:
    assert symgrad.function("x*x").to_networkx().number_of_edges("x", "v1") == 2


def test_networkx_tells_long_names_apart() -> None:
    long = "a" * 40
    graph = symgrad.function(f"{long}b{long} * {long}c{long}").to_networkx()
    assert len(graph) == 3


def test_networkx_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(symgrad.MissingExtraError) as raised:
        symgrad.function("x").to_networkx()
    assert str(raised.value) == (
        "a graph of NetworkX needs NetworkX\nInstall it with: pip install 'symgrad[networkx]'"
    )


def test_a_limit_for_what_mermaid_can_show() -> None:
    with pytest.raises(symgrad.LimitError, match=r"the Mermaid text of .* the limit is 200"):
        symgrad.function("+".join(f"sin({k}*x)" for k in range(100))).to_mermaid()
