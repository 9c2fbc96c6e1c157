"""The command `python -m benchmarks`, and what the peers are given to do."""

import json
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import symgrad
from benchmarks import __main__ as command
from benchmarks import adbench, data, libraries, models, pictures, speed
from benchmarks.alone import Alone, together
from benchmarks.peers import ON_ARRAYS, ON_NUMBERS, installed
from benchmarks.report import Report, described, table, timed
from benchmarks.timing import seconds_a_call


def test_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = {"one": lambda: Report("first", [{"a": 1}]), "two": lambda: Report("second")}
    monkeypatch.setattr(command, "BENCHMARKS", made)
    monkeypatch.setattr(command, "SIDE_BY_SIDE", {})
    written = tmp_path / "found.json"
    assert command.main(["one", "--json", str(written)]) == 0
    assert capsys.readouterr().out == "first\n\n"
    found = json.loads(written.read_text(encoding="utf-8"))
    assert found["benchmarks"] == {"one": [{"a": 1}]}
    assert found["versions"]["numpy"] == np.__version__
    assert command.main([]) == 0
    assert capsys.readouterr().out == "first\n\nsecond\n\n"
    with pytest.raises(SystemExit) as refused:
        command.main(["three"])
    assert refused.value.code == 2
    assert "there is no benchmark three" in capsys.readouterr().err


@pytest.mark.parametrize("formula", speed.FORMULAS)
@pytest.mark.parametrize("name", installed(ON_NUMBERS))
def test_peers_compute_the_same_on_numbers(name: str, formula: str) -> None:
    value, (dx, dy) = symgrad.value_and_grad(formula, ("x", "y"))(0.7, 1.3)
    found = ON_NUMBERS[name][1](formula, "xy")(0.7, 1.3)
    flat = np.concatenate(
        [np.ravel(np.asarray(part, float)) for part in (found[0], *found[1:])], axis=None
    )
    np.testing.assert_allclose(flat.astype(float), [value, dx, dy], rtol=1e-12)


@pytest.mark.parametrize("name", installed(ON_ARRAYS))
def test_peers_compute_the_same_on_arrays(name: str) -> None:
    x, y = np.linspace(0.5, 1.5, 7), np.linspace(1.0, 2.0, 7)
    value, (dx, dy) = symgrad.value_and_grad(speed.FORMULAS[0], ("x", "y"))(x, y)
    found = ON_ARRAYS[name][1](speed.FORMULAS[0], "xy")(x, y)
    first, second = found[1] if len(found) == 2 else found[1:]
    for got, wanted in ((found[0], value), (first, dx), (second, dy)):
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-12)


SMALL: dict[str, models.Model] = {
    "network": replace(models.MODELS["network, 32 rows"], data=partial(models.network_data, 8)),
    **{name: models.MODELS[name] for name in ("Gaussian mixture", "bundle adjustment")},
}


@pytest.mark.parametrize(
    ("what", "name"), [(what, name) for what, model in SMALL.items() for name in model.peers]
)
def test_models_of_the_peers(what: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MODELS", SMALL)
    monkeypatch.setattr(adbench, "OBSERVATIONS", 40)
    monkeypatch.setattr(adbench, "SAMPLES", 40)
    value, gradient = models.work(what, "symgrad")()
    assert np.isfinite(value)
    package = models.PACKAGES.get(name, "numpy")
    if find_spec(package) is None:
        with pytest.raises(ModuleNotFoundError, match=package):
            models.work(what, name)
        return
    found = models.work(what, name)()
    np.testing.assert_allclose(float(found[0]), value, rtol=1e-10)
    for got, wanted in zip(found[1], gradient, strict=True):
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-9, atol=1e-9)


def test_objectives_are_those_of_adbench() -> None:
    """In NumPy, as the peers compute them."""
    logsumexp = symgrad.function("logsumexp(x, axis=-1)")
    for what, objective in (
        ("Gaussian mixture", partial(adbench.mixture, np, lambda x, axis: logsumexp(x))),
        ("bundle adjustment", partial(adbench.bundle, np, np.cross)),
    ):
        model = models.MODELS[what]
        data = model.data()
        value = symgrad.function(model.formula)(**data)
        np.testing.assert_allclose(value, objective(*models.ordered(model, data)), rtol=1e-12)


