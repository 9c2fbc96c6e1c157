"""Generated files: golden ones, read in review; and what no formula can do to them.

After a change that is meant to change them, run `python -m tests.test_document` and read the
difference.
"""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import symgrad
from symgrad.writing.lines import escaped

GOLDEN = Path(__file__).parent / "golden"

FORMULAS: dict[str, tuple[str, object]] = {
    "composed": ("exp(x**2)**2", None),
    "rosenbrock": ("(1 - x)**2 + 100*(y - x**2)**2", ("x", "y")),
    "yardstick": ("(1 - x)**2 + 100*(y - x**2)**2 + exp(sin(x*y))", ("x", "y")),
    "gaussian": ("exp(-((theta - mu)/sigma)**2/2) / (sqrt(2*pi)*sigma)", None),
    "damped_wave": ("A*exp(-k*t)*cos(2*pi*f*t + phi) + c", ("A", "k", "f", "phi", "c")),
    "michaelis_menten": ("Vmax*S/(Km + S)", ("Vmax", "Km")),
    "residual": ("residual = y - (a*x + b)  # one observation\nresidual**2", ("a", "b")),
    "logistic_loss": ("z = w*x + b; softplus(z) - t*z", ("w", "b")),
    "guarded_log": ("where(x > 0, x*log(x), 0)", "x"),
    "clipped": ("clip(x, low, 1) * y", ("x", "y")),
    "elements": ("w*v[0]**2 + v[1]", None),
    "special": ("erf(x)*gammaln(y)", ("x", "y")),
    "names": ("lambda = 2*np; value = lambda**2; value*value + sin(sin)*_floats", None),
    "constant": ("2*pi", None),
    "flat": ("where(x > 0, 1, 2)", "x"),
    "linear_regression": (
        "X: (n, d); w: (d,); b: scalar; y: (n,)\nmean((X @ w + b - y)**2)",
        ("w", "b"),
    ),
    "network": (
        "X: (n, d); T: (n, k); W1: (d, h); b1: (h,); W2: (h, k); b2: (k,)\n"
        "h = relu(X @ W1 + b1); logits = h @ W2 + b2\n"
        "cross_entropy(logits, T)",
        ("W1", "b1", "W2", "b2"),
    ),
    "ridge": ("X: (n, d); w: (d,); y: (n,)\nmean((X @ w - y)**2) + penalty*sum(w**2)", "w"),
    "undeclared": ("mean((X @ w + b - y)**2)", ("w", "b")),
    "chained_rosenbrock": ("x: (n,)\nsum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", "x"),
    "gaussian_process": (
        "X: (n, d); y: (n,); length: scalar; noise: scalar\n"
        "distances = sum((X[:, None] - X)**2, axis=-1)\n"
        "K = exp(-distances / (2 * length**2)) + noise * eye(n)\n"
        "(y @ solve(K, y) + logdet(K)) / 2",
        ("length", "noise"),
    ),
    "gathered": ("cams: (m, 3); x: (p, 3); k: (p,)\nsum((cams[k] - x)**2)", "cams"),
    "backpropagation": (
        "X: (n, d); T: (n, k); W1: (d, h); b1: (h,); W2: (h, k); b2: (k,)\n"
        "h = relu(X @ W1 + b1)\n"
        "cross_entropy(h @ W2 + b2, T)",
        ("W1", "b1", "W2", "b2"),
    ),
    "deep_regression": (
        "X: (n, d); y: (n, 1); W1: (d, h); b1: (h,); W2: (h, k); b2: (k,); W3: (k, 1); b3: ()\n"
        "h1 = tanh(X @ W1 + b1)\n"
        "h2 = sigmoid(h1 @ W2 + b2)\n"
        "mean((h2 @ W3 + b3 - y)**2)  # squared error",
        ("W1", "b1", "W2", "b2", "W3", "b3"),
    ),
    "attention": (
        "Q: (n, d); K: (m, d); V: (m, v)\n"
        "A = softmax(Q @ K.T / sqrt(d))  # who looks at whom\n"
        "sum((A @ V)**2)",
        ("Q", "K", "V"),
    ),
    "black_scholes": (
        "d1 = (log(S/K) + (r + sigma**2/2)*T) / (sigma*sqrt(T))\n"
        "d2 = d1 - sigma*sqrt(T)\n"
        "S*ndtr(d1) - K*exp(-r*T)*ndtr(d2)  # a call",
        ("S", "sigma", "T", "r"),
    ),
    "portfolio": (
        "w: (n,); mu: (n,); C: (n, n); risk: scalar\n"
        "gain = w @ mu\n"
        "variance = w @ C @ w\n"
        "gain - risk/2 * variance",
        "w",
    ),
    "pharmacokinetics": (
        "F*dose*ka / (V*(ka - ke)) * (exp(-ke*t) - exp(-ka*t))",
        ("ka", "ke", "V"),
    ),
    "lennard_jones": ("4*eps*((sigma/r)**12 - (sigma/r)**6)", ("r", "sigma", "eps")),
    "coulomb": (
        "q: (n,); x: (n, 3)\n"
        "r = sqrt(sum((x[:, None] - x)**2, axis=-1) + eye(n))  # 1 on the diagonal\n"
        "sum(triu(q[:, None]*q / r, 1))",
        "x",
    ),
    "arrhenius": ("k = A*exp(-Ea/(R*T))  # Arrhenius\nk*c**n", ("A", "Ea", "n")),
    "lagrangian": (
        "theta: (); omega: (); m: (); l: (); g: ()\n"
        "# kinetic energy\n"
        "T = m*l**2*omega**2/2\n"
        "# potential energy\n"
        "U = -m*g*l*cos(theta)\n"
        "T - U",
        ("theta", "omega"),
    ),
    "mixture": (
        "x: (n, d); mu: (k, d); weights: (k,); s: (k,)\n"
        "d2 = sum((x[:, None] - mu)**2, axis=-1)\n"
        "-sum(logsumexp(log_softmax(weights) - d2/(2*s**2) - d*log(s), axis=1))",
        ("mu", "weights", "s"),
    ),
    "heron": (
        "# Heron's formula\n"
        "p: (2,); q: (2,); r: (2,)\n"
        "a = norm(q - r); b = norm(r - p); c = norm(p - q)\n"
        "s = (a + b + c)/2\n"
        "sqrt(s*(s - a)*(s - b)*(s - c))",
        ("p", "q", "r"),
    ),
    "great_circle": (
        "h = sin((lat2 - lat1)/2)**2 + cos(lat1)*cos(lat2)*sin((lon2 - lon1)/2)**2\n"
        "2*R*arcsin(sqrt(h))",
        ("lat1", "lon1"),
    ),
    "periodogram": (
        "x: (n,); t: (n,); w: ()\nsum(x*cos(w*t))**2 + sum(x*sin(w*t))**2",
        ("x", "w"),
    ),
    "small_angles": ("(1 - cos(x)) / x**2", "x"),
    "polar": ("x: (); y: ()\n[hypot(x, y), arctan2(y, x)]", ("x", "y")),
}


