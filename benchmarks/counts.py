"""Operations that derivatives take, in units of the formula's own.

Griewank and Walther, Evaluating Derivatives, SIAM 2008, sections 3.3 and 4.6, bound a value and its
gradient together by four times the function, whatever the number of inputs. Here the generated
code is held against that, for formulas that were not written for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.formulas import Formula, sets
from benchmarks.operations import TABLE, Cost, cost
from benchmarks.report import Report
from symgrad.language.formula import lower
from symgrad.pipeline import derive, differentiated, with_seeds
from symgrad.running.evaluate import known_of
from symgrad.targets.numpy import NUMPY
from symgrad.writing.document import legal, outputs_for

LIMITS: Mapping[str, float] = {"gradient": 4.0, "jvp": 3.0, "hvp": 10.0}
"""Value and gradient together; what the product with a tangent adds to the value, which it gives
as well; the product of the Hessian with a vector."""

MEASURES = ("operations", "calls", "flops")
"""What is counted; `benchmarks/operations.py` says how."""

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
        medians = [median(row.ratio(what, of) for row in rows) for of in MEASURES]
        worst = [max(row.ratio(what, of) for row in rows) for of in MEASURES]
        numbers = "".join(f"{number:11.2f}" for number in (*medians, *worst))
        name = max(rows, key=lambda row: row.ratio(what)).name
        lines.append(f"  {what:10}{limit:5.0f}{numbers}  {name:.40}")
    return lines


def report() -> Report:
    """A table of operations, for every set of formulas and for all of them."""
    heads = "".join(f"{measure:>11}" for measure in (*MEASURES, *MEASURES))
    lines = [f"{'':17}{'median':>11}{'':22}{'worst':>11}", f"  {'':10}limit{heads}"]
    everything: list[Counted] = []
    for title, formulas in sets().items():
        rows = [counted(formula) for formula in formulas]
        everything += rows
        lines += [f"{title}: {len(rows)} formulas", *table(rows)]
    lines += [f"all: {len(everything)} formulas", *table(everything)]
    rows_ = [{"formula": c.name, **{w: c.ratio(w) for w in LIMITS}} for c in everything]
    return Report("\n".join(lines), rows_)
