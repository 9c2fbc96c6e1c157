"""The tests that are written beside a generated file pass on it, and fail if a line is altered."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import symgrad
from symgrad.trust.harness import written_tests

NETWORK = """X: (n, d); T: (n, k); W: (d, h); b: (h,); V: (h, k)
h = tanh(X @ W + b)
cross_entropy(h @ V, T)"""
EXAMPLE = {"x": [1.0, 2.0, 3.0], "k": [0, 0, 2], "y": 2.5}

ONLY_WITH_NEW_AXES = "if axis < new or like.shape[axis - new] != g.shape[axis]"
EQUIVALENT = {
    "indices": [ONLY_WITH_NEW_AXES],
    # A number alone is broadcast, which has no axes.
    "undeclared": ["new = g.ndim - like.ndim", ONLY_WITH_NEW_AXES],
    # It puts right what rounding left, by far less than the tests can tell.
    "network": ["return x - np.where(near, np.sum(x, axis=axis, keepdims=True), 0)"],
}
"""Lines that do the same when they are altered, for arrays of the shapes that an example gives."""

CASES: dict[str, tuple[str, Any, Any]] = {
    "numbers": ("(1 - x)**2 + 100*(y - x**2)**2 + exp(sin(x*y))", None, None),
    "choice": ("where(x > 0, sqrt(x)*abs(y), exp(x)) + maximum(x, y)", "x", None),
    "network": (NETWORK, ("W", "b", "V"), None),
    "indices": ("sum(x[k] * log(y)) / 3", ("x", "y"), EXAMPLE),
    "undeclared": (
        "mean((X @ w + b - y)**2)",
        ("w", "b"),
        {"X": [[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]], "w": [0.5, 0.5], "b": 1.0, "y": [1, 2, 3]},
    ),
}


def written(folder: Path, name: str) -> tuple[Path, Path]:
    formula, wrt, at = CASES[name]
    path, tests = folder / f"{name}.py", folder / f"test_{name}.py"
    symgrad.value_and_grad(formula, wrt).save(path)
    tests.write_text(written_tests(formula, wrt, str(path), str(tests), {}, at), "utf-8")
    return path, tests


def complaint(tests: Path) -> str:
    """What the tests of a file say first; nothing where they pass."""
    names: dict[str, Any] = {"__file__": str(tests), "__name__": "tests_of_it"}
    try:
        exec(compile(tests.read_text("utf-8"), str(tests), "exec"), names)
        for name, function in list(names.items()):
            if name.startswith("test_"):
                function()
    except Exception as error:  # noqa: BLE001 - whatever altered code raises
        return f"{type(error).__name__}: {error}"
    return ""


OPPOSITE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
}


def is_arithmetic(node: ast.AST) -> bool:
    """An operation on numbers, or the sign of something computed; not of an axis or infinity."""
    if isinstance(node, ast.UnaryOp):
        plain = isinstance(node.operand, ast.Constant | ast.Attribute)
        return isinstance(node.op, ast.USub) and not plain
    return isinstance(node, ast.BinOp) and type(node.op) in OPPOSITE


def alterations(source: str) -> Iterator[tuple[int, str]]:
    """The file with one operation altered, for each operation, with the number of its line."""
    for number in range(sum(map(is_arithmetic, ast.walk(ast.parse(source))))):
        tree = ast.parse(source)
        node = [node for node in ast.walk(tree) if is_arithmetic(node)][number]
        if isinstance(node, ast.BinOp):
            node.op = OPPOSITE[type(node.op)]()
        elif isinstance(node, ast.UnaryOp):
            node.op = ast.UAdd()
        yield node.lineno, ast.unparse(tree)


@pytest.mark.parametrize("name", CASES)
def test_they_pass_and_fail_when_a_line_is_altered(name: str, tmp_path: Path) -> None:
    path, tests = written(tmp_path, name)
    source = path.read_text("utf-8")
    assert complaint(tests) == ""
    lines, missed = set(), []
    for line, altered in alterations(source):
        path.write_text(altered, "utf-8")
        lines.add(line)
        if not complaint(tests):
            missed.append(source.splitlines()[line - 1].strip())
    assert len(lines) >= 3
    assert missed == EQUIVALENT.get(name, [])


def test_they_run_without_symgrad(tmp_path: Path) -> None:
    _, tests = written(tmp_path, "numbers")
    program = (
        "import sys; sys.modules['symgrad'] = None\n"
        f"import runpy; names = runpy.run_path({str(tests)!r})\n"
        "ran = [f() for n, f in names.items() if n.startswith('test_')]; print(len(ran))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("4\n", "")


def test_numbers_of_nan_and_names_of_functions(tmp_path: Path) -> None:
    path, tests = tmp_path / "roots.py", tmp_path / "deeper" / "test_roots.py"
    tests.parent.mkdir()
    symgrad.grad("log(-x - 100)").save(path, "slope")
    text = written_tests("log(-x - 100)", None, str(path), str(tests), {"grad": "slope"}, None)
    tests.write_text(text, "utf-8")
    assert "nan" in text
    assert "FILE.slope" in text
    assert complaint(tests) == ""


@pytest.mark.parametrize(
    ("formula", "at", "message"),
    [
        (
            "mean(X @ w)",
            None,
            "tests need to know what X is like\n  mean(X @ w)\n       ^\n"
            "Declare all shapes, as X: (n, d), or give an example by --at.",
        ),
        (
            "x: (n,); sum(x[k])",
            None,
            "tests need to know what k is like\n  x: (n,); sum(x[k])\n                 ^\n"
            "Declare all shapes, as X: (n, d), or give an example by --at.",
        ),
        (
            "sum(x)",
            {"x": [0.0] * 10_001},
            "the inputs hold 10,001 numbers, which would all stand in the tests\n"
            "Give fewer than 10,000.",
        ),
    ],
)
def test_what_cannot_be_tested(formula: str, at: Any, message: str) -> None:
    with pytest.raises(symgrad.InputError) as caught:
        written_tests(formula, None, "x.py", "test_x.py", {}, at)
    assert str(caught.value) == message
