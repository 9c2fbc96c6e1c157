"""Rules at infinite inputs: what is written has a limit there, and so has what takes its place."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence

import mpmath
import numpy as np
from mpmath import mp

from symgrad.graph import Graph
from symgrad.rewriting.rules import Rule
from tests.evaluation import numpy_outputs
from tests.reference import evaluate

FAR = (mp.mpf(10) ** 13, mp.mpf(10) ** 18)

Point = dict[str, float | bool]

NOT = {
    "inf / inf; a form that divides by y loses digits next to the pole at -y": """
        1 - x / (x + y)
        x / (x + y) - 1
        (x + z) / (y + z) - 1
        1 / x - 1 / (x + y)
        1 / (x + y) - 1 / x
        z / x - z / (x + y)
        _over_step(z, x, h)
        (1 / (x + y) - 2 / x) + 1 / (x - y)
        _square_gap(1, x / y)
        _ratio_gap(x, y)""",
    "inf - inf, in all elements, for the sake of the few that are infinite": """
        _exp_gap(x, y)
        _sigmoid_gap(x, y)
        _cube_gap(x, y)
        _quartic_gap(x + y, x)
        _arctan_step(x, h)
        _root_rise(x, y)
        _root_gap(x, y * x)
        sqrt(x * (x + y)) - x
        (x**2 + y**2) - ((2 * x) * y) * cos(z)
        (1 + x**2) - (2 * x) * cos(z)
        (1 - (2 * x) * cos(z)) + x**2
        _log_mixture(a, x, b, y)
        _log_plus_exp(a, x)
        log(a * exp(x) + b * exp(y))
        log(a + exp(x))
        log(w * exp(x) + y * exp(z))
        log(exp(x) + y * exp(z))
        log(w + y * exp(x))
        _arctan_gap(x, y) / (x - y)
        _arctan_step(x, h) / h
        _root_gap(x, (w * x) * y)""",
    "0 * inf, where what is left of a quotient is multiplied by its divisor again": """
        expm1(x * y) / expm1(x * z)
        expm1(-(x * y)) / expm1(-(x * z))
        x * expm1(y / x)
        x * expm1(-(y / x))
        _exp_gap(-(x * z), -(y * z)) / (y - x)
        _exp_gap(x * z, y * z) / (x - y)""",
    "0 * inf, where a power of 1 or 0, or a product with 0, is a sum of logarithms": """
        1 - (1 - x) * (1 - y)
        1 - (1 + x)**y
        _compound(x, y)
        (1 + x)**y
        (1 - x)**y
        (1 + y / x)**(x * z)
        (1 + x * y)**(z / x)
        (1 - x * y)**(z / x)
        (1 + x * y / w)**(z / x)
        (1 + x * y)**(z / x - 1)
        (1 + x * y / w)**(z / x - 1)
        (1 + x * y)**-(1 + z / x)
        (1 + x * y / w)**-(1 + z / x)
        (1 - x * y / w)**(z / x)
        _power_excess(x, y) / y
        _boxcox(x, l)
        _over_exp(x**y * exp(z), w)
        log(_times_chances(z, x, y, w))
        log(x**y * _power1p(-x, w))
        log(x**y)
        _steady_square(w, x)
        sqrt(x**2 / y)""",
}
"""Patterns whose replacement has not their limit at some infinite inputs, by the reason."""
EXCEPTIONS = {line.strip() for lines in NOT.values() for line in lines.strip().splitlines()}


def pattern_of(rule: Rule) -> str:
    """What a rule replaces; a logarithm of any base has the limits of the natural one."""
    pattern = rule.text.partition(" ->" if "->" in rule.text else " =")[0].strip()
    return re.sub(r"^log(2|10)\(", "log(", pattern)


def far_values(graph: Graph, point: Point) -> list[mp.mpf]:
    """What a graph is where infinite inputs are large ones, in either order of size."""
    found = []
    for sizes in (FAR, FAR[::-1]):
        size = itertools.cycle(sizes)
        near = {
            name: value
            if isinstance(value, bool)
            else mp.sign(value) * next(size)
            if math.isinf(value)
            else mp.mpf(value)
            for name, value in point.items()
        }
        with mp.workdps(60):
            found.append(evaluate(graph, near)[0])
    return found


def is_limit(value: float, far: list[mp.mpf]) -> bool:
    if any(isinstance(each, mpmath.mpc) or not mpmath.isfinite(each) for each in far):
        return False
    if math.isinf(value):
        return all(mp.sign(each) == mp.sign(value) and abs(each) > 1e6 for each in far)
    return all(abs(each - value) <= 1e-9 * abs(value) + 1e-12 for each in far)


def misses(rule: Rule, chosen: Sequence[Sequence[float | bool]]) -> Iterator[Point]:
    """Points at which the pattern has its limit, and the replacement something else."""
    names = list(rule.meant.inputs())
    points = [p for p in itertools.product(*chosen) if 1 <= sum(map(math.isinf, p)) <= 2]
    points = points[:: len(points) // 300 + 1]
    if not points:
        return
    columns = dict(zip(names, map(np.array, zip(*points, strict=True)), strict=True))
    left, right = (
        np.broadcast_to(numpy_outputs(graph, columns)[0], len(points))
        for graph in (rule.meant, rule.replacement)
    )
    same = np.isnan(left) | np.isclose(left, right, rtol=1e-9, atol=1e-15)
    for place in np.flatnonzero(~same):
        point = dict(zip(names, points[place], strict=True))
        if is_limit(float(left[place]), far_values(rule.meant, point)):
            yield point
