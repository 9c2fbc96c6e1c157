"""What is compiled can be seen: each way of it leads to the module that does it."""

from pathlib import Path

import symgrad
from symgrad.seeing.exporting import to_dot, to_mermaid
from symgrad.seeing.painting import painted

AT = {"x": 0.5}


def test_each_way(tmp_path: Path) -> None:
    compiled = symgrad.grad("exp(x**2)**2")
    compiled.draw(tmp_path / "graph.svg", AT)
    assert (tmp_path / "graph.svg").read_bytes() == painted(compiled, AT, "svg")
    assert compiled.to_dot(AT) == to_dot(compiled, AT)
    assert compiled.to_mermaid(AT) == to_mermaid(compiled, AT)
    assert compiled.to_networkx(AT).nodes["x"]["value"] == 0.5


def test_products_and_orders_show_the_graph_of_their_formula() -> None:
    wanted = symgrad.function("sin(x)*y").to_dot()
    for compiled in (
        symgrad.hvp("sin(x)*y"),
        symgrad.jacobian("sin(x)*y"),
        symgrad.grad("sin(x)*y", "x", order=2),
    ):
        assert compiled.to_dot() == wanted
