"""Which rules match at a node: the few that a look at what is below leaves, one by one."""

from __future__ import annotations

from functools import cache
from typing import Any

from symgrad.functions import Recent
from symgrad.graph import Node, Value, key_of
from symgrad.language.template import Wild
from symgrad.rewriting.identity import is_same
from symgrad.rewriting.rules import OPEN, PREDICATES, Attribute, Bindings, Rule

COMMUTATIVE = frozenset(
    "add multiply equal not_equal logical_and logical_or maximum minimum hypot logaddexp".split()
)


_Trial = tuple[Any, Bindings]
"""Pairs of a pattern's node and a graph's node still to be compared, as a chain of `(pattern's,
graph's, the rest)`; what names stand for."""


class Kind:
    """What is told of a node: its operation, and those of its operands; or of a constant, more.

    There is one for all nodes of which the same is told, so that it is compared by identity: for
    tuples in tuples, that would take longer than all else that is done to find candidates.
    """

    __slots__ = ("below", "op")

    def __init__(self, op: str, *below: Any) -> None:
        self.op = op
        self.below = below


Kinds = dict[Node, Kind]
"""What was told of nodes."""


def match(rule: Rule, node: Node) -> Bindings | None:
    """What the names of a pattern stand for at a node, or None. Commuted operands are tried too."""
    pending: Any = (rule.root, node, _LAST if rule.same else None)
    bound: Bindings = {}
    others: list[_Trial] = []
    weighed = rule.weighed
    while pending is not None:
        wanted, found, pending = pending
        op = wanted.op
        if op == "input":
            guard = rule.predicates.get(wanted.value)
            holds = guard is None or PREDICATES[guard](found)
            fits = holds and bound.setdefault(wanted.value, found) is found
        elif op == "constant":
            fits = found.op == "constant" and _same(wanted.value, found.value)
        elif wanted is found:
            fits = _are_same(rule, bound)
        else:
            args, have = wanted.args, found.args
            fits = op == found.op and len(args) == len(have)
            plain = wanted.value is None and found.value is None
            fits = fits and (plain or _same_attributes(wanted.value, found.value, bound))
            if fits and len(args) == 1:
                pending = (args[0], have[0], pending)
            elif fits:
                straight = turned = True
                if wanted in weighed:
                    straight, turned = _possible(args, have, rule.numbers)
                if turned and op in COMMUTATIVE and have[0] is not have[1]:
                    swapped = (args[0], have[1], (args[1], have[0], pending))
                    others.append((swapped, dict(bound)))
                fits = straight
                pending = (args[0], have[0], (args[1], have[1], pending))
                for place in range(2, len(args)):
                    pending = (args[place], have[place], pending)
        if not fits:
            if not others:
                return None
            pending, bound = others.pop()
    return bound


_END = Node("end")
_LAST = (_END, _END, None)
"""Where names stand for expressions, that is looked at last, once all names stand for something."""


def _are_same(rule: Rule, bound: Bindings) -> bool:
    """Whether names stand for the expressions that they are to stand for."""
    return all(is_same(bound[name], graph, bound) for name, graph in rule.same.items())


def _possible(
    args: tuple[Node, ...], have: tuple[Node, ...], numbers: frozenset[Node]
) -> tuple[bool, bool]:
    """Whether operands can be a pattern's as they stand, or turned round: numbers are constants."""
    straight = turned = True
    first, second = have[0].op == "constant", have[1].op == "constant"
    if args[0] in numbers:
        straight, turned = first, second
    if args[1] in numbers:
        straight, turned = straight and second, turned and first
    return straight, turned


def _same_attributes(wanted: Value, found: Value, bound: Bindings) -> bool:
    """Whether attributes agree; wild ones are bound, and later filled in."""
    if wanted == found:
        return True
    if not isinstance(wanted, tuple) or not isinstance(found, tuple) or len(wanted) != len(found):
        return False
    for want, have in zip(wanted, found, strict=True):
        if isinstance(want, Wild):
            want = bound.setdefault(want.name, Attribute(have)).value
        if type(want) is not type(have) or want != have:
            return False
    return True


def _same(a: Value, b: Value) -> bool:
    return type(a) is type(b) and a == b