def test_alone_in_a_process() -> None:
    formula = speed.FORMULAS[0]
    with Alone() as alone:
        found = alone("numbers", formula, ["symgrad"], 2)
        assert 0 < found["symgrad"] < 1
        with pytest.raises(RuntimeError, match="symgrad ended while it was measured"):
            alone("numbers", "1 +", ["symgrad"], 1)
    assert 0 < together("arrays", f"100 {formula}", ["symgrad"], 1)["symgrad"] < 1


def test_pictures(tmp_path: Path) -> None:
    seconds = {"symgrad": 1e-4, "JAX": 2e-4}
    rows = {
        "arrays": [{"size": n, "seconds": {k: n * s for k, s in seconds.items()}} for n in (1, 9)],
        "compile": [
            {"library": "sympy", "what": "small", "seconds": [1.0]},
            {"library": "sympy", "what": "1000", "seconds": [4.0]},
            {"seconds": 0.1, "ratio": 2.0},
        ],
        "models": [{"what": "network", "rows": 32, "seconds": seconds}, {"what": "other"}],
        "counts": [{"what": "x"}],
    }
    assert pictures.lines("compile", rows["compile"]) == {"SymPy": {1000.0: 4.0}}
    kept = tmp_path / "found.json"
    kept.write_text(json.dumps({"benchmarks": rows}), encoding="utf-8")
    paths = [tmp_path / "speed.svg", tmp_path / "speed.png"]
    drawn = [word for path in paths for word in ("--picture", str(path))]
    assert command.main(["--read", str(kept), *drawn]) == 0
    svg = paths[0].read_text(encoding="utf-8")
    assert all(word in svg for word in ("elements", "terms", "rows", "symgrad", "SymPy"))
    assert paths[1].read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="cost against size"):
        pictures.draw({"counts": []}, paths[0])


def test_tables_show_ratios_of_the_best_other() -> None:
    rows = [
        {"what": "a", "seconds": {"symgrad": 1e-6, "JAX": 2e-6, "torch": 4e-3}},
        {"what": "b", "seconds": {"symgrad": 3e-6}},
    ]
    head, first, second = table(rows, "what", ["symgrad", "JAX", "torch"]).splitlines()
    assert head.split() == ["what", "symgrad", "JAX", "torch", "of", "the", "best"]
    assert first.split() == ["a", "1", "µs", "2", "µs", "4", "ms", "0.50"]
    assert second.split() == ["b", "3", "µs", "-", "-", "-"]
    assert [timed(t) for t in (None, 2.0, 3e-8)] == ["-", "2 s", "30 ns"]


def test_missing_peers_are_named() -> None:
    missing = "missing: " in described()
    packages = ("jax", "torch", "casadi", "sympy", "numba", "pytensor", "autograd")
    assert missing == (None in map(find_spec, packages))


def test_each_call_is_timed() -> None:
    counts = {"a": 0, "b": 0}

    def work(name: str) -> None:
        counts[name] += 1
        sum(range(1000))

    found = seconds_a_call({name: partial(work, name) for name in counts}, rounds=1)
    assert all(0 < seconds < 1 for seconds in found.values())
    assert min(counts.values()) > 10


def test_data_in_memory_and_from_a_file() -> None:
    found = data.report(((2_000, 3),), ("memory", "memmap"))
    (row,) = found.rows
    assert row["rows"] == 2_000
    assert all(0 < seconds < 10 for seconds in row["seconds"].values())
    assert "MiB" in str(found)


@pytest.mark.parametrize("library", libraries.LIBRARIES)
def test_libraries_differentiate_to_the_same(library: str) -> None:
    pytest.importorskip(library)
    pytest.importorskip("array_api_compat")
    formula, wrt, loss, _ = libraries.CASES["64-90-10 network, 256 rows"]
    works = libraries.LIBRARIES[library](formula, wrt, loss, models.network_data(8))
    (value, slopes), (other, others) = (work() for work in works.values())
    for got, wanted in zip((value, *slopes), (other, *others), strict=True):
        np.testing.assert_allclose(np.asarray(got), np.asarray(wanted), rtol=1e-10, atol=1e-14)
