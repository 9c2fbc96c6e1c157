"""Formulas in C: every row of the table agrees with NumPy, and no file gives a warning."""

from __future__ import annotations

import ctypes
import math
import subprocess
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import MissingExtraError, SymgradError
from symgrad.pipeline import derive
from symgrad.running.native import compiler
from symgrad.writing.c_file import Part, files, fixed_shapes
from symgrad.writing.document import Rendering
from symgrad.writing.layout import Layout
from tests.reference import CASES, SMALLEST_NORMAL, TABLE, Case, Point, truth
from tests.test_targets import SPECIAL

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fPIC", "-shared")


def part(case: Case, prefix: str) -> Part:
    derived = derive(case.formula, case.inputs, TABLE)
    layout = Layout("tuple", derived.wrt)
    names = {"value_and_grad": "value_and_grad"}
    what = Rendering(case.formula, derived, layout, names, "value_and_grad")
    return Part(what, fixed_shapes(derived, case.formula), prefix)


def built(source: str, folder: Path, *more: str) -> ctypes.CDLL:
    """A source as a library; a warning is an error."""
    code, library = folder / "code.c", folder / "code.so"
    code.write_text(source, "utf-8")
    compiled([*STRICT, *more, "-o", str(library), str(code), "-lm"])
    return ctypes.CDLL(str(library))


def compiled(arguments: Sequence[str]) -> None:
    try:
        command = compiler()
    except MissingExtraError as missing:
        pytest.skip(missing.message)
    made = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """All rows in one library."""
    parts = [part(case, f"row{number}") for number, case in enumerate(CASES)]
    return built(files(parts, TABLE).source, tmp_path_factory.mktemp("c"))


def points_of(case: Case) -> list[tuple[float, ...]]:
    return [*case.points, *product(SPECIAL, repeat=len(case.inputs))]


def called(function: Any, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The loop of a row over all points."""
    count = len(columns[0])
    results = [np.empty(count) for _ in range(1 + len(columns))]
    given: list[Any] = [ctypes.c_size_t(count)]
    for column in columns:
        given += [ctypes.c_void_p(column.ctypes.data), ctypes.c_ssize_t(1)]
    function(*given, *(ctypes.c_void_p(result.ctypes.data) for result in results))
    return results


@pytest.mark.parametrize(
    ("number", "case"), [pytest.param(n, c, id=str(c)) for n, c in enumerate(CASES)]
)
def test_a_row_agrees_with_numpy(rows: ctypes.CDLL, number: int, case: Case) -> None:
    columns = [np.array(column, float) for column in zip(*points_of(case), strict=True)]
    value, slopes = symgrad.value_and_grad(case.formula, wrt=case.inputs)(*columns)
    found = called(rows[f"row{number}_value_and_grad_n"], columns)
    for axis, (got, want) in enumerate(zip(found, (value, *slopes), strict=True), -1):
        for point, g, w in zip(points_of(case), got.tolist(), want.tolist(), strict=True):
            assert agree(case, point, axis, g, w), (point, axis, g, w)


def agree(case: Case, point: Point, axis: int, got: float, want: float) -> bool:
    """Four ulps from NumPy's answer; or as right as that is, where it is less right."""
    if got == want or (math.isnan(got) and math.isnan(want)):
        return True
    if not (math.isfinite(got) and math.isfinite(want)):
        return False
    if abs(got - want) <= max(2.0**-50 * abs(want), SMALLEST_NORMAL):
        return True
    exact = truth(case.graph, case.inputs, point)
    right = exact.value if axis < 0 else exact.partials[axis]
    assert right is not None
    allowed = 2 * exact.tolerance(None if axis < 0 else axis)
    return bool(abs(got - right) <= max(allowed, 2 * abs(want - right)))


NAMES = """double: scalar; exp: scalar; λ: scalar; lambda: scalar; n: scalar; k: scalar;
t1: scalar; sigmoid: scalar; result: scalar; value: scalar; __x: scalar; maximum: scalar;
sigmoid(double) + exp(λ) + maximum(n, k) * sqrt(t1) / lambda + result*value*__x*exp*maximum*sigmoid
"""


@pytest.mark.parametrize(
    "formula",
    [
        NAMES,
        NAMES.replace("double: scalar", "double: (3,)").replace("k: scalar", "k: (2, 1)"),
        "x*0 + 3",
        "0*x",
        "2",
        "i: (3, 2); j: (2,); k: (3,); sum((i @ j - k)**2) + k[0]*j[1]",
        "x: (3,); 1 < 2 and x > 0 or x < -1 and not (x == 0.5)",
        "where(x > 0 and y > 0 or x < y, -(-x), x - -1)",
        "A: (2, 3); A[:, ::-1] - A",
        "x: (3,); t = sum(x); exp(t/size(x)) * sin(t/size(x))",
    ],
)
def test_files_compile_without_warnings(formula: str, tmp_path: Path) -> None:
    """Whatever the inputs are called; optimised, too, when compilers look more closely."""
    code = symgrad.grad(formula).emit("c", "own")
    built(code, tmp_path, "-O2")
    code.save(tmp_path / "own.c")
    user = '#include "own.h"\n#include "own.h"\nint main(void) { return 0; }\n'
    (tmp_path / "user.c").write_text(user, "utf-8")
    compiled([*STRICT[:5], f"-I{tmp_path}", "-o", str(tmp_path / "user"), str(tmp_path / "user.c")])


def test_names_that_c_has_another_use_for_are_told() -> None:
    code = symgrad.grad(NAMES).emit("c").replace("\n * ", " ")
    assert "In C double is called double_, exp is called exp_, λ is called lambda" in code
    assert "lambda is called lambda_" in code


def test_a_file_reads_as_written_by_hand() -> None:
    code = symgrad.grad("softsign: (2,); sum(log1p(exp(softsign)))").emit("c", "soft")
    assert (
        code[code.index("void soft_grad(") : code.index("double soft_value_and_grad(")]
        == """\
void soft_grad(const double softsign[2], double dsoftsign[2])
{
    for (int i = 0; i < 2; i++)
        dsoftsign[i] = sigmoid(softsign[i]);
}

"""
    )
    assert code.count("static double sigmoid(double x)") == 1


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (
            "x @ y",
            "the target c needs the shape of x\n  x @ y\n  ^\nDeclare all shapes at the head",
        ),
        ("x[0] + x[1]", "the target c needs the shape of x\n  x[0] + x[1]\n  ^\n"),
        ("x: (n,); sum(x)", "the target c needs the sizes of x as numbers\n  x: (n,); sum(x)\n  ^"),
        (
            "x: (3,); 2*x[x > 0]",
            "sizes the inputs decide\n  x: (3,); 2*x[x > 0]\n             ^^^^^^^^\nKeep the size",
        ),
        (
            "x: (3,); n: scalar; x * arange(n)",
            "decide\n  x: (3,); n: scalar; x * arange(n)\n                          ^",
        ),
        ("A: (400, 400); sum(exp(A)**2)", "too much for C without allocation"),
    ],
)
def test_what_c_cannot_have_is_an_error(formula: str, message: str) -> None:
    with pytest.raises(SymgradError) as caught:
        symgrad.grad(formula).emit("c")
    assert message in str(caught.value)