def rendered(name: str) -> str:
    formula, wrt = FORMULAS[name]
    return symgrad.value_and_grad(formula, wrt=wrt).source  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORMULAS)
def test_golden_files(name: str) -> None:
    assert rendered(name) == (GOLDEN / f"{name}.py").read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.py")} == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_golden_files_are_formatted_as_ruff_would(name: str) -> None:
    """Where ruff is installed, as it is for development."""
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "-"]
    found = subprocess.run(command, input=rendered(name).encode(), capture_output=True, check=False)
    assert b"No module named ruff" in found.stderr or found.returncode == 0, found.stderr


@pytest.mark.parametrize("name", FORMULAS)
def test_golden_files_import_numpy_alone(name: str) -> None:
    tree = ast.parse(rendered(name))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    }
    allowed = {"numpy", "numpy.typing"} | (
        {"scipy"} if name in ("special", "black_scholes") else set()
    )
    assert modules <= allowed


def test_a_file_runs_alone(tmp_path: Path) -> None:
    path = tmp_path / "slope.py"
    symgrad.grad("exp(x**2)**2").save(path)
    code = "import slope; print(slope.value(0.5), slope.grad(0.5), *slope.value_and_grad([0.5]))"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout == "1.648721270700128 3.297442541400256 [1.64872127] [3.29744254]\n"


