"""A formula for each of SciPy's solvers, with exact derivatives in a line.

`symgrad.ravel` makes a formula with named parameters of any shapes a function of one vector.
"""

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import curve_fit, least_squares, minimize, root
from scipy.sparse.linalg import spsolve

import symgrad

CHAIN = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"


def minima() -> None:
    """A curved valley in ten variables: by gradients, by Hessian products, by the Hessian."""
    fun, x0, _ = symgrad.ravel(CHAIN, {"x": np.full(10, 0.5)})
    by_gradients = minimize(fun, x0, jac=True, method="BFGS", tol=1e-10)
    by_products = minimize(fun.value, x0, jac=fun.jac, hessp=fun.hessp, method="Newton-CG")
    by_hessian = minimize(fun.value, x0, jac=fun.jac, hess=fun.hess, method="trust-exact")
    for name, found in (
        ("gradients", by_gradients), ("Hessian products", by_products), ("Hessian", by_hessian)
    ):  # fmt: skip
        print(f"minimum by {name}: {found.x.round(3).min():.3f} to {found.x.round(3).max():.3f}")


def fits() -> None:
    """A decay with an offset, from residuals and from the model."""
    t = np.linspace(0.0, 4.0, 60)
    y = 2.5 * np.exp(-1.3 * t) + 0.5 + 0.01 * np.sin(40 * t)
    start = {"a": 1.0, "k": 1.0, "c": 0.0}
    fun, x0, unpack = symgrad.ravel("a*exp(-k*t) + c - y", start, {"t": t, "y": y})
    found = unpack(least_squares(fun.value, x0, jac=fun.jac).x)
    print("least squares:", ", ".join(f"{name} = {value:.3f}" for name, value in found.items()))
    fun, x0, _ = symgrad.ravel("a*exp(-k*t) + c", start, first="t")
    values, covariance = curve_fit(fun.value, t, y, p0=x0, jac=fun.jac)
    errors = np.sqrt(np.diag(covariance))
    print(
        "curve fit:    ",
        ", ".join(f"{v:.3f} ± {e:.3f}" for v, e in zip(values, errors, strict=True)),
    )


def equations() -> None:
    """Where two curves meet."""
    fun, x0, _ = symgrad.ravel("[x + (x - y)**3/2 - 1, (y - x)**3/2 + y]", {"x": 0, "y": 0})
    print("root:", root(fun, x0, jac=True).x.round(6))


def differential_equations() -> None:
    """Van der Pol's stiff oscillator; its rates do not use the time, which comes first."""
    rates = "[v, mu*(1 - x**2)*v - x]"
    fun, y0, _ = symgrad.ravel(rates, {"x": 2.0, "v": 0.0}, {"mu": 100.0}, first="t")
    path = solve_ivp(fun.value, (0.0, 50.0), y0, jac=fun.jac, method="Radau", rtol=1e-8)
    print("after 50 seconds:", path.y[:, -1].round(4))


def many_unknowns() -> None:
    """Newton's method in ten thousand variables, with a Hessian that is almost empty."""
    fun, x, _ = symgrad.ravel(CHAIN, {"x": np.full(10_000, 0.9)}, sparse=True)
    for _ in range(12):
        x = x - spsolve(fun.hess(x), fun.jac(x).toarray()[0])
    print(f"10,000 unknowns: largest error {np.abs(x - 1).max():.0e}")


def main() -> None:
    """All of them, one after another."""
    minima()
    fits()
    equations()
    differential_equations()
    many_unknowns()


if __name__ == "__main__":
    main()
