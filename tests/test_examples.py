"""The examples run as a reader runs them, and print what is known from elsewhere."""

import importlib
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import symgrad
from symgrad.errors import MissingExtraError

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
PARTS = {"loss_curves"}
"""What other examples import."""

SLOPE = 4 * 0.5 * math.exp(0.5)
SIGMOID = 1 / (1 + math.exp(11))
STEP = -(3 - 2 * SIGMOID) * SIGMOID * (1 - SIGMOID)

PRINTED: dict[str, tuple[str, ...]] = {
    "lost_worker": (
        "logistic regression: 1 gradients, equal to the bit with a worker lost and on one machine",
        "least squares: 1 gradients, equal to the bit with a worker lost and on one machine",
        "64-90-10 network: 4 gradients, equal to the bit with a worker lost and on one machine",
    ),
    "composed_function": (
        f"value at 0.5:                {math.exp(0.5):.12f}",
        f"derivative at 0.5:           {SLOPE:.12f}",
        f"by central differences:      {SLOPE:.6f}",
        f"written in steps, the same:  {SLOPE:.12f}",
        "    return 4 * x * np.exp(x**2) ** 2",
    ),
    "reuse_and_fan_in": (
        "x + x + x: value 6, gradient 3",
        "square(square(x)) + square(square(x)): value 32, gradient 64",
        "a = square(x); square(a) + square(a): value 32, gradient 64",
        "asked for five times: [64.0, 64.0, 64.0, 64.0, 64.0]",
        "v3 = add(v2, v2)",
    ),
    "layered_network": (
        f"one layer: loss {((1 - SIGMOID) ** 2 + (2 - SIGMOID) ** 2) / 2:.7f}",
        f"  d/dW = [[{round(-STEP, 12)}], [{round(-2 * STEP, 12)}]]",
        f"  d/db = [{round(STEP, 12)}]",
    ),
    "node_graph": (
        "add: x + y = 5.0",
        "  d/dy = 1.0",
        "dot: dot(w, x) = 11.0",
        "  d/dw = [3.0, 4.0]",
        "logistic: 1 / (1 + exp(-x)) = 0.5",
        "  d/dx = 0.25",
        "relu: relu(x) = [0.0, 2.0]",
        "  d/dx = [0.0, 1.0]",
        "vectorise: vector = [x, y, x * y]; vector @ vector = 49.0",
        "  d/dx = 40.0",
        "softmax: softmax(z)[0] = 0.5",
        "  d/dz = [0.25, -0.25]",
        f"cross-entropy with softmax: cross_entropy(z, t) = {math.log(2):.6f}",
        "  d/dz = [-0.5, 0.5]",
    ),
    "solvers": (
        "minimum by gradients: 1.000 to 1.000",
        "minimum by Hessian products: 1.000 to 1.000",
        "minimum by Hessian: 1.000 to 1.000",
        "least squares: a = 2.500, k = 1.300, c = 0.500",
        "curve fit:     2.500 ± 0.004, 1.300 ± 0.004, 0.500 ± 0.002",
        "root: [0.841164 0.158836]",
        "after 50 seconds: [ 1.5968 -0.0103]",
        "10,000 unknowns: largest error 0e+00",
    ),
    "tensor_class": (
        "  d/dv = [4.0, 4.0, 4.0]",
        "  d/dv = [6.0, 10.0, 14.0]",
        "  d/dB = [[3.0, 3.0], [5.0, 5.0], [7.0, 7.0]]",
        "  d/dv = [-4.0, -4.0, -4.0]",
        "  d/dA = [[-2.0, -2.0, -2.0], [-2.0, -2.0, -2.0]]",
        "  d/dA = [[0.0, 0.0, 0.0], [2.0, 0.0, 2.0]]",
        "  d/dA = [[6.0, 10.0, 14.0], [6.0, 10.0, 14.0]]",
        "linear fit: w = [2.0, -1.0], b = 3.000000",
        "Drawn in linear_fit.dot: dot -Tsvg linear_fit.dot -o linear_fit.svg",
    ),
}
"""Lines that a run prints, in this order, with numbers from closed forms."""

LEFT_BEHIND = {"tensor_class": {"linear_fit.dot"}}


