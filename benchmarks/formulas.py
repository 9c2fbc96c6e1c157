"""Formulas to measure: well-known ones from many fields, and the sets beside the checkout."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"

COLLECTIONS = ("feynman", "fpbench", "nist", "optim", "matrix", "large", "adbench", "pitfalls")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, values for its inputs, and what it is differentiated by; None for all inputs."""

    name: str
    text: str
    inputs: Mapping[str, Any]
    wrt: tuple[str, ...] | None = None


def _numbers(text: str) -> dict[str, float]:
    return {name: 0.5 + 0.25 * place for place, name in enumerate(text.split())}


def _arrays(**shapes: tuple[int, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {name: rng.uniform(0.5, 1.5, shape) for name, shape in shapes.items()}


WELL_KNOWN = (
    # Physics
    Formula("pendulum's energy", "p**2 / (2*m*l**2) + m*g*l*(1 - cos(θ))", _numbers("p m l g θ")),
    Formula("relativistic energy", "sqrt((p*c)**2 + (m*c**2)**2)", _numbers("p c m")),
    Formula("Planck's law", "2*h*ν**3 / c**2 / expm1(h*ν / (k*T))", _numbers("h ν c k T")),
    Formula("Lennard-Jones potential", "4*ε*((σ/r)**12 - (σ/r)**6)", _numbers("ε σ r")),
    Formula("Morse potential", "D*(1 - exp(-a*(r - r0)))**2", _numbers("D a r r0")),
    Formula(
        "damped oscillation", "A*exp(-γ*t)*cos(sqrt(ω**2 - γ**2)*t + φ)", _numbers("A γ t φ ω")
    ),
    Formula("thin lens", "1 / ((n - 1)*(1/R1 - 1/R2))", _numbers("n R1 R2")),
    Formula("rocket equation", "v*log((m + f) / m) - g*t", _numbers("v m f g t")),
    Formula(
        "haversine distance",
        "2*R*arcsin(sqrt(sin((b - a)/2)**2 + cos(a)*cos(b)*sin((μ - λ)/2)**2))",
        _numbers("a R b λ μ"),
    ),
    # Chemistry and biology
    Formula("Arrhenius rate", "A*exp(-E / (R*T))", _numbers("A E R T")),
    Formula("van der Waals pressure", "n*R*T / (V - n*b) - a*n**2 / V**2", _numbers("n R T V b a")),
    Formula("Michaelis-Menten rate", "V*S / (K + S)", _numbers("V S K")),
    Formula("Hill equation", "x**n / (K**n + x**n)", _numbers("x n K")),
    Formula("Nernst potential", "E - R*T / (z*F) * log(Q)", _numbers("E R T z F Q")),
    Formula("Debye-Hückel activity", "-A*z**2*sqrt(I) / (1 + B*a*sqrt(I))", _numbers("A z I B a")),
    Formula("logistic growth", "K / (1 + (K/N - 1)*exp(-r*t))", _numbers("N K r t")),
    # Statistics and finance
    Formula("normal density", "exp(-((x - μ)/σ)**2 / 2) / (σ*sqrt(2*pi))", _numbers("x μ σ")),
    Formula("logarithm of Cauchy's density", "-log(pi*s*(1 + ((x - m)/s)**2))", _numbers("x m s")),
    Formula("logit", "log(p / (1 - p))", _numbers("p")),
    Formula("log-odds of a mixture", "log(w*exp(a) + (1 - w)*exp(b))", _numbers("w a b")),
    Formula("Weibull density", "k/s*(x/s)**(k - 1)*exp(-(x/s)**k)", _numbers("x k s")),
    Formula(
        "Black-Scholes price of a call",
        "d = (log(S/K) + (r + σ**2/2)*t) / (σ*sqrt(t)); "
        "S*ndtr(d) - K*exp(-r*t)*ndtr(d - σ*sqrt(t))",
        _numbers("S K r σ t"),
    ),
    # Optimisation
    Formula("Rosenbrock's function", "(1 - x)**2 + 100*(y - x**2)**2", _numbers("x y")),
    Formula("Himmelblau's function", "(x**2 + y - 11)**2 + (x + y**2 - 7)**2", _numbers("x y")),
    Formula(
        "chained Rosenbrock function",
        "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)",
        _arrays(x=(20,)),
    ),
    # Learning from data
    Formula(
        "ridge regression",
        "mean((X @ w + b - y)**2) + α*sum(w**2)",
        _arrays(X=(50, 4), w=(4,), b=(), y=(50,), α=()),
        ("w", "b"),
    ),
    Formula(
        "logistic regression",
        "mean(binary_cross_entropy_with_logits(X @ w + b, y))",
        _arrays(X=(50, 4), w=(4,), b=(), y=(50,)),
        ("w", "b"),
    ),
    Formula(
        "network with a hidden layer",
        "cross_entropy(tanh(X @ W1 + b1) @ W2 + b2, T)",
        _arrays(X=(50, 4), W1=(4, 16), b1=(16,), W2=(16, 3), b2=(3,), T=(50, 3)),
        ("W1", "b1", "W2", "b2"),
    ),
    Formula(
        "attention",
        "sum(softmax(Q @ K.T / sqrt(size(K, 1))) @ V)",
        _arrays(Q=(10, 8), K=(12, 8), V=(12, 5)),
    ),
    Formula(
        "matrix factorisation",
        "sum((R - U @ V.T)**2) + α*(sum(U**2) + sum(V**2))",
        _arrays(R=(20, 15), U=(20, 3), V=(15, 3), α=()),
        ("U", "V"),
    ),
    Formula(
        "Gaussian process",
        "K = exp(-(x[:, None] - x[None, :])**2 / (2*l**2)) + s**2*eye(12); "
        "y @ solve(K, y) / 2 + logdet(K) / 2",
        _arrays(x=(12,), y=(12,), l=(), s=()),
        ("l", "s"),
    ),
)
"""Textbook formulas, by field. Where shapes matter they are those of a small example."""


def sets() -> dict[str, list[Formula]]:
    """The well-known formulas, and the collections that lie beside the checkout, by name."""
    found = {"well known": list(WELL_KNOWN)}
    for name in COLLECTIONS:
        path = SHARED_DATA / f"{name}.json"
        if path.is_file():
            rows = json.loads(path.read_text(encoding="utf-8"))
            found[name] = [f for row in rows for f in _of_row(row) if f.inputs]
    return found


def _of_row(row: Mapping[str, Any]) -> Iterator[Formula]:
    """The formulas of a row, which may hold several for the same thing.

    Rows give values as data, as points, as a start for parameters b1, b2, ... or as variables.
    """
    start = {f"b{place}": value for place, value in enumerate(row.get("start1", ()), start=1)}
    inputs = {**(row.get("data") or {}), **start}
    for point in row.get("points", ())[:1]:
        inputs |= point["at"]
    wrt = row.get("wrt") or row.get("gradients") or start or row["vars"]
    if isinstance(row.get("vars"), Mapping):
        inputs |= row["vars"] if "expect_value" in row else {}
    name = str(row.get("name") or row["id"])
    for key in row:
        if key.startswith("formula"):
            label = name if key == "formula" else f"{name}, {key.removeprefix('formula_')}"
            yield Formula(label, row[key], inputs, tuple(wrt))
