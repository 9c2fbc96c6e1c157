"""Factors stand together that are 0 / 0 at the same point, as in `v/k*(1 - exp(-k*t))`.

A product of factors and divisors may be taken in any order. Where a function that is 0 at 0, such
as a tangent, meets a divisor that is a factor of its argument u, it is divided by u instead where u
is small, and the rest of u becomes a factor: `tan(k*t)/k` is `t*(tan(u)/u)`, with u = k*t, of which
the series is known. Where u is large it stays: of `t*(tanh(u)/u)`, the slope by t would cancel.
Likewise u / tan(u). What else is 0 / 0 is found by its series: alone, such a quotient has one, so
that it and its derivatives are right at the point, too. Where there is none, products stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import mul

from symgrad.functions import FunctionTable
from symgrad.graph import Builder, Graph, Node, rebuilt
from symgrad.rewrite import rewrite
from symgrad.rewriting.cancellation import series_of, without_cancellation
from symgrad.rewriting.ingredients import made_of, take_all
from symgrad.rewriting.polynomials import near_point
from symgrad.rewriting.series import PRODUCTS

_MOST_NODES = 16
_PLAIN = frozenset("input constant power add subtract multiply negative".split())
_DIVIDES_BY: Mapping[str, str] = {"_over_expm1": "expm1", "_over_sinh": "sinh"}
"""Something divided by a function of something."""

_QUOTIENTS = ("divide", *_DIVIDES_BY)
_CHAINED = frozenset(("multiply", "negative", *_QUOTIENTS, *PRODUCTS))
_VANISHING: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(
        """sin tan sinh tanh arcsin arctan arcsinh arctanh erf expm1 log1p arctan2""".split(),
        (0, 1),
    ),
    **dict.fromkeys(
        "_versine _cosh_excess _hypot_excess _gamma_excess log_cosh _log1p_square".split(),
        (0, 2),
    ),
    **dict.fromkeys("_sin_step _cos_step _exp_step _sqrt_step".split(), (1, 1)),
}
"""Functions that are 0 where an operand is, at which place that is, and to which power of it."""

_ROOTS: Mapping[str, tuple[int, int]] = {"_sqrt_product": (1, 1), "_sqrt_ratio": (1, -1)}
"""Roots of products, which are half of each factor, and on which side that stands."""

Powers = dict[Node, Fraction]
"""The factors of a product, and how often each stands in it; less than never below the line."""


def grouped(graph: Graph, table: FunctionTable) -> Graph:
    """The graph with those factors divided that cancel with the divisor somewhere."""
    roots = _with_divisors(graph)
    if not roots:
        return graph

    def replace(
        build: Builder, node: Node, args: list[Node], made: Mapping[Node, Node]
    ) -> Node | None:
        found = _paired(build, node, made, table) if node in roots else None
        if found is None and node.op in _QUOTIENTS:
            found = _by_series(build, node, made, table)
        return found

    quotients = {node for node in graph.nodes if node.op in _QUOTIENTS}
    return rebuilt(graph, replace, nodes=roots | quotients)


def _with_divisors(graph: Graph) -> set[Node]:
    """Whole products, of which one factor at least is divided by something that varies."""
    divided: set[Node] = set()
    whole = set(graph.outputs)
    for node in graph.nodes:
        if node.op not in _CHAINED:
            whole.update(node.args)
        elif (
            (node.op in _QUOTIENTS and not node.args[1].is_constant)
            or not divided.isdisjoint(node.args)
            or any(_is_of_a_quotient(arg) or _is_a_root_of_one(arg) for arg in node.args)
        ):
            divided.add(node)
    return divided & whole


def _is_of_a_quotient(function: Node) -> bool:
    """Whether a factor vanishes twice where its argument does, and that is divided."""
    if not _turns(function):
        return False
    argument = _unsigned(function.args[_VANISHING[function.op][0]])
    return argument.op == "divide" and not argument.args[1].is_constant


def _is_a_root_of_one(node: Node) -> bool:
    return node.op == "_sqrt_ratio" or (node.op == "sqrt" and node.args[0].op == "divide")


def _turns(function: Node) -> bool:
    """Whether a function meets its argument's divisors: it vanishes twice, or is a root's step."""
    return _VANISHING.get(function.op, (0, 0))[1] > 1 or function.op == "_sqrt_step"


def _paired(
    build: Builder, node: Node, made: Mapping[Node, Node], table: FunctionTable
) -> Node | None:
    """A product with each function that vanishes beside what it vanishes with."""
    sign, powers, cancels = _factors(node)
    ratios = [ratio for each in list(powers) for ratio in _ratios_of(each, powers)]
    if not ratios and not cancels:
        return None

    def again(factor: Node) -> Node:
        args = tuple([made[arg] for arg in factor.args])
        return build.intern(factor.op, args, factor.value, factor.span) if args else made[factor]

    if len(ratios) == 1:
        above = [ratios[0].quotient(build, again, table)]
        for factor, n in ratios[0].rest.items():
            powers[factor] -= ratios[0].side * n
    else:
        above = [ratio.by_argument(build, again) for ratio in ratios]
        sign *= reduce(mul, [ratio.sign for ratio in ratios], 1)
    below: list[Node] = []
    within = {each for ratio in ratios for each in (ratio.function, *ratio.met, *ratio.rest)}
    for factor, n in powers.items():
        if n:
            (above if n > 0 else below).append(_raised(build, again(factor), abs(n)))
    result = _product(build, above or [build.constant(1.0)])
    if below:
        result = build.node("divide", result, _product(build, below), span=node.span)
    for factor, n in powers.items():
        if not n and factor not in within and not factor.is_constant:
            like = build.node("join", result, again(factor))
            result = build.node("broadcast", result, like)
    result = build.node("negative", result) if sign < 0 else result
    if len(ratios) < 2 or not any(ratio.rest for ratio in ratios):
        return result
    sizes = [build.node("abs", again(ratio.argument)) for ratio in ratios]
    largest = reduce(lambda a, b: build.node("maximum", a, b), dict.fromkeys(sizes))
    written = build.intern(node.op, tuple([made[arg] for arg in node.args]), None, node.span)
    small = build.node("less", largest, build.constant(1.0))
    return _chosen(build, small, result, written)


def _chosen(build: Builder, small: Node, near: Node, far: Node) -> Node:
    large = build.node("logical_not", small)
    return build.node("add", build.node("keep", small, near), build.node("keep", large, far))


@dataclass(frozen=True, slots=True)
class _Ratio:
    """A function that vanishes over those factors of its argument, to a power, that it meets.

    Where `side` is -1 it is the other way round. `rest` are the other factors of the argument to
    that power, and `sign` is theirs.
    """

    function: Node
    argument: Node
    power: int
    side: int
    sign: int
    met: Powers
    rest: Powers

    def quotient(self, build: Builder, again: Callable[[Node], Node], table: FunctionTable) -> Node:
        """The quotient; by the whole argument where that is small, with the rest as factors."""
        function, argument = again(self.function), again(self.argument)
        above = [_raised(build, again(f), n) for f, n in self.met.items() if n > 0]
        below = {f: n for f, n in self.met.items() if n < 0}
        met = _times(build, _product(build, above or [build.constant(1.0)]), below, again)
        if above or self.side < 0:
            far = self._divided(build, function, met)
        else:
            far = _times(build, function, {f: -n for f, n in below.items()}, again)
        if not self.rest and self.sign > 0:
            return far
        if self.power == 1 and not self._is_of_roots() and self._has_a_rule(table):
            sign = build.constant(float(self.sign * self._turned()))
            whole = build.node("multiply", _times(build, sign, self.rest, again), met)
            return self._divided(build, build.node(self.function.op, whole), met)
        found = series_of(self._alone(), table) if len(function.args) == 1 else None
        if found is None:
            small = build.node("less", build.node("abs", argument), build.constant(1.0))
            near = self.by_argument(build, again)
        else:
            small, near = near_point(build, found, argument)
        near = _times(build, near, {f: n * self.side for f, n in self.rest.items()}, again)
        near = build.node("negative", near) if self.sign < 0 else near
        return _chosen(build, small, near, far)

    def by_argument(self, build: Builder, again: Callable[[Node], Node]) -> Node:
        """The function over the power of its argument, or the other way round."""
        argument = _raised(build, again(self.argument), self.power)
        return self._divided(build, again(self.function), argument)

    def _turned(self) -> int:
        return 1 if self.function.args[0] is self.argument else -1

    def _is_of_roots(self) -> bool:
        """Whether the argument has an infinite slope somewhere, which its square has not."""
        factors = (*self.met.items(), *self.rest.items())
        return any(factor.op == "sqrt" or n.denominator > 1 for factor, n in factors)

    def _has_a_rule(self, table: FunctionTable) -> bool:
        """Whether the function of a product over one of its factors is a function of its own."""
        build = Builder()
        x, y = (build.node("input", value=name) for name in "xy")
        function = build.node(self.function.op, build.node("multiply", x, y))
        alone = build.graph([self._divided(build, function, y)])
        found = rewrite(alone, table, ("exact", "stable", "before"))
        return not any(node.op in _QUOTIENTS for node in found.nodes)

    def _alone(self) -> Graph:
        """The function of one variable over a power of that, or the other way round."""
        build = Builder()
        x = build.node("input", value="x")
        operand = x if self._turned() > 0 else build.node("negative", x)
        function = build.node(self.function.op, operand)
        return build.graph([self._divided(build, function, _raised(build, x, self.power))])

    def _divided(self, build: Builder, function: Node, by: Node) -> Node:
        return build.node("divide", *(function, by)[:: self.side])


def _ratios_of(function: Node, powers: Powers) -> Iterator[_Ratio]:
    """A function that vanishes with what it meets, as long as it does.

    They leave the product; the rest of the argument enters it, and may meet others. What vanishes
    twice meets its argument's divisors, too: of c**2 * (cosh(x / c) - 1), the slope by c cancels.
    """
    if function.op not in _VANISHING:
        return
    place, order = _VANISHING[function.op]
    argument = _unsigned(function.args[place])
    sign, inner, _ = _factors(argument)
    while powers[function]:
        side = 1 if powers[function] > 0 else -1
        turns = _turns(function)
        found = {f: -side * powers.get(f, 0) * n for f, n in inner.items() if n > 0 or turns}
        found = {f: n for f, n in found.items() if n > 0}
        if all(each.is_constant for each in found):
            return
        often = min(order, max(1, *[n // inner[f] ** 2 for f, n in found.items()]))
        none = Fraction(0)
        sides = {f: -side * powers.get(f, none) for f in inner}
        met = {
            f: min(often * n, sides[f]) if n > 0 else max(often * n, sides[f])
            for f, n in inner.items()
            if n * sides[f] > 0
        }
        powers[function] -= side
        for factor, n in inner.items():
            powers[factor] = powers.get(factor, none) + side * often * n
        rest = {f: often * n - met.get(f, none) for f, n in inner.items()}
        rest = {f: n for f, n in rest.items() if n}
        yield _Ratio(function, argument, often, side, sign**often, met, rest)


def _times(build: Builder, product: Node, factors: Powers, again: Callable[[Node], Node]) -> Node:
    """A product with more factors, which are multiplied on their own."""
    for op, side in (("multiply", 1), ("divide", -1)):
        more = [_raised(build, again(f), abs(n)) for f, n in factors.items() if n * side > 0]
        product = build.node(op, product, _product(build, more)) if more else product
    return product


def _raised(build: Builder, node: Node, power: Fraction | int) -> Node:
    if power == Fraction(1, 2):
        return build.node("sqrt", node)
    return node if power == 1 else build.node("power", node, build.constant(float(power)))


def _factors(product: Node) -> tuple[int, Powers, bool]:
    """The sign of a product and its factors, and whether some of them cancel.

    Where there are too many, some are taken as they stand. What is divided by its own argument, or
    the other way round, is one factor.
    """
    sign, powers, cancels = 1, Powers(), False
    waiting = [(product, Fraction(1))]
    while waiting:
        node, n = waiting.pop()
        few = len(powers) + len(waiting) < _MOST_NODES
        if node.op == "multiply" and few:
            waiting += [(node.args[1], n), (node.args[0], n)]
        elif node.op == "divide" and few and not _is_pair(*node.args):
            waiting += [(node.args[1], -n), (node.args[0], n)]
        elif node.op in _DIVIDES_BY and few and node.args[0] is not node.args[1]:
            waiting += [(Node(_DIVIDES_BY[node.op], node.args[1:]), -n), (node.args[0], n)]
        elif node.op in PRODUCTS and few:
            waiting += [(Node(PRODUCTS[node.op], node.args[1:]), n), (node.args[0], n)]
        elif node.op == "sqrt" and node.args[0].op in ("multiply", "divide") and few:
            waiting.append((node.args[0], n / 2))
        elif node.op in _ROOTS and few:
            sides = zip(node.args, _ROOTS[node.op], strict=True)
            waiting += [(arg, n * side / 2) for arg, side in sides]
        elif node.op == "negative":
            sign *= (-1) ** int(n)
            waiting.append((node.args[0], n))
        elif node.op == "power" and _is_few(node.args[1]):
            waiting.append((node.args[0], n * int(_number(node.args[1]))))
        else:
            cancels |= powers.get(node, 0) * n < 0 and not node.is_constant
            powers[node] = powers.get(node, Fraction(0)) + n
    return sign, powers, cancels


def _is_pair(above: Node, below: Node) -> bool:
    """Whether one of two is a function that vanishes, and the other its argument, or a power."""
    for function, other in ((above, below), (below, above)):
        other = other.args[0] if other.op == "power" else other
        if function.op in _VANISHING:
            argument = function.args[_VANISHING[function.op][0]]
            if other is argument or other is _unsigned(argument):
                return True
    return False


def _unsigned(node: Node) -> Node:
    return node.args[0] if node.op == "negative" else node


def _is_few(exponent: Node) -> bool:
    return exponent.is_constant and _number(exponent) in (2.0, 3.0, 4.0)


def _number(node: Node) -> float:
    return node.value if isinstance(node.value, float) else float("nan")


def _by_series(
    build: Builder, node: Node, made: Mapping[Node, Node], table: FunctionTable
) -> Node | None:
    """A quotient of those factors that cancel with the divisor, multiplied by the others."""
    above, below = node.args
    if (above.op != "multiply" and above.op not in PRODUCTS) or below.is_constant:
        return None
    under = made_of(below)
    variables = {each for each in under if each.op == "input"}
    own, others = [], []
    for factor in _parts(above) if len(variables) == 1 else ():
        found = made_of(factor)
        inputs = {each for each in found if each.op == "input"}
        if inputs == variables:
            own.append(factor)
            under.update(found)
        elif not found or inputs & variables:
            return None
        else:
            others.append(factor)
    plain = node.op == "divide" and all(each.op in _PLAIN for each in under)
    if plain or not own or all(each.is_constant for each in others):
        return None
    alone = _alone(node.op, own, below, under)
    if without_cancellation(alone, table) is alone:
        return None

    def again(factor: Node) -> Node:
        if factor in made or not factor.args:
            return made[factor]
        args = tuple([made[arg] for arg in factor.args])
        return build.intern(factor.op, args, factor.value, factor.span)

    inner, outer = (_product(build, map(again, each)) for each in (own, others))
    quotient = build.node(node.op, inner, made[below], span=node.span)
    return build.node("multiply", outer, quotient, span=node.span)


def _parts(product: Node) -> list[Node]:
    """What a product is made of, from the left; a long one is taken as it stands."""
    factors = [product]
    if product.op in PRODUCTS:
        return [product.args[0], Builder().node(PRODUCTS[product.op], product.args[1])]
    while len(factors) < _MOST_NODES:
        place = next((p for p, f in enumerate(factors) if f.op == "multiply"), None)
        if place is None:
            break
        factors[place : place + 1] = factors[place].args
    return factors


def _product(build: Builder, factors: Iterable[Node]) -> Node:
    return reduce(lambda a, b: build.node("multiply", a, b), factors)


def _alone(op: str, own: list[Node], divisor: Node, under: Mapping[Node, None]) -> Graph:
    """A quotient by itself."""
    build = Builder()
    take_all(build, under)
    return build.graph([build.node(op, _product(build, own), divisor)])