def run(
    name: str, where: Path, *arguments: str, before: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """An example in a process of its own; modules in `before` stand before all others."""
    path = os.pathsep.join(str(folder) for folder in (before, ROOT) if folder is not None)
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *arguments],
        cwd=where,
        env=os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports an example by its name."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_prints_what_it_should(name: str, tmp_path: Path) -> None:
    ran = run(name, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = iter(ran.stdout.splitlines())
    missing = [wanted for wanted in PRINTED[name] if wanted not in lines]
    assert missing == [], ran.stdout
    assert {path.name for path in tmp_path.iterdir()} == LEFT_BEHIND.get(name, set())


def test_all_examples_are_listed_and_run() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.py")}
    listed = re.findall(
        r"^\| (?:\d\w?|—) \| \[(\w+)\.py\]\(\1\.py\) \|",
        (EXAMPLES / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert sorted(listed) == sorted(files - PARTS)
    assert set(listed) == {*PRINTED, "digits"}


@pytest.mark.parametrize("name", [*PRINTED, "digits", *sorted(PARTS)])
def test_importing_an_example_does_nothing(
    name: str,
    example: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    assert example(name).__doc__
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_the_layered_network_learns(example: Any) -> None:
    layered = example("layered_network")
    data = layered.samples()
    history = layered.train(data).history
    assert history[-1] < 0.1 * np.var(data["y"]) < history[0]


@pytest.mark.parametrize("which", ["logistic_regression", "softmax_regression"])
def test_a_regression_ends_at_its_minimum(which: str, example: Any) -> None:
    """The loss is convex: where the gradient nearly vanishes, nothing is better."""
    found, share = getattr(example("node_graph"), which)()
    slope = abs(found.history[-1] - found.history[-2])
    assert slope < 1e-4 < found.history[0] - found.history[-1]
    assert share > 0.95


def test_gradients_of_the_tensor_class_by_differences(example: Any) -> None:
    tensor = example("tensor_class")
    for operation, formula in tensor.OPERATIONS.items():
        value, point = symgrad.function(formula), tensor.point()
        here = {name: point[name] for name in value.inputs}
        for name, gradient in tensor.gradients(formula).items():
            found = np.empty(here[name].shape)
            for place in np.ndindex(found.shape):
                step = np.zeros(found.shape)
                step[place] = 1e-3
                above, below = here | {name: here[name] + step}, here | {name: here[name] - step}
                found[place] = (value(**above) - value(**below)) / 2e-3
            assert np.shape(gradient) == found.shape
            assert gradient == pytest.approx(found, rel=1e-8, abs=1e-8), (operation, name)


def test_the_drawing_has_all_of_the_graph(example: Any) -> None:
    tensor = example("tensor_class")
    graph = symgrad.value_and_grad(tensor.LINE, ("w", "b")).graph
    drawn = tensor.dot_text(graph)
    labels = re.findall(r'^  n\d+ \[label="([^"]*)"', drawn, re.MULTILINE)
    edges = re.findall(r"^  n(\d+) -> n(\d+);$", drawn, re.MULTILINE)
    assert len(labels) == len(graph.nodes)
    assert {"X", "w", "b", "y"} <= set(labels)
    place = {node: number for number, node in enumerate(graph.nodes)}
    wanted = [(place[arg], number) for node, number in place.items() for arg in node.args]
    assert [(int(tail), int(head)) for tail, head in edges] == wanted
    assert drawn.count("peripheries=2") == len(set(graph.outputs)) == 3
    assert tensor.quoted('a"b\\') == '"a\\"b\\\\"'


def blobs(digits: ModuleType) -> Any:
    """Data like the digits, for where these are not installed: ten patterns of 64, with noise."""
    draws = np.random.default_rng(3)
    patterns = draws.uniform(size=(10, 64))
    labels = draws.integers(0, 10, 1797)
    return digits.Images(patterns[labels] + 0.3 * draws.normal(size=(1797, 64)), labels)


def images(digits: ModuleType) -> Any:
    """The digits where scikit-learn is installed, else the blobs: both 1,797 rows of 64."""
    return digits.load() if find_spec("sklearn") else blobs(digits)


def test_images_and_division(example: Any) -> None:
    digits = example("digits")
    whole = images(digits)
    learned, held = whole.divided(held_out=360)
    assert whole.X.shape == (1797, 64)
    assert (learned.X.shape, held.X.shape) == ((1437, 64), (360, 64))
    again = np.concatenate([learned.X, held.X])
    assert sorted(map(tuple, again)) == sorted(map(tuple, whole.X))
    pairs = {(*row, digit) for row, digit in zip(whole.X, whole.digits, strict=True)}
    assert {(*row, digit) for row, digit in zip(held.X, held.digits, strict=True)} <= pairs
    assert set(whole.digits) == set(range(10))


def test_digits_are_read(
    example: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All of the example: three optimisers, progress, accuracies and a drawing."""
    digits = example("digits")
    found = images(digits)
    monkeypatch.setattr(digits, "load", lambda: found)
    digits.main(tmp_path)
    shown = capsys.readouterr()
    names = re.findall(r"^(gradient descent|RMSProp|Adam):$", shown.out, re.MULTILINE)
    shares = re.findall(r"read right: ([\d.]+)%$", shown.out, re.MULTILINE)
    assert names == ["gradient descent", "RMSProp", "Adam"]
    assert len(shares) == 3
    assert min(map(float, shares)) >= 97, shown.out
    progress = shown.err if find_spec("tqdm") else shown.out
    assert progress.count("loss") > 3
    assert "epoch" in progress
    (drawing,) = tmp_path.iterdir()
    assert shown.out.endswith(f"loss curves: {drawing.name}\n")
    expected = (".png", b"\x89PNG") if find_spec("matplotlib") else (".svg", b"<svg")
    assert (drawing.suffix, drawing.read_bytes()[:4]) == expected


def test_accuracy_is_that_of_the_network(example: Any) -> None:
    digits = example("digits")
    found, parameters = images(digits), digits.start()
    assert sum(value.size for value in parameters.values()) == 64 * 90 + 90 + 90 * 10 + 10
    hidden = np.maximum(found.X @ parameters["W1"] + parameters["b1"], 0)
    read = np.argmax(hidden @ parameters["W2"] + parameters["b2"], axis=1)
    share = digits.accuracy(found, parameters)
    assert share == np.mean(read == found.digits) < 0.5


def test_progress_as_text(example: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for epoch in range(1, 25):
        example("digits").told(epoch, 1 / epoch)
    assert capsys.readouterr().out == "  epoch 10: loss 0.1000\n  epoch 20: loss 0.0500\n"


def test_digits_without_scikit_learn(
    example: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = (
        "the digits come with scikit-learn, which is not installed\n"
        "Install it with: pip install 'symgrad[examples]'"
    )
    shadow, empty = tmp_path / "shadow", tmp_path / "empty"
    for folder in (shadow, empty):
        folder.mkdir()
    (shadow / "sklearn.py").write_text("raise ImportError", encoding="utf-8")
    ran = run("digits", empty, before=shadow)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", expected + "\n")
    assert list(empty.iterdir()) == []
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError) as caught:
        example("digits").load()
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ([1.0, 0.1], "█▁"),
        ([0.01, 0.1, 1.0], "▁▅█"),
        ([0.5], "▁"),
        ([2.0] * 3, "▁▁▁"),
        ([10.0 ** -(k // 20) for k in range(160)], "█████▇▇▇▇▇▆▆▆▆▆▅▅▅▅▅▄▄▄▄▄▃▃▃▃▃▂▂▂▂▂▁▁▁▁▁"),
    ],
)
def test_sparkline(curve: list[float], expected: str, example: Any) -> None:
    shown = example("loss_curves").sparkline(np.array(curve))
    assert len(shown) == min(len(curve), 40)
    assert shown == expected


def test_svg(example: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curves = example("loss_curves")
    monkeypatch.setattr(curves, "find_spec", lambda name: None)
    drawn = {"a < b": np.array([1.0, 0.1, 0.01]), "flat": np.full(3, 0.1)}
    path = curves.draw(drawn, tmp_path, "losses")
    assert path == tmp_path / "losses.svg"
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    words = [element.text for element in root.findall("{*}text")]
    assert words == ["epoch", "loss", "0.01", "0.1", "1", "1", "3", "a < b", "flat"]
    *_, falling, flat = [
        [tuple(map(float, pair.split(","))) for pair in element.attrib["points"].split()]
        for element in root.findall("{*}polyline")
    ]
    assert falling == [(60, 60), (320, 200), (580, 340)]
    assert flat == [(60, 200), (320, 200), (580, 200)]
