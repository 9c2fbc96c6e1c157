"""Quotients whose derivative cancels, differentiated over their common denominator.

The derivative of n / d is n' / d - n * d' / d**2. In x / (1 + x) at 1e10 both terms are 1e-10 and
their difference is 1e-20, of which nothing is right. Over the common denominator it is
(n' * d - n * d') / d**2, and where n and d are polynomials in what they share, the terms that
cancel are found and left out: 1 / (1 + x)**2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from symgrad.graph import Builder, Node

Monomial = tuple[int, ...]
"""The power of each atom."""

Exact = int | Fraction
"""Fractions where they must be: whole numbers are computed with twenty times as fast."""

Polynomial = dict[Monomial, Exact]

_SUMS = frozenset(("add", "subtract", "multiply", "negative"))
_GAPS = {"_square_gap": 2, "_cube_gap": 3, "_quartic_gap": 4}
"""Differences of powers, and the powers."""
_OPENED = _SUMS | _GAPS.keys()
_MOST_OPENED = 12
_MOST_TERMS = 3
_HIGHEST_POWER = 4
_FEW_ATOMS = 3


class Quotients:
    """What the quotients of one graph have in common above and below the line."""

    def __init__(self, nodes: Iterable[Node], active: Iterable[Node]) -> None:
        self._place = {node: place for place, node in enumerate(nodes)}
        self._active = set(active)
        self._inputs: dict[Node, int] = {}

    def partials(self, build: Builder, node: Node) -> list[tuple[Node, Node]]:
        """The atoms of a quotient and its derivatives by them; none where nothing cancels.

        With a power below the line, n / b**k, they are (n' * b - k * n * b') / b**(k + 1).
        """
        above, base, power, line = _parted(node)
        if above not in self._active or base not in self._active or base.op not in _OPENED:
            return []
        if not self._below(above) & self._below(base):
            return []
        atoms, opened = self._atoms(above, base)
        if not atoms:
            return []
        polynomials = _polynomials(opened, atoms)
        n, b = polynomials[above], polynomials[base]
        found: list[tuple[Node, Node]] = []
        cancels = False
        terms, shared, on_both = 0, False, 0
        for which, atom in enumerate(atoms):
            up, down = _slope(n, which), _scaled(_slope(b, which), power)
            if atom not in self._active or not (up or down):
                continue
            grow, shrink = _times(up, b), _times(n, down)
            total = _plus(grow, shrink, -1)
            cancels |= any(grow[term] * shrink[term] > 0 for term in grow.keys() & shrink.keys())
            # What is of a higher degree than n overflows before the quotient does.
            if len(total) > _MOST_TERMS or _degree(total) > _degree(n):
                if up and down:
                    return []
                shared = True
            on_both += bool(up and down)
            terms = max(terms, len(total) if up and down else 0)
            if not down:
                partial = _over(build, _written(build, up, atoms), line)
            elif not up:
                rest = _written(build, _scaled(down, -1), atoms)
                partial = build.node("multiply", build.node("divide", node, base), rest)
            elif not total:
                continue
            else:
                partial = _over(build, _written(build, total, atoms), [*line, base])
            found.append((atom, partial))
        # Plain partials share their factors: many of them are given up for nothing but a product.
        few = len(atoms) <= _FEW_ATOMS or (on_both == 1 and _is_linear_over_linear(n, b))
        short = not shared or (terms <= 2 and few)
        return found if cancels and short else []

    def _atoms(self, above: Node, below: Node) -> tuple[list[Node], list[Node]]:
        """What numerator and denominator are polynomials in, no finer than they need; the steps.

        Two atoms that depend on the same input are opened, the later one first.
        """
        atoms = {above, below}
        opened: list[Node] = []
        while True:
            open_next = [a for a in atoms if _is_step(a) and self._is_related(a, atoms)]
            if not open_next:
                break
            if len(opened) == _MOST_OPENED:
                return [], []
            last = max(open_next, key=self._place.__getitem__)
            opened.append(last)
            atoms.remove(last)
            atoms.update(arg for arg in last.args if not arg.is_constant)
        return sorted(atoms, key=self._place.__getitem__), opened[::-1]

    def _is_related(self, atom: Node, atoms: set[Node]) -> bool:
        own = self._below(atom)
        return any(own & self._below(other) for other in atoms if other is not atom)

    def _below(self, node: Node) -> int:
        """The active inputs that a node depends on, as bits."""
        if not self._inputs:
            bit = 1
            for each in self._place:
                found = 0
                if each in self._active:
                    found = 0 if each.args else bit
                    bit <<= not each.args
                    for arg in each.args:
                        found |= self._inputs[arg]
                self._inputs[each] = found
        return self._inputs[node]


def _is_linear_over_linear(n: Polynomial, b: Polynomial) -> bool:
    """Whether it is like (a*x + b) / (c*x + d), where no factor stands in both terms."""
    return len(n) == len(b) == 2 and not any(all(powers) for powers in zip(*n, strict=True))


def _is_step(node: Node) -> bool:
    """Whether a node is a polynomial in its operands."""
    if node.op in _OPENED:
        return all(not arg.is_constant or _is_finite(arg) for arg in node.args)
    if node.op != "power" or not node.args[1].is_constant:
        return False
    power = node.args[1].value
    return isinstance(power, float) and power in range(1, _HIGHEST_POWER + 1)


def _is_finite(node: Node) -> bool:
    return abs(_number(node)) < 1e100


def _number(node: Node) -> float:
    return node.value if isinstance(node.value, float) else float("nan")


def _exact(number: float) -> Exact:
    return int(number) if number.is_integer() else Fraction(number)


def _polynomials(steps: list[Node], atoms: list[Node]) -> Mapping[Node, Polynomial]:
    """Each step as a polynomial in the atoms."""
    known: dict[Node, Polynomial] = {}
    one = (0,) * len(atoms)
    for which, atom in enumerate(atoms):
        known[atom] = {tuple(int(which == other) for other in range(len(atoms))): 1}
    for step in steps:
        for arg in step.args:
            if arg.is_constant:
                known[arg] = {one: _exact(_number(arg))} if arg.value else {}
        left, right = known[step.args[0]], known[step.args[-1]]
        if step.op == "multiply":
            known[step] = _times(left, right)
        elif step.op == "power":
            known[step] = _raised(left, int(_number(step.args[1])), one)
        elif step.op in _GAPS:
            power = _GAPS[step.op]
            known[step] = _plus(_raised(left, power, one), _raised(right, power, one), -1)
        elif step.op == "negative":
            known[step] = _plus({}, left, -1)
        else:
            known[step] = _plus(left, right, 1 if step.op == "add" else -1)
    return known


def _plus(a: Polynomial, b: Polynomial, sign: int) -> Polynomial:
    total = dict(a)
    for term, factor in b.items():
        total[term] = total.get(term, 0) + sign * factor
    return {term: factor for term, factor in total.items() if factor}


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    product: Polynomial = {}
    for left, factor in a.items():
        shifted = {
            tuple(p + q for p, q in zip(left, right, strict=True)): factor * other
            for right, other in b.items()
        }
        product = _plus(product, shifted, 1)
    return product


def _raised(p: Polynomial, power: int, one: Monomial) -> Polynomial:
    product: Polynomial = {one: 1}
    for _ in range(power):
        product = _times(product, p)
    return product


def _degree(p: Polynomial) -> int:
    return max((sum(term) for term in p), default=0)


def _slope(p: Polynomial, which: int) -> Polynomial:
    """The derivative by one atom."""
    return {
        (*term[:which], term[which] - 1, *term[which + 1 :]): factor * term[which]
        for term, factor in p.items()
        if term[which]
    }


def _scaled(p: Polynomial, factor: Exact) -> Polynomial:
    return {term: factor * each for term, each in p.items()}


def _parted(node: Node) -> tuple[Node, Node, Exact, list[Node]]:
    """A quotient: what stands above, b and k of the b**k below, and the divisors one by one."""
    above, below = node.args
    base, power = _base(below)
    line = [below]
    while above.op == "divide" and _base(above.args[1])[0] is base:
        above, below = above.args
        power += _base(below)[1]
        line.insert(0, below)
    return above, base, power, line


def _base(below: Node) -> tuple[Node, Exact]:
    """A divisor as a power."""
    if below.op == "sqrt":
        return below.args[0], Fraction(1, 2)
    if below.op == "power" and below.args[1].is_constant and _is_finite(below.args[1]):
        return below.args[0], _exact(_number(below.args[1]))
    return below, 1


def _over(build: Builder, above: Node, line: list[Node]) -> Node:
    """Divided one by one, as what stands above may be as large; a number, by a square at once."""
    if above.is_constant and len(line) > 1 and len(set(line)) == 1:
        line = [build.node("power", line[0], build.constant(float(len(line))))]
    for below in line:
        above = build.node("divide", above, below)
    return above


def _written(build: Builder, p: Polynomial, atoms: list[Node]) -> Node:
    """A polynomial as operations, higher powers first."""
    total: Node | None = None
    for term in sorted(p, reverse=True):
        factor = abs(float(p[term]))
        product: Node | None = None
        for atom, power in zip(atoms, term, strict=True):
            if power:
                up = atom if power == 1 else build.node("power", atom, build.constant(float(power)))
                product = up if product is None else build.node("multiply", product, up)
        scale = build.constant(factor)
        if product is None:
            product = scale
        elif factor != 1:
            product = build.node("multiply", scale, product)
        if total is None:
            total = product if p[term] > 0 else build.node("negative", product)
            if product.is_constant and p[term] < 0:
                total = build.constant(-factor)
        else:
            total = build.node("add" if p[term] > 0 else "subtract", total, product)
    assert total is not None
    return total
