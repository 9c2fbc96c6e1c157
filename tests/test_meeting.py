"""Factors that a rule makes one of, wherever in a product they stand."""

from time import process_time

import pytest

from symgrad.functions import builtin_functions
from symgrad.language.formula import lower
from symgrad.rewriting.meeting import met
from symgrad.simplify import stabilise

TABLE = builtin_functions()


def operations(formula: str) -> set[str]:
    graph = stabilise(lower(formula, TABLE).graph, TABLE)
    return {node.op for node in graph.nodes if node.op.startswith("_")}


@pytest.mark.parametrize(
    ("formula", "made"),
    [
        ("C*(1-(1+r)**-n)/r", "_compound_ratio"),
        ("(a/r)*((1+r)**n-1)*b", "_compound_ratio"),
        ("a*(x-y)/log(x/y)", "_log_mean"),
        ("log(x/y)/(2*(x-y))", "_log_mean"),
        ("(exp(b*t)-exp(a*t))/(t*(b-a))", "_exp_mean"),
        ("p*exp(x**2)*q*erfc(x)", "_erfcx"),
        ("a*exp(-x**2/2)/sqrt(2*pi)/b/ndtr(-x)", "_over_erfcx"),
        ("s*exp(-(a-m)**2/(2*s**2))/sqrt(2*pi)/(1-ndtr((a-m)/s))", "_over_erfcx"),
    ],
)
def test_they_meet(formula: str, made: str) -> None:
    assert made in operations(formula)


@pytest.mark.parametrize(
    "formula", ["a*b*c/d", "a*x/(b*cosh(y))", "a*exp(x)/b/ndtr(y)", "x*sin(y)/z", "a*x/y*log(z)"]
)
def test_what_has_no_rule_for_two_stays_as_it_is_written(formula: str) -> None:
    graph = lower(formula, TABLE).graph
    kept = [node.op for node in graph.nodes if node.op in ("multiply", "divide")]
    found = [n.op for n in stabilise(graph, TABLE).nodes if n.op in ("multiply", "divide")]
    assert len(found) >= len(kept) - 1


def test_long_products_of_which_each_part_is_used_are_looked_at_in_linear_time() -> None:
    def seconds(steps: int) -> float:
        links = "; ".join(f"y{k + 1} = y{k} * sin(y{k}) * a" for k in range(steps))
        graph = lower(f"y0 = x; {links}; y{steps} + 1", TABLE).graph
        times = []
        for _ in range(3):
            start = process_time()
            assert met(graph, TABLE, ("exact", "stable", "before")) is graph
            times.append(process_time() - start)
        return min(times)

    assert seconds(1_000) < 20 * seconds(125)
