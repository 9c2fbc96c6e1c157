"""Rules about whole arrays: both sides evaluated on small, well-conditioned matrices."""

import math
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from symgrad.functions import builtin_functions
from symgrad.graph import Graph, Node, rebuilt
from symgrad.language.template import Wild
from symgrad.rewriting.rulebook import parse_rules
from symgrad.rewriting.rules import PREDICATES, Rule
from symgrad.shaping.leaves import is_elementwise
from tests.evaluation import numpy_outputs

TABLE = builtin_functions()
SECTIONS = ("exact", "stable", "expanded", "tidy")
CHOICES = {"axis": (0, 1, -1, -2), "keepdims": (False, True)}
REDUCTIONS = frozenset(
    """sum mean max min var std logsumexp _lse_rest _norm _count _prod softmax log_softmax
    normalize""".split()
)
NUMBERS = (3.0, 2.0, 0.5, -1.5)


OF_VECTORS = "squeeze(squeeze(_mm(expand_dims("
"""Two vectors have one number as their product, and only they are written so."""


def is_of_arrays(node: Node) -> bool:
    return node.op not in ("input", "constant") and not is_elementwise(node.op)


def of_arrays(*sections: str) -> list[Rule]:
    rules = parse_rules(sections, frozenset(TABLE))
    return [rule for rule in rules if any(map(is_of_arrays, rule.pattern.nodes))]


VECTORS = frozenset(rule.text for rule in of_arrays("vectors"))
OF_A_VECTOR = re.compile(r"^log\d*\(squeeze\(_mm\(.*expand_dims\((?:exp\()?(\w+)")
"""A product of a matrix and a vector, which is named."""

RULES = of_arrays(*SECTIONS, "vectors", "level", "alike")
SHAPES = ((3, 3), (3,), (3, 1), ())


def is_of_reductions(rule: Rule) -> bool:
    """Whether operands of any shapes that broadcast together fit, two or more of them."""
    others = [n.op for n in rule.pattern.nodes if is_of_arrays(n) and n.op not in REDUCTIONS]
    return not others and len(rule.pattern.inputs()) > 1


BROADCASTING = [
    rule
    for rule in of_arrays(*SECTIONS, "level", "before", "last", "after")
    if is_of_reductions(rule)
]


def wild_names(graph: Graph) -> list[str]:
    values = [value for node in graph.nodes for value in node.attributes]
    return list(dict.fromkeys(value.name for value in values if isinstance(value, Wild)))


def tamed(graph: Graph, chosen: dict[str, Any]) -> Graph:
    """The graph with a value in the place of each wild attribute."""

    def replace(build: Any, node: Node, args: list[Node], made: object) -> Node | None:
        if not any(isinstance(value, Wild) for value in node.attributes):
            return None
        plain = [chosen[v.name] if isinstance(v, Wild) else v for v in node.attributes]
        return build.node(node.op, *args, value=tuple(plain))

    return rebuilt(graph, replace)