def test_the_text_is_the_same_in_another_process() -> None:
    code = "import symgrad; print(symgrad.grad('x*sin(y) + y*z*exp(-x)').source, end='')"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


HOSTILE = [
    'x # """',
    "x # '''",
    "x # \\",
    'x # \\"""',
    "x\r# lone carriage return\r# import os",
    "x # {0} {x!r} %s %(x)s",
    "x # \\N{BULLET} \\x41 \\u0041",
    "x # \u05d0\u05d1 right to left",
    "#" + '"' * 50 + "\nx",
    "π*x # α, 日本語",
]


@pytest.mark.parametrize("formula", HOSTILE)
def test_no_text_of_a_formula_leaves_its_docstring(formula: str) -> None:
    source = symgrad.grad(formula).source
    tree = ast.parse(source)
    first = tree.body[0]
    assert isinstance(first, ast.Expr)
    kinds = {type(node).__name__ for node in tree.body}
    assert kinds == {"Expr", "Import", "ImportFrom", "Assign", "FunctionDef"}
    names = [alias.name for n in tree.body if isinstance(n, ast.Import) for alias in n.names]
    assert names == ["numpy"]
    module: dict[str, object] = {}
    exec(compile(source, "<hostile>", "exec"), module)


@given(st.text())
def test_escaped_text_reads_back_as_itself(text: str) -> None:
    """Whatever it holds, in a docstring it is that text, with line ends made plain."""
    lines = escaped(text)
    assert all(" " <= c <= "~" or "Α" <= c <= "ω" for line in lines for c in line)
    value = ast.literal_eval('"""' + "\n".join(lines) + '\n"""')
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    wanted = "\n".join(line.rstrip(" ") for line in plain.split("\n")) + "\n"
    assert value.encode("utf-8", "surrogatepass") == wanted.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("kind", ["value", "grad", "value_and_grad"])
def test_each_function_of_a_file_agrees_with_the_call(kind: str) -> None:
    formula = "a*exp(-b*x) + where(x > 1, x*b, 0)"
    module: dict[str, object] = {}
    exec(symgrad.value_and_grad(formula, wrt=("b", "a")).source, module)
    inputs = {"a": np.float32(2.0), "b": np.ones((2, 1)), "x": [0.5, 1.5, 2.5]}
    verb = {"value": symgrad.function}.get(kind)
    compiled = verb(formula) if verb else getattr(symgrad, kind)(formula, wrt=("b", "a"))
    found, wanted = module[kind](**inputs), compiled(**inputs)  # type: ignore[operator]
    flat_found, flat_wanted = ([found], [wanted]) if kind == "value" else (found, wanted)
    if kind == "value_and_grad":
        flat_found, flat_wanted = [found[0], *found[1]], [wanted[0], *wanted[1]]
    for one, other in zip(flat_found, flat_wanted, strict=True):
        assert np.array_equal(one, other)


def test_a_file_refuses_what_is_not_a_real_number() -> None:
    module: dict[str, object] = {}
    exec(symgrad.grad("x**2").source, module)
    with pytest.raises(TypeError, match="an input must hold real numbers, not complex128"):
        module["grad"](1j)  # type: ignore[operator]


def test_a_file_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    source = symgrad.grad("erf(x)*gammaln(y)", wrt="x").source
    with pytest.raises(ImportError) as caught:
        exec(source, {})
    wanted = "digamma, erf, gammaln need SciPy: pip install scipy, or symgrad[special]"
    assert str(caught.value).endswith(wanted.removeprefix("digamma, "))


def test_a_file_leaves_the_error_state_alone() -> None:
    module: dict[str, object] = {}
    exec(symgrad.grad("log(x)*exp(x)").source, module)
    with np.errstate(all="raise"):
        before = np.geterr()
        module["grad"]([0.0, 1e4, -1.0])  # type: ignore[operator]
        assert np.geterr() == before


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for golden in FORMULAS:
        (GOLDEN / f"{golden}.py").write_text(rendered(golden), encoding="utf-8")
