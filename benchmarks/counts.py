"""Operations that derivatives take, in units of the formula's own.

Griewank and Walther, Evaluating Derivatives, SIAM 2008, sections 3.3 and 4.6, bound a value and its
gradient together by four times the function, whatever the number of inputs. Here the generated
code is held against that, for formulas that were not written for it.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.formulas import Formula, sets
from benchmarks.operations import TABLE, Cost, cost
from symgrad.document import legal, outputs_for
from symgrad.evaluate import known_of
from symgrad.formula import lower
from symgrad.pipeline import derive, differentiated, with_seeds
from symgrad.targets.numpy import NUMPY

LIMITS: Mapping[str, float] = {"gradient": 4.0, "jvp": 3.0, "hvp": 10.0}
"""Value and gradient together; what the product with a tangent adds to the value, which it gives
as well; the product of the Hessian with a vector."""

MEDIAN_GRADIENT = 2.5
"""The limit for the gradient of half of the formulas."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A formula's own cost, and that of its derivatives by name."""

    name: str
    own: Cost
    derived: Mapping[str, Cost]

    def ratio(self, what: str, measure: str = "operations") -> float:
        """A derivative's cost in units of the formula's own."""
        mine, its = getattr(self.own, measure), getattr(self.derived[what], measure)
        if what == "jvp":
            its -= mine
        return float(its / max(mine, 1))


def counted(formula: Formula) -> Counted:
    """Compile a formula for the shapes of its inputs, and count."""
    lowered = lower(formula.text, TABLE)
    known = known_of(lowered.graph, {name: formula.inputs[name] for name in lowered.inputs})
    wrt = formula.wrt
    if wrt is not None:
        wrt = tuple(name for name in wrt if name in lowered.inputs)
    chosen = differentiated(lowered, wrt, formula.text, TABLE)

    def costs(what: str, *kinds: str) -> list[Cost]:
        derived = derive(formula.text, chosen, TABLE, False, known, lowered, what)
        graph = legal(derived, TABLE, NUMPY).graph
        seeded = with_seeds(known, lowered, what, chosen, formula.text)
        return [cost(outputs_for(graph, kind), seeded.infer()) for kind in kinds]

    own, gradient = costs("reverse", "value", "value_and_grad")
    (jvp,), (hvp,) = costs("jvp", "value_and_grad"), costs("hvp", "grad")
    return Counted(formula.name, own, {"gradient": gradient, "jvp": jvp, "hvp": hvp})


def table(rows: Sequence[Counted]) -> list[str]:
    """For each derivative, its limit, and the median and the worst of what the formulas take."""
    lines = []
    for what, limit in LIMITS.items():
        median = statistics.median(row.ratio(what) for row in rows)
        calls = statistics.median(row.ratio(what, "calls") for row in rows)
        flops = statistics.median(row.ratio(what, "flops") for row in rows)
        worst = max(rows, key=lambda row: row.ratio(what))
        lines.append(
            f"  {what:10}{limit:6.0f}{median:8.2f}{calls:8.2f}{flops:8.2f}"
            f"{worst.ratio(what):8.2f}  {worst.name}"
        )
    return lines


def report() -> str:
    """The table for every set of formulas."""
    lines = [f"{'':12}{'limit':>6}{'median':>8}{'calls':>8}{'flops':>8}{'worst':>8}"]
    for title, formulas in sets().items():
        rows = [counted(formula) for formula in formulas]
        lines += [f"{title}: {len(rows)} formulas", *table(rows)]
    return "\n".join(lines)