def choices(rule: Rule) -> Iterator[dict[str, Any]]:
    """Attributes that suit a matrix; reductions also take several axes, and all of them."""
    names = wild_names(rule.pattern)
    ops = {node.op for node in rule.pattern.nodes}
    axes = [0, -1] if OF_VECTORS in rule.text else [*CHOICES["axis"]]
    if (
        ops & REDUCTIONS
        and "_any_chance" not in rule.text
        and "softmax" not in rule.replacement.outputs[0].op
    ):
        axes += [None] if OF_VECTORS in rule.text else [(0, 1), (-1, 0), None]
    options = {"axis": axes, "keepdims": CHOICES["keepdims"]}
    for values in product(*(options[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def matrices(names: list[str], seed: int) -> dict[str, np.ndarray]:
    """Symmetric, positive definite, and far from singular."""
    rng = np.random.default_rng(seed)
    found = {}
    for name in names:
        a = rng.normal(size=(3, 3))
        found[name] = a @ a.T / 3 + np.diag([1.0, 2.0, 3.0])
    return found


def stacks(names: list[str], seed: int) -> dict[str, np.ndarray]:
    """Two matrices each, one above the other, none of them symmetric."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(2, 3, 3)) * 0.3 + np.diag([1.0, 2.0, 3.0]) for name in names}


def drawn(rule: Rule, draw: Any) -> dict[str, Any]:
    """Arrays, but for what is guarded to be a number; vectors where a pattern is of two vectors."""
    found = draw(list(rule.pattern.inputs()), seed=len(rule.text))
    for name, array in found.items():
        guard = PREDICATES.get(rule.predicates.get(name, ""))
        fit = [n for n in NUMBERS if guard and guard(Node("constant", (), n))]
        if guard and fit and not guard(Node("sum", ())):
            found[name] = fit[0]
        elif OF_VECTORS in rule.text or rule.text in VECTORS:
            found[name] = array.ravel()
    if OF_VECTORS not in rule.text and (vector := OF_A_VECTOR.search(rule.text)):
        found[vector[1]] = found[vector[1]][..., 0].ravel()[:3]
    return found


def is_reduced(root: Node) -> bool:
    """Whether all that meets at the root of a pattern is without the axes that were summed up."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.op == "input":
            return False
        if not is_of_arrays(node):
            waiting.extend(node.args)
    return True


def keeps_its_axes(rule: Rule, chosen: dict[str, Any]) -> bool:
    stated = [n.attributes[-1] for n in rule.pattern.nodes if n.op == "logsumexp"]
    return chosen.get("keepdims") is not False and False not in stated


@pytest.mark.parametrize("rule", [pytest.param(r, id=r.text[:60]) for r in RULES])
@pytest.mark.parametrize("draw", [matrices, stacks])
def test_the_two_sides_agree_on_arrays(rule: Rule, draw: Any) -> None:
    inputs = drawn(rule, draw)
    found = list(choices(rule))
    assert len(found) >= (2 if wild_names(rule.pattern) else 1)
    for chosen in found:
        if not keeps_its_axes(rule, chosen) and not is_reduced(rule.pattern.outputs[0]):
            continue
        left, right = (
            numpy_outputs(tamed(side, chosen), inputs)[0]
            for side in (rule.pattern, rule.replacement)
        )
        assert np.shape(left) == np.shape(right), chosen
        np.testing.assert_allclose(right, left, rtol=1e-12, atol=1e-12, err_msg=str(chosen))


def of_all_shapes(inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Operands that broadcast together, in the place of matrices; two of them in all ways."""
    names = [name for name, array in inputs.items() if np.ndim(array)]
    for shapes in product(SHAPES, repeat=min(len(names), 2)):
        found = {**inputs}
        for place, name in enumerate(names):
            shape = shapes[place % 2]
            found[name] = abs(inputs[name].ravel()[: math.prod(shape)].reshape(shape))
        yield found


@pytest.mark.parametrize("rule", [pytest.param(r, id=r.text[:60]) for r in BROADCASTING])
def test_the_two_sides_agree_where_operands_broadcast(rule: Rule) -> None:
    """What is broadcast stands in a sum more than once. Rules that overlook it are for [alike]."""
    compared = 0
    for chosen in choices(rule):
        left, right = (tamed(side, chosen) for side in (rule.pattern, rule.replacement))
        for inputs in of_all_shapes(drawn(rule, matrices)):
            shapes = {name: np.shape(array) for name, array in inputs.items()}
            if chosen.get("axis") is not None and () in shapes.values():
                continue
            try:
                before = numpy_outputs(left, inputs)[0]
            except ValueError:
                continue
            after = numpy_outputs(right, inputs)[0]
            message = f"{shapes} {chosen}"
            assert np.shape(after) == np.shape(before), message
            np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12, err_msg=message)
            compared += 1
    assert compared


def test_the_rules_that_are_sampled_are_those_of_arrays() -> None:
    """A new rule about arrays is sampled without a line being added here."""
    texts = " ".join(rule.text for rule in RULES)
    for part in ("_mm(inv(x), y)", "log(softmax(x, axis))", "_norm(x, axis, keepdims)**2"):
        assert part in texts
    assert {"logdet", "softmax", "logsumexp", "_norm", "mean"} <= {
        rule.replacement.outputs[0].op for rule in RULES
    }