class Index:
    """Rules by the operation at their root and what stands two levels below it.

    `before` is an index of some of the rules: what it found is kept where it still holds.
    """

    def __init__(self, rules: tuple[Rule, ...], before: Index | None = None) -> None:
        self.rules = rules
        self.roots: dict[str, list[_Root]] = {}
        self._meeting: set[str] = set()
        self._numbers: set[tuple[type, Value]] = set()
        for rule in rules:
            root = _root_of(rule)
            self._numbers.update(root.numbers)
            self.roots.setdefault(rule.root.op, []).append(root)
            if root.meeting:
                self._meeting.add(rule.root.op)
        self._candidates: dict[tuple[Any, ...], tuple[Rule, ...]] = Recent()
        self._constants: dict[object, Kind] = Recent()
        self._kinds: dict[tuple[Any, ...], Kind] = before._kinds if before else Recent()
        if before is not None:
            counts = {op: len(roots) for op, roots in before.roots.items()}
            same = {op for op, roots in self.roots.items() if len(roots) == counts.get(op)}
            found = [*before._candidates.items()]
            self._candidates.update((shape, rules) for shape, rules in found if shape[0] in same)

    def candidates(self, node: Node, kinds: Kinds) -> tuple[Rule, ...]:
        """The rules that a look at a node and what is below it does not rule out, in order.

        `kinds` remembers what was told of nodes.
        """
        rules = self.roots.get(node.op)
        if rules is None:
            return ()
        args = node.args
        first = args[0]
        kind = kinds.get(first) or self._kind(first, kinds)
        shape: tuple[Any, ...] = (node.op, kind)
        meeting = 0
        if len(args) == 2:
            second = args[1]
            if node.op in self._meeting and (first.args or second.args or first is second):
                meeting = _meeting(first, second)
            shape = (node.op, kind, kinds.get(second) or self._kind(second, kinds), meeting)
        elif len(args) > 2:
            shape = (node.op, *[kinds.get(arg) or self._kind(arg, kinds) for arg in args])
        found = self._candidates.get(shape)
        if found is None:
            below = shape[1 : 1 + len(args)]
            found = tuple([r.rule for r in rules if r.fits(below, meeting) and _fit(r.rule, below)])
            self._candidates[shape] = found
        return found

    def _kind(self, node: Node, kinds: Kinds) -> Kind:
        """Its operation, and those of its operands; of a constant, what is told of that."""
        if node.op == "constant":
            return self._of_constant(node, kinds)
        below = [
            arg.op if arg.op != "constant" else kinds.get(arg) or self._of_constant(arg, kinds)
            for arg in node.args
        ]
        kind = kinds[node] = self._one_for((node.op, *below))
        return kind

    def _one_for(self, told: tuple[Any, ...]) -> Kind:
        kind = self._kinds.get(told)
        if kind is None:
            kind = self._kinds[told] = Kind(*told)
        return kind

    def _of_constant(self, constant: Node, kinds: Kinds) -> Kind:
        """The guards that a constant passes, and its value if rules name it."""
        value = constant.value
        key = key_of(value)
        kind = self._constants.get(key)
        if kind is None:
            passed = _passed.get(key)
            if passed is None:
                passed = tuple([name for name, passes in PREDICATES.items() if passes(constant)])
                _passed[key] = passed
            if (type(value), value) in self._numbers:
                passed = (*passed, repr(value))
            kind = self._constants[key] = self._one_for(("constant", *passed))
        kinds[constant] = kind
        return kind


_passed: dict[object, tuple[str, ...]] = Recent()
"""The guards that numbers pass: the same for every index."""

_SAME, _NESTED, _SHARED = 1, 2, 4


def _meeting(first: Node, second: Node) -> int:
    """Where two operands meet: they are the same, one is an operand of the other, or share one."""
    if first is second:
        return _SAME | _SHARED
    below, others = first.args, second.args
    found = _NESTED if first in others or second in below else 0
    shared = below and (below[0] in others or below[-1] in others)
    return found | _SHARED if shared else found


def _needed_meeting(root: Node) -> int:
    """Where the operands of a pattern meet. Numbers are compared by value, so they do not count."""
    if len(root.args) != 2:
        return 0
    first, second = root.args
    names = [[arg for arg in node.args if arg.op == "input"] for node in root.args]
    needed = _SAME if first is second else 0
    if (first.op == "input" and first in names[1]) or (second.op == "input" and second in names[0]):
        needed |= _NESTED
    return needed | (_SHARED if set(names[0]) & set(names[1]) else 0)


class _Root:
    """What a rule asks for at first sight: where operands meet, their operations, its numbers."""

    __slots__ = ("_orders", "meeting", "numbers", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.meeting = _needed_meeting(rule.root)
        wanted = tuple(["" if arg.op == "input" else arg.op for arg in rule.root.args])
        self._orders = _orders(rule.root, wanted)
        constants = [node.value for node in rule.matched.nodes if node.op == "constant"]
        self.numbers = [(type(value), value) for value in constants]

    def fits(self, operands: tuple[Kind, ...], meeting: int) -> bool:
        """Whether operands that meet so have the operations, in an order that is possible."""
        if self.meeting & ~meeting:
            return False
        for order in self._orders:
            for wanted, kind in zip(order, operands, strict=True):
                if wanted and wanted != kind.op:
                    break
            else:
                return True
        return False


_root_of = cache(_Root)
"""A rule stands in many indices: one for each way in which sections are in force together."""


def _fit(rule: Rule, operands: tuple[Kind, ...]) -> bool:
    """Whether a pattern's operands can be these, in either order where it commutes."""
    root = rule.root
    return any(
        all(_may_be(rule, want, have) for want, have in zip(root.args, order, strict=True))
        for order in _orders(root, operands)
    )


def _may_be(rule: Rule, wanted: Node, found: Kind) -> bool:
    if not wanted.args:
        return _may_be_leaf(rule, wanted, found)
    if wanted.op != found.op or len(wanted.args) != len(found.below):
        return False
    return any(
        all(
            _may_be_leaf(rule, want, have) if not want.args else want.op == have
            for want, have in zip(wanted.args, order, strict=True)
        )
        for order in _orders(wanted, found.below)
    )


def _may_be_leaf(rule: Rule, wanted: Node, found: str | Kind) -> bool:
    """Whether a name or a number in a pattern can be what is told of a node."""
    told = found.below if isinstance(found, Kind) and found.op == "constant" else None
    if wanted.op == "constant":
        return told is not None and repr(wanted.value) in told
    guard = rule.predicates.get(str(wanted.value))
    return guard is None or (guard in OPEN if told is None else guard in told)


def _orders(wanted: Node, operands: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    return (operands, operands[::-1]) if wanted.op in COMMUTATIVE else (operands,)
